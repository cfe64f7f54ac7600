"""Explanation: what forecasts are made of, as a frame, a picture and sentences."""

import dataclasses
import html
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index, Ints
from tsforecast.charts.explanations import plot_explanation
from tsforecast.charts.reading import chosen_places
from tsforecast.exceptions import ParameterError
from tsforecast.plots.ticks import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ExplanationTable: TypeAlias = Literal["parts", "inputs", "look_back"]
IN_TURN = (
    "A transform was undone, so that a part is what the forecast gains when it is added to those before it, in the "
    "order given; on the transformed scale the parts are terms of a sum."
)
_MOST_ROWS, _MOST_SERIES, _MOST_INPUTS = 12, 3, 4  # shown of a frame, told in sentences, named in one
_TOLD = 0.005  # share of what inputs do from which on one is named
_NEAR = 0.05  # share of what past values change that is left out where a model is said to need the last k only


class LookBack(NamedTuple):
    """How far forecasts are from their own where only the last values of a series are kept.

    Attributes
    ----------
    kept : ndarray of int, shape (n_kept,)
        Numbers of last values kept, increasing from 0; all at the end. The others are replaced by the level.
    change : ndarray, shape (n_series, n_kept)
        Mean absolute change of the forecasts that the model makes at once, in the unit of the series.
    """

    kept: Ints
    change: Floats


