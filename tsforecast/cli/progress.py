"""A progress bar for runs that take more than two seconds, on a terminal only."""

import threading
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_PATIENCE = 2.0  # seconds before the bar appears


class Bar:
    """A bar with the numbers of finished jobs and of all jobs, and the current model.

    Parameters
    ----------
    title : str
    """

    def __init__(self, title: str) -> None:
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.fields[title]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[model]}"),
        )
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        self._task = self._progress.add_task("", title=title, model="", total=None)
        self._timer = threading.Timer(_PATIENCE, self._progress.start) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *about: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
            self._progress.stop()

    def update(self, done: int, total: int, model: str) -> None:
        """Update the numbers of finished and of all jobs, and the current model."""
        self._progress.update(self._task, completed=done, total=total, model=model)
