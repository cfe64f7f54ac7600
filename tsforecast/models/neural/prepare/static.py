"""StaticCode: static values of series as inputs of a network, numbers scaled and texts one-hot encoded."""

import dataclasses

import numpy as np

from tsforecast._types import Floats
from tsforecast.exceptions import CovariateError
from tsforecast.panel import Panel


@dataclasses.dataclass(frozen=True)
class StaticCode:
    """Encoding of the static columns as numbers, learnt in training.

    Attributes
    ----------
    names : tuple of str
        The columns.
    levels : tuple of (tuple of str or None)
        The texts of each column in training; None for a column of numbers.
    centre, spread : tuple of float
        Mean and standard deviation of each column of numbers over the training series; 0 and 1 for texts.

    Examples
    --------
    >>> import pandas as pd
    >>> panel = Panel.from_array(np.ones((2, 3)))
    >>> about = pd.DataFrame({"unique_id": ["y0", "y1", "y2"], "kind": ["a", "b", "a"], "area": [1.0, 3.0, 2.0]})
    >>> panel = panel.with_static(about)
    >>> static_code_of(panel).encode(panel).round(3)
    array([[ 1.   ,  0.   , -1.225],
           [ 0.   ,  1.   ,  1.225],
           [ 1.   ,  0.   ,  0.   ]])
    """

    names: tuple[str, ...] = ()
    levels: tuple[tuple[str, ...] | None, ...] = ()
    centre: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """Number of inputs."""
        return sum(1 if levels is None else len(levels) for levels in self.levels)

    def encode(self, panel: Panel) -> Floats:
        """The inputs, ``(n_series, size)``; zeros for a missing text or one that was not in training.

        Raises
        ------
        CovariateError
            The panel lacks a column.
        """
        if not self.names:
            return np.empty((panel.n_series, 0))
        absent = [name for name in self.names if panel.static is None or name not in panel.static.columns]
        if absent or panel.static is None:
            raise CovariateError(
                f"The model was fitted with the static columns {list(self.names)}; {absent[0]!r} is not given. Series "
                "that were not fitted on need them: Panel.with_static."
            )
        columns = []
        for name, levels, centre, spread in zip(self.names, self.levels, self.centre, self.spread, strict=True):
            if levels is None:
                numbers = panel.static[name].to_numpy(dtype=np.float64)
                columns.append(np.nan_to_num((numbers - centre) / spread))
            else:
                cells = panel.static[name].to_numpy()
                columns += [(cells == level).astype(np.float64) for level in levels]
        return np.column_stack(columns)


def static_code_of(panel: Panel) -> StaticCode:
    """The encoding learnt from a training panel."""
    if panel.static is None:
        return StaticCode()
    levels: list[tuple[str, ...] | None] = []
    centre, spread = [], []
    for _, column in panel.static.items():
        if column.dtype.kind == "f":
            known = column.dropna().to_numpy()
            middle, width = (float(known.mean()), float(known.std())) if known.size else (0.0, 0.0)
            levels.append(None)
            centre.append(middle)
            spread.append(width if width > 0 else 1.0)
        else:
            levels.append(tuple(sorted(column.dropna().unique().tolist())))
            centre.append(0.0)
            spread.append(1.0)
    names = tuple(map(str, panel.static.columns))
    return StaticCode(names, tuple(levels), tuple(centre), tuple(spread))
