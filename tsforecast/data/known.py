"""Names of the data sets that come with tsforecast, and what their catalog says of them."""

import functools
from typing import Any

from tsforecast._resources import bundled
from tsforecast._yaml import read_yaml


def names() -> tuple[str, ...]:
    """Names of the data sets that `tsforecast.load` can return.

    Examples
    --------
    >>> {"airline", "co2", "seasonal", "simulated/arma21"} <= set(names())
    True
    """
    return tuple(known_entries())


@functools.cache
def known_entries() -> dict[str, dict[str, Any]]:
    """The catalog: facts about each data set, by name."""
    return read_yaml(bundled("datasets") / "catalog.yaml")
