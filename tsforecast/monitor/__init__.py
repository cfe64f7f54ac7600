"""Forecasts that are in use, watched: an alarm where the truth leaves their intervals too often."""
