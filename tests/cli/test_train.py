"""``tsforecast train``: a Lightning run from a configuration, and its files."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tsforecast.cli import train
from tsforecast.cli.main import main
from tsforecast.data import catalog
from tsforecast.exceptions import (
    DataError,
    MissingFileError,
    ParameterError,
    RunFolderError,
    SeriesTooShortError,
    TSForecastError,
)
from tsforecast.models.neural.forecaster import GRU, LSTM, RNN

sys.path.insert(0, str(Path(__file__).parents[1]))
from failing_disk import FailingDisk

sys.path.pop(0)

QUICK = ["--trainer.max_epochs", "2", "--model.hidden_size", "4", "--model.n_members", "2"]


BEST = "tsforecast.models.neural.training.best_weights.BestWeights"
VALIDATED = ["--model.training.refit", "false"]  # one run, that is validated on the ends of the series


def checkpoint_of(folder: Path) -> Path:
    (found,) = folder.glob("runs/*/checkpoints/last.ckpt")
    return found


@pytest.mark.parametrize(("name", "model"), [("lstm", LSTM), ("gru", GRU), ("rnn", RNN)])
def test_a_bundled_configuration_trains_and_its_checkpoint_forecasts(name, model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert train.run_training(["fit", "--config", name, *QUICK]) == 0
    assert "checkpoint: " in capsys.readouterr().out
    path = checkpoint_of(tmp_path)
    loaded, series = model.from_checkpoint(path), catalog.load("airline").series
    forecast = loaded.predict(12, history=series, level=80)
    assert forecast.index[0] > series.index[-1]
    assert np.isfinite(forecast).all().all()
    np.testing.assert_array_equal(loaded.predict(12).mean[0], forecast["mean"])  # the training series is in it
    with pytest.raises(DataError, match="holds a network of cell"):
        (GRU if model is not GRU else LSTM).from_checkpoint(path)


def test_a_csv_trains_and_flags_override_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    catalog.load("airline").frame.to_csv("my.csv", index=False)
    code = train.run_training(["fit", "--config", "lstm", "--data.source", "my.csv", "--model.num_layers", "2", *QUICK])
    assert code == 0
    assert LSTM.from_checkpoint(checkpoint_of(tmp_path)).num_layers == 2


@pytest.mark.parametrize("source", ["my.csv", "panel"])
def test_short_series_are_named_together_and_can_be_skipped(source, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame = catalog.load("airline").frame.assign(unique_id="long")
    short = [frame.head(n).assign(unique_id=name) for name, n in (("a", 3), ("b", 7))]
    whole = pd.concat([frame, *short])
    Path("panel").mkdir()
    whole.to_parquet("panel/all.parquet")
    whole.to_csv("my.csv", index=False)
    arguments = ["fit", "--config", "lstm", "--data.source", source, *QUICK]
    with pytest.raises(SeriesTooShortError, match=r"'a' \(3\), 'b' \(7\).*--data.too_short skip"):
        train.run_training(arguments)
    assert train.run_training([*arguments, "--data.too_short", "skip"]) == 0
    assert "2 series are too short and left out: 'a' (3), 'b' (7)" in capsys.readouterr().err
    assert LSTM.from_checkpoint(checkpoint_of(tmp_path)).panel_.ids.tolist() == ["long"]


def test_a_folder_of_parquet_files_trains(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = catalog.load("airline").frame
    for name in ("a", "b", "c"):
        Path(f"panel/unique_id={name}").mkdir(parents=True)
        frame.drop(columns="unique_id", errors="ignore").to_parquet(f"panel/unique_id={name}/part.parquet")
    assert train.run_training(["fit", "--config", "lstm", "--data.source", "panel", *QUICK]) == 0
    model = LSTM.from_checkpoint(checkpoint_of(tmp_path))
    assert np.isfinite(model.predict(3, history=catalog.load("airline").series)).all()


def test_counts_train_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loss = ["--data.decoding.loss", "negative_binomial"]
    assert train.run_training(["fit", "--config", "lstm", *QUICK, *loss]) == 0  # passengers are counted in thousands
    forecast = LSTM.from_checkpoint(checkpoint_of(tmp_path)).predict(6, level=80)
    np.testing.assert_array_equal(forecast.quantiles, np.round(forecast.quantiles))


def test_a_csv_logger_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    logger = ["--trainer.logger", "CSVLogger", "--trainer.logger.save_dir", "logs"]
    assert train.run_training(["fit", "--config", "lstm", *QUICK, *VALIDATED, *logger]) == 0
    (metrics,) = Path("logs").rglob("metrics.csv")
    assert "val_loss" in metrics.read_text()


def test_a_run_that_learns_from_the_whole_series_has_no_validation_loss(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    logger = ["--trainer.logger", "CSVLogger", "--trainer.logger.save_dir", "logs"]
    assert train.run_training(["fit", "--config", "lstm", *QUICK, *logger]) == 0
    assert not [path for path in Path("logs").rglob("metrics.csv") if "val_loss" in path.read_text()]
    (path,) = Path("logs").rglob("last.ckpt")
    assert LSTM.from_checkpoint(path).trained_[0].network.n_members == 2


@pytest.mark.parametrize(
    ("model", "options", "settings"),
    [
        (LSTM, [], {}),
        (GRU, ["--model.random_state", "3", "--data.random_state", "3"], {"random_state": 3}),
        (RNN, [*VALIDATED, "--trainer.callbacks+", BEST], {"training": {"refit": False}}),
        (
            LSTM,
            ["--model.hidden_size", "[6, 4]", "--data.bptt_length", "12"],
            {"hidden_size": (6, 4), "bptt_length": 12},
        ),
        (LSTM, ["--data.decoding.loss", "gaussian"], {"decoding": {"loss": "gaussian"}}),
        (
            GRU,
            ["--data.kind", "windows", "--trainer.gradient_clip_val", "0.1"],
            {"training": {"kind": "windows", "gradient_clip_val": 0.1}},
        ),
    ],
)
def test_a_run_gives_the_forecasts_of_an_estimator_with_the_same_settings(
    model, options, settings, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    epochs, name = 6, model.__name__.lower()
    assert train.run_training(["fit", "--config", name, *QUICK, "--trainer.max_epochs", str(epochs), *options]) == 0
    airline = catalog.load("airline")
    fitted = model(**{"hidden_size": 4, "n_members": 2, "max_epochs": epochs} | settings).fit(airline.series)
    (ours,), (theirs,) = model.from_checkpoint(checkpoint_of(tmp_path)).trained_, fitted.trained_
    forecast = model.from_checkpoint(checkpoint_of(tmp_path)).predict(18, history=airline.series, level=80)
    np.testing.assert_allclose(forecast, fitted.predict(18, level=80), rtol=1e-3)
    for one, other in zip(ours.network.parameters(), theirs.network.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-3 * float(other.detach().abs().max()))


def test_a_tensorboard_logger_can_be_chosen(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    monkeypatch.chdir(tmp_path)
    logger = ["--trainer.logger", "TensorBoardLogger", "--trainer.logger.save_dir", "logs"]
    assert train.run_training(["fit", "--config", "lstm", *QUICK, *logger]) == 0
    assert list(Path("logs").rglob("events.out.tfevents.*"))


def test_a_run_that_goes_on_ends_with_the_weights_of_an_unbroken_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["fit", "--config", "gru", *QUICK, "--model.dropout", "0.2", "--model.training.schedule", "constant"]
    for folder, epochs in [("whole", "4"), ("half", "2"), ("rest", "4")]:
        options = ["--trainer.max_epochs", epochs, "--trainer.default_root_dir", folder]
        if folder == "rest":
            options += ["--ckpt_path", str(next(Path("half").rglob("last.ckpt")))]
        assert train.run_training([*command, *options]) == 0
    whole, half, rest = (torch.load(next(Path(name).rglob("last.ckpt"))) for name in ("whole", "half", "rest"))
    assert not torch.equal(*(run["state_dict"]["network.members.readout"] for run in (whole, half)))
    for name, value in whole["state_dict"].items():
        assert torch.equal(rest["state_dict"][name], value), name
    assert rest["tsforecast"]["share"] == whole["tsforecast"]["share"]


def test_a_checkpoint_can_be_validated_on_the_ends_of_the_series(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert train.run_training(["fit", "--config", "lstm", *QUICK]) == 0
    path = str(checkpoint_of(tmp_path))
    assert train.run_training(["validate", "--config", "lstm", *QUICK, "--ckpt_path", path]) == 0
    assert "val_loss" in capsys.readouterr().out


@pytest.mark.parametrize("recipe", [VALIDATED, []])
def test_averaged_weights_are_those_that_a_checkpoint_forecasts_with(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    callback = ["--trainer.callbacks", BEST, "--trainer.callbacks.averaging", "0.5"]
    saving = ["--trainer.callbacks+", "ModelCheckpoint", "--trainer.callbacks.save_last", "true"]
    saving += ["--trainer.callbacks.save_top_k", "-1"]
    assert (
        train.run_training(
            ["fit", "--config", "lstm", *QUICK, *recipe, "--trainer.max_epochs", "4", *callback, *saving]
        )
        == 0
    )
    path = checkpoint_of(tmp_path)
    after = [readout(path)[1] for path in sorted(path.parent.glob("epoch=*"))]
    (estimator,) = LSTM.from_checkpoint(path).trained_
    share = torch.load(path)["tsforecast"]["share"]
    assert share == 1 or not recipe
    torch.testing.assert_close(estimator.network.members.readout.data, share * (after[2] + after[3]) / 2)


def test_best_weights_of_each_member_are_those_that_a_checkpoint_forecasts_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    steep = ["--model.lr", "0.3", "--trainer.max_epochs", "8", "--model.training.schedule", "constant"]
    steep += [*VALIDATED, "--trainer.callbacks+", BEST]
    assert train.run_training(["fit", "--config", "lstm", *QUICK, *steep]) == 0
    path = checkpoint_of(tmp_path)
    epoch, last = readout(path)
    best = torch.load(path)["callbacks"]["BestWeights"]["kept"]["members.readout"]
    (estimator,) = LSTM.from_checkpoint(path).trained_
    assert epoch == 7  # a run is resumed from its end ...
    assert not torch.equal(last, best)
    torch.testing.assert_close(estimator.network.members.readout.data, best)  # ... and forecasts with its best


def test_a_network_without_the_linear_start_can_be_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert train.run_training(["fit", "--config", "gru", "--model.start", "zero", *QUICK]) == 0
    loaded = GRU.from_checkpoint(checkpoint_of(tmp_path))
    assert loaded.start == "zero" and loaded.share_ == 1.0
    assert (loaded.decompose(12)["linear"] == 0).all()


def test_a_network_with_widths_by_layer_can_be_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert train.run_training(["fit", "--config", "gru", *QUICK, "--model.hidden_size", "[6, 4]"]) == 0
    loaded = GRU.from_checkpoint(checkpoint_of(tmp_path))
    assert tuple(loaded.hidden_size) == (6, 4)
    assert loaded.trained_[0].network.members.hidden_sizes == (6, 4)
    with pytest.raises(ParameterError, match="has 2 layers, num_layers=3"):
        train.run_training(["fit", "--config", "gru", "--model.hidden_size", "[6, 4]", "--model.num_layers", "3"])


def test_a_second_run_replaces_the_checkpoint_of_the_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for size in ("4", "5"):
        assert train.run_training(["fit", "--config", "lstm", *QUICK, "--model.hidden_size", size]) == 0
    assert LSTM.from_checkpoint(checkpoint_of(tmp_path)).hidden_size == 5


def test_a_run_does_not_go_on_from_the_middle_of_an_epoch(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saving = ["--trainer.callbacks", "ModelCheckpoint", "--trainer.callbacks.every_n_train_steps", "4"]
    saving += ["--trainer.callbacks.save_top_k", "-1"]
    assert train.run_training(["fit", "--config", "lstm", *QUICK, *saving]) == 0
    (path,) = Path("runs").rglob("*step=4.ckpt")
    with pytest.raises(ParameterError, match="in the middle of epoch 0, at step 4"):
        train.run_training(["fit", "--config", "lstm", *QUICK, "--ckpt_path", str(path)])
    assert np.isfinite(LSTM.from_checkpoint(path).predict(3).mean).all()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--model.hidden_size", "0", "hidden_size=0 is not a whole number, at least 1"),
        ("--model.dropout", "1.5", "dropout=1.5 is not a share"),
        ("--data.bptt_length", "-3", "bptt_length=-3 is not a whole number, at least 1"),
        ("--data.batch_size", "0", "batch_size=0 is not a whole number, at least 1"),
        ("--ckpt_path", "nope.ckpt", "There is no checkpoint 'nope.ckpt'"),
    ],
)
def test_what_cannot_be_is_said_at_the_door(option, value, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TSForecastError, match=message):
        train.run_training(["fit", "--config", "lstm", option, value])


def test_an_interrupted_run_says_so(tmp_path, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tsforecast.models.neural.training.module.NeuralModule.training_step", interrupt)
    assert main(["train", "fit", "--config", "lstm", *QUICK]) == 130
    assert "Stopped." in capsys.readouterr().err


def readout(path: Path) -> tuple[int, torch.Tensor]:
    checkpoint = torch.load(path)
    return checkpoint["epoch"], checkpoint["state_dict"]["network.members.readout"]


def test_help_is_plain_and_bad_usage_is_two(capsys):
    assert train.run_training(["--help"]) == 0
    assert "train fit --config" in capsys.readouterr().out
    assert train.run_training([]) == 2
    assert train.run_training(["bake"]) == 2
    assert "'bake' is neither fit nor validate" in capsys.readouterr().err


def test_help_of_fit_shows_a_configuration(capsys):
    assert train.run_training(["fit", "--help"]) == 0
    assert "hidden_size: 32" in capsys.readouterr().out


def test_every_option_can_be_asked_for(capsys):
    with pytest.raises(SystemExit) as left:
        train.run_training(["fit", "--help_all"])
    assert left.value.code == 0
    assert "--trainer.max_epochs" in capsys.readouterr().out


def test_help_imports_neither_torch_nor_lightning():
    code = (
        "import sys; from tsforecast.cli import train; train.run_training(['-h']); train.run_training(['fit', '-h']);"
        "print(sorted({'torch', 'pytorch_lightning'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "usage: tsforecast train" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_checkpoint_that_is_not_there_is_named():
    with pytest.raises(MissingFileError, match=r"'no\.ckpt'"):
        LSTM.from_checkpoint("no.ckpt")


def test_a_file_that_leaves_something_open_is_read_as_options_say(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    days = pd.date_range("2020-01-01", periods=12)
    rows = "".join(f"0{k};{day:%d/%m/%Y};{i}.{i % 10}00\n" for k in (1, 2) for i, day in enumerate(days, 1))
    Path("my.csv").write_text("sep=;\nshop;date;sales\n" + rows, encoding="utf-8")
    given = ["fit", "--config", "lstm", "--data.source", "my.csv", *QUICK]
    for named, option in [
        ("--id_col", ["--id_col", "shop", "--time_col", "date", "--target_col=sales"]),
        ("--day_first", ["--day_first", "yes"]),
        ("--thousands", ["--thousands", "."]),
    ]:
        assert main(["train", *given]) == 2
        assert named in capsys.readouterr().err
        given += option
    assert main(["train", *given]) == 0
    assert "'02/01/2020' is 2020-01-02" in capsys.readouterr().err
    assert LSTM.from_checkpoint(checkpoint_of(tmp_path)).predict(1).ids.tolist() == ["01", "02"]


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (["--day_first", "maybe"], "--day_first maybe: this is no yes or no"),
        (["--gaps", "never"], "--gaps"),
        (["--missing"], "--missing"),
    ],
)
def test_an_option_of_reading_that_cannot_be_used_is_told_in_one_line(option, told, capsys):
    with pytest.raises(SystemExit) as leave:
        main(["train", "fit", "--config", "lstm", *option])
    assert leave.value.code == 2
    error = capsys.readouterr().err
    assert told in error and error.startswith("tsforecast train: error: ") and error.count("\n") == 1


def test_options_of_reading_are_for_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError, match="'airline' is a data set"):
        train.run_training(["fit", "--config", "lstm", "--gaps", "nan"])


@pytest.mark.slow
def test_a_disk_that_is_full_leaves_the_checkpoints_before_and_no_cut_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["fit", "--config", "lstm", *QUICK, "--trainer.max_epochs", "1"]
    assert train.run_training(command) == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert checkpoint_of(tmp_path) in before
    for at in (2, 3, 5, 8):  # of the two checkpoints that are written: to open, to write, to name; to write the second
        disk = FailingDisk(tmp_path, at, "full")
        with pytest.MonkeyPatch.context() as patch:
            disk.patch(patch)
            with pytest.raises(RunFolderError, match=r"runs.*No space left on device"):
                train.run_training([*command, "--model.hidden_size", "5"])
        assert disk.n_done >= at and not disk.elsewhere
        after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert set(after) == set(before) and after[checkpoint_of(tmp_path)] == before[checkpoint_of(tmp_path)]
        assert [LSTM.from_checkpoint(path).hidden_size for path in after]  # all are whole
