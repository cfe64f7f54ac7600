"""Panel, and how tables become one: columns, dates, frequencies, regular times, covariates."""

from tsforecast.panel.panel import Panel

__all__ = ["Panel"]
