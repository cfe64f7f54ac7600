"""NetworkSpec: a class of networks and its settings."""

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Self

from tsforecast.exceptions import ParameterError, TSForecastError
from tsforecast.models.neural.checks import check_value
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.network import Network
from tsforecast.models.neural.prepare.features import FeatureLayout


@dataclasses.dataclass(frozen=True)
class NetworkSpec:
    """A class of networks and its settings, from which networks are built once the data are known.

    Attributes
    ----------
    network : type of Network
    settings : tuple of (str, object)
        Keyword arguments.
    """

    network: type[Network]
    settings: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, network: type[Network], settings: Mapping[str, Any]) -> Self:
        """The specification of a network, from settings given as a mapping."""
        return cls(network, tuple((name, _frozen(value)) for name, value in settings.items()))

    @property
    def context(self) -> int | None:
        """Steps of a window: the setting ``context`` of the network, or the attribute of its class."""
        given = dict(self.settings)
        default = inspect.signature(self.network).parameters.get("context")
        context: int | None = self.network.context if default is None else default.default
        context = given.get("context", context)
        check_value("context", context, int | None, 1)
        return context

    def build(self, layout: FeatureLayout, n_params: int, seeds: Sequence[int]) -> LinearStart:
        """Untrained members, one for each seed, in a linear start that is zero."""
        try:
            members = self.network.members(layout, n_params, dict(self.settings), seeds)
        except TSForecastError:
            raise
        except Exception as error:  # whatever the constructor of a network of one's own raises
            given = ", ".join(f"{name}={value!r}" for name, value in self.settings)
            raise ParameterError(
                f"{self.network.__name__}({given}) could not be made: {type(error).__name__}: {error}."
            ) from error
        if members.context != self.context:
            raise ParameterError(
                f"{self.network.__name__} has context={members.context!r}, but {self.context!r} is told before it "
                "is made: context must be an attribute of the class, or a setting of that name."
            )
        return LinearStart(members, layout.input_size, layout.horizon, n_params)


def _frozen(value: Any) -> Any:
    """The value with lists (as in a configuration) turned into tuples, so that it can be hashed."""
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value
