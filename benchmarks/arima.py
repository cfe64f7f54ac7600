"""Speed, exact likelihood and accuracy of our ARIMA engine beside its peers, interleaved, medians.

    python benchmarks/arima.py [--repeats 5] [--auto 20] [--peers statsforecast ...]

The peers get an environment of their own, built at the first run (see peers.py). Every fit of a case is
timed in turn (ours, statsforecast, ..., ours, ...), on one thread, after one that is not counted. The log-likelihood
is that of statsmodels at each library's own coefficients, with the mean and the variance concentrated out; its AICc
follows from it. An automatic search is compared by AICc where both chose the same differences, and by the mean absolute
scaled error of its forecasts on the test part of each series. The last table tells what one search of every series of
the M4 competition would take, from the series of each frequency that are at hand.
"""

import argparse
import json
import os
import pathlib
import subprocess
import time
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from arima_problems import DATA, classic
from peers import ONE_CORE, python_of
from statsmodels.tsa.statespace.sarimax import SARIMAX

from tsforecast.models.arima.design import regressors
from tsforecast.models.arima.engines.kernels import innovations, rows
from tsforecast.models.arima.engines.numba import forecast
from tsforecast.models.arima.estimate import estimate
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.search.search import search
from tsforecast.models.arima.search.space import SearchSpace

PEERS = ["statsforecast", "pmdarima", "pmdarima-rs", "rustima", "aeon"]
COLLECTIONS = {"m3_monthly": 12, "m3_quarterly": 4, "m4_quarterly_part": 4, "m4_weekly": 1, "m4_hourly": 24}
SLOW = {"pmdarima": 2, "pmdarima-rs": 4}  # series at most: their searches take minutes
M4 = {  # series, the collection at hand that stands for them, its season, their mean length
    "yearly": (23_000, "m4_yearly", 1, 31),
    "quarterly": (24_000, "m4_quarterly_part", 4, 92),
    "monthly": (48_000, "m3_monthly", 12, 216),
    "weekly": (359, "m4_weekly", 1, 1022),
    "daily": (4_227, "nn5_daily", 7, 2357),
    "hourly": (414, "m4_hourly", 24, 854),
}


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


def state_space(y, Z, order):
    return SARIMAX(
        y, Z if Z.shape[1] else None, order=(order.p, order.d, order.q),
        seasonal_order=(order.P, order.D, order.Q, order.season_length if order.P + order.D + order.Q else 0),
        simple_differencing=True,
    )  # fmt: skip


def invertible(theta):
    """The moving average of the same likelihood with no root within the unit circle."""
    roots = np.roots([1.0, *theta])
    outside = np.abs(roots) > 1.0
    mirrored = np.where(outside, 1.0 / np.conj(np.where(outside, roots, 1.0)), roots)
    return np.atleast_1d(np.poly(mirrored)).real[1:]


def concentrated(y, Z, order, groups):
    """Invertible coefficients by group, those of the regression, the variance, and our own log-likelihood there.

    None where the autoregression is not stationary: there is no likelihood then.
    """
    parts = [np.array(groups[key], dtype=np.float64) for key in ("phi", "theta", "seasonal_phi", "seasonal_theta")]
    if not all((np.abs(np.roots([1.0, *-phi])) < 1.0).all() for phi in (parts[0], parts[2])):
        return None
    parts[1], parts[3] = invertible(parts[1]), invertible(parts[3])
    W, n_missing = rows(y, Z, order)
    residual, logdet, beta = innovations(*parts, order.season_length, W, n_missing)
    n = W.shape[1] - n_missing
    sigma2 = residual @ residual / n
    return parts, beta[n_missing:], sigma2, -0.5 * (n * np.log(2 * np.pi * sigma2) + n + logdet)


