"""A catalogue of 200 disturbed series: forty kinds of disturbance, each drawn from five seeds."""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from tsforecast.exceptions import UnusedRowWarning
from tsforecast.panel import Panel

N_SEEDS = 5
Rng = np.random.Generator


def _level(rng: Rng, n: int = 72) -> np.ndarray:
    return 60 + 6 * rng.standard_normal(n)


def _walk(rng: Rng, n: int = 72) -> np.ndarray:
    return 200 + np.cumsum(rng.standard_normal(n))


def _seasonal(rng: Rng, n: int = 84) -> np.ndarray:
    t = np.arange(n)
    return (100 + t) * (1 + 0.3 * np.sin(t * np.pi / 6)) + 2 * rng.standard_normal(n)


def _growth(rng: Rng, n: int) -> np.ndarray:
    return 10 * np.exp(np.cumsum(0.12 + 0.04 * rng.standard_normal(n)))


def _changed(y: np.ndarray, where: slice | int, how: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    y = y.astype(float)
    y[where] = how(y[where])
    return y


def _then(*parts: object) -> np.ndarray:
    return np.concatenate([np.atleast_1d(np.asarray(part, dtype=float)) for part in parts])


def _counts(rng: Rng, n: int = 72, mean: float = 3.0) -> np.ndarray:
    return rng.poisson(mean, n).astype(float)


def _intermittent(rng: Rng, n: int = 90) -> np.ndarray:
    return np.where(rng.random(n) < 0.15, rng.poisson(4, n) + 1.0, 0.0)


def _cumulative(rng: Rng, n: int = 90) -> np.ndarray:
    new = rng.poisson(40 * np.exp(-((np.arange(n) - 25) ** 2) / 100))
    return np.cumsum(new).astype(float)


KINDS: dict[str, Callable[[Rng], np.ndarray]] = {
    # a level that steps, ramps or breaks
    "step up": lambda g: _changed(_level(g), slice(45, None), lambda y: y + 500),
    "step up at the end": lambda g: _changed(_level(g), slice(-2, None), lambda y: y + 500),
    "step down": lambda g: _changed(_level(g) + 500, slice(50, None), lambda y: y - 500),
    "step to another order of size": lambda g: _changed(_level(g), slice(-6, None), lambda y: 40 * y),
    "ramp": lambda g: _then(_level(g, 50), 60 + 25 * np.arange(20) + g.standard_normal(20)),
    "growth, then a fall": lambda g: _changed(_growth(g, 30), slice(-4, None), lambda y: 0.4 * y),
    "growth, then a plateau": lambda g: _then(_growth(g, 26), 10 * np.exp(3.1) * (1 + 0.03 * g.standard_normal(6))),
    "short and growing": lambda g: _growth(g, 12),
    "short and falling": lambda g: _growth(g, 14)[::-1],
    "short with a break": lambda g: _then(_growth(g, 16), 10 * np.exp(1.2) * (1 + 0.05 * g.standard_normal(4))),
    # values that are wrong
    "spike in the middle": lambda g: _changed(_level(g), 36, lambda y: 6 * y),
    "last value x10": lambda g: _changed(_level(g), -1, lambda y: 10 * y),
    "last value x30": lambda g: _changed(_level(g), -1, lambda y: 30 * y),
    "last value x1000": lambda g: _changed(_level(g), -1, lambda y: 1000 * y),
    "middle value x10": lambda g: _changed(_seasonal(g), 50, lambda y: 10 * y),
    "middle value x1000": lambda g: _changed(_seasonal(g), 50, lambda y: 1000 * y),
    "last value over 1000": lambda g: _changed(_seasonal(g), -1, lambda y: y / 1000),
    "one wrong sign": lambda g: _changed(_seasonal(g), 60, lambda y: -y),
    "last sign wrong": lambda g: _changed(_seasonal(g), -1, lambda y: -y),
    "season twice": lambda g: _then(_seasonal(g)[:60], _seasonal(g)[48:60], _seasonal(g)[48:60]),
    # zeros and outages
    "zeros, then a jump": lambda g: _then(np.zeros(30), 1, g.integers(100, 200)),
    "zeros, then a start": lambda g: _then(np.zeros(40), _level(g, 12)),
    "small, then a jump": lambda g: _then(0.01 * np.exp(g.standard_normal(40)), 100 + g.standard_normal(4)),
    "outage to zero": lambda g: _changed(_seasonal(g), slice(40, 46), lambda y: 0 * y),
    "outage at the end": lambda g: _changed(_seasonal(g), slice(-3, None), lambda y: 0 * y),
    "closed for sixty steps": lambda g: _then(_counts(g, 80, 5.0), np.zeros(60)),
    "all zero": lambda _: np.zeros(40),
    "one sale": lambda g: _changed(np.zeros(60), int(g.integers(10, 50)), lambda y: y + 1),
    # counts and curves
    "counts": _counts,
    "rare counts": lambda g: _counts(g, 90, 0.4),
    "intermittent": _intermittent,
    "cumulative curve": _cumulative,
    "long flat curve": lambda g: _then(_cumulative(g), np.full(40, _cumulative(g)[-1])),
    # little or much variation
    "constant": lambda g: np.full(50, float(g.integers(1, 100))),
    "near constant": lambda g: 1e6 + 1e-3 * g.standard_normal(60),
    "variance x20": lambda g: _changed(_level(g), slice(40, None), lambda y: 60 + 20 * (y - 60)),
    "huge": lambda g: 1e12 * _walk(g),
    "tiny": lambda g: 1e-12 * _walk(g),
    # what is missing
    "stretch missing": lambda g: _changed(_seasonal(g), slice(30, 50), lambda y: np.nan * y),
    "end missing": lambda g: _changed(_seasonal(g), slice(-8, None), lambda y: np.nan * y),
}
HEALTHY: dict[str, Callable[[Rng], np.ndarray]] = {"level": _level, "walk": _walk, "seasonal": _seasonal}


def draw(kinds: dict[str, Callable[[Rng], np.ndarray]], freq: str = "MS", n_seeds: int = N_SEEDS) -> Panel:
    """The panel of some kinds: series ``"kind 0"`` to ``"kind 4"`` of each; they end at their last value."""
    frames = []
    for name, make in kinds.items():
        for seed in range(n_seeds):
            values = make(np.random.default_rng([seed, len(name)]))
            times = pd.date_range("1900-01-01", periods=values.size, freq=freq)
            frames.append(pd.DataFrame({"unique_id": f"{name} {seed}", "ds": times, "y": values}))
    with warnings.catch_warnings():  # series whose end is missing end before it
        warnings.simplefilter("ignore", UnusedRowWarning)
        return Panel.from_frame(pd.concat(frames), freq=freq, gaps="nan")
