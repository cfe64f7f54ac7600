"""head_of: the head of a loss, by its name."""

from typing import Literal, TypeAlias, get_args

from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.heads.gaussian import GaussianHead
from tsforecast.models.neural.heads.head import Head
from tsforecast.models.neural.heads.negative_binomial import NegativeBinomialHead
from tsforecast.models.neural.heads.point import PointHead
from tsforecast.models.neural.heads.quantile import QuantileHead
from tsforecast.models.neural.heads.student_t import StudentTHead

LossName: TypeAlias = Literal[
    "mae", "mase", "balanced", "mse", "huber", "quantile", "gaussian", "student_t", "negative_binomial"
]


def head_of(name: LossName) -> Head:
    """The head of a loss, by its name.

    Examples
    --------
    >>> head_of("gaussian").n_params
    2
    """
    if name in ("mae", "mase", "balanced", "mse", "huber"):
        return PointHead(name)
    others: dict[str, type[Head]] = {
        "quantile": QuantileHead,
        "gaussian": GaussianHead,
        "student_t": StudentTHead,
        "negative_binomial": NegativeBinomialHead,
    }
    if name not in others:
        raise ParameterError(f"loss={name!r} is none of {list(get_args(LossName))}.")
    return others[name]()
