"""Analysis of series independent of any model: calendar, season, unit roots, differences, level, transforms."""
