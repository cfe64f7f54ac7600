"""Networks: the interface, cells, several members side by side, and the linear start."""
