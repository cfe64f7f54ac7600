"""Which parameter of a regressor is the quantile that it estimates, and quantiles between those that were fitted."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from tsforecast._types import Floats

_LOSSES = ("quantile", "reg:quantileerror")


def quantile_parameter(params: Mapping[str, Any]) -> str | None:
    """The parameter that holds the quantile, from all (nested) parameters by name; None where there is none.

    Examples
    --------
    >>> from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
    >>> quantile_parameter(GradientBoostingRegressor(loss="quantile").get_params())
    'alpha'
    >>> quantile_parameter(HistGradientBoostingRegressor().get_params()) is None
    True
    """
    for name in sorted(params):
        head, _, own = name.rpartition("__")
        prefix = f"{head}__" if head else ""
        loss = next((params[prefix + key] for key in ("loss", "objective") if prefix + key in params), None)
        if (own == "quantile" and loss in (None, "quantile")) or (
            own in ("alpha", "quantile_alpha") and loss in _LOSSES and f"{prefix}quantile" not in params
        ):
            return name
    return None


def at_levels(fitted: Floats, known: Floats, wanted: Floats) -> Floats:
    """Quantiles at other levels, on straight lines in the normal score: ``(n, n_known)`` to ``(n, n_wanted)``.

    Beyond the outermost level the outermost line goes on. Fitted quantiles that cross are sorted.

    Parameters
    ----------
    fitted : ndarray, shape (n, n_known)
    known : ndarray, shape (n_known,)
        Increasing, at least two.
    wanted : ndarray, shape (n_wanted,) or (n, n_wanted)

    Examples
    --------
    >>> at_levels(np.array([[1.0, 2.0, 4.0]]), np.array([0.1, 0.5, 0.9]), np.array([0.1, 0.5, 0.9]))
    array([[1., 2., 4.]])
    """
    fitted, scores = np.sort(fitted, axis=1), stats.norm.ppf(known)
    asked = stats.norm.ppf(np.broadcast_to(wanted, (len(fitted), np.shape(wanted)[-1])))
    right = np.clip(np.searchsorted(scores, asked), 1, len(scores) - 1)  # (n, n_wanted)
    low, high = np.take_along_axis(fitted, right - 1, axis=1), np.take_along_axis(fitted, right, axis=1)
    share = (asked - scores[right - 1]) / (scores[right] - scores[right - 1])
    return np.where(share == 1, high, low + share * (high - low))
