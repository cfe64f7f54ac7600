"""Forecasts of trained networks: points, intervals, sample paths and limits; and checkpoints."""
