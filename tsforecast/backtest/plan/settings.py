"""Checks of a backtest's settings, made before memory is allocated and before a model is fitted."""

import itertools
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tsforecast._arguments import check_each_once
from tsforecast._types import Floats, Index
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.forecast import interval_quantiles, quantile_levels
from tsforecast.metrics.metric import Metric

MOST_MODELS = 1000
_MOST_SEEDS = 10_000
_MOST_LEVELS = 1000
_MOST_JOBS = 1_000_000
_LONGEST_NAME = 10_000  # characters
_LARGEST_SETTING = 2**31
_NEAREST = 1e-8  # quantile levels that lie nearer to 0, to 1 or to each other are not distinguished
_TRIED_SERIES = 4096  # as many as are scored at once
_TRIED_NUMBERS = 10_000_000


def parse_level(level: float | Sequence[float]) -> tuple[float, ...]:
    """Interval levels in percent, as a tuple; a level given twice is an error.

    Examples
    --------
    >>> parse_level([80, 95]), parse_level(90)
    ((80.0, 95.0), (90.0,))
    """
    given = _parse_numbers("level", level)
    for percent in given:
        interval_quantiles(percent)
    check_each_once("level", given)
    return given


def parse_quantiles(quantiles: float | Sequence[float]) -> tuple[float, ...]:
    """Quantile levels between 0 and 1, as a tuple; a level given twice is an error.

    Examples
    --------
    >>> parse_quantiles([0.1, 0.5])
    (0.1, 0.5)
    """
    given = _parse_numbers("quantiles", quantiles)
    quantile_levels(None, given)
    check_each_once("quantiles", given)
    return given


def check_levels(level: Sequence[float], quantiles: Sequence[float]) -> None:
    """Raise a `ParameterError` where two quantile levels are too near to each other, or one to 0 or 1."""
    levels = [0.0, *quantile_levels(level, quantiles).tolist(), 1.0]
    for low, high in itertools.pairwise(levels):
        if high - low < _NEAREST:
            raise ParameterError(
                f"level={list(level)}, quantiles={list(quantiles)}: the quantiles {low} and {high} lie nearer than "
                f"{_NEAREST:g}."
            )


def parse_seeds(seeds: int | Sequence[int] | None) -> tuple[int, ...] | None:
    """Seeds as a tuple: 0 to k - 1 for a number ``k``, else the sequence given; None for None.

    Examples
    --------
    >>> parse_seeds(3), parse_seeds([7, 8])
    ((0, 1, 2), (7, 8))
    """
    if seeds is None:
        return None
    wrong = ParameterError(
        f"seeds={str(seeds)[:80]} is neither a number of seeds, 1 to {_MOST_SEEDS}, nor as many different seeds, whole "
        "numbers from 0 to 2**32 - 1."
    )
    if isinstance(seeds, (int, np.integer)) and not isinstance(seeds, bool):
        if not 1 <= seeds <= _MOST_SEEDS:
            raise wrong
        return tuple(range(int(seeds)))
    if isinstance(seeds, (bool, str, bytes, Mapping)) or not isinstance(seeds, Iterable):
        raise wrong
    given = list(itertools.islice(seeds, _MOST_SEEDS + 1))
    whole = all(isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) for seed in given)
    if not whole or not 1 <= len(given) <= _MOST_SEEDS or not all(0 <= seed < 2**32 for seed in given):
        raise wrong
    if len(set(given)) < len(given):
        raise wrong
    return tuple(int(seed) for seed in given)


def check_n_jobs(n_models: int, n_seeds: int, n_windows: int, n_blocks: int) -> None:
    """Raise a `ParameterError` where a run has more fits and forecasts than can be listed."""
    if (n_jobs := n_models * n_seeds * n_windows * n_blocks) > _MOST_JOBS:
        raise ParameterError(
            f"{n_models} models, {n_seeds} seeds, {n_windows} cutoffs and {n_blocks} blocks of series make "
            f"{n_jobs} jobs; {_MOST_JOBS} are allowed."
        )


def check_name(name: str) -> None:
    """Raise a `ParameterError` where a model's name cannot be used in tables and files."""
    if not name.strip() or len(name) > _LONGEST_NAME or not all(char.isprintable() for char in name):
        raise ParameterError(
            f"{name[:80]!r} cannot be the name of a model: a name is a text of 1 to {_LONGEST_NAME} characters without "
            "line breaks or control characters."
        )


def check_storable_ids(ids: Index) -> None:
    """Raise a `DataError` where names of series would change when written to a Parquet file and read back."""
    try:
        table = pa.Table.from_pandas(pd.DataFrame({"unique_id": ids}), preserve_index=False)
        nested = pa.types.is_nested(table.schema.field(0).type)
        same = not nested and table.to_pandas()["unique_id"].tolist() == ids.tolist()
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        same = False
    if not same:
        raise DataError(
            f"unique_id: names such as {', '.join(map(repr, ids[:3].tolist()))} cannot be written as one column of a "
            "file; make them all text, or all numbers."
        )


def check_metrics(
    metrics: Sequence[Metric], level: Sequence[float], levels: Floats, n_series: int, horizon: int, *, usual: bool
) -> None:
    """Raise a `ParameterError` where a metric cannot be computed: tried on numbers of the run's size.

    Parameters
    ----------
    metrics : sequence of Metric
    level : sequence of float
    levels : ndarray, shape (n_quantiles,)
    n_series, horizon : int
        Size of the run.
    usual : bool
        Whether these are the default metrics: those that need intervals are then skipped where there are none.
    """
    rng = np.random.default_rng(0)
    n_tried = max(1, min(n_series, _TRIED_SERIES, _TRIED_NUMBERS // (horizon * (levels.size + 1))))
    truth, mean = rng.uniform(1, 2, size=(2, n_tried, horizon))
    arguments: dict[str, list[Floats]] = {
        "point": [truth, mean],
        "quantile": [truth, mean[:, :, None] + (levels - 0.5), levels],
        "interval": [truth, mean - 0.5, mean + 0.5],
    }
    for metric in metrics:
        if metric.kind == "quantile" and not levels.size:
            raise ParameterError(f"metrics: {metric.name} needs quantiles; give level or quantiles.")
        if metric.kind == "interval" and not level and not usual:
            raise ParameterError(f"metrics: {metric.name} needs intervals; give level.")
        for percent in level if metric.kind == "interval" else (None,):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                metric.score(arguments[metric.kind], level=percent, scale=np.ones(n_tried))


def _parse_numbers(name: str, given: Any) -> tuple[float, ...]:
    if isinstance(given, (int, float, np.integer, np.floating)) and not isinstance(given, bool):
        given = [given]
    if isinstance(given, (str, bytes, bool, Mapping)) or not isinstance(given, Iterable):
        raise ParameterError(f"{name}={given!r} is no list of numbers.")
    numbers = list(itertools.islice(given, _MOST_LEVELS + 1))
    if len(numbers) > _MOST_LEVELS:
        raise ParameterError(f"{name}: more than {_MOST_LEVELS} numbers are too many.")
    for number in numbers:
        real = isinstance(number, (int, float, np.integer, np.floating)) and not isinstance(number, bool)
        if not real or not abs(number) < _LARGEST_SETTING:  # nan neither
            raise ParameterError(f"{name}: {number!r} is no number.")
    return tuple(float(number) for number in numbers)
