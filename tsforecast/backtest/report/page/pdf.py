"""The same as the page in a PDF, drawn by matplotlib alone: text and tables first, then a picture on each page."""

import io
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from tsforecast.backtest.report.cautions import cautions
from tsforecast.backtest.report.conditions import conditions, model_calls
from tsforecast.backtest.report.explained import explanation_sentences
from tsforecast.backtest.report.fits import fit_sentences
from tsforecast.backtest.report.page.fit_pictures import fit_pictures
from tsforecast.backtest.report.page.pictures import (
    Picture,
    analysis_pictures,
    error_pictures,
    opening_picture,
    quietly,
    series_pictures,
)
from tsforecast.backtest.report.page.subject import PageSubject, subject_of
from tsforecast.backtest.report.page.words import command, data_lines, kicker, part_lines, verdict_sentences, versions
from tsforecast.backtest.report.sentences import headline, who_wins
from tsforecast.backtest.report.troubles import failure_table, missing_sentence, warning_table
from tsforecast.backtest.result.data import RunData
from tsforecast.plots.canvas import drawing, new_figure, plain, short_name
from tsforecast.plots.style import FAINT, saving

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 8.27, 11.69  # inches of A4
_MARGIN, _LINE = 0.85, 0.2
_LETTERS = 92  # of a line of text
_NAME, _CELL = 26, 30  # letters of the first and of other columns of a table
_PICTURE = 7.6  # inches that a picture is wide


def pdf_pages(run: RunData) -> bytes:
    """The run as a PDF: text and tables on A4, then a page for each picture. Equal runs differ in the cost alone."""
    import matplotlib
    from matplotlib.backends.backend_pdf import PdfPages

    subject = subject_of(run)
    file = io.BytesIO()
    about = {"Title": kicker(run), "CreationDate": None}
    with quietly(), drawing(), matplotlib.rc_context(saving()), PdfPages(file, metadata=about) as pages:
        for figure in [*_text_pages(_lines(subject)), *map(_picture_page, _pictures(subject))]:
            pages.savefig(figure)
    return file.getvalue()


def _pictures(subject: PageSubject) -> list[Picture]:
    """All pictures of the page in its order."""
    run, order = subject.run, subject.order
    if order is None:
        return fit_pictures(run)
    fan = opening_picture(run, subject.best, order)
    analyses = analysis_pictures(run)
    order_shown = ("steps", "intervals", "ranks", "cost", "seeds")
    return [
        *([fan] if fan is not None else []),
        *series_pictures(run, subject.ranked, order),
        *error_pictures(run, subject.ranked),
        *(analyses[name] for name in order_shown if name in analyses),
        *fit_pictures(run),
    ]


def _lines(subject: PageSubject) -> list[tuple[str, str]]:
    """The text as lines with their kind: title, head, text, faint or table."""
    run, board = subject.run, subject.board
    told = verdict_sentences(subject)
    lines = [("faint", kicker(run)), *_wrapped("title", who_wins(run, board), 52), ("text", "")]
    lines += [line for sentence in told for line in [*_wrapped("text", sentence), ("text", "")]]
    sections: list[tuple[str, Sequence[str] | pd.DataFrame]] = [
        ("To bear in mind", cautions(run, board) if told else []),
        ("Board", headline(run, board)),
        ("", [text for text in [missing_sentence(board, run.n_series * run.n_windows)] if text]),
        ("What their parts are worth", part_lines(run)),
        ("What the fits found", fit_sentences(run)),
        ("What forecasts are made of", explanation_sentences(run)),
        ("Data", data_lines(run)),
        ("Failures", failure_table(run)),
        ("Warnings", warning_table(run)),
        ("How to repeat it", [command(run), *(line.replace("`", "") for line in conditions(run))]),
        ("", [f"{name}: {short_name(call, 600)}" for name, call in model_calls(run).items()]),
        ("", [f"{name}: {value}" for name, value in versions(run)]),
    ]
    for title, content in sections:
        if len(content):
            lines += [("text", ""), ("head", title)] if title else []
            lines += _table(content) if isinstance(content, pd.DataFrame) else _list(content)
    return lines


