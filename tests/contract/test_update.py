"""What `update` promises, for every forecaster: it forecasts as from the whole history; an error changes nothing."""

import copy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsforecast import SeasonalProcess, TrueModel, load_forecaster
from tsforecast.exceptions import DataError, NotFittedError, UnknownNameError

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
    "Drift": {"bounds": (0, 200)},
}
PROCESS = SeasonalProcess(pattern=(100.0, 110.0), freq="MS", start="2001-01-01")
NAMES = [*MODELS, *WRAPPERS, "TrueModel"]
UNSAVED = ("SklearnForecaster",)
WITHOUT_PATHS = ("FunctionForecaster",)
CLOSE = {"rtol": 1e-10, "atol": 1e-9}  # of values near 100
ROUNDED = {"rtol": 1e-8, "atol": 1e-6}  # of a network of one's own: batches of another size round otherwise
CUT = 125


def months(n_obs, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(n_obs)
    values = 100 + 10 * np.sin(t * np.pi / 6) + t / 30 + np.cumsum(rng.normal(size=n_obs))
    return pd.Series(values, index=pd.date_range("2001-01-01", periods=n_obs, freq="MS"), name=f"s{seed}")


FRAME = pd.concat([months(150, 0), months(140, 1)], axis=1)
GAPPED = FRAME.copy()
GAPPED.iloc[[60, 130, 131, 144], 0] = np.nan
GAPPED.iloc[[124, 133], 1] = np.nan


def made(name):
    return TrueModel(PROCESS) if name == "TrueModel" else forecaster(name, **CHANGES.get(name, {}))


@pytest.fixture(scope="module", params=NAMES)
def case(request):
    """A forecaster fitted to the beginning of two series, and all of them."""
    model = made(request.param)
    frame = GAPPED if model.handles_missing else FRAME
    return request.param, model.fit(frame.iloc[:CUT]), frame


def assert_as_from(model, other, frame, *, paths=True):
    """That it forecasts as another, fitted to the same, does from a whole history."""
    close = ROUNDED if type(model).__name__ == "NeuralForecaster" else CLOSE
    ours, theirs = model.predict(7, level=60), other.predict(7, level=60, history=frame)
    pd.testing.assert_frame_equal(ours, theirs, **close)
    if paths:
        ours, theirs = model.sample_paths(4, 5, random_state=3), other.sample_paths(4, 5, history=frame, random_state=3)
        np.testing.assert_allclose(ours, theirs, **close)
        ours, theirs = model.predict_total(4, n_paths=50), other.predict_total(4, history=frame, n_paths=50)
        pd.testing.assert_frame_equal(ours, theirs, **close)


@pytest.mark.parametrize("n_rows", [1, 10])
def test_it_forecasts_as_from_the_whole_history(case, n_rows):
    name, fitted, frame = case
    model = copy.copy(fitted)
    for begin in range(CUT, len(frame), n_rows):
        assert model.update(frame.iloc[begin : begin + n_rows], gaps="nan") is model
    assert_as_from(model, fitted, frame, paths=name not in WITHOUT_PATHS)


def test_saved_without_its_series_it_goes_on_from_what_was_kept(case, tmp_path):
    name, fitted, frame = case
    if name in UNSAVED:
        pytest.skip("holds an object of another library")
    model = fitted
    for begin, end in ((CUT, 128), (128, 135), (135, 150)):
        model.save(tmp_path / "model")
        model = load_forecaster(tmp_path / "model", trusted=("forecasters",))
        model.update(frame.iloc[begin:end], gaps="nan")
    model.save(tmp_path / "model")
    model = load_forecaster(tmp_path / "model", trusted=("forecasters",))
    assert_as_from(model, fitted, frame, paths=name not in WITHOUT_PATHS)


def test_series_without_news_stay_where_they_are(case):
    name, fitted, frame = case
    model = copy.copy(fitted)
    model.update(frame.iloc[CUT:, :1], gaps="nan").update(frame.iloc[CUT:130, 1:], gaps="nan")
    known = frame.copy()
    known.iloc[130:, 1] = np.nan
    assert_as_from(model, fitted, known, paths=name not in WITHOUT_PATHS)


def test_an_error_leaves_it_as_it_was(case):
    _, fitted, frame = case
    model = copy.copy(fitted).update(frame.iloc[CUT:130], gaps="nan")
    before, held = model.predict(3), dict(vars(model))
    revised = frame.iloc[[CUT - 3]] + 1.0
    for wrong, error in (
        (frame.iloc[135:], DataError),
        (revised, DataError),
        (months(150, 7).iloc[CUT:], UnknownNameError),
    ):
        with pytest.raises(error):
            model.update(wrong)
    model.update(frame.iloc[:0])
    assert vars(model) == held
    pd.testing.assert_frame_equal(model.predict(3), before, check_exact=True)


@pytest.mark.parametrize("name", [*MODELS, *WRAPPERS])
def test_nothing_is_updated_before_fit(name):
    with pytest.raises(NotFittedError):
        forecaster(name).update(FRAME)
