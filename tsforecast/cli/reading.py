"""Options for reading a file, shared by all commands that read one, and the log of how it was read."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tsforecast.cli.configuration import MODE, read_strictly
from tsforecast.cli.parser import Parser

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser, Namespace

    from tsforecast.data.catalog import Dataset
    from tsforecast.data.reading import Reading
    from tsforecast.panel import Panel

READING_LOG = "tsforecast.data.read"


def add_reading_options(parser: ArgumentParser) -> None:
    """Add ``--id_col``, ``--gaps`` and the other options of `read`, and those of `FileFormat`."""
    add = parser.add_argument
    add("--id_col", type=str, nargs="+", help="column of a long file that names the series (unique_id), or several")
    add("--time_col", type=str, nargs="+", help="column of the times (ds; the first column of a wide file), or several "
        "such as year month")  # fmt: skip
    add("--target_col", type=str | None, help="column of a long file with the values (y)")
    add("--covariates", type=str, nargs="+", default=[], help="columns that are known into the future")
    add("--past_covariates", type=str, nargs="+", default=[], help="columns that are known up to the present only, "
        "such as measured weather")  # fmt: skip
    add("--calendar", type=str | None, help="country, or a part of one, whose holidays are covariates: DE, DE-BY")
    add("--static", type=str, nargs="+", default=[], help="columns of a long file that hold one value throughout a "
        "series, such as its region")  # fmt: skip
    add("--drop", type=str, nargs="+", default=[], help="columns that are left out")
    add("--freq", type=str | int | None, help="frequency, such as MS; found where it is not given")
    _add_row_options(parser)
    add("--header", type=bool | None, help="yes or no: whether the first row of a CSV names its columns")
    add("--separator", type=str | None, help="between the cells of a CSV: a character, or tab; found where not given")
    add("--encoding", type=str | None, help="encoding of a CSV, such as cp1252; guessed where it is not given")
    add("--decimal", type=str | None, help="sign before the decimals, . or ,")
    add("--thousands", type=str | None, help="sign between thousands: , or . or ' or space, or none")
    add("--day_first", type=bool | None, help="yes or no: whether 03/04/2024 is in April")
    add("--time_format", "--date_format", type=str | None, help="how the times are written, such as %%Y%%m; or what "
        "whole numbers are: number, s, ms, us, ns (since 1970), excel, quarter, week; or financial (2001/02 is a "
        "year)")  # fmt: skip
    add("--skip_rows", type=int, default=0, help="lines above the header that are passed over; titles are recognised")
    add("--skip_lines", type=int, nargs="+", default=[], help="numbers of lines that are left out, counted from 1")
    add("--missing", type=str, nargs="+", default=[], help="texts that stand for a missing value, such as -")
    add("--units", type=str, nargs="+", default=[], help="texts beside numbers that are left out, such as $ or kg; not "
        "needed where they stand beside all numbers of a column")  # fmt: skip
    add("--sheet", type=str | int | None, help="sheet of a workbook: its name, or its number from 1")


def add_bounds(add: Callable[..., Any]) -> None:
    """Add ``--nonnegative`` and ``--bounds``, with the ``add_argument`` of a parser or a group."""
    add("--nonnegative", type=bool, nargs="?", const=True, default=False, help="forecasts are 0 or more")
    add("--bounds", type=float | None, nargs=2, help="least and greatest value of forecasts; null for no bound")


def _add_row_options(parser: ArgumentParser) -> None:
    """Add the options for rows that are skipped, repeated, out of order or revised."""
    add = parser.add_argument
    add(
        "--gaps",
        type=Literal["error", "nan", "zero", "ffill", "interpolate", "snap"],
        default="error",
        help="what a skipped time is: error, or nan, a missing value (and rows without a value after the last one of a "
        "series are left out), which zero, ffill (the last value before) and interpolate (between neighbours, which "
        "uses later values) fill; snap: nan, and times near a regular grid are moved onto it",
    )
    add(
        "--covariate_gaps",
        type=Literal["error", "ffill", "interpolate"],
        default="error",
        help="what a missing covariate is: error, ffill (the last one before it) or interpolate (between neighbours, "
        "which uses later values)",
    )
    add("--sort", type=bool, nargs="?", const=True, default=False, help="sort rows in any order by time")
    add(
        "--duplicates",
        type=Literal["error", "first", "last", "mean", "sum"],
        default="error",
        help="what several rows for one series and time are: error, or the first, the last, the mean or the sum counts",
    )
    add(
        "--revision_col", type=str | None, help="column that says when the value of a row became known; the last counts"
    )
    add("--as_of", type=str | int | None, help="date up to which revisions are known (all)")


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
    actions = {text.removeprefix("--"): action for action in parser._actions for text in action.option_strings}
    names = {text: action.nargs for text, action in actions.items()}
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
        options.append(actions[option].dest)
        asked.append(first)
        while not sign and rest and _is_value(rest[0], names[option], is_first=asked[-1] == first):
            asked.append(rest.pop(0))
    found = parser.parse_args(asked)
    values = {option: found[option] for option in options}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return [*others, *(f"--data.reading.{name}={text}" for name, text in texts.items())]


def _is_value(word: str, nargs: int | str | None, *, is_first: bool) -> bool:
    """Whether a word is a value of the option before it, which takes one, several or (``?``) perhaps one."""
    if word.startswith("--"):
        return False
    if nargs == "?":
        return is_first and word.lower() in ("yes", "no", "true", "false")
    return nargs is not None or is_first


def read_panel(given: Namespace) -> tuple[Panel, Dataset | None, dict[str, Any]]:
    """The series of ``given.file`` or ``given.data``, and how they were read: `read_panel_with_facts` without facts."""
    return read_panel_with_facts(given)[:3]


def read_panel_with_facts(given: Namespace) -> tuple[Panel, Dataset | None, dict[str, Any], dict[str, Any]]:
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
    facts : dict
        How the file is written, as its cells tell.
    """
    from tsforecast.data.known import names

    given_data = given.file or given.data
    paths = [given_data] if isinstance(given_data, str) else list(given_data)
    if len(paths) == 1 and paths[0] in names():
        from tsforecast.data.catalog import load

        dataset = load(paths[0])
        if given.calendar is not None:
            told = {"data": paths[0], "calendar": given.calendar}
            return dataset.panel.with_calendar(given.calendar), dataset, told, {}
        return dataset.panel, dataset, {"data": paths[0]}, {}
    for name in paths:
        _check_is_file(name, names())

    from tsforecast.data.read import read_with_facts

    options = reading_options(given)
    with log_on_stderr():
        panel, facts = read_with_facts(paths, options)
    resolved = [str(Path(name).resolve()) for name in paths]
    data = resolved[0] if len(resolved) == 1 else resolved
    return panel, None, {"data": data, **_always(options), **changed_options(options)}, facts


