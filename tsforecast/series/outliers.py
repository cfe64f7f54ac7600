"""Single extreme values clipped: one mistyped number must not set the scale and the season of its series."""

import numpy as np

from tsforecast._types import Ints
from tsforecast.kernels.series.extent import distances, largest_usual
from tsforecast.panel import Panel

_GAP = 10.0  # times the next largest distance: a series does not reach so far out of itself ...
_RARE = 50  # ... once in so many values
_CLIPPED_TO = 2.0  # times that distance
_FEWEST_VALUES = 8  # values that say what is usual


def clip_outliers(panel: Panel) -> Panel:
    """The panel with outliers clipped; the panel itself where there is none.

    The distance of a value is that from the median of the five about it. The largest distances of a series, one in
    fifty values and at least one, are outliers where they are more than ten times the next largest; they are clipped to
    twice that one. The last value of a series stays as it is: it may be the first of a new level, as no value after it
    tells. So does a panel with covariates, which may explain such values.

    Examples
    --------
    >>> y = 10 + np.arange(20.0) % 3
    >>> y[12] = 1000
    >>> clip_outliers(Panel.from_array(y)).values[10:15]
    array([11., 12., 14., 11., 12.])
    """
    if panel.covariates is not None:
        return panel
    away, middle = distances(panel.values, panel.indptr)
    limit = _CLIPPED_TO * largest_usual(away, panel.indptr, _GAP, _RARE)
    if not np.isfinite(limit).any():
        return panel
    limit = np.where(panel.n_present < _FEWEST_VALUES, np.inf, limit).repeat(panel.lengths)
    limit[_last_rows(panel)] = np.inf
    far = away > limit
    values = panel.values.copy()
    values[far] = np.clip(values[far], middle[far] - limit[far], middle[far] + limit[far])
    return panel.with_values(values)


def _last_rows(panel: Panel) -> Ints:
    """Places of the last value of each series, of its first row where it has none."""
    rows = np.where(np.isnan(panel.values), 0, np.arange(panel.n_obs))
    return np.maximum(np.maximum.reduceat(rows, panel.indptr[:-1]), panel.indptr[:-1])
