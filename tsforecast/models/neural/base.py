"""NeuralBase: parameters, fitting, forecasting, folders and checkpoints of all neural forecasters."""

import copy
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd

from tsforecast._arguments import check_finite, check_forecast_size, steps_ahead
from tsforecast._bounds import Bounds
from tsforecast._facts import SHARED, Detailed, Facts
from tsforecast._fitting import remember
from tsforecast._predicting import forecast_within, future_of, origin_of
from tsforecast._saving import learnt_of, set_learnt
from tsforecast._types import Bools, Floats
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.forecast import Forecast
from tsforecast.models.neural.batches.defaults import fewest_for
from tsforecast.models.neural.batches.folder import Folder
from tsforecast.models.neural.checks import check_network, check_value
from tsforecast.models.neural.forecasting.checkpoint import Loaded, load_checkpoint
from tsforecast.models.neural.forecasting.diagnostics import network_figure
from tsforecast.models.neural.forecasting.parts import linear_part, season_part, table_of_parts
from tsforecast.models.neural.forecasting.paths import paths_each, paths_of
from tsforecast.models.neural.forecasting.saved import trained_from_saved, trained_to_saved
from tsforecast.models.neural.forecasting.trained import Trained, forecast_each
from tsforecast.models.neural.heads import head_of
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.networks.stock.cells import CellName
from tsforecast.models.neural.options import Decoding, Start, Training, group_fields, group_of, group_with
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.models.neural.seeds import seed_of
from tsforecast.models.neural.training.curve import TrainingCurve, check_curves, training_facts
from tsforecast.models.neural.training.quiet import one_thread
from tsforecast.models.neural.training.recipe import FitOutcome, FitRequest, Recipe, learn, merged_error
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates
from tsforecast.panel.containers import Series, to_panel
from tsforecast.panel.covariates import CovariateGaps
from tsforecast.panel.magnitudes import check_sizes
from tsforecast.panel.too_short import SkipOrError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GROUPS: dict[str, type[Any]] = {"decoding": Decoding, "preparation": Preparation, "training": Training}


