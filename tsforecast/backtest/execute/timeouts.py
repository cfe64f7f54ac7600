"""How long a run waits for its workers."""

import dataclasses
import math
from numbers import Real

from tsforecast.exceptions import ParameterError


@dataclasses.dataclass(frozen=True)
class Timeouts:
    """How long a run waits for its workers, in seconds; None waits for ever.

    Attributes
    ----------
    executor_timeout : float, optional
        For a sign of life of any worker; a running job is one, however long it takes.
    job_timeout : float, optional
        For one job.

    Examples
    --------
    >>> Timeouts(executor_timeout=0)
    Traceback (most recent call last):
    tsforecast.exceptions.ParameterError: executor_timeout=0 is not a number of seconds above 0, or None for no limit.
    """

    executor_timeout: float | None = 600.0
    job_timeout: float | None = None

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if value is None:
                continue
            number = isinstance(value, Real) and not isinstance(value, bool)
            if not number or math.isnan(value) or value <= 0:
                raise ParameterError(f"{name}={value!r} is not a number of seconds above 0, or None for no limit.")
