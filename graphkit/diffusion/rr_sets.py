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
from graphkit.coins import ALWAYS, kernel, limits, stream
from graphkit.diffusion.rr_kernels import ALL, ARCS, CHUNK, NONE, TABLE, WALK, inverse_kernel, sets_kernel
from graphkit.diffusion.single import at_least_eight
from graphkit.diffusion.worlds import arc_probability, check_steps, check_value, lt_limits, node_rows
from graphkit.engine.base import as_engine
from graphkit.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from graphkit.diffusion.models import SIS
    from graphkit.engine.base import Engine
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

__all__ = ["RRSets", "ReverseWorlds", "sample_rr_sets"]

_NO_KEYS = np.empty(0, np.uint64)
NO_ROOTS = np.empty(0, np.int64)
NO_MASK = np.empty(0, np.bool_)
BATCH = 512  # sets a block at least: fewer do not pay for handing it to a thread
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
        return indptr, inverse_kernel(self.indptr, self.nodes, indptr)


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

    def __init__(self, projection: Projection, *, model: str | SIS = "ic", max_steps: int | None = None,
                 value: ArrayLike | None = None, family: str = "auto") -> None:
        one_of("family", family, ("auto", "edge"))
        if not isinstance(model, str):
            refuse("model", model, "'ic', 'lt', SIR(...) or SI(...) for reverse reachable sets")
        one_of("model", model, ("ic", "lt"))
        self.n_nodes, self.steps = projection.n_nodes, check_steps(max_steps)
        self.total_value, self.root_limits = root_values(value, self.n_nodes)
        ready = projection.__dict__.setdefault("_visits", {})  # as a cached property: made once per graph and model
        if not ready:
            ready["places"], ready["spare"] = _places(projection), []
        self.place: NDArray[np.int32]
        self.order: NDArray[np.int32]
        self.indices: NDArray[np.int32]
        self.place, self.order, self.indices = ready["places"]
        self.spare = ready["spare"]  # words of zeros, one array per worker: made once, not for each block
        if (model, family) not in ready:
            ready[model, family] = _visits(projection, self.order, model, allow_table=family == "auto")
        self.mixed: bool
        self.mixed, self.plan, self.table, self.arc_key, self.limit = ready[model, family]

    def sample(self, n_sets: int, *, seed: int, purpose: str, first: int = 0, roots: NDArray[np.int64] | None = None, places: bool = False,
               engine: Engine, progress: ProgressCallback | None = None, deadline: float | None = None) -> RRSets:
        """Return sets first..first+n_sets-1 of the stream (seed, purpose); with ``places`` node v of them is row ``order[v]``."""
        parts = self._run(n_sets, seed, purpose, first, NO_ROOTS if roots is None else roots, NO_MASK, engine, progress, deadline)
        return gathered(parts, self.order, self.n_nodes, self.total_value, places=places)

    def count_hits(self, seeds: NDArray[np.int64], n_sets: int, *, seed: int, purpose: str, first: int = 0,
                   engine: Engine, progress: ProgressCallback | None = None, deadline: float | None = None) -> int:
        """Return how many of the sets contain a seed; nothing is stored, each set ends at its first hit."""
        mask = np.zeros(self.n_nodes, np.bool_)
        mask[self.place[seeds]] = True
        parts = self._run(n_sets, seed, purpose, first, NO_ROOTS, mask, engine, progress, deadline)
        return sum(int(part[2]) for part in parts)

    def _run(self, n_sets: int, seed: int, purpose: str, first: int, roots: NDArray[np.int64], mask: NDArray[np.bool_],
             engine: Engine, progress: ProgressCallback | None, deadline: float | None) -> list[Any]:
        base, root_base = stream(seed, purpose), stream(seed, f"{purpose}:root")

        def block(low: int, high: int) -> Any:
            try:
                seen = self.spare.pop()
            except IndexError:
                seen = np.zeros(self.n_nodes, np.uint64)
            result = sets_kernel(first + low, high - low, base, root_base, roots[low:high], self.root_limits, self.place, self.plan, self.indices,
                                 self.table, self.arc_key, self.limit, self.steps, mask, seen)
            self.spare.append(seen)
            return result

        return in_batches(block, n_sets, engine, progress, deadline)


def root_values(value: ArrayLike | None, n_nodes: int) -> tuple[float, NDArray[np.uint64]]:
    """Return the total value of the nodes, and the limits by which roots are drawn (none: evenly)."""
    if not n_nodes:
        refuse("projection", "no node", "a graph with at least one node")
    worth = check_value(value, n_nodes)
    if worth is None:
        return float(n_nodes), _NO_KEYS
    if float(worth.sum()) <= 0:
        refuse("value", "only zeros", "an array with a positive value")
    return float(worth.sum()), _cumulative(worth)


