"""How often the verdict is wrong where two models are equal, and how often it decides where they are not.

Losses are drawn with a known ratio of their means, for one series to a hundred and one cutoff to twenty; the verdict is
that of `tsforecast.backtest.compare.decision` on two models. Beside its power stand Wilcoxon's signed-rank test and
the paired t test of log ratios, both over series, and Diebold & Mariano's over cutoffs, on the same draws; the best of
those whose own error rate holds is the one to reach.

    python benchmarks/verdict.py                # error rates and power as Markdown tables
    python benchmarks/verdict.py --n_draws 2000 --kinds equal --gains 0 0.2
    python benchmarks/verdict.py --needed       # does the evidence that is asked for decide?
"""

import argparse
import itertools
import multiprocessing
import warnings

import numpy as np
from scipy import stats

from tsforecast.backtest.compare.decision import decide
from tsforecast.backtest.compare.diebold_mariano import diebold_mariano

KINDS = {
    "equal": "gamma losses, all independent",
    "heavy tails": "log-normal losses, all independent",
    "unequal scales": "as equal; the scale of a series is log-normal",
    "correlated cutoffs": "log losses follow an AR(1) process of 0.5 within a series, unknown to the test",
    "overlapping cutoffs": "log losses are moving averages over 3 cutoffs, as the test is told",
    "correlated series": "half the variance of log losses is one shock to all series at a cutoff",
    "weakly correlated series": "the same with a tenth of the variance",
    "mixed gains": "one model suits some series better, the other others: factors log-normal (0.3) of mean 1",
    "skewed": "one model is a tenth better in 95% of cells, and 2.9 times as bad in the rest",
    "lucky seeds": "the seeds of one model share a luck of 10% on all series",
}
SIZES = [(1, 8), (1, 20), *itertools.product((3, 5, 7, 10, 20, 100), (1, 3, 5, 20))]
OVERLAP = 3


def losses(rng, kind, n_seeds, n_series, n_cutoffs, gain):
    """Losses of a model, smaller by a share on average, and of another: (n_seeds, n_series, n_cutoffs) each."""
    size = (1, n_series, n_cutoffs)
    hard = np.exp(0.4 * rng.normal(size=size))
    if kind == "unequal scales":
        hard = hard * np.exp(rng.normal(size=(1, n_series, 1)))
    a = hard * noise(rng, kind, n_seeds, size) * (1 - gain)
    if kind == "mixed gains":
        a = a * np.exp(0.3 * rng.normal(size=(1, n_series, 1)) - 0.045)
    if kind == "skewed":
        a = a * np.where(rng.random(size=size) < 0.95, 0.9, 2.9)
    return a, hard * noise(rng, kind, 1, size)


def noise(rng, kind, n_seeds, size):
    """Factors of the losses, all of the same mean."""
    shape = (n_seeds, *size[1:])
    if kind == "heavy tails":
        return np.exp(rng.normal(size=shape))
    if kind in ("equal", "unequal scales", "mixed gains", "skewed") or (kind == "lucky seeds" and n_seeds == 1):
        return rng.gamma(8.0, size=shape) / 8
    if kind == "lucky seeds":
        return np.exp(0.1 * rng.normal(size=(n_seeds, 1, 1))) * rng.gamma(8.0, size=shape) / 8
    if kind == "correlated cutoffs":
        z = rng.normal(size=size)
        for t in range(1, size[2]):
            z[..., t] = 0.5 * z[..., t - 1] + np.sqrt(0.75) * z[..., t]
    elif kind == "overlapping cutoffs":
        e = rng.normal(size=(*size[:2], size[2] + OVERLAP - 1))
        z = sum(e[..., k : k + size[2]] for k in range(OVERLAP)) / np.sqrt(OVERLAP)
    else:
        shared = 0.5 if kind == "correlated series" else 0.1
        z = np.sqrt(shared) * rng.normal(size=(1, 1, size[2])) + np.sqrt(1 - shared) * rng.normal(size=size)
    return np.exp(0.35 * z) * rng.gamma(40.0, size=shape) / 40


def others(a, b, overlap):
    """P-values of Wilcoxon's test, the t test of log ratios, and Diebold & Mariano's; 1 where there is none."""
    by_series = a.mean(axis=(0, 2)), b.mean(axis=(0, 2))
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found.append(stats.wilcoxon(by_series[0] - by_series[1]).pvalue if len(by_series[0]) > 5 else 1.0)
        found.append(stats.ttest_1samp(np.log(by_series[0] / by_series[1]), 0).pvalue if len(by_series[0]) > 1 else 1.0)
        found.append(
            diebold_mariano(a.mean(axis=(0, 1)), b.mean(axis=(0, 1)), h=overlap).pvalue if a.shape[2] > 1 else 1.0
        )
    return [p if np.isfinite(p) else 1.0 for p in found]


