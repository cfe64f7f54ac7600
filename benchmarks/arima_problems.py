"""A fixed set of 2,300 fits, about half of real and half of simulated series, each a series with an order and a trend.

Real series are differenced as often as makes their standard deviation least, at times once less; their orders are drawn
as an order search meets them. Simulated ones are made to be hard: roots that nearly cancel, roots near the unit circle
on either side, noise fitted with many parameters, seasons up to 52.
"""

import itertools
import os
import pathlib
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from tsforecast.kernels.arma.polynomial import step_up
from tsforecast.models.arima.order import Order, multiply

DATA = pathlib.Path(os.environ.get("TSFORECAST_DATA", pathlib.Path(__file__).parents[2] / "shared" / "data"))
REAL = [  # collection, season, fits, values of a series at most
    ("m3_yearly", 1, 150, 60), ("m3_other", 1, 70, 104), ("m3_quarterly", 4, 180, 80), ("m3_monthly", 12, 210, 150),
    ("m4_yearly", 1, 160, 200), ("m4_quarterly_part", 4, 160, 120), ("m4_weekly", 1, 70, 400),
    ("m4_weekly", 52, 40, 260), ("m4_hourly", 24, 70, 336), ("nn5_daily", 7, 60, 250),
]  # fmt: skip
CLASSIC = {
    "AirPassengers": 12, "JohnsonJohnson": 4, "LakeHuron": 1, "Nile": 1, "UKDriverDeaths": 12, "UKgas": 4,
    "USAccDeaths": 12, "co2_maunaloa_monthly": 12, "lh": 1, "lynx": 1, "nottem": 12, "sunspot_year": 1, "wineind": 12,
    "BoxJenkins_A": 1, "BoxJenkins_C": 1, "BoxJenkins_D": 1, "BoxJenkins_F": 1,
}  # fmt: skip
SIMULATED = {"cancelling": 150, "noise": 110, "unit root": 130, "MA unit root": 130, "one lag": 160, "mixed": 150}
SEASONAL = {4: 90, 7: 60, 12: 100, 24: 50, 52: 30}
OWN = (0.2, 0.3, 0.25, 0.15, 0.05, 0.05)  # chance of 0 to 5 lags
OF_SEASON = (0.35, 0.45, 0.2)  # chance of 0 to 2 seasonal lags


class Problem(NamedTuple):
    kind: str
    name: str
    y: np.ndarray
    order: Order
    trend: tuple[str, ...]


def problems():
    """Every problem, always the same ones in the same order; only simulated ones where the real series are absent."""
    return [*(real() if DATA.exists() else ()), *simulated(), *seasonal()]


def classic(name):
    return pd.read_csv(DATA / "classic" / f"{name}.csv")["y"].to_numpy(np.float64)


def real():
    for collection, season, count, longest in REAL:
        frame = pd.read_parquet(DATA / f"{collection}.parquet")
        frame = frame[frame["split"] == "train"]
        ids = frame["unique_id"].unique()
        chosen = ids[np.linspace(0, ids.size - 1, min(count, ids.size)).astype(int)]
        series = {which: own.to_numpy(np.float64) for which, own in frame.groupby("unique_id")["y"]}
        for i in range(count):
            which = chosen[i % chosen.size]
            y = series[which][~np.isnan(series[which])][-longest:]
            yield from drawn(f"{collection}[{season}]", which, y, season, np.random.default_rng([season, i, count]))
    for i, (name, season) in enumerate(CLASSIC.items()):
        for repeat in range(4):
            y = classic(name)[-400:]
            y = np.log(y) if repeat % 2 and y.min() > 0 else y
            yield from drawn("classic", name, y, season, np.random.default_rng([7, i, repeat]))


def drawn(kind, name, y, season, rng):
    """The problem of a real series, none where it is too short for the order drawn."""
    D = int(season > 1 and y.size > 3 * season and np.std(y[season:] - y[:-season]) < np.std(np.diff(y)))
    w = y[season:] - y[:-season] if D else y
    d = min(range(3 - D), key=lambda d: np.std(np.diff(w, d)))
    d = max(d - int(rng.random() < 0.15), 0)
    p, q = rng.choice(6, size=2, p=OWN)
    P, Q = rng.choice(3, size=2, p=OF_SEASON) if 1 < season <= 12 else rng.choice(2, size=2) if season > 1 else (0, 0)
    p, q = clear(p, P, season), clear(q, Q, season)
    trends = {0: ("mean",), 1: ("drift",)}
    trend = trends.get(d + D, ()) if rng.random() < (0.8 if d + D == 0 else 0.4) else ()
    order = Order(*map(int, (p, d, q, P, D, Q)), season if P + D + Q else 1)
    known = y.size - order.n_lost
    enough = known >= 3 * (order.n_arma + len(trend)) + 8 and known > 2 * season * max(P, Q) + 8
    if enough and order.n_arma > 0 and np.ptp(order.difference(y)) > 1e-8 * np.abs(y).max():
        yield Problem(kind, str(name), y, order, trend)


