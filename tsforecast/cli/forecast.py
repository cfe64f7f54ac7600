"""``tsforecast forecast``: forecasts of the steps after a file ends, in a table, a picture and a file to send."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tsforecast.cli.configuration import (
    MODE,
    ConfigFile,
    configs_first,
    named_modules,
    read_strictly,
    with_underscores,
)
from tsforecast.cli.parser import Parser, PlainHelp
from tsforecast.cli.reading import add_reading_options, stem_of

if TYPE_CHECKING:
    from jsonargparse import Namespace

_DESCRIPTION = """\
Forecast the steps after a file ends. Without a model, a backtest of seconds chooses one: SeasonalNaive, Naive,
AutoARIMA (SARIMA where the season has over 24 steps, or is searched in a series of over 3,000), LinearAR, and LSTM
where all series together have at most 5,000 observations; on more a network takes minutes (name it with --models, or
compare thoroughly with tsforecast backtest and go on with --run). The winner is fitted to everything, and what is
printed says how wrong it was. Files are replaced only if this command wrote them and nobody changed them since, or with
--overwrite. Everything can stand in a file (--config); flags override it."""


def forecast_parser() -> Parser:
    """The parser of the command's options; it imports no data or model code."""
    read_strictly()
    usage = "tsforecast forecast FILE ... [options]"
    parser = Parser(
        prog="tsforecast forecast", usage=usage, description=_DESCRIPTION, formatter_class=PlainHelp, parser_mode=MODE
    )
    add = parser.add_argument
    add("file", nargs="*", type=str, help="CSV, Parquet or Excel file, long or wide; several, or a folder of them; or "
        "the name of a data set")  # fmt: skip
    add("--config", action=ConfigFile, help="YAML file with any of the options below")
    add("--data", type=str | list[str] | None, help="the same as the first argument, for a configuration file")
    add("--horizon", type=int | None, help="steps ahead; a season, at most a fifth of the series of median length")
    add("--level", type=float, nargs="*", default=[80, 95], help="central intervals in percent (80 95)")
    add("--output", type=str | None, help="table to write, .csv, .parquet or .xlsx (NAME-forecast.csv in this folder; "
        "then there is a picture too, NAME-forecast.png)")  # fmt: skip
    add("--plot", type=str | None, help="picture to write, .png, .svg or .pdf")
    add("--overwrite", type=bool, nargs="?", const=True, default=False, help="replace files that this command did "
        "not write, or that were changed since")  # fmt: skip
    add("--models", type=str | dict, nargs="+", help="class names such as SARIMA, with arguments if need be: "
        "'ARIMA(order=(2,0,0))'; the best of several is taken")  # fmt: skip
    add("--run", type=str | None, help="run folder of tsforecast backtest: its winner is taken, and where no file is "
        "named its data")  # fmt: skip
    add("--save", type=str | None, help="keep the fitted model: a file, or a folder such as model/")
    add("--model", type=str | None, help="forecast newer data with a model that --save kept, without a new fit")
    add("--nonnegative", type=bool, nargs="?", const=True, default=False, help="forecasts are 0 or more")
    add("--bounds", type=float | None, nargs=2, help="least and greatest value of forecasts; null for no bound")
    add("--covariates_future", type=str | None, help="file with the --covariates of the steps ahead; else rows of FILE "
        "after the last value hold them")  # fmt: skip
    add("--season_length", type=int | None, help="steps of a season; what is usual for the frequency")
    add("--n_windows", type=int | None, help="cutoffs of the backtest; 5, 3 for over 20 series, 2 for over 200 (of "
        "over 1,000 series 500 are in it)")  # fmt: skip
    add("--too_short", type=Literal["error", "naive"], default="naive", help="what becomes of series that the model "
        "cannot be fitted to: Naive forecasts them (naive), or error")  # fmt: skip
    add("--executor", type=str, default="here", help="where the backtest runs: here (this process), processes, "
        "dask://HOST:PORT, or auto: here, and one that is long in processes")  # fmt: skip
    add("--own_code", type=str, nargs="+", default=[], help="modules of your own whose classes a configuration names: "
        "they are imported, which runs them")  # fmt: skip
    add_reading_options(parser)
    return parser


def run_forecast(arguments: list[str]) -> int:
    """Run ``tsforecast forecast`` and return its exit code: 1 where no series could be forecast."""
    parser = forecast_parser()
    words = configs_first(with_underscores(arguments, parser))
    given = parser.parse_args(words)
    _check_alone(parser, given)
    if given.run is not None and not (given.file or given.data):
        given = _with_data_of_run(parser, words, given.run)
    if not (given.file or given.data):
        return parser.error("no data: give a CSV or Parquet file, or the name of a data set (tsforecast datasets list)")
    given.own_code = [*given.own_code, *named_modules(arguments, given.models)]

    return _forecast_file(given)


def _forecast_file(given: Namespace) -> int:
    """Check the options and read the file, so that a fault is told at once; then import the rest and forecast."""
    from tsforecast.cli.forecasting.series import MANY_SERIES, named_files, read_series
    from tsforecast.cli.forecasting.targets import check_certainty, choose_targets
    from tsforecast.forecast import quantile_levels

    quantile_levels(given.level, None)
    given.file = named_files(given)
    stem = stem_of(given.file)
    inputs = [*given.file, *([given.covariates_future] if given.covariates_future else [])]
    targets = choose_targets(stem, given, inputs)
    series = read_series(given)
    if series.panel.n_series > MANY_SERIES and given.level:
        check_certainty(targets, given, inputs)

    from tsforecast.cli.forecasting.steps import forecast_series

    return forecast_series(given, targets, series, stem)


def _check_alone(parser: Parser, given: Namespace) -> None:
    """Report an error where two options contradict each other, or a number is out of its range."""
    chosen = [name for name in ("models", "run", "model") if given[name]]
    if len(chosen) > 1:
        parser.error(f"--{chosen[0]} and --{chosen[1]} both say which model; give one of them")
    if given.model is not None:
        used = [name for name in ("save", "nonnegative", "bounds", "n_windows", "season_length") if given[name]]
        if used:
            parser.error(f"--{used[0]}: a model that is kept (--model) is used as it is; leave one of them out")
    for name in ("horizon", "season_length", "n_windows"):
        if given[name] is not None and given[name] < 1:
            parser.error(f"--{name} {given[name]}: a whole number of at least 1 is needed")
    if given.covariates_future is not None and not Path(given.covariates_future).is_file():
        parser.error(f"--covariates_future {given.covariates_future}: there is no such file")


def _with_data_of_run(parser: Parser, arguments: list[str], run: str) -> Namespace:
    """The options, with the file of a run and how it was read where they do not say otherwise."""
    from tsforecast.backtest.store.run_files import load_run

    config: dict[str, Any] = load_run(Path(run)).config
    if config.get("data") is None:
        parser.error(f"--run {run}: its data were given in memory; name a file with the same series")
    reading = Parser(add_help=False, parser_mode=MODE)
    add_reading_options(reading)
    names = {action.dest for action in reading._actions} & set(config)
    lists = {action.dest for action in reading._actions if action.nargs == "+"}
    known = {name: config[name] for name in (*names, "data")}
    parser.set_defaults({k: [v] if k in lists and isinstance(v, str) else v for k, v in known.items()})
    print(f"Data of {run}: {config['data']}", file=sys.stderr)
    return parser.parse_args(arguments)
