"""Verdict: how one model compares with another, as one decision over all models has it, in plain sentences."""

import dataclasses
from typing import Literal

import numpy as np

from tsforecast.backtest.compare.needed import Needed

Conclusion = Literal["better", "worse", "undecided"]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How two models compare, and whether the difference is more than chance.

    Attributes
    ----------
    model, other : str
    conclusion : {"better", "worse", "undecided"}
        Of ``model``. Taken from the mean loss alone.
    skill, skill_low, skill_high : float
        Percent by which the mean loss is smaller than the other's, with its interval, which excludes 0 if, and only if,
        there is a decision; nan where the losses' means have different signs, so that a percentage says nothing, and
        the ends where there is too little data for an interval.
    pvalue : float
        Two-sided, of equal mean losses, corrected for all pairs of models that are compared.
    share, share_low, share_high : float
        Share of series with the smaller loss (of cutoffs, where there is one series), a tie being half, with its own
        exact binomial interval. It decides nothing.
    level : float
        Percent of the intervals; 100 less it is the error rate of all decisions together.
    n_series, n_cutoffs : int
        Those on which all compared models have losses.
    n_seeds : tuple of int
        Seeds of model and other.
    n_models : int
        Models compared at once.
    needed : Needed or None
        What would decide, where there is no decision.
    loss_name : str
        What is smaller or larger: ``"MASE"``.
    is_mean : bool
        Whether a mean over series is compared; else one ratio of sums.
    more_is_better : bool
        Whether the losses are minus a metric of which more is better.
    reason : str
        Why there can be no decision, whatever the losses are; empty where there can be one.
    """

    model: str
    other: str
    conclusion: Conclusion
    skill: float
    skill_low: float
    skill_high: float
    pvalue: float
    share: float
    share_low: float
    share_high: float
    level: float
    n_series: int
    n_cutoffs: int
    n_seeds: tuple[int, int]
    n_models: int = 2
    needed: Needed | None = None
    loss_name: str = "loss"
    is_mean: bool = True
    more_is_better: bool = False
    reason: str = ""

    @property
    def sentence(self) -> str:
        """The verdict for a reader without statistics: the size of the difference, and whether it is decided.

        Examples
        --------
        >>> from tsforecast.backtest.compare.decision import decide
        >>> losses = np.random.default_rng(0).gamma(20.0, size=(1, 40, 3))
        >>> print(decide({"ARIMA": losses, "Naive": losses + 9.0}).verdict("ARIMA", "Naive").sentence)
        ARIMA is better than Naive: its mean loss is 31.5% smaller (95% interval 30.2% to 32.9%).
        """
        if self.n_series == 0:
            return f"{self.model} and {self.other} have no forecasts in common: not comparable."
        if self.conclusion == "undecided":
            return f"{self.model} against {self.other} is undecided: {self.size}{self._why()}."
        return f"{self.model} is {self.conclusion} than {self.other}: {self.size}."

    @property
    def share_sentence(self) -> str:
        """How often the model has the smaller loss: a second fact, which decides nothing.

        Examples
        --------
        >>> from tsforecast.backtest.compare.decision import decide
        >>> losses = np.random.default_rng(0).gamma(20.0, size=(1, 40, 3))
        >>> print(decide({"ARIMA": losses, "Naive": losses + 9.0}).verdict("ARIMA", "Naive").share_sentence)
        It is ahead of Naive on 100% of the 40 series (95% interval 91% to 100%).
        """
        if not np.isfinite(self.share):
            return ""
        units = f"the {self.n_series} series" if self.n_series > 1 else f"the {self.n_cutoffs} cutoffs"
        if self.n_series == 1 and self.n_cutoffs == 1:
            return ""
        ends = f"{100 * self.share_low:.0f}% to {100 * self.share_high:.0f}%"
        return f"It is ahead of {self.other} on {100 * self.share:.0f}% of {units} ({self.level:g}% interval {ends})."

    @property
    def _named(self) -> str:
        return f"mean {self.loss_name}" if self.is_mean else self.loss_name

    @property
    def size(self) -> str:
        """By how much the mean is smaller or larger, with the interval, without what follows from it."""
        if not np.isfinite(self.skill):
            return f"a percentage says nothing where {self.loss_name} is 0 or has both signs"
        if self.skill == 0 and self.skill_low == self.skill_high:
            return f"their {self._named} is equal"
        ahead, behind = ("larger", "smaller") if self.more_is_better else ("smaller", "larger")
        side, other = (ahead, behind) if self.skill >= 0 else (behind, ahead)
        size = f"its {self._named} is {_percent(abs(self.skill))} {side}"
        if np.isnan(self.skill_low) or np.isnan(self.skill_high):
            return size
        low, high = (self.skill_low, self.skill_high) if self.skill >= 0 else (-self.skill_high, -self.skill_low)
        if low >= 0:
            return f"{size} ({self.level:g}% interval {_percent(abs(low))} to {_percent(abs(high))})"
        return f"{size} ({self.level:g}% interval {_percent(-low)} {other} to {_percent(high)} {side})"

    def _why(self) -> str:
        if self.reason:
            return f"; {self.reason}"
        if self.needed is None or self.skill == 0:
            return ""
        if self.needed.seeds:
            return "; seeds differ too much: without more of them no number of cutoffs or series would decide"
        cutoffs, series, together = self.needed.cutoffs, self.needed.series, self.needed.together
        options = [] if cutoffs is None else [f"{cutoffs} more cutoff{'s' if cutoffs > 1 else ''}"]
        options += [] if series is None else [f"{series} more series"]
        options += [] if together is None else [f"{together[0]} more cutoffs together with {together[1]} more series"]
        if not options:
            kinds = "cutoffs and series" if self.n_series > 1 else "cutoffs"
            return f"; even twenty times as many {kinds} would hardly decide it, if the difference is what it seems"
        return f"; about {' or '.join(options)} would decide at 80% power, if the difference is what it seems"


def not_comparable(model: str, other: str) -> Verdict:
    """The verdict on two models that have no losses in common.

    Examples
    --------
    >>> not_comparable("LSTM", "Naive").sentence
    'LSTM and Naive have no forecasts in common: not comparable.'
    """
    nan = float("nan")
    return Verdict(model, other, "undecided", nan, nan, nan, nan, nan, nan, nan, 95.0, 0, 0, (0, 0))


def _percent(value: float) -> str:
    """A percentage of at least 0, of which one that is not 0 never reads as 0."""
    if 0 < value < 0.05:
        return "under 0.1%"
    return f"{value:.1f}%" if value < 1000 else "over 1000%"
