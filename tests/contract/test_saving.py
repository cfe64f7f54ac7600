"""What `save` and `load_forecaster` promise, for every forecaster: it forecasts as it did, from what it needs alone."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from tsforecast import Panel, SeasonalNaive, SeasonalProcess, TrueModel, load_forecaster
from tsforecast.exceptions import NotFittedError, ParameterError

sys.path.insert(0, str(Path(__file__).parent))
from forecasters import MODELS, WRAPPERS, forecaster

sys.path.pop(0)

QUICK = {"max_epochs": 2, "n_members": 2}
CHANGES = {
    "RNN": QUICK,
    "LSTM": QUICK,
    "GRU": QUICK | {"decoding": {"kind": "recursive"}},
    "ARIMA": {"trend": "drift"},
    "SARIMA": {"target_transform": "log"},
    "AutoARIMA": {"nonnegative": True},
}
TRUSTED = ("forecasters",)  # of the function that FunctionForecaster holds
UNSAVED = ("SklearnForecaster",)  # holds an object of another library
WHOLE = ("FunctionForecaster",)  # keeps its series
OF_RESIDUALS = ("residual_acf", "ljung_box", "jarque_bera")  # facts that take all observations
PROCESS = SeasonalProcess(pattern=(100.0, 110.0), freq="MS", start="2001-01-01")


def months(n_obs, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(n_obs)
    values = 100 + 10 * np.sin(t * np.pi / 6) + t / 30 + np.cumsum(rng.normal(size=n_obs))
    return pd.Series(values, index=pd.date_range("2001-01-01", periods=n_obs, freq="MS"), name=f"s{seed}")


FRAME = pd.concat([months(150, 0), months(140, 1)], axis=1)
FRAME.iloc[60, 0] = np.nan
WITHOUT_GAPS = ("Drift", "TrueModel")


def series_of(name):
    return FRAME.interpolate() if name in WITHOUT_GAPS else FRAME


@pytest.fixture(scope="module", params=[name for name in [*MODELS, *WRAPPERS, "TrueModel"] if name not in UNSAVED])
def pair(request, tmp_path_factory):
    """A fitted forecaster, the same read from a file, and the file."""
    name, path = request.param, tmp_path_factory.mktemp("saved") / "model"
    model = TrueModel(PROCESS) if name == "TrueModel" else forecaster(name, **CHANGES.get(name, {}))
    model.fit(series_of(name)).save(path, notes={"about": name})
    return name, model, load_forecaster(path, trusted=TRUSTED), path


def test_forecasts_are_the_same_to_the_bit(pair):
    _, model, loaded, _ = pair
    for options in ({}, {"level": 60}, {"quantiles": [0.3, 0.5]}):
        pd.testing.assert_frame_equal(loaded.predict(7, **options), model.predict(7, **options), check_exact=True)


def test_forecasts_from_other_histories_are_the_same_to_the_bit(pair):
    name, model, loaded, _ = pair
    history = series_of(name).iloc[20:140]
    ours, theirs = (one.predict(5, history=history, level=60) for one in (loaded, model))
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_paths_are_the_same_to_the_bit(pair):
    name, model, loaded, _ = pair
    if name == "FunctionForecaster":
        with pytest.raises(ParameterError, match="no sample paths"):
            loaded.sample_paths(4, 5)
        return
    ours, theirs = (one.sample_paths(4, 5, random_state=3) for one in (loaded, model))
    np.testing.assert_array_equal(ours, theirs)


def test_score_arguments_and_notes_are_the_same(pair):
    name, model, loaded, _ = pair
    truth = pd.concat([months(160, 0), months(160, 1)], axis=1).iloc[150:]
    assert loaded.score(truth) == pytest.approx(model.score(truth), rel=1e-6)  # one series at a time: a network rounds
    assert repr(loaded) == repr(model) and type(loaded) is type(model)
    assert repr(clone(loaded)) == repr(clone(model)) and loaded.notes_ == {"about": name}
    with pytest.raises(NotFittedError):
        clone(loaded).predict(1)


def test_saving_what_was_loaded_gives_the_same_bytes(pair, tmp_path):
    _, _, loaded, path = pair
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_the_series_are_left_out_unless_they_are_needed(pair):
    name, model, loaded, path = pair
    middle = series_of(name).iloc[20:50, 1].to_numpy()
    assert (loaded.panel_.left_out is None) == (name in WHOLE)
    assert (middle.tobytes() in path.read_bytes()) == (name in WHOLE)
    assert loaded.panel_.last_times.equals(model.panel_.last_times)


def test_with_its_history_it_is_the_whole_forecaster(pair, tmp_path):
    name, model, _, _ = pair
    model.save(tmp_path / "whole", keep_history=True)
    whole = load_forecaster(tmp_path / "whole", trusted=TRUSTED)
    assert whole.panel_.fingerprint() == model.panel_.fingerprint()
    pd.testing.assert_frame_equal(whole.predict(7, level=60), model.predict(7, level=60), check_exact=True)
    if name in ("ARMA", "ARIMA", "SARIMA", "AutoARIMA"):
        pd.testing.assert_frame_equal(whole.residuals(), model.residuals(), check_exact=True)


def test_of_its_fit_a_loaded_forecaster_tells_all_but_what_needs_the_series(pair, tmp_path):
    _, model, loaded, _ = pair
    assert repr(loaded.fit_facts([])) == repr(model.fit_facts([]))  # as texts, nan is nan
    told, whole = loaded.fit_facts(), model.fit_facts()
    for series, facts in whole.items():
        lacking = {name.rpartition("__")[2] for name in set(facts) - set(told[series])}
        assert all(name.startswith(OF_RESIDUALS) for name in lacking)
        assert repr(told[series]) == repr({name: facts[name] for name in facts if name in told[series]})
    model.save(tmp_path / "whole", keep_history=True)
    assert repr(load_forecaster(tmp_path / "whole", trusted=TRUSTED).fit_facts()) == repr(whole)


def test_a_loaded_forecaster_is_fitted_anew_as_any(pair):
    name, model, loaded, _ = pair
    shorter = series_of(name).iloc[:130]
    again = clone(model).fit(shorter).predict(3)
    before = loaded.predict(3)
    pd.testing.assert_frame_equal(clone(loaded).fit(shorter).predict(3), again, check_exact=True)
    pd.testing.assert_frame_equal(loaded.predict(3), before, check_exact=True)


@pytest.mark.parametrize("name", UNSAVED)
def test_what_holds_an_object_of_another_library_says_what_to_do(name, tmp_path):
    model = forecaster(name).fit(months(60, 0))
    with pytest.raises(ParameterError, match=r"SklearnForecaster holds .* pickle only.*fit again"):
        model.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [*MODELS, *WRAPPERS])
def test_nothing_is_saved_before_fit(name, tmp_path):
    with pytest.raises(NotFittedError):
        forecaster(name).save(tmp_path / "model")


@pytest.mark.parametrize("kind", ["series", "wide", "long", "array", "matrix", "list", "panel"])
def test_forecasts_come_in_the_container_that_was_given(kind, tmp_path):
    y = FRAME.iloc[:, 1].dropna()
    long = y.rename_axis("ds").rename("y").reset_index().assign(unique_id=5)
    y = {
        "series": y,
        "wide": FRAME,
        "long": long,
        "array": y.to_numpy(),
        "matrix": FRAME.to_numpy(),
        "list": y.tolist(),
        "panel": Panel.from_wide(FRAME),
    }[kind]
    model = SeasonalNaive(12).fit(y)
    model.save(tmp_path / "model")
    ours, theirs = (one.predict(4, level=80) for one in (load_forecaster(tmp_path / "model"), model))
    assert type(ours) is type(theirs)
    if isinstance(ours, (pd.DataFrame, pd.Series)):
        assert ours.equals(theirs) and ours.columns.equals(theirs.columns) and ours.index.equals(theirs.index)
    else:
        np.testing.assert_array_equal(
            getattr(ours, "mean", None) if kind == "panel" else ours, theirs.mean if kind == "panel" else theirs
        )
