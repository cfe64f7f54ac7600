"""NonFiniteLossError: a loss that is nan or infinite, with the step and the observation where it was met."""

from tsforecast.exceptions import FitError


class NonFiniteLossError(FitError):
    """The loss is nan or infinite.

    Attributes
    ----------
    step : int
        Optimiser step, from 0.
    row : int
        Row, in the table of the panel, of the first observation whose loss is not finite.
    """

    def __init__(self, step: int, row: int) -> None:
        super().__init__(f"The loss is not finite at step {step}.")
        self.step, self.row = step, row
