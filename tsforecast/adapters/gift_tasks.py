"""Tasks of GIFT-Eval: the data sets of the benchmark, as folders on the disk, and the windows that follow from them."""

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from tsforecast.adapters.entry import check_one_of, needed
from tsforecast.exceptions import DataError, ParameterError

Term = Literal["short", "medium", "long"]

REMARK = " (The package gift_eval is not on PyPI and not needed; the data are the dataset Salesforce/GiftEval.)"
_LONG = (  # data sets that have the terms medium and long too
    "electricity/15T electricity/H solar/10T solar/H kdd_cup_2018_with_missing/H LOOP_SEATTLE/5T LOOP_SEATTLE/H "
    "SZ_TAXI/15T M_DENSE/H ett1/15T ett1/H ett2/15T ett2/H jena_weather/10T jena_weather/H bitbrains_fast_storage/5T "
    "bitbrains_rnd/5T bizitobs_application bizitobs_service bizitobs_l2c/5T bizitobs_l2c/H"
)
_SHORT = (
    "m4_yearly m4_quarterly m4_monthly m4_weekly m4_daily m4_hourly electricity/D electricity/W solar/D solar/W "
    "hospital covid_deaths us_births/D us_births/M us_births/W saugeenday/D saugeenday/M saugeenday/W "
    "temperature_rain_with_missing kdd_cup_2018_with_missing/D car_parts_with_missing restaurant hierarchical_sales/D "
    "hierarchical_sales/W LOOP_SEATTLE/D SZ_TAXI/H M_DENSE/D ett1/D ett1/W ett2/D ett2/W jena_weather/D "
    "bitbrains_fast_storage/H bitbrains_rnd/H"
)
TASKS: tuple[tuple[str, Term], ...] = (
    *((name, "short") for name in _SHORT.split()),
    *((name, term) for name in _LONG.split() for term in ("short", "medium", "long")),
)
"""Folder and term of every task of the benchmark."""

_TERMS = {"short": 1, "medium": 10, "long": 15}  # horizons of the short term
_HORIZONS = {"M": 12, "W": 8, "D": 30, "H": 48, "T": 48, "S": 60}
_M4_HORIZONS = {"A": 6, "Q": 8, "M": 18, "W": 13, "D": 14, "H": 48}
_UNITS = {"Y": "A", "YE": "A", "QE": "Q", "ME": "M", "MIN": "T"}  # newer names of units
_PERIODS = {"A": "Y", "H": "h", "T": "min", "S": "s"}  # names that periods of pandas have now
_PUBLISHED = {"saugeenday": "saugeen"}  # and names ending in "_with_missing"
_DOMAINS = {
    "Econ/Fin": "m4_",
    "Energy": "electricity ett1 ett2 solar",
    "Healthcare": "hospital covid_deaths us_births",
    "Nature": "saugeen temperature_rain kdd_cup_2018 jena_weather",
    "Sales": "car_parts restaurant hierarchical_sales",
    "Transport": "loop_seattle sz_taxi m_dense",
    "Web/CloudOps": "bitbrains_ bizitobs_",
}


