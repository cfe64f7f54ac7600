"""Past-only covariates of the ARIMA family: regressors that lag behind, and what they are expected to be later.

Step h of a forecast needs a covariate lagged by k at step ``h - k``, which lies after the origin for h > k. There it is
forecast by an autoregression of its own, and the errors of that forecast widen the intervals: forecasts by a leading
indicator (Box, Jenkins, Reinsel & Ljung 2015, section 12.5), where the autoregression is found by the recursion of Burg
(1968), of the order that Akaike's criterion chooses.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.signal import lfilter

from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError
from tsforecast.panel import Panel
from tsforecast.panel.whole_numbers import is_whole

_MOST_LAGS = 1_000
_LONGEST = 10  # order of the autoregression of a covariate without a season


@dataclasses.dataclass(frozen=True, eq=False)
class PastModel:
    """An autoregression of one covariate of one series, about its mean.

    Attributes
    ----------
    mean : float
    phi : ndarray, shape (p,)
    sigma2 : float
        Variance of its errors.

    Examples
    --------
    >>> PastModel(1.0, np.array([0.5]), 1.0).ahead(np.array([3.0]), 3)
    array([2.  , 1.5 , 1.25])
    """

    mean: float
    phi: Floats
    sigma2: float

    def ahead(self, x: Floats, horizon: int) -> Floats:
        """What is expected in the next steps: ``(horizon,)``."""
        p = self.phi.size
        known = np.concatenate([np.zeros(p), x - self.mean])[x.size :]  # the last p
        values = np.concatenate([known, np.zeros(horizon)])
        for h in range(horizon):
            values[p + h] = self.phi[::-1] @ values[h : p + h]
        return self.mean + values[p:]

    def effects(self, coefficients: Floats, horizon: int) -> Floats:
        """Effect on the series ``0, 1, …`` steps later of an error of the covariate, of given effects: ``(horizon,)``.

        ``coefficients[k]`` is the effect of the covariate on the series k steps later.
        """
        shock = np.zeros(horizon)
        shock[0] = 1.0
        weights = lfilter([1.0], np.concatenate([[1.0], -self.phi]), shock)
        return np.asarray(np.convolve(coefficients, weights)[:horizon])


def past_lags_of(given: object) -> tuple[int, ...]:
    """The lags, each once, in growing order.

    Raises
    ------
    ParameterError
        They are no whole numbers of at least 1.

    Examples
    --------
    >>> past_lags_of(1), past_lags_of([7, 1])
    ((1,), (1, 7))
    """
    listed: list[Any] = list(given) if isinstance(given, (tuple, list, np.ndarray)) else [given]
    if not listed or not all(is_whole(lag) and 1 <= lag <= _MOST_LAGS for lag in listed):
        raise ParameterError(
            f"past_lags={given!r} is no whole number from 1 to {_MOST_LAGS}, nor a list of some: step h of a forecast "
            "knows a past-only covariate up to its origin."
        )
    return tuple(sorted({int(lag) for lag in listed}))


def lagged_names(panel: Panel, lags: Sequence[int]) -> tuple[str, ...]:
    """Names of the lagged columns: ``temp_lag1``, covariate by covariate."""
    return tuple(f"{name}_lag{lag}" for name in panel.past_names for lag in lags)


def lagged_columns(panel: Panel, lags: Sequence[int]) -> Floats:
    """The lagged columns of past-only covariates, ``(n_obs, n_past * n_lags)``; steps before the first as the first."""
    table, place = np.asarray(panel.past_covariates), np.arange(panel.n_obs)
    first = np.repeat(panel.indptr[:-1], panel.lengths)
    columns = [table[np.maximum(place - lag, first), j] for j in range(table.shape[1]) for lag in lags]
    return np.column_stack(columns)


def without_first(panel: Panel, lags: Sequence[int]) -> Floats:
    """Values of the panel, missing where a lagged covariate is not known: ``(n_obs,)``."""
    place = np.arange(panel.n_obs) - np.repeat(panel.indptr[:-1], panel.lengths)
    return np.where(place < max(lags), np.nan, panel.values)


def fit_past(x: Floats, season_length: int) -> PastModel:
    """The autoregression of a covariate: ``(n_obs,)``.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=2000)
    >>> x = lfilter([1.0], [1.0, -0.8], x)
    >>> bool(abs(fit_past(x, 1).phi[0] - 0.8) < 0.05)
    True
    """
    mean = float(x.mean())
    e = x - mean
    most = min(x.size // 4, max(_LONGEST, season_length + 1))
    forward, backward, phi = e[1:], e[:-1], np.empty(0)
    sigma2 = float(e @ e) / x.size
    best = phi, sigma2, x.size * np.log(max(sigma2, 1e-300))
    for p in range(1, most + 1):
        power = float(forward @ forward + backward @ backward)
        if power <= 1e-12 * x.size * (sigma2 + 1e-300):
            break
        k = 2.0 * float(forward @ backward) / power
        phi = np.concatenate([phi - k * phi[::-1], [k]])
        sigma2 *= 1.0 - k * k
        forward, backward = (forward - k * backward)[1:], (backward - k * forward)[:-1]
        score = x.size * np.log(max(sigma2, 1e-300)) + 2 * p
        if score < best[2]:
            best = phi, sigma2, score
    return PastModel(mean, best[0], best[1])


def past_models(panel: Panel, season_length: int) -> dict[str, tuple[PastModel, ...]]:
    """The autoregression of each past-only covariate of each series, by its name."""
    if panel.past_covariates is None:
        return {}
    table = panel.past_covariates
    return {
        name: tuple(
            fit_past(table[panel.indptr[i] : panel.indptr[i + 1], j], season_length) for j in range(table.shape[1])
        )
        for i, name in enumerate(panel.ids)
    }


def lagged_ahead(x: Floats, models: Sequence[PastModel], lags: Sequence[int], horizon: int) -> Floats:
    """The lagged columns of the next steps of one series: ``(n_obs, n_past)`` -> ``(horizon, n_past * n_lags)``."""
    columns = []
    for j, model in enumerate(models):
        both = np.concatenate([np.full(max(lags), x[0, j]), x[:, j], model.ahead(x[:, j], horizon)])
        end = max(lags) + len(x)
        columns += [both[end - lag : end - lag + horizon] for lag in lags]
    return np.column_stack(columns)


def past_effects(
    beta: dict[str, float], names: Sequence[str], models: Sequence[PastModel], lags: Sequence[int], horizon: int
) -> list[Floats]:
    """Standard deviations of what the errors of each covariate, ``0, 1, …`` steps before, do: ``(horizon,)`` each."""
    found = []
    for name, model in zip(names, models, strict=True):
        coefficients = np.zeros(max(lags) + 1)
        coefficients[list(lags)] = [beta.get(f"{name}_lag{lag}", 0.0) for lag in lags]
        found.append(np.sqrt(model.sigma2) * model.effects(coefficients, horizon))
    return found


def past_variance(effects: Sequence[Floats]) -> Floats:
    """Variance that the errors of the covariates add to each step: ``(horizon,)``."""
    return np.asarray(sum(np.cumsum(own**2) for own in effects))


def past_errors(effects: Sequence[Floats], n_paths: int, rng: np.random.Generator) -> Floats:
    """Draws of what the errors of the covariates add to each step: ``(n_paths, horizon)``."""
    total = np.zeros((n_paths, effects[0].size))
    for own in effects:
        total += lfilter(own, [1.0], rng.standard_normal(total.shape), axis=1)
    return total
