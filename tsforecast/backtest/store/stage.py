"""The stage: new files of a finished run, put in place all together or not at all.

They are written into a folder of their own, its manifest last. From then on the run counts as changed: whoever opens it
next moves the files to their places, which needs no other room on the disk, and its manifest again last.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import filelock

from tsforecast.backtest.store.files import is_temporary, sync_folder
from tsforecast.backtest.store.folder import LOCK, STAGE, clear_blocks, clear_results, remove_empty
from tsforecast.backtest.store.manifest import MANIFEST, check_files, read_manifest
from tsforecast.exceptions import RunFolderError

_STAGED = re.compile(r"[a-z]+\.parquet|\d{2,}-.+\.parquet|config\.yaml|manifest\.json")


def settle(folder: Path) -> None:
    """Put the files on the stage of a run in place, if another process was stopped while it did.

    Raises
    ------
    RunFolderError
        Another process works in the folder, it cannot be written, or a file is missing or damaged.
    """
    if (folder / STAGE).is_symlink() or not (folder / STAGE / MANIFEST).is_file():
        return
    try:
        with filelock.FileLock(folder / LOCK).acquire(timeout=0):
            if (folder / STAGE / MANIFEST).is_file():
                put_in_place(folder)
    except filelock.Timeout as error:
        raise RunFolderError(f"{folder} is in use by another run; wait for it.") from error
    except OSError as error:
        if isinstance(error, RunFolderError):
            raise
        told = error.strerror or error
        raise RunFolderError(
            f"{folder}: models were being added, and {told} while the files are put in place. Nothing is lost; it goes "
            "on when the folder is read again and can be written."
        ) from error


def put_in_place(folder: Path) -> None:
    """Move the files of a complete stage to their places, in a folder that this process has locked."""
    manifest = read_manifest(folder / STAGE)
    check_files(folder, manifest, folder / STAGE)
    for name in manifest["files"]:
        if (staged := folder / STAGE / name).is_file():
            (folder / name).parent.mkdir(exist_ok=True)
            staged.replace(folder / name)
    sync_folder(folder / "forecasts")
    sync_folder(folder)
    clear_results(folder)
    clear_blocks(folder)
    (folder / STAGE / MANIFEST).replace(folder / MANIFEST)
    sync_folder(folder)
    clear_stage(folder)


def clear_stage(folder: Path) -> None:
    """Remove the stage with the files that a run may have put there; others are left alone."""
    stage = folder / STAGE
    if stage.is_symlink() or not stage.is_dir():
        return
    for place in (stage / "forecasts", stage):
        if place.is_dir() and not place.is_symlink():
            for path in list(place.iterdir()):
                if (_STAGED.fullmatch(path.name) or is_temporary(path.name)) and path.is_file():
                    path.unlink()
            remove_empty([place])


@contextlib.contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A new stage of a run; it is removed again where an error leaves it without a manifest."""
    clear_stage(folder)
    try:
        yield folder / STAGE
    except BaseException:
        with contextlib.suppress(OSError):
            if not (folder / STAGE / MANIFEST).exists():
                clear_stage(folder)
        raise


def kept_files(manifest: Mapping[str, Any], names: "tuple[str, ...]") -> dict[str, str]:
    """Checksums in a manifest of the files with these names, and of all forecasts."""
    return {name: known for name, known in manifest["files"].items() if name in names or name.startswith("forecasts/")}