@dataclasses.dataclass(frozen=True)
class GiftTask:
    """One line of the benchmark: a data set, a term, and the windows that follow from both; `TASKS` lists all.

    Attributes
    ----------
    name : str
        As published, such as ``"m4_hourly/H/short"``.
    domain : str
        Empty for a data set that is not of the benchmark.
    n_variates, horizon, n_windows, season_length : int
        Variates of each item, steps ahead, windows at the end of each series, and season of the scaled errors.
    data : gluonts.dataset.split.TestData
        Inputs and labels; each variate is a series.
    """

    name: str
    domain: str
    n_variates: int
    horizon: int
    n_windows: int
    season_length: int
    data: Any

    @classmethod
    def load(cls, root: str | Path, dataset: str, term: Term = "short") -> "GiftTask":
        """The task of a data set, the folder ``root/dataset`` that ``datasets`` saved, and a term.

        Raises
        ------
        MissingDependencyError
            datasets or gluonts is not installed.
        ParameterError
            There is no such term, or no horizon for the frequency.
        DataError
            A series is too short for the windows, or the folder has not the columns of the benchmark.

        Examples
        --------
        >>> GiftTask.load("gift-eval-data", "m4_hourly").name  # doctest: +SKIP
        'm4_hourly/H/short'
        """
        check_one_of("term", term, tuple(_TERMS))
        split = needed("gluonts.dataset.split", "A task of GIFT-Eval", "gift-eval", REMARK).split
        seasons = needed("gluonts.time_feature", "A task of GIFT-Eval", "gift-eval", REMARK)
        rows = _rows(Path(root) / dataset)
        written, is_m4 = str(rows[0]["freq"]), "m4" in dataset
        count, unit, anchor = _frequency(written)
        if unit not in (horizons := _M4_HORIZONS if is_m4 else _HORIZONS):
            raise ParameterError(f"GIFT-Eval has no horizon for the frequency {written!r} of {dataset!r}.")
        horizon, period = _TERMS[term] * horizons[unit], f"{count}{_PERIODS.get(unit, unit)}{anchor}"
        series = [entry for row in rows for entry in _series(row, period)]
        shortest = min(len(entry["target"]) for entry in series)
        n_windows = 1 if is_m4 else min(max(1, math.ceil(0.1 * shortest / horizon)), 20)
        if shortest <= horizon * n_windows:
            raise DataError(
                f"{dataset!r} has a series of {shortest} observations; {n_windows} windows of {horizon} need more."
            )
        _, template = split(series, offset=-horizon * n_windows)
        name = _published(dataset.partition("/")[0])
        return cls(
            name=f"{name}/{count}{unit}/{term}",
            domain=next((d for d, names in _DOMAINS.items() if any(map(name.startswith, names.split()))), ""),
            n_variates=len(series) // len(rows),
            horizon=horizon,
            n_windows=n_windows,
            season_length=seasons.get_seasonality(period),
            data=template.generate_instances(horizon, windows=n_windows, distance=horizon),
        )


def _rows(folder: Path) -> Any:
    """The rows of a folder that ``datasets`` saved."""
    datasets = needed("datasets", "A task of GIFT-Eval", "gift-eval", REMARK)
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.{REMARK}")
    rows = datasets.load_from_disk(str(folder)).with_format("numpy")
    if missing := {"item_id", "start", "freq", "target"} - set(getattr(rows, "column_names", ())):
        raise DataError(f"{folder} has no columns {sorted(missing)}; it has {rows.column_names}.")
    return rows


def _frequency(written: str) -> tuple[str, str, str]:
    """Number of units (empty for one), unit and anchor of a frequency, whichever pandas wrote it.

    Examples
    --------
    >>> _frequency("15min"), _frequency("A-DEC"), _frequency("W-SUN")
    (('15', 'T', ''), ('', 'A', '-DEC'), ('', 'W', '-SUN'))
    """
    found = re.fullmatch(r"(\d*)([A-Za-z]+)(-\w+)?", written)
    if found is None:
        raise ParameterError(f"{written!r} is no frequency of GIFT-Eval, such as '15T' or 'W-SUN'.")
    unit = found[2].upper()
    return found[1], _UNITS.get(unit, unit), found[3] or ""


def _published(dataset: str) -> str:
    """Name of a data set in the results: lower case, and without what the folder adds."""
    lower = dataset.lower().removesuffix("_with_missing")
    return _PUBLISHED.get(lower, lower)


def _series(row: Mapping[str, Any], period: str) -> Iterator[dict[str, Any]]:
    """An entry of gluonts for each variate of a row."""
    target = np.asarray(row["target"], dtype=np.float32)
    start = pd.Period(pd.Timestamp(row["start"].item()), period)
    for k, values in enumerate(np.atleast_2d(target)):
        name = str(row["item_id"]) if target.ndim == 1 else f"{row['item_id']}_dim{k}"
        yield {"item_id": name, "start": start, "target": values}
