"""Series that regressors and differences explain to the last digit: there is no likelihood to maximise."""

import numpy as np

from tsforecast._types import Floats
from tsforecast.kernels.arma.estimation.limits import NO_STRUCTURE, ROUNDING
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.result import ArimaFit

DEGENERATE = "its likelihood is not finite, or its innovation variance is below the resolution of the values"


def resolution(y: Floats, order: Order) -> float:
    """What the values of a series, rounded, leave of 0 after the differences of ``order``, in the unit of the series.

    Examples
    --------
    >>> resolution(np.array([1.0, 8.0]), Order(0, 1, 0)) == 16 * 2.0**-50
    True
    """
    return float(ROUNDING * 2.0 ** (order.d + order.D) * np.nanmax(np.abs(y)))


def perfect_fit(y: Floats, Z: Floats, names: tuple[str, ...], order: Order) -> ArimaFit | None:
    """The fit of a series that its regressors and differences explain to 10 digits of its level, else None.

    What is left is taken for white noise: ``sigma2`` is its mean square, and 0, with an infinite ``loglik``, only where
    it is the rounding of the values. (A likelihood of such rests has no digits to choose lags by.)

    Examples
    --------
    >>> perfect_fit(np.full(9, 7.0), np.ones((9, 1)), ("mean",), Order(1, 0, 0)).coefficients
    {'phi1': 0.0, 'mean': 7.0}
    """
    w, X = order.difference(y), order.difference(Z)
    known, largest = ~np.isnan(w), NO_STRUCTURE * np.nanmax(np.abs(y))
    beta, left = _least_squares(w[known], X[known])
    if np.max(np.abs(left), initial=0.0) <= largest and not known.all():  # values apart over a gap are seen now
        gaps = np.isnan(y)
        filled = np.where(gaps, np.nanmean(y), y)
        rows = order.difference(np.column_stack([Z, np.eye(y.size)[:, gaps]]))
        beta, left = _least_squares(order.difference(filled), rows)
        beta = beta[: Z.shape[1]]
    spread = float(np.max(np.abs(left), initial=0.0))
    if spread > largest:
        return None
    zeros = (np.zeros(order.p), np.zeros(order.q), np.zeros(order.P), np.zeros(order.Q))
    n_obs = int((~np.isnan(y)).sum()) - order.n_lost
    sigma2, value = 0.0, float("inf")
    if spread > resolution(y, order):
        sigma2 = float(left @ left) / n_obs
        value = -0.5 * n_obs * (float(np.log(2 * np.pi * sigma2)) + 1.0)
    return ArimaFit(order, *zeros, beta, names, sigma2, value, n_obs, True, 0)


def _least_squares(w: Floats, X: Floats) -> tuple[Floats, Floats]:
    """Coefficients and residual."""
    if not X.size:
        return np.zeros(X.shape[1]), w
    beta = np.asarray(np.linalg.lstsq(X, w, rcond=None)[0], dtype=np.float64)
    return beta, w - X @ beta
