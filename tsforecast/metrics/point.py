"""Scores of point forecasts: ``y_true`` and ``y_pred``, each ``(n_series, horizon)``, -> ``(n_series,)``.

A step whose truth is nan is left out of the mean; a series without any truth scores nan. A scale comes ready, from
`tsforecast.metrics.scale.seasonal_scale`.
"""

import numpy as np

from tsforecast._types import Floats


def mean_over_steps(values: Floats, y_true: Floats) -> Floats:
    """Mean over the steps whose truth is known: ``(n_series, horizon)`` -> ``(n_series,)``, nan where there is none."""
    known = ~np.isnan(y_true)
    counts = known.sum(axis=1)
    totals = np.where(known, values, 0.0).sum(axis=1)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)


def bias(y_true: Floats, y_pred: Floats) -> Floats:
    """Mean error, ``mean(y_pred - y_true)``: positive where forecasts are too high; unit of the series.

    Examples
    --------
    >>> bias(np.array([[1.0, 2.0]]), np.array([[2.0, 2.0]]))
    array([0.5])
    """
    return mean_over_steps(y_pred - y_true, y_true)


def mae(y_true: Floats, y_pred: Floats) -> Floats:
    """Mean absolute error, ``mean(|y_true - y_pred|)``; unit of the series.

    Examples
    --------
    >>> mae(np.array([[1.0, 4.0]]), np.array([[2.0, 2.0]]))
    array([1.5])
    """
    return mean_over_steps(np.abs(y_true - y_pred), y_true)


def mse(y_true: Floats, y_pred: Floats) -> Floats:
    """Mean squared error, ``mean((y_true - y_pred)**2)``; squared unit of the series.

    Examples
    --------
    >>> mse(np.array([[1.0, 4.0]]), np.array([[2.0, 2.0]]))
    array([2.5])
    """
    return mean_over_steps((y_true - y_pred) ** 2, y_true)


def rmse(y_true: Floats, y_pred: Floats) -> Floats:
    """Root mean squared error, ``sqrt(mse)``; unit of the series.

    Examples
    --------
    >>> rmse(np.array([[1.0, 4.0]]), np.array([[1.0, 2.0]])).round(3)
    array([1.414])
    """
    return np.sqrt(mse(y_true, y_pred))


def mase(y_true: Floats, y_pred: Floats, scale: Floats) -> Floats:
    """Mean absolute scaled error, ``mae / scale``; unitless, 1 is the seasonal naive method in the training data.

    Hyndman & Koehler (2006). ``scale``, ``(n_series,)``, is the mean absolute change over one season in the training
    data; where it is nan (constant or too short a series) the score is nan.

    Examples
    --------
    >>> mase(np.array([[1.0, 4.0]]), np.array([[2.0, 2.0]]), np.array([3.0]))
    array([0.5])
    """
    return mae(y_true, y_pred) / _positive(scale)


def rmsse(y_true: Floats, y_pred: Floats, scale: Floats) -> Floats:
    """Root mean squared scaled error, ``sqrt(mse / scale)``; unitless.

    Hyndman & Koehler (2006); the M5 competition. ``scale``, ``(n_series,)``, is the mean *squared* change over one
    season in the training data; where it is nan (constant or too short a series) the score is nan.

    Examples
    --------
    >>> rmsse(np.array([[1.0, 4.0]]), np.array([[2.0, 2.0]]), np.array([10.0]))
    array([0.5])
    """
    return np.sqrt(mse(y_true, y_pred) / _positive(scale))


def mape(y_true: Floats, y_pred: Floats) -> Floats:
    """Mean absolute percentage error, ``100 * mean(|y_true - y_pred| / |y_true|)``; percent.

    A series with a truth of zero scores nan: the percentage is not defined, and leaving the step out would flatter.

    Examples
    --------
    >>> mape(np.array([[2.0, 4.0], [0.0, 4.0]]), np.array([[1.0, 4.0], [1.0, 4.0]]))
    array([25., nan])
    """
    size = np.where(y_true == 0, np.nan, np.abs(y_true))
    return 100 * mean_over_steps(np.abs(y_true - y_pred) / size, y_true)


def smape(y_true: Floats, y_pred: Floats) -> Floats:
    """Symmetric mean absolute percentage error, 0 to 200, as in the M competitions (Makridakis & Hibon 2000); percent.

    ``mean(200 * |y_true - y_pred| / (|y_true| + |y_pred|))``; a step where both are zero counts as 0, one where only
    one of them is zero as 200.

    Examples
    --------
    >>> smape(np.array([[1.0, 0.0]]), np.array([[3.0, 0.0]]))
    array([50.])
    """
    size = np.abs(y_true) + np.abs(y_pred)
    return mean_over_steps(200 * np.abs(y_true - y_pred) / np.where(size > 0, size, 1.0), y_true)


def wape(y_true: Floats, y_pred: Floats) -> Floats:
    """Absolute errors over absolute truth, ``sum(|y_true - y_pred|) / sum(|y_true|)``; unitless.

    A series whose truth is all zero scores nan.

    Examples
    --------
    >>> wape(np.array([[2.0, 2.0]]), np.array([[1.0, 3.0]]))
    array([0.5])
    """
    return mae(y_true, y_pred) / _positive(mean_over_steps(np.abs(y_true), y_true))


def _positive(scale: Floats) -> Floats:
    return np.where(scale > 0, scale, np.nan)
