"""match/learning_path at any depth: the ancestors and longest distances of networkx, on every store."""

import time

import networkx as nx
import numpy as np
import pytest
from market_fixtures import table, tie

from graphkit.matching.path import learning_path
from graphkit.model.tables import GraphTables
from graphkit.model.validate import DataReport
from graphkit.store.queries import check_params, load_query


def _graphs():
    """Named graphs of requirements: deep, with 2^30 ways, drawn, and with circles beside and below the goal."""
    rng = np.random.default_rng(8)
    drawn = [(f"d{i:02}", f"d{j:02}") for i in range(40) for j in rng.choice(40, 3) if j < i]
    return {
        "chain": [(f"c{i:02}", f"c{i - 1:02}") for i in range(1, 30)],
        "ladder": [(f"l{i:02}{a}", f"l{i - 1:02}{b}") for i in range(1, 31) for a in "ab" for b in "ab"],
        "drawn": drawn,
        "circle": [
            ("r0", "r1"),
            ("r1", "r2"),
            ("r2", "r3"),
            ("r3", "r1"),
            ("r3", "r4"),
            ("r4", "r5"),
            ("r0", "r6"),
            ("r6", "r7"),
        ],
        "aside": [("s0", "s1"), ("s1", "s2"), ("s8", "s9"), ("s9", "s8"), ("s9", "s1")],
        "self": [("t0", "t0"), ("t0", "t1")],
    }


GRAPHS = _graphs()
GOALS = [("chain", "c29"), ("chain", "c12"), ("ladder", "l30a"), ("drawn", "d39"), ("drawn", "d25"), ("aside", "s0")]


@pytest.fixture(scope="module")
def tables():
    """All graphs in one store; user u completed c20, l15a, l15b and d38."""
    arcs = sorted({arc for arcs in GRAPHS.values() for arc in arcs})
    courses = table("Course", sorted({x for arc in arcs for x in arc} | {"alone"}))
    users = table("User", ["u"], consent=[True])
    done = ["c20", "l15a", "l15b", "d38"]
    ties = (
        _tie("REQUIRES", courses, courses, arcs),
        _tie("ENROLLED", users, courses, [("u", x) for x in done], progress=[1.0] * 4),
    )
    return GraphTables({"Course": courses, "User": users}, ties, "paths", "CNY", "UTC")


def _load(store, tables):
    """Put all of it into a store."""
    counts = tables.counts()
    rows = sum(counts["by_label"].values()) + sum(counts["by_type"].values())
    store.load(tables, DataReport((), rows, rows, 0, 0, counts["by_label"], counts["by_type"]))


def _tie(kind, sources, targets, pairs, **columns):
    """Relationships between ids."""
    ends = zip(*((sources.row_of()[a], targets.row_of()[b]) for a, b in pairs), strict=True)
    return tie(kind, sources.label, targets.label, *map(list, ends), **columns)


def _longest(arcs, goal, done=()):
    """Ancestors with their longest distance, by networkx; courses completed are taken out first."""
    graph = nx.DiGraph(arcs)
    graph.remove_nodes_from(done)
    below = graph.subgraph(nx.descendants(graph, goal) | {goal})
    far = {goal: 0}
    for x in nx.topological_sort(below):
        for y in below.successors(x):
            far[y] = max(far.get(y, 0), far[x] + 1)
    return sorted(((x, n) for x, n in far.items() if x != goal), key=lambda pair: (-pair[1], pair[0]))


def test_every_store_finds_all_at_any_depth(store, tables):
    """Deep chains, a ladder of 2^30 ways and drawn graphs: the rows are networkx's ancestors, in seconds, with and without a learner."""
    _load(store, tables)
    query = load_query("match/learning_path")
    begin = time.monotonic()
    for name, goal in GOALS:
        for user, done in (("", ()), ("u", ("c20", "l15a", "l15b", "d38"))):
            rows = store.read(query, check_params(query, {"course": goal, "user": user})).rows
            assert [(row[0], row[3]) for row in rows] == _longest(GRAPHS[name], goal, done), (name, goal, user)
            made = learning_path(GRAPHS[name], goal, completed=done)
            assert [row[0] for row in rows] == list(made.steps)
    assert time.monotonic() - begin < 240  # 2^30 ways one by one would take weeks
    for goal in ("alone", "nowhere", "c00"):
        assert store.read(query, check_params(query, {"course": goal})).rows == []
    own = store.read(query, check_params(query, {"course": "c20", "user": "u"})).rows
    assert own == []


def test_what_a_circle_leads_to_has_no_depth(store, tables):
    """Courses on a circle and below it come without a depth and first; those beside it keep theirs."""
    _load(store, tables)
    query = load_query("match/learning_path")
    rows = store.read(query, check_params(query, {"course": "r0"})).rows
    assert [(row[0], row[3]) for row in rows] == [
        ("r1", None),
        ("r2", None),
        ("r3", None),
        ("r4", None),
        ("r5", None),
        ("r7", 2),
        ("r6", 1),
    ]
    rows = store.read(query, check_params(query, {"course": "t0"})).rows
    assert [(row[0], row[3]) for row in rows] == [("t0", None), ("t1", None)]
