"""The series of a file, read so that rows after the last value are those to forecast."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import logging
import shlex
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tsforecast._texts import listed
from tsforecast.cli.reading import READING_LOG, read_panel_with_facts
from tsforecast.exceptions import DataError, MissingValuesError
from tsforecast.panel.ends import LEFT_OUT

MANY_SERIES = 12  # series past which the most and the least certain ones are told
_FEW_SERIES = 12  # most columns of a file that are asked about

if TYPE_CHECKING:
    from jsonargparse import Namespace

    from tsforecast.data.catalog import Dataset
    from tsforecast.panel import Panel


@dataclasses.dataclass(frozen=True, eq=False)
class SeriesGiven:
    """The series of the command.

    Attributes
    ----------
    panel : Panel
    season_length : int
        Steps of a season, given or usual for the frequency.
    usual : int or None
        Steps ahead that are usual for a data set of the catalog.
    facts : dict
        How the file is written, as its cells tell.
    """

    panel: Panel
    season_length: int
    usual: int | None
    facts: dict[str, Any]


def named_files(given: Namespace) -> list[str]:
    """The files, or the data set, that the command names."""
    data = given.file or given.data
    return [data] if isinstance(data, str) else list(data)


def read_series(given: Namespace, facts: Mapping[str, Any] | None = None) -> SeriesGiven:
    """The series with their season.

    Rows without a value after the last one of a series are steps to forecast, so they are left out, as with
    ``--gaps nan``, which a line on stderr tells; another line tells how many values are missing between the others.

    Parameters
    ----------
    given : Namespace
        The options of the command.
    facts : mapping, optional
        How the file of a kept model was written: decimal sign, order of day and month, frequency. It is tried first.
    """
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):  # how it was read is not told twice
            panel, dataset, found = _read_as_before(given, facts or {})
    except MissingValuesError:
        panel, dataset, found = _read_to_last_values(given)
    except BaseException:
        print(told.getvalue(), end="", file=sys.stderr)
        raise
    else:
        print(told.getvalue(), end="", file=sys.stderr)
    is_plain = not (given.covariates or given.past_covariates or given.id_col or given.target_col or dataset)
    if is_plain and (hint := _perhaps_covariates(panel)):
        print(hint, file=sys.stderr)
    season = given.season_length or (dataset.season_length if dataset else panel.season_length)
    return SeriesGiven(panel, season, dataset.horizon if dataset else None, found)


def _read_as_before(given: Namespace, facts: Mapping[str, Any]) -> tuple[Panel, Dataset | None, dict[str, Any]]:
    """The series read with facts of another file where no option says otherwise; without them if that fails."""
    other = given.clone()
    for name, value in facts.items():
        if other[name] is None:
            other[name] = value
    with contextlib.suppress(DataError):
        told = io.StringIO()
        with contextlib.redirect_stderr(told):
            panel, dataset, _, found = read_panel_with_facts(other)
        print(told.getvalue(), end="", file=sys.stderr)
        return panel, dataset, found
    panel, dataset, _, found = read_panel_with_facts(given)
    return panel, dataset, found


def _read_to_last_values(given: Namespace) -> tuple[Panel, Dataset | None, dict[str, Any]]:
    """The series up to their last values, in a file with rows after these; lines on stderr say what was left out."""
    given.gaps = "nan"
    log = logging.getLogger(READING_LOG)
    ends: list[str] = []

    def is_of_no_end(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if LEFT_OUT in text:
            ends.append(text.partition(f": {LEFT_OUT}")[0])
        return LEFT_OUT not in text

    log.addFilter(is_of_no_end)
    try:
        panel, dataset, _, found = read_panel_with_facts(given)
    finally:
        log.removeFilter(is_of_no_end)
    for text in ends:
        print(f"{text}: such rows are left out, and what comes after the last value is forecast.", file=sys.stderr)
    n_missing = int(np.isnan(panel.values).sum())
    if n_missing:
        them = "1 value is" if n_missing == 1 else f"{n_missing:,} values are"
        print(f"{them} missing between others, and left so (--gaps fills them).", file=sys.stderr)
    return panel, dataset, found


def _perhaps_covariates(panel: Panel) -> str:
    """A sentence where some of a few series go on after the others: these may be covariates that are known ahead."""
    last = panel.last_times
    later = panel.ids[last == last.max()].astype(str).tolist()
    earlier = panel.ids[last < last.max()].astype(str).tolist()
    if not earlier or panel.n_series > _FEW_SERIES:
        return ""
    verb = "ends" if len(earlier) == 1 else "end"
    flags = shlex.join(["--covariates", *later])
    return (
        f"{listed(earlier)} {verb} before {listed(later)}; if what goes on is known ahead, it is a covariate: {flags}"
    )
