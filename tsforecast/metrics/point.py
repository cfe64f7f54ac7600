"""Scores of point forecasts: ``y_true`` and ``y_pred``, each ``(n_series, horizon)``, -> ``(n_series,)``.

A step whose truth is nan is left out of the mean; a series without any truth scores nan. A scale comes ready, from
`tsforecast.metrics.scale.seasonal_scale`.

`wape`, `rmse` and `rmsse` score each series apart, and a table of them is the mean over series. Published tables often
pool the series instead (GluonTS, AutoGluon): one sum over all series above the line and one below. The functions called
``pooled_...`` give these two parts of each series; `pooled` puts them together.
"""

import numpy as np

from tsforecast._types import Floats
from tsforecast.metrics.metric import ALL_POOLED, BY_SERIES, Metric


def mean_over_steps(values: Floats, y_true: Floats) -> Floats:
    """Mean over the steps whose truth is known: ``(n_series, horizon)`` -> ``(n_series,)``, nan where there is none."""
    known = ~np.isnan(y_true)
    counts = known.sum(axis=1)
    totals = np.where(known, values, 0.0).sum(axis=1)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)


def total_over_steps(values: Floats, y_true: Floats) -> Floats:
    """Sum over the steps whose truth is known: ``(n_series, horizon)`` -> ``(n_series,)``, 0 where there is none."""
    return np.where(np.isnan(y_true), 0.0, values).sum(axis=1)


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
    """Root mean squared error of each series, ``sqrt(mse)``; unit of the series.

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
    """Root mean squared scaled error of each series, ``sqrt(mse / scale)``; unitless.

    Hyndman & Koehler (2006). The M5 competition weighs these by the sales of each series; here all weigh the same.
    ``scale``, ``(n_series,)``, is the mean *squared* change over one season in the training data; where
    it is nan (constant or too short a series) the score is nan.

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
    """Absolute errors over absolute truth of each series, ``sum(|y_true - y_pred|) / sum(|y_true|)``; unitless.

    A series whose truth is all zero scores nan.

    Examples
    --------
    >>> wape(np.array([[2.0, 2.0]]), np.array([[1.0, 3.0]]))
    array([0.5])
    """
    return mae(y_true, y_pred) / _positive(mean_over_steps(np.abs(y_true), y_true))


def pooled_wape(y_true: Floats, y_pred: Floats) -> tuple[Floats, Floats]:
    """Absolute errors and absolute truth, summed over the steps of each series: two ``(n_series,)``, to be `pooled`.

    Their pooled ratio is the WAPE (ND) of GluonTS and the WAPE of AutoGluon; a series of zeros counts above the line.

    Examples
    --------
    >>> pooled(*pooled_wape(np.array([[2.0, 2.0], [0.0, 0.0]]), np.array([[1.0, 3.0], [1.0, 1.0]])))
    1.0
    """
    return total_over_steps(np.abs(y_true - y_pred), y_true), total_over_steps(np.abs(y_true), y_true)


def pooled_rmse(y_true: Floats, y_pred: Floats) -> tuple[Floats, Floats]:
    """Squared errors and the steps that they are of, for each series: two ``(n_series,)``, to be `pooled`, with a root.

    Examples
    --------
    >>> pooled(*pooled_rmse(np.array([[1.0], [5.0]]), np.array([[4.0], [1.0]])), root=True).__round__(3)
    3.536
    """
    return total_over_steps((y_true - y_pred) ** 2, y_true), total_over_steps(np.ones_like(y_true), y_true)


def pooled_rmsse(y_true: Floats, y_pred: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Squared errors over ``scale`` and the steps that they are of: two ``(n_series,)``, to be `pooled`, with a root.

    Their pooled ratio is the RMSSE of AutoGluon, ``sqrt(mean of all squared scaled errors)``. Where the scale is nan
    (constant or too short a series) both are.

    Examples
    --------
    >>> one = np.ones((2, 1))
    >>> pooled(*pooled_rmsse(one, one * [[2.0], [4.0]], np.array([1.0, 3.0])), root=True).__round__(3)
    1.414
    """
    known = _positive(scale)
    squares, steps = pooled_rmse(y_true, y_pred)
    return squares / known, np.where(np.isnan(known), np.nan, steps)


def pooled(above: Floats, below: Floats, *, root: bool = False) -> float:
    """The sum of the parts above the line over the sum of those below, or its root; parts that are nan are left out.

    nan where nothing is below the line.

    Examples
    --------
    >>> pooled(np.array([1.0, 2.0]), np.array([4.0, 2.0]))
    0.5
    """
    known = ~(np.isnan(above) | np.isnan(below))
    total = float(below[known].sum())
    ratio = float(above[known].sum()) / total if total > 0 else float("nan")
    return float(np.sqrt(ratio)) if root else ratio


def _positive(scale: Floats) -> Floats:
    return np.where(scale > 0, scale, np.nan)


POINT_METRICS = (
    Metric("bias", bias, best=0.0, title="Bias", meaning="mean of forecast minus truth"),
    Metric("mae", mae, title="MAE", meaning="mean absolute error, in the unit of the series"),
    Metric("mse", mse, title="MSE", meaning="mean squared error"),
    Metric(
        "rmse", rmse, title="RMSE",
        meaning=f"root mean squared error, in the unit of the series; {BY_SERIES}",
    ),
    Metric(
        "pooled_rmse", pooled_rmse, pooled=True, root=True, title="RMSE pooled",
        meaning=f"root mean squared error, in the unit of the series; {ALL_POOLED}, and the root taken at the end",
    ),
    Metric(
        "mase", mase, scale="absolute", title="MASE",
        meaning="mean absolute error over the mean absolute change over one season before the cutoff; 1 = as good "
        "as repeating the last season did in the training data; not defined where the series never changed",
    ),
    Metric(
        "rmsse", rmsse, scale="squared", title="RMSSE",
        meaning="root mean squared error over the root mean squared change over one season before the cutoff; "
        f"{BY_SERIES}",
    ),
    Metric(
        "pooled_rmsse", pooled_rmsse, scale="squared", pooled=True, root=True, title="RMSSE pooled",
        meaning=f"the same with {ALL_POOLED}, and the root taken at the end",
    ),
    Metric(
        "mape", mape, decimals=2, title="MAPE %",
        meaning="mean of 100 |y - f| / |y|; not defined for a series with a zero",
    ),
    Metric(
        "smape", smape, decimals=2, title="sMAPE %",
        meaning="mean of 200 |y - f| / (|y| + |f|), 0 to 200; 0 where both are zero",
    ),
    Metric(
        "wape", wape, title="WAPE by series",
        meaning=f"sum of absolute errors over the sum of absolute values; {BY_SERIES}",
    ),
    Metric(
        "pooled_wape", pooled_wape, pooled=True, title="WAPE pooled",
        meaning=f"sum of absolute errors over the sum of absolute values; {ALL_POOLED}",
    ),
)  # fmt: skip
