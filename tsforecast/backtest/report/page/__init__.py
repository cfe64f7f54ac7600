"""A finished run as one self-contained HTML page, and the same as a PDF."""
