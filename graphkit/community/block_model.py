"""The block model: communities as blocks, each with a density of its own, whose description of the edges is short.

Every pair of nodes is tied as often as the degrees say, times w_r inside group r and times w_0 between groups. With the
best w, and the partition and the counts of edges inside each group told first, the groups save

    E (sum_r a_r ln(a_r / v_r^2) + a_0 ln(a_0 / s_0)) - ln(N! / prod n_r!) - ln C(N-1, B-1) - ln N - ln C(E+B, B) + ln(E+1)

nats against no groups at all, E the number of edges (with weights: of equal edges that say as much, (sum w)^2 / sum w^2; both
arcs between two nodes are one edge), a_r the share of the weight inside group r, v_r its share of the strength,
a_0 = 1 - sum a_r, s_0 = 1 - sum v_r^2: the degree-corrected planted partition whose groups differ in density
(Karrer, Newman 2011; Zhang, Peixoto 2020). Modularity is the likelihood of the model in which all w_r are equal
(Newman 2016), so it merges groups that are dense for their size and parts large loose ones; here a small dense group
stands beside a large loose one. A graph without groups is told in fewer nats without them: none is then found.

The search is that of :mod:`graphkit.community.moves` with this gain: moves, parts grown inside the communities, contraction.

References
----------
Karrer, Newman (2011), https://doi.org/10.1103/PhysRevE.83.016107; Newman (2016), https://doi.org/10.1103/PhysRevE.94.052315;
Zhang, Peixoto (2020), https://doi.org/10.1103/PhysRevResearch.2.043271
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from graphkit.community.moves import leiden
from graphkit.community.quality import description_gain, inside_weights
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

__all__ = ["best_blocks_gain", "block_gain", "block_leiden", "leiden_at_newmans_resolution", "newman_resolution"]


_TINY = 1e-15  # shares below it are what rounding left


def block_gain(graph: Undirected, labels: NDArray[np.int64]) -> float:
    """Return how many nats blocks of these labels save in describing the edges; see the head of the module.

    0 for a single community; below 0 the groups are not worth their description. Nodes without ties are in no group.

    Parameters
    ----------
    graph : Undirected
        Every row a node.
    labels : ndarray of int64, shape (n_nodes,)
        >= 0.
    """
    total, tied = float(graph.strength.sum()), graph.strength > 0
    if total <= 0:
        return 0.0
    size = np.bincount(labels, weights=tied).astype(np.int64)
    held, inner = (
        x[size > 0] / total for x in (np.bincount(labels, weights=graph.strength), inside_weights(graph, labels))
    )
    size = size[size > 0]
    if size.size == 1:
        return 0.0
    apart, room = 1.0 - float(inner.sum()), 1.0 - float((held**2).sum())
    full = inner > 0
    nats = float((inner[full] * (np.log(inner[full]) - 2.0 * np.log(held[full]))).sum())  # held**2 may vanish
    nats += apart * math.log(apart / room) if min(apart, room) > _TINY else 0.0
    names, price = prices(int(size.sum()), graph.n_edges)
    return graph.n_edges * nats + float(names[size].sum() - names[size.sum()] - price[size.size])


def newman_resolution(graph: Undirected, labels: NDArray[np.int64]) -> float | None:
    """Return the resolution at which modularity is the likelihood of blocks as dense as these, all alike; None without any.

    (w_1 - w_0) / (ln w_1 - ln w_0), w_1 = a / s and w_0 = (1 - a) / (1 - s) the edges inside and between communities as a
    multiple of what the degrees say (Newman 2016, eq. 15).
    """
    total = float(graph.strength.sum())
    a = float(inside_weights(graph, labels).sum()) / total
    s = float(((np.bincount(labels, weights=graph.strength) / total) ** 2).sum())
    if not (s < a < 1.0 - _TINY):
        return None
    inside, between = a / s, (1 - a) / (1 - s)
    return (inside - between) / math.log(inside / between)


def best_blocks_gain(graph: Undirected, labels: NDArray[np.int64]) -> float:
    """Return the nats saved by blocks of these labels, of different density or all alike, whichever saves more."""
    return max(description_gain(graph, labels), block_gain(graph, labels))


def leiden_at_newmans_resolution(graph: Undirected, labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return what one iteration finds at the resolution that suits blocks as dense as these; these where there is none."""
    gamma = newman_resolution(graph, labels)
    if gamma is None:
        return labels
    return leiden(graph, np.arange(graph.n_nodes), resolution=gamma, iterations=1, seed=seed)


