"""Steps that every local search for communities takes, whatever it raises: random order, links, the queue, contraction.

A search serves nodes from a queue; a node that moves queues the neighbours it concerns. Parts are grown inside the communities and
become the nodes of the next, smaller graph.

The innermost loops index by unsigned numbers: a signed one may be negative, which numba looks for at every access.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit.community.quality import Undirected
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["contract"]


def contract(graph: Undirected, labels: NDArray[np.int64]) -> tuple[Undirected, NDArray[np.int64]]:
    """Return the graph whose nodes are the labels, and the node of every row.

    What is inside a label keeps its share of the strength but has no edge: no partition can part it.
    """
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
