"""Maximum coverage on a fixed sample of sets: greedy choice and upper bounds on the optimum.

Upper bounds need no probability: they hold for the sample as it is. Greedy's online bound (OPIM) is
cov(A) plus the k largest gains given A, for any prefix A. The dual of the coverage LP gives
more: for any y in [0, 1] per set, with c_v = sum of y over the sets that contain v,

    cov(S) <= sum(1 - y) + max over allowed S' of sum of c_v over S',

because min(1, x) <= (1 - y) + y x. Subgradient steps on y lower it to within a percent of the true
optimum where greedy's bound stays 25 % above. With a budget the maximum is the fractional
knapsack: a relaxation may only enlarge it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.coins import kernel, mix64

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphkit.diffusion.rr_sets import RRSets

__all__ = ["Coverage", "Rules", "merge_sets"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST_STEP, STEP_DECAY = 0.6, 0.6  # of the subgradient method; Polyak steps reached in 80 steps what these reach in 10


@dataclass(frozen=True, eq=False)
class Rules:
    """Which seed sets are allowed: at most ``k`` nodes, or total cost at most ``budget``.

    Attributes
    ----------
    allowed : bool ndarray, shape (n_nodes,)
        Candidates that can be afforded.
    rank : int64 ndarray, shape (n_nodes,)
        Place of each node in the order of ids: ties go to the smaller.
    k : int
        Number of seeds; the number of candidates under a budget.
    cost : float64 ndarray, shape (n_nodes,), or None
    budget : float
    """

    allowed: NDArray[np.bool_]
    rank: NDArray[np.int64]
    k: int
    cost: NDArray[np.float64] | None = None
    budget: float = math.inf

    def largest(self, load: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the maximum of the linear ``load`` over the allowed sets (relaxed) and where it is taken."""
        share = np.zeros(load.size)
        rows = np.flatnonzero(self.allowed & (load > 0))
        if self.cost is None:
            if rows.size > self.k:
                rows = rows[np.argpartition(load[rows], rows.size - self.k)[rows.size - self.k :]]
            share[rows] = 1.0
        else:
            price = self.cost[rows]
            rows = rows[np.argsort(-load[rows] / np.maximum(price, 1e-300), kind="stable")]
            price = self.cost[rows]
            before = np.cumsum(price) - price
            share[rows] = np.clip((self.budget - before) / np.maximum(price, 1e-300), 0.0, 1.0)
        return float(load @ share), share


