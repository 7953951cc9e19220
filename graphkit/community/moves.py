"""Leiden on one weighted graph: compiled, single-threaded, a pure function of its seed.

One iteration (Traag, Waltman, van Eck 2019): nodes move between communities while that raises

    sum over pairs inside a community of (A_ij - gamma k_i k_j / 2m),

served from a queue that a move refills with the neighbours it concerns; every community is then
split into well-connected parts, grown from single nodes; the parts become the nodes of the next,
smaller graph, which starts from the communities. Parts are connected by construction. Iterations
go on from the partition found until nothing moves or their number is used up.

The steps it shares with the searches by other gains are in :mod:`graphkit.community.steps`, with the reason for unsigned indices.

References
----------
Traag, Waltman, van Eck (2019). From Louvain to Leiden. https://doi.org/10.1038/s41598-019-41695-z
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit.community.steps import (
    gather_kernel,
    lift_kernel,
    parts_near_kernel,
    relabel_kernel,
    requeue_kernel,
    resettle_kernel,
    shuffled_kernel,
    vacant_kernel,
)
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.community.quality import Undirected

__all__ = ["leiden"]


def leiden(
    graph: Undirected, start: NDArray[np.int64], *, resolution: float, iterations: int, seed: int, refine: bool = True
) -> NDArray[np.int64]:
    """Return communities found from a partition, numbered from 0.

    Parameters
    ----------
    graph : Undirected
        Weights > 0.
    start : ndarray of int64, shape (n_nodes,)
        Labels in 0..n_nodes-1 to begin with; ``arange`` for single nodes.
    resolution : float
        gamma.
    iterations : int
        At most so many.
    seed : int
    refine : bool
        Whether communities are split into parts before they are contracted. Without it (Louvain) a third of the time is
        saved, and communities may hang apart.
    """
    strength, total = graph.strength, float(graph.strength.sum())
    arrays = graph.indptr, graph.indices, graph.weight, strength
    first, state = start.astype(np.int32), np.uint64(seed)
    label: NDArray[np.int32] = leiden_kernel(*arrays, resolution / total, first, iterations, state, refine)
    return label.astype(np.int64)


@kernel
def move_kernel(indptr, indices, weight, strength, price, label, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Move nodes one by one to the best neighbouring (or an empty) community until none gains; price = gamma / 2m."""
    n = strength.size
    held, size = np.zeros(n), np.zeros(n, np.int32)
    for i in range(n):
        held[label[i]] += strength[i]
        size[label[i]] += 1
    empty, n_empty = vacant_kernel(size)
    queue, queued, head, waiting = shuffled_kernel(n, state), np.ones(n, np.bool_), 0, n
    links, near, moved = np.zeros(n), np.empty(n, np.int32), 0
    while waiting > 0:
        i = queue[head]
        head = head + 1 if head + 1 < n else 0
        waiting -= 1
        queued[i] = False
        if indptr[i] == indptr[i + 1]:
            continue
        old, count = label[i], gather_kernel(i, indptr, indices, weight, label, links, near)
        held[old] -= strength[i]
        cost = price * strength[i]
        best, gain = old, links[old] - cost * held[old]
        for t in range(count):
            c = near[t]
            value = links[c] - cost * held[c]
            if value > gain:
                best, gain = c, value
            links[c] = 0.0
        if gain < 0.0 and size[old] > 1:  # best alone
            best = empty[n_empty - 1]
        held[best] += strength[i]
        if best == old:
            continue
        n_empty = resettle_kernel(i, best, label, size, empty, n_empty)
        moved += 1
        waiting = requeue_kernel(i, indptr, indices, label, queue, queued, head, waiting)
    return moved


@kernel
def refine_kernel(indptr, indices, weight, strength, price, label, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Parts of each community: single nodes join, in random order, the well-connected part that gains most."""
    n = strength.size
    part, held, whole, outside = np.arange(n).astype(np.int32), strength.copy(), np.zeros(n), np.empty(n)
    for i in range(n):
        c, inner = label[i], 0.0
        whole[c] += strength[i]
        for j in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
            if label[np.uint64(indices[j])] == c:
                inner += weight[j]
        outside[i] = inner  # of part i, to the rest of its community
    alone, links, near = np.ones(n, np.bool_), np.zeros(n), np.empty(n, np.int32)
    for i in shuffled_kernel(n, state):
        c = label[i]
        if not alone[i] or outside[i] < price * strength[i] * (whole[c] - strength[i]):
            continue
        count = parts_near_kernel(i, indptr, indices, weight, label, part, links, near)
        best, gain, joined = i, 0.0, 0.0
        for t in range(count):
            p = near[t]
            value = links[p] - price * strength[i] * held[p]
            if value > gain and outside[p] >= price * held[p] * (whole[c] - held[p]):
                best, gain, joined = p, value, links[p]
            links[p] = 0.0
        if best != i:
            part[i] = best
            alone[i], alone[best] = False, False
            held[best] += strength[i]
            outside[best] += outside[i] - 2 * joined
    return part


@kernel
def leiden_kernel(indptr, indices, weight, strength, price, start, iterations, seed, refine):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """See the head of the module."""
    n, state = strength.size, np.empty(1, np.uint64)
    state[0] = seed
    label, _ = relabel_kernel(start)
    for _ in range(iterations):
        a, b, w, k = indptr, indices, weight, strength
        here, node, total = label.copy(), np.arange(n).astype(np.int32), 0
        while True:
            total += move_kernel(a, b, w, k, price, here, state)
            here, count = relabel_kernel(here)
            if count == k.size:
                break
            part, parts = relabel_kernel(refine_kernel(a, b, w, k, price, here, state)) if refine else (here, count)
            if parts == k.size:  # nothing joined: the communities themselves
                part, parts = here, count
            (a, b, w, k), here = lift_kernel(a, b, w, k, part, parts, here, node)
        for i in range(n):
            label[i] = here[node[i]]
        label, _ = relabel_kernel(label)
        if total == 0:
            break
    return label
