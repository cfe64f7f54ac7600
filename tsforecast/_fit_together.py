"""fit_together: many fits of one class of forecaster in one call."""

from collections.abc import Sequence

from tsforecast._fitting import check_long_enough, checked_panel, remember
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.panel import Panel
from tsforecast.panel.containers import Container


def fit_together(models: Sequence[BaseForecaster], panels: Sequence[Panel]) -> list[tuple[float, Exception | None]]:
    """Fit models of one class, each to its own panel: the seconds of each fit, and its error or None.

    Every model equals the result of `fit` exactly, but many small fits of a model that `fits_together` take much less
    time. A model whose fit failed is unchanged.

    Parameters
    ----------
    models : sequence of n_fits forecasters of one class
    panels : sequence of n_fits Panel

    Examples
    --------
    >>> import pandas as pd
    >>> from tsforecast import Naive
    >>> panels = [Panel.from_frame(pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3], "y": y}))
    ...           for y in ([1.0, 2.0, 3.0], [5.0, float("nan"), 4.0])]
    >>> models = [Naive(), Naive()]
    >>> [error for _, error in fit_together(models, panels)]
    [None, None]
    >>> [model.predict(1).mean.item() for model in models]
    [3.0, 4.0]
    """
    done: list[tuple[float, Exception | None]] = [(0.0, None)] * len(models)
    admitted: dict[int, tuple[Panel, Container]] = {}
    for k, (model, panel) in enumerate(zip(models, panels, strict=True)):
        try:
            admitted[k] = checked_panel(model, panel, None)[:2]
            check_long_enough(model, panel)
        except (DataError, ParameterError) as error:
            done[k] = (0.0, error)
    admitted = {k: pair for k, pair in admitted.items() if done[k][1] is None}
    if not admitted:
        return done
    seen = [panel for panel, _ in admitted.values()]
    some = [models[k] for k in admitted]
    for k, outcome in zip(admitted, type(some[0])._fit_many(some, seen), strict=True):
        done[k] = outcome
        if outcome[1] is None:
            remember(models[k], admitted[k][0], *admitted[k])
    return done
