"""Values that double precision can multiply with each other, which squares and likelihoods need."""

import numpy as np

from tsforecast.exceptions import DataError
from tsforecast.panel import Panel

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
    for i in range(panel.n_series):
        largest = float(np.nanmax(np.abs(panel.series(i)), initial=0.0))
        if largest > _LARGEST or 0.0 < largest < 1.0 / _LARGEST:
            raise DataError(
                f"Series {panel.ids[i]!r} has values of the size {largest:.0e}; a model can be fitted between "
                f"{1 / _LARGEST:.0e} and {_LARGEST:.0e}. Give the series in another unit."
            )
