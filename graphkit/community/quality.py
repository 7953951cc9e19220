"""Modularity and evidence of a partition, and communities that hang together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.special import gammaln, rel_entr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["Undirected", "canonical_labels", "common_neighbours", "connected_labels", "description_gain", "inside_shares", "modularity", "undirected", "weighted"]


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
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    weight: NDArray[np.float64]
    strength: NDArray[np.float64]

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.indptr.size - 1

    def sources(self) -> NDArray[np.int32]:
        """Row of every stored direction."""
        return np.repeat(np.arange(self.n_nodes, dtype=np.int32), np.diff(self.indptr))


def undirected(p: Projection, order: NDArray[np.int64] | None = None) -> Undirected:
    """Return (A + A^T) / 2 of a projection, its rows in this order: an edge given as two arcs keeps its weight.

    Self-loops are left out: they belong to no decision about who goes with whom.
    """
    weight = np.ones(p.n_arcs) if p.weight is None else np.asarray(p.weight, dtype=np.float64)
    a = sparse.csr_array((weight, np.asarray(p.indices), np.asarray(p.indptr)), shape=(p.n_nodes, p.n_nodes))
    both = sparse.csr_array((a + a.T) / 2)
    if order is not None and not np.array_equal(order, np.arange(p.n_nodes)):
        both = both[order][:, order]
    both.eliminate_zeros()
    both.sort_indices()
    return weighted(both.indptr.astype(np.int64), both.indices.astype(np.int32), both.data.astype(np.float64))


def weighted(indptr: NDArray[np.int64], indices: NDArray[np.int32], weight: NDArray[np.float64]) -> Undirected:
    """Return the graph with these weights, each node as strong as its edges together."""
    source = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
    return Undirected(indptr, indices, weight, np.bincount(source, weights=weight, minlength=indptr.size - 1).astype(np.float64))


def modularity(graph: Undirected, labels: NDArray[np.int64], resolution: float = 1.0) -> float:
    """Newman's modularity: inner share of the weight - resolution x sum of squared shares; 0 without edges."""
    total = float(graph.weight.sum())
    if total <= 0:
        return 0.0
    source = graph.sources()
    inside = float(graph.weight[labels[source] == labels[graph.indices]].sum())
    share = np.bincount(labels[source], weights=graph.weight) / total
    return inside / total - resolution * float((share**2).sum())


def description_gain(graph: Undirected, labels: NDArray[np.int64]) -> float:
    """Return how many nats the communities save in describing the edges, after paying for their own description.

    E KL(a || s) - ln(N! / prod n_r!) - ln C(N-1, B-1) - ln N, with E the number of edges, a the share
    of the weight inside communities and s the share expected from the degrees: the log-likelihood ratio of
    the degree-corrected planted partition against no groups (Newman 2016, eq. 16; Traag, Aldecoa, Delvenne
    2015), less the description of the partition (Peixoto 2019). 0 for a single community; below 0
    the groups are not worth their names.

    References
    ----------
    Newman (2016), https://doi.org/10.1103/PhysRevE.94.052315; Traag, Aldecoa, Delvenne (2015),
    https://doi.org/10.1103/PhysRevE.92.022816; Peixoto (2019), https://doi.org/10.1002/9781119483298.ch11
    """
    total, n = float(graph.weight.sum()), labels.size
    if total <= 0:
        return 0.0
    _, number, size = np.unique(labels, return_inverse=True, return_counts=True)
    if size.size == 1:
        return 0.0
    source = graph.sources()
    a = float(graph.weight[labels[source] == labels[graph.indices]].sum()) / total
    s = float(((np.bincount(number, weights=graph.strength) / graph.strength.sum()) ** 2).sum())
    surprise = float(rel_entr(a, s) + rel_entr(1 - a, 1 - s)) if a > s else 0.0
    names = gammaln(n + 1) - gammaln(size + 1).sum() + gammaln(n) - gammaln(size.size) - gammaln(n - size.size + 1) + np.log(n)
    return graph.indices.size / 2 * surprise - float(names)


def inside_shares(graph: Undirected, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of each community's weight that stays inside, in [0, 1]; 0 for a community without edges."""
    source = graph.sources()
    same = labels[source] == labels[graph.indices]
    count = int(labels.max(initial=-1)) + 1
    inner = np.bincount(labels[source[same]], weights=graph.weight[same], minlength=count)
    whole = np.bincount(labels, weights=graph.strength, minlength=count)
    return np.divide(inner, whole, out=np.zeros(count), where=whole > 0)


def connected_labels(graph: Undirected, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Split every community into its connected parts (never lowers modularity)."""
    source = graph.sources()
    same = labels[source] == labels[graph.indices]
    inner = sparse.csr_array((np.ones(int(same.sum())), (source[same], graph.indices[same])), shape=(graph.n_nodes,) * 2)
    return np.asarray(connected_components(inner, directed=False)[1], dtype=np.int64)


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


@njit(nogil=True, cache=True)
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
