"""A store behind the official driver: Neo4j 5.26+ and 2025+, and the Bolt server of an embedded store's owner.

How a unit of work runs stands in `bolt_connection`. Batches of a load leave a ledger node, so an attempt whose COMMIT was
cut off can be repeated.
"""

from __future__ import annotations

import hashlib
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from graphkit.errors import DeadlineExceeded, StoreError, StoreUnavailable, WriteRefused
from graphkit.model.schema import TYPES
from graphkit.store.address import check_agent
from graphkit.store.arguments import check_load
from graphkit.store.base import Capabilities, Table
from graphkit.store.bolt_connection import READ_ACCESS, WRITE_ACCESS, Connection, Transaction
from graphkit.store.bolt_load import Loader
from graphkit.store.bolt_read import edge_cells, node_cells
from graphkit.store.bolt_rights import may_write, refuses_writes
from graphkit.store.constraints import make_all
from graphkit.store.cypher_store import CypherStore, Run
from graphkit.store.deadline import Deadline
from graphkit.store.foreign import MAKE_NAMES, MAKE_TYPES, NAMES, known_names, noting, transaction_number
from graphkit.store.health import check_server
from graphkit.store.memory import load_report
from graphkit.store.plain import capped

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator, Sequence

    from graphkit.model.tables import GraphTables
    from graphkit.model.validate import DataReport
    from graphkit.progress import ProgressCallback
    from graphkit.store.base import LoadReport
    from graphkit.store.cypher_store import Rows
    from graphkit.store.health import Check
    from graphkit.store.layout import Pair
    from graphkit.store.queries import Query
    from graphkit.store.record import Record

__all__ = ["BoltStore"]

T = TypeVar("T")
_RESTART = 120.0  # seconds that a load without a limit waits for a server that is lost: a restart took 55


