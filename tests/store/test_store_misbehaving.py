"""Neo4j servers that are slow, locked, short of room or not what they seem: a sentence, the next step, exact data."""

import shutil
import socket
import ssl
import subprocess
import threading

import pytest
from contracts.store import report_for, small
from neo4j import Transaction as DriverTransaction
from neo4j.exceptions import Neo4jError

from graphkit.cli.load import _run
from graphkit.errors import DataInvalid, DeadlineExceeded, StoreError, StoreUnavailable, WriteRefused
from graphkit.report.spoken import chinese
from graphkit.store import bolt, bolt_errors
from graphkit.store.bolt_connection import Transaction
from graphkit.store.bolt_errors import may_retry, translated
from graphkit.store.deadline import Deadline
from graphkit.store.open import open_store
from graphkit.store.queries import load_query


def server_says(code, message):
    """The driver's error for a failure that a server reports."""
    return Neo4jError._hydrate_neo4j(code=code, message=message)


MEMORY = server_says(
    "Neo.TransientError.General.MemoryPoolOutOfMemoryError",
    "The allocation of an extra 2.0 MiB would use more than the limit 4.0 MiB. Currently using 4.0 MiB. db.memory.transaction.max threshold reached",
)
READ_ONLY = server_says(
    "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase",
    "No write operations are allowed on this database. The database is in read-only mode on this Neo4j instance.",
)
FULL = server_says(
    "Neo.DatabaseError.Transaction.TransactionCommitFailed",
    "Could not append transaction: Transaction #277 {started 2026-11-22 15:40:49.676+0000, with 14103 commands in this transaction} to log.",
)
STOPPED = server_says(
    "Neo.DatabaseError.General.UnknownError",
    "The database has encountered a critical error, and needs to be restarted. Please see database logs for more details.",
)


# -- what answers at an address
def greet_as(reply):
    """A port where every caller gets this reply and is hung up on; bytes, or a TLS context for a greeting by certificate."""

    def answer(caller):
        try:
            caller.recv(100) if isinstance(reply, bytes) else reply.wrap_socket(caller, server_side=True).recv(1)
            caller.sendall(reply)
        except (OSError, TypeError):
            pass
        caller.close()

    def listen():
        while True:
            try:
                answer(door.accept()[0])
            except OSError:
                return

    door = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=listen, daemon=True).start()
    return door


def refusal(scheme, reply):
    """The error of opening a store at an address where this is replied."""
    with greet_as(reply) as door, pytest.raises(StoreUnavailable) as caught:
        open_store(f"{scheme}://127.0.0.1:{door.getsockname()[1]}", password="gk-canary", timeout=5.0)
    assert "gk-canary" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("scheme", "reply", "said", "next_step"),
    [
        ("bolt", b"HTTP/1.1 400 Bad Request\r\n\r\n", "an HTTP server", "7687"),
        ("bolt", b"SSH-2.0-OpenSSH_9.2p1\r\n", "does not speak Bolt", "7687"),
        ("bolt", b"\x00\x00\x04\x04", "does not speak Bolt", "5.26 or newer is needed"),  # the handshake of Neo4j 4.4
        ("bolt", b"", "no greeting", "7687"),
        ("bolt+s", b"HTTP/1.1 400 Bad Request\r\n\r\n", "no TLS with this server", "bolt://"),
        ("neo4j+ssc", b"HTTP/1.1 400 Bad Request\r\n\r\n", "no TLS with this server", "bolt://"),
    ],
)
def test_an_address_where_something_else_answers(scheme, reply, said, next_step):
    """Not "is the server running?": what answers there is named, and the way out."""
    error = refusal(scheme, reply)
    assert said in error.message
    assert next_step in error.hint


def test_a_certificate_that_nobody_vouches_for(tmp_path):
    """A self-signed one: the reason from four errors below, and both ways to go on."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = f"{openssl} req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {cert} -days 2 -subj /CN=localhost"
    subprocess.run(made.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    for scheme in ("bolt+s", "neo4j+s"):
        error = refusal(scheme, context)
        assert "not trusted" in error.message
        assert "self-signed" in error.message or "self signed" in error.message
        assert "SSL_CERT_FILE" in error.hint
        assert "+ssc" in error.hint


def test_a_port_where_nothing_listens_says_so():
    """The reason stands in the second line of the driver's message, or in a group below it."""
    for scheme in ("bolt", "neo4j"):
        with pytest.raises(StoreUnavailable, match="refused"):
            open_store(f"{scheme}://127.0.0.1:1", password="x", timeout=3.0)


