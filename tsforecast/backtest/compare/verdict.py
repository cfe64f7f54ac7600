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
    def size(self) -> str:
        """By how much the mean is smaller or larger, with the interval, without what follows from it."""
        if not np.isfinite(self.skill):
            return f"mean {self.loss_name} has both signs, so that a percentage says nothing"
        if self.skill == 0 and self.skill_low == self.skill_high:
            return f"their mean {self.loss_name} is equal"
        side = "smaller" if (self.skill >= 0) != self.more_is_better else "larger"
        size = f"its mean {self.loss_name} is {abs(self.skill):.1f}% {side}"
        if not (np.isfinite(self.skill_low) or np.isfinite(self.skill_high)):
            return size
        turned = self.skill < 0
        low, high = (-self.skill_high, -self.skill_low) if turned else (self.skill_low, self.skill_high)
        return f"{size} ({self.level:g}% interval {_end(low, self.skill, side)} to {_end(high, self.skill, side)})"

    def _why(self) -> str:
        if self.reason:
            return f"; {self.reason}"
        if self.needed is None or self.skill == 0:
            return ""
        options = []
        if self.needed.cutoffs is not None:
            options.append(f"{self.needed.cutoffs} more cutoff{'s' if self.needed.cutoffs > 1 else ''}")
        if self.needed.series is not None:
            options.append(f"{self.needed.series} more series")
        if not options:
            return "; twenty times as many cutoffs or series would hardly decide a difference so small"
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


def _end(value: float, skill: float, side: str) -> str:
    """An end of the interval in the direction of the difference; a negative one is named by the other direction."""
    if not np.isfinite(value):
        return "no limit"
    if value >= 0:
        return f"{_percent(value)}"
    return f"{_percent(-value)} {'larger' if side == 'smaller' else 'smaller'}"


def _percent(value: float) -> str:
    return f"{value:.1f}%" if value < 1000 else "over 1000%"
