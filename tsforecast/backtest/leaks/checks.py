"""The checks of one model: each makes forecasts in another way and compares them with the first."""

from collections.abc import Collection

import numpy as np

from tsforecast.backtest.leaks.changes import (
    cut_after,
    rename,
    replace_covariates,
    replace_future,
    replace_past,
    replace_past_covariates,
    rows_before,
)
from tsforecast.backtest.leaks.difference import Difference
from tsforecast.backtest.leaks.examination import REMEMBERS, Examination, spread_of
from tsforecast.backtest.leaks.finding import Finding
from tsforecast.backtest.leaks.fresh_process import shoot_in_fresh_process
from tsforecast.backtest.leaks.held import places_of, replaced
from tsforecast.backtest.leaks.subject import Shot, Subject
from tsforecast.backtest.leaks.telling import telling_covariates
from tsforecast.backtest.leaks.truth import is_telling, truth_of
from tsforecast.exceptions import LeakError
from tsforecast.panel import Panel
from tsforecast.panel.categories import expanded_names
from tsforecast.panel.roles import computed_names

_NEAR = 0.01  # standard deviations of a series: a forecast as near to all truth, trained on other values, knows it


def examine(
    subject: Subject, *, tolerance: float = 0.0, known_ahead: Collection[str] | None = None, fresh_process: bool = False
) -> list[Finding]:
    """What each check found in a model with one seed, on one block of series.

    Parameters
    ----------
    subject : Subject
    tolerance : float
        Differences that do not count, as a share of the largest forecast of the series.
    known_ahead : collection of str, optional
        Covariates that are known at the cutoff for the whole horizon; by default all.
    fresh_process : bool
        Whether each cutoff is also forecast alone in a new process.
    """
    try:
        examination = Examination(subject, tolerance)
        if examination.has_forecasts:
            _check_order(examination)
            _check_future(examination)
            _check_refit(examination)
            _check_history(examination)
            _check_names(examination)
            _check_truth(examination)
            _check_held(examination)
            _check_covariates(examination, known_ahead)
            if fresh_process:
                _check_process(examination)
    except LeakError as error:  # a model that writes into its data: no later comparison would mean anything
        return [Finding("input", "nothing", "input", difference=np.inf, message=str(error))]
    return examination.findings


def _check_order(of: Examination) -> None:
    """Newest cutoff first, each alone: what the model keeps is then from after the cutoffs that follow."""
    windows = reversed(range(of.subject.cv.n_windows))
    pairs = [(window, of.first[window], of.subject.shoot(window)) for window in windows]
    if of.first_blanked is not None:
        pairs.append((0, of.first_blanked, of.shoot_blanked()))
    of.judge_order("cutoffs fitted newest first", pairs)


def _check_future(of: Examination) -> None:
    """Values after the cutoff replaced, removed, made nan, and fitted by another clone before."""
    subject, panel = of.subject, of.subject.panel
    for window in reversed(range(subject.cv.n_windows)):
        world = _with_other_future(of, window)
        of.compare("future", "later values replaced", "future", window, lambda k=window, w=world: subject.shoot(k, w))  # type: ignore[misc] # typed by compare
    cut, cv = cut_after(_with_other_future(of, 0), subject.cv, 0)
    of.compare("future", "later values removed", "future", 0, lambda: subject.shoot(0, cut, cv))
    blank = panel.with_values(np.where(rows_before(panel, of.stop(0)), panel.values, np.nan))
    of.compare("future", "later values made nan", "future", 0, lambda: subject.shoot(0, blank))


def _check_refit(of: Examination) -> None:
    """Other values after the cutoff fitted before, by another clone and by the same object."""
    subject, world = of.subject, _with_other_future(of, 0)

    def after_a_clone() -> Shot:
        subject.shoot(subject.cv.n_windows - 1, world)
        return subject.shoot(0)

    of.compare("refit", "a clone fitted to other later values before", "state", 0, after_a_clone)
    if not of.first[0].failures:
        changed = "the same object fitted to other later values before"
        try:
            once, twice = subject.shoot_refitted(0, None), subject.shoot_refitted(0, world)
        except Exception as error:  # a model may raise anything
            of.add("refit", changed, "", f"Not possible: {type(error).__name__}: {error}")
        else:
            moved = of.moved(once, twice)
            of.add("refit", changed, "state", REMEMBERS if moved else "", 0, moved)


def _check_history(of: Examination) -> None:
    """Fitted at the oldest cutoff and conditioned on the others, in two orders."""
    changed, later = "one fit conditioned on cutoffs newest first", tuple(range(1, of.subject.cv.n_windows))
    if len(later) < 2:
        return
    forwards = of.subject.shoot_along((0, *later))[1:]
    backwards = of.subject.shoot_along((0, *reversed(later)))[:0:-1]
    for window, before, after in zip(later, forwards, backwards, strict=True):
        moved = of.moved(before, after)
        if moved is not None:
            of.add("history", changed, "state", "It keeps what it is only to be conditioned on.", window, moved)
            return
    failures = [failure for shot in forwards for failure in shot.failures]
    why = f"Not possible: {failures[0].error}: {failures[0].message}" if failures else ""
    of.add("history", changed, "", why)