def stem_of(data: str | Sequence[str]) -> str:
    """Short name of the data: of the file, or of the first of several, without its ending.

    Examples
    --------
    >>> stem_of("/data/sales.csv.gz"), stem_of(["a.csv", "b.csv"])
    ('sales', 'a')
    """
    return Path(data if isinstance(data, str) else data[0]).name.partition(".")[0]


def _check_is_file(name: str, known: Sequence[str]) -> None:
    """Raise a `MissingFileError` for a name that is that of nothing, with data sets of similar names."""
    from tsforecast.exceptions import MissingFileError

    if Path(name).exists() or Path(name).suffix or any(sign in name for sign in "*?["):
        return
    import difflib

    near = difflib.get_close_matches(name, known, n=3) or list(known)
    raise MissingFileError(f"{name!r} is neither a file nor a data set; near are {', '.join(near)}.")


def reading_options(given: Namespace) -> Reading:
    """The options for reading a file, in one value."""
    from tsforecast.data.reading import Reading

    options = {field.name: getattr(given, field.name) for field in dataclasses.fields(Reading)}
    lists = {name: tuple(value) for name, value in options.items() if isinstance(value, list)}
    return Reading(**{**options, **lists})


_ALWAYS = ("id_col", "time_col", "target_col", "freq", "gaps", "covariates", "covariate_gaps", "static")


def _always(options: Reading) -> dict[str, Any]:
    """The options that every configuration of a run names."""
    checked = options.checked()
    return {name: _plain(getattr(checked, name)) for name in _ALWAYS}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def changed_options(options: Reading) -> dict[str, Any]:
    """The options that differ from their defaults, as in a configuration file."""
    usual = type(options)()
    names = [field.name for field in dataclasses.fields(options) if field.name not in _ALWAYS]
    return {name: _plain(getattr(options, name)) for name in names if getattr(options, name) != getattr(usual, name)}


def reading_flags(given: Namespace, names: Sequence[str] | None = None) -> list[str]:
    """The reading options that differ from their defaults, or those that are named, as words of a command line."""
    options = reading_options(given)
    words = []
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if value == getattr(type(options)(), field.name) or (names is not None and field.name not in names):
            continue
        parts = value if isinstance(value, tuple) else [value]
        words += [f"--{field.name}", *({True: "yes", False: "no"}.get(v, str(v)) for v in parts)]
    return words


@contextlib.contextmanager
def log_on_stderr(name: str = READING_LOG) -> Iterator[None]:
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
