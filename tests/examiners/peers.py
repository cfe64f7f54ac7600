"""Models of other libraries that the tests of adapters try, and the series that they try them on."""

import dataclasses
import importlib.util

import numpy as np
import pandas as pd

from tsforecast.cli.models import parse_models

HORIZON = 4


@dataclasses.dataclass(frozen=True)
class Peer:
    """A model of another library, as it stands on the command line.

    Attributes
    ----------
    library : str
    text : str
    goes_on : bool
        Whether it forecasts from a history that it was not fitted on.
    intervals : bool
        Whether it gives intervals.
    """

    library: str
    text: str
    goes_on: bool
    intervals: bool

    def make(self):
        """The forecaster."""
        (forecaster,) = parse_models([self.text], horizon=HORIZON).values()
        return forecaster


PEERS = [
    Peer("statsforecast", "StatsForecast(model=AutoETS(season_length=12))", True, True),
    Peer("statsforecast", "StatsForecast(model=ARIMA(order=(1, 1, 0), season_length=12))", True, True),
    Peer(
        "statsforecast", "StatsForecast(model=SeasonalExponentialSmoothing(season_length=12, alpha=0.3))", False, False
    ),
    Peer(
        "statsforecast",
        "StatsForecast(model=SimpleExponentialSmoothing(alpha=0.3, "
        "prediction_intervals=ConformalIntervals(h=4, n_windows=3)))",
        False,
        True,
    ),
    Peer("sktime", "Sktime(forecaster=ThetaForecaster(sp=12))", False, True),
    Peer("sktime", "Sktime(forecaster=NaiveForecaster(strategy='last', sp=12))", True, True),
    Peer("sktime", "Sktime(forecaster=RecursiveTabularRegressionForecaster(estimator=Ridge(alpha=2.0)))", True, False),
    Peer(
        "sktime",
        "Sktime(forecaster=TransformedTargetForecaster("
        "steps=[('d', Deseasonalizer(sp=12)), ('t', TrendForecaster())]))",
        False,
        False,
    ),
    Peer("darts", "Darts(model=ExponentialSmoothing(seasonal_periods=12), n_samples=50)", False, True),
    Peer("darts", "Darts(model=Theta(season_mode=SeasonalityMode.ADDITIVE))", False, False),
    Peer("darts", "Darts(model=LinearRegressionModel(lags=12))", True, False),
    Peer("darts", "Darts(model=NLinearModel(input_chunk_length=12, n_epochs=2))", True, False),
    Peer("neuralforecast", "NeuralForecast(model=MLP(input_size=12, max_steps=3))", True, False),
    Peer(
        "neuralforecast",
        "NeuralForecast(model=DLinear(input_size=12, max_steps=3, loss=MQLoss(level=[80, 95])))",
        True,
        True,
    ),
    Peer(
        "neuralforecast",
        "NeuralForecast(model=MLP(input_size=12, max_steps=3, loss=DistributionLoss(distribution='Normal')))",
        True,
        True,
    ),
]
HERE = [peer for peer in PEERS if importlib.util.find_spec(peer.library) is not None]
SOME = HERE[::3]  # for tests that start processes


def long_frame(ids=("w/ x", "10", "ä'b"), lengths=(60, 66, 72), freq="MS"):
    """Seasonal series with a trend, of different lengths, in no order of their names."""
    rng = np.random.default_rng(0)
    parts = []
    for name, n_obs in zip(ids, lengths, strict=True):
        t = np.arange(n_obs)
        y = 100 + t / 2 + 10 * np.sin(2 * np.pi * t / 12) + rng.normal(size=n_obs)
        times = t if freq is None else pd.date_range("2001-01-01", periods=n_obs, freq=freq)
        parts.append(pd.DataFrame({"unique_id": name, "ds": times, "y": y}))
    return pd.concat(parts, ignore_index=True)
