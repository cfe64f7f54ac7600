"""`tsforecast forecast`: one series, several, many, covariates, runs, saved models, and wrong arguments."""

import functools
import re
import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, Naive, SeasonalNaive, load_forecaster
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.cli.forecasting.notes import Notes, notes_in
from tsforecast.cli.main import main
from tsforecast.panel import Panel

QUICK = ["--models", "Naive", "SeasonalNaive"]
NAMED = ["unique_id", "ds", "mean", "lo-80", "hi-80", "lo-95", "hi-95"]


def months(n_obs, n_series=1, seed=0):
    """A long frame of months with a season."""
    rng = np.random.default_rng(seed)
    season = 10 * np.sin(np.arange(n_obs) * 2 * np.pi / 12)
    return pd.DataFrame(
        {
            "unique_id": np.repeat([f"s{i:02d}" for i in range(n_series)], n_obs),
            "ds": np.tile(pd.date_range("2015-01-01", periods=n_obs, freq="MS"), n_series),
            "y": (100 + season + rng.normal(size=(n_series, n_obs))).ravel(),
        }
    )


@pytest.fixture
def in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def one(in_tmp):
    months(72).to_csv("one.csv", index=False)
    return in_tmp


def test_one_series_ends_in_a_sentence_a_table_a_chart_a_file_and_a_picture(one, capsys):
    assert main(["forecast", "one.csv", *QUICK]) == 0
    out = capsys.readouterr().out
    first = out.strip().splitlines()[0]
    assert first.startswith("SeasonalNaive was best of 2 models: over the last 3 cutoffs it was off by ")
    assert "its 80% interval held" in first and "%) on average" in first
    assert "2021-12" in out and "┤" in out and "\x1b" not in out
    assert "Wrote one-forecast.csv (12 rows), one-forecast.png." in out
    assert (one / "one-forecast.png").read_bytes().startswith(b"\x89PNG")
    assert list(pd.read_csv("one-forecast.csv").columns) == NAMED


def test_the_file_holds_what_the_fitted_model_forecasts(one):
    assert main(["forecast", "one.csv", "--models", "SeasonalNaive", "--output", "f.parquet", "--horizon", "5"]) == 0
    found = pd.read_parquet("f.parquet")
    panel = Panel.from_frame(pd.read_csv("one.csv", parse_dates=["ds"]))
    expected = SeasonalNaive().fit(panel).predict(5, level=[80, 95]).to_frame(level=[80, 95])
    pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False)
    assert not list(one.glob("*.png"))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_every_kind_of_file_reads_back_the_same_numbers(one, suffix):
    assert main(["forecast", "one.csv", *QUICK, "--output", f"f{suffix}"]) == 0
    workbook = functools.partial(pd.read_excel, engine="openpyxl")
    read = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".xlsx": workbook}[suffix]
    found = read(f"f{suffix}")
    assert main(["forecast", "one.csv", *QUICK, "--output", "again.parquet"]) == 0
    expected = pd.read_parquet("again.parquet")
    digits = 1e-14 if suffix == ".xlsx" else 0  # a workbook keeps 16 digits
    np.testing.assert_allclose(found[NAMED[2:]], expected[NAMED[2:]], rtol=digits)
    assert pd.to_datetime(found["ds"]).tolist() == expected["ds"].tolist()


