"""The compact numbers of the series browser are those of the forecasts, to the twelve bits they have."""

import numpy as np
import pandas as pd

from tsforecast import Drift, Naive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.report.page.browser import series_browser
from tsforecast.backtest.report.page.chosen import series_order
from tsforecast.backtest.report.page.looks import looks_of
from tsforecast.backtest.report.page.paths import read_paths

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def decoded(text, low, high):
    codes = np.array([LETTERS.index(a) * 64 + LETTERS.index(b) for a, b in zip(text[::2], text[1::2], strict=True)])
    return np.where(codes == 4095, np.nan, low + (high - low) * codes / 4094)


def run_of(tmp_path, **settings):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 4)).cumsum(axis=0)).add_prefix("s")
    cv = RollingOrigin(3, n_windows=3, **settings)
    return backtest({"Naive": Naive(), "Drift": Drift()}, frame, cv=cv, output=tmp_path / "run")


def test_numbers_are_read_back_to_a_step_of_the_range(tmp_path):
    result = run_of(tmp_path, step_size=2)
    run = result.run
    order = series_order(run, "Drift", "mase")
    found = series_browser(run, ["Drift", "Naive"], looks_of(run.models), order)
    assert found.left_out == ""
    by_name = result.forecasts.set_index(["unique_id", "model"]).sort_values(["cutoff", "h"])
    for row in found.data["series"]:
        for k, model in enumerate(("Drift", "Naive")):
            own = by_name.loc[(row["id"], model)]
            near = (row["hi"] - row["lo"]) / 4094  # half a step, and the rounding of the ends to nine digits
            np.testing.assert_allclose(decoded(row["f"][k], row["lo"], row["hi"]), own["mean"], rtol=0, atol=near)
            if k == 0:
                np.testing.assert_allclose(decoded(row["l"], row["lo"], row["hi"]), own["lo-80"], rtol=0, atol=near)


def test_values_before_the_oldest_cutoff_come_first(tmp_path):
    run = run_of(tmp_path, step_size=2).run
    found = series_browser(run, ["Drift"], looks_of(run.models), series_order(run, "Drift", "mase"))
    for row in found.data["series"]:
        past = run.history.loc[run.history["unique_id"] == row["id"], "y"].to_numpy()
        near = (row["hi"] - row["lo"]) / 4094
        np.testing.assert_allclose(decoded(row["p"], row["lo"], row["hi"]), past, rtol=0, atol=near)


def test_series_read_alone_are_those_read_with_all(tmp_path):
    run = run_of(tmp_path).run
    every = read_paths(run, ["Drift"], np.arange(4), banded="Drift", levels=[80.0])
    two = read_paths(run, ["Drift"], np.array([3, 1]), banded="Drift", levels=[80.0])
    np.testing.assert_array_equal(two.mean, every.mean[:, [3, 1]])
    np.testing.assert_array_equal(two.bounds[80.0], every.bounds[80.0][:, [3, 1]])
    assert two.ids == ["s3", "s1"]


def test_history_is_the_truth_from_the_oldest_cutoff_on(tmp_path):
    result = run_of(tmp_path, step_size=5)
    own = result.forecasts_of("Naive")
    paths = read_paths(result.run, ["Naive"], np.array([0]))
    first = own[own["unique_id"] == "s0"]["y"].to_numpy()
    history = paths.history[0]
    np.testing.assert_array_equal(history[:3], first[:3])
    assert np.isnan(history[3:5]).all()
    np.testing.assert_array_equal(history[5:8], first[3:6])
