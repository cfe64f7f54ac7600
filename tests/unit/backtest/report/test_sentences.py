"""Sentences and the printed ranking: names of metrics, ends without limit, series that count, models not told apart."""

import numpy as np
import pandas as pd

from tsforecast import Drift, HistoricAverage, Naive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.report.sentences import headline, set_sentence, who_wins
from tsforecast.backtest.report.summary import markdown

CV = RollingOrigin(4, n_windows=3)


def noise(n_series):
    values = np.random.default_rng(0).normal(size=(60, n_series)) + 20
    return pd.DataFrame(values, columns=[f"s{i}" for i in range(n_series)])


def test_the_name_of_a_metric_is_told_without_its_unit():
    result = backtest([HistoricAverage(), Naive()], noise(6), cv=CV, metrics=["mape", "smape"], level=())
    for text in (who_wins(result.run), result.verdict().sentence):
        assert "MAPE" in text
        assert "MAPE %" not in text


def test_models_that_are_not_told_apart_may_each_be_the_best():
    result = backtest({"a": Naive(), "b": Naive(), "c": Naive()}, noise(3), cv=CV, metrics=["mase"], level=())
    assert set_sentence(result.run) == "No two of the 3 models are told apart: any of them may be the best."
    assert "has the lowest MASE" in who_wins(result.run)
    assert ", as have b and c." in who_wins(result.run)
    two = backtest({"a": Naive(), "b": Naive()}, noise(3), cv=CV, metrics=["mase"], level=())
    assert ", as has b." in who_wins(two.run)


def test_a_series_that_cannot_be_scored_is_not_counted_and_an_end_without_limit_is_a_number():
    y = pd.DataFrame({"flat": np.ones(60), "wave": np.arange(60.0) % 5, "saw": np.arange(60.0) % 7})
    result = backtest([HistoricAverage(), Naive(), Drift()], y, cv=CV, metrics=["mase"], level=())
    text = markdown(result.run)
    assert "Mean rank over 2 series" in text
    board = result.leaderboard()
    board.loc[0, ["skill", "skill_low", "skill_high"]] = [20.0, -np.inf, 45.0]
    assert headline(result.run, board)["Skill vs Naive"].iloc[0] == "+20% (<-999 to +45)"
