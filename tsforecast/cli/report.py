"""``tsforecast report RUN``: show a finished run again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from tsforecast.backtest.backtest_result import BacktestResult

_FILE_WIDTH = 160  # columns where the output is not a terminal


def show_report(arguments: list[str]) -> int:
    """Run ``tsforecast report`` and return its exit code."""
    parser = argparse.ArgumentParser("tsforecast report", description="Show a finished run again.")
    parser.add_argument("run", type=Path, help="run folder")
    given = parser.parse_args(arguments)
    from tsforecast.backtest.backtest_result import BacktestResult
    from tsforecast.exceptions import RunFolderError

    result = BacktestResult.load(given.run)
    try:
        result.write_summary(given.run)
    except RunFolderError as error:  # the result is shown anyway
        print(f"tsforecast: summary.md was left as it is: {error}", file=sys.stderr)
    print_result(result, given.run.name, given.run)
    return 0


def print_result(result: BacktestResult, title: str, folder: Path) -> None:
    """Print the ranking of a run, the winner, the failures, and the path of the results."""
    from rich.text import Text

    from tsforecast.backtest.report.cautions import cautions
    from tsforecast.backtest.report.sentences import headline, refit_sentence, verdicts, who_wins
    from tsforecast.backtest.report.skipped import is_skipped, skipped_sentence
    from tsforecast.backtest.report.timings import with_seconds
    from tsforecast.cli.next_steps import after_backtest

    console = _console()
    board = result.leaderboard()
    rows = with_seconds(headline(result.run, board), board)
    config = result.config
    plural = "" if config["n_windows"] == 1 else "s"
    shown = f"{result.n_series} series, {config['n_windows']} cutoff{plural}, horizon {config['horizon']}"
    console.print()
    console.print(_table(rows, f"{title}: {shown}"))
    console.print(Text(who_wins(result.run, board), style="bold"))
    decided = verdicts(result.run, board)
    for k, verdict in enumerate(decided):
        share = f" {verdict.share_sentence}" if k == 0 else ""
        console.print(Text(f"{verdict.sentence}{share}"))
    for sentence in _besides(result, board) if decided else []:
        console.print(Text(sentence))
    for caution in cautions(result.run, board):
        console.print(Text(f"  ! {caution}"))
    if rows.map(lambda cell: " ± " in cell).any(axis=None):
        console.print(Text("± is the standard deviation over seeds.", style="dim"))
    console.print(Text(refit_sentence(config["refit"]), style="dim"))
    if config["audit"]:
        console.print(Text("Audited: no forecast changed when the values after its cutoff did.", style="dim"))
    if told := skipped_sentence(result.run):
        console.print(Text(told, style="yellow"))
    failed = result.failures[~is_skipped(result.run)]
    if len(failed):
        console.print(Text(_failure_line(failed), style="red"))
    if len(result.warnings):
        total = int(result.warnings["count"].sum())
        console.print(Text(f"{total} warnings while fitting; timings.md counts them.", style="dim"))
    console.print(
        Text(f"Results: {folder} (summary.md, timings.md, forecasts, scores, failures)", style="dim"), soft_wrap=True
    )
    for line in after_backtest(result, folder):
        console.print(Text(line), soft_wrap=True)


def _besides(result: BacktestResult, board: pd.DataFrame) -> list[str]:
    """What follows the verdicts: which models may be the best, and what their parts are worth."""
    from tsforecast.backtest.report.parts import part_sentences
    from tsforecast.backtest.report.sentences import better_than_baseline, nested_sentence, set_sentence

    parts = part_sentences(result.run, better_than_baseline(result.run))
    return [text for text in (set_sentence(result.run), nested_sentence(result.run, board), *parts) if text]


def _table(rows: pd.DataFrame, title: str) -> Table:
    """The ranking for a terminal, the winner in bold."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in rows.columns:
        table.add_column(column, justify="left" if column == "Model" else "right", no_wrap=True)
    for i, row in enumerate(rows.itertuples(index=False)):
        table.add_row(*(Text(str(cell)) for cell in row), style="bold" if i == 0 else "")
    return table


def _failure_line(failed: pd.DataFrame) -> str:
    counts = failed["model"].value_counts(sort=False)
    shown = ", ".join(f"{model} {n}" for model, n in counts.items())
    first = str(failed["message"].iloc[0]).splitlines()[0]
    return f"Forecasts that failed: {shown}; the first: {first}"


def _console() -> Console:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=_FILE_WIDTH)
