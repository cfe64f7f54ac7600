"""Clips single extreme values, so that one mistyped number does not set the scale and season of its series."""

import numpy as np

from tsforecast._types import Ints
from tsforecast.kernels.series.extent import distances, largest_usual
from tsforecast.panel import Panel

GAP = 10.0  # an outlier is so many times further away than the next largest distance ...
RARE = 50  # ... and at most one value in so many is an outlier
CLIPPED_TO = 2.0  # outliers are clipped to so many times the next largest distance
FEWEST_VALUES = 8  # fewest values for finding outliers


def clip_outliers(panel: Panel) -> Panel:
    """The panel with outliers clipped; the panel itself where there is none.

    The distance of a value is that from the median of the five around it. The largest distances of a series, one in
    fifty values and at least one, are outliers where they are more than ten times the next largest; they are clipped to
    twice that one. The last value of a series stays as it is: it may be the first of a new level. A panel with
    covariates is unchanged, since these may explain such values.

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
    limit = CLIPPED_TO * largest_usual(away, panel.indptr, GAP, RARE)
    if not np.isfinite(limit).any():
        return panel
    limit = np.where(panel.n_present < FEWEST_VALUES, np.inf, limit).repeat(panel.lengths)
    limit[last_rows(panel)] = np.inf
    far = away > limit
    values = panel.values.copy()
    values[far] = np.clip(values[far], middle[far] - limit[far], middle[far] + limit[far])
    return panel.with_values(values)


def last_rows(panel: Panel) -> Ints:
    """Row of the last value of each series, or its first row where it has none."""
    rows = np.where(np.isnan(panel.values), 0, np.arange(panel.n_obs))
    return np.maximum(np.maximum.reduceat(rows, panel.indptr[:-1]), panel.indptr[:-1])
