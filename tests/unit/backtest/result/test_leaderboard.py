"""Metrics for which greater is better, pooled metrics, and models without intervals, in tables and sentences."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast import Conformal, Drift, Ensemble, Forecast, HistoricAverage, Naive, SeasonalNaive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.report.sentences import headline, who_wins
from tsforecast.backtest.report.summary import markdown
from tsforecast.backtest.result.data import TablesInMemory
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.metrics import point
from tsforecast.metrics.metric import Metric

CV = RollingOrigin(3, n_windows=3)
MODELS = (Naive(), HistoricAverage(), Drift())
MORE = Metric("goodness", lambda y, f: -point.mae(y, f), best="greatest", title="Goodness")


class Bare(HistoricAverage):
    """Gives point forecasts without intervals."""

    gives_intervals = False

    def _predict(self, panel, horizon, X, levels):
        assert levels.size == 0, "a model without intervals is never asked for them"
        return super()._predict(panel, horizon, X, levels)


def walks(seed=5, n_series=4):
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(40, n_series)).cumsum(axis=0)).add_prefix("s")


@pytest.fixture(scope="module")
def both():
    return backtest(MODELS, walks(), cv=CV, metrics=["mae", MORE], level=())


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000))
def test_turning_a_metric_round_and_its_direction_too_changes_no_ranking(seed):
    result = backtest(MODELS, walks(seed), cv=CV, metrics=["mae", MORE], level=())
    less, more = (result.leaderboard(metric=m) for m in ("mae", "goodness"))
    same = ["rank", "model", "mean_rank", "skill", "skill_low", "skill_high", "n_cells", "n_missing"]
    pd.testing.assert_frame_equal(less[same], more[same])
    np.testing.assert_allclose(less["median"], -more["median"])
    assert result.cost("mae")[["model", "on_front"]].equals(result.cost("goodness")[["model", "on_front"]])


def test_comparisons_take_the_direction_from_the_metric(both):
    for find in (both.verdict, lambda **which: both.verdict("Drift", "HistoricAverage", **which)):
        less, more = find(metric="mae"), find(metric="goodness")
        names = ("model", "other", "share", "share_low", "share_high", "skill", "conclusion")
        assert [getattr(less, n) for n in names] == [getattr(more, n) for n in names]
        assert "mean MAE is" in less.sentence and "mean Goodness is" in more.sentence
    pd.testing.assert_series_equal(both.ranks("mae")["mean_rank"], both.ranks("goodness")["mean_rank"])
    pd.testing.assert_frame_equal(both.pairs("mae"), both.pairs("goodness"))
    worst = [both.leaderboard(metric=m, on_failure="worst")["model"].tolist() for m in ("mae", "goodness")]
    assert worst[0] == worst[1]


def test_a_failure_counts_with_the_worst_score_whatever_worst_is(both):
    scores = both.scores
    lost = (scores["model"] == "Drift") & (scores["unique_id"] == "s1")
    failures = scores[lost & (scores["metric"] == "mae")][["model", "unique_id", "cutoff", "seed"]]
    failures = failures.assign(error="FitError", message="no")
    tables = TablesInMemory(scores[~lost], both.forecasts)
    broken = BacktestResult(dataclasses.replace(both.run, failures=failures, large=tables))
    less, more = (broken.leaderboard(metric=m, on_failure="worst") for m in ("mae", "goodness"))
    np.testing.assert_allclose(less["mae"], -more["goodness"])


def test_the_sentences_of_a_run_whose_only_metric_grows_with_the_models_worth():
    hits = Metric("hits", lambda y, f: (np.abs(y - f) < 1.5).mean(axis=1), best="greatest", title="Hits", decimals=1)
    result = backtest(MODELS, walks(), cv=CV, metrics=[hits], level=())
    board = result.leaderboard()
    assert board["hits"].is_monotonic_decreasing and board["rank"].tolist()[0] == 1
    assert f"{board['model'][0]} has the highest Hits" in who_wins(result.run)
    assert "Hits: a metric of the caller (more is better)" in markdown(result.run)
    base = board.set_index("model")["hits"]
    np.testing.assert_allclose(board.set_index("model")["skill"], 100 * (base / base["Naive"] - 1))
    told = result.verdict(board["model"][0], board["model"][1]).sentence
    assert "its mean Hits is" in told or "mean Hits is equal" in told


def test_a_percentage_of_scores_of_both_signs_is_not_told():
    signed = Metric("signed", lambda y, f: np.where(np.arange(len(y)) % 2, 1.0, -2.0) * point.mae(y, f))
    result = backtest(MODELS, walks(), cv=CV, metrics=[signed], level=())
    assert result.leaderboard()["skill"].isna().all()
    assert "a percentage says nothing" in result.verdict("Naive", "Drift").sentence


def test_a_saved_run_knows_the_direction_of_metrics_that_nobody_knows_there(tmp_path):
    result = backtest(MODELS, walks(), cv=CV, metrics=[MORE, "coverage"], output=tmp_path / "run")
    loaded = BacktestResult.load(tmp_path / "run")
    again = BacktestResult.load(backtest(MODELS, walks(), cv=CV, metrics=[MORE]).save(tmp_path / "saved"))
    for one in (result, loaded, again):
        assert one.leaderboard()["goodness"].is_monotonic_decreasing
        assert one.facts["goodness"].title == "Goodness" and "highest Goodness" in who_wins(one.run)
    assert loaded.facts["coverage-80"].best == 80


def test_a_metric_whose_direction_changed_is_another_run(tmp_path):
    from tsforecast.exceptions import RunFolderError

    backtest(MODELS, walks(), cv=CV, metrics=[MORE], output=tmp_path)
    with pytest.raises(RunFolderError, match="scores"):
        backtest(MODELS, walks(), cv=CV, metrics=[Metric("goodness", MORE.function)], output=tmp_path)


@pytest.mark.parametrize("metrics", [["bias"], ["coverage"], ["width"], [Metric("near", abs, best=3.0)]])
def test_metrics_that_rank_nothing_are_refused_before_the_first_fit(metrics):
    class Never(Naive):
        def _fit(self, panel):
            raise AssertionError("it was fitted")

    with pytest.raises(ParameterError, match="to rank by"):
        backtest(Never(), walks(), cv=CV, metrics=metrics)


def test_a_metric_that_cannot_score_is_refused_before_the_first_fit():
    class Never(Naive):
        def _fit(self, panel):
            raise AssertionError("it was fitted")

    with pytest.raises(ParameterError, match=r"'mean' gave the shape \(\)"):
        backtest(Never(), walks(), cv=CV, metrics=[Metric("mean", lambda y, f: (y - f).mean())])


def test_a_metric_that_writes_into_its_arguments_is_refused_before_the_first_fit():
    def writes(y, f):
        y -= f
        return np.abs(y).mean(axis=1)

    with pytest.raises(ParameterError, match=r"'writes' failed: ValueError: .*read-only"):
        backtest(Naive(), walks(), cv=CV, metrics=[Metric("writes", writes), "mae"])


def test_a_metric_that_fails_on_the_data_alone_loses_nothing_else():
    def picky(y, f):
        if (y < 1).all(axis=None) and y.shape[0] > 2:
            raise ZeroDivisionError("no")
        return np.abs(y - f).mean(axis=1)

    frame = pd.DataFrame(np.random.default_rng(0).uniform(0, 1, size=(30, 4)))
    with pytest.warns(RuntimeWarning, match="'picky' failed: ZeroDivisionError: no"):
        result = backtest(MODELS, frame, cv=CV, metrics=["mae", Metric("picky", picky)], level=())
    board = result.leaderboard()
    assert board["mae"].notna().all() and board["picky"].isna().all()


def test_pooled_metrics_are_one_ratio_over_series_and_cutoffs():
    names = ["mae", "pooled_wape", "pooled_rmsse", "pooled_wql", "wape"]
    result = backtest(MODELS, walks() * [1, 10, 100, 1000], cv=CV, metrics=names, level=[80])
    assert result.metrics == names
    own = result.forecasts
    board = result.leaderboard(metric="pooled_wape").set_index("model")
    for model, rows in own.groupby("model"):
        error, size = (rows["y"] - rows["mean"]).abs(), rows["y"].abs().sum()
        assert board.loc[model, "pooled_wape"] == pytest.approx(error.sum() / size)
        loss = sum(
            2 * np.maximum(q * (rows["y"] - rows[c]), (q - 1) * (rows["y"] - rows[c])).sum() / 2
            for q, c in ((0.1, "lo-80"), (0.9, "hi-80"))
        )
        assert board.loc[model, "pooled_wql"] == pytest.approx(loss / size)
        assert board.loc[model, "pooled_wape"] != pytest.approx(board.loc[model, "wape"])
    assert board["pooled_wape"].is_monotonic_increasing
    for metric in ("pooled_wape", "pooled_rmsse"):
        table = result.leaderboard(metric=metric).set_index("model")
        np.testing.assert_allclose(table["skill"], 100 * (1 - table[metric] / table.loc["Naive", metric]))
        inside = table["skill"].between(table["skill_low"] - 1e-9, table["skill_high"] + 1e-9)
        assert inside.all()
        told = result.verdict("Drift", "Naive", metric)
        assert told.skill == pytest.approx(table.loc["Drift", "skill"])


def test_the_table_shows_the_metrics_that_were_asked_for():
    shown = headline(backtest(MODELS, walks(), cv=CV, metrics=["mase", "rmse", "rmsse"], level=()).run)
    assert [c for c in shown.columns if c in ("MASE", "RMSE", "RMSSE")] == ["MASE", "RMSE", "RMSSE"]
    usual = headline(backtest(MODELS, walks(), cv=CV).run)
    assert [c for c in usual.columns if c[:4] in ("MASE", "sMAP", "Cove", "RMSS", "MSIS")] == [
        "MASE", "sMAPE %", "Cover 80%", "Cover 95%",
    ]  # fmt: skip


def test_a_model_without_intervals_says_so_and_is_scored_by_its_points():
    metrics = ["mae", "crps", "coverage", "msis", "pooled_wql"]
    result = backtest([Bare(), Naive(), Drift()], walks(), cv=CV, metrics=metrics, level=[80])
    assert result.failures.empty
    board = result.leaderboard().set_index("model")
    assert board["mae"].notna().all() and set(board["n_cells"]) == {12} and set(board["n_missing"]) == {0}
    rest = board.drop(index="Bare")
    for column in ("crps", "coverage-80", "msis-80", "pooled_wql"):
        assert np.isnan(board.loc["Bare", column]) and rest[column].notna().all()
    alone = backtest([Naive(), Drift()], walks(), cv=CV, metrics=metrics, level=[80]).leaderboard().set_index("model")
    pd.testing.assert_frame_equal(rest[result.metrics].sort_index(), alone[result.metrics].sort_index())
    assert result.leaderboard(metric="msis-80").set_index("model")["rank"].isna()["Bare"]
    assert "not comparable" in result.verdict("Bare", "Naive", "msis-80").sentence
    assert result.verdict("Bare", "Naive").n_series == 4
    page = markdown(result.run)
    assert "FitError" not in page and set(result.calibration()["model"]) == {"Naive", "Drift"}
    assert headline(result.run).set_index("Model").loc["Bare", "Cover 80%"] == "-"
    with pytest.raises(DataError, match="'Bare' gives no intervals"):
        result.pit("Bare")


def test_a_run_of_models_without_intervals_has_a_summary():
    result = backtest(Bare(), walks(), cv=CV, metrics=["mae", "coverage"])
    assert "## Intervals" not in markdown(result.run) and result.failures.empty


def test_asking_a_model_without_intervals_for_some_is_a_clear_error():
    model = Bare().fit(walks())
    assert model.predict(2).shape == (2, 4)
    for wanted in ({"level": 80}, {"quantiles": [0.1]}):
        with pytest.raises(ParameterError, match="Bare gives no intervals"):
            model.predict(2, **wanted)
        with pytest.raises(ParameterError, match="Ensemble gives no intervals"):
            Ensemble([Bare(), Naive()]).fit(walks()).predict(2, **wanted)
    conformal = Conformal(Bare(), calibration_size=9).fit(walks()).predict(2, level=80)
    assert np.isfinite(conformal).all(axis=None)


def test_a_model_that_says_it_has_intervals_and_gives_nan_fails_by_name():
    class Liar(SeasonalNaive):
        def _predict(self, panel, horizon, X, levels):
            good = super()._predict(panel, horizon, X, levels)
            return Forecast(good.mean, good.quantiles * np.nan, levels, good.ids, good.cutoff, good.freq)

    result = backtest({"liar": Liar(1), "naive": Naive()}, walks(), cv=CV, metrics=["mae", "coverage"])
    assert set(result.failures["model"]) == {"liar"} and set(result.failures["error"]) == {"FitError"}
