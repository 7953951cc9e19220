"""Which labels, types and properties a store holds, and how cells that come back become columns again.

Stores remember the layout of what was loaded (`Layout`, kept as JSON on the store's own node), because no engine
tells cheaply which properties and which pairs of labels exist. For data written by other tools the registry stands in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.model.schema import LABELS, LIST, TYPES
from graphkit.model.tables import as_column, object_array

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphkit.model.properties import Property
    from graphkit.model.tables import Column, GraphTables

__all__ = ["Layout", "Pair", "coerce", "list_names", "registered"]

Pair = tuple[str, str, str]


def registered(name: str) -> Mapping[str, Property]:
    """Properties of a label or type in the registry; none for an unknown one."""
    found = LABELS.get(name) or TYPES.get(name)
    return found.properties if found else {}


def list_names(owner: str, names: Iterable[str]) -> set[str]:
    """Those of the properties that hold lists."""
    known = registered(owner)
    return {x for x in names if x in known and known[x].type == LIST}


def coerce(owner: str, name: str, cells: Iterable[Any]) -> Column:
    """Tight column of the property's declared type; undeclared ones by their values."""
    column = as_column(cells)
    found = registered(owner).get(name)
    if found is None or found.type == "STRING":
        return column
    if found.type == "FLOAT" and column.dtype == np.int64:
        return column.astype(np.float64)
    if found.type == "FLOAT" and column.dtype == object:
        return as_column([float(x) if isinstance(x, int) else x for x in column.tolist()])
    if found.type == LIST:
        return object_array(None if x is None else list(x) for x in column.tolist())
    return column


@dataclass
class Layout:
    """Property names per label and per (type, source label, target label); what graphkit wrote back is apart."""

    nodes: dict[str, set[str]] = field(default_factory=dict)
    edges: dict[Pair, set[str]] = field(default_factory=dict)
    written: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of_registry(cls) -> Layout:
        """Everything the schema allows, without what graphkit writes itself."""
        nodes = {k: _given(k) for k, v in LABELS.items() if not v.written}
        return cls(nodes, {(k, *pair): _given(k) for k, v in TYPES.items() if not v.written for pair in v.pairs})

    @classmethod
    def of_tables(cls, tables: GraphTables) -> Layout:
        """Return the names used in these tables."""
        return cls(
            {k: set(v.columns) for k, v in tables.nodes.items()},
            {(e.type, e.source_label, e.target_label): set(e.columns) for e in tables.edges},
        )

    def add(self, other: Layout) -> None:
        """Take in the names of another layout."""
        for mine, theirs in ((self.nodes, other.nodes), (self.written, other.written)):
            for key, names in theirs.items():
                mine.setdefault(key, set()).update(names)
        for pair, names in other.edges.items():
            self.edges.setdefault(pair, set()).update(names)

    def node_columns(self, label: str, *, written: bool = False) -> list[str]:
        """Sorted property names of a label, with or without those written back."""
        names = set(self.nodes.get(label, ()))
        own = self.written.get(label, set())
        return sorted(names | own if written else names - own)

    def to_json(self) -> str:
        """Canonical JSON."""
        return json.dumps(
            {
                "nodes": {k: sorted(v) for k, v in self.nodes.items()},
                "edges": [[*k, sorted(v)] for k, v in sorted(self.edges.items())],
                "written": {k: sorted(v) for k, v in self.written.items()},
            },
            ensure_ascii=False,
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str | None) -> Layout:
        """Read what `to_json` wrote; an empty layout for none."""
        if not text:
            return cls()
        data = json.loads(text)
        return cls(
            {k: set(v) for k, v in data["nodes"].items()},
            {(t, s, d): set(names) for t, s, d, names in data["edges"]},
            {k: set(v) for k, v in data["written"].items()},
        )


def _given(name: str) -> set[str]:
    return {k for k, p in registered(name).items() if k != "id" and not p.written}
