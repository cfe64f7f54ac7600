"""Names of columns in two rows, as under merged cells: the upper row names groups of columns."""

from collections.abc import Sequence

from tsforecast.data.files.table import Remark
from tsforecast.data.files.titles import kind_of
from tsforecast.data.keys import join_keys


def names_in_rows(above: Sequence[Sequence[str]], names: Sequence[str]) -> tuple[list[str], int, tuple[Remark, ...]]:
    """Names of columns, with the group that stands above each where the names alone are repeated.

    Parameters
    ----------
    above : sequence of sequence of str
        The rows above the one of the names, top first.
    names : sequence of str

    Returns
    -------
    names : list of str
    n_used : int
        How many of the rows above hold parts of the names: the last ones.
    remarks : tuple of Remark

    Examples
    --------
    >>> names, n_used, _ = names_in_rows([["", "North", "", "South", ""]], ["ds", "tea", "rum", "tea", "rum"])
    >>> names, n_used
    (['ds', 'North/tea', 'North/rum', 'South/tea', 'South/rum'], 1)
    >>> names_in_rows([["Report", ""]], ["month", "sales"])[:2]
    (['month', 'sales'], 0)
    """
    found = [name.strip() for name in names]
    plain = list(found)
    for n_used, row in enumerate(reversed(above), 1):
        cells = [cell.strip() for cell in row]
        held = [cell for cell in cells if cell]
        if len(row) != len(names) or len(held) < 2 or not {kind_of(cell) for cell in held} <= {"text", "number"}:
            break
        found = _under_groups(cells, found)
        if found != plain and _are_distinct(found):
            groups = [name for name, own in zip(found, plain, strict=True) if own and name != own]
            told = f"the names of columns are in {n_used + 1} rows"
            return found, n_used, (Remark(f"{told}, as {groups[0]!r}" if groups else told),)
    return plain, 0, ()


def _under_groups(cells: Sequence[str], names: Sequence[str]) -> list[str]:
    """Names with the group above each, where they are repeated; and the cell above where a name is empty."""
    is_repeated = not _are_distinct(names)
    group, found = "", []
    for cell, name in zip(cells, names, strict=True):
        group = cell or group
        found.append(cell if not name else join_keys([group, name]) if is_repeated and group and cell != name else name)
    return found


def _are_distinct(names: Sequence[str]) -> bool:
    held = [name for name in names if name]
    return len(set(held)) == len(held)
