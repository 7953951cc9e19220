"""``viral_propagation``: the name of the source text, with a meaning.

The text's version adds up neighbours' scores for ever (1, 7, 1023, 1.07e9 after 1, 3, 10, 30 rounds),
sets only the first seed and depends on the order of the nodes. Here it is the independent cascade
with a hop limit: probabilities in [0, 1], every seed 1, the same for any order of seeds and nodes.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import finite, positive_int, refuse
from graphkit.diffusion.spread import estimate_spread
from graphkit.errors import DataInvalid, UnknownNode, close_matches
from graphkit.projection.build import from_arrays
from graphkit.projection.networkx_io import check_graph

if TYPE_CHECKING:
    import networkx as nx

    from graphkit.rng import RandomState

__all__ = ["viral_propagation"]

WORLDS = 10_000


def viral_propagation(
    G: nx.Graph[Any], seeds: Any, iterations: int, *, rng: RandomState = None
) -> dict[Hashable, float]:
    """Return each node's probability of being reached within ``iterations`` hops (independent cascade).

    Parameters
    ----------
    G : networkx.Graph, DiGraph, MultiGraph or MultiDiGraph
        Every edge carries ``p``, the chance in [0, 1] that one end activates the other. Undirected edges
        work both ways; parallel edges combine as 1 - prod(1 - p).
    seeds : node or iterable of nodes
        Active at the start.
    iterations : int >= 0
        Hops followed.
    rng : see `graphkit.rng`
        With the same ``rng`` the values never fall as ``iterations`` grow.

    Returns
    -------
    dict
        Node -> share of 10,000 worlds, in the order of ``G``; 1.0 for seeds.

    Raises
    ------
    UnknownNode
        A seed is not in the graph.
    DataInvalid
        An edge has no ``p``.
    InvalidParameter
        ``p`` outside [0, 1], a negative or broken number of hops, no seed.

    Examples
    --------
    >>> import networkx as nx
    >>> G = nx.DiGraph()
    >>> G.add_weighted_edges_from([("a", "b", 1.0), ("b", "c", 0.5)], weight="p")
    >>> viral_propagation(G, ["a"], 1, rng=1)
    {'a': 1.0, 'b': 1.0, 'c': 0.0}
    >>> round(viral_propagation(G, ["a"], 2, rng=1)["c"], 1)
    0.5
    """
    steps = positive_int("iterations", iterations, minimum=0)
    check_graph(G)
    nodes = sorted(G.nodes, key=_name)
    place = {node: i for i, node in enumerate(nodes)}
    rows = [place[seed] for seed in _seed_list(place, seeds)]
    arcs, without = [], 0
    for u, v, data in G.edges(data=True):
        if data.get("p") is None:
            without += 1
            continue
        chance = finite(f"p of edge ({u!r}, {v!r})", data["p"])
        arcs.append((place[u], place[v], chance))
        if not G.is_directed() and u != v:
            arcs.append((place[v], place[u], chance))
    if without:
        message = f"{without} edges have no attribute p"
        raise DataInvalid(
            message, rule="probability", count=without, hint="set p on every edge: nx.set_edge_attributes(G, 0.1, 'p')"
        )
    arcs.sort()  # parallel arcs combine in one order, whatever the order in G
    source, target, p = (
        (np.array(column) for column in zip(*arcs, strict=True))
        if arcs
        else (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    )
    names = [_name(node) for node in nodes]
    projection = from_arrays(np.array(names, object)[source], np.array(names, object)[target], probability=p, ids=names)
    share = estimate_spread(
        projection, np.array([projection.row(names[row]) for row in rows]), n_worlds=WORLDS, max_steps=steps, rng=rng
    ).activation
    value = {node: float(share[projection.row(name)]) for node, name in zip(nodes, names, strict=True)}
    return {node: value[node] for node in G.nodes}


def _name(node: Hashable) -> str:
    return f"{type(node).__name__}:{node!r}"


def _seed_list(place: dict[Any, int], seeds: Any) -> list[Any]:
    """Return the seeds as nodes of the graph; one node may stand for itself."""
    try:
        if seeds in place:
            return [seeds]
    except TypeError:
        pass  # a list or a set is no node
    chosen = [seeds] if isinstance(seeds, str | bytes) or not np.iterable(seeds) else list(seeds)
    if not chosen:
        refuse("seeds", seeds, "at least one node")
    for seed in chosen:
        if not isinstance(seed, Hashable) or seed not in place:
            message = f"seeds: {seed!r} is not a node of the graph"
            raise UnknownNode(
                message, kind="node", name=str(seed), close_matches=close_matches(str(seed), [str(x) for x in place])
            )
    return chosen
