"""Lines break where values are missing, and no value is lost."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.path import Path

from tsforecast.plots.canvas import axes_for, drawing
from tsforecast.plots.lines import alone_between_gaps, draw_line, drawn_times, time_axis

DAYS = pd.date_range("2024-01-01", periods=7)


def test_a_line_holds_the_values_and_breaks_at_a_gap():
    values = np.array([1.0, 2.0, np.nan, np.nan, 5.0, 6.0, 7.0])
    line = draw_line(axes_for(None), DAYS, values, colour="#000000")
    np.testing.assert_array_equal(line.get_ydata(), values)
    drawn = line.get_path().cleaned(remove_nans=True)
    assert (drawn.codes == Path.MOVETO).sum() == 2  # the pen is lifted once


def test_a_value_between_two_gaps_is_a_dot():
    ax = axes_for(None)
    draw_line(ax, DAYS, np.array([1.0, 2.0, np.nan, 4.0, np.nan, 6.0, np.nan]), colour="#000000")
    dots = ax.lines[1]
    np.testing.assert_array_equal(dots.get_ydata(), [4.0, 6.0])
    assert dots.get_marker() == "."


def test_every_known_value_is_in_a_line_or_a_dot():
    rng = np.random.default_rng(0)
    for _ in range(20):
        values = np.where(rng.uniform(size=12) < 0.4, np.nan, rng.normal(size=12))
        known, alone = np.isfinite(values), alone_between_gaps(values)
        joined = known & (np.append(known[1:], False) | np.append(False, known[:-1]))
        np.testing.assert_array_equal(known, joined | alone)
        assert not (joined & alone).any()


@pytest.mark.parametrize(
    "times",
    [
        DAYS,
        DAYS.tz_localize("Europe/Berlin"),
        DAYS.to_period("D"),
        pd.Index(np.arange(7)),
        pd.Index(np.arange(7) * 3 - 5),
        pd.date_range("2024-01-01", periods=7, freq="min"),
        pd.date_range("1700-01-01", periods=7, freq="YS"),
    ],
)
def test_any_times_are_drawn_in_order(times):
    ax = axes_for(None)
    draw_line(ax, times, np.arange(7.0), colour="#000000")
    time_axis(ax, times)
    ax.figure.draw_without_rendering()
    assert (np.diff(drawn_times(times)).astype(np.float64) > 0).all()
    assert [text.get_text() for text in ax.get_xticklabels()]


@pytest.mark.parametrize("width", [2.5, 7.0])
@pytest.mark.parametrize("freq", ["min", "h", "D", "MS", "QS", "YS"])
@pytest.mark.parametrize("n", [23, 500])
def test_ticks_of_dates_never_touch(width, freq, n):
    times = pd.date_range("1950-03-01", periods=n, freq=freq)
    ax = Figure(figsize=(width, 2), dpi=100).subplots()
    with drawing():
        draw_line(ax, times, np.arange(float(n)), colour="#000000")
        time_axis(ax, times)
        ax.figure.draw_without_rendering()
    texts = [text for text in ax.get_xticklabels() if text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    assert all(a.x1 <= b.x0 + 1 for a, b in itertools.pairwise(boxes)), [text.get_text() for text in texts]
