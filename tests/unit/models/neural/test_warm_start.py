"""fit(warm_start=True): training goes on from the weights of the fit before."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from tsforecast import GRU, LSTM, Conformal, LinearAR, Naive, NeuralForecaster, Training, load_forecaster
from tsforecast.exceptions import CovariateError, FrequencyError, NotFittedError, ParameterError
from tsforecast.models.neural.networks.minimal_gated import MinimalGated

SMALL = {"n_members": 2, "max_epochs": 2, "bptt_length": 12}
MONTHS = pd.date_range("2015-01-31", periods=61, freq="ME")


def _series(seed: int, n: int = 60) -> pd.Series:
    rng = np.random.default_rng(seed)
    season = np.sin(np.arange(n) * np.pi / 6)
    return pd.Series(50 + 8 * season + rng.normal(0, 1, n).cumsum() * 0.5, index=MONTHS[:n], name="y")


def _wide(*names: str, n: int = 60) -> pd.DataFrame:
    return pd.DataFrame({name: _series(ord(name), n) for name in names})


def _weights(model: LSTM, k: int = 0) -> dict[str, np.ndarray]:
    members = model.trained_[k].network.members
    return {name: value.numpy().copy() for name, value in members.state_dict().items()}


@pytest.mark.parametrize(
    "model", [GRU(8, **SMALL), NeuralForecaster(MinimalGated, {"hidden_size": 6}, **SMALL)], ids=["stock", "own"]
)
def test_training_begins_at_the_weights_of_the_fit_before(model: LSTM) -> None:
    y = _series(1)
    before = _weights(model.fit(y))
    model.set_params(lr=1e-9).fit(y, warm_start=True)
    for name, value in _weights(model).items():
        np.testing.assert_allclose(value, before[name], atol=1e-6, err_msg=name)  # steps of 1e-9, in float32
    model.set_params(lr=0.01).fit(y, warm_start=True)
    assert any(np.abs(value - before[name]).max() > 1e-4 for name, value in _weights(model).items())


def test_share_of_the_holdout_fit_stays_and_counts_once() -> None:
    y = _series(1)
    model = GRU(8, **SMALL).fit(y)
    network = model.trained_[0].network
    network.shrink(0.5 / model.trained_[0].share)
    model.trained_ = [dataclasses.replace(model.trained_[0], share=0.5)]
    before = _weights(model)
    model.set_params(lr=1e-9).fit(y, warm_start=True)
    assert model.share_ == 0.5
    np.testing.assert_allclose(_weights(model)["readout"], before["readout"], atol=1e-6)


def test_warm_fit_of_a_grown_series_is_the_same_after_saving_and_loading(tmp_path) -> None:
    grown = _series(2, 61)
    model = LSTM(6, **SMALL).fit(grown.iloc[:-1])
    model.save(tmp_path / "m.tsf")
    read = load_forecaster(tmp_path / "m.tsf")
    one, two = (m.fit(grown, warm_start=True).predict(6, level=80) for m in (model, read))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_series_may_come_go_and_have_other_lengths() -> None:
    model = GRU(6, **SMALL).fit(_wide("a", "b", "c"))
    y = _wide("d", "c", "a")
    y.iloc[:20, 1] = np.nan
    forecast = model.fit(y.iloc[:-3], warm_start=True).predict(4, level=80)
    assert list(forecast.columns.levels[0]) == ["a", "c", "d"]
    assert np.isfinite(forecast.to_numpy()).all()


def test_with_a_network_for_each_series_a_new_one_is_fitted_anew() -> None:
    options = SMALL | {"training": Training(scope="per_series"), "lr": 1e-9}
    model = GRU(6, **options).fit(_wide("a", "b"))
    before = {name: _weights(model, k) for k, name in enumerate("ab")}
    model.fit(_wide("b", "z"), warm_start=True)
    fresh = GRU(6, **options).fit(_wide("z"))
    np.testing.assert_allclose(_weights(model, 0)["readout"], before["b"]["readout"], atol=1e-6)
    np.testing.assert_array_equal(_weights(model, 1)["readout"], _weights(fresh)["readout"])


def test_only_networks_that_are_fitted_go_on() -> None:
    y = _series(3)
    for model in (Naive().fit(y), Conformal(GRU(4, **SMALL)), LinearAR().fit(y)):
        with pytest.raises(ParameterError, match=r"network|weights"):
            model.fit(y, warm_start=True)
    with pytest.raises(NotFittedError, match="call fit first"):
        GRU(4, **SMALL).fit(y, warm_start=True)
    with pytest.raises(ParameterError, match="neither True nor False"):
        GRU(4, **SMALL).fit(y, warm_start="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hidden_size": 5}, "weights"),
        ({"num_layers": 2}, "weights|trained with"),
        ({"n_members": 3}, "n_members"),
        ({"season_length": 4}, "season_length"),
        ({"decoding": {"loss": "quantile"}}, "decoding"),
        ({"preparation": {"transform": "log"}}, "preparation"),
        ({"start": "zero"}, "start"),
        ({"training": {"scope": "per_series"}}, "scope"),
    ],
)
def test_other_arguments_than_the_network_was_made_for_are_an_error_that_changes_nothing(
    fitted: GRU, changed: dict, said: str
) -> None:
    before = fitted.predict(6)
    arguments = fitted.get_params(deep=False)
    with pytest.raises(ParameterError, match=said):
        fitted.set_params(**changed).fit(_wide("a", "b", n=61), warm_start=True)
    pd.testing.assert_frame_equal(fitted.set_params(**arguments).predict(6), before, check_exact=True)


@pytest.fixture
def fitted() -> GRU:
    return GRU(4, **SMALL).fit(_wide("a", "b"))


def test_settings_of_the_network_must_be_the_same_even_where_shapes_are() -> None:
    y = _series(4)
    model = NeuralForecaster(
        "tsforecast.models.neural.networks.minimal_gated.MinimalGated", {"hidden_size": 4}, **SMALL
    )
    model.fit(y)
    model.set_params(network="tsforecast.models.neural.networks.residual_gated.ResidualGated")
    with pytest.raises(ParameterError, match="warm_start=True: the network was trained with"):
        model.fit(y, warm_start=True)


def test_other_covariates_or_another_frequency_are_an_error() -> None:
    y = _series(5)
    X = pd.DataFrame({"price": np.arange(60.0), "other": np.ones(60)}, index=y.index)
    model = GRU(4, **SMALL).fit(y, X[["price"]])
    for given in (X, None, X[["other"]]):
        with pytest.raises(CovariateError, match="price"):
            model.fit(y, given, warm_start=True)
    days = y.set_axis(pd.date_range("2020-01-01", periods=60))
    with pytest.raises((FrequencyError, ParameterError), match=r"frequency|season_length"):
        model.fit(days, X[["price"]].set_axis(days.index), warm_start=True)
    after = pd.DataFrame({"price": [60.0]}, index=MONTHS[60:])
    assert math.isfinite(model.fit(y, X[["price"]], warm_start=True).predict(1, after).iloc[0])


def test_past_only_covariates_must_be_the_same() -> None:
    days = pd.date_range("2024-01-01", periods=40, freq="D")
    X = pd.DataFrame({"temp": np.sin(np.arange(40.0) ** 2)}, days)
    y = 3 * X["temp"].shift(1, fill_value=0.0)
    model = LSTM(4, n_members=2, max_epochs=1).fit(y, X, past_covariates=["temp"])
    for other in ({}, {"X": X}):
        with pytest.raises(CovariateError, match="temp"):
            model.fit(y, **other, warm_start=True)
