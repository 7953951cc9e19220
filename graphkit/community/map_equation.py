"""The map equation: communities as places in which a random walk stays.

A walker who tells where he is at every step needs fewer bits when names are reused inside communities and a
second code book says which community he enters. The best partition is the one with the shortest description,

    L = q log q - 2 sum_c q_c log q_c - sum_i p_i log p_i + sum_c (q_c + p_c) log(q_c + p_c),

p_i = k_i / 2m the visits of a node, p_c those of a community, q_c its share of the steps that leave it, q their sum.
It sees small groups that modularity joins (no resolution limit of its own), but where groups are weakly planted
it sees one. The search is that of :mod:`graphkit.community.moves` with this gain: moves, parts grown inside the
communities, contraction.

A community that hangs not together is never best: naming its pieces apart shortens the description, as
f(x, y) = (x + y) log(x + y) - x log x - y log y rises in both and visits are at least exits.

References
----------
Rosvall, Axelsson, Bergstrom (2009). The map equation. https://doi.org/10.1140/epjst/e2010-01179-1
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
    weighed_kernel,
)
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.community.quality import Undirected

__all__ = ["code_length", "map_leiden"]


def code_length(graph: Undirected, labels: NDArray[np.int64]) -> float:
    """Return the bits a step of the random walk takes with these communities; 0 without edges.

    Parameters
    ----------
    graph : Undirected
    labels : ndarray of int64, shape (n_nodes,)
        >= 0.
    """
    total = float(graph.strength.sum())
    if total <= 0:
        return 0.0
    source = graph.sources()
    apart = labels[source] != labels[graph.indices]
    leave = np.bincount(labels[source[apart]], weights=graph.weight[apart], minlength=int(labels.max()) + 1) / total
    visit = np.bincount(labels, weights=graph.strength) / total
    node = graph.strength / total
    parts = ((leave.sum(), 1), (leave, -2), (node, -1), (leave + visit, 1))
    return sum(times * float((x * np.log2(np.where(x > 0, x, 1.0))).sum()) for x, times in parts)


def map_leiden(graph: Undirected, start: NDArray[np.int64], *, iterations: int, seed: int) -> NDArray[np.int64]:
    """Return communities found from a partition by the map equation, numbered from 0.

    Parameters
    ----------
    graph : Undirected
        Weights > 0.
    start : ndarray of int64, shape (n_nodes,)
        Labels in 0..n_nodes-1 to begin with.
    iterations : int
        At most so many.
    seed : int
    """
    total = float(graph.strength.sum())
    arrays = graph.indptr, graph.indices, graph.weight / total, graph.strength / total
    return map_kernel(*arrays, start.astype(np.int32), iterations, np.uint64(seed)).astype(np.int64)  # type: ignore[no-any-return]


@kernel
def plogp_kernel(x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Compute x ln x, 0 where rounding left nothing."""
    return x * np.log(x) if x > 1e-15 else 0.0


@kernel
def cost_kernel(leave, visit):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """What a community adds to L, but for its share of q log q."""
    return plogp_kernel(leave + visit) - 2.0 * plogp_kernel(leave)


@kernel
def map_move_kernel(indptr, indices, weight, visit, label, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Move nodes one by one to the neighbouring (or an empty) community that shortens L most until none does."""
    n = visit.size
    held, leave, out, q = weighed_kernel(indptr, indices, weight, visit, label)
    size = np.zeros(n, np.int32)
    for i in range(n):
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
        rest, before = leave[old] - out[i] + 2 * links[old], cost_kernel(leave[old], held[old])
        alone = cost_kernel(rest, held[old] - visit[i])
        best, gain, gone = old, 1e-14, 0.0
        if size[old] > 1:
            near[count] = empty[n_empty - 1] if n_empty > 0 else old
            count += 1
        for t in range(count):
            c = near[t]
            if c == old:
                continue
            to = leave[c] + out[i] - 2 * links[c]
            value = before - alone + cost_kernel(leave[c], held[c]) - cost_kernel(to, held[c] + visit[i])
            value += plogp_kernel(q) - plogp_kernel(q + rest - leave[old] + to - leave[c])
            if value > gain:
                best, gain, gone = c, value, to
        for t in range(count):
            links[near[t]] = 0.0
        if best == old:
            continue
        q += rest - leave[old] + gone - leave[best]
        leave[old], leave[best] = rest, gone
        held[old] -= visit[i]
        held[best] += visit[i]
        n_empty = resettle_kernel(i, best, label, size, empty, n_empty)
        if size[old] == 0:
            held[old], leave[old] = 0.0, 0.0
        moved += 1
        waiting = requeue_kernel(i, indptr, indices, label, queue, queued, head, waiting)
    return moved


@kernel
def map_refine_kernel(indptr, indices, weight, visit, label, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Parts of each community: single nodes join, in random order, the neighbouring part that shortens L most."""
    n = visit.size
    part, held, leave, q = np.arange(n).astype(np.int32), visit.copy(), np.zeros(n), 0.0
    for i in range(n):
        for j in range(indptr[i], indptr[i + 1]):
            leave[i] += weight[j]
        q += leave[i]
    alone, links, near = np.ones(n, np.bool_), np.zeros(n), np.empty(n, np.int32)
    for i in shuffled_kernel(n, state):
        if not alone[i]:
            continue
        count = parts_near_kernel(i, indptr, indices, weight, label, part, links, near)
        best, gain, joined, own = i, 1e-14, 0.0, cost_kernel(leave[i], held[i])
        for t in range(count):
            p = near[t]
            to = leave[p] + leave[i] - 2 * links[p]
            value = own + cost_kernel(leave[p], held[p]) - cost_kernel(to, held[p] + held[i])
            value += plogp_kernel(q) - plogp_kernel(q - 2 * links[p])
            if value > gain:
                best, gain, joined = p, value, links[p]
            links[p] = 0.0
        if best != i:
            part[i] = best
            alone[i], alone[best] = False, False
            held[best] += held[i]
            leave[best] += leave[i] - 2 * joined
            q -= 2 * joined
    return part


@kernel
def map_kernel(indptr, indices, weight, visit, start, iterations, seed):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Iterations of moves, parts and contraction, as in :func:`graphkit.community.moves.leiden_kernel`."""
    n, state = visit.size, np.empty(1, np.uint64)
    state[0] = seed
    label, _ = relabel_kernel(start)
    for _ in range(iterations):
        a, b, w, k = indptr, indices, weight, visit
        here, node, total = label.copy(), np.arange(n).astype(np.int32), 0
        while True:
            total += map_move_kernel(a, b, w, k, here, state)
            here, count = relabel_kernel(here)
            if count == k.size:
                break
            part, parts = relabel_kernel(map_refine_kernel(a, b, w, k, here, state))
            if parts == k.size:  # nothing joined: the communities themselves
                part, parts = here, count
            (a, b, w, k), here = lift_kernel(a, b, w, k, part, parts, here, node)
        for i in range(n):
            label[i] = here[node[i]]
        label, _ = relabel_kernel(label)
        if total == 0:
            break
    return label
