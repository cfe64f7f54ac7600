"""Differences between the identities of two runs, as texts for a message."""

import json
from collections.abc import Mapping
from typing import Any

_LONGEST = 160  # characters shown of a value
_FINGERPRINT = 12  # and of a fingerprint, as in the summary


def changed_settings(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> dict[str, str]:
    """What was and what is, by the name of each setting in which ``mine`` differs from ``theirs``.

    Examples
    --------
    >>> changed_settings({"gap": 0, "data": {"n_obs": 40, "freq": "D"}}, {"gap": 1, "data": {"n_obs": 41, "freq": "D"}})
    {'gap': 'gap was 0, is 1', 'data': 'data: n_obs was 40, is 41'}
    """
    return {
        name: _told(name, theirs.get(name), mine[name]) for name in mine if not is_same(theirs.get(name), mine[name])
    }


def is_same(one: Any, other: Any) -> bool:
    """Whether two plain values are the same as JSON: 1, 1.0 and True differ, nan equals nan."""
    return json.dumps(one, default=str, sort_keys=True) == json.dumps(other, default=str, sort_keys=True)


def _told(name: str, was: Any, now: Any) -> str:
    if not (isinstance(was, dict) and isinstance(now, dict)):
        return f"{name} was {_short(was)}, is {_short(now)}"
    parts = [
        f"{key} was {_short(was.get(key), key)}, is {_short(now.get(key), key)}"
        for key in {**was, **now}
        if not is_same(was.get(key), now.get(key))
    ]
    return f"{name}: {', '.join(parts)}"


def _short(value: Any, key: str = "") -> str:
    text = str(value)[: _FINGERPRINT if key == "fingerprint" else None]
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
