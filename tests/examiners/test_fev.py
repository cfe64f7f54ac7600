"""Entries in fev: predictions against a loop over the windows, scores from their definitions, and its leaderboard."""

import os
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import tsforecast
from tsforecast import ARIMA, Drift, Naive, SeasonalNaive
from tsforecast.adapters.fev import evaluate_on_fev, predictions
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import CovariateError, ParameterError, RunFolderError, SeriesTooShortError
from tsforecast.forecast import Forecast

fev = pytest.importorskip("fev")
datasets = pytest.importorskip("datasets")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]  # others warn of their own affairs
FLOAT32 = 1e-5  # what the single precision of fev, in older versions everywhere, is worth in sums
SHARED = Path(os.environ.get("TSFORECAST_DATA", Path(tsforecast.__file__).parents[2] / "shared" / "data"))
PUBLISHED = {  # MASE in fev's benchmarks/chronos_zeroshot/results/seasonal_naive.csv
    "m3_quarterly": (SeasonalNaive(4), "QS", 8, 4, 1.425343793884435),
    "m3_yearly": (Naive(), "YS", 6, 1, 3.171710231434522),
    "fred_md_monthly": (SeasonalNaive(12), "MS", 12, 12, 1.1008000826368132),
}
LENGTHS = {"w/ x": 60, "10": 72, "9": 66}


class Recorder(BaseForecaster):
    """A forecaster that keeps what it is given: its point forecasts are the first covariate, or zero."""

    uses_covariates = True
    handles_missing = True
    fits: ClassVar = []

    def _fit(self, panel):
        self.fits.append(panel)

    def _predict(self, panel, horizon, X, levels):
        mean = np.zeros((panel.n_series, horizon)) if X is None else X[:, :, 0]
        quantiles = np.repeat(mean[:, :, None], levels.size, axis=2)
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    Recorder.fits.clear()


def columns_of(freq="MS", lengths=LENGTHS, targets=("y",)):
    """A data set in fev's form: one row an item; seasonal series of different lengths."""
    rng = np.random.default_rng(0)
    rows = []
    for name, n_obs in lengths.items():
        t = np.arange(n_obs)
        row = {
            "id": name,
            "timestamp": pd.date_range("2001-01-31", periods=n_obs, freq=freq).to_numpy("datetime64[ms]"),
        }
        for k, target in enumerate(targets):
            row[target] = (k + 1) * (50 + t / 3 + 8 * np.sin(2 * np.pi * t / 12) + rng.normal(size=n_obs))
        rows.append(row)
    return {key: [row[key] for row in rows] for key in rows[0]}


def saved(folder, columns, name="data"):
    (folder / name).mkdir()
    path = folder / name / "all.parquet"
    datasets.Dataset.from_dict(columns).to_parquet(str(path))
    return str(path)


def task_of(path, **settings):
    return fev.Task(**{"dataset_path": path, "horizon": 4, "seasonality": 12, "target": "y", **settings})


def flat(made):
    return [pd.DataFrame(rows).to_dict("list") for window in made["predictions_per_window"] for rows in window.values()]


@pytest.mark.parametrize("freq", ["MS", "h", "W-WED", "15min", "D", "QS", "B"])
def test_predictions_of_each_window_and_target_are_those_of_a_loop(tmp_path, freq):
    path = saved(tmp_path, columns_of(freq, targets=("b", "a")))
    task = task_of(path, target=["b", "a"], num_windows=3, window_step_size=2)
    made = predictions(SeasonalNaive(12), task)
    assert len(made["predictions_per_window"]) == 3
    for window, forecasts in zip(task.iter_windows(), made["predictions_per_window"], strict=True):
        past, _ = window.get_input_data()
        assert list(forecasts) == task.target_columns
        for target, rows in forecasts.items():
            for row, item in zip(rows, past, strict=True):
                np.testing.assert_allclose(
                    row["predictions"], item[target][-12:-8], rtol=1e-6
                )  # fev gives float32 there


def test_scores_are_those_of_their_definitions(tmp_path):
    task = task_of(saved(tmp_path, columns_of()), num_windows=2, quantile_levels=[0.1, 0.9], extra_metrics=["SQL"])
    row = evaluate_on_fev(Drift(), task).iloc[0]
    mase, sql = [], []
    for cutoff in (-8, -4):
        for y in columns_of()["y"]:
            past, future = y[:cutoff], y[cutoff:][:4]
            scale = np.abs(past[12:] - past[:-12]).mean()
            made = Drift().fit(past).predict(4, quantiles=[0.1, 0.9])
            mase.append(np.abs(future - made[:, 0]).mean() / scale)
            error = future[:, None] - made[:, 1:]
            sql.append(2 * np.maximum([0.1, 0.9] * error, np.array([-0.9, -0.1]) * error).mean() / scale)
    assert row["test_error"] == pytest.approx(np.mean(mase), rel=FLOAT32)
    assert row["SQL"] == pytest.approx(np.mean(sql), rel=FLOAT32)
    assert row["num_forecasts"] == 6


