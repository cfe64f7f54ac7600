"""Which files this command wrote, so that it replaces none that somebody else wrote or changed since."""

import contextlib
import hashlib
import os
from pathlib import Path

_MOST = 1000  # files that are remembered
_FOLDER = "tsforecast/written"


def remember_written(path: Path) -> None:
    """Remember the content of a file by its hash, in the folder for caches of the user, if that can be written."""
    folder = memory_folder()
    if folder is None:
        return
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _hash(path)).touch()
        known = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime)
        for file in known[:-_MOST]:
            file.unlink(missing_ok=True)


def is_as_written(path: Path) -> bool:
    """Whether a file holds to the byte what this command wrote for this user."""
    folder = memory_folder()
    try:
        return folder is not None and (folder / _hash(path)).exists()
    except OSError:
        return False


def memory_folder() -> Path | None:
    """The folder where hashes of written files are kept; None where a user has no home."""
    given = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        return Path(given or Path.home() / ".cache") / _FOLDER
    except RuntimeError:
        return None


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
