"""Sums of sample paths over the horizon, or over blocks of it, with their intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._arguments import check_paths, generators_of, number_list, random_generator, steps_ahead
from tsforecast._predicting import Forecasting, future_of, origin_of, paths_within
from tsforecast._types import Floats, Index
from tsforecast.exceptions import ParameterError
from tsforecast.forecast import interval_quantiles, quantile_levels
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates
from tsforecast.panel.containers import Series
from tsforecast.panel.times.frequency import future_times
from tsforecast.panel.whole_numbers import whole_number

_MOST_NUMBERS = 2**25  # of paths in memory at once


def total_table(
    model: Forecasting,
    horizon: int,
    X: Covariates | None,
    history: Series | None,
    level: float | Sequence[float] | None,
    by: int | None,
    n_paths: int,
    random_state: int | np.random.Generator | None,
) -> Any:
    """Sums over the horizon in a frame, once all arguments are checked: see `BaseForecaster.predict_total`."""
    steps, rng = steps_ahead(horizon), random_generator(random_state)
    length, levels = block_length(by, steps), interval_levels(level)
    panel, container, X = origin_of(model, history, X)
    check_paths(panel.take([0]), steps, n_paths)
    table = totals(model, panel, future_of(model, X, panel, steps), (int(n_paths), steps, length), levels, rng)
    return table if container.native is None else container.native.frame(table)


def block_length(by: int | None, horizon: int) -> int:
    """Steps of a block: ``by``, or the whole horizon where it is None.

    Raises
    ------
    ParameterError
        ``by`` is not a whole number that divides the horizon: sums over blocks of different lengths do not compare.

    Examples
    --------
    >>> block_length(None, 24), block_length(12, 24)
    (24, 12)
    """
    length = horizon if by is None else whole_number("by", by, what="a whole number of steps")
    if horizon % length:
        raise ParameterError(f"by={length} does not divide horizon={horizon} into blocks of one length.")
    return length


def interval_levels(level: float | Sequence[float] | None) -> list[float]:
    """Percentages of central intervals as a list; a `ParameterError` for what is no percentage.

    Examples
    --------
    >>> interval_levels(80), interval_levels(None)
    ([80.0], [])
    """
    levels = number_list("level", level) or []
    quantile_levels(levels, None)
    return levels


def totals(
    model: Forecasting,
    panel: Panel,
    X: Floats | None,
    size: tuple[int, int, int],
    level: Sequence[float],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Sums of sample paths of every series of a panel: see `BaseForecaster.predict_total`.

    Parameters
    ----------
    model : BaseForecaster
    panel : Panel
    X : ndarray, shape (n_series, horizon, n_features), or None
    size : tuple of int
        Paths of each series, steps, and steps in a block.
    level : sequence of float
    rng : Generator
    """
    n_paths, horizon, length = size
    rngs, tables = generators_of(panel.ids, rng), []
    n_together = max(1, _MOST_NUMBERS // (n_paths * horizon))  # series whose paths are held in memory at once
    for begin in range(0, panel.n_series, n_together):
        some, own, draws = panel, X, rngs
        if n_together < panel.n_series:
            part = slice(begin, min(begin + n_together, panel.n_series))
            some, draws = panel.take(np.arange(part.start, part.stop)), rngs[part]
            own = None if X is None else X[part]
        paths = paths_within(model, some, n_paths, horizon, own, draws)
        tables.append(total_frame(paths, some.ids, future_times(some.last_times, horizon, panel.freq), length, level))
    return pd.concat(tables, ignore_index=True)


def total_frame(paths: Floats, ids: Index, times: Index, length: int, level: Sequence[float]) -> pd.DataFrame:
    """Sums of paths ``(n_series, n_paths, horizon)`` over blocks of ``length`` steps, one row a series and block.

    Returns
    -------
    DataFrame
        ``unique_id``, ``start`` and ``end``, the times of the first and the last step of the block, ``mean``, and the
        ends of the central intervals, ``lo-80`` and ``hi-80`` for 80.

    Examples
    --------
    >>> paths = np.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]])
    >>> total_frame(paths, pd.Index(["a"]), pd.Index([7, 8]), 2, [50])
      unique_id  start  end  mean  lo-50  hi-50
    0         a      7    8   7.0    5.0    9.0
    """
    n_series, n_paths, horizon = paths.shape
    n_blocks = horizon // length
    sums = paths.reshape(n_series, n_paths, n_blocks, length).sum(axis=3)
    first = (np.arange(n_series)[:, None] * horizon + np.arange(n_blocks) * length).reshape(-1)
    frame = pd.DataFrame({"unique_id": ids.repeat(n_blocks), "start": times[first], "end": times[first + length - 1]})
    frame["mean"] = sums.mean(axis=1).reshape(-1)
    for percent in level:
        for name, q in zip(("lo", "hi"), interval_quantiles(percent), strict=True):
            frame[f"{name}-{percent:g}"] = np.quantile(sums, q, axis=1).reshape(-1)
    return frame