def in_batches(block: Callable[[int, int], Any], n_sets: int, engine: Engine, progress: ProgressCallback | None, deadline: float | None) -> list[Any]:
    """Run the block function over ranges of sets, `BATCH` at least."""

    def told(event: Progress) -> None:
        if progress is not None:
            progress(Progress("rr_sets", min(event.done * BATCH, n_sets), n_sets, "rr_sets"))

    def several(low: int, high: int) -> Any:
        return block(low * BATCH, min(high * BATCH, n_sets))

    return engine.map_blocks(several, -(-n_sets // BATCH), progress=None if progress is None else told, phase="rr_sets", deadline=deadline)


def gathered(parts: list[Any], order: NDArray[np.int32], n_nodes: int, total_value: float, *, places: bool) -> RRSets:
    """Return the sets of all blocks as one sample; without ``places`` nodes are rows again."""
    sizes = np.concatenate([part[1] for part in parts])
    indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    nodes = np.concatenate([part[0] if places else order[part[0]] for part in parts])
    return RRSets(indptr, nodes, nodes[indptr[:-1]], n_nodes, total_value)


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


def _places(projection: Projection) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return the place of each row (most out-arcs first), the row of each place, and the in-arcs' sources as places."""
    order = np.argsort(-np.diff(projection.indptr), kind="stable").astype(np.int32)
    place = np.empty_like(order)
    place[order] = np.arange(order.size, dtype=np.int32)
    return place, order, at_least_eight(place[projection.reverse.indices])


def _visits(projection: Projection, order: NDArray[np.int32], model: str, *, allow_table: bool) -> tuple[Any, ...]:
    """Return whether an in-list needs coins of its own, plan of a visit, tables, and keys and limits per in-arc where they are needed.

    The plan holds in half a cache line what a visit of the node at a place needs: key, first in-arc, in-degree and mode, table row.
    """
    reverse, row, table = projection.reverse, np.zeros(projection.n_nodes, np.int64), _NO_KEYS
    arc_key = limit = np.zeros(CHUNK, np.uint64)
    degree = np.diff(reverse.indptr)
    if model == "lt":
        limit, mode = lt_limits(projection)[1], np.where(degree > 0, WALK, NONE).astype(np.int8)
    else:
        p = arc_probability(projection)
        low, high = _extremes(reverse.indptr, reverse.arc, p)
        mode = np.where(high <= 0, NONE, np.where(low >= 1, ALL, ARCS)).astype(np.int8)
        rows = np.flatnonzero((mode == ARCS) & (low == high) & (high <= TABLE_P) & (degree * high <= TABLE_MEAN))
        if allow_table and rows.size:
            pairs, which = _pairs(degree[rows], high[rows])
            if pairs[0].size <= TABLE_ROWS:
                table, start = binomial_table(*pairs)
                row[rows], mode[rows] = start[which], TABLE
        if (mode == ARCS).any():
            arc_key, limit = at_least_eight(projection.edge_key[reverse.arc]), at_least_eight(limits(p[reverse.arc]))
    plan = np.empty((projection.n_nodes, 4), np.uint64)
    plan[:, 0], plan[:, 1], plan[:, 2], plan[:, 3] = projection.node_key, reverse.indptr[:-1], (degree << 3) | mode, row
    return bool((mode == ARCS).any()), plan[order].ravel(), table, arc_key, limit


def _pairs(degree: NDArray[np.int64], p: NDArray[np.float64]) -> tuple[tuple[NDArray[np.int64], NDArray[np.float64]], NDArray[np.int64]]:
    """Return the distinct pairs (in-degree, p) and which of them each node has; without sorting where p follows from the degree."""
    of = np.full(int(degree.max()) + 1, -1.0)
    of[degree] = p
    if (of[degree] == p).all():
        known = np.flatnonzero(of >= 0)
        place = np.zeros(of.size, np.int64)
        place[known] = np.arange(known.size)
        return (known, of[known]), place[degree]
    pairs, which = np.unique(degree + 1j * p, return_inverse=True)
    return (pairs.real.astype(np.int64), pairs.imag), which.astype(np.int64)


@kernel
def _extremes(indptr: Any, arc: Any, p: Any) -> Any:
    """Least and largest p into each node; 0 without in-arcs."""
    n = indptr.size - 1
    low, high = np.zeros(n), np.zeros(n)
    for v in range(n):
        for j in range(indptr[v], indptr[v + 1]):
            value = p[arc[j]]
            if j == indptr[v] or value < low[v]:
                low[v] = value
            high[v] = max(high[v], value)
    return low, high
