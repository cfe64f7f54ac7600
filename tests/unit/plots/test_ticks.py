"""Ticks of logarithmic axes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsforecast.plots.ticks import is_far_apart, log_ticks, number, seconds_text


@given(low=st.floats(-12, 12), width=st.floats(0.2, 15))
def test_ticks_are_few_increasing_and_within_the_limits(low, width):
    ends = 10.0**low, 10.0 ** (low + width)
    ticks = log_ticks(*ends)
    assert 1 <= ticks.size <= 7
    assert (np.diff(ticks) > 0).all()
    assert ticks[0] >= ends[0] * (1 - 1e-6) and ticks[-1] <= ends[1] * (1 + 1e-6)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.002, "2 ms"), (1.0, "1 s"), (0.5, "500 ms"), (2e-5, "20 µs"), (5000.0, "5,000 s"), (5e-7, "5e−7 s")],
)
def test_seconds_have_a_unit_that_fits(seconds, text):
    assert seconds_text(seconds) == text


def test_numbers_have_a_true_minus():
    assert number(-0.25) == "−0.25" and number(-12345.0) == "−12,345" and number(0.0) == "0"


def test_nothing_known_is_not_far_apart():
    assert not is_far_apart(np.array([np.nan, np.inf]))
