"""Property-graph content as plain columns: what readers, stores and snapshots hand to each other.

A node is `(label, id)` with `id` a string end to end. Relationships name their ends by row: the position
of the node in the `NodeColumns` of the end's label. Columns are NumPy arrays, all of one length:

* INTEGER, FLOAT, BOOLEAN without nulls: int64, float64, bool;
* the same with nulls: object arrays of Python int, float or bool, and None;
* STRING and LIST: object arrays of str or list of str, None where missing.

A column whose every value is missing is the same as no column at all.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.model.schema import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Column = NDArray[Any]

_KINDS: dict[type, type] = {int: np.int64, float: np.float64, bool: np.bool_}


def object_array(values: Iterable[Any]) -> Column:
    """One-dimensional object array of the values, lists kept as single cells."""
    cells = list(values)
    return np.fromiter(cells, dtype=object, count=len(cells))  # an assignment would unpack cells that are lists


def as_column(values: Iterable[Any]) -> Column:
    """Tightest array for Python values or an array: int64, float64 or bool without nulls, else object.

    Integers among floats stay what they are, so a mixed column remains an object array.
    """
    if isinstance(values, np.ndarray) and values.dtype != object:
        if values.dtype.kind in "iu":
            return values.astype(np.int64, copy=False)
        if values.dtype.kind == "f":
            return values.astype(np.float64, copy=False)
        return values if values.dtype.kind == "b" else object_array(values.tolist())
    array = values if isinstance(values, np.ndarray) else object_array(values)
    kinds = set(map(type, array.tolist()))
    if len(kinds) == 1:
        kind = _KINDS.get(next(iter(kinds)))
        if kind is not None:
            return array.astype(kind)
    return array


def is_missing(column: Column) -> NDArray[np.bool_]:
    """Mask of the nulls of a column."""
    if column.dtype != object:
        return np.zeros(len(column), dtype=np.bool_)
    return np.fromiter((x is None for x in column.tolist()), dtype=np.bool_, count=len(column))


def _tidy(columns: Mapping[str, Column], order: NDArray[np.int64] | None) -> dict[str, Column]:
    """Columns by name, reordered, tight, without those that hold nothing."""
    out = {}
    for name in sorted(columns):
        column = as_column(columns[name])
        if column.dtype == object and is_missing(column).all():
            continue
        out[name] = column if order is None else column[order]
    return out


def _feed(digest: Any, column: Column) -> None:
    """Add a column to a digest by its values, never by its memory layout."""
    if column.dtype == object:
        text = json.dumps(column.tolist(), ensure_ascii=False, separators=(",", ":"), default=float)
        raw = text.encode("utf-8", "surrogatepass")
    else:
        raw = np.ascontiguousarray(column).tobytes()
    digest.update(f"{column.dtype.str}:{len(raw)};".encode())
    digest.update(raw)


@dataclass(frozen=True, eq=False)
class NodeColumns:
    """All nodes of one label.

    Parameters
    ----------
    label
        Label of the schema.
    ids
        Object array of str, unique.
    columns
        Property name -> array aligned to `ids`; `id` itself is not among them.
    """

    label: str
    ids: Column
    columns: dict[str, Column] = field(default_factory=dict)
    _rows: dict[str, int] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.ids)

    @classmethod
    def empty(cls, label: str) -> NodeColumns:
        """No node of this label."""
        return cls(label, np.empty(0, dtype=object))

    def column(self, name: str, default: Any = None) -> Column:
        """Return the column of this name, or `default` for every node when there is none."""
        if name in self.columns:
            return self.columns[name]
        return as_column([default] * len(self.ids))

    def row_of(self) -> dict[str, int]:
        """Return the mapping id -> row, built once."""
        if len(self._rows) != len(self.ids):
            self._rows.update(zip(self.ids.tolist(), range(len(self.ids)), strict=True))
        return self._rows

    def by_id(self, name: str) -> dict[str, Any]:
        """Return the mapping id -> value of a column, None where there is none."""
        return dict(zip(self.ids.tolist(), self.column(name).tolist(), strict=True))

    def take(self, rows: NDArray[Any]) -> NodeColumns:
        """Return the nodes of these rows (or of this mask), in that order."""
        return NodeColumns(self.label, self.ids[rows], {k: v[rows] for k, v in self.columns.items()})


@dataclass(frozen=True, eq=False)
class EdgeColumns:
    """All relationships of one type between one pair of labels.

    Parameters
    ----------
    type, source_label, target_label
        Names of the schema.
    source_rows, target_rows
        int64 positions in the `NodeColumns` of the two labels.
    columns
        Property name -> array aligned to the rows.
    """

    type: str
    source_label: str
    target_label: str
    source_rows: NDArray[np.int64]
    target_rows: NDArray[np.int64]
    columns: dict[str, Column] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of relationships."""
        return len(self.source_rows)

    def column(self, name: str, default: Any = None) -> Column:
        """Return the column of this name, or `default` for every relationship when there is none."""
        if name in self.columns:
            return self.columns[name]
        return as_column([default] * len(self.source_rows))

    def take(self, rows: NDArray[Any]) -> EdgeColumns:
        """Return the relationships of these rows (or of this mask), in that order."""
        return replace(
            self,
            source_rows=self.source_rows[rows],
            target_rows=self.target_rows[rows],
            columns={k: v[rows] for k, v in self.columns.items()},
        )