def block_leiden(graph: Undirected, start: NDArray[np.int64], *, iterations: int, seed: int) -> NDArray[np.int64]:
    """Return communities found from a partition by the block model, numbered from 0; they may hang apart.

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
    total, nodes = float(graph.strength.sum()), graph.members()
    names, price = prices(int(nodes.sum()), graph.n_edges)
    arrays = graph.indptr, graph.indices, graph.weight / total, graph.strength / total, nodes
    first, state = start.astype(np.int32), np.uint64(seed)
    label: NDArray[np.int32] = block_kernel(*arrays, first, iterations, state, graph.n_edges, names, price)
    return label.astype(np.int64)


def prices(nodes: int, edges: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nats by size: ln n! of a group of n nodes; what B groups cost beyond one, but for ln(N! / prod n_r!)."""
    log = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, nodes + 2)))])  # ln k!, exact to rounding
    b = np.arange(1, nodes + 1)
    room = np.cumsum(np.log1p(edges / b))  # ln C(E + B, B)
    cost = log[nodes - 1] - log[b - 1] - log[nodes - b] + room - room[0]
    cost[1:] += math.log(nodes)
    return log, np.concatenate([[0.0], cost, [np.inf, np.inf]])


@kernel
def worth_kernel(leave, held):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """What a block adds for an edge: a ln(a / v^2), a the share inside."""
    inside = held - leave
    return inside * (np.log(inside) - 2.0 * np.log(held)) if inside > _TINY else 0.0


@kernel
def between_kernel(apart, squares):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """What the edges between blocks add."""
    return apart * np.log(apart / (1.0 - squares)) if apart > _TINY and squares < 1.0 - _TINY else 0.0


