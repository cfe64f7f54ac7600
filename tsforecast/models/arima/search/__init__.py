"""Which order: the search, what it may choose from, and what is chosen for short series."""
