"""Tuned: the search stays within the training window and its budget."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tsforecast import Naive, SeasonalNaive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.report.summary import markdown
from tsforecast.backtest.tuned import Tuned, parse_budget
from tsforecast.exceptions import FitError, ParameterError, SeriesTooShortError
from tsforecast.metrics.scale import seasonal_scale

pytest.importorskip("optuna", reason="the extra tune is not installed")


class Shifted(Naive):
    """Naive plus a constant and minus another; some constants cannot be fitted."""

    search_space = {"up": (0.0, 1.0, 2.0, 3.0), "down": (0.0, 0.5)}  # noqa: RUF012 (a declaration)
    fits = 0

    def __init__(self, up=9.0, down=0.0, bad=()):
        self.up, self.down, self.bad = up, down, bad

    def _fit(self, panel):
        type(self).fits += 1
        if self.up in self.bad:
            raise FitError("no optimum")

    def _predict(self, panel, horizon, X, levels):
        base = super()._predict(panel, horizon, X, levels)
        shift = self.up - self.down
        return type(base)(base.mean + shift, base.quantiles + shift, levels, base.ids, base.cutoff, base.freq)


def line(n=40, slope=2.0):
    return np.arange(n) * slope


def test_the_whole_of_a_small_space_is_tried_and_the_best_taken():
    Shifted.fits = 0
    model = Tuned(Shifted(), budget=50, horizon=1).fit(line())
    assert (model.best_params_, model.n_tried_, model.best_score_) == ({"up": 2.0, "down": 0.0}, 9, 0.0)
    assert Shifted.fits == 9 + 1
    np.testing.assert_array_equal(model.predict(1), [80.0])


def test_its_score_is_the_mase_on_the_end_of_the_training_series():
    y = np.random.default_rng(0).normal(size=(30, 2)).cumsum(axis=0)
    model = Tuned(Naive(), {}, budget=1, horizon=4)
    with pytest.raises(ParameterError, match="search_space"):
        model.fit(y)
    model = Tuned(SeasonalNaive(1), {"season_length": [1]}, budget=1, horizon=4).fit(y)
    scale = seasonal_scale(y[:26].T.ravel(), np.array([0, 26, 52]), 1)
    assert model.best_score_ == pytest.approx(np.mean(np.abs(y[26:] - y[25]).mean(axis=0) / scale))


@pytest.mark.parametrize("budget", [1, 3, 6])
def test_no_more_candidates_are_tried_than_the_budget_allows(budget):
    assert Tuned(Shifted(), budget=budget).fit(line()).n_tried_ == budget


def test_time_is_a_budget_too(monkeypatch):
    clock = [0.0]

    class Slow(Shifted):
        def _fit(self, panel):
            clock[0] += 1.0

    monkeypatch.setattr("tsforecast.backtest.tuned.time", SimpleNamespace(monotonic=lambda: clock[0]))
    assert Tuned(Slow(), {"up": np.arange(1000.0)}, budget="6s").fit(line()).n_tried_ == 6


def test_candidates_that_cannot_be_fitted_are_passed_over():
    model = Tuned(Shifted(bad=(9.0, 2.0)), budget=50, horizon=1).fit(line())
    assert model.best_params_ == {"up": 3.0, "down": 0.5}
    with pytest.raises(FitError, match="None of 3 candidates"):
        Tuned(Shifted(bad=(9.0, 1.0, 2.0)), {"up": [1.0, 2.0]}, budget=50).fit(line())


def test_two_searches_with_one_seed_are_the_same():
    y = np.random.default_rng(1).normal(size=60).cumsum()
    space = {"up": np.linspace(-2, 2, 41).tolist(), "down": [0.0, 0.3]}
    first, second = (Tuned(Shifted(), space, budget=12, random_state=3).fit(y) for _ in range(2))
    assert (first.best_params_, first.n_tried_) == (second.best_params_, second.n_tried_)


def test_nothing_past_the_cutoff_is_used_and_the_search_is_charged():
    frame = pd.DataFrame(np.random.default_rng(2).normal(size=(60, 2)).cumsum(axis=0), columns=["a", "b"])
    result = backtest(Tuned(Shifted(), budget=4), frame, cv=RollingOrigin(2, 2), audit=True, level=[80])
    assert result.failures.empty and (result.timings["fit_seconds"] > 0).all()


def test_a_season_is_found_within_a_backtest():
    y = np.tile([1.0, 5.0, 2.0, 8.0], 15) + np.random.default_rng(3).normal(0, 0.1, 60)
    models = {"tuned": Tuned(SeasonalNaive(1), {"season_length": [2, 3, 4, 5]}), "naive": Naive()}
    board = backtest(models, y, cv=RollingOrigin(4, 2), metrics=["mase"]).leaderboard()
    assert board["model"].iloc[0] == "tuned"


def test_a_budget_of_a_backtest_is_given_to_every_model_that_has_something_to_search():
    models = {"shifted": Shifted(), "naive": Naive(), "other": Shifted(down=0.5)}
    given = {"cv": RollingOrigin(2, 2), "metrics": ["mae"], "level": ()}
    result = backtest(models, line(), budget=3, **given)
    by_hand = {"shifted": Tuned(Shifted(), budget=3), "naive": Naive(), "other": Tuned(Shifted(down=0.5), budget=3)}
    pd.testing.assert_frame_equal(result.scores, backtest(by_hand, line(), **given).scores, check_exact=True)
    assert "searched anew at every fit, at the model's cost: shifted (3 candidates), other (3 candidates);" in markdown(
        result.run
    )
    with pytest.raises(ParameterError, match="budget='soon'"):
        backtest(models, line(), budget="soon", **given)


@pytest.mark.parametrize("budget", [0, -1, True, 2.5, "soon", "0s", "5 days"])
def test_a_budget_that_is_none_is_refused(budget):
    with pytest.raises(ParameterError, match="budget"):
        parse_budget(budget)


@pytest.mark.parametrize("bad", [{"space": {"season": [1]}}, {"space": {"up": []}}, {"horizon": 0}])
def test_settings_that_make_no_sense_are_refused(bad):
    with pytest.raises(ParameterError):
        Tuned(Shifted(), **bad).fit(line())


def test_a_series_that_validation_would_use_up_is_named():
    with pytest.raises(SeriesTooShortError, match="'y' has 5"):
        Tuned(Shifted(), horizon=5).fit(line(5))
