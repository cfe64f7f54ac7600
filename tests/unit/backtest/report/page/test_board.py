"""The board of a page: an interval without an end reaches the edge, one that is unknown is its dot."""

import numpy as np
import pandas as pd
import pytest

from tsforecast.backtest.report.page.board import _skill_cells


@pytest.mark.parametrize(("low", "high"), [(-np.inf, 100.0), (-1e9, np.inf)])
def test_an_interval_that_includes_the_baseline_is_drawn_across_it(low, high):
    board = pd.DataFrame({"skill": [50.0, 0.0], "skill_low": [low, 0.0], "skill_high": [high, 0.0]})
    span = _skill_cells(["+50%", "+0%"], board)[0].span
    assert span is not None
    assert span.low < span.zero < span.high and span.is_cut


def test_an_interval_that_is_unknown_is_the_dot_alone():
    board = pd.DataFrame({"skill": [50.0, 0.0], "skill_low": [np.nan, 0.0], "skill_high": [np.nan, 0.0]})
    span = _skill_cells(["+50%", "+0%"], board)[0].span
    assert span is not None
    assert span.low == span.high and not span.is_cut
