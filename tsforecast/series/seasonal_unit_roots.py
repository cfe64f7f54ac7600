"""Tests of seasonal unit roots: Osborn, Chui, Smith & Birchenhall (1988) and Canova & Hansen (1995)."""

import numpy as np

from tsforecast._types import Floats

_MAX_LAG = 3  # of the autoregression in the OCSB regression, as in R's nsdiffs

# 5% of the von Mises distribution with 1 to 12 degrees of freedom: Canova & Hansen (1995), table 1
_VON_MISES = (0.470, 0.749, 1.01, 1.24, 1.47, 1.68, 1.90, 2.11, 2.32, 2.54, 2.75, 2.96)


def ocsb(y: Floats, season_length: int, n_lags: int | None = None) -> float:
    """The t statistic of a seasonal unit root, nan where the series is too short; below `ocsb_critical` it is rejected.

    Osborn et al. (1988), of ``w[t] = (1 - B)(1 - B^s) y[t]``::

        w[t] = b1 Z4[t-1] + b2 Z5[t-s] + sum over i = 1..p of a[i] w[t-i] + e[t]
        Z4[t] = a(B) (1 - B^s) y[t]        Z5[t] = a(B) (1 - B) y[t]

    where ``a(B)`` comes from the regression of w on its own p lags alone; the result is the t statistic of b2.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        No missing values.
    season_length : int
        The s of the equations.
    n_lags : int, optional
        The p of the equations; of 0 to 3 the one of lowest AIC, on the observations that all share, where it is None.
        (R's ``ocsb.test`` compares lags 1 to 3 and then takes one less than the best.)

    Examples
    --------
    >>> y = np.sin(np.arange(80.0) * np.pi / 2) + np.sin(np.arange(80.0) ** 2)
    >>> ocsb(y, 4) < ocsb_critical(4)
    True
    """
    n_obs = y.size - season_length - 1
    if n_lags is None:
        aic = [_ocsb_regression(y, season_length, p, n_obs - _MAX_LAG)[0] for p in range(_MAX_LAG + 1)]
        n_lags = int(np.argmin(aic))
    return _ocsb_regression(y, season_length, n_lags, n_obs - n_lags)[1]


def ocsb_critical(season_length: int) -> float:
    """The 5% critical value of `ocsb`: a curve through simulated values, of the documentation of R's ``ocsb.test``.

    Examples
    --------
    >>> round(ocsb_critical(12), 4)
    -1.803
    """
    x = np.log(season_length) - 0.7656451
    return float(-0.2937411 * np.exp(-0.2850853 * x - 0.05983644 * x**2) - 1.652202)


def _ocsb_regression(y: Floats, s: int, p: int, n: int) -> tuple[float, float]:
    """AIC and t statistic of the regression with p lags on the last n values; infinite and nan where there is none."""
    if n < p + 4:
        return np.inf, np.nan
    seasonal, plain = y[s:] - y[:-s], np.diff(y)
    w = np.diff(seasonal)
    lags = np.column_stack([w[w.size - n - i : w.size - i] for i in range(p + 1)])[:, 1:]
    a = np.linalg.lstsq(lags, w[-n:], rcond=None)[0]
    Z4 = np.convolve(seasonal, [1.0, *-a], "valid")  # its last value is at the last time, as that of Z5
    Z5 = np.convolve(plain, [1.0, *-a], "valid")
    columns = np.column_stack([Z4[-n - 1 : -1], Z5[Z5.size - n - s : Z5.size - s], lags])
    b, _, rank, _ = np.linalg.lstsq(columns, w[-n:], rcond=None)
    e = w[-n:] - columns @ b
    squares = float(e @ e)
    if rank < columns.shape[1] or not squares > 0.0:
        return np.inf, np.nan
    error = np.sqrt(squares / (n - p - 2) * np.linalg.inv(columns.T @ columns)[1, 1])
    return n * float(np.log(squares / n)) + 2 * (p + 3), float(b[1] / error)


def canova_hansen(y: Floats, season_length: int) -> float:
    """The statistic of a season that changes, against a constant one; nan where the series is too short.

    Canova & Hansen (1995), equation 13, at all seasonal frequencies together::

        L = n^-2 sum over t of F[t]' Omega^-1 F[t],        F[t] = sum over u <= t of f[u] e[u]

    with the trigonometric terms f (s - 1 of them) and the residuals e of y on a mean and f; Omega is the long-run
    covariance of ``f e`` with a Bartlett window of ``s (n / 100)^(1/4)`` lags, as in R's ``forecast``. Where s is odd R
    leaves the last sine out of the sum, but compares with the critical value for all s - 1 terms: it then rejects at
    0.8% of noise series in place of 4% (s = 3, n = 180).

    Examples
    --------
    >>> t = np.arange(80.0)
    >>> canova_hansen(np.sin(t * np.pi / 2) + np.sin(t**2), 4) < ch_critical(4)
    True
    """
    n, s = y.size, season_length
    if n < 2 * s + 5:
        return float("nan")
    angles = 2 * np.pi / s * np.outer(np.arange(1, n + 1), np.arange(1, s // 2 + 1))
    f = np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(n, -1)[:, : s - 1]  # no sine of frequency pi
    Z = np.column_stack([np.ones(n), f])
    scores = f * (y - Z @ np.linalg.lstsq(Z, y, rcond=None)[0])[:, None]  # (n, s - 1)
    omega = scores.T @ scores
    span = round(s * (n / 100) ** 0.25)
    for k in range(1, span + 1):
        lagged = scores[k:].T @ scores[: n - k]
        omega += (1 - k / (span + 1)) * (lagged + lagged.T)
    if np.linalg.matrix_rank(omega) < s - 1:
        return float("nan")
    sums = np.cumsum(scores, axis=0)
    return float(np.trace(np.linalg.solve(omega / n, sums.T @ sums)) / n**2)


def ch_critical(season_length: int) -> float:
    """The 5% critical value of `canova_hansen`.

    Up to s = 13 those of the paper's table 1 with s - 1 degrees of freedom; past it the curve that R's ``forecast``
    took from simulations, ``0.269 s^0.928``.

    Examples
    --------
    >>> ch_critical(4), round(ch_critical(24), 2)
    (1.01, 5.14)
    """
    if season_length <= len(_VON_MISES) + 1:
        return _VON_MISES[season_length - 2]
    return 0.269 * float(season_length) ** 0.928
