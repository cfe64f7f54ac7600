"""``tsforecast datasets list`` and ``show``, and ``tsforecast simulate``: printing and writing only.

Heavy imports are inside the functions: building the command line parser imports none of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tsforecast.cli.next_steps import AFTER_LIST, after_show, after_simulate

if TYPE_CHECKING:
    from rich.console import Console

    from tsforecast.data.process import Process

_FILE_WIDTH = 200  # columns where the output is not a terminal


def list_datasets() -> None:
    """Print one line for each data set: name, series, length, frequency, season, description."""
    from rich import box
    from rich.table import Table

    from tsforecast.data.catalog import load, names
    from tsforecast.panel.times.frequency import freq_name

    headings = ("name", "series", "length", "freq", "season", "description")
    rows = []
    for name in names():
        data = load(name)
        shortest, longest = data.panel.lengths.min(), data.panel.lengths.max()
        length = str(longest) if shortest == longest else f"{shortest}-{longest}"
        counts = (str(data.panel.n_series), length, freq_name(data.panel.freq), str(data.season_length))
        rows.append((name, *counts, data.description))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, cells in zip(headings, zip(*rows, strict=True), strict=True):
        needed = None if heading == "description" else max(map(len, (heading, *cells)))
        justify: Literal["left", "right"] = "right" if heading in {"series", "length", "season"} else "left"
        table.add_column(heading, justify=justify, min_width=needed, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*row)
    _console().print(table)
    print(AFTER_LIST)


def show_dataset(name: str, rows: int = 3) -> None:
    """Print the facts about one data set, and the first and last rows of each series.

    Parameters
    ----------
    name : str
        As ``tsforecast datasets list`` prints it.
    rows : int
        Rows at each end.
    """
    from tsforecast.data.catalog import load
    from tsforecast.exceptions import ParameterError
    from tsforecast.panel.times.frequency import freq_name

    if rows < 1:
        raise ParameterError(f"rows={rows} is not a whole number, at least 1.")
    data = load(name)
    panel = data.panel
    console = _console()
    facts = {
        "description": data.description,
        "source": data.source,
        "terms": data.terms,
        "frequency": freq_name(panel.freq),
        "season_length": data.season_length,
        "horizon": data.horizon,
        "series": panel.n_series,
        "observations": panel.n_obs,
    }
    if data.process is not None:
        facts["process"] = _described(data.process)
    console.print(name, style="bold", highlight=False, markup=False)
    for what, fact in facts.items():
        console.print(f"  {what}: {fact}", highlight=False, markup=False)
    for i in range(panel.n_series):
        own = panel.take([i]).to_frame()
        console.print(f"\n{panel.ids[i]}: {len(own)} observations", highlight=False, markup=False)
        ends = [own] if len(own) <= 2 * rows else [own.head(rows), own.tail(rows)]
        for k, end in enumerate(ends):
            lines = end[["ds", "y"]].to_string(index=False, header=k == 0)
            console.print("  ..." if k else "", lines, sep="\n" if k else "", highlight=False, markup=False)
    print(f"\n{after_show(name)}")


def simulate_csv(
    name: str, output: Path, n_obs: int | None = None, n_series: int | None = None, random_state: int | None = None
) -> None:
    """Write series of a simulated data set to a long CSV file and print its path.

    Parameters
    ----------
    name : str
        A data set of ``tsforecast datasets list`` whose name begins with ``simulated/``.
    output : Path
        File to write, ending in ``.csv``.
    n_obs, n_series, random_state : int, optional
        Observations per series, number of series and seed, in place of those of the catalog.
    """
    from tsforecast.data.catalog import load
    from tsforecast.exceptions import ParameterError

    data = load(name, n_obs=n_obs, n_series=n_series, random_state=random_state)
    if data.process is None:
        raise ParameterError(f"{name!r} is not simulated; choose a data set whose name begins with 'simulated/'.")
    if output.suffix != ".csv":
        raise ParameterError(f"output={str(output)!r} does not end in .csv.")
    try:
        with output.open("x", encoding="utf-8", newline="") as file:
            data.frame.to_csv(file, index=False)
    except FileExistsError:
        raise ParameterError(f"output={str(output)!r} exists already; give another name, or remove it.") from None
    except (OSError, ValueError) as error:
        shown = getattr(error, "strerror", None) or error
        raise ParameterError(f"output={str(output)!r} could not be written: {shown}.") from error
    _console().print(
        f"{output}: {data.panel.n_series} series, {data.panel.n_obs} observations of {_described(data.process)}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    print(after_simulate(name, output))


def _described(process: Process) -> str:
    """The process as text, with the parameters that differ from their defaults."""
    import dataclasses

    fields = dataclasses.fields(process)
    shown = [f"{f.name}={getattr(process, f.name)}" for f in fields if getattr(process, f.name) != f.default]
    return f"{type(process).__name__}({', '.join(shown)})"


def _console() -> Console:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=_FILE_WIDTH)