@kernel
def block_move_kernel(indptr, indices, weight, visit, nodes, label, state, edges, names, price):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Move nodes one by one to the neighbouring (or an empty) community that saves most until none does."""
    n = visit.size
    held, leave, out, apart = weighed_kernel(indptr, indices, weight, visit, label)
    size, named, worth, squares, blocks = np.zeros(n, np.int32), np.zeros(n, np.int64), np.zeros(n), 0.0, 0
    for i in range(n):
        size[label[i]] += 1
        named[label[i]] += nodes[i]
    for c in range(n):
        worth[c] = worth_kernel(leave[c], held[c])
        squares += held[c] * held[c]
        blocks += named[c] > 0
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
        old, count, v, m = label[i], gather_kernel(i, indptr, indices, weight, label, links, near), visit[i], nodes[i]
        rest, less = leave[old] - out[i] + 2 * links[old], 0.0
        alone, stay = size[old] == 1, held[old] - v
        if not alone:
            less = worth_kernel(rest, stay)
            near[count] = empty[n_empty - 1] if n_empty > 0 else old
            count += 1
        before = (
            edges * (less - worth[old] - between_kernel(apart, squares))
            + names[named[old] - m]
            - names[named[old]]
            + price[blocks]
        )
        best, gain, gone, more = old, 1e-9, 0.0, 0.0
        for t in range(count):
            c = near[t]
            if c == old:
                continue
            to, whole = leave[c] + out[i] - 2 * links[c], held[c] + v
            joint = worth_kernel(to, whole)
            left = between_kernel(
                apart + rest - leave[old] + to - leave[c], squares - held[old] ** 2 - held[c] ** 2 + stay**2 + whole**2
            )
            value = (
                before
                + edges * (joint - worth[c] + left)
                + names[named[c] + m]
                - names[named[c]]
                - price[blocks - alone + (size[c] == 0)]
            )
            if value > gain:
                best, gain, gone, more = c, value, to, joint
        for t in range(count):
            links[near[t]] = 0.0
        if best == old:
            continue
        blocks += (size[best] == 0) - alone
        squares += stay**2 + (held[best] + v) ** 2 - held[old] ** 2 - held[best] ** 2
        apart += rest - leave[old] + gone - leave[best]
        leave[old], held[old], worth[old] = rest, stay, less
        leave[best], held[best], worth[best] = gone, held[best] + v, more
        named[old] -= m
        named[best] += m
        n_empty = resettle_kernel(i, best, label, size, empty, n_empty)
        if alone:
            held[old], leave[old] = 0.0, 0.0
        moved += 1
        waiting = requeue_kernel(i, indptr, indices, label, queue, queued, head, waiting)
    return moved


@kernel
def block_refine_kernel(indptr, indices, weight, visit, label, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Parts of each community: single nodes join, in random order, the neighbouring part that explains the edges best."""
    n = visit.size
    part, near = np.arange(n).astype(np.int32), np.empty(n, np.int32)
    alone, links = np.ones(n, np.bool_), np.zeros(n)
    held, leave, _, apart = weighed_kernel(indptr, indices, weight, visit, part)
    squares = (held * held).sum()
    for i in shuffled_kernel(n, state):
        if not alone[i]:
            continue
        count = parts_near_kernel(i, indptr, indices, weight, label, part, links, near)
        best, gain, joined = i, 1e-14, 0.0
        before = worth_kernel(leave[i], held[i]) + between_kernel(apart, squares)
        for t in range(count):
            p = near[t]
            value = (
                worth_kernel(leave[p] + leave[i] - 2 * links[p], held[p] + held[i])
                - worth_kernel(leave[p], held[p])
                - before
            )
            value += between_kernel(apart - 2 * links[p], squares + 2 * held[p] * held[i])
            if value > gain:
                best, gain, joined = p, value, links[p]
            links[p] = 0.0
        if best != i:
            part[i] = best
            alone[i], alone[best] = False, False
            squares += 2 * held[best] * held[i]
            held[best] += held[i]
            leave[best] += leave[i] - 2 * joined
            apart -= 2 * joined
    return part


@kernel
def summed_kernel(values, part, parts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Sum of the values of each part."""
    total = np.zeros(parts, values.dtype)
    for i in range(values.size):
        total[part[i]] += values[i]
    return total


@kernel
def block_kernel(indptr, indices, weight, visit, nodes, start, iterations, seed, edges, names, price):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Iterations of moves, parts and contraction, as in :func:`graphkit.community.moves.leiden_kernel`."""
    n, state = visit.size, np.empty(1, np.uint64)
    state[0] = seed
    label, _ = relabel_kernel(start)
    for _ in range(iterations):
        a, b, w, k, m = indptr, indices, weight, visit, nodes
        here, node, total = label.copy(), np.arange(n).astype(np.int32), 0
        while True:
            total += block_move_kernel(a, b, w, k, m, here, state, edges, names, price)
            here, count = relabel_kernel(here)
            if count == k.size:
                break
            part, parts = relabel_kernel(block_refine_kernel(a, b, w, k, here, state))
            if parts == k.size:  # nothing joined: the communities themselves
                part, parts = here, count
            m = summed_kernel(m, part, parts)
            (a, b, w, k), here = lift_kernel(a, b, w, k, part, parts, here, node)
        for i in range(n):
            label[i] = here[node[i]]
        label, _ = relabel_kernel(label)
        if total == 0:
            break
    return label
