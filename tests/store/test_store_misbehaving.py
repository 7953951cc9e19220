"""Neo4j servers that are slow, locked, short of room or not what they seem: a sentence, the right exit code, exact data."""

import pytest
from contracts.store import TINY

from graphkit.store.bolt_connection import Transaction
from graphkit.store.deadline import Deadline
from graphkit.store.files import read_directory


@pytest.mark.neo4j
def test_a_count_asks_only_for_kinds_in_use(open_neo4j, neo4j_server, monkeypatch):
    """A server that has just started took ten seconds to plan a count of 44 kinds: none is planned where none is."""
    store, said = open_neo4j(), []
    real = Transaction.__call__
    monkeypatch.setattr(
        Transaction, "__call__", lambda run, text, params=None: said.append(text) or real(run, text, params)
    )
    assert store.is_empty()
    assert not [text for text in said if "MATCH" in text]
    tables, report = read_directory(TINY)
    store.load(tables, report)
    neo4j_server.query("CREATE (:Plan {id: 'p'}), (:Foreign {id: 'x'})-[:HAS_NOTHING]->(:Foreign)")
    told = tables.counts()
    assert store.counts(Deadline(10)) == {**told["by_label"], **told["by_type"]}
