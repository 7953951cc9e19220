"""The embedded store: a property graph in a folder, served by the ArcadeDB engine inside this process.

One process owns the folder; others reach it over the owner's Bolt server (`bolt.json`). A load builds a whole new
database beside the old one and replaces it in one step, so that a reader, or a crash, sees the old or the new one.
Queries run in the process: there the engine itself refuses every write in a read, and its messages are whole.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from graphkit.errors import DeadlineExceeded, StoreError, StoreUnavailable, WriteRefused
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns
from graphkit.progress import null_progress
from graphkit.store.arguments import check_load
from graphkit.store.base import Capabilities, Counts
from graphkit.store.cypher_store import CypherStore, Run
from graphkit.store.deadline import Deadline
from graphkit.store.embedded_build import build
from graphkit.store.embedded_dump import add_rest
from graphkit.store.embedded_engine import NO_ROOM, Engine, is_time_over, settle
from graphkit.store.embedded_query import answer_of
from graphkit.store.embedded_read import edge_cells, node_cells, present
from graphkit.store.folder import Folder
from graphkit.store.layout import Layout
from graphkit.store.memory import load_report
from graphkit.store.merge import merge
from graphkit.store.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from graphkit.model.validate import DataReport
    from graphkit.progress import ProgressCallback
    from graphkit.store.base import LoadReport, Table
    from graphkit.store.cypher_store import Rows
    from graphkit.store.layout import Pair
    from graphkit.store.queries import Query

__all__ = ["EmbeddedStore"]

T = TypeVar("T")


class _InProcess(Run):
    """Statements on the engine's own interface; `query` refuses writes, `command` does not."""

    def __init__(self, db: Any, *, write: bool) -> None:
        self._call = db.command if write else db.query

    def __call__(self, text: str, params: Mapping[str, Any] | None = None) -> Rows:
        """Run one statement."""
        found = self._call("opencypher", text, *([dict(params)] if params else []))
        return [] if found is None else [settle(row) for row in found.to_list()]

    @property
    def counts(self) -> Counts:
        """The engine does not tell."""
        return Counts()


