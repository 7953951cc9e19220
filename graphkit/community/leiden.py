"""Communities by modularity: Leiden from common-neighbour starts, and an ensemble of its answers.

One *pass* of a seed: Leiden on edges weighted by (common neighbours + .05) / sqrt(d_u d_v), which
sees the inside of a group more clearly than the bare edges do, then plain Leiden from there.
``fast`` is one pass; ``balanced`` a few, beside plain starts; ``thorough`` weighs each edge by the
share of those partitions that keep it inside, passes over that, twice, and polishes. The best
partition ever seen by the wanted modularity is the answer. Each Leiden run is single-threaded with
a seed of its own, runs are compared in the order of their seeds: any number of cores gives the same bytes.

References
----------
Traag, Waltman, van Eck (2019). From Louvain to Leiden. https://doi.org/10.1038/s41598-019-41695-z
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import graspologic_native
import numpy as np

from graphkit.check import finite, one_of, refuse
from graphkit.community.quality import (
    Undirected,
    canonical_labels,
    common_neighbours,
    connected_labels,
    modularity,
    undirected,
)
from graphkit.errors import DataInvalid
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed, child_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["EFFORTS", "Communities", "communities"]

EFFORTS = ("fast", "balanced", "thorough")
_SMALL = 20_000  # stored directions below which many plain starts cost next to nothing
_POWER, _FLOOR = 2.0, 0.02


@dataclass(frozen=True, eq=False, repr=False)
class Communities(Result):
    """A partition of the nodes.

    Parameters
    ----------
    labels : ndarray of int64, shape (n_nodes,)
        0, 1, .. by size down, ties by the smallest row. Every community is connected.
    n_communities : int
    modularity : float
        At this resolution, self-loops left out; 0 without edges.
    resolution : float
    effort : str
    ids : ndarray of str, shape (n_nodes,), or None
        Node ids of the rows; None when rows are their own names.
    """

    labels: np.ndarray = field(metadata={"dtype": np.int64})
    n_communities: int
    modularity: float
    resolution: float
    effort: str
    ids: np.ndarray | None = field(metadata={"dtype": object})
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per node: node, community, size of the community."""
        import pandas as pd

        names = np.arange(self.labels.size) if self.ids is None else self.ids
        size = np.bincount(self.labels, minlength=self.n_communities)
        return pd.DataFrame({"node": names, "community": self.labels, "size": size[self.labels]})


def communities(p: Projection, *, resolution: float = 1.0, effort: str = "balanced", rng: Any = None) -> Communities:
    """Find groups that hold more edges inside than their degrees explain.

    Parameters
    ----------
    p : Projection
        Read as undirected: (A + A^T) / 2 with its weights, self-loops left out.
    resolution : float, default 1.0
        > 0; higher gives more and smaller communities.
    effort : {"fast", "balanced", "thorough"}
    rng : int, Generator, SeedSequence or None

    Returns
    -------
    Communities

    Raises
    ------
    InvalidParameter
        Resolution not positive, unknown effort.
    DataInvalid
        A weight is negative or not a number.
    """
    start, gamma = time.perf_counter(), finite("resolution", resolution)
    if gamma <= 0:
        refuse("resolution", resolution, "a number > 0")
    work, seed = one_of("effort", effort, EFFORTS), as_seed(rng)
    if p.weight is not None and not (np.isfinite(p.weight) & (p.weight >= 0)).all():
        message = "the projection has a weight that is negative or not a number: modularity needs weights >= 0"
        raise DataInvalid(message, rule="weight")
    graph = undirected(p)
    labels = np.arange(p.n_nodes, dtype=np.int64)
    if graph.indices.size:
        labels = _Search(graph, gamma, seed).run(work)
    labels = canonical_labels(labels)
    quality = modularity(graph, labels, gamma)
    manifest = make_manifest(
        "communities",
        request={"resolution": gamma, "effort": work},
        answer=[labels.tolist() if labels.size < _SMALL else int(labels.size), quality],
        seed=seed,
        snapshot=p.snapshot_id,
        seconds=time.perf_counter() - start,
    )
    return Communities(labels, int(labels.max(initial=-1) + 1), quality, gamma, work, p.nodes.ids, manifest)