def test_a_name_that_looks_like_a_formula_stays_a_text_in_a_workbook(in_tmp):
    from openpyxl import load_workbook

    months(40).assign(unique_id="=1+1").to_csv("f.csv", index=False)
    assert main(["forecast", "f.csv", *QUICK, "--output", "f.xlsx"]) == 0
    cell = load_workbook("f.xlsx")["forecast"]["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_many_series_get_a_page_of_the_most_and_least_certain(in_tmp, capsys):
    frame = months(40, n_series=20)
    frame["y"] += frame["unique_id"].str[1:].astype(int) * np.random.default_rng(1).normal(size=len(frame))
    frame.to_csv("many.csv", index=False)
    assert main(["forecast", "many.csv", *QUICK, "--output", "f.csv", "--horizon", "2"]) == 0
    out = capsys.readouterr().out
    assert "Most and least certain of 20 series" in out and "and 15 more series, in the file" in out
    certain = pd.read_csv("f-certainty.csv")
    assert len(certain) == 20 and certain["relative_width"].is_monotonic_increasing
    assert len(pd.read_csv("f.csv")) == 40
    assert main(["forecast", "many.csv", *QUICK, "--output", "f.xlsx", "--horizon", "2"]) == 0
    pd.testing.assert_frame_equal(pd.read_excel("f.xlsx", sheet_name="certainty", engine="openpyxl"), certain)


def test_several_key_columns_come_back_as_columns(in_tmp):
    frame = months(40, n_series=2)
    frame["store"], frame["product"] = frame["unique_id"].map({"s00": "a/b", "s01": "c"}), "tea"
    frame.drop(columns="unique_id").to_csv("keys.csv", index=False)
    keys = ["--id_col", "store", "product", "--time_col", "ds", "--target_col", "y"]
    assert main(["forecast", "keys.csv", *keys, *QUICK, "--output", "f.csv", "--horizon", "1"]) == 0
    found = pd.read_csv("f.csv")
    assert found[["store", "product"]].to_numpy().tolist() == [["a/b", "tea"], ["c", "tea"]]


def test_covariates_of_the_future_stand_in_the_file_or_in_one_of_their_own(in_tmp, capsys):
    frame = months(60)[["ds", "y"]].assign(promo=np.random.default_rng(2).integers(0, 2, 60))
    frame.loc[54:, "y"] = np.nan
    frame.to_csv("whole.csv", index=False)
    frame[:54].to_csv("past.csv", index=False)
    frame.loc[54:, ["ds", "promo"]].to_csv("future.csv", index=False)
    common = ["--covariates", "promo", "--models", "ARIMA", "--horizon", "6"]
    assert main(["forecast", "whole.csv", *common, "--output", "a.csv"]) == 0
    assert main(["forecast", "past.csv", *common, "--covariates-future", "future.csv", "--output", "b.csv"]) == 0
    pd.testing.assert_frame_equal(pd.read_csv("a.csv"), pd.read_csv("b.csv"), check_exact=True)
    y = frame[:54].set_index("ds")
    expected = ARIMA().fit(y["y"], y[["promo"]]).predict(6, frame.set_index("ds").loc["2019-07":, ["promo"]])
    np.testing.assert_allclose(pd.read_csv("a.csv")["mean"], expected, rtol=1e-9)  # the same fit, read from text
    capsys.readouterr()
    assert main(["forecast", "past.csv", *common]) == 2
    told = capsys.readouterr().err
    assert "needs promo at 2019-07-01, 2019-08-01" in told and "--covariates_future" in told


def test_series_too_short_for_a_backtest_are_forecast_and_said_to_be_unmeasured(in_tmp, capsys):
    months(9).to_csv("short.csv", index=False)
    assert main(["forecast", "short.csv", "--horizon", "12"]) == 0
    assert "How wrong Naive is is not known: 9 observations are too few" in capsys.readouterr().out
    assert len(pd.read_csv("short-forecast.csv")) == 12


def test_a_series_that_the_model_cannot_have_is_forecast_by_naive_or_is_an_error(in_tmp, capsys):
    frame = months(48, n_series=3)
    frame = frame[(frame["unique_id"] != "s01") | (frame["ds"] >= "2018-06")]
    frame.to_csv("mixed.csv", index=False)
    assert main(["forecast", "mixed.csv", *QUICK, "--horizon", "2", "--output", "f.csv"]) == 0
    assert "Naive forecasts 1 series that the model cannot; 's01', say, has 7 observations" in capsys.readouterr().out
    found = pd.read_csv("f.csv")
    last = frame[frame["unique_id"] == "s01"]["y"].iloc[-1]
    np.testing.assert_allclose(found.loc[found["unique_id"] == "s01", "mean"], last)
    assert found["unique_id"].tolist() == ["s00", "s00", "s01", "s01", "s02", "s02"]
    assert main(["forecast", "mixed.csv", *QUICK, "--too_short", "error", "--output", "f.csv"]) == 2


def test_the_winner_of_a_run_is_taken_with_its_data_and_horizon(one, capsys):
    panel = Panel.from_frame(months(72))
    models = ["--models", "Naive", "SeasonalNaive"]
    assert main(["backtest", "one.csv", *models, "--output", "run", "--horizon", "4"]) == 0
    capsys.readouterr()
    assert main(["forecast", "--run", "run", "--output", "f.csv"]) == 0
    out = capsys.readouterr().out
    assert "SeasonalNaive is the winner of run." in out
    np.testing.assert_allclose(pd.read_csv("f.csv")["mean"], SeasonalNaive().fit(panel).predict(4).mean[0])


def test_a_saved_model_forecasts_newer_data_without_a_new_fit_and_says_how_wrong_it_was(one, capsys):
    assert main(["forecast", "one.csv", "--models", "ARIMA", "--horizon", "3", "--save", "model/"]) == 0
    sentence = capsys.readouterr().out.strip().splitlines()[0]
    newer = months(75)
    newer.to_csv("new.csv", index=False)
    assert main(["forecast", "new.csv", "--model", "model/", "--output", "f.parquet"]) == 0
    out = capsys.readouterr().out
    assert out.strip().splitlines()[0] == sentence and "its errors were measured on 20" in out
    panel = Panel.from_frame(pd.read_csv("new.csv", parse_dates=["ds"]))
    expected = load_forecaster("model/model.tsf").predict(3, history=panel, level=[80])
    found = pd.read_parquet("f.parquet")
    np.testing.assert_array_equal(found["mean"], expected.mean[0])
    np.testing.assert_array_equal(found["lo-80"], expected.interval(80)[0][0])
    assert found["ds"].iloc[0] == pd.Timestamp("2021-04-01")


def test_forecasts_stay_above_zero_where_that_is_asked(in_tmp, capsys):
    y = np.random.default_rng(0).poisson(0.7, size=60).astype(float)
    months(60).assign(y=y).to_csv("few.csv", index=False)
    assert main(["forecast", "few.csv", *QUICK, "--output", "a.csv"]) == 0
    assert "--nonnegative prevents that" in capsys.readouterr().out
    assert main(["forecast", "few.csv", *QUICK, "--nonnegative", "--output", "b.csv"]) == 0
    assert (pd.read_csv("b.csv")["lo-95"] >= 0).all() and (pd.read_csv("a.csv")["lo-95"] < 0).any()


def test_a_file_that_is_no_forecast_is_replaced_only_when_asked(one, capsys):
    (one / "f.csv").write_text("my,own\n1,2\n")
    assert main(["forecast", "one.csv", *QUICK, "--output", "f.csv"]) == 2
    assert "f.csv is there, and is not as this command wrote it" in capsys.readouterr().err
    assert (one / "f.csv").read_text() == "my,own\n1,2\n"
    assert main(["forecast", "one.csv", *QUICK, "--output", "f.csv", "--overwrite"]) == 0
    assert main(["forecast", "one.csv", *QUICK, "--output", "f.csv"]) == 0  # it is a forecast now
    (one / "f.csv").write_text((one / "f.csv").read_text().replace("2021-01-01", "2021-01-02"))
    assert main(["forecast", "one.csv", *QUICK, "--output", "f.csv"]) == 2  # somebody corrected it
    assert main(["forecast", "one.csv", *QUICK, "--output", "one.csv", "--overwrite"]) == 2
    assert "y" in pd.read_csv("one.csv").columns


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--output", "f.xls"], "ends in one of .csv, .parquet, .xlsx"),
        (["--plot", "f.jpeg"], "ends in one of .png, .svg, .pdf"),
        (["--output", "one.csv/f.csv"], "is no folder"),
        (["--level", "0.8"], "level is in percent: 80, not 0.8"),
        (["--models", "Sarimaa"], "Sarimaa"),
        (["--model", "none.tsf"], "none.tsf"),
        (["--run", "none"], "none"),
        (["--covariates", "price"], "price"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_wrong_argument_is_one_line_before_anything_is_written(one, capsys, arguments, told):
    models = [] if arguments[0] in ("--models", "--model", "--run") else QUICK
    assert main(["forecast", "one.csv", *models, *arguments]) == 2
    line = [text for text in capsys.readouterr().err.splitlines() if "error:" in text]
    assert len(line) == 1 and told in line[0]
    assert [path.name for path in one.iterdir()] == ["one.csv"]


@pytest.mark.parametrize(
    "arguments", [["--horizon", "0"], ["--model", "m", "--run", "r"], ["--model", "m", "--save", "n"], []], ids=str
)
def test_options_that_contradict_each_other_are_bad_usage(one, capsys, arguments):
    with pytest.raises(SystemExit) as left:
        main(["forecast", *(["one.csv"] if arguments else []), *arguments])
    assert left.value.code == 2 and "tsforecast forecast: error:" in capsys.readouterr().err


def test_everything_can_stand_in_a_configuration(one, capsys):
    (one / "c.yaml").write_text("data: one.csv\nmodels: [Naive]\nhorizon: 2\nlevel: [90]\noutput: f.csv\n")
    assert main(["forecast", "--config", "c.yaml", "--horizon", "3"]) == 0
    assert list(pd.read_csv("f.csv").columns) == ["unique_id", "ds", "mean", "lo-90", "hi-90"]
    assert len(pd.read_csv("f.csv")) == 3


def test_the_same_winner_as_a_backtest_of_the_same_cutoffs_has(one):
    assert main(["forecast", "one.csv", *QUICK, "--save", "m.tsf", "--n-windows", "2"]) == 0
    panel = Panel.from_frame(pd.read_csv("one.csv", parse_dates=["ds"]))
    result = backtest({"Naive": Naive(), "SeasonalNaive": SeasonalNaive()}, panel, cv=RollingOrigin(12, 2))
    notes = load_forecaster("m.tsf").notes_["forecast"]
    assert notes["name"] == result.leaderboard()["model"].iloc[0]
    own = result.forecasts_of(notes["name"])
    assert notes["quality"]["error"] == pytest.approx(np.abs(own["y"] - own["mean"]).mean(), rel=1e-9)


def wide(in_tmp, **more):
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=40), "demand": np.arange(40.0) % 7, **more})
    frame.loc[33:, "demand"] = np.nan
    frame.to_csv(in_tmp / "wide.csv", index=False)


