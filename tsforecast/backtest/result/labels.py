"""The stratum of each series: from a mapping, or from a static column of the run."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from tsforecast._types import Bools
from tsforecast.backtest.result.data import RunData
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError

Labels: TypeAlias = np.ndarray[tuple[int], np.dtype[np.object_]]
By: TypeAlias = "str | Mapping[Any, Any] | pd.Series[Any] | None"
_MOST_STRATA = 50  # of a column: with more it is a measurement, or a name, not a kind


def stratum_labels(run: RunData, by: By) -> Labels | None:
    """The stratum of every series of ``run.cube.ids``, None where it has none: ``(n_series,)``; None without ``by``.

    Parameters
    ----------
    run : RunData
    by : str, mapping, Series or None
        The name of a static column of the run, or the stratum of each ``unique_id``.

    Raises
    ------
    UnknownNameError
        The run has no static column of that name.
    ParameterError
        The column has over 50 different values, or ``by`` is something else.
    DataError
        No series has a stratum.
    """
    if by is None:
        return None
    if isinstance(by, str):
        found: dict[Any, Any] = _column(run, by)
    elif isinstance(by, Mapping | pd.Series):
        found = dict(by)
    else:
        raise ParameterError(
            f"by={by!r} is neither the name of a static column nor a mapping or Series from unique_id to stratum."
        )
    ids = run.cube.ids
    labels = np.empty(len(ids), dtype=object)
    for k, i in enumerate(ids):
        label = found.get(i)
        labels[k] = None if pd.api.types.is_scalar(label) and pd.isna(label) else label
    if not in_order(labels):
        some = ", ".join(repr(i) for i in ids[:3])
        raise DataError(f"by gives no series a stratum; a value is needed for series of the run, such as {some}.")
    return labels


def in_order(labels: Labels) -> list[Any]:
    """The strata in order: sorted, numbers by size; as texts where they cannot be compared.

    Examples
    --------
    >>> in_order(np.array([10, None, 9, 10], dtype=object)), in_order(np.array(["b", 1], dtype=object))
    ([9, 10], [1, 'b'])
    """
    kinds = list(dict.fromkeys(label for label in labels if label is not None))
    try:
        return sorted(kinds)
    except TypeError:
        return sorted(kinds, key=str)


def is_label(labels: Labels, label: object) -> Bools:
    """Whether a series is of this stratum: ``(n_series,)``."""
    return np.array([own is not None and own == label for own in labels], dtype=bool)


def _column(run: RunData, name: str) -> dict[Any, Any]:
    """The values of a static column by ``unique_id``; whole numbers as integers."""
    known = [] if run.static is None else [str(column) for column in run.static.columns if column != "unique_id"]
    if run.static is None or name not in known:
        told = f"there are {', '.join(known)}" if known else "it has none"
        raise UnknownNameError(f"The run has no static column {name!r}; {told}. A mapping can be given as well.")
    values = run.static[name]
    n_values = int(values.nunique())
    if n_values > _MOST_STRATA:
        raise ParameterError(
            f"Static column {name!r} has {n_values} different values, too many for a table of each; at most "
            f"{_MOST_STRATA} are shown. Give a mapping from unique_id to a coarser stratum, such as "
            f"pd.qcut(static.set_index('unique_id')[{name!r}], 3).astype(str)."
        )
    known_values = values.dropna()
    if pd.api.types.is_float_dtype(values.dtype) and (known_values == np.floor(known_values)).all():
        values = values.astype("Int64")
    return dict(zip(run.static["unique_id"], values.astype(object), strict=True))
