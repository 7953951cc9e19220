"""Modularity and evidence of a partition, and communities that hang together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = [
    "Undirected",
    "canonical_labels",
    "common_neighbours",
    "connected_labels",
    "description_gain",
    "inside_shares",
    "modularity",
    "undirected",
    "weighted",
]


@dataclass(frozen=True, eq=False)
class Undirected:
    """Symmetric weighted adjacency without self-loops, CSR, neighbours rising.

    Parameters
    ----------
    indptr, indices : ndarray of int64 and int32
    weight : ndarray of float64
        Weight of each stored direction; both directions are equal.
    strength : ndarray of float64, shape (n_nodes,)
        What a node counts for in the null model: the weight of its edges.
    nodes : ndarray of int64, shape (n_nodes,), or None
        Nodes with ties that each row stands for, in a contracted graph.
    edges : float or None
        :attr:`n_edges` where the weights here do not say it: of a graph with one-way arcs, or of the graph that was contracted.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    weight: NDArray[np.float64]
    strength: NDArray[np.float64]
    nodes: NDArray[np.int64] | None = None
    edges: float | None = None

    @property
    def n_nodes(self) -> int:
        """Number of rows."""
        return self.indptr.size - 1

    @property
    def n_edges(self) -> float:
        """Number of equal edges that say as much, also those within the rows of a contracted graph.

        (sum w)^2 / sum w^2 (Kish 1965): as many as there are where all weigh the same. The share of the weight on one side of a cut
        varies by chance as if so many edges had been drawn; were every edge counted, a few heavy ones would look like groups. Where
        tails are heavier than exponential, two nodes tied many times more than most may still look like one.

        w is the mean of the arcs an edge was given as: that some come one way and others both ways makes no weights uneven, and
        both ways are one observation, because they join the same two nodes.
        """
        return equal_edges(self.weight) if self.edges is None else self.edges

    def members(self) -> NDArray[np.int64]:
        """Nodes with ties that each row stands for."""
        return (self.strength > 0).astype(np.int64) if self.nodes is None else self.nodes

    def sources(self) -> NDArray[np.int32]:
        """Row of every stored direction."""
        return np.repeat(np.arange(self.n_nodes, dtype=np.int32), np.diff(self.indptr))


def undirected(p: Projection, order: NDArray[np.int64] | None = None) -> Undirected:
    """Return (A + A^T) / 2 of a projection, its rows in this order: an edge given as two arcs keeps its weight.

    Self-loops are left out: they belong to no decision about who goes with whom. A projection that is symmetric
    already, in this order, is taken as it is.
    """
    # Copies: read-only columns would compile every kernel twice.
    indptr, indices = np.array(p.indptr, dtype=np.int64), np.array(p.indices, dtype=np.int32)
    weight = np.ones(p.n_arcs) if p.weight is None else np.array(p.weight, dtype=np.float64)
    row = None if order is None or np.array_equal(order, np.arange(p.n_nodes)) else np.argsort(order)
    both, arcs = symmetric_kernel(indptr, indices, weight), 1.0
    if row is not None or not both:
        row = (np.arange(p.n_nodes) if row is None else row).astype(np.int32)
        if not both:  # half of the number of arcs of every edge
            arcs = both_ways_kernel(indptr, indices, (weight != 0).astype(np.float64), row)[2]
        indptr, indices, weight = both_ways_kernel(indptr, indices, weight, row)
    if (
        weight.size and not 1e-100 < weight.max() < 1e100
    ):  # no measure depends on the unit; sums must neither overflow nor vanish
        weight = np.ldexp(weight, -int(np.frexp(weight.max())[1]))
    graph = weighted(indptr, indices, weight)
    return graph if both else replace(graph, edges=equal_edges(weight / arcs))


def equal_edges(weight: NDArray[np.float64]) -> float:
    """Return (sum w)^2 / sum w^2 of edges whose both directions are given."""
    if weight.size == 0 or weight.min() == weight.max():
        return weight.size / 2
    return float(weight.sum() ** 2 / np.square(weight).sum()) / 2