def test_columns_that_go_on_after_the_others_may_be_covariates_and_this_is_said(in_tmp, capsys):
    wide(in_tmp, price=np.cos(np.arange(40.0)))
    assert main(["forecast", "wide.csv", "--models", "Naive", "--horizon", "3"]) == 0
    assert "demand ends before price; if what goes on is known ahead" in capsys.readouterr().err


def test_commands_to_go_on_with_repeat_how_the_file_was_read(in_tmp, capsys):
    wide(in_tmp, price=np.cos(np.arange(40.0)))
    call = ["forecast", "wide.csv", "--covariates", "price", "--models", "LinearAR", "--save", "kept"]
    assert main(call) == 0
    again = capsys.readouterr().out.splitlines()[-1].partition("tsforecast ")[2]
    assert "--covariates" not in again  # the kept model knows
    words = shlex.split(again.replace("NEW.csv", "wide.csv"))
    assert main([*words, "--output", "again.csv"]) == 0
    pd.testing.assert_frame_equal(pd.read_csv("again.csv"), pd.read_csv("wide-forecast.csv"))


def test_times_with_a_zone_keep_it_in_a_workbook(in_tmp):
    times = pd.date_range("2024-03-01", periods=60, freq="h", tz="UTC").strftime("%Y-%m-%dT%H:%M:%S+00:00")
    pd.DataFrame({"ds": times, "load": np.arange(60.0) % 24}).to_csv("load.csv", index=False)
    assert main(["forecast", "load.csv", "--models", "Naive", "--horizon", "2", "--output", "f.xlsx"]) == 0
    assert pd.read_excel("f.xlsx", engine="openpyxl")["ds"].tolist() == [
        "2024-03-03 12:00:00+00:00",
        "2024-03-03 13:00:00+00:00",
    ]


