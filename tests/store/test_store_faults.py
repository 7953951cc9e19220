"""Lines that break during a load: one load absorbs it, nothing lost, nothing doubled, nothing hangs."""

import os
import re
import threading
import time
from urllib.parse import urlsplit

import pytest
from contracts.store import TINY
from fault_proxy import MODES, Proxy
from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConfigurationError,
    ConstraintError,
    CypherSyntaxError,
    DatabaseUnavailable,
    IncompleteCommit,
    NotALeader,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from graphkit.errors import StoreError, StoreUnavailable
from graphkit.store.bolt import BoltStore
from graphkit.store.bolt_connection import WRITE_ACCESS, Connection
from graphkit.store.deadline import Deadline
from graphkit.store.files import read_directory
from graphkit.store.patience import Pace, Watch

CUTS = int(os.environ.get("GRAPHKIT_TEST_CUTS", "1"))  # places in each mode, every mode at others


def test_a_unit_gets_more_time_after_each_silence():
    """Five seconds, doubled; three times the slowest unit so far when that is more."""
    pace = Pace()
    assert [pace.allowed(i) for i in range(4)] == [5, 10, 20, 40]
    pace.took(4.0)
    pace.took(0.1)
    assert [pace.allowed(i) for i in range(2)] == [12, 24]


def test_a_watch_cuts_after_silence_only():
    """Signs of life wind it up; once the block has ended it does nothing."""
    cut = threading.Event()
    with Watch(0.3).over(cut.set):
        pass
    watch = Watch(0.3)
    with watch.over(cut.set):
        for _ in range(6):
            time.sleep(0.1)
            watch.heard()
        assert not cut.is_set()
        assert cut.wait(2)
    assert watch.fired


@pytest.fixture(scope="module")
def small():
    """The tiny campaign and its report."""
    return read_directory(TINY)


def through(open_neo4j, server, small, at, mode):
    """Load over a proxy; return (proxy, report, seconds)."""
    proxy = Proxy(urlsplit(server.uri).port, at, mode)
    begin = time.monotonic()
    try:
        done = open_neo4j(uri=f"bolt://127.0.0.1:{proxy.port}").load(*small, deadline=60)
    finally:
        proxy.close()
    return proxy, done, time.monotonic() - begin


@pytest.mark.neo4j
@pytest.mark.parametrize("mode", MODES)
def test_a_load_absorbs_a_broken_line(mode, open_neo4j, neo4j_server, small):
    """Wherever the line breaks, and even when one end never hears of it, the same load ends complete and exact."""
    if urlsplit(neo4j_server.uri).scheme != "bolt":
        pytest.skip("a proxy needs a bolt:// address")
    open_neo4j().ensure_schema()
    whole, _, _ = through(open_neo4j, neo4j_server, small, None, mode)
    tables, report = small
    for i in range(CUTS):
        neo4j_server.wipe()
        at = int((i + (MODES.index(mode) + 0.5) / len(MODES)) / CUTS * whole.count)
        proxy, done, seconds = through(open_neo4j, neo4j_server, small, at, mode)
        assert proxy.fired.is_set()
        assert seconds < 45
        assert sum(done.created.values()) == report.loaded, (mode, at)
        assert done.adds_up()
        assert open_neo4j().tables().digest() == tables.digest()
        doubled = "MATCH (a)-[r]->(b) WITH a, b, type(r) AS t, count(*) AS n WHERE n > 1 AND t <> 'LINKED_WITH' RETURN count(*) AS n"
        assert neo4j_server.query(doubled)[0]["n"] == 0


class _Line(Connection):
    """A connection whose units of work fail as scripted before they succeed."""

    def __init__(self, *failures):
        super().__init__(
            "bolt://127.0.0.1:1", username=None, password=None, database=None, insecure=False, timeout=None, owner=None
        )
        self.failures, self.tries = list(failures), 0

    def _once(self, *_):
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"


@pytest.mark.parametrize(
    "failure", [TransientError("deadlock"), NotALeader("moved"), DatabaseUnavailable("moving"), ServiceUnavailable("gone"), SessionExpired("gone"),
                IncompleteCommit("cut"), OSError("reset")], ids=lambda e: type(e).__name__,
)  # fmt: skip
def test_what_may_work_next_time_is_tried_again(failure):
    """Deadlocks, a moved leader, a lost line, a commit without an answer: the same unit of work, until it works."""
    line = _Line(failure, failure)
    assert line.attempts(lambda tx: None, Deadline(30, "x"), WRITE_ACCESS) == "done"
    assert line.tries == 3