def weighted(indptr: NDArray[np.int64], indices: NDArray[np.int32], weight: NDArray[np.float64]) -> Undirected:
    """Return the graph with these weights, each node as strong as its edges together."""
    strength, tied = np.zeros(indptr.size - 1), np.diff(indptr) > 0
    strength[tied] = np.add.reduceat(weight, indptr[:-1][tied]) if tied.any() else 0.0
    return Undirected(indptr, indices, weight, strength)


def modularity(graph: Undirected, labels: NDArray[np.int64], resolution: float = 1.0) -> float:
    """Newman's modularity: inner share of the weight - resolution x sum of squared shares; 0 without edges."""
    total = float(graph.weight.sum())
    if total <= 0:
        return 0.0
    share = np.bincount(labels, weights=graph.strength) / total
    return float(inside_weights(graph, labels).sum()) / total - resolution * float((share**2).sum())


def description_gain(graph: Undirected, labels: NDArray[np.int64]) -> float:
    """Return how many nats the communities save in describing the edges, after paying for their own description.

    E KL(a || s) - ln(N! / prod n_r!) - ln C(N-1, B-1) - ln N, with E the number of equal edges that say as much, a the share
    of the weight inside communities and s the share expected from the degrees: the log-likelihood ratio of
    the degree-corrected planted partition against no groups (Newman 2016, eq. 16; Traag, Aldecoa, Delvenne
    2015), less the description of the partition (Peixoto 2019). 0 for a single community; below 0
    the groups are not worth their names. N and n_r count nodes with ties: the others are in no group.

    References
    ----------
    Newman (2016), https://doi.org/10.1103/PhysRevE.94.052315; Traag, Aldecoa, Delvenne (2015),
    https://doi.org/10.1103/PhysRevE.92.022816; Peixoto (2019), https://doi.org/10.1002/9781119483298.ch11;
    Kish (1965), Survey Sampling, section 11.7
    """
    total, tied = float(graph.weight.sum()), graph.strength > 0
    if total <= 0:
        return 0.0
    n = int(np.count_nonzero(tied))
    _, number, size = np.unique(labels[tied], return_inverse=True, return_counts=True)
    if size.size == 1:
        return 0.0
    a = float(inside_weights(graph, labels).sum()) / total
    s = float(((np.bincount(number, weights=graph.strength[tied]) / graph.strength.sum()) ** 2).sum())
    surprise = a * math.log(a / s) + ((1 - a) * math.log((1 - a) / (1 - s)) if a < 1 else 0.0) if a > s else 0.0
    groups = size.size
    names = math.lgamma(n + 1) - sum(math.lgamma(k + 1) for k in size.tolist()) + math.log(n)
    names += math.lgamma(n) - math.lgamma(groups) - math.lgamma(n - groups + 1)
    return graph.n_edges * surprise - names


