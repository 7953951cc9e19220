"""The store contract on memory, the embedded engine and Neo4j, and the same digest from the latter two."""

from contracts.store import TINY, CypherContract, StoreContract

from graphkit.store.files import read_directory
from graphkit.store.open import open_store


class TestStore(StoreContract):
    """Every kind of store."""


class TestCypher(CypherContract):
    """Stores that run Cypher."""


def test_embedded_and_neo4j_hold_the_same_columns(tmp_path, open_neo4j):
    """The digest of the columns does not tell which store they come from."""
    tables, report = read_directory(TINY)
    neo4j = open_neo4j()
    neo4j.load(tables, report)
    with open_store(tmp_path / "store") as embedded:
        embedded.load(tables, report)
        assert embedded.tables().digest() == neo4j.tables().digest()
