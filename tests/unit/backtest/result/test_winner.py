"""The winner of a run as a fresh forecaster, from the run itself and from its folder."""

import importlib
import sys

import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, GRU, Drift, Ensemble, Naive, SeasonalNaive, Tuned
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.exceptions import DataError, NotFittedError, ParameterError, UnknownNameError
from tsforecast.metrics.metric import Metric

SETTINGS = {"cv": RollingOrigin(2, n_windows=2), "metrics": ["mae"], "level": (), "executor": None}
LINE = np.arange(20.0)
OWN = """
from tsforecast import Drift

class Mine(Drift):
    def __init__(self, change=None):
        self.change = change
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A module with a forecaster of the user's own; `sys.modules` forgets it after the test."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_winner.py").write_text(OWN)
    yield importlib.import_module("my_winner")
    sys.modules.pop("my_winner", None)


def test_the_winner_is_the_first_of_the_leaderboard_and_not_fitted(tmp_path):
    models = {"flat": Naive(), "line": Drift()}
    result = backtest(models, LINE, output=tmp_path, **SETTINGS)
    for each in (result, BacktestResult.load(tmp_path)):
        best = each.best()
        assert type(best) is Drift and best is not models["line"] and each.leaderboard()["model"][0] == "line"
        with pytest.raises(NotFittedError):
            best.predict(1)
        assert best.fit(LINE).predict(2).tolist() == [20.0, 21.0]
        with pytest.raises(NotFittedError):
            each.best().predict(1)  # every call gives another


@pytest.mark.parametrize(
    "model",
    [
        SeasonalNaive(4),
        ARIMA((2, 0, 1)),
        GRU(hidden_size=3, max_epochs=1, n_members=1),
        Ensemble((Naive(), Drift())),
        Tuned(SeasonalNaive(2), {"season_length": (2, 3)}, budget=2),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_winner_from_a_folder_has_the_parameters_of_the_run(model, tmp_path):
    result = backtest(model, np.sin(np.arange(40.0)), output=tmp_path, **SETTINGS)
    assert repr(BacktestResult.load(tmp_path).best()) == repr(result.best())
    assert shown(result.best()) == shown(model)


def shown(model):
    """The parameters, but for seeds, as text."""
    return str({name: value for name, value in model.get_params(deep=False).items() if name != "random_state"})


@pytest.mark.parametrize(("own", "seeds", "first"), [(None, None, 0), (7, None, 7), (7, [3, 4], 3)])
def test_the_seed_is_the_first_that_was_run(own, seeds, first, tmp_path):
    model = GRU(hidden_size=2, max_epochs=1, n_members=1, random_state=own)
    result = backtest(model, np.sin(np.arange(40.0)), seeds=seeds, output=tmp_path, **SETTINGS)
    for each in (result, BacktestResult.load(tmp_path)):
        assert each.best().random_state == first


def bigger(y, forecast):
    return np.abs(forecast - y).mean(axis=1)


def test_the_metric_may_be_chosen_and_more_may_be_better():
    worst = Metric("worst", bigger, title="Worst", meaning="how wrong", best="greatest")
    result = backtest([Naive(), Drift()], LINE, **SETTINGS | {"metrics": ["mae", worst]})
    assert type(result.best()) is Drift and type(result.best("worst")) is Naive
    with pytest.raises(UnknownNameError, match="'mase'"):
        result.best("mase")


def test_where_no_model_has_a_rank_there_is_no_winner():
    result = backtest({"bad": SeasonalNaive(0)}, LINE, **SETTINGS)
    with pytest.raises(DataError, match=r"No model has a rank.*the first failure: bad: season_length=0"):
        result.best()


def test_a_class_of_ones_own_is_made_once_its_module_is_imported(mine, tmp_path):
    run = tmp_path / "run"
    assert type(backtest([mine.Mine(), Naive()], LINE, output=run, **SETTINGS).best()) is mine.Mine
    assert type(BacktestResult.load(run).best()) is mine.Mine
    del sys.modules["my_winner"]
    with pytest.raises(
        ParameterError, match=r"'my_winner' is a module that is not part of tsforecast.*import my_winner"
    ):
        BacktestResult.load(run).best()
    importlib.import_module("my_winner")
    assert type(BacktestResult.load(run).best()).__name__ == "Mine"
    (tmp_path / "my_winner.py").write_text(OWN + "    lag = 2\n")
    del sys.modules["my_winner"]
    importlib.invalidate_caches()
    importlib.import_module("my_winner")
    with pytest.raises(ParameterError, match="the code of my_winner:Mine has changed since"):
        BacktestResult.load(run).best()
    del sys.modules["my_winner"]
    (tmp_path / "my_winner.py").write_text("Other = 1\n\n\n")
    importlib.invalidate_caches()
    importlib.import_module("my_winner")
    with pytest.raises(UnknownNameError, match="'my_winner:Mine'"):
        BacktestResult.load(run).best()


def test_a_model_that_holds_a_function_comes_from_the_run_but_not_from_its_folder(mine, tmp_path):
    result = backtest(mine.Mine(change=np.log1p), LINE, output=tmp_path / "run", **SETTINGS)
    assert result.best().change is np.log1p
    with pytest.raises(ParameterError, match=r"'Mine' cannot be made from the configuration.*holds a .*log1p"):
        BacktestResult.load(tmp_path / "run").best()


def test_the_winner_may_be_an_older_or_a_newer_model_of_a_run_that_was_added_to(tmp_path):
    backtest(Drift(), LINE, output=tmp_path / "older", **SETTINGS)
    older = backtest(Naive(), LINE, output=tmp_path / "older", add=True, **SETTINGS)
    backtest(Naive(), LINE, output=tmp_path / "newer", **SETTINGS)
    newer = backtest(Drift(), LINE, output=tmp_path / "newer", add=True, **SETTINGS)
    assert type(older.best()) is type(newer.best()) is Drift
    assert older.best().fit(pd.Series(LINE)).predict(1).tolist() == [20.0]
