"""Panel and what leads to it: columns, dates, frequencies, regular times, the containers that callers have."""

from tsforecast.panel.panel import Panel

__all__ = ["Panel"]
