"""Means, spreads and changes of series, and which of them return to their mean."""

import numpy as np
import pytest

from tsforecast.data.process import ArimaProcess
from tsforecast.data.simulate import simulate
from tsforecast.panel import Panel
from tsforecast.series.level import mean_spread_change, returns_to_mean


def test_mean_spread_and_change_are_those_of_the_values_that_are_there():
    y = np.array([[1.0, 5.0], [np.nan, 5.0], [4.0, 5.0], [2.0, 5.0]])
    mean, spread, change = mean_spread_change(Panel.from_array(y))
    np.testing.assert_allclose(mean, [7 / 3, 5])
    assert spread[0] == pytest.approx(np.std([1, 4, 2]))
    assert change[0] == pytest.approx(2.5)
    assert 0 < change[1] < spread[1] < 1e-9  # of a constant series: small, not zero


@pytest.mark.parametrize(("process", "returns"), [(ArimaProcess(phi=(0.3,)), True), (ArimaProcess(d=1), False)])
def test_stationary_series_return_to_their_mean_and_walks_do_not(process, returns):
    panel = simulate(process, 200, 30, random_state=0).panel
    found = np.mean([returns_to_mean(panel.series(i), 4) for i in range(30)])
    assert found > 0.9 if returns else found < 0.1


def test_too_few_values_do_not_return():
    noise = np.random.default_rng(0).normal(size=100)
    assert returns_to_mean(noise, 2)
    assert not returns_to_mean(noise[:7], 2)
    noise[7:] = np.nan
    assert not returns_to_mean(noise, 2)
