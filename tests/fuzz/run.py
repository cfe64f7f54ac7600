"""Fuzz one target, guided by coverage: ``python tests/fuzz/run.py csv -max_total_time=60 CORPUS``; needs atheris.

``make fuzz`` runs all of them. A file that breaks one is written beside the corpus; put it there once it is mended.
"""

import importlib
import logging
import random
import sys
import warnings
from collections.abc import Callable
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
    kernels = Path(__file__).parents[2] / "tsforecast" / "kernels"  # numba cannot compile code that counts its steps
    spared = [f"tsforecast.kernels.{path.stem}" for path in kernels.glob("*.py")]
    with atheris.instrument_imports(include=["tsforecast"], exclude=spared):
        for name in INSTRUMENTED:
            importlib.import_module(name)
    name = sys.argv.pop(1)
    targets = importlib.import_module("targets")
    options = {"custom_mutator": mutator()} if name == "checkpoint" else {}
    atheris.Setup([*sys.argv, f"-max_len={targets.LARGEST}"], targets.TARGETS[name], **options)
    atheris.Fuzz()


def mutator() -> Callable[[bytes, int, int], bytes]:
    """What changes checkpoints; a trained one is put into the first folder of the corpus to begin with."""
    checkpoints = importlib.import_module("checkpoints")
    folder = next(Path(text) for text in sys.argv[1:] if not text.startswith("-"))
    (folder / "trained").write_bytes(checkpoints.trained_checkpoint())

    def change(part: bytes) -> bytes:
        return bytes(atheris.Mutate(part, len(part) + 64))

    def mutate(content: bytes, most: int, seed: int) -> bytes:
        return checkpoints.changed(bytes(content), random.Random(seed), change)[:most]

    return mutate


if __name__ == "__main__":
    main()