class _Search:
    """Runs of Leiden on one graph, and the best partition they have found."""

    def __init__(self, graph: Undirected, resolution: float, seed: int) -> None:
        self.graph, self.resolution, self.seed = graph, resolution, seed
        self.best, self.quality = np.arange(graph.n_nodes, dtype=np.int64), -np.inf
        source = graph.sources()
        once = source < graph.indices
        names = [str(i) for i in range(graph.n_nodes)]
        pairs = zip(source[once].tolist(), graph.indices[once].tolist(), graph.weight[once].tolist(), strict=True)
        self.edges = [(names[u], names[v], w) for u, v, w in pairs]
        self.names, self.inner = names, np.flatnonzero(np.diff(graph.indptr))
        degree = np.diff(graph.indptr).astype(np.float64)
        near = (common_neighbours(graph) + 0.05) / np.sqrt(degree[source] * degree[graph.indices])
        self.near = near * graph.weight

    def run(self, effort: str) -> NDArray[np.int64]:
        """Search with this effort and return the best partition."""
        small = self.graph.indices.size < _SMALL
        if effort == "fast":
            self.keep(self.each(2 if small else 1, lambda s: self.refined(self.rough(self.near, 1, s), 5, s)))
            return self.best
        plain = self.each(20 if small else 1, lambda s: self.rough(self.graph.weight, 6, s))
        seen = plain + self.each(3 if effort == "balanced" else 6, lambda s: self.refined(self.rough(self.near, 3, s), 5, s))
        self.keep(seen)
        if effort == "balanced":
            return self.best
        for turn in range(2):
            weight = _FLOOR + self.together(seen[len(plain) :] if turn == 0 else seen) ** _POWER
            seen = self.each(4, partial(self.weighted, weight), offset=10 * (turn + 1))
            self.keep(seen)
        self.keep(self.each(2, lambda s: self.refined(self.best, 10, s), offset=100))
        return self.best

    def each(self, count: int, task: Callable[[int], NDArray[np.int64]], *, offset: int = 0) -> list[NDArray[np.int64]]:
        """Run a task for ``count`` seeds on threads; results in the order of the seeds."""
        seeds = [child_seed(self.seed, "leiden", offset + i) for i in range(count)]
        workers = min(count, os.cpu_count() or 1)
        if workers == 1:
            return [task(seed) for seed in seeds]
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(task, seeds))

    def keep(self, found: Sequence[NDArray[np.int64]]) -> None:
        """Remember the best partition, its communities split into connected parts."""
        for labels in found:
            whole = connected_labels(self.graph, labels)
            quality = modularity(self.graph, whole, self.resolution)
            if quality > self.quality:
                self.best, self.quality = whole, quality

    def rough(self, weight: NDArray[np.float64], iterations: int, seed: int) -> NDArray[np.int64]:
        """Leiden on the edges with other weights, from single nodes."""
        graph, scaled = self.graph, weight / weight.mean()
        _, found = graspologic_native.leiden_csr(
            graph.indptr, graph.indices, scaled, graph.n_nodes, resolution=self.resolution, iterations=iterations, seed=seed
        )
        return self.complete(found, range(graph.n_nodes))

    def weighted(self, weight: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
        """Leiden on other weights, refined on the graph's own."""
        return self.refined(self.rough(weight, 3, seed), 5, seed)

    def refined(self, labels: NDArray[np.int64], iterations: int, seed: int) -> NDArray[np.int64]:
        """Plain Leiden from a partition."""
        start = {self.names[i]: int(labels[i]) for i in self.inner.tolist()}
        _, found = graspologic_native.leiden(
            self.edges, starting_communities=start, resolution=self.resolution, iterations=iterations, seed=seed
        )
        return self.complete(found, self.names)

    def complete(self, found: dict[Any, int], names: Sequence[Any]) -> NDArray[np.int64]:
        """Labels of all rows; a node that Leiden does not mention is a community of its own."""
        free = max(found.values(), default=-1) + 1
        return np.array([found.get(name, free + i) for i, name in enumerate(names)], dtype=np.int64)

    def together(self, partitions: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
        """Share of the partitions that keep each stored direction inside a community."""
        source, total = self.graph.sources(), np.zeros(self.graph.indices.size)
        for labels in partitions:
            total += labels[source] == labels[self.graph.indices]
        return np.asarray(total / len(partitions))