def clear(lags, seasonal_lags, season):
    """Lags that end before the first seasonal one, as statsmodels demands."""
    return min(lags, season - 1) if seasonal_lags else lags


def polynomial(rng, size, low=0.0, high=0.9):
    """Coefficients of a random polynomial with all roots outside the unit circle."""
    return step_up(rng.uniform(low, high, size) * rng.choice([-1.0, 1.0], size))


def process(rng, n_obs, order, phi, theta, seasonal_phi=(), seasonal_theta=()):
    s = order.season_length
    ar = multiply(np.array(phi), np.array(seasonal_phi), s, -1.0)
    ma = multiply(np.array(theta), np.array(seasonal_theta), s, 1.0)
    before = 300 + 10 * s
    return lfilter([1.0, *ma], [1.0, *-ar], rng.normal(size=n_obs + before))[before:]


def simulated():
    for kind, count in SIMULATED.items():
        for i in range(count):
            rng = np.random.default_rng([11, i, count, len(kind)])
            n_obs = int(rng.choice([60, 100, 200, 400])) if kind != "cancelling" else 200
            y, p, q = one(kind, rng, n_obs)
            trend = ("mean",) if rng.random() < 0.5 else ()
            yield Problem(kind, f"{kind} {i}", y, Order(int(p), 0, int(q)), trend)


def one(kind, rng, n_obs):
    """A simulated series, and the p and q to fit it with."""
    order = Order(1, 0, 1)
    sizes = np.add(rng.integers(0, 4, size=2), (0, 1))
    if kind == "cancelling":  # phi has the root that theta has, or nearly
        roots = rng.uniform(-0.95, 0.95, 2)
        phi = [roots.sum(), -roots.prod()]
        return process(rng, n_obs, order, phi, [-roots[0] + rng.normal(scale=0.05)]), 2, 1
    if kind == "noise":
        return rng.normal(size=n_obs), *sizes
    if kind == "unit root":
        root = 1 - 10 ** rng.uniform(-3, -1)
        return process(rng, n_obs, order, [root], polynomial(rng, 1)), 1 + rng.integers(3), rng.integers(3)
    if kind == "MA unit root":
        root = 1 - rng.choice([0.0, 10 ** rng.uniform(-3, -1)])
        y = process(rng, n_obs, order, polynomial(rng, 1), [root * rng.choice([-1, 1])])
        return y, rng.integers(3), 1 + rng.integers(3)
    if kind == "one lag":
        return process(rng, n_obs, order, polynomial(rng, 1), []), *sizes
    p, q = rng.integers(1, 4, size=2)
    return process(rng, n_obs, order, polynomial(rng, p), -polynomial(rng, q)), p, q


def seasonal():
    for season, count in SEASONAL.items():
        for i in range(count):
            rng = np.random.default_rng([13, i, season])
            p, q, P, Q = rng.integers(0, [3, 3, 2, 2])
            n_obs = int(rng.integers(8, 16)) * season if season < 24 else 5 * season
            true = Order(int(p), 0, int(q), 1, 0, 1, season)
            phi, theta, seasonal_phi, seasonal_theta = (polynomial(rng, size, 0.1, 0.95) for size in (p, q, P, Q))
            y = process(rng, n_obs, true, phi, -theta, seasonal_phi, -seasonal_theta)
            most = (5, 5, 2, 2) if season <= 12 else (3, 3, 1, 1)
            p, q, P, Q = np.minimum(np.add((p, q, P, Q), rng.choice(2, size=4, p=(0.7, 0.3))), most)
            order = Order(*map(int, (clear(p, P, season), 0, clear(q, Q, season), P, 0, Q)), season if P + Q else 1)
            if order.n_arma > 0:
                trend = ("mean",) if rng.random() < 0.5 else ()
                yield Problem(f"seasonal [{season}]", f"seasonal {season} {i}", y, order, trend)


if __name__ == "__main__":  # how many of each kind
    for kind, own in itertools.groupby(problems(), lambda problem: problem.kind):
        print(f"{kind:22} {len(list(own)):5}")
