"""Preparation of series for a network: transform, season, level and scale, inputs, loss weights."""
