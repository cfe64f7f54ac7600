"""All series of a run as compact JSON, from which a small script draws the one that is chosen."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from tsforecast._texts import number_text
from tsforecast._types import Floats
from tsforecast.backtest.report.page.chosen import SeriesOrder
from tsforecast.backtest.report.page.looks import Look
from tsforecast.backtest.report.page.paths import Paths, read_paths
from tsforecast.backtest.result.data import RunData
from tsforecast.panel.times.shown import time_text
from tsforecast.plots.canvas import short_name

_LETTERS = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", dtype=np.uint8)
_NONE, _STEPS = 4095, 4094  # of twelve bits: no value, and the greatest
_OVERHEAD = 100  # letters of a series beside its numbers
_SERIES, _LETTERS_AT = (100.0, 1000.0), (450_000.0, 2_200_000.0)  # at so many series, so many letters at most
_FEWEST_MODELS = 3


@dataclasses.dataclass(frozen=True)
class SeriesBrowser:
    """What the script draws, and what was left out.

    Attributes
    ----------
    data : dict
        For the script, as JSON.
    left_out : str
        A sentence; empty where everything is there.
    """

    data: dict[str, Any]
    left_out: str


def series_browser(run: RunData, ranked: Sequence[str], looks: dict[str, Look], order: SeriesOrder) -> SeriesBrowser:
    """The series of a run with the forecasts of its models, as many as a page of bounded size holds.

    Parameters
    ----------
    run : RunData
    ranked : sequence of str
        Models, best first; where there is no room for all, the last are left out.
    looks : dict of Look
        Of each model.
    order : SeriesOrder
        By the best model.
    """
    n_models, n_series = _room(run, len(ranked))
    models, series = list(ranked[:n_models]), order.spread(n_series)
    levels = sorted(map(float, run.config["level"]))[:1]
    paths = read_paths(run, models, series, banded=ranked[0], levels=levels)
    return SeriesBrowser(_as_json(run, paths, looks, order, series), _left_out(run, ranked, models, len(series)))


def _room(run: RunData, n_models: int) -> tuple[int, int]:
    """How many models and series fit into the page."""
    n_series = len(run.cube.ids)
    limit = float(np.interp(n_series, _SERIES, _LETTERS_AT))
    n_steps, n_cells = (run.n_windows - 1) * run.step + run.horizon, run.n_windows * run.horizon
    for n_kept in range(n_models, 0, -1):
        letters = _OVERHEAD + 2 * (n_steps + (n_kept + 2) * n_cells)
        if n_series * letters <= limit or n_kept == min(_FEWEST_MODELS, n_models):
            return n_kept, max(min(n_series, int(limit / letters)), 1)
    return n_models, n_series


def _left_out(run: RunData, ranked: Sequence[str], models: Sequence[str], n_series: int) -> str:
    told = []
    if n_series < len(run.cube.ids):
        told.append(f"{n_series} of {len(run.cube.ids)} series are here, evenly spread from the best to the worst")
    if len(models) < len(ranked):
        told.append(f"the first {len(models)} of {len(ranked)} models are drawn")
    return f"To keep this page small {' and '.join(told)}; result.forecasts has all." if told else ""


def _as_json(
    run: RunData, paths: Paths, looks: dict[str, Look], order: SeriesOrder, series: "np.ndarray[Any, Any]"
) -> dict[str, Any]:
    values = [paths.truth[None], paths.mean, *paths.bounds.values()]
    every = np.concatenate([np.where(np.isfinite(v), v, np.nan) for v in values])  # (n_tables, n_series, ...)
    low, high = (edge(every, np.isfinite(every)) for edge in (_least, _greatest))
    texts = {"y": _encoded(paths.history[None], low, high)[0]}
    means = _encoded(paths.mean, low, high)
    ends = [text for pair in paths.bounds.values() for text in _encoded(pair, low, high)]
    dates, kinds = _dates(paths)
    decimals = max(run.facts[order.metric].decimals, 3)
    rows = []
    for i, name in enumerate(paths.ids):
        score = order.scores[series[i]]
        row: dict[str, Any] = {
            "id": short_name(name, 80),
            "score": number_text(score, decimals) if np.isfinite(score) else None,
        }
        row |= {"lo": float(f"{low[i]:.9g}"), "hi": float(f"{high[i]:.9g}"), "t": kinds[i]}
        row |= {"y": texts["y"][i], "f": [one[i] for one in means]}
        rows.append(row | ({"l": ends[0][i], "u": ends[1][i]} if ends else {}))
    models = [{"colour": looks[name].colour_place, "dashes": looks[name].dashes} for name in paths.models]
    kept = [looks[name].place for name in paths.models]
    band = None if paths.banded is None else looks[paths.banded].place
    known = {"horizon": run.horizon, "step": run.step, "models": models, "kept": kept, "band": band}
    return known | {"dates": dates, "series": rows}


def _least(values: Floats, known: "np.ndarray[Any, Any]") -> Floats:
    found = np.where(known, values, np.inf).min(axis=(0, 2, 3))
    return np.where(np.isfinite(found), found, 0.0)


def _greatest(values: Floats, known: "np.ndarray[Any, Any]") -> Floats:
    found = np.where(known, values, -np.inf).max(axis=(0, 2, 3))
    return np.where(np.isfinite(found), found, 0.0)


def _encoded(values: Floats, low: Floats, high: Floats) -> list[list[str]]:
    """Numbers between the ends of a series as pairs of letters: ``(n_tables, n_series, ...)``, one text a series."""
    n_tables, n_series = values.shape[:2]
    flat = values.reshape(n_tables, n_series, -1)
    width = np.where(high > low, high - low, 1.0)[:, None]
    scaled = (flat / width - low[:, None] / width) * _STEPS
    codes = np.where(np.isfinite(flat), np.clip(np.nan_to_num(scaled).round(), 0, _STEPS), _NONE).astype(np.int64)
    letters = np.stack([_LETTERS[codes // 64], _LETTERS[codes % 64]], axis=-1)  # (n_tables, n_series, n, 2)
    return [[row.tobytes().decode() for row in table] for table in letters]


def _dates(paths: Paths) -> tuple[list[list[str]], list[int]]:
    """Different lists of the times of first steps, and which of them each series has."""
    known: dict[tuple[str, ...], int] = {}
    kinds = []
    for row in paths.times[:, :, 0]:
        texts = tuple("" if value is None else time_text(value) for value in row)
        kinds.append(known.setdefault(texts, len(known)))
    return [list(texts) for texts in known], kinds
