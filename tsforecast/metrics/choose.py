"""The metrics there are, each with all its facts, and how they are found by name."""

import difflib
from collections.abc import Sequence

from tsforecast.exceptions import ParameterError, UnknownNameError
from tsforecast.metrics import interval, point, quantile
from tsforecast.metrics.metric import Metric, ScoreFacts

__all__ = ["DEFAULT_METRICS", "METRIC_NAMES", "Metric", "ScoreFacts", "choose_metrics", "score_facts"]

DEFAULT_METRICS = ("mase", "smape", "rmsse", "coverage", "msis")
_BY_SERIES, _POOLED = "each series apart, then the mean over series", "all series and cutoffs in one sum"

_METRICS = {
    metric.name: metric
    for metric in (
        Metric("bias", point.bias, best=0.0, title="Bias", meaning="mean of forecast minus truth"),
        Metric("mae", point.mae, title="MAE", meaning="mean absolute error, in the unit of the series"),
        Metric("mse", point.mse, title="MSE", meaning="mean squared error"),
        Metric(
            "rmse", point.rmse, title="RMSE",
            meaning=f"root mean squared error, in the unit of the series; {_BY_SERIES}",
        ),
        Metric(
            "pooled_rmse", point.pooled_rmse, pooled=True, root=True, title="RMSE pooled",
            meaning=f"root mean squared error, in the unit of the series; {_POOLED}, and the root taken at the end",
        ),
        Metric(
            "mase", point.mase, scale="absolute", title="MASE",
            meaning="mean absolute error over the mean absolute change over one season before the cutoff; 1 = as good "
            "as repeating the last season did in the training data; not defined where the series never changed",
        ),
        Metric(
            "rmsse", point.rmsse, scale="squared", title="RMSSE",
            meaning="root mean squared error over the root mean squared change over one season before the cutoff; "
            f"{_BY_SERIES}",
        ),
        Metric(
            "pooled_rmsse", point.pooled_rmsse, scale="squared", pooled=True, root=True, title="RMSSE pooled",
            meaning=f"the same with {_POOLED}, and the root taken at the end",
        ),
        Metric(
            "mape", point.mape, decimals=2, title="MAPE %",
            meaning="mean of 100 |y - f| / |y|; not defined for a series with a zero",
        ),
        Metric(
            "smape", point.smape, decimals=2, title="sMAPE %",
            meaning="mean of 200 |y - f| / (|y| + |f|), 0 to 200; 0 where both are zero",
        ),
        Metric(
            "wape", point.wape, title="WAPE by series",
            meaning=f"sum of absolute errors over the sum of absolute values; {_BY_SERIES}",
        ),
        Metric(
            "pooled_wape", point.pooled_wape, pooled=True, title="WAPE pooled",
            meaning=f"sum of absolute errors over the sum of absolute values; {_POOLED}",
        ),
        Metric(
            "pinball", quantile.pinball, "quantile", title="Pinball",
            meaning="mean pinball loss over all quantiles, without the factor 2",
        ),
        Metric(
            "crps", quantile.crps, "quantile", title="CRPS",
            meaning="twice the mean pinball loss over all quantiles, in the unit of the series",
        ),
        Metric(
            "wql", quantile.wql, "quantile", title="WQL by series",
            meaning=f"twice the pinball loss over the sum of absolute values, mean of all quantiles; {_BY_SERIES}",
        ),
        Metric(
            "pooled_wql", quantile.pooled_wql, "quantile", pooled=True, title="WQL pooled",
            meaning=f"twice the pinball loss over the sum of absolute values, mean of all quantiles; {_POOLED}",
        ),
        Metric(
            "coverage", interval.coverage, "interval", best="level", decimals=1, title="Cover",
            meaning="percentage of the truth inside the interval; it should be the interval's own percentage",
        ),
        Metric("width", interval.width, "interval", best=None, title="Width", meaning="mean width of the interval"),
        Metric(
            "interval_score", interval.interval_score, "interval", takes_level=True, title="Interval score",
            meaning="interval width plus a penalty for what falls outside, in the unit of the series",
        ),
        Metric(
            "msis", interval.msis, "interval", scale="absolute", takes_level=True, title="MSIS",
            meaning="interval width plus a penalty for what falls outside, over the scale of MASE",
        ),
    )
}  # fmt: skip
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
