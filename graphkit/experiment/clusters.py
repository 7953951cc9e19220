"""Communities merged to clusters of similar size: the units that are treated as a whole.

Small communities join the cluster they have most ties with for their size, so that few ties are cut; what is tied to nobody joins
the smallest. Large communities stay whole: cutting through one would let the treatment leak.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphkit.check import finite, positive_int
from graphkit.community.leiden import communities
from graphkit.errors import Infeasible

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Clusters", "arc_weight", "cluster_users", "cut_share", "merge_communities"]

FEWEST = 20  # clusters
_RESOLUTIONS = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0)
_MOST = 100  # clusters wanted where the graph gives them


@dataclass(frozen=True, eq=False)
class Clusters:
    """Units of an experiment: cluster of each user, resolution of the communities they were made from, share of influence between them."""

    cluster: Ints
    resolution: float
    cut_share: float


def cluster_users(
    p: Projection,
    resolution: float | None,
    wanted: int | None,
    max_cut: float,
    seed: int,
    progress: ProgressCallback,
) -> Clusters:
    """Return clusters at the first resolution that gives enough of them.

    Raises
    ------
    Infeasible
        No resolution does (rule ``clusters``); it says what is in the way.
    """
    if wanted is not None:
        positive_int("n_clusters", wanted, minimum=FEWEST)
    if p.n_nodes < FEWEST:
        raise Infeasible(
            f"{p.n_nodes} users cannot make {FEWEST} clusters",
            rule="clusters",
            missing=FEWEST - p.n_nodes,
            hint="an experiment needs more users",
        )
    target = max(1, p.n_nodes // (wanted or max(FEWEST, min(_MOST, p.n_nodes // 30))))
    tried: list[str] = []
    best = 0
    for level in _RESOLUTIONS if resolution is None else (finite("resolution", resolution),):
        found = communities(p, resolution=level, effort="fast", rng=seed, finer=False, progress=progress)
        cluster = merge_communities(p, np.asarray(found.labels), target)
        n, cut = int(cluster.max()) + 1, cut_share(p, cluster)
        if n >= FEWEST and cut <= max_cut:
            return Clusters(cluster, level, cut)
        tried.append(f"{n} at resolution {level:g} cutting {cut:.0%} of the influence")
        best = max(best, n if cut <= max_cut else 0)
    raise Infeasible(
        f"no {FEWEST} clusters keep at least {1 - max_cut:.0%} of the influence inside: {'; '.join(tried)}",
        rule="clusters",
        missing=FEWEST - best,
        hint="with fewer clusters no interval is honest: address more users, or allow a larger --max-cut",
    )


def arc_weight(p: Projection) -> Floats:
    """Return how much an arc can carry: its chance, or 1 where the graph has none."""
    return np.ones(p.n_arcs) if p.probability is None else np.asarray(p.probability, np.float64)


def cut_share(p: Projection, cluster: Ints) -> float:
    """Return the share of the arcs' weight that runs between clusters, in [0, 1]; 0 without arcs."""
    weight = arc_weight(p)
    total = float(weight.sum())
    return float(weight[cluster[p.sources] != cluster[p.indices]].sum()) / total if total > 0 else 0.0


def merge_communities(p: Projection, labels: Ints, target: int) -> Ints:
    """Merge communities until none is smaller than half of ``target`` users, or nothing is left to join.

    Parameters
    ----------
    p : Projection
    labels : ndarray of int, shape (n_nodes,)
        Communities 0, 1, ...
    target : int >= 1
        Wanted size; a merge never makes a cluster larger than 1.5 times that, unless no other is possible.

    Returns
    -------
    ndarray of int64, shape (n_nodes,)
        Clusters 0, 1, ... by size down, ties by the smallest row.
    """
    size = {int(c): int(n) for c, n in enumerate(np.bincount(labels)) if n}
    ties = _ties(p, labels)
    joined = {c: [c] for c in size}
    heap = [(n, c) for c, n in size.items()]
    heapq.heapify(heap)
    while heap and len(size) > 1:
        n, c = heapq.heappop(heap)
        if size.get(c) != n or 2 * n >= target:
            continue
        other = _partner(c, size, ties, target)
        for neighbour, w in ties.pop(c, {}).items():
            ties[neighbour].pop(c, None)
            if neighbour != other:
                ties[other][neighbour] = ties[other].get(neighbour, 0.0) + w
                ties[neighbour][other] = ties[neighbour].get(other, 0.0) + w
        joined[other] += joined.pop(c)
        size[other] += size.pop(c)
        heapq.heappush(heap, (size[other], other))
    new = np.empty(int(labels.max()) + 1, np.int64)
    for number, members in enumerate(joined.values()):
        new[members] = number
    return _by_size(new[labels])


def _partner(c: int, size: dict[int, int], ties: dict[int, dict[int, float]], target: int) -> int:
    """The cluster with most ties for its size that stays small enough; else the smallest other one."""
    room = [(w / size[k], -size[k], -k) for k, w in ties.get(c, {}).items() if size[k] + size[c] <= 1.5 * target]
    if room:
        return -max(room)[2]
    return min((n, k) for k, n in size.items() if k != c)[1]


def _ties(p: Projection, labels: Ints) -> dict[int, dict[int, float]]:
    """Weight between communities, both directions added."""
    source, target, weight = labels[p.sources], labels[p.indices], arc_weight(p)
    apart = source != target
    low, high = np.minimum(source, target)[apart], np.maximum(source, target)[apart]
    pairs, where = np.unique(np.column_stack([low, high]), axis=0, return_inverse=True)
    total = np.bincount(where.ravel(), weights=weight[apart], minlength=len(pairs))
    found: dict[int, dict[int, float]] = {int(c): {} for c in np.unique(labels)}
    for (a, b), w in zip(pairs.tolist(), total.tolist(), strict=True):
        found[a][b] = found[b][a] = w
    return found


def _by_size(cluster: Ints) -> Ints:
    """Number clusters by size down, ties by the smallest row."""
    _, first, inverse, count = np.unique(cluster, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(count.size, np.int64)
    rank[np.lexsort((first, -count))] = np.arange(count.size)
    return rank[inverse.ravel()]
