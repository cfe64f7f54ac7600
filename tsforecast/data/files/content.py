"""The text of a file: its bytes, decompressed, in an encoding that is named or guessed."""

import gzip
import re
import zlib
from pathlib import Path

from tsforecast.data.faults import cut_text
from tsforecast.data.file_format import FileFormat
from tsforecast.data.files.limits import check_size
from tsforecast.data.files.table import Remark
from tsforecast.exceptions import DataError

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # first bytes of .xlsx (a zip archive) and .xls
_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_MARK = b"\xef\xbb\xbf"  # byte order mark of UTF-8
_FREE = 256 * 2**20  # decompressed bytes allowed for any file
_RATIO = 200  # decompressed bytes allowed per compressed byte, if that is more
_STEP = 2**22  # bytes decompressed at once
_PEEK = 2**12  # bytes in which UTF-16 is looked for
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f]")  # bytes that no text holds
_HINT = "save it as CSV UTF-8, or name its encoding (--encoding cp1252)"


def content_of(path: Path) -> bytes:
    """All bytes of a file, decompressed where it ends in ``.gz``.

    Raises
    ------
    DataError
        It is a workbook, is compressed and does not say so or the other way round, cannot be read, or is too large.
    """
    size = path.stat().st_size
    check_size(path, size, "has")
    try:
        with path.open("rb") as file:
            beginning = file.read(8)
            compressed = beginning.startswith(_GZIP)
            if beginning.startswith(_WORKBOOKS):
                raise DataError(
                    f"{path} is an Excel workbook (or another archive), no CSV file; let its name end in .xlsx, or "
                    "save it as CSV UTF-8."
                )
            if compressed != path.name.lower().endswith(".gz"):
                raise DataError(
                    f"{path} is {'' if compressed else 'not '}compressed by gzip; only files that end in .gz are, and "
                    f"must be. Call it {path.name + '.gz' if compressed else path.name.removesuffix('.gz')}."
                )
            file.seek(0)
            return _decompressed(path, gzip.GzipFile(fileobj=file), size) if compressed else file.read()
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _decompressed(path: Path, file: gzip.GzipFile, size: int) -> bytes:
    parts: list[bytes] = []
    total = 0
    while part := file.read(_STEP):
        parts.append(part)
        total += len(part)
        if total > max(_FREE, _RATIO * size):
            raise DataError(
                f"{path} has {size:,} bytes and becomes more than {total:,}, over {total // max(size, 1)} times as "
                "much: no table of numbers does. Decompress it first if it is one."
            )
        check_size(path, total, "becomes more than")
    return b"".join(parts)


def decoded(path: Path, data: bytes, form: FileFormat) -> tuple[bytes, tuple[Remark, ...]]:
    """The bytes re-encoded in UTF-8, without a byte order mark, and what is to be said of it.

    Raises
    ------
    DataError
        The bytes are no text, or not in the encoding that was named.
    """
    encoding = form.encoding or _guessed(path, data)
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        raise DataError(f"{path} is not in {encoding.upper()} ({str(error)[:200]}); {_HINT}.") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path} holds a NUL byte in line {line}; it is no text, or in UTF-16: {_HINT}.")
    if encoding == "utf-8":
        return data.removeprefix(_MARK), ()
    remarks = () if form.encoding else (_told(encoding, text),)
    return text.encode("utf-8", errors="replace").removeprefix(_MARK), remarks


def _guessed(path: Path, data: bytes) -> str:
    if data.startswith(_UTF_16):
        return "utf-16"
    head = data[:_PEEK]
    if (found := _utf_16_without_mark(head)) is not None:
        return found
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        _check_is_text(path, data, error)
        return _of_one_byte(data)
    return "utf-8"


def _utf_16_without_mark(head: bytes) -> str | None:
    """Texts of western letters have a zero in every second byte."""
    half = len(head) // 2
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if half > 1 and head[start::2].count(0) > 0.7 * half and head[1 - start :: 2].count(0) == 0:
            return name
    return None


def _check_is_text(path: Path, data: bytes, error: UnicodeDecodeError) -> None:
    """Raise a `DataError` for bytes that are no text, or are UTF-8 with a damaged place."""
    wrong = _NO_TEXT.search(data)
    line = data.count(b"\n", 0, wrong.start() if wrong else error.start) + 1
    if wrong:
        raise DataError(f"{path} holds the byte {wrong[0]!r} in line {line}, and is not in UTF-8: {_HINT}.") from error
    text = data.decode("utf-8", errors="replace")
    n_wrong = text.count("\ufffd")
    if sum(sign > "\x7f" for sign in text) - n_wrong > 2 * n_wrong:
        raise DataError(
            f"{path} is not in UTF-8 in line {line} ({str(error)[:200]}), though other letters are: correct the line, "
            "or name an encoding (--encoding cp1252), which reads those letters wrongly."
        ) from error


def _of_one_byte(data: bytes) -> str:
    """The encoding of western Windows, or of DOS where a byte has no meaning there."""
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "cp850"
    return "cp1252"


def _told(encoding: str, text: str) -> Remark:
    found = re.search(r"[^\W\d_]*[^\x00-\x7f][^\W\d_]*", text)
    example = f", as in {cut_text(found[0])!r}" if found else ""
    is_sure = encoding.startswith("utf")
    hint = "" if is_sure else ", which is a guess (--encoding names another)"
    return Remark(f"the encoding is {encoding}{example}{hint}", is_sure)
