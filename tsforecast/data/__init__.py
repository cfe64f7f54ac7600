"""Data: files and bundled data sets as panels, and simulated series."""
