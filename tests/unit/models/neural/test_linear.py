"""LinearAR: the linear autoregression of the networks on its own; the networks without it; and what each adds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from tsforecast import GRU, LSTM, RNN, Conformal, LinearAR, NeuralForecaster, Tuned
from tsforecast.exceptions import DataError, FitError, MissingFileError, NotFittedError, ParameterError
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.networks.minimal_gated import MinimalGated
from tsforecast.models.neural.networks.no_network import NoNetwork
from tsforecast.panel import Panel

SMALL = {"hidden_size": 4, "n_members": 2, "max_epochs": 2}
NETWORKS = {
    "LSTM": lambda **changes: LSTM(**SMALL | changes),
    "GRU": lambda **changes: GRU(**SMALL | changes),
    "RNN": lambda **changes: RNN(**SMALL | changes),
    "NeuralForecaster": lambda **changes: NeuralForecaster(
        MinimalGated, {"hidden_size": 4}, **{"n_members": 1, "max_epochs": 1} | changes
    ),
}
PARTS = ["season", "linear", "recurrent"]


@pytest.fixture(params=NETWORKS)
def network(request):
    return NETWORKS[request.param]


def months(n_series=3, n=80, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    season = 10 + np.sin(np.arange(n) * np.pi / 6)[:, None]
    values = season * np.exp(np.cumsum(0.05 * rng.standard_normal((n, n_series)), axis=0))
    return pd.DataFrame(values, pd.date_range("2012-01-01", periods=n, freq="MS"), [f"s{k}" for k in range(n_series)])


def with_covariate(frame) -> Panel:
    long = frame.rename_axis("ds").reset_index().melt("ds", var_name="unique_id", value_name="y")
    long["price"] = np.cos(np.arange(len(long)))
    long["shop"] = long["unique_id"].map({"s0": 1.0, "s1": 2.0, "s2": 5.0})
    return Panel.from_frame(long, covariates=["price"], static=["shop"])


def prices(horizon):
    """Covariates of the steps after `months`."""
    return pd.DataFrame({"price": 0.5}, pd.date_range("2018-09-01", periods=horizon, freq="MS"))


OPTIONS = {
    "default": {},
    "log": {"preparation": {"transform": "log"}},
    "differences": {"preparation": {"difference": "season"}},
    "mse": {"decoding": {"loss": "mse", "adjust_bias": False}},  # bias depends on residuals, which a network changes
    "gaussian": {"decoding": {"loss": "gaussian", "adjust_bias": False}},
    "recursive": {"decoding": {"kind": "recursive"}},
}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("data", [months(), with_covariate(months())], ids=["plain", "covariates"])
def test_it_is_what_an_lstm_starts_from(name, data):
    """Up to float32: sums of products are made in another order beside a network."""
    alone = LinearAR(**OPTIONS[name]).fit(data)
    start = LSTM(**SMALL, **OPTIONS[name]).fit(data)
    coefficients = alone.trained_[0].network, start.trained_[0].network
    np.testing.assert_array_equal(coefficients[0].slopes[0], coefficients[1].slopes[0])
    X = None if isinstance(data, pd.DataFrame) else prices(30)
    one, other = alone.predict(30, X), start.parts()["linear part"].predict(30, X)
    if X is not None:
        one, other = one.mean, other.mean
    np.testing.assert_allclose(one, other, rtol=1e-5)


def test_one_regression_for_each_series_knows_no_other():
    alone = LinearAR(scope="per_series").fit(months()[["s1"]]).predict(12)
    np.testing.assert_array_equal(LinearAR(scope="per_series").fit(months()).predict(12)["s1"], alone["s1"])
    assert not LinearAR(scope="per_series").is_global


def test_the_tail_widens_intervals_and_moves_no_point():
    kept, whole = (LinearAR(validation_size=size).fit(months()).predict(12, level=80) for size in (0.3, 0.0))
    pd.testing.assert_frame_equal(kept.xs("mean", axis=1, level=1), whole.xs("mean", axis=1, level=1))
    assert not np.allclose(kept, whole)


def test_it_draws_nothing():
    model = LinearAR(decoding={"kind": "recursive"})
    assert "random_state" not in model.get_params()
    both = (clone(model).fit(months()).predict(12, level=80) for _ in range(2))
    pd.testing.assert_frame_equal(next(both), next(both))


@pytest.mark.parametrize("loss", ["gaussian", "student_t", "quantile"])
def test_intervals_of_a_distribution_hold_as_many_errors_as_they_say(loss):
    y = np.random.default_rng(1).standard_normal((400, 5)).cumsum(axis=0)
    model = LinearAR(1, decoding={"loss": loss, "horizon": 1}, validation_size=0.0).fit(y[:300])
    inside = []
    for t in range(300, 400, 2):
        out = model.predict(1, history=y[:t], level=80)[0]  # (n_series, 3)
        inside.append((out[:, 1] <= y[t]) & (y[t] <= out[:, 2]))
    assert abs(np.mean(inside) - 0.8) < 0.1  # four standard errors of 250 draws


def test_a_dispersion_is_learnt_for_counts():
    """Of a negative binomial, overdispersed counts have wider intervals than those of Poisson with the same mean."""
    rng = np.random.default_rng(0)
    wide, narrow = rng.negative_binomial(2, 2 / 12, (200, 2)), rng.poisson(10, (200, 2))
    sizes = []
    for y in (wide, narrow):
        out = LinearAR(1, decoding={"loss": "negative_binomial"}).fit(y.astype(float)).predict(1, level=80)[0]
        sizes.append((out[:, 2] - out[:, 1]).mean())
    assert sizes[0] > 1.5 * sizes[1]


@pytest.mark.parametrize(
    "options", [{"scope": "all"}, {"validation_size": 1.0}, {"season_length": 0}, {"decoding": {"loss": "l1"}},
                {"preparation": 3}]
)  # fmt: skip
def test_wrong_options_are_refused_at_fit(options):
    with pytest.raises(ParameterError):
        LinearAR(**options).fit(months())


def test_inputs_that_are_not_finite_are_named(monkeypatch):
    learnt = StreamDataModule._learn_from

    def spoilt(self, panel, prepared):
        n_kept, inputs, tables = learnt(self, panel, prepared)
        tables[0].target[100, 0] = np.nan
        return n_kept, inputs, tables

    monkeypatch.setattr(StreamDataModule, "_learn_from", spoilt)
    with pytest.raises(FitError, match="Series 's1'"):
        LinearAR().fit(months())


def test_there_are_no_checkpoints(tmp_path):
    with pytest.raises(MissingFileError):
        LinearAR.from_checkpoint(tmp_path / "no.ckpt")
    (tmp_path / "other.ckpt").write_text("?")
    with pytest.raises(DataError):
        LinearAR.from_checkpoint(tmp_path / "other.ckpt")


def test_a_network_without_weights_of_ones_own_is_not_trained_either():
    alone = NeuralForecaster(NoNetwork).fit(months()).predict(12)
    pd.testing.assert_frame_equal(alone, LinearAR().fit(months()).predict(12), rtol=1e-6)


def test_without_the_start_there_is_no_linear_part(network):
    model = network(start="zero").fit(months())
    assert not model.trained_[0].network.slopes.any()
    assert not model.trained_[0].network.intercept.any()
    assert model.parts() == {}
    assert model.nests == ()
    assert model.share_ == 1.0
    table = model.decompose(12)
    assert (table["linear"] == 0).all()
    assert (table["recurrent"] != 0).all()
    assert not np.allclose(model.predict(12), network().fit(months()).predict(12))


def test_the_usual_start_is_the_linear_one(network):
    assert network().start == "linear"
    assert network().nests == ("tsforecast.LinearAR",)
    pd.testing.assert_frame_equal(
        network(start="linear").fit(months()).predict(12), network().fit(months()).predict(12)
    )


@pytest.mark.parametrize("start", ["none", None, 0, "Linear"])
def test_another_start_is_refused_at_fit(network, start):
    with pytest.raises(ParameterError, match=r"start=.* is none of 'linear', 'zero'"):
        network(start=start).fit(months())


def test_a_plain_network_learns_what_is_linear_given_time():
    """From nothing it must find an autoregression of 0.9, whose forecast a walk without change is not."""
    rng = np.random.default_rng(0)
    y = np.zeros((300, 8))
    for t in range(1, 300):
        y[t] = -0.9 * y[t - 1] + rng.standard_normal(8)
    options = {"season_length": 1, "n_members": 2, "training": {"max_steps": 200}, "preparation": {"level": "last"}}
    forecast = LSTM(8, start="zero", **options).fit(y[:-1]).predict(1)[0]
    assert np.abs(forecast + 0.9 * y[-2]).mean() < 0.3 * np.abs(y[-2]).mean()


@pytest.mark.parametrize("transform", ["none", "log", "boxcox", "auto"])
def test_parts_add_up_to_the_forecast(network, transform):
    """Also where steps are fed back, past the 18 that an output covers."""
    model = network(preparation={"transform": transform}).fit(months())
    for horizon in (5, 40):
        table, forecast = model.decompose(horizon), model.predict(horizon)
        assert list(table.columns) == ["unique_id", "ds", *PARTS, "mean"]
        np.testing.assert_allclose(table[PARTS].sum(axis=1), table["mean"], rtol=1e-12)
        np.testing.assert_array_equal(table["mean"].to_numpy().reshape(3, -1).T, forecast)
        assert (pd.Index(table["ds"][:horizon]) == forecast.index).all()
        assert (table["unique_id"] == np.repeat(["s0", "s1", "s2"], horizon)).all()


@pytest.mark.parametrize("loss", ["mse", "quantile", "gaussian", "student_t", "negative_binomial"])
def test_parts_add_up_for_every_head(network, loss):
    frame = months().round() if loss == "negative_binomial" else months()
    model = network(decoding={"loss": loss}).fit(frame)
    table = model.decompose(30)
    np.testing.assert_allclose(table[PARTS].sum(axis=1), table["mean"], rtol=1e-12)
    np.testing.assert_array_equal(table["mean"].to_numpy().reshape(3, -1).T, model.predict(30))


def test_parts_add_up_from_another_history_with_covariates_and_one_network_a_series():
    data = with_covariate(months())
    model = LSTM(**SMALL, training={"scope": "per_series"}).fit(data.slice(np.zeros(3, int), data.lengths - 10))
    table = model.decompose(20, prices(20), history=data)
    np.testing.assert_allclose(table[PARTS].sum(axis=1), table["mean"], rtol=1e-12)
    forecast = model.predict(20, prices(20), history=data)
    np.testing.assert_array_equal(table["mean"].to_numpy().reshape(3, -1), forecast.mean)
    assert list(model.share_.index) == ["s0", "s1", "s2"]
    assert model.share_.between(0, 1).all()


def test_without_a_transform_the_season_is_the_last_season_and_level():
    t = np.arange(72)
    y = pd.Series(5 * np.sin(t * np.pi / 6) + 0.1 * np.random.default_rng(0).standard_normal(72).cumsum())
    options = {"transform": "none", "deseasonalize": "always", "level": "last", "seasonal_smoothing": 0.0}
    model = LSTM(**SMALL, season_length=12, preparation=options).fit(y)
    table = model.decompose(12)
    prepared = model.trained_[0].prepared
    level = y.iloc[-1] - prepared.season[0, 71 % 12]
    np.testing.assert_allclose(table["season"], level + prepared.season[0], rtol=1e-9)
    network = model.trained_[0].network.linear_part()
    assert network.n_members == 1


def test_the_share_is_that_by_which_the_network_is_multiplied():
    model = LSTM(**SMALL).fit(months())
    trained = model.trained_[0]
    assert model.share_ == trained.share
    unshrunk = LSTM(**SMALL, training={"validation_size": 0.0}).fit(months())
    assert unshrunk.share_ == 1.0
    np.testing.assert_allclose(
        trained.network.members.readout.detach(), model.share_ * unshrunk.trained_[0].network.members.readout.detach()
    )


def test_where_none_of_the_network_is_used_the_forecast_is_linear(monkeypatch):
    from tsforecast.models.neural.forecasting.holdout import HoldoutResult
    from tsforecast.models.neural.training import recipe

    monkeypatch.setattr(recipe, "holdout_result", lambda network, data, start: HoldoutResult(0.0, 1.0))
    model = LSTM(**SMALL).fit(months())
    assert model.share_ == 0.0
    np.testing.assert_allclose(model.predict(30), LinearAR().fit(months()).predict(30), rtol=1e-5)
    np.testing.assert_allclose(model.decompose(30)["recurrent"], 0.0, atol=1e-4)


def test_only_a_fitted_forecaster_has_parts(network):
    for ask in (lambda m: m.parts(), lambda m: m.decompose(3), lambda m: m.share_):
        with pytest.raises(NotFittedError):
            ask(network())


@pytest.mark.parametrize("horizon", [0, -1, 2.5, "3"])
def test_a_decomposition_needs_a_horizon(horizon):
    with pytest.raises(ParameterError):
        LSTM(**SMALL).fit(months()).decompose(horizon)


def test_switching_a_part_off_changes_the_fitted_forecaster_in_nothing(network):
    model = network().fit(months())
    before = model.predict(12, level=80)
    model.parts()["linear part"].predict(12)
    model.decompose(12)
    pd.testing.assert_frame_equal(model.predict(12, level=80), before)


@pytest.mark.parametrize("wrap", [lambda m: Conformal(m, 12), lambda m: Tuned(m, {"lr": [0.01]}, budget=1)])
def test_a_wrapper_has_the_parts_of_what_it_holds(wrap):
    model = LSTM(**SMALL)
    wrapped = wrap(model).fit(months())
    np.testing.assert_array_equal(
        wrapped.parts()["linear part"].predict(12), model.fit(months()).parts()["linear part"].predict(12)
    )
    assert wrapped.nests == model.nests


def test_a_folder_of_few_series_gives_the_regression_of_all_of_them(tmp_path):
    """They are all in the sample that it is learnt from."""
    long = months().rename_axis("ds").reset_index().melt("ds", var_name="unique_id", value_name="y")
    long.to_parquet(tmp_path / "all.parquet")
    folder, panel = LinearAR().fit_folder(tmp_path), Panel.from_frame(long)
    np.testing.assert_allclose(
        folder.predict(12, history=panel).mean, LinearAR().fit(panel).predict(12).mean, rtol=1e-5
    )
