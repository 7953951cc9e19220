"""Merging new tables into old ones by key, and counting what that creates, changes and leaves alone.

The one definition of what a load means, used as it stands by the memory and the embedded store: a node is
(label, id), a relationship (type, source, target) and the wider key of its type. Given values replace, missing
values keep what is there, nothing is deleted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import DataInvalid
from graphkit.model.schema import TYPES
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, object_array

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from graphkit.model.tables import Column

__all__ = ["Tally", "differs", "merge", "wider_key"]


@dataclass
class Tally:
    """Rows created, changed and unchanged, by `nodes` and `relationships`."""

    created: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)

    def add(self, what: str, created: int, changed: int, unchanged: int) -> None:
        """Count rows of one table or batch."""
        self.created[what] += created
        self.changed[what] += changed
        self.unchanged[what] += unchanged

    def is_empty(self) -> bool:
        """Whether nothing would be written."""
        return not (self.created.total() or self.changed.total())

    def to_dicts(self) -> dict[str, dict[str, int]]:
        """Return the three pairs of a load report."""
        keys = ("nodes", "relationships")
        return {n: {k: getattr(self, n)[k] for k in keys} for n in ("created", "changed", "unchanged")}


def wider_key(type_: str) -> tuple[str, ...]:
    """Properties that belong to the key of a relationship type beside its two ends."""
    return TYPES[type_].wider_key if type_ in TYPES else ()


def differs(old: Column, new: Column) -> NDArray[np.bool_]:
    """Mask of rows whose new value is given and is not the old one (1 and 1.0, true and 1 are different)."""
    if old.dtype == new.dtype and old.dtype != object:
        return np.asarray(old != new, dtype=np.bool_)
    pairs = zip(old.tolist(), new.tolist(), strict=True)
    return np.fromiter((b is not None and (type(a) is not type(b) or a != b) for a, b in pairs), np.bool_, len(new))


def merge(old: GraphTables, new: GraphTables) -> tuple[GraphTables, Tally]:
    """Return the old tables with the new ones merged in, and the counts.

    Raises
    ------
    DataInvalid
        When the currencies differ: amounts of two currencies cannot stand side by side.
    """
    if old.currency and new.currency and old.currency != new.currency:
        message = f"the store keeps amounts in {old.currency}, the directory in {new.currency}"
        raise DataInvalid(
            message, rule="currency", hint="convert the amounts, or load into another store with --store DIR"
        )
    tally, nodes = Tally(), dict(old.nodes)
    for label, table in new.nodes.items():
        nodes[label] = _merge_nodes(old.nodes_of(label), table, tally)
    edges = {(e.type, e.source_label, e.target_label): e for e in old.edges}
    for e in new.edges:
        key = (e.type, e.source_label, e.target_label)
        moved = EdgeColumns(
            e.type,
            e.source_label,
            e.target_label,
            _positions(nodes[e.source_label], new.nodes[e.source_label])[e.source_rows],
            _positions(nodes[e.target_label], new.nodes[e.target_label])[e.target_rows],
            e.columns,
        )
        edges[key] = _merge_edges(edges.get(key), moved, tally)
    whole = GraphTables(
        nodes,
        tuple(edges.values()),
        new.name or old.name,
        new.currency or old.currency,
        new.time_zone or old.time_zone,
        {**old.settings, **new.settings},
    )
    return whole, tally


def _positions(whole: NodeColumns, part: NodeColumns) -> NDArray[np.int64]:
    """Row of each node of `part` within `whole`; -1 where it is not there."""
    row_of = whole.row_of()
    return np.fromiter((row_of.get(i, -1) for i in part.ids.tolist()), np.int64, len(part))


def _merge_nodes(old: NodeColumns, new: NodeColumns, tally: Tally) -> NodeColumns:
    at = _positions(old, new)
    columns, changed = _merge_columns(old.columns, new.columns, at, len(old))
    fresh = at < 0
    tally.add("nodes", int(fresh.sum()), int(changed.sum()), int((~fresh & ~changed).sum()))
    ids = old.ids if not fresh.any() else object_array([*old.ids.tolist(), *new.ids[fresh].tolist()])
    return NodeColumns(new.label, ids, columns)


def _merge_edges(old: EdgeColumns | None, new: EdgeColumns, tally: Tally) -> EdgeColumns:
    """Both with rows in the merged node tables (old rows keep their place there)."""
    if old is None or not len(old):
        tally.add("relationships", len(new), 0, 0)
        return new
    at = _edge_positions(old, new)
    columns, changed = _merge_columns(old.columns, new.columns, at, len(old))
    fresh = at < 0
    tally.add("relationships", int(fresh.sum()), int(changed.sum()), int((~fresh & ~changed).sum()))
    source = np.concatenate((old.source_rows, new.source_rows[fresh]))
    target = np.concatenate((old.target_rows, new.target_rows[fresh]))
    return EdgeColumns(old.type, old.source_label, old.target_label, source, target, columns)


def _edge_positions(old: EdgeColumns, new: EdgeColumns) -> NDArray[np.int64]:
    """Row of each new relationship within the old ones; -1 where it is not there."""
    if wider_key(new.type):
        row_of = {key: i for i, key in enumerate(_wide_keys(old))}
        return np.fromiter((row_of.get(key, -1) for key in _wide_keys(new)), np.int64, len(new))
    width = 1 + int(max(old.target_rows.max(initial=0), new.target_rows.max(initial=0)))
    have, want = old.source_rows * width + old.target_rows, new.source_rows * width + new.target_rows
    order = np.argsort(have, kind="stable")
    place = np.minimum(np.searchsorted(have[order], want), len(have) - 1)
    return np.where(have[order][place] == want, order[place], -1)


def _wide_keys(edges: EdgeColumns) -> list[tuple[Any, ...]]:
    parts = [edges.column(name).tolist() for name in wider_key(edges.type)]
    return list(zip(edges.source_rows.tolist(), edges.target_rows.tolist(), *parts, strict=True))


def _merge_columns(
    old: Mapping[str, Column], new: Mapping[str, Column], at: NDArray[np.int64], n_old: int
) -> tuple[dict[str, Column], NDArray[np.bool_]]:
    """Columns of old rows followed by fresh ones, and which of the new rows change an old one."""
    fresh, changed = at < 0, np.zeros(len(at), dtype=np.bool_)
    known = np.flatnonzero(~fresh)
    out = {}
    for name in {**old, **new}:
        before, given = old.get(name), new.get(name)
        if before is None:
            before = object_array([None] * n_old)
        if given is None:
            given = object_array([None] * len(at))
        mask = differs(before[at[known]], given[known])
        changed[known] |= mask
        out[name] = _join(before, at[known[mask]], given[known[mask]], given[fresh])
    return out, changed


def _join(before: Column, places: NDArray[np.int64], values: Column, fresh: Column) -> Column:
    """Old cells with the changed ones replaced and the fresh ones appended; tight when all are of one dtype."""
    if not len(places) and not len(fresh):
        return before
    if before.dtype == fresh.dtype and before.dtype != object:
        out: Column = np.concatenate((before, fresh))
        out[places] = values
        return out
    cells = before.tolist()
    for place, value in zip(places.tolist(), values.tolist(), strict=True):
        cells[place] = value
    return object_array([*cells, *fresh.tolist()])
