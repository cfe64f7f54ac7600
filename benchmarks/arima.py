"""Speed and exact likelihood of our ARIMA engine against statsforecast and statsmodels, interleaved, medians.

    python benchmarks/arima.py [--repeats 5] [--auto 20] [--venv FOLDER]

The peers get an environment of their own, built below the temporary folder at the first run. Every fit of a case is
timed in turn (ours, statsforecast, statsmodels, ours, ...), on one thread, after one that is not counted. The
log-likelihood of each peer is ours, which the tests hold to statsmodels and to dense algebra, at the peer's own
coefficients, with the mean and the variance concentrated out.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import venv
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from statsmodels.tsa.statespace.sarimax import SARIMAX

from tsforecast.models.arima.by_numba import innovations, rows
from tsforecast.models.arima.estimate import estimate
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.search import search
from tsforecast.models.arima.space import SearchSpace

DATA = pathlib.Path(os.environ.get("TSFORECAST_DATA", pathlib.Path(__file__).parents[2] / "shared" / "data"))
PEERS = ["statsforecast"]


def simulated(n_obs, phi, theta, seed=1):
    rng = np.random.default_rng(seed)
    e, y = rng.normal(size=n_obs + 200), np.zeros(n_obs + 200)
    for t in range(len(phi), y.size):
        y[t] = (
            e[t] + sum(c * y[t - k - 1] for k, c in enumerate(phi)) + sum(c * e[t - k - 1] for k, c in enumerate(theta))
        )
    return y[200:]


def airline_like(n_obs, seed=2):
    """A series of the airline model (0,1,1)(0,1,1)[12]."""
    e = np.random.default_rng(seed).normal(size=n_obs + 13)
    w = e.copy()
    w[1:] -= 0.4 * e[:-1]
    w[12:] -= 0.6 * e[:-12]
    w[13:] += 0.24 * e[:-13]
    y = w.copy()
    for t in range(13, y.size):
        y[t] = w[t] + y[t - 1] + y[t - 12] - y[t - 13]
    return y[13:]


def classic(name):
    return pd.read_csv(DATA / "classic" / f"{name}.csv")["y"].to_numpy(np.float64)


def cases():
    yield "ARMA(2,1) n=200", simulated(200, (0.5, 0.2), (0.4,)), (2, 0, 1), (0, 0, 0), 1
    yield "ARMA(2,1) n=2000", simulated(2000, (0.5, 0.2), (0.4,)), (2, 0, 1), (0, 0, 0), 1
    yield "ARIMA(1,1,1) n=300", np.cumsum(simulated(300, (0.5,), (0.3,))), (1, 1, 1), (0, 0, 0), 1
    yield "airline model n=400", airline_like(400), (0, 1, 1), (0, 1, 1), 12
    if not DATA.exists():
        return
    hourly = pd.read_parquet(DATA / "m4_hourly.parquet")
    yield "log airline n=144", np.log(classic("AirPassengers")), (0, 1, 1), (0, 1, 1), 12
    first = hourly["y"][hourly["unique_id"] == "H1"].to_numpy()[:700]
    yield "SARIMA(2,0,1)(1,1,1)24 n=700", first, (2, 0, 1), (1, 1, 1), 24
    yield "sunspots (9,0,0)", classic("sunspot_year"), (9, 0, 0), (0, 0, 0), 1
    yield "Nile (0,1,1)", classic("Nile"), (0, 1, 1), (0, 0, 0), 1
    yield "CO2 (2,1,1)(0,1,1)12", classic("co2_maunaloa_monthly"), (2, 1, 1), (0, 1, 1), 12


def loglik(y, Z, order, groups):
    """Our log-likelihood at a peer's coefficients, mean and variance concentrated out."""
    W, _ = rows(y, Z, order)
    parts = [np.array(groups[key]) for key in ("phi", "theta", "seasonal_phi", "seasonal_theta")]
    residual, logdet, _ = innovations(*parts, order.season_length, W, 0)
    n = W.shape[1]
    return -0.5 * (n * np.log(2 * np.pi * (residual @ residual) / n) + n + logdet)


