"""The Bolt store's own promises: addresses, versions, half loads, the ledger, lost answers."""

import time

import pytest
from contracts.store import TINY, report_for, small
from neo4j.exceptions import IncompleteCommit

from graphkit.errors import DeadlineExceeded, InvalidParameter, StoreError, StoreUnavailable
from graphkit.report.spoken import chinese
from graphkit.store.address import check_agent, check_uri
from graphkit.store.bolt import BoltStore
from graphkit.store.bolt_load import Loader
from graphkit.store.files import read_directory
from graphkit.store.guard import guard_text
from graphkit.store.ledger import Lease
from graphkit.store.open import open_store
from graphkit.store.queries import list_queries


@pytest.mark.parametrize("agent", ["Neo4j/4.4.40", "Neo4j/5.25.1", "Memgraph/3.0", ""])
def test_old_and_foreign_servers_are_refused_with_their_version(agent):
    """The message names what was found."""
    with pytest.raises(StoreUnavailable) as error:
        check_agent(agent, "bolt://x")
    assert (agent or "does not say") in str(error.value)


@pytest.mark.parametrize("agent", ["Neo4j/5.26.30", "Neo4j/2025.01.0", "Neo4j/2026.09.0"])
def test_supported_servers_are_taken(agent):
    """5.26 and every year-numbered version."""
    assert check_agent(agent, "bolt://x") == (agent, False)


@pytest.mark.parametrize("uri", ["bolt://u:secret@localhost", "neo4j://example.org", "bolt://", "http://localhost"])
def test_addresses_that_are_refused(uri):
    """Passwords inside, plain text to another host, no host, another scheme."""
    with pytest.raises(InvalidParameter) as error:
        open_store(uri)
    assert "secret" not in str(error.value)


def test_plain_text_to_another_host_needs_a_word():
    """TLS or this machine need none."""
    assert check_uri("neo4j://example.org", insecure=True)
    assert check_uri("neo4j+s://example.org", insecure=False)
    assert check_uri("bolt://[::1]:7687", insecure=False)


