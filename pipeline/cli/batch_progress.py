"""The bar that shows a batch at work."""

from __future__ import annotations

from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from pipeline.cli.report import file_name
from pipeline.cli.terminal import duration, stderr
from pipeline.summary import FileOutcome
from pipeline.workers import Event, PageDone, Started


class BatchProgress:
    """A bar on stderr with the stage, the file being read and the time left. Nothing when stderr is no terminal."""

    def __init__(self, files: int, is_quiet: bool) -> None:
        console = stderr()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", table_column=Column(width=46, no_wrap=True, overflow="ellipsis")),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("files"),
            _TimeLeft(),
            console=console,
            transient=True,
            disable=is_quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task("loading the networks", total=files)

    def __enter__(self) -> BatchProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, event: Event) -> None:
        """Bring the bar up to date."""
        match event:
            case Started(file):
                self._bar.update(self._task, description=f"opening {file_name(file.names[0])}")
            case PageDone(file, page):
                self._bar.update(self._task, description=f"reading {file_name(file.names[0])}, page {page}")
            case FileOutcome():
                self._bar.advance(self._task)
            case _:
                pass


class _TimeLeft(ProgressColumn):
    """The time left, once it can be told."""

    def render(self, task: Task) -> Text:
        left = task.time_remaining
        return Text("" if left is None else f"{duration(left)} left", style="progress.remaining")
