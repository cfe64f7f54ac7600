"""The commands that list, show and simulate data sets."""

import subprocess
import sys

import pytest

from tsforecast.cli.datasets import list_datasets, show_dataset, simulate_csv
from tsforecast.cli.main import main
from tsforecast.data.catalog import load
from tsforecast.data.known import names
from tsforecast.data.read import read
from tsforecast.exceptions import ParameterError, UnknownNameError


def test_the_list_has_a_line_for_each_data_set(capsys):
    list_datasets()
    lines = capsys.readouterr().out.splitlines()
    for name in names():
        (line,) = [line for line in lines if line.split()[:1] == [name]]
        assert load(name).description[:20] in line


def test_show_prints_what_is_known_and_both_ends(capsys):
    show_dataset("airline", rows=2)
    out = capsys.readouterr().out
    for part in ("Series G", "terms:", "season_length: 12", "1949-01-01 112", "1960-12-01 432", "144 observations"):
        assert part in out
    assert "1949-03-01" not in out


def test_show_of_a_simulated_one_prints_its_process(capsys):
    show_dataset("simulated/arma21")
    assert "ArimaProcess(phi=(1.2, -0.5), theta=(0.4,)" in capsys.readouterr().out


def test_simulate_writes_what_the_catalog_draws(tmp_path, capsys):
    path = tmp_path / "ar1.csv"
    simulate_csv("simulated/ar1", path, n_obs=30, n_series=2, random_state=5)
    assert "2 series, 60 observations" in capsys.readouterr().out
    assert (read(path).values == load("simulated/ar1", n_obs=30, n_series=2, random_state=5).panel.values).all()


def test_what_cannot_be_simulated_or_written_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="not simulated"):
        simulate_csv("airline", tmp_path / "x.csv")
    with pytest.raises(ParameterError, match=r"end in \.csv"):
        simulate_csv("simulated/ar1", tmp_path / "x.parquet")
    with pytest.raises(UnknownNameError):
        show_dataset("nothing")


def test_importing_the_commands_imports_no_pandas():
    code = "import sys, tsforecast.cli.datasets; sys.exit('pandas' in sys.modules or 'rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("output", ["mine.csv", "mine.csv/x.csv", "none/x.csv", "link.csv", "a\0b.csv", "folder.csv"])
def test_simulate_overwrites_nothing_and_tells_what_cannot_be_written(tmp_path, output):
    (tmp_path / "mine.csv").write_text("mine")
    (tmp_path / "link.csv").symlink_to(tmp_path / "mine.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ParameterError, match="output="):
        simulate_csv("simulated/ar1", tmp_path / output, n_obs=10)
    assert (tmp_path / "mine.csv").read_text() == "mine"


@pytest.mark.parametrize("rows", ["0", "-1"])
def test_rows_to_show_are_at_least_one(rows, capsys):
    assert main(["datasets", "show", "airline", "--rows", rows]) == 2
    assert capsys.readouterr().err == f"tsforecast: error: rows={rows} is not a whole number, at least 1.\n"


@pytest.mark.parametrize(("folder", "told"), [("runs/none", "is not there"), (".", "is no run folder")])
def test_a_report_of_what_is_no_run_says_so(folder, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["report", folder]) == 2
    assert told in capsys.readouterr().err
