"""Rows of covariates in a file: those of each series, or those that all series share."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from tsforecast.cli.reading import READING_LOG, read_panel, reading_options
from tsforecast.data.rows.only_rows import rows_of
from tsforecast.exceptions import DataError

if TYPE_CHECKING:
    from jsonargparse import Namespace

    from tsforecast.panel import Panel

_LOG = logging.getLogger(READING_LOG)


def covariate_rows(
    given: Namespace, paths: Sequence[str], names: Sequence[str], freq: str, *, words: bool = False
) -> pd.DataFrame:
    """The times and the covariates of files: ``ds`` and the covariates, and ``unique_id`` where series differ.

    The file is read like the series, with the same options: a table of times and covariates, of which some may be
    absent, or a long one that names the series too. Each covariate is read as if it were the value of a series, so that
    cells that are empty in it do not matter.

    Parameters
    ----------
    given : Namespace
        The options of the command.
    paths : sequence of str
    names : sequence of str
        The covariates.
    freq : str
        Frequency of the series, as one row has none.
    words : bool
        Whether some are texts.

    Raises
    ------
    DataError
        It has no such column, or cannot be read.
    """
    if words:
        return rows_of(paths, dataclasses.replace(reading_options(given), covariates=tuple(names), past_covariates=()))
    options = {
        "file": list(paths),
        "freq": freq,
        "gaps": "nan",
        "covariates": [],
        "static": [],
        "past_covariates": [],
        "calendar": None,
    }
    try:
        shared = _quietly(given, **options, id_col=None, target_col=None)
        known = [shared.take(shared.positions(pd.Index([name]))) for name in names if name in shared.ids]
        frames = [pd.DataFrame({"ds": one.times, str(one.ids[0]): one.values}) for one in known]
    except DataError:  # names of series are no numbers
        frames = []
    if not frames:
        frames = [_of_series(_quietly(given, **options, target_col=name), name) for name in names]
    keys = [key for key in ("unique_id", "ds") if key in frames[0].columns]
    found = frames[0]
    for frame in frames[1:]:
        found = found.merge(frame, on=keys, how="outer")
    return found


def _of_series(panel: Panel, name: str) -> pd.DataFrame:
    """The values of a panel as a column of that name; without the name of the series, where the file has none."""
    frame = panel.to_frame()[["unique_id", "ds", "y"]].rename(columns={"y": name})
    return frame.drop(columns="unique_id") if panel.ids.tolist() == [name] else frame


def _quietly(given: Namespace, **options: Any) -> Panel:
    """The panel that the command would read with other options, without telling how it was read."""
    other = given.clone()
    for name, value in options.items():
        other[name] = value
    before = _LOG.disabled
    _LOG.disabled = True
    try:
        return read_panel(other)[0]
    finally:
        _LOG.disabled = before
