"""Panel and the parts that build one from tables: columns, dates, frequencies, regular times, covariates."""

from tsforecast.panel.panel import Panel

__all__ = ["Panel"]
