"""Projections out as NetworkX graphs, with the attribute names that `from_networkx` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx

if TYPE_CHECKING:
    from graphkit.projection.projection import Projection

__all__ = ["to_networkx"]


def to_networkx(projection: Projection) -> nx.MultiDiGraph[Any]:
    """Return the projection as a MultiDiGraph; nodes are ids, or row numbers of bare arrays.

    Node attribute `labels` (list); edge attributes `p` and `weight` where the projection has them.
    Self-loops come back with a weight and without `p`.
    """
    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    index = projection.nodes
    double = index.ids is not None and len(set(index.ids.tolist())) < index.n
    names: list[Any] = list(range(index.n)) if index.ids is None else index.ids.tolist()
    if double and index.labels is not None:
        names = list(zip(index.labels.tolist(), names, strict=True))
    for i, name in enumerate(names):
        graph.add_node(name, **({} if index.labels is None else {"labels": [index.labels[i]]}))
    columns = {"p": projection.probability, "weight": projection.weight}
    given = {key: values.tolist() for key, values in columns.items() if values is not None}
    for arc, (a, b) in enumerate(zip(projection.sources.tolist(), projection.indices.tolist(), strict=True)):
        graph.add_edge(names[a], names[b], **{key: values[arc] for key, values in given.items()})
    for place, loop in enumerate(projection.loop_rows.tolist()):
        extra = {} if projection.loop_weight is None else {"weight": float(projection.loop_weight[place])}
        graph.add_edge(names[loop], names[loop], **extra)
    return graph
