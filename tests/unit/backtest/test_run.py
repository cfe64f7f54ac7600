"""backtest(): its results, what models are given, and how failures are recorded."""

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tsforecast import Conformal, Drift, HistoricAverage, Naive, Panel, SeasonalNaive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import FitError, ParameterError, SeriesTooShortError
from tsforecast.forecast import Forecast
from tsforecast.metrics.choose import Metric


def panel_of(n_series=3, n_obs=40, seed=0):
    rng = np.random.default_rng(seed)
    times = pd.date_range("2001-01-01", periods=n_obs, freq="MS")
    return Panel.from_wide(
        pd.DataFrame(rng.normal(10, 1, (n_obs, n_series)), index=times, columns=[*"abcdef"][:n_series])
    )


class Recorder(BaseForecaster):
    """Forecasts the last value and records what it was given."""

    uses_covariates = True

    def __init__(self, log=None):
        self.log = log

    def __sklearn_clone__(self):
        return Recorder(self.log)

    def _fit(self, panel):
        self.log.append(("fit", panel.values.copy(), panel.covariates))

    def _predict(self, panel, horizon, X, levels):
        self.log.append(("predict", panel.values.copy(), X))
        mean = np.repeat(panel.values[panel.indptr[1:] - 1][:, None], horizon, axis=1)
        quantiles = mean[:, :, None] + np.zeros(levels.size)
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)


class Fragile(Naive):
    """Naive that fails on some series."""

    def __init__(self, bad=(), how="fit"):
        self.bad, self.how = bad, how

    def _fit(self, panel):
        found = [name for name in panel.ids if name in self.bad]
        if found and self.how == "named":
            raise FitError("no luck", failures=dict.fromkeys(found, "did not converge"))
        if found and self.how == "fit":
            raise ZeroDivisionError("nothing to divide")
        if found and self.how == "interrupt":
            raise KeyboardInterrupt
        if found and self.how == "warn":
            warnings.warn("hard to fit\nsecond line", UserWarning, stacklevel=1)

    def _predict(self, panel, horizon, X, levels):
        if self.how == "predict" and any(name in self.bad for name in panel.ids):
            raise RuntimeError("cannot see ahead")
        forecast = super()._predict(panel, horizon, X, levels)
        if self.how == "nan":
            forecast.mean[[name in self.bad for name in panel.ids]] = np.nan
        return forecast


class FragileGlobal(Fragile):
    @property
    def is_global(self):
        return True


class Dice(Naive):
    def __init__(self, random_state=None):
        self.random_state = random_state

    def _predict(self, panel, horizon, X, levels):
        base = super()._predict(panel, horizon, X, levels)
        noise = np.random.default_rng(self.random_state).normal(size=base.mean.shape)
        return Forecast(base.mean + noise, base.quantiles + noise[..., None], levels, base.ids, base.cutoff, base.freq)


def test_forecasts_and_scores_equal_a_written_out_loop():
    panel = panel_of()
    cv = RollingOrigin(horizon=3, n_windows=4, step_size=2, gap=1, max_train_size=15)
    result = backtest({"sn": SeasonalNaive(6)}, panel, cv=cv, metrics=["mae", "coverage"], level=[80])
    scores = result.scores.set_index(["unique_id", "cutoff", "metric"])["value"]
    forecasts = result.forecasts.set_index(["unique_id", "cutoff"])
    for i, name in enumerate(panel.ids):
        y, times = panel.series(i), panel.times[panel.indptr[i] : panel.indptr[i + 1]]
        for train, test in cv.split(y):
            frame = SeasonalNaive(6).fit(pd.Series(y[train], index=times[train])).predict(4, level=80).iloc[1:]
            own = forecasts.loc[(name, times[train[-1]])]
            np.testing.assert_array_equal(own["mean"], frame["mean"])
            np.testing.assert_array_equal(own[["lo-80", "hi-80"]], frame[["lo-80", "hi-80"]])
            np.testing.assert_array_equal(own["y"], y[test])
            assert list(own["ds"]) == list(frame.index) == list(times[test])
            assert list(own["h"]) == [1, 2, 3]
            assert scores[name, times[train[-1]], "mae"] == pytest.approx(np.abs(y[test] - frame["mean"]).mean())
            inside = (frame["lo-80"].to_numpy() <= y[test]) & (y[test] <= frame["hi-80"].to_numpy())
            assert scores[name, times[train[-1]], "coverage-80"] == pytest.approx(100 * inside.mean())
    assert len(scores) == 3 * 4 * 2


def test_the_scale_of_mase_is_that_of_everything_before_the_cutoff():
    panel = panel_of(1)
    y = panel.series(0)
    cv = RollingOrigin(horizon=5, max_train_size=8)
    result = backtest(Naive(), panel, cv=cv, metrics=["mase"], season_length=4)
    scale = np.abs(y[4:35] - y[:31]).mean()
    assert result.scores["value"].item() == pytest.approx(np.abs(y[35:] - y[34]).mean() / scale)


