"""Lists of models and their parameters, read from the sources."""
