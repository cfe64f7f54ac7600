"""tsforecast: does a recurrent network beat ARIMA on my series, and by how much?

Names are imported when they are first used, so that ``import tsforecast`` is instant and the classical path never
imports torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsforecast.base import BaseForecaster
    from tsforecast.forecast import Forecast
    from tsforecast.models.naive import Drift, HistoricAverage, Naive, SeasonalNaive
    from tsforecast.panel import Panel

__version__ = "0.1.0"

_HOMES = {
    "BaseForecaster": "tsforecast.base",
    "Drift": "tsforecast.models.naive",
    "Forecast": "tsforecast.forecast",
    "HistoricAverage": "tsforecast.models.naive",
    "Naive": "tsforecast.models.naive",
    "Panel": "tsforecast.panel",
    "SeasonalNaive": "tsforecast.models.naive",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604 # every name of the table


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tsforecast' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
