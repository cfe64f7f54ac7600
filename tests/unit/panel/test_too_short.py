"""Series that are too short for a model: all are named, and the others are fitted where that is asked for."""

import pickle

import numpy as np
import pandas as pd
import pytest

from tsforecast import (
    ARIMA,
    GRU,
    LSTM,
    SARIMA,
    AutoARIMA,
    Conformal,
    Drift,
    Ensemble,
    HistoricAverage,
    Naive,
    Panel,
    SeasonalNaive,
    Tuned,
)
from tsforecast.exceptions import ParameterError, SeriesTooShortError

QUICK = {"hidden_size": 2, "n_members": 1, "max_epochs": 1}
NEEDS = {
    "Naive": (Naive(), 2),
    "SeasonalNaive": (SeasonalNaive(12), 13),
    "Drift": (Drift(), 3),
    "HistoricAverage": (HistoricAverage(), 2),
    "ARIMA": (ARIMA((1, 0, 1)), 5),
    "SARIMA": (SARIMA(season_length=4), 11),
    "Ensemble": (Ensemble([Naive(), SeasonalNaive(5)]), 6),
    "Conformal": (Conformal(Drift(), calibration_size=6), 9),
    "Tuned": (Tuned(SeasonalNaive(5), {"season_length": [5]}, budget=1, horizon=2), 8),
    "Tuned as usual": (Tuned(SeasonalNaive(5), {"season_length": [5]}, budget=1), 8),
    "LSTM": (LSTM(**QUICK), 8),
    "GRU of differences": (GRU(**QUICK, preparation={"difference": "first"}), 9),
    "GRU of each": (GRU(**QUICK, training={"scope": "per_series"}), 8),
}


def wide(lengths):
    """Series that end together, of these lengths, called a, b, c and so on."""
    n, rng = max(lengths), np.random.default_rng(0)
    columns = {
        chr(97 + i): np.concatenate([np.full(n - k, np.nan), rng.normal(size=k).cumsum() + 30])
        for i, k in enumerate(lengths)
    }
    return pd.DataFrame(columns, index=pd.date_range("2001-01-01", periods=n, freq="D"))


@pytest.fixture(params=NEEDS)
def case(request):
    return NEEDS[request.param]


def test_every_series_that_is_too_short_is_named_with_the_way_on(case):
    model, needed = case
    y = wide([40, needed - 1, 40, 1, needed])
    assert model.min_observations(Panel.from_wide(y)) == needed
    with pytest.raises(SeriesTooShortError, match="too_short='skip' goes on") as caught:
        model.fit(y)
    assert caught.value.series == {"b": needed - 1, "d": 1}
    assert f"2 of 5 series are too short: 'b' ({needed - 1}), 'd' (1)" in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).series == caught.value.series


def test_the_others_are_fitted_as_if_the_short_ones_were_not_there(case):
    model, needed = case
    y = wide([40, needed - 1, 40, 1, needed + 4])
    out = model.fit(y, too_short="skip").predict(2)
    assert model.skipped_ == {"b": needed - 1, "d": 1} and model.stand_in_ is None
    assert list(out.columns) == ["a", "c", "e"]
    pd.testing.assert_frame_equal(out, model.fit(y[["a", "c", "e"]]).predict(2))
    assert model.skipped_ == {}


def test_a_stand_in_is_naive_by_name_and_apart(case):
    model, needed = case
    y = wide([40, needed - 1, 40, 1])
    model.fit(y, too_short="naive")
    assert list(model.predict(2).columns) == ["a", "c"]
    if needed < 3:
        assert model.stand_in_ is None
        return
    assert type(model.stand_in_) is Naive and model.stand_in_.skipped_ == {"d": 1}
    expected = Naive().fit(y[["b"]].dropna()).predict(2)
    pd.testing.assert_frame_equal(model.stand_in_.predict(2), expected, check_freq=False)


@pytest.mark.parametrize("too_short", ["skip", "naive"])
def test_a_panel_of_short_series_alone_is_an_error_all_the_same(too_short):
    with pytest.raises(SeriesTooShortError) as caught:
        SeasonalNaive(12).fit(wide([4, 5]), too_short=too_short)
    assert caught.value.series == {"a": 4, "b": 5}
    with pytest.raises(SeriesTooShortError, match="'y' has 5 observations; SeasonalNaive needs at least 13"):
        SeasonalNaive(12).fit(np.arange(5.0), too_short=too_short)


def test_columns_of_an_array_stay_where_their_series_stood():
    y = wide([40, 3, 40, 2, 40])
    model = SeasonalNaive(12).fit(y.to_numpy(), too_short="skip")
    assert list(model.skipped_) == ["y1", "y3"]
    for wanted in ({}, {"level": 80}):
        out = model.predict(2, **wanted)
        assert np.isnan(out[:, [1, 3]]).all()
        np.testing.assert_array_equal(
            out[:, [0, 2, 4]], SeasonalNaive(12).fit(y.to_numpy()[:, ::2]).predict(2, **wanted)
        )
    assert SeasonalNaive(1).fit(y.to_numpy()).predict(2).shape == (2, 5)
    whole = SeasonalNaive(12).fit(y.to_numpy(), too_short="skip").fit(y.to_numpy()[:, ::2])
    assert whole.predict(2).shape == (2, 3)


def test_a_message_names_ten_series_and_the_error_all():
    y = wide([20] + [3] * 24)
    with pytest.raises(SeriesTooShortError, match="24 of 25 series") as caught:
        SeasonalNaive(12).fit(y)
    assert len(caught.value.series) == 24 and str(caught.value).count("(3)") == 10 and "…" in str(caught.value)


def test_missing_values_do_not_count():
    y = wide([20, 20])
    y.iloc[3:15, 1] = np.nan
    assert SeasonalNaive(12).fit(y, too_short="skip").skipped_ == {"b": 8}


def test_a_choice_that_is_none_is_refused():
    with pytest.raises(ParameterError, match="too_short='drop' is none of"):
        Naive().fit([1.0, 2.0], too_short="drop")


def test_what_a_model_finds_out_itself_is_skipped_too():
    class Picky(Naive):
        def _fit(self, panel):
            if (panel.values[panel.indptr[1:] - 1] < 0).any():
                bad = {name: 9 for i, name in enumerate(panel.ids) if panel.series(i)[-1] < 0}
                raise SeriesTooShortError("no", series=bad)

    y = pd.DataFrame({"a": np.arange(9.0), "b": -np.arange(9.0), "c": np.arange(9.0)})
    assert Picky().fit(y, too_short="skip").skipped_ == {"b": 9}
    with pytest.raises(SeriesTooShortError, match="no"):
        Picky().fit(y)


def test_a_network_forecasts_what_it_skipped_from_its_history():
    y = wide([40, 7])
    model = LSTM(**QUICK).fit(y, too_short="skip")
    assert model.predict(3, history=y[["b"]].dropna()).shape == (3, 1)


@pytest.mark.parametrize("bad", [True, 1.5, "12", 0, -3])
def test_a_season_that_is_no_whole_number_is_refused(bad):
    with pytest.raises(ParameterError, match="season_length="):
        SeasonalNaive(bad).fit(np.arange(9.0))


def test_needs_of_auto_arima_are_those_of_its_fit():
    needed = AutoARIMA().min_observations(Panel.from_wide(wide([40])))
    with pytest.raises(SeriesTooShortError) as caught:
        AutoARIMA().fit(wide([40, needed - 1]))
    assert list(caught.value.series) == ["b"]
