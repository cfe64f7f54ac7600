"""``tsforecast train``: LightningCLI(recurrent_module, StreamDataModule)."""

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tsforecast.cli.next_steps import after_train
from tsforecast.cli.reading import log_on_stderr, with_reading
from tsforecast.cli.train_config import check_classes, check_text
from tsforecast.exceptions import MissingFileError, ParameterError, RunFolderError, TSForecastError

_USAGE = """\
usage: tsforecast train {fit,validate} --config FILE [options]

Trains a recurrent network as a Lightning configuration says. Ready ones are in configs/train: lstm, gru, rnn.

  tsforecast train fit --config configs/train/lstm.yaml
  tsforecast train fit --config configs/train/lstm.yaml --data.source my.csv --trainer.max_epochs 50
  tsforecast train fit --config lstm --data.source shop.csv --time_col date --day_first yes --decimal ,
  tsforecast train fit --config lstm                      the bundled configuration of this name
  tsforecast train fit --config lstm --data.source my.csv --data.too_short skip     series too short are left out
  tsforecast train fit --help                             the options that matter most, in a configuration
  tsforecast train fit --help_all                         every option that Lightning takes

Options that tell how a file is read are those of tsforecast backtest: --id_col, --time_col, --target_col, --freq,
--gaps, --covariates, --past_covariates, --calendar, --covariate_gaps, --static, --drop, --sort, --duplicates,
--revision_col, --as_of, --header, --separator, --encoding, --decimal, --thousands, --day_first, --time_format,
--skip_rows, --skip_lines, --missing, --sheet; in a configuration they stand under data, reading.

The checkpoint it writes is read by LSTM.from_checkpoint(path).predict(horizon)."""


def run_training(args: list[str]) -> int:
    """Run ``tsforecast train`` and return its exit code: 0, or 2 for bad usage.

    Examples
    --------
    >>> run_training(["bake"])  # prints a line on stderr
    2
    """
    if not args or args[0] in ("-h", "--help"):
        print(_USAGE)
        return 0 if args else 2
    if args[0] not in ("fit", "validate"):
        print(f"tsforecast train: error: {args[0]!r} is neither fit nor validate.", file=sys.stderr)
        return 2
    if {"-h", "--help"} & set(args):
        print(
            f"{_USAGE}\n\nThe bundled configuration lstm; --data.source, --model.lr and so on override a line of it:\n"
        )
        print(_bundled("lstm").read_text())
        return 0
    with log_on_stderr():
        return _lightning(["--help" if value == "--help_all" else value for value in with_reading(_with_bundled(args))])


def _bundled(name: str) -> Path:
    from tsforecast._resources import bundled

    return bundled("configs") / "train" / f"{name}.yaml"


def _with_bundled(args: list[str]) -> list[str]:
    """The arguments with the path of the bundled configuration in place of a name such as ``--config lstm``."""
    out = list(args)
    for i, value in enumerate(out[1:], start=1):
        name = value.removeprefix("--config=")
        if (out[i - 1] in ("--config", "-c") or name != value) and not Path(name).exists():
            found = _bundled(Path(name).stem)
            if found.is_file():
                out[i] = value.replace(name, str(found))
    return out


def _configurations(args: list[str]) -> list[Path]:
    """Existing files given with ``--config``."""
    named = [value.removeprefix("--config=") for value in args if value.startswith("--config=")]
    named += [value for before, value in itertools.pairwise(args) if before in ("--config", "-c")]
    return [Path(name) for name in named if Path(name).is_file()]


def _lightning(args: list[str]) -> int:
    import warnings

    from tsforecast.models.neural.training.quiet import interruptible, quiet_torch

    for path in _configurations(args):
        check_text(path)
    with quiet_torch(0), interruptible(), warnings.catch_warnings():
        try:
            _run(args)
        except TSForecastError:
            raise
        except OSError as error:  # for example, the disk is full or read-only
            raise RunFolderError(f"The run cannot read or write a file: {error}") from error
    return 0


def _run(args: list[str]) -> None:
    from pytorch_lightning import Trainer
    from pytorch_lightning.cli import ArgsType, LightningArgumentParser, LightningCLI
    from pytorch_lightning.plugins.io import TorchCheckpointIO

    from tsforecast.models.neural.batches.datamodule import StreamDataModule
    from tsforecast.models.neural.forecasting.writing import WholeCheckpointIO
    from tsforecast.models.neural.training.stock_module import recurrent_module

    class Command(LightningCLI):
        def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
            try:
                super().parse_arguments(parser, args)
            except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
                raise ParameterError(f"The configuration cannot be used: {error}") from error

        def before_instantiate_classes(self) -> None:
            check_classes(self.config[self.subcommand])
            path = self.config[self.subcommand].ckpt_path
            if path not in (None, "best", "last", "hpc") and not Path(path).is_file():
                raise MissingFileError(f"There is no checkpoint {path!r}.")

        def instantiate_trainer(self, **kwargs: Any) -> Trainer:
            trainer = super().instantiate_trainer(**kwargs)
            if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:  # unless the user chose another
                trainer.strategy.checkpoint_io = WholeCheckpointIO()
            return trainer

        def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
            for name in ("input_size", "horizon", "loss"):
                parser.link_arguments(f"data.{name}", f"model.{name}", apply_on="instantiate")

    cli = Command(
        recurrent_module,
        StreamDataModule,
        args=args,
        save_config_callback=None,
        seed_everything_default=False,
        parser_kwargs={"prog": "tsforecast train"},
    )
    if cli.trainer.is_global_zero:
        _print_paths(cli.trainer.checkpoint_callbacks, cli.model)


def _print_paths(callbacks: Sequence[Any], module: Any) -> None:
    paths = [path for callback in callbacks if (path := getattr(callback, "best_model_path", ""))]
    for path in paths:
        print(f"checkpoint: {path}")
    if paths:
        print(after_train(paths[-1], module.spec.network.__name__, dict(module.spec.settings)))
