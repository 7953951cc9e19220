"""Maximum coverage on a fixed sample of sets: greedy choice and upper bounds on the optimum.

Upper bounds need no probability: they hold for the sample as it is. Greedy's online bound (OPIM) is
cov(A) plus the largest allowed gains given A, for any prefix A. The dual of the coverage LP gives
more: for any y in [0, 1] per set, with c_v = sum of y over the sets that contain v,

    cov(S) <= sum(1 - y) + max over allowed S' of sum of c_v over S',

because min(1, x) <= (1 - y) + y x. Subgradient steps on y lower it to within a percent of the true
optimum where greedy's bound stays 25 % above.

Under a plain number of seeds only a pool of the most frequent nodes is indexed. A node outside never
has more than ``floor``, the largest frequency there: greedy widens the pool before it would have to
look outside, and the dual counts k more nodes of load ``floor``, which only enlarges the bound.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.engine.base import Serial
from graphkit.influence import cover_kernels as kernels
from graphkit.influence.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphkit.diffusion.rr_sets import RRSets
    from graphkit.engine.base import Engine

__all__ = ["Coverage", "Rules", "merge_sets"]

FIRST_STEP, STEP_DECAY = 0.6, 0.6  # of the subgradient method; Polyak steps reached in 80 steps what these reach in 10
UNIT = 1 << 20  # dual weights are whole multiples of 1 / UNIT
PARTS = 4  # pieces of the work that needs a buffer of its own
PROBED, WORTH = 16_384, 0.7  # sets looked at, and share of distinct ones above which equal sets are not merged
POOL, POOL_K = 4_096, 16  # nodes in the first pool: at least, and times k


class Coverage:
    """Distinct sets with their multiplicities, ready for greedy and for bounds.

    Parameters
    ----------
    sets : RRSets
    rules : Rules
    engine : Engine, optional
        Runs the passes over the sample; default serial. The answers do not depend on it.
    order : int32 ndarray, shape (n_nodes,), optional
        Row that node v of the sets has in the rules; default v.
    """

    def __init__(self, sets: RRSets, rules: Rules, engine: Engine | None = None, order: NDArray[np.int32] | None = None) -> None:
        self.rules, self.engine, self.order = rules, engine or Serial(), order
        self.n_nodes, self.n_sets = sets.n_nodes, sets.n_sets
        self.indptr, self.nodes, self.times = merge_sets(sets.indptr, sets.nodes, self.engine)
        self.load = self._sum(lambda low, high: kernels.loads(self.indptr, self.nodes, self.times, self.n_nodes, low, high))
        self._index(max(POOL, POOL_K * rules.k) if rules.plain else self.n_nodes)

    def _sum(self, work: Callable[[int, int], Any]) -> NDArray[np.int64]:
        """Add up the arrays of some blocks of sets."""
        parts = self._blocks(work)
        total: NDArray[np.int64] = sum(parts[1:], parts[0])
        return total

    def _blocks(self, work: Callable[[int, int], Any]) -> list[Any]:
        """Run the work over `PARTS` ranges of sets."""
        edges = [i * self.times.size // PARTS for i in range(PARTS + 1)]
        parts = self.engine.map_blocks(lambda low, high: [work(edges[i], edges[i + 1]) for i in range(low, high)], PARTS)
        return [result for part in parts for result in part]

    def _index(self, size: int) -> None:
        """Choose the pool and list the sets of its nodes."""
        rows = np.flatnonzero(self.load)
        rows = rows[self.rules.allowed[self._row(rows)]]
        self.floor = 0
        if rows.size > size:
            load = self.load[rows]
            self.floor = int(np.partition(load, rows.size - size - 1)[rows.size - size - 1])
            tied = np.flatnonzero(load == self.floor)[size - np.count_nonzero(load > self.floor) :]
            keep = load >= self.floor
            keep[tied] = False
            rows = rows[keep]
        self.pool = rows
        place = np.full(self.n_nodes, -1, np.int32)
        place[rows] = np.arange(rows.size)
        counts = self._blocks(lambda low, high: kernels.count_pool(self.indptr, self.nodes, place, rows.size, low, high))
        self.start = np.concatenate((np.zeros(1, np.int64), np.cumsum(sum(counts[1:], counts[0]))))
        self.sets = np.empty(int(self.start[-1]), np.int32)
        at = [self.start[:-1] + sum(counts[:i], np.zeros(rows.size, np.int64)) for i in range(PARTS)]
        edges = [i * self.times.size // PARTS for i in range(PARTS + 1)]

        def fill(low: int, high: int) -> None:
            for i in range(low, high):
                kernels.fill_pool(self.indptr, self.nodes, place, at[i], self.sets, edges[i], edges[i + 1])

        self.engine.map_blocks(fill, PARTS)

    def _row(self, nodes: NDArray[np.int64]) -> NDArray[Any]:
        return nodes if self.order is None else self.order[nodes]

    def _sets_of(self, v: int) -> NDArray[np.int32]:
        return self.sets[self.start[v] : self.start[v + 1]]

    def greedy(self) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
        """Return seeds in order of choice, the gain of each on this sample, and the online bound."""
        if self.rules.cost is None:
            return self._run(by_cost=False)
        runs = [self._run(by_cost=True), self._run(by_cost=False)]
        bound = min(run[2] for run in runs)
        best = max(runs, key=lambda run: int(run[1].sum()))
        return best[0], best[1], bound

    def _run(self, *, by_cost: bool) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
        """Take the best allowed node again and again; widen the pool where a node outside could be it."""
        gain, covered = self.load.copy(), np.zeros(self.times.size, np.bool_)
        local, free = self.rules.take(self._row(self.pool)), np.ones(self.pool.size, np.bool_)
        left = None if self.rules.most is None else self.rules.most.copy()
        seeds: list[int] = []
        gains: list[int] = []
        spent, bound = 0.0, math.inf
        while len(seeds) < self.rules.k:
            now = gain[self.pool]
            bound = min(bound, sum(gains) + self._top(local, now))
            able = free & (now > 0)
            if local.cost is not None:
                able &= local.cost <= self.rules.budget - spent
            if left is not None and local.group is not None:
                able &= left[local.group] > 0
            v = _best(now, able, local, by_cost=by_cost)
            if (v < 0 or now[v] <= self.floor) and self.floor > 0:
                self._index(4 * self.pool.size)
                local, free = self.rules.take(self._row(self.pool)), ~np.isin(self.pool, seeds)
                continue
            if v < 0:
                break
            gains.append(int(now[v]))
            seeds.append(int(self.pool[v]))
            spent += 0.0 if local.cost is None else float(local.cost[v])
            free[v] = False
            if left is not None and local.group is not None:
                left[local.group[v]] -= 1
            kernels.cover(self._sets_of(v), self.indptr, self.nodes, self.times, gain, covered)
        bound = min(bound, sum(gains) + self._top(local, gain[self.pool]))
        return np.array(seeds, np.int64), np.array(gains, np.int64), bound

    def _top(self, local: Rules, load: NDArray[np.int64]) -> float:
        """Return the largest allowed sum of loads, nodes outside the pool counted with ``floor``."""
        if not local.plain:
            return local.largest(load.astype(np.float64))[0]
        top = np.partition(load, load.size - local.k)[load.size - local.k :] if load.size > local.k else load
        return float(np.maximum(top, self.floor).sum()) + self.floor * max(0, local.k - load.size)

    def dual_bound(self, seeds: NDArray[np.int64], covered: int, *, steps: int, enough: Callable[[float], bool]) -> float:
        """Return the best bound of at most ``steps`` subgradient steps; ``enough(bound)`` ends them early."""
        local, m = self.rules.take(self._row(self.pool)), self.pool.size
        held = kernels.inside(self.start, self.sets, np.searchsorted(self.pool, seeds), self.times.size)
        y, weight = np.where(held, UNIT // 2, UNIT).astype(np.int32), np.empty(self.times.size, np.int64)
        slack = kernels.step(y, weight, self.times, np.ones(y.size, np.float32), 0.0, UNIT)
        best = math.inf
        for t in range(steps):
            parts = self.engine.map_blocks(lambda low, high: kernels.pull(self.start, self.sets, weight, low, high), m) if m else [np.empty(0, np.int64)]
            load = np.concatenate(parts).astype(np.float64)
            top, share = local.largest(load)
            if self.floor and np.count_nonzero(load >= self.floor * UNIT) < local.k:
                chosen = load[share > 0]
                top = float(np.maximum(chosen, self.floor * UNIT).sum()) + self.floor * UNIT * max(0, local.k - chosen.size)
            best = min(best, (slack + top) / UNIT)
            if enough(best) or best <= covered:
                break
            slack = kernels.step(y, weight, self.times, kernels.push(self.start, self.sets, share, y.size), FIRST_STEP / (1 + t) ** STEP_DECAY, UNIT)
        return best


def _best(gain: NDArray[np.int64], able: NDArray[np.bool_], rules: Rules, *, by_cost: bool) -> int:
    """Return the able node of the largest gain (or gain per cost); ties to the smaller rank; -1 if there is none."""
    rows = np.flatnonzero(able)
    if not rows.size:
        return -1
    worth = gain[rows].astype(np.float64)
    if by_cost and rules.cost is not None:
        worth = worth / np.maximum(rules.cost[rows], 1e-300)
    rows = rows[worth == worth.max()]
    return int(rows[rules.rank[rows].argmin()])


def merge_sets(indptr: NDArray[np.int64], nodes: NDArray[np.int32], engine: Engine | None = None) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Return distinct sets in order of first appearance and how often each occurs.

    Samples with hardly any equal sets come back as they are, each set once.
    """
    n, runner = indptr.size - 1, engine or Serial()
    probe = kernels.set_hashes(indptr, nodes, 0, min(n, PROBED))
    if n >= PROBED and kernels.merge(probe)[0].size > WORTH * PROBED:
        return indptr, nodes, np.ones(n, np.int64)
    hashes = np.concatenate(runner.map_blocks(lambda low, high: kernels.set_hashes(indptr, nodes, low, high), n))
    keep, times = kernels.merge(hashes)
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.diff(indptr)[keep])))
    result = np.empty(int(start[-1]), np.int32)
    runner.map_blocks(lambda low, high: kernels.gather(indptr, nodes, keep, start, result, low, high), keep.size)
    return start, result, times
