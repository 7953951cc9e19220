"""NetworkX graphs in; `networkx_out` is the way back. Attribute names are those of the Graph Data Science client's loader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit import check
from graphkit.errors import InvalidParameter
from graphkit.projection.arrays import from_rows
from graphkit.projection.nodes import NodeIndex
from graphkit.projection.probability import RULES

if TYPE_CHECKING:
    import networkx as nx
    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["check_graph", "from_networkx"]


def from_networkx(
    G: nx.Graph[Any],
    *,
    label: str = "labels",
    rel_type: str | None = None,
    types: tuple[str, ...] | None = None,
    probability: float | str | None = None,
    weight: str | None = None,
    default_probability: float | None = None,
) -> Projection:
    """Build a projection from a NetworkX graph, rows in the graph's node order.

    Parameters
    ----------
    G : Graph, DiGraph, MultiGraph or MultiDiGraph
        An undirected edge becomes two arcs. Parallel edges become one arc: chances combine as 1 - prod(1 - p), weights
        add up, and without weights each edge weighs 1, as in NetworkX.
    label : str
        Node attribute with the label (a text, or a list whose first entry counts).
    rel_type : str, optional
        Edge attribute with the relationship type; used together with `types`.
    types : tuple of str, optional
        Keep only edges whose `rel_type` attribute (default `relationshipType`) is one of these.
    probability : str or float, optional
        Edge attribute with the chance, a number, `"weighted_cascade"` or `"trivalency"`. Default: the
        attribute `p` when the edges have it, else no chances at all.
    weight : str, optional
        Edge attribute with the weight; default: `weight` when the edges have it.
    default_probability : float, optional
        Chance of edges without the attribute. Without it a partly given attribute raises.

    Returns
    -------
    Projection
        Node ids are the text of the graph's nodes.

    Raises
    ------
    InvalidParameter
        An attribute is there on some edges only, or named and on none; two nodes have the same text.

    Examples
    --------
    >>> import networkx as nx
    >>> G = nx.Graph()
    >>> G.add_edge("a", "b", p=0.3)
    >>> from_networkx(G).n_arcs
    2
    """
    check_graph(G)
    for name, value in (("label", label), ("rel_type", rel_type), ("weight", weight)):
        if value is not None or name == "label":
            check.text_of(name, value)
    wanted = None if types is None else check.names_of("types", types)
    index = _index(G, label)
    row = {node: i for i, node in enumerate(G)}
    attribute = rel_type or "relationshipType"
    kept = [(u, v, d) for u, v, d in G.edges(data=True) if wanted is None or d.get(attribute) in wanted]
    tail, head = (np.fromiter((row[edge[end]] for edge in kept), np.int64, len(kept)) for end in (0, 1))
    proper = [d for u, v, d in kept if u != v]
    if isinstance(probability, str) and probability not in RULES:
        p: Any = _edge_values(kept, proper, probability, default_probability, named=True)
    elif probability is None:
        p = _edge_values(kept, proper, "p", default_probability, named=False)
    else:
        p = probability
    every = [d for _, _, d in kept]
    w: Any = _edge_values(kept, every, weight or "weight", None, named=weight is not None)
    if w is None and G.is_multigraph() and len(set(zip(tail.tolist(), head.tolist(), strict=True))) < tail.size:
        w = np.ones(tail.size)  # parallel edges: an undirected one is told from the same end each time
    return from_rows(tail, head, index, probability=p, weight=w, directed=G.is_directed())


def check_graph(G: object) -> None:
    """Refuse what is no NetworkX graph."""
    if not hasattr(G, "edges") or not hasattr(G, "is_directed"):
        check.refuse("G", type(G).__name__, "a NetworkX graph")


def _index(G: nx.Graph[Any], label: str) -> NodeIndex:
    ids = np.empty(G.number_of_nodes(), dtype=object)
    ids[:] = [str(node) for node in G]
    if len(set(ids.tolist())) < ids.size:
        texts: dict[str, object] = {}
        for node in G:
            if str(node) in texts:
                check.refuse("G", f"{texts[str(node)]!r} and {node!r}", "a graph whose nodes differ as text")
            texts[str(node)] = node
    found = [data.get(label) for _, data in G.nodes(data=True)]
    first = [value[0] if isinstance(value, list | tuple) and value else value for value in found]
    if all(value is None for value in first):
        return NodeIndex(int(ids.size), ids)
    if any(value is None for value in first):
        missing = sum(value is None for value in first)
        message = f"node attribute {label!r}: {missing} of {len(first)} nodes have no label"
        raise InvalidParameter(message, parameter="label", allowed="a label on every node or on none")
    labels = np.empty(ids.size, dtype=object)
    labels[:] = [str(value) for value in first]
    return NodeIndex(int(ids.size), ids, labels)


def _edge_values(
    kept: list[tuple[Any, Any, dict[str, Any]]],
    needed: list[dict[str, Any]],
    name: str,
    default: float | None,
    *,
    named: bool,
) -> NDArray[np.object_] | None:
    """Return one value per edge, or None when no edge has the attribute and nobody asked for it."""
    missing = sum(data.get(name) is None for data in needed)
    if missing and default is None:
        if missing == len(needed) and not named:
            return None
        message = f"edge attribute {name!r}: {missing} of {len(needed)} edges have no value"
        hint = "give every edge a value" + (", or default_probability=" if name != "weight" else "")
        raise InvalidParameter(message, parameter=name, allowed="a value on every edge", hint=hint)
    if not needed and not named:
        return None
    values = np.empty(len(kept), dtype=object)
    fill = 0.0 if default is None else default
    values[:] = [fill if data.get(name) is None else data[name] for _, _, data in kept]
    return values
