"""Which column of scores ranks the models, and which are only the denominator of a pooled metric."""

from collections.abc import Mapping

from tsforecast.exceptions import ParameterError, UnknownNameError
from tsforecast.metrics.metric import ScoreFacts


def ranking_metric(facts: Mapping[str, ScoreFacts], wanted: str | None) -> str:
    """The metric to rank by: ``wanted``, or the first for which smaller, or greater, is better.

    Parameters
    ----------
    facts : mapping of str to ScoreFacts
        By column of scores.
    wanted : str, optional

    Raises
    ------
    UnknownNameError
        It was not scored.
    ParameterError
        Neither less nor more of it is better, as with coverage, which should be near the level of the interval.

    Examples
    --------
    >>> from tsforecast.metrics.choose import choose_metrics, score_facts
    >>> ranking_metric(score_facts(choose_metrics(["coverage", "mase"]), [80]), None)
    'mase'
    """
    ranking = [name for name, about in facts.items() if about.ranks]
    if wanted is not None and wanted not in facts:
        raise UnknownNameError(f"No metric {wanted!r} was scored; there are {', '.join(facts)}.")
    if (wanted is None and not ranking) or (wanted is not None and wanted not in ranking):
        told = "; ".join(f"{name} {_wanted(facts[name])}" for name in ([wanted] if wanted is not None else facts))
        raise ParameterError(
            f"metrics: less of {wanted or ', '.join(facts) or 'nothing'} is not better{f' ({told})' if told else ''}; "
            "an error such as mase, or a metric with best='greatest', is needed to rank by."
        )
    return wanted or ranking[0]


def _wanted(about: ScoreFacts) -> str:
    return "has no best value" if about.best is None else f"should be near {about.best:g}"


def denominator_columns(facts: Mapping[str, ScoreFacts]) -> set[str]:
    """Columns of scores that are denominators of pooled metrics, not metrics themselves."""
    return {about.below for about in facts.values() if about.below is not None}
