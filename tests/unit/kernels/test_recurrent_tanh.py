"""The hyperbolic tangent of the recurrent kernels."""

import math

import numpy as np
import pytest
from numba import config

from tsforecast.kernels._jit import njit
from tsforecast.kernels.steps import tanh


@njit
def over(x, out):
    for i in range(x.size):
        out[i] = tanh(x[i])


def applied(x):
    out = np.empty_like(x)
    over(x, out)
    return out


@pytest.mark.skipif(config.DISABLE_JIT, reason="one million calls without the compiler")
def test_tanh_in_float32_is_right_to_four_ten_millionths_everywhere():
    x = np.concatenate([np.linspace(-12, 12, 400_001), np.logspace(-30, 1, 200_001)]).astype(np.float32)
    x = x[x != 0]
    exact = np.tanh(x.astype(np.float64))
    assert np.abs(applied(x) / exact - 1).max() < 4e-7  # rounding of a float32 is 0.6e-7


def test_tanh_keeps_nan_zero_and_infinity():
    x = np.array([math.nan, 0.0, math.inf, -math.inf, 1e30], np.float32)
    np.testing.assert_array_equal(applied(x), np.array([math.nan, 0.0, 1.0, -1.0, 1.0], np.float32))


def test_tanh_is_odd():
    x = np.random.default_rng(0).normal(size=100).astype(np.float32) * 5
    np.testing.assert_array_equal(applied(-x), -applied(x))


def test_tanh_in_float64_is_the_librarys():
    x = np.random.default_rng(0).normal(size=100) * 5
    # numpy's own, which answers without the compiler, may differ in the last bit
    np.testing.assert_allclose(applied(x), [math.tanh(value) for value in x], rtol=4e-16)
