"""A property graph in plain dictionaries: what the Python twins of the named queries walk over.

Slow and obvious on purpose. The twins are the second, independent way to every row that an analyst's query returns; they also answer named
queries in the memory store, which has no Cypher.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from graphkit.model.schema import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphkit.model.tables import GraphTables

__all__ = ["Node", "Row", "TwinGraph", "hidden", "rounded", "shown_pair", "tells_few"]

Node = tuple[str, str]
Row = dict[str, Any]
Tie = tuple[Node, dict[str, Any]]


def rounded(value: float | None, digits: int = 9) -> float | None:
    """Return the value to so many digits, as `round(x, digits)` in Cypher; null stays null."""
    return None if value is None else round(float(value), digits)


def hidden(part: int, whole: int, min_cell: int) -> bool:
    """Whether publishing `part` beside `whole` would reveal a cell below the minimum."""
    return part < min_cell or (whole != part and whole - part < min_cell)


def tells_few(both: int, one: int, other: int, everyone: int, min_cell: int) -> bool:
    """Whether some, but fewer than the minimum, are in both groups, in one of the two only, or in neither."""
    return any(0 < n < min_cell for n in (both, one - both, other - both, everyone - one - other + both))


def shown_pair(told: dict[str, Any], own: int, other: int, everyone: int, min_cell: int) -> dict[str, Any]:
    """Return the numbers of a pair (`shared` first) and the second audience, None where they would tell a cell below the minimum."""
    few = tells_few(told["shared"], own, other, everyone, min_cell)
    shared, *rest = (None if few else value for value in told.values())
    audience = None if 0 < everyone - other < min_cell else other
    return {"shared": shared, "audience": audience, **dict(zip(list(told)[1:], rest, strict=True))}


class TwinGraph:
    """Nodes as (label, id), relationships by type and end.

    Parameters
    ----------
    tables : GraphTables
        The graph.
    """

    def __init__(self, tables: GraphTables) -> None:
        self._tables = tables
        self._columns: dict[str, dict[str, list[Any]]] = {}
        self._ties: dict[tuple[str, bool], dict[Node, list[Tie]]] = {}

    def nodes(self, *labels: str) -> list[Node]:
        """All nodes of these labels (of every label without any), ordered by label and id."""
        wanted = labels or tuple(self._tables.nodes)
        return [(label, i) for label in sorted(wanted) for i in sorted(self._tables.nodes_of(label).ids.tolist())]

    def find(self, label: str, id_: str) -> list[Node]:
        """Return the node of this key, or nothing."""
        return [(label, id_)] if id_ in self._tables.nodes_of(label).row_of() else []

    def get(self, node: Node, name: str) -> Any:
        """Return a property of a node, None when missing."""
        label, id_ = node
        if name == "id":
            return id_
        table = self._tables.nodes_of(label)
        columns = self._columns.get(label)
        if columns is None:  # once a label: a list of every column is a scan of all nodes
            columns = self._columns[label] = {k: v.tolist() for k, v in table.columns.items()}
        return columns[name][table.row_of()[id_]] if name in columns else None

    def out(self, node: Node, *types: str) -> list[Tie]:
        """(end, properties) of the relationships of these types that leave the node."""
        return [tie for t in types for tie in self._by_end(t, outgoing=True).get(node, [])]

    def into(self, node: Node, *types: str) -> list[Tie]:
        """(start, properties) of the relationships of these types that arrive at the node."""
        return [tie for t in types for tie in self._by_end(t, outgoing=False).get(node, [])]

    def ends(self, ties: Iterable[Tie], *labels: str) -> list[Node]:
        """Distinct nodes at the other end, optionally of these labels only."""
        return list(dict.fromkeys(n for n, _ in ties if not labels or n[0] in labels))

    def consenting(self, ties: Iterable[Tie]) -> list[Node]:
        """Distinct users with consent for plans at the other end."""
        return [n for n in self.ends(ties, "User") if self.agreed(n)]

    def agreed(self, user: Node, purpose: str = "plan") -> bool:
        """Whether a user consented, and to this purpose where the purposes are stated."""
        scope = self.get(user, "consent_scope")
        return self.get(user, "consent") is True and (scope is None or purpose in scope)

    def types(self) -> list[tuple[str, str, str, int]]:
        """(type, source label, target label, relationships), ordered."""
        return sorted((e.type, e.source_label, e.target_label, len(e)) for e in self._tables.edges if len(e))

    def labels(self) -> list[tuple[str, int]]:
        """(label, nodes), ordered; bookkeeping left out."""
        return sorted((k, len(v)) for k, v in self._tables.nodes.items() if len(v) and k in LABELS)

    def _by_end(self, type_: str, *, outgoing: bool) -> dict[Node, list[Tie]]:
        key = (type_, outgoing)
        if key not in self._ties:
            found: dict[Node, list[Tie]] = defaultdict(list)
            for e in self._tables.edges_of(type_):
                sources = self._tables.nodes_of(e.source_label).ids[e.source_rows].tolist()
                targets = self._tables.nodes_of(e.target_label).ids[e.target_rows].tolist()
                columns = {k: v.tolist() for k, v in e.columns.items()}
                for i, (s, t) in enumerate(zip(sources, targets, strict=True)):
                    here, there = (e.source_label, s), (e.target_label, t)
                    properties = {k: v[i] for k, v in columns.items()}
                    found[here if outgoing else there].append((there if outgoing else here, properties))
            self._ties[key] = dict(found)
        return self._ties[key]
