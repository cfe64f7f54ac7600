"""Times of observations: dates as texts, frequencies and their offsets, and the grid that times lie on."""
