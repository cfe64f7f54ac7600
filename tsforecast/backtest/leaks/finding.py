"""Finding: what one check found in one model."""

import dataclasses
from typing import Any

LEAKS = {
    "future": "uses values after the cutoff",
    "state": "remembers other fits",
    "truth": "knows the future from elsewhere",
    "covariate": "uses covariates that are not known at the cutoff",
    "input": "changes the data it is given",
}
OTHER_FAULTS = {
    "random": "does not repeat itself: it draws numbers without a seed",
    "failed": "failed",
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    check : str
        Name of the check.
    changed : str
        What was changed, or done in another way, before the forecast was made again.
    found : str
        A key of `LEAKS` or of `OTHER_FAULTS`; empty where nothing was found.
    series, cutoff : object
        Of the first forecast that moved; None where none did.
    difference : float
        How far it moved, in the unit of the series; 0 where it did not.
    message : str
        What was found, or why it could not be looked for, in words.
    """

    check: str
    changed: str
    found: str = ""
    series: Any = None
    cutoff: Any = None
    difference: float = 0.0
    message: str = ""
