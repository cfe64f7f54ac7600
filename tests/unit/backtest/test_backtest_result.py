"""Leaderboards, and results that are the same after saving and loading."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast import Drift, HistoricAverage, Naive, SeasonalNaive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.report.sentences import headline, who_wins
from tsforecast.backtest.report.summary import markdown
from tsforecast.backtest.result.data import TablesInMemory
from tsforecast.backtest.result.leaderboard import pareto_front
from tsforecast.exceptions import ParameterError, RunFolderError, UnknownNameError


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(40, 4)).cumsum(axis=0), columns=[*"abcd"])
    cv = RollingOrigin(3, n_windows=3)
    return backtest([Naive(), HistoricAverage(), Drift()], frame, cv=cv, metrics=["mae", "mase", "coverage"])


def without(result, model, name):
    """The result as if ``model`` had failed on a series."""
    scores = result.scores
    lost = (scores["model"] == model) & (scores["unique_id"] == name)
    rows = scores[lost & (scores["metric"] == "mae")][["model", "unique_id", "cutoff", "seed"]]
    failures = rows.assign(error="FitError", message="no")
    tables = TablesInMemory(scores[~lost], result.forecasts)
    return BacktestResult(dataclasses.replace(result.run, failures=failures, large=tables))


def test_leaderboard_equals_means_taken_by_pandas(result):
    board = result.leaderboard(metric="mae").set_index("model")
    wide = result.scores.pivot_table(index=["model", "unique_id", "cutoff"], columns="metric", values="value")
    by_series = wide.groupby(["model", "unique_id"]).mean()
    for metric in result.metrics:
        expected = by_series[metric].groupby("model").mean()
        pd.testing.assert_series_equal(board[metric].sort_index(), expected, check_names=False)
    ranks = by_series["mae"].unstack().rank(axis=0).mean(axis=1)
    pd.testing.assert_series_equal(board["mean_rank"].sort_index(), ranks, check_names=False)
    assert board["mae"].is_monotonic_increasing and board["rank"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(board["skill"], 100 * (1 - board["mae"] / board.loc["Naive", "mae"]))


def test_leaderboard_counts_only_what_all_models_finished_and_says_what_is_missing(result):
    broken = without(result, "Drift", "b")
    board = broken.leaderboard().set_index("model")
    assert board["n_missing"].to_dict() == {"Naive": 0, "HistoricAverage": 0, "Drift": 3}
    assert set(board["n_cells"]) == {9}
    kept = result.scores[(result.scores["unique_id"] != "b") & (result.scores["metric"] == "mae")]
    expected = kept.groupby(["model", "unique_id"])["value"].mean().groupby("model").mean()
    pd.testing.assert_series_equal(board["mae"].sort_index(), expected, check_names=False)


@pytest.mark.parametrize("how", ["worst", "baseline"])
def test_failures_are_imputed_only_as_declared(result, how):
    board = without(result, "Drift", "b").leaderboard(on_failure=how, metric="mae").set_index("model")
    mae = result.scores[result.scores["metric"] == "mae"].set_index(["model", "unique_id", "cutoff"])["value"]
    own = mae["Drift"].unstack()
    others = pd.concat([mae["Naive"], mae["HistoricAverage"]], axis=1)
    lent = (others.max(axis=1) if how == "worst" else mae["Naive"]).unstack()
    own.loc["b"] = lent.loc["b"]
    assert board.loc["Drift", "mae"] == pytest.approx(own.mean(axis=1).mean())
    assert board.loc["Drift", "n_missing"] == 3 and board.loc["Drift", "n_cells"] == 12


def test_leaderboard_by_strata_is_the_leaderboard_of_each(result):
    board = result.leaderboard(by={"a": "odd", "c": "odd", "b": "even", "d": "even"}, metric="mae")
    assert board["stratum"].tolist() == ["even"] * 3 + ["odd"] * 3
    mae = result.scores[(result.scores["metric"] == "mae") & result.scores["unique_id"].isin(["a", "c"])]
    expected = mae.groupby("model")["value"].mean()
    odd = board[board["stratum"] == "odd"].set_index("model")["mae"]
    pd.testing.assert_series_equal(odd.sort_index(), expected, check_names=False)


def test_leaderboard_refuses_what_it_cannot_rank_by(result):
    with pytest.raises(ParameterError, match="less of coverage-80 is not better"):
        result.leaderboard(metric="coverage-80")
    with pytest.raises(UnknownNameError, match="rmse"):
        result.leaderboard(metric="rmse")
    with pytest.raises(UnknownNameError, match="'ETS'"):
        result.leaderboard(baseline="ETS")
    with pytest.raises(ParameterError, match="on_failure"):
        result.leaderboard(on_failure="zero")


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=6))
def test_pareto_front_is_what_nothing_dominates(points):
    found = pareto_front(*np.array(points, dtype=float).T)
    for i, (score, seconds) in enumerate(points):
        dominated = any(s <= score and t <= seconds and (s, t) != (score, seconds) for s, t in points)
        assert found[i] == (not dominated)


def test_cost_is_time_for_a_series_and_a_cutoff(result):
    found = result.cost("mae").set_index("model")
    total = result.timings.groupby("model")[["fit_seconds", "predict_seconds"]].sum().sum(axis=1)
    np.testing.assert_allclose(found["seconds"], (total / 12).loc[found.index])
    assert found["on_front"].iloc[0], "the most accurate is on the front"


def test_saved_result_loads_as_it_was(result, tmp_path):
    loaded = BacktestResult.load(result.save(tmp_path / "run"))
    for name in ("scores", "timings", "forecasts"):
        pd.testing.assert_frame_equal(getattr(loaded, name), getattr(result, name), check_exact=True)
    assert loaded.config == result.config
    pd.testing.assert_frame_equal(loaded.leaderboard(), result.leaderboard())
    with pytest.raises(RunFolderError, match="not empty"):
        result.save(tmp_path / "run")


def test_loading_what_is_no_run_is_a_clear_error(tmp_path):
    with pytest.raises(RunFolderError, match="is no run folder"):
        BacktestResult.load(tmp_path)


def test_summary_states_the_policy_the_ranking_the_failures_and_what_metrics_mean(result):
    page = markdown(without(result, "Drift", "b").run)
    for text in (
        "fitted anew at every cutoff",
        "| 1 |",
        "FitError",
        "Only the 9 pairs of series and cutoff",
        "MASE: mean abs",
    ):
        assert text in page


def test_the_sentence_names_the_winner_and_its_distance(result):
    board = result.leaderboard()
    best = board.iloc[0]
    assert best["model"] in who_wins(result.run) and f"{best['mae']:.3f}" in who_wins(result.run)


def test_the_sentence_tells_what_was_left_out_and_why(result):
    assert "over the 9 of 12 pairs of series and cutoff that all models finished" in who_wins(
        without(result, "Drift", "b").run
    )
    frame = pd.DataFrame({"a": np.arange(20.0) ** 2, "flat": 1.0})
    flat = backtest([Naive(), Drift()], frame, cv=RollingOrigin(3), metrics=["mase"])
    assert "over the 1 of 2 pairs of series and cutoff where it is defined" in who_wins(flat.run)


def test_the_sentence_says_so_when_the_baseline_wins():
    y = np.tile([1.0, 4.0, 9.0], 10)
    result = backtest([SeasonalNaive(3), Drift()], y, cv=RollingOrigin(3), metrics=["mae"], level=())
    assert "SeasonalNaive has the lowest MAE" in who_wins(result.run)
    assert result.verdict().sentence.startswith("SeasonalNaive against Drift is undecided: ")  # by one cutoff


def test_a_run_on_constant_series_has_no_score_and_says_so(tmp_path):
    result = backtest([Naive(), Drift()], np.ones(20), cv=RollingOrigin(2), output=tmp_path)
    assert result.leaderboard()["mase"].isna().all() and result.failures.empty
    assert "MASE is not defined" in (tmp_path / "summary.md").read_text()
    assert (result.leaderboard()["coverage-80"] == 100).all()  # what is defined is shown all the same


def test_headline_of_a_run_without_any_score_is_still_a_table():
    result = backtest(SeasonalNaive(0), np.arange(9.0), cv=RollingOrigin(1), metrics=["mae"], level=())
    assert headline(result.run)[["#", "MAE", "Missing"]].to_numpy().tolist() == [["-", "-", "1"]]
    assert who_wins(result.run).startswith("No model finished")
    assert "ParameterError" in markdown(result.run)
