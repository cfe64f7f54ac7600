"""What is fuzzed: from any bytes to a result, or to an error of this package. Anything else is a bug."""

import contextlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from tsforecast.exceptions import TSForecastError

LARGEST = 1 << 16  # bytes: a reader is not tried with files that only take long


@contextlib.contextmanager
def _file(content: bytes, suffix: str):
    """A file of these bytes in the current folder, for the time of the block; nothing else may be written there."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, contextlib.chdir(folder):
        path = Path(folder) / f"given{suffix}"
        path.write_bytes(content[:LARGEST])
        yield path
        assert list(Path(folder).iterdir()) == [path] and path.read_bytes() == content[:LARGEST]


def read_csv(content: bytes) -> None:
    """`tsforecast.read` of a CSV file: a panel whose values are finite or nan, or an error of ours."""
    from tsforecast import read

    with _file(content, ".csv") as path, contextlib.suppress(TSForecastError):
        panel = read(path)
        assert len(panel.values) == len(panel.times) > 0
        assert not (abs(panel.values) == float("inf")).any()


def read_config(content: bytes) -> None:
    """A configuration of ``tsforecast backtest`` up to its models: nothing is built that is no model."""
    from tsforecast.base import BaseForecaster
    from tsforecast.cli.backtest import build_parser
    from tsforecast.cli.models import parse_models

    with _file(content, ".yaml") as path, contextlib.suppress(TSForecastError, SystemExit):
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            given = build_parser().parse_args(["--config", str(path)])
        models = parse_models(given.models or ["Naive"])
        assert all(isinstance(model, BaseForecaster) for model in models.values())


def load_checkpoint(content: bytes) -> None:
    """`LSTM.from_checkpoint` of a file: a forecaster, or an error of ours that names the file."""
    from tsforecast import LSTM

    with _file(content, ".ckpt") as path:
        try:
            LSTM.from_checkpoint(path)
        except TSForecastError as error:
            assert path.name in str(error)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "csv": read_csv,
    "config": read_config,
    "checkpoint": load_checkpoint,
}
