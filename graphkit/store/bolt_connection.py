"""Units of work over the official driver: one transaction under a watch, retried by us.

The driver is not trusted with time: a stalled connection blocks it without limit, and its own retries run on after it
was closed. Here each attempt is one explicit transaction under a watch that closes the driver, the clock is checked
before each attempt, and the retries are ours (see `patience`).
"""

from __future__ import annotations

import contextlib
import time
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from neo4j import READ_ACCESS, WRITE_ACCESS, GraphDatabase
from neo4j.exceptions import ConfigurationError, DriverError, Neo4jError, ServiceUnavailable, SessionExpired

from graphkit.errors import DeadlineExceeded, StoreUnavailable
from graphkit.store.address import check_uri
from graphkit.store.base import Counts
from graphkit.store.bolt_errors import may_retry, translated
from graphkit.store.cypher_store import Run
from graphkit.store.patience import MOST, Pace, Stalled, Watch, is_silence
from graphkit.store.plain import plain

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Mapping

    from graphkit.store.cypher_store import Rows
    from graphkit.store.deadline import Deadline

__all__ = ["READ_ACCESS", "WRITE_ACCESS", "Connection", "Transaction"]

T = TypeVar("T")
_SILENCE = 60.0  # seconds before the next rows of a long answer
_CONNECT = 5.0  # seconds for a new connection, handshake and login included
_ABSENT = 2.0  # seconds of retries where no server was reached yet
_BUSY = 60.0  # seconds of retries while the server says that it cannot just now


