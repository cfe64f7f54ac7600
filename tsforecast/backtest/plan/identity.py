"""The identity of a run, so that only the same run is resumed: settings, and hashes of data, models and code."""

import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from tsforecast.backtest.plan.content import OpaqueError, content_hash, holds_own_code
from tsforecast.backtest.plan.describe import OPAQUE, describe, describe_models
from tsforecast.backtest.plan.jobs import Job
from tsforecast.backtest.plan.plan import Plan
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError
from tsforecast.metrics.choose import score_facts
from tsforecast.panel.times.frequency import freq_name

# Packages that a forecast can depend on; results of jobs made under other versions are not used.
_PACKAGES = ("tsforecast", "numpy", "scipy", "pandas", "numba", "statsmodels", "torch", "pytorch-lightning")


def resolved_config(plan: Plan) -> dict[str, Any]:
    """All settings of a run, as the command line reads them back."""
    return {
        **plan.source,
        **describe(dataclasses.asdict(plan.cv)),
        "refit": describe(plan.refit),
        "models": describe_models(plan.models),
        "metrics": [metric.name for metric in plan.metrics],
        "level": list(plan.level),
        "quantiles": list(plan.quantiles),
        "seeds": None if plan.seeds is None else list(plan.seeds),
        "season_length": int(plan.season_length),
        "audit": bool(plan.audit),
        "too_short": plan.too_short,
        "budget": describe(plan.budget),
    }


def run_identity(plan: Plan) -> dict[str, Any]:
    """Everything that two runs must have in common for one to go on where the other stopped."""
    panel = plan.panel
    data = {
        "fingerprint": panel.fingerprint(),
        "n_series": panel.n_series,
        "n_obs": panel.n_obs,
        "freq": freq_name(panel.freq),
        "covariates": list(panel.covariate_names),
        **({"past_covariates": list(panel.past_names)} if panel.past_names else {}),
        **({"calendar": panel.calendar} if panel.calendar is not None else {}),
        "static": [] if panel.static is None else list(map(str, panel.static.columns)),
    }
    settings = {key: value for key, value in resolved_config(plan).items() if key not in plan.source}
    scores = {name: dataclasses.asdict(about) for name, about in score_facts(plan.metrics, plan.level).items()}
    return {
        "data": data,
        **settings,
        "scores": scores,
        "code": own_code(plan.models),
        "content": contents(plan.models),
        "scoring": {metric.name: describe(metric) for metric in plan.metrics},
        "packages": package_versions(),
    }


def job_keys(plan: Plan, jobs: Sequence[Job]) -> list[str]:
    """A hash, for each job, of all that its forecasts depend on: data, model, cutoffs, quantiles, package versions."""
    common = [plan.panel.fingerprint(), describe(dataclasses.asdict(plan.cv)), plan.levels.tolist(), package_versions()]
    shared = json.dumps(common, sort_keys=True)
    described: dict[int, str] = {}
    content = contents(plan.models)
    keys = []
    for job in jobs:
        if id(job.forecaster) not in described:
            described[id(job.forecaster)] = json.dumps(describe(job.forecaster), sort_keys=True)
        model = [job.model, described[id(job.forecaster)], content[job.model]]
        own = json.dumps([model, job.seed, job.windows, job.first, job.stop])
        keys.append(hashlib.sha256((shared + own).encode()).hexdigest()[:24])
    return keys


def contents(models: Mapping[str, BaseForecaster]) -> dict[str, str]:
    """A hash of the content of each model, by name; a text that says so for one that cannot be compared."""
    found = {}
    for name, model in models.items():
        try:
            found[name] = content_hash(model)
        except OpaqueError as error:
            found[name] = OPAQUE.format(type(error.value).__name__)
    return found


def own_code(models: Mapping[str, BaseForecaster]) -> dict[str, str]:
    """A hash of each model that depends on the user's own code, which is part of what was run."""
    return {name: text[:16] for name, text in contents(models).items() if holds_own_code(models[name])}


def check_comparable(models: Mapping[str, BaseForecaster], functions: Mapping[str, object]) -> None:
    """Raise a `ParameterError` where a model or a metric has no comparable content, so that no run could be resumed."""
    for what, named in (("Model", models), ("Metric", functions)):
        for name, value in named.items():
            try:
                content_hash(value)
            except OpaqueError as error:
                place = f": {'.'.join(error.path)}" if error.path else ""
                raise ParameterError(
                    f"{what} {name!r}{place} holds a {type(error.value).__name__}, whose content cannot be compared, "
                    "so that a run could not go on with it: give something else, or no output folder."
                ) from None


@functools.cache
def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that forecasts can depend on."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "absent"
    return versions
