"""The audit finds forecasters that leak in different ways, and passes those that do not."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, HistoricAverage, Naive, Panel, SeasonalNaive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.exceptions import LeakError
from tsforecast.forecast import Forecast

CV = RollingOrigin(horizon=3, n_windows=3)


def panel_of(n_obs=30, seed=0):
    values = np.random.default_rng(seed).normal(10, 2, (n_obs, 2))
    times = pd.date_range("2001-01-01", periods=n_obs, freq="MS")
    return Panel.from_wide(pd.DataFrame(values, index=times, columns=["a", "b"]))


class Remembers(Naive):
    """Keeps the longest series that any clone of it has seen."""

    seen: ClassVar[dict] = {}

    def _fit(self, panel):
        super()._fit(panel)
        for i, name in enumerate(panel.ids):
            if len(panel.series(i)) > len(self.seen.get(name, ())):
                self.seen[name] = panel.series(i).copy()

    def _predict(self, panel, horizon, X, levels):
        honest = super()._predict(panel, horizon, X, levels)
        mean = honest.mean.copy()
        for i, name in enumerate(panel.ids):
            later = self.seen[name][panel.lengths[i] :][:horizon]
            mean[i, : later.size] = later
        return Forecast(mean, honest.quantiles, levels, panel.ids, panel.last_times, panel.freq)


class Peeks(Naive):
    """Reads the future from the local variables of its caller."""

    def _predict(self, panel, horizon, X, levels):
        import sys

        frame = sys._getframe()
        while "block" not in frame.f_locals and "shown" not in frame.f_locals:
            frame = frame.f_back
        whole = frame.f_locals.get("shown", frame.f_locals.get("block"))
        honest = super()._predict(panel, horizon, X, levels)
        future = [
            whole.series(whole.ids.get_loc(name))[n:][:horizon]
            for name, n in zip(panel.ids, panel.lengths, strict=True)
        ]
        return Forecast(np.stack(future), honest.quantiles, levels, panel.ids, panel.last_times, panel.freq)


class Mutates(Naive):
    """Writes into the series it was given."""

    def _fit(self, panel):
        panel.values.flags.writeable = True
        panel.values[0] += 1.0


class MutatesLater(Naive):
    """Writes into the history it was given."""

    def _predict(self, panel, horizon, X, levels):
        panel.values.flags.writeable = True
        panel.values[-1] += 1.0
        return super()._predict(panel, horizon, X, levels)


class Rolls(Naive):
    """Draws numbers without a seed."""

    def _predict(self, panel, horizon, X, levels):
        honest = super()._predict(panel, horizon, X, levels)
        mean = honest.mean + np.random.default_rng().normal(size=honest.mean.shape)
        return Forecast(mean, honest.quantiles, levels, panel.ids, panel.last_times, panel.freq)


class Oracle(Naive):
    """Holds the values of a whole panel."""

    known: Panel

    def _predict(self, panel, horizon, X, levels):
        honest = super()._predict(panel, horizon, X, levels)
        rows = [
            self.known.series(self.known.ids.get_loc(name))[n:][:horizon]
            for name, n in zip(panel.ids, panel.lengths, strict=True)
        ]
        return Forecast(np.stack(rows), honest.quantiles, levels, panel.ids, panel.last_times, panel.freq)


@pytest.mark.parametrize("refit", ["always", "never", 2])
def test_honest_models_pass_and_their_results_are_those_without_the_audit(refit):
    models = [Naive(), SeasonalNaive(4), Drift(), HistoricAverage()]
    audited = backtest(models, panel_of(), cv=CV, refit=refit, audit=True)
    pd.testing.assert_frame_equal(audited.scores, backtest(models, panel_of(), cv=CV, refit=refit).scores)


@pytest.mark.parametrize("cv", [RollingOrigin(3, 3, step_size=1, gap=2), RollingOrigin(2, 4, max_train_size=6)])
def test_honest_models_pass_with_gaps_and_sliding_windows(cv):
    result = backtest([Naive(), Drift()], panel_of(), cv=cv, refit="never", audit=True)
    assert result.failures.empty
    assert len(result.cells) == 2 * panel_of().n_series * cv.n_windows


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (Remembers(), "remembers what another fit"),
        (Peeks(), "uses values after the cutoff"),
        (Mutates(), "changes the panel"),
        (MutatesLater(), "changes the panel"),
        (Rolls(), "draws numbers without a seed"),
    ],
)
def test_a_leak_stops_the_run_and_names_model_series_and_cutoff(model, told):
    Remembers.seen.clear()
    with pytest.raises(LeakError) as caught:
        backtest({"honest": Naive(), "suspect": model}, panel_of(), cv=CV, audit=True, level=())
    for text in ("'suspect'", told, "cutoff 200", "eries"):
        assert text in str(caught.value)


def test_a_model_that_knows_the_truth_from_elsewhere_is_caught():
    Oracle.known = panel_of()
    with pytest.raises(LeakError, match="knows the future from elsewhere"):
        backtest(Oracle(), panel_of(), cv=CV, audit=True)


def test_a_model_that_is_right_by_honest_means_is_not_accused():
    season = np.tile([1.0, 4.0, 9.0, 2.0], 8)
    result = backtest(SeasonalNaive(4), season, cv=CV, audit=True, metrics=["mae"], level=())
    assert result.scores["value"].max() == 0


class Zero(Naive):
    def _predict(self, panel, horizon, X, levels):
        honest = super()._predict(panel, horizon, X, levels)
        return Forecast(honest.mean * 0, honest.quantiles, levels, panel.ids, panel.last_times, panel.freq)


def test_a_constant_forecast_of_a_constant_stretch_is_not_taken_for_knowledge():
    y = np.append(np.random.default_rng(0).normal(size=20), np.zeros(12))
    assert backtest(Zero(), y, cv=CV, audit=True, metrics=["mae"], level=()).failures.empty


def test_without_the_audit_a_leak_goes_unnoticed():
    Oracle.known = panel_of()
    assert backtest(Oracle(), panel_of(), cv=CV, metrics=["mae"]).scores["value"].max() == 0


def test_audit_covers_covariates_past_the_horizon():
    class Line(Naive):
        uses_covariates = True

        def _predict(self, panel, horizon, X, levels):
            honest = super()._predict(panel, horizon, X, levels)
            return Forecast(X[:, :, 0], honest.quantiles, levels, panel.ids, panel.last_times, panel.freq)

    panel = panel_of()
    panel = panel.with_covariates(np.arange(60.0)[:, None], ["x"])
    result = backtest(Line(), panel, cv=CV, audit=True, level=())
    assert result.failures.empty and set(result.forecasts["mean"]) == {*range(21, 30), *range(51, 60)}
