"""Whether a series has a unit root: the augmented Dickey-Fuller test, the KPSS test, and how often to difference."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from tsforecast._types import Floats
from tsforecast.kernels.series import unit_root

KPSS_CRITICAL = 0.463  # 5% of the test around a level
ADF_CRITICAL_1 = -3.43  # 1% of the test around a constant: MacKinnon (2010), table 2, many observations

# Upper tail of the KPSS statistic around a level: Kwiatkowski et al. (1992), table 1
_KPSS_TABLE = (0.347, KPSS_CRITICAL, 0.574, 0.739), (0.10, 0.05, 0.025, 0.01)
# P-value of the Dickey-Fuller statistic around a constant: the normal distribution function of a polynomial in it, one
# below and one above -1.61, MacKinnon (1994), tables 3 and 4
_LOWER, _UPPER = (2.1659, 1.4412, 0.038269), (1.7339, 0.93202, -0.12745, -0.010368)
_BETWEEN, _LOWEST, _HIGHEST = -1.61, -18.83, 2.74
_FEWEST_TESTED = 4  # values that a test says something of


class UnitRootTest(NamedTuple):
    """Statistic and p-value of a test; nan where it has no answer."""

    statistic: float
    pvalue: float


def kpss(y: Floats) -> UnitRootTest:
    """The KPSS test: a small p-value says that the series is not stationary around a level.

    Kwiatkowski, Phillips, Schmidt & Shin (1992), equation 11. The long-run variance has a Bartlett window of
    ``3 sqrt(n) / 13`` lags, as in R's ``ndiffs``, on which `n_differences` rests.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        No missing values.

    Returns
    -------
    UnitRootTest
        The p-value is interpolated in the table of the paper, and kept within its ends, 0.01 and 0.1. nan for a
        constant series and for fewer than four values.

    Examples
    --------
    >>> kpss(np.sin(np.arange(100.0) ** 2)).pvalue, kpss(np.arange(100.0)).pvalue
    (0.1, 0.01)
    """
    if y.size < _FEWEST_TESTED or np.ptp(y) == 0.0:
        return UnitRootTest(np.nan, np.nan)
    statistic = float(unit_root.kpss_statistic(y))
    return UnitRootTest(statistic, float(np.interp(statistic, *_KPSS_TABLE)))


def n_differences(y: Floats, max_d: int = 2) -> int:
    """Differences after which the KPSS test no longer rejects stationarity at 5%; R's ``ndiffs``.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        No missing values.
    max_d : int

    Examples
    --------
    >>> walk = np.cumsum(np.sin(np.arange(200.0) ** 2))
    >>> n_differences(np.cumsum(walk)), n_differences(walk), n_differences(np.diff(walk))
    (2, 1, 0)
    """
    for d in range(max_d):
        if not kpss(y).statistic > KPSS_CRITICAL:
            return d
        y = np.diff(y)
    return max_d


def adf(y: Floats) -> UnitRootTest:
    """The augmented Dickey-Fuller test around a constant: a small p-value says that there is no unit root.

    Said & Dickey (1984), with the number of lagged changes of lowest AIC among up to ``12 (n / 100)^(1/4)``, compared
    on the observations that all share (Schwert 1989); p-values of MacKinnon (1994).

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        No missing values.

    Returns
    -------
    UnitRootTest
        nan where the regression has no answer: constants, lines, and series that it explains wholly.

    Examples
    --------
    >>> noise = np.sin(np.arange(100.0) ** 2)
    >>> adf(noise).pvalue < 0.01, adf(np.cumsum(noise)).pvalue > 0.01
    (True, True)
    """
    most = min(int(np.ceil(12 * (y.size / 100) ** 0.25)), y.size // 2 - 2)
    if most < 0:
        return UnitRootTest(np.nan, np.nan)
    u = _standardized(y)
    fits = [_regression(u[most - n_lags :], n_lags) for n_lags in range(most + 1)]
    aic = [fit.rest.size * np.log(max(fit.squares, np.finfo(float).tiny)) + 2 * fit.x.shape[1] for fit in fits]
    fit = _regression(u, int(np.argmin(aic)))
    if not fit.has_answer:
        return UnitRootTest(np.nan, np.nan)
    return UnitRootTest(fit.statistic, adf_pvalue(fit.statistic))


def adf_statistic(y: Floats, n_lags: int) -> float:
    """Statistic of the same test with ``n_lags`` lagged changes; very low where the regression explains all.

    Examples
    --------
    >>> adf_statistic(np.sin(np.arange(100.0) ** 2), 4) < ADF_CRITICAL_1
    True
    """
    return _regression(_standardized(y), n_lags).statistic


def adf_pvalue(statistic: float) -> float:
    """P-value of a statistic of the Dickey-Fuller test around a constant, for many observations: MacKinnon (1994).

    Examples
    --------
    >>> round(adf_pvalue(-2.86), 2), round(adf_pvalue(-3.43), 2)
    (0.05, 0.01)
    """
    if not _LOWEST <= statistic <= _HIGHEST:
        return float(statistic > _HIGHEST)
    coefficients = _LOWER if statistic <= _BETWEEN else _UPPER
    return float(ndtr(np.polynomial.polynomial.polyval(statistic, coefficients)))


class _Regression(NamedTuple):
    """Changes regressed on the value before, a constant and lagged changes."""

    statistic: float  # t statistic of the value before
    x: Floats  # (n_used, n_lags + 2)
    change: Floats  # (n_used,)
    rest: Floats  # (n_used,)

    @property
    def squares(self) -> float:
        return float(self.rest @ self.rest)

    @property
    def has_answer(self) -> bool:
        """Whether there are more observations than coefficients, each is told from the others, and errors are left."""
        n_used, n_columns = self.x.shape
        left = self.squares > 1e-20 * float(self.change @ self.change)
        return left and n_used > n_columns and bool(np.linalg.matrix_rank(self.x) == n_columns)


def _regression(u: Floats, n_lags: int) -> _Regression:
    """Least squares for ``u[t] - u[t-1] = a + b u[t-1] + sum over k <= n_lags of c[k] (u[t-k] - u[t-k-1]) + e[t]``."""
    change = np.diff(u)
    lagged = [change[n_lags - k : change.size - k] for k in range(1, n_lags + 1)]
    x = np.column_stack([u[n_lags:-1], np.ones(change.size - n_lags), *lagged])
    y = change[n_lags:]
    inverse = np.linalg.pinv(x.T @ x)
    slope = inverse @ x.T @ y
    rest = y - x @ slope
    error = np.sqrt(max(float(rest @ rest) / max(y.size - x.shape[1], 1) * inverse[0, 0], 1e-300))
    return _Regression(float(slope[0] / error), x, y, rest)


def _standardized(y: Floats) -> Floats:
    """Mean 0 and standard deviation 1, which leave the statistic as it is: sums of squares are then of one size."""
    return np.asarray((y - y.mean()) / (float(y.std()) or 1.0))