@pytest.mark.parametrize("name", PUBLISHED)
def test_seasonal_naive_has_its_published_score(tmp_path, name):
    if not (SHARED / f"{name}.parquet").exists():
        pytest.skip("the series are not here")
    forecaster, freq, horizon, season_length, published = PUBLISHED[name]
    groups = pd.read_parquet(SHARED / f"{name}.parquet").groupby("unique_id", sort=False)["y"]
    columns = {"id": [key for key, _ in groups], "target": [group.to_numpy() for _, group in groups]}
    dates = [pd.date_range("1900-01-01", periods=len(y), freq=freq) for y in columns["target"]]
    path = saved(tmp_path, {**columns, "timestamp": [d.to_numpy("datetime64[ms]") for d in dates]})
    task = task_of(path, horizon=horizon, seasonality=season_length, target="target")
    assert evaluate_on_fev(forecaster, task).iloc[0]["test_error"] == pytest.approx(
        published, rel=1e-7
    )  # of float32 data


def test_what_comes_after_a_cutoff_changes_no_prediction(tmp_path):
    columns = columns_of()
    later = {**columns, "y": [np.r_[y[:-4], y[-4:] * 9 + 100] for y in columns["y"]]}
    first, second = (
        predictions(ARIMA(order=(1, 1, 0)), task_of(saved(tmp_path, data, name), quantile_levels=[0.2]))
        for name, data in (("a", columns), ("b", later))
    )
    assert flat(first) == flat(second)


def with_prices(**more):
    columns = columns_of()
    rng = np.random.default_rng(1)
    return {**columns, "price": [rng.normal(size=len(y)) for y in columns["y"]], **more}


def test_known_covariates_reach_the_fit_and_the_forecast(tmp_path):
    columns = with_prices()
    predicted = predictions(Recorder(), task_of(saved(tmp_path, columns), known_dynamic_columns=["price"]))
    order = np.argsort(columns["id"])
    (panel,) = Recorder.fits
    past, ahead = ([columns["price"][i][part] for i in order] for part in (slice(-4), slice(-4, None)))
    np.testing.assert_allclose(panel.covariates[:, 0], np.concatenate(past), rtol=FLOAT32)
    np.testing.assert_allclose([row["predictions"] for row in flat_rows(predicted)], ahead, rtol=FLOAT32)


def flat_rows(made):
    return [row for window in made["predictions_per_window"] for rows in window.values() for row in rows]


def test_a_missing_covariate_is_the_last_one_before_it(tmp_path):
    columns = with_prices()
    for price in columns["price"]:
        price[[5, -4, -2]] = np.nan
    made = flat_rows(predictions(Recorder(), task_of(saved(tmp_path, columns), known_dynamic_columns=["price"])))
    for row, i in zip(made, np.argsort(columns["id"]), strict=True):
        price = columns["price"][i]
        np.testing.assert_allclose(row["predictions"], price[[-5, -3, -3, -1]], rtol=FLOAT32)
    assert np.isfinite(Recorder.fits[0].covariates).all()


def test_a_covariate_that_is_missing_from_the_start_is_an_error_that_names_it(tmp_path):
    columns = with_prices()
    columns["price"][1][0] = np.nan
    with pytest.raises(CovariateError, match="price"):
        predictions(Recorder(), task_of(saved(tmp_path, columns), known_dynamic_columns=["price"]))


def test_static_columns_reach_the_forecaster_for_each_target(tmp_path):
    columns = {**columns_of(targets=("y", "z")), "area": [3.0, 1.0, 2.0], "kind": ["r", "s", "r"]}
    predictions(Recorder(), task_of(saved(tmp_path, columns), target=["y", "z"], static_columns=["area", "kind"]))
    (panel,) = Recorder.fits
    assert panel.ids.tolist() == ["10_y", "10_z", "9_y", "9_z", "w/ x_y", "w/ x_z"]
    assert panel.static["area"].tolist() == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    assert panel.static["kind"].tolist() == ["s", "s", "r", "r", "r", "r"]


