"""``tsforecast backtest``: runs a backtest from flags or YAML, writes a run folder and prints a table."""

from __future__ import annotations

import datetime
import itertools
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jsonargparse import Namespace

from tsforecast.cli.adding import with_settings_of_run
from tsforecast.cli.configuration import MODE, ConfigFile, configs_first, named_modules, read_strictly
from tsforecast.cli.listing.backtest_help import help_epilog
from tsforecast.cli.next_steps import AFTER_QUICKSTART
from tsforecast.cli.parser import Parser, PlainHelp
from tsforecast.cli.reading import add_bounds, add_reading_options, log_on_stderr, read_panel, stem_of

if TYPE_CHECKING:
    from tsforecast.backtest.backtest_result import BacktestResult
    from tsforecast.backtest.plan.plan import Plan
    from tsforecast.panel import Panel

_QUICKSTART = ("quickstart-stationary", "quickstart-seasonal")
_SEARCHED = 24  # longest season for which AutoARIMA is a default model
_LONGEST_STEM = 100  # characters of the file name that the name of a run folder keeps
_DIAGNOSED = 100  # most series that are diagnosed, as it takes a while
_DESCRIPTION = """\
Forecast a file or a data set from several cutoffs with several models and compare their accuracy. Without arguments:
the quickstart, stationary and seasonal series that come with tsforecast. Everything can stand in a file (--config);
flags override it. The run folder keeps the resolved configuration, so that --config RUN/config.yaml repeats a run,
--output RUN with it goes on with one that was stopped, and --add RUN --models ... adds models to a finished one."""


def build_parser() -> Parser:
    """The parser of the command's options; it imports no data or model code."""
    read_strictly()
    usage = "tsforecast backtest [FILE ...] [options]"
    parser = Parser(
        prog="tsforecast backtest",
        usage=usage,
        description=_DESCRIPTION,
        formatter_class=PlainHelp,
        parser_mode=MODE,
    )
    add = parser.add_argument
    add("file", nargs="*", type=str, help="CSV, Parquet or Excel file, long or wide; several, or a folder of them; or "
        "the name of a data set")  # fmt: skip
    add("--config", action=ConfigFile, help="YAML file with any of the options below")
    add("--data", type=str | list[str] | None, help="the same as the first argument, for a configuration file")
    add_reading_options(parser)
    add = parser.add_argument_group("what is compared").add_argument
    add("--models", type=str | dict, nargs="+", help="class names such as SARIMA, with arguments if need be: "
        "'ARIMA(order=(2,0,0))'; in a file also name, class_path and init_args; listed below")  # fmt: skip
    add("--horizon", type=int | None, help="steps ahead; a season, at most a fifth of the series of median length")
    add("--n_windows", type=int | None, help="cutoffs; 3, or as many as the shortest series allows")
    add("--step_size", type=int | None, help="steps between cutoffs (the horizon)")
    add("--max_train_size", type=int | None, help="length of a sliding training window (all observations)")
    add("--gap", type=int, default=0, help="steps left out after a cutoff")
    add("--refit", type=int | str, default="always", help="always, never, or every how many cutoffs")
    add("--metrics", type=str, nargs="+", default=["mase", "smape", "rmsse", "coverage", "msis"],
        help="such as mase smape rmse wql coverage (mase smape rmsse coverage msis)")  # fmt: skip
    add("--level", type=float, nargs="*", default=[80, 95], help="central intervals in percent (80 95)")
    add("--quantiles", type=float, nargs="*", default=[], help="further quantiles to forecast")
    add_bounds(add)
    add("--season_length", type=int | None, help="season of the scale of MASE; what is usual for the frequency")
    add("--seeds", type=int | list[int] | None, help="runs of each model that draws random numbers")
    add("--budget", type=int | str | None, help="tune each model that declares a search space, at every fit: how many "
        "candidates, or a time such as 60s")  # fmt: skip
    add("--audit", type=bool, nargs="?", const=True, default=False, help="repeat every forecast with other values after"
        " its cutoff; stop where one is not the same")  # fmt: skip
    add("--too_short", type=Literal["error", "skip", "naive"], default="error", help="what becomes of series that are "
        "too short: error; skip (a failure each); or naive (besides, a model Naive forecasts them)")  # fmt: skip
    add = parser.add_argument_group("where the run goes, and where its jobs run").add_argument
    add("--output", type=str | None, help="run folder (runs/NAME-TIME)")
    add("--add", type=str | None, help="run folder of a finished run: the --models are added to it, with its data and "
        "settings")  # fmt: skip
    add("--executor", type=str, default="auto", help="here (this process), processes (one for each core), the address"
        " of a Dask scheduler, dask://HOST:PORT, or auto: here, and a run that is long in processes")  # fmt: skip
    add("--executor_timeout", type=float | None, default=600.0, help="seconds to wait for a sign of life of any worker"
        " before the run ends, to be gone on with; a job that runs is one")  # fmt: skip
    add("--job_timeout", type=float | None, help="seconds for one job; a series that is not done by then is a failure"
        " (no limit)")  # fmt: skip
    add("--own_code", type=str, nargs="+", default=[], help="modules of your own whose classes a configuration names: "
        "they are imported, which runs them")  # fmt: skip
    return parser


