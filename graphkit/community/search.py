"""The search for the best partition: starts, recombination, consensus.

*Near starts*: Leiden on edges weighted by (common neighbours + .05) / sqrt(d_u d_v), which sees the
inside of a group more clearly than the bare edges do, then plain Leiden from there. *Warm starts*: a short near
start, then heat-bath sweeps that cool down (:mod:`graphkit.community.annealing`), then Leiden; every second one
does this at twice the resolution first: groups that were joined too early are seldom parted again, small ones
that were found apart are joined where that is better. *Recombination*:
what several partitions all keep together becomes one node, Leiden on that small graph, then on the
whole one; the children are at least as good as what their parents agree on and cost little.
*Consensus*: Leiden on edges weighted by the share of the partitions that keep them inside, which
finds weakly planted groups that single runs miss.

``fast`` recombines four warm starts (two of Louvain on a large graph). Each effort then goes on from where the one before ended, with
the same seeds, so that more effort is never worse: ``balanced`` adds five longer starts and does three rounds over the best eight,
``thorough`` eight more and rounds over sixteen until they bring nothing. The best partition ever seen is the answer. Each run is
single-threaded with a seed of its own and runs are compared in the order of their seeds: any number
of cores gives the same bytes.

References
----------
Ovelgoenne, Geyer-Schulz (2012), https://doi.org/10.1090/conm/588/11701 (core groups);
Lancichinetti, Fortunato (2012), https://doi.org/10.1038/srep00336 (consensus)
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphkit.community.objectives import Modularity
from graphkit.community.quality import (
    Undirected,
    common_neighbours,
    connected_labels,
    description_gain,
    weighted,
)
from graphkit.community.steps import contract
from graphkit.progress import Progress, null_progress
from graphkit.rng import child_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from graphkit.community.objectives import Objective
    from graphkit.progress import ProgressCallback

    Labels = NDArray[np.int64]

__all__ = ["EFFORTS", "LARGE", "Search", "best_resolution"]

EFFORTS = ("fast", "balanced", "thorough")
_SMALL = 20_000  # stored directions below which many plain starts cost next to nothing
LARGE = 4_000_000  # stored directions above which one start takes seconds
_POWER, _FLOOR = 2.0, 0.02  # of the consensus weights
_STABLE = 30  # iterations that stand for "until nothing moves"


class _Stage(NamedTuple):
    """What more effort adds: so many starts of so many sweeps, then rounds until so many bring nothing, over a pool of this size."""

    starts: int
    sweeps: int
    size: int
    rounds: int
    patience: int

    def on_large(self) -> _Stage:
        """Return what a graph has time for on which one start takes seconds."""
        return _Stage(self.starts // 2, self.sweeps // 5, self.size // 2, self.rounds // 3, self.patience)


_STAGES = (_Stage(5, 30, 8, 3, 3), _Stage(8, 40, 16, 37, 5))  # of balanced, and beyond it of thorough


class Search:
    """Runs of Leiden on one graph, the best partition they have found, and those of the independent starts."""

    def __init__(
        self, graph: Undirected, objective: Objective, seed: int, progress: ProgressCallback = null_progress
    ) -> None:
        self.graph, self.objective, self.seed, self.tell = graph, objective, seed, progress
        self.best, self.quality = np.arange(graph.n_nodes, dtype=np.int64), -np.inf
        self.starts: list[Labels] = []
        self.finer: Labels | None = None  # what the first start at a higher resolution cooled down to
        self._turn = 0

    @cached_property
    def source(self) -> NDArray[np.int32]:
        """Row of every stored direction; made when first asked for."""
        return self.graph.sources()

    @cached_property
    def near_graph(self) -> Undirected:
        """Edges weighted by common neighbours; made when first asked for, before any threads."""
        graph, degree = self.graph, np.diff(self.graph.indptr).astype(np.float64)
        share = (common_neighbours(graph) + 0.05) / np.sqrt(degree[self.source] * degree[graph.indices])
        return weighted(graph.indptr, graph.indices, share * graph.weight)

    def run(self, effort: str) -> Labels:
        """Search with this effort and return the best partition, every community connected."""
        arcs = self.graph.indices.size
        if arcs < _SMALL:
            self.keep(self.begin([self.plain] * 20, _STABLE))
        pool = self._fast(arcs)
        for stage in _STAGES[: EFFORTS.index(effort)]:
            pool = self._longer(pool, stage if arcs <= LARGE else stage.on_large())
        return self.best

    def _fast(self, arcs: int) -> list[Labels]:
        """Few short warm starts, recombined twice; on a large graph two rough ones, recombined once."""
        large = arcs > LARGE
        starts = self.begin([self.rough] * 2, 1) if large else self.begin(self.warm(self.objective.few, 12), 2)
        again = partial(self.recombined, starts)
        children = self.each([again] if large else [again] * 2, 1 if large else 2 * self.objective.few)
        return self.keep(starts + children)

    def _longer(self, pool: list[Labels], stage: _Stage) -> list[Labels]:
        """Go on from the partitions of less effort: what these have found is never lost."""
        self.finer, idle = None, 0  # another one cools down longer
        pool = self.keep(pool + self.begin(self.warm(stage.starts, stage.sweeps), 5))[: stage.size]
        for _ in range(stage.rounds):
            before = self.quality
            pool = self.keep(pool + self._children(pool, stage.size // 2, stage.sweeps))[: stage.size]
            idle = idle + 1 if self.quality <= before + 1e-9 else 0
            if idle == stage.patience or len(pool) == 1:
                break
        return pool

    def _children(self, pool: list[Labels], count: int, sweeps: int) -> list[Labels]:
        """Recombine random parents, build consensus of larger groups, add a fresh start."""
        draw = np.random.default_rng(child_seed(self.seed, "parents", self._turn))

        def task(i: int) -> Callable[[int, int], Labels]:
            many = i % 4 == 3
            chosen = draw.permutation(len(pool))[: max(len(pool) // 2, 2) if many else draw.integers(2, 5)]
            parents = [pool[j] for j in chosen]
            if many:
                return lambda seed, iterations: self.agreed(parents, seed, iterations)
            return lambda seed, iterations: self.recombined(parents, seed, iterations)

        return self.each([*(task(i) for i in range(count - 1)), self.warm(2, sweeps)[self._turn % 2]], 10)

    def begin(self, tasks: Sequence[Callable[[int, int], Labels]], iterations: int) -> list[Labels]:
        """Run independent starts and remember them: how far they agree says how stable a community is."""
        found = self.each(tasks, iterations)
        self.starts += found
        return found

    def each(self, tasks: Sequence[Callable[[int, int], Labels]], iterations: int) -> list[Labels]:
        """Run every task with a seed of its own on threads, and tell of each; answers in the order of the tasks."""
        self._turn += 1
        seeds = [child_seed(self.seed, "leiden", self._turn, i) for i in range(len(tasks))]
        found: list[Labels] = []
        with ThreadPoolExecutor(min(len(tasks), os.cpu_count() or 1)) as pool:
            for labels in pool.map(lambda pair: pair[0](pair[1], iterations), zip(tasks, seeds, strict=True)):
                found.append(labels)
                self.tell(Progress("partitions", len(found), len(tasks)))
        return found

    def keep(self, found: Sequence[Labels]) -> list[Labels]:
        """Remember the best partition; return the different ones, the best first."""
        quality = [self.objective.quality(self.graph, labels) for labels in found]
        order = sorted(range(len(found)), key=lambda i: (-quality[i], i))
        if order and quality[order[0]] > self.quality:
            first = found[order[0]]
            self.best = connected_labels(self.graph, first)
            split = self.best.max(initial=-1) != first.max(initial=-1)
            self.quality = self.objective.quality(self.graph, self.best) if split else quality[order[0]]
        kept = [i for k, i in enumerate(order) if k == 0 or quality[i] < quality[order[k - 1]] - 1e-12]
        return [found[i] for i in kept]

    def plain(self, seed: int, iterations: int) -> Labels:
        """Leiden from single nodes."""
        return self.refined(np.arange(self.graph.n_nodes, dtype=np.int64), seed, iterations)

    def rough(self, seed: int, iterations: int) -> Labels:  # noqa: ARG002 - always one
        """Louvain from single nodes: on a large graph as good as Leiden after recombination, and much sooner."""
        return self.objective.rough(self.graph, np.arange(self.graph.n_nodes, dtype=np.int64), seed)

    def near(self, seed: int, iterations: int) -> Labels:
        """Leiden from a partition that common neighbours suggest."""
        return self.refined(self._on(self.near_graph, seed, 3), seed, iterations)

    def warm(self, count: int, sweeps: int) -> list[Callable[[int, int], Labels]]:
        """Return so many starts that cool down, each a turn of its own."""
        near = self.near_graph

        def task(turn: int, seed: int, iterations: int) -> Labels:
            begun = self.objective.warm(self.graph, near, turn, sweeps, seed)
            if turn == 1 and self.finer is None:
                self.finer = begun
            return self.refined(begun, seed, iterations)

        return [partial(task, turn) for turn in range(count)]

    def agreed(self, parents: Sequence[Labels], seed: int, iterations: int) -> Labels:
        """Leiden on the share of the parents that keep each edge inside, then on the graph."""
        total = np.zeros(self.graph.indices.size)
        for labels in parents:
            total += labels[self.source] == labels[self.graph.indices]
        weight = _FLOOR + (total / len(parents)) ** _POWER
        rough = self._on(weighted(self.graph.indptr, self.graph.indices, weight), seed, 3)
        return self.refined(rough, seed, iterations)

    def recombined(self, parents: Sequence[Labels], seed: int, iterations: int) -> Labels:
        """Leiden on what all parents keep together, then on the graph."""
        common = parents[0]
        for labels in parents[1:]:
            common = np.unique(common * np.int64(self.graph.n_nodes) + labels, return_inverse=True)[1].astype(np.int64)
        small, node = contract(self.graph, common)
        start = np.arange(small.n_nodes, dtype=np.int64)
        found = self.objective.improve(small, start, _STABLE, seed)
        return self.refined(found[node], seed, iterations)

    def refined(self, labels: Labels, seed: int, iterations: int) -> Labels:
        """Leiden on the graph from a partition."""
        return self.objective.improve(self.graph, labels, iterations, seed)

    def _on(self, graph: Undirected, seed: int, iterations: int) -> Labels:
        """Leiden from single nodes on other weights."""
        start = np.arange(graph.n_nodes, dtype=np.int64)
        return self.objective.improve(graph, start, iterations, seed)


def best_resolution(graph: Undirected, seed: int) -> tuple[float, Labels]:
    """Return the resolution whose communities describe the edges in the fewest nats, and those communities.

    Doubles from 1 until two steps bring nothing, the same downwards, then looks in between at
    quarter and eighth octaves. At every point one near start speaks for the resolution.
    """
    tried: dict[int, tuple[float, Labels]] = {}

    def gain(step: int) -> float:  # resolution 2^(step / 8)
        if step not in tried:
            search = Search(graph, Modularity(2.0 ** (step / 8)), seed)
            search.keep(search.each([search.near], 5))
            tried[step] = description_gain(graph, search.best), search.best
        return tried[step][0]

    best = 0
    for direction in (8, -8):
        step, worse = direction, 0
        while worse < 2 and -32 <= step <= 80:
            worse = 0 if gain(step) > gain(best) else worse + 1
            best = step if worse == 0 else best
            step += direction
    for width in (4, 2, 1):
        best = max((best, best - width, best + width), key=gain)
    return float(2.0 ** (best / 8)), tried[best][1]
