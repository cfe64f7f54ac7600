"""Numbers and names as texts for tables and sentences."""

from collections.abc import Sequence

import numpy as np


def number_text(value: float, decimals: int) -> str:
    """A number as text for a table; a dash for nan or infinity.

    Examples
    --------
    >>> number_text(1.23456, 2), number_text(float("nan"), 2)
    ('1.23', '-')
    """
    return "-" if not np.isfinite(value) else f"{value:.{decimals}f}"


def amount_text(value: float, decimals: int) -> str:
    """An amount with commas between thousands, never a negative zero; a dash for nan or infinity.

    Examples
    --------
    >>> amount_text(12345.678, 1), amount_text(float("nan"), 0), amount_text(-0.0001, 2)
    ('12,345.7', '-', '0.00')
    """
    if not np.isfinite(value):
        return "-"
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text


def short_text(value: float) -> str:
    """An amount with about three digits.

    Examples
    --------
    >>> short_text(0.01234), short_text(1234.5), short_text(12.0), short_text(0)
    ('0.0123', '1,234', '12.0', '0')
    """
    if value == 0 or not np.isfinite(value):
        return amount_text(value, 0)
    return amount_text(value, min(max(0, 2 - int(np.floor(np.log10(abs(value))))), 10))


def spread_text(value: float, deviation: float, decimals: int) -> str:
    """A score with its standard deviation over seeds; the score alone where there is none.

    Examples
    --------
    >>> spread_text(0.8123, 0.0061, 3), spread_text(0.8123, float("nan"), 3), spread_text(0.8123, 0.00001, 3)
    ('0.812 ± 0.006', '0.812', '0.812 ± <0.001')
    """
    if not (np.isfinite(value) and np.isfinite(deviation)):
        return number_text(value, decimals)
    least = 10.0**-decimals
    shown = f"<{least:.{decimals}f}" if 0 < deviation < least / 2 else f"{deviation:.{decimals}f}"
    return f"{number_text(value, decimals)} ± {shown}"


def listed(names: Sequence[str], word: str = "and") -> str:
    """Names as a sentence lists them.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"]), listed(["a", "b"], "or")
    ('a', 'a, b and c', 'a or b')
    """
    return f" {word} ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