class Explained(NamedTuple):
    """What a model tells of its forecasts before any bounds: what `BaseForecaster._explain` gives.

    Attributes
    ----------
    parts : mapping of str to ndarray, each (n_series, horizon)
        They add up to the forecasts.
    base : str or None
        The part that the others are drawn from, such as the level; None where all are shares of one kind.
    inputs : mapping of str to ndarray, each (n_series, n_steps)
        How much each input moves the forecast of the first steps from what it would be at usual values.
    look_back : LookBack or None
    notes : tuple of str
        Sentences on how parts or inputs are to be read.
    """

    parts: Mapping[str, Floats]
    base: str | None = None
    inputs: Mapping[str, Floats] = {}
    look_back: LookBack | None = None
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """What the forecasts of a model are made of: parts that add up to them, and what moves them.

    Attributes
    ----------
    model : str
        Name of the forecaster's class.
    mean : ndarray, shape (n_series, horizon)
        The point forecasts.
    parts : mapping of str to ndarray, each (n_series, horizon)
        They add up to ``mean``.
    base : str or None
        The part that the others are drawn from.
    inputs : mapping of str to ndarray, each (n_series, n_steps)
        How much each input moves the forecasts of the first steps; empty where the parts say all.
    look_back : LookBack or None
        How far back a model looks.
    notes : tuple of str
        How parts and inputs are to be read.
    ids : Index, shape (n_series,)
    times : Index, shape (n_series * horizon,)
        Of the forecasts, series by series.

    Examples
    --------
    >>> from tsforecast import Drift
    >>> told = Drift().fit([1.0, 2.0, 5.0]).explain(2)
    >>> told.to_frame()
      unique_id  ds        part  value
    0         y   3  last value    5.0
    1         y   4  last value    5.0
    2         y   3       drift    2.0
    3         y   4       drift    4.0
    >>> print(told)
    Drift: what the forecasts of y for the next 2 steps are made of.
    They are 8 on average: last value 5; drift 2 to 4.
    """

    model: str
    mean: Floats
    parts: Mapping[str, Floats]
    base: str | None
    inputs: Mapping[str, Floats]
    look_back: LookBack | None
    notes: tuple[str, ...]
    ids: Index
    times: Index

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return self.mean.shape[1]

    def to_frame(self, of: ExplanationTable = "parts") -> pd.DataFrame:
        """A long frame of the parts, of what inputs do, or of how far back the model looks.

        Parameters
        ----------
        of : {"parts", "inputs", "look_back"}
            ``"parts"``: columns ``unique_id``, ``ds``, ``part`` and ``value``; of one series and time the values add up
            to the forecast. ``"inputs"``: the same with ``input``, and no rows where the parts say all.
            ``"look_back"``: ``unique_id``, ``kept`` and ``change``, see `LookBack`.

        Raises
        ------
        ParameterError
            ``of`` is none of these.
        """
        _check_table(of)
        if of == "look_back":
            return self._look_back_frame()
        tables = self.parts if of == "parts" else self.inputs
        name = "part" if of == "parts" else "input"
        steps = next(iter(tables.values())).shape[1] if tables else 0
        kept = np.tile(np.arange(self.horizon) < steps, len(self.ids))
        frames = [
            pd.DataFrame(
                {"unique_id": self.ids.repeat(steps), "ds": self.times[kept], name: key, "value": table.reshape(-1)}
            )
            for key, table in tables.items()
        ]
        return (
            pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["unique_id", "ds", name, "value"])
        )

    def _look_back_frame(self) -> pd.DataFrame:
        if self.look_back is None:
            return pd.DataFrame(columns=["unique_id", "kept", "change"])
        kept, change = self.look_back
        ids, n_series = self.ids.repeat(kept.size), len(self.ids)
        return pd.DataFrame({"unique_id": ids, "kept": np.tile(kept, n_series), "change": change.reshape(-1)})

    def sentences(self, unique_id: Any = None) -> list[str]:
        """What the forecasts of one series are made of, in words; of the first where no name is given.

        Raises
        ------
        UnknownNameError
            There is no series of that name.
        """
        place = chosen_places(self.ids, unique_id, 1)[0]
        steps = "step" if self.horizon == 1 else f"{self.horizon} steps"
        told = [f"{self.model}: what the forecasts of {self.ids[place]} for the next {steps} are made of."]
        told.append(f"They are {number(self.mean[place].mean())} on average: {parts_text(_of(self.parts, place))}.")
        if self.inputs:
            told.append(inputs_text(_of(self.inputs, place)))
        if self.look_back is not None:
            told.append(_look_back_text(self.look_back.kept, self.look_back.change[place]))
        return [*(sentence for sentence in told if sentence), *self.notes]

    def plot(
        self,
        what: ExplanationTable = "parts",
        *,
        series: Any = None,
        ax: "Axes | None" = None,
        title: str | None = None,
    ) -> "Axes":
        """The Axes with the parts by time, the sizes of what inputs do, or how far back the model looks.

        Parameters
        ----------
        what : {"parts", "inputs", "look_back"}
        series : str, optional
            Which of several series; the first by default.
        ax : Axes, optional
            Where to draw; a new figure by default.
        title : str, optional

        Raises
        ------
        UnknownNameError
            There is no series of that name.
        ParameterError
            ``what`` is none of these, or this model tells nothing of it.

        Examples
        --------
        >>> from tsforecast import Drift
        >>> Drift().fit([1.0, 2.0, 5.0]).explain(2).plot().get_title(loc="left")
        'y: what the forecasts of Drift are made of'
        """
        _check_table(what)
        if (what == "inputs" and not self.inputs) or (what == "look_back" and self.look_back is None):
            raise ParameterError(f"{self.model} tells nothing of its {what}: its parts say all; draw what='parts'.")
        return plot_explanation(self, what, chosen_places(self.ids, series, 1)[0], ax, title)

    def __str__(self) -> str:
        """Sentences on the first series."""
        rest = len(self.ids) - _MOST_SERIES
        told = ["\n".join(self.sentences(name)) for name in self.ids[:_MOST_SERIES]]
        return "\n\n".join([*told, f"… and {rest:,} more series: sentences(name) tells of each."] if rest > 0 else told)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The same for a notebook, with the first rows of the frame."""
        paragraphs = "".join(f"<p>{html.escape(text)}</p>" for text in str(self).split("\n\n"))
        frame = self.to_frame()
        more = len(frame) - _MOST_ROWS
        rest = f"<p>… and {more:,} more rows: to_frame() has all.</p>" if more > 0 else ""
        return f"{paragraphs}{frame.head(_MOST_ROWS).to_html(index=False, border=0)}{rest}"


def _check_table(of: str) -> None:
    if of not in ("parts", "inputs", "look_back"):
        raise ParameterError(f"{of!r} is none of 'parts', 'inputs', 'look_back'.")


def _of(tables: Mapping[str, Floats], place: int) -> dict[str, Floats]:
    return {name: table[place] for name, table in tables.items()}


def covariate_label(name: object, taken: Collection[str]) -> str:
    """The name of a covariate among parts or inputs, set off from one that is called as it is.

    Examples
    --------
    >>> covariate_label("price", {"trend"}), covariate_label("trend", {"trend"})
    ('price', 'trend (covariate)')
    """
    return f"{name} (covariate)" if str(name) in taken else str(name)


def parts_text(parts: Mapping[str, Floats]) -> str:
    """The parts of the forecasts of one series in words; each is ``(horizon,)``.

    Examples
    --------
    >>> parts_text({"level": np.array([10.0, 10.0]), "trend": np.array([1.0, 2.0])})
    'level 10; trend 1 to 2'
    """
    return "; ".join(f"{name} {_span_text(values)}" for name, values in parts.items())


def inputs_text(inputs: Mapping[str, Floats]) -> str:
    """A sentence on what moves the forecasts of one series most, by the mean size of what each input does.

    Examples
    --------
    >>> inputs_text({"last value": np.array([1.0]), "price": np.array([-3.0])})
    'What moves them most: price (75%), last value (25%).'
    """
    size = {name: float(np.abs(values).mean()) for name, values in inputs.items()}
    total = sum(size.values())
    if not total > 0.0:
        return "None of the inputs moves them."
    order = sorted(size, key=lambda name: -size[name])[:_MOST_INPUTS]
    shown = ", ".join(f"{name} ({size[name] / total:.0%})" for name in order if size[name] / total >= _TOLD)
    return f"What moves them most: {shown}."


def _span_text(values: Floats) -> str:
    """One number, or the first and the last of a part that goes one way, or its least and greatest.

    Examples
    --------
    >>> _span_text(np.array([2.0, 2.0])), _span_text(np.array([3.0, 1.0])), _span_text(np.array([0.0, -1.0, 5.0]))
    ('2', '3 to 1', 'between −1 and 5')
    """
    low, high = number(values.min()), number(values.max())
    if low == high:
        return low
    if (np.diff(values) >= 0).all() or (np.diff(values) <= 0).all():
        return f"{number(values[0])} to {number(values[-1])}"
    return f"between {low} and {high}"


def _look_back_text(kept: Ints, change: Floats) -> str:
    if not change[0] > 0:
        return "They do not depend on which past values lie away from the level."
    enough = int(kept[np.flatnonzero(change > _NEAR * change[0])[-1] + 1])
    values = "value" if enough == 1 else f"{enough:,} values"
    return f"The last {values} make {1 - _NEAR:.0%} of what all past values change."
