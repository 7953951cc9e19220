"""Writes by other tools on a shared Neo4j: seen by the version, while our own results leave it as it is."""

import base64

import pytest
from contracts.store import TINY

from graphkit.projection.snapshot import take_snapshot
from graphkit.store.deadline import Deadline
from graphkit.store.files import read_directory
from graphkit.store.foreign import transaction_number
from graphkit.store.guard import guard_text


def bookmark(number):
    """A bookmark as Neo4j 5.26 writes it: one database of 16 bytes, the number in as few bytes as it takes, an empty list."""
    tail = bytes([number]) if number < 128 else next(
        bytes([mark]) + number.to_bytes(width, "big") for mark, width in ((0xC9, 2), (0xCA, 4), (0xCB, 8)) if number < 1 << (8 * width - 1)
    )  # fmt: skip
    return "FB:" + base64.b64encode(b"\x91\xcc\x10" + bytes(range(16)) + tail + b"\x90").decode().rstrip("=")


@pytest.mark.parametrize("number", [1, 127, 128, 2148, 40_000, 1 << 31, 1 << 40])
def test_numbers_of_bookmarks(number):
    """Every width of the format."""
    assert transaction_number([bookmark(number)]) == number


def test_a_bookmark_as_a_server_gave_it():
    """Neo4j 5.26.30, after its 2,148th transaction; older formats are plain text."""
    assert transaction_number(["FB:kcwQoVXyjX2tRWiI+/GQPb4n3ckIZJA="]) == 2148
    assert transaction_number(["neo4j:bookmark:v1:tx77"]) == 77
    assert transaction_number(["6f0c7a1e-0000-1111-2222-333344445555:42"]) == 42


@pytest.mark.parametrize(
    "marks", [[], ["FB:"], ["FB:!!"], ["FB:kswQoVXy"], ["what"], ["neo4j:bookmark:v1:tx1", "neo4j:bookmark:v1:tx2"]]
)
def test_bookmarks_that_are_not_understood(marks):
    """No number rather than a wrong one."""
    assert transaction_number(marks) is None


@pytest.mark.neo4j
def test_a_write_by_somebody_else_is_seen(open_neo4j, neo4j_server):
    """A SET that keeps every count makes another version, and the next snapshot holds the new value."""
    store = open_neo4j()
    tables, report = read_directory(TINY)
    store.load(tables, report)
    first, digest = store.version(), take_snapshot(store).digest
    assert digest == tables.digest()
    neo4j_server.query("MATCH (c:Channel {id: 'c01'}) SET c.cost = 1.0")
    assert store.version() != first
    assert store.version() == store.version() == open_neo4j().version()
    changed = take_snapshot(store)
    assert changed.digest != digest
    assert changed.nodes("Channel").column("cost")[changed.nodes("Channel").row_of()["c01"]] == 1.0


@pytest.mark.neo4j
def test_our_own_results_leave_the_version(open_neo4j):
    """Reading, results under names never used before, bookkeeping and an idle load: the snapshot stays good."""
    store = open_neo4j()
    tables, report = read_directory(TINY)
    store.load(tables, report)
    first = store.version()
    store.read(guard_text("MATCH (n) RETURN count(n) AS n"))
    ids = tables.nodes["User"].ids.tolist()
    for i in range(3):
        store.write_back(
            "User",
            ids,
            {f"score_{first}_{i}": [0.5] * len(ids), f"other_{first}_{i}": list(range(len(ids)))},
            f"run{i}",
        )
    store.ensure_schema()
    assert store.version() == first
    assert store.load(tables, report).created["nodes"] == 0
    assert store.version() == open_neo4j().version() == first


@pytest.mark.neo4j
def test_results_do_not_hide_what_somebody_else_wrote(open_neo4j, neo4j_server):
    """A foreign write before a result of ours, before an idle load, or in the middle of one, still makes a new version."""
    store = open_neo4j()
    tables, report = read_directory(TINY)
    store.load(tables, report)
    seen = {store.version()}
    foreign = "MATCH (c:Channel {id: 'c01'}) SET c.note = coalesce(c.note, 0) + 1"
    for ours in (lambda: store.write_back("User", ["u01"], {"score": [1.0]}, "r"), lambda: store.load(tables, report)):
        neo4j_server.query(foreign)
        ours()
        assert store.version() not in seen
        seen.add(store.version())
    done = []
    store.load(
        tables,
        report,
        progress=lambda event: done.append(neo4j_server.query(foreign)) if event.done > 60 and not done else None,
    )
    assert done
    assert store.version() not in seen
    assert store.sign(Deadline(10)) == store.record().seen