class Coverage:
    """Distinct sets with their multiplicities, ready for greedy and for bounds."""

    def __init__(self, sets: RRSets) -> None:
        self.n_nodes, self.n_sets = sets.n_nodes, sets.n_sets
        self.indptr, self.nodes, self.times = merge_sets(sets.indptr, sets.nodes)
        inside = np.bincount(self.nodes, minlength=self.n_nodes)
        self.node_start = np.concatenate((np.zeros(1, np.int64), np.cumsum(inside)))
        self.node_sets = _inverse(self.indptr, self.nodes, self.node_start)
        self.load = _loads(self.indptr, self.nodes, self.times.astype(np.float64), self.n_nodes).astype(np.int64)

    def greedy(self, rules: Rules) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
        """Return seeds in order of choice, the gain of each on this sample, and the online bound."""
        if rules.cost is None:
            return self._run(rules, by_cost=False)
        runs = [self._run(rules, by_cost=True), self._run(rules, by_cost=False)]
        bound = min(run[2] for run in runs)
        best = max(runs, key=lambda run: int(run[1].sum()))
        return best[0], best[1], bound

    def _run(self, rules: Rules, *, by_cost: bool) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
        cost = np.zeros(0) if rules.cost is None else rules.cost
        state = self.load.copy(), np.zeros(self.times.size, np.bool_), rules.allowed.copy()
        seeds: list[int] = []
        gains: list[int] = []
        spent, covered, bound = 0.0, 0, math.inf
        every = max(1, self.n_nodes * rules.k // 20_000_000)  # on large graphs not after every pick: any subset of prefixes is valid
        while len(seeds) < rules.k:
            if len(seeds) % every == 0:
                bound = min(bound, covered + rules.largest(state[0].astype(np.float64))[0])
            v = _best(state[0], state[2], rules.rank, cost, rules.budget - spent, by_cost)
            if v < 0:
                break
            gain = int(state[0][v])
            _cover(v, self.node_start, self.node_sets, self.indptr, self.nodes, self.times, *state)
            seeds.append(v)
            gains.append(gain)
            covered += gain
            spent += float(cost[v]) if cost.size else 0.0
        bound = min(bound, covered + rules.largest(state[0].astype(np.float64))[0])
        return np.array(seeds, np.int64), np.array(gains, np.int64), bound

    def dual_bound(self, rules: Rules, seeds: NDArray[np.int64], covered: int, *, steps: int, enough: Callable[[float], bool]) -> float:
        """Return the best bound of at most ``steps`` subgradient steps; ``enough(bound)`` ends them early."""
        chosen = np.zeros(self.n_nodes)
        chosen[seeds] = 1.0
        y = np.where(_inside(self.indptr, self.nodes, chosen) > 0, 0.5, 1.0)
        best = math.inf
        for t in range(steps):
            load = _loads(self.indptr, self.nodes, self.times * y, self.n_nodes)
            top, share = rules.largest(load)
            best = min(best, float(self.times @ (1.0 - y)) + top)
            if enough(best) or best <= covered:
                break
            y = np.clip(y - FIRST_STEP / (1 + t) ** STEP_DECAY * (_inside(self.indptr, self.nodes, share) - 1.0), 0.0, 1.0)
        return best


def merge_sets(indptr: NDArray[np.int64], nodes: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Return distinct sets in order of first appearance and how often each occurs."""
    _, first, times = np.unique(_set_hashes(indptr, nodes), return_index=True, return_counts=True)
    order = np.argsort(first)
    keep, sizes = first[order], np.diff(indptr)[first[order]]
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    return start, _gather(indptr, nodes, keep, start), times[order].astype(np.int64)


@kernel
def _set_hashes(indptr: Any, nodes: Any) -> Any:
    """One 64-bit hash per set, whatever the order of its nodes; two sets agree by chance once in 2**64."""
    result = np.empty(indptr.size - 1, np.uint64)
    for i in range(result.size):
        total = np.uint64(0)
        for j in range(indptr[i], indptr[i + 1]):
            total += mix64((np.uint64(nodes[j]) + np.uint64(1)) * _GOLDEN)
        result[i] = total
    return result


@kernel
def _gather(indptr: Any, nodes: Any, keep: Any, start: Any) -> Any:
    result = np.empty(start[-1], np.int32)
    for i in range(keep.size):
        low = indptr[keep[i]]
        for j in range(start[i + 1] - start[i]):
            result[start[i] + j] = nodes[low + j]
    return result


@kernel
def _inverse(indptr: Any, nodes: Any, start: Any) -> Any:
    """List the sets of each node, by counting sort."""
    place, sets = start[:-1].copy(), np.empty(nodes.size, np.int32)
    for i in range(indptr.size - 1):
        for j in range(indptr[i], indptr[i + 1]):
            sets[place[nodes[j]]] = i
            place[nodes[j]] += 1
    return sets


@kernel
def _loads(indptr: Any, nodes: Any, weight: Any, n: int) -> Any:
    """Sum of the weights of the sets that contain each node."""
    load = np.zeros(n, np.float64)
    for i in range(indptr.size - 1):
        w = weight[i]
        if w != 0.0:
            for j in range(indptr[i], indptr[i + 1]):
                load[nodes[j]] += w
    return load


@kernel
def _inside(indptr: Any, nodes: Any, share: Any) -> Any:
    """Sum of the shares of the nodes in each set."""
    result = np.zeros(indptr.size - 1, np.float64)
    for i in range(result.size):
        total = 0.0
        for j in range(indptr[i], indptr[i + 1]):
            total += share[nodes[j]]
        result[i] = total
    return result


@kernel
def _best(gain: Any, free: Any, rank: Any, cost: Any, money: float, by_cost: bool) -> int:  # noqa: FBT001 - kernels take no keywords
    """Free, affordable node of the largest gain (or gain per cost); ties to the smaller rank; -1 if none gains."""
    best, score = -1, 0.0
    for v in range(gain.size):
        if not free[v] or gain[v] <= 0 or (cost.size > 0 and cost[v] > money):
            continue
        worth = float(gain[v])
        if by_cost:
            worth /= max(cost[v], 1e-300)
        if best < 0 or worth > score or (worth == score and rank[v] < rank[best]):
            best, score = v, worth
    return best


@kernel
def _cover(v: int, node_start: Any, node_sets: Any, indptr: Any, nodes: Any, times: Any, gain: Any, covered: Any, free: Any) -> None:
    """Take v: its uncovered sets leave the gains of all their members."""
    free[v] = False
    for i in range(node_start[v], node_start[v + 1]):
        r = node_sets[i]
        if not covered[r]:
            covered[r] = True
            for j in range(indptr[r], indptr[r + 1]):
                gain[nodes[j]] -= times[r]
