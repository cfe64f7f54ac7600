"""Conformal: a wrapper that gives any forecaster split-conformal intervals."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from sklearn.base import clone

from tsforecast._bounds import EVERY_LEVEL, Bounds
from tsforecast._one_step import OneStep, one_step_within
from tsforecast._predicting import forecast_within
from tsforecast._saving import short_of
from tsforecast._types import Bools, Floats
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel
from tsforecast.panel.too_short import check_lengths
from tsforecast.panel.whole_numbers import whole_number
from tsforecast.wrapper import Wrapper


class Conformal(Wrapper):
    """The point forecasts of another forecaster with intervals from its own errors on a calibration tail.

    Split conformal prediction (Vovk, Gammerman & Shafer 2005; Lei et al. 2018, algorithm 2), for each series and step
    ahead: the forecaster is fitted on the observations before the tail and forecasts from every time in it without a
    new fit. The interval of level 1 - alpha at step h is the point forecast, plus and minus the k-th smallest absolute
    error at that step, k = ceil((n + 1) (1 - alpha)) of n. It contains the truth with at least that probability where
    errors are exchangeable, which holds only approximately for time series.

    Parameters
    ----------
    forecaster : BaseForecaster
    calibration_size : int
        Observations at the end of the training series that errors come from. There are ``calibration_size - h + 1``
        errors at step h; an interval of 95% needs 19 of them, one of 80% needs 4. A missing observation gives no error.
    refit : bool
        Whether forecasts are made by a second fit, on all observations, so that point forecasts are those of the
        forecaster alone; else by the calibrated one, as the theory assumes.
    nonnegative, bounds
        Limits of forecasts, see `BaseForecaster`; those of the forecaster where neither is given.

    Attributes
    ----------
    calibrated_ : BaseForecaster
        Fitted on the observations before the tail.
    errors_ : ndarray, shape (n_series, calibration_size, calibration_size)
        After loading, in place of the series: the errors from every time of the tail, by step ahead.
    forecaster_ : BaseForecaster
        The forecaster that makes the forecasts.

    Examples
    --------
    >>> from tsforecast import Naive
    >>> y = np.array([0.0, 1.0, 3.0, 2.0, 2.5, 4.5, 4.0, 5.0])
    >>> Conformal(Naive(), calibration_size=4).fit(y).predict(1, level=80)  # errors 0.5, 2, 0.5, 1
    array([[5., 3., 7.]])
    """

    errors_: Floats

    def __init__(
        self,
        forecaster: BaseForecaster,
        calibration_size: int = 48,
        refit: bool = True,
        *,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.forecaster = forecaster
        self.calibration_size = calibration_size
        self.refit = refit
        self.nonnegative = nonnegative
        self.bounds = bounds

    @property
    def gives_intervals(self) -> bool:  # type: ignore[override] # a property of every other wrapper
        """True, whether or not the forecaster gives intervals."""
        return True

    @property
    def is_global(self) -> bool:
        """As the forecaster."""
        return self._inner().is_global

    def min_observations(self, panel: Panel) -> int:
        """Those of the forecaster plus the length of the tail."""
        return self._inner().min_observations(panel) + self._size()

    def _size(self) -> int:
        return whole_number("calibration_size", self.calibration_size, what="a whole number of observations")

    def _fit(self, panel: Panel) -> None:
        size = self._size()
        if not isinstance(self.refit, (bool, np.bool_)):
            raise ParameterError(f"refit={self.refit!r} is neither True nor False.")
        check_lengths(panel.ids, panel.lengths, size + 1, f"calibration_size={size} leaves none to fit on")
        before = panel.slice(np.zeros_like(panel.lengths), panel.lengths - size)
        self.calibrated_: BaseForecaster = clone(self.forecaster).fit(before)
        self.forecaster_: BaseForecaster = clone(self.forecaster).fit(panel) if self.refit else self.calibrated_

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        forecast = forecast_within(self.forecaster_, panel, horizon, X, np.empty(0))
        quantiles = forecast.mean[:, :, None] + self._around(panel, horizon, levels)
        return Forecast(forecast.mean, quantiles, levels, forecast.ids, forecast.cutoff, forecast.freq)

    def _one_step(self, panel: Panel, levels: Floats) -> OneStep:
        mean = one_step_within(self.forecaster_, panel, np.empty(0)).mean
        around = self._around(panel, 1, levels)[:, 0]  # (n_series, n_levels), the same from every origin
        return OneStep(mean, mean[:, None] + np.repeat(around, panel.lengths, axis=0))

    def _around(self, panel: Panel, horizon: int, levels: Floats) -> Floats:
        """Quantiles less the point forecast, ``(n_series, horizon, n_levels)``."""
        if not levels.size:
            return np.zeros((panel.n_series, horizon, 0))
        errors = np.abs(self._errors(self.panel_.take(self.panel_.positions(panel.ids)), horizon))
        widths = np.stack([self._width(errors, abs(1 - 2 * q)) for q in levels.tolist()], axis=2)
        return np.asarray(np.sign(levels - 0.5) * widths)

    def _sample_paths(
        self, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        """Point forecasts plus errors along the horizon from one time of the tail, all signs flipped or not at random.

        The row of errors gives the rank and sign of each step of a path; the size of this rank comes from all errors of
        the step, as for intervals (the Schaake shuffle of Clark et al. 2004, *J. Hydrometeorology* 5).
        """
        mean = forecast_within(self.forecaster_, panel, horizon, X, np.empty(0)).mean
        errors = self._errors(self.panel_.take(self.panel_.positions(panel.ids)), horizon)
        paths = np.empty((panel.n_series, n_paths, horizon))
        for i, rng in enumerate(rngs):
            rows = errors[i][~np.isnan(errors[i]).any(axis=1)]  # (n_rows, horizon)
            if len(rows) == 0:
                raise ParameterError(
                    f"calibration_size={self.calibration_size}: in the tail of series {panel.ids[i]!r} there are no "
                    f"{horizon} observations in a row, which paths of horizon={horizon} need."
                )
            ranks = np.argsort(np.argsort(np.abs(rows), axis=0), axis=0)
            row = rng.integers(len(rows), size=n_paths)
            share = (ranks[row] + rng.uniform(size=(n_paths, horizon))) / len(rows)
            sign = np.sign(rows[row]) * rng.choice([-1.0, 1.0], size=(n_paths, 1))
            paths[i] = mean[i] + sign * _sizes_at(np.abs(errors[i]), share)
        return paths

    def _condense(self, panel: Panel) -> tuple[Self, Bools] | None:
        found = self._with_inner(short_of(self.forecaster_, panel))
        if found is None:
            return None
        short, whole = found
        calibrated = short_of(self.calibrated_, self.calibrated_.panel_)
        if not self.refit:
            short.calibrated_ = short.forecaster_
        elif calibrated is not None:
            short.calibrated_ = calibrated[0]
        short.errors_ = self._errors(self.panel_, self.calibration_size)
        return short, whole

    def _moved(self, panel: Panel, news: Panel) -> tuple[Self, Bools] | None:
        """As of any wrapper: the errors stay those of the tail of the series that were fitted."""
        found = super()._moved(panel, news)
        if found is not None and self.calibrated_ is self.forecaster_:
            found[0].calibrated_ = found[0].forecaster_
        return found

    def _known_levels(self, panel: Panel, horizon: int) -> Floats:
        """Levels for which there are enough errors at every step, from the observations in the tails."""
        trained, later = self.panel_.take(self.panel_.positions(panel.ids)), max(0, self._size() - horizon + 1)
        if trained.left_out is None:
            known = ~np.isnan(trained.values[trained.indptr[1:, None] - later + np.arange(later)])
        else:
            known = ~np.isnan(self._errors(trained, horizon)[:, :, -1])
        n_errors = int(known.sum(axis=1).min())  # at the last step
        widest = n_errors / (n_errors + 1)
        inside = EVERY_LEVEL[np.abs(2 * EVERY_LEVEL - 1) < widest]
        return np.union1d(inside, np.round([0.5 - widest / 2, 0.5 + widest / 2], 12))

    def _errors(self, trained: Panel, horizon: int) -> Floats:
        """Errors from every time of the tail, nan past its end: ``(n_series, calibration_size, horizon)``."""
        size = self.calibration_size
        if trained.left_out is not None:
            size = self.errors_.shape[1]
            errors = np.full((trained.n_series, size, horizon), np.nan)
            errors[:, :, :size] = self.errors_[self.panel_.positions(trained.ids), :, :horizon]
            return errors
        begin = trained.indptr[1:] - size
        tail = begin[:, None] + np.arange(size)
        errors = np.full((trained.n_series, size, horizon), np.nan)
        for t in range(size):
            steps = min(horizon, size - t)
            seen = trained.slice(np.zeros_like(begin), trained.lengths - size + t)
            X = None if trained.covariates is None else trained.covariates[tail[:, t : t + steps]]
            mean = forecast_within(self.calibrated_, seen, steps, X, np.empty(0)).mean
            errors[:, t, :steps] = trained.values[tail[:, t : t + steps]] - mean
        return errors

    def _width(self, errors: Floats, share: float) -> Floats:
        """Half the width of the central interval with coverage ``share``: ``(n_series, horizon)``."""
        count = (~np.isnan(errors)).sum(axis=1)  # (n_series, horizon)
        rank = np.ceil(np.round((count + 1) * share, 9)).astype(np.int64)  # 1 is the smallest error
        if (rank > count).any():
            i, h = np.argwhere(rank > count)[0]
            needed = int(np.ceil(np.round(share / (1 - share), 9)))
            raise ParameterError(
                f"Series {self.panel_.ids[i]!r} has {count[i, h]} errors at step {h + 1} of calibration_size="
                f"{self.calibration_size}; an interval of {100 * share:g}% needs at least {needed} of them: "
                f"calibration_size={needed + int(h)} or more."
            )
        ordered = np.sort(errors, axis=1)  # nan last
        found = np.take_along_axis(ordered, np.maximum(rank - 1, 0)[:, None, :], axis=1)[:, 0, :]
        return np.where(rank > 0, found, 0.0)


def _sizes_at(sizes: Floats, share: Floats) -> Floats:
    """Size that a given share of the errors does not exceed, at most the largest error: both ``(n, horizon)``."""
    ordered = np.sort(sizes, axis=0)  # nan last
    count = (~np.isnan(sizes)).sum(axis=0)
    rank = np.clip(np.ceil((count + 1) * share).astype(np.int64), 1, count)
    return np.take_along_axis(ordered, rank - 1, axis=0)
