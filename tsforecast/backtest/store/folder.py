"""Checks of a run's folder before anything in it is changed, and removal of what a run no longer needs."""

import os
import re
from collections.abc import Collection
from pathlib import Path

from tsforecast.backtest.store.files import is_temporary
from tsforecast.backtest.store.manifest import MANIFEST
from tsforecast.exceptions import RunFolderError

LOCK = ".lock"
STAGE = "adding"
FOLDERS = ("parts", "data", "forecasts", STAGE)
_JOB_FILE = re.compile(r"([0-9a-f]{24})(_\d+_\d+)?-[0-9a-f]{16}\.parquet")
_BLOCK_FILE = re.compile(r"\d+-\d+\.parquet|[0-9a-f]{24}(_\d+_\d+)?\.beat")


def holds_run(folder: Path) -> bool:
    """Whether a folder holds a run; False for an empty one and one that is not there yet.

    Raises
    ------
    RunFolderError
        It holds other things, is a file, or cannot be written. Nothing was touched.
    """
    try:
        if folder.is_symlink() and not folder.exists():
            raise RunFolderError(f"{folder} is a link to nothing; give a folder.")
        if not folder.exists():
            _check_can_be_made(folder)
            return False
        if not folder.is_dir():
            raise RunFolderError(f"{folder} is a file; give a folder.")
        if not os.access(folder, os.R_OK | os.X_OK):
            raise RunFolderError(f"{folder} cannot be read: no permission.")
        inside = sorted(folder.iterdir())
        if any(path.name == MANIFEST for path in inside):
            _check_no_links(folder)
            return True
        if any(not _left_by_a_start(path) for path in inside):
            raise RunFolderError(f"{folder} holds other files and no run; give an empty or a new folder.")
        check_writable(folder)
    except (OSError, ValueError) as error:
        if isinstance(error, RunFolderError):
            raise
        raise RunFolderError(f"{folder} cannot be used: {getattr(error, 'strerror', None) or error}.") from error
    return False


def check_writable(folder: Path) -> None:
    """Raise a `RunFolderError` where files cannot be made in a folder."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RunFolderError(f"{folder} cannot be written: no permission.")


def make_folder(folder: Path) -> list[Path]:
    """The folders that had to be made for a folder to be there, the outermost first."""
    missing = [path for path in (*reversed(folder.parents), folder) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def remove_empty(folders: Collection[Path]) -> None:
    """Remove folders, the last first, as far as they are empty."""
    for folder in reversed(list(folders)):
        try:
            folder.rmdir()
        except OSError:
            return


def remove_temporaries(folder: Path) -> None:
    """Remove files of ours that were not finished when a run was stopped."""
    for place in (folder, *(folder / name for name in FOLDERS)):
        if place.is_dir() and not place.is_symlink():
            for path in list(place.iterdir()):
                if is_temporary(path.name) and path.is_file() and not path.is_symlink():
                    path.unlink()


def result_paths(folder: Path, keys: Collection[str] | None) -> list[Path]:
    """Files in a folder whose names are those of results of the jobs with these keys, or of parts of them.

    None is every key.
    """
    return [
        path
        for path in sorted(folder.iterdir())
        if (match := _JOB_FILE.fullmatch(path.name))
        and (keys is None or match[1] in keys)
        and path.is_file()
        and not path.is_symlink()
    ]


def clear_results(folder: Path, keys: Collection[str] | None = None) -> None:
    """Remove the results of the jobs with these keys, or of all, and their folder if it is then empty."""
    parts = folder / "parts"
    if parts.is_dir() and not parts.is_symlink():
        for path in result_paths(parts, keys):
            path.unlink()
        remove_empty([parts])


def clear_blocks(folder: Path) -> None:
    """Remove the blocks of series that workers read and their heartbeats, and their folder if it is then empty."""
    blocks = folder / "data"
    if blocks.is_dir() and not blocks.is_symlink():
        for path in list(blocks.iterdir()):
            if _BLOCK_FILE.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                path.unlink()
        remove_empty([blocks])


def _check_can_be_made(folder: Path) -> None:
    nearest = next(path for path in folder.absolute().parents if path.is_symlink() or path.exists())
    if not nearest.is_dir():
        raise RunFolderError(f"{folder} cannot be made: {nearest} is no folder.")
    check_writable(nearest)


def _check_no_links(folder: Path) -> None:
    """Raise a `RunFolderError` where something is a link: a run makes none, so it would lead to other files."""
    for name in (MANIFEST, LOCK, "config.yaml", *FOLDERS):
        if (folder / name).is_symlink():
            raise RunFolderError(f"{folder / name} is a link, which no run makes; give another folder.")
    for name in FOLDERS:
        if (folder / name).exists() and not (folder / name).is_dir():
            raise RunFolderError(f"{folder / name} is no folder; give another folder.")
    if (folder / LOCK).exists() and (not (folder / LOCK).is_file() or (folder / LOCK).stat().st_size > 0):
        raise RunFolderError(f"{folder / LOCK} is not the lock of a run; give another folder.")


def _left_by_a_start(path: Path) -> bool:
    """Whether a file may be left by a run that was stopped as it began: an empty lock or an unfinished manifest."""
    if path.is_symlink() or not path.is_file():
        return False
    if path.name == LOCK:
        return path.stat().st_size == 0
    return is_temporary(path.name) and path.name.startswith(MANIFEST)
