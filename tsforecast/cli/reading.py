"""Options for reading a file, shared by all commands that read one, and the log of how it was read."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tsforecast.cli.configuration import MODE, read_strictly
from tsforecast.cli.parser import Parser

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser, Namespace

    from tsforecast.data.catalog import Dataset
    from tsforecast.data.file_format import FileFormat
    from tsforecast.panel import Panel

_LOGGER = "tsforecast.data.read"


def add_reading_options(parser: ArgumentParser) -> None:
    """Add ``--id_col``, ``--gaps`` and the other options of `read`, and those of `FileFormat`."""
    add = parser.add_argument
    add("--id_col", type=str | None, help="column of a long file that names the series (unique_id)")
    add("--time_col", type=str | None, help="column of the times (ds; the first column of a wide file)")
    add("--target_col", type=str | None, help="column of a long file with the values (y)")
    add("--covariates", type=str, nargs="+", default=[], help="columns that are known into the future")
    add("--static", type=str, nargs="+", default=[], help="columns of a long file that hold one value throughout a "
        "series, such as its region")  # fmt: skip
    add("--freq", type=str | int | None, help="frequency, such as MS; found where it is not given")
    add(
        "--gaps",
        type=Literal["error", "nan", "snap"],
        default="error",
        help="what a skipped time is: error, or nan, a missing value (and rows without a value after the last one of a "
        "series are left out); snap: besides, times near a regular grid are moved onto it",
    )
    add(
        "--covariate_gaps",
        type=Literal["error", "ffill", "interpolate"],
        default="error",
        help="what a missing covariate is: error, ffill (the last one before it) or interpolate (between neighbours, "
        "which uses later values)",
    )
    add("--header", type=bool | None, help="yes or no: whether the first row of a CSV names its columns")
    add("--separator", type=str | None, help="between the cells of a CSV: a character, or tab; found where not given")
    add("--encoding", type=str | None, help="encoding of a CSV, such as cp1252 (UTF-8)")
    add("--decimal", type=str | None, help="sign before the decimals, . or ,")
    add("--thousands", type=str | None, help="sign between thousands: , or . or ' or space, or none")
    add("--day_first", type=bool | None, help="yes or no: whether 03/04/2024 is in April")
    add("--time_format", type=str | None, help="how the times are written, such as %%Y%%m; or what whole numbers are: "
        "number, s, ms, us, ns (since 1970), excel, quarter, week; or financial (2001/02 is a year)")  # fmt: skip
    add("--skip_rows", type=int, default=0, help="lines above the header that are passed over")
    add("--missing", type=str, nargs="+", default=[], help="texts that stand for a missing value, such as -")


def with_reading(arguments: Sequence[str]) -> list[str]:
    """Arguments of ``train`` with the reading options as settings of its data, and the others unchanged.

    Examples
    --------
    >>> with_reading(["fit", "--day_first", "yes", "--missing", "-", "n.d.", "--config", "lstm"])
    ['fit', '--config', 'lstm', '--data.reading.day_first=true', '--data.reading.missing=["-", "n.d."]']
    """
    read_strictly()
    parser = Parser(prog="tsforecast train", parser_mode=MODE, add_help=False)
    add_reading_options(parser)
    names = {action.dest: action.nargs for action in parser._actions}
    asked: list[str] = []
    others: list[str] = []
    options, rest = [], list(arguments)
    while rest:
        first = rest.pop(0)
        name, sign, _ = first.partition("=")
        option = name.removeprefix("--")
        if option == name or option not in names:
            others.append(first)
            continue
        options.append(option)
        asked.append(first)
        while not sign and rest and not rest[0].startswith("--") and (names[option] or asked[-1] == first):
            asked.append(rest.pop(0))
    found = parser.parse_args(asked)
    values = {option: found[option] for option in options}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return [*others, *(f"--data.reading.{name}={text}" for name, text in texts.items())]


def read_panel(given: Namespace) -> tuple[Panel, Dataset | None, dict[str, Any]]:
    """The series of ``given.file`` or ``given.data``, and how they were read.

    Parameters
    ----------
    given : Namespace
        Parsed options, among them those of `add_reading_options`.

    Returns
    -------
    panel : Panel
    dataset : Dataset or None
        The entry of the catalog, where the name is that of a data set.
    source : dict
        The options that read the same series again, for the configuration of a run.
    """
    from tsforecast.data.catalog import load, names
    from tsforecast.data.read import read
    from tsforecast.exceptions import MissingFileError

    name = str(given.file or given.data)
    if name in names():
        dataset = load(name)
        return dataset.panel, dataset, {"data": name}
    if not Path(name).exists() and not Path(name).suffix:
        import difflib

        near = difflib.get_close_matches(name, names(), n=3) or list(names())
        raise MissingFileError(f"{name!r} is neither a file nor a data set; near are {', '.join(near)}.")
    options = {
        "id_col": given.id_col,
        "time_col": given.time_col,
        "target_col": given.target_col,
        "freq": given.freq,
        "gaps": given.gaps,
        "covariates": list(given.covariates),
        "covariate_gaps": given.covariate_gaps,
        "static": list(given.static),
    }
    form = file_format(given)
    with log_on_stderr():
        panel = read(name, **options, file_format=form)
    return panel, None, {"data": str(Path(name).resolve()), **options, **changed_options(form)}


def file_format(given: Namespace) -> FileFormat:
    """The format of the file from the options."""
    from tsforecast.data.file_format import FileFormat

    options = {field.name: getattr(given, field.name) for field in dataclasses.fields(FileFormat)}
    return FileFormat(**{**options, "missing": tuple(options["missing"])})


def changed_options(form: FileFormat) -> dict[str, Any]:
    """The options that differ from their defaults, as in a configuration file."""
    usual = type(form)()
    changed = {name: value for name, value in dataclasses.asdict(form).items() if value != getattr(usual, name)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}


@contextlib.contextmanager
def log_on_stderr(name: str = _LOGGER) -> Iterator[None]:
    """Print a log, usually that of `tsforecast.data.read`, to stderr, one line for each message."""
    logger, handler = logging.getLogger(name), logging.StreamHandler(sys.stderr)
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
