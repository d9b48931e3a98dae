"""How a scan shows that it is alive: a bar on a terminal, one line for each account otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID


class Lines:
    """Plain lines for logs."""

    def __init__(self, console: "Console") -> None:
        self._console = console

    def step(self, done: int, total: int, what: str) -> None:
        """Say which account was finished."""
        if what:
            self._console.print(f"read account {what} ({done:,} of {total:,} steps so far)")


class Bar:
    """A bar that grows as more steps become known."""

    def __init__(self, progress: "Progress", task: "TaskID") -> None:
        self._progress = progress
        self._task = task

    def step(self, done: int, total: int, what: str) -> None:
        """Move the bar, and say which account was finished."""
        self._progress.update(self._task, completed=done, total=total)
        if what:
            self._progress.console.print(f"read account {what}")


@contextmanager
def shown(console: "Console", *, quiet: bool) -> Iterator[Lines | Bar | None]:
    """What a scan reports its progress to: nothing where ``quiet``."""
    if quiet:
        yield None
    elif not console.is_terminal:
        yield Lines(console)
    else:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            yield Bar(progress, progress.add_task("", total=None))
