"""RNN, LSTM and GRU as estimators."""

import os
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from tsforecast._fit_together import fit_together
from tsforecast.data import catalog
from tsforecast.data.simulate import simulate
from tsforecast.exceptions import CovariateError, FitError, ParameterError, SeriesTooShortError, UnknownNameError
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.forecaster import GRU, LSTM, RNN
from tsforecast.models.neural.forecasting.decode import run_history
from tsforecast.models.neural.options import Decoding, Training
from tsforecast.models.neural.training import recipe
from tsforecast.panel import Panel
from tsforecast.panel.containers import to_panel

QUICK = {"hidden_size": 4, "n_members": 2, "max_epochs": 2}
MODELS = [RNN, LSTM, GRU]
RECURSIVE = Decoding(kind="recursive", n_samples=50)


def months(values, name="y") -> pd.Series:
    return pd.Series(values, index=pd.date_range("2000-01", periods=len(values), freq="MS"), name=name)


def seasonal(n=96, seed=0, name="y") -> pd.Series:
    rng, t = np.random.default_rng(seed), np.arange(n)
    return months(np.exp(0.01 * t + 0.3 * np.sin(t * np.pi / 6) + 0.05 * rng.standard_normal(n)), name)


def panel_of(n_series=3) -> pd.DataFrame:
    return pd.DataFrame({f"s{i}": seasonal(96, seed=i) * (i + 1) for i in range(n_series)})


@pytest.mark.parametrize("decoding", [None, RECURSIVE])
@pytest.mark.parametrize("model", MODELS)
def test_one_seed_gives_identical_forecasts_and_another_does_not(model, decoding):
    y, options = seasonal(), QUICK | {"decoding": decoding, "training": Training(validation_size=0.0)}
    one, same = (model(**options).fit(y).predict(20, level=80) for _ in range(2))
    pd.testing.assert_frame_equal(one, same, check_exact=True)
    other = model(**options, random_state=1).fit(y).predict(20, level=80)
    assert not np.allclose(one, other, rtol=1e-6)


def test_fit_and_predict_leave_the_process_as_it_was(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002 # that the global state is left alone is what is tested
    threads, before = torch.get_num_threads(), torch.get_rng_state()
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    LSTM(**QUICK).fit(seasonal()).predict(3, level=80)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), before)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    assert os.listdir(tmp_path) == []  # noqa: PTH208 # no logs, no checkpoints
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("model", MODELS)
def test_clone_and_pickle(model):
    fitted = model(**QUICK, training=Training(optimizer="sgd"), random_state=5).fit(seasonal())
    expected = fitted.predict(4, level=80)
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(fitted)).predict(4, level=80), expected, check_exact=True)
    fresh = clone(fitted)
    assert not hasattr(fresh, "panel_")
    assert fresh.get_params() == fitted.get_params()
    pd.testing.assert_frame_equal(fresh.fit(seasonal()).predict(4, level=80), expected, check_exact=True)


def test_options_may_be_mappings_as_a_configuration_writes_them():
    plain = LSTM(**QUICK, training=Training(validation_size=0.2), decoding=RECURSIVE)
    path = "tsforecast.models.neural.options.Training"
    spelt = LSTM(
        **QUICK,
        training={"class_path": path, "init_args": {"validation_size": 0.2}},
        decoding={"kind": "recursive", "n_samples": 50},
    )
    y = seasonal()
    pd.testing.assert_series_equal(plain.fit(y).predict(5), spelt.fit(y).predict(5), check_exact=True)
    with pytest.raises(ParameterError, match="training has no field 'lr'"):
        LSTM(training={"lr": 1}).fit(y)


@pytest.mark.parametrize("decoding", ["direct", "recursive"])
@pytest.mark.parametrize("kind", ["noise", "walk"])
def test_what_a_known_covariate_does_is_learnt_from_one_short_series(kind, decoding):
    errors = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        noise, promotion = rng.standard_normal(66), (rng.random(66) < 0.3).astype(float)
        y = months(50 + 6 * promotion + (noise if kind == "noise" else np.cumsum(noise)))
        X = pd.DataFrame({"promotion": promotion, "nothing": rng.standard_normal(66)}, index=y.index)
        model = LSTM(n_members=2, decoding=Decoding(kind=decoding))
        with_it = model.fit(y[:60], X[:60]).predict(6, X[60:])
        errors.append([np.abs(f - y[60:]).mean() for f in (with_it, model.fit(y[:60]).predict(6))])
    ours, without = np.mean(errors, axis=0)
    assert ours < 0.75 * without