@pytest.mark.parametrize(
    "address",
    [
        "bolt://127.0.0.1:1?password=canary",
        "neo4j://127.0.0.1:1/?policy=eu&password=canary",
        "bolt+s://127.0.0.1:1#canary",
        "neo4j+s://host/canary",
        "bolt://neo4j:canary",
        "bolt:/neo4j:canary@host:7687",
        "neo4j:neo4j:canary@host",
        "me:canary@host:7687",
        "me:can/canary@host",
    ],
)
def test_a_password_anywhere_in_an_address_is_neither_used_nor_repeated(tmp_path, monkeypatch, address):
    """Refused at once; an address without its slashes makes no folder of that name."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidParameter) as error:
        open_store(address)
    told = f"{error.value} {error.value.hint} {vars(error.value)} {error.value.__cause__!r}"
    assert "canary" not in told
    assert chinese(error.value.message) != error.value.message
    assert list(tmp_path.iterdir()) == []


def test_no_password_reaches_a_log_record(tmp_path, caplog):
    """At the lowest level of every logger: a login that works, one that is refused, and addresses that hold the password."""
    caplog.set_level(0)
    for name in ("neo4j", "graphkit", "arcadedb"):
        caplog.set_level(0, logger=name)
    with open_store(tmp_path / "store") as owner:
        owner.load(*read_directory(TINY))
        owner.ids("User")
        found = owner._folder.connection()
        uri = f"bolt://127.0.0.1:{found['port']}"
        with BoltStore(uri, username="root", password=found["password"], database="graph") as store:
            assert len(store.ids("User")) == 12
        for address in (uri, "bolt://127.0.0.1:1", "bolt://host:gk-canary", "bolt://me:gk-canary@host"):
            with pytest.raises((StoreUnavailable, InvalidParameter)):
                open_store(address, username="root", password="gk-canary", timeout=2)
    said = "\n".join(f"{record.getMessage()} {record.args} {record.exc_text}" for record in caplog.records)
    assert "LOGON" in said
    assert found["password"] not in said
    assert "gk-canary" not in said


def test_a_routing_policy_may_stand_in_an_address():
    """It is part of how a cluster is asked."""
    assert check_uri("neo4j+s://example.org:7687/?policy=eu", insecure=False)


def test_a_server_that_is_not_there_is_said_soon():
    """Within seconds, with the address and a next step, without the password."""
    begin = time.monotonic()
    with pytest.raises(StoreUnavailable) as error:
        open_store("bolt://127.0.0.1:1", password="gk-canary")
    assert time.monotonic() - begin < 15
    assert "127.0.0.1:1" in str(error.value)
    assert "gk-canary" not in str(error.value) + repr(error.value.__cause__)


@pytest.mark.neo4j
def test_a_wrong_password_is_said(neo4j_server):
    """As a store that cannot be used, naming the variables."""
    with pytest.raises(StoreUnavailable, match="NEO4J_PASSWORD"):
        open_store(neo4j_server.uri, password="wrong-" + "x" * 9)


@pytest.mark.neo4j
def test_half_a_load_is_not_shown_and_the_next_one_completes_it(open_neo4j, neo4j_server):
    """A load cut off between batches: readers are refused; loading again finds what is in and adds the rest, once."""
    tables, report = read_directory(TINY)
    store = open_neo4j()

    def stop(event):
        if event.done > 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.load(tables, report, progress=stop)
    assert neo4j_server.query("MATCH (u:User) RETURN count(u) AS n")[0]["n"] == 12
    for ask in (store.version, store.tables, lambda: store.read(guard_text("RETURN 1 AS one"))):
        with pytest.raises(StoreUnavailable, match="load"):
            ask()
    done = store.load(tables, report)
    assert done.created == {"nodes": sum(map(len, tables.nodes.values())), "relationships": sum(map(len, tables.edges))}
    assert store.tables().digest() == tables.digest()
    assert neo4j_server.query("MATCH (b:_GkBatch) RETURN count(b) AS n")[0]["n"] == 0


@pytest.mark.neo4j
def test_a_load_out_of_time_tells_how_far_it_came(open_neo4j, neo4j_server, monkeypatch):
    """The rows that are in, as counted there; the next load goes on, and counts every row once."""
    tables, report = read_directory(TINY)
    store, real, calls = open_neo4j(), Loader._batch, []

    def slow(loader, *args):
        calls.append(1)
        if len(calls) > 5:
            raise loader.clock.error()
        return real(loader, *args)

    monkeypatch.setattr(Loader, "_batch", slow)
    with pytest.raises(DeadlineExceeded, match="within 600 s") as caught:
        store.load(tables, report, deadline=600)
    there = neo4j_server.query("MATCH (n) WHERE n.id IS NOT NULL AND NOT any(x IN labels(n) WHERE x STARTS WITH '_Gk') RETURN count(n) AS n")[0]["n"]  # fmt: skip
    assert there > 0
    assert caught.value.hint.startswith(f"{there} of {report.loaded:,} rows are in and stay")
    assert chinese(caught.value.hint) != caught.value.hint
    monkeypatch.undo()
    done = store.load(tables, report)
    assert sum(done.created.values()) == report.loaded
    assert store.tables().digest() == tables.digest()


@pytest.mark.neo4j
def test_a_lost_answer_to_commit_counts_once(open_neo4j, monkeypatch):
    """Every third COMMIT succeeds and its answer is lost: the ledger decides, counts and rows are those of one load."""
    from neo4j import Transaction

    real, calls = Transaction.commit, []

    def lossy(tx):
        real(tx)
        calls.append(1)
        if len(calls) % 3 == 0:
            raise IncompleteCommit("the line was cut")

    store = open_neo4j()
    store.ensure_schema()
    tables, report = read_directory(TINY)
    monkeypatch.setattr(Transaction, "commit", lossy)
    done = store.load(tables, report)
    monkeypatch.undo()
    assert len(calls) > 30
    assert sum(done.created.values()) == report.loaded
    assert store.tables().digest() == tables.digest()


@pytest.mark.neo4j
def test_a_ledger_left_behind_is_not_taken_for_that_of_the_same_load(open_neo4j, neo4j_server, monkeypatch):
    """The removal of the ledger was cut off, then somebody changed a row: the same load again looks at every row."""
    tables, report = read_directory(TINY)
    store = open_neo4j()
    monkeypatch.setattr(Lease, "clear", lambda *_: 0)
    store.load(tables, report)
    monkeypatch.undo()
    assert neo4j_server.query("MATCH (b:_GkBatch) RETURN count(b) AS n")[0]["n"] > 0
    neo4j_server.query("MATCH (f:Film {id: 'f01'}) SET f.name = 'another'")
    done = store.load(tables, report)
    assert (sum(done.created.values()), done.changed) == (0, {"nodes": 1, "relationships": 0})
    assert store.tables().digest() == tables.digest()
    assert neo4j_server.query("MATCH (b:_GkBatch) RETURN count(b) AS n")[0]["n"] == 0


@pytest.mark.neo4j
def test_two_loaders_exclude_each_other(open_neo4j):
    """While another process loads, a load is refused naming it; once it is silent or dead, it is taken over."""
    store = open_neo4j()
    store.ensure_schema()
    other = Lease("other", "there")
    other.holder = "elsewhere:4242:abc"
    from graphkit.store.deadline import Deadline

    store.unit(other.take, Deadline(10))
    with pytest.raises(StoreUnavailable, match="4242 on elsewhere"):
        store.load(small(), report_for(small()))
    store.unit(lambda run: run("MATCH (s:_GkStore) SET s.beat = timestamp() - 600000 RETURN 1 AS n"), Deadline(10))
    assert store.load(small(), report_for(small())).created["nodes"] == 3
    with pytest.raises(StoreUnavailable, match="taken over"):
        store.unit(other.renew, Deadline(10))


@pytest.mark.neo4j
def test_our_queries_give_no_notice_and_run_in_cypher_shell(open_neo4j, neo4j_server):
    """EXPLAIN of every packaged read gives no deprecation or performance note; the real shell runs one as it stands."""
    store = open_neo4j()
    store.load(*read_directory(TINY))
    seen = []
    with neo4j_server.driver() as driver:
        for query in list_queries():
            for text in query.statements if query.access == "read" else ():
                params = {p.name: p.default for p in query.params}
                _, summary, _ = driver.execute_query("EXPLAIN " + text, params, database_=neo4j_server.database)
                seen += [
                    query.name
                    for g in summary.gql_status_objects
                    if str(g.raw_classification) in ("DEPRECATION", "PERFORMANCE")
                ]
    assert not seen
    assert "12" in neo4j_server.cypher_shell("MATCH (u:User) RETURN count(u) AS n;")


def test_a_stalled_line_ends_at_the_deadline():
    """A server that accepts and never answers: the call ends, where the driver alone would wait for ever."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        begin = time.monotonic()
        with pytest.raises(StoreError, match="bolt:"):
            BoltStore(f"bolt://127.0.0.1:{silent.getsockname()[1]}", password="x", timeout=1.0)
        assert time.monotonic() - begin < 10  # two seconds and a bit, on a machine with time to spare