def run_backtest(arguments: list[str]) -> int:
    """Run ``tsforecast backtest`` and return its exit code: 1 where no model gave any forecast."""
    parser = build_parser()
    if {"-h", "--help"} & set(arguments):
        parser.epilog = help_epilog()
    given = parser.parse_args(configs_first(arguments))
    if given.add is not None:
        given = with_settings_of_run(parser, arguments, given)
    given.own_code = [*given.own_code, *named_modules(arguments, given.models)]
    if given.file or given.data:
        return _run_one(given, again=shlex.join(arguments))
    if not arguments:
        from tsforecast._resources import bundled

        codes = []
        for name in _QUICKSTART:
            path = bundled("configs") / "backtest" / f"{name}.yaml"
            codes.append(_run_one(parser.parse_args(["--config", str(path)]), name))
        print(AFTER_QUICKSTART)
        return max(codes)
    return parser.error(
        "no data: give a CSV, Parquet or Excel file, or the name of a data set (tsforecast datasets list)"
    )


def _run_one(given: Namespace, name: str | None = None, again: str | None = None) -> int:
    plan = make_plan(given)

    from tsforecast.backtest.execute.timeouts import Timeouts
    from tsforecast.backtest.run import run_plan
    from tsforecast.cli.executors import open_executor
    from tsforecast.cli.progress import Bar
    from tsforecast.cli.report import print_result, write_summary

    timeouts = Timeouts(given.executor_timeout, given.job_timeout)
    stem = name or stem_of(plan.source["data"])
    folder = Path(given.output) if given.output else _new_folder(stem)
    try:
        with Bar(stem) as bar, open_executor(given.executor) as executor, log_on_stderr("tsforecast.backtest"):
            adding = given.add is not None
            result = run_plan(
                plan, folder, add=adding, executor=executor, timeouts=timeouts, watch=bar.watch, summarise=False
            )
            if _diagnose(plan, result, folder) or not result.has_summary:
                write_summary(result, folder)
    except KeyboardInterrupt:
        call = again if given.add is not None else _how_to_go_on(given, folder)
        print(f"To go on: tsforecast backtest {call}", file=sys.stderr)
        raise
    print_result(result, stem, folder)
    return 1 if result.cells.empty else 0


def _how_to_go_on(given: Namespace, folder: Path) -> str:
    own = ["--own_code", *dict.fromkeys(given.own_code)] if given.own_code else []
    return shlex.join(["--config", str(folder / "config.yaml"), "--output", str(folder), *own])


