"""Ensemble: the average of the forecasts of several forecasters."""

import copy
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import clone

from tsforecast._bounds import Bounds
from tsforecast._facts import Detailed, Facts, facts_of_members
from tsforecast._one_step import OneStep, one_step_within
from tsforecast._predicting import forecast_within, paths_within
from tsforecast._saving import short_of
from tsforecast._types import Bools, Floats
from tsforecast._updating import moved_on
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel


class Ensemble(BaseForecaster):
    """The mean, or the median, of the forecasts of several forecasters.

    Point forecasts are averaged, and so are the quantiles of each level (Vincent averaging; Lichtendahl,
    Grushka-Cockayne & Winkler 2013, *Management Science* 59, 1594-1611): the interval of an ensemble is about as wide
    as those of its members. If one member cannot be fitted, neither can the ensemble.

    Parameters
    ----------
    forecasters : sequence of BaseForecaster
    how : {"mean", "median"}
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Attributes
    ----------
    forecasters_ : tuple of BaseForecaster
        The fitted members.

    Examples
    --------
    >>> from tsforecast import Drift, Naive
    >>> Ensemble([Naive(), Drift()]).fit([1.0, 2.0, 3.0]).predict(2)
    array([3.5, 4. ])
    """

    def __init__(
        self,
        forecasters: Sequence[BaseForecaster],
        how: Literal["mean", "median"] = "mean",
        *,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.forecasters = forecasters
        self.how = how
        self.nonnegative = nonnegative
        self.bounds = bounds

    @property
    def is_global(self) -> bool:
        """Whether any member is."""
        return any(member.is_global for member in self._members())

    @property
    def handles_missing(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether all members do."""
        return all(member.handles_missing for member in self._members())

    @property
    def uses_covariates(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether any member does."""
        return any(member.uses_covariates for member in self._members())

    @property
    def gives_intervals(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether all members do."""
        return all(member.gives_intervals for member in self._members())

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Constructor arguments; with ``deep`` also those of the members, as ``"0"``, ``"0__random_state"``."""
        params: dict[str, Any] = super().get_params(deep=False)
        if deep:
            for i, member in self._by_place().items():
                params[i] = member
                deeper = member.get_params(deep=True) if isinstance(member, BaseForecaster) else {}
                params |= {f"{i}__{name}": value for name, value in deeper.items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """The ensemble itself with other arguments: ``forecasters``, then members by position, then their arguments.

        A member that is replaced is replaced in this ensemble only, not in the sequence that it was made from.

        Raises
        ------
        ValueError
            There is no such argument or position, or a member has no such argument.

        Examples
        --------
        >>> from tsforecast import Drift, Naive
        >>> Ensemble([Naive(), Drift()]).set_params(**{"1": Naive(), "how": "median"})
        Ensemble(forecasters=(Naive(), Naive()), how='median')
        """
        if "forecasters" in params:
            self.forecasters = params.pop("forecasters")
        members = self._by_place()
        replaced = {place: params.pop(place) for place in members if place in params}
        if replaced:
            self.forecasters = tuple((members | replaced).values())
        return super().set_params(**params)

    def _by_place(self) -> dict[str, Any]:
        """Members by position, as given; `fit` checks them."""
        given = self.forecasters if isinstance(self.forecasters, Sequence) else ()
        return {str(i): member for i, member in enumerate(given)}

    def _known_levels(self, panel: Panel, horizon: int) -> Floats:
        """Those of the member that reaches least far."""
        of_members = (m._known_levels(own, horizon) for m, own, _ in self._asked(panel, None))
        return min(of_members, key=lambda levels: float(levels.max(initial=0.0)))

    def _members(self) -> Sequence[BaseForecaster]:
        if not isinstance(self.forecasters, Sequence):
            raise ParameterError(f"forecasters={self.forecasters!r} is no sequence; [Naive(), Drift()] is one.")
        for member in self.forecasters:
            if not isinstance(member, BaseForecaster):
                raise ParameterError(f"forecasters holds {member!r}, which is no forecaster such as Naive().")
        return self.forecasters

    def min_observations(self, panel: Panel) -> int:
        """Those of the member that needs most."""
        return max((member.min_observations(panel) for member in self._members()), default=1)

    def fit_facts(self, detailed: Detailed = None) -> Facts:
        """Those of the members, each called ``"0__NAME"`` after the position of its member."""
        self._check_fitted()
        return facts_of_members([member.fit_facts(detailed) for member in self.forecasters_])

    def _fit(self, panel: Panel) -> None:
        if len(self.forecasters) == 0 or self.how not in ("mean", "median"):
            raise ParameterError(
                f"forecasters={self.forecasters!r}, how={self.how!r}: at least one forecaster is needed, and 'mean' or "
                "'median'."
            )
        self.forecasters_: tuple[BaseForecaster, ...] = tuple(clone(m).fit(panel) for m in self._members())

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        asked = self._asked(panel, X)
        forecasts = [forecast_within(m, own, horizon, future, levels) for m, own, future in asked]
        average = np.mean if self.how == "mean" else np.median
        mean = average(np.stack([f.mean for f in forecasts]), axis=0)
        quantiles = average(np.stack([f.quantiles for f in forecasts]), axis=0)
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def _one_step(self, panel: Panel, levels: Floats) -> OneStep:
        steps = [one_step_within(m, own, levels) for m, own, _ in self._asked(panel, None)]
        average = np.mean if self.how == "mean" else np.median
        means, quantiles = zip(*steps, strict=True)
        return OneStep(average(np.stack(means), axis=0), average(np.stack(quantiles), axis=0))

    def _one_step_transformed(self, panel: Panel) -> tuple[Floats, Floats]:
        raise ParameterError(
            "transformed=True: the members of an Ensemble may have different transforms; ask one of them, as "
            "model.forecasters_[0].fitted_values(transformed=True)."
        )

    def _condense(self, panel: Panel) -> tuple[Self, Bools] | None:
        members = [short_of(member, own) for member, own, _ in self._asked(panel, None)]
        found = [pair for pair in members if pair is not None]
        if len(found) < len(members):
            return None
        short = copy.copy(self)
        short.forecasters_ = tuple(member for member, _ in found)
        return short, np.logical_or.reduce([whole for _, whole in found])

    def _moved(self, panel: Panel, news: Panel) -> tuple[Self, Bools]:
        bare = news.with_covariates(None)
        members = [moved_on(m, own, news if m.uses_covariates else bare) for m, own, _ in self._asked(panel, None)]
        moved = copy.copy(self)
        moved.forecasters_ = tuple(member for member, _ in members)
        return moved, np.logical_or.reduce([whole for _, whole in members])

    def _asked(self, panel: Panel, X: Floats | None) -> list[tuple[BaseForecaster, Panel, Floats | None]]:
        """Each member with its panel and its covariates of the horizon."""
        bare = panel.with_covariates(None)
        return [(m, panel, X) if m.uses_covariates else (m, bare, None) for m in self.forecasters_]

    def _sample_paths(
        self, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        """Paths with the ranks of the members' paths in turn, and with averaged quantiles as in `predict`.

        Each path takes its rank at every step from a path of one member, and its value from the average over members of
        the values of this rank: the marginal distributions are those of `predict`, and the steps of a path depend on
        each other as in the members (the Schaake shuffle of Clark et al. 2004, *J. Hydrometeorology* 5).
        """
        average = np.mean if self.how == "mean" else np.median
        own = zip(*(rng.spawn(len(self.forecasters_)) for rng in rngs), strict=True)  # generators by member, series
        paths = np.stack(
            [
                paths_within(m, one, n_paths, horizon, future, given)
                for (m, one, future), given in zip(self._asked(panel, X), own, strict=True)
            ]
        )  # (n_members, n_series, n_paths, horizon)
        ranks = np.argsort(np.argsort(paths, axis=2), axis=2)
        turn = np.arange(n_paths) % len(paths)
        ranks = ranks[turn, :, np.arange(n_paths)].transpose(1, 0, 2)  # (n_series, n_paths, horizon)
        averaged: Floats = average(np.sort(paths, axis=2), axis=0)
        return np.take_along_axis(averaged, ranks, axis=1)
