"""Compiled functions on contiguous arrays: no checks, no objects, no state. Each has a slow twin in tests/reference."""
