"""Ticks of logarithmic axes and texts of their numbers."""

from typing import TYPE_CHECKING

import numpy as np

from tsforecast._types import Floats

if TYPE_CHECKING:
    from matplotlib.axis import Axis

_FAR = 30.0  # times the median: from here on the largest of positive values asks for a logarithmic axis


def log_ticks(low: float, high: float, most: int = 7) -> Floats:
    """Round numbers within two positive limits: 1, 2 and 5 times powers of ten, fewer where the limits are far apart.

    Examples
    --------
    >>> log_ticks(0.6, 11).tolist(), log_ticks(0.5, 2e6).tolist()
    ([1.0, 2.0, 5.0, 10.0], [1.0, 10.0, 100.0, 1000.0, 10000.0, 100000.0, 1000000.0])
    """
    powers = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for factors, every in (
        ((1, 1.5, 2, 3, 4, 5, 7), 1),
        ((1, 2, 5), 1),
        ((1, 3), 1),
        *(((1,), k) for k in range(1, 99)),
    ):
        ticks = np.sort(np.concatenate([factor * 10.0 ** powers[::every] for factor in factors]))
        ticks = ticks[(ticks >= low * (1 - 1e-9)) & (ticks <= high * (1 + 1e-9))]
        if ticks.size <= most:
            return np.asarray(ticks)
    return np.array([low, high])


def set_log_ticks(axis: "Axis", low: float, high: float, most: int = 7) -> Floats:
    """Ticks of `log_ticks` on an axis whose scale is logarithmic, without minor ones; the ticks."""
    from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

    ticks = log_ticks(low, high, most)
    axis.set_major_locator(FixedLocator(ticks.tolist()))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    return ticks


def is_far_apart(values: Floats) -> bool:
    """Whether some of these values would be squeezed together by far larger ones, and a logarithm can help.

    Examples
    --------
    >>> is_far_apart(np.array([1.0, 2.0, 5000.0])), is_far_apart(np.array([0.0, 2.0, 5000.0]))
    (True, False)
    """
    known = values[np.isfinite(values)]
    return bool(known.size and known.min() > 0 and known.max() > _FAR * np.median(known))


def number(value: float) -> str:
    """A number on an axis: as short as it can be.

    Examples
    --------
    >>> number(0.05), number(20000.0), number(-3.0), number(2e9)
    ('0.05', '20,000', '−3', '2e9')
    """
    size = abs(value)
    if size >= 1e7 or 0 < size < 1e-4:
        text = f"{size:.3g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e−").replace("e-", "e−")
    else:
        text = f"{size:,.0f}" if size >= 1000 else f"{size:.4g}"
    return f"−{text}" if value < 0 else text


def seconds_text(value: float) -> str:
    """Seconds in a unit that fits.

    Examples
    --------
    >>> seconds_text(0.002), seconds_text(50.0), seconds_text(0.00005)
    ('2 ms', '50 s', '50 µs')
    """
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= factor * 0.9999:
            return f"{number(float(f'{value / factor:.3g}'))} {unit}"
    return f"{number(value)} s"