class NeuralBase(BaseForecaster):
    """Base of the neural forecasters: everything but the network."""

    handles_missing = True
    uses_covariates = True
    fits_together = True
    quick_params: ClassVar = {"max_epochs": 1}  # enough to load torch and the kernels
    search_space: ClassVar = {
        "hidden_size": (16, 32, 64),
        "num_layers": (1, 2),
        "dropout": (0.0, 0.1, 0.2),
        "lr": (0.003, 0.01, 0.03),
    }
    _cell: CellName = "lstm"
    curves_: Sequence[TrainingCurve]  # of each trained network; none in a forecaster read from a checkpoint

    def __init__(
        self,
        hidden_size: int | tuple[int, ...] = 32,
        num_layers: int = 1,
        *,
        dropout: float = 0.0,
        season_length: int | None = None,
        bptt_length: int | None = None,
        lr: float = 0.01,
        max_epochs: int | None = None,
        n_members: int = 8,
        start: Start = "linear",
        decoding: Decoding | dict[str, Any] | None = None,
        preparation: Preparation | dict[str, Any] | None = None,
        training: Training | dict[str, Any] | None = None,
        random_state: int | None = 0,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.season_length = season_length
        self.bptt_length = bptt_length
        self.lr = lr
        self.max_epochs = max_epochs
        self.n_members = n_members
        self.start = start
        self.decoding = decoding
        self.preparation = preparation
        self.training = training
        self.random_state = random_state
        self.nonnegative = nonnegative
        self.bounds = bounds

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Constructor arguments; with ``deep`` also the fields of groups of options, such as ``training__scope``."""
        params: dict[str, Any] = super().get_params(deep=False)
        for name in params.keys() & _GROUPS.keys() if deep else ():
            params |= group_fields(_GROUPS[name], name, params[name])
        return params

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments and fields of groups of options (``training__scope``); return the forecaster.

        Raises
        ------
        ValueError
            There is no such argument or field, or a field cannot have that value.

        Examples
        --------
        >>> from tsforecast import LSTM
        >>> LSTM().set_params(training__scope="per_series").get_params()["training__scope"]
        'per_series'
        """
        fields: dict[str, dict[str, Any]] = {name: {} for name in _GROUPS if hasattr(self, name)}
        for key in list(params):
            name, _, field = key.partition("__")
            if field and name in fields:
                fields[name][field] = params.pop(key)
        groups = {name: params.get(name, getattr(self, name)) for name in fields}
        changed = {name: group_with(_GROUPS[name], name, groups[name], own) for name, own in fields.items() if own}
        return super().set_params(**(params | changed))

    @property
    def is_global(self) -> bool:
        """Whether one network is trained on all series together."""
        return group_of(Training, "training", self.training).scope == "global"

    @property
    def forecasts_counts(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the loss is one of counts."""
        return head_of(group_of(Decoding, "decoding", self.decoding).loss).counts

    @property
    def _has_floor(self) -> bool:
        """Whether zero is the least forecast of series without negative values: where no least value is stated."""
        return self._range().low == -np.inf

    @property
    def nests(self) -> tuple[str, ...]:  # type: ignore[override] # here it depends on a constructor argument
        """`LinearAR`, where training starts from it."""
        return ("tsforecast.LinearAR",) if self.start == "linear" else ()

    @property
    def share_(self) -> "float | pd.Series[float]":
        """Factor of the network's part of a point forecast; with ``scope="per_series"`` one for each series, by name.

        The output of the networks for each step ahead is ``S x + c + share * V h``: a linear autoregression, and a
        share, 0 to 1, of what a recurrent network adds to it. The share is one number for all members, steps ahead and
        series that are learnt together: the one, in steps of 0.05, with the smallest mean absolute error when two
        members that were trained without the tails of the series forecast these. It is 1 where there is no such tail
        (``refit=False``, ``validation_size=0``) or no linear part (``start="zero"``).
        """
        self._check_fitted()
        if self.is_global:
            return self.trained_[0].share
        return pd.Series([trained.share for trained in self.trained_], self.panel_.ids, name="share")

    def fit_facts(self, detailed: Detailed = None) -> Facts:
        """How training went, of each network, and ``share``, `share_`, where it starts from a linear autoregression.

        ``epochs``, and for each whole epoch ``loss``, ``gradient_norm`` and, where tails were looked at,
        ``validation_loss``: see `TrainingCurve`. A forecaster read from a checkpoint knows the share only.

        Examples
        --------
        >>> from tsforecast import LSTM, load
        >>> told = LSTM(max_epochs=2).fit(load("airline").series).fit_facts()[""]
        >>> told["epochs"], len(told["loss"]), len(told["gradient_norm"])
        (2.0, 2, 2)
        """
        self._check_fitted()
        names: Sequence[Hashable] = [SHARED] if self.is_global else self.panel_.ids.tolist()
        shares = [trained.share for trained in self.trained_] if self.nests else []
        return training_facts(names, shares, self.curves_, detailed)

    def plot_diagnostics(self, unique_id: Any = None) -> "Figure":
        """A Figure of how a network was trained, and how far back it looks.

        Above, losses and norms of gradients by epoch, where this process trained it; below, the norm of the gradient of
        its outputs by the inputs k steps back: see `gradient_by_lag`. ``unique_id`` names the series to look at; by
        default the first with ``scope="per_series"``, else several series together.

        Raises
        ------
        UnknownNameError
            There is no series of that name.
        ParameterError
            The model has no network, as `LinearAR`.

        Examples
        --------
        >>> from tsforecast import LSTM, load
        >>> figure = LSTM(max_epochs=2).fit(load("airline").series).plot_diagnostics()
        >>> [ax.get_title(loc="left") for ax in figure.axes]
        ['Training', 'Gradient by lag', '']
        """
        self._check_fitted()
        chosen = [] if unique_id is None else self.panel_.positions(pd.Index([unique_id], tupleize_cols=False)).tolist()
        place = 0 if self.is_global else (chosen or [0])[0]
        panel = self.panel_ if self.is_global and not chosen else self.panel_.take(chosen or [place])
        curve = self.curves_[place] if place < len(self.curves_) else None
        losses = None if curve is None else (curve.loss, curve.validation_loss, curve.gradient_norm)
        of = panel.ids[0] if panel.n_series == 1 else f"{panel.n_series:,} series"
        return network_figure(f"{of}: {type(self).__name__}", self.trained_[place], panel, losses)

    def min_observations(self, panel: Panel) -> int:
        """Observations that each series needs: 8, and a lag more where differences are taken."""
        self._check()
        season = panel.season_length if self.season_length is None else self.season_length
        return fewest_for(group_of(Preparation, "preparation", self.preparation), season)

    @classmethod
    def from_checkpoint(cls, path: str | Path) -> Self:
        """The forecaster that a run of ``tsforecast train fit`` saved, ready to predict.

        Raises
        ------
        MissingFileError
            There is no such file.
        DataError
            It holds no network of this kind.
        """
        loaded = load_checkpoint(path)
        settings = dict(loaded.spec.settings)
        if loaded.spec.network is not RecurrentNetwork:
            raise DataError(
                f"{str(path)!r} holds a {loaded.spec.network.__name__}: see NeuralForecaster.from_checkpoint."
            )
        cell = settings.pop("cell", "lstm")
        if cell != cls._cell:
            raise DataError(f"{str(path)!r} holds a network of cell {cell!r}, not {cls._cell!r}.")
        return cls._of_checkpoint(loaded, settings)

    @classmethod
    def _of_checkpoint(cls, loaded: Loaded, arguments: dict[str, Any]) -> Self:
        trained = loaded.trained
        model = cls(
            **arguments,
            n_members=trained.network.n_members,
            bptt_length=loaded.bptt_length,
            season_length=trained.layout.season_length,
            start=loaded.start,
            decoding=trained.decoding,
            preparation=trained.preparation,
        )
        model.trained_, model.curves_ = [trained], []
        panel, container = to_panel(loaded.panel)
        remember(model, panel, panel, container)
        return model

    def fit_folder(
        self,
        folder: str | Path,
        *,
        covariates: Sequence[str] = (),
        static: Sequence[str] = (),
        too_short: SkipOrError = "error",
        covariate_gaps: CovariateGaps = "error",
    ) -> Self:
        """Fit to series in Parquet files that together may be larger than memory; return the forecaster.

        Files are read by row groups, a block of series at a time, again in each epoch: memory does not grow with their
        number. Forecast any series with ``predict(horizon, history=...)``. Only a random sample of the series is kept;
        ``predict`` without a history forecasts that sample.

        Parameters
        ----------
        folder : str or Path
            Holds files ``*.parquet``, in folders of its own or not, with the columns ``unique_id``, ``ds`` and ``y``;
            a part of a path such as ``store=12`` is a column. Rows of a series lie in one file, in order of time.
        covariates, static : sequence of str
            Further columns, as for `Panel.from_frame`.
        too_short : {"error", "skip"}
            Series with too few observations are an error that names all of them, or are left out and listed in
            ``skipped_``.
        covariate_gaps : {"error", "ffill", "interpolate"}
            Missing covariates are an error, or are filled in: see `Panel.with_covariates`.

        Raises
        ------
        MissingFileError
            There is no Parquet file.
        SeriesTooShortError
            Some series are too short, or, with ``"skip"``, all of them; ``series`` holds them all.
        DataError
            Times of the series are not regular, or values cannot be used.
        CovariateError
            A covariate or static value is missing; the message names the file, the series and the time.
        ParameterError
            The options ask for a network for each series, or for windows, which need all series in memory.
        """
        self._check()
        if not self.is_global:
            raise ParameterError("scope='per_series' keeps a network for each series; a folder needs scope='global'.")
        source = Folder(Path(folder), covariates, static, too_short=too_short, covariate_gaps=covariate_gaps)
        _, error = self._adopt(learn([FitRequest(self._recipe, source, self._seed)]))
        if error is not None:
            raise error
        panel, container = to_panel(source.sample(self._seed))
        remember(self, panel, panel, container)
        self.skipped_ = dict(source.skipped)
        return self

    def _fit(self, panel: Panel) -> None:
        ((_, error),) = self._fit_many([self], [panel])
        if error is not None:
            raise error

    @classmethod
    def _fit_many(cls, models: Sequence[Self], panels: Sequence[Panel]) -> list[tuple[float, Exception | None]]:
        """Seconds and error of each fit. Networks of one shape are trained together; weights are the same as alone."""
        requests: list[FitRequest] = []
        spans: list[slice | DataError | ParameterError] = []
        for model, panel in zip(models, panels, strict=True):
            try:
                own = model._requests(panel)
            except (DataError, ParameterError) as error:
                spans.append(error)
            else:
                spans.append(slice(len(requests), len(requests) + len(own)))
                requests += own
        learnt = learn(requests)
        return [
            (0.0, span) if isinstance(span, Exception) else model._adopt(learnt[span])
            for model, span in zip(models, spans, strict=True)
        ]

    def _requests(self, panel: Panel) -> list[FitRequest]:
        """One request for all series, or one for each."""
        self._check()
        check_sizes(panel)
        parts = [panel] if self.is_global else [panel.take([i]) for i in range(panel.n_series)]
        return [FitRequest(self._recipe, part, self._seed) for part in parts]

    @property
    def _spec(self) -> NetworkSpec:
        """The class of the network and its settings."""
        size = tuple(self.hidden_size) if isinstance(self.hidden_size, list) else self.hidden_size
        settings = {"cell": self._cell, "hidden_size": size, "num_layers": self.num_layers, "dropout": self.dropout}
        return NetworkSpec.of(RecurrentNetwork, settings)

    @property
    def _recipe(self) -> Recipe:
        return Recipe(
            spec=self._spec,
            season_length=self.season_length,
            bptt_length=self.bptt_length,
            lr=self.lr,
            max_epochs=self.max_epochs,
            n_members=self.n_members,
            decoding=group_of(Decoding, "decoding", self.decoding),
            preparation=group_of(Preparation, "preparation", self.preparation),
            training=group_of(Training, "training", self.training),
            start=self.start,
        )

    def _adopt(self, learnt: Sequence[FitOutcome]) -> tuple[float, Exception | None]:
        """Keep the trained networks unless one failed; return the seconds they took, and the error."""
        error = merged_error(learnt)
        if error is None:
            self.curves_ = [one.curve for one in learnt if one.curve is not None]
            self.trained_ = [one.outcome for one in learnt if isinstance(one.outcome, Trained)]
        return sum(one.seconds for one in learnt), error

    @property
    def _seed(self) -> int:
        return seed_of(self.random_state)

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        with one_thread():
            if self.is_global:
                return self.trained_[0].forecast(panel, horizon, X, levels, self._seed, floor=self._has_floor)
            return forecast_each(self._networks_of(panel), panel, horizon, X, levels, self._seed, floor=self._has_floor)

    def _sample_paths(
        self, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        size = (n_paths, horizon)
        with one_thread():
            if self.is_global:
                return paths_of(self.trained_[0], panel, size, X, rngs, self._seed, floor=self._has_floor)
            return paths_each(self._networks_of(panel), panel, size, X, rngs, self._seed, floor=self._has_floor)

    def _condense(self, panel: Panel) -> tuple[Self, Bools] | None:
        short = copy.copy(self)
        with one_thread():
            if self.is_global:
                found = [self.trained_[0].condensed(panel)]
            else:
                found = [own.condensed(panel.take([i])) for i, own in enumerate(self._networks_of(panel))]
        short.trained_ = [trained for trained in found if trained is not None]
        return (short, np.zeros(panel.n_series, dtype=np.bool_)) if len(short.trained_) == len(found) else None

    def _learnt(self) -> dict[str, Any]:
        held = [trained_to_saved(trained, self.panel_) for trained in self.trained_]
        return {**learnt_of(self), "trained_": held}

    def _restore(self, learnt: Mapping[str, Any]) -> None:
        self._check()
        set_learnt(self, {"curves_": [], **learnt})
        panels = [self.panel_] if self.is_global else [self.panel_.take([i]) for i in range(self.panel_.n_series)]
        held = zip(learnt["trained_"], panels, strict=True)
        self.trained_ = [trained_from_saved(saved, self._spec, panel) for saved, panel in held]
        check_curves(self.curves_, len(panels))

    def _networks_of(self, panel: Panel) -> list[Trained]:
        """The network of each series of a panel."""
        return [self.trained_[k] for k in self.panel_.positions(panel.ids)]

    def parts(self) -> dict[str, BaseForecaster]:
        """The same fitted forecaster with its network switched off, and with the linear autoregression off, too.

        By the names ``"season"`` (level and season go on) and ``"linear part"`` (with the linear autoregression added);
        none with ``start="zero"``, which has no linear part. Intervals are as wide as those of the whole.

        Examples
        --------
        >>> from tsforecast import LSTM, load
        >>> model = LSTM(max_epochs=2).fit(load("airline").series)
        >>> {name: len(part.predict(12)) for name, part in model.parts().items()}
        {'season': 12, 'linear part': 12}
        """
        self._check_fitted()
        return {"season": self._with(season_part), "linear part": self._with(linear_part)} if self.nests else {}

    def decompose(self, horizon: int, X: Covariates | None = None, *, history: Series | None = None) -> pd.DataFrame:
        """Point forecasts as sums of their parts, in the unit of the series, one row a series and step.

        Parts are differences of forecasts in which more and more is switched on. ``season`` is the forecast of the
        preparation alone: the level at the end (or the mean, of a series that returns to it) and the season go on.
        ``linear`` is what the linear autoregression adds to that, and ``recurrent`` what the share of the network
        (`share_`) adds to both. Without a transform, and within the limits that every forecast has, these are the terms
        of the output; a logarithm makes of them factors, so that what a part adds depends on the order, which is this.

        Parameters
        ----------
        horizon, X, history
            As for `predict`.

        Returns
        -------
        DataFrame
            ``unique_id``, ``ds``, ``season``, ``linear``, ``recurrent`` and ``mean``, their sum, which is that of
            `predict`.

        Raises
        ------
        NotFittedError, ParameterError, CovariateError, UnknownNameError, FitError
            As `predict`.

        Examples
        --------
        >>> from tsforecast import LSTM, load
        >>> table = LSTM(max_epochs=2).fit(load("airline").series).decompose(12)
        >>> list(table.columns)
        ['unique_id', 'ds', 'season', 'linear', 'recurrent', 'mean']
        >>> bool((table["season"] + table["linear"] + table["recurrent"] - table["mean"]).abs().max() < 1e-9)
        True
        """
        self._check_fitted()
        steps = steps_ahead(horizon)
        panel, _, X = origin_of(self, history, X)
        check_forecast_size(panel, steps, 0)
        future, nothing = future_of(self, X, panel, steps), np.empty(0)
        whole = forecast_within(self, panel, steps, future, nothing)
        check_finite(whole, type(self).__name__)
        season, linear = (
            forecast_within(self._with(part), panel, steps, future, nothing).mean for part in (season_part, linear_part)
        )
        return table_of_parts(whole, season, linear)

    def _with(self, part: Callable[[Trained], Trained]) -> Self:
        """The fitted forecaster with a part of each trained network only."""
        other = copy.copy(self)
        other.trained_ = [part(trained) for trained in self.trained_]
        return other

    def _check(self) -> None:
        self._check_network()
        for name in ("season_length", "bptt_length", "max_epochs"):
            check_value(name, getattr(self, name), int | None, 1)
        check_value("random_state", self.random_state, int | None, 0)
        check_value("start", self.start, Start, 0)

    def _check_network(self) -> None:
        check_network(self.hidden_size, self.num_layers, self.dropout, self.n_members, self.lr)
