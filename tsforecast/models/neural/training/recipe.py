"""Many networks to learn at once: those of one shape are trained side by side, the others one after another."""

import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tsforecast.exceptions import FitError
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.batches.folder import Folder
from tsforecast.models.neural.forecasting.trained import Trained, finish
from tsforecast.models.neural.networks.cells import CellName
from tsforecast.models.neural.options import Decoding, Training
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.models.neural.training.holdout import N_SCOUTS, NOTHING, Finding, look_back, shrink
from tsforecast.models.neural.training.module import RecurrentModule
from tsforecast.models.neural.training.run import course_of, quiet_torch, train_together
from tsforecast.panel import Panel

_MOST = 256  # networks times streams side by side: beyond, a step costs as much for each as alone


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is made and trained, whatever the series: the parameters of the forecasters, spelt out."""

    cell: CellName
    hidden_size: int
    num_layers: int
    dropout: float
    season_length: int | None
    bptt_length: int | None
    lr: float
    max_epochs: int | None
    n_members: int
    decoding: Decoding
    preparation: Preparation
    training: Training

    def data(self, series: Panel | Folder, seed: int) -> StreamDataModule:
        """The data that a network learns from, ready."""
        data = StreamDataModule(
            season_length=self.season_length,
            bptt_length=self.bptt_length,
            batch_size=self.training.batch_size,
            kind=self.training.kind,
            window_length=self.training.window_length,
            validation_size=self.training.validation_size,
            overlap=self.training.overlap,
            burn_in=self.training.burn_in,
            decoding=self.decoding,
            preparation=self.preparation,
            random_state=seed,
        )
        if isinstance(series, Folder):
            data.use_folder(series)
        else:
            data.use(series)
        return data

    def module(self, fits: Sequence[StreamDataModule]) -> RecurrentModule:
        """Untrained networks for these fits, side by side."""
        return RecurrentModule(
            self.cell,
            fits[0].input_size,
            fits[0].horizon,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            dropout=self.dropout,
            n_members=self.n_members,
            loss=self.decoding.loss,
            lr=self.lr,
            training=self.training,
            random_state=[data.random_state for data in fits],
        )


class Task(NamedTuple):
    """One network (or ensemble) to learn from one panel, or from the series of a folder."""

    recipe: Recipe
    series: Panel | Folder
    seed: int


class Learnt(NamedTuple):
    """What came of a task: what was trained or the error, and the seconds that it took of those of its group."""

    outcome: Trained | Exception
    seconds: float


@dataclasses.dataclass
class _Fit:
    """A task on its way: its data, what scouts told of it, and the seconds that it took so far."""

    recipe: Recipe
    data: StreamDataModule
    seconds: float
    finding: Finding = NOTHING
    outcome: Trained | Exception | None = None

    @property
    def is_refitted(self) -> bool:
        """Whether scouts find out what the tail tells, before all is learnt from."""
        return self.recipe.training.refit and bool(self.data.n_kept.any())


class _Shape(NamedTuple):
    """What fits must share to be trained side by side: sizes of a batch, and steps of the learning-rate schedule."""

    n_streams: int
    length: int
    input_size: int
    horizon: int
    n_steps: int


def merged_error(learnt: Sequence[Learnt]) -> Exception | None:
    """The error of the tasks of one model: a `FitError` that names every series that failed, or the first other one."""
    errors = [one.outcome for one in learnt if isinstance(one.outcome, Exception)]
    failed = [error for error in errors if isinstance(error, FitError)]
    if len(failed) < len(errors):
        return next(error for error in errors if not isinstance(error, FitError))
    if len(failed) < 2:
        return failed[0] if failed else None
    failures = {name: reason for error in failed for name, reason in error.failures.items()}
    return FitError(f"{failed[0]} So it went with {len(failed)} series.", failures=failures)


def learn(tasks: Sequence[Task]) -> list[Learnt]:
    """What each task gives, as it would alone; nothing is raised, so that one failure does not stop the others."""
    with quiet_torch(0):
        return _learn(tasks)


def _learn(tasks: Sequence[Task]) -> list[Learnt]:
    learnt: dict[int, Learnt] = {}
    fits: dict[int, _Fit] = {}
    for place, task in enumerate(tasks):
        begin = time.perf_counter()
        try:
            data = task.recipe.data(task.series, task.seed)
            course_of(data, task.recipe.training, task.recipe.max_epochs)
        except Exception as error:  # the caller says what is to become of it
            learnt[place] = Learnt(error, time.perf_counter() - begin)
        else:
            fits[place] = _Fit(task.recipe, data, time.perf_counter() - begin)
    for group in _groups([fit for fit in fits.values() if fit.is_refitted], N_SCOUTS):
        _together(_scout, group)
    for group in _groups([fit for fit in fits.values() if fit.outcome is None]):
        _together(_train, group)
    learnt |= {place: Learnt(_outcome(fit), fit.seconds) for place, fit in fits.items()}
    return [learnt[place] for place in range(len(tasks))]


def _outcome(fit: _Fit) -> Trained | Exception:
    assert fit.outcome is not None
    return fit.outcome


def _groups(fits: Sequence[_Fit], most_members: int | None = None) -> Iterator[list[_Fit]]:
    """Fits of one recipe and one shape, as many as are worth training side by side."""
    shapes: dict[tuple[Recipe, _Shape], list[_Fit]] = defaultdict(list)
    for fit in fits:
        shapes[fit.recipe, _shape(fit)].append(fit)
    for (recipe, shape), group in shapes.items():
        n_members = min(recipe.n_members, most_members or recipe.n_members)
        size = max(_MOST // (n_members * shape.n_streams), 1)
        for first in range(0, len(group), size):
            yield group[first : first + size]


def _shape(fit: _Fit) -> _Shape:
    data = fit.data
    course = course_of(data, fit.recipe.training, fit.recipe.max_epochs)
    return _Shape(course.loader.n_streams, course.loader.length, data.input_size, data.horizon, course.n_steps)


def _together(work: Callable[[Recipe, Sequence[_Fit]], None], group: Sequence[_Fit]) -> None:
    """What is done with fits of one shape; its time is shared equally."""
    begin = time.perf_counter()
    try:
        work(group[0].recipe, group)
    except Exception as error:  # not of one fit alone
        for fit in group:
            fit.outcome = error
    for fit in group:
        fit.seconds += (time.perf_counter() - begin) / len(group)


def _scout(recipe: Recipe, group: Sequence[_Fit]) -> None:
    """Train a few members without the tails, keep what they find, and learn from the tails, too, from now on."""
    recipe = dataclasses.replace(recipe, n_members=min(recipe.n_members, N_SCOUTS))
    fits = [fit.data for fit in group]
    module = recipe.module(fits)
    for k, failure in enumerate(train_together(module, fits, recipe.training, recipe.max_epochs)):
        fit = group[k]
        fit.outcome = failure
        if failure is None:
            fit.finding = look_back(module.network.take(_members(recipe, k)), fit.data)
            fit.data.use_whole()


def _train(recipe: Recipe, group: Sequence[_Fit]) -> None:
    """Train all members of each fit."""
    fits = [fit.data for fit in group]
    module = recipe.module(fits)
    for k, failure in enumerate(train_together(module, fits, recipe.training, recipe.max_epochs)):
        fit, network = group[k], module.network.take(_members(recipe, k))
        shrink(network, fit.finding.share, module.head.n_params)
        fit.outcome = failure or finish(network, fit.data, fit.finding.optimism)


def _members(recipe: Recipe, k: int) -> slice:
    return slice(k * recipe.n_members, (k + 1) * recipe.n_members)
