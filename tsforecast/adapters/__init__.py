"""Forecasters around models of other libraries, which are imported when they are first used."""
