"""One step ahead in sample: the forecast of each observation of a panel from those of its series before it."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from tsforecast._bounds import Range
from tsforecast._types import Bools, Floats, Ints
from tsforecast.exceptions import FitError, MissingValuesError, SeriesTooShortError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel

Predict: TypeAlias = Callable[[Panel, int, Floats | None, Floats], Forecast]
_BLOCK = 4_000_000  # numbers of quantiles in memory at once


class OneStep(NamedTuple):
    """Forecasts of each observation of a panel, nan where there is none.

    Attributes
    ----------
    mean : ndarray, shape (n_obs,)
    quantiles : ndarray, shape (n_obs, n_levels)
    """

    mean: Floats
    quantiles: Floats

    @classmethod
    def nothing(cls, n_obs: int, n_levels: int) -> "OneStep":
        """No forecast of any observation yet."""
        return cls(np.full(n_obs, np.nan), np.full((n_obs, n_levels), np.nan))


class Looking(Protocol):
    """What is needed of a fitted forecaster here."""

    def _range(self) -> Range:
        """The values that forecasts may take."""

    def _known_levels(self, panel: Panel, horizon: int) -> Floats:
        """Quantile levels that show a whole distribution."""

    def _one_step(self, panel: Panel, levels: Floats) -> OneStep:
        """Forecasts without bounds."""


def one_step_within(model: Looking, panel: Panel, levels: Floats) -> OneStep:
    """`BaseForecaster._one_step` within the bounds: what a forecaster that holds others calls of them.

    Examples
    --------
    >>> from tsforecast import Naive
    >>> model = Naive(bounds=(0, 2.5)).fit([1.0, 2.0, 2.4, 1.5])
    >>> one_step_within(model, model.panel_, np.empty(0)).mean.round(2)
    array([ nan,  nan, 1.81, 2.14])
    """
    within = model._range()
    if within.is_open:
        return model._one_step(panel, levels)
    known = model._known_levels(panel, 1)
    asked = np.union1d(levels, known)
    out = OneStep.nothing(panel.n_obs, levels.size)
    for block in _blocks(panel, asked.size):
        rows = slice(panel.indptr[block[0]], panel.indptr[block[-1] + 1])
        free = model._one_step(panel.take(block), asked)
        out.mean[rows], out.quantiles[rows] = within.censored(*free, asked, levels, known)
    return out


def step_by_step(
    predict: Predict,
    panel: Panel,
    levels: Floats,
    *,
    n_needed: int = 1,
    wanted: Bools | None = None,
    n_ahead: int = 1,
) -> OneStep:
    """The first steps of forecasts from the beginnings of the series: one call for each length, of all series together.

    Parameters
    ----------
    predict : callable
        As `BaseForecaster._predict`.
    panel : Panel
    levels : ndarray, shape (n_levels,)
    n_needed : int
        Observations from which on an error of a forecast is one; a shorter beginning just has no forecast.
    wanted : ndarray of bool, shape (n_obs,), optional
        Observations to forecast; all where None.
    n_ahead : int
        Steps whose covariates are given, nan past the end of the series.

    Examples
    --------
    >>> from tsforecast import Drift
    >>> model = Drift().fit([1.0, 2.0, 5.0, 4.0, 6.0])
    >>> step_by_step(model._predict, model.panel_, np.empty(0)).mean
    array([nan, nan, nan,  7.,  5.])
    """
    out = OneStep.nothing(panel.n_obs, levels.size)
    age = np.arange(panel.n_obs) - np.repeat(panel.indptr[:-1], panel.lengths)
    ask = age > 0 if wanted is None else wanted & (age > 0)
    of = np.repeat(np.arange(panel.n_series), panel.lengths)
    for t in np.unique(age[ask]).tolist():
        members = of[ask & (age == t)]
        rows = panel.indptr[members] + t
        cut = panel.take(members)
        seen = cut.slice(np.zeros_like(members), np.full_like(members, t))
        _fill(out, rows, (predict, seen, _ahead(panel, members, t, n_ahead), levels), may_fail=t < n_needed)
    return out


def _ahead(panel: Panel, members: Ints, t: int, n_ahead: int) -> Floats | None:
    """Covariates of the ``n_ahead`` steps from step ``t`` on: ``(n_members, n_ahead, n_features)``."""
    if panel.covariates is None:
        return None
    rows = panel.indptr[members][:, None] + t + np.arange(n_ahead)
    inside = rows < panel.indptr[members + 1][:, None]
    return np.where(inside[:, :, None], panel.covariates[np.minimum(rows, panel.n_obs - 1)], np.nan)


def _fill(out: OneStep, rows: Ints, asked: tuple[Predict, Panel, Floats | None, Floats], *, may_fail: bool) -> None:
    """Put the forecasts of one step of some series into their rows; of those that are too short, none."""
    predict, seen, X, levels = asked
    try:
        forecast = predict(seen, 1, X, levels)
    except (SeriesTooShortError, MissingValuesError, FitError) as error:
        if isinstance(error, FitError) and not may_fail:
            raise
        if seen.n_series == 1:
            return
        named = seen.ids.isin(list(getattr(error, "series", ())))
        parts = [np.flatnonzero(~named)] if named.any() else [np.array([i]) for i in range(seen.n_series)]
        for part in parts:
            if part.size:
                some = None if X is None else X[part]
                _fill(out, rows[part], (predict, seen.take(part), some, levels), may_fail=may_fail)
        return
    out.mean[rows], out.quantiles[rows] = forecast.mean[:, 0], forecast.quantiles[:, 0]


def _blocks(panel: Panel, n_levels: int) -> list[Ints]:
    """Positions of the series in blocks, in each of which the quantiles of all observations fit into memory."""
    ends = np.cumsum(panel.lengths) * max(n_levels, 1) // _BLOCK
    return np.split(np.arange(panel.n_series), np.flatnonzero(np.diff(ends)) + 1)
