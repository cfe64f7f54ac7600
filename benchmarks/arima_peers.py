"""Runs in the peers' own environment: one JSON request a line in, one JSON answer a line out.

A request holds ``peer``, ``y``, ``season_length`` and, for a fit of one order, ``order``, ``seasonal_order`` and
``trend``; for an automatic search ``horizon`` in their place. The answer holds ``seconds`` of the fit alone and the
coefficients in our signs, by ``phi``, ``theta``, ``seasonal_phi`` and ``seasonal_theta``; a search's also ``order``,
``seasonal_order``, ``trend`` and ``forecast``.
"""

import json
import re
import sys
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")

GROUPS = ("phi", "theta", "seasonal_phi", "seasonal_theta")


def timed(function):
    began = time.perf_counter()
    result = function()
    return time.perf_counter() - began, result


def from_names(pairs, prefixes):
    """Coefficients by group; a name is a prefix and a number, and numbers come in growing order."""
    groups = {key: [] for key in GROUPS}
    for name, value in pairs:
        prefix, lag = re.fullmatch(r"(.*?)(\d*)", name).groups()
        if prefix in prefixes and lag:
            groups[GROUPS[prefixes.index(prefix)]].append(float(value))
    return groups


STATSFORECAST = ("ar", "ma", "sar", "sma")
STATSMODELS = ("ar.L", "ma.L", "ar.S.L", "ma.S.L")


def statsforecast_fixed(job, y):
    from statsforecast.models import ARIMA

    model = ARIMA(
        order=tuple(job["order"]), seasonal_order=tuple(job["seasonal_order"]), season_length=job["season_length"],
        include_mean="mean" in job["trend"], include_drift="drift" in job["trend"],
    )  # fmt: skip
    seconds, fitted = timed(lambda: model.fit(y))
    return seconds, from_names(fitted.model_["coef"].items(), STATSFORECAST)


def statsforecast_auto(job, y):
    from statsforecast.models import AutoARIMA

    seconds, fitted = timed(lambda: AutoARIMA(season_length=job["season_length"]).fit(y))
    model = fitted.model_
    p, q, P, Q, _, d, D = (int(v) for v in model["arma"])
    trend = [{"intercept": "mean"}.get(name, name) for name in model["coef"] if name in ("intercept", "drift")]
    answer = {"order": [p, d, q], "seasonal_order": [P, D, Q], "trend": trend}
    answer["forecast"] = [float(v) for v in fitted.predict(h=job["horizon"])["mean"]]
    return seconds, answer | from_names(model["coef"].items(), STATSFORECAST)


def pmdarima_fixed(job, y, module):
    season = job["season_length"] if any(job["seasonal_order"]) else 0
    model = module.ARIMA(
        order=tuple(job["order"]), seasonal_order=(*job["seasonal_order"], season), with_intercept=bool(job["trend"])
    )
    seconds, fitted = timed(lambda: model.fit(y))
    result = fitted.arima_res_
    return seconds, from_names(zip(result.param_names, result.params, strict=True), STATSMODELS)


def pmdarima_auto(job, y, module):
    season = job["season_length"]
    seconds, fitted = timed(
        lambda: module.auto_arima(
            y,
            m=season,
            seasonal=season > 1,
            information_criterion="aicc",
            error_action="ignore",
            suppress_warnings=True,
        )
    )
    result = fitted.arima_res_
    differences = fitted.order[1] + fitted.seasonal_order[1]
    trend = [] if not fitted.with_intercept else ["mean"] if differences == 0 else ["drift"] if differences == 1 else []
    answer = {"order": list(fitted.order), "seasonal_order": list(fitted.seasonal_order[:3]), "trend": trend}
    answer["forecast"] = [float(v) for v in fitted.predict(job["horizon"])]
    return seconds, answer | from_names(zip(result.param_names, result.params, strict=True), STATSMODELS)


def rustima_fixed(job, y):
    import rustima

    season = job["season_length"] if any(job["seasonal_order"]) else 0
    model = rustima.SARIMAXModel(
        y, order=tuple(job["order"]), seasonal_order=(*job["seasonal_order"], season),
        trend="c" if job["trend"] else "n", simple_differencing=True,
    )  # fmt: skip
    seconds, result = timed(model.fit)
    return seconds, from_names(zip(result.param_names, result.params, strict=True), STATSMODELS)


def rustima_auto(job, y):
    import rustima

    season = job["season_length"]
    seconds, found = timed(
        lambda: rustima.auto_arima(y, s=season if season > 1 else 0, criterion="aic")  # it has no AICc
    )
    names, values = found.result.param_names, found.result.params
    answer = {"order": list(found.order), "seasonal_order": list(found.seasonal_order[:3]), "trend": []}
    answer["forecast"] = [float(v) for v in found.result.forecast(job["horizon"]).predicted_mean]
    return seconds, answer | from_names(zip(names, values, strict=True), STATSMODELS)


def aeon_fixed(job, y):
    from aeon.forecasting.stats import ARIMA

    if any(job["seasonal_order"]):
        raise NotImplementedError("aeon has no seasonal part")
    p, d, q = job["order"]
    model = ARIMA(p=p, d=d, q=q, use_constant=bool(job["trend"]))
    seconds, _ = timed(lambda: model.fit(y))
    return seconds, {"phi": list(map(float, model.phi_)), "theta": list(map(float, model.theta_))}


def aeon_auto(job, y):
    from aeon.forecasting.stats import AutoARIMA

    seconds, fitted = timed(lambda: AutoARIMA().fit(y))
    model = fitted.final_model_
    trend = ["mean"] if fitted.constant_term_ and fitted.d_ == 0 else []
    answer = {"order": [int(fitted.p_), int(fitted.d_), int(fitted.q_)], "seasonal_order": [0, 0, 0], "trend": trend}
    answer["forecast"] = [float(v) for v in fitted.iterative_forecast(y, job["horizon"])]
    return seconds, answer | {"phi": list(map(float, model.phi_)), "theta": list(map(float, model.theta_))}


def answer(job):
    """Seconds and result of the peer and task that a request names."""
    y, automatic = np.array(job["y"]), "order" not in job
    if job["peer"] in ("pmdarima", "pmdarima-rs"):
        module = __import__(job["peer"].replace("-", "_"))
        return (pmdarima_auto if automatic else pmdarima_fixed)(job, y, module)
    peers = {
        "statsforecast": (statsforecast_fixed, statsforecast_auto),
        "rustima": (rustima_fixed, rustima_auto),
        "aeon": (aeon_fixed, aeon_auto),
    }
    return peers[job["peer"]][automatic](job, y)


if __name__ == "__main__":
    for line in sys.stdin:
        try:
            seconds, result = answer(json.loads(line))
            empty = {key: [] for key in GROUPS}
            print(json.dumps({"seconds": seconds, **empty, **result}), flush=True)
        except Exception as error:
            print(json.dumps({"error": repr(error)}), flush=True)
