"""Heads: what raw outputs of a network mean, with the loss that trains them and their quantiles."""

from tsforecast.models.neural.heads.choose import LossName, head_of
from tsforecast.models.neural.heads.gaussian import GaussianHead
from tsforecast.models.neural.heads.head import Head, losses_of
from tsforecast.models.neural.heads.negative_binomial import NegativeBinomialHead
from tsforecast.models.neural.heads.point import PointHead
from tsforecast.models.neural.heads.quantile import QuantileHead
from tsforecast.models.neural.heads.student_t import StudentTHead

__all__ = [
    "GaussianHead",
    "Head",
    "LossName",
    "NegativeBinomialHead",
    "PointHead",
    "QuantileHead",
    "StudentTHead",
    "head_of",
    "losses_of",
]
