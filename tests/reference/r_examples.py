"""What R 4 prints for the examples of ``?arima``.

The numbers are those that R's own check of its examples holds (tests/Examples/stats-Ex.Rout.save). Of the series, those
of Diggle (1990) and Brockwell & Davis (1991) are read from the folder of real series; that of the Gallup Organisation,
by way of McNeil (1977), stands here.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy import nan

SHARED = Path(os.environ.get("TSFORECAST_DATA", Path(__file__).parents[3] / "shared" / "data"))

PRESIDENTS = np.array([  # approval in percent, quarterly, 1945 to 1974
    nan, 87, 82, 75, 63, 50, 43, 32, 35, 60, 54, 55, 36, 39, nan, nan, 69, 57, 57, 51, 45, 37, 46, 39, 36, 24, 32,
    23, 25, 32, nan, 32, 59, 74, 75, 60, 71, 61, 71, 57, 71, 68, 79, 73, 76, 71, 67, 75, 79, 62, 63, 57, 60, 49, 48,
    52, 57, 62, 61, 66, 71, 62, 61, 57, 72, 83, 71, 78, 79, 71, 62, 74, 76, 64, 62, 57, 80, 73, 69, 69, 71, 64, 69,
    62, 63, 46, 56, 44, 44, 52, 38, 46, 36, 49, 35, 44, 59, 65, 65, 56, 66, 53, 61, 52, 51, 48, 54, 49, 49, 61, nan,
    nan, 68, 44, 40, 27, 28, 25, 24, 24,
])  # fmt: skip


class Printed(NamedTuple):
    """One call of ``arima``: orders, regressors, and what was printed, in the order of `ArimaFit.coefficients`."""

    series: str  # a file of the folder of real series, or "presidents"
    order: tuple[int, int, int]
    seasonal_order: tuple[int, int, int]
    season_length: int
    columns: tuple[str, ...]
    estimates: tuple[float, ...]
    standard_errors: tuple[float, ...]
    sigma2: float
    loglik: float
    aic: float


def values_of(name):
    """A series: ``(n_obs,)``; None where the folder of real series is absent."""
    if name == "presidents":
        return PRESIDENTS
    path = SHARED / "classic" / f"{name}.csv"
    return pd.read_csv(path)["y"].to_numpy(dtype=float) if path.is_file() else None


def regressors_of(columns, n_obs):
    """Regressors by name: a mean, and the years since 1920 of a series that begins in 1875."""
    every = {"mean": np.ones(n_obs), "year": np.arange(n_obs) - 45.0}
    return {name: every[name] for name in columns}


NONE = (0, 0, 0)
EXAMPLES = {
    "lh 100": Printed(
        "lh", (1, 0, 0), NONE, 1, ("mean",), (0.5739, 2.4133), (0.1161, 0.1466), 0.1975, -29.38, 64.76
    ),
    "lh 300": Printed(
        "lh", (3, 0, 0), NONE, 1, ("mean",), (0.6448, -0.0634, -0.2198, 2.3931), (0.1394, 0.1668, 0.1421, 0.0963),
        0.1787, -27.09, 64.18,
    ),
    "lh 101": Printed(
        "lh", (1, 0, 1), NONE, 1, ("mean",), (0.4522, 0.1982, 2.4101), (0.1769, 0.1705, 0.1358), 0.1923, -28.76, 65.52
    ),
    "USAccDeaths": Printed(
        "USAccDeaths", (0, 1, 1), (0, 1, 1), 12, (), (-0.4303, -0.5528), (0.1228, 0.1784), 99347.0, -425.44,
        856.88,
    ),
    "LakeHuron": Printed(
        "LakeHuron", (2, 0, 0), NONE, 1, ("mean", "year"),
        (1.0048, -0.2913, 579.0993, -0.0216), (0.0976, 0.1004, 0.2370, 0.0081), 0.4566, -101.2, 212.4,
    ),
    "presidents 100": Printed(
        "presidents", (1, 0, 0), NONE, 1, ("mean",), (0.8242, 56.1505), (0.0555, 4.6434), 85.47, -416.89, 839.78
    ),
    "presidents 300": Printed(
        "presidents", (3, 0, 0), NONE, 1, ("mean",), (0.7496, 0.2523, -0.1890, 56.2223),
        (0.0936, 0.1140, 0.0946, 4.2845), 81.12, -414.08, 838.16,
    ),
}  # fmt: skip
