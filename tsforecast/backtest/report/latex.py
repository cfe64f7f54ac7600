r"""The leaderboard as a LaTeX table with the rules of ``booktabs``."""

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tsforecast._texts import number_text, spread_text
from tsforecast._types import Bools, Floats
from tsforecast.backtest.plan.ranking import ranking_metric
from tsforecast.backtest.report.latex_text import escape
from tsforecast.backtest.report.sentences import shown_metrics
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.labels import By
from tsforecast.backtest.result.leaderboard import leaderboard, usual_baseline
from tsforecast.exceptions import ParameterError, UnknownNameError
from tsforecast.metrics.metric import Best

_ALWAYS = ("model", "stratum")  # columns that every table has
_LABEL = re.compile(r"[A-Za-z0-9 :;.+/_*'()@!?=-]+")


@dataclasses.dataclass(frozen=True)
class _Column:
    """How a column of the leaderboard is printed: the best of its values is bold, if any is best."""

    title: str
    decimals: int
    best: Best = None
    sign: str = ""  # of positive numbers


def latex_table(
    run: RunData,
    by: By = None,
    *,
    metric: str | None = None,
    columns: Sequence[str] | None = None,
    caption: str | None = None,
    label: str | None = None,
) -> str:
    """The leaderboard as a LaTeX table; see `BacktestResult.to_latex`."""
    if label is not None and not (isinstance(label, str) and _LABEL.fullmatch(label)):
        raise ParameterError(f"label={label!r}: letters, digits and any of ' :;.+/_*()@!?=-' are needed.")
    board = leaderboard(run, by, metric=metric, spread_of=run.metrics)
    names = _usual_columns(run, board) if columns is None else _checked(columns, board)
    about = {name: _about(run, name, metric) for name in names}
    head = " & ".join(["Model", *(escape(column.title) for column in about.values())])
    lines = [rf"\begin{{tabular}}{{l{'r' * len(names)}}}", r"\toprule", rf"{head} \\", r"\midrule"]
    if "stratum" not in board:
        lines += _rows(board, about)
    for k, (stratum, own) in enumerate(board.groupby("stratum", sort=False) if "stratum" in board else ()):
        lines += [r"\addlinespace"] if k else []
        lines.append(rf"\multicolumn{{{len(names) + 1}}}{{l}}{{\textit{{{escape(str(stratum))}}}}} \\")
        lines += [rf"\quad {row}" for row in _rows(own, about)]
    return "\n".join(_in_table([*lines, r"\bottomrule", r"\end{tabular}"], caption, label)) + "\n"


def _usual_columns(run: RunData, board: pd.DataFrame) -> list[str]:
    names = [*shown_metrics(run), *(["skill"] if "skill" in board else [])]
    return [*names, "n_missing"] if (board["n_missing"] > 0).any() or not names else names


def _checked(columns: Sequence[str], board: pd.DataFrame) -> list[str]:
    if isinstance(columns, str) or not len(columns) or len(set(columns)) < len(columns):
        raise ParameterError(f"columns={columns!r}; a sequence of different columns of the leaderboard is needed.")
    known = [name for name in board.columns if name not in _ALWAYS]
    for name in columns:
        if name not in known:
            raise UnknownNameError(f"The leaderboard has no column {name!r}; there are {', '.join(known)}.")
    return list(columns)


def _about(run: RunData, name: str, metric: str | None) -> _Column:
    """How a column is printed."""
    if name in run.metrics:
        facts = run.facts[name]
        return _Column(facts.title, facts.decimals, facts.best)
    if name.removesuffix("_sd") in run.metrics:
        facts = run.facts[name.removesuffix("_sd")]
        return _Column(f"SD of {facts.title} over seeds", facts.decimals)
    ranking = run.facts[ranking_metric(run.facts, metric)] if run.metrics else None
    if name == "median" and ranking is not None:
        return _Column(f"Median {ranking.title}", ranking.decimals, ranking.best)
    known = {
        "rank": _Column("Rank", 0),
        "mean_rank": _Column("Mean rank", 2, "smallest"),
        "skill": _Column(f"Skill vs {usual_baseline(run.models)} (%)", 0, "greatest", "+"),
        "skill_low": _Column("Skill, low (%)", 0, None, "+"),
        "skill_high": _Column("Skill, high (%)", 0, None, "+"),
        "n_cells": _Column("Cells", 0),
        "n_missing": _Column("Missing", 0),
        "fit_seconds": _Column("Fit s", 2, "smallest"),
        "predict_seconds": _Column("Predict s", 2, "smallest"),
    }
    return known.get(name, _Column(name, 3))


def _rows(board: pd.DataFrame, about: dict[str, _Column]) -> list[str]:
    """The rows of one group of models; the best of each column is bold."""
    cells = [[escape(str(model)) for model in board["model"]]]
    cells += [_cells(board, name, column) for name, column in about.items()]
    return [" & ".join(row) + r" \\" for row in zip(*cells, strict=True)]


def _cells(board: pd.DataFrame, name: str, column: _Column) -> list[str]:
    values = board[name]
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return [escape(str(value)) for value in values]
    numbers: Floats = values.to_numpy(dtype=np.float64, na_value=np.nan)
    texts = [_number(value, column) for value in numbers]
    bold = _is_best(numbers, column)
    shown = [rf"\textbf{{{text}}}" if best else text for text, best in zip(texts, bold, strict=True)]
    return [text + after for text, after in zip(shown, _after(board, name, column), strict=True)]


def _after(board: pd.DataFrame, name: str, column: _Column) -> list[str]:
    """What stands behind the numbers: the standard deviation over seeds, or the ends of an interval."""
    if f"{name}_sd" in board:
        deviations = board[f"{name}_sd"]
        texts = [spread_text(v, sd, column.decimals) for v, sd in zip(board[name], deviations, strict=True)]
        return [rf" $\pm$ {escape(text.partition(' ± ')[2])}" if "±" in text else "" for text in texts]
    if {f"{name}_low", f"{name}_high"} <= set(board.columns):
        ends = board[[f"{name}_low", f"{name}_high"]].to_numpy(dtype=np.float64)
        return [f" ({_number(low, column)} to {_number(high, column)})" if low < high else "" for low, high in ends]
    return [""] * len(board)


def _number(value: float, column: _Column) -> str:
    if not np.isfinite(value):
        return "--"
    text = number_text(value, column.decimals)
    return text.replace("-", "$-$") if text.startswith("-") else column.sign + text


def _is_best(numbers: Floats, column: _Column) -> Bools:
    """Whether a number, as printed, is the best one: ``(n_models,)``; several may be."""
    printed = np.array([float(number_text(v, column.decimals)) if np.isfinite(v) else np.nan for v in numbers])
    known: Bools = np.isfinite(printed)
    if column.best is None or not known.any():
        return np.zeros(printed.size, dtype=bool)
    if isinstance(column.best, str):
        loss = -printed if column.best == "greatest" else printed
    else:
        loss = np.round(np.abs(printed - column.best), 9)
    return np.asarray(known & (loss == np.nanmin(loss)))


def _in_table(tabular: list[str], caption: str | None, label: str | None) -> list[str]:
    if caption is None and label is None:
        return tabular
    about = [] if caption is None else [rf"\caption{{{escape(str(caption))}}}"]
    about += [] if label is None else [rf"\label{{{label}}}"]
    return [r"\begin{table}", r"\centering", *about, *tabular, r"\end{table}"]
