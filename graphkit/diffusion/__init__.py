"""Spread, reverse reachable sets and learned probabilities: arrays in, frozen results out."""
