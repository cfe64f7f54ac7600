"""The verdict on two models, from every seed and every series, with one plain sentence."""

import dataclasses
from typing import Literal

import numpy as np
from scipy import stats

from tsforecast._types import Bools, Floats
from tsforecast.backtest.compare.bootstrap import (
    can_draw,
    draw_counts,
    draw_weights,
    one_sign,
    percentile_interval,
)
from tsforecast.exceptions import DataError

Conclusion = Literal["better", "worse", "not distinguishable"]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How two models compare, and whether the difference is more than chance.

    Attributes
    ----------
    model, other : str
    share : float
        Share of draws of (seed of each model, series) in which ``model`` has the smaller loss, a tie being half; of
        (seed, cutoff) where there is one series. In [0, 1].
    share_low, share_high : float
        Interval of the share: the wider, on each side, of the bootstrap's (seeds, series, blocks of cutoffs) and of the
        exact binomial one for as many independent draws as there are series (or blocks of cutoffs).
    skill, skill_low, skill_high : float
        Percent by which the mean loss is smaller than the other's, with its bootstrap interval; nan where losses have
        both signs, so that a percentage says nothing.
    conclusion : {"better", "worse", "not distinguishable"}
        Better where the share's interval lies above one half and the skill's does not lie below 0; worse the other way
        round.
    level : float
        Percent of the intervals.
    n_seeds : tuple of int
        Seeds of model and other.
    n_series, n_cutoffs : int
        Those on which both have losses.
    n_units : int
        What counts as independent evidence: the series, or the blocks of cutoffs of a single one.
    more_of : str, optional
        Title of the metric where more of it is better: the losses are then minus the metric.
    """

    model: str
    other: str
    share: float
    share_low: float
    share_high: float
    skill: float
    skill_low: float
    skill_high: float
    conclusion: Conclusion
    level: float
    n_seeds: tuple[int, int]
    n_series: int
    n_cutoffs: int
    n_units: int
    more_of: str | None = None

    @property
    def sentence(self) -> str:
        """The verdict for a reader without statistics.

        Examples
        --------
        >>> losses = np.random.default_rng(0).gamma(20.0, size=(1, 40, 3))
        >>> verdict("ARIMA", "Naive", losses, losses + 9.0).sentence[:58]
        'ARIMA beats Naive in 100% of series (95% interval 91% to 1'
        """
        if self.n_series == 0:
            return f"{self.model} and {self.other} have no forecasts in common: not comparable."
        draws = "series" if self.n_series > 1 else "cutoffs"
        if max(self.n_seeds) > 1:
            draws = "seed-and-series draws" if self.n_series > 1 else "seed-and-cutoff draws"
        share = (
            f"{self.model} beats {self.other} in {_percent(self.share)} of {draws} "
            f"({self.level:g}% interval {_percent(self.share_low)} to {_percent(self.share_high)})"
        )
        return f"{share}; {self._about_the_mean()}: {self._closing()}."

    def _about_the_mean(self) -> str:
        measure = "loss" if self.more_of is None else self.more_of
        if not np.isfinite(self.skill):
            return f"mean {'losses' if self.more_of is None else measure} cannot be compared"
        if self.skill == 0 and self.skill_low == self.skill_high:
            return f"their mean {'losses are' if self.more_of is None else measure + ' is'} equal"
        side = "smaller" if (self.skill >= 0) == (self.more_of is None) else "larger"
        if not np.isfinite(self.skill_low):
            return f"its mean {measure} is {abs(self.skill):.1f}% {side}"
        low, high = (
            sorted((self.skill_low, self.skill_high)) if self.skill >= 0 else (-self.skill_high, -self.skill_low)
        )
        return f"its mean {measure} is {abs(self.skill):.1f}% {side} ({low:.1f}% to {high:.1f}%)"

    def _closing(self) -> str:
        if self.conclusion != "not distinguishable":
            return f"{self.model} is {self.conclusion}"
        needed = _fewest(self.level)
        if self.n_units < needed:
            units = "series" if self.n_series > 1 else "cutoffs"
            if self.n_series == 1 and self.n_units < self.n_cutoffs:
                units = "blocks of cutoffs"
            return (
                f"not distinguishable on this evidence ({needed} {units} are needed to tell, {self.n_units} are here)"
            )
        return "not distinguishable on this evidence"


def _fewest(level: float) -> int:
    """Fewest units that, if all are won, show more than chance: the exact interval lies above one half.

    Examples
    --------
    >>> _fewest(95)
    6
    """
    return int(np.floor(np.log((100 - level) / 200) / np.log(0.5))) + 1


def verdict(
    model: str,
    other: str,
    losses: Floats,
    other_losses: Floats,
    *,
    level: float = 95,
    n_boot: int = 1000,
    block_size: int = 1,
    random_state: int = 0,
) -> Verdict:
    """How one model compares with another over seeds, series and cutoffs.

    Parameters
    ----------
    model, other : str
        Their names.
    losses, other_losses : ndarray, shape (n_seeds, n_series, n_cutoffs)
        Less is better. A deterministic model has one seed; the numbers of seeds may differ. A cell where any seed of
        either has nan is left out. Losses are averaged over the cutoffs of a series before they are compared.
    level : float
        Percent of the intervals.
    n_boot : int
    block_size : int
        Cutoffs drawn together: at least ``ceil(horizon / step_size)`` where forecasts overlap.
    random_state : int

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> lstm, sarima = rng.gamma(20.0, size=(5, 30, 4)), rng.gamma(20.0, size=(1, 30, 4))
    >>> verdict("LSTM", "SARIMA", lstm, sarima).conclusion
    'not distinguishable'
    """
    a, b, known = _common_losses(losses, other_losses)
    n_series, n_cutoffs = known.shape
    seeds = (a.shape[0], b.shape[0])
    if known.size == 0:
        nan = float("nan")
        return Verdict(model, other, nan, nan, nan, nan, nan, nan, "not distinguishable", level, seeds, 0, 0, 0)
    whole = (np.ones((1, n_series)), np.ones((1, n_cutoffs)), np.ones((1, seeds[0])), np.ones((1, seeds[1])))
    share, skill = (float(v[0]) for v in _statistics(a, b, known, *whole))
    rng = np.random.default_rng(
        [random_state, 1]
    )  # a separate stream: seeds are drawn independently of series and cutoffs
    draws = [
        _statistics(a, b, known, ws, wt, draw_counts(rng, len(ws), seeds[0]), draw_counts(rng, len(ws), seeds[1]))
        for ws, wt in draw_weights(n_series, n_cutoffs, n_boot, block_size, random_state)
    ]
    share_low, share_high = (float(v) for v in percentile_interval(np.concatenate([d[0] for d in draws]), level))
    skill_low, skill_high = (float(v) for v in percentile_interval(np.concatenate([d[1] for d in draws]), level))
    if not can_draw(n_series, n_cutoffs, block_size) and max(seeds) == 1:
        skill_low = skill_high = float("nan")
    independent = n_series if n_series > 1 else n_cutoffs // block_size
    exact_low, exact_high = _exact(share, independent, level)
    share_low, share_high = min(share_low, exact_low), max(share_high, exact_high)
    return Verdict(
        model,
        other,
        share,
        share_low,
        share_high,
        skill,
        skill_low,
        skill_high,
        _conclude(share_low, share_high, skill_low, skill_high),
        level,
        seeds,
        n_series,
        n_cutoffs,
        independent,
    )


def _conclude(share_low: float, share_high: float, skill_low: float, skill_high: float) -> Conclusion:
    if share_low > 0.5 and not skill_high < 0:
        return "better"
    if share_high < 0.5 and not skill_low > 0:
        return "worse"
    return "not distinguishable"


def _common_losses(losses: Floats, other_losses: Floats) -> tuple[Floats, Floats, Floats]:
    """Losses on the cells that all seeds have, 0 on others, and 1 or 0 for whether they have it."""
    a, b = np.asarray(losses, dtype=np.float64), np.asarray(other_losses, dtype=np.float64)
    if a.ndim != 3 or b.ndim != 3 or a.shape[1:] != b.shape[1:]:
        raise DataError(
            f"The losses have shapes {a.shape} and {b.shape}; two of (n_seeds, n_series, n_cutoffs) are needed."
        )
    known: Bools = np.isfinite(np.concatenate([a, b])).all(axis=0, keepdims=True)[0]
    series, cutoffs = known.any(axis=1), known.any(axis=0)
    known = known[np.ix_(series, cutoffs)]
    a, b = a[:, series][:, :, cutoffs], b[:, series][:, :, cutoffs]
    a, b = (np.ascontiguousarray(np.where(known, one, 0.0)) for one in (a, b))
    return a, b, known.astype(np.float64)


def _statistics(
    a: Floats, b: Floats, known: Floats, over_series: Floats, over_cutoffs: Floats, over_a: Floats, over_b: Floats
) -> tuple[Floats, Floats]:
    """Win share and skill for each row of weights, ``(n, n_series)`` and so on: two ``(n,)``."""
    count = known @ over_cutoffs.T  # (n_series, n)
    weight = over_series.T * (count > 0)
    size = np.where(count > 0, count, 1.0)
    mean_a, mean_b = a @ over_cutoffs.T / size, b @ over_cutoffs.T / size  # (n_seeds, n_series, n)
    total_a, total_b = _total(mean_a, weight, over_a), _total(mean_b, weight, over_b)
    if a.shape[1] == 1:  # the units are cutoffs, where there is one series
        share = _win_share(a[:, 0, :, None], b[:, 0, :, None], (over_cutoffs * known).T, over_a, over_b)
    else:
        share = _win_share(mean_a, mean_b, weight, over_a, over_b)
    drawn = weight.sum(axis=0) > 0
    usable = drawn & (total_b != 0) & one_sign(np.stack([a.min(), a.max(), b.min(), b.max()]))
    skill = np.where(usable, 100 * (total_b - total_a) / np.abs(np.where(usable, total_b, 1.0)), np.nan)
    return np.where(drawn, share, np.nan), skill


def _total(mean: Floats, weight: Floats, over_seeds: Floats) -> Floats:
    """Weighted sum over series of ``(n_seeds, n_series, n)``, averaged over the seeds drawn: ``(n,)``."""
    sums = np.stack([np.einsum("sn,sn->n", one, weight) for one in mean], axis=1)  # (n, n_seeds)
    return (sums * over_seeds).sum(axis=1) / over_seeds.sum(axis=1)


def _win_share(a: Floats, b: Floats, weight: Floats, over_a: Floats, over_b: Floats) -> Floats:
    """Weighted share of (seed of a, seed of b, unit) with a below b, from two ``(n_seeds, n_units, n)``: ``(n,)``."""
    won = np.zeros(weight.shape[1])
    for i, j in np.ndindex(len(a), len(b)):
        won += over_a[:, i] * over_b[:, j] * ((a[i] < b[j]) * weight + 0.5 * (a[i] == b[j]) * weight).sum(axis=0)
    total = weight.sum(axis=0) * over_a.sum(axis=1) * over_b.sum(axis=1)
    return won / np.where(total > 0, total, 1.0)


def _exact(share: float, n: int, level: float) -> tuple[float, float]:
    """Clopper & Pearson's interval for a share of n independent draws; half-wins may make it fractional."""
    wins, tail = share * n, (100 - level) / 200
    low = float(stats.beta.ppf(tail, wins, n - wins + 1)) if wins > 0 else 0.0
    high = float(stats.beta.ppf(1 - tail, wins + 1, n - wins)) if wins < n else 1.0
    return low, high


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"
