"""Reverse reachable sets: who would have reached a random node (Borgs et al. 2014).

In a world, the rr_set of a root r is every node with a live path to r. A seed set S reaches r in
that world iff it meets the set, so ``total_value * share of sets hit`` is an unbiased estimate of
the spread of every S at once. Set i is a pure function of (seed, purpose, first + i).

In-lists with one p (weighted cascade, a constant) use the node family of `worlds`, mixed lists
the edge family; LT is a walk, since a node has at most one live in-arc.

References
----------
Borgs, Brautbar, Chayes, Lucier: Maximizing social influence in nearly optimal time. SODA 2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import one_of, positive_int, refuse
from graphkit.coins import ALWAYS, coin, fraction, kernel, limits, mix64, stream, world_key
from graphkit.diffusion.worlds import arc_probability, check_steps, check_value, lt_limits, node_rows
from graphkit.engine.base import as_engine

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from graphkit.engine.base import Engine
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

__all__ = ["RRSets", "ReverseWorlds", "sample_rr_sets"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)
_NO_KEYS = np.empty(0, np.uint64)
_NO_ROOTS = np.empty(0, np.int64)
_NO_MASK = np.empty(0, np.bool_)
NONE, TABLE, ARCS, ALL, WALK = 0, 1, 2, 3, 4  # how the in-list of a node is decided
TABLE_MEAN, TABLE_P, TABLE_ROWS = 24.0, 0.9, 100_000  # beyond these a table would be long: coins per arc


@dataclass(frozen=True, eq=False)
class RRSets:
    """Reverse reachable sets in one flat array.

    Attributes
    ----------
    indptr : int64 ndarray, shape (n_sets + 1,)
        Set i is ``nodes[indptr[i]:indptr[i + 1]]``, its root first.
    nodes : int32 ndarray
    roots : int32 ndarray, shape (n_sets,)
    n_nodes : int
    total_value : float
        Number of nodes, or the sum of their values: what a seed set hitting every set would reach.
    """

    indptr: NDArray[np.int64]
    nodes: NDArray[np.int32]
    roots: NDArray[np.int32]
    n_nodes: int
    total_value: float

    @property
    def n_sets(self) -> int:
        """Number of sets."""
        return self.roots.size

    def inverse(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return (indptr, sets): the sets that contain each node, ascending."""
        indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bincount(self.nodes, minlength=self.n_nodes))))
        return indptr, _inverse_kernel(self.indptr, self.nodes, indptr)


