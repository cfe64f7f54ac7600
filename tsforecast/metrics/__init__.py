"""Metrics: arrays of truth and forecast -> one score per series. Averaging over series is the backtest's job."""
