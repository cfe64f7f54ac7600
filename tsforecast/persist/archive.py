"""The file of a saved forecaster: a zip of named members, each with its SHA-256, and one of the whole file at its end.

Members are stored as they are, so that reading takes no more memory than the file is large. The comment that ends a zip
holds the SHA-256 of every byte before it: a change anywhere is seen, in the zip's own tables too.
"""

import hashlib
import importlib
import io
import json
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tsforecast._whole_file import write_whole
from tsforecast.exceptions import MissingFileError, ModelFileError

SCHEMA = 1  # of the file; a later version reads all earlier ones
MANIFEST, MODEL, ARRAYS = "manifest.json", "model.json", "arrays.safetensors"
_FORMAT = "tsforecast forecaster"
_MARK = b"tsforecast forecaster sha256 "
_END = re.compile(re.escape(_MARK) + rb"[0-9a-f]{64}\Z")
_LENGTH = len(_MARK) + 64  # of the comment
_EPOCH = (1980, 1, 1, 0, 0, 0)  # time of every member: the same forecaster is the same bytes


def check_target(path: Path, *, overwrite: bool) -> None:
    """Raise an error where a forecaster cannot or may not be written to ``path``.

    Raises
    ------
    ModelFileError
        It is a folder, or a file that is no saved forecaster and ``overwrite`` is False.
    MissingFileError
        The folder for it is not there.
    """
    if path.is_dir():
        raise ModelFileError(
            f"{str(path)!r} is a folder; give the name of a file, such as {str(path / 'model.tsf')!r}."
        )
    if not path.parent.is_dir():
        raise MissingFileError(f"The folder {str(path.parent)!r}, for {str(path)!r}, is not there; make it first.")
    if os.path.lexists(path) and not (overwrite and path.is_file()) and not _is_saved(path):
        raise ModelFileError(f"{str(path)!r} exists and is no saved forecaster; overwrite=True replaces it.")


def write_archive(path: Path, model: str, arrays: bytes, about: Mapping[str, Any]) -> None:
    """Write a saved forecaster under another name, then give it its own.

    Parameters
    ----------
    path : Path
    model : str
        JSON.
    arrays : bytes
        In the format of safetensors.
    about : mapping
        More entries of the manifest, plain values.

    Raises
    ------
    ModelFileError
        The disk is full or the folder cannot be written; what was there before is as it was.
    """
    members = {MODEL: model.encode(), ARRAYS: arrays}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    manifest = {"format": _FORMAT, "schema": SCHEMA, "version": _version(), **about, "members": digests}
    content = _zipped({MANIFEST: _json(manifest).encode(), **members})
    try:
        write_whole(path, content)
    except OSError as error:
        raise ModelFileError(
            f"{str(path)!r} cannot be written: {error.strerror or error}. What was there before is as it was."
        ) from error


def read_archive(path: Path) -> tuple[dict[str, Any], bytes, bytes]:
    """The manifest, the JSON and the arrays of a saved forecaster, once all checksums hold.

    Raises
    ------
    MissingFileError
        There is no such file.
    ModelFileError
        It is no saved forecaster, it is damaged, or a later version wrote it.
    """
    if not path.is_file():
        what = "is a folder, no file of a saved forecaster" if path.is_dir() else "is not there"
        raise MissingFileError(f"{str(path)!r} {what}.")
    try:
        content = path.read_bytes()
        members = _members(content)
        manifest = json.loads(members.pop(MANIFEST))
        _check_manifest(manifest, members)
    except ModelFileError as error:
        raise ModelFileError(f"{str(path)!r} {error}") from error
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        RecursionError,
        zipfile.BadZipFile,
        NotImplementedError,
    ) as error:
        raise ModelFileError(f"{str(path)!r} cannot be read: {type(error).__name__}: {error}.") from error
    return manifest, members[MODEL], members[ARRAYS]


def _is_saved(path: Path) -> bool:
    """Whether a file ends as a saved forecaster does."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            file.seek(-_LENGTH, os.SEEK_END)
            return _END.match(file.read()) is not None
    except OSError:
        return False


def _zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = _MARK + b"0" * 64
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # the same on every system
            archive.writestr(entry, content)
    head = buffer.getvalue()[:-64]
    return head + hashlib.sha256(head).hexdigest().encode()


def _members(content: bytes) -> dict[str, bytes]:
    """The members of a file whose checksum holds: those that belong there, each once, not compressed."""
    if not content.startswith(b"PK") or _END.search(content[-_LENGTH:]) is None:
        raise ModelFileError("is no saved forecaster, or its end is cut off.")
    if hashlib.sha256(content[:-64]).hexdigest().encode() != content[-64:]:
        raise ModelFileError("is damaged: its content does not have the SHA-256 that it ends with.")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        if sorted(names) != sorted((MANIFEST, MODEL, ARRAYS)):
            raise ModelFileError(f"holds {names[:5]}; a saved forecaster holds {[MANIFEST, MODEL, ARRAYS]}, each once.")
        for entry in entries:
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
                raise ModelFileError(f"holds {entry.filename} compressed; members are stored as they are.")
        if sum(entry.file_size for entry in entries) > len(content):
            raise ModelFileError("holds members that overlap.")
        return {entry.filename: archive.read(entry) for entry in entries}


def _check_manifest(manifest: Any, members: Mapping[str, bytes]) -> None:
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise ModelFileError("is no saved forecaster: its manifest does not say so.")
    schema = manifest.get("schema")
    if type(schema) is not int or not 1 <= schema <= SCHEMA:
        raise ModelFileError(
            f"was written by tsforecast {str(manifest.get('version'))[:20]} with schema {str(schema)[:20]}; "
            f"tsforecast {_version()} reads schemas up to {SCHEMA}. Use a later version of tsforecast."
        )
    found = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    if manifest.get("members") != found:
        raise ModelFileError("is damaged: a member does not have the SHA-256 that the manifest says.")


def _version() -> str:
    return str(importlib.import_module("tsforecast").__version__)  # by name: this room must not import what lies above


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