def inside_shares(graph: Undirected, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of each community's weight that stays inside, in [0, 1]; 0 for a community without edges."""
    inner, whole = inside_weights(graph, labels), np.bincount(labels, weights=graph.strength)
    return np.divide(inner, whole, out=np.zeros(inner.size), where=whole > 0)


def inside_weights(graph: Undirected, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the weight inside each community, both directions of an edge counted, shape (largest label + 1,)."""
    return np.asarray(inside_kernel(graph.indptr, graph.indices, graph.weight, labels, int(labels.max(initial=-1)) + 1))


def connected_labels(graph: Undirected, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Split every community into its connected parts (never lowers modularity)."""
    return np.asarray(connected_kernel(graph.indptr, graph.indices, labels))


def canonical_labels(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Renumber 0, 1, .. by size down, then by the smallest row."""
    if labels.size == 0:
        return labels.astype(np.int64)
    _, first, inverse, size = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(size.size, np.int64)
    rank[np.lexsort((first, -size))] = np.arange(size.size)
    return rank[inverse]


def common_neighbours(graph: Undirected) -> NDArray[np.float64]:
    """Return the common neighbours of the two ends of every stored direction, by intersecting sorted rows."""
    return np.asarray(intersect_kernel(graph.indptr, graph.indices))


@kernel
def intersect_kernel(indptr, indices):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Sizes of N(u) and N(v) in common for each arc u -> v; the smaller end is marked, not merged."""
    n = indptr.size - 1
    found, mark = np.zeros(indices.size), np.full(n, -1, np.int64)
    for u in range(n):
        for j in range(indptr[u], indptr[u + 1]):
            mark[indices[j]] = u
        for j in range(indptr[u], indptr[u + 1]):
            v = indices[j]
            du, dv = indptr[u + 1] - indptr[u], indptr[v + 1] - indptr[v]
            if dv > du or (dv == du and v > u):
                continue  # counted from the other end
            count = 0
            for k in range(indptr[v], indptr[v + 1]):
                if mark[indices[k]] == u:
                    count += 1
            found[j] = count
            low, high = indptr[v], indptr[v + 1]
            while low < high:
                middle = (low + high) // 2
                if indices[middle] < u:
                    low = middle + 1
                else:
                    high = middle
            found[low] = count
    return found


@kernel
def inside_kernel(indptr, indices, weight, label, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Sum the weights of arcs within each label."""
    inside = np.zeros(count)
    for i in range(label.size):
        for j in range(indptr[i], indptr[i + 1]):
            if label[indices[j]] == label[i]:
                inside[label[i]] += weight[j]
    return inside


@kernel
def connected_kernel(indptr, indices, label):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Number what hangs together within a label, in order of the first row."""
    n, count = label.size, 0
    part, stack = np.full(n, -1, np.int64), np.empty(n, np.int32)
    for first in range(n):
        if part[first] >= 0:
            continue
        part[first], stack[0], waiting = count, first, 1
        while waiting > 0:
            waiting -= 1
            i = stack[waiting]
            for j in range(indptr[i], indptr[i + 1]):
                v = indices[j]
                if part[v] < 0 and label[v] == label[i]:
                    part[v], stack[waiting] = count, v
                    waiting += 1
        count += 1
    return part


@kernel
def symmetric_kernel(indptr, indices, weight):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Whether rows rise, every arc has its way back with the same weight > 0, and there is no loop."""
    place = indptr[:-1].copy()
    for u in range(place.size):
        for j in range(indptr[u], indptr[u + 1]):
            v = indices[j]
            back = place[v]  # rows in order meet the ways back in order
            if (
                v == u
                or not weight[j] > 0.0
                or back == indptr[v + 1]
                or indices[back] != u
                or weight[back] != weight[j]
            ):
                return False
            place[v] = back + 1
    return True


@kernel
def both_ways_kernel(indptr, indices, weight, row):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Half of every arc in both directions, nodes renumbered, without loops and zeros; what meets is added up."""
    n = row.size
    first = np.zeros(n + 1, np.int64)
    for u in range(n):
        for j in range(indptr[u], indptr[u + 1]):
            if indices[j] != u and weight[j] != 0.0:
                first[row[u] + 1] += 1
                first[row[indices[j]] + 1] += 1
    for i in range(n):
        first[i + 1] += first[i]
    end, half = np.empty(first[n], np.int32), np.empty(first[n])
    place = first[:n].copy()
    for u in range(n):
        for j in range(indptr[u], indptr[u + 1]):
            v = indices[j]
            if v != u and weight[j] != 0.0:
                for a, b in ((row[u], row[v]), (row[v], row[u])):
                    end[place[a]], half[place[a]] = b, weight[j] / 2
                    place[a] += 1
    rising, value = np.empty(first[n], np.int32), np.empty(first[n])
    place = first[:n].copy()
    for u in range(n):  # its own transpose, read row by row: every row comes out sorted
        for j in range(first[u], first[u + 1]):
            v = end[j]
            rising[place[v]], value[place[v]] = u, half[j]
            place[v] += 1
    start, size = np.zeros(n + 1, np.int64), 0
    for u in range(n):
        for j in range(first[u], first[u + 1]):
            if size > start[u] and rising[size - 1] == rising[j]:
                value[size - 1] += value[j]
            else:
                rising[size], value[size] = rising[j], value[j]
                size += 1
        start[u + 1] = size
    return start, rising[:size].copy(), value[:size].copy()
