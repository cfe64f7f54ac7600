"""Gaps of a series filled by straight lines."""

import numpy as np

from tsforecast._types import Floats


def interpolated(y: Floats) -> Floats:
    """The series with straight lines through its gaps: ``(n_obs,)`` both.

    Before the first and after the last known value it is level. A series without any value becomes all zeros.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        nan is a missing value.

    Examples
    --------
    >>> interpolated(np.array([np.nan, 1.0, np.nan, 3.0, np.nan]))
    array([1., 1., 2., 3., 3.])
    """
    known = np.flatnonzero(~np.isnan(y))
    if known.size == y.size:
        return y
    if known.size == 0:
        return np.zeros(y.size)
    return np.asarray(np.interp(np.arange(y.size), known, y[known]))
