"""Preparation: transform, season, level and scale that turn series into what a network can learn from.

A value goes through these steps, all learnt from the training series only and undone exactly::

    w[t] = log y[t], or a power, or y[t] itself         (tsforecast.series.transform)
    u[t] = w[t] - season[t]                             (classical decomposition, where the series is seasonal)
    u[t] = u[t] - u[t - lag]                            (differences, where ``difference`` is set)
    target[t, h] = (u[t + h] - level[t]) / scale[t]     (local and causal)

``level[t]`` is the last value and ``scale[t]`` a trailing mean absolute change, so that the network's
inputs have the same size at every step of a trending series and its state can be carried from end to end. For a series
that returns to its mean, judged on the training series, its mean and standard deviation are used instead. Nothing at
step t depends on values after t.
"""

import dataclasses
from typing import Literal

import numpy as np

from tsforecast._types import Bools, Floats, Ints
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.models.neural.checks import check_fields
from tsforecast.models.neural.prepare.fitted import FittedPreparation
from tsforecast.panel import Panel
from tsforecast.panel.too_short import check_lengths
from tsforecast.series.calendar import cycle_of, phases_of
from tsforecast.series.decomposition import cyclic_indices, deseasonalize
from tsforecast.series.differencing import differences
from tsforecast.series.level import mean_spread_change, returns_to_mean
from tsforecast.series.seasonality import has_season
from tsforecast.series.transform import learn_safe_transform

_SEASONS, _SHORTEST_MEMORY = 4, 100  # that trailing means look back, in seasons and in steps
FEWEST_DIFFERENCES = 8
_FEW_LAGS, _MANY_LAGS = 8, 48  # earlier values among the inputs


@dataclasses.dataclass(frozen=True)
class Preparation:
    """Options: how series are prepared for the network.

    Attributes
    ----------
    transform : {"auto", "none", "log", "boxcox"}
        ``"auto"`` takes the logarithm of positive series whose changes grow with their level, the square root where
        they have fewer than 48 values, and neither of one that jumps: see `tsforecast.series.transform`.
    deseasonalize : {"auto", "always", "never"}
        Whether the seasonal indices of a classical decomposition are taken off; ``"auto"`` where the autocorrelation
        at the season is significant at 10%.
    level : {"auto", "last", "mean"}
        What targets are relative to: the last value or the mean. ``"auto"`` chooses for each series the one that
        forecasts the training values better.
    n_fourier : int
        Pairs of sine and cosine of the season among the inputs.
    difference : {"none", "first", "season"}
        Whether differences are taken, to the value one step or one season before. ``"season"`` replaces seasonal
        indices: the season may change from year to year, but errors add up from season to season.
    seasonal_smoothing : float
        Smoothing constant of the seasonal indices, 0 to 1: each value moves its index by this share of its distance
        from it. Unused where differences are taken.

    Examples
    --------
    >>> Preparation(transform="log").level
    'auto'
    """

    transform: Literal["auto", "none", "log", "boxcox"] = "auto"
    deseasonalize: Literal["auto", "always", "never"] = "auto"
    level: Literal["auto", "last", "mean"] = "auto"
    n_fourier: int = 2
    difference: Literal["none", "first", "season"] = "none"
    seasonal_smoothing: float = 0.05

    def __post_init__(self) -> None:
        """Check the fields."""
        check_fields(self, {"n_fourier": 0, "seasonal_smoothing": 0})
        if self.seasonal_smoothing > 1:
            raise ParameterError(
                f"seasonal_smoothing={self.seasonal_smoothing} is not a share, 0 <= seasonal_smoothing <= 1."
            )