def _diagnose(plan: Plan, result: BacktestResult, folder: Path) -> bool:
    """Write the diagnosis of the series to the run folder; whether it is new, so that there is more to tell."""
    from tsforecast.backtest.store.files import FrameWriter
    from tsforecast.backtest.store.manifest import replace_file
    from tsforecast.backtest.store.run_files import DIAGNOSIS
    from tsforecast.series.diagnose import diagnose

    is_known = DIAGNOSIS in result.manifest.get("files", [DIAGNOSIS])
    if plan.panel.n_series > _DIAGNOSED or (is_known and (folder / DIAGNOSIS).exists()):
        return False

    diagnosis = diagnose(plan.panel, plan.season_length)

    def write() -> None:
        with FrameWriter(folder / DIAGNOSIS, diagnosis) as writer:
            writer.add(diagnosis)

    replace_file(folder, DIAGNOSIS, write)
    return True


def make_plan(given: Namespace) -> Plan:
    """The plan of the backtest with the given options; options that are not given are chosen from the data."""
    panel, dataset, source = read_panel(given)  # before the imports below, so that a fault of the file is told at once

    from tsforecast.backtest.choose.candidates import usual_horizon_of
    from tsforecast.backtest.origins import RollingOrigin
    from tsforecast.backtest.plan.describe import build
    from tsforecast.backtest.plan.plan import Plan, name_models
    from tsforecast.backtest.plan.settings import parse_level, parse_quantiles, parse_seeds
    from tsforecast.backtest.plan.too_short import add_naive
    from tsforecast.backtest.tuned import tune
    from tsforecast.cli.models import keep_within, parse_models
    from tsforecast.metrics.choose import choose_metrics

    season = _given(given.season_length, dataset.season_length if dataset else panel.season_length)
    horizon = _given(given.horizon, dataset.horizon if dataset else usual_horizon_of(panel.lengths, season))
    shortest = _shortest(panel, given)
    step = max(_given(given.step_size, horizon), 1)
    most = 1 + (shortest - 2 * season - 1 - given.gap - horizon) // step
    cv = RollingOrigin(
        horizon=horizon,
        n_windows=_given(given.n_windows, max(1, min(3, most))),
        step_size=given.step_size,
        max_train_size=given.max_train_size,
        gap=given.gap,
    )
    named = parse_models(given.models or _usual_models(season), given.own_code, cv.horizon + cv.gap)
    models = {name: keep_within(model, given.nonnegative, given.bounds) for name, model in named.items()}
    is_simulated = dataset is not None and dataset.process is not None
    if dataset is not None and is_simulated and given.add is None and "TrueModel" not in models:
        models["TrueModel"] = build({"class_path": "TrueModel", "init_args": {"process": dataset.process}})
    if given.budget is not None:
        models = tune(models, given.budget)
    return Plan(
        panel=panel,
        models=name_models(models) if given.add is not None else add_naive(name_models(models), given.too_short),
        cv=cv,
        metrics=choose_metrics(given.metrics),
        refit=given.refit,
        level=parse_level(given.level),
        quantiles=parse_quantiles(given.quantiles),
        seeds=parse_seeds(given.seeds),
        season_length=season,
        audit=bool(given.audit),
        too_short=given.too_short,
        budget=given.budget,
        source=source,
    )


def _given(value: int | None, usual: int) -> int:
    return usual if value is None else value


def _shortest(panel: Panel, given: Namespace) -> int:
    """Length of the shortest series, or the median length where short series may be left out."""
    import numpy as np

    return int(panel.lengths.min() if given.too_short == "error" else np.median(panel.lengths))


def _usual_models(season: int) -> list[str]:
    """Default models: benchmarks, an ARIMA (order search where that is fast), a network and what it starts from."""
    arima = "AutoARIMA" if season <= _SEARCHED else "SARIMA"
    return ["Naive", *(["SeasonalNaive"] if season > 1 else []), arima, "LinearAR", "LSTM"]


def _new_folder(stem: str) -> Path:
    now = datetime.datetime.now().astimezone()
    name = f"{stem[:_LONGEST_STEM]}-{now:%Y%m%d-%H%M%S}"
    taken = (Path("runs") / (f"{name}-{k}" if k > 1 else name) for k in itertools.count(1))
    return next(folder for folder in taken if not folder.exists())
