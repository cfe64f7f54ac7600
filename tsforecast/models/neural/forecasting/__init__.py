"""What trained networks forecast: points, intervals, limits; and the checkpoint that keeps them."""
