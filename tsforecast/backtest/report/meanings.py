"""What the metrics of a run mean, a line each."""

from tsforecast.backtest.result.data import RunData
from tsforecast.metrics.metric import ScoreFacts

_HOW_AVERAGED = (
    "Means are taken over the cutoffs of a series, then over series; seeds are averaged first, and ± is the standard "
    "deviation of the scores of single seeds. A pooled metric is one sum over all series and cutoffs over another."
)


def metric_lines(run: RunData) -> list[str]:
    """A line for each metric of a run, and one on how scores are averaged."""
    return [*(f"{run.facts[name].title}: {_meaning(run.facts[name])}." for name in run.metrics), _HOW_AVERAGED]


def _meaning(about: ScoreFacts) -> str:
    """What a score means, and its best value where that is not the smallest."""
    best = "more is better" if about.best == "greatest" else f"best near {about.best}"
    return about.meaning if about.best in ("smallest", None) else f"{about.meaning} ({best})"
