"""The spread of a model's score over seeds, against pandas on the rows of the scores."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import HistoricAverage, Naive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.report.sentences import headline
from tsforecast.backtest.report.summary import markdown
from tsforecast.exceptions import FitError
from tsforecast.metrics import point
from tsforecast.metrics.metric import Metric

CV = RollingOrigin(3, n_windows=2)
MORE = Metric("goodness", lambda y, f: -point.mae(y, f), best="greatest", title="Goodness")
METRICS = ["mae", MORE, "pooled_wape", "pooled_rmse", "coverage"]


class Noisy(HistoricAverage):
    """An average with noise from its seed; with some seeds it fails on the series named for it."""

    def __init__(self, random_state=None, fails=()):
        self.random_state, self.fails = random_state, fails

    def _fit(self, panel):
        lost = {i: "no" for seed, i in self.fails if seed == self.random_state and i in panel.ids}
        if lost:
            raise FitError("It fails there.", failures=lost)
        return super()._fit(panel)

    def _predict(self, panel, horizon, X, levels):
        found = super()._predict(panel, horizon, X, levels)
        size = 1 + 10.0 * np.arange(panel.n_series)[:, None]
        found.mean[:] += size * np.random.default_rng(self.random_state).normal(size=found.mean.shape)
        return found


def data(n_series=4):
    scale = 10.0 ** np.arange(n_series)
    frame = pd.DataFrame(np.random.default_rng(5).normal(size=(30, n_series)).cumsum(axis=0) * scale)
    return frame.set_axis([f"s{i}" for i in range(n_series)], axis=1)


def run(fails=(), seeds=3, **settings):
    models = {"noisy": Noisy(fails=tuple(fails)), "Naive": Naive()}
    return backtest(models, data(), cv=CV, metrics=METRICS, level=[80], seeds=seeds, **settings)


def scores_of_seeds(result, metric, without=()):
    """The score of each seed of the model noisy, by pandas, on the series not left out."""
    rows = result.scores
    rows = rows[(rows["model"] == "noisy") & ~rows["unique_id"].isin(without)]
    wide = rows.pivot_table(index=["seed", "unique_id", "cutoff"], columns="metric", values="value")
    if metric.startswith("pooled"):
        total = wide.groupby("seed").sum()
        ratio = total[metric] / total[f"{metric}:below"]
        return np.sqrt(ratio) if metric == "pooled_rmse" else ratio
    return wide.groupby(["seed", "unique_id"])[metric].mean().groupby("seed").mean()


@pytest.fixture(scope="module")
def whole():
    return run()


@pytest.mark.parametrize("metric", ["mae", "goodness", "pooled_wape", "pooled_rmse"])
def test_the_spread_is_the_standard_deviation_of_the_scores_of_single_seeds(whole, metric):
    board = whole.leaderboard(metric=metric).set_index("model")
    assert board.loc["noisy", f"{metric}_sd"] == pytest.approx(scores_of_seeds(whole, metric).std(), rel=1e-9)
    assert np.isnan(board.loc["Naive", f"{metric}_sd"]), "a model that draws nothing runs once"
    alone = [run(seeds=[k]).leaderboard(metric=metric).set_index("model").loc["noisy", metric] for k in range(3)]
    assert board.loc["noisy", f"{metric}_sd"] == pytest.approx(np.std(alone, ddof=1), rel=1e-9)


def test_without_several_seeds_there_is_no_spread():
    board = run(seeds=None).leaderboard()
    assert board["mae_sd"].isna().all()
    assert not headline(run(seeds=None).run)["MAE"].str.contains("±").any()


@pytest.mark.parametrize("metric", ["mae", "goodness", "pooled_wape", "pooled_rmse"])
def test_where_a_seed_failed_the_spread_is_that_on_the_cells_that_count(metric):
    result = run([(1, "s2")])
    board = result.leaderboard(metric=metric).set_index("model")
    assert board.loc["noisy", ["n_cells", "n_missing"]].tolist() == [6, 2]
    expected = scores_of_seeds(result, metric, without=["s2"]).std()
    assert board.loc["noisy", f"{metric}_sd"] == pytest.approx(expected, rel=1e-9)


def test_seeds_that_fail_on_different_series_count_together_where_all_of_them_finished():
    result = run([(0, "s0"), (1, "s1"), (2, "s2")])
    board = result.leaderboard().set_index("model")
    assert board.loc["noisy", ["n_cells", "n_missing"]].tolist() == [2, 6]
    expected = scores_of_seeds(result, "mae", without=["s0", "s1", "s2"])
    assert board.loc["noisy", "mae"] == pytest.approx(expected.mean())
    assert board.loc["noisy", "mae_sd"] == pytest.approx(expected.std())


def test_a_seed_that_finished_nothing_leaves_the_spread_of_the_others():
    result = run([(1, f"s{i}") for i in range(4)])
    expected = scores_of_seeds(result, "mae")
    assert expected.index.tolist() == [0, 2]
    assert result.leaderboard().set_index("model").loc["noisy", "mae_sd"] == pytest.approx(expected.std())


def test_a_score_lent_by_the_baseline_is_the_same_for_every_seed():
    result = run([(1, "s2")])
    mae = result.scores[result.scores["metric"] == "mae"].set_index(["model", "unique_id", "cutoff", "seed"])["value"]
    own = mae["noisy"].unstack("seed")
    own.loc["s2"] = mae["Naive"].unstack("seed").loc["s2"].to_numpy().repeat(3, axis=1)
    expected = own.groupby("unique_id").mean().mean()
    board = result.leaderboard(on_failure="baseline").set_index("model")
    assert board.loc["noisy", "mae"] == pytest.approx(expected.mean())
    assert board.loc["noisy", "mae_sd"] == pytest.approx(expected.std())


def test_each_stratum_has_a_spread_of_its_own(whole):
    by = {"s0": "x", "s1": "x", "s2": "y", "s3": "y"}
    board = whole.leaderboard(by=by).set_index(["stratum", "model"])
    for kind, without in {"x": ["s2", "s3"], "y": ["s0", "s1"]}.items():
        expected = scores_of_seeds(whole, "mae", without).std()
        assert board.loc[(kind, "noisy"), "mae_sd"] == pytest.approx(expected)


def test_a_run_read_from_its_folder_has_the_same_spread(whole, tmp_path):
    loaded = BacktestResult.load(run(output=tmp_path / "run") and tmp_path / "run")
    pd.testing.assert_series_equal(loaded.leaderboard()["mae_sd"], whole.leaderboard()["mae_sd"])


def test_tables_for_readers_show_mean_and_spread(whole):
    board = whole.leaderboard().set_index("model")
    told = f"{board.loc['noisy', 'mae']:.3f} ± {board.loc['noisy', 'mae_sd']:.3f}"
    shown = headline(whole.run).set_index("Model")["MAE"]
    assert shown["noisy"] == told and "±" not in shown["Naive"]
    assert f"| {told} |" in markdown(whole.run)


def test_an_infinite_score_has_no_spread():
    grows = Metric("grows", lambda y, f: np.where(f[:, 0] > y[:, 0], np.inf, 1.0))
    models = {"noisy": Noisy(), "Naive": Naive()}
    board = backtest(models, data(), cv=CV, metrics=[grows], level=(), seeds=3).leaderboard().set_index("model")
    assert np.isinf(board.loc["noisy", "grows"]) and np.isnan(board.loc["noisy", "grows_sd"])


def test_seeds_that_score_the_same_have_no_spread_at_all():
    class Deaf(Noisy):
        def _predict(self, panel, horizon, X, levels):
            return HistoricAverage._predict(self, panel, horizon, X, levels)

    board = backtest({"deaf": Deaf()}, data() / 7, cv=CV, metrics=METRICS[:1], level=(), seeds=5).leaderboard()
    assert board["mae_sd"].tolist() == [0.0]
