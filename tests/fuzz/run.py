"""Fuzz one target, guided by coverage: ``python tests/fuzz/run.py csv -max_total_time=60 CORPUS``; needs atheris.

``make fuzz`` runs all of them. A file that breaks one is written beside the corpus; put it there once it is mended.
"""

import importlib
import logging
import sys
import warnings
from pathlib import Path

import atheris

INSTRUMENTED = (
    "tsforecast.data.read",
    "tsforecast.cli.backtest",
    "tsforecast.cli.models",
    "tsforecast.models.neural.forecasting.checkpoint",
)


def main() -> None:
    """Hand the target that the first argument names to atheris, with the arguments after it."""
    warnings.simplefilter("ignore")
    logging.disable()
    sys.path.insert(0, str(Path(__file__).parent))
    with atheris.instrument_imports(include=["tsforecast"]):
        for name in INSTRUMENTED:
            importlib.import_module(name)
    target = importlib.import_module("targets").TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
