"""The figure of a fit's residuals."""

from typing import TYPE_CHECKING

import numpy as np

from tsforecast._types import Floats, Index
from tsforecast.exceptions import DataError
from tsforecast.models.arima.result import ArimaFit
from tsforecast.models.arima.summary import ljung_box
from tsforecast.plots.canvas import drawing, new_figure, shown_name
from tsforecast.plots.diagnostics import draw_acf, draw_normal_qq, draw_portmanteau, draw_residuals

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FEWEST = 8  # residuals that a picture says anything with


def residual_figure(title: str, times: Index, residuals: Floats, fit: ArimaFit) -> "Figure":
    """Four panels on residuals, ``(n_obs,)`` at ``times``, nan where there is none.

    Raises
    ------
    DataError
        There are too few residuals, or all are zero.
    """
    known = residuals[~np.isnan(residuals)]
    if fit.sigma2 == 0.0 or known.size < _FEWEST or not known.any():
        why = "all residuals are zero" if known.size >= _FEWEST else f"there are {known.size} residuals"
        raise DataError(f"{title}: {why}; at least {_FEWEST} that differ from zero are needed for a picture of them.")
    e, season = known - known.mean(), fit.order.season_length
    n_lags = max(min(2 * season if season > 1 else 10, known.size // 3), 1)
    acf = np.array([e[k:] @ e[:-k] for k in range(1, n_lags + 1)]) / (e @ e)
    first = fit.order.n_arma + 1
    lags = np.arange(first, min(max(n_lags, first + 9), known.size - 1) + 1)
    pvalues = np.array([ljung_box(known, lag, fit.order.n_arma)[1] for lag in lags.tolist()])
    scale = np.sqrt(fit.sigma2)
    with drawing():
        figure = new_figure(7.4, 5.4)
        panels = figure.subplot_mosaic([["over", "over"], ["acf", "qq"], ["test", "test"]], height_ratios=[1, 1.2, 0.9])
        draw_residuals(panels["over"], times, residuals / scale)
        draw_acf(panels["acf"], acf, known.size, season)
        draw_normal_qq(panels["qq"], known / scale)
        draw_portmanteau(panels["test"], lags, pvalues)
        figure.suptitle(shown_name(title, 70), x=0.01, ha="left")
    return figure
