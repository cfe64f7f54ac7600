"""The series of a file, read so that rows after the last value are those to forecast."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import logging
import shlex
import sys
from typing import TYPE_CHECKING

import numpy as np

from tsforecast._texts import listed
from tsforecast.cli.reading import READING_LOG, read_panel
from tsforecast.exceptions import MissingValuesError
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
    """

    panel: Panel
    season_length: int
    usual: int | None


def named_files(given: Namespace) -> list[str]:
    """The files, or the data set, that the command names."""
    data = given.file or given.data
    return [data] if isinstance(data, str) else list(data)


def read_series(given: Namespace) -> SeriesGiven:
    """The series with their season.

    Rows without a value after the last one of a series are the steps to forecast, so they are left out, as with
    ``--gaps nan``; if times are missing between the others as well, a line on stderr says so.
    """
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):  # how it was read is not told twice
            panel, dataset, _ = read_panel(given)
    except MissingValuesError:
        panel, dataset = _read_to_last_values(given)
    except BaseException:
        print(told.getvalue(), end="", file=sys.stderr)
        raise
    else:
        print(told.getvalue(), end="", file=sys.stderr)
    is_plain = not (given.covariates or given.past_covariates or given.id_col or given.target_col or dataset)
    if is_plain and (hint := _perhaps_covariates(panel)):
        print(hint, file=sys.stderr)
    season = given.season_length or (dataset.season_length if dataset else panel.season_length)
    return SeriesGiven(panel, season, dataset.horizon if dataset else None)


def _read_to_last_values(given: Namespace) -> tuple[Panel, Dataset | None]:
    """The series up to their last values, in a file with rows after these."""
    given.gaps = "nan"
    log = logging.getLogger(READING_LOG)
    log.addFilter(_is_no_unused_row)
    try:
        panel, dataset, _ = read_panel(given)
    finally:
        log.removeFilter(_is_no_unused_row)
    n_missing = int(np.isnan(panel.values).sum())
    also = f" {n_missing:,} values are missing between others, and are left so." if n_missing else ""
    print(f"Rows without a value after the last one are those to forecast.{also}", file=sys.stderr)
    return panel, dataset


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


def _is_no_unused_row(record: logging.LogRecord) -> bool:
    return LEFT_OUT not in record.getMessage()
