"""What goes where: data to stdout, progress and messages to stderr; colours only on a terminal."""

from __future__ import annotations

from rich.console import Console


def stdout() -> Console:
    """Console for tables; rich honours NO_COLOR and leaves colours out when it is no terminal."""
    return Console(highlight=False)


def stderr() -> Console:
    """Console for progress and messages."""
    return Console(stderr=True, highlight=False)


def duration(seconds: float) -> str:
    """A time for people: `0:07`, `12:30`, `1:05:00`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
