"""Forecasts of a run beside the truth: which series, which models, and no line over what was not forecast."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, Naive, RollingOrigin, SeasonalNaive
from tsforecast.backtest import backtest
from tsforecast.exceptions import ParameterError, UnknownNameError


def frame(n_series=7, n=40):
    values = np.random.default_rng(1).normal(size=(n, n_series)).cumsum(axis=0) * np.arange(1, n_series + 1)
    return pd.DataFrame(
        values, index=pd.date_range("2020-01", periods=n, freq="MS"), columns=[f"s{i}" for i in range(n_series)]
    )


class FailsOnce(Drift):
    """Fails where the history has 32 observations."""

    def _predict(self, panel, horizon, X, levels):
        if panel.lengths[0] == 32:
            raise ValueError("not now")
        return super()._predict(panel, horizon, X, levels)


def run(cv=None, models=None, y=None, **options):
    cv = cv or RollingOrigin(4, n_windows=3)
    return backtest(models or [Naive(), Drift()], frame() if y is None else y, cv=cv, season_length=12, **options)


def drawn(ax, k):
    """The k-th long line: the truth first, then the models in their order."""
    return [line for line in ax.lines if len(line.get_xdata()) > 1][k].get_ydata()


def test_the_best_the_median_and_the_worst_series_are_those_of_the_winner():
    result = run()
    winner = result.leaderboard()["model"].iloc[0]
    scores = result.cells[result.cells["model"] == winner].groupby("unique_id")["mase"].mean().sort_values()
    titles = [ax.get_title(loc="left") for ax in result.plot_forecasts().axes]
    wanted = [scores.index[0], scores.index[3], scores.index[-1]]
    assert titles == [
        f"{kind} of 7 series: {name}" for kind, name in zip(("best", "median", "worst"), wanted, strict=True)
    ]


def test_lines_are_the_forecasts_of_each_cutoff_with_a_break_between():
    result = run()
    (ax,) = result.plot_forecasts("s2", models=["Drift"]).axes
    rows = result.forecasts_of("Drift")
    rows = rows[rows["unique_id"] == "s2"]
    found = drawn(ax, 1)
    np.testing.assert_allclose(found[np.isfinite(found)], rows["mean"])
    assert np.flatnonzero(np.isnan(found)).tolist() == [4, 9]
    np.testing.assert_allclose(drawn(ax, 0)[-12:], rows["y"])  # cutoffs touch, so that the truth is one line
    assert len(ax.collections) == 2


def test_the_truth_breaks_where_cutoffs_do_not_touch():
    (ax,) = run(RollingOrigin(2, n_windows=3, step_size=5)).plot_forecasts("s2").axes
    assert np.isnan(drawn(ax, 0)).sum() == 2
    (ax,) = run(models=[FailsOnce()]).plot_forecasts("s2").axes
    assert np.isnan(drawn(ax, 0)).sum() == 1 and np.isfinite(drawn(ax, 0)).sum() == 12 + 8  # a season before


def test_overlapping_cutoffs_show_each_truth_once():
    result = run(RollingOrigin(4, n_windows=3, step_size=1))
    (ax,) = result.plot_forecasts("s2").axes
    np.testing.assert_allclose(drawn(ax, 0), frame()["s2"].iloc[-6 - 12 :])  # and a season before


def test_with_a_history_what_came_before_is_drawn():
    (ax,) = run().plot_forecasts("s2", history=frame()).axes
    np.testing.assert_allclose(drawn(ax, 0), frame()["s2"])


def test_seeds_are_averaged_and_one_step_is_a_dot():
    (ax,) = run(RollingOrigin(1, n_windows=3, step_size=4), y=frame(1)).plot_forecasts().axes
    dots = [line for line in ax.lines if line.get_marker() in ("o", "s", ".")]
    assert sum(np.isfinite(line.get_ydata()).sum() for line in dots) == 8  # two truths and two models at three cutoffs


def test_the_first_models_and_the_baseline_are_shown():
    models = {f"Drift {k}": Drift() for k in range(6)} | {"Naive": Naive()}
    result = run(models=models)
    names = [text.get_text() for text in result.plot_forecasts("s2").legends[0].get_texts()]
    first = result.leaderboard()["model"].iloc[:3]
    assert {name for name in names if name in models} == {*first, "Naive"}


def test_forecasts_far_away_do_not_hide_the_others_and_are_told():
    class Far(Naive):
        def _predict(self, panel, horizon, X, levels):
            found = super()._predict(panel, horizon, X, levels)
            return type(found)(found.mean + 1e6, found.quantiles + 1e6, levels, found.ids, found.cutoff, found.freq)

    (ax,) = run(models={"Drift": Drift(), "far": Far()}).plot_forecasts("s2").axes
    assert max(map(abs, ax.get_ylim())) < 1e3
    assert any("far leaves the picture" in text.get_text() for text in ax.texts)


def test_names_that_are_not_there_are_refused():
    result = run()
    with pytest.raises(UnknownNameError, match="No series is called 'x'"):
        result.plot_forecasts("x")
    with pytest.raises(UnknownNameError, match="No model is called 'x'"):
        result.plot_forecasts(models=["x"])
    for options in ({"series": []}, {"models": []}):
        with pytest.raises(ParameterError, match="empty"):
            result.plot_forecasts(**options)


def test_series_named_by_numbers_and_times_that_are_numbers_are_drawn():
    result = run(y=frame(3).set_axis([7, 8, 9], axis=1).reset_index(drop=True), models=[SeasonalNaive(12)])
    assert [ax.get_title(loc="left") for ax in result.plot_forecasts([7, 9]).axes] == ["7", "9"]
    assert result.plot_forecasts(8).axes
