"""What a fit is read by: its table, and the test of Ljung and Box on its residuals."""

import numpy as np
from scipy import stats

from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError
from tsforecast.models.arima.result import ArimaFit
from tsforecast.panel.whole_numbers import whole_number


def table(name: str, fit: ArimaFit, matrix: Floats) -> str:
    """Estimates of one series with standard errors from their covariance ``matrix``, and criteria, as lines of text."""
    errors = np.sqrt(np.diag(matrix))
    lines = [f"{name}: ARIMA{fit.order}, n_obs={fit.n_obs}, converged={fit.converged}"]
    titles = f"{'estimate':>12}  {'std. error':>12}  {'z':>8}  {'P>|z|':>7}  {'2.5%':>12}  {'97.5%':>12}"
    lines.append(f"{'':16}  {titles}")
    for (key, value), error in zip(fit.coefficients.items(), errors, strict=True):
        z, half = value / error, stats.norm.ppf(0.975) * error
        numbers = f"{value:12.5g}  {error:12.5g}  {z:8.3f}  {2 * stats.norm.sf(abs(z)):7.4f}"
        lines.append(f"{key:16}  {numbers}  {value - half:12.5g}  {value + half:12.5g}")
    lines.append(f"{'sigma2':16}  {fit.sigma2:12.5g}")
    lines.append(f"loglik {fit.loglik:.3f}, AIC {fit.aic:.3f}, AICc {fit.aicc:.3f}, BIC {fit.bic:.3f}")
    if np.isnan(errors).any():
        lines.append("nan: no standard error, as a root lies on the unit circle or the likelihood has no peak there.")
    return "\n".join(lines)


def ljung_box(residuals: Floats, n_lags: int, n_coefficients: int) -> tuple[float, float]:
    """Statistic of Ljung & Box (1978) on the first ``n_lags`` autocorrelations of residuals (n_obs,), and its p-value.

    The degrees of freedom are ``n_lags`` less ``n_coefficients``, those of the lag polynomials; nan is passed over.

    Examples
    --------
    >>> statistic, p = ljung_box(np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0]), 1, 0)
    >>> bool(p < 0.01)
    True
    """
    degrees = whole_number("n_lags", n_lags) - n_coefficients
    if degrees < 1:
        raise ParameterError(f"n_lags={n_lags} leaves no degree of freedom; {n_lags - degrees + 1} are needed.")
    e = residuals
    e = e[~np.isnan(e)]
    if n_lags >= e.size:
        raise ParameterError(f"n_lags={n_lags} are too many for {e.size} residuals; give {e.size - 1} at most.")
    e = e - e.mean()
    r = np.array([e[k:] @ e[:-k] for k in range(1, n_lags + 1)]) / (e @ e)
    statistic = e.size * (e.size + 2) * float(np.sum(r**2 / (e.size - np.arange(1, n_lags + 1))))
    return statistic, float(stats.chi2.sf(statistic, degrees))
