"""LinearAR against a ridge regression written out, on inputs written out one by one."""

import numpy as np
import pytest

from tsforecast import LinearAR

N_LAGS, HORIZON, MEMORY = 8, 4, 100
PENALTIES = [0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0]
OPTIONS = {
    "season_length": 1,
    "decoding": {"loss": "mae", "horizon": HORIZON},
    "preparation": {"transform": "none", "deseasonalize": "never", "level": "last"},
    "validation_size": 0.0,
}


def inputs_of(y):
    """Inputs, level and scale of every step of one series, from the definition."""
    changes = np.abs(np.diff(y))
    mean_change = changes.mean()
    x, levels, scales = [], [], []
    for t in range(len(y)):
        weights = (1 - 1 / MEMORY) ** np.arange(t, -1, -1)
        trailing = (weights * y[: t + 1]).sum() / weights.sum()
        prior = 4 * (1 - 1 / MEMORY) ** t  # four steps of the mean change before the first change
        recent = (weights[1:] * changes[:t]).sum()
        change = (recent + prior * mean_change) / (weights[1:].sum() + prior)
        scale = max(change, 0.05 * mean_change)
        lags = [(y[t - k] - y[t]) / scale if t >= k else 0.0 for k in range(1, N_LAGS + 1)]
        delta = (y[t] - y[t - 1]) / scale if t else 0.0
        x.append([*np.clip([delta, (y[t] - trailing) / scale, 1.0, *lags], -8, 8), t / (t + 10)])
        levels.append(y[t])
        scales.append(scale)
    return np.array(x), np.array(levels), np.array(scales)


def ridge_with(z, y, w, penalty):
    """Slopes and intercept of one target, and its score by generalised cross-validation."""
    n = w.sum()
    level = (w * y).sum() / n
    e = (y - level) * w
    gram = z.T @ (w[:, None] * z)
    slopes = np.linalg.solve(gram + penalty * np.eye(len(gram)), z.T @ e)
    left = (e**2).sum() - 2 * slopes @ (z.T @ e) + slopes @ gram @ slopes
    freedom = (np.trace(np.linalg.solve(gram + penalty * np.eye(len(gram)), gram)) + 1) / n
    beyond = max(freedom - 0.25, 0.0) * 1e6 * (e**2).sum() / n
    score = left / n / max(1 - freedom, 0.05) ** 2 + beyond
    return slopes, level, score


def ridge(x, targets, weights, trust):
    """Slopes and intercepts of all steps ahead, with the one penalty that has the best sum of scores."""
    first = weights[:, 0] / weights[:, 0].sum()
    centre = first @ x
    spread = np.sqrt(first @ (x - centre) ** 2)
    factor = np.divide(trust, spread, out=np.zeros_like(trust), where=spread > 1e-6)
    z = (x - centre) * factor
    fits = [[ridge_with(z, targets[:, h], weights[:, h], p) for h in range(HORIZON)] for p in PENALTIES]
    best = min(fits, key=lambda steps: sum(score for _, _, score in steps))
    slopes = np.array([own for own, _, _ in best]).T * factor[:, None]
    return slopes, np.array([level for _, level, _ in best]) - centre @ slopes


def robust_ridge(x, targets, seen, trust):
    """Two rounds of Huber's weights at twice the median residual."""
    weights = seen
    for _ in range(2):
        slopes, level = ridge(x, targets, weights, trust)
        size = np.abs(targets - x @ slopes - level)
        middle = [np.sort(size[seen[:, h] > 0, h])[(int(seen[:, h].sum()) - 1) // 2] for h in range(HORIZON)]
        weights = seen * np.minimum(2 * np.array(middle) / np.maximum(size, 1e-12), 1.0)
    return ridge(x, targets, weights, trust)


def written_out(series):
    """Forecasts of every series from one regression on all of them: (n_series, horizon)."""
    xs, targets = [], []
    ends = []
    for y in series:
        x, level, scale = inputs_of(y)
        ahead = np.full((len(y), HORIZON), np.nan)
        for h in range(1, HORIZON + 1):
            ahead[:-h, h - 1] = (y[h:] - level[:-h]) / scale[:-h]
        xs.append(x)
        targets.append(ahead)
        ends.append((x[-1], level[-1], scale[-1]))
    x, target = np.concatenate(xs), np.concatenate(targets)
    trust = np.array([1.0, 1.0, 1.0, *(1 / k for k in range(2, N_LAGS + 2)), 0.0])
    seen = (~np.isnan(target)).astype(float)
    slopes, level = robust_ridge(x, np.nan_to_num(target), seen, trust)
    return np.array([last + scale * (end @ slopes + level) for end, last, scale in ends])


@pytest.mark.parametrize("seed", range(3))
def test_forecasts_are_those_of_the_ridge_regression_written_out(seed):
    """To 1e-4 of the size of the changes: inputs, coefficients and outputs are float32 in the package."""
    rng = np.random.default_rng(seed)
    y = np.zeros((150, 3))
    for t in range(2, 150):
        y[t] = 1.4 * y[t - 1] - 0.5 * y[t - 2] + rng.standard_normal(3)
    forecast = LinearAR(**OPTIONS).fit(y).predict(HORIZON)
    np.testing.assert_allclose(forecast.T, written_out(y.T), atol=1e-4)
