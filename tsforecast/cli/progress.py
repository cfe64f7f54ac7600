"""What long work says of itself: a live bar on a terminal, plain lines at growing intervals elsewhere."""

import sys
import threading
import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.progress import Progress as LiveBar
from rich.text import Text

if TYPE_CHECKING:
    from tsforecast.backtest.execute.progress import RunProgress

_PATIENCE = 2.0  # seconds before the bar appears
_FIRST_LINE = 5.0  # seconds before the first line where the output is no terminal; the next waits twice as long
_LONGEST_WAIT = 600.0  # seconds between two lines, at most
_END = "checks and summary"  # what runs after the last job


class Bar:
    """Shows what runs now, the jobs done, and the time left.

    On a terminal it is a bar that is gone at the end. Elsewhere, in a file or a pipe, it is a plain line on the
    standard error after 5 seconds, then after 10, 20, 40 more and so on, at least every ten minutes.

    Parameters
    ----------
    title : str

    Examples
    --------
    >>> from tsforecast.backtest.execute.progress import RunProgress
    >>> with Bar("my") as bar:  # soon done: nothing is shown
    ...     bar.watch(RunProgress(1, 2, "SARIMA"))
    """

    def __init__(self, title: str) -> None:
        console = Console(stderr=True)
        self._title, self._began = title, time.monotonic()
        self._told: RunProgress | None = None
        self._told_at = self._began
        self._is_over = threading.Event()
        is_live = console.is_terminal and not console.is_dumb_terminal
        self._progress = _live_bar(console) if is_live else None
        self._task = self._progress.add_task("", title=title, now="", left="", total=None) if self._progress else None
        self._thread = threading.Thread(target=self._show_live if is_live else self._print_lines, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *about: object) -> None:
        self._is_over.set()
        self._thread.join()
        if self._progress is not None:
            self._progress.stop()

    def watch(self, told: "RunProgress") -> None:
        """Update how far the run is."""
        self._told, self._told_at = told, time.monotonic()
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=told.done, total=told.total, now=told.now or _END)
            self._progress.update(self._task, left=self._left())

    def _show_live(self) -> None:
        if self._progress is None or self._is_over.wait(_PATIENCE):
            return
        self._progress.start()
        while not self._is_over.wait(1.0):  # the time left runs down while a job runs
            if self._task is not None:
                self._progress.update(self._task, left=self._left())

    def _print_lines(self) -> None:
        wait = _FIRST_LINE
        while not self._is_over.wait(wait):
            if self._told is not None:
                print(self._line(self._told), file=sys.stderr, flush=True)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _line(self, told: "RunProgress") -> str:
        """What is told, in one line: jobs, seconds so far, what runs, time left."""
        left = self._left()
        so_far = f"{told.done} of {told.total} jobs in {clock(time.monotonic() - self._began)}"
        return f"{self._title}: {so_far}; now {told.now or _END}{f'; {left}' if left else ''}"

    def _left(self) -> str:
        """The time left in words, less what has passed since it was told; empty where it is not known."""
        if self._told is None or self._told.left is None or self._told.done == self._told.total:
            return ""
        seconds = self._told.left - (time.monotonic() - self._told_at)
        if self._told.is_least:
            return f"more than {clock(seconds)} left" if seconds >= 1 else ""
        return f"about {clock(seconds)} left" if seconds >= 1 else "soon done"


def clock(seconds: float) -> str:
    """A time as seconds, minutes or hours.

    Examples
    --------
    >>> clock(7.4), clock(75), clock(3 * 3600 + 120)
    ('7 s', '1:15 min', '3:02 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


class _Now(ProgressColumn):
    """What runs, cut to what the line has room for."""

    def render(self, task: Task) -> Text:
        return Text(str(task.fields["now"]), overflow="ellipsis", no_wrap=True)


def _live_bar(console: Console) -> LiveBar:
    from rich.table import Column

    return LiveBar(
        TextColumn("{task.fields[title]}"),
        BarColumn(bar_width=10),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        _Now(table_column=Column(ratio=1, no_wrap=True)),
        console=console,
        transient=True,
        expand=True,
    )
