"""A quick choice agrees with the backtest of the same cutoffs, and what it tells is what was measured."""

import json

import numpy as np
import pytest

from tsforecast import Drift, HistoricAverage, Naive, SeasonalNaive
from tsforecast.backtest import RollingOrigin, backtest, quick_choice
from tsforecast.backtest.choose.candidates import quick_candidates, quick_cutoffs
from tsforecast.backtest.choose.quality import Quality, measure
from tsforecast.exceptions import DataError, SeriesTooShortError
from tsforecast.panel import Panel

SIMPLE = [Naive(), Drift(), HistoricAverage()]


def walks(n_obs, n_series=1, seed=0):
    return np.random.default_rng(seed).normal(size=(n_obs, n_series)).cumsum(axis=0)


@pytest.mark.parametrize("n_series", [1, 30])
def test_the_choice_is_the_winner_of_the_backtest_of_the_same_cutoffs(n_series):
    panel = Panel.from_array(walks(60, n_series))
    choice = quick_choice(panel, SIMPLE, horizon=4)
    cv = RollingOrigin(4, choice.result.run.n_windows)
    result = backtest(SIMPLE, panel, cv=cv, metrics=["mase"])
    assert choice.name == result.leaderboard()["model"].iloc[0]
    assert type(choice.model).__name__ == choice.name


def test_what_was_measured_is_the_mean_error_and_the_share_inside_the_interval():
    panel = Panel.from_array(100 + walks(60))
    result = backtest(SIMPLE, panel, cv=RollingOrigin(5, 3))
    quality, own = measure(result.run, "Drift"), result.forecasts_of("Drift")
    error = np.abs(own["y"] - own["mean"])
    assert quality.error == pytest.approx(error.mean(), rel=1e-12)
    assert quality.percent == pytest.approx(100 * error.sum() / own["y"].sum(), rel=1e-12)
    inside = (own["lo-80"] <= own["y"]) & (own["y"] <= own["hi-80"])
    assert quality.coverage == pytest.approx(100 * inside.mean()) and quality.n_values == 15


def test_of_several_series_the_error_is_that_of_the_median_one():
    y = np.tile(np.arange(40.0)[:, None], (1, 3)) * [1.0, 2.0, 50.0]
    result = backtest([Naive()], Panel.from_array(y), cv=RollingOrigin(1, 4), metrics=["mae"])
    assert measure(result.run, "Naive").error == pytest.approx(2.0)


def test_values_below_zero_have_no_percentage():
    result = backtest([Naive()], walks(40), cv=RollingOrigin(2, 2), metrics=["mae"])
    quality = measure(result.run, "Naive")
    assert np.isnan(quality.percent) and "%) on average" not in quality.sentence


def test_a_choice_that_is_more_than_chance_is_told_from_one_that_is_not():
    sure = quick_choice(np.arange(200.0), [Naive(), Drift()], horizon=4, n_windows=30)
    assert "more than chance" in sure.quality.certainty
    unsure = quick_choice(walks(40), [Naive(), Drift()], horizon=4)
    assert "not certain" in unsure.quality.certainty


def test_of_many_series_some_are_drawn_and_always_the_same():
    panel = Panel.from_array(walks(12, 1200))
    first, again = (quick_choice(panel, [Naive(), Drift()], horizon=2) for _ in range(2))
    assert first.quality.n_series == 500
    assert first.quality.to_dict() == again.quality.to_dict()


def test_series_too_short_for_a_backtest_have_the_first_model_that_fits():
    choice = quick_choice(np.arange(6.0), [SeasonalNaive(12), Naive()], horizon=3, season_length=12)
    assert choice.name == "Naive" and choice.quality is None and "too few" in choice.reason
    with pytest.raises(SeriesTooShortError, match="SeasonalNaive 13"):
        quick_choice(np.arange(6.0), [SeasonalNaive(12)], horizon=3)


def test_constant_series_are_ranked_by_the_absolute_error():
    choice = quick_choice(np.full(40, 5.0), SIMPLE, horizon=3)
    assert choice.quality is not None and choice.quality.error == 0.0


def test_quality_survives_json_and_refuses_other_values():
    quality = quick_choice(walks(40), SIMPLE, horizon=3).quality
    again = Quality.from_dict(json.loads(json.dumps(quality.to_dict())))
    assert again.sentence == quality.sentence and again.to_dict() == quality.to_dict()
    with pytest.raises(DataError):
        Quality.from_dict({"model": "Naive"})


def test_candidates_follow_season_length_and_size():
    assert list(quick_candidates(Panel.from_array(walks(60)), 12)) == [
        "SeasonalNaive",
        "Naive",
        "AutoARIMA",
        "LinearAR",
        "LSTM",
    ]
    assert list(quick_candidates(Panel.from_array(walks(6000)), 48)) == ["SeasonalNaive", "Naive", "SARIMA", "LinearAR"]
    assert quick_candidates(Panel.from_array(walks(60)), 7)["SeasonalNaive"].season_length == 7


@pytest.mark.parametrize("length", range(2, 80, 7))
@pytest.mark.parametrize("horizon", [1, 6, 24])
def test_cutoffs_leave_a_season_and_one_more_to_learn_from(length, horizon):
    cv = quick_cutoffs(np.array([length]), horizon, 12)
    if cv is None:
        assert length - horizon < 13
    else:
        assert length - cv.needed + 1 >= 13


def test_who_watches_a_choice_is_told_of_each_job_until_the_last():
    told = []
    quick_choice(walks(40), [Naive(), Drift()], horizon=3, watch=told.append)
    assert told[0].total == told[-1].done > 1 and told[-1].left == 0.0
    assert {progress.model for progress in told} == {"Naive", "Drift", ""}
