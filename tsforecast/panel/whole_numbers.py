"""Checks of arguments that must be whole numbers (not booleans, fractions, texts or durations)."""

import numpy as np

from tsforecast.exceptions import ParameterError

LARGEST = 2**62  # of arguments and of integer times, so that sums of two of them are int64


def is_whole(value: object) -> bool:
    """Whether something is a whole number, of Python or numpy.

    Examples
    --------
    >>> [is_whole(value) for value in (2, np.int64(2), True, 2.0, "2", np.timedelta64(2, "D"))]
    [True, True, False, False, False, False]
    """
    return isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_, np.timedelta64))


def whole_number(name: str, value: object, least: int = 1, what: str = "a whole number", most: int = LARGEST) -> int:
    """The argument as an int.

    Raises
    ------
    ParameterError
        It is no whole number, smaller than ``least``, or larger than ``most``, by default what 64 bits can add up.

    Examples
    --------
    >>> whole_number("gap", np.int64(3), least=0)
    3
    """
    if not is_whole(value) or not least <= int(value) <= most:  # type: ignore[call-overload] # it is whole
        told = "2**62" if most == LARGEST else str(most)
        also = f" and at most {told}" if is_whole(value) and int(value) > most else ""  # type: ignore[call-overload]
        raise ParameterError(f"{name}={value!r} is not {what}, at least {least}{also}.")
    return int(value)  # type: ignore[call-overload] # it is whole
