"""Warm start: what a fit that goes on from an earlier one keeps of it, and when it cannot go on.

Kept, as the weights were made for them: the columns of the inputs, the scales of covariates, and the choices made for
each known series (transform, whether it has a season, whether it returns to its mean). Also kept is the result of the
holdout fit: weights that have seen the tails cannot tell any more how accurate they are on new values.

Learnt anew from all values, in closed form: seasonal indices, levels and scales, the linear start, and the sizes of
residuals. The optimiser begins anew, its learning rate with it: averages of gradients of a finished run, taken when
its learning rate had come down, say little about steps on other data, and a saved forecaster is a third without them.
"""

import dataclasses

import torch

from tsforecast.exceptions import CovariateError, FrequencyError, ParameterError
from tsforecast.models.neural.forecasting.holdout import NO_HOLDOUT, HoldoutResult
from tsforecast.models.neural.forecasting.trained import Trained
from tsforecast.models.neural.heads import head_of
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.members import Members
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.options import Decoding, Start
from tsforecast.models.neural.prepare.features import FeatureLayout
from tsforecast.models.neural.prepare.fitted import FittedPreparation
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.panel import Panel

_FREE = ("dropout",)  # settings of a network that change how it is trained, not what it computes


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the parameters of a forecaster ask of the network that is to be trained further."""

    spec: NetworkSpec
    n_members: int
    start: Start
    decoding: Decoding
    preparation: Preparation
    season_length: int | None


def prepared_again(before: Trained, panel: Panel) -> tuple[FittedPreparation, FeatureLayout]:
    """The preparation of series to train a network on further, and the columns of its inputs."""
    return before.prepared_again(panel), dataclasses.replace(before.layout, n_series=panel.n_series)


def holdout_before(before: Trained | None) -> HoldoutResult:
    """The result of the holdout fit before; none where a network begins anew."""
    return NO_HOLDOUT if before is None else HoldoutResult(before.share, before.spread.optimism)


def check_goes_on_with(before: Trained, wanted: Wanted, known: Panel, panel: Panel) -> None:
    """Raise an error where the training of a network on ``known`` series cannot go on with other series.

    Raises
    ------
    ParameterError
        The forecaster has other arguments than when the network was made.
    CovariateError, FrequencyError
        The series have other covariates, or another frequency.
    """
    _check_arguments(before, wanted, panel)
    if freq_differs(known, panel):
        raise FrequencyError(
            f"warm_start=True: the network was trained on series of frequency {known.freq}, these have {panel.freq}."
        )
    for what, had, has in (
        ("covariates", known.covariate_names, panel.covariate_names),
        ("past-only covariates", known.past_names, panel.past_names),
        ("static columns", before.layout.static_code.names, _static_names(panel)),
    ):
        if tuple(had) != tuple(has):
            raise CovariateError(
                f"warm_start=True: the network was trained with the {what} {list(had)}, these series have {list(has)}. "
                "Give the same, or fit anew without warm_start."
            )
    layout = dataclasses.replace(before.layout, n_series=panel.n_series)
    _check_weights(before, wanted, layout, same=known.ids.equals(panel.ids))


def freq_differs(known: Panel, panel: Panel) -> bool:
    """Whether two panels have another frequency."""
    return bool(known.freq != panel.freq)


def _static_names(panel: Panel) -> tuple[str, ...]:
    return () if panel.static is None else tuple(map(str, panel.static.columns))


def _check_arguments(before: Trained, wanted: Wanted, panel: Panel) -> None:
    season = wanted.season_length or panel.season_length
    pairs = [
        ("n_members", before.network.n_members, wanted.n_members),
        ("season_length", before.layout.season_length, season),
        ("decoding", before.decoding, wanted.decoding),
        ("preparation", before.preparation, wanted.preparation),
    ]
    if isinstance(before.network.members, Members):
        own = before.network.members
        pairs += [
            ("network", own.network, wanted.spec.network),
            ("settings", _fixed(own.settings), _fixed(dict(wanted.spec.settings))),
        ]
    if bool(before.network.slopes.any()) and wanted.start == "zero":
        pairs.append(("start", "linear", wanted.start))
    for name, had, has in pairs:
        if had != has:
            raise _other(name, had, has)


def _fixed(settings: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in settings.items() if name not in _FREE}


def _check_weights(before: Trained, wanted: Wanted, layout: FeatureLayout, *, same: bool) -> None:
    """Raise where the network to be trained has weights of other shapes, or some of its own for each series."""
    had = _shapes(before.network)
    if not before.network.has_weights:
        raise ParameterError(
            "warm_start=True: this forecaster has no weights that are trained step by step; fit it anew."
        )
    has = _shapes_of(wanted, layout)
    per_series = has != _shapes_of(wanted, dataclasses.replace(layout, n_series=layout.n_series + 1))
    if per_series and not same:
        raise ParameterError(
            f"warm_start=True: {wanted.spec.network.__name__} has weights for each series, so that it can go on with "
            "the same series in the same order only. Fit anew without warm_start."
        )
    for name in sorted({*had, *has}):
        if had.get(name) != has.get(name):
            raise _other(f"weights {name!r} of shape", had.get(name), has.get(name))


def _shapes(network: LinearStart) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def _shapes_of(wanted: Wanted, layout: FeatureLayout) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return _shapes(wanted.spec.build(layout, head_of(wanted.decoding.loss).n_params, range(wanted.n_members)))


def _other(name: str, had: object, has: object) -> ParameterError:
    return ParameterError(
        f"warm_start=True: the network was trained with {name} {had!r}, and now it is {has!r}. Training goes on "
        "with the same network only; fit anew without warm_start."
    )
