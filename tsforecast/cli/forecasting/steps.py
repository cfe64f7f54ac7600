"""The steps of `tsforecast forecast`: read, check, choose, fit, forecast, write, tell."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from tsforecast.backtest.choose.candidates import usual_horizon_of
from tsforecast.backtest.plan.settings import check_levels, parse_level
from tsforecast.cli.forecasting.fitting import Ahead, fit_what_can_be, forecast_what_can_be
from tsforecast.cli.forecasting.future import check_future
from tsforecast.cli.forecasting.middle import middle_sentence
from tsforecast.cli.forecasting.models import (
    ModelSource,
    check_known_covariates,
    check_known_series,
    chosen_model,
    kept_model,
    notes_of,
    winner_of_run,
)
from tsforecast.cli.forecasting.notes import noted_reading
from tsforecast.cli.forecasting.series import MANY_SERIES, SeriesGiven
from tsforecast.cli.forecasting.showing import plain_console, print_certainty, print_chart, print_periods, say
from tsforecast.cli.forecasting.tables import certainty_table, forecast_table
from tsforecast.cli.forecasting.targets import Targets, model_file
from tsforecast.cli.forecasting.writing import write_figure, write_table, write_workbook
from tsforecast.cli.models import keep_within
from tsforecast.cli.reading import reading_flags
from tsforecast.exceptions import SeriesTooShortError
from tsforecast.panel.categories import given_names
from tsforecast.panel.roles import asked_names
from tsforecast.panel.times.frequency import freq_name

if TYPE_CHECKING:
    from jsonargparse import Namespace
    from rich.console import Console

    from tsforecast.panel import Panel

_SPARSE = 0.6  # share of zeros past which a series is one of counts with many zeros
_FOR_ZEROS = 'LSTM(decoding={"loss": "negative_binomial"})'
_NAMED = 3  # series that a message names


def forecast_series(given: Namespace, targets: Targets, series: SeriesGiven, stem: str) -> int:
    """Forecast the series with the parsed options; the exit code.

    Parameters
    ----------
    given : Namespace
    targets : Targets
        Where the files go.
    series : SeriesGiven
    stem : str
        The name of what is forecast.
    """
    panel, season = series.panel, series.season_length
    check_levels(parse_level(given.level), ())
    source = None
    if given.model is not None:
        source = kept_model(model_file(given.model))
    elif given.run is not None:
        source = winner_of_run(given.run)
    usual = series.usual or usual_horizon_of(panel.lengths, season)
    horizon = given.horizon or (source.horizon if source else None) or usual
    if source is not None and source.is_fitted:
        check_known_covariates(source.model, panel)
    X = _future(given, panel, horizon)
    if source is None:
        source = chosen_model(given, panel, season, horizon, stem)
    level = list(given.level) if source.model.gives_intervals else []
    ahead = _forecast(given, source, panel, horizon, X, level)
    middle = middle_sentence(source.model, panel, ahead, X, level, is_newer=source.is_fitted)
    about = [source.quality.sentence if source.quality else "", source.told, middle]
    written = _write(
        targets, source, panel, ahead, level, given.id_col or [], about
    )  # before anything is printed, as a pipe may close
    console = plain_console()
    _tell(console, given, source, panel, ahead, level, season, middle)
    say(console, f"Wrote {', '.join(written)}.")
    if targets.save is not None:
        _keep(targets.save, source, notes_of(source, horizon, _today(), noted_reading(given), series.facts))
        say(console, f"Kept the model: {targets.save}.")
    _tell_next(console, given, targets, source)
    return 0 if len(ahead.forecast.ids) else 1


def _future(given: Namespace, panel: Panel, horizon: int) -> pd.DataFrame | None:
    """The covariates of the horizon, checked; None where the series have none."""
    names = given_names(asked_names(panel), panel.levels)
    if not names:
        return None
    from tsforecast.cli.forecasting.covariate_rows import covariate_rows

    paths = [given.covariates_future] if given.covariates_future else list(given.file)
    rows = None
    if all(Path(path).exists() for path in paths):  # a data set of the catalog has no rows after its last value
        rows = covariate_rows(given, paths, names, freq_name(panel.freq), words=bool(set(names) & set(panel.levels)))
    return check_future(rows, panel, horizon, ", ".join(paths))


def _forecast(
    given: Namespace, source: ModelSource, panel: Panel, horizon: int, X: pd.DataFrame | None, level: Sequence[float]
) -> Ahead:
    """Fit the model, unless it is fitted, and forecast every series."""
    model = source.model
    if source.is_fitted:
        check_known_series(model, panel)
        strange = [] if model.is_global else panel.ids[~panel.ids.isin(model.panel_.ids)].tolist()
        unknown = dict.fromkeys(strange, "is not one that the model was fitted to")
        return forecast_what_can_be(model, panel, unknown, horizon, X, level, is_newer=True)
    if given.run is not None:
        model = keep_within(model, given.nonnegative, given.bounds)
    fitted, failed = fit_what_can_be(model, panel)
    if failed and given.too_short == "error":
        name, why = next(iter(failed.items()))
        raise SeriesTooShortError(f"Series {name!r} {why}. --too_short naive forecasts such series by Naive.")
    return forecast_what_can_be(fitted, panel, failed, horizon, X, level, is_newer=False)


def _tell(
    console: Console,
    given: Namespace,
    source: ModelSource,
    panel: Panel,
    ahead: Ahead,
    level: Sequence[float],
    season: int,
    middle: str,
) -> None:
    """Print the sentences, the next periods and the chart."""
    forecast = ahead.forecast
    console.print()
    if source.quality is not None:
        say(console, source.quality.sentence, "bold")
    for sentence in (
        source.told,
        *_exceptions(ahead),
        *_below_zero(given, panel, ahead, level),
        _mostly_zero(given, panel),
        middle,
    ):
        if sentence:
            say(console, sentence)
    console.print()
    of = f"{forecast.ids[0]}" if len(forecast.ids) == 1 else f"{len(forecast.ids):,} series"
    plural = "" if forecast.horizon == 1 else "s"
    print_periods(console, forecast, level, f"{of}: the next {forecast.horizon} step{plural} by {source.name}")
    console.print()
    print_chart(console, forecast, panel, level, season)
    console.print()
    if len(forecast.ids) > MANY_SERIES and level:
        print_certainty(console, certainty_table(forecast, level[0], ()), level[0])


def _exceptions(ahead: Ahead) -> list[str]:
    """Sentences on series that the model does not forecast, and on warnings."""
    told = []
    if ahead.stand_ins:
        name, why = next(iter(ahead.stand_ins.items()))
        n = len(ahead.stand_ins)
        told.append(f"Naive forecasts {n:,} series that the model cannot; {str(name)!r}, say, {why}.")
    if ahead.left_out:
        names = ", ".join(map(repr, map(str, ahead.left_out[:_NAMED])))
        told.append(f"No forecast of {len(ahead.left_out):,} series with fewer than two values: {names}.")
    told += [f"Warning: {text}" for text in ahead.warned[:_NAMED]]
    return told


def _below_zero(given: Namespace, panel: Panel, ahead: Ahead, level: Sequence[float]) -> list[str]:
    """A sentence where intervals reach below 0 and no value ever did."""
    if not level or given.nonnegative or given.bounds or given.model or np.nanmin(panel.values) < 0:
        return []
    low, _ = ahead.forecast.interval(max(level))
    return (
        ["All values are 0 or more, but an interval reaches below 0: --nonnegative prevents that."]
        if (low < 0).any()
        else []
    )


def _mostly_zero(given: Namespace, panel: Panel) -> str:
    """A sentence on models for counts with many zeros, where most series are such and no model was named."""
    known = np.isfinite(panel.values)
    zeros = np.add.reduceat(panel.values == 0, panel.indptr[:-1]) / np.maximum(panel.n_present, 1)
    is_count = bool((panel.values[known] >= 0).all() and (panel.values[known] % 1 == 0).all())
    n_sparse = int((zeros > _SPARSE).sum())
    if given.models or given.model or not is_count or 2 * n_sparse < panel.n_series:
        return ""
    which = (
        "Most values are 0"
        if panel.n_series == 1
        else f"In {n_sparse:,} of {panel.n_series:,} series most values are 0"
    )
    return (
        f"{which}: for such counts there is --models {shlex.quote(_FOR_ZEROS)} (a network, which takes its time), "
        "whose forecasts are whole numbers of a negative binomial distribution."
    )


def _write(
    targets: Targets,
    source: ModelSource,
    panel: Panel,
    ahead: Ahead,
    level: Sequence[float],
    keys: Sequence[str],
    about: Sequence[str],
) -> list[str]:
    """Write the table, in a workbook with the sentences on it, and the picture; what was written, in words."""
    table = forecast_table(ahead.forecast, level, keys)
    many = certainty_table(ahead.forecast, level[0], keys) if len(ahead.forecast.ids) > MANY_SERIES and level else None
    written = [f"{targets.output} ({len(table):,} rows)"]
    if targets.output.suffix == ".xlsx":
        texts = [text for text in (*about, f"Written by tsforecast forecast on {_today()}.") if text]
        sheets = {"forecast": table, **({} if many is None else {"certainty": many})}
        write_workbook(targets.output, sheets | {"about": pd.DataFrame({"about": texts})})
    else:
        write_table(targets.output, table)
        if many is not None:
            write_table(targets.certainty, many)
            written.append(f"{targets.certainty} (most certain first)")
    if targets.plot is not None:
        _draw(targets.plot, source, panel, ahead)
        written.append(str(targets.plot))
    return written


def _keep(path: Path, source: ModelSource, notes: Mapping[str, Any]) -> None:
    """Keep the fitted model in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source.model.save(path, notes=notes)