def peer_process(folder):
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        print(f"building {folder} ...", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PEERS], check=True)
    script = pathlib.Path(__file__).with_name("arima_peers.py")
    return subprocess.Popen([python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(process, **job):
    process.stdin.write(json.dumps(job) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def timed(function):
    began = time.perf_counter()
    result = function()
    return time.perf_counter() - began, result


def one_case(process, y, order, repeats):
    """Median seconds and log-likelihood of ours, statsforecast and statsmodels."""
    mean = order.d + order.D == 0
    Z, names = (np.ones((y.size, 1)), ("mean",)) if mean else (np.empty((y.size, 0)), ())
    pdq, PDQ = (order.p, order.d, order.q), (order.P, order.D, order.Q)
    season = order.season_length
    job = {"peer": "statsforecast", "y": y.tolist(), "order": pdq, "seasonal_order": PDQ}
    job |= {"season_length": season, "mean": mean}
    model = SARIMAX(
        y, Z if mean else None, order=pdq, seasonal_order=(*PDQ, season if any(PDQ) else 0), simple_differencing=True
    )
    times = []
    for _ in range(repeats + 1):
        several = [timed(lambda: estimate(y, Z, names, order, "numba")) for _ in range(5)]  # too short to time once
        own, fit = float(np.median([seconds for seconds, _ in several])), several[0][1]
        answer = ask(process, **job)
        slow, result = timed(lambda: model.fit(disp=0, cov_type="none"))
        times.append((own, answer.get("seconds", np.nan), slow))
    theirs = loglik(y, Z, order, answer) if "phi" in answer else np.nan
    return np.median(times[1:], axis=0), (fit.loglik, theirs, result.llf)


def fixed_order(process, repeats):
    print(
        f"{'case':30} {'ours':>10} {'statsforecast':>14} {'statsmodels':>12}  {'loglik: ours':>13} {'sf':>10} {'sm':>9}"
    )
    for name, y, pdq, PDQ, season in cases():
        (own, sf, sm), logliks = one_case(process, y, Order.of(pdq, PDQ, season), repeats)
        print(
            f"{name:30} {own * 1e6:7.0f} us {sf / own:12.0f} x {sm / own:10.0f} x  {logliks[0]:13.3f} "
            f"{logliks[1]:10.3f} {logliks[2]:10.3f}",
            flush=True,
        )


def automatic(process, n_series):
    for name, season in (("m3_monthly", 12), ("m4_hourly", 24), ("m4_weekly", 1), ("m3_quarterly", 4)):
        frame = pd.read_parquet(DATA / f"{name}.parquet")
        frame = frame[frame["split"] == "train"]
        ids = frame["unique_id"].unique()
        ratios, lower, equal, own = [], 0, 0, []
        for which in ids[:: max(1, len(ids) // n_series)][:n_series]:
            y = frame["y"][frame["unique_id"] == which].to_numpy(np.float64)
            began = time.perf_counter()
            fit = search(y, None, (), SearchSpace(season))
            seconds = time.perf_counter() - began
            answer = ask(process, peer="statsforecast auto", y=y.tolist(), season_length=season)
            if "seconds" not in answer:
                continue
            own.append(seconds)
            ratios.append(answer["seconds"] / seconds)
            if [fit.order.d, fit.order.D] == [answer["order"][1], answer["seasonal_order"][1]]:
                equal += 1
                lower += fit.aicc <= answer["aicc"] + 0.01
        print(
            f"AutoARIMA {name:13} {len(ratios):4} series: {np.median(own) * 1e3:7.2f} ms, statsforecast "
            f"{np.median(ratios):5.0f} x (median); AICc no higher on {lower} of {equal} with the same differences",
            flush=True,
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--auto", type=int, default=20, help="series of each collection for the automatic search")
    folder = pathlib.Path(tempfile.gettempdir()) / "tsforecast-arima-peers"
    parser.add_argument("--venv", type=pathlib.Path, default=folder)
    arguments = parser.parse_args()
    with peer_process(arguments.venv) as running:
        fixed_order(running, arguments.repeats)
        if DATA.exists() and arguments.auto:
            automatic(running, arguments.auto)
        running.stdin.close()
