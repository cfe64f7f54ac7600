"""Writes the files in ``files/`` with the present version: run it only when a new kind of forecaster is added.

    python tests/unit/persist/make_files.py

Files that are there stay as they are, since later versions must read what this one wrote.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from tsforecast import LSTM, SARIMA, Conformal, Drift, Ensemble, SeasonalNaive

FILES = Path(__file__).parent / "files"
HORIZON, LEVEL = 6, 60


def series():
    """A seasonal series of 120 months."""
    t = np.arange(120)
    values = 100 + 10 * np.sin(t * np.pi / 6) + 3 * np.sin(t**2.0)
    return pd.Series(values, index=pd.date_range("2010-01-01", periods=120, freq="MS"), name="sales")


MODELS = {
    "seasonal_naive": SeasonalNaive(),
    "sarima": SARIMA(),
    "ensemble": Ensemble([Drift(), SARIMA((1, 0, 0), (0, 1, 1), target_transform="log")]),
    "conformal": Conformal(SeasonalNaive(), calibration_size=12, nonnegative=True),
    "lstm": LSTM(hidden_size=4, n_members=2, max_epochs=2),
}


def expected_of(model):
    """Forecasts as plain numbers, by column."""
    return {name: column.tolist() for name, column in model.predict(HORIZON, level=LEVEL).items()}


if __name__ == "__main__":
    FILES.mkdir(exist_ok=True)
    for name, model in MODELS.items():
        path = FILES / f"{name}.schema1"
        if not path.exists():
            model.fit(series()).save(path, notes={"made": "schema 1"})
            (FILES / f"{name}.json").write_text(json.dumps(expected_of(model), indent=1) + "\n")
