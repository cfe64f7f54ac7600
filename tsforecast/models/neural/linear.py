"""LinearAR: the linear autoregression on which the recurrent networks start, as a forecaster of its own."""

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from tsforecast._bounds import Bounds
from tsforecast.exceptions import DataError
from tsforecast.models.neural.base import NeuralBase
from tsforecast.models.neural.checks import check_value
from tsforecast.models.neural.forecasting.checkpoint import load_checkpoint
from tsforecast.models.neural.networks.no_network import NoNetwork
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.options import Decoding, Training, group_of
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.models.neural.seeds import seed_of
from tsforecast.models.neural.training.recipe import Recipe


class LinearAR(NeuralBase):
    """A linear autoregression, direct for each step ahead: what `LSTM`, `GRU` and `RNN` start from, without a network.

    For each step ahead a ridge regression (Hoerl & Kennard 1970) on what a network would see: the latest values
    relative to level and scale, the place in the season, covariates and static values. Preparation, season, hold-out
    tail and intervals are those of `LSTM`, too. So a comparison of the two tells what the recurrence is worth.

    Parameters
    ----------
    season_length : int, optional
        Steps per season; what is usual for the frequency where it is None.
    decoding : Decoding, or mapping of its fields, optional
        One output for many steps (default), or steps fed back one by one. The loss weighs the observations of the
        regression, whose residuals are treated robustly (Huber 1964) with any; for a loss of whole distributions
        (``"gaussian"``, ``"quantile"``, …) what is not the location is a constant for each step ahead.
    preparation : Preparation, or mapping of its fields, optional
        Transform, season and level of the series.
    scope : {"global", "per_series"}
        One regression for all series, or one for each.
    validation_size : float
        Share at the end of each series that is forecast by a first regression without it, from whose errors the width
        of the intervals is learnt; 0 for none. The regression that forecasts learns from the whole series.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Attributes
    ----------
    trained_ : list of Trained
        One regression for all series, or one for each; ``network.slopes`` and ``network.intercept`` are its
        coefficients.

    Notes
    -----
    `fit_folder` learns the regression from the sample of the series that is kept.

    Examples
    --------
    >>> from tsforecast import load
    >>> airline = load("airline").series
    >>> forecast = LinearAR().fit(airline.iloc[:-12]).predict(12, level=80)
    >>> list(forecast.columns), len(forecast)
    (['mean', 'lo-80', 'hi-80'], 12)
    """

    fits_together = False
    nests = ()  # unlike a network that starts from it
    quick_params: ClassVar = {}
    search_space: ClassVar = {}

    def __init__(
        self,
        season_length: int | None = None,
        *,
        decoding: Decoding | dict[str, Any] | None = None,
        preparation: Preparation | dict[str, Any] | None = None,
        scope: Literal["global", "per_series"] = "global",
        validation_size: float = 0.1,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.season_length = season_length
        self.decoding = decoding
        self.preparation = preparation
        self.scope = scope
        self.validation_size = validation_size
        self.nonnegative = nonnegative
        self.bounds = bounds

    @property
    def is_global(self) -> bool:
        """Whether one regression is learnt from all series together."""
        return self.scope == "global"

    @property
    def share_(self) -> float:  # never one for each series
        """0: there is no network."""
        self._check_fitted()
        return 0.0

    @classmethod
    def from_checkpoint(cls, path: str | Path) -> Self:
        """An error: a regression is fitted in one step, and no run of ``tsforecast train`` saves one.

        Raises
        ------
        MissingFileError
            There is no such file.
        DataError
            There is one.
        """
        held = load_checkpoint(path).spec.network.__name__
        raise DataError(f"{str(path)!r} holds a {held}; LinearAR has no checkpoints: fit it, it takes no training.")

    @property
    def _spec(self) -> NetworkSpec:
        return NetworkSpec(NoNetwork)

    @property
    def _recipe(self) -> Recipe:
        return Recipe(
            spec=self._spec,
            season_length=self.season_length,
            bptt_length=None,
            lr=1.0,  # of no use, as no step is made
            max_epochs=None,
            n_members=1,
            decoding=group_of(Decoding, "decoding", self.decoding),
            preparation=group_of(Preparation, "preparation", self.preparation),
            training=Training(scope=self.scope, validation_size=self.validation_size),
        )

    @property
    def _seed(self) -> int:
        return seed_of(0)  # of sampled paths of a recursive forecast

    def _check(self) -> None:
        check_value("season_length", self.season_length, int | None, 1)
        _ = self._recipe  # checks its options
