"""Options of the neural forecasters in groups: frozen dataclasses, usable as estimator parameters and in YAML."""

import dataclasses
from typing import Any, Literal, TypeAlias, TypeVar

from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.checks import check_fields
from tsforecast.models.neural.heads import LossName

Group = TypeVar("Group")
Start: TypeAlias = Literal["linear", "zero"]  # of training: from a linear autoregression, or from nothing


@dataclasses.dataclass(frozen=True)
class Training:
    """Options: how a network is trained.

    Attributes
    ----------
    kind : {"bptt", "windows"}
        Truncated backpropagation with carried state, or windows drawn at random with the state at zero before each.
    window_length : int, optional
        Steps of a window; two seasons, at least 24, where it is None.
    optimizer : {"adam", "adamw", "sgd"}
        SGD has momentum 0.9.
    weight_decay : float, optional
        This times the weights is added to the gradient (with ``"adamw"``, subtracted from the weights). Where it is
        None, 4 over the number of observations, for every optimiser: a Gaussian prior about zero worth 4 observations,
        so that with few observations forecasts stay near the linear start.
    schedule : {"onecycle", "constant"}
        ``"onecycle"`` (Smith 2018): the learning rate rises for a quarter of the run, then falls, by cosines.
    gradient_clip_val : float or None
        Largest Euclidean norm of a network's gradient; None for no clipping.
    batch_size : int
        Largest number of parallel streams.
    max_steps : int, optional
        Optimiser steps of a run where ``max_epochs`` is None. Where both are None, 5 times the square root of the
        number of observations, in tens, at least 60.
    validation_size : float
        Share at the end of each series (its tail) that is not trained on at first; 0 for none. What it is used for,
        ``refit`` decides.
    patience : int
        Validations without a better loss after which training ends; the best weights are restored. Used only where
        ``refit`` is false: otherwise there is no validation during training and no early stopping.
    refit : bool
        Whether the forecasting networks are trained on the whole series, tails included. Before that, two more members
        are trained without the tails and forecast them, which tells how far to trust the network and how wide
        intervals must be: see `tsforecast.models.neural.forecasting.holdout`.
    scope : {"global", "per_series"}
        One network for all series, or one for each.
    averaging : float
        Share at the end of the run over which the weights after each epoch are averaged (Izmailov et al. 2018), in
        place of keeping the best; 0 for no averaging.
    accelerator : {"auto", "cpu", "gpu"}
        Where training runs. ``"auto"`` takes a GPU where there is one and a step is large: networks times streams times
        ``hidden_size`` at least 65,536. Forecasts are made on the processor.
    precision : {"32-true", "bf16-mixed"}
        Precision of matrix products in training, named as in Lightning.
    deterministic : bool
        Whether results on a GPU are the same to the bit each time; on a processor they always are.

    Examples
    --------
    >>> Training(optimizer="sgd").gradient_clip_val
    1.0
    """

    kind: Literal["bptt", "windows"] = "bptt"
    window_length: int | None = None
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    weight_decay: float | None = None
    schedule: Literal["onecycle", "constant"] = "onecycle"
    gradient_clip_val: float | None = 1.0
    batch_size: int = 32
    max_steps: int | None = None
    validation_size: float = 0.1
    patience: int = 10
    refit: bool = True
    scope: Literal["global", "per_series"] = "global"
    averaging: float = 0.0
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    deterministic: bool = False

    def __post_init__(self) -> None:
        """Check the fields."""
        check_fields(
            self,
            {
                "window_length": 1,
                "weight_decay": 0,
                "gradient_clip_val": 0,
                "batch_size": 1,
                "max_steps": 1,
                "validation_size": 0,
                "patience": 0,
                "averaging": 0,
            },
        )
        if not self.validation_size < 1:
            raise ParameterError(f"validation_size={self.validation_size} is not a share, 0 <= validation_size < 1.")
        if not self.averaging <= 1:
            raise ParameterError(f"averaging={self.averaging} is not a share, 0 <= averaging <= 1.")