def _check_names(of: Examination) -> None:
    """The newest training data under other names, by which a model that keeps things by name finds nothing."""
    subject, window = of.subject, of.subject.cv.n_windows - 1
    once = subject.shoot(window, rename(subject.panel, "-1"))
    moved = of.moved(of.first[window], once)
    if once.failures and not of.first[window].failures:
        of.add("names", "series renamed", "", f"Not possible: {once.failures[0].message}")
        return
    if moved is not None and of.moved(once, subject.shoot(window, rename(subject.panel, "-2"))):
        moved = None  # it depends on the names themselves, as seeds may: nothing is kept
    why = "It keeps what it learnt under the name of a series, and uses it later." if moved else ""
    of.add("names", "series renamed", "state", why, window, moved)


def _check_held(of: Examination) -> None:
    """Values after the cutoff replaced where the model holds them itself: arguments, variables of its functions."""
    subject, panel, stop = of.subject, of.subject.panel, of.stop(0)
    if of.leaks or subject.make is not None:
        return  # found already; or made anew for each panel
    places = places_of(subject.job.forecaster)
    newest = of.stop(subject.cv.n_windows - 1)
    tails = [panel.series(i)[first[i] :] for first in (stop, newest) for i in range(panel.n_series)]
    with replaced(places, panel, tails) as where:
        moved = of.moved(of.first[0], subject.shoot(0)) if where else None
    if moved is not None and of.moved(of.first[0], subject.shoot(0)):
        return  # it does not stay the same anyway
    changed = f"later values in {' and '.join(where)} replaced" if where else "later values that it holds replaced"
    of.add("held", changed, "future", "It uses them." if moved else "", 0, moved)


def _check_truth(of: Examination) -> None:
    """Trained on other values than those of the past, a forecast that is the truth all the same."""
    if of.leaks:
        return  # then the truth may have come that way
    subject, panel = of.subject, of.subject.panel
    near = _NEAR * spread_of(subject)[:, None]
    truth = truth_of(panel, subject.cv)
    telling = is_telling(truth)
    for window in range(subject.cv.n_windows):
        hit = telling[window] & (np.abs(of.first[window].mean - truth[window]) <= near).all(axis=1)
        if hit.any():
            shot = subject.shoot(window, panel.with_values(replace_past(panel, of.stop(window))))
            known = hit & (np.abs(shot.mean - truth[window]) <= near).all(axis=1)
            if known.any():
                i = int(np.argmax(known))
                error = Difference(i, 1, float(truth[window, i, 0]), float(shot.mean[i, 0]))
                cutoff = subject.cv.cutoffs(panel, check=False)[window][i]
                why = (
                    f"Its forecast is the truth, whatever it is trained on. Series {panel.ids[i]!r}, cutoff {cutoff}: "
                    f"the truth is {error.before!r} at step 1, the forecast {error.after!r}."
                )
                changed = "all values before the cutoff replaced"
                of.findings.append(Finding("truth", changed, "truth", panel.ids[i], cutoff, error.size, why))
                return
    of.add("truth", "all values before the cutoff replaced", "", "")


def _check_covariates(of: Examination, known_ahead: Collection[str] | None) -> None:
    """Covariates of the horizon that are not known ahead, or from which the target can be read, replaced."""
    subject, panel = of.subject, of.subject.panel
    if not subject.made_from(panel).uses_covariates:
        return
    if panel.past_covariates is not None:
        moved = of.moved(of.first[0], subject.shoot(0, replace_past_covariates(panel, of.stop(0))))
        why = f"It reads {', '.join(panel.past_names)} after the cutoff, which are known up to it only."
        changed = "past covariates after the cutoff replaced"
        of.add("covariates", changed, "covariate", why if moved else "", 0, moved)
    if panel.covariates is None:
        return
    telling = telling_covariates(panel, subject.cv.gap + subject.cv.horizon)
    known = None if known_ahead is None else {*expanded_names(tuple(known_ahead), panel.levels), *computed_names(panel)}
    for name in panel.covariate_names:
        if name not in telling and (known is None or name in known):
            continue
        why = f"It reads covariate {name!r} after the cutoff, which is not known there"
        why += f": {telling[name]}." if name in telling else "."
        world = replace_covariates(panel, of.stop(0), [name])
        moved = of.moved(of.first[0], subject.shoot(0, world))
        of.add("covariates", f"{name} after the cutoff replaced", "covariate", why if moved else "", 0, moved)


def _check_process(of: Examination) -> None:
    """Each cutoff alone in a new process, with a folder for temporary files of its own."""
    for window in range(of.subject.cv.n_windows):
        try:
            shot = shoot_in_fresh_process(of.subject, window)
        except Exception as error:  # it may not be sent, or fail there in any way
            of.add("process", "a new process", "", f"Not possible: {type(error).__name__}: {error}")
            return
        if shot.failures and not of.first[window].failures:
            of.add("process", "a new process", "", f"Not possible: {shot.failures[0].message}")
            return
        moved = of.moved(of.first[window], shot)
        if moved is not None:
            of.add("process", "a new process", "state", REMEMBERS, window, moved)
            return
    of.add("process", "a new process", "", "")


def _with_other_future(of: Examination, window: int) -> Panel:
    """Other values and past-only covariates after a cutoff, and other covariates after its horizon."""
    panel, cv, stop = of.subject.panel, of.subject.cv, of.stop(window)
    world = replace_covariates(panel, stop + cv.gap + cv.horizon, panel.covariate_names)
    world = replace_past_covariates(world, stop)
    return world.with_values(replace_future(panel, stop))
