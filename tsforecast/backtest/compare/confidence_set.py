"""Model confidence set: the models that the data cannot distinguish from the best one.

Hansen, Lunde & Nason (2011), *Econometrica* 79, 453-497, as the package ``arch`` computes it (extra ``arch``).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tsforecast._types import Bools, Floats
from tsforecast.backtest.compare.diebold_mariano import LOSS_ROUNDING
from tsforecast.exceptions import DataError, MissingDependencyError, ParameterError

_FEWEST_ROWS = 5  # of losses that a bootstrap needs


def model_confidence_set(
    losses: Floats,
    models: Sequence[str],
    *,
    alpha: float = 0.1,
    block_size: int | None = None,
    n_boot: int = 1000,
    random_state: int = 0,
) -> pd.DataFrame:
    """The models among which the best one is with probability 1 - alpha.

    Parameters
    ----------
    losses : ndarray, shape (n_obs, n_models)
        One row a cutoff, oldest first (averaged over series that move together), or one a series; a row with nan is
        left out.
    models : sequence of str, length n_models
    alpha : float
        Models whose p-value is at most alpha are out.
    block_size : int, optional
        Mean length of the blocks of rows that are drawn together; the square root of ``n_obs`` where it is None. 1 for
        rows that are independent.
    n_boot : int
    random_state : int

    Returns
    -------
    DataFrame
        ``model``, ``mean_loss``, ``pvalue``, ``included``, best first. Models with identical losses share one
        p-value; one that is worse than another by the same amount in every row has the p-value 0.

    Raises
    ------
    MissingDependencyError
        The package ``arch`` is not installed.
    DataError
        Fewer than five rows are complete.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> losses = rng.gamma(2.0, size=(60, 3)) + [0.0, 0.0, 2.0]
    >>> model_confidence_set(losses, ["a", "b", "c"]).set_index("model")["included"].sort_index().to_dict()
    {'a': True, 'b': True, 'c': False}
    """
    table = np.asarray(losses, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(models):
        raise DataError(f"losses have shape {table.shape}; (n_obs, {len(models)}) is needed, one column a model.")
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha={alpha} is not between 0 and 1.")
    table = table[np.isfinite(table).all(axis=1)]
    if len(table) < _FEWEST_ROWS:
        raise DataError(f"{len(table)} rows of losses are complete; a confidence set needs at least {_FEWEST_ROWS}.")
    pvalues = np.zeros(table.shape[1])
    twin = _twins(table)
    rivals = np.flatnonzero((twin == np.arange(twin.size)) & ~_shifted_up(table))
    pvalues[rivals] = _pvalues(table[:, rivals], alpha, block_size, n_boot, random_state)
    pvalues = pvalues[twin]
    found = pd.DataFrame(
        {"model": models, "mean_loss": table.mean(axis=0), "pvalue": pvalues, "included": pvalues > alpha}
    )
    return found.sort_values(["pvalue", "mean_loss"], ascending=[False, True], ignore_index=True)


def _pvalues(table: Floats, alpha: float, block_size: int | None, n_boot: int, random_state: int) -> Floats:
    """P-values of models that differ by more than a constant: ``(n_obs, n_models)`` -> ``(n_models,)``."""
    try:
        from arch.bootstrap import MCS
    except ImportError as error:
        raise MissingDependencyError(
            "The model confidence set needs the package arch: pip install 'tsforecast[arch]'."
        ) from error
    if table.shape[1] == 1:
        return np.ones(1)
    computed = MCS(table, size=alpha, reps=n_boot, block_size=block_size, seed=random_state)
    computed.compute()
    return computed.pvalues["Pvalue"].sort_index().to_numpy(dtype=np.float64)


def _twins(table: Floats) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
    """For each model, the first one with the same losses: ``(n_models,)``."""
    same = np.abs(table[:, :, None] - table[:, None, :]).max(axis=0) <= LOSS_ROUNDING * np.abs(table).max()
    return same.argmax(axis=0)


def _shifted_up(table: Floats) -> Bools:
    """Whether a model loses to another by the same amount in every row, with no variance to test: ``(n_models,)``."""
    size = LOSS_ROUNDING * np.abs(table).max()
    difference = table[:, :, None] - table[:, None, :]  # (n_obs, model, other)
    return ((np.ptp(difference, axis=0) <= size) & (difference.mean(axis=0) > size)).any(axis=1)
