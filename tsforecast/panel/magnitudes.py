"""Refuses values so large or so small that their squares leave the range of double precision."""

import numpy as np

from tsforecast.exceptions import DataError
from tsforecast.panel.panel import Panel

_LARGEST = 1e60  # its fourth power can be computed


def check_sizes(panel: Panel) -> None:
    """A `DataError` for a series whose values, multiplied with each other, leave the range of double precision.

    Examples
    --------
    >>> check_sizes(Panel.from_array(np.array([1.0, 1e80])))
    Traceback (most recent call last):
        ...
    tsforecast.exceptions.DataError: Series 'y' has values of the size 1e+80; a model can be fitted between 1e-60 and \
1e+60. Give the series in another unit.
    """
    sizes = np.abs(panel.values)
    largest = np.maximum.reduceat(np.where(np.isnan(sizes), 0.0, sizes), panel.indptr[:-1])  # (n_series,)
    wrong = (largest > _LARGEST) | ((largest > 0.0) & (largest < 1.0 / _LARGEST))
    if wrong.any():
        i = int(np.argmax(wrong))
        raise DataError(
            f"Series {panel.ids[i]!r} has values of the size {largest[i]:.0e}; a model can be fitted between "
            f"{1 / _LARGEST:.0e} and {_LARGEST:.0e}. Give the series in another unit."
        )
