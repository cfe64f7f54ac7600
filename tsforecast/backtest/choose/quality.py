"""How wrong the forecasts of a model were in a backtest, in the units and words of people."""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd

from tsforecast._texts import listed, short_text
from tsforecast._types import Floats
from tsforecast.backtest.result.analysis import calibration_of, verdict_of
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.decision import decision_of
from tsforecast.exceptions import DataError
from tsforecast.panel.times.shown import time_text

_TOLD = 80.0  # percent of the interval whose coverage is told, where it was forecast
_NAMED = 3  # models named in a sentence


@dataclasses.dataclass(frozen=True)
class Quality:
    """How wrong the forecasts of one model were over the cutoffs of a backtest, and how sure its choice is.

    Attributes
    ----------
    model : str
    n_models, n_series, n_windows, horizon : int
        Models compared; series, cutoffs and steps that it was measured on.
    error : float
        Mean absolute error, in the unit of the series; of several series that of the median one.
    percent : float
        The same in percent of the mean absolute truth; nan where values are negative or all zero.
    level : float
        Percent of the interval that ``coverage`` is of; nan where there are no intervals.
    coverage : float
        Percent of the true values that it held.
    n_values : int
        True values that it could hold.
    certainty : str
        How sure it is that the model is the best of those compared, as the end of a sentence.
    until : str
        The last time that forecasts were compared with.
    measured_on : str
        Day of the measurement.
    """

    model: str
    n_models: int
    n_series: int
    n_windows: int
    horizon: int
    error: float
    percent: float
    level: float
    coverage: float
    n_values: int
    certainty: str
    until: str
    measured_on: str

    @property
    def sentence(self) -> str:
        """All of it in one sentence.

        Examples
        --------
        >>> Quality("LSTM", 3, 1, 5, 12, 8.25, 3.1, 80.0, 85.0, 60, "; it may not be the best", "1960-12", "").sentence
        'LSTM was best of 3 models: over the last 5 cutoffs it was off by 8.25 (3.1%) on average, and its 80% interval
        held 85% of the 60 true values; it may not be the best.'
        """
        who = f"{self.model} was best of {self.n_models} models:" if self.n_models > 1 else f"{self.model}:"
        last = f"the last {self.n_windows} cutoffs" if self.n_windows > 1 else "the last cutoff"
        return f"{who} over {last} it was off by {self.error_text}{self.coverage_text}{self.certainty}."

    @property
    def error_text(self) -> str:
        """How far off the forecasts were, in words."""
        share = _percent(self.percent)
        if self.n_series == 1:
            return f"{short_text(self.error)}{f' ({share})' if np.isfinite(self.percent) else ''} on average"
        size = f"{share} of the value" if np.isfinite(self.percent) else short_text(self.error)
        return f"{size} on average in the median one of {self.n_series:,} series"

    @property
    def coverage_text(self) -> str:
        """How often an interval held the truth, in words; empty where there are no intervals."""
        if not self.n_values or not np.isfinite(self.coverage):
            return ""
        return f", and its {self.level:g}% interval held {self.coverage:.0f}% of the {self.n_values:,} true values"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; None for nan."""
        values = dataclasses.asdict(self)
        return {name: None if value != value else value for name, value in values.items()}  # nan is not itself

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The quality that `to_dict` wrote.

        Raises
        ------
        DataError
            The values are others.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        if not isinstance(values, Mapping) or set(values) != set(names):
            raise DataError(f"How wrong a model was is written as {', '.join(names)}; these are other values.")
        plain: dict[str, Any] = {name: float("nan") if value is None else value for name, value in values.items()}
        return cls(**plain)


def measure(run: RunData, model: str, metric: str | None = None) -> Quality:
    """The quality of one model of a run.

    Parameters
    ----------
    run : RunData
    model : str
    metric : str, optional
        What the models were ranked by, as in `BacktestResult.leaderboard`.

    Examples
    --------
    >>> from tsforecast import Drift, Naive
    >>> from tsforecast.backtest import RollingOrigin, backtest
    >>> result = backtest([Naive(), Drift()], np.arange(1.0, 10.0), cv=RollingOrigin(2, 2), metrics=["mae"])
    >>> measure(result.run, "Drift").error, measure(result.run, "Naive").percent
    (0.0, 20.0)
    """
    own = run.large.forecasts_of(model, ["unique_id", "cutoff", "ds", "y", "mean"])
    error, percent = _errors(own)
    level, coverage, n_values = _coverage(run, model)
    return Quality(
        model=model,
        n_models=len(run.models),
        n_series=int(own["unique_id"].nunique()),
        n_windows=run.n_windows,
        horizon=run.horizon,
        error=error,
        percent=percent,
        level=level,
        coverage=coverage,
        n_values=n_values,
        certainty=_certainty(run, model, metric),
        until=time_text(own["ds"].max()),
        measured_on=datetime.datetime.now().astimezone().date().isoformat(),
    )


def _errors(own: pd.DataFrame) -> tuple[float, float]:
    """Mean absolute error, and that in percent of the mean truth, of the median series."""
    y, mean = (own[name].to_numpy(dtype=np.float64) for name in ("y", "mean"))
    known = np.isfinite(y) & np.isfinite(mean)
    codes, names = pd.factorize(own["unique_id"])

    def sums(values: Floats) -> Floats:
        return np.asarray(np.bincount(codes[known], weights=values[known], minlength=len(names)), dtype=np.float64)

    counts, totals, truths = sums(np.ones(y.size)), sums(np.abs(mean - y)), sums(np.abs(y))
    measured = counts > 0
    if not measured.any():
        return float("nan"), float("nan")
    error = float(np.median(totals[measured] / counts[measured]))
    shares = totals[truths > 0] / truths[truths > 0]
    has_shares = bool((y[known] >= 0).all()) and shares.size > 0
    return error, 100 * float(np.median(shares)) if has_shares else float("nan")


def _coverage(run: RunData, model: str) -> tuple[float, float, int]:
    """Level of an interval, percent of the truth that it held, and of how many values."""
    try:
        table = calibration_of(run, [model])
    except DataError:  # no intervals were forecast
        return float("nan"), float("nan"), 0
    whole = table[table["h"] == 0].reset_index(drop=True)
    row = whole.loc[(whole["level"] - _TOLD).abs().idxmin()]
    return float(row["level"]), float(row["coverage"]), int(row["n"])


def _certainty(run: RunData, model: str, metric: str | None) -> str:
    """How sure the choice is, as the decision over all models has it; empty where none was chosen from."""
    try:
        decision = decision_of(run, metric)
    except DataError:  # fewer than two models finished anything
        return "; no other model can be compared with it" if len(run.models) > 1 else ""
    rivals = [name for name in decision.confidence_set() if name != model]
    if not rivals:
        return f"; that it is the best of them is more than chance ({decision.level:g}% confidence)"
    shown = rivals if len(rivals) <= _NAMED else [*rivals[: _NAMED - 1], f"{len(rivals) - _NAMED + 1} others"]
    reason = verdict_of(run, model, rivals[0], metric).reason if model in decision.models else ""
    because = f" ({reason})" if reason else ""
    return f"; that it is the best is not certain: {listed(shown)} may be as good{because}"


def _percent(value: float) -> str:
    """A percentage of at least 0, of which one that is not 0 never reads as 0."""
    if 0 < value < 0.05:
        return "under 0.1%"
    return f"{value:,.{0 if value >= 10 or value == 0 else 1}f}%"
