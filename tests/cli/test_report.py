"""What the terminal shows of a run."""

from pathlib import Path

import numpy as np
import pytest

from tsforecast import HistoricAverage, Naive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.store.manifest import read_manifest, write_manifest
from tsforecast.cli.main import main
from tsforecast.cli.report import print_result


class Noisy(HistoricAverage):
    """An average with noise from its seed."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def _predict(self, panel, horizon, X, levels):
        found = super()._predict(panel, horizon, X, levels)
        found.mean[:] += np.random.default_rng(self.random_state).normal(size=found.mean.shape)
        return found


def test_the_terminal_shows_seconds_and_the_spread_over_seeds(capsys):
    y = np.random.default_rng(0).normal(size=40)
    for seeds, several in ((3, True), (None, False)):
        result = backtest([Noisy(), Naive()], y, cv=RollingOrigin(3, n_windows=2), metrics=["mae"], seeds=seeds)
        print_result(result, "mine", Path("runs/mine"))
        told = capsys.readouterr().out
        board = result.leaderboard().set_index("model")
        assert (f"{board.loc['Noisy', 'mae']:.3f} ± {board.loc['Noisy', 'mae_sd']:.3f}" in told) is several
        assert ("± is the standard deviation over seeds." in told) is several
        assert "Fit s" in told and "Predict s" in told and "timings.md" in told


@pytest.fixture
def folder(tmp_path):
    y = np.random.default_rng(0).normal(size=40)
    backtest([Naive(), HistoricAverage()], y, cv=RollingOrigin(3, n_windows=2), output=tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("form", "name", "begins"),
    [
        ("html", "report.html", b"<!DOCTYPE html>"),
        ("md", "summary.md", b"# Backtest"),
        ("pdf", "report.pdf", b"%PDF"),
        ("latex", "report.tex", rb"\begin{tabular}"),
    ],
)
def test_each_format_is_written_into_the_run_and_elsewhere_and_the_run_stays_whole(folder, capsys, form, name, begins):
    assert main(["report", str(folder), "--format", form]) == 0
    assert capsys.readouterr().out.strip() == str(folder / name)
    assert (folder / name).read_bytes().startswith(begins)
    assert name in BacktestResult.load(folder).manifest["files"]
    other = folder.parent / "other"
    assert main(["report", str(folder), "--format", form, "--output", str(other)]) == 0
    assert other.read_bytes() == (folder / name).read_bytes()


def test_an_output_without_a_format_is_an_error(folder, capsys):
    with pytest.raises(SystemExit):
        main(["report", str(folder), "--output", "page.html"])
    assert "--output needs a --format: one of html, md, pdf, latex" in capsys.readouterr().err


def test_a_run_of_an_earlier_version_gets_its_page(folder, capsys):
    manifest = read_manifest(folder)
    del manifest["files"]["report.html"]
    (folder / "report.html").unlink()
    write_manifest(folder, manifest)
    assert main(["report", str(folder)]) == 0
    assert "report.html" in BacktestResult.load(folder).manifest["files"]
