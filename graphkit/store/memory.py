"""A property graph in plain columns, for tests and one-off work: no Cypher, nothing on disk."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import DeadlineExceeded, InvalidParameter, UnknownNode, WriteRefused
from graphkit.model.tables import GraphTables
from graphkit.store import statements
from graphkit.store.arguments import check_id, check_load, check_rows, check_written, query_values
from graphkit.store.base import Capabilities, Counts, LoadReport, Table
from graphkit.store.communities import KeptCommunities
from graphkit.store.deadline import Deadline
from graphkit.store.files_out import export_tables
from graphkit.store.merge import Tally, merge
from graphkit.store.record import new_token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike
    from types import TracebackType
    from typing import Self

    from graphkit.model.validate import DataReport
    from graphkit.progress import ProgressCallback
    from graphkit.store.base import ExportFormat
    from graphkit.store.health import Check
    from graphkit.store.queries import Query

__all__ = ["MemoryStore", "load_report"]


def load_report(tables: GraphTables, report: DataReport, tally: Tally, *, seconds: float, dry_run: bool) -> LoadReport:
    """Put what the reader and the store counted together; the two must add up.

    Raises
    ------
    AssertionError
        When a row is unaccounted for: a bug, never to be hidden.
    """
    counts, told = tables.counts(), tally.to_dicts()
    told["unchanged"]["nodes"] -= sum(tables.outside.values())
    found = LoadReport(
        created=told["created"],
        changed=told["changed"],
        unchanged=told["unchanged"],
        rejected=report.rejected,
        duplicates=report.duplicates,
        rows_in=report.rows_in,
        by_label=counts["by_label"],
        by_type=counts["by_type"],
        seconds=seconds,
        dry_run=dry_run,
        events=report.events,
        made=report.made,
        findings=report.findings,
    )
    if not found.adds_up():
        message = f"rows do not add up: {found.to_dict()}"
        raise AssertionError(message)
    return found


class MemoryStore:
    """Columns in this process; gone when it ends.

    Notes
    -----
    Named queries are answered by their Python twins (`graphkit.store.twins`); an analyst's own Cypher is refused. Plans
    are kept as single nodes.
    """

    learned: dict[str, Any] | None = None  # ties kept by graphkit.projection.learned
    capabilities = Capabilities(
        name="memory",
        cypher=False,
        bolt=False,
        bulk_atomic=True,
        readonly="none",
        tx_timeout_enforced=False,
        explain_query_type=False,
        notifications=False,
        multi_process=False,
        comfortable_edges=None,
    )
    address = "memory://"

    def __init__(self) -> None:
        self._tables = GraphTables({}, ())
        self._identity, self._version = new_token(), new_token()
        self._written: dict[str, dict[str, dict[str, Any]]] = {}
        self._plans: dict[str, dict[str, Any]] = {}
        self._communities = KeptCommunities()

    def diagnose(self) -> list[Check]:
        """Nothing can be wrong with columns in this process."""
        return []

    def ensure_schema(self) -> int:
        """Nothing to do: keys are unique by construction."""
        return 0

    def load(
        self,
        tables: GraphTables,
        report: DataReport,
        *,
        progress: ProgressCallback | None = None,
        deadline: float | None = None,
        dry_run: bool = False,
    ) -> LoadReport:
        """Merge the tables by key; see `graphkit.store.merge`."""
        del progress
        check_load(tables, report)
        begin, clock = time.monotonic(), Deadline(deadline, "load")
        whole, tally = merge(self._tables, tables.canonical())
        clock.check()
        if not dry_run:
            if not tally.is_empty():
                self._version = new_token()
            self._tables = whole.canonical()
        return load_report(tables, report, tally, seconds=time.monotonic() - begin, dry_run=dry_run)

    def tables(self, *, deadline: float | None = None, progress: ProgressCallback | None = None) -> GraphTables:
        """Return everything loaded, in canonical order."""
        del progress
        Deadline(deadline, "reading the graph")
        return self._tables.canonical()

    def read(
        self, query: Query, params: Mapping[str, Any] | None = None, *, timeout: float = 30.0, max_rows: int = 100_000
    ) -> Table:
        """Answer a named query by its Python twin.

        Raises
        ------
        WriteRefused
            When the query does not read.
        InvalidParameter
            When the text has no twin: this store runs no Cypher.
        """
        from graphkit.store.twins import TWINS

        values, max_rows = query_values(query, params, self.address, "read"), check_rows(max_rows)
        if query.name not in TWINS:
            message = f"the memory store runs no Cypher and {query.name} has no Python twin"
            raise InvalidParameter(
                message, parameter="query", value=query.name, hint="load into a directory: --store DIR"
            )
        clock = Deadline(timeout, query.name)
        rows = TWINS[query.name](self._communities.on(self._tables.canonical()), dict(values))
        if clock.passed():
            raise DeadlineExceeded(clock.error().message, store=self.address)
        columns = list(rows[0]) if rows else []
        cells = [tuple(row[c] for c in columns) for row in rows[:max_rows]]
        return Table(columns, cells, truncated=len(rows) > max_rows)

    def write(self, query: Query, params: Mapping[str, Any] | None = None, *, timeout: float = 60.0) -> Counts:
        """Keep or remove a plan or communities (`write/plan`, `write/communities`, ..); this store runs no other writing query."""
        Deadline(timeout, "write")
        values = query_values(query, params, self.address, "write")
        if query.name == "write/plan":
            self._plans[values["plan"]] = {"id": values["plan"], **values["properties"]}
        elif query.name == "write/remove_plan":
            self._plans.pop(values["plan"], None)
        elif query.name == "write/communities":
            self._communities.keep(values["run"], values["communities"], values["members"])
        elif query.name == "write/remove_communities":
            self._communities.remove(values["run"])
        else:
            message = f"the memory store runs no Cypher: {query.name}"
            raise WriteRefused(message, store=self.address, hint="load into a directory: --store DIR")
        return Counts()

    def node(self, label: str, id_: str) -> dict[str, Any] | None:
        """Properties of one node, id included; None when there is none."""
        statements.quote(label)
        check_id(id_)
        if label == "Plan":
            return copy.deepcopy(self._plans.get(id_))
        table = self._communities.on(self._tables).nodes_of(label)
        row = table.row_of().get(id_)
        if row is None:
            return None
        cells = {k: v[row : row + 1].tolist()[0] for k, v in table.columns.items()}
        return {"id": id_, **{k: v for k, v in cells.items() if v is not None}}

    def ids(self, label: str) -> list[str]:
        """Sorted ids of a label."""
        statements.quote(label)
        return sorted(
            self._plans if label == "Plan" else self._communities.on(self._tables).nodes_of(label).ids.tolist()
        )

    def write_back(
        self, label: str, ids: Sequence[str], columns: Mapping[str, Any], run_id: str, *, timeout: float = 600.0
    ) -> int:
        """Keep result columns beside the loaded ones; `tables` and `version` do not show them."""
        statements.quote(label)
        check_written(ids, columns, run_id)
        Deadline(timeout, "write_back")
        table = self._tables.nodes_of(label)
        known = table.row_of()
        for name in columns:
            statements.property_name(name)
            if name in table.columns:
                message = f"{label}.{name} was loaded from files; a result may not overwrite it"
                raise InvalidParameter(message, parameter="columns", value=name)
        lost = next((i for i in ids if i not in known), None)
        if lost is not None:
            message = f"write_back: there is no {label} {lost!r}"
            raise UnknownNode(message, kind=label, name=lost)
        for name, cells in columns.items():
            values = cells.tolist() if isinstance(cells, np.ndarray) else list(cells)
            self._written.setdefault(label, {}).setdefault(name, {}).update(zip(ids, values, strict=True))
        return len(ids)

    def written(self, label: str, name: str) -> dict[str, Any]:
        """Return what was written back under a name: id -> value."""
        return copy.deepcopy(self._written.get(label, {}).get(name, {}))

    def version(self) -> str:
        """Text that changes with every load that changes something."""
        return self._version

    def identity(self) -> str:
        """Text that names this store."""
        return self._identity

    def is_empty(self) -> bool:
        """Whether nothing is loaded."""
        return not self._tables.nodes

    def export(self, directory: str | PathLike[str], as_: ExportFormat = "parquet") -> None:
        """Write the loaded graph as files, aside first, then renamed."""
        export_tables(self.tables(), directory, as_)

    def close(self) -> None:
        """Nothing to let go of."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
