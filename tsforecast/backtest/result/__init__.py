"""What a run gave: tables, scores and the answers drawn from them."""
