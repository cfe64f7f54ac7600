"""Scores of quantile forecasts: ``(n_series, horizon)`` and ``(n_series, horizon, n_quantiles)`` -> ``(n_series,)``.

The pinball loss of quantile level q at truth y and forecast f is ``q * (y - f)`` where y >= f and ``(1 - q) * (f - y)``
elsewhere (Koenker & Bassett 1978), without the factor 2 that some write. A step whose truth is nan is left out; a
series without any truth, or a forecast without any quantile, scores nan.
"""

import numpy as np

from tsforecast._types import Floats
from tsforecast.metrics.metric import ALL_POOLED, BY_SERIES, Metric
from tsforecast.metrics.point import mean_over_steps, total_over_steps


def pinball(y_true: Floats, quantiles: Floats, levels: Floats) -> Floats:
    """Pinball loss, the mean over steps and quantile levels; unit of the series.

    Parameters
    ----------
    y_true : ndarray, shape (n_series, horizon)
    quantiles : ndarray, shape (n_series, horizon, n_quantiles)
    levels : ndarray, shape (n_quantiles,)

    Examples
    --------
    >>> pinball(np.array([[3.0]]), np.array([[[1.0, 4.0]]]), np.array([0.1, 0.9]))
    array([0.15])
    """
    if levels.size == 0:
        return np.full(y_true.shape[0], np.nan)
    error = y_true[:, :, None] - quantiles  # (n_series, horizon, n_quantiles)
    loss = np.maximum(levels * error, (levels - 1) * error)
    return mean_over_steps(loss.mean(axis=2), y_true)


def crps(y_true: Floats, quantiles: Floats, levels: Floats) -> Floats:
    """Continuous ranked probability score from quantiles, ``2 * pinball``; unit of the series.

    Twice the mean pinball loss over the levels tends to the CRPS as equally spaced levels fill (0, 1) (Gneiting &
    Ranjan 2011, eq. 14); with few levels it is only comparable between forecasts with the same levels.

    Examples
    --------
    >>> crps(np.array([[3.0]]), np.array([[[1.0, 4.0]]]), np.array([0.1, 0.9]))
    array([0.3])
    """
    return 2 * pinball(y_true, quantiles, levels)


def wql(y_true: Floats, quantiles: Floats, levels: Floats) -> Floats:
    """Weighted quantile loss of each series, ``2 * sum(pinball) / sum(|y_true|)``, the mean over levels; unitless.

    A table of it is the mean over series; published tables pool the series instead: `pooled_wql`.
    A series whose truth is all zero scores nan.

    Examples
    --------
    >>> wql(np.array([[3.0]]), np.array([[[1.0, 4.0]]]), np.array([0.1, 0.9]))
    array([0.1])
    """
    size = mean_over_steps(np.abs(y_true), y_true)
    return 2 * pinball(y_true, quantiles, levels) / np.where(size > 0, size, np.nan)


def pooled_wql(y_true: Floats, quantiles: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """``2 * sum(pinball)``, the mean over levels, and ``sum(|y_true|)``: two ``(n_series,)``, to be pooled.

    The sum of the ones over the sum of the others (`tsforecast.metrics.point.pooled`) is ``mean_wQuantileLoss`` of
    GluonTS's ``Evaluator`` and the WQL of AutoGluon.

    Examples
    --------
    >>> above, below = pooled_wql(np.array([[3.0]]), np.array([[[1.0, 4.0]]]), np.array([0.1, 0.9]))
    >>> above, below
    (array([0.3]), array([3.]))
    """
    steps = total_over_steps(np.ones_like(y_true), y_true)
    above = np.where(steps > 0, 2 * pinball(y_true, quantiles, levels) * steps, 0.0)
    return (above if levels.size else np.full(len(y_true), np.nan)), total_over_steps(np.abs(y_true), y_true)


QUANTILE_METRICS = (
    Metric(
        "pinball", pinball, "quantile", title="Pinball",
        meaning="mean pinball loss over all quantiles, without the factor 2",
    ),
    Metric(
        "crps", crps, "quantile", title="CRPS",
        meaning="twice the mean pinball loss over all quantiles, in the unit of the series",
    ),
    Metric(
        "wql", wql, "quantile", title="WQL by series",
        meaning=f"twice the pinball loss over the sum of absolute values, mean of all quantiles; {BY_SERIES}",
    ),
    Metric(
        "pooled_wql", pooled_wql, "quantile", pooled=True, title="WQL pooled",
        meaning=f"twice the pinball loss over the sum of absolute values, mean of all quantiles; {ALL_POOLED}",
    ),
)  # fmt: skip
