"""Rows to series: their order, rows for one time, revisions, and the panel."""
