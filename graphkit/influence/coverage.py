"""Maximum coverage on a fixed sample of sets: greedy choice and upper bounds on the optimum.

Upper bounds need no probability: they hold for the sample as it is. Greedy's online bound (OPIM) is
cov(A) plus the largest allowed gains given A, for any prefix A. The dual of the coverage LP gives
more: for any y in [0, 1] per set, with c_v = sum of y over the sets that contain v,

    cov(S) <= sum(1 - y) + max over allowed S' of sum of c_v over S',

because min(1, x) <= (1 - y) + y x. Subgradient steps on y lower it to within a percent of the true
optimum where greedy's bound stays 25 % above.

Under a plain number of seeds only a pool of the most frequent nodes is indexed. A node outside never
has more than ``floor``, the largest frequency there; where that is not enough to leave them alone, greedy and
the dual look at the gains and loads of all nodes, and widen the pool where they take one outside.
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
ENDLESS = 1 << 62  # above any bound
UNIT = 1 << 20  # dual weights are whole multiples of 1 / UNIT
PARTS = 4  # pieces of the work that needs a buffer of its own
ALONE = 1 << 20  # entries above which a pass is worth a second thread
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

    def __init__(
        self, sets: RRSets, rules: Rules, engine: Engine | None = None, order: NDArray[np.int32] | None = None
    ) -> None:
        self.rules, self.engine, self.order = rules, engine or Serial(), order
        self.n_nodes, self.n_sets = sets.n_nodes, sets.n_sets
        self.indptr, self.nodes, self.times = merge_sets(sets.indptr, sets.nodes, self.engine)
        self.merged = self.times.size < self.n_sets
        self.pool, self.held = np.empty(0, np.int64), np.empty(0, np.int32)
        self.load = self._count()
        self._index(max(POOL, POOL_K * rules.k) if rules.plain else self.n_nodes)

    def _count(self) -> NDArray[np.int32]:
        """Return how many sets contain each node; a small sample in one pass, since room for all nodes costs more than it."""
        parts = max(1, min(PARTS, self.nodes.size // self.n_nodes))
        loads = [np.zeros(self.n_nodes, np.int32) for _ in range(parts)]
        self._blocks(
            lambda i, low, high: kernels.count_loads(self.indptr, self.nodes, self.times, loads[i], low, high), parts
        )
        for more in loads[1:]:
            loads[0] += more
        return loads[0]

    def _blocks(self, work: Callable[[int, int, int], Any], parts: int) -> list[Any]:
        """Run the work over ranges of sets: (number of the part, first set, last set)."""
        edges = [i * self.times.size // parts for i in range(parts + 1)]
        done = self.engine.map_blocks(
            lambda low, high: [work(i, edges[i], edges[i + 1]) for i in range(low, high)], parts
        )
        return [result for part in done for result in part]

    def _index(self, size: int) -> None:
        """Choose the pool and list the sets of its nodes; ``load`` of pooled node v becomes ``-1 - v``, ``held`` keeps it."""
        self.load[self.pool] = self.held
        self.pool, self.floor = self._heaviest(size)
        self.held = self.load[self.pool]
        self.load[self.pool] = np.arange(-1, -1 - self.pool.size, -1)
        parts = max(1, min(PARTS, self.nodes.size // ALONE))
        counts = [self.held.astype(np.int64)]
        if parts > 1 or self.merged:
            counts = self._blocks(
                lambda _, low, high: kernels.count_pool(self.indptr, self.nodes, self.load, self.pool.size, low, high),
                parts,
            )
        self.start = np.concatenate((np.zeros(1, np.int64), np.cumsum(sum(counts[1:], counts[0]))))
        self.sets = np.empty(int(self.start[-1]), np.int32)
        at = [self.start[:-1] + sum(counts[:i], np.zeros(self.pool.size, np.int64)) for i in range(parts)]
        self._blocks(
            lambda i, low, high: kernels.fill_pool(self.indptr, self.nodes, self.load, at[i], self.sets, low, high),
            parts,
        )

    def _heaviest(self, size: int) -> tuple[NDArray[np.int64], int]:
        """Return the candidates in most sets, ``size`` at most, and the largest load of the others."""
        rows = np.empty(0, np.int64)
        for least in (4, 2, 1) if size < self.n_nodes else (1,):  # most are in few sets, and enough are in more
            if rows.size <= size:
                rows = kernels.at_least(self.load, least)
                rows = rows[self.rules.allowed[self._row(rows)]]
        if rows.size <= size:
            return rows, 0
        load = self.load[rows]
        floor = int(np.partition(load, rows.size - size - 1)[rows.size - size - 1])
        tied = np.flatnonzero(load == floor)[size - np.count_nonzero(load > floor) :]
        keep = load >= floor
        keep[tied] = False
        return rows[keep], floor

    def _row(self, nodes: NDArray[np.int64]) -> NDArray[Any]:
        return nodes if self.order is None else self.order[nodes]

    def _sets_of(self, v: int) -> NDArray[np.int32]:
        return self.sets[self.start[v] : self.start[v + 1]]

    def greedy(self) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
        """Return seeds in order of choice, the gain of each on this sample, and the online bound."""
        if self.rules.plain:
            return self._most()
        if self.rules.cost is None:
            return self._run(by_cost=False)
        runs = [self._run(by_cost=True), self._run(by_cost=False)]
        bound = min(run[2] for run in runs)
        best = max(runs, key=lambda run: int(run[1].sum()))
        return best[0], best[1], bound

    def _loads(self) -> NDArray[np.int64]:
        """Return how many sets contain each node."""
        load = self.load.astype(np.int64)
        load[self.pool] = self.held
        return load

    def _able(self) -> NDArray[np.int64]:
        """Return all nodes that may be chosen, pooled or not, and are in a set."""
        rows = np.flatnonzero(self.load)
        able: NDArray[np.int64] = rows[self.rules.allowed[self._row(rows)]]
        return able

    def _most(self) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
        """Take the best node again and again; widen the pool where one outside it is the best."""
        k, gain, covered = self.rules.k, self._loads(), np.zeros(self.times.size, np.bool_)
        rank = self.rules.rank if self.order is None else self.rules.rank[self.order]
        everyone = self._able() if self.floor else self.pool
        seeds, gains = np.empty(k, np.int64), np.empty(k, np.int64)
        count, bound, wider = 0, ENDLESS, True
        while wider:
            count, bound, wider = kernels.choose(
                k,
                self.floor,
                bound,
                gain,
                rank,
                self.pool,
                everyone,
                self.start,
                self.sets,
                self.indptr,
                self.nodes,
                self.times,
                covered,
                seeds,
                gains,
                count,
            )
            if wider:
                self._index(4 * self.pool.size)
        return seeds[:count], gains[:count], float(bound)

    def _run(self, *, by_cost: bool) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
        """Take the best allowed node again and again, all nodes pooled, as money and groups allow."""
        gain_of, covered = self._loads(), np.zeros(self.times.size, np.bool_)
        local = self.rules.take(self._row(self.pool))
        left = None if self.rules.most is None else self.rules.most.copy()
        seeds: list[int] = []
        gains: list[int] = []
        spent, bound = 0.0, math.inf
        rows: list[int] = []
        fits = np.ones(self.pool.size, np.bool_)  # rounding in sums of prices may say otherwise than what is left
        while len(seeds) < self.rules.k:
            gain = gain_of[self.pool]
            bound = min(bound, sum(gains) + local.largest(gain.astype(np.float64))[0])
            able = (gain > 0) & fits
            if local.cost is not None:
                able &= local.cost <= self.rules.budget - spent
            if left is not None and local.group is not None:
                able &= left[local.group] > 0
            v = _best(gain, able, local, by_cost=by_cost)
            if v < 0:
                break
            row = int(self._row(self.pool[v : v + 1])[0])
            if not self.rules.affords([*rows, row]):
                fits[v] = False
                continue
            rows.append(row)
            gains.append(int(gain[v]))
            seeds.append(int(self.pool[v]))
            spent += 0.0 if local.cost is None else float(local.cost[v])
            if left is not None and local.group is not None:
                left[local.group[v]] -= 1
            kernels.cover(self._sets_of(v), self.indptr, self.nodes, self.times, gain_of, covered)
        bound = min(bound, sum(gains) + local.largest(gain_of[self.pool].astype(np.float64))[0])
        return np.array(seeds, np.int64), np.array(gains, np.int64), bound

    def dual_bound(
        self, seeds: NDArray[np.int64], covered: int, *, steps: int, enough: Callable[[float], bool]
    ) -> float:
        """Return the best bound of at most ``steps`` subgradient steps; ``enough(bound)`` ends them early."""
        rows, size = self.pool, self.times.size
        local, loads = self.rules.take(self._row(rows)), self._weighed()
        held = np.where(
            kernels.inside(self.start, self.sets, np.searchsorted(self.pool, seeds), size),
            np.float32(1.5),
            np.float32(1),
        )
        y, eta, best = np.full(size, UNIT, np.int32), 1.0, math.inf  # the sets of the seeds begin at one half
        for t in range(steps):
            slack = sum(self._blocks(self._descent(loads, y, held, eta), len(loads)))
            load = np.sum([part[rows] for part in loads], axis=0).astype(np.float64)
            if rows is self.pool and self.floor and np.count_nonzero(load >= self.floor * UNIT) < local.k:
                rows = self._able()
                local = self.rules.take(self._row(rows))
                load = np.sum([part[rows] for part in loads], axis=0).astype(np.float64)
            top, share = local.largest(load)
            best = min(best, (slack + top) / UNIT)
            if enough(best) or best <= covered:
                break
            place = self._places(rows[share > 0])
            held = kernels.push(self.start, self.sets, place, share[share > 0], size)
            eta = FIRST_STEP / (1 + t) ** STEP_DECAY
        return best

    def _places(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where nodes stand in the pool, which is widened until all do."""
        while True:
            place = np.searchsorted(self.pool, nodes)
            if (self.pool[np.minimum(place, self.pool.size - 1)] == nodes).all():
                return place
            self._index(4 * self.pool.size)

    def _weighed(self) -> list[NDArray[np.int64]]:
        """Return the load of each node while all sets have the weight 1, in parts to be added up."""
        parts = max(1, min(PARTS, self.nodes.size // max(ALONE, self.n_nodes)))
        return [self._loads() * UNIT, *(np.zeros(self.n_nodes, np.int64) for _ in range(1, parts))]

    def _descent(
        self, loads: list[NDArray[np.int64]], y: NDArray[np.int32], held: NDArray[np.float32], eta: float
    ) -> Callable[[int, int, int], int]:
        """Return one step of the subgradient method over a range of sets."""
        return lambda i, low, high: kernels.descend(
            self.indptr, self.nodes, self.times, y, held, eta, UNIT, loads[i], low, high
        )


def _best(gain: NDArray[np.int64], able: NDArray[np.bool_], rules: Rules, *, by_cost: bool) -> int:
    """Return the able node of the largest gain (or gain per cost); ties to the smaller rank; -1 if there is none."""
    rows = np.flatnonzero(able)
    if not rows.size:
        return -1
    worth = gain[rows].astype(np.float64)
    if by_cost and rules.cost is not None:
        free = rules.cost[rows] == 0
        if free.any():  # what is free comes first, by gain
            rows, worth = rows[free], worth[free]
        else:
            with np.errstate(over="ignore"):
                worth /= rules.cost[rows]
    rows = rows[worth == worth.max()]
    return int(rows[rules.rank[rows].argmin()])


def merge_sets(
    indptr: NDArray[np.int64], nodes: NDArray[np.int32], engine: Engine | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Return distinct sets in order of first appearance and how often each occurs.

    Samples with hardly any equal sets come back as they are, each set once.
    """
    n, runner = indptr.size - 1, engine or Serial()
    probe = kernels.set_hashes(indptr, nodes, 0, min(n, PROBED))
    if kernels.merge(probe)[0].size > WORTH * probe.size:
        return indptr, nodes, np.ones(n, np.int64)
    hashes = (
        probe
        if n <= PROBED
        else np.concatenate(runner.map_blocks(lambda low, high: kernels.set_hashes(indptr, nodes, low, high), n))
    )
    keep, times = kernels.merge(hashes)
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.diff(indptr)[keep])))
    result = np.empty(int(start[-1]), np.int32)
    runner.map_blocks(lambda low, high: kernels.gather(indptr, nodes, keep, start, result, low, high), keep.size)
    return start, result, times
