"""Parts of models: scored beside the whole, kept with the run, left out of the ranking; and what is told of them."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsforecast import LSTM, Drift, HistoricAverage, LinearAR, Naive, SeasonalNaive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.report.parts import part_section, part_sentence, part_sentences
from tsforecast.backtest.report.summary import markdown
from tsforecast.backtest.result.parts import PartSkill, part_skills
from tsforecast.backtest.store.manifest import read_manifest, write_manifest
from tsforecast.exceptions import LeakError, UnknownNameError
from tsforecast.metrics.choose import usual_facts
from tsforecast.metrics.metric import Metric

CV = RollingOrigin(3, n_windows=4, step_size=2)
COLUMNS = ["model", "part", "unique_id", "cutoff", "seed", "metric", "value"]


class Whole(Drift):
    """A drift, of which the last value is a part."""

    nests = ("tsforecast.Naive",)

    def parts(self):
        return {"last value": Naive().fit(self.panel_)}


class Many(Whole):
    """Two parts."""

    def parts(self):
        return super().parts() | {"mean": HistoricAverage().fit(self.panel_)}


def frame(n_series=5, n=40, seed=0):
    values = np.random.default_rng(seed).normal(0.3, 1, (n, n_series)).cumsum(axis=0)
    return pd.DataFrame(values, columns=[f"s{i}" for i in range(n_series)])


def run(models, cv=CV, data=None, **options):
    metrics = options.pop("metrics", ["mase", "smape", "pooled_rmse", "coverage"])
    given = frame() if data is None else data
    return backtest(models, given, cv=cv, metrics=metrics, executor=options.pop("executor", None), **options)


def scores_of(result, model, **equal):
    table = result.scores if "part" not in equal else result.parts
    for name, value in {"model": model, **equal}.items():
        table = table[table[name] == value]
    return table.set_index(["unique_id", "cutoff", "metric"])["value"]


@pytest.mark.parametrize("options", [{}, {"refit": "never"}, {"cv": RollingOrigin(3, n_windows=2, gap=1)}])
def test_a_part_is_scored_as_if_it_were_a_model(options):
    result = run({"w": Many(), "n": Naive(), "h": HistoricAverage()}, **options)
    assert list(result.parts.columns) == COLUMNS
    assert result.parts["metric"].unique().tolist() == ["mase", "smape", "pooled_rmse", "pooled_rmse:below"]
    for part, model in (("last value", "n"), ("mean", "h")):
        own = scores_of(result, "w", part=part)
        pd.testing.assert_series_equal(own, scores_of(result, model).loc[own.index], check_exact=True)


def test_parts_are_neither_ranked_nor_forecast_nor_timed():
    result = run([Many(), SeasonalNaive(1)])
    assert result.leaderboard()["model"].nunique() == 2
    assert set(result.scores["model"]) == set(result.timings["model"]) == {"Many", "SeasonalNaive"}
    plain = run([Drift(), SeasonalNaive(1)])
    pd.testing.assert_series_equal(result.leaderboard()["mase"], plain.leaderboard()["mase"])
    assert plain.parts.empty and list(plain.parts.columns) == COLUMNS


def test_parts_are_the_same_in_memory_in_a_folder_and_through_an_executor(tmp_path):
    models = [Many(), Naive()]
    held = run(models).parts
    kept = run(models, output=tmp_path / "run").parts
    with ThreadPoolExecutor(2) as pool:
        spread = run(models, output=tmp_path / "spread", executor=pool).parts
    again = BacktestResult.load(tmp_path / "run").parts
    saved = BacktestResult.load(BacktestResult.load(tmp_path / "run").save(tmp_path / "copy")).parts
    for other in (kept, spread, again, saved):
        pd.testing.assert_frame_equal(other, held)
    assert "parts.parquet" in read_manifest(tmp_path / "run")["files"]


class Stops(Many):
    """Stops the run at its third fit, once."""

    n_fits = 0

    def _fit(self, panel):
        Stops.n_fits += 1
        if Stops.n_fits == 3:
            raise KeyboardInterrupt
        super()._fit(panel)


def test_a_stopped_run_has_the_parts_of_the_jobs_that_were_done_before(tmp_path):
    Stops.n_fits = 0
    with pytest.raises(KeyboardInterrupt):
        run({"w": Stops()}, output=tmp_path)
    resumed = run({"w": Stops()}, output=tmp_path)
    pd.testing.assert_frame_equal(resumed.parts, run({"w": Many()}).parts)


def test_a_folder_of_an_earlier_version_is_read_without_parts(tmp_path):
    run([Many(), Naive()], output=tmp_path)
    (tmp_path / "parts.parquet").unlink()
    manifest = read_manifest(tmp_path)
    del manifest["files"]["parts.parquet"], manifest["nests"]
    write_manifest(tmp_path, manifest)
    old = BacktestResult.load(tmp_path)
    assert old.parts.empty and list(old.parts.columns) == COLUMNS
    assert part_sentences(old.run) == part_section(old.run) == [] and old.run.nests == {}
    assert "parts are worth" not in markdown(old.run)


class Broken(Whole):
    """Its parts cannot be made for one series, and warn."""

    def parts(self):
        warnings.warn("of a part", UserWarning, stacklevel=2)
        if "s1" in self.panel_.ids:
            raise ValueError("no part")
        return super().parts()


class NoForecast(Naive):
    """A forecaster that only fits."""

    def _predict(self, panel, horizon, X, levels):
        raise RuntimeError("no forecast")


class Half(Whole):
    """One part that cannot forecast."""

    def parts(self):
        return super().parts() | {"silent": NoForecast().fit(self.panel_)}


class Odd(Whole):
    """One part that is no forecaster."""

    def parts(self):
        return super().parts() | {"odd": 3}


@pytest.mark.parametrize("kind", [Broken, Half, Odd])
def test_a_part_that_fails_is_absent_and_nothing_else_is_changed(kind):
    result = run({"w": kind(), "n": Naive()})
    pd.testing.assert_series_equal(scores_of(result, "w"), scores_of(run({"w": Drift()}), "w"))
    assert result.failures.empty and result.warnings.empty
    assert set(result.parts["part"]) == {"last value"}
    there = {"s0", "s2", "s3", "s4"} if kind is Broken else set(frame().columns)
    assert set(result.parts["unique_id"]) >= there - {"s0"}  # a block of series is fitted together


class FailsOnOne(Whole):
    """Cannot be fitted to a series, whose parts do not count then."""

    def _fit(self, panel):
        if "s1" in panel.ids:
            raise ValueError("not this one")
        super()._fit(panel)


def test_where_the_whole_has_failed_its_part_is_not_scored():
    result = run({"w": FailsOnOne(), "n": Naive()})
    assert set(result.parts["unique_id"]) == {"s0", "s2", "s3", "s4"}
    (skill,) = part_skills(result.run, baseline="n")
    assert skill.n_cells == 4 * CV.n_windows


class Drifting(Naive):
    """Forecasts something else each time."""

    n_calls = 0

    def _predict(self, panel, horizon, X, levels):
        forecast = super()._predict(panel, horizon, X, levels)
        Drifting.n_calls += 1
        forecast.mean[:] += Drifting.n_calls
        return forecast


class WithDrifting(Whole):
    def parts(self):
        return {"last value": Drifting().fit(self.panel_)}


def test_the_audit_covers_parts():
    run([Many()], audit=True, data=frame(2))
    with pytest.raises(LeakError, match="does not repeat itself"):
        run([WithDrifting()], audit=True, data=frame(2))


@pytest.mark.parametrize("metric", ["mase", "pooled_rmse"])
@pytest.mark.parametrize("baseline", ["s", "h"])
def test_skills_are_those_of_the_leaderboard_as_if_the_part_were_a_model(metric, baseline):
    result = run({"w": Whole(), "n": Naive(), "s": SeasonalNaive(4), "h": HistoricAverage()})
    board = result.leaderboard(metric=metric, baseline=baseline).set_index("model")
    (skill,) = part_skills(result.run, metric, baseline)
    assert (skill.model, skill.part, skill.baseline, skill.metric) == ("w", "last value", baseline, metric)
    assert skill.whole == pytest.approx(board.loc["w", "skill"])
    assert skill.alone == pytest.approx(board.loc["n", "skill"])
    assert skill.added == pytest.approx(
        result.leaderboard(metric=metric, baseline="n").set_index("model").loc["w", "skill"]
    )
    assert skill.n_cells == board.loc["w", "n_cells"]


def test_where_more_is_better_a_skill_is_more():
    closeness = Metric(
        "closeness", lambda y, f: np.exp(-np.abs(y - f).mean(axis=1)), best="greatest", title="Closeness"
    )
    result = run({"w": Whole(), "n": Naive(), "h": HistoricAverage()}, metrics=[closeness], level=())
    board = result.leaderboard(baseline="h").set_index("model")
    (skill,) = part_skills(result.run, baseline="h")
    assert skill.whole == pytest.approx(board.loc["w", "skill"]) and skill.alone == pytest.approx(
        board.loc["n", "skill"]
    )
    alone = run({"w": Whole()}, metrics=[closeness], level=())
    assert "Closeness than its last value alone" in part_sentences(alone.run)[0]


class Seeded(Naive):
    """The last value and noise, with the mean of both seeds as its part."""

    def __init__(self, random_state=0):
        self.random_state = random_state

    def _predict(self, panel, horizon, X, levels):
        forecast = super()._predict(panel, horizon, X, levels)
        forecast.mean[:] += np.random.default_rng(self.random_state).normal(size=forecast.mean.shape)
        return forecast


class SeededWhole(Seeded):
    def parts(self):
        return {"noise": Seeded(self.random_state + 10).fit(self.panel_)}


def test_seeds_are_averaged():
    result = run({"w": SeededWhole(), "n": Naive(), "p": Seeded(10)}, seeds=[0, 1], metrics=["mase"])
    (skill,) = part_skills(result.run, baseline="n")
    assert set(result.parts["seed"]) == {0, 1}
    by_seed = result.parts.groupby("seed")["value"].mean()
    base = result.scores[result.scores["model"] == "n"]["value"].mean()
    assert skill.alone == pytest.approx(100 * (1 - by_seed.mean() / base))


def test_without_a_metric_of_point_forecasts_or_a_baseline_less_is_told():
    assert part_skills(run({"w": Whole(), "n": Naive()}, metrics=["msis"]).run) == []
    alone = run({"w": Whole()})
    (skill,) = part_skills(alone.run)
    assert skill.baseline is None and np.isnan(skill.whole) and np.isfinite(skill.added)
    assert "than its last value alone." in part_sentences(alone.run)[0]
    with pytest.raises(UnknownNameError):
        part_skills(alone.run, baseline="n")


def test_a_summary_has_a_section_on_parts():
    text = markdown(run({"w": Many(), "Naive": Naive()}).run)
    section = text.partition("## What their parts are worth\n\n")[2].partition("\n## ")[0].splitlines()
    assert "its mean" in section[0]  # the largest part is told, the table has them all
    assert section[4] == "| Model | last value | mean | whole |"
    assert section[6].startswith("| w | +0% | ")


def test_what_a_model_nests_is_noted_in_the_run(tmp_path):
    result = run({"w": Whole(), "n": Naive(), "h": HistoricAverage()}, output=tmp_path)
    assert result.run.nests == {"w": ["n"]}
    assert BacktestResult.load(tmp_path).run.nests == {"w": ["n"]}


def test_the_linear_part_of_an_lstm_is_scored_as_linear_ar_is():
    """To 1e-4: beside a network, sums in float32 are made in another order."""
    lstm = LSTM(hidden_size=4, n_members=2, max_epochs=2)
    times = pd.date_range("2015-01-01", periods=60, freq="MS")
    models = {"LSTM": lstm, "LinearAR": LinearAR(), "SeasonalNaive": SeasonalNaive(12)}
    result = run(models, cv=RollingOrigin(4, n_windows=3), data=frame(3, 60).set_axis(times), metrics=["mase"])
    part = scores_of(result, "LSTM", part="linear part")
    np.testing.assert_allclose(part, scores_of(result, "LinearAR").loc[part.index], rtol=1e-4)
    assert result.run.nests == {"LSTM": ["LinearAR"]}
    assert "linear part" in part_sentences(result.run, ["LSTM"])[0]


def skill_of(whole, alone, added=0.0, baseline="B"):
    return PartSkill("A", "linear part", "mase", baseline, whole, alone, added, 10)


@pytest.mark.parametrize(
    ("whole", "alone", "told"),
    [
        (33, 27, "Of the 33% by which A beats B, 27 are its linear part."),
        (33, 1, "Of the 33% by which A beats B, 1 is its linear part."),
        (33, 33, "Of the 33% by which A beats B, all are its linear part."),
        (33, 0, "Of the 33% by which A beats B, none is its linear part."),
        (33, -4, "A beats B by 33%, though its linear part alone is 4% worse: all of that is the rest of it."),
        (33, 40, "A beats B by 33%, its linear part alone by 40%: the rest of it makes the forecasts worse."),
        (0, 0, "A is as good as B on average; its linear part alone is as good."),
        (-5, 3, "A is 5% worse than B on average; its linear part alone is 3% better."),
        (-5, -8, "A is 5% worse than B on average; its linear part alone is 8% worse."),
    ],
)
def test_a_sentence_says_what_is_right_whoever_is_ahead(whole, alone, told):
    facts = usual_facts("mase")
    assert part_sentence(skill_of(whole, alone), facts, beats=True) == told
    assert part_sentence(skill_of(whole, alone), facts) == told.replace("beats", "is ahead of")


@pytest.mark.parametrize(
    ("added", "told"),
    [
        (4, "A has 4% less error than its linear part alone."),
        (-4, "A has 4% more error than its linear part alone."),
        (0.2, "A is as good as its linear part alone."),
        (np.nan, ""),
    ],
)
def test_without_a_baseline_the_whole_is_measured_against_its_part(added, told):
    assert part_sentence(skill_of(np.nan, np.nan, added, None), usual_facts("mase")) == told


@given(whole=st.floats(-300, 100), alone=st.floats(-300, 100))
def test_no_sentence_credits_the_part_with_more_than_the_whole_or_calls_a_loss_a_gain(whole, alone):
    told = part_sentence(skill_of(whole, alone), usual_facts("mase"))
    assert ("ahead" in told) == (round(whole) > 0)
    assert ("Of the" in told) == (0 <= round(alone) <= round(whole) and round(whole) > 0)
    assert ("makes the forecasts worse" in told) == (round(alone) > round(whole) > 0)
    assert "-" not in told and "nan" not in told