def exact(y, Z, order, groups):
    """Log-likelihood of statsmodels at these coefficients, regression and variance concentrated out; AICc from it.

    nan where the autoregression is not stationary.
    """
    known = concentrated(y, Z, order, groups)
    if known is None:
        return np.nan, np.nan
    parts, beta, sigma2, _ = known
    loglik = state_space(y, Z, order).loglike(np.concatenate([beta, *parts, [sigma2]]))
    k, n = order.n_arma + Z.shape[1] + 1, int((~np.isnan(y)).sum()) - order.n_lost
    return loglik, -2 * loglik + 2 * k + 2 * k * (k + 1) / (n - k - 1)


def polynomials(fit):
    return {name: getattr(fit, name) for name in ("phi", "theta", "seasonal_phi", "seasonal_theta")}


def peer_process():
    """The process that answers for the peers, with their environment built where there is none yet."""
    python, script = python_of("arima", *PEERS), pathlib.Path(__file__).with_name("arima_peers.py")
    return subprocess.Popen(
        [python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=os.environ | ONE_CORE,
    )  # fmt: skip


def ask(process, **job):
    process.stdin.write(json.dumps(job) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def timed(function):
    began = time.perf_counter()
    result = function()
    return time.perf_counter() - began, result


def by_statsmodels(y, Z, order):
    """Seconds of a fit by statsmodels, and its coefficients by group."""
    model = state_space(y, Z, order)
    seconds, result = timed(lambda: model.fit(disp=0, cov_type="none"))
    ends = np.cumsum([Z.shape[1], order.p, order.q, order.P, order.Q])
    _, *parts = np.split(result.params[:-1], ends[:-1])
    return seconds, dict(zip(("phi", "theta", "seasonal_phi", "seasonal_theta"), parts, strict=True))


def fixed_job(y, order, trend):
    """What a peer is asked, to fit one order."""
    pdq, PDQ = (order.p, order.d, order.q), (order.P, order.D, order.Q)
    return {
        "y": y.tolist(), "order": pdq, "seasonal_order": PDQ, "season_length": order.season_length, "trend": trend,
    }  # fmt: skip


def one_case(process, y, order, repeats, peers):
    """Seconds of each library, a list for the repeats, and its coefficients; interleaved."""
    names = ("mean",) if order.d + order.D == 0 else ()
    Z, job = regressors(names, 0, y.size, None), fixed_job(y, order, names)
    times = {name: [] for name in ("ours", *peers, "statsmodels")}
    found = {}
    for _ in range(repeats + 1):
        several = [timed(lambda: estimate(y, Z, names, order, "numba")) for _ in range(5)]  # too short to time once
        times["ours"].append(np.median([seconds for seconds, _ in several]))
        found["ours"] = polynomials(several[0][1])
        for peer in peers:
            answer = ask(process, peer=peer, **job)
            times[peer].append(answer.get("seconds", np.nan))
            found[peer] = answer if "seconds" in answer else None
        seconds, found["statsmodels"] = by_statsmodels(y, Z, order)
        times["statsmodels"].append(seconds)
    return times, {name: (np.nan, np.nan) if v is None else exact(y, Z, order, v) for name, v in found.items()}


def fixed_order(process, repeats, peers):
    print(f"{'case':30} {'library':14} {'time':>12} {'times ours':>11} {'loglik':>12} {'AICc':>12}")
    for name, y, pdq, PDQ, season in cases():
        times, criteria = one_case(process, y, Order.of(pdq, PDQ, season), repeats, peers)
        own = np.median(times["ours"][1:])
        for library, seconds in times.items():
            middle = np.median(seconds[1:])
            if np.isfinite(middle):
                print(
                    f"{name:30} {library:14} {middle * 1e6:9.0f} us {middle / own:9.1f} x {criteria[library][0]:12.3f} "
                    f"{criteria[library][1]:12.3f}",
                    flush=True,
                )


def collection(name, n_series):
    """Training and test parts of ``n_series`` series of a collection, spread over it."""
    frame = pd.read_parquet(DATA / f"{name}.parquet")
    ids = frame["unique_id"].unique()
    for which in ids[:: max(1, len(ids) // n_series)][:n_series]:
        one = frame[frame["unique_id"] == which]
        if "split" in one:
            yield [one["y"][one["split"] == part].to_numpy(np.float64) for part in ("train", "test")]
        else:
            yield one["y"].to_numpy(np.float64), np.empty(0)


def mase(y, season, truth, mean):
    return np.mean(np.abs(truth - mean)) / np.mean(np.abs(y[season:] - y[:-season]))


def ahead(fit, y, horizon):
    """Forecasts of a fit without covariates."""
    before, after = (regressors(fit.beta_names, first, n, None) for first, n in ((0, y.size), (y.size, horizon)))
    if fit.sigma2 == 0.0:
        return after @ fit.beta if fit.order.n_lost == 0 else np.repeat(y[-1], horizon)
    return forecast(fit, y, before, horizon, after)[0]


def compared(process, peer, name, season, n_series):
    """One row a series: seconds of both, whether the differences are the same, AICc of both, MASE of both."""
    for y, truth in collection(name, n_series):
        own, fit = timed(lambda y=y: search(y, None, (), SearchSpace(season)))
        answer = ask(process, peer=peer, y=y.tolist(), season_length=season, horizon=truth.size)
        if "seconds" not in answer:
            continue
        order = Order.of(answer["order"], answer["seasonal_order"], season)
        same = (order.d, order.D) == (fit.order.d, fit.order.D)
        theirs = exact(y, regressors(tuple(answer["trend"]), 0, y.size, None), order, answer)[1]
        yield (
            own, answer["seconds"], same, fit.aicc, theirs, mase(y, season, truth, ahead(fit, y, truth.size)),
            mase(y, season, truth, np.array(answer["forecast"])),
        )  # fmt: skip


def automatic(process, n_series, peers):
    print(
        f"\n{'search':18} {'peer':14} {'series':>6} {'ours':>10} {'times ours':>11} {'AICc no higher':>16} "
        f"{'MASE ours':>10} {'MASE peer':>10}"
    )
    search(np.random.default_rng(0).normal(size=60), None, (), SearchSpace(12))  # compiles or loads the kernels
    for name, season in COLLECTIONS.items():
        for peer in peers:
            table = np.array(list(compared(process, peer, name, season, min(n_series, SLOW.get(peer, n_series)))))
            if not table.size:
                continue
            own, theirs, same, aicc, aicc_peer, error, error_peer = table.T
            comparable = (same == 1) & np.isfinite(aicc_peer)
            lower = aicc[comparable] <= aicc_peer[comparable] + 0.01
            print(
                f"{name:18} {peer:14} {own.size:6} {np.median(own) * 1e3:7.2f} ms {np.median(theirs / own):9.1f} x "
                f"{lower.sum():7} of {comparable.sum():5} {error.mean():10.4f} {error_peer.mean():10.4f}",
                flush=True,
            )


def whole_m4(n_series):
    """Processor seconds for all series of the M4 competition, those of a frequency in proportion to their length."""
    print(f"\n{'M4':10} {'series':>7} {'measured on':18} {'a series':>10} {'all':>9}")
    total = 0.0
    for name, (count, stand_in, season, length) in M4.items():
        if not (DATA / f"{stand_in}.parquet").exists():
            continue
        series = [y[~np.isnan(y)] for y, _ in collection(stand_in, n_series)]
        search(series[0], None, (), SearchSpace(season))
        began = time.process_time()
        for y in series:
            search(y, None, (), SearchSpace(season))
        mean = (time.process_time() - began) / len(series) * length / np.mean([y.size for y in series])
        total += count * mean
        print(f"{name:10} {count:7} {stand_in:18} {mean * 1e3:7.2f} ms {count * mean:7.0f} s", flush=True)
    print(f"{'all':10} {'':7} {'':18} {'':10} {total:7.0f} s of one thread")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="of each fit of one order; 0 for none")
    parser.add_argument("--auto", type=int, default=20, help="series of each collection for the automatic search")
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    arguments = parser.parse_args()
    with peer_process() as running:
        if arguments.repeats:
            fixed_order(running, arguments.repeats, arguments.peers)
        if DATA.exists() and arguments.auto:
            automatic(running, arguments.auto, arguments.peers)
            whole_m4(arguments.auto)
        running.stdin.close()
