"""Paths of trained networks: steps distributed as the quantiles say, that hang together as errors or walks do.

A path takes a probability at each step, jointly, and its value from the predictive quantiles (Pinson, Madsen, Nielsen,
Papaefthymiou & Klöckl 2009, *Wind Energy* 12). Networks that forecast many steps at once take the probabilities from
a Gaussian copula with the correlation of their residuals over the horizon; networks that feed steps back take them from
the ranks of walks sampled so (the Schaake shuffle of Clark et al. 2004, *J. Hydrometeorology* 5).
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from tsforecast._types import Floats
from tsforecast.models.neural.forecasting.dependence import scores
from tsforecast.models.neural.forecasting.trained import Trained
from tsforecast.panel import Panel

_MARKS = np.linspace(-4.0, 4.0, 81)  # standard normal numbers at whose probabilities quantiles are computed


def paths_of(
    trained: Trained,
    panel: Panel,
    n_paths: int,
    horizon: int,
    X: Floats | None,
    rngs: Sequence[np.random.Generator],
    seed: int,
) -> Floats:
    """Joint draws from the end of every series: ``(n_series, n_paths, horizon)``; see `BaseForecaster.sample_paths`.

    ``rngs`` has a generator for each series; ``seed`` is that of the forecaster, which its quantiles are computed with.
    """
    forecast = trained.forecast(panel, horizon, X, stats.norm.cdf(_MARKS), seed)
    if trained.decoding.kind == "direct":
        noise = (rng.normal(size=(n_paths, horizon)) for rng in rngs)
        correlation, returns = trained.spread.correlation, trained.returns(panel)
        z = [scores(a, correlation, returns=bool(r)) for a, r in zip(noise, returns, strict=True)]
    else:
        walks = trained.walks(panel, horizon, X, n_paths, rngs)
        z = [_ranked(own, n_paths, rng) for own, rng in zip(walks, rngs, strict=True)]
    paths = np.stack([_values_at(one, table) for one, table in zip(z, forecast.quantiles, strict=True)])
    return np.round(paths) if trained.head.counts else paths


def _ranked(walks: Floats, n_paths: int, rng: np.random.Generator) -> Floats:
    """Standard normal numbers with the ranks of some of the walks, ``(n_walks, horizon)``: ``(n_paths, horizon)``."""
    ranks = np.argsort(np.argsort(walks, axis=0), axis=0)
    chosen = ranks[rng.permutation(len(walks))[:n_paths]]
    return np.asarray(stats.norm.ppf((chosen + rng.uniform(size=chosen.shape)) / len(walks)))


def _values_at(z: Floats, quantiles: Floats) -> Floats:
    """Values at standard normal numbers ``(n_paths, horizon)``, by quantiles ``(horizon, n_marks)``; ends stay ends."""
    return np.column_stack([np.interp(z[:, h], _MARKS, quantiles[h]) for h in range(z.shape[1])])
