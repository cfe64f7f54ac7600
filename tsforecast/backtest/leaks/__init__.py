"""Checks that no forecast depends on values after its cutoff, nor on other fits."""
