"""Kernels of the exact ARMA likelihood: from a series to estimates, forecasts and an order."""
