"""The arrays that the statistics are computed on, against reshapes by pandas."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tsforecast import Drift, HistoricAverage, Naive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.compare.calibration import coverage_table, pit_histogram
from tsforecast.backtest.compare.decision import decide
from tsforecast.backtest.compare.diebold_mariano import diebold_mariano_table
from tsforecast.backtest.report.sentences import verdicts
from tsforecast.backtest.report.summary import markdown
from tsforecast.backtest.result.data import TablesInMemory
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError
from tsforecast.forecast import Forecast

NAMES = ["s9", "s10", "a", "c", "b", "z"]


class Dice(Naive):
    def __init__(self, random_state=0):
        self.random_state = random_state

    def _predict(self, panel, horizon, X, levels):
        base = super()._predict(panel, horizon, X, levels)
        noise = np.random.default_rng(self.random_state).normal(size=base.mean.shape)
        return Forecast(base.mean + noise, base.quantiles, levels, base.ids, base.cutoff, base.freq)


@pytest.fixture(scope="module")
def result():
    """A result with series of different ends, so that cutoffs are at different times; overlapping windows; seeds."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(50, 6)).cumsum(axis=0), columns=NAMES)
    frame.iloc[45:, 1] = np.nan
    frame.iloc[:4, 2] = np.nan
    cv = RollingOrigin(4, n_windows=8, step_size=2)
    models = [Naive(), HistoricAverage(), Drift(), Dice()]
    return backtest(models, frame, cv=cv, metrics=["mase", "mae"], seeds=3, level=[80, 90], quantiles=[0.5])


def windows(frame):
    """Rank of each cutoff among those of its series, oldest first."""
    return frame.groupby("unique_id")["cutoff"].rank(method="dense").astype(int) - 1


def table_of(result, model, metric="mase"):
    own = result.scores[(result.scores["metric"] == metric)].copy()
    own["window"] = windows(own)
    own = own[own["model"] == model]
    return np.stack(
        [
            rows.pivot(index="unique_id", columns="window", values="value").loc[NAMES].to_numpy()
            for _, rows in own.groupby("seed")
        ]
    )


def step_losses(result, model):
    own = result.forecasts.copy()
    own["window"] = windows(own)
    own["loss"] = (own["y"] - own["mean"]).abs() / own["scale"]
    own = own[own["model"] == model].groupby(["unique_id", "window", "h"])["loss"].mean()
    return np.stack([own.loc[name].to_numpy().reshape(8, 4) for name in NAMES])


def test_scaled_errors_by_step_average_to_the_mase(result):
    np.testing.assert_allclose(step_losses(result, "Naive").mean(axis=2), table_of(result, "Naive")[0], rtol=1e-12)


def test_diebold_mariano_is_of_scaled_errors_by_series_cutoff_and_step(result):
    expected = diebold_mariano_table(step_losses(result, "Dice"), step_losses(result, "Drift"), step_size=2)
    pd.testing.assert_frame_equal(result.dm("Dice", "Drift"), expected, rtol=1e-9)
    back = result.dm("Drift", "Dice")
    np.testing.assert_allclose(back["statistic"], -expected["statistic"], rtol=1e-9)


def test_a_verdict_is_that_of_the_decision_over_all_seeds_series_and_cutoffs(result):
    expected = decide({model: table_of(result, model) for model in result.models}, overlap=2)
    found = result.verdict("Dice", "Drift")
    assert found == expected.verdict("Dice", "Drift", loss_name="MASE")
    assert found.n_seeds == (3, 1)


def test_verdict_without_names_holds_the_best_against_the_baseline(result):
    ranked = result.leaderboard()["model"].tolist()
    found = result.verdict()
    assert (found.model, found.other) == (ranked[0], "Naive" if ranked[0] != "Naive" else ranked[1])
    assert found in verdicts(result.run)


def test_skill_and_its_interval_are_those_of_the_verdict(result):
    board = result.leaderboard().set_index("model")
    for model in ("HistoricAverage", "Drift", "Dice"):
        told = result.verdict(model, "Naive")
        assert board.loc[model, ["skill", "skill_low", "skill_high"]].tolist() == [
            told.skill, told.skill_low, told.skill_high,
        ]  # fmt: skip
    assert board.loc["Naive", ["skill", "skill_low", "skill_high"]].tolist() == [0, 0, 0]


