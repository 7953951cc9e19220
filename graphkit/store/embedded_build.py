"""Building a whole database in a new folder: the fast path of a load into the embedded engine.

Types and the `id` property come first, unique indexes last; rows go in through the engine's batch writer, which is not
atomic: the folder becomes current only when every count is right (`Folder.publish`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.errors import StoreError
from graphkit.model.tables import object_array
from graphkit.progress import Progress, null_progress
from graphkit.store import statements
from graphkit.store.embedded_engine import DATABASE, engine_module
from graphkit.store.layout import registered
from graphkit.store.record import WRITE_RECORD
from graphkit.store.schema_steps import checksum, schema_steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from graphkit.model.tables import Column, EdgeColumns, GraphTables
    from graphkit.progress import ProgressCallback
    from graphkit.store.deadline import Deadline
    from graphkit.store.record import Record

__all__ = ["build"]

_SLICE = 50_000
_TYPES = {"STRING": "STRING", "INTEGER": "LONG", "FLOAT": "DOUBLE", "BOOLEAN": "BOOLEAN", "LIST": "LIST"}
_KINDS = {"i": "LONG", "f": "DOUBLE", "b": "BOOLEAN"}


def build(
    folder: Path,
    log: Path,
    tables: GraphTables,
    record: Record,
    clock: Deadline,
    progress: ProgressCallback | None = None,
) -> None:
    """Write the tables and the record into a new database under `folder`.

    Raises
    ------
    DeadlineExceeded
        Between two slices of rows.
    StoreError
        When the counts afterwards, by Cypher or by SQL, are not those of the tables.
    """
    db = engine_module(log).create_database(str(folder / DATABASE))
    try:
        _declare(db, tables)
        _fill(db, tables, clock, progress or null_progress)
        _finish(db, record)
        clock.check()
        _verify(db, tables)
    finally:
        db.close()


def _declare(db: Any, tables: GraphTables) -> None:
    for label in sorted({*tables.nodes, *statements.INTERNAL}):
        db.schema.create_vertex_type(label)
        db.schema.create_property(label, "id", "STRING")
        if label in tables.nodes:
            _properties(db, label, tables.nodes[label].columns)
    for name in sorted({e.type for e in tables.edges}):
        db.schema.create_edge_type(name)
        columns: dict[str, Column] = {}
        for e in tables.edges:
            if e.type == name:
                columns.update(e.columns)
        _properties(db, name, columns)


def _properties(db: Any, owner: str, columns: Mapping[str, Column]) -> None:
    """Declare the types of properties, or JSON would decide whether 1.0 stays a float."""
    known = registered(owner)
    for name, column in columns.items():
        kind = _TYPES[known[name].type] if name in known else _KINDS.get(column.dtype.kind)
        if kind:
            db.schema.create_property(owner, name, kind)


def _dicts(columns: Mapping[str, Column], first: int, last: int) -> Iterator[dict[str, Any]]:
    """Rows as dictionaries, missing values left out."""
    names = list(columns)
    whole = all(columns[n].dtype != object for n in names)
    for cells in zip(*(columns[n][first:last].tolist() for n in names), strict=True):
        if whole:
            yield dict(zip(names, cells, strict=True))
        else:
            yield {k: v for k, v in zip(names, cells, strict=True) if v is not None}


def _fill(db: Any, tables: GraphTables, clock: Deadline, tell: ProgressCallback) -> None:
    total, done = sum(map(len, tables.edges)) + sum(map(len, tables.nodes.values())), 0
    places: dict[str, Column] = {}
    # An expected edge count would make one buffer of them all: a million relationships then cost five times the processor time and
    # twice the memory of buffers of a slice each, for the same database.
    with db.graph_batch(batch_size=_SLICE, commit_every=100_000, use_wal=False, parallel_flush=True) as batch:
        for label, table in tables.nodes.items():
            found: list[str] = []
            columns = {"id": table.ids, **table.columns}
            for first in range(0, len(table), _SLICE):
                clock.check()
                found += batch.create_vertices(label, list(_dicts(columns, first, first + _SLICE)))
                tell(Progress("load", done + len(found), total, "rows"))
            places[label] = object_array(found)
            done += len(table)
        for e in tables.edges:
            for first in range(0, len(e), _SLICE):
                clock.check()
                _edges(batch, e, places, first)
                tell(Progress("load", done + min(len(e), first + _SLICE), total, "rows"))
            done += len(e)


def _edges(batch: Any, e: EdgeColumns, places: Mapping[str, Column], first: int) -> None:
    last = first + _SLICE
    ends = places[e.source_label][e.source_rows[first:last]], places[e.target_label][e.target_rows[first:last]]
    rows = list(_dicts(e.columns, first, last)) if e.columns else None
    batch.new_edges(ends[0].tolist(), e.type, ends[1].tolist(), rows)


def _finish(db: Any, record: Record) -> None:
    """Indexes, the schema's checksums and the store's own node."""
    steps = schema_steps()
    for texts in steps.values():
        for text in texts:
            db.command("opencypher", text)
    text = (
        f"MERGE (v:{statements.quote(statements.SCHEMA)} {{id: $id}}) SET v.checksum = $checksum RETURN count(*) AS n"
    )
    with db.transaction():
        for name, texts in steps.items():
            db.command("opencypher", text, {"id": name, "checksum": checksum(texts)})
        properties = {k: v for k, v in record.to_properties().items() if v is not None}
        db.command("opencypher", WRITE_RECORD, {"p": properties})


def _verify(db: Any, tables: GraphTables) -> None:
    """Compare counts: Cypher sees what hangs together, SQL also rows that lost their ends."""
    wanted = {
        label: (len(table), f"MATCH (n:{statements.ticks(label)}) RETURN count(n) AS n")
        for label, table in tables.nodes.items()
    }
    for name in sorted({e.type for e in tables.edges}):
        n = sum(len(e) for e in tables.edges if e.type == name)
        wanted[name] = n, f"MATCH (a)-[r:{statements.ticks(name)}]->(b) RETURN count(r) AS n"
    for name, (n, text) in wanted.items():
        linked = db.query("opencypher", text).to_list()[0]["n"]
        stored = db.query("sql", f"SELECT count(*) AS n FROM {statements.ticks(name)}").to_list()[0]["n"]  # noqa: S608 - a schema name
        if not linked == stored == n:
            message = f"the engine kept {stored} {name}, {linked} of them linked, of {n}"
            raise StoreError(message, retryable=True, hint="run the load again; the old data are untouched")
