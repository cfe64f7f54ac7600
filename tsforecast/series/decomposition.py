"""Decomposition of series: strengths of trend and season, seasonal indices, deseasonalized series."""

from typing import NamedTuple

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels.series.seasonal import begin_seasons, follow
from tsforecast.kernels.series.stl import stl
from tsforecast.panel import Panel
from tsforecast.series.interpolation import interpolated

_FEWEST_CYCLES = 3
_SEASONAL_SPAN, _N_PASSES = 11, 2  # of STL, as in R's mstl and feasts


def strengths(y: Floats, season_length: int) -> tuple[float, float]:
    """Strength of the trend and of the season, each from 0 (none) to 1 (no remainder).

    Wang, Smith & Hyndman (2006) as in Hyndman & Athanasopoulos, *Forecasting: Principles and Practice* (FPP3), section
    4.3: ``max(0, 1 - Var(R) / Var(T + R))`` and ``max(0, 1 - Var(R) / Var(S + R))`` of an STL decomposition
    ``T + S + R`` with a seasonal window of 11 and local constants, as in R's ``mstl``.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        No missing values; more than two seasons.
    season_length : int
        At least 2.

    Examples
    --------
    >>> t = np.arange(60)
    >>> trend, season = strengths(t + 3 * np.sin(t * np.pi / 6) + 0.1 * np.sin(t**2.0), 12)
    >>> trend > 0.99, season > 0.95
    (True, True)
    """
    season, trend = stl(y, season_length, _SEASONAL_SPAN, _N_PASSES)
    rest = y - trend - season
    return _share_explained(rest, trend + rest), _share_explained(rest, season + rest)


def _share_explained(rest: Floats, whole: Floats) -> float:
    variance = float(np.var(whole))
    return max(0.0, 1.0 - float(np.var(rest)) / variance) if variance > 0 else 0.0


def seasonal_indices(y: Floats, phases: Ints, season_length: int) -> Floats:
    """Seasonal indices of one series, ``(season_length,)``, with mean zero; zero where a phase has no values.

    Classical additive decomposition (FPP3, section 3.4): the mean, over seasons, of the differences from a centred
    moving average of one season. The means are shrunk by the share of their variance that is noise (James & Stein
    1961), which improves forecasts (Miller & Williams 2003).

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        nan is ignored. With fewer than two seasons all indices are zero.
    phases : ndarray of int, shape (n_obs,)
        Position of each in the season.

    Examples
    --------
    >>> y = np.tile([3.0, 1.0, 2.0], 4) + np.arange(12)
    >>> seasonal_indices(y, np.arange(12) % 3, 3)
    array([ 1., -1.,  0.])
    """
    if y.size < 2 * season_length:
        return np.zeros(season_length)
    rest = np.where(np.isnan(y), np.nan, y - centred_moving_average(interpolated(y), season_length))
    known = ~np.isnan(rest)
    of, rest = phases[known], rest[known]
    count = np.bincount(of, minlength=season_length)
    if (count == 0).any():
        return np.zeros(season_length)
    indices = np.bincount(of, weights=rest, minlength=season_length) / count
    scatter = np.square(rest - indices[of]).sum() / max(rest.size - season_length, 1) / count
    return _without_scatter(indices - indices.mean(), scatter)


