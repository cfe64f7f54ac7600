"""Entries in GIFT-Eval: windows and names of its tasks, metrics against their definitions, and published results."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tsforecast
from tsforecast import ARIMA, Drift, Naive, SeasonalNaive
from tsforecast.adapters.gift_eval import QUANTILES, GiftPredictor, evaluate_on_gift_eval
from tsforecast.adapters.gift_tasks import TASKS, GiftTask
from tsforecast.exceptions import DataError, ParameterError, RunFolderError, SeriesTooShortError

gluonts = pytest.importorskip("gluonts.model")
datasets = pytest.importorskip("datasets")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]  # others warn of their own affairs
SHARED = Path(os.environ.get("TSFORECAST_DATA", Path(tsforecast.__file__).parents[2] / "shared" / "data"))
COLUMNS = (
    "dataset,model,eval_metrics/MSE[mean],eval_metrics/MSE[0.5],eval_metrics/MAE[0.5],eval_metrics/MASE[0.5],"
    "eval_metrics/MAPE[0.5],eval_metrics/sMAPE[0.5],eval_metrics/MSIS,eval_metrics/RMSE[mean],eval_metrics/NRMSE[mean],"
    "eval_metrics/ND[0.5],eval_metrics/mean_weighted_sum_quantile_loss,domain,num_variates"
)
# Seasonal_Naive in results/seasonal_naive/all_results.csv of the leaderboard; on weekly data its season is one step.
PUBLISHED = {
    "m4_hourly": (
        SeasonalNaive(24),
        "m4_hourly/H/short",
        [3614355.993558776, 3614355.993558776, 353.8562298711755, 1.1932101877276544, 0.1561203125786282,
         0.1391227341312525, 9.229226853352637, 1901.1459685039379, 0.25954838815818215, 0.04830918594592099,
         0.03757255147212195],
    ),
    "m4_weekly": (
        Naive(),
        "m4_weekly/W/short",
        [453525.1459181487, 453525.1459181487, 347.99148275123207, 2.777295047362158, 0.08937289522218837,
         0.09161286714732429, 26.631225199626535, 673.442756229621, 0.1226908336142798, 0.06339865521526268,
         0.06087039452311706],
    ),
}  # fmt: skip


def saved(root, name, targets, freq="H", start="2016-07-01"):
    """A data set in the form of the benchmark."""
    columns = {
        "item_id": [f"T{i}" for i in range(len(targets))],
        "start": [pd.Timestamp(start)] * len(targets),
        "freq": [freq] * len(targets),
        "target": [np.asarray(y, dtype=np.float32) for y in targets],
    }
    made = datasets.Dataset.from_dict(columns).cast_column("start", datasets.Value("timestamp[s]"))
    made.save_to_disk(str(root / name))
    return root


def waves(lengths=(400, 330), season=24, seed=0):
    rng = np.random.default_rng(seed)
    return [50 + 8 * np.sin(2 * np.pi * np.arange(n) / season) + rng.normal(size=n) for n in lengths]


@pytest.mark.parametrize(
    ("folder", "freq", "term", "length", "facts"),
    [
        ("m4_hourly", "H", "short", 400, ("m4_hourly/H/short", "Econ/Fin", 48, 1, 24)),
        ("m4_yearly", "A-DEC", "short", 40, ("m4_yearly/A/short", "Econ/Fin", 6, 1, 1)),
        ("m4_quarterly", "QE-DEC", "short", 40, ("m4_quarterly/Q/short", "Econ/Fin", 8, 1, 4)),
        ("hospital", "M", "short", 84, ("hospital/M/short", "Healthcare", 12, 1, 12)),
        ("us_births/D", "D", "short", 7305, ("us_births/D/short", "Healthcare", 30, 20, 1)),
        ("hierarchical_sales/W", "W-WED", "short", 250, ("hierarchical_sales/W/short", "Sales", 8, 4, 1)),
        ("car_parts_with_missing", "M", "short", 51, ("car_parts/M/short", "Sales", 12, 1, 12)),
        ("saugeenday/D", "D", "short", 600, ("saugeen/D/short", "Nature", 30, 2, 1)),
        ("LOOP_SEATTLE/5T", "5T", "medium", 9000, ("loop_seattle/5T/medium", "Transport", 480, 2, 288)),
        ("electricity/15T", "15min", "long", 9000, ("electricity/15T/long", "Energy", 720, 2, 96)),
        ("bizitobs_application", "10S", "short", 1000, ("bizitobs_application/10S/short", "Web/CloudOps", 60, 2, 360)),
        ("mine", "H", "short", 96, ("mine/H/short", "", 48, 1, 24)),
    ],
)
def test_the_facts_of_a_task_are_those_of_the_benchmark(tmp_path, folder, freq, term, length, facts):
    task = GiftTask.load(saved(tmp_path, folder, waves((length, length + 5)), freq), folder, term)
    assert (task.name, task.domain, task.horizon, task.n_windows, task.season_length) == facts
    assert len(task.data) == 2 * task.n_windows


def test_the_benchmark_has_97_tasks():
    assert len(TASKS) == len(set(TASKS)) == 97


def test_windows_tile_the_end_of_each_series(tmp_path):
    targets = waves((1100, 1000))
    task = GiftTask.load(saved(tmp_path, "solar/H", targets), "solar/H")
    assert task.n_windows == 3
    pairs = list(task.data)
    for i, target in enumerate(targets):
        own = pairs[3 * i : 3 * i + 3]
        np.testing.assert_allclose(np.concatenate([label["target"] for _, label in own]), target[-144:], rtol=1e-6)
        assert [len(seen["target"]) for seen, _ in own] == [len(target) - n for n in (144, 96, 48)]


def test_metrics_are_those_of_their_definitions(tmp_path):
    targets = waves((1100, 1000))
    task = GiftTask.load(saved(tmp_path, "solar/H", targets), "solar/H")
    row = evaluate_on_gift_eval(Drift(), [task]).iloc[0]
    errors, scaled, losses, truths = [], [], [], []
    for y in (np.asarray(target, dtype=np.float32).astype(float) for target in targets):
        for cutoff in (-144, -96, -48):
            past, future = y[:cutoff], y[cutoff:][:48]
            made = Drift().fit(past).predict(48, quantiles=QUANTILES)
            errors.append(np.abs(future - made[:, 5]))
            scaled.append(errors[-1] / np.abs(past[24:] - past[:-24]).mean())
            over = future[:, None] - made[:, 1:]
            losses.append(2 * np.maximum(np.array(QUANTILES) * over, (np.array(QUANTILES) - 1) * over))
            truths.append(np.abs(future))
    # gluonts computes with float32
    assert row["eval_metrics/MAE[0.5]"] == pytest.approx(np.mean(errors), rel=1e-5)
    assert row["eval_metrics/MASE[0.5]"] == pytest.approx(np.mean(scaled), rel=1e-5)
    wql = np.sum(losses) / len(QUANTILES) / np.sum(truths)
    assert row["eval_metrics/mean_weighted_sum_quantile_loss"] == pytest.approx(wql, rel=1e-5)
    assert row["eval_metrics/MSE[mean]"] == pytest.approx(np.square(errors).mean(), rel=1e-5)


@pytest.mark.skipif(not (SHARED / "m4_hourly.parquet").exists(), reason="the series of the M4 competition are not here")
@pytest.mark.parametrize("name", PUBLISHED)
def test_seasonal_naive_has_its_published_results(tmp_path, name):
    frame = pd.read_parquet(SHARED / f"{name}.parquet")
    targets = [group.to_numpy() for _, group in frame.groupby("unique_id", sort=False)["y"]]
    forecaster, row_name, published = PUBLISHED[name]
    saved(tmp_path, name, targets, "W-SUN" if "weekly" in name else "H", "1750-01-01")
    row = evaluate_on_gift_eval(forecaster, [GiftTask.load(tmp_path, name)]).iloc[0]
    assert row["dataset"] == row_name
    np.testing.assert_allclose(row[2:13].astype(float), published, rtol=1e-6)  # theirs are forecasts in float32


def test_variates_become_series_of_their_own(tmp_path):
    targets = np.array(waves((400, 400)))
    saved(tmp_path, "ett1/H", [targets])
    task = GiftTask.load(tmp_path, "ett1/H")
    assert (task.n_variates, task.domain, len(task.data)) == (2, "Energy", 2)
    apart = GiftTask.load(saved(tmp_path, "apart/H", targets), "apart/H")
    both = [evaluate_on_gift_eval(SeasonalNaive(24), [one]).iloc[0, 2:13].astype(float) for one in (task, apart)]
    np.testing.assert_allclose(*both, rtol=1e-12)


def test_each_forecast_sees_its_own_window_alone_and_comes_in_its_order(tmp_path):
    targets = waves((1100, 1000))
    task = GiftTask.load(saved(tmp_path, "solar/H", targets), "solar/H")
    made = list(GiftPredictor(ARIMA(order=(1, 0, 0)), task.horizon).predict(task.data.input))
    assert [one.item_id for one in made] == ["T0"] * 3 + ["T1"] * 3
    for one, (seen, label) in zip(made, task.data, strict=True):
        alone = ARIMA(order=(1, 0, 0)).fit(seen["target"].astype(float)).predict(48, quantiles=[0.9])
        np.testing.assert_allclose(one.mean, alone[:, 0], rtol=1e-7)
        np.testing.assert_allclose(one.quantile(0.9), alone[:, 1], rtol=1e-7)
        assert one.start_date == label["start"]


def test_series_that_share_a_name_are_told_apart():
    start = pd.Period("2020-01", "M")
    entries = [{"item_id": "x", "start": start, "target": np.arange(n, dtype=np.float32) + n} for n in (5, 4, 6)]
    predictor = GiftPredictor(Naive(), 2)
    made = list(predictor.predict([*entries, {"start": start, "target": np.ones(3)}]))
    assert [one.mean[0] for one in made] == [9.0, 7.0, 11.0, 1.0]


def test_times_past_the_range_of_timestamps_are_forecast():
    entry = {"item_id": "old", "start": pd.Period("1750", "Y-DEC"), "target": np.arange(800.0)}
    (made,) = GiftPredictor(Drift(), 3).predict([entry])
    np.testing.assert_allclose(made.mean, [800.0, 801.0, 802.0])
    assert made.start_date == pd.Period("2550", "Y-DEC")


@pytest.mark.parametrize("refit", ["always", "never"])
def test_it_is_fitted_at_every_window_or_once(tmp_path, refit):
    task = GiftTask.load(saved(tmp_path, "solar/H", waves((1100, 1000))), "solar/H")
    made = list(GiftPredictor(ARIMA(order=(1, 0, 0)), 48, refit=refit).predict(task.data.input))
    seen = [entry["target"].astype(float) for entry in task.data.input]
    learnt = ARIMA(order=(1, 0, 0)).fit(seen[2 if refit == "always" else 0])
    expected = learnt.predict(48, history=seen[2])
    np.testing.assert_allclose(made[2].mean, expected, rtol=1e-7)


def test_results_have_the_columns_of_the_leaderboard(tmp_path):
    saved(saved(tmp_path, "m4_hourly", waves()), "solar/H", waves())
    path = tmp_path / "results" / "drift" / "all_results.csv"
    tasks = [GiftTask.load(tmp_path, name) for name in ("m4_hourly", "solar/H")]
    out = evaluate_on_gift_eval(Drift(), tasks, name="drift", results=path)
    assert path.read_text().splitlines()[0] == COLUMNS
    pd.testing.assert_frame_equal(pd.read_csv(path), out, check_dtype=False)
    assert out["dataset"].tolist() == ["m4_hourly/H/short", "solar/H/short"] and set(out["model"]) == {"drift"}
    with pytest.raises(RunFolderError, match="not overwritten"):
        evaluate_on_gift_eval(Drift(), tasks, results=path)


def test_short_series_are_an_error_or_forecast_by_naive(tmp_path):
    task = GiftTask.load(saved(tmp_path, "m4_hourly", waves((300, 60))), "m4_hourly")
    with pytest.raises(SeriesTooShortError, match="'T1'"):
        evaluate_on_gift_eval(SeasonalNaive(24), [task])
    assert np.isfinite(
        evaluate_on_gift_eval(SeasonalNaive(24), [task], too_short="naive").iloc[0]["eval_metrics/MASE[0.5]"]
    )


def test_values_may_be_missing_in_history_and_label(tmp_path):
    targets = waves()
    for y in targets:
        y[[7, -50, -49, -3]] = np.nan  # -49 is the last of the history
    task = GiftTask.load(saved(tmp_path, "solar/H", targets), "solar/H")
    row = evaluate_on_gift_eval(SeasonalNaive(24), [task]).iloc[0]
    errors = []
    for y in (np.asarray(target, dtype=np.float32).astype(float) for target in targets):
        season = y[-72:-48]
        season[-2:] = y[-74:-72]  # two steps without a value: those of a season before
        errors.append(np.abs(y[-48:] - np.tile(season, 2)))
    assert row["eval_metrics/MAE[0.5]"] == pytest.approx(np.nanmean(errors), rel=1e-5)


def test_what_cannot_be_is_said_at_the_door(tmp_path):
    saved(tmp_path, "solar/Q", waves(), "Q-DEC")
    saved(tmp_path, "solar/H", waves((60,)))
    datasets.Dataset.from_dict({"id": ["a"], "target": [[1.0]]}).save_to_disk(str(tmp_path / "other"))
    with pytest.raises(ParameterError, match="no horizon for the frequency 'Q-DEC' of 'solar/Q'"):
        GiftTask.load(tmp_path, "solar/Q")
    with pytest.raises(DataError, match="a series of 60 observations; 1 windows of 480 need more"):
        GiftTask.load(tmp_path, "solar/H", "medium")
    with pytest.raises(ParameterError, match="term='tiny' is none of"):
        GiftTask.load(tmp_path, "solar/H", "tiny")
    with pytest.raises(DataError, match=r"has no columns \['freq', 'item_id', 'start'\]"):
        GiftTask.load(tmp_path, "other")
    with pytest.raises(DataError, match=r"There is no folder .*Salesforce/GiftEval"):
        GiftTask.load(tmp_path, "absent")
    with pytest.raises(DataError, match="'x' has several variates"):
        list(GiftPredictor(Naive(), 1).predict([{"item_id": "x", "target": np.ones((2, 9))}]))
