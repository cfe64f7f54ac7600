"""Scores of central intervals: truth, lower and upper end, each ``(n_series, horizon)``, -> ``(n_series,)``.

A step whose truth is nan is left out; a series without any truth scores nan, and so does one with a nan end of an
interval at a step whose truth is known: no interval is not a miss.
"""

import numpy as np

from tsforecast._types import Floats
from tsforecast.metrics.metric import Metric
from tsforecast.metrics.point import mean_over_steps


def coverage(y_true: Floats, lower: Floats, upper: Floats) -> Floats:
    """Percentage of steps whose truth lies in the interval, its ends included; an 80% interval should have 80.

    Examples
    --------
    >>> coverage(np.array([[1.0, 2.0]]), np.array([[1.0, 3.0]]), np.array([[2.0, 4.0]]))
    array([50.])
    """
    inside = np.where(np.isnan(lower) | np.isnan(upper), np.nan, (lower <= y_true) & (y_true <= upper))
    return 100 * mean_over_steps(inside, y_true)


def width(y_true: Floats, lower: Floats, upper: Floats) -> Floats:
    """Mean width of the interval over the steps whose truth is known; unit of the series.

    Examples
    --------
    >>> width(np.array([[1.0, 2.0]]), np.array([[1.0, 3.0]]), np.array([[2.0, 6.0]]))
    array([2.])
    """
    return mean_over_steps(upper - lower, y_true)


def interval_score(y_true: Floats, lower: Floats, upper: Floats, level: float) -> Floats:
    """Mean interval score: width, plus ``2 / alpha`` times what the truth lies outside; unit of the series.

    Gneiting & Raftery (2007), eq. 43, with ``alpha = 1 - level / 100``; lower is better.

    Examples
    --------
    >>> interval_score(np.array([[5.0]]), np.array([[1.0]]), np.array([[4.0]]), 80)
    array([13.])
    """
    alpha = round(1 - level / 100, 10)
    outside = np.maximum(lower - y_true, 0) + np.maximum(y_true - upper, 0)
    return mean_over_steps(upper - lower + 2 / alpha * outside, y_true)


def msis(y_true: Floats, lower: Floats, upper: Floats, level: float, scale: Floats) -> Floats:
    """Mean scaled interval score, ``interval_score / scale``; unitless.

    Makridakis, Spiliotis & Assimakopoulos (2020), the M4 competition. ``scale``, ``(n_series,)``, is that of MASE;
    where it is nan (constant or too short a series) the score is nan.

    Examples
    --------
    >>> msis(np.array([[5.0]]), np.array([[1.0]]), np.array([[4.0]]), 80, np.array([2.0]))
    array([6.5])
    """
    return interval_score(y_true, lower, upper, level) / np.where(scale > 0, scale, np.nan)


INTERVAL_METRICS = (
    Metric(
        "coverage", coverage, "interval", best="level", decimals=1, title="Cover",
        meaning="percentage of the truth inside the interval; it should be the interval's own percentage",
    ),
    Metric("width", width, "interval", best=None, title="Width", meaning="mean width of the interval"),
    Metric(
        "interval_score", interval_score, "interval", takes_level=True, title="Interval score",
        meaning="interval width plus a penalty for what falls outside, in the unit of the series",
    ),
    Metric(
        "msis", msis, "interval", scale="absolute", takes_level=True, title="MSIS",
        meaning="interval width plus a penalty for what falls outside, over the scale of MASE",
    ),
)  # fmt: skip
