"""Many networks to learn at once: those of one shape are trained side by side, the others one after another."""

import dataclasses
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from tsforecast.exceptions import FitError
from tsforecast.models.rnn.cells import CellName
from tsforecast.models.rnn.datamodule import StreamDataModule
from tsforecast.models.rnn.folder import Folder
from tsforecast.models.rnn.joint import Course
from tsforecast.models.rnn.learner import course_of, quiet_torch, train_together
from tsforecast.models.rnn.module import RecurrentModule
from tsforecast.models.rnn.options import Decoding, Training
from tsforecast.models.rnn.preparation import Preparation
from tsforecast.models.rnn.trained import Trained, finish
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


class _Ready(NamedTuple):
    place: int
    data: StreamDataModule
    seconds: float


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
    learnt: list[Learnt | None] = [None] * len(tasks)
    groups: dict[tuple[Recipe, _Shape], list[_Ready]] = defaultdict(list)
    for place, task in enumerate(tasks):
        begin = time.perf_counter()
        try:
            data = task.recipe.data(task.series, task.seed)
            course = course_of(data, task.recipe.training, task.recipe.max_epochs)
        except Exception as error:  # the caller says what is to become of it
            learnt[place] = Learnt(error, time.perf_counter() - begin)
            continue
        groups[task.recipe, _shape(data, course)].append(_Ready(place, data, time.perf_counter() - begin))
    for (recipe, shape), group in groups.items():
        size = max(_MOST // (recipe.n_members * shape.n_streams), 1)
        for first in range(0, len(group), size):
            part = group[first : first + size]
            for ready, result in zip(part, _learn_together(recipe, part), strict=True):
                learnt[ready.place] = result
    return [result for result in learnt if result is not None]


def _shape(data: StreamDataModule, course: Course) -> _Shape:
    return _Shape(course.loader.n_streams, course.loader.length, data.input_size, data.horizon, course.n_steps)


def _learn_together(recipe: Recipe, group: Sequence[_Ready]) -> list[Learnt]:
    """What comes of tasks of one shape; the time of training is shared equally."""
    begin = time.perf_counter()
    fits = [ready.data for ready in group]
    try:
        module = recipe.module(fits)
        failures = train_together(module, fits, recipe.training, recipe.max_epochs)
    except Exception as error:  # not of one fit alone
        return [Learnt(error, ready.seconds) for ready in group]
    share = (time.perf_counter() - begin) / len(fits)
    learnt = []
    for k, (ready, failure) in enumerate(zip(group, failures, strict=True)):
        begin = time.perf_counter()
        members = slice(k * recipe.n_members, (k + 1) * recipe.n_members)
        outcome = failure or finish(module.network.take(members), ready.data)
        learnt.append(Learnt(outcome, ready.seconds + share + time.perf_counter() - begin))
    return learnt
