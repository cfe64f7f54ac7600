"""Which regressors of a series are kept: those that the ones before them do not determine."""

from collections.abc import Sequence

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.models.arima.order import Order
from tsforecast.panel import Panel
from tsforecast.panel.categories import expanded_names
from tsforecast.panel.roles import computed_names

_DEPENDENT = 1e-7  # share of a column's length that is not determined by those before it


def kept_columns(data: Panel, order: Order, lagged: Sequence[str]) -> list[tuple[int, ...]]:
    """Columns of the covariates that each series keeps, in their order.

    Covariates of numbers that are known ahead are kept in any case. Of holidays, lagged covariates and levels of
    categories those are left out that a constant and the columns before determine, as they are or after the differences
    of ``order``: one level of each category, the one most frequent in the series, which the effects of the others are
    relative to; levels that the series does not have; and holidays that come each season alike.

    Examples
    --------
    >>> panel = Panel.from_array(np.arange(4.0)).with_covariates(np.eye(2)[[0, 1, 0, 0]], ["k=a", "k=b"])
    >>> import dataclasses
    >>> kept_columns(dataclasses.replace(panel, levels={"k": ("a", "b")}), Order(0, 0, 0), [])
    [(1,)]
    """
    names = data.covariate_names
    levels = [name for name in expanded_names(tuple(data.levels), data.levels) if name in names]
    may_go = {*levels, *lagged, *computed_names(data)}
    every = tuple(range(len(names)))
    if data.covariates is None or not may_go & set(names):
        return [every] * data.n_series
    found = []
    for i in range(data.n_series):
        rows = slice(data.indptr[i], data.indptr[i + 1])
        table, known = data.covariates[rows], ~np.isnan(data.values[rows])
        often = np.where(np.isin(names, levels), (table != 0)[known].sum(axis=0), -1)
        turn = sorted(every, key=lambda j: (names[j] in may_go, often[j], j))
        kept = _independent(np.column_stack([np.ones(len(table)), table])[known], [0, *(j + 1 for j in turn)])
        kept = [j - 1 for j in kept if j > 0]
        if order.n_lost and len(table) > order.n_lost:
            kept = _independent(order.difference(table), kept)
        stay = [j for j in every if names[j] not in may_go]
        found.append(tuple(sorted({*kept, *stay})))
    return found


def _independent(table: Floats, turn: Sequence[int]) -> list[int]:
    """The columns, in turn, that those before them do not determine, by the method of Gram and Schmidt."""
    basis: list[Floats] = []
    kept = []
    for j in turn:
        column = table[:, j]
        size = float(np.linalg.norm(column))
        rest = column
        for _ in range(2):  # once more, as the first pass leaves rounding errors
            for own in basis:
                rest = rest - own * float(own @ rest)
        left = float(np.linalg.norm(rest))
        if size > 0 and left > _DEPENDENT * size:
            basis.append(rest / left)
            kept.append(j)
    return kept


def groups_of(kept: Sequence[tuple[int, ...]]) -> list[tuple[tuple[int, ...], Ints]]:
    """The series that keep the same columns: the columns, and the places of the series."""
    return [(own, np.flatnonzero([one == own for one in kept])) for own in dict.fromkeys(kept)]
