"""An ensemble is the average of its members."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from tsforecast import Drift, HistoricAverage, Naive, SeasonalNaive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.plan.describe import build, describe
from tsforecast.exceptions import ParameterError
from tsforecast.models.conformal import Conformal
from tsforecast.models.ensemble import Ensemble

MEMBERS = (Naive(), Drift(), HistoricAverage())


@pytest.mark.parametrize(("how", "average"), [("mean", np.mean), ("median", np.median)])
def test_points_and_quantiles_are_averages_of_the_members(how, average):
    y = np.random.default_rng(0).normal(size=(30, 2))
    found = Ensemble(MEMBERS, how).fit(y).predict(4, level=[80], quantiles=[0.3])
    members = [member.fit(y).predict(4, level=[80], quantiles=[0.3]) for member in map(clone, MEMBERS)]
    np.testing.assert_allclose(found, average(members, axis=0), rtol=1e-13)


def test_an_ensemble_of_one_is_that_one():
    y = np.random.default_rng(1).normal(size=30)
    np.testing.assert_array_equal(Ensemble([Drift()]).fit(y).predict(3), Drift().fit(y).predict(3))


def test_the_mean_of_many_has_no_larger_mse_than_its_members_on_average():
    y = np.random.default_rng(2).normal(size=(60, 20)).cumsum(axis=0)
    models = {"all": Ensemble(MEMBERS), **{type(m).__name__: m for m in MEMBERS}}
    mse = backtest(models, y, cv=RollingOrigin(3, 2), metrics=["mse"], level=()).leaderboard()
    mse = mse.set_index("model")["mse"]
    assert mse["all"] <= mse.drop("all").mean()  # convexity


def test_members_are_left_as_they_are_and_their_parameters_are_reached_by_place():
    model = Ensemble([Naive(), SeasonalNaive(4)])
    model.fit(np.arange(20.0))
    assert not hasattr(model.forecasters[0], "panel_")
    model.set_params(**{"1__season_length": 3})
    assert clone(model).forecasters[1].season_length == 3


def test_a_member_is_replaced_by_its_place_and_the_sequence_given_stays_as_it_was():
    given = [Naive(), Drift()]
    model = Ensemble(given).set_params(**{"1": SeasonalNaive(4), "1__season_length": 3, "how": "median"})
    assert repr(model) == repr(Ensemble((Naive(), SeasonalNaive(3)), "median"))
    assert model.get_params()["1"] is model.forecasters[1]
    assert isinstance(given[1], Drift)
    y = np.arange(20.0) ** 2
    replaced = Ensemble([Naive(), HistoricAverage()]).set_params(**{"0": HistoricAverage()}).fit(y)
    np.testing.assert_array_equal(replaced.predict(2), HistoricAverage().fit(y).predict(2))


def test_the_members_are_set_before_what_is_theirs():
    model = Ensemble([Naive()]).set_params(**{"1__season_length": 7, "forecasters": [Drift(), SeasonalNaive(4)]})
    assert model.forecasters[1].season_length == 7


@pytest.mark.parametrize("name", ["2", "-1", "0__window", "2__season_length", "members", "00"])
def test_what_an_ensemble_has_not_cannot_be_set(name):
    with pytest.raises(ValueError, match="Invalid parameter"):
        Ensemble([Naive(), Drift()]).set_params(**{name: 1})


@pytest.mark.parametrize("members", [[Naive(), 5], [Naive], {"a": Naive()}, Naive(), None])
def test_a_member_that_is_no_forecaster_is_refused_by_fit_and_can_be_looked_at(members):
    model = Ensemble(members)
    assert "how" in model.get_params()
    with pytest.raises(ParameterError, match=r"is no (forecaster|sequence)"):
        model.fit(np.arange(9.0))


def test_a_grid_search_can_exchange_members():
    noise = np.random.default_rng(0).normal(scale=0.1, size=72)
    y = pd.Series(np.tile(np.arange(12.0), 6) + noise, index=pd.date_range("2015-01-01", periods=72, freq="MS"))
    grid = {"0": [Naive(), SeasonalNaive(12), Drift()]}
    search = GridSearchCV(Ensemble([HistoricAverage()]), grid, cv=TimeSeriesSplit(3, test_size=6)).fit(y)
    assert repr(search.best_params_["0"]) == "SeasonalNaive(season_length=12)"


def test_it_is_described_and_built_again():
    model = Conformal(Ensemble([Naive(), SeasonalNaive(4)], how="median"), calibration_size=9)
    again = build(describe(model))
    assert repr(again.forecaster.forecasters[1]) == "SeasonalNaive(season_length=4)"
    assert (again.calibration_size, again.forecaster.how) == (9, "median")


@pytest.mark.parametrize("bad", [{"forecasters": []}, {"how": "mode"}])
def test_settings_that_make_no_sense_are_refused(bad):
    with pytest.raises(ParameterError):
        Ensemble(**({"forecasters": MEMBERS} | bad)).fit(np.arange(9.0))


def test_a_member_without_covariates_may_stand_beside_one_with():
    class Follows(Naive):
        uses_covariates = True

        def _predict(self, panel, horizon, X, levels):
            base = super()._predict(panel, horizon, X, levels)
            return type(base)(X[:, :, 0], base.quantiles, levels, base.ids, base.cutoff, base.freq)

    index = pd.date_range("2020-01-01", periods=20)
    X = pd.DataFrame({"x": np.arange(24.0)}, index=pd.date_range("2020-01-01", periods=24))
    y = pd.Series(np.zeros(20), index=index)
    found = Ensemble([Naive(), Follows()]).fit(y, X.iloc[:20]).predict(4, X)
    np.testing.assert_array_equal(found, np.arange(20.0, 24.0) / 2)
