"""A small chart of one series for the terminal: the end of its history, the forecast and an interval."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from tsforecast._types import Bools, Floats

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille character, by row and column
_BRAILLE = 0x2800
_SHADES = ("░", ":")  # of the interval: unicode, ASCII
_MARKS = ("*", "o")  # history and forecast in ASCII
_LEAST_WIDTH = 30


@dataclasses.dataclass(frozen=True)
class ChartData:
    """What a chart shows of one series.

    Attributes
    ----------
    history : ndarray, shape (n_obs,)
        The last observations, nan where one is missing.
    mean, low, high : ndarray, each (horizon,)
        Point forecasts and the ends of an interval; nan ends where there is none.
    times : sequence of str, length 3
        The first time shown, the last observed one, and the last one forecast.
    """

    history: Floats
    mean: Floats
    low: Floats
    high: Floats
    times: Sequence[str]


@dataclasses.dataclass(frozen=True)
class Glyph:
    """One character of a chart, and what it shows: ``"history"``, ``"forecast"``, ``"interval"`` or ``""``."""

    text: str
    kind: str


def chart_rows(data: ChartData, width: int, height: int, decimals: int, *, unicode: bool = True) -> list[list[Glyph]]:
    """The rows of a chart, top first, with a scale on the left and times below.

    Parameters
    ----------
    data : ChartData
    width, height : int
        Characters of a row, and rows of the picture without those of the times.
    decimals : int
        Of the numbers of the scale.
    unicode : bool
        Whether braille characters can be shown; else ``*`` is history, ``o`` forecast and ``:`` interval.

    Examples
    --------
    >>> line = np.arange(8.0)
    >>> data = ChartData(line[:5], line[5:], line[5:] - 1, line[5:] + 1, ["1", "5", "8"])
    >>> for row in chart_rows(data, 30, 4, 0, unicode=False):
    ...     print("".join(cell.text for cell in row).rstrip())
    8 |                   ::::::oo
      |                oooooooooo:
      |     **********o   :::::
    0 |******
       1              5          8
    """
    low, high = _limits(data)
    labels = _labels(low, high, height, decimals)
    margin = max(map(len, labels)) + 2
    n_columns = max(width, _LEAST_WIDTH) - margin
    steps = data.history.size + data.mean.size
    fine = (2, 4) if unicode else (1, 1)  # dots of a character, by column and row
    canvas = _Canvas(n_columns * fine[0], height * fine[1], steps, (low, high))
    past = canvas.line(np.arange(data.history.size), data.history)
    begin = data.history.size
    joined = np.concatenate([data.history[-1:], data.mean])
    ahead = canvas.line(np.arange(begin - 1, steps), joined) & canvas.from_step(begin - 1)
    band = canvas.band(np.arange(begin, steps), data.low, data.high)
    rows = [
        [Glyph(f"{label:>{margin - 2}} |" if not unicode else f"{label:>{margin - 2}} ┤", ""), *cells]
        for label, cells in zip(labels, _cells(past, ahead, band, fine, unicode=unicode), strict=True)
    ]
    return [*rows, _time_row(data, margin, n_columns, canvas.column(begin - 1) // fine[0])]


class _Canvas:
    """Places of steps and values on a grid of dots ``(n_rows, n_columns)``, row 0 on top."""

    def __init__(self, n_columns: int, n_rows: int, n_steps: int, limits: tuple[float, float]) -> None:
        self.shape = (n_rows, n_columns)
        self._per_step = (n_columns - 1) / max(n_steps - 1, 1)
        self._limits = limits

    def column(self, step: float) -> int:
        """Column of a step."""
        return round(step * self._per_step)

    def rows(self, values: Floats) -> Floats:
        """Row of each value, as a real number."""
        low, high = self._limits
        return (self.shape[0] - 1) * (1 - (values - low) / (high - low))

    def line(self, steps: "np.ndarray[tuple[int], np.dtype[np.int64]]", values: Floats) -> Bools:
        """Dots of a line, which breaks where a value is missing."""
        dots = np.zeros(self.shape, dtype=bool)
        known = np.isfinite(values)
        for k in np.flatnonzero(known[:-1] & known[1:]).tolist():
            first, last = self.column(steps[k]), self.column(steps[k + 1])
            along = self.rows(np.linspace(values[k], values[k + 1], last - first + 1))
            for column, row in enumerate(along):
                begin = along[max(column - 1, 0)]  # so that a steep line has no holes
                top, bottom = sorted((round(float((begin + row) / 2)), round(float(row))))
                dots[top : bottom + 1, first + column] = True
        alone = known & ~np.r_[False, known[:-1]] & ~np.r_[known[1:], False]
        for k in np.flatnonzero(alone).tolist():
            dots[round(float(self.rows(values[k : k + 1])[0])), self.column(steps[k])] = True
        return dots

    def from_step(self, step: float) -> Bools:
        """True in the columns from a step on."""
        return np.broadcast_to(np.arange(self.shape[1]) >= step * self._per_step, self.shape)

    def band(self, steps: "np.ndarray[tuple[int], np.dtype[np.int64]]", low: Floats, high: Floats) -> Bools:
        """Dots between two lines."""
        if not (np.isfinite(low) & np.isfinite(high)).all():
            return np.zeros(self.shape, dtype=bool)
        columns = np.arange(self.column(steps[0]), self.shape[1])
        at = columns / max(self._per_step, 1e-9)
        top = np.floor(self.rows(np.interp(at, steps, high)))
        bottom = np.ceil(self.rows(np.interp(at, steps, low)))
        dots = np.zeros(self.shape, dtype=bool)
        rows = np.arange(self.shape[0])[:, None]
        dots[:, columns] = (rows >= top) & (rows <= bottom)
        return dots


def _limits(data: ChartData) -> tuple[float, float]:
    """Least and greatest value shown, apart from each other."""
    shown = np.concatenate([data.history, data.mean, data.low, data.high])
    shown = shown[np.isfinite(shown)]
    low, high = (float(shown.min()), float(shown.max())) if shown.size else (0.0, 1.0)
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _labels(low: float, high: float, height: int, decimals: int) -> list[str]:
    """The numbers of the scale: top, middle and bottom; empty texts between."""
    places = {0: high, height - 1: low} | ({height // 2: low + (high - low) * (height - 1 - height // 2) / (height - 1)}
                                           if height > 6 else {})  # fmt: skip
    return [f"{places[row]:,.{decimals}f}" if row in places else "" for row in range(height)]


def _cells(past: Bools, ahead: Bools, band: Bools, fine: tuple[int, int], *, unicode: bool) -> list[list[Glyph]]:
    """Characters of the dots: a line hides the interval behind it, and the forecast the history."""
    blocks = [_blocks(dots, fine) for dots in (past, ahead, band)]  # each (n_rows, n_columns, dots of a character)
    table = []
    for old, new, between in zip(*blocks, strict=True):
        row = []
        for k in range(len(old)):
            kind = "forecast" if new[k].any() else "history" if old[k].any() else ""
            if kind and unicode:
                row.append(Glyph(_braille(old[k] | new[k]), kind))
            elif kind:
                row.append(Glyph(_MARKS[kind == "forecast"], kind))
            elif 2 * between[k].sum() >= between[k].size:
                row.append(Glyph(_SHADES[not unicode], "interval"))
            else:
                row.append(Glyph(" ", ""))
        table.append(row)
    return table


def _blocks(dots: Bools, fine: tuple[int, int]) -> Bools:
    """Dots by character: ``(n_rows, n_columns, dots of a character)``."""
    across, down = fine
    rows, columns = dots.shape[0] // down, dots.shape[1] // across
    return dots.reshape(rows, down, columns, across).swapaxes(1, 2).reshape(rows, columns, down * across)


def _braille(dots: Bools) -> str:
    """The braille character of eight dots, row by row."""
    codes = [code for row in _DOTS for code in row]
    return chr(_BRAILLE + sum(code for code, is_set in zip(codes, dots, strict=True) if is_set))


def _time_row(data: ChartData, margin: int, n_columns: int, place: int) -> list[Glyph]:
    """The times below: the first, the last observed one under its place where there is room, and the last."""
    first, middle, last = data.times
    row = [" "] * n_columns
    row[: len(first)] = first
    begin = n_columns - len(last)
    row[begin:] = last
    start = min(max(place - len(middle) // 2, 0), n_columns - len(middle))
    if start > len(first) + 1 and start + len(middle) < begin - 1:
        row[start : start + len(middle)] = middle
    return [Glyph(" " * margin + "".join(row), "")]
