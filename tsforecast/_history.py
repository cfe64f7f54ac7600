"""Reads a history to forecast from and matches it to the training series: frequency, covariates, static columns."""

from tsforecast.exceptions import CovariateError, DataError
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates, split_covariates
from tsforecast.panel.containers import Container, Series, long_columns, to_panel
from tsforecast.panel.native import series_of_native, table_of
from tsforecast.panel.times.frequency import freq_name


def read_history(history: Series, X: Covariates | None, trained: Panel) -> tuple[Panel, Container, Covariates | None]:
    """The panel of a history, its container, and the covariates of the horizon from ``X``."""
    history, native = series_of_native(history)
    X = table_of(X)
    history = long_columns(history, X)
    panel, container = to_panel(history, freq=trained.freq)
    if trained.covariate_names and panel.covariates is None and X is not None:
        past, X = split_covariates(X, panel)
        panel, container = to_panel(history, past, trained.freq)
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
    if not uses_covariates and panel.covariates is not None:
        panel = panel.with_covariates(None)
    panel = panel.at_freq(trained.freq)
    if panel.freq != trained.freq:
        raise DataError(
            f"history has the frequency {freq_name(panel.freq)!r}; the model was fitted on {freq_name(trained.freq)!r}."
        )
    known, names = trained.static, trained.covariate_names
    if known is not None and panel.static is None and panel.ids.isin(known.index).all():
        panel = panel.with_static(known)
    if set(panel.covariate_names) != set(names):
        raise CovariateError(
            f"history has the covariates {list(panel.covariate_names)}; the model was fitted with {list(names)}."
        )
    if panel.covariates is not None and panel.covariate_names != names:
        order = [panel.covariate_names.index(name) for name in names]
        panel = panel.with_covariates(panel.covariates[:, order], names)
    return panel
