"""Properties of the nodes of a graph, row by row, as a command asks for them by name."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["node_texts", "node_values"]


def node_values(snapshot: Any, graph: Any, name: str, missing: float | None) -> Any:
    """Return a numeric property of every row of the graph; where it is null ``missing``, or a refusal."""
    from graphkit.errors import DataInvalid

    values = np.empty(graph.n_nodes)
    for row, value in enumerate(_properties(snapshot, graph, name)):
        if value is None and missing is None:
            message = f"{graph.nodes.labels[row]} {graph.id_of(row)} has no {name}"
            raise DataInvalid(message, rule="value", hint=f"set {name} on every node, 0 where a node counts nothing")
        try:
            values[row] = missing if value is None else float(value)
        except (TypeError, ValueError):
            message = f"{graph.nodes.labels[row]} {graph.id_of(row)}: {name} = {value!r} is no number"
            raise DataInvalid(message, rule="number", hint="choose a numeric property") from None
    return values


def node_texts(snapshot: Any, graph: Any, name: str) -> Any:
    """Return a property of every row of the graph as text; null is a group of its own."""
    return np.array([str(value) for value in _properties(snapshot, graph, name)])


def _properties(snapshot: Any, graph: Any, name: str) -> list[Any]:
    """Return a property of every row of the graph; a property that no node has is refused."""
    from graphkit.errors import DataInvalid

    labels = graph.nodes.labels.tolist()
    tables = {label: snapshot.nodes(label) for label in dict.fromkeys(labels)}
    if not any(name in table.columns for table in tables.values()):
        known = sorted({key for table in tables.values() for key in table.columns})
        message = f"no {' or '.join(tables)} has the property {name!r}"
        raise DataInvalid(message, rule="property", hint=f"there are {', '.join(known) or 'none'}")
    columns = {label: (table.row_of(), table.column(name)) for label, table in tables.items()}
    return [columns[label][1][columns[label][0][graph.id_of(row)]] for row, label in enumerate(labels)]
