"""One decision over several models: which are better than which, from one set of losses at one error rate.

Every statement of a report on which model is better comes from here: the verdict's sentence, the intervals of the
leaderboard, results by pair, the confidence set and the groups of ranks. They hold together, all of them at once, with
the stated probability.
"""

import dataclasses
import functools
import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tsforecast._types import Bools, Floats
from tsforecast.backtest.compare.family import StepDown, follows, groups, holm_step_down, joint_step_down, multipliers
from tsforecast.backtest.compare.needed import evidence_needed
from tsforecast.backtest.compare.paired import PairedTest, paired_test
from tsforecast.backtest.compare.share import share_interval, share_won
from tsforecast.backtest.compare.verdict import Conclusion, Verdict
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError

_MOST_JOINT = 300  # pairs whose draws are compared together; with more, only their p-values
_FEW_DRAWS, _MANY_DRAWS = 2000, 10_000  # of signs: for one pair, and where p-values are corrected for several


@dataclasses.dataclass(frozen=True, eq=False)
class Decision:
    """What the losses say about all pairs of models.

    Attributes
    ----------
    models : tuple of str
    losses : tuple of ndarray, each (n_seeds, n_series, n_cutoffs)
        Less is better; nan where unknown, in the same cells for all models.
    overlap : int
        Number of successive cutoffs whose forecasts overlap.
    level : float
        Percent of intervals; 100 less it is the error rate of all decisions together.
    n_draws : int
        Draws of signs for each pair.
    """

    models: tuple[str, ...]
    losses: tuple[Floats, ...]
    overlap: int
    level: float
    n_draws: int

    @property
    def alpha(self) -> float:
        """Error rate of all decisions together."""
        return 1 - self.level / 100

    @functools.cached_property
    def means(self) -> Floats:
        """Mean loss of each model: over the cutoffs of a series, then over series, seeds averaged, ``(n_models,)``."""
        known = [series[np.isfinite(series)] for series in self.by_series.T]
        return np.array([one.mean() if one.size else np.nan for one in known])

    @functools.cached_property
    def by_series(self) -> Floats:
        """Mean loss of each series over its cutoffs, seeds averaged: ``(n_series, n_models)``, nan where unknown."""
        tables = np.stack([one.mean(axis=0) for one in self.losses], axis=2)  # (n_series, n_cutoffs, n_models)
        known = np.isfinite(tables)
        counts = known.sum(axis=1)
        return np.where(counts > 0, np.where(known, tables, 0.0).sum(axis=1) / np.maximum(counts, 1), np.nan)

    @functools.cached_property
    def better(self) -> Bools:
        """Whether the model of a row is better than that of a column, beyond chance: ``(n_models, n_models)``."""
        found = np.zeros((len(self.models), len(self.models)), dtype=bool)
        for (i, j), rejected in zip(self._pairs, self._told_apart, strict=True):
            if rejected and self.means[i] != self.means[j]:
                found[(i, j) if self.means[i] < self.means[j] else (j, i)] = True
        return follows(found)

    def test(self, model: str, other: str) -> PairedTest:
        """The paired test of two models, before any correction for other pairs."""
        return self._test(self._place(model), self._place(other))

    def conclusion(self, model: str, other: str) -> Conclusion:
        """Whether a model is better than another, worse, or this is undecided."""
        i, j = self._two(model, other)
        return "better" if self.better[i, j] else "worse" if self.better[j, i] else "undecided"

    def skill(self, model: str, other: str) -> tuple[float, float, float]:
        """Percent by which the mean loss is smaller than the other's, and the ends of its interval.

        nan where a percentage says nothing; the ends are nan where there is too little data for an interval.
        """
        i, j = self._two(model, other)
        mine, base = float(self.means[i]), float(self.means[j])
        if mine == base:
            return 0.0, 0.0, 0.0
        if mine == 0 and base > 0:
            return (100.0, 100.0, 100.0) if self.better[i, j] else (100.0, np.nan, np.nan)
        if not (np.sign(mine) * np.sign(base) > 0 and self._one_sign):
            return np.nan, np.nan, np.nan
        low, high = self._ratio_interval(i, j)
        if base < 0:  # the metric is better where it is larger, and minus it is compared
            return 100 * (mine / base - 1), 100 * (low - 1), 100 * (high - 1)
        return 100 * (1 - mine / base), 100 * (1 - high), 100 * (1 - low)

    def share(self, model: str, other: str) -> float:
        """Share of series (of cutoffs, where there is one series) on which a model has the smaller loss."""
        return self._share(self._test(*self._two(model, other)))[0]

    def verdict(self, model: str, other: str, *, loss_name: str = "loss", more_is_better: bool = False) -> Verdict:
        """The verdict on a model against another."""
        i, j = self._two(model, other)
        test = self._test(i, j)
        conclusion = self.conclusion(model, other)
        share, n = self._share(test)
        reason = "" if conclusion != "undecided" else self._reason(test)
        open_ = conclusion == "undecided" and not reason and test.known.size
        skill, low, high = self.skill(model, other)
        share_low, share_high = share_interval(share, n, self.level)
        return Verdict(
            model=model,
            other=other,
            conclusion=conclusion,
            skill=skill,
            skill_low=low,
            skill_high=high,
            pvalue=self._pvalue(i, j),
            share=share,
            share_low=share_low,
            share_high=share_high,
            level=self.level,
            n_series=test.n_series,
            n_cutoffs=test.n_cutoffs,
            n_seeds=(len(test.losses), len(test.others)),
            n_models=len(self.models),
            needed=evidence_needed(test, self._compared(i, j)) if open_ else None,
            loss_name=loss_name,
            more_is_better=more_is_better,
            reason=reason,
        )

    def pairs(self) -> pd.DataFrame:
        """Every pair, one row each: names, skill of the first with its interval, corrected p-value, conclusion."""
        rows = []
        for i, j in self._pairs:
            a, b = self.models[i], self.models[j]
            rows.append((a, b, *self.skill(a, b), self._pvalue(i, j), self.conclusion(a, b)))
        columns = ["model_a", "model_b", "skill", "skill_low", "skill_high", "pvalue", "conclusion"]
        return pd.DataFrame(rows, columns=columns)

    def confidence_set(self) -> list[str]:
        """The models that no other is better than, best first; the best is one of them, at the stated level."""
        return [self.models[i] for i in np.argsort(self.means, kind="stable") if not self.better[:, i].any()]

    def groups(self) -> list[list[str]]:
        """Largest runs of models, in order of their mean loss, that are not told apart; best first."""
        order = np.argsort(self.means, kind="stable")
        return [[self.models[i] for i in run] for run in groups(order, self.better)]

    @functools.cached_property
    def _pairs(self) -> list[tuple[int, int]]:
        return list(itertools.combinations(range(len(self.models)), 2))

    @functools.cached_property
    def _told_apart(self) -> Bools:
        """Whether each pair is told apart by itself, not by what follows from others: ``(n_pairs,)``."""
        stands = [self._test(i, j).failed_pvalue == 0 for i, j in self._pairs]
        return np.asarray(self._steps.rejected & np.array(stands))

    @functools.cached_property
    def _steps(self) -> StepDown:
        tests = [self._test(i, j) for i, j in self._pairs]
        pvalues = np.array([test.own_pvalue for test in tests])
        first = tests[0].null_sizes
        if len(tests) == 1 or first is None or len(tests) > _MOST_JOINT:
            return holm_step_down(pvalues, multipliers(len(self.models)), self.alpha)
        sizes = np.stack([test.null_sizes for test in tests if test.null_sizes is not None])
        return joint_step_down(pvalues, sizes, self.alpha, all_signs=tests[0].all_signs)

    @functools.cached_property
    def _tests(self) -> dict[tuple[int, int], PairedTest]:
        options = {"overlap": self.overlap, "n_draws": self.n_draws, "n_pairs": len(self._pairs)}
        tests = {(i, j): paired_test(self.losses[i], self.losses[j], **options) for i, j in self._pairs}
        return tests | {(j, i): test.turned() for (i, j), test in tests.items()}

    @functools.cached_property
    def _one_sign(self) -> bool:
        """Whether no two losses have different signs, so that a percentage of their mean says something."""
        ends = [(np.nanmin(one), np.nanmax(one)) for one in self.losses if np.isfinite(one).any()]
        return not (any(low < 0 for low, _ in ends) and any(high > 0 for _, high in ends))

    def _test(self, i: int, j: int) -> PairedTest:
        return self._tests[i, j]

    @staticmethod
    def _share(test: PairedTest) -> tuple[float, int]:
        return share_won(test.losses, test.others, test.known) if test.known.size else (float("nan"), 0)

    def _number(self, i: int, j: int) -> int:
        """Place of a pair among ``_pairs``, which go row by row through the upper triangle."""
        first, second = min(i, j), max(i, j)
        return first * len(self.models) - first * (first + 1) // 2 + second - first - 1

    def _compared(self, i: int, j: int) -> float:
        """The level that a pair's p-value was compared with."""
        return float(self._steps.compared[self._number(i, j)])

    def _pvalue(self, i: int, j: int) -> float:
        """Corrected p-value; not over the error rate where the decision follows from others."""
        own = max(float(self._steps.adjusted[self._number(i, j)]), self._test(i, j).failed_pvalue)
        return min(own, self.alpha) if self.better[i, j] or self.better[j, i] else own

    @functools.cached_property
    def _ratio_intervals(self) -> dict[tuple[int, int], tuple[float, float]]:
        """Those that were computed already: each takes a search, and tables and sentences ask for the same ones."""
        return {}

    def _ratio_interval(self, i: int, j: int) -> tuple[float, float]:
        """Interval of the ratio of mean losses; where a decision follows from others, what these imply as well."""
        if (i, j) not in self._ratio_intervals:
            self._ratio_intervals[i, j] = self._new_ratio_interval(i, j)
        return self._ratio_intervals[i, j]

    def _new_ratio_interval(self, i: int, j: int) -> tuple[float, float]:
        low, high = self._test(i, j).ratio_interval(self._compared(i, j))
        if self._told_apart[self._number(i, j)]:
            return low, high
        if not (self.better[i, j] or self.better[j, i]):
            return low, high
        least, most = self._implied(i, j)
        if abs(self.means[i]) < abs(self.means[j]):
            return (least if np.isnan(low) else low), float(np.fmin(high, most))
        return float(np.fmax(low, least)), (most if np.isnan(high) else high)

    def _implied(self, i: int, j: int) -> tuple[float, float]:
        """Interval of the ratio of i to j through a model between them, of those that were told apart themselves."""
        between = self.better[i] & self.better[:, j] | self.better[j] & self.better[:, i]
        parts = [(self._ratio_interval(i, k), self._ratio_interval(k, j)) for k in np.flatnonzero(between).tolist()]
        return max(a[0] * b[0] for a, b in parts), min(a[1] * b[1] for a, b in parts)

    def _reason(self, test: PairedTest) -> str:
        """Why the data cannot decide, whatever the losses are; empty where they can."""
        if np.isfinite(test.critical(self.alpha)):
            return ""
        series = "1 series" if test.n_series == 1 else f"{test.n_series} series"
        cutoffs = f"{test.n_cutoffs} cutoff{'' if test.n_cutoffs == 1 else 's'} with scores"
        if test.n_cutoffs > 1 and self.overlap > 1:
            cutoffs += f" of which {self.overlap} in a row overlap"
        return f"{series} and {cutoffs} are too few to tell any difference from chance"

    def _place(self, model: str) -> int:
        if model not in self.models:
            raise UnknownNameError(f"No model is called {model!r} here; there are {', '.join(self.models)}.")
        return self.models.index(model)

    def _two(self, model: str, other: str) -> tuple[int, int]:
        if model == other:
            raise ParameterError(f"{model!r} cannot be compared with itself.")
        return self._place(model), self._place(other)


