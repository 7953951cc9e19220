"""What every store that speaks Cypher shares; the adapters supply one transaction and one stream of rows."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from graphkit.errors import DataInvalid, InvalidParameter, StoreUnavailable, UnknownNode
from graphkit.model.schema import LABELS, TYPES
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, object_array
from graphkit.progress import Progress, null_progress
from graphkit.store import statements
from graphkit.store.arguments import check_id, check_rows, check_written, query_values
from graphkit.store.batches import Batches
from graphkit.store.deadline import Deadline
from graphkit.store.files_out import export_tables
from graphkit.store.health import check_store
from graphkit.store.layout import Layout, Pair, coerce
from graphkit.store.record import READ_RECORD, WRITE_RECORD, Record, new_token
from graphkit.store.schema_steps import apply_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from os import PathLike
    from types import TracebackType
    from typing import Self

    from graphkit.progress import ProgressCallback
    from graphkit.store.base import Capabilities, Counts, ExportFormat, Table
    from graphkit.store.health import Check
    from graphkit.store.queries import Query

__all__ = ["CypherStore", "Run"]

T = TypeVar("T")
# Types that may also start or end at a label of our own: a kept plan must not look like new data.
_MIXED = {k for k, v in TYPES.items() if any(LABELS[x].written for pair in v.pairs for x in pair)}
Rows = list[dict[str, Any]]


class Run(ABC):
    """An open transaction: runs one statement after the other."""

    @abstractmethod
    def __call__(self, text: str, params: Mapping[str, Any] | None = None) -> Rows:
        """Run one statement and return its rows."""

    @property
    @abstractmethod
    def counts(self) -> Counts:
        """What the statements of this transaction changed so far."""


class CypherStore(ABC):
    """A property graph behind Cypher.

    Notes
    -----
    A load sets the record's state to `loading` first and to `ready` last; in between, readers are refused. Nothing here
    retries: the adapters do, around the unit of work they are given.
    """

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this store can do."""

    @property
    @abstractmethod
    def address(self) -> str:
        """Where the store is, for messages; never with a password."""

    @abstractmethod
    def _unit(self, work: Callable[[Run], T], deadline: Deadline, *, write: bool) -> T:
        """Run `work` in one transaction, all or nothing."""

    @abstractmethod
    def _served(self, query: Query, values: dict[str, Any], deadline: Deadline, max_rows: int) -> Table:
        """Run a checked reading query."""

    @abstractmethod
    def _ddl(self, texts: Sequence[str], deadline: Deadline) -> None:
        """Run schema statements, one transaction each, and wait until indexes are usable."""

    @abstractmethod
    def _node_cells(self, label: str, names: list[str], deadline: Deadline) -> tuple[list[str], dict[str, Any]]:
        """Ids and property cells of all nodes of a label."""

    @abstractmethod
    def _edge_cells(
        self, pair: Pair, names: list[str], deadline: Deadline
    ) -> Iterator[tuple[Sequence[str], Sequence[str], dict[str, Any]]]:
        """Source ids, target ids and property cells of the relationships of a type, in pieces."""

    def _rows(self, text: str, params: Mapping[str, Any] | None = None, deadline: Deadline | None = None) -> Rows:
        """Rows of one reading statement."""
        return self._unit(lambda run: run(text, params), deadline or Deadline(60, "reading"), write=False)

    # -- for the modules of this floor that keep things of their own in a store
    def unit_of(self, work: Callable[[Run], T], deadline: Deadline) -> T:
        """Run `work` in one writing transaction, all or nothing."""
        return self._unit(work, deadline, write=True)

    def rows_of(self, text: str) -> Rows:
        """Return the rows of one reading statement."""
        return self._rows(text)

    def edge_cells(
        self, pair: Pair, names: list[str], deadline: Deadline
    ) -> Iterator[tuple[Sequence[str], Sequence[str], dict[str, Any]]]:
        """Source ids, target ids and property cells of the relationships of a type, in pieces."""
        return self._edge_cells(pair, names, deadline)

    # -- the record
    def _record(self, run: Run | None = None, deadline: Deadline | None = None) -> Record:
        rows = run(READ_RECORD) if run else self._rows(READ_RECORD, None, deadline)
        return Record.from_properties(rows[0]["p"] if rows else None)

    def _ready_record(self, run: Run | None = None) -> Record:
        """Return the record of a store that is not in the middle of a load."""
        record = self._record(run)
        if record.state == "loading":
            message = f"{self.address}: a load is going on or was cut off; half a graph is not shown"
            raise StoreUnavailable(
                message, store=self.address, retryable=True, hint="run graphkit load DIR again to complete it"
            )
        return record

    def identity(self) -> str:
        """Text that names this store for ever."""
        found = self._record().identity
        return found or hashlib.sha256(self.address.encode()).hexdigest()[:16]

    def version(self) -> str:
        """Text that changes with every load and upsert, and when the number of nodes or relationships does."""
        counts = _of_data(self._counts(Deadline(60, "counting")))
        text = json.dumps([self._ready_record().version, sorted(counts.items())])
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def _counts(self, deadline: Deadline) -> dict[str, int]:
        """Nodes per label and relationships per type of everything that is loaded; zeros left out.

        Only kinds in use are counted: to plan a count of every kind, a server that has just started took ten seconds.
        """

        def work(run: Run) -> Rows:
            used = {r["k"] for r in run(statements.USED)}
            labels = [statements.count_nodes(k) for k, v in LABELS.items() if not v.written and k in used]
            types = [statements.count_edges(k) for k, v in TYPES.items() if not v.written and k in used]
            return run(" UNION ALL ".join(labels + types)) if labels or types else []

        return {r["k"]: r["n"] for r in self._unit(work, deadline, write=False) if r["n"]}

    def ensure_schema(self) -> int:
        """Create missing constraints, wait until they work, remember their checksums; return how many steps were new."""
        return apply_schema(self, self._ddl, self._unit, repair=not self.capabilities.bulk_atomic)

    def diagnose(self) -> list[Check]:
        """Look for what can be wrong with the store; nothing is changed."""
        return list(check_store(self._asked))

    def _asked(self, text: str) -> Rows:
        return self._rows(text, None, Deadline(15, "doctor"))

    # -- reading and writing by query
    def read(
        self, query: Query, params: Mapping[str, Any] | None = None, *, timeout: float = 30.0, max_rows: int = 100_000
    ) -> Table:
        """Run a reading query inside one read transaction.

        Raises
        ------
        WriteRefused
            When the query writes.
        DeadlineExceeded
            After `timeout` seconds. A server then ends the query, and so does the embedded engine, within 30 s where less
            was allowed; a single expression over a long list may go on beside the caller until it is done.
        StoreUnavailable
            While a load is going on, or when the store cannot be reached.
        """
        values = query_values(query, params, self.address, "read")
        return self._served(query, values, Deadline(timeout, query.name), check_rows(max_rows))

    def write(self, query: Query, params: Mapping[str, Any] | None = None, *, timeout: float = 60.0) -> Counts:
        """Run a named query with `@access write` inside one transaction."""
        values = query_values(query, params, self.address, "write")

        def work(run: Run) -> Counts:
            rows = 0
            for text in query.statements:
                names = {k: v for k, v in values.items() if f"${k}" in text}
                rows += len(run(text, names))
            return replace(run.counts, rows=rows)

        return self._unit(work, Deadline(timeout, query.name), write=True)

    def write_back(
        self, label: str, ids: Sequence[str], columns: Mapping[str, Any], run_id: str, *, timeout: float = 600.0
    ) -> int:
        """Set result columns on nodes; the names count as written back and stay out of `tables` and `version`.

        Raises
        ------
        UnknownNode
            When an id is not in the store; nothing of its batch is written.
        InvalidParameter
            When a name was loaded from files: a result may not overwrite data.
        """
        check_written(ids, columns, run_id)
        deadline = Deadline(timeout, "write_back")
        names = list(columns)
        self._declare_written(label, names, run_id, deadline)
        cells = [v.tolist() if isinstance(v, np.ndarray) else list(v) for v in columns.values()]
        rows = [
            {"id": i, "p": dict(zip(names, row, strict=True))}
            for i, row in zip(ids, zip(*cells, strict=True), strict=True)
        ]
        text = f"UNWIND $rows AS row MATCH (n:{statements.quote(label)} {{id: row.id}}) SET n += row.p RETURN count(*) AS n"

        def work(part: Rows, run: Run) -> None:
            found = run(text, {"rows": part})[0]["n"]
            if found != len(part):
                known = {r["id"] for r in run(statements.find_nodes(label), {"ids": [r["id"] for r in part]})}
                lost = next(r["id"] for r in part if r["id"] not in known)
                message = f"write_back: there is no {label} {lost!r}"
                raise UnknownNode(message, kind=label, name=lost)

        def one(first: int, last: int) -> None:
            self._unit(partial(work, rows[first:last]), deadline, write=True)

        Batches().over(len(rows), one)
        return len(rows)

    def _declare_written(self, label: str, names: list[str], run_id: str, deadline: Deadline) -> None:
        """Remember which properties are ours before the first of them is written."""
        statements.quote(label)
        for name in names:
            statements.property_name(name)

        def work(run: Run) -> None:
            record = self._ready_record(run)
            taken = sorted(
                (set(names) & record.layout.nodes.get(label, set())) - record.layout.written.get(label, set())
            )
            if taken:
                message = f"{label}.{taken[0]} was loaded from files; a result may not overwrite it"
                raise InvalidParameter(message, parameter="columns", value=taken[0])
            record.layout.add(Layout(written={label: set(names)}))
            record = replace(record, identity=record.identity or new_token())
            run(WRITE_RECORD, {"p": record.to_properties()})
            text = f"MERGE (r:{statements.quote(statements.RUN)} {{id: $id}}) SET r.label = $label, r.names = $names RETURN 1 AS n"
            run(text, {"id": run_id, "label": label, "names": names})

        self._unit(work, deadline, write=True)

    def node(self, label: str, id_: str) -> dict[str, Any] | None:
        """Properties of one node, id included; None when there is none."""
        check_id(id_)
        rows = self._rows(statements.find_nodes(label), {"ids": [id_]})
        return dict(rows[0]["p"]) if rows else None

    def ids(self, label: str) -> list[str]:
        """Sorted ids of a label."""
        return sorted(r["id"] for r in self._rows(statements.read_nodes(label, [])))

    # -- columns out
    def tables(self, *, deadline: float | None = None, progress: ProgressCallback | None = None) -> GraphTables:
        """Return everything loaded, in canonical order, without what graphkit wrote back.

        Parameters
        ----------
        deadline
            Seconds allowed.
        progress
            Told about rows read.

        Raises
        ------
        StoreUnavailable
            While a load is going on, or when one came in between.
        """
        clock, tell = Deadline(deadline, "reading the graph"), progress or null_progress
        record, before = self._ready_record(), self._counts(clock)
        layout = Layout.of_registry()
        layout.add(record.layout)
        found = self._collect(layout, before, clock, tell)
        after = self._ready_record()
        if after.version != record.version or _of_data(self._counts(clock)) != _of_data(before):
            raise self._changed()
        return replace(
            found, name=record.name, currency=record.currency, time_zone=record.time_zone, settings=record.settings
        ).canonical()

    def _collect(
        self, layout: Layout, counts: dict[str, int], clock: Deadline, tell: ProgressCallback, *, written: bool = False
    ) -> GraphTables:
        """Read the labels and types that have rows into tables."""
        total, done, nodes, edges = sum(counts.values()), 0, {}, []
        for label in sorted(x for x in layout.nodes if counts.get(x)):
            ids, cells = self._node_cells(label, layout.node_columns(label, written=written), clock)
            self._check_ids(label, ids)
            nodes[label] = NodeColumns(label, object_array(ids), {k: coerce(label, k, v) for k, v in cells.items()})
            done += len(ids)
            tell(Progress("read graph", done, total, "rows"))
        for pair in sorted(p for p in layout.edges if counts.get(p[0]) and p[1] in nodes and p[2] in nodes):
            edges.append(self._edge_columns(pair, sorted(layout.edges[pair]), nodes, clock))
            done += len(edges[-1])
            tell(Progress("read graph", done, total, "rows"))
        return GraphTables(nodes, tuple(edges))

    def _check_ids(self, label: str, ids: Sequence[Any]) -> None:
        """Refuse nodes of somebody else's that bear a label of ours: every id is a text."""
        odd = [x for x in ids if type(x) is not str]
        if odd:
            message = f"{self.address}: {len(odd)} of {len(ids)} {label} nodes have no text as id, e.g. {odd[0]!r}"
            found = f"MATCH (n:{label}) WHERE n.id IS NULL OR n.id <> toString(n.id) RETURN n"
            hint = f"{found} lists them: give them text ids or another label"
            raise DataInvalid(message, rule="id", count=len(odd), hint=hint)

    def _changed(self) -> StoreUnavailable:
        message = f"{self.address}: the graph changed while it was read"
        return StoreUnavailable(message, store=self.address, retryable=True, hint="run the command again")

    def _edge_columns(
        self, pair: Pair, names: list[str], nodes: dict[str, NodeColumns], clock: Deadline
    ) -> EdgeColumns:
        type_, source_label, target_label = pair
        rows: tuple[list[int], list[int]] = ([], [])
        columns: dict[str, list[Any]] = {k: [] for k in names}
        ends = nodes[source_label].row_of(), nodes[target_label].row_of()
        for sources, targets, cells in self._edge_cells(pair, names, clock):
            for out, known, ids in zip(rows, ends, (sources, targets), strict=True):
                try:
                    out.extend(map(known.__getitem__, ids))
                except KeyError as error:  # a node that came after the nodes were read
                    raise self._changed() from error
            for k in names:
                columns[k].extend(cells[k].tolist() if isinstance(cells[k], np.ndarray) else cells[k])
        return EdgeColumns(
            type_,
            source_label,
            target_label,
            np.array(rows[0], dtype=np.int64),
            np.array(rows[1], dtype=np.int64),
            {k: coerce(type_, k, v) for k, v in columns.items()},
        )

    def is_empty(self) -> bool:
        """Whether nothing is loaded."""
        return not self._counts(Deadline(60, "counting"))

    def export(self, directory: str | PathLike[str], as_: ExportFormat = "parquet") -> None:
        """Write the loaded graph as files, aside first, then renamed."""
        export_tables(self.tables(), directory, as_)

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections; harmless when repeated."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _of_data(counts: dict[str, int]) -> dict[str, int]:
    """Leave out counts that a kept plan can change."""
    return {k: n for k, n in counts.items() if k not in _MIXED}
