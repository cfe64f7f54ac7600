"""The compiled walk over series against the step that decoding takes, and against means written out."""

import dataclasses

import numpy as np
import pytest

from tsforecast.models.neural.prepare.preparation import Preparation, fit_preparation
from tsforecast.panel import Panel


def ragged(seed):
    rng = np.random.default_rng(seed)
    values = np.cumsum(rng.standard_normal((40, 4)), axis=0)
    values[rng.uniform(size=values.shape) < 0.1] = np.nan
    values[:11, 1] = np.nan
    values[35:, 2] = np.nan
    return Panel.from_array(values)


@pytest.mark.parametrize("counts", [False, True])
@pytest.mark.parametrize("level", ["last", "mean", "auto"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_walk_is_step_after_step(seed, level, counts):
    panel = ragged(seed)
    prepared = dataclasses.replace(fit_preparation(panel, Preparation(level=level), 1, 4), counts=counts)
    end, x, levels, scales = prepared.walk(panel.values, panel.indptr, prepared.begin().memory)
    for i in range(panel.n_series):
        one = prepared.take(np.array([i]))
        local = one.begin().memory
        for t in range(panel.indptr[i], panel.indptr[i + 1]):
            local, inputs, level_now, scale = one.step(local, panel.values[t : t + 1])
            np.testing.assert_allclose(x[t], inputs[0], rtol=1e-13, atol=1e-13)
            np.testing.assert_allclose([levels[t], scales[t]], [level_now[0], scale[0]], rtol=1e-13)
        for part, own in zip(end, local, strict=True):
            np.testing.assert_allclose(part[i], own[0], rtol=1e-13)


def test_lags_and_trailing_means_are_those_of_their_definition():
    values = np.array([3.0, 5.0, np.nan, 4.0, 8.0])
    panel = Panel.from_array(values)
    prepared = dataclasses.replace(
        fit_preparation(panel, Preparation(level="last"), 1, 2), memory_length=5.0, change=np.ones(1)
    )
    end, x, level, scale = prepared.walk(values, panel.indptr, prepared.begin().memory)
    decay = 0.8
    change = (decay**3 * 4 + decay**2 * 2 + decay * 1 + 4) / (decay**3 * 4 + decay**2 + decay + 1)
    slow = (decay**3 * 3 + decay**2 * 5 + decay * 4 + 8) / (decay**3 + decay**2 + decay + 1)
    np.testing.assert_allclose([level[-1], scale[-1]], [8.0, change])
    np.testing.assert_allclose(x[-1, :3], [4 / change, (8 - slow) / change, 1.0])
    np.testing.assert_allclose(x[-1, 3:6], np.array([4 - 8, 5 - 8, 5 - 8]) / change)  # a missing one repeats the last
    np.testing.assert_allclose(end.lags[0, :4], [4.0, 5.0, 5.0, 3.0])
    assert np.isnan(end.lags[0, 4:]).all()