def _today() -> str:
    return datetime.datetime.now().astimezone().date().isoformat()


def _draw(path: Path, source: ModelSource, panel: Panel, ahead: Ahead) -> None:
    from matplotlib.figure import Figure

    from tsforecast.charts.forecasts import plot_forecast

    forecast = ahead.forecast
    n, n_drawn = len(forecast.ids), min(len(forecast.ids), MANY_SERIES)
    what = (
        f"{forecast.ids[0]}: forecast"
        if n == 1
        else f"{n_drawn} of {n:,} series: forecasts"
        if n > n_drawn
        else (f"{n} series: forecasts")
    )
    title = f"{what} by {source.name}"
    drawn = plot_forecast(forecast, panel, title=title)
    figure = drawn if isinstance(drawn, Figure) else cast("Figure", drawn.get_figure(root=True))
    write_figure(path, figure)


def _tell_next(console: Console, given: Namespace, targets: Targets, source: ModelSource) -> None:
    """Say what can be done next."""
    reading = reading_flags(given)
    name = shlex.join([*given.file, *reading])
    if targets.save is not None:
        again = shlex.join(["NEW.csv", "--model", str(given.save)])
        told = f"With newer data: tsforecast forecast {again}"
    elif source.is_fitted:
        told = f"To fit anew: tsforecast forecast {name} --save {shlex.quote(str(given.model))}"
    elif given.run is not None:
        told = "To forecast newer data without a new fit, keep the model: --save model/"
    elif source.quality is None:
        told = "To keep the model: --save model/"
    else:
        told = f"A thorough comparison: tsforecast backtest {name}. To keep the model: --save model/"
    say(console, told, "dim")
