"""Heartbeats: a worker rewrites a file while it works, and the driver reads it from the shared disk."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

_BEAT = 2.0  # seconds between two heartbeats


@contextlib.contextmanager
def heartbeat(path: Path) -> Iterator[None]:
    """Rewrite a file every two seconds while the block runs, and remove it at the end.

    A file that cannot be written is no error here: the driver then sees no heartbeat, and reports that.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "job.beat"
    >>> with heartbeat(path):
    ...     path.read_text().split()[1] == str(os.getpid())
    True
    >>> path.exists()
    False
    """
    over, who = threading.Event(), f"{socket.gethostname()} {os.getpid()}"

    def beat(n: int) -> None:
        with contextlib.suppress(OSError):
            path.write_text(f"{who} {n}")

    def go_on() -> None:
        n = 1
        while not over.wait(_BEAT):
            beat(n)
            n += 1

    beat(0)
    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


class HeartbeatMonitor:
    """The heartbeat of one assignment, as the driver sees it.

    Parameters
    ----------
    path : Path
        The file that `heartbeat` writes; one left by an earlier run is removed.

    Attributes
    ----------
    seconds : float
        Seconds since the work began, as far as the driver has watched; 0 before the first heartbeat.
    silent : float
        Seconds since the last sign of life.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._path.unlink(missing_ok=True)
        self._seen, self._worked = "", 0
        self.seconds, self.silent = 0.0, 0.0

    @property
    def has_begun(self) -> bool:
        """Whether a worker has begun the assignment."""
        return self._seen != ""

    @property
    def process(self) -> int | None:
        """Id of the process that works on the assignment, if it runs on this machine."""
        host, _, rest = self._seen.partition(" ")
        return int(rest.split()[0]) if host == socket.gethostname() else None

    def check(self, elapsed: float) -> bool:
        """Whether there was a heartbeat, or processor time was used, in the ``elapsed`` seconds since the last check.

        A long call of compiled code may keep the thread that writes heartbeats from running; on this machine the
        processor time of the process then shows that it works.
        """
        try:
            seen = self._path.read_text()
        except OSError:  # not begun, or over
            seen = ""
        if self.has_begun:
            self.seconds += elapsed
        beats = seen not in ("", self._seen) and len(seen.split()) == 3
        if beats:
            self._seen = seen
        worked = processor_time(self.process) if self.process is not None else 0
        lives = beats or worked > self._worked
        self._worked = worked
        self.silent = 0.0 if lives else self.silent + elapsed
        return lives

    def end(self) -> None:
        """Remove the file that a killed worker leaves behind."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def processor_time(process: int) -> int:
    """Clock ticks that a process of this machine has used; 0 where the system does not say.

    Examples
    --------
    >>> processor_time(os.getpid()) >= 0
    True
    """
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
