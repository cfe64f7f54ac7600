"""Several columns that name a series together: one name made of them, and the parts of a name."""

import re
from collections.abc import Iterable, Sequence

KEY_SIGN = "/"


def join_keys(parts: Sequence[str]) -> str:
    r"""One name of the parts of a key, separated by ``/``; a slash or backslash in a part is escaped by a backslash.

    Examples
    --------
    >>> join_keys(["north", "tea"]), join_keys(["a/b", "c"])
    ('north/tea', 'a\\/b/c')
    """
    return KEY_SIGN.join(part.replace("\\", "\\\\").replace(KEY_SIGN, "\\" + KEY_SIGN) for part in parts)


def split_keys(names: Iterable[str]) -> list[tuple[str, ...]]:
    r"""The parts of names that `join_keys` made.

    Examples
    --------
    >>> split_keys(["north/tea", "a\\/b/c"])
    [('north', 'tea'), ('a/b', 'c')]
    """
    return [tuple(re.sub(r"\\(.)", r"\1", part) for part in _parts(name)) for name in names]


def _parts(name: str) -> list[str]:
    parts, rest = [""], name
    while rest:
        taken = 2 if rest[0] == "\\" else 1
        if rest[0] == KEY_SIGN:
            parts.append("")
        else:
            parts[-1] += rest[:taken]
        rest = rest[taken:]
    return parts