class EmbeddedStore(CypherStore):
    """A store in a folder.

    Parameters
    ----------
    directory
        The store's folder; made when it does not exist.
    wait
        Seconds to wait for another process that owns the folder.

    Raises
    ------
    StoreUnavailable
        When another process owns the folder (its pid is in the message), or the folder cannot be used.
    """

    capabilities = Capabilities(
        name="embedded (ArcadeDB)",
        cypher=True,
        bolt=True,
        bulk_atomic=True,
        readonly="engine",
        tx_timeout_enforced=False,
        explain_query_type=False,
        notifications=False,
        multi_process=False,
        comfortable_edges=1_000_000,
    )

    def __init__(self, directory: str | os.PathLike[str] = ".graphkit", *, wait: float = 0.0) -> None:
        self.directory = Path(directory).absolute()
        self._folder = Folder(self.directory)
        self._engine: Engine | None = None
        self._pid = os.getpid()
        if not self._folder.acquire(wait=wait):
            owner = self._folder.owner()
            message = (
                f"{self.directory}: the store is in use by process {owner}"
                if owner
                else f"{self.directory}: the store is in use"
            )
            raise StoreUnavailable(
                message, store=str(self.directory), retryable=True, hint="wait for it to end, or stop it"
            )
        atexit.register(self.close)

    @property
    def address(self) -> str:
        """The folder."""
        return str(self.directory)

    def _db(self) -> Any:
        """Return the open database; the engine starts at the first call."""
        if self._engine is None:
            if self._folder.path and self._pid != os.getpid():
                message = f"{self.address}: a store is not shared with a forked process"
                raise StoreUnavailable(message, store=self.address, hint="open it in the new process, or pass arrays")
            data = self._folder.current() or self._publish(GraphTables({}, ()), Record(state="empty"), Deadline())
            self._engine = Engine(data, self._folder.log)
            self._folder.announce(self._engine.port, self._engine.password)
        return self._engine.db

    def close(self) -> None:
        """Stop the engine and let go of the folder; harmless when repeated."""
        if self._pid != os.getpid():
            return
        self._stop()
        self._folder.release()
        atexit.unregister(self.close)

    def _stop(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            self._folder.forget_connection()
            engine.close()

    # -- transactions
    def _unit(self, work: Callable[[Run], T], deadline: Deadline, *, write: bool) -> T:
        """Run `work` in one transaction; conflicts with writers over Bolt are tried again."""
        db, pause = self._db(), 0.02
        while True:
            deadline.check()
            try:
                if not write:
                    return work(_InProcess(db, write=False))
                with db.transaction():
                    found = work(_InProcess(db, write=True))
                    deadline.check()
            except Exception as error:
                if not _is_engine_error(error):
                    raise
                if "ConcurrentModification" not in str(error) or deadline.remaining() < pause:
                    raise self._translated(error, None) from error
            else:
                return found
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def _translated(self, error: Exception, query: Query | None) -> Exception:
        """Our error for one of the engine's, its class name and Java noise left out."""
        text = str(error).removeprefix("Query failed: ").removeprefix("Command failed: ")
        kind, _, message = text.partition(": ") if text.startswith("com.") else ("", "", text)
        place = f"{query.path}: " if query else ""
        refused = next((words for words in NO_ROOM if words in text), None)
        if refused:
            return self._full(refused.lower())
        if "NotIdempotent" in kind:
            return WriteRefused(f"{place}the text writes; only reads are served here", store=self.address)
        return StoreError(f"{place}{message.strip()}", store=self.address)

    def _full(self, why: str) -> StoreUnavailable:
        message = f"{self.address}: the data cannot be written: {why}"
        return StoreUnavailable(
            message, store=self.address, hint="free some space, or name another folder; what was there stays as it was"
        )

    def _ddl(self, texts: Sequence[str], deadline: Deadline) -> None:
        """Run schema statements; indexes are complete when the call returns."""
        db = self._db()
        for text in texts:
            deadline.check()
            db.command("opencypher", text)

    def _counts(self, deadline: Deadline) -> dict[str, int]:
        """Rows per label and type, from the engine's own counters."""
        del deadline
        db = self._db()
        kinds = db.query("sql", "SELECT name, type FROM schema:types").to_list()
        layout = Layout.of_registry()
        known = set(layout.nodes) | {p[0] for p in layout.edges} | set(self._record().layout.nodes)
        found = {k["name"]: int(db.count_type(k["name"])) for k in kinds if k["name"] in known}
        return {k: n for k, n in found.items() if n}

    # -- reading
    def _served(self, query: Query, values: dict[str, Any], deadline: Deadline, max_rows: int) -> Table:
        """Run a query under clocks; one that heeds none is left behind, and the engine with it."""
        db = self._db()
        found = answer_of(db, query.statements, values, deadline.remaining(), max_rows)
        if found.running or is_time_over(found.error):
            message = f"{query.path}: not finished within {deadline.seconds:g} s"
            if found.running:
                self._stop()
            raise DeadlineExceeded(
                message, store=self.address, hint="narrow the question, or allow more with query --timeout SECONDS"
            ) from found.error
        if found.error is not None:
            if isinstance(found.error, Exception) and _is_engine_error(found.error):
                raise self._translated(found.error, query) from found.error
            raise found.error
        return found.table

    def _node_cells(self, label: str, names: list[str], deadline: Deadline) -> tuple[list[str], dict[str, Any]]:
        deadline.check()
        return node_cells(self._db(), label, names)

    def _edge_columns(
        self, pair: Pair, names: list[str], nodes: dict[str, NodeColumns], clock: Deadline
    ) -> EdgeColumns:
        """Only properties that have values are asked for."""
        return super()._edge_columns(pair, list(present(self._db(), pair[0], names)), nodes, clock)

    def _edge_cells(
        self, pair: Pair, names: list[str], deadline: Deadline
    ) -> Iterator[tuple[Sequence[str], Sequence[str], dict[str, Any]]]:
        for part in edge_cells(self._db(), pair, names):
            deadline.check()
            yield part

    # -- loading
    def load(
        self,
        tables: GraphTables,
        report: DataReport,
        *,
        progress: ProgressCallback | None = None,
        deadline: float | None = None,
        dry_run: bool = False,
    ) -> LoadReport:
        """Merge the tables into the store, all or nothing.

        A new database is built beside the old one, counted, then put in its place in one step; when nothing would change,
        nothing is written.
        """
        check_load(tables, report)
        begin, clock = time.monotonic(), Deadline(deadline, "load")
        tables, old, record = tables.canonical(), GraphTables({}, ()), Record()
        if self._folder.current() is not None:
            record = self._record()
            old = self._everything(record, clock, progress)
        whole, tally = merge(old, tables)
        after = record.loaded(tables, changed=not tally.is_empty())
        if not dry_run and after != record:
            data = self._publish(whole, after, clock, progress)
            self._stop()
            if self._folder.current() == data:
                self._folder.drop_old()
        return load_report(tables, report, tally, seconds=time.monotonic() - begin, dry_run=dry_run)

    def is_empty(self) -> bool:
        """Whether nothing is loaded."""
        return self._folder.current() is None or super().is_empty()

    def _everything(self, record: Record, clock: Deadline, progress: ProgressCallback | None) -> GraphTables:
        layout = Layout.of_registry()
        layout.add(record.layout)
        loaded = self._collect(layout, self._counts(clock), clock, progress or null_progress, written=True)
        found = add_rest(self._db(), loaded, lambda text: self._rows(text, None, clock))
        return GraphTables(found.nodes, found.edges, record.name, record.currency, record.time_zone, record.settings)

    def _publish(
        self, tables: GraphTables, record: Record, clock: Deadline, progress: ProgressCallback | None = None
    ) -> Path:
        """Build a new database and make it the current one; on any failure the old one stays."""
        loading = self.directory / f"loading-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            loading.mkdir()
            build(loading, self._folder.log, tables, record, clock, progress)
            clock.check()
            return self._folder.publish(loading)
        except OSError as error:
            raise self._full(error.strerror or str(error)) from error
        except Exception as error:
            if _is_engine_error(error):
                raise self._translated(error, None) from error
            raise
        finally:
            with contextlib.suppress(OSError):
                shutil.rmtree(loading, ignore_errors=True)


def _is_engine_error(error: Exception) -> bool:
    return type(error).__module__.startswith("arcadedb")
