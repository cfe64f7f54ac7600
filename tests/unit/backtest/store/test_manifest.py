"""The manifest of a finished run: a change to any byte of any file is found."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast import Drift, Naive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.cli.main import main
from tsforecast.exceptions import RunFolderError, TSForecastError

FILES = [
    "config.yaml", "manifest.json", "summary.md", "timings.md", "report.html", "scores.parquet", "timings.parquet",
    "failures.parquet", "warnings.parquet", "parts.parquet", "fits.parquet", "history.parquet",
    "forecasts/00-Naive.parquet", "forecasts/01-Drift.parquet",
]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    y = np.random.default_rng(0).normal(size=30)
    backtest([Naive(), Drift()], y, cv=RollingOrigin(2, n_windows=2), output=folder)
    return folder


@pytest.fixture(scope="module")
def tables(run):
    return all_of(BacktestResult.load(run))


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(run, tmp_path / "run")


def all_of(result):
    frames = [result.scores, result.forecasts, result.timings, result.failures, result.warnings, result.leaderboard()]
    return [frame.to_json() for frame in frames] + [json.dumps(result.config), json.dumps(result.manifest)]


def test_the_manifest_names_every_file_but_itself_and_the_lock(run):
    names = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    assert set(json.loads((run / "manifest.json").read_text())["files"]) == names - {"manifest.json", ".lock"}
    assert names - {".lock"} == set(FILES)


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(FILES), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_an_error_or_changes_nothing(run, tables, name, place, bit):
    path = run / name
    content = path.read_bytes()
    i = int(place * len(content))
    try:
        path.write_bytes(content[:i] + bytes([content[i] ^ (1 << bit)]) + content[i + 1 :])
        try:
            assert all_of(BacktestResult.load(run)) == tables
        except RunFolderError as error:
            assert name in str(error)
    finally:
        path.write_bytes(content)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["cut", "empty", "missing", "folder", "longer"])
def test_a_damaged_file_is_named(copy, name, damage, capsys):
    path = copy / name
    content = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        path.write_bytes({"cut": content[: len(content) // 2], "empty": b"", "longer": content + b"\n0"}[damage])
    with pytest.raises(RunFolderError, match=path.name):
        BacktestResult.load(copy)
    assert main(["report", str(copy)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "content",
    ["[]", "3", '"text"', "null", "{}", "[" * 100_000, '{"identity": 3}', '{"identity": {}, "status": "finished"}',
     '{"status": "finished", "identity": {"data": {"n_series": "x"}}, "metrics": [], "files": {}}',
     '{"status": "done", "identity": {"data": {"n_series": 1}}, "metrics": ["mase"]}',
     '{"name": "a web page", "icons": []}', "\ud7ff", "NaN"],
    ids=range(13),
)  # fmt: skip
def test_another_manifest_is_an_error(copy, content):
    (copy / "manifest.json").write_text(content)
    with pytest.raises(RunFolderError, match=r"manifest\.json"):
        BacktestResult.load(copy)


def unsealed(folder):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in manifest.items() if key not in ("files", "sha256")}))


def test_a_run_without_checksums_is_read_with_a_warning(copy, tables):
    unsealed(copy)
    with pytest.warns(UserWarning, match="has no checksums"):
        found = all_of(BacktestResult.load(copy))
    assert found[:-1] == tables[:-1]


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".parquet")])
@pytest.mark.parametrize(
    "content", [pd.DataFrame({"x": [1]}), b"PAR1 no parquet", b""], ids=["columns", "text", "empty"]
)
@pytest.mark.filterwarnings("ignore:.*has no checksums")
def test_without_checksums_a_file_of_another_kind_is_still_an_error(copy, name, content):
    unsealed(copy)
    if isinstance(content, bytes):
        (copy / name).write_bytes(content)
    else:
        content.to_parquet(copy / name)
    with pytest.raises(RunFolderError, match=name):
        BacktestResult.load(copy)


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "a",
        "models: 3",
        "models: [3]",
        "models: [{name: 3}]",
        "models: []\nhorizon: 2",
        "a: 1\na: 2",
        "[[[[",
        "\x00",
    ],
)
@pytest.mark.filterwarnings("ignore:.*has no checksums")
def test_without_checksums_another_configuration_is_still_an_error(copy, content):
    unsealed(copy)
    (copy / "config.yaml").write_text(content)
    with pytest.raises(RunFolderError, match=r"config\.yaml"):
        BacktestResult.load(copy)


def test_files_that_a_run_does_not_name_are_left_alone(copy, tables):
    (copy / "notes.txt").write_text("mine")
    (copy / "forecasts" / "other.parquet").write_bytes(b"x")
    assert all_of(BacktestResult.load(copy)) == tables
    assert (copy / "notes.txt").read_text() == "mine"


def test_a_report_leaves_a_sound_run_to_the_byte_and_mends_a_summary_that_another_version_wrote(copy, tables):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    assert main(["report", str(copy)]) == 0
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    BacktestResult.load(copy).write_summary(copy)
    assert all_of(BacktestResult.load(copy)) == tables


def test_a_stop_while_the_summary_is_written_leaves_a_sound_run(copy, tables, monkeypatch):
    result = BacktestResult.load(copy)
    monkeypatch.setattr("tsforecast.backtest.backtest_result.markdown", lambda run: "another")

    def stop(path, content):
        path.write_bytes(content[:3])
        raise KeyboardInterrupt

    monkeypatch.setattr("tsforecast.backtest.store.run_files.write_bytes", stop)
    with pytest.raises(KeyboardInterrupt):
        result.write_summary(copy)
    assert all_of(BacktestResult.load(copy))[:-1] == tables[:-1]


def test_a_saved_result_has_checksums_too(run, tables, tmp_path):
    BacktestResult.load(run).save(tmp_path / "saved")
    assert all_of(BacktestResult.load(tmp_path / "saved"))[:-1] == tables[:-1]
    victim = tmp_path / "saved" / "scores.parquet"
    victim.write_bytes(victim.read_bytes()[:-1] + b"?")
    with pytest.raises(RunFolderError, match="scores"):
        BacktestResult.load(tmp_path / "saved")


def test_a_manifest_that_names_files_elsewhere_is_refused(copy):
    from tsforecast.backtest.store.manifest import read_manifest, write_manifest

    manifest = read_manifest(copy)
    manifest["files"]["../../etc/passwd"] = "0"
    write_manifest(copy, manifest)
    with pytest.raises(TSForecastError, match="outside the run"):
        BacktestResult.load(copy)


def test_a_table_that_this_version_does_not_know_is_checked_and_left_alone(copy, tables, capsys):
    from tsforecast.backtest.store.manifest import replace_file

    name = "probabilities/00-Naive.parquet"
    (copy / "probabilities").mkdir()
    replace_file(copy, name, lambda: pd.DataFrame({"h": [1], "p0": [0.5]}).to_parquet(copy / name))
    before = (copy / name).read_bytes()
    loaded = BacktestResult.load(copy)
    assert all_of(loaded)[:-1] == tables[:-1] and name in loaded.manifest["files"]
    assert main(["report", str(copy)]) == 0
    y = np.random.default_rng(0).normal(size=30)
    backtest([Naive(), Drift()], y, cv=RollingOrigin(2, n_windows=2), output=copy)  # which is finished: nothing is done
    assert (copy / name).read_bytes() == before and name in BacktestResult.load(copy).manifest["files"]
    assert all_of(BacktestResult.load(loaded.save(copy.parent / "other")))[:-1] == tables[:-1]
    (copy / name).write_bytes(before[:-1] + b"?")
    with pytest.raises(RunFolderError, match="probabilities"):
        BacktestResult.load(copy)
