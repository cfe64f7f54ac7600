"""Scores of sample paths: ``(n_series, horizon)`` and ``(n_series, n_paths, horizon)`` -> ``(n_series,)``.

The first two are fair: their expected value does not depend on the number of paths (Ferro 2014, *Quarterly Journal of
the Royal Meteorological Society* 140), so forecasts of different numbers of paths compare; they may come out a little
below zero. All need two paths or more. A step whose truth is nan is left out, in paths too; a series without any truth
scores nan.
"""

import numpy as np
from scipy.spatial.distance import pdist

from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError
from tsforecast.metrics.point import mean_over_steps


def crps_of_paths(y_true: Floats, paths: Floats) -> Floats:
    """Continuous ranked probability score of each step apart, the mean over steps; unit of the series.

    ``mean |x_i - y| - sum_{i<j} |x_i - x_j| / (m (m - 1))`` (Gneiting & Raftery 2007, eq. 21, with the fair second
    term): the absolute error where a forecast is sure. From quantiles, as backtests have them: `crps`.

    Parameters
    ----------
    y_true : ndarray, shape (n_series, horizon)
    paths : ndarray, shape (n_series, n_paths, horizon)

    Raises
    ------
    ParameterError
        The shapes do not belong together, or there are fewer than two paths.

    Examples
    --------
    >>> crps_of_paths(np.array([[3.0]]), np.array([[[1.0], [4.0]]]))  # (2 + 1) / 2 - 3 / 2
    array([0.])
    """
    _check(y_true, paths)
    m = paths.shape[1]
    ordered = np.sort(paths, axis=1)
    weights = (2 * np.arange(1, m + 1) - m - 1) / (m * (m - 1))
    spread = np.einsum("i,sih->sh", weights, ordered)
    return mean_over_steps(np.abs(paths - y_true[:, None]).mean(axis=1) - spread, y_true)


def energy_score(y_true: Floats, paths: Floats) -> Floats:
    """Energy score of whole paths, the CRPS of vectors; unit of the series.

    ``mean ||x_i - y|| - sum_{i<j} ||x_i - x_j|| / (m (m - 1))`` with Euclidean norms over the steps (Gneiting,
    Stanberry, Grimit, Held & Johnson 2008, *Test* 17, eq. 12, with the fair second term). It grows with the root of the
    horizon. Time grows with the square of the number of paths.

    Parameters, Raises
    ------------------
    As `crps_of_paths`.

    Examples
    --------
    >>> paths = np.array([[[0.0, 0.0], [6.0, 8.0]]])
    >>> energy_score(np.array([[3.0, 4.0]]), paths)  # (5 + 5) / 2 - 10 / 2
    array([0.])
    """
    _check(y_true, paths)
    score = np.full(len(y_true), np.nan)
    for i, (y, own) in enumerate(zip(y_true, paths, strict=True)):
        known = ~np.isnan(y)
        if known.any():
            seen = own[:, known]
            score[i] = np.linalg.norm(seen - y[known], axis=1).mean() - pdist(seen).mean() / 2
    return score


def variogram_score(y_true: Floats, paths: Floats) -> Floats:
    """Variogram score of order 0.5, the mean over pairs of steps; unit of the series.

    ``(|y_s - y_t|^0.5 - mean |x_s - x_t|^0.5)^2`` (Scheuerer & Hamill 2015, *Monthly Weather Review* 143, eq. 7, with
    equal weights). It sees how steps hang together, which the energy score hardly does, and neither bias nor a common
    shift; it is not fair, but the more paths the better. A series with fewer than two known steps scores nan.

    Parameters, Raises
    ------------------
    As `crps_of_paths`.

    Examples
    --------
    >>> variogram_score(np.array([[1.0, 5.0]]), np.array([[[1.0, 1.0], [0.0, 4.0]]]))  # (2 - (0 + 2) / 2)**2
    array([1.])
    """
    _check(y_true, paths)
    horizon = y_true.shape[1]
    total, count = np.zeros((2, len(y_true)))
    for lag in range(1, horizon):  # all pairs of steps so far apart
        found = np.sqrt(np.abs(paths[:, :, lag:] - paths[:, :, :-lag])).mean(axis=1)
        squares = (np.sqrt(np.abs(y_true[:, lag:] - y_true[:, :-lag])) - found) ** 2  # nan where a truth is
        total += np.nansum(squares, axis=1)
        count += (~np.isnan(squares)).sum(axis=1)
    return np.asarray(total / np.where(count > 0, count, np.nan))


def _check(y_true: Floats, paths: Floats) -> None:
    if y_true.ndim != 2 or paths.ndim != 3 or (len(y_true), y_true.shape[1]) != (len(paths), paths.shape[2]):
        raise ParameterError(
            f"y_true has the shape {y_true.shape} and paths {paths.shape}; (n_series, horizon) and (n_series, n_paths, "
            "horizon) are needed."
        )
    if paths.shape[1] < 2:
        raise ParameterError(f"paths has {paths.shape[1]} paths of each series; a score needs two or more.")
