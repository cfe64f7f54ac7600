"""An ensemble is the average of its members."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from tsforecast import Drift, HistoricAverage, Naive, SeasonalNaive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.describe import build, describe
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
