"""Graphs and all their partitions, for tests that look at every one of them."""

import itertools

import numpy as np

from graphkit.projection.arrays import from_arrays


def projection(graph, weight=None):
    """Projection of a NetworkX graph of rows 0..n-1."""
    ends = np.array(graph.edges).reshape(-1, 2).T
    return from_arrays(*ends, weight=weight, n_nodes=len(graph), directed=False)


def partitions(n):
    """Every partition of n nodes once, as labels of first appearance."""
    for labels in itertools.product(*(range(i + 1) for i in range(n))):
        if all(labels[i] <= max(labels[:i], default=-1) + 1 for i in range(n)):
            yield np.array(labels)
