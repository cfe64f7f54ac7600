"""Simulates series of a known process from a seed."""

import dataclasses

import numpy as np
import pandas as pd

from tsforecast.data.process import ArimaProcess, Process, SeasonalProcess, first_time
from tsforecast.exceptions import ParameterError
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import future_times, parse_freq

__all__ = ["ArimaProcess", "SeasonalProcess", "Simulation", "simulate"]


@dataclasses.dataclass(frozen=True)
class Simulation:
    """Simulated series and their process, from which the best possible forecast is known."""

    panel: Panel
    process: Process


def simulate(process: Process, n_obs: int, n_series: int = 1, random_state: int = 0) -> Simulation:
    """Simulate independent series of a process.

    Parameters
    ----------
    process : ArimaProcess or SeasonalProcess
    n_obs : int
        Observations of each series.
    n_series : int
        Number of series; their names are ``s0``, ``s1`` and so on.
    random_state : int
        Seed; the same seed gives the same panel.

    Raises
    ------
    ParameterError
        A count is not positive.

    Examples
    --------
    >>> simulate(ArimaProcess(phi=(0.8,)), n_obs=50, n_series=3, random_state=1).panel
    Panel(n_series=3, n_obs=150, freq='1')
    """
    for name, count in (("n_obs", n_obs), ("n_series", n_series)):
        if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
            raise ParameterError(f"{name}={count!r} is not a whole number, at least 1.")
    values = process.draw(n_obs, n_series, np.random.default_rng(random_state))
    first = first_time(process)
    freq = parse_freq(process.freq)
    own = first.append(future_times(first, n_obs - 1, freq)) if n_obs > 1 else first
    panel = Panel(
        values.reshape(-1),
        own.take(np.tile(np.arange(n_obs), n_series)),
        np.arange(n_series + 1, dtype=np.int64) * n_obs,
        pd.Index([f"s{i}" for i in range(n_series)]),
        freq,
    )
    return Simulation(panel, process)
