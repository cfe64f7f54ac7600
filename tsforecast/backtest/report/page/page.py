"""The page: everything a finished run tells, in one HTML file that needs nothing else."""

from typing import Any

from tsforecast.backtest.report.cautions import cautions
from tsforecast.backtest.report.conditions import conditions, model_calls
from tsforecast.backtest.report.explained import explanation_sentences
from tsforecast.backtest.report.fits import fit_sentences
from tsforecast.backtest.report.meanings import metric_lines
from tsforecast.backtest.report.page.board import board_table
from tsforecast.backtest.report.page.browser import series_browser
from tsforecast.backtest.report.page.environment import asset, environment, hash_of
from tsforecast.backtest.report.page.fit_pictures import fit_pictures, fit_table
from tsforecast.backtest.report.page.looks import looks_of
from tsforecast.backtest.report.page.pictures import (
    analysis_pictures,
    error_pictures,
    is_small,
    opening_picture,
    quietly,
    series_pictures,
)
from tsforecast.backtest.report.page.subject import PageSubject, subject_of
from tsforecast.backtest.report.page.tables import cost_table, kind_table, part_skill_table, rank_table
from tsforecast.backtest.report.page.words import (
    command,
    data_lines,
    kicker,
    part_lines,
    verdict_sentences,
    versions,
)
from tsforecast.backtest.report.sentences import who_wins
from tsforecast.backtest.report.troubles import failure_table, missing_sentence, warning_table
from tsforecast.backtest.result.data import RunData
from tsforecast.plots.style import css_variables

_TOO_LARGE = (
    "Errors by step and the reliability of intervals are not drawn for a run of this size; result.plot_steps() and "
    "result.plot_calibration() draw them when asked."
)


def html_page(run: RunData) -> str:
    """The run as one HTML page. Equal runs give equal pages, apart from the section on cost."""
    subject = subject_of(run)
    content = _frame(run) | _opening(subject) | _series(subject) | _analyses(subject) | _rest(run)
    content["contents"] = _contents(content)
    with quietly():
        return environment().get_template("page.html").render(page=content) + "\n"


def _frame(run: RunData) -> dict[str, Any]:
    """What stands around the sections: style, script, colours."""
    script = asset("script.js")
    return {
        "title": kicker(run),
        "kicker": kicker(run),
        "style": asset("style.css"),
        "script": script,
        "script_hash": hash_of(script),
        "light": css_variables(dark=False),
        "dark": css_variables(dark=True),
        "looks": looks_of(run.models),
        "version": run.manifest["identity"].get("packages", {}).get("tsforecast", ""),
    }


def _opening(subject: PageSubject) -> dict[str, Any]:
    """The verdict with a picture, and the board."""
    run, board = subject.run, subject.board
    told = verdict_sentences(subject)
    n_all = run.n_series * run.n_windows
    return {
        "headline": who_wins(run, board),
        "verdict": told,
        "cautions": cautions(run, board) if told else [],
        "fan": None if subject.order is None else opening_picture(run, subject.best, subject.order),
        "board": board_table(run, board),
        "missing": missing_sentence(board, n_all),
        "metrics": metric_lines(run),
        "ranked": subject.ranked,
    }


def _series(subject: PageSubject) -> dict[str, Any]:
    """Pictures of single series, and the browser of all."""
    if subject.order is None:
        return {"series": [], "browser": None, "browser_note": "", "errors": []}
    run, order = subject.run, subject.order
    browser = series_browser(run, subject.ranked, looks_of(run.models), order) if run.n_series > 1 else None
    return {
        "series": series_pictures(run, subject.ranked, order),
        "browser": None if browser is None else browser.data,
        "browser_note": "" if browser is None else browser.left_out,
        "errors": error_pictures(run, subject.ranked),
    }


def _analyses(subject: PageSubject) -> dict[str, Any]:
    """Pictures of what the numbers prove, each with its table where it has one."""
    run = subject.run
    if subject.order is None:
        return {"analyses": {}, "tables": {}, "not_drawn": "", "kinds": None}
    pictures = analysis_pictures(run)
    tables = {"ranks": rank_table, "cost": cost_table}
    return {
        "analyses": pictures,
        "tables": {name: [tables[name](run)] if name in tables else [] for name in pictures},
        "not_drawn": "" if is_small(run) else _TOO_LARGE,
        "kinds": kind_table(run),
    }


def _rest(run: RunData) -> dict[str, Any]:
    """Parts and fits of models, what went wrong, and how to repeat the run."""
    failures, warned = failure_table(run), warning_table(run)
    return {
        "parts": part_lines(run),
        "part_table": part_skill_table(run),
        "fits": fit_pictures(run),
        "fit_lines": [*fit_sentences(run), *explanation_sentences(run)],
        "fit_table": fit_table(run),
        "data": data_lines(run),
        "failures": failures if len(failures) else None,
        "warnings": warned if len(warned) else None,
        "command": command(run),
        "conditions": conditions(run),
        "calls": model_calls(run),
        "versions": versions(run),
    }


def _contents(content: dict[str, Any]) -> list[tuple[str, str]]:
    """The sections that there are, in order, for the list at the top."""
    named = {"steps": "Steps", "intervals": "Intervals", "ranks": "Ranks", "cost": "Cost", "seeds": "Seeds"}
    return [
        ("verdict", "Verdict"),
        ("board", "Board"),
        *([("series", "Series")] if content["series"] else []),
        *([("errors", "Errors")] if content["errors"] else []),
        *((name, title) for name, title in named.items() if name in content["analyses"]),
        *([("parts", "Parts")] if content["parts"] else []),
        *([("fits", "Fits")] if content["fits"] or content["fit_lines"] else []),
        ("data", "Data"),
        ("repeat", "Repeat"),
    ]
