"""predict_total: sums over the horizon have intervals that hold as many truths as they say."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, Drift, Forecast, Naive, Panel, SeasonalNaive
from tsforecast.exceptions import NotFittedError, ParameterError

N_SERIES, HORIZON = 1500, 12


def walks(n_obs, season=1, seed=0, n_series=N_SERIES):
    """Seasonal random walks, ``(n_obs, n_series)``: a walk for each phase of the season."""
    steps = np.random.default_rng(seed).normal(size=(n_obs, n_series))
    for t in range(season, n_obs):
        steps[t] += steps[t - season]
    return steps


def shares(model, y, by):
    """Share of the sums after the training rows that lie in the intervals of 80% and of 95%."""
    table = model.fit(y[:-HORIZON]).predict_total(HORIZON, level=[80, 95], by=by, n_paths=1000)
    truth = y[-HORIZON:].T.reshape(y.shape[1], -1, by or HORIZON).sum(axis=2).reshape(-1)
    return [np.mean((truth >= table[f"lo-{p}"]) & (truth <= table[f"hi-{p}"])) for p in (80, 95)]


@pytest.mark.parametrize(
    ("model", "y", "by"),
    [(Naive(), walks(140), None), (Drift(), walks(140, seed=1), 6), (SeasonalNaive(6), walks(140, 6, seed=2), None)],
    ids=["walk", "walk by blocks", "seasonal walk"],
)
def test_intervals_of_sums_hold_as_many_truths_as_they_say(model, y, by):
    """Three standard errors of a share of 1500 are 3 points at 80% and 1.7 at 95%."""
    np.testing.assert_allclose(shares(model, y, by), [0.80, 0.95], atol=0.03)


def test_intervals_of_sums_of_an_autoregression_hold_as_many_truths_as_they_say():
    """Three standard errors of a share of 300 are 7 points at 80%, 4 at 95%; single steps added up would hold all."""
    noise = np.random.default_rng(3).normal(size=(220, 300))
    for t in range(1, len(noise)):
        noise[t] += 0.7 * noise[t - 1]
    np.testing.assert_allclose(shares(ARIMA((1, 0, 0)), noise[100:], None), [0.80, 0.95], atol=0.07)


def test_a_sum_is_that_of_the_forecasts_and_narrower_than_the_ends_of_its_steps():
    y = np.random.default_rng(0).normal(size=60)
    model = ARIMA((0, 0, 0)).fit(y)
    total = model.predict_total(HORIZON, level=80).iloc[0]
    steps = model.predict(HORIZON, level=80)
    width = steps[:, 2] - steps[:, 1]
    assert total["mean"] == pytest.approx(steps[:, 0].sum(), abs=0.2)  # 4000 paths of standard deviation 4
    assert total["hi-80"] - total["lo-80"] == pytest.approx(np.sqrt((width**2).sum()), rel=0.1)
    assert total["hi-80"] - total["lo-80"] < width.sum() / 2


def test_blocks_are_named_by_their_first_and_last_time():
    y = pd.DataFrame(
        {"b": np.arange(24.0), "a": np.arange(24.0)}, index=pd.date_range("2022-01-01", periods=24, freq="MS")
    )
    table = Drift().fit(y).predict_total(24, by=12)
    assert table["unique_id"].tolist() == ["b", "b", "a", "a"]
    assert table["start"].tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2025-01-01")] * 2
    assert table["end"].tolist() == [pd.Timestamp("2024-12-01"), pd.Timestamp("2025-12-01")] * 2
    assert list(table.columns) == ["unique_id", "start", "end", "mean"]


def test_a_series_has_the_sum_that_it_has_alone_and_the_seed_decides():
    y = pd.DataFrame({"a": walks(50, n_series=1)[:, 0], "b": walks(50, seed=1, n_series=1)[:, 0]})
    both = Naive().fit(y).predict_total(4, level=80, random_state=5)
    pd.testing.assert_frame_equal(
        both.iloc[[1]].reset_index(drop=True), Naive().fit(y[["b"]]).predict_total(4, level=80, random_state=5)
    )
    pd.testing.assert_frame_equal(both, Naive().fit(y).predict_total(4, level=80, random_state=5))
    assert not both.equals(Naive().fit(y).predict_total(4, level=80, random_state=6))


def test_many_paths_are_summed_part_by_part_with_the_same_result(monkeypatch):
    y = walks(40, n_series=5)
    whole = Naive().fit(y).predict_total(4, level=80)
    monkeypatch.setattr("tsforecast._totals._MOST_NUMBERS", 2 * 4 * 4000)
    pd.testing.assert_frame_equal(Naive().fit(y).predict_total(4, level=80), whole)


def test_a_history_and_covariates_are_used():
    rng = np.random.default_rng(4)
    x = rng.choice([-1.0, 1.0], size=(100, 1))
    model = ARIMA((1, 0, 0)).fit(50 + 5 * x[:, 0] + rng.normal(size=100), x)
    assert model.predict_total(2, np.ones((2, 1)))["mean"][0] == pytest.approx(110, abs=2)
    assert Naive().fit([1.0, 2.0, 1.0]).predict_total(3, history=[100.0, 101.0])["mean"][0] == pytest.approx(303, abs=1)


def test_sums_stay_within_the_sums_of_bounds():
    table = Naive(bounds=(0, 2)).fit([1.0, 0.0, 2.0, 1.0]).predict_total(4, level=95)
    assert table["lo-95"][0] >= 0 and table["hi-95"][0] <= 8


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"by": 5}, "by=5 does not divide horizon=12"),
        ({"by": 0}, "by=0"),
        ({"by": 2.5}, "by=2.5"),
        ({"level": 0.8}, "level"),
        ({"level": [80, 80]}, "twice"),
        ({"n_paths": 0}, "n_paths=0"),
        ({"horizon": 0}, "horizon=0"),
    ],
)
def test_what_is_asked_is_checked(given, match):
    with pytest.raises(ParameterError, match=match):
        Naive().fit([1.0, 2.0, 1.0]).predict_total(**({"horizon": 12} | given))


def test_a_model_that_is_not_fitted_says_so():
    for ask in (Naive().predict_total, Naive().forecast):
        with pytest.raises(NotFittedError):
            ask(2)


@pytest.mark.parametrize("y", [[3.0, 1.0, 2.0], Panel.from_array(np.array([3.0, 1.0, 2.0]))])
def test_forecast_gives_the_numbers_of_predict_as_a_forecast_for_any_container(y):
    found = Naive().fit(y).forecast(4, level=80, quantiles=0.5)
    wanted = Naive().fit([3.0, 1.0, 2.0]).predict(4, level=80, quantiles=0.5)
    assert isinstance(found, Forecast)
    np.testing.assert_array_equal(
        np.column_stack([found.mean[0], *(end[0] for end in found.interval(80))]), wanted[:, :3]
    )
    with pytest.raises(ParameterError, match="level"):
        Naive().fit(y).forecast(4, level=100)