@pytest.mark.parametrize("decoding", [None, RECURSIVE])
def test_intervals_depend_on_neither_the_horizon_nor_the_other_series(decoding):
    y = panel_of()
    model = GRU(**QUICK, decoding=decoding).fit(y)
    long, short = (model.predict(horizon, level=80) for horizon in (9, 5))
    pd.testing.assert_frame_equal(long.iloc[:5], short, check_exact=True, check_freq=False)
    alone = model.predict(5, history=y[["s2"]], level=80)
    np.testing.assert_allclose(alone, short["s2"], rtol=1e-5)  # products of float32, in other shapes


@pytest.mark.parametrize("decoding", [None, RECURSIVE])
def test_the_same_history_gives_the_same_forecast(decoding):
    y = panel_of()
    model = GRU(**QUICK, decoding=decoding).fit(y)
    pd.testing.assert_frame_equal(model.predict(5, history=y), model.predict(5), check_exact=True)


def test_predict_changes_nothing():
    y = seasonal()
    model = LSTM(**QUICK).fit(y[:80])
    before = model.predict(5)
    model.predict(7, history=y, level=90)
    pd.testing.assert_series_equal(model.predict(5), before, check_exact=True)


def test_a_longer_history_moves_the_cutoff_and_is_used():
    y = seasonal()
    model = LSTM(**QUICK).fit(y[:80])
    later = model.predict(5, history=y)
    assert later.index[0] == y.index[-1] + pd.offsets.MonthBegin()
    changed = y.copy()
    changed.iloc[-1] *= 2
    assert not np.allclose(model.predict(5, history=changed), later)


@pytest.mark.parametrize("decoding", [None, RECURSIVE])
def test_values_after_the_cutoff_change_nothing(decoding):
    y = panel_of()
    model = LSTM(**QUICK, decoding=decoding)
    expected = model.fit(y[:70]).predict(6, level=80)
    y.iloc[70:] = 1e9
    pd.testing.assert_frame_equal(model.fit(y[:70]).predict(6, level=80), expected, check_exact=True)


@pytest.mark.parametrize("model", MODELS)
def test_missing_values_are_masked(model):
    y = seasonal()
    y.iloc[[20, 21, 50]] = np.nan
    forecast = model(**QUICK).fit(y).predict(5, level=80)
    assert np.isfinite(forecast).all().all()
    y.iloc[-1] = np.nan
    assert np.isfinite(model(**QUICK).fit(y.to_numpy()).predict(5)).all()


def test_a_covariate_that_explains_the_series_is_used():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(220)
    y = months(10 * x[:200] + 0.1 * rng.standard_normal(200) + 50)
    X = pd.DataFrame({"x": x}, index=pd.date_range("2000-01", periods=220, freq="MS"))
    forecast = LSTM(season_length=1).fit(y, X).predict(20, X)
    error = np.abs(forecast.to_numpy() - (10 * x[200:] + 50)).mean()
    assert error < 2  # the values vary by 8 in the mean
    with pytest.raises(CovariateError):
        LSTM(**QUICK).fit(y, X).predict(3)


def test_a_global_model_forecasts_series_it_never_saw_and_one_per_series_does_not():
    y = panel_of()
    new = seasonal(60, seed=9, name="new")
    assert np.isfinite(LSTM(**QUICK).fit(y).predict(5, history=new)).all()
    alone = LSTM(**QUICK, training=Training(scope="per_series")).fit(y)
    with pytest.raises(UnknownNameError, match="'new'"):
        alone.predict(5, history=new)


def test_one_network_per_series_is_independent_of_the_others():
    y = panel_of()
    options = QUICK | {"training": Training(scope="per_series")}
    assert not LSTM(**options).is_global
    assert LSTM(**QUICK).is_global
    together = LSTM(**options).fit(y).predict(5)
    for name in y:
        alone = LSTM(**options).fit(y[name]).predict(5)
        pd.testing.assert_series_equal(together[name], alone, check_exact=True)


@pytest.mark.parametrize("decoding", [Decoding(horizon=4), RECURSIVE])
def test_any_horizon_can_be_asked_for_and_a_longer_one_begins_like_a_shorter(decoding):
    model = LSTM(**QUICK, decoding=decoding).fit(seasonal())
    long = model.predict(30)
    assert np.isfinite(long).all()
    np.testing.assert_allclose(model.predict(7), long[:7], rtol=1e-6)


@pytest.mark.parametrize("decoding", [None, RECURSIVE])
def test_intervals_are_nested_and_hold_the_point_forecast(decoding):
    forecast = LSTM(**QUICK, decoding=decoding).fit(seasonal()).predict(14, level=[50, 95])
    assert (forecast["lo-95"] <= forecast["lo-50"]).all()
    assert (forecast["lo-50"] <= forecast["hi-50"]).all()
    assert (forecast["hi-50"] <= forecast["hi-95"]).all()
    assert forecast["mean"].between(forecast["lo-95"], forecast["hi-95"]).all()


