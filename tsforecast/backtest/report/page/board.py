"""The board of a page: the printed leaderboard with the lengths of its bars and intervals."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tsforecast.backtest.report.sentences import headline, shown_metrics
from tsforecast.backtest.result.data import RunData

_FARTHEST = 3.0  # medians at which the longest bar ends, unless all end before
_BELOW, _LEAST = 3.0, 10.0  # the scale of skills ends so many times the best skill, in percent at least this, below 0


@dataclasses.dataclass(frozen=True)
class BoardCell:
    """A cell of the board.

    Attributes
    ----------
    text : str
    value : str
        What the column is sorted by; empty where there is no number.
    bar : float, optional
        Length of its bar in percent of the longest.
    beyond : bool
        Whether the number is too great for the bar.
    span : SkillSpan, optional
    """

    text: str
    value: str
    bar: float | None = None
    beyond: bool = False
    span: "SkillSpan | None" = None


@dataclasses.dataclass(frozen=True)
class SkillSpan:
    """An interval around a number, in percent of the width of its column.

    Attributes
    ----------
    at, low, high, zero : float
    is_inside, is_cut : bool
        Whether the number itself lies within the scale, and whether the interval does not.
    """

    at: float
    low: float
    high: float
    zero: float
    is_inside: bool
    is_cut: bool


@dataclasses.dataclass(frozen=True)
class BoardTable:
    """The board: titles of its columns, and one row a model.

    Attributes
    ----------
    titles : tuple of str
        The first two are those of rank and model.
    rows : tuple of (str, tuple of BoardCell)
        Model, then its cells, the rank first, without the name.
    """

    titles: tuple[str, ...]
    rows: tuple[tuple[str, tuple[BoardCell, ...]], ...]


def board_table(run: RunData, board: pd.DataFrame) -> BoardTable:
    """The leaderboard for a page: the same texts as in the terminal and the summary, with bars and intervals."""
    shown = headline(run, board)
    if not run.metrics:
        rows = [
            (model, (BoardCell("-", ""), BoardCell(str(n), str(n))))
            for model, n in board[["model", "n_missing"]].to_numpy()
        ]
        return BoardTable(("#", "Model", "Missing"), tuple(rows))
    columns = [[BoardCell(text, "" if text == "-" else text) for text in shown["#"]]]
    titles = [str(title) for title in shown.columns]
    metrics = shown_metrics(run)
    for title in titles[2:]:
        name = next((name for name in metrics if run.facts[name].title == title), None)
        texts = shown[title].tolist()
        if name is not None:
            columns.append(_metric_cells(texts, board[name], bars=name == run.ranking_metric))
        elif title == "Missing":
            columns.append([BoardCell(text, text) for text in texts])
        else:
            columns.append(_skill_cells(texts, board))
    order = _reading_order(titles, run.facts[run.ranking_metric].title)
    columns = [columns[0], *(columns[k - 1] for k in order)]
    rows = [(str(model), tuple(cells)) for model, *cells in zip(board["model"], *columns, strict=True)]
    return BoardTable((*titles[:2], *(titles[k] for k in order)), tuple(rows))


def _reading_order(titles: Sequence[str], ranks: str) -> list[int]:
    """Places of the columns after rank and model: what ranks and the skill come first."""
    places = range(2, len(titles))
    return sorted(places, key=lambda k: 0 if titles[k] == ranks else 1 if titles[k].startswith("Skill vs ") else 2)


def _metric_cells(texts: Sequence[str], values: "pd.Series[float]", *, bars: bool) -> list[BoardCell]:
    numbers = values.to_numpy(dtype=np.float64)
    known = numbers[np.isfinite(numbers)]
    drawn = bars and known.size > 0 and known.min() >= 0 and known.max() > 0
    longest = min(known.max(), _FARTHEST * np.median(known)) if drawn else 0.0
    longest = longest if longest > 0 else known.max() if drawn else 0.0
    cells = []
    for text, number in zip(texts, numbers, strict=True):
        value = f"{number:.10g}" if np.isfinite(number) else ""
        if drawn and value:
            length = float(min(100 * number / longest, 100.0))
            cells.append(BoardCell(text, value, round(length, 1), bool(number > longest * (1 + 1e-9))))
        else:
            cells.append(BoardCell(text, value))
    return cells


def _skill_cells(texts: Sequence[str], board: pd.DataFrame) -> list[BoardCell]:
    table = board[["skill", "skill_low", "skill_high"]].to_numpy(dtype=np.float64)
    known = table[np.isfinite(table)]
    if not known.size:
        return [BoardCell(text, "") for text in texts]
    high = max(known.max(), 0.0)
    low = max(min(known.min(), 0.0), -_BELOW * max(high, _LEAST))
    low, high = (low, high) if high > low else (-1.0, 1.0)
    margin = 0.04 * (high - low)
    low, high = low - margin, high + margin

    def place(value: float) -> float:
        return round(float(np.clip(100 * (value - low) / (high - low), 0, 100)), 1)

    cells = []
    for text, (skill, left, right) in zip(texts, table, strict=True):
        if not np.isfinite(skill):
            cells.append(BoardCell(text, ""))
            continue
        ends = (place(skill if np.isnan(left) else left), place(skill if np.isnan(right) else right))
        cut = bool(left < low)
        span = SkillSpan(place(skill), *ends, place(0.0), is_inside=bool(low <= skill <= high), is_cut=cut)
        cells.append(BoardCell(text, f"{skill:.10g}", span=span))
    return cells