def _edge_order(edges: EdgeColumns) -> NDArray[np.int64]:
    """Canonical order: by source row, target row, then the wider key columns of the type."""
    keys: list[NDArray[Any]] = []
    for name in TYPES[edges.type].wider_key if edges.type in TYPES else ():
        if name in edges.columns:
            column = edges.columns[name]
            if column.dtype == object:
                cells = column.tolist()
                known = sorted({x for x in cells if x is not None})
                rank = {x: i for i, x in enumerate(known, 1)}
                column = np.fromiter((rank.get(x, 0) for x in cells), dtype=np.int64, count=len(cells))
            keys.append(column)
    return np.lexsort((*reversed(keys), edges.target_rows, edges.source_rows)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class GraphTables:
    """A whole property graph as columns.

    Parameters
    ----------
    nodes
        Label -> its nodes.
    edges
        One `EdgeColumns` per (type, source label, target label).
    name, currency, time_zone
        As in `dataset.toml`.
    settings
        The rest of `dataset.toml`: `reach_p` per channel kind, event weights, event time unit ...
    outside
        Label -> how many of its nodes stand for nodes that a store holds already: by id alone, as ends of relationships.
    """

    nodes: dict[str, NodeColumns]
    edges: tuple[EdgeColumns, ...]
    name: str = ""
    currency: str | None = None
    time_zone: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    outside: dict[str, int] = field(default_factory=dict)
    _is_canonical: bool = field(default=False, repr=False)

    def nodes_of(self, label: str) -> NodeColumns:
        """Nodes of a label; an empty table when there are none."""
        return self.nodes.get(label) or NodeColumns.empty(label)

    def edges_of(self, type_: str) -> tuple[EdgeColumns, ...]:
        """Relationships of a type, one table per pair of labels."""
        return tuple(e for e in self.edges if e.type == type_)

    def counts(self) -> dict[str, dict[str, int]]:
        """Rows `by_label` and `by_type`, names sorted; nodes that only stand for those of a store are no rows."""
        labels = {k: len(self.nodes[k]) - self.outside.get(k, 0) for k in sorted(self.nodes)}
        types: Counter[str] = Counter()
        for e in self.edges:
            types[e.type] += len(e)
        return {
            "by_label": {k: n for k, n in labels.items() if n},
            "by_type": {k: types[k] for k in sorted(types) if types[k]},
        }

    def canonical(self) -> GraphTables:
        """Return the same graph in one order: nodes by id, relationships by type, labels, rows and wider key.

        Empty tables and columns without any value are left out.
        """
        if self._is_canonical:
            return self
        nodes, position = {}, {}
        for label in sorted(self.nodes):
            table = self.nodes[label]
            if not len(table):
                continue
            ids = table.ids.tolist()
            order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
            position[label] = np.empty(len(ids), dtype=np.int64)
            position[label][order] = np.arange(len(ids))
            nodes[label] = NodeColumns(label, table.ids[order], _tidy(table.columns, order))
        edges = []
        for e in sorted(self.edges, key=lambda e: (e.type, e.source_label, e.target_label)):
            if len(e):
                moved = replace(
                    e,
                    source_rows=position[e.source_label][e.source_rows],
                    target_rows=position[e.target_label][e.target_rows],
                )
                order = _edge_order(moved)
                edges.append(
                    replace(
                        moved,
                        source_rows=moved.source_rows[order],
                        target_rows=moved.target_rows[order],
                        columns=_tidy(e.columns, order),
                    )
                )
        return replace(self, nodes=nodes, edges=tuple(edges), _is_canonical=True)

    def digest(self) -> str:
        """SHA-256 of the canonical columns: the same for any order of rows, any store, any time."""
        whole, digest = self.canonical(), hashlib.sha256(b"graphkit tables 1")
        for label, table in whole.nodes.items():
            digest.update(json.dumps(["nodes", label, len(table), list(table.columns)]).encode())
            for column in (table.ids, *table.columns.values()):
                _feed(digest, column)
        for e in whole.edges:
            digest.update(
                json.dumps(["edges", e.type, e.source_label, e.target_label, len(e), list(e.columns)]).encode()
            )
            for column in (e.source_rows, e.target_rows, *e.columns.values()):
                _feed(digest, column)
        return digest.hexdigest()
