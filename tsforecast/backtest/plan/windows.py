"""The parts of a panel at a cutoff: training data, truth and future covariates."""

import numpy as np
import pandas as pd

from tsforecast._types import Bools, Ints
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.panel import Panel
from tsforecast.panel.roles import asked_names, without_unseen


def training_panel(panel: Panel, cv: RollingOrigin, window: int) -> Panel:
    """Training data of every series at a cutoff; the first observation of a series that begins after it.

    Levels of categories that occur after the cutoff only are left out.
    """
    start, stop = cv.bounds(panel.lengths)
    end = np.maximum(stop[window], 1)
    return without_unseen(panel.slice(np.minimum(start[window], end - 1), end))


def has_begun(lengths: Ints, cv: RollingOrigin, window: int) -> Bools:
    """Whether each series has an observation before its cutoff, so that models may be fitted: ``(n_series,)``."""
    return np.asarray(cv.bounds(lengths)[1][window] >= 1)


def truth_rows(indptr: Ints, cv: RollingOrigin, window: int, *, skip_gap: bool = True) -> Ints:
    """Rows of the steps to forecast: ``(n_series, horizon)``, after those of the gap unless it is skipped.

    ``indptr``, ``(n_series + 1,)``, is that of a panel, or the part of it that belongs to a block of its series.
    """
    _, stop = cv.bounds(np.diff(indptr))
    steps = np.arange(cv.gap if skip_gap else 0, cv.gap + cv.horizon)
    return np.maximum(
        (indptr[:-1] + stop[window])[:, None] + steps, 0
    )  # any row for a series that is too short: it is not used


def future_frame(panel: Panel, positions: Ints, cv: RollingOrigin, window: int) -> pd.DataFrame | None:
    """Covariates of the gap and the horizon, and of nothing later, as `BaseForecaster.predict` takes them.

    Those known up to the present only, and holidays, which follow from the times, are not among them.
    """
    names = asked_names(panel)
    if panel.covariates is None or not names:
        return None
    rows = truth_rows(panel.indptr, cv, window, skip_gap=False)[positions]  # (n_series, gap + horizon)
    table = panel.covariates[rows.reshape(-1)]
    frame = pd.DataFrame({name: table[:, panel.covariate_names.index(name)] for name in names})
    frame.insert(0, "unique_id", panel.ids.take(positions).repeat(rows.shape[1]))
    frame.insert(1, "ds", panel.times.take(rows.reshape(-1)))
    return frame