@pytest.mark.parametrize(("refit", "fits_at"), [("always", [0, 1, 2, 3]), (2, [0, 2]), (3, [0, 3]), ("never", [0])])
def test_a_model_is_fitted_at_the_cutoffs_that_the_policy_names_and_conditioned_at_the_others(refit, fits_at):
    panel = panel_of(1, 20)
    log = []
    cv = RollingOrigin(horizon=2, n_windows=4)
    result = backtest(Recorder(log), panel, cv=cv, refit=refit, metrics=["mae"], level=())
    trains = [panel.series(0)[train] for train, _ in cv.split(panel.series(0))]
    assert [len(values) for what, values, _ in log if what == "fit"] == [len(trains[w]) for w in fits_at]
    for (_, seen, _), train in zip([entry for entry in log if entry[0] == "predict"], trains, strict=True):
        np.testing.assert_array_equal(seen, train)
    assert (result.timings["fit_seconds"] > 0).sum() == len(fits_at)
    assert len(result.timings) == 4


def test_a_model_sees_covariates_of_the_horizon_and_not_one_step_more():
    values = np.arange(40.0)
    panel = panel_of(2, 20).with_covariates(np.column_stack([values, -values]), ["x", "z"])
    log = []
    backtest(Recorder(log), panel, cv=RollingOrigin(3, n_windows=2, gap=1), metrics=["mae"], level=(), refit="never")
    predicted = [X for what, _, X in log if what == "predict"]
    steps = np.array([13, 14, 15, 16, 16, 17, 18, 19])  # the gap and the horizon after each cutoff
    np.testing.assert_array_equal(np.concatenate([X[0, :, 0] for X in predicted]), [*steps, *(20 + steps)])
    assert [X.shape for X in predicted] == [(1, 4, 2)] * 4
    assert {seen.shape[1] for what, _, seen in log if what == "fit"} == {2}


def test_models_given_are_not_fitted_themselves():
    model = Naive()
    backtest(model, panel_of(), cv=RollingOrigin(2))
    assert not hasattr(model, "panel_")


@pytest.mark.parametrize("how", ["fit", "named", "predict", "nan"])
def test_a_failing_series_is_a_row_and_the_others_are_forecast(how):
    panel, cv = panel_of(6), RollingOrigin(2, n_windows=3)
    models = {"fragile": Fragile(bad=("b", "e"), how=how), "naive": Naive()}
    result = backtest(models, panel, cv=cv, metrics=["mae"])
    assert sorted(zip(result.failures["unique_id"], result.failures["cutoff"], strict=True)) == sorted(
        (name, times[i]) for times in cv.cutoffs(panel) for i, name in enumerate("abcdef") if name in "be"
    )
    assert set(result.failures["model"]) == {"fragile"}
    reason = {"fit": "nothing to divide", "named": "did not converge", "predict": "cannot see ahead",
              "nan": "the forecast is not finite"}[how]  # fmt: skip
    assert set(result.failures["message"]) == {reason}
    wide = result.scores.pivot(index=["unique_id", "cutoff"], columns="model", values="value").dropna()
    assert set(wide.index.get_level_values(0)) == set("acdf")
    np.testing.assert_array_equal(wide["fragile"], wide["naive"])


def test_of_a_global_model_all_series_fail_unless_the_error_names_them():
    panel, cv = panel_of(4), RollingOrigin(2)
    models = {how: FragileGlobal(bad=("b",), how=how) for how in ("fit", "named")}
    failures = backtest(models, panel, cv=cv).failures
    assert failures.groupby("model")["unique_id"].agg(list).to_dict() == {"fit": [*"abcd"], "named": ["b"]}


def test_an_interrupt_is_not_taken_for_a_failure():
    with pytest.raises(KeyboardInterrupt):
        backtest(Fragile(bad=("a",), how="interrupt"), panel_of(), cv=RollingOrigin(2))


def test_a_model_that_finished_nothing_has_no_rank_and_hides_nothing_of_the_others():
    models = {"broken": Fragile(bad=tuple("abc")), "naive": Naive(), "drift": Drift()}
    result = backtest(models, panel_of(), cv=RollingOrigin(2, n_windows=2), metrics=["mae"])
    board = result.leaderboard().set_index("model")
    assert pd.isna(board.loc["broken", "rank"]) and board.loc["broken", "n_missing"] == 6
    assert board.loc["naive", "n_cells"] == 6


def test_warnings_of_models_are_counted_and_not_sprayed():
    result = backtest(Fragile(bad=("a", "b"), how="warn"), panel_of(), cv=RollingOrigin(2, n_windows=2))
    assert result.warnings.groupby("warning")["count"].sum().to_dict() == {"UserWarning: hard to fit": 4}