@dataclasses.dataclass(frozen=True)
class Decoding:
    """Options: what an output of the network is, and how outputs become a forecast of many steps.

    Attributes
    ----------
    kind : {"direct", "recursive"}
        ``"direct"``: one output covers ``horizon`` steps at once; ``"recursive"``: it covers one step, and the forecast
        is fed back as the next value.
    horizon : int, optional
        Steps that a direct output covers; for a longer forecast they are fed back. Where it is None one and a half
        seasons of a year (8 to 36), two of a week or a day (8 to 48), or 12 where there is no season.
    loss : {"mae", "mase", "balanced", "mse", "huber", "quantile", "gaussian", "student_t", "negative_binomial"}
        The training loss. The first five are for point forecasts, whose intervals come from residuals; the others are
        for whole distributions. ``"mase"`` weighs the errors of ``"mae"`` as the mean absolute scaled error does, and
        ``"balanced"`` half way between that and errors in percent: see
        `tsforecast.models.neural.prepare.loss_weights`.
        ``"negative_binomial"`` is for counts, whole numbers from 0 on. It, ``"mse"`` and ``"gaussian"`` forecast the
        mean, adjusted for bias where a transform is undone, the others the median.
    adjust_bias : bool, optional
        Whether ``mean`` is adjusted for bias where a transform is undone, so that it is one on the scale of the series.
        Where it is None, it is for ``"mse"`` and ``"gaussian"``, which forecast the mean of the transformed series;
        the other losses forecast its median, which is more accurate without it (measured in docs/benchmarks.md).
    n_samples : int
        Paths sampled for the intervals of a recursive forecast.

    Examples
    --------
    >>> Decoding(kind="recursive").n_samples
    200
    """

    kind: Literal["direct", "recursive"] = "direct"
    horizon: int | None = None
    loss: LossName = "balanced"
    n_samples: int = 200
    adjust_bias: bool | None = None

    def __post_init__(self) -> None:
        """Check the fields."""
        check_fields(self, {"horizon": 1, "n_samples": 1})

    @property
    def adjusts(self) -> bool:
        """Whether ``mean`` is adjusted for bias."""
        return self.loss in ("mse", "gaussian") if self.adjust_bias is None else self.adjust_bias

    @property
    def is_median(self) -> bool:
        """Whether ``mean`` is the median of the predictive distribution."""
        return self.loss not in ("mse", "gaussian", "negative_binomial") and not self.adjusts


def group_fields(kind: type[Any], name: str, given: Any) -> dict[str, Any]:
    """The fields of a group of options as nested parameters, ``training__scope`` and so on; none if it is invalid.

    Examples
    --------
    >>> group_fields(Decoding, "decoding", {"loss": "mse"})["decoding__loss"]
    'mse'
    """
    try:
        group = group_of(kind, name, given)
    except ParameterError:  # fit says so
        return {}
    return {f"{name}__{field.name}": getattr(group, field.name) for field in dataclasses.fields(kind)}


def group_with(kind: type[Any], name: str, given: Any, fields: dict[str, Any]) -> Any:
    """The group of options with other values of some fields; ``given`` itself, where nothing changes.

    Raises
    ------
    ParameterError
        There is no such field, or it cannot have that value.

    Examples
    --------
    >>> group_with(Decoding, "decoding", None, {"loss": "mse"}).loss
    'mse'
    """
    known = [field.name for field in dataclasses.fields(kind)]
    unknown = [field for field in fields if field not in known]
    if unknown:
        raise ParameterError(f"{name}__{unknown[0]}: {name} has no field {unknown[0]!r}; it has {', '.join(known)}.")
    before = group_of(kind, name, given)
    after = dataclasses.replace(before, **fields)
    return given if after == before else after


def group_of(kind: type[Group], name: str, given: Any) -> Group:
    """The group of options: ``given`` itself, one made from a mapping of its fields, or the defaults for None.

    Examples
    --------
    >>> group_of(Training, "training", {"optimizer": "sgd"}).optimizer
    'sgd'
    """
    if given is None:
        return kind()
    if isinstance(given, kind):
        return given
    if not isinstance(given, dict):
        raise ParameterError(f"{name}={given!r} is neither a {kind.__name__} nor a mapping of its fields.")
    fields = given.get("init_args", given)
    known = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]  # every group is a dataclass
    unknown = sorted(set(fields) - set(known) - {"class_path"})
    if unknown:
        raise ParameterError(f"{name} has no field {unknown[0]!r}; it has {known}.")
    return kind(**{key: value for key, value in fields.items() if key != "class_path"})
