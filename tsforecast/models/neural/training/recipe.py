"""Trains many networks: those of one shape side by side, the others one after another."""

import copy
import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tsforecast.exceptions import FitError
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.batches.folder import Folder
from tsforecast.models.neural.forecasting.finish import finish
from tsforecast.models.neural.forecasting.holdout import NO_HOLDOUT, HoldoutResult, holdout_result
from tsforecast.models.neural.forecasting.trained import Trained
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.options import Decoding, Start, Training
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.models.neural.training.curve import TrainingCurve
from tsforecast.models.neural.training.module import NeuralModule
from tsforecast.models.neural.training.quiet import quiet_torch
from tsforecast.models.neural.training.run import schedule_of, train_together
from tsforecast.models.neural.training.warm import holdout_before, prepared_again
from tsforecast.panel import Panel

_HOLDOUT_MEMBERS = 2
_MOST_SIDE_BY_SIDE = 256  # networks times streams: with more, training side by side saves nothing


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is made and trained: the parameters of a forecaster, with groups of options resolved."""

    spec: NetworkSpec
    season_length: int | None
    bptt_length: int | None
    lr: float
    max_epochs: int | None
    n_members: int
    decoding: Decoding
    preparation: Preparation
    training: Training
    start: Start = "linear"

    def data(self, series: Panel | Folder, seed: int, before: Trained | None = None) -> StreamDataModule:
        """The training data of a network, prepared: windows for a network that sees windows.

        Those of a network that is trained ``before`` keep its columns of inputs; with ``refit`` they have no tails.
        """
        context = self.spec.context
        data = StreamDataModule(
            season_length=self.season_length,
            bptt_length=self.bptt_length,
            batch_size=self.training.batch_size,
            kind=self.training.kind if context is None else "windows",
            window_length=self.training.window_length if context is None else context,
            validation_size=self.training.validation_size,
            decoding=self.decoding,
            preparation=self.preparation,
        )
        data.seed = seed
        if isinstance(series, Folder):
            data.use_folder(series)
        elif before is not None:
            data.use(series, prepared_again(before, series))
            if self.training.refit:
                data.use_whole()
        else:
            data.use(series)
        return data

    def module(self, fits: Sequence[StreamDataModule]) -> NeuralModule:
        """A module with untrained networks for these fits, side by side."""
        return NeuralModule(
            self.spec,
            fits[0].layout,
            n_members=self.n_members,
            loss=self.decoding.loss,
            lr=self.lr,
            training=self.training,
            start=self.start,
            seed=[data.seed for data in fits],
            automatic=False,
        )


class FitRequest(NamedTuple):
    """One network (or ensemble) to be trained on one panel, or on the series of a folder."""

    recipe: Recipe
    series: Panel | Folder
    seed: int
    before: Trained | None = None  # whose training goes on


class FitOutcome(NamedTuple):
    """Result of a request: the trained network or the error, its share of the seconds of its group, and its curve."""

    outcome: Trained | Exception
    seconds: float
    curve: TrainingCurve | None = None


@dataclasses.dataclass
class _Fit:
    """State of a request: its data, the result of its holdout fit, the seconds it took so far, and its curve."""

    recipe: Recipe
    data: StreamDataModule
    seconds: float
    holdout: HoldoutResult = NO_HOLDOUT
    outcome: Trained | Exception | None = None
    curve: TrainingCurve | None = None
    before: Trained | None = None

    @property
    def is_refitted(self) -> bool:
        """Whether a holdout fit comes first, before training on the whole series."""
        return self.recipe.training.refit and bool(self.data.n_kept.any())

    def begin(self, module: NeuralModule, place: int) -> None:
        """Give the members at a place the weights of the network whose training goes on, if there is one."""
        if self.before is not None:
            module.network.go_on_from(self.before.network, self.before.share, module.members_of(place))


class _Shape(NamedTuple):
    """What must be equal for fits to be trained side by side: sizes of a batch and number of steps."""

    n_streams: int
    length: int
    input_size: int
    horizon: int
    n_steps: int


def merged_error(learnt: Sequence[FitOutcome]) -> Exception | None:
    """The error of the fits of one model: a `FitError` that names every series that failed, or the first other one."""
    errors = [one.outcome for one in learnt if isinstance(one.outcome, Exception)]
    failed = [error for error in errors if isinstance(error, FitError)]
    if len(failed) < len(errors):
        return next(error for error in errors if not isinstance(error, FitError))
    if len(failed) < 2:
        return failed[0] if failed else None
    failures = {name: reason for error in failed for name, reason in error.failures.items()}
    return FitError(f"{failed[0]} {len(failed)} series failed in all.", failures=failures)


@quiet_torch(0)
def learn(requests: Sequence[FitRequest]) -> list[FitOutcome]:
    """The outcome of each request, the same as it would have alone; errors are returned, not raised."""
    learnt: dict[int, FitOutcome] = {}
    fits: dict[int, _Fit] = {}
    for place, request in enumerate(requests):
        begin = time.perf_counter()
        try:
            data = request.recipe.data(request.series, request.seed, request.before)
            schedule_of(data, request.recipe.training, request.recipe.max_epochs)
        except Exception as error:  # the caller decides
            learnt[place] = FitOutcome(error, time.perf_counter() - begin)
        else:
            held = holdout_before(request.before) if request.recipe.training.refit else NO_HOLDOUT
            fits[place] = _Fit(request.recipe, data, time.perf_counter() - begin, held, before=request.before)
    for group in _groups([fit for fit in fits.values() if fit.is_refitted], _HOLDOUT_MEMBERS):
        _timed_group(_hold_out_group, group)
    for group in _groups([fit for fit in fits.values() if fit.outcome is None]):
        _timed_group(_train_group, group)
    learnt |= {place: FitOutcome(_outcome(fit), fit.seconds, fit.curve) for place, fit in fits.items()}
    return [learnt[place] for place in range(len(requests))]


def _outcome(fit: _Fit) -> Trained | Exception:
    assert fit.outcome is not None
    return fit.outcome


def _groups(fits: Sequence[_Fit], most_members: int | None = None) -> Iterator[list[_Fit]]:
    """Groups of fits of one recipe and one shape, at most as many as are worth training side by side.

    Only for the stock recurrent stack are weights the same alone and in a group; other networks are trained alone.
    """
    shapes: dict[tuple[Recipe, _Shape], list[_Fit]] = defaultdict(list)
    for fit in fits:
        if fit.recipe.spec.network is RecurrentNetwork:
            shapes[fit.recipe, _shape(fit)].append(fit)
        else:
            yield [fit]
    for (recipe, shape), group in shapes.items():
        n_members = min(recipe.n_members, most_members or recipe.n_members)
        size = max(_MOST_SIDE_BY_SIDE // (n_members * shape.n_streams), 1)
        for first in range(0, len(group), size):
            yield group[first : first + size]


def _shape(fit: _Fit) -> _Shape:
    data = fit.data
    schedule = schedule_of(data, fit.recipe.training, fit.recipe.max_epochs)
    return _Shape(schedule.loader.n_streams, schedule.loader.length, data.input_size, data.horizon, schedule.n_steps)


def _timed_group(work: Callable[[Recipe, Sequence[_Fit]], None], group: Sequence[_Fit]) -> None:
    """Do ``work`` for fits of one shape; note the errors, and share the seconds equally."""
    begin = time.perf_counter()
    try:
        work(group[0].recipe, group)
    except Exception as error:  # not an error of one fit alone
        for fit in group:
            fit.outcome = error
    for fit in group:
        fit.seconds += (time.perf_counter() - begin) / len(group)


def _hold_out_group(recipe: Recipe, group: Sequence[_Fit]) -> None:
    """Train a few members without the tails and keep the results; then add the tails to the training data."""
    for fit, found in zip(group, _holdout_results(recipe, [fit.data for fit in group]), strict=True):
        if isinstance(found, FitError):
            fit.outcome = found
        else:
            fit.holdout = found
            fit.data.use_whole()


def _holdout_results(recipe: Recipe, fits: Sequence[StreamDataModule]) -> list[HoldoutResult | FitError]:
    recipe = dataclasses.replace(recipe, n_members=min(recipe.n_members, _HOLDOUT_MEMBERS))
    module = recipe.module(fits)
    failures = train_together(module, fits, recipe.training, recipe.max_epochs)
    return [
        failure or holdout_result(module.network.take(module.members_of(k)), fits[k], recipe.start)
        for k, failure in enumerate(failures)
    ]


def _train_group(recipe: Recipe, group: Sequence[_Fit]) -> None:
    """Train all members of each fit."""
    fits = [fit.data for fit in group]
    module = recipe.module(fits)
    for k, fit in enumerate(group):
        fit.begin(module, k)
    for k, failure in enumerate(train_together(module, fits, recipe.training, recipe.max_epochs)):
        fit, network = group[k], module.network.take(module.members_of(k))
        fit.outcome, fit.curve = failure or finish(network, fit.data, fit.holdout), module.curves[k]


def holdout_fit(module: NeuralModule, data: StreamDataModule) -> HoldoutResult:
    """The result of a holdout fit for a module that the user's own Trainer is going to train.

    The holdout fit makes as many steps as the Trainer will, on the data without their tails.

    Raises
    ------
    FitError
        The loss is not finite.
    """
    trainer, own = module.trainer, copy.copy(data)
    own.trainer = None
    steps = trainer.max_steps if trainer.max_steps is not None and trainer.max_steps > 0 else None
    clip = trainer.gradient_clip_val
    options = dataclasses.replace(
        module.options,
        max_steps=steps,
        gradient_clip_val=None if clip is None else float(clip),
        accelerator="auto",
        precision="32-true",
    )
    recipe = Recipe(
        spec=module.spec,
        season_length=data.season_length,
        bptt_length=data.bptt_length,
        lr=module.lr,
        max_epochs=None if steps else trainer.max_epochs,
        n_members=module.network.n_members,
        decoding=data.decoding,
        preparation=data.preparation,
        training=options,
        start=module.start,
    )
    with quiet_torch(0):
        (found,) = _holdout_results(recipe, [own])
    if isinstance(found, FitError):
        raise found
    return found
