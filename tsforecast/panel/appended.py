"""Panels that go on: later observations put behind those held."""

import dataclasses

import numpy as np

from tsforecast._types import Bools, Floats, Ints
from tsforecast.panel.panel import Panel
from tsforecast.panel.shortened import n_before

N_HELD = 32  # last rows of each series that is not held whole, for later rows to be compared with


def appended(panel: Panel, news: Panel, whole: Bools) -> Panel:
    """``panel`` with the rows of ``news`` behind those of the same series: all rows, or the last 32 of each series.

    Parameters
    ----------
    panel : Panel
    news : Panel
        Of some of its series, each of which begins one step after it ends in ``panel``.
    whole : ndarray of bool, shape (n_series,)
        Which series keep all rows.

    Examples
    --------
    >>> one = Panel.from_array(np.arange(40.0))
    >>> two = dataclasses.replace(Panel.from_array(np.array([5.0])), times=one.times[:1] + 40)
    >>> both = appended(one, two, np.array([False]))
    >>> both.n_obs, both.left_out, both.last_times.tolist(), both.values[-2:]
    (32, array([9]), [40], array([39.,  5.]))
    """
    n_new = np.zeros(panel.n_series, dtype=np.int64)
    of = panel.positions(news.ids)
    n_new[of] = news.lengths
    held, kept = panel.lengths, np.where(whole, np.iinfo(np.int64).max, N_HELD)
    from_old = np.minimum(held, np.maximum(kept - n_new, 0))
    from_new = np.minimum(news.lengths, kept[of])
    old, new = _last_rows(panel.indptr, from_old), _last_rows(news.indptr, from_new)
    order = np.argsort(np.concatenate([np.arange(panel.n_series).repeat(from_old), of.repeat(from_new)]), kind="stable")

    def joined(first: Floats, second: Floats) -> Floats:
        both: Floats = np.concatenate([first[old], second[new]])[order]
        return both

    total = from_old.copy()
    total[of] += from_new
    left_out = n_before(panel) + held + n_new - total
    ahead, past = None, None
    if panel.covariates is not None and news.covariates is not None:
        ahead = joined(panel.covariates, news.covariates)
    if panel.past_covariates is not None and news.past_covariates is not None:
        past = joined(panel.past_covariates, news.past_covariates)
    return dataclasses.replace(
        panel,
        values=joined(panel.values, news.values),
        times=panel.times.take(old).append(news.times.take(new)).take(order),
        indptr=np.concatenate([[0], np.cumsum(total)]).astype(np.int64),
        covariates=ahead,
        past_covariates=past,
        left_out=left_out if left_out.any() else None,
    )


def _last_rows(indptr: Ints, counts: Ints) -> Ints:
    """Rows of the last ``counts[i]`` observations of each series i, series by series."""
    ends = np.cumsum(counts)
    return np.arange(int(counts.sum())) + np.repeat(indptr[1:] - ends, counts)
