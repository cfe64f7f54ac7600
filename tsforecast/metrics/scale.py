"""The scale of a series: how much it changes over one season in the training data."""

import numpy as np

from tsforecast._types import Floats, Ints


def seasonal_scale(
    values: Floats, indptr: Ints, season_length: int, *, squared: bool = False, stop: Ints | None = None
) -> Floats:
    """Mean absolute (or squared) change over one season, of each series: ``(n_obs,)`` -> ``(n_series,)``.

    ``mean(|y[t] - y[t - m]|)`` over t = m + 1 … T, with m = ``season_length``: the mean absolute error of the seasonal
    naive forecast in the training data (Hyndman & Koehler 2006, eq. 3.4, for m = 1).

    Parameters
    ----------
    values : ndarray, shape (n_obs,)
        Observations of all series, one series after another; pairs with a nan are left out.
    indptr : ndarray of int, shape (n_series + 1,)
        Series i is ``values[indptr[i]:indptr[i + 1]]``.
    season_length : int
        Steps per season, at least 1.
    squared : bool
        Mean squared changes, the scale of RMSSE, in place of absolute ones.
    stop : ndarray of int, shape (n_series,), optional
        How many observations of each series are training data, from its first; all where it is None.

    Returns
    -------
    ndarray, shape (n_series,)
        Positive, or nan: for a series no longer than a season, and where every change is zero, so that a score divided
        by it is nan and not infinite.

    Examples
    --------
    >>> seasonal_scale(np.array([1.0, 2.0, 4.0, 5.0, 5.0]), np.array([0, 3, 5]), 1)
    array([1.5, nan])
    """
    lengths = np.diff(indptr) if stop is None else stop
    end = indptr[:-1] + lengths
    change = np.full(values.size + 1, np.nan)  # one more element, so that a slice may begin at the end
    if values.size > season_length:
        change[season_length:-1] = np.abs(values[season_length:] - values[:-season_length])
    known = np.isfinite(change)
    terms = np.where(known, change**2 if squared else change, 0.0)
    begin = np.minimum(indptr[:-1] + season_length, end)
    pairs = np.stack([begin, end], axis=1).reshape(-1)  # alternately sums over begin[i]:end[i] and over the rest
    totals = np.add.reduceat(terms, pairs)[::2]
    counts = np.add.reduceat(known.astype(np.float64), pairs)[::2]
    usable = (lengths > season_length) & (counts > 0) & (totals > 0)
    return np.where(usable, totals / np.where(usable, counts, 1.0), np.nan)
