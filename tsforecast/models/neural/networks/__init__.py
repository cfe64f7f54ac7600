"""Networks, and what is put around them."""