def cyclic_indices(y: Floats, phases: Ints, season_length: int, cycle: int) -> Floats:
    """Seasonal indices over a cycle of several seasons, ``(cycle,)``, such as the hours of a week.

    The sum of the index of the season and the deviation of each position in the cycle from it. The deviations are
    shrunk by the share of their variance that is noise (James & Stein 1961), so a series without a weekly pattern has
    its daily one only. They need three cycles.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        nan is ignored.
    phases : ndarray of int, shape (n_obs,)
        Position of each in the cycle.
    """
    season = np.tile(seasonal_indices(y, phases % season_length, season_length), cycle // season_length)
    if cycle == season_length or y.size < _FEWEST_CYCLES * cycle:
        return season
    rest = y - season[phases]
    rest = rest - centred_moving_average(interpolated(rest), cycle)
    known = ~np.isnan(rest)
    of, rest = phases[known], rest[known]
    count = np.bincount(of, minlength=cycle)
    if (count < 2).any():
        return season
    indices = np.bincount(of, weights=rest, minlength=cycle) / count
    scatter = np.bincount(of, weights=(rest - indices[of]) ** 2, minlength=cycle) / (count - 1) / count
    return np.asarray(season + _without_scatter(indices - indices.mean(), scatter))


def _without_scatter(indices: Floats, scatter: Floats) -> Floats:
    """Indices shrunk by the share of their mean square that is noise of the given variance: James & Stein (1961)."""
    n, size = indices.size, float(np.square(indices).mean())
    freedom = max(n - 3, 0) / max(n - 1, 1)  # their mean is known to be zero
    share = max(0.0, 1 - freedom * float(scatter.mean()) / size) if size > 0 else 0.0
    return np.asarray(share * indices)


def centred_moving_average(y: Floats, season_length: int) -> Floats:
    """Centred moving average of one season, nan at the ends: ``(n_obs,)`` -> ``(n_obs,)``.

    For an even season, the two outermost of ``season_length + 1`` values have half weight (FPP3, section 3.3).

    Examples
    --------
    >>> centred_moving_average(np.array([1.0, 2.0, 6.0, 4.0]), 2)
    array([ nan, 2.75, 4.5 ,  nan])
    """
    weights = np.ones(season_length) / season_length
    if season_length % 2 == 0:
        weights = np.convolve(weights, [0.5, 0.5])
    half = weights.size // 2
    out = np.full(y.size, np.nan)
    out[half : y.size - half] = np.convolve(y, weights, mode="valid")
    return out


class Deseasonalized(NamedTuple):
    """The series of a panel without their season, and the seasonal indices that were subtracted.

    Attributes
    ----------
    v : ndarray, shape (n_obs,)
        The series without their season.
    day, rest : ndarray, shape (n_obs,)
        The index of each observation, from earlier ones, in two parts: of the season within a longer cycle (zero
        without one), and of the cycle.
    ends : ndarray, shape (n_series, cycle)
        Indices for the steps after the last observation.
    season_length : int
    states : ndarray, shape (n_series, season_length + cycle + 2)
        State of the indices after the last observation, from which later ones go on.
    """

    v: Floats
    day: Floats
    rest: Floats
    ends: Floats
    season_length: int
    states: Floats

    def following(self, panel: Panel, u: Floats, horizon: int) -> Floats:
        """The next ``horizon`` values, deseasonalized with indices known at each observation: ``(n_obs, horizon)``.

        nan past the end of a series. ``u`` is ``v``, or its differences. Indices change with every season, but at an
        observation only the current ones are known for later values, so later changes of an index are added to the
        value.
        """
        out = _following(panel, u, horizon)
        for part, every in ((self.day, self.season_length), (self.rest, self.ends.shape[1])):
            for h in range(every + 1, min(horizon + 1, u.size)):
                known = (h - 1) % every + 1
                out[:-h, h - 1] += part[h:] - part[known : part.size - h + known]
        return out


def deseasonalize(
    panel: Panel, phases: Ints, indices: Floats, season_length: int, share: float, before: Floats | None = None
) -> Deseasonalized:
    """Subtract seasonal indices from the series of a panel, updating the indices along the series if ``share > 0``.

    Parameters
    ----------
    panel : Panel
    phases : ndarray of int, shape (n_obs,)
        Position of each observation in the cycle.
    indices : ndarray, shape (n_series, cycle)
        Seasonal indices before the first observation of the series, as `cyclic_indices` gives them.
    season_length : int
    share : float
        Share of its difference from the index by which each value updates it, 0 to 1.
    before : ndarray, shape (n_series, season_length + cycle + 2), optional
        State of the indices before the first observation here, where earlier ones have moved them.
    """
    states = begin_seasons(indices, season_length) if before is None else before
    seasonal = np.asarray(indices.any(axis=1))
    day, rest, after = follow(panel.values, panel.indptr, phases, seasonal, states, season_length, share)
    cycle = indices.shape[1]
    ends = np.tile(after[:, :season_length], cycle // season_length) + after[:, season_length : season_length + cycle]
    ends[~seasonal] = 0.0
    return Deseasonalized(panel.values - day - rest, day, rest, ends, season_length, after)


def _following(panel: Panel, u: Floats, horizon: int) -> Floats:
    """The ``horizon`` values after each observation, nan past the end of its series: ``(n_obs, horizon)``."""
    rows = np.arange(panel.n_obs)[:, None] + np.arange(1, horizon + 1)
    inside = rows < np.repeat(panel.indptr[1:], panel.lengths)[:, None]
    return np.where(inside, u[np.minimum(rows, panel.n_obs - 1)], np.nan)
