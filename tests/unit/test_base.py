"""What `fit`, `predict` and `score` check and convert, on the simplest models."""

import inspect

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from tsforecast import ARIMA, Conformal, Drift, Ensemble, Forecast, HistoricAverage, Naive, Panel, SeasonalNaive
from tsforecast.exceptions import DataError, FitError, MissingValuesError, NotFittedError, ParameterError

MONTHS = pd.date_range("2020-01-01", periods=36, freq="MS")


class Strict(Naive):
    """Cannot use missing values."""

    handles_missing = False


class Broken(Naive):
    """Forecasts nan: what a model with a numerical failure does."""

    def _predict(self, panel, horizon, X, levels):
        good = super()._predict(panel, horizon, X, levels)
        return Forecast(good.mean * np.nan, good.quantiles, levels, good.ids, good.cutoff, good.freq)


def test_score_is_minus_the_mase_worked_by_hand():
    # scale: mean |change| = (1 + 3) / 2 = 2; errors of Naive (4): |6 - 4|, |5 - 4| -> mean 1.5
    assert Naive().fit([0.0, 1.0, 4.0]).score([6.0, 5.0]) == -0.75


def test_score_forecasts_over_a_gap_after_the_training_series():
    y = pd.Series(np.arange(36.0), index=MONTHS)
    model = SeasonalNaive().fit(y.iloc[:24])
    skipped = model.score(y.iloc[30:])
    assert skipped == pytest.approx(-12 / 12)  # every value is 12 above the year before, and so is the scale


def test_score_of_times_inside_the_training_series_is_an_error():
    y = pd.Series(np.arange(36.0), index=MONTHS)
    with pytest.raises(DataError, match="not after the training series"):
        Naive().fit(y.iloc[:24]).score(y.iloc[20:30])


def test_score_of_training_data_with_an_integer_index_is_an_error():
    y = pd.Series(np.arange(10.0))
    model = Naive().fit(y.iloc[:8])
    with pytest.raises(DataError, match="begins at 0, not after the training series, which ends at 7"):
        model.score(y)
    with pytest.raises(DataError, match="begins at 0, not after"):
        model.score(Panel.from_series(y))
    assert model.score(y.iloc[8:]) == model.score(y.iloc[8:].to_numpy()) == -1.5


def test_score_of_later_rows_takes_a_column_that_begins_late_at_its_own_times():
    wide = pd.DataFrame({"a": np.arange(12.0) ** 2, "b": np.arange(12.0)})
    model = Drift().fit(wide.iloc[:8])
    later = wide.iloc[8:].copy()
    later.iloc[0, 1] = np.nan
    assert model.score(later[["b"]]) == pytest.approx(0, abs=1e-12)
    assert model.score(later) == pytest.approx(model.score(later[["a"]]) / 2)
    with pytest.raises(DataError, match="Series 'a': y begins at 0"):
        model.score(later.reset_index(drop=True))


def test_an_array_continues_the_rows_of_the_training_array_whatever_is_missing_at_its_ends():
    rows = np.column_stack([np.sin(np.arange(12.0)), np.arange(12.0)])
    rows[6:9, 1] = np.nan  # the last two of training, the first of what is scored
    model = Drift().fit(rows[:8])
    assert model.score(rows[8:]) == pytest.approx(Drift().fit(rows[:8, 0]).score(rows[8:, 0]) / 2)


def test_an_array_continues_a_series_with_dates():
    y = pd.Series(np.arange(36.0), index=MONTHS)
    model = Naive().fit(y.iloc[:24])
    assert model.score(y.iloc[24:].to_numpy()) == model.score(y.iloc[24:])
    with pytest.raises(
        DataError, match="times of y are whole numbers, those of the training series dates without a zone"
    ):
        model.score(y.iloc[24:].reset_index(drop=True))