def rates(task):
    """Share of draws that each test decides, in percent: ours, Wilcoxon, log t, Diebold-Mariano."""
    kind, n_seeds, (n_series, n_cutoffs), gain, n_draws = task
    overlap = OVERLAP if kind == "overlapping cutoffs" else 1
    rng = np.random.default_rng([*kind.encode(), n_seeds, n_series, n_cutoffs])
    decided = np.zeros(4)
    for _ in range(n_draws):
        a, b = losses(rng, kind, n_seeds, n_series, n_cutoffs, gain)
        decision = decide({"a": a, "b": b}, overlap=overlap, n_draws=1000)
        ours = decision.conclusion("a", "b") != "undecided"
        decided += [ours, *(p <= 0.05 for p in others(a, b, overlap))]
    return task, 100 * decided / n_draws, not decided[0] and decision.verdict("a", "b").reason != ""


def table(results, gain, kinds, seeds):
    """A Markdown table: sizes down, kinds across; with a gain the best of the other tests stands in brackets."""
    columns = list(itertools.product(kinds, seeds))
    names = [kind if n == 1 else f"{kind}, {n} seeds" for kind, n in columns]
    lines = ["| series x cutoffs | " + " | ".join(names) + " |", "|" + " --- |" * (1 + len(names))]
    for size in SIZES:
        cells = []
        for kind, n in columns:
            _, found, undecidable = results[kind, n, size, gain]
            error = results[kind, n, size, 0.0][1]
            valid = [power for power, wrong in zip(found[1:], error[1:], strict=True) if wrong <= 6.5]
            best = f" ({max(valid):.0f})" if gain and valid else ""
            cells.append("undecided" if undecidable else f"{found[0]:.1f}" if not gain else f"{found[0]:.0f}{best}")
        lines.append(f"| {size[0]} x {size[1]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def evidence(n_draws):
    """Power with the further cutoffs, or series, that an undecided verdict asks for, at a gain as large as it seems."""
    rng = np.random.default_rng(0)
    lines = ["| series x cutoffs | undecided | more cutoffs (median) | decides | more series (median) | decides |"]
    lines.append("|" + " --- |" * 6)
    for size in [(1, 8), (3, 5), (6, 3), (7, 5), (20, 3)]:
        open_, asked = 0, []
        for _ in range(n_draws):
            a, b = losses(rng, "equal", 1, *size, 0.15)
            verdict = decide({"a": a, "b": b}, n_draws=1000).verdict("a", "b")
            open_ += verdict.conclusion == "undecided"
            if verdict.needed is not None and verdict.skill > 3:
                asked.append((verdict.needed, verdict.skill / 100))
        shown = []
        for which in ("cutoffs", "series"):
            known = [(getattr(needed, which), gain) for needed, gain in asked if getattr(needed, which)]
            decided = []
            for more, gain in known[:200]:
                n_series, n_cutoffs = (size[0], size[1] + more) if which == "cutoffs" else (size[0] + more, size[1])
                a, b = losses(rng, "equal", 1, n_series, n_cutoffs, gain)
                decided.append(decide({"a": a, "b": b}, n_draws=1000).conclusion("a", "b") == "better")
            shown += (
                [f"{np.median([m for m, _ in known]):.0f}", f"{100 * np.mean(decided):.0f}%"] if known else ["-", "-"]
            )
        lines.append(f"| {size[0]} x {size[1]} | {100 * open_ / n_draws:.0f}% | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n_draws", type=int, default=1000)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--gains", nargs="+", type=float, default=[0.0, 0.1, 0.2, 0.4])
    parser.add_argument("--needed", action="store_true")
    given = parser.parse_args()
    if given.needed:
        print(evidence(given.n_draws))
        return
    gains = sorted({0.0, *given.gains})
    tasks = [(k, n, s, g, given.n_draws) for k, n, s, g in itertools.product(given.kinds, given.seeds, SIZES, gains)]
    with multiprocessing.Pool() as pool:
        results = {task[:4]: (task, found, none) for task, found, none in pool.imap_unordered(rates, tasks)}
    for gain in gains:
        print(f"\n## {'Error rate' if not gain else f'Power at a gain of {gain:.0%}'}, percent\n")
        print(table(results, gain, given.kinds, given.seeds), flush=True)


if __name__ == "__main__":
    main()
