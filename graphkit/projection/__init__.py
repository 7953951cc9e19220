"""Columns on disk, immutable CSR views of them, probabilities on arcs, graphs in and out."""
