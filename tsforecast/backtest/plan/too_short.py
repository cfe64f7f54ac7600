"""Series that are too short for the cutoffs, or for a model: an error before the first fit, or failures."""

from collections.abc import Mapping, Sequence

import numpy as np

from tsforecast._classes import find_class
from tsforecast._types import Ints
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError
from tsforecast.panel import Panel
from tsforecast.panel.too_short import TooShort, too_short_error

_STAND_IN = "Naive"
HOW_TO_GO_ON = (
    "too_short='skip' goes on, with a failure for each of these forecasts; 'naive' adds those of a model Naive "
    "(--too_short on the command line)."
)


def add_naive(models: Mapping[str, BaseForecaster], too_short: TooShort) -> dict[str, BaseForecaster]:
    """The models by name, with a model called Naive added if ``too_short`` is ``"naive"``.

    Its forecasts are rows of their own. It forecasts every series, so that it can be compared with the others on all
    that they finished.

    Raises
    ------
    ParameterError
        Another model has that name.

    Examples
    --------
    >>> from tsforecast import SeasonalNaive
    >>> list(add_naive({"SeasonalNaive": SeasonalNaive()}, "naive"))
    ['SeasonalNaive', 'Naive']
    """
    if too_short != "naive":
        return dict(models)
    stand_in: BaseForecaster = find_class(_STAND_IN)()
    if type(models.get(_STAND_IN, stand_in)) is not type(stand_in):
        raise ParameterError(
            f"too_short='naive' adds a model called {_STAND_IN!r}, but that is the name of {models[_STAND_IN]!r}; give "
            "it another."
        )
    return {**models, _STAND_IN: models.get(_STAND_IN, stand_in)}


def check_too_short(
    panel: Panel,
    models: Mapping[str, BaseForecaster],
    cv: RollingOrigin,
    fitted_at: Sequence[int],
    too_short: TooShort,
) -> None:
    """Raise a `SeriesTooShortError` that names every series too short for a cutoff or a model, if that is an error.

    Parameters
    ----------
    panel : Panel
    models : mapping of str to BaseForecaster
    cv : RollingOrigin
    fitted_at : sequence of int
        Cutoffs at which models are fitted, the oldest being 0.
    too_short : {"error", "skip", "naive"}
        With the last two the error comes only where no series is long enough for any cutoff.
    """
    if too_short != "error":
        if not (cv.bounds(panel.lengths)[1] >= 1).any():
            cv.check(panel.lengths, panel.ids)
        return
    cv.check(panel.lengths, panel.ids, HOW_TO_GO_ON)
    known = _fewest_known(panel, cv, fitted_at)
    needs = {}
    for name, model in models.items():
        try:
            needs[name] = int(model.min_observations(panel))
        except Exception:  # an invalid parameter is a failure of the model, which the run records
            continue
    short = {name: needed for name, needed in needs.items() if (known < needed).any()}
    if short:
        told = " and ".join(f"{name} needs at least {needed}" for name, needed in short.items())
        why = f"{told} before the oldest cutoff that it is fitted at"
        raise too_short_error(panel.ids, known, known < max(short.values()), why, HOW_TO_GO_ON)


def _fewest_known(panel: Panel, cv: RollingOrigin, fitted_at: Sequence[int]) -> Ints:
    """Fewest known observations that a model is ever fitted to, of each series: ``(n_series,)``."""
    start, stop = cv.bounds(panel.lengths)
    before = np.concatenate([[0], np.cumsum(~np.isnan(panel.values))])  # known ones before each observation
    begin = panel.indptr[:-1]
    counts = [before[begin + stop[w]] - before[begin + start[w]] for w in fitted_at]
    return np.asarray(np.min(counts, axis=0), dtype=np.int64)
