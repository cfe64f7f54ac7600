"""What `sample_paths` promises, for every forecaster: joint draws that agree with its intervals."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from tsforecast import (
    ARIMA,
    BaseForecaster,
    Conformal,
    Drift,
    Ensemble,
    Forecast,
    LinearAR,
    Naive,
    Panel,
    SeasonalNaive,
    SeasonalProcess,
    TrueModel,
)
from tsforecast._past_errors import joint_shares
from tsforecast.exceptions import NotFittedError, ParameterError, SeriesTooShortError

sys.path.insert(0, str(Path(__file__).parent))
from forecasters import MODELS, WRAPPERS, forecaster

sys.path.pop(0)

HORIZON = 7
QUICK = {"max_epochs": 2, "n_members": 2}
CHANGES = {
    "ARIMA": {"order": (1, 1, 1)},
    "SARIMA": {"target_transform": "log"},
    "RNN": QUICK,
    "LSTM": QUICK | {"decoding": {"kind": "recursive", "n_samples": 2000}},
    "GRU": QUICK | {"decoding": {"loss": "gaussian"}},
    "SklearnForecaster": {"n_direct": HORIZON},
    "Ensemble": {"forecasters": (Naive(), Drift(), SeasonalNaive()), "how": "mean"},
    "Conformal": {"forecaster": SeasonalNaive(), "calibration_size": 30},
    "Tuned": {"forecaster": SeasonalNaive(), "space": {"season_length": (6, 12)}, "budget": 2},
}
PROCESS = SeasonalProcess(pattern=(100.0, 110.0), freq="MS", start="2015-01-01")


def monthly(n_obs=60, seed=0):
    rng = np.random.default_rng(seed)
    season = 10 * np.sin(np.arange(n_obs) * np.pi / 6)
    values = 100 + season + np.arange(n_obs) / 3 + 3 * rng.normal(size=n_obs)
    return pd.Series(values, index=pd.date_range("2015-01-01", periods=n_obs, freq="MS"), name="s0")


def wide(n_series=3):
    return pd.DataFrame({f"s{i}": monthly(seed=i) * (i + 1) for i in range(n_series)})


@pytest.fixture(scope="module", params=[*MODELS, *WRAPPERS, "TrueModel"])
def fitted(request):
    name = request.param
    model = TrueModel(PROCESS) if name == "TrueModel" else forecaster(name, **CHANGES.get(name, {}))
    return model.fit(wide())


def test_paths_have_a_place_for_each_series_path_and_step(fitted):
    paths = fitted.sample_paths(4, HORIZON, random_state=0)
    assert paths.shape == (3, 4, HORIZON)
    assert np.isfinite(paths).all()


def test_one_seed_gives_one_set_of_paths(fitted):
    first = fitted.sample_paths(4, HORIZON, random_state=3)
    np.testing.assert_array_equal(first, fitted.sample_paths(4, HORIZON, random_state=np.random.default_rng(3)))
    assert (first != fitted.sample_paths(4, HORIZON, random_state=4)).any(axis=(1, 2)).all()


def test_steps_are_distributed_as_the_quantiles_say(fitted):
    """0.04 is 3.5 standard errors of a share of 2000 paths, and a conformal rank of 24 errors more than exact."""
    levels = [0.1, 0.5, 0.9]
    forecast = fitted.predict(HORIZON, history=Panel.from_wide(wide()), quantiles=levels)
    paths = fitted.sample_paths(2000, HORIZON, random_state=1)
    for k, q in enumerate(levels):
        share = (paths <= forecast.quantiles[:, None, :, k] + 1e-9).mean(axis=1)
        np.testing.assert_allclose(share, q, atol=0.04)


def test_a_series_has_the_paths_that_it_has_alone(fitted):
    both = fitted.sample_paths(5, HORIZON, history=wide(), random_state=2)
    alone = fitted.sample_paths(5, HORIZON, history=wide()[["s1"]], random_state=2)
    np.testing.assert_allclose(both[1:2], alone, rtol=1e-6)  # sums may be taken in another order


def test_a_history_is_gone_on_from(fitted):
    later = wide() + 1000
    if isinstance(fitted, TrueModel):
        pytest.skip("knows the process, whatever the history")
    paths = fitted.sample_paths(20, 1, history=later, random_state=2)
    near = later.iloc[-24:].to_numpy().mean(axis=0)[:, None, None]
    assert np.abs(paths - near).max() < 400  # the training series are a thousand away


@pytest.mark.parametrize("model", [Naive(), ARIMA(order=(0, 1, 0)), Ensemble([Naive(), Naive()])])
def test_sums_of_a_random_walk_vary_as_they_must(model):
    """Of steps 1 to H: sigma2 H (H + 1) (2 H + 1) / 6. Three standard errors of a variance of 20,000 are 3%."""
    y = np.cumsum(np.random.default_rng(5).normal(size=300))
    paths = model.fit(y).sample_paths(20_000, HORIZON, random_state=0)[0]
    sigma2 = np.mean(np.diff(y) ** 2)
    closed = sigma2 * HORIZON * (HORIZON + 1) * (2 * HORIZON + 1) / 6
    assert paths.sum(axis=1).var() == pytest.approx(closed, rel=0.05)
    assert np.diff(paths, axis=1).var() == pytest.approx(sigma2, rel=0.05)


def test_seasons_of_a_seasonal_walk_vary_apart():
    y = np.random.default_rng(5).normal(size=200)
    paths = SeasonalNaive(2).fit(y).sample_paths(20_000, 4, random_state=0)[0]
    found = np.corrcoef(paths.T)
    wanted = np.eye(4)
    wanted[[0, 2, 1, 3], [2, 0, 3, 1]] = np.sqrt(0.5)  # a walk of one step and of two
    np.testing.assert_allclose(found, wanted, atol=0.03)


def test_missing_last_values_widen_a_naive_path():
    y = np.append(np.cumsum(np.random.default_rng(5).normal(size=200)), [np.nan] * 3)
    paths = Naive().fit(y).sample_paths(20_000, 2, random_state=0)[0]
    sigma2 = np.nanmean(np.diff(y) ** 2)
    np.testing.assert_allclose(np.cov(paths.T), sigma2 * np.array([[4, 4], [4, 5]]), rtol=0.05)


def test_the_slope_of_a_drift_is_uncertain_over_a_whole_path():
    y = np.cumsum(np.random.default_rng(5).normal(size=30))
    paths = Drift().fit(y).sample_paths(40_000, 20, random_state=0)[0]
    sigma2 = np.sum((np.diff(y) - np.diff(y).mean()) ** 2) / 28
    h = np.array([10, 20])
    wanted = sigma2 * (np.minimum.outer(h, h) + np.outer(h, h) / 29)
    np.testing.assert_allclose(np.cov(paths[:, h - 1].T), wanted, rtol=0.05)


def test_conformal_paths_keep_the_errors_of_one_origin_together():
    """Errors of the naive forecast of a random walk are walks: their last step varies with the sum before it."""
    y = np.cumsum(np.random.default_rng(5).normal(size=400))
    paths = Conformal(Naive(), calibration_size=200).fit(y).sample_paths(4000, 2, random_state=0)[0]
    assert np.corrcoef(paths.T)[0, 1] == pytest.approx(np.sqrt(0.5), abs=0.12)  # of 199 errors that overlap


def test_covariates_of_the_horizon_move_the_paths():
    rng = np.random.default_rng(4)
    x = rng.choice([-1.0, 1.0], size=(100, 1))
    model = ARIMA(order=(1, 0, 0)).fit(50 + 5 * x[:, 0] + rng.normal(size=100), x)
    X = np.array([[1.0], [-1.0]])
    mean = model.sample_paths(4000, 2, X, random_state=0)[0].mean(axis=0)
    np.testing.assert_allclose(mean, model.predict(2, X), atol=0.1)
    assert mean[0] - mean[1] > 8


class Last(BaseForecaster):
    """The last value, with intervals of a random walk of variance 1 where it is told to; no paths of its own."""

    def __init__(self, sure=False, nonnegative=False, bounds=None):
        self.sure, self.nonnegative, self.bounds = sure, nonnegative, bounds

    @property
    def gives_intervals(self):
        return self.sure

    def _fit(self, panel):
        self.end_ = {name: panel.fingerprint() for name in panel.ids}

    def _predict(self, panel, horizon, X, levels):
        mean = np.repeat(panel.values[panel.indptr[1:] - 1][:, None], horizon, axis=1)
        sd = np.sqrt(np.arange(1, horizon + 1))
        quantiles = mean[:, :, None] + sd[:, None] * ndtri(levels)
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)


class LastOfItsFit(Last):
    """Forecasts from the end of its fit alone, as some models of other libraries."""

    def _predict(self, panel, horizon, X, levels):
        if self.end_[panel.ids[0]] != panel.fingerprint():
            raise ParameterError("no other history")
        return super()._predict(panel, horizon, X, levels)


@pytest.mark.parametrize("kind", [Last, LastOfItsFit])
def test_steps_of_a_model_without_paths_hang_together_as_its_errors_did(kind):
    """Of a random walk the correlation of steps 1 and 4 is a half; errors of 16 to 48 times estimate it roughly."""
    y = np.cumsum(np.random.default_rng(8).normal(size=200))
    paths = kind(sure=True).fit(y).sample_paths(20_000, 4, random_state=0)[0]
    np.testing.assert_allclose(paths.std(axis=0), np.sqrt([1, 2, 3, 4]), rtol=0.05)
    assert 0.1 < np.corrcoef(paths.T)[0, 3] < 0.85
    assert np.corrcoef(paths.T)[2, 3] > 0.7


def test_paths_of_a_model_without_intervals_spread_as_errors_that_it_had_not_seen():
    y = np.cumsum(np.random.default_rng(5).normal(size=400))
    paths = Last().fit(y).sample_paths(4000, 3, random_state=0)[0]
    wanted = Conformal(Last(), calibration_size=50).fit(y).sample_paths(4000, 3, random_state=0)[0]
    np.testing.assert_allclose(paths.std(axis=0), wanted.std(axis=0), rtol=0.05)


def test_a_series_too_short_for_errors_along_the_horizon_is_named():
    with pytest.raises(SeriesTooShortError, match="sample paths of Last need 1 to fit on and 5 to err on"):
        Last().fit([1.0, 2.0, 3.0]).sample_paths(3, 5)


def test_one_row_of_errors_makes_paths_in_parallel():
    share = joint_shares(np.zeros((1, 3)), 50, np.random.default_rng(0))
    assert (np.ptp(share, axis=1) == 0).all() and np.ptp(share[:, 0]) > 0.5


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"n_paths": 0}, "n_paths=0"),
        ({"n_paths": 2.5}, "n_paths=2.5"),
        ({"n_paths": 10**9}, "memory"),
        ({"horizon": 0}, "horizon=0"),
        ({"random_state": "one"}, "random_state='one'"),
    ],
)
def test_what_is_asked_is_checked_before_anything_is_drawn(given, match):
    with pytest.raises(ParameterError, match=match):
        Naive().fit(monthly()).sample_paths(**({"n_paths": 3, "horizon": 2000} | given))


def test_paths_of_what_is_not_fitted_are_refused():
    with pytest.raises(NotFittedError):
        Naive().sample_paths(1, 1)


def test_a_horizon_past_the_calibration_tail_is_refused():
    with pytest.raises(ParameterError, match="no 5 observations in a row"):
        Conformal(Naive(), calibration_size=4).fit(monthly()).sample_paths(3, 5)


def test_a_forecaster_says_whether_its_point_forecast_is_a_median():
    medians, means = LinearAR(), LinearAR(decoding={"loss": "mse"})
    assert [medians.point_statistic, means.point_statistic, Naive().point_statistic] == ["median", "mean", "mean"]
    assert Conformal(medians).point_statistic == Ensemble([Naive(), medians]).point_statistic == "median"
