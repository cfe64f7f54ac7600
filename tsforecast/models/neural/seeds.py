"""Seeds of everything random in a run, derived from ``random_state``."""

import numpy as np

from tsforecast.models.neural.checks import check_value


def seed_of(random_state: int | None) -> int:
    """The seed of a fit, for the order of its series and its members; a new one each time for None.

    Examples
    --------
    >>> seed_of(0) == seed_of(0) != seed_of(1)
    True
    """
    check_value("random_state", random_state, int | None, 0)
    return int(np.random.SeedSequence(random_state).generate_state(1)[0])


def member_seeds(seed: int, n_members: int) -> list[int]:
    """Seeds of the members of a fit: those of the first few stay the same however many there are.

    Examples
    --------
    >>> member_seeds(0, 1) == member_seeds(0, 3)[:1]
    True
    """
    return [int(np.random.SeedSequence([seed, k]).generate_state(1)[0]) for k in range(n_members)]