@pytest.mark.parametrize(
    "failure",
    [
        ClientError("syntax"),
        CypherSyntaxError("syntax"),
        ConstraintError("twice"),
        AuthError("no"),
        ConfigurationError("no"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_what_cannot_work_is_tried_once(failure):
    """A wrong statement, a wrong password: said at once, as an error of ours."""
    line = _Line(failure)
    with pytest.raises(StoreError):
        line.attempts(lambda tx: None, Deadline(30, "x"), WRITE_ACCESS)
    assert line.tries == 1


class _Clock:
    """Time that passes by sleeping alone."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class _Restarting(_Line):
    """A server that was reached, refuses the line for 55 s, and then says for half a minute that it is not ready."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.reached = clock, True

    def _once(self, *_):
        if self.clock.now < 55:
            raise ServiceUnavailable("refused")
        if self.clock.now < 85:
            raise DatabaseUnavailable("starting")
        return "done"


def test_a_load_waits_for_a_server_that_starts_again(monkeypatch):
    """As long as it was told to, saying so; whoever asks for a moment only gives up soon, and says how long it waited."""
    clock, told = _Clock(), []
    for module in ("bolt_connection", "deadline"):
        monkeypatch.setattr(f"graphkit.store.{module}.time", clock)
    with pytest.raises(StoreError) as caught:
        _Restarting(clock).attempts(lambda tx: None, Deadline(60, "x"), WRITE_ACCESS)
    assert 12 < clock.now < 15
    assert "did not come back within 1" in caught.value.hint
    clock.now = 0.0
    deadline = Deadline(600, "load", patience=600, progress=told.append)
    assert _Restarting(clock).attempts(lambda tx: None, deadline, WRITE_ACCESS) == "done"
    assert 85 <= clock.now < 88
    assert {event.phase for event in told} == {"wait for the server"}
    assert [event.done for event in told] == sorted(event.done for event in told)
    assert 50 < told[-1].done <= 55 < told[-1].total <= 600
    clock.now = 0.0
    with pytest.raises(StoreError):
        _Restarting(clock).attempts(lambda tx: None, Deadline(30, "load", patience=30), WRITE_ACCESS)
    assert clock.now <= 30


@pytest.mark.parametrize(("limit", "waited"), [(None, 120), (12, 12)])
def test_a_load_waits_once_for_a_server_that_is_gone(small, monkeypatch, limit, waited):
    """Lost after the constraints, before the names are made known: the load gives up there, and says how long it waited."""
    clock = _Clock()
    for module in ("bolt", "bolt_connection", "deadline"):
        monkeypatch.setattr(f"graphkit.store.{module}.time", clock)
    monkeypatch.setattr("graphkit.store.schema_steps.apply_schema", lambda *_, **__: None)
    store = BoltStore.__new__(BoltStore)
    store._link, store._owner, store._is_arcade = _Line(*[ServiceUnavailable("refused")] * 10_000), None, False
    store._link.reached = True
    with pytest.raises(StoreUnavailable) as caught:
        store.load(*small, deadline=limit)
    assert waited - 2 <= clock.now <= waited + 2  # the pause between two tries
    said = int(re.search(r"did not come back within (\d+) s", caught.value.hint)[1])
    assert waited - 2 <= said <= waited + 2


@pytest.mark.neo4j
@pytest.mark.parametrize(("limit", "patience"), [(None, 120), (900, 900), (30, 30)])
def test_a_load_is_as_patient_as_its_limit(open_neo4j, small, monkeypatch, limit, patience):
    """Two minutes without one; the constraints before it and the record around it wait as long."""
    clocks, real = [], Connection.attempts

    def noting(link, work, deadline, *args, **options):
        clocks.append(deadline)
        return real(link, work, deadline, *args, **options)

    store = open_neo4j()
    monkeypatch.setattr(Connection, "attempts", noting)
    store.load(*small, deadline=limit)
    assert len(clocks) > 10
    assert {clock.patience for clock in clocks} == {patience}


def test_retries_end_with_the_time():
    """A server that stays in trouble: the last error, within the deadline, marked as one to try again."""
    line, begin = _Line(*[TransientError("busy")] * 1000), time.monotonic()
    with pytest.raises(StoreError) as caught:
        line.attempts(lambda tx: None, Deadline(1.0, "x"), WRITE_ACCESS)
    assert caught.value.retryable
    assert time.monotonic() - begin < 10  # half an hour for all of them
