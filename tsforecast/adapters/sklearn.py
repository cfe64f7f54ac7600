"""SklearnForecaster: a forecaster around any regressor of scikit-learn."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone, is_regressor

from tsforecast._arguments import generators_of, number_list
from tsforecast._bounds import Bounds
from tsforecast._hooks import PointStatistic
from tsforecast._types import Floats, Ints
from tsforecast.adapters.adapter import Adapter
from tsforecast.adapters.lag_table import LagTable, filled, lag_table, reach_of, scale_of
from tsforecast.adapters.quantile_regression import at_levels, quantile_parameter
from tsforecast.exceptions import ParameterError
from tsforecast.forecast import Forecast
from tsforecast.foreign.build import kept_arguments
from tsforecast.foreign.library import Library, Source
from tsforecast.panel import Panel
from tsforecast.panel.too_short import check_lengths
from tsforecast.panel.whole_numbers import whole_number

_SKLEARN = Library(
    main=Source("sklearn", ("sklearn",), ("sklearn.base:BaseEstimator",)),
    extra="",
    arguments=kept_arguments,
    distribution="scikit-learn",
)
_FEWEST_LAGS, _MOST_LAGS = 4, 52  # where none are given
_MOST_ROWS = 100_000  # given to a regressor at once, so that tables of features fit into memory
_N_PATHS = 500  # drawn for intervals of steps that follow from forecasts


class SklearnForecaster(Adapter):
    """A regressor of scikit-learn on earlier values, the calendar, covariates and static columns of all series.

    One regressor is fitted to all series together, each relative to its own level and scale. The first ``n_direct``
    steps have a regressor each; later steps follow from the forecasts before them. Forecasts end at twice the range of
    the history beyond it, which only forecasts that feed on themselves reach. A missing value counts as the last before
    it in lags, and is no target.

    A regressor that estimates a quantile (``QuantileRegressor``, ``HistGradientBoostingRegressor(loss="quantile")``,
    ``GradientBoostingRegressor(loss="quantile")``, also in a pipeline) gives intervals: a clone is fitted for each of
    ``quantiles``, and the median is the point forecast. Levels between them lie on lines in the normal score; intervals
    of steps that follow from forecasts are those of drawn paths. Any other regressor gives no intervals; `Conformal`
    makes them.

    Parameters
    ----------
    regressor : estimator
        Such as ``Ridge(alpha=0.5)``; it is never changed. Its ``random_state`` is the seed.
    lags : int or sequence of int, optional
        Earlier values among the features: the last ``lags``, or those so many steps before the next (1 is the last
        value). By default a season, at least 4 and at most 52.
    n_direct : int
        Steps ahead with a regressor of their own; 1 is the recursive forecast.
    season_length : int, optional
        Steps per season; what is usual for the frequency where it is None.
    calendar : bool
        Whether places in the season (and the week, of hours) are features.
    quantiles : sequence of float
        Levels that a regressor of quantiles is fitted for.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Attributes
    ----------
    regressors_ : list of n_direct lists of regressors
        For each step those of all quantiles, or one.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> y = np.tile([1.0, 5.0, 2.0], 8)
    >>> SklearnForecaster(LinearRegression(), lags=3).fit(y).predict(4).round(6)
    array([1., 5., 2., 1.])
    """

    foreign: ClassVar[Mapping[str, Library]] = {"regressor": _SKLEARN}
    handles_missing = True
    uses_covariates = True

    def __init__(
        self,
        regressor: Any,
        lags: int | Sequence[int] | None = None,
        *,
        n_direct: int = 1,
        season_length: int | None = None,
        calendar: bool = True,
        quantiles: Sequence[float] = (0.025, 0.1, 0.5, 0.9, 0.975),
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.regressor = regressor
        self.lags = lags
        self.n_direct = n_direct
        self.season_length = season_length
        self.calendar = calendar
        self.quantiles = quantiles
        self.nonnegative = nonnegative
        self.bounds = bounds

    @property
    def is_global(self) -> bool:
        """True: one regressor for all series."""
        return True

    @property
    def gives_intervals(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the regressor estimates a quantile."""
        return quantile_parameter(self.held.get_params()) is not None

    @property
    def point_statistic(self) -> PointStatistic:
        """The median where the regressor estimates quantiles; else what it estimates, as a rule the mean."""
        return "median" if self.gives_intervals else "mean"

    def min_observations(self, panel: Panel) -> int:
        """The largest lag, the steps that are forecast directly, and one."""
        return int(self._lags(panel)[-1]) + whole_number("n_direct", self.n_direct) + 1

    def _fit(self, panel: Panel) -> None:
        if not is_regressor(self.held):
            raise ParameterError(f"regressor={self.regressor!r} is no regressor, such as Ridge().")
        table = lag_table(panel, self._lags(panel), self._season(panel), calendar=bool(self.calendar))
        name, levels = quantile_parameter(self.regressor.get_params()), self._levels()
        settings: list[dict[str, float]] = [{}] if name is None else [{name: q} for q in levels.tolist()]
        regressors = []
        with self.said_by("be fitted"):
            for step in range(1, whole_number("n_direct", self.n_direct) + 1):
                X, target = table.training(panel, step)
                regressors.append([clone(self.regressor).set_params(**each).fit(X, target) for each in settings])
        self.regressors_, self.table_ = regressors, table

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        median = np.full((panel.n_series, 1), 0.5)
        mean = self._walk(panel, horizon, X, median)[:, 0]
        n_direct = len(self.regressors_)
        quantiles = np.empty((*mean.shape, levels.size))
        if levels.size:
            asked = np.tile(levels, (panel.n_series, 1))
            direct = self._walk(panel, min(horizon, n_direct), X, asked)  # (n_series, n_quantiles, n_direct)
            quantiles[:, :n_direct] = direct.transpose(0, 2, 1)
            if horizon > n_direct:
                rngs = generators_of(panel.ids, np.random.default_rng(0))
                paths = self._sample_paths(panel, _N_PATHS, horizon, X, rngs)
                quantiles[:, n_direct:] = np.quantile(paths[:, :, n_direct:], levels, axis=1).transpose(1, 2, 0)
        centre = mean[:, :, None]  # drawn paths need not hold it
        low, high = np.minimum(quantiles, centre), np.maximum(quantiles, centre)
        quantiles = np.where(levels < 0.5, low, np.where(levels > 0.5, high, centre))
        return Forecast(mean, np.sort(quantiles, axis=2), levels, panel.ids, panel.last_times, panel.freq)

    def _sample_paths(
        self, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        if not self.gives_intervals:
            return super()._sample_paths(panel, n_paths, horizon, X, rngs)
        n_blocks = -(-horizon // len(self.regressors_))
        paths = []
        n_parts = min(panel.n_series, -(-panel.n_series * n_paths // _MOST_ROWS))
        for group in np.array_split(np.arange(panel.n_series), n_parts):
            places = np.stack([rngs[i].uniform(size=(n_blocks, n_paths)) for i in group]).transpose(0, 2, 1)
            paths.append(self._walk(panel.take(group), horizon, None if X is None else X[group], places))
        return np.concatenate(paths)

    def _walk(self, panel: Panel, horizon: int, X: Floats | None, places: Floats) -> Floats:
        """Paths that go on at given quantiles of their steps: ``(n_series, n_paths, horizon)``.

        ``places`` is ``(n_series, n_paths)``, or ``(n_series, n_paths, n_blocks)`` where each block of steps that are
        forecast together has its own.
        """
        table: LagTable = self.table_
        needed = int(table.lags[-1])
        check_lengths(panel.ids, panel.n_present, needed, f"{type(self).__name__} with lags up to {needed} needs them")
        n_paths = places.shape[1]
        of = np.repeat(np.arange(panel.n_series), n_paths)  # (n_rows,): the series of each path
        tails = _tails(panel, needed)[of]
        scale, static = scale_of(panel)[of], table.static_code.encode(panel)[of]
        phases = table.future_phases(panel, horizon)[of]
        ahead = (np.empty((panel.n_series, horizon, 0)) if X is None else X)[of]
        low, high = reach_of(panel)[of].T
        out = np.empty((of.size, 0))
        for block, begin in enumerate(range(0, horizon, len(self.regressors_))):
            at = (places if places.ndim == 2 else places[:, :, block]).reshape(-1, 1)
            known = np.column_stack([tails, out])[:, -needed:]
            steps = []
            for regressors, h in zip(self.regressors_, range(begin, horizon), strict=False):
                rows = table.rows(known, scale, phases[:, h], ahead[:, h], static)
                values = np.column_stack([each.predict(rows) for each in regressors])
                moved = values if len(regressors) == 1 else at_levels(values, self._levels(), at)
                steps.append(np.clip(table.latest(known) + scale[:, 1] * moved[:, 0], low, high))
            out = np.column_stack([out, *steps])
        return out.reshape(panel.n_series, n_paths, horizon)

    def _season(self, panel: Panel) -> int:
        return panel.season_length if self.season_length is None else whole_number("season_length", self.season_length)

    def _lags(self, panel: Panel) -> Ints:
        given = self.lags
        if given is None:
            given = min(max(self._season(panel), _FEWEST_LAGS), _MOST_LAGS)
        if isinstance(given, (int, np.integer)) or not np.iterable(given):
            return np.arange(1, whole_number("lags", given) + 1)
        lags = np.array(sorted({whole_number("lags", lag) for lag in given}), dtype=np.int64)
        if lags.size == 0:
            raise ParameterError("lags is empty; give at least one lag, such as 1.")
        return lags

    def _levels(self) -> Floats:
        """Levels that a regressor of quantiles is fitted for, the median among them."""
        levels = np.unique([0.5, *(number_list("quantiles", self.quantiles) or ())])
        if levels.size < 2 or not ((levels > 0) & (levels < 1)).all():
            raise ParameterError(f"quantiles={self.quantiles!r} are not levels between 0 and 1, one besides 0.5.")
        return levels


def _tails(panel: Panel, n: int) -> Floats:
    """The last ``n`` values of each series, missing ones as the last before them: ``(n_series, n)``.

    Values before the first known one count as that one.
    """
    values, tails = filled(panel), []
    for begin, end in zip(panel.indptr[:-1], panel.indptr[1:], strict=True):
        own = values[max(begin, end - n) : end]
        first = own[np.isfinite(own)][0]
        tails.append(np.concatenate([np.full(n - len(own), first), np.where(np.isnan(own), first, own)]))
    return np.stack(tails)