def test_training_on_windows_forecasts_from_the_last_window_alone():
    y = seasonal()
    options = {
        "training": Training(kind="windows", window_length=12, validation_size=0.0),
        "preparation": {"transform": "log"},
    }
    model = LSTM(**QUICK, **options).fit(y)
    assert model.trained_[0].window == 12
    inputs = np.random.default_rng(0).standard_normal((40, model.trained_[0].layout.input_size))
    network, one = model.trained_[0].network, {"lengths": np.array([40]), "series": np.array([0])}
    last = run_history(network, inputs, window=12, **one).last
    inputs[:28] += 1
    np.testing.assert_array_equal(run_history(network, inputs, window=12, **one).last, last)
    assert not np.array_equal(run_history(network, inputs, **one).last, last)
    assert np.isfinite(model.predict(5, level=80)).all().all()


def test_a_series_too_short_is_named():
    frame = pd.DataFrame({"unique_id": ["a"] * 20 + ["b"] * 5, "ds": [*range(20), *range(5)], "y": 1.0})
    with pytest.raises(SeriesTooShortError, match="'b' has 5 observations"):
        LSTM().fit(frame)


@pytest.mark.parametrize("values", [np.full(40, 3.0), np.arange(40.0), np.r_[np.zeros(39), 1.0]])
def test_degenerate_series_have_finite_forecasts(values):
    forecast = LSTM(**QUICK).fit(values).predict(5, level=80)
    assert np.isfinite(forecast).all()


def test_forecast_of_constant_series_is_constant():
    np.testing.assert_allclose(LSTM(**QUICK).fit(np.full(40, 3.0)).predict(5), 3.0, atol=1e-5)


def test_what_torch_is_set_to_changes_nothing():
    expected = LSTM(**QUICK).fit(seasonal()).predict(5, level=80)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.inference_mode():
            forecast = LSTM(**QUICK).fit(seasonal()).predict(5, level=80)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    pd.testing.assert_frame_equal(forecast, expected, check_exact=True)


