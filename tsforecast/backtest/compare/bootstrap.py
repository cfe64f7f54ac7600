"""Bootstrap over series and blocks of cutoffs: how much a mean would vary with other series and other times.

Series are drawn with replacement; cutoffs in circular blocks (Politis & Romano 1992), the same for all series, since
they share what happened at a time. Intervals are percentiles. Drawing both ways counts noise that belongs to
neither a series nor a time more than once, so that intervals tend to be too wide (Owen 2007, *The pigeonhole
bootstrap*, Annals of Applied Statistics 1, 386-411).
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from tsforecast._types import Bools, Floats
from tsforecast.exceptions import DataError, ParameterError

_CELLS = 4_000_000  # most weights held at once


@dataclasses.dataclass(frozen=True)
class Skill:
    """Improvement on a baseline in percent of its mean loss, ``100 (base - loss) / |base|``, with an interval.

    Attributes
    ----------
    skill, low, high : ndarray, shape (n_models,)
        0 for the baseline itself; nan where there is no loss, or the baseline's is 0. ``low`` and ``high`` are nan
        where there is neither a second series nor a second block of cutoffs to draw.
    """

    skill: Floats
    low: Floats
    high: Floats


def bootstrap_skill(
    losses: Floats,
    baseline: int,
    *,
    level: float = 95,
    n_boot: int = 1000,
    block_size: int = 1,
    random_state: int = 0,
) -> Skill:
    """Skill of every model against one of them, with bootstrap intervals.

    Parameters
    ----------
    losses : ndarray, shape (n_models, n_series, n_cutoffs)
        Seeds averaged, cutoffs oldest first; a cell where any model has nan is left out of all.
    baseline : int
        Position of the model that the others are measured against.
    level : float
        Percent of the interval.
    n_boot : int
    block_size : int
        Cutoffs drawn together: at least ``ceil(horizon / step_size)`` where forecasts overlap. Fewer than two blocks:
        the cutoffs are kept as they are, and only series are drawn.
    random_state : int

    Examples
    --------
    >>> losses = np.random.default_rng(0).gamma(2.0, size=(2, 40, 5)) * np.array([1.0, 2.0])[:, None, None]
    >>> found = bootstrap_skill(losses, baseline=1)
    >>> bool(found.low[0] < 50 < found.high[0]), float(found.skill[1])
    (True, 0.0)
    """
    table = np.asarray(losses, dtype=np.float64)
    if table.ndim != 3 or not 0 <= baseline < table.shape[0]:
        raise DataError(
            f"losses have shape {table.shape}; (n_models, n_series, n_cutoffs) is needed, baseline among them."
        )
    known = np.isfinite(table).all(axis=0)  # (n_series, n_cutoffs)
    table = np.where(known, table, 0.0)
    skill = _skill_of_sums(table.sum(axis=(1, 2)), baseline, np.asarray(known.sum() > 0))
    draws = []
    for over_series, over_cutoffs in draw_weights(known.shape[0], known.shape[1], n_boot, block_size, random_state):
        sums = np.stack([((over_series @ one) * over_cutoffs).sum(axis=1) for one in table], axis=1)
        count = ((over_series @ known.astype(np.float64)) * over_cutoffs).sum(axis=1)
        draws.append(_skill_of_sums(sums, baseline, (count > 0)[:, None]))
    low, high = percentile_interval(np.concatenate(draws), level)
    if not can_draw(known.shape[0], known.shape[1], block_size):
        low, high = np.full_like(skill, np.nan), np.full_like(skill, np.nan)
    return Skill(skill, low, high)


def can_draw(n_series: int, n_cutoffs: int, block_size: int) -> bool:
    """Whether a bootstrap has anything to vary: a second series, or a second block of cutoffs.

    Examples
    --------
    >>> can_draw(1, 5, 3), can_draw(1, 6, 3), can_draw(2, 1, 3)
    (False, True, True)
    """
    return n_series > 1 or n_cutoffs >= 2 * block_size


def draw_weights(
    n_series: int, n_cutoffs: int, n_boot: int, block_size: int, random_state: int
) -> Iterator[tuple[Floats, Floats]]:
    """How often each series and each cutoff is drawn: pairs of ``(n, n_series)``, ``(n, n_cutoffs)``, n_boot in all.

    Examples
    --------
    >>> (series, cutoffs), = draw_weights(3, 4, n_boot=2, block_size=2, random_state=0)
    >>> series.sum(axis=1), cutoffs.sum(axis=1)
    (array([3., 3.]), array([4., 4.]))
    """
    if n_boot < 1 or block_size < 1:
        raise ParameterError(f"n_boot={n_boot}, block_size={block_size}: both are whole numbers, at least 1.")
    rng = np.random.default_rng(random_state)
    at_once = max(1, min(n_boot, _CELLS // max(n_series, n_cutoffs)))
    for start in range(0, n_boot, at_once):
        n = min(at_once, n_boot - start)
        series = draw_counts(rng, n, n_series)
        cutoffs = np.ones((n, n_cutoffs))
        if n_cutoffs >= 2 * block_size:
            cutoffs = _block_counts(rng, n, n_cutoffs, block_size)
        yield series, cutoffs


def draw_counts(rng: np.random.Generator, n: int, size: int) -> Floats:
    """How often each of ``size`` things is drawn in ``size`` draws with replacement: ``(n, size)``."""
    picked = rng.integers(size, size=(n, size)) + np.arange(n)[:, None] * size
    return np.bincount(picked.ravel(), minlength=n * size).reshape(n, size).astype(np.float64)


def percentile_interval(draws: Floats, level: float) -> tuple[Floats, Floats]:
    """Central interval of ``level`` percent over the first axis, without nan: ``(n_boot, ...)`` -> two ``(...)``."""
    if not 0 < level < 100:
        raise ParameterError(f"level={level} is not a percentage between 0 and 100.")
    empty = np.isnan(draws).all(axis=0)
    safe = np.where(empty, 0.0, draws)
    low, high = np.nanpercentile(safe, [50 - level / 2, 50 + level / 2], axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def _block_counts(rng: np.random.Generator, n: int, n_cutoffs: int, block_size: int) -> Floats:
    """Circular blocks put together to ``n_cutoffs`` draws, the last one cut short: ``(n, n_cutoffs)``."""
    n_blocks = -(-n_cutoffs // block_size)
    starts = rng.integers(n_cutoffs, size=(n, n_blocks, 1))
    picked = ((starts + np.arange(block_size)) % n_cutoffs).reshape(n, -1)[:, :n_cutoffs]
    flat = picked + np.arange(n)[:, None] * n_cutoffs
    return np.bincount(flat.ravel(), minlength=n * n_cutoffs).reshape(n, n_cutoffs).astype(np.float64)


def one_sign(losses: Floats) -> bool:
    """Whether no two losses have different signs, so that a percentage of their mean says something.

    Examples
    --------
    >>> one_sign(np.array([0.0, 2.0, np.nan])), one_sign(np.array([-1.0, 2.0]))
    (True, False)
    """
    return not ((losses > 0).any() and (losses < 0).any())


def skill_of_root(skill: Floats) -> Floats:
    """Skill in the root of a mean loss, from the skill in the mean loss; both in percent.

    Examples
    --------
    >>> skill_of_root(np.array([75.0, -300.0]))
    array([  50., -100.])
    """
    return 100 * (1 - np.sqrt(np.maximum(1 - skill / 100, 0.0)))


def _skill_of_sums(sums: Floats, baseline: int, any_cell: Bools) -> Floats:
    base = sums[..., baseline : baseline + 1]
    usable = any_cell & (base != 0)
    return np.where(usable, 100 * (base - sums) / np.abs(np.where(usable, base, 1.0)), np.nan)
