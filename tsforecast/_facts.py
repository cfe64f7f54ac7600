"""Facts of fits: what a fitted forecaster tells in numbers about what it has learnt, and how its fit went.

`BaseForecaster.fit_facts` gives them, and a backtest keeps them (`BacktestResult.fits`). They stand by the name of a
series, `SHARED` for what all series share, and then by the name of the fact. A fact is one number, or one for each
step: epoch by epoch, lag by lag, counted from 1. A number that is not known is nan.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TypeAlias

from tsforecast.exceptions import ParameterError

Facts: TypeAlias = Mapping[Hashable, Mapping[str, float | Sequence[float]]]
Detailed: TypeAlias = Collection[Hashable] | None  # series whose long or costly facts are wanted; None for all
PART_FACT, INPUT_FACT = "part: ", "input: "  # begin of the names of facts of an explanation (`Explanation`)
SHARED = ""  # in place of the name of a series


def no_diagnostics(model: str) -> ParameterError:
    """The error of a forecaster that has no diagnostics to draw.

    Examples
    --------
    >>> print(no_diagnostics("Naive"))
    Naive has no diagnostics to draw; the ARIMA family has (ARMA, ARIMA, SARIMA, AutoARIMA), and so have the networks
    (RNN, LSTM, GRU, NeuralForecaster).
    """
    return ParameterError(
        f"{model} has no diagnostics to draw; the ARIMA family has (ARMA, ARIMA, SARIMA, AutoARIMA), and so have the "
        "networks (RNN, LSTM, GRU, NeuralForecaster)."
    )


def is_detailed(name: Hashable, detailed: Detailed) -> bool:
    """Whether long or costly facts of a series are wanted."""
    return detailed is None or name in detailed


def facts_of_members(facts: Sequence[Facts]) -> Facts:
    """Facts of the members of a whole in one mapping, each fact called ``"0__NAME"`` after the member's position.

    Examples
    --------
    >>> facts_of_members([{"a": {"sigma2": 1.0}}, {}, {"a": {"sigma2": 4.0}}])
    {'a': {'0__sigma2': 1.0, '2__sigma2': 4.0}}
    """
    joined: dict[Hashable, dict[str, float | Sequence[float]]] = {}
    for i, member in enumerate(facts):
        for series, own in member.items():
            joined.setdefault(series, {}).update({f"{i}__{name}": value for name, value in own.items()})
    return joined
