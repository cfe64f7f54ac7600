"""Sentences on what the last forecasts of the best models are made of."""

import numpy as np
import pandas as pd

from tsforecast import ARIMA, Drift, Naive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.report.explained import explanation_section, explanation_sentences
from tsforecast.backtest.report.summary import markdown


class Tells(Drift):
    def fit_facts(self, detailed=None):
        return {"": {"share": 1.0}}


def run(models, n_series=2):
    values = 5 + np.arange(33.0)[:, None] + np.random.default_rng(0).normal(size=(33, n_series))
    frame = pd.DataFrame(values, columns=[f"s{i}" for i in range(n_series)])
    return backtest(models, frame, cv=RollingOrigin(3, n_windows=2), metrics=["mae"], level=(), executor=None).run


def test_the_two_best_models_that_tell_are_told_of_best_first():
    held = run({"n": Naive(), "AR": ARIMA((1, 0, 0)), "Line": ARIMA((0, 1, 0), trend="drift"), "Tells": Tells()})
    best, second = explanation_sentences(held)
    assert best.startswith("The last forecasts of s0 by ") and " are made of: " in best
    assert all("AR" not in sentence for sentence in (best, second))  # it lags behind the trend
    assert any("by Line are made of: level " in sentence and "; trend " in sentence for sentence in (best, second))
    assert f"- {best}" in markdown(held)


def test_models_that_tell_nothing_make_no_section():
    assert explanation_section(run({"n": Naive(), "d": Drift()})) == []