def _wrapped(kind: str, text: str, letters: int = _LETTERS) -> list[tuple[str, str]]:
    return [(kind, line) for line in textwrap.wrap(text, letters)]


def _list(texts: Sequence[str]) -> list[tuple[str, str]]:
    return [line for text in texts for line in _wrapped("text", text)]


def _table(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """A table as lines of cells, separated by tabs behind the places where they begin or end, in inches."""
    longest = [_CELL] * len(frame.columns)
    longest[0 if len(str(frame.columns[0])) > 1 else 1] = _NAME
    longest[-1] = 60 if frame.columns[-1] == "example" else _CELL
    cells = [[str(title) for title in frame.columns], *frame.astype(str).to_numpy().tolist()]
    rows = [[short_name(cell, most) for cell, most in zip(row, longest, strict=True)] for row in cells]
    widths = [max(len(row[k]) for row in rows) for k in range(len(longest))]
    return [
        ("table head" if k == 0 else "table", "\t".join(f"{w}\t{c}" for w, c in zip(widths, row, strict=True)))
        for k, row in enumerate(rows)
    ]


def _text_pages(lines: Sequence[tuple[str, str]]) -> "list[Figure]":
    """Lines of text on as many A4 pages as they need."""
    pages: list[Figure] = []
    y = 0.0
    for kind, text in lines:
        if not pages or y < _MARGIN:
            pages.append(new_figure(_WIDTH, _HEIGHT))
            y = _HEIGHT - _MARGIN
        y -= {"title": 0.34, "head": 0.3}.get(kind, _LINE)
        _put(pages[-1], kind, text, y)
    return pages


def _put(page: "Figure", kind: str, text: str, y: float) -> None:
    looks: dict[str, dict[str, Any]] = {
        "title": {"fontsize": 14.5, "fontweight": "bold"},
        "head": {"fontsize": 11, "fontweight": "bold"},
        "faint": {"fontsize": 9, "color": FAINT[0]},
        "table head": {"fontsize": 8, "color": FAINT[0], "fontweight": "bold"},
        "table": {"fontsize": 8},
    }
    look = looks.get(kind, {"fontsize": 9.5})
    if not kind.startswith("table"):
        page.text(_MARGIN / _WIDTH, y / _HEIGHT, plain(text), **look)
        return
    cells = text.split("\t")
    widths, texts = [int(width) for width in cells[::2]], cells[1::2]
    letter = min(0.075, (_WIDTH - 2 * _MARGIN) / (sum(widths) + 2 * len(widths)))  # inches of one
    x = _MARGIN
    for width, cell in zip(widths, texts, strict=True):
        page.text(
            x / _WIDTH, y / _HEIGHT, plain(cell), **look | {"fontsize": look["fontsize"] * min(letter / 0.068, 1)}
        )
        x += (width + 2) * letter


def _picture_page(picture: Picture) -> "Figure":
    """A picture with its title above and its words below, on a page of its own size."""
    figure = picture.figure
    width, height = figure.get_size_inches()
    height = height * _PICTURE / width * 0.85
    below = 0.35 + 0.18 * len(textwrap.wrap(picture.about, 100))
    total = height + 0.55 + below
    figure.set_size_inches(_WIDTH, total)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0.04, below / total, 0.92, height / total))  # type: ignore[call-arg]
    title = plain(short_name(picture.title, 80))
    figure.text(0.045, 1 - 0.36 / total, title, fontsize=11, fontweight="bold")
    about = "\n".join(textwrap.wrap(plain(picture.about), 100))
    figure.text(0.045, 0.16 / total, about, fontsize=8.5, color=FAINT[0], va="bottom")
    return figure
