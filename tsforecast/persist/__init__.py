"""A fitted forecaster in one file and back: JSON and arrays with checksums, no code."""
