"""Names of metrics, or functions -> what the backtest calls."""

import dataclasses
import difflib
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError, UnknownNameError
from tsforecast.metrics import interval, point, quantile

Kind: TypeAlias = Literal["point", "quantile", "interval"]
Scale: TypeAlias = Literal["absolute", "squared"]


@dataclasses.dataclass(frozen=True)
class Metric:
    """A function with the arguments that it takes.

    Attributes
    ----------
    name : str
        As it stands in the score frame; an interval metric adds its level: ``coverage-80``.
    function : callable
        Arrays -> ``(n_series,)``. By kind it is called with ``(y_true, y_pred)``, ``(y_true, quantiles, levels)`` or
        ``(y_true, lower, upper)``; then, where declared, ``level`` and ``scale``.
    kind : {"point", "quantile", "interval"}
    scale : {"absolute", "squared"}, optional
        The seasonal scale that is handed over as the last argument.
    takes_level : bool
        Whether an interval metric is told the level in percent.
    decimals : int
        Decimals worth printing.

    Examples
    --------
    >>> Metric("worst", lambda y_true, y_pred: abs(y_true - y_pred).max(axis=1)).kind
    'point'
    """

    name: str
    function: Callable[..., Floats]
    kind: Kind = "point"
    scale: Scale | None = None
    takes_level: bool = False
    decimals: int = 3


_METRICS = {
    metric.name: metric
    for metric in (
        Metric("bias", point.bias),
        Metric("mae", point.mae),
        Metric("mse", point.mse),
        Metric("rmse", point.rmse),
        Metric("mase", point.mase, scale="absolute"),
        Metric("rmsse", point.rmsse, scale="squared"),
        Metric("mape", point.mape, decimals=2),
        Metric("smape", point.smape, decimals=2),
        Metric("wape", point.wape),
        Metric("pinball", quantile.pinball, "quantile"),
        Metric("crps", quantile.crps, "quantile"),
        Metric("wql", quantile.wql, "quantile"),
        Metric("coverage", interval.coverage, "interval", decimals=1),
        Metric("width", interval.width, "interval"),
        Metric("interval_score", interval.interval_score, "interval", takes_level=True),
        Metric("msis", interval.msis, "interval", scale="absolute", takes_level=True),
    )
}
METRIC_NAMES = tuple(_METRICS)


def choose_metrics(metrics: "Sequence[str | Metric]") -> tuple[Metric, ...]:
    """The metrics that names stand for; a `Metric` is taken as it is.

    Raises
    ------
    UnknownNameError
        A name is not known; the message says which names come near.
    ParameterError
        Two metrics have one name, or there is none.

    Examples
    --------
    >>> [metric.name for metric in choose_metrics(["MASE", "coverage"])]
    ['mase', 'coverage']
    """
    chosen = tuple(m if isinstance(m, Metric) else _named(m) for m in metrics)
    names = [metric.name for metric in chosen]
    if not names or len(set(names)) < len(names):
        raise ParameterError(f"metrics={names} must be at least one, each once.")
    return chosen


def metric_columns(metrics: Sequence[Metric], level: Sequence[float]) -> list[str]:
    """Names of the scores: an interval metric has one for each level.

    Examples
    --------
    >>> metric_columns(choose_metrics(["mase", "coverage"]), [80, 95])
    ['mase', 'coverage-80', 'coverage-95']
    """
    return [
        name
        for metric in metrics
        for name in ([f"{metric.name}-{p:g}" for p in level] if metric.kind == "interval" else [metric.name])
    ]


def _named(name: str) -> Metric:
    if not isinstance(name, str):
        raise ParameterError(f"metrics: {name!r} is neither a name nor a Metric(name, function).")
    if name.lower() not in _METRICS:
        near = difflib.get_close_matches(name.lower(), METRIC_NAMES, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(METRIC_NAMES)}."
        raise UnknownNameError(f"No metric is called {name!r}; {hint}")
    return _METRICS[name.lower()]
