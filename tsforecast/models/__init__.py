"""Forecasters; each family stands alone."""
