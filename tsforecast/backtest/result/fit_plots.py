"""Pictures of what the fits of a run tell of themselves: training of networks, residuals of ARIMA models."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tsforecast._types import Floats
from tsforecast.backtest.result.data import RunData
from tsforecast.exceptions import DataError
from tsforecast.plots.canvas import axes_for, drawing, label, new_figure
from tsforecast.plots.diagnostics import draw_by_epoch, draw_pvalues
from tsforecast.plots.rows import rows_height
from tsforecast.plots.style import model_styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_training(run: RunData) -> "Figure":
    """Loss and norm of the gradient by epoch of each network; see `BacktestResult.plot_training`."""
    facts = run.large.fits(["loss", "validation_loss", "gradient_norm"])
    loss = _by_model(run, facts[facts["fact"] == "loss"])
    validation = _by_model(run, facts[facts["fact"] == "validation_loss"])
    norm = _by_model(run, facts[facts["fact"] == "gradient_norm"])
    if not loss:
        raise DataError("No model of this run tells how its training went: networks do, in runs of this version.")
    styles = model_styles(run.models)
    with drawing():
        figure = new_figure(7.0, 5.0)
        upper, lower = figure.subplots(2, 1, sharex=True)
        draw_by_epoch(upper, loss, styles, validation)
        label(upper, "Training", y="mean loss", note="dashed: validation" if validation else "")
        draw_by_epoch(lower, norm, styles)
        label(lower, "Gradients", "epoch", "mean norm")
    return figure


def plot_residuals(run: RunData, ax: "Axes | None" = None) -> "Axes":
    """P-values of tests on the residuals of each fit; see `BacktestResult.plot_residuals`."""
    facts = run.large.fits(["ljung_box_pvalue"])
    names = [name for name in run.models if name in set(facts["model"])]
    if not names:
        raise DataError("No model of this run tells of its residuals: the ARIMA family does, in runs of this version.")
    pvalues = [facts.loc[(facts["model"] == name).to_numpy(), "value"].to_numpy(dtype=np.float64) for name in names]
    styles = model_styles(run.models)
    with drawing():
        axes = axes_for(ax, 6.4, rows_height(len(names)))
        draw_pvalues(axes, names, pvalues, [styles[name] for name in names])
        n = max(one.size for one in pvalues)
        note = "left of the dashed 5%: autocorrelation is left; " + (
            "a dot for each series" if n > 1 else "of the newest fit"
        )
        label(axes, "Residuals", "p-value of the test of Ljung and Box", note=note)
    return axes


def _by_model(run: RunData, facts: pd.DataFrame) -> dict[str, list[Floats]]:
    """One curve by epoch for each model and seed, of its newest fit, the mean over series: (n_epochs,)."""
    found: dict[str, list[Floats]] = {}
    for name in run.models:
        own = facts[(facts["model"] == name).to_numpy()]
        own = own[(own["cutoff"] == own["cutoff"].max()).to_numpy()]
        for _, rows in own.groupby("seed", sort=True):
            mean = rows.groupby("step")["value"].mean()
            found.setdefault(name, []).append(mean.reindex(range(1, int(mean.index.max()) + 1)).to_numpy())
    return found
