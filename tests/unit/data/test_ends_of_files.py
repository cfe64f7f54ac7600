"""Files with empty last rows, times near a grid, or rows from newest to oldest: reported and read correctly."""

import logging
import re
import warnings

import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, Naive, Panel, RollingOrigin
from tsforecast.backtest import backtest
from tsforecast.backtest.report.summary import markdown
from tsforecast.cli.main import main
from tsforecast.data.read import read
from tsforecast.exceptions import (
    DisorderError,
    DuplicateTimeError,
    FrequencyError,
    MissingTruthWarning,
    MissingValuesError,
    UnusedRowWarning,
)

MONTHS = pd.date_range("2020-01-01", periods=24, freq="MS")
N_EMPTY = 3


def long(n_empty=N_EMPTY):
    """Two series; the second has no value in its last rows, whose covariate is known."""
    frames = [pd.DataFrame({"unique_id": i, "ds": MONTHS, "y": np.arange(24.0), "price": 1.0}) for i in ("a", "b")]
    frames[1].loc[24 - n_empty :, "y"] = np.nan
    return pd.concat(frames, ignore_index=True)


def sensor(step="10min", off=4, begin="2024-01-01", n_obs=60, zone=None):
    """A frame of times that are a few seconds off a grid, and the grid."""
    grid = pd.date_range(begin, periods=n_obs, freq=step, tz=zone)
    seconds = np.random.default_rng(0).integers(-off, off + 1, size=n_obs)
    return pd.DataFrame({"ds": grid + pd.to_timedelta(seconds, unit="s"), "y": np.arange(float(n_obs))}), grid


@pytest.mark.parametrize("door", ["frame", "file", "fit", "backtest", "series"])
def test_rows_without_a_value_at_the_end_are_an_error_that_names_series_count_and_option(door, tmp_path):
    frame = long()[["unique_id", "ds", "y"]]
    frame.to_csv(tmp_path / "data.csv", index=False)
    doors = {
        "frame": lambda: Panel.from_frame(frame),
        "file": lambda: read(tmp_path / "data.csv"),
        "fit": lambda: Naive().fit(frame),
        "backtest": lambda: backtest([Naive()], frame, cv=RollingOrigin(2)),
        "series": lambda: ARIMA().fit(frame[24:].set_index("ds")["y"].rename("b")),
    }
    with pytest.raises(MissingValuesError, match=r"Series 'b' has no value in its last 3 rows, from 2021-10-01.*gaps="):
        doors[door]()


def test_the_option_ends_each_series_at_its_last_value_and_tells_of_covariates():
    with pytest.warns(UnusedRowWarning, match="Series 'b' .* last 3 rows.*covariates are not kept.*predict"):
        panel = Panel.from_frame(long(), covariates=["price"], gaps="nan")
    assert panel.lengths.tolist() == [24, 21]
    assert Naive().fit(panel).predict(1).cutoff.tolist() == [MONTHS[23], MONTHS[20]]
    assert panel.covariates.shape == (45, 1)


def test_gaps_inside_are_kept_where_the_end_is_cut():
    frame = long().drop(index=[30, 31])
    with pytest.warns(UnusedRowWarning):
        panel = Panel.from_frame(frame[["unique_id", "ds", "y"]], gaps="nan")
    assert panel.lengths.tolist() == [24, 21] and np.isnan(panel.series(1)).sum() == 2


def test_a_series_that_ends_before_others_of_a_wide_frame_is_no_error_but_rows_that_are_empty_in_all_are():
    wide = long()[["unique_id", "ds", "y"]].pivot(index="ds", columns="unique_id", values="y")
    assert Panel.from_wide(wide).lengths.tolist() == [24, 21]
    wide.iloc[-2:] = np.nan
    with pytest.raises(MissingValuesError, match=r"Series 'a' has no value in its last 2 rows.* 1 other"):
        Panel.from_wide(wide)
    with pytest.warns(UnusedRowWarning):
        assert Panel.from_wide(wide, gaps="nan").lengths.tolist() == [22, 21]


