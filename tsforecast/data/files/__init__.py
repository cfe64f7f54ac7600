"""Files of any kind to one table of cells as they are written."""
