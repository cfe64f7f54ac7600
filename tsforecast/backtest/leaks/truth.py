"""The truth of every window, and where a forecast that is equal to it says something."""

import numpy as np

from tsforecast._types import Bools, Floats
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.plan.windows import truth_rows
from tsforecast.panel import Panel


def truth_of(panel: Panel, cv: RollingOrigin) -> Floats:
    """The values of each window: ``(n_windows, n_series, horizon)``."""
    return np.stack([panel.values[truth_rows(panel.indptr, cv, window)] for window in range(cv.n_windows)])


def is_telling(truth: Floats) -> Bools:
    """Whether a series varies within each window, or over windows of one step: ``(n_windows, n_series)``.

    A model that always forecasts zero is right where a series is zero, and knows nothing.

    Examples
    --------
    >>> is_telling(np.array([[[0.0, 0.0]], [[0.0, 1.0]]]))
    array([[False],
           [ True]])
    """
    if truth.shape[2] > 1:
        return np.asarray(np.ptp(truth, axis=2) > 0)
    return np.broadcast_to(np.ptp(truth, axis=(0, 2)) > 0, truth.shape[:2])