def fit_preparation(
    panel: Panel, options: Preparation, season_length: int, horizon: int, *, counts: bool = False
) -> FittedPreparation:
    """Transform, seasonal indices, level and scale learnt from each series of ``panel``.

    Counts are not transformed: they are relative to their trailing mean. Values that are no counts are an error.
    """
    if counts:
        _check_plain(options)
        check_counts(panel)
        options = Preparation("none", "never", "last", options.n_fourier)
    lag = {"none": 0, "first": 1, "season": season_length}[options.difference]
    if options.difference == "season":
        options = _without_indices(options)
    transform = learn_safe_transform(panel, options.transform, season_length)
    w = transform.apply(panel)
    cycle = cycle_of(panel.freq, season_length)
    phases = phases_of(panel.times, panel.freq, cycle)
    n = panel.n_series
    seasonal = np.array([has_season(w.series(i), season_length, options.deseasonalize) for i in range(n)])
    season = _seasonal_indices(w, phases, seasonal, season_length, cycle)
    smoothing = 0.0 if lag else options.seasonal_smoothing
    v = deseasonalize(w, phases, season, season_length, smoothing).v
    u = w.with_values(differences(v, w.indptr, lag) if lag else v)
    _check_differences(u, options.difference, lag)
    reverting = np.array([options.level == "mean" for _ in range(n)])
    if options.level == "auto":
        reverting = np.array([returns_to_mean(u.series(i), horizon) for i in range(n)])
    memory_length = float(max(_SEASONS * season_length, _SHORTEST_MEMORY))
    mixed = bool(reverting.any() and not reverting.all())
    n_lags = min(season_length, _MANY_LAGS) if cycle > season_length else _FEW_LAGS
    numbers = *mean_spread_change(u), np.fmin.reduceat(panel.values, panel.indptr[:-1])
    return FittedPreparation(
        transform, season, reverting, *numbers, memory_length, mixed, season_length, n_lags, counts, lag, smoothing
    )


def _check_plain(options: Preparation) -> None:
    allowed = {"transform": ("auto", "none"), "deseasonalize": ("auto", "never"), "level": ("auto",)}
    allowed["difference"] = ("none",)
    for name, values in allowed.items():
        if (got := getattr(options, name)) not in values:
            raise ParameterError(f"{name}={got!r} and loss='negative_binomial': counts stay as they are.")


def _without_indices(options: Preparation) -> Preparation:
    if options.deseasonalize == "always":
        raise ParameterError("deseasonalize='always' and difference='season': the season is taken off once.")
    return dataclasses.replace(options, deseasonalize="never")


def _check_differences(u: Panel, difference: str, lag: int) -> None:
    if lag:
        needed = lag + FEWEST_DIFFERENCES
        why = f"difference={difference!r} needs {FEWEST_DIFFERENCES} differences, of at least {needed}"
        check_lengths(u.ids, u.n_present + lag, needed, why)


def check_counts(panel: Panel) -> None:
    """Raise a `DataError` naming the first value that is not a count."""
    bad = (panel.values < 0) | (panel.values != np.round(panel.values)) & ~np.isnan(panel.values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"Series {panel.id_at(row)!r} has the value {panel.values[row]:g} at {panel.times[row]}; "
            "loss='negative_binomial' is for counts, whole numbers from 0 on. Use 'gaussian' or 'quantile'."
        )


def relearn(prepared: FittedPreparation, panel: Panel) -> FittedPreparation:
    """The preparation of the same series learnt from other observations of them: choices stay, numbers change."""
    w = prepared.transform.apply(panel)
    phases = phases_of(panel.times, panel.freq, prepared.cycle)
    season = _seasonal_indices(
        w, phases, np.asarray(prepared.season.any(axis=1)), prepared.season_length, prepared.cycle
    )
    learnt = dataclasses.replace(prepared, season=season)
    mean, spread, change = mean_spread_change(w.with_values(learnt.reduced(w, phases)))
    return dataclasses.replace(learnt, mean=mean, spread=spread, change=change)


def _seasonal_indices(w: Panel, phases: Ints, seasonal: Bools, season_length: int, cycle: int) -> Floats:
    season = np.zeros((w.n_series, cycle))
    for i in np.flatnonzero(seasonal).tolist():
        own = phases[w.indptr[i] : w.indptr[i + 1]]
        season[i] = cyclic_indices(w.series(i), own, season_length, cycle)
    return season