def test_columns_of_the_past_only_and_texts_are_left_out(tmp_path):
    columns = with_prices(sky=[["sun"] * n for n in LENGTHS.values()])
    task = task_of(saved(tmp_path, columns), past_dynamic_columns=["price"], known_dynamic_columns=["sky"])
    with pytest.warns(UserWarning, match=r"The covariates \['sky'\] hold no numbers"):
        predictions(Recorder(), task)
    assert Recorder.fits[0].covariates is None


def test_a_forecaster_without_covariates_ignores_them(tmp_path):
    task = task_of(saved(tmp_path, with_prices()), known_dynamic_columns=["price"])
    bare = task_of(saved(tmp_path, columns_of(), "bare"))
    assert flat(predictions(SeasonalNaive(12), task)) == flat(predictions(SeasonalNaive(12), bare))


def test_forecasts_begin_after_the_cutoff_where_the_last_values_are_missing(tmp_path):
    columns = columns_of()
    columns["y"] = [np.tile([1.0, 2.0, 3.0, 4.0], 18)[: len(y)] for y in columns["y"]]
    for y in columns["y"]:
        y[-6:-4] = np.nan
    made = predictions(SeasonalNaive(4), task_of(saved(tmp_path, columns), quantile_levels=[0.5]))
    for row, i in zip(flat_rows(made), np.argsort(columns["id"]), strict=True):
        assert row["predictions"] == row["0.5"] == columns["y"][i][-4:].tolist()


def test_the_median_can_be_the_point_forecast(tmp_path):
    class Skewed(Recorder):
        def _predict(self, panel, horizon, X, levels):
            made = super()._predict(panel, horizon, X, levels)
            return Forecast(made.mean + 5, made.quantiles, levels, panel.ids, panel.last_times, panel.freq)

    task = task_of(saved(tmp_path, columns_of()), quantile_levels=[0.9])
    mean, median = (flat_rows(predictions(Skewed(), task, point=point)) for point in ("mean", "median"))
    assert mean[0] == {"0.9": [0.0] * 4, "predictions": [5.0] * 4}
    assert median[0] == {"0.9": [0.0] * 4, "predictions": [0.0] * 4}


@pytest.mark.parametrize(("refit", "n_fits"), [("always", 3), ("never", 1)])
def test_it_is_fitted_at_every_window_or_once(tmp_path, refit, n_fits):
    predictions(Recorder(), task_of(saved(tmp_path, columns_of()), num_windows=3), refit=refit)
    assert len(Recorder.fits) == n_fits


def test_a_benchmark_file_becomes_a_results_file_that_the_leaderboard_reads(tmp_path):
    paths = [saved(tmp_path, columns_of(targets=("y", "z")), name) for name in ("one", "two")]
    lines = [f"- {{dataset_path: {path}, horizon: 4, seasonality: 12, target: {target}, quantile_levels: [0.1, 0.9]}}"
             for path, target in zip(paths, ["y", "[y, z]"], strict=True)]  # fmt: skip
    (tmp_path / "tasks.yaml").write_text("tasks:\n" + "\n".join(lines))
    files = [tmp_path / "naive.csv", tmp_path / "drift.csv"]
    for file, forecaster in zip(files, (Naive(), Drift()), strict=True):
        out = evaluate_on_fev(forecaster, tmp_path / "tasks.yaml", name=file.stem, results=file)
        assert out["num_forecasts"].tolist() == [3, 6] and (out[["training_time_s", "inference_time_s"]] > 0).all(None)
    board = fev.leaderboard([str(file) for file in files], baseline_model="naive")
    board = board.reset_index().set_index("model_name")
    assert set(board.index) == {"naive", "drift"}
    scores = [pd.read_csv(file)["test_error"] for file in files]
    skill = 1 - np.exp(np.log(scores[1] / scores[0]).mean())  # of fev: one minus the geometric mean of the ratios
    assert board.loc["drift", "skill_score"] == pytest.approx(skill, rel=1e-9)
    with pytest.raises(RunFolderError, match="not overwritten"):
        evaluate_on_fev(Naive(), tmp_path / "tasks.yaml", results=files[0])


def test_short_series_are_an_error_or_forecast_by_naive(tmp_path):
    task = task_of(saved(tmp_path, columns_of(lengths={"long": 60, "short": 12})))
    with pytest.raises(SeriesTooShortError, match="'short'"):
        predictions(SeasonalNaive(12), task)
    row = evaluate_on_fev(SeasonalNaive(12), task, too_short="naive").iloc[0]
    assert row["n_by_naive"] == 1 and np.isfinite(row["test_error"])


def test_what_is_no_task_is_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"is no fev.Task"):
        predictions(Naive(), "m4")
    with pytest.raises(ParameterError, match="point='mode' is none of 'mean', 'median'"):
        predictions(Naive(), task_of("nowhere.parquet"), point="mode")
