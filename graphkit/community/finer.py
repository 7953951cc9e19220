"""Whether a partition has joined groups that the edges tell apart, and which objective to ask for them.

Modularity joins groups of fewer than about sqrt(2m) edges whatever they look like: of a ring of n cliques of k nodes it joins
neighbours as soon as n > k (k - 1) + 2 (Fortunato, Barthelemy 2007). Blocks see smaller ones, but every block is told to all
nodes of the graph, so below about sqrt(n) of n nodes they are joined too. Here each community is looked at by itself: its n
nodes and e edges are told again as b parts with q edges inside and the others between them,

    ln C(N, e) - ln C(M, q) - ln C(N - M, e - q) - ln(e + 1) - ln(n! / prod n_r!) - ln C(n-1, b-1) - ln n

nats shorter, N the pairs of its nodes and M those within parts: a nested description (Peixoto 2014) of ties that are there or
not, weights left out, because a full clique is told by its nodes alone. Which of the B communities are parted costs
ln(B + 1) + ln C(B, parted). Where groups are alike in all of them, one density and one list of sizes serve for all of them;
the shorter of both tellings counts. All of it can be read back, so ties drawn at random within the communities save
x nats with a chance of at most e^-x; a gain counts from ln 20 on.

The parts are those of one run of the map equation over the whole graph: what would be found if asked for. It is named where
they tell more apart inside the communities than these do inside them, and clearly more than blocks do.

References
----------
Fortunato, Barthelemy (2007), https://doi.org/10.1073/pnas.0605965104;
Peixoto (2014), https://doi.org/10.1103/PhysRevX.4.011047
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import gammaln

from graphkit.community.block_model import best_blocks_gain, block_leiden, leiden_at_newmans_resolution
from graphkit.community.map_equation import map_leiden
from graphkit.community.steps import contract
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.community.quality import Undirected

    Labels = NDArray[np.int64]

__all__ = ["Finer", "look_for_finer", "parts_gain", "walk"]

_CHANCE = math.log(20)  # nats that random ties save in one case of twenty at most
_CLEARLY = 2.0  # times what blocks tell apart inside the communities, for the map equation to be named instead


class Finer(NamedTuple):
    """What finer groups save, in nats, and the objective that finds them, if they save any."""

    gain: float
    objective: str | None


def walk(graph: Undirected, seed: int) -> Labels:
    """Return the parts of one run of the map equation; they depend on nothing found and can be made meanwhile."""
    return map_leiden(graph, np.arange(graph.n_nodes), iterations=1, seed=seed)


def look_for_finer(graph: Undirected, found: Labels, met: Labels | None, walked: Labels, seed: int) -> Finer:
    """Return what groups finer than those found save beyond them.

    Parameters
    ----------
    graph : Undirected
        At least one edge.
    found : ndarray of int64, shape (n_nodes,)
        Communities, numbered from 0.
    met : ndarray of int64, shape (n_nodes,), or None
        A finer partition met on the way, to be joined to blocks; None to look by the map equation only.
    walked : ndarray of int64, shape (n_nodes,)
        As :func:`walk` returns them.
    seed : int
    """
    apart = parts_gain(graph, found, walked)
    gain, blocks = (0.0, found) if met is None else _blocks(graph, found, met, seed)
    if apart > max(_CHANCE, parts_gain(graph, walked, found)) and (
        gain <= 0 or apart > _CLEARLY * parts_gain(graph, found, blocks)
    ):
        return Finer(apart, "map_equation")
    return Finer(gain, "block_model" if gain > 0 else None)


def _blocks(graph: Undirected, found: Labels, met: Labels, seed: int) -> tuple[float, Labels]:
    """Nats that more blocks save beyond the groups found, and these blocks: joined from finer groups, or else at the resolution that suits those found."""
    small, node = contract(graph, met)
    blocks = block_leiden(small, np.arange(small.n_nodes), iterations=3, seed=seed)[node]
    known, groups = max(0.0, best_blocks_gain(graph, found)), found.max()
    saved = best_blocks_gain(graph, blocks) if blocks.max() > groups else 0.0
    if saved <= known:
        other = leiden_at_newmans_resolution(graph, found, seed)
        if other.max() > groups and (more := best_blocks_gain(graph, other)) > saved:
            saved, blocks = more, other
    return max(saved, 0.0) - known, blocks


def parts_gain(graph: Undirected, found: NDArray[np.int64], finer: NDArray[np.int64]) -> float:
    """Return the nats by which each community's own parts shorten the description of its ties; see the head of the module.

    0 where no community has two parts; below 0 they are not worth their description.

    Parameters
    ----------
    graph : Undirected
        Every row a node; nodes without ties are left out, weights are not looked at.
    found, finer : ndarray of int64, shape (n_nodes,)
        Communities numbered from 0, and labels whose differences inside a community are its parts.
    """
    tied = graph.strength > 0
    part = np.unique(found * np.int64(finer.max(initial=0) + 1) + finer, return_inverse=True)[1]
    owner = np.zeros(part.max(initial=-1) + 1, np.int64)
    owner[part] = found
    count, size = found.max(initial=-1) + 1, np.bincount(part, weights=tied)
    owner, size = owner[size > 0], size[size > 0]
    n, parts = np.bincount(found, weights=tied), np.bincount(owner, minlength=count)
    edges, within = (both / 2 for both in ties_kernel(graph.indptr, graph.indices, found, part, count))
    several = parts > 1
    if not several.any():
        return 0.0
    room = np.bincount(owner, weights=_pairs(size), minlength=count)
    names = gammaln(n + 1) - np.bincount(owner, weights=gammaln(size + 1), minlength=count)
    own = _saved(_pairs(n), edges, room, within) - names - _ln_choose(n - 1, parts - 1) - np.log(np.maximum(n, 1))
    parted = several & (own > 0)
    one_by_one = own[parted].sum() - _ln_choose(count, parted.sum()) - math.log(count + 1)
    alike = _ln_choose(_pairs(n), edges)[several].sum() - _ln_choose(_pairs(n)[several].sum(), edges[several].sum())
    alike += _saved(*(x[several].sum() for x in (_pairs(n), edges, room, within))) - names[several].sum()
    alike -= _sizes(size[several[owner]].astype(np.int64), int(n[several].max()))
    alike -= _ln_choose(count, several.sum()) + math.log(count + 1)
    return float(max(one_by_one, alike)) - math.log(2)


@kernel
def ties_kernel(indptr, indices, found, part, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Of every community the directions of its ties, and of those within its parts."""
    inside, within = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for i in range(found.size):
        own, narrow = found[i], part[i]
        for j in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
            v = np.uint64(indices[j])
            inside[own] += found[v] == own
            within[own] += part[v] == narrow
    return inside, within


def _saved(pairs: Any, edges: Any, room: Any, within: Any) -> Any:
    """Nats saved by telling apart the pairs within parts, the number of their ties paid."""
    return (
        _ln_choose(pairs, edges)
        - _ln_choose(room, within)
        - _ln_choose(pairs - room, edges - within)
        - np.log(edges + 1)
    )


def _sizes(size: NDArray[np.int64], largest: int) -> float:
    """Nats that tell the sizes of all parts in order: how many, which there are, how often each, and the order."""
    often = np.unique(size, return_counts=True)[1]
    order = gammaln(size.size + 1) - gammaln(often + 1).sum()
    return float(order + (often.size + 1) * math.log(largest) + (often.size + 1) * math.log(size.size))


def _pairs(n: Any) -> Any:
    """Pairs of so many nodes."""
    return n * (n - 1) / 2


def _ln_choose(n: Any, k: Any) -> Any:
    """Compute ln C(n, k); 0 where there is nothing to choose from."""
    return gammaln(np.maximum(n, 0) + 1) - gammaln(np.maximum(k, 0) + 1) - gammaln(np.maximum(n - k, 0) + 1)