def test_a_fit_that_is_interrupted_says_so_and_ends_no_process(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    model = LSTM(**QUICK)
    monkeypatch.setattr("tsforecast.models.neural.training.compiled_step.CompiledStep.run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(seasonal())
    assert not hasattr(model, "panel_")


@pytest.mark.parametrize("size", [1e-15, 1e-9, 1e12])
@pytest.mark.parametrize("kind", ["season", "noise", "walk"])
def test_forecasts_are_in_the_unit_of_the_series(kind, size):
    rng = np.random.default_rng(3)
    noise = rng.normal(size=96)
    y = {"season": noise + 3 * np.sin(np.arange(96) * np.pi / 6), "noise": noise, "walk": np.cumsum(noise)}[kind]
    model = LSTM(**QUICK, season_length=12)
    plain, scaled = (model.fit(factor * y).predict(6, level=80) for factor in (1.0, size))
    np.testing.assert_allclose(scaled / size, plain, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(
    ("options", "what"),
    [({"hidden_size": 0}, "hidden_size=0"), ({"dropout": 1.0}, "dropout=1.0"), ({"lr": -1.0}, "lr=-1.0"),
     ({"training": {"validation_size": 1.5}}, "validation_size=1.5"), ({"lr": float("inf")}, "lr=inf"),
     ({"training": {"averaging": 2.0}}, "averaging=2.0"), ({"bptt_length": 0}, "bptt_length=0"),
     ({"hidden_size": True}, "hidden_size=True"), ({"lr": "0.1"}, "lr='0.1'"),
     ({"random_state": -1}, "random_state=-1"), ({"dropout": None}, "dropout=None"),
     ({"hidden_size": (4, 0)}, "hidden_size=0"), ({"hidden_size": ()}, "has 0 layers"),
     ({"hidden_size": (4, 3), "num_layers": 3}, r"hidden_size=\(4, 3\) has 2 layers, num_layers=3"),
     ({"training": {"validation_size": 0.99}}, "validation_size=0.99 leaves nothing to learn from"),
     ({"max_epochs": 1.5}, "max_epochs=1.5 is not a whole number")],
)  # fmt: skip
def test_parameters_out_of_range_are_refused(options, what):
    with pytest.raises(ParameterError, match=what):
        LSTM(**options).fit(seasonal())


def test_stacked_layers_with_dropout_fit():
    assert np.isfinite(GRU(**QUICK, num_layers=3, dropout=0.2).fit(seasonal()).predict(3)).all()


@pytest.mark.parametrize("model", MODELS)
def test_layers_may_have_widths_of_their_own(model):
    y, options = seasonal(), QUICK | {"dropout": 0.1, "training": {"validation_size": 0.0}}
    narrow = model(**options | {"hidden_size": (6, 4)}).fit(y)
    assert narrow.trained_[0].network.members.hidden_sizes == (6, 4)
    assert np.isfinite(narrow.predict(3)).all()
    alike = [model(**options | size).fit(y).predict(3) for size in ({"hidden_size": (4, 4)}, {"num_layers": 2})]
    np.testing.assert_array_equal(*alike)
    assert not np.array_equal(alike[0], narrow.predict(3))
    listed = model(**options | {"hidden_size": [6, 4]}).fit(y)  # as a configuration writes it
    np.testing.assert_array_equal(listed.predict(3), narrow.predict(3))


@pytest.mark.slow
@pytest.mark.parametrize("model", [LSTM, GRU])
def test_defaults_beat_seasonal_naive_on_airline(model):
    y, errors, naive = catalog.load("airline").series, [], []
    for cutoff in (96, 108, 120, 132):
        truth = y.iloc[cutoff : cutoff + 12].to_numpy()
        errors.append(np.abs(model().fit(y.iloc[:cutoff]).predict(12).to_numpy() - truth).mean())
        naive.append(np.abs(y.iloc[cutoff - 12 : cutoff].to_numpy() - truth).mean())
    assert np.mean(errors) < 0.7 * np.mean(naive)  # about 0.4 when written


@pytest.mark.slow
@pytest.mark.parametrize("model", [LSTM, GRU])
def test_defaults_come_within_a_tenth_of_the_true_model_on_arma(model):
    process = catalog.load("simulated/arma21").process
    ours = best = 0.0
    for seed in range(3):
        series = simulate(process, n_obs=500, random_state=seed).panel.series(0)
        fitted = model().fit(series[:300])
        for cutoff in range(300, 490, 10):
            truth, history = series[cutoff : cutoff + 10], series[:cutoff]
            ours += np.square(fitted.predict(10, history=history) - truth).sum()
            best += np.square(process.conditional(Panel.from_array(history), 10)[0][0] - truth).sum()
    assert np.sqrt(ours / best) < 1.1


def test_many_fits_at_once_forecast_to_the_bit_what_each_does_alone():
    y = seasonal(100)
    panels = [to_panel(y[:n])[0] for n in (80, 86, 93, 100)]
    options = QUICK | {"max_epochs": None, "training": Training(max_steps=6)}
    models = [LSTM(**options, random_state=seed) for seed in (0, 1)] + [
        LSTM(**options | {"hidden_size": 3}),
        GRU(**options),
    ]
    results = fit_together(models[:3], panels[:3]) + fit_together(models[3:], panels[3:])
    for model, panel, (seconds, error) in zip(models, panels, results, strict=True):
        assert error is None
        assert seconds > 0
        together = model.predict(5, quantiles=0.1)
        alone = clone(model).fit(panel).predict(5, quantiles=0.1)
        np.testing.assert_array_equal(together.mean, alone.mean)
        np.testing.assert_array_equal(together.quantiles, alone.quantiles)


def test_one_fit_of_many_that_fails_leaves_the_others_as_they_are():
    y = seasonal(60)
    panels = [to_panel(part)[0] for part in (y, y[:5], y * 2, y)]
    models = [LSTM(**QUICK), LSTM(**QUICK), LSTM(**QUICK), LSTM(**QUICK, dropout=2.0)]
    errors = [error for _, error in fit_together(models, panels)]
    assert [type(error) for error in errors] == [type(None), SeriesTooShortError, type(None), ParameterError]
    assert not hasattr(models[1], "trained_")
    alone = clone(models[2]).fit(panels[2]).predict(4)
    np.testing.assert_array_equal(models[2].predict(4).mean, alone.mean)


def test_series_whose_loss_is_not_finite_are_named_and_the_others_are_trained(monkeypatch):
    class Spoilt(StreamDataModule):
        def use(self, panel):
            super().use(panel)
            if panel.ids[0] in ("s0", "s2"):
                self.tables[0].target[20] = torch.inf

    monkeypatch.setattr(recipe, "StreamDataModule", Spoilt)
    model = GRU(**QUICK, training=Training(scope="per_series"))
    with pytest.raises(FitError, match="Series 's0': the loss is not finite at step") as caught:
        model.fit(panel_of(4))
    assert sorted(caught.value.failures) == ["s0", "s2"]
    assert not hasattr(model, "trained_")
    requests = model._requests(to_panel(panel_of(4))[0])
    outcomes = [one.outcome for one in recipe.learn(requests)]
    assert [isinstance(outcome, FitError) for outcome in outcomes] == [True, False, True, False]
    (alone,) = recipe.learn(requests[1:2])
    for ours, theirs in zip(outcomes[1].network.parameters(), alone.outcome.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
