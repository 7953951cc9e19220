"""Experiments on people who talk to each other: designs by clusters, and effects with spillover."""
