"""The options that tell how a file is written, for every command that reads one; how it was read goes to stderr."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser, Namespace

    from tsforecast.data.file_format import FileFormat

_LOGGER = "tsforecast.data.read"


def add_reading_options(parser: ArgumentParser) -> None:
    """Add ``--header``, ``--decimal`` and the others of `FileFormat`."""
    add = parser.add_argument
    add("--header", type=bool | None, help="yes or no: whether the first row of a CSV names its columns")
    add("--separator", type=str | None, help="between the cells of a CSV: a character, or tab; found where not given")
    add("--encoding", type=str | None, help="encoding of a CSV, such as cp1252 (UTF-8)")
    add("--decimal", type=str | None, help="sign before the decimals, . or ,")
    add("--thousands", type=str | None, help="sign between thousands: , or . or ' or space, or none")
    add("--day_first", type=bool | None, help="yes or no: whether 03/04/2024 is in April")
    add("--time_format", type=str | None, help="how the times are written, such as %%Y%%m; or what whole numbers are: "
        "number, s, ms, us, ns (since 1970), excel, quarter; or financial (2001/02 is a year)")  # fmt: skip
    add("--skip_rows", type=int, default=0, help="lines above the header that are passed over")
    add("--missing", type=str, nargs="+", default=[], help="texts that stand for a missing value, such as -")


def file_format(given: Namespace) -> FileFormat:
    """What the options say of the file."""
    import dataclasses

    from tsforecast.data.file_format import FileFormat

    options = {field.name: getattr(given, field.name) for field in dataclasses.fields(FileFormat)}
    return FileFormat(**{**options, "missing": tuple(options["missing"])})


def configured(form: FileFormat) -> dict[str, Any]:
    """The options that are not as usual, as a configuration file holds them."""
    import dataclasses

    usual = type(form)()
    told = {name: value for name, value in dataclasses.asdict(form).items() if value != getattr(usual, name)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}


@contextlib.contextmanager
def told_on_stderr() -> Iterator[None]:
    """Print what `tsforecast.data.read` says of how it reads, one line for each message."""
    logger, handler = logging.getLogger(_LOGGER), logging.StreamHandler(sys.stderr)
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
