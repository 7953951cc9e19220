"""Communities kept in every store: merged, idempotent, one run beside another, and read back by Cypher."""

from pathlib import Path

import pytest

from graphkit.community.flatten import flatten_types
from graphkit.community.leiden import communities
from graphkit.projection.build import project
from graphkit.projection.snapshot import as_snapshot
from graphkit.store.communities import counted_over, remove_communities, save_communities
from graphkit.store.files import read_directory
from graphkit.store.queries import load_query

TINY = Path(__file__).parents[2] / "fixtures" / "tiny"


def rows(store, name, **params):
    """Rows of a query as dictionaries."""
    return store.read(load_query(f"communities/{name}"), {"minCell": 1, **params}).to_dicts()


@pytest.fixture
def loaded(store):
    """A store with the tiny campaign."""
    store.load(*read_directory(TINY))
    return store


def test_a_run_is_merged_and_read_back(loaded):
    """Twice the same run is one; a second run stands beside it; versions do not change; removing takes one away."""
    users, versions = loaded.ids("User")[:5], []
    for _ in range(2):
        assert save_communities(loaded, "run-a", users, [0, 0, 0, 1, 1], properties={"modularity": 0.25}) == 2
        versions.append(loaded.version())  # on a server the first use of a relationship type counts as a change
    save_communities(loaded, "run-b", users[:2], [0, 1])
    assert rows(loaded, "list") == [
        {"run": "run-a", "communities": 2, "users": 5, "modularity": 0.25, "ties": None},
        {"run": "run-b", "communities": 2, "users": 2, "modularity": None, "ties": None},
    ]
    assert [(r["community"], r["size"]) for r in rows(loaded, "sizes", run="run-a")] == [("run-a/0", 3), ("run-a/1", 2)]
    assert loaded.node("Community", "run-a/0") == {"id": "run-a/0", "size": 3, "run": "run-a", "modularity": 0.25}
    assert loaded.version() == versions[1]
    assert "Community" not in loaded.tables().nodes
    remove_communities(loaded, "run-a")
    assert [r["run"] for r in rows(loaded, "list")] == ["run-b"]
    assert loaded.ids("Community") == ["run-b/0", "run-b/1"]


@pytest.mark.parametrize("resolution", [1.0, 1.7])
@pytest.mark.parametrize(
    ("types", "shares"),
    [
        (("KNOWS", "FOLLOWS", "SHARED_WITH"), None),
        (("FOLLOWS",), None),
        (("KNOWS", "SHARED_WITH"), None),
        ((), {"KNOWS": 2, "FOLLOWS": 5}),
    ],
    ids=["default", "one", "two", "weighted"],
)
def test_the_query_counts_the_modularity_that_was_found(loaded, resolution, types, shares):
    """Cypher over the relationships against the search over arrays, on the ties and weights that the run looked at, and no others."""
    if shares is None:
        graph = project(loaded.tables(), types=types)
        record = counted_over(dict.fromkeys(types, 1.0), resolution, add=False)
    else:
        graph, made = flatten_types(as_snapshot(loaded.tables()), ["User"], shares)
        record = counted_over(dict(zip(made.types, made.weights, strict=True)), resolution, add=True)
    found = communities(graph, resolution=resolution, rng=1)
    save_communities(loaded, "run", graph.nodes.ids.tolist(), found.labels.tolist(), properties=record)
    counted = rows(loaded, "modularity", run="run")
    assert counted[0]["modularity"] == pytest.approx(found.modularity, abs=1e-8)
    assert sum(r["adds"] for r in counted) == pytest.approx(found.modularity, abs=1e-8)
    sizes = {r["community"]: r["users"] for r in rows(loaded, "sizes", run="run")}
    assert sum(sizes.values()) == graph.n_nodes
    assert abs(found.modularity) > 0.01


def test_what_the_query_cannot_count_has_no_row(loaded):
    """A run without a record of its ties, and types that the query does not follow."""
    users = loaded.ids("User")[:5]
    assert counted_over({"INFLUENCES": 1.0}, 1.0, add=False) == {}
    assert counted_over({}, 1.0, add=False) == {}
    save_communities(
        loaded, "run", users, [0, 0, 1, 1, 1], properties={"modularity": 0.1, "ties": "tied by shared Channel"}
    )
    assert rows(loaded, "modularity", run="run") == []
    assert rows(loaded, "list")[0]["ties"] == "tied by shared Channel"


def test_an_interrupted_run_is_finished_by_running_it_again(loaded, monkeypatch):
    """Members come in batches: after a cut no query shows the half, and the second call brings the rest."""
    users, calls, write = loaded.ids("User")[:5], [], loaded.write
    monkeypatch.setattr("graphkit.store.communities._BATCH", 2)
    record = counted_over({"KNOWS": 1.0}, 1.0, add=False)
    half = [("list", {}), ("sizes", {"run": "run"}), ("modularity", {"run": "run"})]

    def cut(query, params):
        calls.append(query.name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return write(query, params)

    monkeypatch.setattr(loaded, "write", cut)
    with pytest.raises(KeyboardInterrupt):
        save_communities(loaded, "run", users, [0, 0, 1, 1, 1], properties=record)
    monkeypatch.setattr(loaded, "write", write)
    assert [rows(loaded, name, **more) for name, more in half] == [[], [], []]
    save_communities(loaded, "run", users, [0, 0, 1, 1, 1])
    assert [r["size"] for r in rows(loaded, "sizes", run="run")] == [3, 2]
    consenting = project(loaded.tables(), types=("KNOWS",)).nodes.ids.tolist()
    assert sum(r["users"] or 0 for r in rows(loaded, "sizes", run="run")) == len(set(users) & set(consenting))