def test_ranks_and_pairs_are_of_means_over_the_cutoffs_of_a_series(result):
    losses = np.stack([table_of(result, model).mean(axis=(0, 2)) for model in result.models], axis=1)
    found = result.ranks().set_index("model")
    np.testing.assert_allclose(found.loc[result.models, "mean_rank"], stats.rankdata(losses, axis=1).mean(axis=0))
    np.testing.assert_allclose(found.loc[result.models, "mean_loss"], losses.mean(axis=0))
    pairs = result.pairs().set_index(["model_a", "model_b"])
    share = np.mean((losses[:, 0] < losses[:, 2]) + 0.5 * (losses[:, 0] == losses[:, 2]))
    assert pairs.loc[("Naive", "Drift"), "share"] == share
    assert len(pairs) == 6


def test_models_share_a_letter_unless_one_is_better(result):
    letters = result.ranks().set_index("model")["groups"]
    for row in result.pairs().itertuples():
        if row.conclusion != "undecided":
            assert not set(letters[row.model_a]) & set(letters[row.model_b])
    assert letters.str.len().min() > 0


def test_confidence_set_holds_the_best_model(result):
    found = result.mcs().set_index("model")
    assert found.loc[result.leaderboard()["model"].iloc[0], "included"]
    assert set(found.index[found["included"]]) == set(result.decision().confidence_set())


def test_calibration_is_counted_from_the_forecasts(result):
    own = result.forecasts[result.forecasts["model"] == "Drift"]
    ends = [own[[f"{end}-80", f"{end}-90"]].to_numpy() for end in ("lo", "hi")]
    expected = coverage_table(own["y"].to_numpy(), *ends, [80.0, 90.0], own["h"].to_numpy())
    found = result.calibration()
    found = found[found["model"] == "Drift"].drop(columns="model").reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected)
    columns = ["lo-90", "lo-80", "q0.5", "hi-80", "hi-90"]
    levels = np.array([0.05, 0.1, 0.5, 0.9, 0.95])
    pd.testing.assert_frame_equal(
        result.pit("Drift"), pit_histogram(own["y"].to_numpy(), own[columns].to_numpy(), levels)
    )


def test_errors_by_step_are_means_over_common_cells(result):
    found = result.steps()
    for model in result.models:
        np.testing.assert_allclose(found.loc[model], step_losses(result, model).mean(axis=(0, 1)))


def without(result, model, name):
    scores, forecasts = result.scores, result.forecasts
    lost = (scores["model"] == model) & (scores["unique_id"] == name)
    rows = scores[lost & (scores["metric"] == "mae")][["model", "unique_id", "cutoff", "seed"]]
    kept = forecasts[(forecasts["model"] != model) | (forecasts["unique_id"] != name)]
    failures = rows.assign(error="FitError", message="no")
    return BacktestResult(dataclasses.replace(result.run, failures=failures, large=TablesInMemory(scores[~lost], kept)))


def test_evidence_of_a_run_with_failures_is_that_of_the_cells_both_finished(result):
    broken = without(result, "Drift", "b")
    losses = [step_losses(result, model).copy() for model in ("Naive", "Drift")]
    losses[1][NAMES.index("b")] = np.nan
    pd.testing.assert_frame_equal(broken.dm("Naive", "Drift"), diebold_mariano_table(*losses, step_size=2), rtol=1e-9)
    assert broken.verdict("Naive", "Drift").n_series == 5
    assert broken.decision().by_series.shape == (5, 4)
    common = [i for i, name in enumerate(NAMES) if name != "b"]
    np.testing.assert_allclose(broken.steps().loc["Naive"], step_losses(result, "Naive")[common].mean(axis=(0, 1)))


def test_summary_lays_the_evidence_out(result):
    page = markdown(result.run)
    for text in (
        "## Verdict",
        "All of this rests on one decision",
        "## Intervals",
        "## Scaled absolute error by step",
        "h = 4",
        "Mean rank over 6",
    ):
        assert text in page


def test_the_summary_of_a_run_too_large_to_read_says_how_to_ask(result, monkeypatch):
    monkeypatch.setattr("tsforecast.backtest.report.summary._ROWS_READ", 6 * 8 * 4 - 1)
    page = markdown(result.run)
    assert "result.steps()" in page and "## Intervals" not in page and "## Verdict" in page


def test_questions_that_cannot_be_answered_are_clear_errors(result):
    with pytest.raises(UnknownNameError, match="'ETS'"):
        result.dm("Naive", "ETS")
    with pytest.raises(ParameterError, match="itself"):
        result.verdict("Naive", "Naive")
    alone = backtest(Naive(), np.arange(20.0), cv=RollingOrigin(2), metrics=["mae"], level=())
    for ask in (alone.verdict, alone.mcs, alone.ranks, alone.calibration, lambda: alone.pit("Naive")):
        with pytest.raises(DataError):
            ask()
