"""The longest forecast: too many steps or too much memory are an error before work starts."""

from tsforecast.exceptions import ParameterError

_MOST_HORIZON = 20_000
_MOST_NUMBERS = 2**28  # 2 GiB of float64


def check_horizon(horizon: int, n_series: int, n_columns: int) -> None:
    """Raise a `ParameterError` where a forecast would take too many steps or too much memory.

    Parameters
    ----------
    horizon, n_series : int
    n_columns : int
        Numbers in memory for each series and step.

    Examples
    --------
    >>> check_horizon(100_000, 1, 10)
    Traceback (most recent call last):
        ...
    tsforecast.exceptions.ParameterError: horizon=100000 is more than 20000 steps, the most that a recurrent network \
forecasts.
    """
    if horizon > _MOST_HORIZON:
        raise ParameterError(
            f"horizon={horizon} is more than {_MOST_HORIZON} steps, the most that a recurrent network forecasts."
        )
    numbers = horizon * n_series * n_columns
    if numbers > _MOST_NUMBERS:
        raise ParameterError(
            f"horizon={horizon} for {n_series} series takes {numbers * 8 / 2**30:.1f} GiB of memory, more than "
            f"{_MOST_NUMBERS * 8 / 2**30:.0f}; forecast fewer series at once, fewer steps or fewer sampled paths."
        )
