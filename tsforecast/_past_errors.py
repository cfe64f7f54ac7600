"""Sample paths of a forecaster without a joint distribution: its quantiles, joined as its past errors hang together."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from scipy import special
from sklearn.base import clone

from tsforecast._predicting import Forecasting, forecast_within
from tsforecast._types import Floats, Ints
from tsforecast.exceptions import ParameterError
from tsforecast.panel import Panel
from tsforecast.panel.too_short import check_lengths

_MOST_ROWS = 48  # times that errors come from
_MOST_REFITS = 16  # of them where each needs a fit


class Refitted(Forecasting, Protocol):
    """What is needed of a fitted forecaster here: it can be fitted anew on less."""

    def min_observations(self, panel: Panel) -> int:
        """Fewest observations of a series."""

    def fit(self, y: Panel) -> Any:
        """The forecaster fitted."""


def paths_of_past(
    model: Refitted, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
) -> Floats:
    """Joint draws without bounds, ``(n_series, n_paths, horizon)``, from errors on the end of the training series.

    A copy is fitted on what lies before the last times, at most 48 and at most half of the values, and forecasts from
    each of them; a model that cannot forecast from later values is fitted anew at up to 16 of them. Each path takes its
    rank at every step from the errors from one time: ensemble copula coupling (Schefzik, Thorarinsdottir & Gneiting
    2013, *Statistical Science* 28) with the ranks of past errors (Clark et al. 2004, *J. Hydrometeorology* 5). Its
    values at these ranks are the model's own quantiles; of a model without intervals the point forecast with errors of
    that size, as `Conformal` has them.

    Raises
    ------
    SeriesTooShortError
        Nothing is left to fit on before an error at the last step.
    UnknownNameError
        A series is not one of those fitted.
    """
    known = model._known_levels(panel, horizon)
    forecast = model._predict(panel, horizon, X, known)
    errors = tail_errors(model, horizon)[model.panel_.positions(panel.ids)]
    paths = np.empty((panel.n_series, n_paths, horizon))
    for i, rng in enumerate(rngs):
        own = errors[i][~np.isnan(errors[i]).any(axis=1)]  # (n_rows, horizon)
        if len(own) == 0:
            raise ParameterError(
                f"Series {panel.ids[i]!r} has no {horizon} observations in a row at its end, which sample paths of "
                f"horizon={horizon} need."
            )
        if known.size:
            share = joint_shares(own, n_paths, rng)
            paths[i] = values_at(special.ndtri(share), special.ndtri(known), forecast.quantiles[i])
        else:
            paths[i] = forecast.mean[i] + signed_errors(own, errors[i], n_paths, rng)
    return paths


def joint_shares(rows: Floats, n_paths: int, rng: np.random.Generator) -> Floats:
    """Probabilities, ``(n_paths, horizon)``, uniform at each step, with the ranks of rows ``(n_rows, horizon)``.

    All steps of a path lie at the same place between two ranks, so that one row alone makes paths in parallel.

    Examples
    --------
    >>> share = joint_shares(np.array([[1.0, 5.0], [2.0, 4.0]]), 100, np.random.default_rng(0))
    >>> bool(np.all((share[:, 0] < 0.5) == (share[:, 1] > 0.5)))
    True
    """
    ranks = np.argsort(np.argsort(rows, axis=0), axis=0)
    row = rng.integers(len(rows), size=n_paths)
    inside = rng.uniform(size=(n_paths, 1)).clip(1e-6, 1 - 1e-6)  # the ends of a distribution may lie at infinity
    return np.asarray((ranks[row] + inside) / len(rows))


def values_at(z: Floats, marks: Floats, quantiles: Floats) -> Floats:
    """Values at normal scores ``(n_paths, horizon)``, on lines between quantiles ``(horizon, n_marks)`` and past them.

    Examples
    --------
    >>> values_at(np.array([[0.5], [2.0]]), np.array([-1.0, 0.0, 1.0]), np.array([[4.0, 5.0, 7.0]]))
    array([[6.],
           [9.]])
    """
    if marks.size == 1:
        return np.tile(quantiles[:, 0], (len(z), 1))
    place = np.clip(np.searchsorted(marks, z) - 1, 0, marks.size - 2)
    share = (z - marks[place]) / np.diff(marks)[place]
    steps = np.arange(z.shape[1])
    low, high = quantiles[steps, place], quantiles[steps, place + 1]
    return np.asarray(low + share * (high - low))


def signed_errors(rows: Floats, errors: Floats, n_paths: int, rng: np.random.Generator) -> Floats:
    """Errors along the horizon, ``(n_paths, horizon)``, all signs of a row flipped or not at random.

    ``rows`` are those of ``errors``, ``(n_errors, horizon)``, without nan: one of them gives rank and sign of each step
    of a path. The size of this rank comes from all errors of the step, as for conformal intervals.
    """
    ranks = np.argsort(np.argsort(np.abs(rows), axis=0), axis=0)
    row = rng.integers(len(rows), size=n_paths)
    share = (ranks[row] + rng.uniform(size=(n_paths, rows.shape[1]))) / len(rows)
    sign = np.sign(rows[row]) * rng.choice([-1.0, 1.0], size=(n_paths, 1))
    ordered = np.sort(np.abs(errors), axis=0)  # nan last
    count = (~np.isnan(errors)).sum(axis=0)
    rank = np.clip(np.ceil((count + 1) * share).astype(np.int64), 1, count)
    return np.asarray(sign * np.take_along_axis(ordered, rank - 1, axis=0))


def tail_errors(model: Refitted, horizon: int) -> Floats:
    """Errors of copies of a model on the end of its training series, ``(n_series, size, horizon)``; see above."""
    trained = model.panel_
    shortest, needed = int(trained.lengths.min()), model.min_observations(trained)
    most = min(horizon + _MOST_ROWS - 1, shortest - max(needed, shortest // 2))
    size = max(most, horizon)
    why = f"sample paths of {type(model).__name__} need {needed} to fit on and {horizon} to err on"
    check_lengths(trained.ids, trained.lengths, needed + horizon, why)
    begin = trained.indptr[1:] - size
    starts = np.arange(size)
    calibrated = clone(model).fit(_cut(trained, size))
    try:
        return errors_along(calibrated, trained, begin, starts, horizon)
    except ParameterError:  # it cannot forecast from another history than that of its fit
        last = size - horizon
        starts = np.unique(np.linspace(0, last, min(_MOST_REFITS, last + 1)).astype(np.int64))
        return np.concatenate([_refitted_error(model, trained, size - int(t), horizon) for t in starts], axis=1)


def errors_along(model: Forecasting, panel: Panel, begin: Ints, starts: Ints, horizon: int) -> Floats:
    """Errors of forecasts from ``starts`` steps after row ``begin`` of each series, nan past the end of the series.

    Returns
    -------
    ndarray, shape (n_series, n_starts, horizon)
    """
    size = int(panel.indptr[1] - begin[0])
    tail = begin[:, None] + np.arange(size)
    errors = np.full((panel.n_series, len(starts), horizon), np.nan)
    for k, t in enumerate(starts.tolist()):
        steps = min(horizon, size - t)
        X = None if panel.covariates is None else panel.covariates[tail[:, t : t + steps]]
        mean = forecast_within(model, _cut(panel, size - t), steps, X, np.empty(0)).mean
        errors[:, k, :steps] = panel.values[tail[:, t : t + steps]] - mean
    return errors


def _refitted_error(model: Refitted, trained: Panel, n_left_out: int, horizon: int) -> Floats:
    """Errors of a fit without the last values, ``(n_series, 1, horizon)``."""
    before = _cut(trained, n_left_out)
    begin = trained.indptr[1:] - n_left_out
    return errors_along(clone(model).fit(before), trained, begin, np.zeros(1, dtype=np.int64), horizon)


def _cut(panel: Panel, n: int) -> Panel:
    return panel.slice(np.zeros_like(panel.lengths), panel.lengths - n)
