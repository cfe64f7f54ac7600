"""How often intervals of AutoARIMA and of fixed orders hold what comes: short simulated series, M3 and M4.

    python benchmarks/arima_intervals.py [--reps 400] [--data FOLDER] [--cases simulated fixed m3 m4]

Each row has the percentage within the 80% and the 95% intervals, over all steps; in brackets that of normal intervals
at known parameters with the maximum likelihood variance, which were the package's before.
"""

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from tsforecast import ARIMA, AutoARIMA
from tsforecast.models.arima.base import ArimaForecaster
from tsforecast.models.arima.design import regressors
from tsforecast.models.arima.estimate import forecast

PROCESSES = {  # phi, theta, d, mean or drift; the order fitted where it is fixed, its trend
    "mean and noise": ((), (), 0, 10.0, (0, 0, 0), "auto"),
    "AR(1) 0.5": ((0.5,), (), 0, 10.0, (1, 0, 0), "auto"),
    "AR(1) 0.9": ((0.9,), (), 0, 10.0, (1, 0, 0), "auto"),
    "MA(1) 0.6": ((), (0.6,), 0, 10.0, (0, 0, 1), "auto"),
    "ARMA(2,1)": ((0.6, -0.3), (0.5,), 0, 10.0, (2, 0, 1), "auto"),
    "walk": ((), (), 1, 0.0, (0, 1, 0), "auto"),
    "walk, drift 0.5": ((), (), 1, 0.5, (0, 1, 0), "drift"),
    "ARIMA(0,1,1)": ((), (-0.5,), 1, 0.0, (0, 1, 1), "auto"),
}
LENGTHS = (10, 15, 20, 30, 40)
HORIZON = 6
_BURN = 100
Case = tuple[np.ndarray, np.ndarray]


def simulated(name: str, n_obs: int, reps: int) -> Iterator[Case]:
    """Series of a process and what comes after each."""
    phi, theta, d, level, _, _ = PROCESSES[name]
    rng = np.random.default_rng([n_obs, list(PROCESSES).index(name)])
    for _ in range(reps):
        e = rng.normal(size=_BURN + n_obs + HORIZON)
        w = np.zeros(e.size)
        for t in range(2, e.size):
            w[t] = e[t] + sum(c * w[t - 1 - j] for j, c in enumerate(phi))
            w[t] += sum(c * e[t - 1 - j] for j, c in enumerate(theta))
        y = np.cumsum(w[_BURN:] + level) if d else w[_BURN:] + level
        yield y[:n_obs], y[n_obs:]


def published(path: Path, horizon: int, every: int, tail: bool) -> Iterator[Case]:
    """Series of a competition and their test parts, or the last values of their training parts."""
    table = pd.read_parquet(path)
    if tail:
        table = table[table["split"] == "train"]
    for _, own in list(table.groupby("unique_id", sort=False))[::every]:
        y = own["y"].to_numpy(float)
        yield y[:-horizon], y[-horizon:]


def before(model: ArimaForecaster, y: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation at known parameters: two (horizon,)."""
    fit = model.fits_["y"]
    Z, future = (regressors(fit.beta_names, a, n, None) for a, n in ((0, y.size), (y.size, horizon)))
    mean, variance = forecast(fit, y, Z, horizon, future, "numba")
    return mean, np.sqrt(variance)


def row(name: str, model: ArimaForecaster, cases: Iterator[Case]) -> str:
    """One line of the table."""
    hits = []
    for y, truth in cases:
        out = model.fit(y).predict(truth.size, level=[80, 95])
        mean, sd = before(model, y, truth.size)
        near = 1e-9 * np.abs(truth)
        own = [(out[:, i] - near <= truth) & (truth <= out[:, i + 1] + near) for i in (1, 3)]
        hits.append([*own, *(np.abs(truth - mean) <= stats.norm.ppf(p) * sd + near for p in (0.9, 0.975))])
    own80, own95, old80, old95 = 100 * np.concatenate(hits, axis=1).mean(axis=1)
    return f"| {name} | {own80:.1f} ({old80:.1f}) | {own95:.1f} ({old95:.1f}) |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reps", type=int, default=400)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cases", nargs="+", default=["simulated", "fixed", "m3", "m4"])
    args = parser.parse_args()
    warnings.simplefilter("ignore")  # of convergence
    for n_obs in LENGTHS:
        for name, (*_, order, trend) in PROCESSES.items():
            if "simulated" in args.cases:
                print(row(f"AutoARIMA, {name}, n={n_obs}", AutoARIMA(), simulated(name, n_obs, args.reps)), flush=True)
            if "fixed" in args.cases:
                model = ARIMA(order, trend=trend)
                print(row(f"ARIMA{order}, {name}, n={n_obs}", model, simulated(name, n_obs, args.reps)), flush=True)
    for key, file, season, horizon, every in (("m3", "m3_monthly", 12, 18, 1), ("m4", "m4_quarterly_part", 4, 8, 18)):
        for tail in (True, False):
            if key in args.cases:
                cases = published(args.data / f"{file}.parquet", horizon, every, tail)
                print(row(f"AutoARIMA, {file}, {'tail' if tail else 'test'}", AutoARIMA(season), cases), flush=True)


if __name__ == "__main__":
    main()
