"""The hyperbolic tangent and the sigmoid of the recurrent kernels."""

import math

import numpy as np
import pytest
from numba import config

from tsforecast.kernels._jit import njit
from tsforecast.kernels._simd import lanes, put, take
from tsforecast.kernels.recurrent.pointwise import sigmoid, tanh


@njit
def over(x, out):
    for i in range(0, x.size, lanes(x)):
        put(out, i, tanh(take(x, i)))


@njit
def logistic(x, out):
    for i in range(0, x.size, lanes(x)):
        put(out, i, sigmoid(take(x, i)))


def applied(x, kernel=over):
    whole = np.pad(x, (0, -x.size % 16))
    out = np.empty_like(whole)
    kernel(whole, out)
    return out[: x.size]


@pytest.mark.skipif(config.DISABLE_JIT, reason="one million calls without the compiler")
def test_tanh_in_float32_is_right_to_half_a_millionth_everywhere():
    x = np.concatenate([np.linspace(-12, 12, 400_001), np.logspace(-30, 1, 200_001)]).astype(np.float32)
    x = x[x != 0]
    exact = np.tanh(x.astype(np.float64))
    assert np.abs(applied(x) / exact - 1).max() < 5e-7  # rounding of a float32 is 0.6e-7


def test_tanh_keeps_nan_zero_and_infinity():
    x = np.array([math.nan, 0.0, math.inf, -math.inf, 1e30], np.float32)
    found, expected = applied(x), np.array([math.nan, 0.0, 1.0, -1.0, 1.0], np.float32)
    assert math.isnan(found[0])
    assert found[1] == 0
    np.testing.assert_array_max_ulp(found[2:], expected[2:], 1)


def test_tanh_is_odd():
    x = np.random.default_rng(0).normal(size=100).astype(np.float32) * 5
    np.testing.assert_array_equal(applied(-x), -applied(x))


def test_tanh_in_float64_is_the_librarys():
    x = np.random.default_rng(0).normal(size=100) * 5
    # numpy's own, which answers without the compiler, may differ in the last bit
    np.testing.assert_allclose(applied(x), [math.tanh(value) for value in x], rtol=4e-16)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-7), (np.float64, 3e-16)])
def test_sigmoid_is_one_over_one_plus_the_exponential(dtype, tolerance):
    x = np.concatenate([np.linspace(-25, 25, 2001), [-np.inf, np.inf, -1e30, 1e30]]).astype(dtype)
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-x.astype(np.float64)))
    assert np.abs(applied(x, logistic) - expected).max() <= tolerance
    assert np.isnan(applied(np.full(3, np.nan, dtype), logistic)).all()
