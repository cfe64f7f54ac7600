"""One fitted forecaster serves many threads: each gets what it would get alone, whatever others load and forecast."""

import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsforecast import GRU, Naive, load_forecaster
from tsforecast.exceptions import ParameterError

sys.path.insert(0, str(Path(__file__).parent))
from forecasters import MODELS, WRAPPERS, forecaster

sys.path.pop(0)

N_THREADS, N_CALLS = 8, 3
QUICK = {"max_epochs": 1, "n_members": 2}
CHANGES = {
    "RNN": QUICK,
    "LSTM": QUICK,
    "GRU": QUICK | {"decoding": {"kind": "recursive"}},
    "NeuralForecaster": QUICK,
}
MONTHS = pd.date_range("2001-01-01", periods=72, freq="MS")


def series(n_obs, seed):
    rng = np.random.default_rng(seed)
    season = np.sin(np.arange(n_obs) * np.pi / 6)
    return pd.Series(100 + 10 * season + np.cumsum(rng.normal(size=n_obs)), index=MONTHS[:n_obs], name=f"s{seed}")


def told(model, k):
    """What a caller gets: every thread asks for other horizons, levels and histories."""
    level = 60 + k
    parts = [model.forecast(3 + k, level=level), model.forecast(5, level=level, history=series(40 + k, 1))]
    arrays = [array for part in parts for array in (part.mean, part.quantiles)]
    try:
        return [*arrays, model.sample_paths(4, 3, random_state=k)]
    except ParameterError:  # a forecaster without paths
        return arrays


@pytest.fixture(scope="module")
def other_file(tmp_path_factory):
    """A saved network of another kind, which a further thread loads and forecasts from."""
    path = tmp_path_factory.mktemp("saved") / "other.tsf"
    GRU(3, **QUICK).fit(series(60, 2)).save(path)
    return path


@pytest.mark.parametrize("name", [*MODELS, *WRAPPERS])
def test_eight_threads_get_what_one_gets(name, other_file):
    model = forecaster(name, **CHANGES.get(name, {})).fit(series(60, 1))
    alone = [told(model, k) for k in range(N_THREADS)]
    done, begin = threading.Event(), threading.Barrier(N_THREADS + 1)
    other = load_forecaster(other_file).predict(6)  # imports change filters of warnings: none is left for the threads
    Naive().fit(series(50, 3)).predict(2)
    filters = list(warnings.filters)

    def ask(k):
        begin.wait()
        return [told(model, k) for _ in range(N_CALLS)]

    def load():
        begin.wait()
        found = [load_forecaster(other_file).predict(6)]
        while not done.is_set() and len(found) < 50:
            found.append(load_forecaster(other_file).predict(6))
            Naive().fit(series(50, 3)).predict(2)
        return found

    with ThreadPoolExecutor(N_THREADS + 1) as pool:
        loading = pool.submit(load)
        asked = [pool.submit(ask, k) for k in range(N_THREADS)]
        found = [future.result(timeout=100) for future in asked]
        done.set()
        for loaded in loading.result(timeout=100):
            pd.testing.assert_series_equal(loaded, other, check_exact=True)
    for ours, times in zip(alone, found, strict=True):
        for theirs in times:
            for a, b in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(a, b)
    assert list(warnings.filters) == filters
