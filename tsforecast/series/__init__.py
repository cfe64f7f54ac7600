"""What is true of a series whatever the model: calendar, season, unit roots, differences, level, transforms."""
