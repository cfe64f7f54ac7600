"""How much of the package a call walks through: its files, its functions, and how deep they call each other.

    python benchmarks/house_walk.py

Two walks are traced: from a CSV file over a backtest in this process to the leaderboard, and the fit of a network for
one epoch. Every module is imported and every walk taken once before the one that counts, so that imports, compilation
and what is computed once in a process are left out. Functions are those written with def: neither lambdas nor
comprehensions, nor compiled kernels, which Python does not see. Depth counts frames of the package on one thread's
stack; what lies between them (scikit-learn, Lightning, torch) does not count.

Set PYTHONPATH to another checkout to measure that one; see docs/house.md for results.
"""

import importlib
import inspect
import logging
import pkgutil
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType

import numpy as np
import pandas as pd

import tsforecast
from tsforecast import LSTM, SARIMA, SeasonalNaive
from tsforecast.backtest import RollingOrigin, backtest

PACKAGE = str(Path(tsforecast.__file__).parent)
N_OBS = 72


class Trace:
    """Counts the functions of the package that are called, and their greatest depth on one thread's stack."""

    def __init__(self) -> None:
        self.functions: set[CodeType] = set()
        self.depth = 0
        self._of_thread = threading.local()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event not in ("call", "return") or not code.co_filename.startswith(PACKAGE) or code.co_name[0] == "<":
            return
        depth = getattr(self._of_thread, "depth", 0) + (1 if event == "call" else -1)
        self._of_thread.depth = depth
        if event == "call" and code.co_flags & inspect.CO_OPTIMIZED:  # the body of a class is not
            self.functions.add(code)
            self.depth = max(self.depth, depth)

    @property
    def files(self) -> set[str]:
        return {code.co_filename for code in self.functions}


def trace(walk: Callable[[], object]) -> Trace:
    found = Trace()
    threading.setprofile(found)
    sys.setprofile(found)
    try:
        walk()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return found


def csv_to_leaderboard(path: Path) -> None:
    panel = tsforecast.read(path)
    cv = RollingOrigin(horizon=6, n_windows=2)
    backtest([SeasonalNaive(), SARIMA()], panel, cv=cv, executor=None).leaderboard()


def main() -> None:
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    for module in pkgutil.walk_packages(tsforecast.__path__, "tsforecast."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    times = pd.date_range("2018-01-01", periods=N_OBS, freq="MS")
    season = 10 * np.sin(2 * np.pi * np.arange(N_OBS) / 12)
    y = pd.Series(100 + season + np.random.default_rng(0).normal(size=N_OBS), index=times)
    path = Path(tempfile.mkdtemp()) / "my.csv"
    y.rename_axis("ds").rename("y").to_csv(path)
    walks = {
        "my.csv to leaderboard": lambda: csv_to_leaderboard(path),
        "LSTM(max_epochs=1).fit(y)": lambda: LSTM(max_epochs=1).fit(y),
    }
    for name, walk in walks.items():
        walk()
        found = trace(walk)
        print(f"{name}: {len(found.files)} files, {len(found.functions)} functions, depth {found.depth}")
        if "--list" in sys.argv:
            for code in sorted(found.functions, key=lambda c: (c.co_filename, c.co_firstlineno)):
                print(f"    {code.co_filename.removeprefix(PACKAGE)}:{code.co_firstlineno} {code.co_qualname}")


if __name__ == "__main__":
    main()
