"""Pytest plugin: one Neo4j a session, the `store` fixture over every kind of store, and the closing word on them."""

import os

import pytest
from neo4j_server import Absent, obtain

_RAN = {"memory": 0, "embedded": 0, "neo4j": 0}
_ABSENT = {}
KINDS = ("memory", "embedded", "neo4j")


@pytest.fixture(scope="session")
def neo4j_server():
    """A real Neo4j with uri, username, password, cypher_shell(text), admin(args), wipe(), query(text)."""
    try:
        server = obtain()
    except Absent as reason:
        _ABSENT["neo4j"] = str(reason)
        if os.environ.get("GRAPHKIT_REQUIRE_NEO4J") == "1":
            pytest.fail(f"GRAPHKIT_REQUIRE_NEO4J=1, but there is no Neo4j: {reason}")
        pytest.skip(f"no Neo4j: {reason}")
    yield server
    server.close()


@pytest.fixture
def open_neo4j(neo4j_server):
    """Open an empty Neo4j store; call it again for another connection to the same data."""
    from graphkit.store.open import open_store

    neo4j_server.wipe()
    opened = []

    def opener(**options):
        opened.append(
            open_store(
                options.pop("uri", neo4j_server.uri),
                username=neo4j_server.username,
                password=neo4j_server.password,
                database=neo4j_server.database,
                **options,
            )
        )
        return opened[-1]

    yield opener
    for store in opened:
        store.close()


@pytest.fixture(params=[pytest.param(k, marks=pytest.mark.neo4j if k == "neo4j" else ()) for k in KINDS])
def store(request, tmp_path):
    """An empty store of each kind."""
    from graphkit.store.open import open_store

    _RAN[request.param] += 1
    if request.param == "neo4j":
        _RAN["neo4j"] -= 1
        opener = request.getfixturevalue("open_neo4j")
        _RAN["neo4j"] += 1
        yield opener()
        return
    with open_store("memory://" if request.param == "memory" else tmp_path / "store") as found:
        yield found


def told_stores():
    """What this process knows of the stores, as plain data for another one."""
    return {"ran": dict(_RAN), "absent": dict(_ABSENT)}


def add_stores(told):
    """Add what a worker told of the stores; nothing, when it died before."""
    if told:
        _ABSENT.update(told["absent"])
        for kind, count in told["ran"].items():
            _RAN[kind] += count


def store_summary():
    """One line a store: how many contract tests ran on it, or why none did."""
    lines = []
    for kind in KINDS:
        reason = _ABSENT.get(kind)
        if reason:
            lines.append(f"store {kind}: did not run: {reason}")
        elif _RAN[kind]:
            lines.append(f"store {kind}: ran in {_RAN[kind]} tests")
        else:
            lines.append(f"store {kind}: not asked for by the chosen tests")
    return lines
