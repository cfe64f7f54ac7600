"""Long or several seasons as sums of harmonics (regressors ``sin1/168``, ``cos1/168``, …), as many as AICc supports."""

import numpy as np

from tsforecast._types import Floats
from tsforecast.kernels.arma.estimation import start
from tsforecast.models.arima.design import regressors
from tsforecast.models.arima.engines import numba as by_numba
from tsforecast.models.arima.engines.kernels import rows
from tsforecast.models.arima.result import ArimaFit
from tsforecast.models.arima.search.search import MOST_MISSING, search
from tsforecast.models.arima.search.space import SearchSpace
from tsforecast.series.interpolation import interpolated

_MOST = 20  # harmonics of one season
_SEASONS = 2  # that must be known for harmonics of a season: of less, a season and a trend look alike
_ROUNDS = 2  # of orders chosen for given harmonics and harmonics for given orders


def search_with_harmonics(
    y: Floats, X: Floats | None, names: tuple[str, ...], space: SearchSpace, seasons: tuple[int, ...]
) -> ArimaFit:
    """The fit of lowest criterion with harmonics of the ``seasons``, beside the season of ``space``.

    How many harmonics: first by a regression on them and a line; then, the orders chosen, one more or one less of one
    season at a time while AICc of the whole model falls; then the orders again where that changed anything.

    Parameters
    ----------
    y, X, names, space
        As `search.search`.
    seasons : tuple of int
        Each longer than ``space.season_length``. A harmonic that a shorter season has too is left out, and so are those
        of a season of which fewer than two are known.

    Examples
    --------
    >>> t = np.arange(400)
    >>> y = np.sin(t * np.pi / 50) + 0.1 * np.sin(t**2.0)
    >>> search_with_harmonics(y, None, (), SearchSpace(1), (100,)).beta_names[:2]
    ('sin1/100', 'cos1/100')
    """
    known = int((~np.isnan(y)).sum())
    seen = [season for season in sorted(seasons) if known >= _SEASONS * season]
    chart = [_waves(season, [space.season_length, *seen]) for season in seen]
    if not any(chart):
        return search(y, X, names, space)
    counts = _by_regression(y, chart)
    for _ in range(_ROUNDS):
        waves = _names(chart, counts)
        table = regressors(waves, 0, y.size, X)
        fit = search(y, table if table.shape[1] else None, (*waves, *names), space)
        better = _by_neighbours(y, X, names, fit, chart, counts)
        if better == counts:
            break
        counts = better
    return fit


def _waves(season: int, seasons: list[int]) -> list[tuple[str, ...]]:
    """Names of the columns of each harmonic of a season that no shorter one of ``seasons`` has."""
    chart: list[tuple[str, ...]] = []
    for k in range(1, season // 2 + 1):
        if any(k * shorter % season == 0 for shorter in seasons if shorter < season):
            continue
        both = (f"sin{k}/{season}", f"cos{k}/{season}")
        chart.append(both[1:] if 2 * k == season else both)
        if len(chart) == _MOST:
            break
    return chart


def _names(chart: list[list[tuple[str, ...]]], counts: list[int]) -> tuple[str, ...]:
    return tuple(name for waves, count in zip(chart, counts, strict=True) for wave in waves[:count] for name in wave)


def _by_regression(y: Floats, chart: list[list[tuple[str, ...]]]) -> list[int]:
    """Numbers of harmonics, season by season, of lowest AICc of a regression on them and a line."""
    known = ~np.isnan(y)
    n = int(known.sum())
    counts = [0] * len(chart)
    for i, waves in enumerate(chart):
        scores = []
        for count in range(len(waves) + 1):
            tried = [*counts[:i], count, *counts[i + 1 :]]
            Z = regressors(("mean", "drift", *_names(chart, tried)), 0, y.size, None)[known]
            left = y[known] - Z @ np.linalg.lstsq(Z, y[known], rcond=None)[0]
            k = Z.shape[1] + 1
            if n - k - 1 <= 0:
                break
            squares = max(float(left @ left), float(np.finfo(np.float64).tiny))
            scores.append(n * float(np.log(squares / n)) + 2 * k + 2 * k * (k + 1) / (n - k - 1))
        counts[i] = int(np.argmin(scores)) if scores else 0
    return counts


def _by_neighbours(
    y: Floats,
    X: Floats | None,
    names: tuple[str, ...],
    fit: ArimaFit,
    chart: list[list[tuple[str, ...]]],
    counts: list[int],
) -> list[int]:
    """Numbers of harmonics at which no other number, one apart, has a lower AICc with the orders of ``fit``."""
    if not np.isfinite(fit.loglik):
        return counts  # the series is explained without an error
    if np.isnan(y).sum() > MOST_MISSING:
        y = interpolated(y)
    trend = tuple(name for name in fit.beta_names if name in ("mean", "drift"))
    tried: dict[tuple[int, ...], float] = {}

    def aicc(candidate: list[int]) -> float:
        key = tuple(candidate)
        if key not in tried:
            columns = (*trend, *_names(chart, candidate))
            W, n_missing = rows(y, regressors(columns, 0, y.size, X), fit.order)
            begin = start.angles(fit.phi, -fit.theta, fit.seasonal_phi, -fit.seasonal_theta)
            tried[key] = by_numba.fit_from(begin[None, :], W, n_missing, (*columns, *names), fit.order).aicc
        return tried[key]

    while True:
        steps = [_moved(counts, i, step) for i in range(len(chart)) for step in (-1, 1)]
        allowed = [c for c in steps if all(0 <= v <= len(waves) for v, waves in zip(c, chart, strict=True))]
        best = min(allowed, key=aicc)
        if aicc(best) >= aicc(counts):
            return counts
        counts = best


def _moved(counts: list[int], i: int, step: int) -> list[int]:
    return [*counts[:i], counts[i] + step, *counts[i + 1 :]]