class Transaction(Run):
    """Statements in an open transaction of the driver."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self._counts = Counts(0, 0, 0, 0)

    def __call__(self, text: str, params: Mapping[str, Any] | None = None) -> Rows:
        """Run one statement."""
        result = self._tx.run(text, dict(params or {}))
        rows = [{k: plain(v) for k, v in record.items()} for record in result]
        made, c = result.consume().counters, self._counts
        self._counts = Counts(
            0,
            (c.nodes_created or 0) + made.nodes_created,
            (c.relationships_created or 0) + made.relationships_created,
            (c.properties_set or 0) + made.properties_set,
        )
        return rows

    @property
    def counts(self) -> Counts:
        """What changed so far."""
        return self._counts


class Connection:
    """A server and the way to it.

    Parameters
    ----------
    uri, username, password, database, insecure, timeout, owner
        As for `BoltStore`.
    """

    def __init__(
        self, uri: str, *, username: str | None, password: str | None, database: str | None, insecure: bool, timeout: float | None,
        owner: tuple[pathlib.Path, int] | None,
    ) -> None:  # fmt: skip
        self._uri = check_uri(uri, insecure=insecure)
        self._auth = (username or "neo4j", password) if password else None
        self._database = database or "neo4j"
        self.timeout = timeout
        self._owner = owner
        self._driver: Any = None
        self._closed = False
        self._pace = Pace()
        self.commits = 0
        self.reached = False

    @property
    def address(self) -> str:
        """Address, or the folder of an embedded store; never with a password."""
        return str(self._owner[0]) if self._owner else self._uri

    def close(self) -> None:
        """Close the driver; harmless when repeated."""
        self._closed = True
        driver, self._driver = self._driver, None
        if driver is not None:
            _close(driver)

    def _connected(self) -> Any:
        if self._closed:
            message = f"{self.address}: the store is closed"
            raise StoreUnavailable(message, store=self.address)
        if self._driver is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # previews and notices of the driver are not for the user
                self._driver = GraphDatabase.driver(
                    self._uri,
                    auth=self._auth,
                    telemetry_disabled=True,
                    notifications_min_severity="OFF",
                    connection_timeout=min(_CONNECT, self.timeout or _CONNECT),  # a handshake is not yet in the pool:
                    connection_acquisition_timeout=min(_CONNECT, self.timeout or _CONNECT),  # the watchdog misses it
                    liveness_check_timeout=30.0,
                    user_agent="graphkit",
                )
        return self._driver

    def _once(
        self,
        work: Callable[[Any], T],
        deadline: Deadline,
        access: str,
        limit: float,
        watch: Watch,
        marks: list[str] | None,
    ) -> T:
        """One transaction under the watch; with `marks`, even one that only read is committed, and its bookmark given."""
        driver = self._connected()
        try:
            with (
                watch.over(partial(_close, driver)),  # from the watch's thread: the only thing that ends a stalled call
                driver.session(database=self._database, default_access_mode=access, fetch_size=5_000) as session,
            ):
                with session.begin_transaction(timeout=limit) as tx:
                    found = work(tx)
                    deadline.check()
                    if access == READ_ACCESS:
                        tx.rollback()
                    else:
                        tx.commit()
                if marks is not None:
                    marks[:] = session.last_bookmarks().raw_values
                else:
                    self.commits += access == WRITE_ACCESS
                return found
        except BaseException as error:
            if watch.fired:
                raise Stalled from error
            raise
        finally:
            if watch.fired:
                self._driver = None

    def attempts(
        self,
        work: Callable[..., T],
        deadline: Deadline,
        access: str,
        *,
        long: bool = False,
        marks: list[str] | None = None,
    ) -> T:
        """Try until it works, the time is over, or trying again cannot help.

        A `long` unit may take all the time there is, and gets as second argument what it calls with every row.
        """
        lost_since, pause, silences = None, 0.05, 0
        while True:
            deadline.check()
            most = min(deadline.remaining(), self.timeout or deadline.remaining())
            limit = max(0.05, most if long else min(most, self._pace.allowed(silences)))
            watch, begin = Watch(min(limit, _SILENCE * 2**silences if long else limit) + 0.2), time.monotonic()
            try:
                found = self._once(
                    partial(_telling, work, watch) if long else work, deadline, access, limit, watch, marks
                )
            except (Stalled, Neo4jError, DriverError, ConfigurationError, OSError) as error:
                by_server = not isinstance(error, Stalled) and time.monotonic() - begin < 0.8 * limit  # its own setting
                if is_silence(error) and (long or limit < most) and not by_server:
                    silences += 1
                    lost_since = None
                    if silences >= MOST:
                        raise self._silent(silences) from error
                    continue
                if isinstance(error, Stalled):
                    raise deadline.error() if deadline.passed() else self._silent(silences + 1) from error
                lost = isinstance(error, (ServiceUnavailable, SessionExpired, OSError))
                # A server that starts again refuses the line first, and then says for a while that it is not ready.
                patience = deadline.patience if lost else max(_BUSY, deadline.patience)
                lost_since = begin if lost_since is None else lost_since
                waited = time.monotonic() - lost_since
                if (
                    not may_retry(error)
                    or waited > (patience if self.reached or not lost else _ABSENT)
                    or deadline.remaining() < pause
                ):
                    raise self._translated(error, deadline, waited) from error
                if lost and self.reached:
                    deadline.waited(waited)
            else:
                if not long:
                    self._pace.took(time.monotonic() - begin)
                return found
            time.sleep(min(pause, deadline.remaining()))
            pause = min(2 * pause, 2.0)

    def _silent(self, times: int) -> StoreUnavailable:
        """Return the error of a server that does not answer."""
        message = f"{self.address}: no answer, {times} times"
        return StoreUnavailable(
            message, store=self.address, retryable=True, hint="graphkit doctor tells whether the server works"
        )

    def _translated(self, error: Exception, deadline: Deadline, waited: float) -> Exception:
        """Our error for one of the driver's; the driver keeps passwords out of its messages."""
        if is_silence(error):
            return DeadlineExceeded(f"{deadline.what}: the server stopped it after its time limit", store=self.address)
        hint = "is the server running? graphkit doctor tells more; a folder needs no server: --store DIR"
        if self.reached:
            hint = f"it was there before, and did not come back within {waited:.0f} s: run the command again once it answers"
        if self._owner:
            hint = f"its owner, process {self._owner[1]}, has ended: run the command again"
        return translated(error, self.address, password=self._auth is not None, default=hint)


def _telling(work: Callable[..., T], watch: Watch, tx: Any) -> T:
    return work(tx, watch.heard)


def _close(driver: Any) -> None:
    with contextlib.suppress(Exception):
        driver.close()
