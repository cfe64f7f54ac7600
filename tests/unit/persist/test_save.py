"""Saving: where a file may go, what is in it, how large it is, and that it is there whole or not at all."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tsforecast
from tsforecast import ARIMA, LSTM, SARIMA, Conformal, FunctionForecaster, Naive, SeasonalNaive, load_forecaster
from tsforecast.exceptions import DataError, MissingFileError, ModelFileError, ParameterError

Y = [3.0, 1.0, 2.0]


def last_of(y, horizon):
    return np.full(horizon, y[-1])


def noise(n, seed=0):
    index = pd.date_range("2000-01-01", periods=n, freq="MS")
    return pd.Series(100 + np.cumsum(np.random.default_rng(seed).normal(size=n)), index=index, name="a")


@pytest.mark.parametrize("name", ["model", "model.tsf", "model/", "a b", "ü.zip", ".hidden", "x" * 200])
def test_any_name_of_a_file_will_do(tmp_path, name):
    Naive().fit(Y).save(f"{tmp_path}/{name}")
    assert load_forecaster(f"{tmp_path}/{name}").predict(1) == 2.0
    assert len(list(tmp_path.iterdir())) == 1


def test_a_saved_forecaster_is_replaced(tmp_path):
    path = tmp_path / "model"
    Naive().fit(Y).save(path)
    SeasonalNaive(2).fit(Y).save(path)
    assert type(load_forecaster(path)) is SeasonalNaive


@pytest.mark.parametrize("content", [b"", b"my notes", b"PK\x03\x04" + bytes(3000)])
def test_another_file_is_replaced_only_on_demand(tmp_path, content):
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"model' exists and is no saved forecaster; overwrite=True"):
        Naive().fit(Y).save(path)
    assert path.read_bytes() == content
    Naive().fit(Y).save(path, overwrite=True)
    assert load_forecaster(path).predict(1) == 2.0


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_is_never_replaced(tmp_path, overwrite):
    with pytest.raises(ModelFileError, match="is a folder"):
        Naive().fit(Y).save(tmp_path, overwrite=overwrite)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="no saved forecaster"):
        Naive().fit(Y).save(tmp_path / "pipe", overwrite=True)
    with pytest.raises(MissingFileError):
        load_forecaster(tmp_path / "pipe")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="nowhere"):
        Naive().fit(Y).save(tmp_path / "nowhere" / "model")


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, step):
    path = tmp_path / "model"
    Naive().fit(Y).save(path)
    before = path.read_bytes()

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    if step == "write":
        monkeypatch.setattr(Path, "open", full)
    else:
        monkeypatch.setattr(os, step, full)
        monkeypatch.setattr(Path, "replace", full if step == "replace" else Path.replace)
    with pytest.raises(ModelFileError, match=r"model' cannot be written: No space left.*as it was"):
        SeasonalNaive(2).fit(Y).save(path, overwrite=True)
    monkeypatch.undo()
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "notes",
    [{"sigma": float("nan")}, {"when": object()}, {1: "one"}, ["a"], {"long": "x" * 100_001}, "text", {"t": (1,)}],
)
def test_notes_that_json_would_change_are_refused(tmp_path, notes):
    with pytest.raises(ParameterError, match="notes"):
        Naive().fit(Y).save(tmp_path / "model", notes=notes)
    assert list(tmp_path.iterdir()) == []


def test_notes_stay_until_the_next_fit(tmp_path):
    notes = {"quality": "12.5% better than the naive one", "levels": [80, 95], "of": {"at": "2020-01"}}
    Naive().fit(Y).save(tmp_path / "one", notes=notes)
    load_forecaster(tmp_path / "one").save(tmp_path / "two")
    loaded = load_forecaster(tmp_path / "two")
    assert loaded.notes_ == notes and Naive().fit(Y).notes_ == {}
    assert loaded.fit(Y).notes_ == {}


def test_the_file_tells_what_it_is_without_this_package(tmp_path):
    SARIMA().fit(noise(60)).save(tmp_path / "model", notes={"a": 1})
    with zipfile.ZipFile(tmp_path / "model") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        model = json.loads(archive.read("model.json"))
    assert (manifest["schema"], manifest["version"]) == (1, tsforecast.__version__)
    assert manifest["class"] == model["class"] == "tsforecast.SARIMA" and manifest["notes"] == {"a": 1}


@pytest.mark.parametrize("n", [200, 3000])
@pytest.mark.parametrize(
    ("model", "most"),
    [
        (Naive(), 4_000),
        (SARIMA((0, 1, 1), (0, 1, 1)), 20_000),
        (SARIMA((2, 0, 2), (1, 0, 1), trend="mean"), 20_000),
        (Conformal(SeasonalNaive(), calibration_size=12), 10_000),
        (LSTM(max_epochs=1), 1_000_000),
    ],
    ids=lambda value: str(value)[:30],
)
def test_size_does_not_grow_with_the_series(tmp_path, model, most, n):
    model.fit(noise(n)).save(tmp_path / "model")
    assert (tmp_path / "model").stat().st_size < most


def test_a_model_of_a_long_season_stays_small(tmp_path):
    y = pd.Series(np.random.default_rng(0).normal(size=800), index=pd.date_range("2000", periods=800, freq="h"))
    model = SARIMA((1, 0, 0), (0, 1, 1), season_length=168).fit(y)
    model.save(tmp_path / "long")
    assert (tmp_path / "long").stat().st_size < 20_000
    pd.testing.assert_series_equal(
        load_forecaster(tmp_path / "long").predict(200), model.predict(200), check_exact=True
    )


def test_what_needs_the_series_says_how_to_keep_them(tmp_path):
    model = ARIMA((1, 0, 0)).fit(noise(150))
    model.save(tmp_path / "model")
    loaded = load_forecaster(tmp_path / "model")
    assert loaded.params_.equals(model.params_)
    for ask in (loaded.residuals, loaded.summary, lambda: loaded.simulate(2, anchor="start")):
        with pytest.raises(DataError, match="keep_history=True"):
            ask()
    np.testing.assert_array_equal(loaded.simulate(4, random_state=1), model.simulate(4, random_state=1))


def test_a_series_without_variance_is_saved(tmp_path):
    model = ARIMA((0, 1, 0)).fit(np.full(200, 3.0))
    model.save(tmp_path / "model")
    loaded = load_forecaster(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(3, level=80), model.predict(3, level=80))
    np.testing.assert_array_equal(loaded.predict(3, history=np.arange(9.0), level=80)[:, 0], np.full(3, 8.0))


@pytest.mark.parametrize("n_missing", [1, 5])
def test_missing_values_count_as_they_did(tmp_path, n_missing):
    y = noise(200)
    y.iloc[np.linspace(60, 190, n_missing).astype(int)] = np.nan
    model = SARIMA((1, 0, 1), (0, 1, 1)).fit(y)
    model.save(tmp_path / "model")
    ours, theirs = (one.predict(30, level=80) for one in (load_forecaster(tmp_path / "model"), model))
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_covariates_and_drift_go_on_from_the_cutoff(tmp_path):
    X = pd.DataFrame({"price": np.sin(np.arange(220.0))}, index=noise(220).index)
    model = ARIMA((1, 0, 0), trend="drift").fit(noise(200), X.iloc[:200])
    model.save(tmp_path / "model")
    loaded = load_forecaster(tmp_path / "model")
    ours, theirs = (one.predict(20, X.iloc[200:], level=80) for one in (loaded, model))
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    ours, theirs = (one.predict(5, X.iloc[50:105], history=noise(100).iloc[50:], level=80) for one in (loaded, model))
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_skipped_series_and_their_stand_in_are_saved(tmp_path):
    wide = pd.DataFrame({"a": noise(150), "b": noise(150).where(np.arange(150) > 146)})
    model = ARIMA((1, 0, 0)).fit(wide, too_short="naive")
    model.save(tmp_path / "model")
    loaded = load_forecaster(tmp_path / "model")
    assert loaded.skipped_ == {"b": 3} and loaded.stand_in_.panel_.n_obs == 1
    pd.testing.assert_frame_equal(loaded.stand_in_.predict(3), model.stand_in_.predict(3), check_exact=True)
    array = ARIMA((1, 0, 0)).fit(wide.to_numpy(), too_short="skip")
    array.save(tmp_path / "model")
    np.testing.assert_array_equal(load_forecaster(tmp_path / "model").predict(3), array.predict(3))


def test_a_function_of_a_module_is_saved_by_name_and_trusted_by_name(tmp_path):
    sys.modules["module_of_last"] = type(sys)("module_of_last")
    own = type(last_of)(last_of.__code__, {"np": np}, "last_of")
    own.__module__, own.__qualname__ = "module_of_last", "last_of"
    sys.modules["module_of_last"].last_of = own
    try:
        FunctionForecaster(own).fit(Y).save(tmp_path / "model")
        with pytest.raises(ModelFileError, match=r"model' needs the function .*trusted=\('module_of_last',\)"):
            load_forecaster(tmp_path / "model")
        assert load_forecaster(tmp_path / "model", trusted=["module_of_last"]).predict(1) == 2.0
    finally:
        del sys.modules["module_of_last"]
    with pytest.raises(ParameterError, match="module_of_last"):
        load_forecaster(tmp_path / "model", trusted=["module_of_last"])


def test_a_function_without_a_module_is_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"FunctionForecaster holds the function .*top of a module"):
        FunctionForecaster(lambda y, horizon: y[-1:]).fit(Y).save(tmp_path / "model")


_IN_A_FRESH_PROCESS = """
import sys, pickle
from tsforecast import load_forecaster
out = [load_forecaster(path).predict(9, level=[50, 90]).to_numpy().tobytes() for path in sys.argv[2:]]
assert ("torch" in sys.modules) == any(path.endswith("lstm") for path in sys.argv[2:])
open(sys.argv[1], "wb").write(b"".join(out))
"""


@pytest.mark.slow
@pytest.mark.parametrize("names", [("sarima", "naive"), ("lstm",)], ids=lambda names: names[0])
def test_a_fresh_process_forecasts_the_same_to_the_bit(tmp_path, names):
    models = {"sarima": SARIMA(), "naive": SeasonalNaive(), "lstm": LSTM(max_epochs=2, n_members=2)}
    expected = []
    for name in names:
        models[name].fit(noise(200)).save(tmp_path / name)
        expected.append(models[name].predict(9, level=[50, 90]).to_numpy().tobytes())
    paths = [str(tmp_path / name) for name in names]
    subprocess.run([sys.executable, "-c", _IN_A_FRESH_PROCESS, str(tmp_path / "out"), *paths], check=True)
    assert (tmp_path / "out").read_bytes() == b"".join(expected)
