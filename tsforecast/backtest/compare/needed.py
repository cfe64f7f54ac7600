"""How much more evidence would decide, if the difference is what it seems."""

import dataclasses

import numpy as np
from scipy import special

from tsforecast._types import Ints
from tsforecast.backtest.compare.paired import PairedTest
from tsforecast.backtest.compare.variance import variance_parts

_POWER = 0.8
_FEWEST = 4  # units, below which nothing is decided
_MOST = 20  # times the evidence there is; a difference that needs more is taken to be none


@dataclasses.dataclass(frozen=True)
class Needed:
    """Further cutoffs, or further series, at which the test would decide with 80% power.

    Attributes
    ----------
    cutoffs, series : int or None
        Either alone; None where no number within twenty times what there is would do.
    together : tuple of int, optional
        Further cutoffs and further series, both in the same proportion, where neither alone would do.
    seeds : bool
        Whether no number whatever would do, because of what seeds have in common.
    """

    cutoffs: int | None
    series: int | None
    together: tuple[int, int] | None = None
    seeds: bool = False


def evidence_needed(test: PairedTest, alpha: float) -> Needed:
    """Further cutoffs, or series, for a power of 80% at a difference as large as the estimate.

    The variance of the mean difference is divided into what series have of their own, what cutoffs have, and the rest;
    each falls with its number (and the seeds' part stays). The mean must then exceed the quantile of Student's t at
    ``alpha`` and the 80% quantile together. An estimate, since the variances and the difference are: a small study that
    seems to show a large difference promises too much.
    """
    mean = abs(test.means[0] - test.means[1])
    if mean == 0:
        return Needed(None, None)
    by_series, by_cutoff, rest, seeds = variance_parts(test.losses, test.others, test.known, test.overlap)
    n_series, n_cutoffs = test.known.shape

    def first(more_series: Ints, more_cutoffs: Ints) -> int | None:
        s, t = n_series + more_series, n_cutoffs + more_cutoffs
        variance = by_series / s + by_cutoff / t + rest / (s * t) + seeds
        units = np.where(s == 1, t // test.overlap, np.where((t == 1) | (test.overlap > 1), s, s * t // 2))
        far = special.stdtrit(np.maximum(units - 1, 1), 1 - alpha / 2) + special.ndtri(_POWER)
        possible = (units >= _FEWEST) & ((variance > 0) | (2.0 ** (1 - units) <= alpha))  # equal differences: by signs
        enough = np.flatnonzero(possible & (mean >= np.sqrt(variance) * far))
        return int(enough[0]) + 1 if enough.size else None

    cutoffs = first(np.zeros(1, dtype=np.int64), np.arange(1, _MOST * n_cutoffs + 1))
    series = first(np.arange(1, _MOST * n_series + 1), np.zeros(1, dtype=np.int64)) if n_series > 1 else None
    together = None
    if cutoffs is None and series is None and n_series > 1:
        times = np.arange(1, _MOST + 1)
        k = first(times * n_series, times * n_cutoffs)
        together = None if k is None else (k * n_cutoffs, k * n_series)
    least = special.ndtri(1 - alpha / 2) + special.ndtri(_POWER)
    return Needed(cutoffs, series, together, seeds=bool(mean < np.sqrt(seeds) * least))
