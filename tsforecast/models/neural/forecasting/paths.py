"""Joint sample paths of trained networks: marginals are their quantiles, dependence is that of errors or of walks.

A path is a draw of joint probabilities, one for each step, turned into values by the predictive quantiles (Pinson,
Madsen, Nielsen, Papaefthymiou & Klöckl 2009, *Wind Energy* 12). For direct forecasts the probabilities come from a
Gaussian copula with the correlation of the residuals over the horizon; for recursive forecasts from the ranks of paths
that are sampled step by step (the Schaake shuffle of Clark et al. 2004, *J. Hydrometeorology* 5).
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from tsforecast._types import Floats
from tsforecast.models.neural.forecasting.dependence import scores
from tsforecast.models.neural.forecasting.trained import Trained
from tsforecast.panel import Panel

_NORMAL_MARKS = np.linspace(-4.0, 4.0, 81)  # standard normal quantiles of the levels at which forecasts are computed


def paths_of(
    trained: Trained,
    panel: Panel,
    size: tuple[int, int],
    X: Floats | None,
    rngs: Sequence[np.random.Generator],
    seed: int,
    *,
    floor: bool = True,
) -> Floats:
    """Joint draws from the end of every series: ``(n_series, n_paths, horizon)``; see `BaseForecaster.sample_paths`.

    ``size`` is the number of paths and of steps; ``rngs`` has a generator for each series; ``seed`` is that of the
    forecaster, from which its quantiles are computed; ``floor`` as for `Trained.forecast`.
    """
    n_paths, horizon = size
    forecast = trained.forecast(panel, horizon, X, stats.norm.cdf(_NORMAL_MARKS), seed, floor=floor)
    if trained.decoding.kind == "direct":
        noise = (rng.normal(size=(n_paths, horizon)) for rng in rngs)
        correlation, returns = trained.spread.correlation, trained.returns(panel)
        z = [scores(a, correlation, returns=bool(r)) for a, r in zip(noise, returns, strict=True)]
    else:
        walks = trained.walks(panel, horizon, X, n_paths, rngs)
        z = [_normal_ranks(own, n_paths, rng) for own, rng in zip(walks, rngs, strict=True)]
    paths = np.stack([_values_at(one, table) for one, table in zip(z, forecast.quantiles, strict=True)])
    return np.round(paths) if trained.head.counts else paths


def _normal_ranks(walks: Floats, n_paths: int, rng: np.random.Generator) -> Floats:
    """Standard normal numbers with the ranks of some of the walks, ``(n_walks, horizon)``: ``(n_paths, horizon)``."""
    ranks = np.argsort(np.argsort(walks, axis=0), axis=0)
    chosen = ranks[rng.permutation(len(walks))[:n_paths]]
    return np.asarray(stats.norm.ppf((chosen + rng.uniform(size=chosen.shape)) / len(walks)))


def _values_at(z: Floats, quantiles: Floats) -> Floats:
    """Values at standard normal numbers ``(n_paths, horizon)``, within the quantiles ``(horizon, n_marks)``."""
    return np.column_stack([np.interp(z[:, h], _NORMAL_MARKS, quantiles[h]) for h in range(z.shape[1])])


def paths_each(
    networks: Sequence[Trained],
    panel: Panel,
    size: tuple[int, int],
    X: Floats | None,
    rngs: Sequence[np.random.Generator],
    seed: int,
    *,
    floor: bool,
) -> Floats:
    """Sample paths ``(n_series, n_paths, horizon)``, of each series by the network at its place: see `paths_of`."""
    parts = [
        paths_of(trained, panel.take([i]), size, None if X is None else X[[i]], [rngs[i]], seed, floor=floor)
        for i, trained in enumerate(networks)
    ]
    return np.concatenate(parts)
