"""Forecasters; model families do not import each other."""
