"""Categories: covariates of texts, such as the kind of a promotion, as a column of 0 and 1 for each level."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from tsforecast._types import Floats
from tsforecast.exceptions import CovariateError, UnseenLevelWarning

Levels: TypeAlias = Mapping[str, tuple[str, ...]]
MOST_LEVELS = 100  # texts of more kinds than this are names or remarks, no category


class Coded(NamedTuple):
    """Columns as numbers ``(n_rows, n_columns)``: texts as the place of their level, nan where a cell is missing."""

    table: Floats
    names: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]


def is_category(column: "pd.Series[Any]") -> bool:
    """Whether a column is of pandas categories, or of texts none of which is a number.

    Examples
    --------
    >>> is_category(pd.Series(["rain", None])), is_category(pd.Series(["1.5", "rain"])), is_category(pd.Series([True]))
    (True, False, False)
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if not (pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype)):
        return False
    known = column[~_missing(column)]
    if known.empty or not all(isinstance(cell, str) for cell in known):
        return False
    kinds = pd.Series(known.unique())
    return bool(pd.to_numeric(kinds, errors="coerce").isna().all())


def level_codes(
    column: "pd.Series[Any]", name: str, levels: tuple[str, ...] | None = None
) -> tuple[Floats, tuple[str, ...]]:
    """The place of each cell among the levels, nan where it is missing, -1 for a level not seen; and the levels.

    Parameters
    ----------
    column : Series of texts or categories
    name : str
    levels : tuple of str, optional
        Those seen in training; by default those of the column, sorted.

    Raises
    ------
    CovariateError
        There are more than 100 levels.

    Examples
    --------
    >>> level_codes(pd.Series(["sale", "none", None, "sale"]), "promotion")
    (array([ 1.,  0., nan,  1.]), ('none', 'sale'))
    """
    lost = _missing(column).to_numpy()
    texts = column.astype(object).map(str).to_numpy(dtype=object)
    found = sorted(set(texts[~lost].tolist()))
    if levels is None:
        if len(found) > MOST_LEVELS:
            raise CovariateError(
                f"Covariate {name!r} holds {len(found)} different texts, such as {found[0]!r} and {found[1]!r}; a "
                f"category has at most {MOST_LEVELS} levels. Join the rare ones, or leave the column out."
            )
        levels = tuple(found)
    unseen = sorted(set(found) - set(levels))
    if unseen:
        warnings.warn(
            f"Covariate {name!r} has the level{'s' if len(unseen) > 1 else ''} {', '.join(map(repr, unseen))}, which "
            f"training has not seen ({', '.join(map(repr, levels))}): its effect is not known, and counts as none.",
            UnseenLevelWarning,
            stacklevel=2,
        )
    codes = pd.Index(levels, dtype=object).get_indexer(pd.Index(texts)).astype(np.float64)
    codes[lost] = np.nan
    return codes, levels


def expand(coded: Coded) -> tuple[Floats, tuple[str, ...]]:
    """Columns of numbers with each category as a column for each level, ``promotion=sale``, and their names.

    Examples
    --------
    >>> expand(Coded(np.array([[1.0, 9.0], [0.0, 8.0]]), ("kind", "price"), {"kind": ("none", "sale")}))
    (array([[0., 1., 9.],
           [1., 0., 8.]]), ('kind=none', 'kind=sale', 'price'))
    """
    columns: list[Floats] = []
    for j, name in enumerate(coded.names):
        own = coded.table[:, j]
        if name in coded.levels:
            columns += [(own == place).astype(np.float64) for place in range(len(coded.levels[name]))]
        else:
            columns.append(own)
    table = np.column_stack(columns) if columns else np.empty((len(coded.table), 0))
    return table, expanded_names(coded.names, coded.levels)


def category_of(name: str, levels: Levels) -> str:
    """The category that a column of one of its levels belongs to; the name itself where it is no such column.

    Examples
    --------
    >>> category_of("promotion=sale", {"promotion": ("none", "sale")}), category_of("price", {})
    ('promotion', 'price')
    """
    of_level = {f"{category}={level}": category for category, known in levels.items() for level in known}
    return of_level.get(name, name)


def expanded_names(names: Sequence[str], levels: Levels) -> tuple[str, ...]:
    """Names of the columns that some covariates have: of a category one for each level.

    Examples
    --------
    >>> expanded_names(["price", "kind"], {"kind": ("none", "sale")})
    ('price', 'kind=none', 'kind=sale')
    """
    return tuple(c for name in names for c in ([f"{name}={s}" for s in levels[name]] if name in levels else [name]))


def given_names(columns: Sequence[str], levels: Levels) -> tuple[str, ...]:
    """Names of the covariates that some columns come from, as a caller gave them.

    Examples
    --------
    >>> given_names(["price", "kind=none", "kind=sale"], {"kind": ("none", "sale")})
    ('price', 'kind')
    """
    of = {column: name for name in levels for column in expanded_names([name], levels)}
    return tuple(dict.fromkeys(of.get(column, column) for column in columns))


def _missing(column: "pd.Series[Any]") -> "pd.Series[bool]":
    """Whether cells are empty: none, nan, or a text of spaces."""
    blank = column.map(lambda cell: isinstance(cell, str) and not cell.strip()).astype(bool)
    return column.isna() | blank