def test_a_stand_in_keeps_to_the_bounds_that_were_asked_for(in_tmp, capsys):
    short = pd.DataFrame(
        {"unique_id": "short", "ds": pd.date_range("2020-06-01", periods=7, freq="MS"), "y": [0.0, 9, 1, 7, 0, 8, 1]}
    )
    pd.concat([months(60), short]).to_csv("two.csv", index=False)
    call = ["forecast", "two.csv", "--models", "SeasonalNaive", "--horizon", "4", "--nonnegative"]
    assert main(call) == 0
    found = pd.read_csv("two-forecast.csv").set_index("unique_id").loc["short"]
    assert (found[["lo-80", "lo-95"]] >= 0).all(axis=None)


def test_outputs_that_are_the_same_file_are_refused_before_a_fit(one, capsys):
    assert main(["forecast", "one.csv", *QUICK, "--output", "x.csv", "--save", "x.csv"]) == 2
    assert "must be different files" in capsys.readouterr().err


def test_a_file_is_read_before_heavy_imports():
    code = (
        "import sys, tsforecast.cli.forecasting.series; print(*{'scipy', 'sklearn', 'torch', 'numba'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


GERMAN = ["--id_col", "Filiale", "--time_col", "Datum", "--target_col", "Umsatz", "--drop", "Art"]


def german(frame):
    """A long file as a German spreadsheet writes it."""
    rows = [f"{row.unique_id};{row.ds:%d/%m/%Y};{row.y:.1f} €;x".replace(".", ",") for row in frame.itertuples()]
    return "Filiale;Datum;Umsatz;Art\n" + "\n".join(rows) + "\n"


def test_a_kept_model_reads_a_newer_file_as_its_own_was_read(in_tmp, capsys):
    (in_tmp / "old.csv").write_text(german(months(48, n_series=2)))
    assert main(["forecast", "old.csv", *GERMAN, *QUICK, "--output", "f.csv", "--save", "m"]) == 0
    assert "tsforecast forecast NEW.csv --model m" in capsys.readouterr().out
    text = german(months(14, n_series=2))
    (in_tmp / "new.csv").write_text(re.sub(r";(\d+),\d €", r";\1.500 €", text))  # 100.500 in two ways by itself
    assert main(["forecast", "new.csv", "--model", "m", "--output", "g.csv", "--horizon", "1"]) == 0
    told = capsys.readouterr()
    assert "with --id_col Filiale --time_col Datum --target_col Umsatz --drop Art" in told.err
    found = pd.read_csv("g.csv")
    assert found["ds"].tolist() == ["2016-03-01", "2016-03-01"] and (found["mean"] > 50_000).all()
    (in_tmp / "new.csv").write_text((in_tmp / "new.csv").read_text().replace("Umsatz", "Menge"))
    given = ["--target_col", "Menge"]  # an option that is given wins
    assert main(["forecast", "new.csv", "--model", "m", "--output", "h.csv", "--horizon", "1", *given]) == 0


@pytest.mark.parametrize(
    "notes", [{"forecast": 5}, {"forecast": {"horizon": "many"}}, {"forecast": {"reading": [1]}}, {"other": 1}, {}]
)
def test_notes_of_others_are_no_notes_of_this_command(one, capsys, notes):
    SeasonalNaive().fit(Panel.from_frame(pd.read_csv("one.csv", parse_dates=["ds"]))).save("m.tsf", notes=notes)
    assert main(["forecast", "one.csv", "--model", "m.tsf", "--output", "f.csv"]) == 0
    out = capsys.readouterr().out
    assert "how wrong it was is not noted with it" in out and ("not those of this command" in out) == (
        "forecast" in notes
    )
    assert len(pd.read_csv("f.csv")) == 12


def test_notes_with_wrong_values_are_not_used():
    good = Notes("N", 3, "2024-01-01", {"a": 1}, {"decimal": ","}, {"decimal": ",", "day_first": True, "x": 1})
    held = notes_in(good.to_dict())
    assert held.measured is None and held.reading == {"decimal": ","} and set(held.facts) == {"decimal", "day_first"}
    assert notes_in({"forecast": {**good.to_dict()["forecast"], "reading": {"decimal": "x"}}}).reading == {}


def test_covariates_of_a_kept_model_are_asked_for_in_words_of_the_command(in_tmp, capsys):
    frame = months(40)[["ds", "y"]].assign(promo=np.arange(40) % 2)
    frame.to_csv("y.csv", index=False)
    y = frame.set_index("ds")
    ARIMA().fit(y["y"], y[["promo"]]).save("m.tsf")
    assert main(["forecast", "y.csv", "--model", "m.tsf", "--drop", "promo"]) == 2
    assert "fitted with the covariates promo; name these columns: --covariates promo" in capsys.readouterr().err


def test_a_table_of_somebody_else_with_the_same_columns_is_not_replaced(one, capsys):
    (one / "one-forecast.csv").write_text("unique_id,ds,mean\na,2024-01-01,5\n")
    assert main(["forecast", "one.csv", *QUICK]) == 2
    assert "is not as this command wrote it" in capsys.readouterr().err
    (one / "g-certainty.csv").write_text("mine\n")  # not written for one series, so it does not matter
    assert main(["forecast", "one.csv", *QUICK, "--output", "g.csv"]) == 0
    months(40, n_series=13).to_csv("many.csv", index=False)
    assert main(["forecast", "many.csv", *QUICK, "--output", "g.csv"]) == 2
    assert "g-certainty.csv is there" in capsys.readouterr().err


def test_rows_after_the_last_value_and_values_missing_between_others_are_told_apart(in_tmp, capsys):
    frame = months(40)[["ds", "y"]]
    frame.loc[[10, 11, 38, 39], "y"] = np.nan
    frame.to_csv("y.csv", index=False)
    assert main(["forecast", "y.csv", *QUICK, "--output", "f.csv"]) == 0
    told = capsys.readouterr().err
    assert "no value in its last 2 rows, from 2018-03-01 to 2018-04-01: such rows are left out" in told
    assert "2 values are missing between others" in told


def test_medians_of_steps_are_said_to_be_no_parts_of_a_sum_and_the_total_is_told(one, capsys):
    call = ["forecast", "one.csv", "--models", "LinearAR", "--horizon", "4", "--output", "f.xlsx", "--save", "m.tsf"]
    assert main(call) == 0
    told = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("The column mean holds"))
    total = load_forecaster("m.tsf").predict_total(4, level=80).iloc[0]
    ends = f"{total['lo-80']:.0f} to {total['hi-80']:.0f}"
    assert f"that of all 4 is forecast to be {total['mean']:.0f} (80% interval {ends})" in told
    assert told in pd.read_excel("f.xlsx", sheet_name="about", engine="openpyxl")["about"].tolist()
    assert main(["forecast", "one.csv", "--model", "m.tsf", "--output", "g.csv"]) == 0
    assert told in capsys.readouterr().out.splitlines()
    for options in (["--models", "Naive"], ["--models", "LinearAR", "--horizon", "1"]):
        assert main(["forecast", "one.csv", *options, "--output", "g.csv"]) == 0
        assert "The column mean" not in capsys.readouterr().out


@pytest.mark.parametrize("home", ["file", "none"])
def test_a_job_without_a_lasting_home_writes_and_is_told_to_overwrite_the_next_day(one, capsys, monkeypatch, home):
    monkeypatch.setenv("XDG_CACHE_HOME", "" if home == "none" else str(one / "one.csv"))
    monkeypatch.delenv("LOCALAPPDATA", raising=False)

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.home", no_home)
    call = ["forecast", "one.csv", *QUICK, "--output", "f.csv"]
    assert main(call) == 0
    capsys.readouterr()
    assert main(call) == 2
    assert "a job without a lasting home needs --overwrite" in capsys.readouterr().err
    assert main([*call, "--overwrite"]) == 0
