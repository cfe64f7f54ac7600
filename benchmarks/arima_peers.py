"""Runs in the peers' own environment: one JSON request a line in, one JSON answer a line out.

A request holds ``peer``, ``y``, ``order``, ``seasonal_order``, ``season_length`` and ``mean``; ``order`` is absent for
an automatic search. The answer holds ``seconds`` of the fit alone and ``coefficients`` in our signs.
"""

import json
import sys
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")


def statsforecast_fixed(job, y):
    from statsforecast.models import ARIMA

    model = ARIMA(
        order=tuple(job["order"]), seasonal_order=tuple(job["seasonal_order"]), season_length=job["season_length"],
        include_mean=job["mean"],
    )  # fmt: skip
    began = time.perf_counter()
    fitted = model.fit(y)
    seconds = time.perf_counter() - began
    return seconds, _named(fitted.model_["coef"], ("ar", "ma", "sar", "sma"))


def statsforecast_auto(job, y):
    from statsforecast.models import AutoARIMA

    began = time.perf_counter()
    fitted = AutoARIMA(season_length=job["season_length"]).fit(y).model_
    seconds = time.perf_counter() - began
    p, q, P, Q, _, d, D = (int(v) for v in fitted["arma"])
    return seconds, {"order": [p, d, q], "seasonal_order": [P, D, Q], "aicc": float(fitted["aicc"])}


def _named(coefficients, prefixes):
    groups = {key: [] for key in ("phi", "theta", "seasonal_phi", "seasonal_theta")}
    for key, prefix in zip(groups, prefixes, strict=True):
        k = 1
        while f"{prefix}{k}" in coefficients:
            groups[key].append(float(coefficients[f"{prefix}{k}"]))
            k += 1
    return groups


PEERS = {"statsforecast": statsforecast_fixed, "statsforecast auto": statsforecast_auto}

if __name__ == "__main__":
    for line in sys.stdin:
        job = json.loads(line)
        try:
            seconds, answer = PEERS[job["peer"]](job, np.array(job["y"]))
            print(json.dumps({"seconds": seconds, **answer}), flush=True)
        except Exception as error:
            print(json.dumps({"error": repr(error)}), flush=True)
