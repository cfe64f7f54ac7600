"""Split-conformal intervals against their definition, and their coverage with exchangeable errors."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from tsforecast import Drift, HistoricAverage, Naive, SeasonalNaive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.exceptions import ParameterError, SeriesTooShortError, UnknownNameError
from tsforecast.models.conformal import Conformal


def test_interval_equals_its_definition_at_every_step():
    y = np.random.default_rng(0).normal(size=50).cumsum()
    size, horizon, level = 30, 3, 80
    forecast = Conformal(Drift(), calibration_size=size).fit(y).predict(horizon, level=level)
    mean = Drift().fit(y).predict(horizon)
    np.testing.assert_array_equal(forecast[:, 0], mean)
    before = Drift().fit(y[:-size])
    for h in range(1, horizon + 1):
        errors = sorted(
            abs(y[t + h - 1] - before.predict(h, history=y[:t])[h - 1]) for t in range(20, 50) if t + h - 1 < 50
        )
        k = -(-(len(errors) + 1) * level // 100)
        assert len(errors) == size - h + 1
        np.testing.assert_allclose(forecast[h - 1, 1:], [mean[h - 1] - errors[k - 1], mean[h - 1] + errors[k - 1]])


def test_coverage_is_at_least_the_level_on_exchangeable_errors():
    y = np.random.default_rng(1).standard_t(3, size=(60, 800))  # independent: the errors of a mean are exchangeable
    model = Conformal(HistoricAverage(), calibration_size=24, refit=False)
    table = backtest(model, y, cv=RollingOrigin(1), level=[80], metrics=["mae", "coverage"]).scores
    # n = 24 errors: the exact coverage is 20 / 25 = 80%; 800 series: standard error 1.4 points
    assert 80 - 4.5 < table[table["metric"] == "coverage-80"]["value"].mean() < 80 + 4.5


def test_own_interval_of_a_model_that_is_too_sure_is_replaced():
    y = np.tile([1.0, 5.0, 2.0, 8.0], 20) + np.random.default_rng(2).standard_t(2, size=80)
    own = SeasonalNaive(4).fit(y).predict(4, quantiles=[0.1, 0.9])
    conformal = Conformal(SeasonalNaive(4), calibration_size=40).fit(y).predict(4, quantiles=[0.1, 0.9])
    np.testing.assert_array_equal(own[:, 0], conformal[:, 0])
    assert not np.allclose(own[:, 1:], conformal[:, 1:])


def test_median_is_the_point_forecast_and_quantiles_do_not_cross():
    y = np.random.default_rng(3).normal(size=60)
    found = Conformal(Naive(), calibration_size=40).fit(y).predict(3, quantiles=[0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_array_equal(found[:, 3], found[:, 0])
    assert (np.diff(found[:, 1:], axis=1) >= 0).all()


def test_without_a_second_fit_the_calibrated_model_forecasts_from_all_observations():
    y = np.random.default_rng(4).normal(size=40)
    model = Conformal(HistoricAverage(), calibration_size=10, refit=False).fit(y)
    np.testing.assert_array_equal(model.predict(2), model.calibrated_.predict(2, history=y))


def test_each_series_has_widths_of_its_own_errors():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"calm": rng.normal(size=50), "wild": 100 * rng.normal(size=50)})
    found = Conformal(Naive(), calibration_size=20).fit(frame).predict(1, level=80)
    for name in frame:
        alone = Conformal(Naive(), calibration_size=20).fit(frame[name]).predict(1, level=80)
        np.testing.assert_array_equal(found[name], alone)
    with pytest.raises(UnknownNameError):
        Conformal(Naive(), calibration_size=20).fit(frame[["calm"]]).predict(1, level=80, history=frame)


def test_too_few_errors_for_a_level_are_an_error_that_says_how_many_are_needed():
    model = Conformal(Naive(), calibration_size=20).fit(np.arange(40.0))
    assert model.predict(2, level=95).shape == (2, 3)  # 19 errors at step 2
    with pytest.raises(
        ParameterError, match=r"18 errors at step 3 .* 95% needs at least 19 of them: calibration_size=21"
    ):
        model.predict(3, level=95)


@pytest.mark.parametrize("size", [0, 2.5, True])
def test_calibration_size_must_be_a_whole_number(size):
    with pytest.raises(ParameterError, match="calibration_size"):
        Conformal(Naive(), calibration_size=size).fit(np.arange(30.0))


def test_a_series_that_the_tail_would_use_up_is_named():
    with pytest.raises(SeriesTooShortError, match="'y' has 20 observations; Conformal needs at least 22"):
        Conformal(Naive(), calibration_size=20).fit(np.arange(20.0))


def test_parameters_of_the_wrapped_model_are_reached_and_cloned():
    model = Conformal(SeasonalNaive(4)).set_params(forecaster__season_length=7)
    copy = clone(model)
    assert copy.forecaster.season_length == 7 and copy.forecaster is not model.forecaster


def test_it_stands_the_audit():
    y = np.random.default_rng(6).normal(size=(60, 2))
    result = backtest(Conformal(Drift(), 20), y, cv=RollingOrigin(2, 2), level=[80], refit="never", audit=True)
    assert result.failures.empty
    assert len(result.cells) == 2 * 2  # series, cutoffs


@pytest.mark.parametrize(
    ("forecaster", "options", "name"),
    [
        (Naive, {}, "forecaster="),
        ("Naive", {}, "forecaster="),
        (None, {}, "forecaster="),
        *((Naive(), {"calibration_size": size}, "calibration_size=") for size in (True, np.True_, 2.0, "2", 0, 10**30)),
        *((Naive(), {"calibration_size": 5, "refit": refit}, "refit=") for refit in ("no", 0, 2.0, None)),
    ],
    ids=str,
)
def test_arguments_of_another_kind_are_refused_by_name(forecaster, options, name):
    with pytest.raises(ParameterError, match=name):
        Conformal(forecaster, **options).fit(np.arange(20.0))
