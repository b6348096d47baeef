"""What goes where: data to stdout, progress and messages to stderr; colours only on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table


def stdout() -> Console:
    """Console for tables; rich honours NO_COLOR and leaves colours out when it is no terminal."""
    return Console(highlight=False)


def stderr() -> Console:
    """Console for progress and messages."""
    return Console(stderr=True, highlight=False)


def plain_table(is_headed: bool = True, title: str | None = None, has_footer: bool = False) -> Table:
    """A table without lines, its columns two blanks apart."""
    return Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=is_headed, show_footer=has_footer,
        title=title, title_justify="left",
    )  # fmt: skip


def duration(seconds: float) -> str:
    """A time for people: `0:07`, `12:30`, `1:05:00`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
