"""Parts of a trained network's forecasts: the network can be switched off, and the linear autoregression too."""

import dataclasses

import pandas as pd

from tsforecast._types import Floats
from tsforecast.forecast import Forecast
from tsforecast.models.neural.forecasting.trained import Trained


def linear_part(trained: Trained) -> Trained:
    """The same without its network: point forecasts are those of the linear autoregression.

    Preparation, limits and spread of the residuals are unchanged, so that intervals are as wide as with the network.
    """
    past = trained.past
    if past is not None:  # a linear autoregression has no state
        past = dataclasses.replace(past, state=None, ends=None, spare=None)
    return dataclasses.replace(trained, network=trained.network.linear_part(), ends=None, past=past, share=0.0)


def season_part(trained: Trained) -> Trained:
    """The same without network and linear autoregression: the level at the end and the season go on as they are."""
    part = linear_part(trained)
    part.network.slopes.zero_()
    part.network.intercept.zero_()
    return part


def table_of_parts(whole: Forecast, season: Floats, linear: Floats) -> pd.DataFrame:
    """A long frame of what each part adds to a forecast: see `NeuralBase.decompose`.

    ``season`` and ``linear``, each ``(n_series, horizon)``, are point forecasts of `season_part` and `linear_part`.
    """
    added = {"season": season, "linear": linear - season, "recurrent": whole.mean - linear, "mean": whole.mean}
    frame = pd.DataFrame({"unique_id": whole.ids.repeat(whole.horizon), "ds": whole.times})
    return frame.assign(**{name: table.reshape(-1) for name, table in added.items()})
