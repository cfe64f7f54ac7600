"""Train, gap and test rows of the windows of a backtest, one row a cutoff."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index, Ints
from tsforecast.plots.canvas import plain
from tsforecast.plots.lines import plain_times, time_axis
from tsforecast.plots.style import MODEL_COLOURS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_MOST_NAMED = 16  # cutoffs with a label each


class Window(NamedTuple):
    """Rows to train on and rows to test on, both increasing."""

    train: Ints
    test: Ints


def windows_height(n_windows: int) -> float:
    """Inches that a picture of so many windows needs."""
    return 1.3 + min(0.26 * max(n_windows, 2), 4.5)


def draw_windows(ax: "Axes", times: Index, windows: Sequence[Window]) -> "dict[str, Artist]":
    """One row a window, the first on top; the artists of a legend by name."""
    from matplotlib import dates

    x = plain_times(times)
    numbers: Floats = dates.date2num(x) if x.dtype.kind == "M" else np.asarray(x, dtype=np.float64)
    edges = _edges(numbers)
    looks = {"train": (MODEL_COLOURS[0][0], 1.0), "gap": ("#c3c8cf", 1.0), "test": (MODEL_COLOURS[1][0], 1.0)}
    spans: dict[str, list[tuple[float, float, int]]] = {name: [] for name in looks}
    for row, (train, test) in enumerate(windows):
        for first, stop in _runs(train):
            spans["train"].append((edges[first], edges[stop], row))
        for first, stop in _runs(test):
            spans["test"].append((edges[first], edges[stop], row))
        if train.size and test.size and test[0] > train[-1] + 1:
            spans["gap"].append((edges[train[-1] + 1], edges[test[0]], row))
    found: dict[str, Artist] = {}
    for name, own in spans.items():
        if own:
            left, right, rows = (np.array(part, dtype=np.float64) for part in zip(*own, strict=True))
            bars = ax.barh(rows, right - left, 0.72, left, color=looks[name][0], linewidth=0, label=name)
            found[name] = bars[0]
    _row_labels(ax, times, windows)
    if x.dtype.kind == "M":
        ax.xaxis_date()
    time_axis(ax, times)
    ax.grid(False, axis="y")
    return found


def _row_labels(ax: "Axes", times: Index, windows: Sequence[Window]) -> None:
    every = -(-len(windows) // _MOST_NAMED)
    rows = range(0, len(windows), every)
    cutoffs = times.take([int(windows[row].train[-1]) for row in rows])
    ax.set_yticks(list(rows), [plain(text) for text in _written(cutoffs, times)])
    ax.set_ylim(len(windows) - 0.4, -0.6)


def _written(some: Index, times: Index) -> list[str]:
    """Times as short as they can be without losing anything."""
    if isinstance(some, pd.PeriodIndex):
        return [str(time) for time in some]
    if not isinstance(some, pd.DatetimeIndex) or not isinstance(times, pd.DatetimeIndex):
        return [str(time) for time in some]
    if (times.hour != times.hour[0]).any() or (times.minute != times.minute[0]).any():
        form = "%Y-%m-%d %H:%M"
    else:
        form = "%Y-%m" if (times.day == times.day[0]).all() or times.is_month_end.all() else "%Y-%m-%d"
    return [time.strftime(form) for time in some]


def _runs(rows: Ints) -> list[tuple[int, int]]:
    """Runs of successive rows as first and stop."""
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    return [(int(part[0]), int(part[-1]) + 1) for part in np.split(rows, breaks) if part.size]


def _edges(numbers: Floats) -> Floats:
    """Bounds halfway between times, and as far beyond the first and last: ``(n,)`` -> ``(n + 1,)``."""
    if numbers.size == 1:
        return np.array([numbers[0] - 0.5, numbers[0] + 0.5])
    middle = (numbers[1:] + numbers[:-1]) / 2
    return np.concatenate([[2 * numbers[0] - middle[0]], middle, [2 * numbers[-1] - middle[-1]]])