@pytest.mark.parametrize("shape", ["long", "wide"])
def test_following_the_advice_reads_the_file_and_says_which_rows_are_not_used(shape, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = long()[24:][["ds", "y"]] if shape == "long" else long()[24:][["ds", "y"]].rename(columns={"y": "b"})
    frame.to_csv("data.csv", index=False)
    command = ["backtest", "data.csv", "--models", "Naive", "--horizon", "2", "--n_windows", "2", "--output", "run"]
    assert main(command) == 2
    assert "--gaps nan" in capsys.readouterr().err
    assert main([*command, "--gaps", "nan"]) == 0
    assert "last 3 rows" in capsys.readouterr().err


def test_a_truth_with_an_empty_end_is_scored_by_what_it_has():
    fitted = Naive().fit(pd.Series(np.arange(20.0), index=MONTHS[:20]))
    truth = pd.Series([21.0, 25.0, np.nan, np.nan], index=MONTHS[20:])
    assert fitted.score(truth) == fitted.score(truth[:2])
    assert np.isfinite(fitted.score(truth.to_numpy()))


def test_a_window_without_a_truth_is_told_and_the_page_counts_what_was_scored():
    y = np.arange(24.0) ** 2
    y[18:20] = np.nan
    with pytest.warns(MissingTruthWarning, match="Series 'y' has no value in the 2 steps after the cutoff 17.*1 of 3"):
        result = backtest([Naive()], y, cv=RollingOrigin(2, n_windows=3), executor=None)
    assert result.leaderboard()["n_cells"].tolist() == [2]
    assert "Only 2 of 3 pairs of series and cutoff count here" in markdown(result.run)


@pytest.mark.parametrize(
    ("step", "off", "begin", "zone"),
    [
        ("10min", 4, "2024-01-01", None),
        ("10min", 4, "2024-01-01 00:05", None),
        ("10min", 4, "2024-03-31", "Europe/Berlin"),
        ("h", 600, "2024-01-01", None),
        ("D", 900, "2024-01-01 08:00", None),
        ("7D", 3600, "2024-01-02", None),
    ],
)
def test_the_advice_on_times_near_a_grid_puts_them_on_it(step, off, begin, zone):
    frame, grid = sensor(step, off, begin, zone=zone)
    with pytest.raises(FrequencyError, match="gaps='snap'") as caught:
        Panel.from_frame(frame)
    freq = re.search("freq='([^']+)' with gaps='snap'", str(caught.value))[1]
    panel = Panel.from_frame(frame, freq=freq, gaps="snap")
    assert panel.n_obs == len(frame) and (panel.times == grid).all()
    assert (Panel.from_frame(frame, gaps="snap").times == grid).all()
    line = re.search(r"dt\.round\('([^']+)'\)", str(caught.value))
    if line is not None:
        rounded = frame.assign(ds=frame["ds"].dt.round(line[1]))
        assert (Panel.from_frame(rounded).times == grid).all()


def test_missing_values_are_not_advised_where_the_times_are_on_no_grid():
    frame, _ = sensor(off=4)
    frame["ds"] = frame["ds"].where(frame.index > 20, pd.date_range("2024-01-01", periods=60, freq="10min"))
    frame = frame.drop(index=[5])
    for freq in (None, "10min"):
        for gaps in ("error", "nan"):
            with pytest.raises(FrequencyError, match="gaps='snap'"):
                Panel.from_frame(frame, freq=freq, gaps=gaps)
    panel = Panel.from_frame(frame, gaps="snap")
    assert panel.n_obs == 60 and np.flatnonzero(np.isnan(panel.values)).tolist() == [5]


def test_two_times_are_never_moved_onto_one():
    frame, _ = sensor()
    frame.loc[7, "ds"] = frame.loc[6, "ds"] + pd.Timedelta(2, "s")
    with pytest.raises(FrequencyError):
        Panel.from_frame(frame, freq="10min", gaps="snap")


def test_times_on_a_grid_are_left_where_they_are():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        panel = Panel.from_frame(long(0)[["unique_id", "ds", "y"]], gaps="snap")
    assert (panel.times == MONTHS.append(MONTHS)).all()


def test_covariates_of_a_wide_file_move_with_its_times(tmp_path):
    frame, grid = sensor()
    frame.assign(heat=np.arange(60.0) + 100).to_csv(tmp_path / "wide.csv", index=False, header=["ds", "load", "heat"])
    panel = read(tmp_path / "wide.csv", gaps="snap", covariates=["heat"])
    assert (panel.times == grid).all() and (panel.covariates[:, 0] == panel.values + 100).all()


@pytest.mark.parametrize("shape", ["long", "wide", "long, one series after another"])
def test_a_file_from_new_to_old_is_turned_round_and_says_so(shape, tmp_path, caplog):
    frame = long(0)[["unique_id", "ds", "y"]]
    frame.loc[24:, "y"] += 7
    expected = Panel.from_frame(frame)
    turned = frame[::-1] if shape == "long" else pd.concat([frame[:24][::-1], frame[24:][::-1]])
    if shape == "wide":
        turned = frame.pivot(index="ds", columns="unique_id", values="y")[::-1].reset_index()
    turned.to_csv(tmp_path / "data.csv", index=False)
    with caplog.at_level(logging.INFO, logger="tsforecast.data.read"):
        panel = read(tmp_path / "data.csv")
    assert "from the newest to the oldest, and are turned round" in caplog.text
    for i, name in enumerate(expected.ids):
        np.testing.assert_array_equal(panel.series(panel.ids.get_loc(name)), expected.series(i))
    assert (panel.last_times == MONTHS[-1]).all()


def test_a_file_in_no_order_or_with_a_time_twice_stays_an_error(tmp_path):
    frame = long(0)[:24][["ds", "y"]]
    frame.sample(frac=1, random_state=1).to_csv(tmp_path / "mixed.csv", index=False)
    with pytest.raises(DisorderError, match=r"goes back in time.*--sort"):
        read(tmp_path / "mixed.csv")
    pd.concat([frame, frame[:1]])[::-1].sort_values("ds", ascending=False).to_csv(tmp_path / "twice.csv", index=False)
    with pytest.raises(DuplicateTimeError):
        read(tmp_path / "twice.csv")


def test_the_command_line_tells_that_rows_were_turned_round(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    long(0)[:24][["ds", "y"]][::-1].to_csv("data.csv", index=False)
    assert main(["backtest", "data.csv", "--models", "Naive", "--horizon", "2", "--output", "run"]) == 0
    assert "turned round" in capsys.readouterr().err
