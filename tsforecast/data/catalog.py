"""Named data sets: bundled files, unions of these, or simulated series; listed in ``datasets/catalog.yaml``."""

import dataclasses
import difflib
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._resources import bundled
from tsforecast.data.known import known_entries
from tsforecast.data.process import ArimaProcess, Process, SeasonalProcess
from tsforecast.data.read import read
from tsforecast.data.simulate import simulate
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError
from tsforecast.panel import Panel


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A data set: its series and facts about them.

    Attributes
    ----------
    name : str
    panel : Panel
    season_length : int
        Steps per season of these series, 1 where they have no season of fixed length.
    horizon : int
        Usual forecast horizon, in steps.
    description, source, terms : str
        What the data set is, where it is from, and its terms of use.
    process : ArimaProcess or SeasonalProcess, or None
        Process that the series were simulated from; None for all others.
    """

    name: str
    panel: Panel
    season_length: int
    horizon: int
    description: str
    source: str
    terms: str
    process: Process | None = None

    @property
    def series(self) -> "pd.Series[float]":
        """The one series, with its times as index; a `DataError` where there are several.

        Examples
        --------
        >>> load("airline").series.iloc[:2].tolist()
        [112.0, 118.0]
        """
        if self.panel.n_series != 1:
            raise DataError(f"{self.name!r} holds {self.panel.n_series} series; use .frame or .panel.")
        return pd.Series(np.array(self.panel.values), index=self.panel.times, name=self.panel.ids[0])

    @property
    def frame(self) -> pd.DataFrame:
        """All series as a long frame ``unique_id``, ``ds``, ``y``."""
        return self.panel.to_frame()


def load(
    name: str, *, n_obs: int | None = None, n_series: int | None = None, random_state: int | None = None
) -> Dataset:
    """The data set with a given name.

    Parameters
    ----------
    name : str
        One of `names()`.
    n_obs, n_series, random_state : int, optional
        For simulated data sets only: length, number of series (default 1) and seed in place of those of the catalog.

    Raises
    ------
    UnknownNameError
        No data set has this name; the message suggests close names.
    ParameterError
        ``n_obs``, ``n_series`` or ``random_state`` was given for a data set that is not simulated.

    Examples
    --------
    >>> load("airline").panel
    Panel(n_series=1, n_obs=144, freq='MS')
    >>> load("simulated/arma21", n_series=3).panel
    Panel(n_series=3, n_obs=900, freq='YS-JAN')
    """
    entry = _entry(name)
    wanted = {"n_obs": n_obs, "n_series": n_series, "random_state": random_state}
    given = {key: value for key, value in wanted.items() if value is not None}
    process = None
    if "process" in entry:
        process = _process(entry["process"])
        defaults = {"n_obs": entry["n_obs"], "n_series": 1, "random_state": entry["random_state"]}
        panel = simulate(process, **(defaults | given)).panel
        panel = _named(panel, [name] if panel.n_series == 1 else [f"{name}/{i}" for i in range(panel.n_series)])
    elif given:
        raise ParameterError(f"{name!r} is not simulated, {next(iter(given))} cannot be chosen.")
    elif "members" in entry:
        panel = _joined([load(member).panel for member in entry["members"]])
    else:
        panel = read(bundled("datasets") / entry["file"], freq=entry["freq"])
        panel = _named(panel, [name]) if panel.n_series == 1 else panel
    about = {key: str(entry[key]) for key in ("description", "source", "terms")}
    return Dataset(name, panel, int(entry["season_length"]), int(entry["horizon"]), **about, process=process)


def _entry(name: str) -> dict[str, Any]:
    entries = known_entries()
    if name in entries:
        return entries[name]
    close = difflib.get_close_matches(str(name).lower(), entries, n=3, cutoff=0.5)
    close = close or [known for known in entries if str(name).lower() in known]
    hint = f"Did you mean {' or '.join(map(repr, close))}?" if close else f"There are {', '.join(entries)}."
    raise UnknownNameError(f"There is no data set {name!r}. {hint}")


def _process(parameters: dict[str, Any]) -> Process:
    frozen: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in parameters.items()}
    return SeasonalProcess(**frozen) if "pattern" in frozen else ArimaProcess(**frozen)


def _named(panel: Panel, ids: list[str]) -> Panel:
    return dataclasses.replace(panel, ids=pd.Index(ids))


def _joined(panels: list[Panel]) -> Panel:
    lengths = np.concatenate([panel.lengths for panel in panels])
    times = panels[0].times.append([panel.times for panel in panels[1:]])
    ids = panels[0].ids.append([panel.ids for panel in panels[1:]])
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Panel(np.concatenate([panel.values for panel in panels]), times, indptr, ids, panels[0].freq)
