"""An untrusted training configuration: all of it is checked before any object is created."""

import copy
import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tsforecast._resources import bundled
from tsforecast.cli import train
from tsforecast.cli.train_config import check_text
from tsforecast.exceptions import ParameterError, RunFolderError, TSForecastError
from tsforecast.models.neural.forecaster import LSTM

HARMS = {
    "a program": {"class_path": "subprocess.Popen", "init_args": {"args": ["touch", "harmed"]}},
    "a program by keywords": {"class_path": "subprocess.Popen", "dict_kwargs": {"args": ["touch", "harmed"]}},
    "a file": {"class_path": "io.FileIO", "init_args": {"file": "harmed", "mode": "w"}},
    "a file by keywords": {"class_path": "io.FileIO", "dict_kwargs": {"file": "harmed", "mode": "w"}},
}
PLACES = [
    ("model",),
    ("data",),
    ("trainer",),
    ("optimizer",),
    ("lr_scheduler",),
    ("data", "decoding"),
    ("data", "preparation"),
    ("model", "training"),
    *(("trainer", name) for name in ("callbacks", "logger", "strategy", "plugins", "profiler", "accelerator")),
]


def bundled_lstm() -> dict:
    return yaml.safe_load((bundled("configs") / "train" / "lstm.yaml").read_text())


def with_value(path, value) -> dict:
    config = bundled_lstm()
    at = config
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = copy.deepcopy(value)
    return config


def run_with(config) -> None:
    Path("c.yaml").write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    train.run_training(["fit", "--config", "c.yaml"])


@pytest.mark.parametrize(("place", "harm"), list(zip(PLACES, itertools.cycle(HARMS), strict=False)))
def test_a_foreign_class_is_not_constructed_wherever_it_stands(place, harm, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((SystemExit, TSForecastError)):
        run_with(with_value(place, HARMS[harm]))
    assert not Path("harmed").exists()


def within(class_path, **arguments):
    return {"class_path": class_path, "init_args": arguments}


NESTED = {
    "in a logger": (("trainer", "logger"), within("MLFlowLogger", tags=HARMS["a program"])),
    "as a keyword": (
        ("trainer", "logger"),
        within("CSVLogger", save_dir="x") | {"dict_kwargs": {"version": HARMS["a program"]}},
    ),
    "in a profiler": (
        ("trainer", "profiler"),
        {"class_path": "PyTorchProfiler", "dict_kwargs": {"on_trace_ready": HARMS["a file"]}},
    ),
    "a function for a callback": (
        ("trainer", "callbacks"),
        [within("pytorch_lightning.callbacks.LambdaCallback", on_fit_start="os.system")],
    ),
    "a function for a schedule": (
        ("lr_scheduler",),
        within("torch.optim.lr_scheduler.LambdaLR", lr_lambda="os.system"),
    ),
}


@pytest.mark.parametrize("name", NESTED)
def test_neither_a_class_within_another_nor_a_function_is_taken(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((SystemExit, ParameterError)):
        run_with(with_value(*NESTED[name]))
    assert not Path("harmed").exists()


@pytest.mark.parametrize(("section", "value"), [("data", [1]), ("trainer", [1]), ("trainer", None)])
def test_a_section_that_is_no_mapping_is_said(section, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError, match=f"{section}: .* is no mapping"):
        run_with(with_value((section,), value))


BOMB = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "stands for more than 100000 values"),
        ("a: &a [*a]", "stands for more than 100000 values"),
        ("model: {cell: lstm}\nmodel: {cell: gru}\n", "names 'model' twice"),
        ("model:\n  cell: lstm\n  cell: gru\n", "names 'cell' twice"),
        ("a: [1", "is no YAML that can be read"),
        ("\x00", "is no YAML that can be read"),
        ("[" * 5000, "is no YAML that can be read"),
        ("# " + "x" * 1_000_001, "a configuration has 1000000 at most"),
    ],
    ids=["bomb", "ring", "twice", "twice within", "cut", "no text", "deep", "large"],
)
def test_texts_that_are_no_configuration_are_refused(text, message, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ParameterError, match=message):
        check_text(path)


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_the_bundled_configurations_pass(name):
    path = bundled("configs") / "train" / f"{name}.yaml"
    check_text(path)
    assert {"model", "data", "trainer"} <= set(yaml.safe_load(path.read_text()))


FULL = """
import resource, sys
from tsforecast.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
sys.exit(main(["train", "fit", "--config", "lstm", "--trainer.max_epochs", "1", "--model.n_members", "2"]))
"""


@pytest.mark.slow
def test_a_disk_that_is_full_ends_a_run_with_a_message_and_keeps_the_checkpoint_before(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    quick = ["--trainer.max_epochs", "1", "--model.hidden_size", "4", "--model.n_members", "1"]
    assert train.run_training(["fit", "--config", "lstm", *quick]) == 0
    folder = next(tmp_path.glob("runs/*/checkpoints"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "File too large" in done.stderr  # of the checkpoint, or of what is compiled for this machine
    assert "Traceback" not in done.stderr
    assert (folder / "last.ckpt").read_bytes() == before["last.ckpt"]
    assert not list(folder.glob("*.part")) + list(folder.glob(".*"))
    assert LSTM.from_checkpoint(folder / "last.ckpt").hidden_size == 4


def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("runs").write_text("a file where the folder would be")
    with pytest.raises(RunFolderError, match="cannot"):
        train.run_training(["fit", "--config", "lstm", "--trainer.max_epochs", "1", "--model.n_members", "1"])
