"""What a model may write so that it is saved small, or saved at all: two pairs of hooks, neither of which it must have.

Without them a forecaster is saved with its series, and with every attribute that `fit` set; see
`tsforecast.persist.encode` for the kinds of values that can be written. A model that needs little of its series has
`_condense`; one that holds something else, as a network, has `_learnt` and `_restore`.
"""

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np

from tsforecast._scorers import scales_of
from tsforecast._types import Bools
from tsforecast.base import BaseForecaster
from tsforecast.panel import Panel
from tsforecast.panel.shortened import shortened

ForecasterT = TypeVar("ForecasterT", bound=BaseForecaster)
Short: TypeAlias = tuple[ForecasterT, Bools] | None


@runtime_checkable
class Condensing(Protocol):
    """A model that forecasts from the ends of its series without all of them."""

    def _condense(self, panel: Panel) -> tuple[Any, Bools] | None:
        """A copy that forecasts from the end of ``panel`` without the history, and which series it needs all the same.

        ``panel`` has all observations. The copy keeps in a learnt attribute what `_predict` and `_sample_paths` need
        of them; these see by ``panel.left_out`` that they were left out. The second result, ``(n_series,)``, is True
        for series that are needed whole. None where that cannot be.
        """


@runtime_checkable
class Stating(Protocol):
    """A model that says itself what is to be written of it."""

    def _learnt(self) -> Mapping[str, Any]:
        """What `fit` has set, by attribute, in values that can be written: `learnt_of` with other values."""

    def _restore(self, learnt: Mapping[str, Any]) -> None:
        """Set what `_learnt` gave, read from a file; a `DataError` where it does not belong together."""


def short_of(model: ForecasterT, panel: Panel) -> Short[ForecasterT]:
    """A fitted forecaster without history, that forecasts from the end of ``panel``, and which series it needs whole.

    None where it needs all of them.

    Examples
    --------
    >>> from tsforecast import Naive
    >>> model = Naive().fit([3.0, 1.0, 2.0])
    >>> short, _ = short_of(model, model.panel_)
    >>> short.panel_.n_obs, short.predict(2)
    (1, array([2., 2.]))
    """
    if not isinstance(model, Condensing):
        return None
    found = model._condense(panel)
    if found is None:
        return None
    short, whole = found
    stand_in = None if model.stand_in_ is None else short_of(model.stand_in_, model.stand_in_._origin)
    short.stand_in_ = model.stand_in_ if stand_in is None else stand_in[0]
    if model.panel_.left_out is None:
        short._scale = scales_of(model.panel_)
        short.panel_ = shortened(model.panel_, np.where(whole, model.panel_.lengths, 1))
    return short, whole


def learnt_of(model: BaseForecaster) -> dict[str, Any]:
    """What `fit` has set, by attribute.

    Examples
    --------
    >>> from tsforecast import Naive
    >>> learnt_of(Naive().fit([3.0, 1.0, 2.0]))["skipped_"]
    {}
    """
    arguments = model.get_params(deep=False)
    return {name: value for name, value in vars(model).items() if name not in arguments}


def set_learnt(model: BaseForecaster, learnt: Mapping[str, Any]) -> None:
    """Set attributes of a forecaster."""
    for name, value in learnt.items():
        setattr(model, name, value)
