"""The figure of a trained network: its training, and how far back it looks."""

from typing import TYPE_CHECKING

from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.forecasting.look_back import gradient_by_lag
from tsforecast.models.neural.forecasting.trained import Trained
from tsforecast.panel import Panel
from tsforecast.plots.canvas import drawing, label, new_figure, shown_name
from tsforecast.plots.diagnostics import draw_gradient_by_lag, draw_training

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def network_figure(
    title: str, trained: Trained, panel: Panel, losses: tuple[Floats, Floats, Floats] | None
) -> "Figure":
    """Two panels, or the lower one alone where nothing is known of the training.

    Parameters
    ----------
    losses : tuple of three ndarray, each (n_epochs,), or None
        Training loss, validation loss, norms of gradients; nan where unknown.

    Raises
    ------
    ParameterError
        There is no network.
    """
    if not trained.network.has_weights:
        raise ParameterError(f"{title} has no network: there is no training and no gradient to draw.")
    norms = gradient_by_lag(trained, panel)
    has_losses = losses is not None and losses[0].size > 0
    with drawing():
        figure = new_figure(7.0, 5.6 if has_losses else 3.2)
        panels = figure.subplots(2 if has_losses else 1, 1, squeeze=False)[:, 0]
        if losses is not None and has_losses:
            draw_training(panels[0], *losses)
        draw_gradient_by_lag(panels[-1], [norms], [], trained.layout.season_length)
        note = "norm by the inputs k steps back; dashed: seasons" if trained.layout.season_length > 1 else ""
        label(panels[-1], "Gradient by lag", "steps back", "norm of the gradient", note)
        figure.suptitle(shown_name(title, 70), x=0.01, ha="left")
    return figure
