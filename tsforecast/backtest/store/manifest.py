"""The manifest of a run folder: what was run, and the SHA-256 of every file, its own included."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from tsforecast.backtest.store.files import read_json, write_json
from tsforecast.exceptions import RunFolderError

MANIFEST = "manifest.json"
_OWN_HASH = "sha256"
_CHUNK = 1 << 20


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write a manifest with the hash of its own content."""
    plain = json.loads(json.dumps({key: value for key, value in content.items() if key != _OWN_HASH}, default=str))
    write_json(folder / MANIFEST, {**plain, _OWN_HASH: _hash_of(plain)})


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run folder, after a check that it was not changed.

    Raises
    ------
    RunFolderError
        There is none, it is that of something else, or it was changed since.
    """
    path = folder / MANIFEST
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("identity"), dict):
        raise RunFolderError(f"{path} is not the manifest of a run.")
    own_hash = content.pop(_OWN_HASH, None)
    if (own_hash is None) != ("files" not in content) or (own_hash is not None and own_hash != _hash_of(content)):
        raise RunFolderError(f"{path} was changed after it was written; the run cannot be trusted.")
    _check_manifest(content, path)
    return content


def file_hashes(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of files by their names in a folder."""
    return {name: _hash_of_file(folder / name) for name in names}


def check_files(folder: Path, manifest: Mapping[str, Any], stage: Path | None = None) -> None:
    """Raise a `RunFolderError` at the first file that is missing or was changed; those on a stage count first."""
    for name, known in manifest["files"].items():
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts:
            raise RunFolderError(f"{folder / MANIFEST} names {name!r}, which lies outside the run.")
        path = folder / name if stage is None or not (stage / name).is_file() else stage / name
        if _hash_of_file(path) != known:
            raise RunFolderError(
                f"{path} was changed or damaged after it was written (its SHA-256 is another); run again into "
                "a new folder."
            )


def replace_file(folder: Path, name: str, write: Callable[[], None]) -> None:
    """Replace a file of a finished run and its checksum in the manifest; a run without checksums stays without.

    Parameters
    ----------
    folder : Path
    name : str
    write : callable
        Writes the file. Meanwhile the manifest does not name it, so that a stop at any moment leaves a valid run.
    """
    if not (folder / MANIFEST).exists():
        write()
        return
    manifest = read_manifest(folder)
    if "files" not in manifest:
        write()
        return
    if name in manifest["files"]:
        del manifest["files"][name]
        write_manifest(folder, manifest)
    write()
    manifest["files"] |= file_hashes(folder, [name])
    write_manifest(folder, manifest)


def _check_manifest(content: Mapping[str, Any], path: Path) -> None:
    data = content["identity"].get("data")
    metrics = content.get("metrics")
    files = content.get("files", {})
    is_valid = (
        content.get("status") in ("running", "finished")
        and isinstance(data, dict)
        and isinstance(data.get("n_series"), int)
        and isinstance(metrics, list)
        and all(isinstance(name, str) for name in metrics)
        and isinstance(files, dict)
        and all(isinstance(known, str) for known in files.values())
    )
    if not is_valid:
        raise RunFolderError(f"{path} is not the manifest of a run.")


def _hash_of(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _hash_of_file(path: Path) -> str:
    total = hashlib.sha256()
    try:
        if not path.is_file():
            raise RunFolderError(f"{path} is missing; the run is not whole.")
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                total.update(chunk)
    except RunFolderError:
        raise
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} could not be read: {error}.") from error
    return total.hexdigest()