def decide(
    losses: Mapping[str, Floats], *, overlap: int = 1, level: float = 95, n_draws: int | None = None
) -> Decision:
    """The decision over all pairs of models.

    Parameters
    ----------
    losses : mapping of str to ndarray, shape (n_seeds, n_series, n_cutoffs)
        By model; less is better, cutoffs oldest first. The numbers of seeds may differ, the series and cutoffs not. A
        cell where any seed of any model has nan is left out for all. Where series have different units, pass scaled
        losses (MASE, not MAE): they are averaged.
    overlap : int
        Number of successive cutoffs whose forecasts overlap: ``ceil(horizon / step_size)``.
    level : float
        Percent of the intervals; 100 less it is the error rate of all decisions together.
    n_draws : int, optional
        Draws of random signs; 2,000 for two models, 10,000 for more, whose p-values are corrected.

    Raises
    ------
    DataError
        The arrays do not fit together, or there are fewer than two models.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> losses = {name: rng.gamma(20.0, size=(1, 30, 4)) * size for name, size in [("a", 1), ("b", 1), ("c", 2)]}
    >>> found = decide(losses)
    >>> found.confidence_set(), found.conclusion("c", "a"), found.conclusion("a", "b")
    (['a', 'b'], 'worse', 'undecided')
    """
    names = tuple(losses)
    tables = [np.asarray(one, dtype=np.float64) for one in losses.values()]
    if len(names) < 2:
        raise DataError("A comparison needs two models that finished something.")
    if any(one.ndim != 3 or one.shape[1:] != tables[0].shape[1:] or not len(one) for one in tables):
        shapes: Sequence[object] = [one.shape for one in tables]
        raise DataError(f"The losses have shapes {shapes}; (n_seeds, n_series, n_cutoffs) of the same cells is needed.")
    if not 0 < level < 100:
        raise ParameterError(f"level={level} is not a percentage between 0 and 100.")
    known = np.all([np.isfinite(one).all(axis=0) for one in tables], axis=0)
    kept = np.ix_(known.any(axis=1), known.any(axis=0))
    common = tuple(np.where(known, one, np.nan)[:, kept[0], kept[1]] for one in tables)
    draws = n_draws or (_FEW_DRAWS if len(names) == 2 else _MANY_DRAWS)
    return Decision(names, common, overlap, level, draws)
