"""The detector: how often it is wrong, and how soon it is right."""

import numpy as np
import pytest

from tsforecast.monitor.detector import evidence

N_STREAMS, LIMIT = 1000, 50.0


def first_alarm(x):
    """Observations until the first alarm of each stream, those without one at the end."""
    raised = evidence(x, 0.2) >= LIMIT
    return np.where(raised.any(axis=0), raised.argmax(axis=0) + 1, x.shape[0])


def shares(kind, rng, n):
    """Shares outside with a mean of 0.2 given all before: ``(n, N_STREAMS)``."""
    if kind == "one step":
        return (rng.uniform(size=(n, N_STREAMS)) < 0.2).astype(float)
    if kind == "ten steps that go together":
        return rng.beta(0.1, 0.4, size=(n, N_STREAMS))
    spread = np.exp(np.cumsum(rng.normal(size=(n, N_STREAMS)), axis=0) / 3)  # as a variance that wanders
    return rng.beta(0.2 * spread, 0.8 * spread)


@pytest.mark.parametrize("kind", ["one step", "ten steps that go together", "unlike one another"])
def test_false_alarms_are_as_rare_as_promised(kind):
    # a stopped run counts with its length, so that the mean is too small if anything; its error is 50 / sqrt(1000)
    times = first_alarm(shares(kind, np.random.default_rng(0), 600))
    assert times.mean() > LIMIT - 3 * 1.6


def test_the_alarm_comes_soon_after_intervals_became_too_narrow():
    rng = np.random.default_rng(1)
    x = (rng.uniform(size=(120, N_STREAMS)) < np.where(np.arange(120) < 20, 0.1, 0.6)[:, None]).astype(float)
    times = first_alarm(x)
    late = times[times > 20] - 20
    assert late.mean() < 12 and late.max() < 60


def test_the_statistic_is_the_average_of_those_of_its_bets():
    x, p = np.array([0.0, 1.0, 0.5, np.nan, 1.0]), 0.1
    total = []
    for c in (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 15 / 16):
        m = [0.0]
        for value in x[~np.isnan(x)]:
            m.append((m[-1] + 1) * (1 + c * (value / p - 1)))
        total.append([m[1], m[2], m[3], m[3], m[4]])
    np.testing.assert_allclose(evidence(x, p), np.mean(total, axis=0), rtol=1e-12)
