"""What R 4 prints for the examples of ``?arima``, and the series of its package datasets that they are of.

The numbers are those that R's own check of its examples holds (tests/Examples/stats-Ex.Rout.save); the series are from
Diggle (1990), Brockwell & Davis (1991) and the Gallup Organisation by way of McNeil (1977).
"""

from typing import NamedTuple

import numpy as np
from numpy import nan

LH = np.array([  # luteinizing hormone in blood, every ten minutes
    2.4, 2.4, 2.4, 2.2, 2.1, 1.5, 2.3, 2.3, 2.5, 2, 1.9, 1.7, 2.2, 1.8, 3.2, 3.2, 2.7, 2.2, 2.2, 1.9, 1.9, 1.8, 2.7,
    3, 2.3, 2, 2, 2.9, 2.9, 2.7, 2.7, 2.3, 2.6, 2.4, 1.8, 1.7, 1.5, 1.4, 2.1, 3.3, 3.5, 3.5, 3.1, 2.6, 2.1, 3.4, 3,
    2.9,
])  # fmt: skip

US_ACCIDENTAL_DEATHS = np.array([  # monthly, 1973 to 1978
    9007, 8106, 8928, 9137, 10017, 10826, 11317, 10744, 9713, 9938, 9161, 8927, 7750, 6981, 8038, 8422, 8714, 9512,
    10120, 9823, 8743, 9129, 8710, 8680, 8162, 7306, 8124, 7870, 9387, 9556, 10093, 9620, 8285, 8466, 8160, 8034,
    7717, 7461, 7767, 7925, 8623, 8945, 10078, 9179, 8037, 8488, 7874, 8647, 7792, 6957, 7726, 8106, 8890, 9299,
    10625, 9302, 8314, 8850, 8265, 8796, 7836, 6892, 7791, 8192, 9115, 9434, 10484, 9827, 9110, 9070, 8633, 9240,
])  # fmt: skip

LAKE_HURON = np.array([  # level in feet, yearly, 1875 to 1972
    580.38, 581.86, 580.97, 580.8, 579.79, 580.39, 580.42, 580.82, 581.4, 581.32, 581.44, 581.68, 581.17, 580.53,
    580.01, 579.91, 579.14, 579.16, 579.55, 579.67, 578.44, 578.24, 579.1, 579.09, 579.35, 578.82, 579.32, 579.01,
    579, 579.8, 579.83, 579.72, 579.89, 580.01, 579.37, 578.69, 578.19, 578.67, 579.55, 578.92, 578.09, 579.37,
    580.13, 580.14, 579.51, 579.24, 578.66, 578.86, 578.05, 577.79, 576.75, 576.75, 577.82, 578.64, 580.58, 579.48,
    577.38, 576.9, 576.94, 576.24, 576.84, 576.85, 576.9, 577.79, 578.18, 577.51, 577.23, 578.42, 579.61, 579.05,
    579.26, 579.22, 579.38, 579.1, 577.95, 578.12, 579.75, 580.85, 580.41, 579.96, 579.61, 578.76, 578.18, 577.21,
    577.13, 579.1, 578.25, 577.91, 576.89, 575.96, 576.8, 577.68, 578.38, 578.52, 579.74, 579.31, 579.89, 579.96,
])  # fmt: skip

PRESIDENTS = np.array([  # approval in percent, quarterly, 1945 to 1974
    nan, 87, 82, 75, 63, 50, 43, 32, 35, 60, 54, 55, 36, 39, nan, nan, 69, 57, 57, 51, 45, 37, 46, 39, 36, 24, 32,
    23, 25, 32, nan, 32, 59, 74, 75, 60, 71, 61, 71, 57, 71, 68, 79, 73, 76, 71, 67, 75, 79, 62, 63, 57, 60, 49, 48,
    52, 57, 62, 61, 66, 71, 62, 61, 57, 72, 83, 71, 78, 79, 71, 62, 74, 76, 64, 62, 57, 80, 73, 69, 69, 71, 64, 69,
    62, 63, 46, 56, 44, 44, 52, 38, 46, 36, 49, 35, 44, 59, 65, 65, 56, 66, 53, 61, 52, 51, 48, 54, 49, 49, 61, nan,
    nan, 68, 44, 40, 27, 28, 25, 24, 24,
])  # fmt: skip


class Printed(NamedTuple):
    """One call of ``arima``: orders, regressors, and what was printed, in the order of `ArimaFit.coefficients`."""

    series: np.ndarray
    order: tuple[int, int, int]
    seasonal_order: tuple[int, int, int]
    season_length: int
    regressors: dict[str, np.ndarray]
    estimates: tuple[float, ...]
    standard_errors: tuple[float, ...]
    sigma2: float
    loglik: float
    aic: float


def mean(y):
    return {"mean": np.ones(y.size)}


NONE = (0, 0, 0)
EXAMPLES = {
    "lh 100": Printed(
        LH, (1, 0, 0), NONE, 1, mean(LH), (0.5739, 2.4133), (0.1161, 0.1466), 0.1975, -29.38, 64.76
    ),
    "lh 300": Printed(
        LH, (3, 0, 0), NONE, 1, mean(LH), (0.6448, -0.0634, -0.2198, 2.3931), (0.1394, 0.1668, 0.1421, 0.0963),
        0.1787, -27.09, 64.18,
    ),
    "lh 101": Printed(
        LH, (1, 0, 1), NONE, 1, mean(LH), (0.4522, 0.1982, 2.4101), (0.1769, 0.1705, 0.1358), 0.1923, -28.76, 65.52
    ),
    "USAccDeaths": Printed(
        US_ACCIDENTAL_DEATHS, (0, 1, 1), (0, 1, 1), 12, {}, (-0.4303, -0.5528), (0.1228, 0.1784), 99347.0, -425.44,
        856.88,
    ),
    "LakeHuron": Printed(
        LAKE_HURON, (2, 0, 0), NONE, 1, mean(LAKE_HURON) | {"year": np.arange(1875.0, 1973.0) - 1920.0},
        (1.0048, -0.2913, 579.0993, -0.0216), (0.0976, 0.1004, 0.2370, 0.0081), 0.4566, -101.2, 212.4,
    ),
    "presidents 100": Printed(
        PRESIDENTS, (1, 0, 0), NONE, 1, mean(PRESIDENTS), (0.8242, 56.1505), (0.0555, 4.6434), 85.47, -416.89, 839.78
    ),
    "presidents 300": Printed(
        PRESIDENTS, (3, 0, 0), NONE, 1, mean(PRESIDENTS), (0.7496, 0.2523, -0.1890, 56.2223),
        (0.0936, 0.1140, 0.0946, 4.2845), 81.12, -414.08, 838.16,
    ),
}  # fmt: skip
