"""Fits of ARMA regressions: likelihood, its optimum from many starts, whole panels, and the order search."""
