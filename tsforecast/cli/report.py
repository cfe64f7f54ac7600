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

_FILES = {"html": "report.html", "md": "summary.md", "pdf": "report.pdf", "latex": "report.tex"}
_DESCRIPTION = """\
Show a finished run again, and write its page and summary anew; with --format write one of them: the page (html), the
summary (md), a PDF with the same pictures (pdf), or the ranking as a LaTeX table (latex)."""
_FILE_WIDTH = 160  # columns where the output is not a terminal


def show_report(arguments: list[str]) -> int:
    """Run ``tsforecast report`` and return its exit code."""
    parser = argparse.ArgumentParser("tsforecast report", description=_DESCRIPTION)
    parser.add_argument("run", type=Path, help="run folder")
    parser.add_argument("--format", choices=list(_FILES), help="write this alone, and print its path")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to; in the run folder where it is not given")
    given = parser.parse_args(arguments)
    if given.output is not None and given.format is None:
        parser.error(f"--output needs a --format: one of {', '.join(_FILES)}")
    from tsforecast.backtest.backtest_result import BacktestResult

    result = BacktestResult.load(given.run)
    if given.format is not None:
        _write_report(result, given.format, given.run, given.output)
        return 0
    write_summary(result, given.run)
    print_result(result, given.run.name, given.run)
    return 0


def write_summary(result: BacktestResult, folder: Path) -> None:
    """Write summary and page of a run; where the folder cannot be written this is said, and the result shown anyway."""
    from tsforecast.exceptions import RunFolderError

    try:
        result.write_summary(folder)
    except RunFolderError as error:
        print(f"tsforecast: summary.md and report.html were left as they are: {error}", file=sys.stderr)


def _write_report(result: BacktestResult, form: str, folder: Path, output: Path | None) -> None:
    """Write a report in one format, into the run folder with its checksum or into another file; print its path."""
    from tsforecast.backtest.report.summary import markdown
    from tsforecast.backtest.store.files import write_bytes
    from tsforecast.backtest.store.run_files import write_page

    content: str | bytes
    if form == "html":
        content = result.to_html()
    elif form == "md":
        content = markdown(result.run)
    elif form == "pdf":
        content = result.to_pdf()
    else:
        content = result.to_latex()
    if output is None:
        write_page(result.run, folder, _FILES[form], content)
    else:
        write_bytes(output, content.encode(errors="replace") if isinstance(content, str) else content)
    print(output or folder / _FILES[form])


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
        Text(f"Results: {folder} (report.html, summary.md, timings.md, forecasts, scores, failures)", style="dim"),
        soft_wrap=True,
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
