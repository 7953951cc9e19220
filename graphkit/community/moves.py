"""Leiden on one weighted graph: compiled, single-threaded, a pure function of its seed.

One iteration (Traag, Waltman, van Eck 2019): nodes move between communities while that raises

    sum over pairs inside a community of (A_ij - gamma k_i k_j / 2m),

served from a queue that a move refills with the neighbours it concerns; every community is then
split into well-connected parts, grown from single nodes; the parts become the nodes of the next,
smaller graph, which starts from the communities. Parts are connected by construction. Iterations
go on from the partition found until nothing moves or their number is used up.

The innermost loops index by unsigned numbers: a signed one may be negative, which numba looks for at every access.

References
----------
Traag, Waltman, van Eck (2019). From Louvain to Leiden. https://doi.org/10.1038/s41598-019-41695-z
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.community.quality import Undirected

__all__ = ["contract", "leiden"]


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


def contract(graph: Undirected, labels: NDArray[np.int64]) -> tuple[Undirected, NDArray[np.int64]]:
    """Return the graph whose nodes are the labels, and the node of every row.

    What is inside a label keeps its share of the strength but has no edge: no partition can part it.
    """
    from graphkit.community.quality import Undirected

    groups, count = relabel_kernel(labels.astype(np.int32))
    arrays = graph.indptr, graph.indices, graph.weight, graph.strength
    indptr, indices, weight, strength = contract_kernel(*arrays, groups, count)
    nodes = np.bincount(groups, weights=graph.members(), minlength=count).astype(np.int64)
    return Undirected(indptr, indices, weight, strength, nodes, graph.n_edges), groups.astype(np.int64)


@kernel
def below_kernel(state, n):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Next number in 0..n-1 (splitmix64)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((((z ^ (z >> np.uint64(31))) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@kernel
def shuffled_kernel(n, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """0..n-1 in random order."""
    order = np.arange(n).astype(np.int32)
    for i in range(n - 1, 0, -1):
        j = below_kernel(state, i + 1)
        order[i], order[j] = order[j], order[i]
    return order


@kernel
def relabel_kernel(labels):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Numbers 0, 1, .. in order of first appearance, and how many; labels lie in 0..n-1."""
    number, count, out = np.full(labels.size, -1, np.int32), 0, np.empty(labels.size, np.int32)
    for i in range(labels.size):
        if number[labels[i]] < 0:
            number[labels[i]] = count
            count += 1
        out[i] = number[labels[i]]
    return out, count


@kernel
def vacant_kernel(size):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Communities without a member, and how many."""
    empty, count = np.empty(size.size, np.int32), 0
    for c in range(size.size):
        if size[c] == 0:
            empty[count] = c
            count += 1
    return empty, count


@kernel
def weighed_kernel(indptr, indices, weight, visit, label):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Of every label its share of the strength and what leaves it; of every row the weight of its links; their sum apart."""
    n = visit.size
    held, leave, out, apart = np.zeros(n), np.zeros(n), np.zeros(n), 0.0
    for i in range(n):
        held[label[i]] += visit[i]
        for j in range(indptr[i], indptr[i + 1]):
            out[i] += weight[j]
            if label[indices[j]] != label[i]:
                leave[label[i]] += weight[j]
                apart += weight[j]
    return held, leave, out, apart


@kernel
def gather_kernel(i, indptr, indices, weight, label, links, near):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Weight of the links of node i to each community near it; how many of them there are.

    Neighbours often come in runs of one community: their sum stays in a register.
    """
    none = np.uint64(links.size)
    count, last, total = 0, none, 0.0
    for j in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
        c = np.uint64(label[np.uint64(indices[j])])
        if c != last:
            if last != none:
                links[last] = total
            last, total = c, links[c]
            if total == 0.0:
                near[count] = c
                count += 1
        total += weight[j]
    if last != none:
        links[last] = total
    return count


@kernel
def parts_near_kernel(i, indptr, indices, weight, label, part, links, near):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Weight of the links of node i to each part of its own community near it; how many of them there are."""
    own, count = label[i], 0
    for j in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
        v = np.uint64(indices[j])
        if label[v] == own:
            p = np.uint64(part[v])
            if links[p] == 0.0:
                near[count] = p
                count += 1
            links[p] += weight[j]
    return count


@kernel
def resettle_kernel(i, best, label, size, empty, n_empty):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Put node i into another community; how many are empty then."""
    old = label[i]
    if size[best] == 0:
        n_empty -= 1
    size[best] += 1
    size[old] -= 1
    if size[old] == 0:
        empty[n_empty] = old
        n_empty += 1
    label[i] = best
    return n_empty


@kernel
def requeue_kernel(i, indptr, indices, label, queue, queued, head, waiting):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Queue again the neighbours of node i outside its community; how many wait then."""
    n, own = queue.size, label[i]
    for j in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
        v = np.uint64(indices[j])
        if not queued[v] and label[v] != own:
            place = head + waiting
            queue[place if place < n else place - n] = v
            waiting += 1
            queued[v] = True
    return waiting


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
def contract_kernel(indptr, indices, weight, strength, group, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """CSR of the groups 0..count-1 without loops, and their strengths."""
    n = strength.size
    first = np.zeros(count + 1, np.int64)
    for i in range(n):
        first[group[i] + 1] += 1
    for c in range(count):
        first[c + 1] += first[c]
    member, place = np.empty(n, np.int32), first[:count].copy()
    for i in range(n):
        member[place[group[i]]] = i
        place[group[i]] += 1
    start, ends, flat = np.zeros(count + 1, np.int64), np.empty(indices.size, np.int32), np.empty(indices.size)
    held, links, size = np.zeros(count), np.zeros(count), 0
    for c in range(count):
        for m in range(first[c], first[c + 1]):
            i = member[m]
            held[c] += strength[i]
            for j in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
                other = np.uint64(group[np.uint64(indices[j])])
                if other != np.uint64(c):
                    if links[other] == 0.0:
                        ends[size] = other
                        size += 1
                    links[other] += weight[j]
        for t in range(start[c], size):
            flat[t] = links[ends[t]]
            links[ends[t]] = 0.0
        start[c + 1] = size
    return start, ends[:size].copy(), flat[:size].copy(), held


@kernel
def lift_kernel(indptr, indices, weight, strength, part, parts, label, node):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Graph whose nodes are the parts, the label of each part; ``node`` follows the rows of the first graph."""
    label_of = np.empty(parts, np.int32)
    for i in range(part.size):
        label_of[part[i]] = label[i]
    for i in range(node.size):
        node[i] = part[node[i]]
    return contract_kernel(indptr, indices, weight, strength, part, parts), label_of


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
