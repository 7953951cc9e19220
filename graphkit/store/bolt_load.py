"""Batches of a load over Bolt: what is there is read, compared, and only what differs is written, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from graphkit.errors import DataInvalid, StoreError
from graphkit.progress import Progress, null_progress
from graphkit.store import statements
from graphkit.store.batches import Batches
from graphkit.store.layout import list_names
from graphkit.store.ledger import Lease
from graphkit.store.merge import Tally, wider_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from graphkit.model.tables import Column, EdgeColumns, GraphTables, NodeColumns
    from graphkit.progress import ProgressCallback
    from graphkit.store.cypher_store import Rows, Run
    from graphkit.store.deadline import Deadline
    from graphkit.store.record import Record

__all__ = ["Loader"]

T = TypeVar("T")


class Target(Protocol):
    """What a load needs of a store over Bolt."""

    @property
    def address(self) -> str: ...
    @property
    def commits(self) -> int: ...
    def record(self, deadline: Deadline) -> Record: ...
    def counts(self, deadline: Deadline) -> dict[str, int]: ...
    def sign(self, deadline: Deadline) -> int | None: ...
    def unit(self, work: Callable[[Run], T], deadline: Deadline, *, write: bool = True) -> T: ...


class Loader:
    """One load of tables into a store over Bolt.

    Parameters
    ----------
    store
        Where the units of work run.
    tables
        Canonical tables.
    clock
        For the whole load.
    dry_run
        Read and compare only.
    """

    def __init__(
        self, store: Target, tables: GraphTables, clock: Deadline, progress: ProgressCallback | None, *, dry_run: bool
    ) -> None:
        self.store, self.tables, self.clock, self.dry_run = store, tables, clock, dry_run
        self.tell = progress or null_progress
        self.tally = Tally()
        self.lease = Lease(tables.digest()[:24], store.address)
        self.batches = Batches()
        self.done = 0
        self.total = sum(map(len, tables.nodes.values())) + sum(map(len, tables.edges))
        self.fresh: frozenset[str] = frozenset()

    def run(self) -> Tally:
        """Load everything; return the counts."""
        if self.dry_run:
            record = self.store.record(self.clock)
        else:
            _one_currency(self.store.record(self.clock), self.tables)
            sign, commits = self.store.sign(self.clock), self.store.commits
            record, _ = self.store.unit(self.lease.take, self.clock)
        _one_currency(record, self.tables)
        counts = self.store.counts(self.clock)
        kinds = {*self.tables.nodes, *(e.type for e in self.tables.edges)}
        self.fresh = frozenset(k for k in kinds if not counts.get(k))  # nothing there: no need to look
        for table in self.tables.nodes.values():
            self._in_batches(table.label, len(table), partial(self._nodes, table))
        for e in self.tables.edges:
            name = f"{e.type}/{e.source_label}/{e.target_label}"
            self._in_batches(name, len(e), partial(self._edges, e))
        if not self.dry_run:
            self.batches.until_none(self._clear)
            now = self.store.sign(self.clock)
            alone = now is None or (sign == record.seen and now - sign == self.store.commits - commits)
            # An earlier load that was cut off, this one or another, may have changed rows without a new version.
            changed = record.state == "loading" or not self.tally.is_empty() or not alone
            after = replace(record.loaded(self.tables, changed=changed), seen=-1 if now is None else now + 1)
            after = replace(after, identity=record.identity or self.store.record(self.clock).identity)
            self.store.unit(lambda run: self.lease.done(run, after), self.clock)
        return self.tally

    def _clear(self, most: int) -> int:
        return self.store.unit(lambda run: self.lease.clear(run, most), self.clock)

    def how_far(self) -> str | None:
        """Return the next step of a load whose time is over, with the rows that are in; None where nothing is written."""
        if self.dry_run:
            return None
        done = f"{self.done:,} of {self.total:,} rows are in and stay: run it again to go on there"
        return f"{done}, or allow more with --time-limit SECONDS; a server that has just started is slow at first"

    def _in_batches(self, name: str, n: int, work: Callable[[Run, int, int], tuple[int, int, int]]) -> None:
        """Run `work` on slices of rows, a transaction each."""
        what = "relationships" if "/" in name else "nodes"

        def one(first: int, last: int) -> None:
            batch = partial(self._batch, name, first, last, work)
            self.tally.add(what, *self.store.unit(batch, self.clock, write=not self.dry_run))
            self.done += last - first
            self.tell(Progress("load", self.done, self.total, "rows"))

        self.batches.over(n, one)

    def _batch(
        self, name: str, first: int, last: int, work: Callable[[Run, int, int], tuple[int, int, int]], run: Run
    ) -> tuple[int, int, int]:
        if self.dry_run:
            return work(run, first, last)
        self.lease.renew(run)
        batch = f"{name}/{first}-{last}"
        counts = self.lease.found(run, batch)
        if counts is None:
            counts = work(run, first, last)
            self.lease.note(run, batch, counts)
        return counts

    # -- nodes
    def _nodes(self, table: NodeColumns, run: Run, first: int, last: int) -> tuple[int, int, int]:
        ids = table.ids[first:last].tolist()
        rows = [{"id": i, "p": p} for i, p in zip(ids, _maps(table.columns, first, last), strict=True)]
        there = (
            {}
            if table.label in self.fresh
            else {r["id"]: r["p"] for r in run(statements.find_nodes(table.label), {"ids": ids})}
        )
        created = [r for r in rows if r["id"] not in there]
        changed = [r for r in rows if r["id"] in there and _differs(there[r["id"]], r["p"], table.label)]
        self._write(run, statements.write_nodes(table.label), created + changed)
        return len(created), len(changed), len(rows) - len(created) - len(changed)

    # -- relationships
    def _edges(self, e: EdgeColumns, run: Run, first: int, last: int) -> tuple[int, int, int]:
        pair, key = (e.type, e.source_label, e.target_label), wider_key(e.type)
        sources = self.tables.nodes[e.source_label].ids[e.source_rows[first:last]].tolist()
        targets = self.tables.nodes[e.target_label].ids[e.target_rows[first:last]].tolist()
        maps = _maps(e.columns, first, last)
        rows = [
            {"i": i, "s": s, "t": t, "p": p} for i, (s, t, p) in enumerate(zip(sources, targets, maps, strict=True))
        ]
        there = {} if e.type in self.fresh else self._there(run, pair, key, rows)
        created = [r for r in rows if r["i"] not in there]
        changed = [r for r in rows if r["i"] in there and _differs(there[r["i"]], r["p"], e.type)]
        # With a ledger, creating is safe; a wider key may hold nulls, which cannot be merged on.
        self._write(run, statements.write_edges(*pair, key, create=bool(key)), created)
        self._write(run, statements.write_edges(*pair, key), changed)
        return len(created), len(changed), len(rows) - len(created) - len(changed)

    def _there(
        self, run: Run, pair: tuple[str, str, str], key: tuple[str, ...], rows: Rows
    ) -> dict[int, dict[str, Any]]:
        """Properties of the rows that exist, by the rows' numbers."""
        found = {}
        ends = [{k: r[k] for k in "ist"} for r in rows]
        for r in run(statements.find_edges(*pair), {"rows": ends}):
            mine = rows[r["i"]]["p"]
            if all(r["p"].get(k) == mine.get(k) for k in key):
                found[r["i"]] = r["p"]
        return found

    def _write(self, run: Run, text: str, rows: Rows) -> None:
        """Write rows; one that found no end would vanish without a word, so the count must be that of the rows."""
        if self.dry_run or not rows:
            return
        n = run(text, {"rows": rows})[0]["n"]
        if n != len(rows):
            message = f"{self.store.address}: {len(rows) - n} of {len(rows)} rows of a batch found no node to hang on"
            raise StoreError(message, store=self.store.address, retryable=True, hint="run the load again")


def _maps(columns: Mapping[str, Column], first: int, last: int) -> Iterator[dict[str, Any]]:
    """Given values of the rows, one dictionary each."""
    names = list(columns)
    if not names:
        yield from ({} for _ in range(last - first))
        return
    for cells in zip(*(columns[n][first:last].tolist() for n in names), strict=True):
        yield {k: v for k, v in zip(names, cells, strict=True) if v is not None}


def _differs(old: Mapping[str, Any], new: Mapping[str, Any], owner: str) -> bool:
    """Whether a given value is not the one that is there."""
    lists = list_names(owner, new)
    for name, value in new.items():
        have = old.get(name)
        have = list(have) if name in lists and have is not None else have
        if type(have) is not type(value) or have != value:
            return True
    return False


def _one_currency(record: Record, tables: GraphTables) -> None:
    if record.currency and tables.currency and record.currency != tables.currency:
        message = f"the store keeps amounts in {record.currency}, the directory in {tables.currency}"
        raise DataInvalid(
            message, rule="currency", hint="convert the amounts, or load into another store with --store DIR"
        )
