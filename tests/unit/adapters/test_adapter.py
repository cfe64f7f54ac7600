"""What forecasters around models of other libraries share, tried on scikit-learn in the place of such a library."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge

from tsforecast import Naive, Panel, RollingOrigin
from tsforecast.adapters.adapter import Adapter
from tsforecast.backtest import backtest
from tsforecast.exceptions import FitError, MissingDependencyError, ParameterError
from tsforecast.forecast import Forecast
from tsforecast.foreign.library import Library, Source


class Stub:
    """A model of no library that keeps its seed under a name of its own."""

    def __init__(self, level=0.0, random_seed=None):
        self.level = level
        self.random_seed = random_seed


LIBRARY = Library(Source(__name__.partition(".")[0], (__name__,), (f"{__name__}:Stub",)), "stub", vars)


class Around(Adapter):
    """Forecasts the level of its model plus its seed; fails on series that begin with a negative number."""

    foreign = {"model": LIBRARY}  # noqa: RUF012

    def __init__(self, model):
        self.model = model

    @property
    def label(self):
        return "Stub of nothing 1.0"

    def _fit(self, panel):
        def fit(i):
            if panel.series(i)[0] < 0:
                raise ArithmeticError("negative")
            return self.model.level + (self.model.random_seed or 0)

        self.levels_ = self.each(panel, fit, "be fitted")

    def _predict(self, panel, horizon, X, levels):
        places = self.panel_.positions(panel.ids)
        if not all(self.is_as_fitted(panel, i) for i in range(panel.n_series)):
            raise self.no_history()
        mean = np.repeat([[self.levels_[place]] for place in places], horizon, axis=1)
        return Forecast(mean, np.empty((*mean.shape, 0)), levels, panel.ids, panel.last_times, panel.freq)


def test_the_seed_of_a_model_is_a_nested_parameter_whatever_its_name():
    model = Around(Stub(2.0, random_seed=7))
    assert model.get_params()["model__random_state"] == 7
    copy = clone(model).set_params(model__random_state=1)
    assert (copy.model.random_seed, copy.model.level, model.model.random_seed) == (1, 2.0, 7)
    assert "model__random_state" not in model.get_params(deep=False)
    with pytest.raises(ValueError, match="model__level"):
        model.set_params(model__level=3.0)


def test_a_backtest_runs_it_once_for_each_seed_and_without_seeds_with_its_own():
    settings = {"cv": RollingOrigin(1), "level": [], "metrics": ["mae"]}
    own = backtest(Around(Stub(random_seed=7)), [1.0] * 9, **settings).forecasts
    assert own["seed"].tolist() == [7] and own["mean"].tolist() == [7.0]
    seeded = backtest(Around(Stub(random_seed=7)), [1.0] * 9, seeds=[3, 4], **settings).forecasts
    assert seeded["seed"].tolist() == [3, 4] and seeded["mean"].tolist() == [3.0, 4.0]


def test_every_series_that_fails_is_named_with_the_words_of_the_library():
    table = np.array([[1.0, -1.0, -2.0]] * 4)
    with pytest.raises(
        FitError, match=r"Series 'y1': Stub of nothing 1.0 failed to be fitted: .*negative \(2 of 3"
    ) as error:
        Around(Stub()).fit(table)
    assert list(error.value.failures) == ["y1", "y2"]
    result = backtest(Around(Stub()), Panel.from_array(table), cv=RollingOrigin(1), level=[], metrics=["mae"])
    assert result.failures["unique_id"].tolist() == ["y1", "y2"]
    assert len(result.forecasts["mean"].dropna()) == 1


def test_a_history_that_a_model_cannot_use_is_a_failure_that_says_so():
    with pytest.raises(ParameterError, match=r"cannot forecast from a history.*refit='always'"):
        Around(Stub()).fit([1.0, 2.0]).predict(1, history=[1.0, 2.0, 3.0])
    assert Around(Stub()).fit([1.0, 2.0]).predict(1, history=[1.0, 2.0]).tolist() == [0.0]
    settings = {"cv": RollingOrigin(1, n_windows=3), "level": [], "metrics": ["mae"], "refit": "never"}
    failures = backtest(Around(Stub()), [1.0] * 9, **settings).failures
    assert len(failures) == 2 and failures["message"].str.contains("cannot forecast from a history").all()


def test_what_is_no_model_of_the_library_is_told_at_the_door():
    for wrong in (Ridge(), Stub, Naive(), None):
        with pytest.raises(ParameterError, match=r"Around: model=.* is no model"):
            _ = Around(wrong).held
    assert clone(Around(Ridge())).model.alpha == 1.0  # nothing is checked before it is used


@pytest.mark.parametrize("name", ["Darts", "NeuralForecast", "Sktime", "StatsForecast"])
def test_without_the_library_one_line_tells_how_to_install_it(name, monkeypatch):
    import tsforecast

    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=rf"{name} needs .*pip install 'tsforecast\[{name.lower()}\]'"):
        getattr(tsforecast, name)(object()).fit([1.0, 2.0, 3.0])


def test_adapters_import_no_other_library_and_no_torch():
    script = (
        "import sys, tsforecast\n"
        "tsforecast.Darts, tsforecast.NeuralForecast, tsforecast.Sktime, tsforecast.StatsForecast\n"
        "print(sorted({'darts', 'neuralforecast', 'sktime', 'statsforecast', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


class GoesOn(Around):
    """Forecasts the last value of whatever series it is shown."""

    def _predict(self, panel, horizon, X, levels):
        mean = np.repeat(panel.values[panel.indptr[1:] - 1][:, None], horizon, axis=1)
        return Forecast(mean, np.empty((*mean.shape, 0)), levels, panel.ids, panel.last_times, panel.freq)


def test_news_are_put_behind_the_series_of_a_model_that_can_go_on_and_refused_by_any_other():
    model = Around(Stub()).fit([1.0, 2.0])
    held = dict(vars(model))
    with pytest.raises(ParameterError, match=r"cannot forecast from a history.*or update"):
        model.update([3.0])
    assert vars(model) == held and model.predict(1) == 0.0
    able = GoesOn(Stub()).fit(np.array([[1.0, 2.0], [3.0, 4.0]])).update([[5.0, 6.0]]).update([[7.0, 8.0]])
    assert able.predict(1).tolist() == [[7.0, 8.0]] and able.moved_.series(0).tolist() == [1.0, 3.0, 5.0, 7.0]
