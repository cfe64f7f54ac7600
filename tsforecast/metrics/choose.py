"""The metrics there are, collected from their modules, and how they are found by name."""

import difflib
from collections.abc import Sequence

from tsforecast.exceptions import ParameterError, UnknownNameError
from tsforecast.metrics.interval import INTERVAL_METRICS
from tsforecast.metrics.metric import Metric, ScoreFacts
from tsforecast.metrics.point import POINT_METRICS
from tsforecast.metrics.quantile import QUANTILE_METRICS

__all__ = ["DEFAULT_METRICS", "METRIC_NAMES", "Metric", "ScoreFacts", "choose_metrics", "score_facts"]

DEFAULT_METRICS = ("mase", "smape", "rmsse", "coverage", "msis")

_METRICS = {metric.name: metric for metric in (*POINT_METRICS, *QUANTILE_METRICS, *INTERVAL_METRICS)}
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
    if isinstance(metrics, (str, Metric)):
        metrics = [metrics]
    chosen = tuple(m if isinstance(m, Metric) else _named(m) for m in metrics)
    names = [metric.name for metric in chosen]
    if not names or len(set(names)) < len(names):
        raise ParameterError(f"metrics={names} must be at least one, each once.")
    return chosen


def score_facts(metrics: Sequence[Metric], level: Sequence[float]) -> dict[str, ScoreFacts]:
    """The columns of scores in their order, with the facts of each; an interval metric has one for each level.

    Raises
    ------
    ParameterError
        Two metrics give columns of one name.

    Examples
    --------
    >>> list(score_facts(choose_metrics(["mase", "coverage", "pooled_wape"]), [80, 95]))
    ['mase', 'coverage-80', 'coverage-95', 'pooled_wape', 'pooled_wape:below']
    """
    facts: dict[str, ScoreFacts] = {}
    for metric in metrics:
        for name, about in metric.columns(level).items():
            if name in facts:
                raise ParameterError(f"Two columns of scores are called {name!r}; give a metric another name.")
            facts[name] = about
    return facts


def usual_facts(column: str) -> ScoreFacts:
    """The facts of a column of scores of a run that did not keep them: by its name, else those of an error.

    Examples
    --------
    >>> usual_facts("coverage-80").title, usual_facts("my-error").title
    ('Cover 80%', 'my-error')
    """
    name, _, percent = column.rpartition("-")
    if column in _METRICS:
        return _METRICS[column].columns()[column]
    if name in _METRICS and _METRICS[name].kind == "interval" and percent.replace(".", "", 1).isdigit():
        return _METRICS[name].columns([float(percent)])[column]
    return ScoreFacts(column, "a metric of the caller")


def _named(name: str) -> Metric:
    if not isinstance(name, str):
        raise ParameterError(f"metrics: {name!r} is neither a name nor a Metric(name, function).")
    if name.lower() not in _METRICS:
        near = difflib.get_close_matches(name.lower(), METRIC_NAMES, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(METRIC_NAMES)}."
        raise UnknownNameError(f"No metric is called {name!r}; {hint}")
    return _METRICS[name.lower()]
