"""Columns of a table to numbers, times and names of series."""
