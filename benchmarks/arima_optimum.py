"""Whether any peer finds a higher likelihood than ours, on the fixed set of `arima_problems`.

    python benchmarks/arima_optimum.py [--minutes 60] [--answers FILE] [--misses 40]

Every solution is judged by the exact log-likelihood of statsmodels at its own coefficients, with the mean or drift and
the variance concentrated out, so that it does not matter what a peer itself maximises. One that broke off or is not
stationary does not count; a moving-average root within the unit circle is reflected, which leaves the likelihood as it
is. Near a unit root a Kalman filter may lose all digits: where the likelihood of our own kernels is another one there,
arithmetic of 60 digits decides. pmdarima, which fits with statsmodels too, from other starts and with a state for
every difference, is asked where the season is 12 at most.

The peers take half an hour; what they answered is kept in a file, and asking stops after the minutes given, to go on
in the next run. Ours is fitted anew every time, to what has been answered.
"""

import argparse
import hashlib
import json
import os
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import mpmath
import numpy as np
from arima import ask, by_statsmodels, concentrated, exact, fixed_job, peer_process, polynomials
from arima_problems import problems

from tsforecast.models.arima.design import regressors
from tsforecast.models.arima.engines.kernels import rows
from tsforecast.models.arima.estimate import estimate
from tsforecast.models.arima.order import multiply

PEERS = ("statsmodels", "statsforecast", "pmdarima")
NEAR = 1e-3  # of log-likelihood: at the optimum
WANTED = 0.995  # of the problems
FAR = (1e-3, 0.01, 0.1, 1.0, 10.0)


def key_of(problem):
    said = json.dumps([problem.y.tolist(), str(problem.order), list(problem.trend)])
    return hashlib.sha256(said.encode()).hexdigest()[:20]


def asked(problem):
    """The peers that are asked for this problem."""
    return PEERS if problem.order.season_length <= 12 else PEERS[:2]


def design(problem):
    return regressors(problem.trend, 0, problem.y.size, None)


def answer(process, peer, problem):
    """Coefficients of a peer by group and their log-likelihood; what went wrong where there is none."""
    try:
        if peer == "statsmodels":
            _, groups = by_statsmodels(problem.y, design(problem), problem.order)
            groups = {name: values.tolist() for name, values in groups.items()}
        else:
            groups = ask(process, peer=peer, **fixed_job(problem.y, problem.order, problem.trend))
            if "error" in groups:
                return groups
        return groups | {"loglik": float(exact(problem.y, design(problem), problem.order, groups)[0])}
    except (ArithmeticError, ValueError, np.linalg.LinAlgError) as error:
        return {"error": repr(error)}


def answers_of_peers(every, file, seconds):
    """What each peer answered to each problem, by key and peer; asked where it is not in the file, for some seconds."""
    known = {}
    for line in file.read_text().splitlines() if file.exists() else ():
        one = json.loads(line)
        known[one["key"], one["peer"]] = one
    began, turn = time.monotonic(), np.random.default_rng(0).permutation(len(every))  # a part stands for the whole
    with peer_process() as process, file.open("a") as out:
        for i in turn:
            key = key_of(every[i])
            for peer in asked(every[i]):
                if (key, peer) not in known and time.monotonic() - began < seconds:
                    before = time.perf_counter()
                    one = {"key": key, "peer": peer, **answer(process, peer, every[i])}
                    one["wall"] = time.perf_counter() - before
                    known[key, peer] = one
                    out.write(json.dumps(one) + "\n")
                    out.flush()
        process.stdin.close()
    return known


def settled(problem, groups, loglik):
    """The log-likelihood that statsmodels said, unless ours is another one there: then that of 60 digits."""
    known = concentrated(problem.y, design(problem), problem.order, groups)
    if known is None or not abs(known[3] - loglik) > NEAR / 10:
        return loglik
    season = problem.order.season_length
    phi, theta = multiply(known[0][0], known[0][2], season, -1.0), multiply(known[0][1], known[0][3], season, 1.0)
    return float(with_60_digits(rows(problem.y, design(problem), problem.order)[0], phi, theta))


