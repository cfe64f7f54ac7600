"""NeuralBase: parameters, fitting, forecasting, folders and checkpoints of all neural forecasters."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from tsforecast._bounds import Bounds
from tsforecast._fitting import remember
from tsforecast._one_step import OneStep
from tsforecast._saving import learnt_of, set_learnt
from tsforecast._types import Bools, Floats
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.forecast import Forecast
from tsforecast.models.neural.batches.defaults import fewest_for
from tsforecast.models.neural.batches.folder import Folder
from tsforecast.models.neural.checks import check_network, check_value
from tsforecast.models.neural.forecasting.checkpoint import Loaded, load_checkpoint
from tsforecast.models.neural.forecasting.paths import paths_each, paths_of
from tsforecast.models.neural.forecasting.saved import trained_from_saved, trained_to_saved
from tsforecast.models.neural.forecasting.trained import Trained, forecast_each
from tsforecast.models.neural.heads import head_of
from tsforecast.models.neural.insight import NeuralInsight
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.networks.stock.cells import CellName
from tsforecast.models.neural.options import Decoding, Start, Training, group_fields, group_of, group_with
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.models.neural.seeds import seed_of
from tsforecast.models.neural.training.curve import check_curves
from tsforecast.models.neural.training.quiet import one_thread
from tsforecast.models.neural.training.recipe import FitOutcome, FitRequest, Recipe, learn, merged_error
from tsforecast.panel import Panel
from tsforecast.panel.containers import to_panel
from tsforecast.panel.covariates import CovariateGaps
from tsforecast.panel.magnitudes import check_sizes
from tsforecast.panel.too_short import SkipOrError

if TYPE_CHECKING:
    pass

_GROUPS: dict[str, type[Any]] = {"decoding": Decoding, "preparation": Preparation, "training": Training}


class NeuralBase(NeuralInsight):
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

    def _one_step(self, panel: Panel, levels: Floats) -> OneStep:
        with one_thread():
            parts = [
                own.one_step(part, levels, self._seed, floor=self._has_floor) for own, part in self._trained_on(panel)
            ]
        means, quantiles = zip(*parts, strict=True)
        return OneStep(np.concatenate(means), np.concatenate(quantiles))

    def _one_step_transformed(self, panel: Panel) -> tuple[Floats, Floats]:
        with one_thread():
            seen, fitted = zip(*(own.one_step_transformed(part) for own, part in self._trained_on(panel)), strict=True)
        return np.concatenate(seen), np.concatenate(fitted)

    def _trained_on(self, panel: Panel) -> list[tuple[Trained, Panel]]:
        """The network with all series, or that of each with its series."""
        if self.is_global:
            return [(self.trained_[0], panel)]
        return [(own, panel.take([i])) for i, own in enumerate(self._networks_of(panel))]

    def _sample_paths(
        self, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        size = (n_paths, horizon)
        with one_thread():
            if self.is_global:
                return paths_of(self.trained_[0], panel, size, X, rngs, self._seed, floor=self._has_floor)
            return paths_each(self._networks_of(panel), panel, size, X, rngs, self._seed, floor=self._has_floor)

    def _condense(self, panel: Panel) -> tuple[Self, Bools] | None:
        with one_thread():
            return self._short(panel, [trained.condensed(part) for trained, part in self._parts_of(panel)])

    def _moved(self, panel: Panel, news: Panel) -> tuple[Self, Bools] | None:
        places = news.ids.get_indexer(panel.ids).tolist()
        with one_thread():
            if self.is_global:
                return self._short(panel, [self.trained_[0].moved(panel, news)])
            found = [
                trained.condensed(part) if k < 0 else trained.moved(part, news.take([k]))
                for k, (trained, part) in zip(places, self._parts_of(panel), strict=True)
            ]
        return self._short(panel, found)

    def _short(self, panel: Panel, found: Sequence[Trained | None]) -> tuple[Self, Bools] | None:
        """A copy with these trained networks, which need no history; None where one of them does."""
        short = copy.copy(self)
        short.trained_ = [trained for trained in found if trained is not None]
        return (short, np.zeros(panel.n_series, dtype=np.bool_)) if len(short.trained_) == len(found) else None

    def _parts_of(self, panel: Panel) -> list[tuple[Trained, Panel]]:
        """Each trained network with its series."""
        if self.is_global:
            return [(self.trained_[0], panel)]
        return [(own, panel.take([i])) for i, own in enumerate(self._networks_of(panel))]

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

    def _check(self) -> None:
        self._check_network()
        for name in ("season_length", "bptt_length", "max_epochs"):
            check_value(name, getattr(self, name), int | None, 1)
        check_value("random_state", self.random_state, int | None, 0)
        check_value("start", self.start, Start, 0)

    def _check_network(self) -> None:
        check_network(self.hidden_size, self.num_layers, self.dropout, self.n_members, self.lr)
