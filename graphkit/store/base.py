"""The store port: what every property-graph store can do, and the plain values it hands out.

Callers pass `Query` objects, never Cypher strings; a load never deletes; every unit of work carries our own deadline;
results are columns or rows of plain values, never objects of a driver. Differences between stores are declared in
`Capabilities`, so that nobody asks for a class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from graphkit.model.validate import EventCounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike
    from types import TracebackType
    from typing import Self

    from graphkit.model.tables import GraphTables
    from graphkit.model.validate import DataReport, Finding
    from graphkit.progress import ProgressCallback
    from graphkit.store.health import Check
    from graphkit.store.queries import Query

__all__ = ["Capabilities", "Counts", "ExportFormat", "GraphStore", "LoadReport", "Table"]

ExportFormat = Literal["parquet", "neo4j-import"]


@dataclass(frozen=True)
class Capabilities:
    """What a store can and cannot do, probed once when it is opened.

    Parameters
    ----------
    name
        Name and version of the server or engine, for messages.
    cypher, bolt
        Whether it runs Cypher; whether it is reached over Bolt.
    bulk_atomic
        Whether a load is seen all at once or not at all; otherwise readers are refused until it is complete.
    readonly
        What keeps an analyst's text from writing, besides our own guard: `role`, `access-mode`, `engine`, `rollback`, `none`.
    tx_timeout_enforced, explain_query_type, notifications
        What the server itself does.
    multi_process
        Whether several processes may load and write.
    comfortable_edges
        Size up to which work stays pleasant; None when it depends on the server.
    """

    name: str
    cypher: bool
    bolt: bool
    bulk_atomic: bool
    readonly: Literal["role", "access-mode", "engine", "rollback", "none"]
    tx_timeout_enforced: bool
    explain_query_type: bool
    notifications: bool
    multi_process: bool
    comfortable_edges: int | None


@dataclass(frozen=True)
class Counts:
    """Rows a writing query returned and what it changed; None where the engine does not tell."""

    rows: int = 0
    nodes_created: int | None = None
    relationships_created: int | None = None
    properties_set: int | None = None


@dataclass(frozen=True)
class Table:
    """Rows of plain values under their column names; `truncated` when a row cap cut them off."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool = False

    def to_dicts(self) -> list[dict[str, Any]]:
        """Rows as dictionaries, columns in order."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def _pair() -> dict[str, int]:
    return {"nodes": 0, "relationships": 0}


@dataclass(frozen=True)
class LoadReport:
    """What a load did: rows_in = created + changed + unchanged + rejected + duplicates; events are counted apart.

    `findings` are those of the check, warnings as well: a column that was left out is no error, and still worth a word.
    `kept` is the directory with the rejected rows, to be corrected and loaded; None where there are none.
    """

    created: dict[str, int] = field(default_factory=_pair)
    changed: dict[str, int] = field(default_factory=_pair)
    unchanged: dict[str, int] = field(default_factory=_pair)
    rejected: int = 0
    duplicates: int = 0
    rows_in: int = 0
    by_label: dict[str, int] = field(default_factory=dict)
    by_type: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    dry_run: bool = False
    events: EventCounts = field(default_factory=EventCounts)
    made: dict[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    kept: str | None = None

    def adds_up(self) -> bool:
        """Whether every row that came in is accounted for."""
        parts = sum(sum(x.values()) for x in (self.created, self.changed, self.unchanged))
        return self.rows_in == parts + self.rejected + self.duplicates

    def to_dict(self) -> dict[str, Any]:
        """Return the report as `graphkit load --format json` prints it."""
        return {
            "schema_version": 1,
            "created": dict(self.created),
            "changed": dict(self.changed),
            "unchanged": dict(self.unchanged),
            "rejected": self.rejected,
            "duplicates": self.duplicates,
            "rows_in": self.rows_in,
            "by_label": dict(self.by_label),
            "by_type": dict(self.by_type),
            "seconds": round(self.seconds, 3),
            "dry_run": self.dry_run,
            "events": self.events.to_dict(),
            "made": dict(self.made),
            "findings": [finding.to_dict() for finding in self.findings],
            "kept": self.kept,
        }


@runtime_checkable
class GraphStore(Protocol):
    """A property graph that keeps what `load` gives it and answers `tables` and `read`."""

    @property
    def capabilities(self) -> Capabilities:
        """What this store can do."""

    def ensure_schema(self) -> int:
        """Create missing constraints and wait until they work; return how many steps were new."""

    def diagnose(self) -> list[Check]:
        """Look for what can be wrong with the store; nothing is changed."""

    def load(
        self,
        tables: GraphTables,
        report: DataReport,
        *,
        progress: ProgressCallback | None = None,
        deadline: float | None = None,
        dry_run: bool = False,
    ) -> LoadReport:
        """Merge the tables into the store by key; values not given are kept, nothing is deleted."""

    def tables(self, *, deadline: float | None = None, progress: ProgressCallback | None = None) -> GraphTables:
        """Return everything loaded, in canonical order, without what graphkit wrote back."""

    def read(
        self, query: Query, params: Mapping[str, Any] | None = None, *, timeout: float = 30.0, max_rows: int = 100_000
    ) -> Table:
        """Run a reading query inside one read transaction."""

    def write(self, query: Query, params: Mapping[str, Any] | None = None, *, timeout: float = 60.0) -> Counts:
        """Run a named query with `@access write` inside one transaction."""

    def write_back(
        self, label: str, ids: Sequence[str], columns: Mapping[str, Any], run_id: str, *, timeout: float = 600.0
    ) -> int:
        """Set result columns on nodes; return how many nodes were found."""

    def node(self, label: str, id_: str) -> dict[str, Any] | None:
        """Properties of one node, id included; None when there is none."""

    def ids(self, label: str) -> list[str]:
        """Sorted ids of a label."""

    def version(self) -> str:
        """Text that changes with every load and upsert, not with `write_back`."""

    def identity(self) -> str:
        """Text that names this store for ever."""

    def is_empty(self) -> bool:
        """Whether nothing is loaded."""

    def export(self, directory: str | PathLike[str], as_: ExportFormat = "parquet") -> None:
        """Write the loaded graph as files, aside first, then renamed."""

    def close(self) -> None:
        """Let go of files and connections; harmless when repeated."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
