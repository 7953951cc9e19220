"""Everything an embedded database holds, plans and results included: what a load carries over into the new folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import StoreError
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, as_column, object_array
from graphkit.store import statements
from graphkit.store.layout import coerce

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from graphkit.model.tables import Column

__all__ = ["add_rest"]

Rows = list[dict[str, Any]]
_REMADE = (statements.STORE, statements.SCHEMA)


def add_rest(db: Any, loaded: GraphTables, rows: Callable[[str], Rows]) -> GraphTables:
    """Complete the loaded tables with every other label, type and pair of labels that has rows.

    Raises
    ------
    StoreError
        When a node has no id: it could not be carried over.
    """
    kinds = db.query("sql", "SELECT name, type FROM schema:types").to_list()
    nodes = dict(loaded.nodes)
    for label in sorted(k["name"] for k in kinds if k["type"] == "vertex" and k["name"] not in (*_REMADE, *nodes)):
        found = rows(f"MATCH (n:{statements.ticks(label)}) RETURN n.id AS id, properties(n) AS p")
        if any(not isinstance(r["id"], str) for r in found):
            message = f"there is a {label} node without an id; a load could not carry it over"
            raise StoreError(message, hint="give it an id, or remove it")
        if found:
            cells = _columns(label, [r["p"] for r in found])
            cells.pop("id", None)
            nodes[label] = NodeColumns(label, object_array(r["id"] for r in found), cells)
    edges = list(loaded.edges)
    for name in sorted(k["name"] for k in kinds if k["type"] == "edge"):
        known = [e for e in loaded.edges if e.type == name]
        if sum(map(len, known)) != db.count_type(name):
            edges += _missing(name, nodes, {(e.source_label, e.target_label) for e in known}, rows)
    return GraphTables(nodes, tuple(edges), loaded.name, loaded.currency, loaded.time_zone, loaded.settings)


def _missing(
    name: str, nodes: dict[str, NodeColumns], known: set[tuple[str, str]], rows: Callable[[str], Rows]
) -> Iterable[EdgeColumns]:
    """Relationships of a type between pairs of labels that are not yet there."""
    text = (
        f"MATCH (a)-[r:{statements.ticks(name)}]->(b) "
        "RETURN labels(a)[0] AS la, a.id AS s, labels(b)[0] AS lb, b.id AS t, properties(r) AS p"
    )
    groups: dict[tuple[str, str], Rows] = {}
    for r in rows(text):
        if (r["la"], r["lb"]) not in known:
            groups.setdefault((r["la"], r["lb"]), []).append(r)
    for (source, target), group in groups.items():
        ends = [
            np.array([nodes[x].row_of()[r[k]] for r in group], dtype=np.int64)
            for x, k in ((source, "s"), (target, "t"))
        ]
        yield EdgeColumns(name, source, target, ends[0], ends[1], _columns(name, [r["p"] for r in group]))


def _columns(owner: str, maps: list[dict[str, Any]]) -> dict[str, Column]:
    names = sorted({k for m in maps for k in m})
    return {k: coerce(owner, k, as_column([m.get(k) for m in maps])) for k in names}
