"""Covariates of the steps to forecast: rows of the same file after the last value, or a file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tsforecast.exceptions import CovariateError
from tsforecast.panel import Panel
from tsforecast.panel.categories import given_names
from tsforecast.panel.roles import asked_names
from tsforecast.panel.times.frequency import future_times
from tsforecast.panel.times.shown import time_text

if TYPE_CHECKING:
    from tsforecast._types import Bools, Index

_SHOWN = 6  # times that a message lists


def check_future(rows: pd.DataFrame | None, panel: Panel, horizon: int, source: str) -> pd.DataFrame:
    """The rows of covariates, after a check that they hold all that the forecast needs.

    Parameters
    ----------
    rows : DataFrame or None
        ``ds`` and the covariates, and ``unique_id`` where series differ; None where there are none.
    panel : Panel
    horizon : int
    source : str
        Where they were looked for, in messages.

    Raises
    ------
    CovariateError
        A covariate is missing at a time; the message lists all the times that are needed.

    Examples
    --------
    >>> panel = Panel.from_array(np.arange(3.0)).with_covariates(np.ones((3, 1)), ["price"])
    >>> check_future(pd.DataFrame({"ds": [3], "price": [1.0]}), panel, 2, "f.csv")
    Traceback (most recent call last):
        ...
    tsforecast.exceptions.CovariateError: A forecast of 2 steps needs price at 3, 4; price is missing at 4 in f.csv.
    Give them in rows after the last value, or in a file that --covariates_future names.
    """
    names = list(given_names(asked_names(panel), panel.levels))
    times = future_times(panel.last_times, horizon, panel.freq)
    have = np.zeros((len(times), len(names)), dtype=bool)
    if rows is not None:
        place = _places(rows, panel.ids.repeat(horizon), times)
        for k, name in enumerate(names):
            if name in rows.columns:
                known = np.r_[rows[name].notna().to_numpy() & ~rows[name].isin([np.inf, -np.inf]).to_numpy(), False]
                have[:, k] = known[place]
    if rows is None or not have.all():
        raise CovariateError(_message(have, panel, horizon, times, source))
    return rows


def _places(rows: pd.DataFrame, ids: Index, times: Index) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Row of each series and time needed; -1, which is the last, where there is none."""
    wanted: Index = times
    found: Index = pd.Index(rows["ds"])
    if "unique_id" in rows.columns:
        wanted, found = pd.MultiIndex.from_arrays([ids, times]), pd.MultiIndex.from_arrays([rows["unique_id"], found])
    kept = ~found.duplicated(keep="last")
    places = np.flatnonzero(kept)
    where = found[kept].get_indexer(wanted)
    return np.where(where < 0, -1, places[where])


def _message(have: Bools, panel: Panel, horizon: int, times: Index, source: str) -> str:
    names = list(given_names(asked_names(panel), panel.levels))
    lacking = ", ".join(name for k, name in enumerate(names) if not have[:, k].all())
    first = int(np.argmin(have.all(axis=1)))
    series = first // horizon
    own = ~have[series * horizon : (series + 1) * horizon].all(axis=1)
    needed = times[series * horizon : (series + 1) * horizon]
    n_lacking = int((~have.reshape(panel.n_series, -1).all(axis=1)).sum())
    of = "" if panel.n_series == 1 else f" for series {panel.ids[series]!r}"
    also = f" (and {n_lacking - 1:,} other series)" if n_lacking > 1 else ""
    step = "1 step" if horizon == 1 else f"{horizon} steps"
    verb = "are" if "," in lacking else "is"
    at = "all of them" if own.all() else _listed(needed[own])
    return (
        f"A forecast of {step}{of} needs {', '.join(names)} at {_listed(needed)}; {lacking} {verb} missing at {at}"
        f"{also} in {source}. Give them in rows after the last value, or in a file that --covariates_future names."
    )


def _listed(times: Index) -> str:
    """Times as a message lists them: all of a few, else the first, the last and their number."""
    texts = [time_text(time) for time in times]
    if len(texts) <= _SHOWN:
        return ", ".join(texts)
    return f"{', '.join(texts[:3])}, … {texts[-1]} ({len(texts)} times)"
