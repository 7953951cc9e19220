"""Projections and results out as NetworkX graphs, with the attribute names that `from_networkx` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from graphkit.check import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike

    from graphkit.projection.projection import Projection

__all__ = ["named_ends", "proposals", "scored_nodes", "to_networkx"]


def to_networkx(
    projection: Projection, *, nodes: Mapping[str, ArrayLike] | None = None, arcs: Mapping[str, ArrayLike] | None = None
) -> nx.MultiDiGraph[Any]:
    """Return the projection as a MultiDiGraph; nodes are ids, or row numbers of bare arrays.

    Node attribute `labels` (list) and those of ``nodes``, by row; edge attributes `p` and `weight`
    where the projection has them, and those of ``arcs``, in CSR order. Self-loops come back with a
    weight and without the others.
    """
    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    index, names = projection.nodes, _names(projection)
    told = {key: np.asarray(values).tolist() for key, values in (nodes or {}).items()}
    for i, name in enumerate(names):
        kind = {} if index.labels is None else {"labels": [index.labels[i]]}
        graph.add_node(name, **kind, **{key: values[i] for key, values in told.items()})
    columns = {"p": projection.probability, "weight": projection.weight, **(arcs or {})}
    given = {key: np.asarray(values).tolist() for key, values in columns.items() if values is not None}
    for arc, (a, b) in enumerate(zip(projection.sources.tolist(), projection.indices.tolist(), strict=True)):
        graph.add_edge(names[a], names[b], **{key: values[arc] for key, values in given.items()})
    for place, loop in enumerate(projection.loop_rows.tolist()):
        extra = {} if projection.loop_weight is None else {"weight": float(projection.loop_weight[place])}
        graph.add_edge(names[loop], names[loop], **extra)
    return graph


def scored_nodes(
    projection: Projection, ids: np.ndarray[Any, Any] | None, **columns: np.ndarray[Any, Any]
) -> nx.MultiDiGraph[Any]:
    """Return the projection with what a result says of each row as node attributes.

    Raises
    ------
    InvalidParameter
        The result was made on another graph.
    """
    (n,) = {values.shape[0] for values in columns.values()}
    _check_same(projection, ids, n)
    return to_networkx(projection, nodes=columns)


def named_ends(
    projection: Projection, ids: np.ndarray[Any, Any] | None, *ends: np.ndarray[Any, Any]
) -> tuple[list[Any], ...]:
    """Return the names that rows have as nodes of :func:`to_networkx`.

    Raises
    ------
    InvalidParameter
        The result was made on another graph.
    """
    last = max(int(rows.max(initial=-1)) for rows in ends)
    _check_same(projection, ids, max(projection.n_nodes, last + 1) if ids is None else ids.size)
    names = _names(projection)
    return tuple([names[row] for row in rows.tolist()] for rows in ends)


def proposals(frame: pd.DataFrame) -> nx.DiGraph[Any]:
    """Return an arc from the first column to the second for every row, the other columns its attributes."""
    source, target = frame.columns[:2]
    made: nx.DiGraph[Any] = nx.from_pandas_edgelist(frame, source, target, edge_attr=True, create_using=nx.DiGraph)
    return made


def _names(projection: Projection) -> list[Any]:
    """Return the ids of the nodes, or row numbers of bare arrays; (label, id) where one id stands under two labels."""
    index = projection.nodes
    names: list[Any] = list(range(index.n)) if index.ids is None else index.ids.tolist()
    if index.labels is not None and len(set(names)) < index.n:
        names = list(zip(index.labels.tolist(), names, strict=True))
    return names


def _check_same(projection: Projection, ids: np.ndarray[Any, Any] | None, n: int) -> None:
    """Refuse a projection that has not n nodes, with these ids where they are known."""
    names = projection.nodes.ids
    if projection.n_nodes != n or (ids is not None and (names is None or ids.tolist() != names.tolist())):
        refuse("projection", projection, f"the graph of {n} nodes that the result was made on")
