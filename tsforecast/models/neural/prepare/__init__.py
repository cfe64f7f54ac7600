"""Values to the network's scale and back: transform, season, level and scale, features, loss weights."""
