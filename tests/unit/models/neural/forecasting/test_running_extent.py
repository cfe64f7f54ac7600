"""Extents kept up as values come in, against those of the whole series."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tsforecast.models.neural.forecasting import running_extent
from tsforecast.models.neural.forecasting.limits import extent_of, is_positive
from tsforecast.models.neural.forecasting.running_extent import RunningExtent
from tsforecast.panel import Panel

IDS = Panel.from_array(np.zeros((1, 2))).ids
KINDS = {
    "walk": lambda rng, n: np.cumsum(rng.normal(size=n)),
    "rising": lambda rng, n: 3.0 + np.arange(n) + 0.1 * rng.normal(size=n),
    "counts": lambda rng, n: rng.poisson(0.4, size=n).astype(float),
    "quiet end": lambda rng, n: np.where(np.arange(n) < n // 2, rng.poisson(2.0, size=n), 0).astype(float),
}


def flat(record):
    """Values of a record, and of those in it, by name."""
    if not dataclasses.is_dataclass(record):
        return {"": record}
    return {f.name + k: v for f in dataclasses.fields(record) for k, v in flat(getattr(record, f.name)).items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("quantity", [False, True])
def test_the_extent_is_that_of_the_whole_series(kind, quantity):
    rng = np.random.default_rng(0)
    table = np.column_stack([KINDS[kind](rng, 300) for _ in range(2)])
    table[rng.uniform(size=table.shape) < 0.1] = np.nan
    table[0] = 1.0
    seen, begin, lowest = RunningExtent.begin(2), 0, np.ones(2)
    for end in (1, 2, 3, 9, 10, 64, 65, 66, 200, 300):
        values = np.concatenate([table[begin:end, i] for i in range(2)])
        seen = seen.after(values, np.array([0, end - begin, 2 * (end - begin)]))
        begin = end
        whole = Panel(
            table[:end].T.reshape(-1), pd.Index(np.tile(np.arange(end), 2)), np.array([0, end, 2 * end]), IDS, 1
        )
        expected = flat(extent_of(whole, is_positive(whole, lowest, quantity), 4))
        found = flat(seen.extent(lowest, quantity, 4))
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name], err_msg=f"{name} of {end}")
    one = flat(seen.take(np.array([1])).extent(lowest[1:], quantity, 4))
    assert all(np.array_equal(one[name][0], found[name][1]) for name in one)


def test_of_a_series_that_always_rises_as_many_values_are_held_as_allowed(monkeypatch):
    monkeypatch.setattr(running_extent, "_MOST_HELD", 50)
    seen = RunningExtent.begin(1)
    for value in np.arange(400.0):
        seen = seen.after(np.array([value]), np.array([0, 1]))
    assert len(seen.held) == 50
    ranges = seen.extent(np.ones(1), True, 1).ranges[0]
    np.testing.assert_array_equal(ranges[:6], 2.0 ** np.arange(6))  # those within as many steps are known
