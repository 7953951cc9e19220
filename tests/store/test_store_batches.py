"""Servers with little memory for a transaction: whoever writes many rows goes on in smaller batches, complete and exact."""

import math
from itertools import pairwise

import pytest
from contracts.store import TINY, report_for, small
from neo4j.exceptions import Neo4jError

from graphkit.errors import StoreError
from graphkit.store import batches
from graphkit.store.batches import Batches
from graphkit.store.bolt_connection import Transaction
from graphkit.store.communities import remove_communities, save_communities
from graphkit.store.deadline import Deadline
from graphkit.store.experiments import save_experiment
from graphkit.store.files import read_directory
from graphkit.store.ties import load_ties, save_ties

MEMORY = Neo4jError._hydrate_neo4j(
    code="Neo.TransientError.General.MemoryPoolOutOfMemoryError", message="db.memory.transaction.max threshold reached"
)


def server(limit, tried):
    """Work on rows first to last for which a server has memory up to a limit."""

    def work(first, last):
        tried.append(last - first)
        if last - first > limit:
            message = "too much"
            raise StoreError(message) from MEMORY
        return list(range(first, last))

    return work


@pytest.mark.parametrize("n", [0, 1, 99, 100, 101, 3_000, 12_345])
@pytest.mark.parametrize("limit", [100, 101, 1_700, 20_000])
def test_every_row_is_done_once_and_in_order(n, limit):
    """Whatever the server allows; what was refused is not tried again in the same size, and few tries more than are needed."""
    tried = []
    done = Batches().over(n, server(limit, tried))
    assert [row for part in done for row in part] == list(range(n))
    assert all(second != first or first <= limit for first, second in pairwise(tried))
    assert len(tried) <= 6 + 4 * (n / limit + 1)


def test_a_batch_that_cannot_get_smaller_gives_its_error():
    """The least batch is tried once; what is not about memory is never tried again."""
    tried = []
    with pytest.raises(StoreError, match="too much"):
        Batches().over(60, server(10, tried))
    assert tried == [60]

    def broken(first, last):
        tried.append(last)
        message = "broken"
        raise StoreError(message)

    with pytest.raises(StoreError, match="broken"):
        Batches().over(5_000, broken)
    assert tried == [60, 5_000]


@pytest.fixture
def short(monkeypatch):
    """Return a switch for a limit of so many rows a transaction on every server, and the sizes that were tried."""
    real, tried = Transaction.__call__, []

    def limit(most):
        def run(tx, text, params=None):
            given = params or {}
            rows = max((len(v) for k, v in given.items() if k in {"rows", "members"}), default=0)
            if "DELETE" in text:
                rows = given["most"] if "LIMIT $most" in text else math.inf
            tried.append(rows)
            if rows > most:
                raise MEMORY
            return real(tx, text, params)

        monkeypatch.setattr(batches, "LEAST", 1)
        monkeypatch.setattr(Transaction, "__call__", run)
        return tried

    return limit


@pytest.mark.neo4j
def test_a_load_goes_on_at_once_in_smaller_batches(open_neo4j, short):
    """A limit of one row a transaction: not tried again and again for a minute, and what is loaded is exact."""
    store = open_neo4j()
    store.ensure_schema()
    tables, report, clock = small().canonical(), report_for(small()), Deadline(40)
    tried = short(1)
    done = store.load(tables, report)
    assert max(tried) > 1
    assert not clock.passed()
    assert sum(done.created.values()) == sum(map(len, tables.nodes.values())) + sum(map(len, tables.edges))
    assert store.tables().digest() == tables.digest()


def scores(store, users):
    """A result on every user, read back."""
    assert store.write_back("User", users, {"score": list(range(len(users)))}, "r") == len(users)
    return [store.node("User", u)["score"] for u in users] == list(range(len(users)))


def communities(store, users):
    """Two communities."""
    save_communities(store, "run", users, [i % 2 for i in range(len(users))])
    return members(store) == len(users)


def communities_removed(store, users):
    """A run of which nothing stays, beside one of which nothing is lost."""
    for run in ("run", "other"):
        save_communities(store, run, users, [i % 2 for i in range(len(users))])
    remove_communities(store, "run")
    return members(store) == len(users) and store.ids("Community") == ["other/0", "other/1"]


def experiment(store, users):
    """Two clusters, one treated."""
    design = {"manifest": {"digest": "0123456789"}, "treated_clusters": [True, False], "share": 0.5, "n_clusters": 2, "cluster": [i % 2 for i in range(len(users))],
              "saturation": 1.0, "theta": 0.1, "power": 0.8, "mde": 0.1}  # fmt: skip
    save_experiment(store, design, users)
    return members(store) == len(users)


def members(store):
    """Users tied to a community."""
    return store.rows_of("MATCH (:User)-[r:MEMBER_OF]->(:Community) RETURN count(r) AS n")[0]["n"]


def ties(store, users):
    """A ring of learned ties, over one of an older run."""
    chances = {name: [0.5] * len(users) for name in ("p", "p_lower", "p_upper")}
    ring = {"source": users, "target": users[1:] + users[:1], "topics": [], "snapshot": ["s"], **chances}
    for run in ("old", "new"):
        assert save_ties(store, {**ring, "run": [run]}) == len(users)
    return load_ties(store)["source"].tolist() == sorted(users)


@pytest.mark.neo4j
@pytest.mark.parametrize(
    "write", [scores, communities, communities_removed, experiment, ties], ids=lambda write: write.__name__
)
def test_results_are_written_in_smaller_batches_too(open_neo4j, short, write):
    """They ended with the server's complaint where a load went on."""
    store = open_neo4j()
    store.load(*read_directory(TINY))
    users = store.ids("User")
    tried = short(2)
    assert write(store, users)
    assert max(tried) > 2
