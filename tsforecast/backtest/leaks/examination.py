"""Examination: the forecasts of one model as a backtest makes them, and comparisons of others with these."""

from collections.abc import Callable, Sequence

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.backtest.leaks.changes import blank_last
from tsforecast.backtest.leaks.difference import Difference, first_difference
from tsforecast.backtest.leaks.finding import LEAKS, Finding
from tsforecast.backtest.leaks.fresh_process import shoot_in_fresh_process
from tsforecast.backtest.leaks.repeats import N_REPEATS, is_random, noise_of
from tsforecast.backtest.leaks.subject import Shot, Subject
from tsforecast.exceptions import LeakError

REMEMBERS = "From the same training data it forecasts something else after another fit."
_NOISE = 5.0  # times the widest range of repeats: less may be chance in a model that draws numbers


class Examination:
    """The forecasts of one model, and what was found so far.

    Parameters
    ----------
    subject : Subject
    tolerance : float
        Differences that do not count, as a share of the largest forecast of the series; with 0 every bit counts.

    Attributes
    ----------
    first : list of n_windows Shot
        Forecasts made oldest cutoff first.
    first_blanked : Shot or None
        The forecast from the oldest cutoff without the last value before it, made before all others; None for a model
        that does not handle missing values.
    findings : list of Finding
    """

    def __init__(self, subject: Subject, tolerance: float) -> None:
        self.subject = subject
        self.findings: list[Finding] = []
        self.first_blanked = self.shoot_blanked() if self._handles_missing() else None
        self.first = subject.shoot_together()
        means = np.abs(np.stack([shot.mean for shot in self.first]))  # (n_windows, n_series, horizon)
        self._allowed = tolerance * np.nan_to_num(means).max(axis=(0, 2))
        self._note_failures()

    @property
    def has_forecasts(self) -> bool:
        """Whether the model forecast any series from any cutoff."""
        return any(np.isfinite(shot.mean).any() for shot in self.first)

    @property
    def leaks(self) -> bool:
        """Whether a leak was found."""
        return any(finding.found in LEAKS for finding in self.findings)

    def stop(self, window: int) -> Ints:
        """Place of the first value after a cutoff in each series: ``(n_series,)``."""
        return np.maximum(self.subject.cv.bounds(self.subject.panel.lengths)[1][window], 0)

    def shoot_blanked(self) -> Shot:
        """The forecast from the oldest cutoff without the last value before it."""
        return self.subject.shoot(0, blank_last(self.subject.panel, self.stop(0)))

    def moved(self, before: Shot, after: Shot) -> Difference | None:
        """Where two forecasts differ by more than is allowed."""
        return first_difference(before.arrays, after.arrays, self._allowed)

    def add(
        self, check: str, changed: str, found: str, why: str, window: int = 0, moved: Difference | None = None
    ) -> None:
        """Note what a check found, or that it found nothing where ``moved`` is None."""
        if moved is None:
            self.findings.append(Finding(check, changed, message=why))
            return
        cutoffs = self.subject.cv.cutoffs(self.subject.panel, check=False)[window]
        series, cutoff = self.subject.panel.ids[moved.series], cutoffs[moved.series]
        message = f"{why} Series {series!r}, cutoff {cutoff}: {moved}."
        self.findings.append(Finding(check, changed, found, series, cutoff, moved.size, message))

    def compare(self, check: str, changed: str, found: str, window: int, again: Callable[[], Shot]) -> None:
        """Note whether a forecast from a cutoff that is made in another way moves.

        One that moves is made once more in the first way: if that moves too, the model remembers.
        """
        try:
            shot = again()
        except LeakError:
            raise
        except Exception as error:  # a function that makes a model from a panel may refuse that panel
            self.add(check, changed, "", f"Not possible: {type(error).__name__}: {error}")
            return
        moved = self.moved(self.first[window], shot)
        if moved is not None and found != "state" and self.moved(self.first[window], self.subject.shoot(window)):
            found = "state"
        why = "" if moved is None else REMEMBERS if found == "state" else "Its forecast moved when only these did."
        self.add(check, changed, found, why, window, moved)

    def judge_order(self, changed: str, pairs: Sequence[tuple[int, Shot, Shot]]) -> None:
        """Note whether forecasts, ``(window, first, again)``, moved when cutoffs were fitted in another order.

        Where they did, it is found out whether the model draws numbers without a seed: how far it then moves by chance
        is allowed from here on.
        """
        window, moved = self._first_moved(pairs)
        if moved is not None:
            repeats = [self.subject.shoot(window) for _ in range(N_REPEATS)]
            flat = [np.concatenate([each.ravel() for each in shot.arrays]) for shot in repeats]
            if is_random(flat) and not self._repeats_elsewhere(window):
                why = f"Its forecast changed in {N_REPEATS} fits to the same data."
                self.add("repeat", "nothing", "random", why, window, moved)
                for arrays in zip(*(shot.arrays for shot in repeats), strict=True):
                    self._allowed = np.maximum(self._allowed, _NOISE * noise_of(arrays))
                window, moved = self._first_moved(pairs)
        self.add("order", changed, "state", REMEMBERS if moved else "", window, moved)

    def _first_moved(self, pairs: Sequence[tuple[int, Shot, Shot]]) -> tuple[int, Difference | None]:
        for window, first, again in pairs:
            moved = self.moved(first, again)
            if moved is not None:
                return window, moved
        return 0, None

    def _repeats_elsewhere(self, window: int) -> bool:
        """Whether two new processes forecast the same: then the model draws nothing; False where none can be had."""
        try:
            one, other = (shoot_in_fresh_process(self.subject, window, seed) for seed in (1, 2))
        except Exception:  # it may not be sent, or fail there in any way
            return False
        return not (one.failures or other.failures) and self.moved(one, other) is None

    def _handles_missing(self) -> bool:
        """Whether values may be missing; not known of a function that makes the model."""
        return self.subject.make is None and bool(self.subject.job.forecaster.handles_missing)

    def _note_failures(self) -> None:
        for window, shot in enumerate(self.first):
            for failure in shot.failures[:1]:
                cutoff = self.subject.cv.cutoffs(self.subject.panel, check=False)[window][failure.position]
                series = self.subject.panel.ids[failure.position]
                why = f"Series {series!r}, cutoff {cutoff}: {failure.error}: {failure.message}"
                self.findings.append(Finding("forecast", "nothing", "failed", series, cutoff, np.inf, why))


def spread_of(subject: Subject) -> Floats:
    """Standard deviation of the known values of each series: ``(n_series,)``."""
    return np.array([np.nanstd(subject.panel.series(i)) for i in range(subject.panel.n_series)])