def with_60_digits(W, phi, theta):
    """Concentrated log-likelihood of the last row of W, the others being regressors: Durbin-Levinson recursion."""
    with mpmath.workdps(60):
        gamma = autocovariances(phi, [1.0, *theta], W.shape[1])
        rows = [[mpmath.mpf(float(v)) for v in row] for row in W]
        white, a, v, logdet = [], [], gamma[0], mpmath.mpf(0)
        for t in range(W.shape[1]):
            white.append([(row[t] - mpmath.fdot(a, row[t - 1 :: -1] if t else [])) / mpmath.sqrt(v) for row in rows])
            logdet += mpmath.log(v)
            if t + 1 < W.shape[1]:
                kappa = (gamma[t + 1] - mpmath.fdot(a, gamma[t:0:-1])) / v
                a = [left - kappa * right for left, right in zip(a, a[::-1], strict=True)] + [kappa]
                v *= 1 - kappa**2
        R = mpmath.matrix(white)
        y, X = R[:, R.cols - 1], R[:, : R.cols - 1]
        if X.cols:
            y -= X * mpmath.lu_solve(X.T * X, X.T * y)
        n = W.shape[1]
        return -(n * (mpmath.log(2 * mpmath.pi * mpmath.norm(y) ** 2 / n) + 1) + logdet) / 2


def autocovariances(phi, theta, n):
    """Autocovariances 0 to n - 1 with innovation variance 1, from their linear equations; ``theta[0]`` is 1."""
    phi, theta = ([mpmath.mpf(float(v)) for v in values] for values in (phi, theta))
    psi, p = [], len(phi)
    for k in range(len(theta)):
        psi.append(theta[k] + mpmath.fdot(phi[:k], psi[::-1]))
    right = [mpmath.fdot(theta[k:], psi) for k in range(len(theta))] + [mpmath.mpf(0)] * (n + p)
    A = mpmath.eye(p + 1)
    for k in range(p + 1):
        for j in range(p):
            A[k, abs(k - 1 - j)] -= phi[j]
    gamma = list(mpmath.lu_solve(A, mpmath.matrix(right[: p + 1])))
    for k in range(p + 1, n):
        gamma.append(right[k] + mpmath.fdot(phi, gamma[: k - p - 1 : -1] if k > p else gamma[::-1]))
    return gamma[:n]


def compared(every, known):
    """Each problem that the peers have answered, the log-likelihood of our fit, and of the peers'."""
    for problem in every:
        theirs = {peer: known.get((key_of(problem), peer)) for peer in asked(problem)}
        if None not in theirs.values():
            fit = estimate(problem.y, design(problem), problem.trend, problem.order, "numba")
            own = polynomials(fit) | {"loglik": exact(problem.y, design(problem), problem.order, polynomials(fit))[0]}
            values = [
                settled(problem, one, one["loglik"]) if "loglik" in one else np.nan for one in (own, *theirs.values())
            ]
            yield problem, values[0], dict(zip(theirs, values[1:], strict=True))


def report(table, n_misses):
    gaps = np.array([np.nanmax([-np.inf, *theirs.values()]) - own for _, own, theirs in table])
    print(f"{'kind':22} {'fits':>5} {'at or above the best peer':>26}")
    counts, good = Counter(), Counter()
    for (problem, *_), gap in zip(table, gaps, strict=True):
        counts[problem.kind] += 1
        good[problem.kind] += gap <= NEAR
    for kind, count in counts.items():
        print(f"{kind:22} {count:5} {good[kind]:15} {good[kind] / count:10.2%}")
    print(f"{'all':22} {len(table):5} {sum(good.values()):15} {sum(good.values()) / len(table):10.2%} of {WANTED:.1%}")
    print(
        f"\n{'peer':14} {'fits':>6} {'none':>5}"
        + "".join(f"{f'behind > {far}':>15}" for far in FAR)
        + "   ahead > 0.001"
    )
    for peer in PEERS:
        own = np.array([[own, theirs[peer]] for _, own, theirs in table if peer in theirs])
        behind = own[:, 0] - own[:, 1]
        shares = "".join(f"{np.mean(np.isnan(behind) | (behind > far)):15.1%}" for far in FAR)
        print(f"{peer:14} {len(own):6} {np.isnan(behind).sum():5}{shares}{np.nansum(behind < -NEAR):10}")
    print(f"\nmisses, the largest first\n{'gap':>9} {'kind':20} {'series':18} {'n':>5} {'order':24} by")
    for i in np.argsort(-gaps, kind="stable")[: min(n_misses, int((gaps > NEAR).sum()))]:
        problem, own, theirs = table[i]
        by = ", ".join(peer for peer, value in theirs.items() if value - own > NEAR)
        order = f"{problem.order} {' '.join(problem.trend)}"
        print(f"{gaps[i]:9.4f} {problem.kind:20} {problem.name:18} {problem.y.size:5} {order:24} {by}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="for asking the peers")
    parser.add_argument("--answers", type=Path, default=Path(tempfile.gettempdir()) / "tsforecast-arima-optimum.jsonl")
    parser.add_argument("--misses", type=int, default=40, help="to be listed")
    arguments = parser.parse_args()
    every = problems()
    known = answers_of_peers(every, arguments.answers, 60 * arguments.minutes)
    report(list(compared(every, known)), arguments.misses)