class BoltStore(CypherStore):
    """A property graph on a server.

    Parameters
    ----------
    uri
        `neo4j://`, `bolt://`, with `+s` for TLS.
    username, password, database
        Login; without a password there is none.
    insecure
        Allow plain text to another machine.
    timeout
        Seconds for one unit of work at most.
    owner
        Folder and pid when this is the server of an embedded store's owner.

    Raises
    ------
    StoreUnavailable
        When the server does not answer, refuses the login, or is not supported.
    """

    def __init__(
        self,
        uri: str,
        *,
        username: str | None = None,
        password: str | None = None,
        database: str | None = None,
        insecure: bool = False,
        timeout: float | None = None,
        owner: tuple[pathlib.Path, int] | None = None,
    ) -> None:
        self._link = Connection(
            uri,
            username=username,
            password=password,
            database=database,
            insecure=insecure,
            timeout=timeout,
            owner=owner,
        )
        self._owner = owner
        if owner is not None:
            self.directory = owner[0]
        self._reads_only: bool | None = None
        try:
            agent = self._link.attempts(
                self._agent, Deadline(timeout or 30.0, f"connecting to {self.address}"), READ_ACCESS
            )
            name, self._is_arcade = check_agent(agent, self.address)
        except BaseException:
            self.close()
            raise
        self._link.reached = True
        self._capabilities = _capabilities_of(name, arcade=self._is_arcade)

    @property
    def capabilities(self) -> Capabilities:
        """What this store can do."""
        return self._capabilities

    @property
    def address(self) -> str:
        """Address, or the folder of an embedded store; never with a password."""
        return self._link.address

    @property
    def commits(self) -> int:
        """Transactions that this store committed."""
        return self._link.commits

    def close(self) -> None:
        """Close the driver; harmless when repeated."""
        self._link.close()

    # -- units of work
    def _unit(self, work: Callable[[Run], T], deadline: Deadline, *, write: bool) -> T:
        """Run `work` in one transaction, again after a lost connection or a deadlock; the data stay what they are."""
        sign = self.sign(deadline) if write else None
        return self.unit(work if sign is None else noting(work, sign), deadline, write=write)

    def unit(self, work: Callable[[Run], T], deadline: Deadline, *, write: bool = True) -> T:
        """Run `work` in one transaction, for the loader, which notes the sign at its end."""
        return self._link.attempts(lambda tx: work(Transaction(tx)), deadline, WRITE_ACCESS if write else READ_ACCESS)

    def sign(self, deadline: Deadline) -> int | None:
        """Return what changes with every commit of anybody, see `foreign`; None when this server does not tell."""
        if self._is_arcade:
            return None
        marks: list[str] = []
        # Asked of the member that takes writes: another one may lag behind.
        names = self._link.attempts(
            lambda tx: tx.run(NAMES).single(strict=True)["n"], deadline, WRITE_ACCESS, marks=marks
        )
        number = transaction_number(marks)
        return None if number is None else number - int(names)

    def version(self) -> str:
        """Text that changes with every load and upsert, and with every write of others where the server tells of them."""
        deadline = Deadline(60, "version")
        sign = self.sign(deadline)
        version, seen = super().version(), self._record().seen
        return (
            version if sign is None or sign == seen else hashlib.sha256(f"{version} {sign}".encode()).hexdigest()[:20]
        )

    def _agent(self, tx: Any) -> str:
        result = tx.run("RETURN 1 AS one")
        list(result)
        return str(result.consume().server.agent)

    def diagnose(self) -> list[Check]:
        """Look for what can be wrong with the store and its server; nothing is changed."""
        found = super().diagnose()
        if self._is_arcade:
            return found
        hints = self._link.attempts(
            lambda tx: getattr(getattr(tx, "_connection", None), "connection_hints", None),
            Deadline(15, "doctor"),
            READ_ACCESS,
        )
        found += check_server(self._asked, hints)
        return [*found, may_write(self._link)]

    def _ddl(self, texts: Sequence[str], deadline: Deadline) -> None:
        """Run schema statements, one transaction each, then wait until every index is ONLINE."""
        say = partial(self._say, deadline)
        if self._is_arcade:
            for text in texts:
                say(text)
        else:
            make_all(say, lambda text: self._rows(text, None, deadline), texts, self.address)
        while any(
            r["state"] != "ONLINE"
            for r in self._rows("SHOW INDEXES YIELD name, state RETURN name, state", None, deadline)
        ):
            deadline.check()
            time.sleep(0.1)

    def _say(self, deadline: Deadline, text: str) -> Rows:
        return self.unit(lambda run: run(text), deadline)

    # -- reading
    def record(self, deadline: Deadline | None = None) -> Record:
        """Return what the store remembers about itself."""
        return self._record(deadline=deadline)

    def counts(self, deadline: Deadline) -> dict[str, int]:
        """Rows per label and type."""
        return self._counts(deadline)

    def _served(self, query: Query, values: dict[str, Any], deadline: Deadline, max_rows: int) -> Table:
        """Run a query in a READ transaction that is always rolled back, after asking the server what it would do."""
        self._probe()
        asks = self._capabilities.explain_query_type and not query.path.startswith("cypher/")

        def work(tx: Any, heard: Callable[[], None]) -> Table:
            self._ready_record(Transaction(tx))
            table = Table([], [])
            for text in query.statements:
                used = {k: v for k, v in values.items() if f"${k}" in text}
                if asks:
                    plan = tx.run("EXPLAIN " + text, used).consume()
                    if plan.query_type != "r" or "LoadCSV" in str(plan.plan):
                        message = f"{query.path}: the server would run this as {plan.query_type!r}, not as a plain read"
                        raise WriteRefused(message, store=self.address)
                table = capped(tx.run(text, used), max_rows, heard)
            return table

        try:
            return self._link.attempts(work, deadline, READ_ACCESS, long=True)
        except StoreError as error:
            if type(error) is StoreError:
                message = f"{query.path}: {error.message.removeprefix(self.address + ': ')}"
                raise StoreError(message, store=self.address) from error
            raise

    def _probe(self) -> None:
        """Refuse every query where READ transactions let writes through; the server is tried once."""
        if self._is_arcade:
            return
        if self._reads_only is None:
            self._reads_only = refuses_writes(self._link)
        if not self._reads_only:
            message = f"{self.address}: this server lets reading transactions write; queries are refused"
            raise WriteRefused(
                message, store=self.address, hint="use an account with the reader role, or a newer server"
            )

    def _node_cells(self, label: str, names: list[str], deadline: Deadline) -> tuple[list[str], dict[str, Any]]:
        return node_cells(self._link, label, names, deadline)

    def _edge_cells(
        self, pair: Pair, names: list[str], deadline: Deadline
    ) -> Iterator[tuple[Sequence[str], Sequence[str], dict[str, Any]]]:
        yield edge_cells(self._link, pair, names, deadline)

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
        """Merge the tables into the store, batch by batch; readers are refused until all of them are in.

        Raises
        ------
        StoreUnavailable
            When the embedded store belongs to another process, or another process loads.
        DeadlineExceeded
            After `deadline` seconds; loading again goes on where this load stopped.
        """
        check_load(tables, report)
        patience = _RESTART if deadline is None else deadline
        begin, clock = time.monotonic(), Deadline(deadline, "load", patience=patience, progress=progress)
        if self._owner is not None:
            message = f"{self.address}: the store is in use by process {self._owner[1]}; a load needs it for itself"
            raise StoreUnavailable(message, store=self.address, retryable=True, hint="wait for that process to end")
        tables = tables.canonical()
        loader = Loader(self, tables, clock, progress, dry_run=dry_run)
        try:
            if not dry_run:
                self._prepare(clock)
            tally = loader.run()
        except DeadlineExceeded as error:
            error.hint = loader.how_far() or error.hint
            raise
        return load_report(tables, report, tally, seconds=time.monotonic() - begin, dry_run=dry_run)

    def _prepare(self, clock: Deadline) -> None:
        """Constraints before any MERGE, within the load's time."""
        from graphkit.store.schema_steps import apply_schema

        apply_schema(self, self._ddl, self._unit, clock=clock)
        self._make(MAKE_NAMES, known_names(), clock)
        self._make(MAKE_TYPES, sorted(TYPES), clock)

    def _declare_written(self, label: str, names: list[str], run_id: str, deadline: Deadline) -> None:
        self._make(MAKE_NAMES, names, deadline)
        super()._declare_written(label, names, run_id, deadline)

    def _make(self, text: str, names: list[str], deadline: Deadline) -> None:
        """Make names known one by one, see `foreign`; an account that may not do that only costs a snapshot."""
        if self._is_arcade:
            return
        try:
            self.unit(lambda run: run(text, {"names": names}), deadline)
        except (StoreUnavailable, DeadlineExceeded):  # it has waited: the next unit of work would wait as long again
            raise
        except StoreError:
            pass


def _capabilities_of(name: str, *, arcade: bool) -> Capabilities:
    """What a server can do; that of an embedded store's owner can less."""
    return Capabilities(
        name=name,
        cypher=True,
        bolt=True,
        bulk_atomic=False,
        readonly="rollback" if arcade else "access-mode",
        tx_timeout_enforced=not arcade,
        explain_query_type=not arcade,
        notifications=not arcade,
        multi_process=True,
        comfortable_edges=None,
    )