@pytest.mark.neo4j
def test_logins_that_lack_something(neo4j_server):
    """A password to be changed first, none at all, the database without a graph: three sentences."""

    def said(**options):
        with pytest.raises(StoreUnavailable) as caught:
            open_store(neo4j_server.uri, **options)
        return caught.value

    with neo4j_server.driver() as driver:
        driver.execute_query("CREATE USER newcomer SET PASSWORD 'gk-canary-1' CHANGE REQUIRED", database_="system")
        try:
            error = said(username="newcomer", password="gk-canary-1")
        finally:
            driver.execute_query("DROP USER newcomer", database_="system")
    assert "must be changed" in error.message
    assert "ALTER CURRENT USER" in error.hint
    assert "none was given" in said().message
    system = said(username=neo4j_server.username, password=neo4j_server.password, database="system")
    assert "NEO4J_DATABASE" in system.hint


# -- what a server refuses
@pytest.mark.parametrize(("error", "kind", "word"), [(MEMORY, StoreError, "db.memory.transaction.max"), (READ_ONLY, WriteRefused, "server.databases.read_only"), (FULL, StoreUnavailable, "disk"), (STOPPED, StoreUnavailable, "start the server again")])  # fmt: skip
def test_what_a_setting_of_the_server_forbids(error, kind, word):
    """The setting is named; the same transaction is not tried again for a minute, as it cannot pass."""
    found = translated(error, "bolt://x", password=True, default="")
    assert type(found) is kind
    assert word in found.hint
    assert not may_retry(error)
    assert not found.retryable


def test_every_next_step_has_chinese():
    """Also those that are chosen by what lies below the driver's error."""
    hints = [v for k, v in vars(bolt_errors).items() if k.isupper() and isinstance(v, str)]
    assert len(hints) >= 6
    assert not [hint for hint in hints if chinese(hint) == hint]


@pytest.mark.neo4j
class LaxLink:
    """A connection to a server that takes every text, writes in READ transactions too; it notes what was run."""

    address = "bolt://lax:7687"
    reached = False

    def __init__(self, *_, **__):
        self.texts = []

    def attempts(self, work, *_, **more):
        if work.__name__ == "_agent":
            return "Neo4j/5.26.0"
        return work(self, *[lambda: None] * more.get("long", False))

    def run(self, text, *_):
        self.texts.append(text)
        return []

    def close(self):
        """Nothing is open."""


def test_a_server_that_lets_reads_write_serves_no_query(monkeypatch):
    """Not only the first one is refused; the server is tried once, and no query reaches it."""
    monkeypatch.setattr(bolt, "Connection", LaxLink)
    with bolt.BoltStore("bolt://lax:7687") as store:
        for name in ("channels/spending", "channels/spending", "evaluate/audience_of_set"):
            with pytest.raises(WriteRefused, match="lets reading transactions write; queries are refused"):
                store.read(
                    load_query(name), {"purchases": []} if "spending" in name else {"channels": [], "minCell": 0}
                )
        (probe,) = store._link.texts
    assert probe.startswith("CREATE ")


def test_ties_too_many_to_be_grouped_by_the_server_are_read_one_by_one(open_neo4j, monkeypatch):
    """Grouping holds a whole type in one transaction's memory; without it the columns are the same."""
    store, real, asked = open_neo4j(), DriverTransaction.run, []

    def short(tx, text, *args, **options):
        asked.append(text)
        if "collect(" in text:
            raise MEMORY
        return real(tx, text, *args, **options)

    tables = small().canonical()
    store.load(tables, report_for(tables))
    monkeypatch.setattr(DriverTransaction, "run", short)
    found = store.tables()
    assert any("collect(" in text for text in asked)
    assert found.digest() == tables.digest()


# -- a database that is somebody's already
@pytest.fixture
def bare(neo4j_server, open_neo4j):
    """An empty database without constraints and indexes; what a test makes there is dropped."""

    def strip():
        neo4j_server.wipe()
        for row in neo4j_server.query("SHOW CONSTRAINTS YIELD name"):
            neo4j_server.query(f"DROP CONSTRAINT {row['name']}")
        for row in neo4j_server.query("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name"):
            neo4j_server.query(f"DROP INDEX {row['name']}")

    strip()
    yield open_neo4j()
    strip()


