"""Facts of a fit of the ARIMA family: likelihood, the order chosen, and what is left in its residuals."""

import numpy as np
from scipy import stats

from tsforecast._types import Floats
from tsforecast.models.arima.result import ArimaFit
from tsforecast.models.arima.summary import ljung_box

_FEWEST = 3  # degrees of freedom that a test of Ljung and Box is left
_MOST_LAGS = 200


def order_facts(fit: ArimaFit) -> dict[str, float]:
    """The order ``p``, ``d``, ``q``, ``P``, ``D``, ``Q`` with its season, and ``trend``, 1 for a mean or a drift."""
    order = fit.order
    chosen = {name: float(getattr(order, name)) for name in ("p", "d", "q", "P", "D", "Q", "season_length")}
    return chosen | {"trend": float(bool({"mean", "drift"} & set(fit.beta_names)))}


def likelihood_facts(fit: ArimaFit) -> dict[str, float]:
    """``sigma2``, ``loglik``, ``aicc`` and ``converged``, 1 where the likelihood is at a maximum."""
    return {"sigma2": fit.sigma2, "loglik": fit.loglik, "aicc": fit.aicc, "converged": float(fit.converged)}


def residual_facts(residuals: Floats, season_length: int, n_coefficients: int) -> "dict[str, float | list[float]]":
    """What is left in residuals, (n_obs,), nan passed over; a test that they are too few for is nan.

    ``residual_acf`` is the autocorrelation of the first lags, two seasons, or 10 without a season, at most a fifth of
    the residuals (Hyndman & Athanasopoulos 2021, section 5.4). ``ljung_box`` and ``ljung_box_pvalue`` are of
    ``ljung_box_lags`` of them: as many, and at least 3 more than there are coefficients of lags. ``jarque_bera`` and
    ``jarque_bera_pvalue`` test for a normal distribution (Jarque & Bera 1987).

    Examples
    --------
    >>> told = residual_facts(np.random.default_rng(0).normal(size=120), 1, 2)
    >>> len(told["residual_acf"]), told["ljung_box_lags"], told["ljung_box_pvalue"] > 0.01
    (10, 10.0, True)
    """
    e = residuals[~np.isnan(residuals)]
    lags = min(2 * season_length if season_length > 1 else 10, e.size // 5, _MOST_LAGS)
    tested = max(lags, n_coefficients + _FEWEST)
    e = e - e.mean() if e.size else e
    total = float(e @ e)
    told: dict[str, float | list[float]] = {"ljung_box_lags": float(tested)}
    if total > 0.0:
        told["residual_acf"] = [float(e[k:] @ e[:-k]) / total for k in range(1, lags + 1)]
    if total > 0.0 and tested < e.size:
        told["ljung_box"], told["ljung_box_pvalue"] = ljung_box(e, tested, n_coefficients)
        told["jarque_bera"], told["jarque_bera_pvalue"] = map(float, stats.jarque_bera(e))
    return told
