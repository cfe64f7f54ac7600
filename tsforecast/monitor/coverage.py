"""How often intervals in use held the truth, and an alarm where they hold it too seldom."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tsforecast.exceptions import ParameterError
from tsforecast.forecast import Forecast, interval_quantiles
from tsforecast.monitor.detector import evidence
from tsforecast.monitor.past_forecasts import rows_with_truth
from tsforecast.panel.containers import Series

_FEWEST = 2.0  # turns between false alarms


def monitor_coverage(
    forecasts: "Forecast | pd.DataFrame | Sequence[Forecast | pd.DataFrame]",
    truth: Series,
    *,
    level: float = 80,
    run_length: float = 1000,
) -> pd.DataFrame:
    """How often past intervals held the truth, for each series and all together, with an alarm where it is too seldom.

    Of each time the last forecast before it counts, and of forecasts those that are over: the truth reaches the last
    step of theirs that counts. Give the truth of all series up to the same time. The share of observations outside, by
    forecast, goes into an e-detector (`tsforecast.monitor.detector`). As long as an interval holds the truth with the
    probability of its level, given what was known when it was made, the mean number of forecasts until the first alarm,
    of whatever series, is at least ``run_length``: errors of several steps or series may depend on each other.

    Parameters
    ----------
    forecasts : Forecast, DataFrame, or list of them
        One item a night, in any order (of two made at the same time the later item counts): what
        ``forecast(horizon, level=80)`` and ``predict(horizon, level=80)`` give, or a file of ``tsforecast forecast``
        read by pandas. Or one long frame with a column ``cutoff``.
    truth : Series, DataFrame or Panel
        What came, in any container with times that `fit` takes; times that are not known yet are passed over.
    level : float
        Of the interval that is watched, in percent.
    run_length : float
        Mean number of forecasts until a false alarm, at least: 365 is at most one in a year of nights, on average.

    Returns
    -------
    DataFrame
        A row for each series and, where there are several, a first one for all, whose ``unique_id`` is None. Columns:
        ``n`` observations; ``n_below``, ``n_above`` the interval; ``coverage`` in percent; ``evidence``, the largest so
        far, in units of the alarm's limit: 1 is an alarm; ``alarm``, the time of the forecast's last step that raised
        it first, or none (NaT).

    Raises
    ------
    ParameterError
        ``level`` or ``run_length`` is out of its range, or a forecast has no such interval.
    DataError
        No forecast is over yet, or a time stands twice in one forecast.
    ContainerTypeError
        An argument has no times.

    Notes
    -----
    With n series the limit of each is ``2 n run_length``, and that of all together ``2 run_length``; with one it is
    ``run_length``. In simulations of one series with one step a forecast, an interval of 80% that suddenly holds 60%
    raises the alarm after 38 forecasts on average, with a run length of 365 after 26; one that holds 40% after 14 and
    11. After a new fit begin with the forecasts made since.

    Examples
    --------
    >>> from tsforecast import Naive
    >>> y = pd.Series(np.cumsum(np.tile([1.0, -1.0, 0.5, -0.5], 10)), index=range(40), name="a")
    >>> y.iloc[20:] *= 1 + np.arange(20)  # it swings more and more
    >>> model, kept = Naive().fit(y[:20]), []
    >>> for t in range(20, 40):
    ...     kept.append(model.predict(1, level=80))
    ...     model = model.update(y[t : t + 1])
    >>> monitor_coverage(kept, y, run_length=100)[["n", "n_below", "n_above", "coverage", "alarm"]]
        n  n_below  n_above  coverage  alarm
    0  20        9       10       5.0     25
    """
    low, high = interval_quantiles(level)
    if not (isinstance(run_length, (int, float)) and np.isfinite(run_length) and run_length >= _FEWEST):
        raise ParameterError(f"run_length={run_length!r} is no number of forecasts of at least {_FEWEST:g}.")
    rows = rows_with_truth(forecasts, truth, level)
    rows["outside"] = (rows["y"] < rows["low"]) | (rows["y"] > rows["high"])
    by_series = rows.groupby("unique_id", sort=True)
    n = by_series.ngroups
    groups = [(name, group, 2 * n * run_length) for name, group in by_series]
    groups = [(None, rows, 2 * run_length), *groups] if n > 1 else [(groups[0][0], rows, run_length)]
    table = pd.DataFrame([_facts(group, limit, 1.0 - (high - low)) for _, group, limit in groups])
    table.insert(0, "unique_id", pd.Series([name for name, _, _ in groups], dtype=object))
    return table


def _facts(rows: pd.DataFrame, limit: float, share: float) -> dict[str, Any]:
    """One row of the result; ``share`` is that outside which the interval promises."""
    turns = rows.groupby("turn")
    found = evidence(turns["outside"].mean().to_numpy(np.float64), share) / limit
    raised = np.flatnonzero(found >= 1.0)
    times = turns["ds"].max()
    return {
        "n": len(rows),
        "n_below": int((rows["y"] < rows["low"]).sum()),
        "n_above": int((rows["y"] > rows["high"]).sum()),
        "coverage": 100.0 * float(1.0 - rows["outside"].mean()),
        "evidence": float(found.max()),
        "alarm": times.iloc[raised[0]] if raised.size else pd.NaT,
    }