@pytest.mark.parametrize(
    "wrong", [{"level": "abc"}, {"level": [80, "x"]}, {"quantiles": [[0.1]]}, {"level": None.__class__}]
)
def test_levels_and_quantiles_that_are_no_numbers_are_refused_by_name(wrong):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        Naive().fit([1.0, 2.0]).predict(1, **wrong)


def test_grid_search_finds_the_season():
    noise = np.random.default_rng(0).normal(scale=0.1, size=72)
    y = pd.Series(np.tile(np.arange(12.0), 6) + noise, index=pd.date_range("2015-01-01", periods=72, freq="MS"))
    search = GridSearchCV(SeasonalNaive(), {"season_length": [5, 12, 7]}, cv=TimeSeriesSplit(3, test_size=6)).fit(y)
    assert search.best_params_ == {"season_length": 12}


def test_predict_before_fit_says_so():
    with pytest.raises(NotFittedError, match="call fit first"):
        Naive().predict(1)


@pytest.mark.parametrize("horizon", [0, -1, 1.5, True, "3", None])
def test_horizon_must_be_a_whole_number_of_steps(horizon):
    with pytest.raises(ParameterError, match="horizon"):
        Naive().fit([1.0, 2.0]).predict(horizon)


def test_missing_values_are_refused_by_name_where_the_model_cannot_use_them():
    y = pd.Series([1.0, np.nan, 3.0], index=MONTHS[:3], name="sales")
    with pytest.raises(MissingValuesError, match="'sales' has no value at 2020-02-01"):
        Strict().fit(y)


def test_a_forecast_that_is_not_finite_is_an_error_with_its_series():
    with pytest.raises(FitError, match="'b' is not finite") as caught:
        Broken().fit(pd.DataFrame({"b": [1.0, 2.0]})).predict(1)
    assert set(caught.value.failures) == {"b"}


def test_history_of_another_frequency_is_refused():
    model = Naive().fit(pd.Series(np.arange(36.0), index=MONTHS))
    days = pd.Series(np.arange(9.0), index=pd.date_range("2020-01-01", periods=9, freq="D"))
    with pytest.raises(DataError, match="'D'; the model was fitted on 'MS'"):
        model.predict(1, history=days)


def test_covariates_are_passed_over_by_a_model_that_does_not_use_them():
    y = pd.Series(np.arange(36.0), index=MONTHS)
    X = pd.DataFrame({"x": np.arange(40.0)}, index=pd.date_range("2020-01-01", periods=40, freq="MS"))
    with_x = HistoricAverage().fit(y, X).predict(2, X)
    pd.testing.assert_series_equal(with_x, HistoricAverage().fit(y).predict(2))


def test_a_panel_gives_a_forecast_back():
    forecast = Naive().fit(Panel.from_array(np.arange(6.0).reshape(3, 2))).predict(2, level=90)
    assert isinstance(forecast, Forecast)
    assert forecast.mean.shape == (2, 2)


def test_clone_is_unfitted():
    with pytest.raises(NotFittedError):
        clone(Naive().fit([1.0, 2.0])).predict(1)


@pytest.mark.parametrize("model", [Naive(), Ensemble([Naive(), Drift()]), Conformal(Naive(), 4)], ids=repr)
def test_a_forecaster_without_diagnostics_says_which_have_some(model):
    with pytest.raises(ParameterError, match=r"has no diagnostics to draw; the ARIMA family .* networks"):
        model.fit(np.arange(12.0)).plot_diagnostics("y")
    assert inspect.signature(type(model).plot_diagnostics) == inspect.signature(ARIMA.plot_diagnostics)


def test_a_wrapper_draws_the_diagnostics_of_its_forecaster():
    model = Conformal(ARIMA(order=(0, 1, 1)), 6).fit(np.sin(np.arange(40.0) ** 2))
    assert model.plot_diagnostics().get_suptitle() == model.forecaster_.plot_diagnostics("y").get_suptitle()
    with pytest.raises(NotFittedError):
        Conformal(ARIMA(), 6).plot_diagnostics()