class ReverseWorlds:
    """A projection made ready for reverse sampling under one model.

    Parameters
    ----------
    projection : Projection
        With probabilities (IC) or in-weights that add up to at most 1 per node (LT).
    model : {"ic", "lt"}
    max_steps : int, optional
        Only paths of at most that many arcs count.
    value : array_like, shape (n_nodes,), optional
        Roots are drawn in proportion to it; default: evenly.
    family : {"auto", "edge"}
        ``"edge"`` forces one coin per arc: the very worlds of forward simulation, slowly.
    """

    def __init__(self, projection: Projection, *, model: str = "ic", max_steps: int | None = None,
                 value: ArrayLike | None = None, family: str = "auto") -> None:
        one_of("family", family, ("auto", "edge"))
        if not isinstance(model, str):
            refuse("model", model, "'ic' or 'lt' for reverse reachable sets")
        one_of("model", model, ("ic", "lt"))
        self.n_nodes, self.steps = projection.n_nodes, check_steps(max_steps)
        if not self.n_nodes:
            refuse("projection", "no node", "a graph with at least one node")
        worth = check_value(value, self.n_nodes)
        self.total_value = float(self.n_nodes) if worth is None else float(worth.sum())
        if self.total_value <= 0:
            refuse("value", "only zeros", "an array with a positive value")
        self.root_limits = _NO_KEYS if worth is None else _cumulative(worth)
        self.keys = projection.node_key
        reverse = projection.reverse
        self.indptr, self.indices = reverse.indptr, reverse.indices
        self.arc_key, self.table, self.row = _NO_KEYS, _NO_KEYS, np.zeros(self.n_nodes, np.int64)
        if model == "lt":
            self.limit = lt_limits(projection)[1]
            self.mode = np.where(np.diff(self.indptr) > 0, WALK, NONE).astype(np.int8)
            return
        p = arc_probability(projection)[reverse.arc]
        self._choose(p, allow_table=family == "auto")
        self.limit = _NO_KEYS
        if (self.mode == ARCS).any():
            self.arc_key, self.limit = projection.edge_key[reverse.arc], limits(p)

    def _choose(self, p: NDArray[np.float64], *, allow_table: bool) -> None:
        """Decide per node how its in-list is drawn, and fill the tables."""
        degree = np.diff(self.indptr)
        some = np.flatnonzero(degree > 0)
        low, high = np.zeros(self.n_nodes), np.zeros(self.n_nodes)
        if some.size:
            low[some], high[some] = (f.reduceat(p, self.indptr[some]) for f in (np.minimum, np.maximum))
        self.mode = np.where(high <= 0, NONE, np.where(low >= 1, ALL, ARCS)).astype(np.int8)
        even = (self.mode == ARCS) & (low == high) & (high <= TABLE_P) & (degree * high <= TABLE_MEAN)
        rows = np.flatnonzero(even)
        if not allow_table or not rows.size:
            return
        pairs, which = np.unique(degree[rows] + 1j * high[rows], return_inverse=True)
        if pairs.size > TABLE_ROWS:
            return
        self.table, start = binomial_table(pairs.real.astype(np.int64), pairs.imag)
        self.row[rows], self.mode[rows] = start[which], TABLE

    def sample(self, n_sets: int, *, seed: int, purpose: str, first: int = 0, roots: NDArray[np.int64] | None = None,
               engine: Engine, progress: ProgressCallback | None = None, deadline: float | None = None) -> RRSets:
        """Return sets first..first+n_sets-1 of the stream (seed, purpose)."""
        parts = self._run(n_sets, seed, purpose, first, _NO_ROOTS if roots is None else roots, _NO_MASK, engine, progress, deadline)
        sizes = np.concatenate([part[1] for part in parts])
        indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        nodes = np.concatenate([part[0] for part in parts])
        return RRSets(indptr, nodes, nodes[indptr[:-1]], self.n_nodes, self.total_value)

    def count_hits(self, seeds: NDArray[np.int64], n_sets: int, *, seed: int, purpose: str, first: int = 0,
                   engine: Engine, progress: ProgressCallback | None = None, deadline: float | None = None) -> int:
        """Return how many of the sets contain a seed; nothing is stored, each set ends at its first hit."""
        mask = np.zeros(self.n_nodes, np.bool_)
        mask[seeds] = True
        parts = self._run(n_sets, seed, purpose, first, _NO_ROOTS, mask, engine, progress, deadline)
        return sum(int(part[2]) for part in parts)

    def _run(self, n_sets: int, seed: int, purpose: str, first: int, roots: NDArray[np.int64], mask: NDArray[np.bool_],
             engine: Engine, progress: ProgressCallback | None, deadline: float | None) -> list[Any]:
        base, root_base = stream(seed, purpose), stream(seed, f"{purpose}:root")

        def block(low: int, high: int) -> Any:
            return _sets_kernel(first + low, high - low, base, root_base, roots[low:high], self.root_limits, self.indptr, self.indices,
                                self.mode, self.row, self.table, self.keys, self.arc_key, self.limit, self.steps, mask)

        return engine.map_blocks(block, n_sets, progress=progress, phase="rr_sets", deadline=deadline)


def sample_rr_sets(
    projection: Projection, n_sets: int, *, seed: int, purpose: str, first: int = 0, roots: ArrayLike | None = None,
    model: str = "ic", max_steps: int | None = None, value: ArrayLike | None = None,
    engine: str | Engine = "threads", progress: ProgressCallback | None = None,
) -> RRSets:
    """Return reverse reachable sets; set i is a pure function of (seed, purpose, first + i).

    Parameters
    ----------
    projection : Projection
    n_sets : int
        Number of sets, at least 1.
    seed : int
        From `graphkit.rng.as_seed`.
    purpose : str
        Samples of different purposes are independent.
    first : int, default 0
        Number of the first set; ranges that follow each other continue one sample.
    roots : array_like of int, shape (n_sets,), optional
        Fixed root of each set; default: drawn evenly, or by ``value``.
    model : {"ic", "lt"}
    max_steps : int, optional
        Hop limit; None for none.
    value : array_like, shape (n_nodes,), optional
        Value of each node >= 0. With it the estimate of a spread is ``total_value * share of sets hit``.
    engine, progress
        See `graphkit.engine.base` and `graphkit.progress`.

    Returns
    -------
    RRSets

    Raises
    ------
    InvalidParameter
        No probabilities, LT weights above 1, wrong shapes or signs.
    UnknownNode
        A root outside the graph.
    """
    positive_int("n_sets", n_sets)
    given = None
    if roots is not None:
        given = np.asarray(roots, dtype=np.int64)
        if given.shape != (n_sets,):
            refuse("roots", f"an array of shape {given.shape}", f"one root per set, shape ({n_sets},)")
        node_rows(projection, given)
    ready = ReverseWorlds(projection, model=model, max_steps=max_steps, value=value)
    return ready.sample(n_sets, seed=seed, purpose=purpose, first=first, roots=given, engine=as_engine(engine), progress=progress)


