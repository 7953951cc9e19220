"""Reverse reachable sets of SIR: who would have infected a node, in the very worlds of forward simulation.

In a world node u is infectious for L(u) steps, the first age at which its recovery coin works, and its
arc to v transmits iff one of the arc's coins of the ages 1..L(u) works. Both depend on u alone, not on
when or by whom it was infected, so SIR without a time limit is reachability over these arcs, whichever
way one walks (percolation keyed by the source; Kempe et al. 2003 for the argument on the cascade).

References
----------
Kenah, Robins: Second look at the spread of epidemics on networks. Physical Review E 76 (2007).
https://doi.org/10.1103/PhysRevE.76.036113
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import positive_int, refuse
from graphkit.coins import coin, fraction, kernel, limits, mix64, stream, world_key
from graphkit.diffusion.models import SIR
from graphkit.diffusion.rr_sets import RRSets
from graphkit.diffusion.worlds import arc_probability, node_rows
from graphkit.engine.base import as_engine
from graphkit.errors import InvalidParameter

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from graphkit.engine.base import Engine
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

__all__ = ["sample_epidemic_sets"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def sample_epidemic_sets(projection: Projection, n_sets: int, *, model: SIR, seed: int, purpose: str = "", first: int = 0, roots: ArrayLike | None = None,
                         engine: str | Engine = "threads", progress: ProgressCallback | None = None) -> RRSets:
    """Return reverse reachable sets of SIR; set i is a pure function of (seed, purpose, first + i).

    Parameters
    ----------
    projection : Projection
        Without probabilities every p is 1.
    n_sets : int
        Number of sets, at least 1.
    model : SIR
        With a recovery above 0.
    seed : int
        From `graphkit.rng.as_seed`.
    purpose : str, default ""
        Samples of different purposes are independent; the empty one gives the worlds of `estimate_spread` with the same seed.
    first : int, default 0
        Number of the first set.
    roots : array_like of int, shape (n_sets,), optional
        Fixed root of each set; default: drawn evenly.
    engine, progress
        See `graphkit.engine.base` and `graphkit.progress`.

    Returns
    -------
    RRSets
        The share of the sets that a seed set hits, times the number of nodes, estimates its spread.

    Raises
    ------
    InvalidParameter
        Not SIR, no recovery, wrong shapes.
    UnknownNode
        A root outside the graph.

    Examples
    --------
    >>> from graphkit.projection.build import from_arrays
    >>> path = from_arrays([0, 1], [1, 2])
    >>> sample_epidemic_sets(path, 1, model=SIR(1.0, 0.5), seed=1, roots=[2]).nodes.tolist()
    [2, 1, 0]
    """
    positive_int("n_sets", n_sets)
    if not isinstance(model, SIR):
        refuse("model", model, "SIR(...): nobody is infected twice, so it has reverse sets")
    if not model.recovery:
        message = f"{model} need not end by itself"
        raise InvalidParameter(message, parameter="model", hint="give a recovery above 0; a time limit has no reverse sets here")
    if not projection.n_nodes:
        refuse("projection", "no node", "a graph with at least one node")
    given = np.empty(0, np.int64) if roots is None else np.asarray(roots, dtype=np.int64)
    if roots is not None:
        if given.shape != (n_sets,):
            refuse("roots", f"an array of shape {given.shape}", f"one root per set, shape ({n_sets},)")
        node_rows(projection, given)
    reverse, tail = projection.reverse, f":{purpose}" if purpose else ""
    arc, heal, root = (stream(seed, word + tail) for word in ("arc", "recovery", "root"))
    key, limit = projection.edge_key[reverse.arc], limits(model.transmission * arc_probability(projection, default=1.0))[reverse.arc]
    heals = limits(model.recovery)[()]

    def block(low: int, high: int) -> Any:
        return _sets_kernel(first + low, high - low, arc, heal, root, given[low:high], reverse.indptr, reverse.indices, key, limit, projection.node_key, heals)

    parts = as_engine(engine).map_blocks(block, n_sets, progress=progress, phase="rr_sets")
    sizes, nodes = np.concatenate([part[1] for part in parts]), np.concatenate([part[0] for part in parts])
    indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    return RRSets(indptr, nodes, nodes[indptr[:-1]], projection.n_nodes, float(projection.n_nodes))


@kernel
def _sets_kernel(first: int, count: int, arc: Any, heal: Any, root: Any, roots: Any, indptr: Any, indices: Any, key: Any, limit: Any,
                 node_key: Any, heals: Any) -> Any:
    """Walk backwards from each root; returns (nodes of all sets, sizes)."""
    n = indptr.size - 1
    nodes, sizes, used = np.empty(4 * count + n, np.int32), np.zeros(count, np.int64), 0
    seen, known, period = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    for i in range(count):
        if nodes.size < used + n:
            longer = np.empty(2 * nodes.size + n, np.int32)
            longer[:used] = nodes[:used]
            nodes = longer
        arc_world, heal_world = world_key(arc, first + i), world_key(heal, first + i)
        start = roots[i] if roots.size else fraction(world_key(root, first + i), n)
        nodes[used], seen[start] = start, i + 1
        head, tail = used, used + 1
        while head < tail:
            v = nodes[head]
            head += 1
            for j in range(indptr[v], indptr[v + 1]):
                u = indices[j]
                if seen[u] == i + 1:
                    continue
                if known[u] != i + 1:
                    known[u], period[u] = i + 1, _period(heal_world, node_key[u], heals)
                if _transmits(arc_world, key[j], limit[j], period[u]):
                    nodes[tail], seen[u] = u, i + 1
                    tail += 1
        sizes[i], used = tail - used, tail
    return nodes[:used].copy(), sizes


@kernel
def _period(world: Any, key: Any, heals: Any) -> Any:
    """Return the age at which a node recovers, 1 at least."""
    age = np.uint64(1)
    while coin(mix64(world + age * _GOLDEN), key) >= heals:
        age += np.uint64(1)
    return np.int64(age)


@kernel
def _transmits(world: Any, key: Any, limit: Any, period: Any) -> Any:
    """Whether one of the coins of an arc's first ages works."""
    if limit == 0:
        return False
    for age in range(1, period + 1):  # noqa: SIM110 - kernels take no generators
        if coin(mix64(world + np.uint64(age) * _GOLDEN), key) < limit:
            return True
    return False