def test_seeds_run_models_that_draw_numbers_and_no_others():
    panel, cv = panel_of(), RollingOrigin(2)
    result = backtest([Dice(), Naive()], panel, cv=cv, metrics=["mae"], seeds=3)
    assert result.scores.groupby("model")["seed"].unique().map(list).to_dict() == {"Dice": [0, 1, 2], "Naive": [0]}
    alone = backtest(Dice(random_state=2), panel, cv=cv, metrics=["mae"])
    own = result.scores[(result.scores["seed"] == 2)].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.scores, own)


def test_two_runs_give_identical_numbers_even_where_no_seed_was_set():
    first, second = (backtest([Dice(), Drift()], panel_of(), cv=RollingOrigin(2, 2)) for _ in range(2))
    pd.testing.assert_frame_equal(first.scores, second.scores, check_exact=True)
    pd.testing.assert_frame_equal(first.forecasts, second.forecasts, check_exact=True)


def test_missing_truth_is_left_out_of_the_score():
    y = np.arange(20.0)
    y[-2] = np.nan
    result = backtest(HistoricAverageOfWhatIsThere(), y, cv=RollingOrigin(3), metrics=["mae"], level=())
    mean = y[:17].mean()
    assert result.scores["value"].item() == pytest.approx((17 - mean + 19 - mean) / 2)


class HistoricAverageOfWhatIsThere(HistoricAverage):
    handles_missing = True


def test_a_model_that_cannot_use_missing_values_fails_on_that_series_alone():
    frame = pd.DataFrame({"a": np.arange(12.0), "b": np.arange(12.0)})
    frame.loc[4, "b"] = np.nan

    class Strict(Naive):
        handles_missing = False

    failures = backtest(Strict(), frame, cv=RollingOrigin(2)).failures
    assert failures[["unique_id", "error"]].to_numpy().tolist() == [["b", "MissingValuesError"]]


def test_a_metric_of_ones_own_is_scored():
    worst = Metric("worst", lambda y_true, y_pred: np.abs(y_true - y_pred).max(axis=1))
    result = backtest(Naive(), np.array([1.0, 2.0, 4.0, 9.0]), cv=RollingOrigin(2), metrics=[worst], level=())
    assert result.scores["value"].tolist() == [7.0]


def test_a_short_series_stops_the_run_before_it_starts():
    with pytest.raises(SeriesTooShortError, match="'y' has 5"):
        backtest(Naive(), np.arange(5.0), cv=RollingOrigin(3, n_windows=2))


@pytest.mark.parametrize(
    "bad",
    [
        {"refit": 0},
        {"refit": "often"},
        {"seeds": 0},
        {"seeds": [1, 1]},
        {"level": [120]},
        {"season_length": 0},
        {"metrics": ["bias"]},
    ],
)
def test_settings_that_make_no_sense_are_refused(bad):
    with pytest.raises(ParameterError):
        backtest(Naive(), np.arange(30.0), cv=RollingOrigin(3), **bad)


@pytest.mark.parametrize("models", [[], {"a": Naive}, [3]])
def test_models_that_are_none_are_refused(models):
    with pytest.raises(ParameterError):
        backtest(models, np.arange(30.0), cv=RollingOrigin(3))


def test_jobs_cover_every_series_and_cutoff_once_whatever_the_number_of_series():
    from tsforecast.backtest.plan.plan import Plan, name_models
    from tsforecast.metrics.choose import choose_metrics

    for n_series in (1, 5, 9, 1300):
        panel = Panel.from_array(np.random.default_rng(0).normal(size=(9, n_series)))
        plan = Plan(panel, name_models(Naive()), RollingOrigin(2, 3), choose_metrics(["mae"]), 2, (), (), None, 1)
        cells = [(w, i) for job in plan.jobs() for w in job.windows for i in range(job.first, job.stop)]
        assert sorted(cells) == [(w, i) for w in range(3) for i in range(n_series)]


def test_what_the_first_fit_of_a_process_loads_is_not_charged_to_a_model(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("tsforecast.backtest.execute.run_job.time", SimpleNamespace(perf_counter=lambda: clock[0]))

    class Heavy(Naive):
        quick_params = {"size": 1}  # noqa: RUF012 (a declaration)
        n_loads = 0
        sizes: list = []  # noqa: RUF012

        def __init__(self, size=5):
            self.size = size

        def _fit(self, panel):
            if not type(self).n_loads:
                type(self).n_loads += 1
                clock[0] += 100.0
            self.sizes.append(self.size)

    y = np.random.default_rng(0).normal(size=90)
    result = backtest(Conformal(Heavy()), y, cv=RollingOrigin(2, n_windows=2), metrics=["mae"], level=[80])
    assert Heavy.sizes[0] == 1 and set(Heavy.sizes[1:]) == {5}
    assert result.timings["fit_seconds"].max() == 0.0