def _cumulative(value: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Integer cumulative limits over the nodes; nodes of value 0 are never drawn."""
    total = np.cumsum(value)
    result: NDArray[np.uint64] = np.floor(total / total[-1] * float(1 << 62)).astype(np.uint64)
    result[np.flatnonzero(value)[-1] :] = ALWAYS
    return result


def binomial_table(degree: NDArray[np.int64], p: NDArray[np.float64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return integer CDF limits of Binomial(degree, p), one row per pair, and each row's start.

    Only products and sums are used (binary powers for the first term), so the table does not
    depend on a math library. A row ends with the limit of certainty.
    """
    term, power, exponent = np.ones(p.size), 1.0 - p, degree.copy()
    while exponent.any():
        term = np.where(exponent & 1, term * power, term)
        power, exponent = power * power, exponent >> 1
    odds, columns, cdf, c = p / (1.0 - p), [], np.zeros(p.size), 0
    length = np.zeros(p.size, np.int64)
    while (length == 0).any():
        cdf = cdf + term
        term = term * (degree - c) / (c + 1) * odds
        c += 1
        length[(length == 0) & ((c > degree) | ((term < 2.0**-64) & (c > degree * p)))] = c
        columns.append(np.minimum(limits(np.minimum(cdf, 1.0)), ALWAYS))
    table = np.stack(columns, axis=1)
    table[np.arange(p.size), length - 1] = ALWAYS
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(length)[:-1]))
    flat: NDArray[np.uint64] = table[np.arange(c) < length[:, None]]
    return flat, start


@kernel
def _first_above(limit: Any, low: int, high: int, draw: Any) -> int:
    """Smallest i in low..high with draw < limit[i]; high if there is none."""
    while low < high:
        middle = (low + high) // 2
        if draw < limit[middle]:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def _live_positions(world: Any, key: Any, degree: int, row: int, table: Any, chosen: Any) -> int:
    """Fill ``chosen`` with the live positions of a node-family in-list, return their number (Floyd)."""
    draw, count = coin(world, key), 0
    while draw >= table[row + count]:
        count += 1
    state = world ^ key
    for i in range(count):
        top = degree - count + i
        state += _GOLDEN
        position = fraction(mix64(state), top + 1)
        for j in range(i):
            if chosen[j] == position:
                position = top
                break
        chosen[i] = position
    return count


@kernel
def _sets_kernel(first: int, count: int, base: Any, root_base: Any, roots: Any, root_limits: Any, indptr: Any, indices: Any,
                 mode: Any, row: Any, table: Any, keys: Any, arc_key: Any, limit: Any, steps: int, mask: Any) -> Any:
    """Breadth-first search backwards over the live in-arcs of ``count`` worlds."""
    n = keys.size
    seen, flat = np.zeros(n, np.int32), np.empty(n + 4 * count, np.int32)
    sizes, chosen = np.zeros(count, np.int64), np.empty(4096, np.int64)
    position, hits, counting = 0, 0, mask.size > 0
    for i in range(count):
        if flat.size - position < n:
            bigger = np.empty(2 * flat.size + n, np.int32)
            bigger[:position] = flat[:position]
            flat = bigger
        world = world_key(base, first + i)
        if roots.size > 0:
            root = roots[i]
        elif root_limits.size > 0:
            root = _first_above(root_limits, 0, n - 1, coin(world_key(root_base, first + i), _ONE))
        else:
            root = fraction(world_key(root_base, first + i), n)
        begin, head, tail, level_end, depth = position, position, position + 1, position + 1, 0
        flat[begin] = root
        seen[root] = i + 1
        hit = counting and mask[root]
        while head < tail and not hit:
            if head == level_end:
                depth, level_end = depth + 1, tail
            if depth == steps:
                break
            v = flat[head]
            head += 1
            kind, low = mode[v], indptr[v]
            degree = indptr[v + 1] - low
            if kind == 0:
                continue
            tries = degree
            if kind == 1:
                tries = _live_positions(world, keys[v], degree, row[v], table, chosen)
            elif kind == 4:
                draw = coin(world, keys[v])
                chosen[0] = _first_above(limit, low, low + degree, draw) - low
                tries = 1 if chosen[0] < degree else 0
            for t in range(tries):
                j = low + t if kind == 2 or kind == 3 else low + chosen[t]  # noqa: PLR1714 - numba compiles no sets here
                u = indices[j]
                if seen[u] == i + 1 or (kind == 2 and coin(world, arc_key[j]) >= limit[j]):
                    continue
                seen[u] = i + 1
                flat[tail] = u
                tail += 1
                if counting and mask[u]:
                    hit = True
                    break
        if counting:
            hits += hit
        else:
            sizes[i], position = tail - begin, tail
    return flat[:position].copy(), sizes, hits


@kernel
def _inverse_kernel(indptr: Any, nodes: Any, start: Any) -> Any:
    """Sort (node, set) pairs by counting."""
    place, sets = start[:-1].copy(), np.empty(nodes.size, np.int32)
    for i in range(indptr.size - 1):
        for j in range(indptr[i], indptr[i + 1]):
            v = nodes[j]
            sets[place[v]] = i
            place[v] += 1
    return sets
