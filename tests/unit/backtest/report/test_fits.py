"""Sentences on what the fits of a run found."""

import numpy as np
import pandas as pd

from tsforecast import Drift, Naive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.report.fits import fit_section, fit_sentences
from tsforecast.backtest.report.summary import markdown


class Chooses(Drift):
    """Tells of an order for each series: of s0 to s4 (0,1,1), then (1,0,0), then others, one each."""

    def fit_facts(self, detailed=None):
        return {name: self._order(int(name[1:])) for name in self.panel_.ids}

    def _order(self, k):
        order = dict.fromkeys(("p", "d", "q", "P", "D", "Q"), 0) | {"season_length": 1}
        if k < 5:
            return order | {"d": 1, "q": 1}
        return order | {"p": 1} if k < 8 else order | {"P": k, "season_length": 4}


class Shares(Drift):
    """Tells of a share, 0 at the first cutoff and 0.5 at the second."""

    is_global = True

    def fit_facts(self, detailed=None):
        return {"": {"share": 0.5 * (self.panel_.last_times[0] > 30), "loss": [3.0, 2.0]}}


class Twins(Drift):
    def fit_facts(self, detailed=None):
        return {"": {"0__share": 1.0, "1__share": 0.25}}


def run(models, n_series=10, n_windows=2):
    values = np.random.default_rng(0).normal(size=(33, n_series)).cumsum(axis=0)
    frame = pd.DataFrame(values, columns=[f"s{i}" for i in range(n_series)])
    return backtest(
        models, frame, cv=RollingOrigin(1, n_windows=n_windows), metrics=["mae"], level=(), executor=None
    ).run


def test_orders_are_counted_over_fits_the_most_frequent_first():
    (told,) = fit_sentences(run({"Auto": Chooses(), "n": Naive()}))
    assert told == ("Auto chose, over 20 fits: (0,1,1) in 10, (1,0,0) in 6, (0,0,0)(8,0,0)[4] in 2, and 1 other order.")


def test_one_order_is_told_without_a_count():
    assert fit_sentences(run({"Auto": Chooses()}, n_series=1, n_windows=1)) == ["Auto chose (0,1,1)."]


def test_shares_are_averaged_and_their_range_is_told():
    (told,) = fit_sentences(run({"Net": Shares()}))
    assert told.startswith("Net uses a share of 0.25 of its network's output on average (0.00 to 0.50 over 2 fits): ")


def test_members_are_told_apart():
    told = fit_sentences(run({"Both": Twins()}, n_windows=1))
    assert [line.partition(" of its")[0] for line in told] == [
        "Both, member 0, uses a share of 1.00",
        "Both, member 1, uses a share of 0.25",
    ]


def test_the_summary_has_a_section_where_fits_tell_and_none_where_they_do_not():
    assert "## What the fits found\n\n- Net uses" in markdown(run({"Net": Shares(), "n": Naive()}))
    assert fit_section(run({"n": Naive()})) == []
