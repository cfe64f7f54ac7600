"""Reads a history to forecast from and matches it to the training series: frequency, covariates, static columns."""

from tsforecast.exceptions import DataError
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates, align_history, split_covariates
from tsforecast.panel.containers import Container, Series, long_columns, to_panel
from tsforecast.panel.native import series_of_native, table_of
from tsforecast.panel.roles import asked_names, has_covariates, like_trained, with_coded
from tsforecast.panel.times.frequency import freq_name


def read_history(history: Series, X: Covariates | None, trained: Panel) -> tuple[Panel, Container, Covariates | None]:
    """The panel of a history, its container, and the covariates of the horizon from ``X``."""
    history, native = series_of_native(history)
    X = table_of(X)
    history = long_columns(history, X)
    panel, container = to_panel(history, freq=trained.freq)
    asked = (*asked_names(trained), *trained.past_names)
    if asked and not has_covariates(panel) and X is not None:
        past, X = split_covariates(X, panel)
        panel = with_coded(panel, align_history(past, panel, trained))
    return panel, Container(container.kind, native), X


def like_training(panel: Panel, trained: Panel, uses_covariates: bool) -> Panel:
    """The panel with the static columns of the training series, and its covariates in the training order.

    Raises
    ------
    DataError
        Its frequency differs from that of the training series.
    CovariateError
        Its covariates differ from those of the training series.
    """
    if not uses_covariates and has_covariates(panel):
        panel = panel.with_covariates(None)
    panel = panel.at_freq(trained.freq)
    if panel.freq != trained.freq:
        raise DataError(
            f"history has the frequency {freq_name(panel.freq)!r}; the model was fitted on {freq_name(trained.freq)!r}."
        )
    known = trained.static
    if known is not None and panel.static is None and panel.ids.isin(known.index).all():
        panel = panel.with_static(known)
    return like_trained(panel, trained)
