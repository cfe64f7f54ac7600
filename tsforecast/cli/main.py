"""``tsforecast``: dispatches to the subcommands; each of them does its heavy imports itself."""

import sys
from collections.abc import Callable, Sequence

_USAGE = """\
usage: tsforecast COMMAND [options]

Does a recurrent network beat ARIMA on my series, and by how much?

commands:
  forecast   forecast the steps after a file ends: a table, a picture, a file to send
  backtest   compare models on a file or a data set; without arguments, the quickstart
  report     show a finished run again
  train      train a network from a Lightning configuration
  models     list the models with their parameters, or show one
  datasets   list the data sets that come with it, or show one
  simulate   write series of a simulated data set to a CSV file

tsforecast COMMAND --help tells the options of a command; tsforecast --version the version."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code is 1 for a run without forecasts, 2 for bad usage, 130 if interrupted, else 0.

    Examples
    --------
    >>> main(["--version"])
    tsforecast 0.1.0
    0
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_USAGE)
        return 0 if arguments else 2
    if arguments[0] == "--version":
        import tsforecast

        print(f"tsforecast {tsforecast.__version__}")
        return 0
    command = _COMMANDS.get(arguments[0])
    if command is None:
        return _no_such_command(arguments[0])
    return _guarded(command, arguments[1:])


def _guarded(command: Callable[[list[str]], int | None], arguments: list[str]) -> int:
    """Run a command; errors that the user can correct are printed in one line, without a traceback."""
    try:
        return command(arguments) or 0
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the pipe has closed it; print nothing more
        return 0
    except Exception as error:
        from tsforecast.exceptions import LeakError, TSForecastError

        if not isinstance(error, TSForecastError):
            raise
        print(f"tsforecast: error: {error}", file=sys.stderr)
        return 1 if isinstance(error, LeakError) else 2


def _no_such_command(name: str) -> int:
    import difflib

    near = difflib.get_close_matches(name, _COMMANDS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_COMMANDS)}."
    print(f"tsforecast: error: no command is called {name!r}; {hint}", file=sys.stderr)
    return 2


def _backtest(arguments: list[str]) -> int:
    from tsforecast.cli.backtest import run_backtest

    return run_backtest(arguments)


def _forecast(arguments: list[str]) -> int:
    from tsforecast.cli.forecast import run_forecast

    return run_forecast(arguments)


def _report(arguments: list[str]) -> int:
    from tsforecast.cli.report import show_report

    return show_report(arguments)


def _train(arguments: list[str]) -> int | None:
    from tsforecast.cli.train import run_training

    return run_training(arguments)


def _models(arguments: list[str]) -> None:
    from tsforecast.cli.listing.model_list import show_models

    show_models(arguments)


def _datasets(arguments: list[str]) -> None:
    import argparse

    from tsforecast.cli import datasets

    parser = argparse.ArgumentParser("tsforecast datasets", description="The data sets that come with tsforecast.")
    commands = parser.add_subparsers(dest="what", required=True, metavar="{list,show}")
    commands.add_parser("list", help="one line for each data set")
    show = commands.add_parser("show", help="what is known of one data set, and its first and last rows")
    show.add_argument("name", help="as `tsforecast datasets list` prints it")
    show.add_argument("--rows", type=int, default=3, help="rows at each end (default: 3)")
    given = parser.parse_args(arguments)
    if given.what == "list":
        datasets.list_datasets()
    else:
        datasets.show_dataset(given.name, given.rows)


def _simulate(arguments: list[str]) -> None:
    import argparse
    from pathlib import Path

    from tsforecast.cli import datasets

    parser = argparse.ArgumentParser(
        "tsforecast simulate", description="Write series of a simulated data set to a CSV file."
    )
    parser.add_argument("name", help="a data set whose name begins with simulated/")
    parser.add_argument("--output", type=Path, required=True, help="file to write, ending in .csv")
    parser.add_argument("--n_obs", type=int, help="observations of each series")
    parser.add_argument("--n_series", type=int, help="number of series")
    parser.add_argument("--random_state", type=int, help="seed")
    given = parser.parse_args(arguments)
    datasets.simulate_csv(given.name, given.output, given.n_obs, given.n_series, given.random_state)


_COMMANDS: dict[str, Callable[[list[str]], int | None]] = {
    "forecast": _forecast,
    "backtest": _backtest,
    "report": _report,
    "train": _train,
    "models": _models,
    "datasets": _datasets,
    "simulate": _simulate,
}