@pytest.mark.neo4j
def test_constraints_of_others_count_by_what_they_hold(bare, neo4j_server):
    """Ours under another name is as good; our name on something else is not, and was taken for ours without a word."""
    for text in (
        "CREATE CONSTRAINT mine FOR (x:User) REQUIRE x.id IS UNIQUE",
        "CREATE CONSTRAINT film_id FOR (x:Movie) REQUIRE x.title IS UNIQUE",
        "CREATE INDEX brand_id FOR (x:Shop) ON (x.name)",
    ):
        neo4j_server.query(text)
    bare.ensure_schema()
    assert not [c for c in bare.diagnose() if not c.ok]
    for label in ("User", "Film", "Brand"):
        with pytest.raises(Neo4jError, match="already exists"):
            neo4j_server.query(f"CREATE (:{label} {{id: 'a'}}), (:{label} {{id: 'a'}})")
    neo4j_server.query("DROP CONSTRAINT graphkit_film_id")
    (lost,) = [c for c in bare.diagnose() if not c.ok]
    assert "film_id" in lost.value
    bare.ensure_schema()
    assert all(c.ok for c in bare.diagnose())


@pytest.mark.neo4j
def test_what_stands_in_the_way_of_a_constraint_is_named(bare, neo4j_server):
    """An index on the same property by its name; rows that are there twice by their id."""
    neo4j_server.query("CREATE INDEX `my users` FOR (x:User) ON (x.id)")
    with pytest.raises(StoreError) as caught:
        bare.ensure_schema()
    assert "DROP INDEX `my users`" in caught.value.hint
    neo4j_server.query("DROP INDEX `my users`")
    neo4j_server.query("CREATE (:User {id: 'twice'}), (:User {id: 'twice'})")
    with pytest.raises(StoreError, match="'twice'") as caught:
        bare.ensure_schema()
    listed = caught.value.hint.partition("MATCH")[2].partition(" lists")[0]
    assert neo4j_server.query("MATCH" + listed) == [{"id": "twice", "n": 2}]


@pytest.mark.neo4j
def test_nodes_of_others_under_a_label_of_ours_are_refused_with_a_way_to_find_them(open_neo4j, neo4j_server):
    """A number or nothing as id: reading the graph ended in a TypeError."""
    neo4j_server.query("CREATE (:User {id: 1}), (:User {name: 'x'}), (:User {id: 'u'})")
    with pytest.raises(DataInvalid, match="2 of 3 User nodes") as caught:
        open_neo4j().tables()
    assert len(neo4j_server.query(caught.value.hint.partition(" lists")[0])) == 2


# -- time
@pytest.mark.neo4j
def test_a_count_asks_only_for_kinds_in_use(bare, neo4j_server, monkeypatch):
    """A server that has just started took ten seconds to plan a count of 44 kinds: none is planned where none is.

    A constraint that an earlier load left behind makes its label one in use, so the database must be a bare one.
    """
    store, said = bare, []
    real = Transaction.__call__
    monkeypatch.setattr(
        Transaction, "__call__", lambda run, text, params=None: said.append(text) or real(run, text, params)
    )
    assert store.is_empty()
    assert not [text for text in said if "MATCH" in text]
    tables = small().canonical()
    store.load(tables, report_for(tables))
    neo4j_server.query("CREATE (:Plan {id: 'p'}), (:Foreign {id: 'x'})-[:HAS_NOTHING]->(:Foreign)")
    told = tables.counts()
    assert store.counts(Deadline(10)) == {**told["by_label"], **told["by_type"]}


def test_a_load_out_of_time_names_the_limit_that_was_given(monkeypatch):
    """Not what was left of it once the store was open; how long that took stands beside it."""

    class App:
        def open(self, **_):
            return open_store("memory://")

        def progress(self):
            from contextlib import nullcontext

            return nullcontext()

    def late(*_, **__):
        raise Deadline(11.3676, "load").error()

    monkeypatch.setattr("graphkit.projection.load.load_directory", late)
    with pytest.raises(DeadlineExceeded, match=r"within 30 s; opening the store took 0\.\d s") as caught:
        _run(App(), "data", 30.0, dry_run=False)
    assert "--time-limit" in caught.value.hint
