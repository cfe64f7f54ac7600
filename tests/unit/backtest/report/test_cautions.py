"""Cautions: each is said where it is due, in plain words, and not where it is not."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, HistoricAverage, Naive, SeasonalNaive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.report.cautions import cautions
from tsforecast.exceptions import FitError
from tsforecast.forecast import Forecast


class Narrow(HistoricAverage):
    def _predict(self, panel, horizon, X, levels):
        good = super()._predict(panel, horizon, X, levels)
        middle = good.mean[:, :, None]
        return Forecast(good.mean, middle + 0.2 * (good.quantiles - middle), levels, good.ids, good.cutoff, good.freq)


class Dice(Naive):
    def __init__(self, random_state=None):
        self.random_state = random_state

    def _predict(self, panel, horizon, X, levels):
        base = super()._predict(panel, horizon, X, levels)
        noise = np.random.default_rng(self.random_state).normal(size=base.mean.shape)
        return Forecast(base.mean + 3 * noise, base.quantiles, levels, base.ids, base.cutoff, base.freq)


class Fails(Naive):
    def _predict(self, panel, horizon, X, levels):
        if "s0" in panel.ids:
            raise FitError("no")
        return super()._predict(panel, horizon, X, levels)


def noise(n_series=6, n_obs=80, seed=0):
    values = np.random.default_rng(seed).normal(size=(n_obs, n_series)) + 20
    return pd.DataFrame(values, columns=[f"s{i}" for i in range(n_series)])


def told(models, data, cv, **options):
    return " ".join(cautions(backtest(models, data, cv=cv, **options).run))


ENOUGH = RollingOrigin(4, n_windows=6)


def test_a_fair_comparison_needs_no_caution():
    assert told([HistoricAverage(), Naive()], noise(), ENOUGH, metrics=["mase"], level=[80]) == ""


def test_intervals_of_the_winner_that_are_too_narrow_are_named():
    text = told([Narrow(), Naive()], noise(), ENOUGH, metrics=["mase", "coverage"], level=[80])
    assert "Narrow's intervals are too narrow: those of 80% hold" in text


def test_a_metric_by_which_another_is_first_is_named():
    y = pd.DataFrame({"small": [1.0, 3.0] * 20, "large": np.arange(40.0) * 1000 + 1e6})
    text = told(
        [Naive(), HistoricAverage(), Drift()], y, RollingOrigin(3, n_windows=5), metrics=["mae", "mape"], level=()
    )
    assert "The metrics disagree: by MAPE" in text


def test_a_metric_by_which_two_models_hardly_differ_is_not_named():
    y = noise(4)
    nearly = {"one": HistoricAverage(), "two": Naive(), "three": HistoricAverage()}
    result = backtest(nearly, y, cv=ENOUGH, metrics=["mase", "rmse"], level=())
    board = result.leaderboard()
    first, tied = board["model"].iloc[0], board["model"].iloc[1]
    board.loc[board["model"] == tied, "rmse"] *= 0.999
    assert not any("disagree" in one for one in cautions(result.run, board))
    board.loc[board["model"] == tied, "rmse"] *= 0.9
    assert any(f"by RMSE {tied} is first and {first} 2nd of 3" in one for one in cautions(result.run, board))


@pytest.mark.parametrize(("n_windows", "words"), [(1, "There is one cutoff"), (2, "2 cutoffs are few"), (6, "")])
def test_few_cutoffs_are_named(n_windows, words):
    text = told(
        [HistoricAverage(), Naive()], noise(), RollingOrigin(4, n_windows=n_windows), metrics=["mase"], level=()
    )
    assert words in text and ("few" in text or "one cutoff" in text) == (words != "")


def test_a_decision_at_one_cutoff_says_how_little_in_common_would_undo_it():
    text = told([HistoricAverage(), Naive()], noise(60), RollingOrigin(12), metrics=["mase"], level=())
    assert "would not stand if the differences of two series had a correlation over 0." in text


def test_one_cutoff_a_series_at_different_times_is_told_apart_from_one_for_all():
    y = noise(6)
    for i in range(1, 6):
        y.iloc[80 - i :, i] = np.nan
    text = told([HistoricAverage(), Naive()], y, RollingOrigin(4), metrics=["mase"], level=())
    assert "There is one cutoff a series, at 6 different times" in text


def test_cutoffs_that_overlap_and_a_stretch_within_one_season_are_named():
    y = pd.DataFrame(noise(3, 200).to_numpy(), index=pd.date_range("2020-01-05", periods=200, freq="W"))
    cv = RollingOrigin(4, n_windows=5, step_size=2)
    text = told([HistoricAverage(), SeasonalNaive(52)], y, cv, metrics=["mase"], level=(), season_length=52)
    assert "Forecasts of 2 cutoffs in a row overlap" in text
    assert "All 5 cutoffs lie in one stretch of 12 steps, within one season of 52" in text


def test_failures_are_counted():
    text = told([HistoricAverage(), Fails()], noise(), ENOUGH, metrics=["mase"], level=())
    assert "Forecasts failed, Fails on 6 of 36 pairs of series and cutoff: these count for no model" in text


def test_seeds_that_spread_more_than_the_models_differ_are_named_and_a_single_seed_is():
    both = {"one": Dice(), "two": Dice()}
    text = told(both, noise(2), ENOUGH, metrics=["mase"], level=(), seeds=4)
    assert "Seeds spread more than the models differ" in text
    assert "ran with one seed" not in text
    assert "one and two ran with one seed" in told(both, noise(2), ENOUGH, metrics=["mase"], level=())


def test_models_with_the_same_scores_are_named():
    models = {"mean": HistoricAverage(), "again": HistoricAverage(), "last": Naive()}
    text = told(models, noise(), ENOUGH, metrics=["mase"], level=[80])
    assert "mean and again have the same scores everywhere." in text
    assert "last" not in text
