"""What doctor looks at in a store: each check is brought to fail once."""

import time

import pytest
from contracts.store import TINY

from graphkit.store import health
from graphkit.store.files import read_directory
from graphkit.store.health import check_server, check_store
from graphkit.store.schema_steps import checksum, schema_steps


def answers(**given):
    """A server that answers by the first word of ours that is in the question."""

    def ask(text):
        return next(rows for word, rows in given.items() if word in text)

    return ask


def healthy(**changed):
    """Answers of a store in order, with some of them changed."""
    steps = [{"id": name, "checksum": checksum(texts)} for name, texts in schema_steps().items()]
    return answers(
        **{
            "_GkStore": [{"p": {"state": "ready"}}],
            "timestamp": [{"now": time.time() * 1000}],
            "_GkSchema": steps,
            **changed,
        }
    )


def verdicts(checks):
    """Name -> whether it is in order."""
    return {c.name: c.ok for c in checks}


def test_a_store_in_order():
    """Nothing to say."""
    assert verdicts(check_store(healthy())) == {"load": True, "clock": True, "schema": True}


@pytest.mark.parametrize("skew", [-3600, -40, 40, 86_400])
def test_a_clock_that_is_wrong(skew):
    """Both ways, in seconds; the fix says how."""
    (found,) = [c for c in check_store(healthy(timestamp=[{"now": (time.time() + skew) * 1000}])) if c.name == "clock"]
    assert not found.ok
    assert float(found.value.split()[0]) == pytest.approx(skew, abs=2)
    assert "NTP" in found.fix


def test_a_slow_answer_is_not_held_against_the_clock(monkeypatch):
    """A question that took 80 seconds leaves 40 in doubt."""
    times = iter([1000.0, 1080.0])
    monkeypatch.setattr(health.time, "time", lambda: next(times))
    assert health._clock(lambda _: [{"now": 1_000_500}]).ok


def test_a_load_that_was_cut_off():
    """The way to go on is to load again."""
    (found,) = [c for c in check_store(healthy(_GkStore=[{"p": {"state": "loading"}}])) if not c.ok]
    assert (found.name, found.value) == ("load", "loading")
    assert "graphkit load" in found.fix


def test_a_schema_that_is_not_this_one():
    """Too old, changed, too new: each with its own way out; none yet is no fault."""
    steps = [{"id": name, "checksum": checksum(texts)} for name, texts in schema_steps().items()]
    fixes = []
    for rows in (
        steps[:-1],
        [{**steps[0], "checksum": "x"}, *steps[1:]],
        [*steps, {"id": "schema/V999__later", "checksum": "y"}],
    ):
        (found,) = [c for c in check_store(healthy(_GkSchema=rows)) if not c.ok]
        assert found.name == "schema"
        fixes.append(found.fix)
    assert fixes == [
        "graphkit schema apply",
        "export the data and load it into a new store",
        "upgrade graphkit-planner",
    ]
    assert verdicts(check_store(healthy(_GkSchema=[])))["schema"]


def test_server_facts_that_are_wrong():
    """A lost constraint and an index that is still built."""
    asked = answers(
        components=[{"name": "Neo4j Kernel", "versions": ["5.26.30"], "edition": "community"}],
        CURRENT=[{"user": "x", "roles": ["reader"]}],
        CONSTRAINTS=[{"type": "UNIQUENESS", "on": ["User"], "properties": ["id"]}],
        _GkSchema=[{"n": 2}],
        INDEXES=[{"name": "user_id"}],
    )
    found = {c.name: c for c in check_server(asked, None)}
    assert {name for name, c in found.items() if not c.ok} == {"constraints", "indexes"}
    assert found["account"].value == "x: reader"
    assert "none asked for" in found["dead lines"].value


def test_every_store_can_be_diagnosed(store):
    """Empty and loaded, nothing is wrong and nothing is changed."""
    assert all(c.ok for c in store.diagnose())
    store.load(*read_directory(TINY))
    before = store.version()
    found = store.diagnose()
    assert all(c.ok for c in found), found
    assert store.version() == before


@pytest.mark.neo4j
def test_a_constraint_that_somebody_dropped_is_found_and_made_again(open_neo4j, neo4j_server):
    """The schema counts as applied, the constraint is gone: doctor says so, schema apply mends it."""
    store = open_neo4j()
    store.ensure_schema()
    neo4j_server.query("DROP CONSTRAINT film_id")
    (lost,) = [c for c in store.diagnose() if not c.ok]
    assert lost.name == "constraints"
    assert "film_id" in lost.value
    store.ensure_schema()
    assert all(c.ok for c in store.diagnose())
    assert {"server", "account", "writes", "dead lines"} <= set(verdicts(store.diagnose()))
