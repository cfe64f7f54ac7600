"""Kernels of single series, whatever the model: season, unit roots, trailing means, ranges."""
