"""How much more evidence would decide, if the difference is what it seems."""

import dataclasses

import numpy as np
from scipy import stats

from tsforecast.backtest.compare.paired import PairedTest
from tsforecast.backtest.compare.variance import variance_parts

_POWER = 0.8
_MOST = 20  # times the evidence there is; a difference that needs more is taken to be none


@dataclasses.dataclass(frozen=True)
class Needed:
    """Further cutoffs, or further series, at which the test would decide with 80% power.

    Attributes
    ----------
    cutoffs, series : int or None
        None where no number within twenty times what there is would do.
    """

    cutoffs: int | None
    series: int | None


def evidence_needed(test: PairedTest, alpha: float) -> Needed:
    """Further cutoffs, or series, for a power of 80% at a difference as large as the estimate.

    The variance of the mean difference is divided into what series have of their own, what cutoffs have, and the rest;
    each falls with its number (and the seeds' part stays). The mean must then exceed the quantile of Student's t at
    ``alpha`` and the 80% quantile together. An estimate, since the variances and the difference are: a small study that
    seems to show a large difference promises too much.
    """
    mean = abs(test.means[0] - test.means[1])
    by_series, by_cutoff, rest, seeds = variance_parts(test.losses, test.others, test.known, test.overlap)
    n_series, n_cutoffs = test.known.shape

    def decides(more_series: int, more_cutoffs: int) -> bool:
        s, t = n_series + more_series, n_cutoffs + more_cutoffs
        variance = by_series / s + by_cutoff / t + rest / (s * t) + seeds
        units = t // test.overlap if s == 1 else s if t == 1 or test.overlap > 1 else s * t // 2
        if units < 4 or variance <= 0:
            return False
        return mean >= np.sqrt(variance) * (stats.t.isf(alpha / 2, units - 1) + stats.norm.isf(1 - _POWER))

    cutoffs = next((k for k in range(1, _MOST * n_cutoffs + 1) if decides(0, k)), None)
    series = next((k for k in range(1, _MOST * n_series + 1) if decides(k, 0)), None) if n_series > 1 else None
    return Needed(cutoffs, series)
