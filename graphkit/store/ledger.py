"""Loads over Bolt: one loader at a time, and batches that count exactly once.

A lease on the store's own node says who loads; every batch renews it inside its own transaction, so a loader that was
given up for dead cannot write any more. A batch also leaves a node `(:_GkBatch)` with its counts in the same
transaction: when the answer to COMMIT is lost, the second try finds it and takes the counts from there. The ledger bears
a name of its own for every load, kept on the store's node for who resumes it, so what another load left behind is never
taken for this one's; it is removed when the load is complete, as many nodes a transaction as the server has memory for.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any, Final

from graphkit.errors import StoreUnavailable
from graphkit.store.leftovers import is_alive
from graphkit.store.record import READ_RECORD, Record, new_token
from graphkit.store.statements import BATCH, STORE, quote

if TYPE_CHECKING:
    from graphkit.store.cypher_store import Run

__all__ = ["Lease"]

SILENCE: Final = 120_000  # ms without a batch after which a loader on another machine counts as dead
_STORE, _BATCH = quote(STORE), quote(BATCH)
_TAKE = f"MERGE (s:{_STORE} {{id: 'store'}}) SET s.beat = coalesce(s.beat, 0), s.taken = timestamp() RETURN s.beat AS beat, timestamp() AS now"
_HOLD = f"MATCH (s:{_STORE} {{id: 'store'}}) SET s.state = 'loading', s.holder = $holder, s.run = $run, s.beat = timestamp(), s.identity = $identity RETURN 1 AS n"
_BEAT = f"MATCH (s:{_STORE} {{id: 'store'}}) WHERE (s.holder = $holder) SET s.beat = timestamp() RETURN 1 AS n"
_FIND = f"MATCH (b:{_BATCH} {{id: $id}}) RETURN b.created AS created, b.changed AS changed, b.unchanged AS unchanged"
_NOTE = f"CREATE (b:{_BATCH} {{id: $id}}) SET b.created = $created, b.changed = $changed, b.unchanged = $unchanged RETURN 1 AS n"
_CLEAR = f"MATCH (b:{_BATCH}) WITH b LIMIT $most DETACH DELETE b RETURN count(*) AS n"
_DONE = f"MATCH (s:{_STORE} {{id: 'store'}}) SET s += $p, s.done = $holder REMOVE s.run, s.beat, s.taken RETURN 1 AS n"

Triple = tuple[int, int, int]


class Lease:
    """The right to load into a store.

    Parameters
    ----------
    run
        Digest of what is loaded; a load cut off and begun again with the same run goes on where it was.
    address
        For messages.
    """

    def __init__(self, run: str, address: str) -> None:
        self.run, self.ledger = run, ""
        self.address = address
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{new_token()}"
        self._taken: tuple[Record, bool] | None = None

    def take(self, run: Run) -> tuple[Record, bool]:
        """Become the loader; return the record and whether an earlier load of the same run is resumed.

        Raises
        ------
        StoreUnavailable
            While another process loads.
        """
        times = run(_TAKE)[0]
        properties = run(READ_RECORD)[0]["p"]
        record = Record.from_properties(properties) if "state" in properties else Record()
        if self._taken is not None and record.holder == self.holder:
            return self._taken  # taken before, and only the answer was lost
        if record.state == "loading" and self._is_busy(record.holder, times["now"] - times["beat"]):
            host, pid, _ = record.holder.split(":")
            message = f"{self.address}: process {pid} on {host} is loading into this store"
            raise StoreUnavailable(message, store=self.address, retryable=True, hint="wait for it to end")
        ledger = str(properties.get("run"))
        resumed = record.state == "loading" and ledger.partition("/")[0] == self.run
        self.ledger = ledger if resumed else f"{self.run}/{new_token()}"
        identity = record.identity or new_token()
        run(_HOLD, {"holder": self.holder, "run": self.ledger, "identity": identity})
        self._taken = record, resumed
        return self._taken

    def _is_busy(self, holder: str, silent: int) -> bool:
        host, _, rest = holder.partition(":")
        pid = rest.partition(":")[0]
        if silent > SILENCE:
            return False
        if host != socket.gethostname() or not pid.isdigit():
            return True
        return int(pid) != os.getpid() and is_alive(int(pid))

    def renew(self, run: Run) -> None:
        """Say that this loader lives; part of every batch.

        Raises
        ------
        StoreUnavailable
            When another loader has taken over.
        """
        if not run(_BEAT, {"holder": self.holder}):
            message = f"{self.address}: another process has taken over the load"
            raise StoreUnavailable(message, store=self.address)

    def found(self, run: Run, batch: str) -> Triple | None:
        """Return the counts of a batch that is already in: created, changed, unchanged."""
        rows = run(_FIND, {"id": f"{self.ledger}/{batch}"})
        return (rows[0]["created"], rows[0]["changed"], rows[0]["unchanged"]) if rows else None

    def note(self, run: Run, batch: str, counts: Triple) -> None:
        """Leave a batch's counts in its own transaction."""
        names = ("created", "changed", "unchanged")
        run(_NOTE, {"id": f"{self.ledger}/{batch}", **dict(zip(names, counts, strict=True))})

    def clear(self, run: Run, most: int) -> int:
        """Remove so many nodes of ledgers at most, those that other loads left included; return how many."""
        self.renew(run)
        return int(run(_CLEAR, {"most": most})[0]["n"])

    def done(self, run: Run, record: Record) -> None:
        """Open the store to readers again."""
        if run(READ_RECORD)[0]["p"].get("done") == self.holder:
            return  # done before, and only the answer was lost
        self.renew(run)
        properties: dict[str, Any] = record.to_properties()
        run(_DONE, {"p": properties, "holder": self.holder})
