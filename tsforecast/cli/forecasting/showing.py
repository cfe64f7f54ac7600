"""What `tsforecast forecast` prints: sentences, the next periods, a chart, the most and the least certain series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tsforecast._texts import amount_text
from tsforecast.cli.forecasting.chart import ChartData, Glyph, chart_rows
from tsforecast.cli.forecasting.tables import usual_decimals
from tsforecast.panel.times.shown import shown_times

if TYPE_CHECKING:
    from tsforecast._types import Floats
    from tsforecast.forecast import Forecast
    from tsforecast.panel import Panel

_FILE_WIDTH = 100  # columns where the output is not a terminal
_STEPS, _FIRST = 24, 18  # most steps of one series that are printed; of more, so many
_SERIES, _PERIODS = 5, 4  # series and periods that are printed of several series
_CHART = (100, 12)  # most columns, and rows, of the chart
_STYLES = {"history": "", "forecast": "bold cyan", "interval": "cyan", "": "dim"}
_CHOSEN = 5  # series at each end of the table of certainty


def plain_console() -> Console:
    """The console of stdout: with the width of the terminal, or plain and 100 columns wide where it is a file."""
    console = Console()
    return console if console.is_terminal else Console(width=_FILE_WIDTH)


def say(console: Console, sentence: str, style: str = "") -> None:
    """Print a sentence, on one line where the output is a file."""
    console.print(Text(sentence, style=style), soft_wrap=not console.is_terminal)


def print_periods(console: Console, forecast: Forecast, level: Sequence[float], title: str) -> None:
    """The next periods: each step of one series, or the first ones of the first few series."""
    console.print(Text(title, style="bold"))
    if len(forecast.ids) == 1:
        console.print(_steps_table(forecast, level))
        more = forecast.horizon - _FIRST if forecast.horizon > _STEPS else 0
        if more:
            console.print(Text(f"and {more} more steps, in the file", style="dim"))
    else:
        console.print(_series_table(forecast, level))
        if forecast.horizon > _PERIODS:
            later = forecast.horizon - _PERIODS
            console.print(Text(f"and {later} more of the {_steps(forecast.horizon)} of each, in the file", style="dim"))
        more = len(forecast.ids) - _SERIES
        if more > 0:
            console.print(Text(f"and {more:,} more series, in the file", style="dim"))


def print_chart(console: Console, forecast: Forecast, panel: Panel, level: Sequence[float], season: int) -> None:
    """A chart of the first series that was forecast."""
    place = int(panel.positions(forecast.ids[:1])[0])
    history = panel.series(place)
    n_shown = min(history.size, max(4 * forecast.horizon, 3 * season, 40))
    shown = history[-n_shown:]
    stop = int(panel.indptr[place + 1])
    low, high = _interval(forecast, level)
    ends = panel.times[[stop - n_shown, stop - 1]].append(forecast.times[[forecast.horizon - 1]])
    texts = shown_times(ends, forecast.freq)
    data = ChartData(shown, forecast.mean[0], low[0], high[0], texts)
    decimals = usual_decimals(np.concatenate([shown, data.mean]))
    width = min(console.width - 1, _CHART[0])
    for row in chart_rows(data, width, _CHART[1], decimals, unicode=_shows_braille(console)):
        console.print(_styled(row), no_wrap=True, crop=True)
    named = "" if len(forecast.ids) == 1 else f"{forecast.ids[0]}: "
    band = f", shaded its {level[0]:g}% interval" if level else ""
    console.print(Text(f"{named}history, and the forecast of {_steps(forecast.horizon)}{band}", style="dim"))


def _steps(n: int) -> str:
    return "1 step" if n == 1 else f"{n} steps"


def print_certainty(console: Console, table: pd.DataFrame, level: float) -> None:
    """The most and the least certain series."""
    names = [name for name in table.columns if name not in ("mean", f"width-{level:g}", "relative_width")]
    decimals = usual_decimals(table["mean"].to_numpy())
    console.print(Text(f"Most and least certain of {len(table):,} series", style="bold"))
    grid = _grid()
    for column in ("Series", "Mean forecast", f"Width of {level:g}% interval", "in percent"):
        grid.add_column(column, justify="left" if column == "Series" else "right", no_wrap=True)
    for part in (table.head(_CHOSEN), table.iloc[max(len(table) - _CHOSEN, _CHOSEN) :]):
        for row in part.itertuples(index=False):
            relative = "-" if pd.isna(row[-1]) else f"{row[-1]:,.0f}%"
            name = " / ".join(str(key) for key in row[: len(names)])
            grid.add_row(*map(Text, (name, amount_text(row[-3], decimals), amount_text(row[-2], decimals), relative)))
        grid.add_section()
    console.print(grid)


def _steps_table(forecast: Forecast, level: Sequence[float]) -> Table:
    grid = _grid()
    columns = ["When", "Forecast", *(f"{percent:g}% interval" for percent in level)]
    for name in columns:
        grid.add_column(name, justify="left" if name == "When" else "right", no_wrap=True)
    ends = [forecast.interval(percent) for percent in level]
    decimals = usual_decimals(forecast.mean)
    n_rows = forecast.horizon if forecast.horizon <= _STEPS else _FIRST
    for h, when in enumerate(shown_times(forecast.times[:n_rows], forecast.freq)):
        ranges = (_range(low[0, h], high[0, h], decimals) for low, high in ends)
        grid.add_row(when, amount_text(forecast.mean[0, h], decimals), *ranges)
    return grid


def _series_table(forecast: Forecast, level: Sequence[float]) -> Table:
    grid = _grid()
    n_periods = min(forecast.horizon, _PERIODS)
    is_common = len(forecast.cutoff.unique()) == 1
    heads = (
        shown_times(forecast.times[:n_periods], forecast.freq) if is_common else [f"+{h + 1}" for h in range(n_periods)]
    )
    for name in ("Series", *heads):
        grid.add_column(Text(name), justify="left" if name == "Series" else "right")
    low, high = _interval(forecast, level)
    for i in range(min(len(forecast.ids), _SERIES)):
        decimals = usual_decimals(forecast.mean[i])
        cells = []
        for h in range(n_periods):
            around = f"\n{_range(low[i, h], high[i, h], decimals)}" if level else ""
            cells.append(Text(f"{amount_text(forecast.mean[i, h], decimals)}{around}"))
        grid.add_row(Text(str(forecast.ids[i])), *cells)
    return grid


def _grid() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False)


def _range(low: float, high: float, decimals: int) -> str:
    return f"{amount_text(low, decimals)} to {amount_text(high, decimals)}"


def _interval(forecast: Forecast, level: Sequence[float]) -> tuple[Floats, Floats]:
    """Ends of the first interval; nan where there is none."""
    if level:
        return forecast.interval(level[0])
    return np.full_like(forecast.mean, np.nan), np.full_like(forecast.mean, np.nan)


def _shows_braille(console: Console) -> bool:
    try:
        "⣿░┤".encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return not console.legacy_windows


def _styled(row: Sequence[Glyph]) -> Text:
    text = Text()
    for cell in row:
        text.append(cell.text, style=_STYLES[cell.kind])
    return text
