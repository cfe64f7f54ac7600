"""Metric: a function that scores forecasts, with every fact about the scores that it gives."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError

Kind: TypeAlias = Literal["point", "quantile", "interval"]
Scale: TypeAlias = Literal["absolute", "squared"]
Best: TypeAlias = Literal["smallest", "greatest", "level"] | float | None

# How a metric becomes one number, in the words of `Metric.meaning`.
BY_SERIES, ALL_POOLED = "each series apart, then the mean over series", "all series and cutoffs in one sum"
_KINDS, _SCALES, _BESTS = ("point", "quantile", "interval"), (None, "absolute", "squared"), ("smallest", "greatest")


@dataclasses.dataclass(frozen=True)
class ScoreFacts:
    """What a reader of scores must know of them; kept with a run, so that it is known where the function is not.

    Attributes
    ----------
    title : str
        As it stands above a column.
    meaning : str
        One sentence for a reader.
    best : "smallest", "greatest", float or None
        Which score is the best: a float is a value that scores should come near. None: no score is better than another.
    decimals : int
        Decimals worth printing.
    below : str or None
        Of a pooled metric the column of the parts below the line; the mean is then the sum of the parts over theirs.
    root : bool
        Whether a pooled metric is the root of that ratio.
    """

    title: str
    meaning: str
    best: Literal["smallest", "greatest"] | float | None = "smallest"
    decimals: int = 3
    below: str | None = None
    root: bool = False

    @property
    def ranks(self) -> bool:
        """Whether models can be ranked by the score: less of it is better, or more."""
        return self.best in _BESTS

    @property
    def sign(self) -> float:
        """What makes a loss of the score, of which less is better: 1, or -1 where more of the score is better."""
        return -1.0 if self.best == "greatest" else 1.0


@dataclasses.dataclass(frozen=True)
class Metric:
    """A function that scores forecasts, with every fact about it.

    Attributes
    ----------
    name : str
        As it stands in the score frame; an interval metric adds its level: ``coverage-80``.
    function : callable
        Arrays -> ``(n_series,)``. By kind it is called with ``(y_true, y_pred)``, ``(y_true, quantiles, levels)`` or
        ``(y_true, lower, upper)``; then, where declared, ``level`` and ``scale``. It answers nan where the score is not
        defined.
    kind : {"point", "quantile", "interval"}
    scale : {"absolute", "squared"}, optional
        The seasonal scale that is handed over as the last argument.
    takes_level : bool
        Whether an interval metric is told the level in percent.
    best : "smallest", "greatest", "level", float or None
        Which score is the best: the smallest (an error), the greatest (a share of hits), the one nearest to a number or
        to the level of the interval; None where no score is better than another. Models are ranked by metrics whose
        best is the smallest or the greatest.
    pooled : bool
        Whether series are pooled: the function gives two arrays ``(n_series,)``, the parts above and below the line,
        and the score is the sum of the ones over the sum of the others, over all series and cutoffs. Else the score is
        the mean of those of the series.
    root : bool
        Whether the root of the pooled ratio is taken.
    title, meaning : str, optional
        As it stands above a column, and in one sentence for a reader; the name, and nothing, where they are not given.
    decimals : int
        Decimals worth printing.

    Raises
    ------
    ParameterError
        A fact has a value that is not allowed.

    Examples
    --------
    >>> Metric("worst", lambda y_true, y_pred: abs(y_true - y_pred).max(axis=1)).kind
    'point'
    >>> Metric("hits", lambda y_true, y_pred: (y_true == y_pred).mean(axis=1), best="greatest").best
    'greatest'
    """

    name: str
    function: Callable[..., Any]
    kind: Kind = "point"
    scale: Scale | None = None
    takes_level: bool = False
    decimals: int = 3
    best: Best = "smallest"
    pooled: bool = False
    root: bool = False
    title: str | None = None
    meaning: str = "a metric of the caller"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ParameterError(f"name={self.name!r} is no name of a metric.")
        if not callable(self.function):
            raise ParameterError(f"Metric {self.name!r}: function={self.function!r} cannot be called.")
        if self.kind not in _KINDS or self.scale not in _SCALES:
            raise ParameterError(
                f"Metric {self.name!r}: kind={self.kind!r}, scale={self.scale!r}; kind is one of {_KINDS}, scale one "
                f"of {_SCALES}."
            )
        number = isinstance(self.best, (int, float)) and not isinstance(self.best, bool) and np.isfinite(self.best)
        if not (self.best is None or number or self.best in (*_BESTS, "level")):
            raise ParameterError(
                f"Metric {self.name!r}: best={self.best!r} is none of 'smallest', 'greatest', 'level', None and a "
                "number."
            )
        if self.best == "level" and self.kind != "interval":
            raise ParameterError(f"Metric {self.name!r}: best='level' is for kind='interval', not {self.kind!r}.")
        if self.root and not self.pooled:
            raise ParameterError(f"Metric {self.name!r}: root=True is for a pooled metric.")

    def columns(self, level: Sequence[float] = ()) -> dict[str, ScoreFacts]:
        """The columns of scores that it gives, with the facts of each: one, or one for each level of an interval.

        A pooled metric gives two for each, the parts above the line and those below.

        Examples
        --------
        >>> coverage = Metric("coverage", abs, "interval", best="level", title="Cover")
        >>> {name: (facts.title, facts.best) for name, facts in coverage.columns([80]).items()}
        {'coverage-80': ('Cover 80%', 80.0)}
        """
        columns: dict[str, ScoreFacts] = {}
        for percent in level if self.kind == "interval" else (None,):
            name = self.name if percent is None else f"{self.name}-{percent:g}"
            title = self.title or self.name
            best = self.best
            if percent is not None:
                title = f"{title} {percent:g}%"
                best = float(percent) if best == "level" else best
            below = f"{name}:below" if self.pooled else None
            columns[name] = ScoreFacts(title, self.meaning, best, self.decimals, below, self.root)  # type: ignore[arg-type]  # "level" has become a number
            if below is not None:
                about = f"what stands below the line of {title}"
                columns[below] = ScoreFacts(below, about, None, self.decimals)
        return columns

    def score(
        self, arguments: Sequence[Floats], *, level: float | None = None, scale: Floats | None = None
    ) -> list[Floats]:
        """The columns of scores, one or two of a pooled metric, each ``(n_series,)``.

        Raises
        ------
        ParameterError
            The function fails, or gives something of another shape.
        """
        given: list[Any] = [_read_only(array) for array in arguments]  # the next metric is to find them as they were
        given += [level] if self.takes_level else []
        given += [scale] if self.scale is not None else []
        n_series = len(arguments[0])
        try:
            found = self.function(*given)
            parts = [np.asarray(part, dtype=np.float64) for part in (found if self.pooled else (found,))]
        except Exception as error:  # whatever the caller's function raises
            raise ParameterError(f"Metric {self.name!r} failed: {type(error).__name__}: {error}.") from error
        wanted = 2 if self.pooled else 1
        if len(parts) != wanted or any(part.shape != (n_series,) for part in parts):
            shapes = ", ".join(str(part.shape) for part in parts)
            needed = f"two arrays ({n_series},)" if self.pooled else f"({n_series},), one score for each series,"
            raise ParameterError(f"Metric {self.name!r} gave the shape {shapes}; {needed} is needed.")
        return parts


def _read_only(array: Floats) -> Floats:
    view = array.view()
    view.flags.writeable = False
    return view
