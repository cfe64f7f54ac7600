"""Metrics: one score per series from arrays of truth and forecast; the backtest averages over series."""
