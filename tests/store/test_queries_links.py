"""links/ways: what a predicted tie rests on is the same in the prediction, in Python and on every store."""

import numpy as np
import pytest
from market_fixtures import table, tie

from graphkit.model.tables import GraphTables
from graphkit.model.validate import DataReport
from graphkit.planning.link_signals import target_features
from graphkit.planning.links import predict_links
from graphkit.projection.snapshot import as_snapshot
from graphkit.projection.typed import typed_graph
from graphkit.store.queries import check_params, load_query


@pytest.fixture(scope="module")
def tables():
    """Thirty users, a third of whom did not agree, eight brands and ten films tied by chance, two kinds of ties on some pairs."""
    rng = np.random.default_rng(6)
    nodes = [
        table("User", [f"u{i:02}" for i in range(30)], consent=[i % 3 > 0 for i in range(30)]),
        table("Brand", [f"b{i}" for i in range(8)], name=[f"B{i}" for i in range(8)]),
        table("Film", [f"f{i}" for i in range(10)], name=[f"F{i}" for i in range(10)]),
        table("Tag", ["t0", "t1", "t2"], name=list("xyz"), kind=["theme"] * 3),
        table("Partnership", ["p0", "p1"], title=["P0", "P1"], status=["ended"] * 2),
    ]

    def drawn(n_source, n_target, share):
        return np.nonzero(rng.random((n_source, n_target)) < share)

    ties = [
        tie("WATCHED", "User", "Film", *drawn(30, 10, 0.2)),
        tie("LIKES", "User", "Film", *drawn(30, 10, 0.1)),
        tie("FOLLOWS", "User", "Brand", *drawn(30, 8, 0.2)),
        tie("PLACED_IN", "Brand", "Film", *drawn(8, 10, 0.3)),
        tie("HAS_TAG", "Film", "Tag", *(a := drawn(10, 3, 0.5)), w=[1.0] * len(a[0])),
        tie("HAS_TAG", "Brand", "Tag", *(a := drawn(8, 3, 0.5)), w=[1.0] * len(a[0])),
        tie("JOINS", "Brand", "Partnership", [0, 1, 2, 3], [0, 0, 1, 1]),
        tie("KNOWS", "User", "User", [1, 4], [2, 5]),
    ]
    return GraphTables({t.label: t for t in nodes}, tuple(ties), "links", "CNY", "UTC")


@pytest.mark.parametrize(("label", "to"), [("Brand", "Film"), ("Film", "Brand"), ("Brand", "Brand"), ("User", "Film")])
def test_counts_and_ways_are_those_of_the_prediction(store, tables, label, to):
    """Each predicted pair: the ways go by nodes the query lists, and its three counts are the signals of the prediction."""
    counts = tables.counts()
    rows = sum(counts["by_label"].values()) + sum(counts["by_type"].values())
    store.load(tables, DataReport((), rows, rows, 0, 0, counts["by_label"], counts["by_type"]))
    graph, names = typed_graph(as_snapshot(tables))
    tied = np.diff(graph.indptr) > 0
    sources, targets = (np.array([i for i, (x, _) in enumerate(names) if x == end and tied[i]]) for end in (label, to))
    signals = np.rint(np.exp(target_features(graph, sources, targets)) - 0.5).astype(int).tolist()
    known = dict(zip(targets.tolist(), signals, strict=True))
    found = predict_links(graph, sources[:4], targets, top=3, rank=4)
    query = load_query("links/ways")
    for source, target, ways in zip(found.source.tolist(), found.target.tolist(), found.ways, strict=True):
        ends = {"label": label, "id": names[source][1], "toLabel": to, "to": names[target][1], "minCell": 1}
        got = store.read(query, check_params(query, ends))
        listed = [dict(zip(got.columns, row, strict=True)) for row in got.rows]
        near = graph.indices[graph.indptr[target] : graph.indptr[target + 1]].tolist()
        plain = sorted(names[v] for v in near if names[v][0] != "User")
        assert [(row["via_label"], row["via"]) for row in listed if row["via"] is not None] == plain
        assert sum(row["nodes"] for row in listed) == len(near)
        own = set(graph.indices[graph.indptr[source] : graph.indptr[source + 1]].tolist())
        assert sum(row["tied"] for row in listed) == len(own & set(near))
        assert {(row["sources"], row["outside"], row["degree"]) for row in listed} == {tuple(known[target])}
        last = {names[way.nodes[-2]] for way in ways if len(way.nodes) > 1 and way.nodes[-2] != source}
        assert {x for x in last if x[0] != "User"} <= set(plain)


def test_small_numbers_of_people_are_hidden(store, tables):
    """Below the minimum cell neither the users nor a count that tells them by difference is given."""
    counts = tables.counts()
    rows = sum(counts["by_label"].values()) + sum(counts["by_type"].values())
    store.load(tables, DataReport((), rows, rows, 0, 0, counts["by_label"], counts["by_type"]))
    query = load_query("links/ways")
    got = store.read(query, check_params(query, {"label": "Brand", "id": "b0", "toLabel": "Film", "to": "f1"}))
    listed = [dict(zip(got.columns, row, strict=True)) for row in got.rows]
    (people,) = (row for row in listed if row["via_label"] == "User")
    assert (people["via"], people["nodes"], people["tied"]) == (None, None, None)
    assert {(row["outside"], row["degree"]) for row in listed} == {(None, None)}
    hidden = {"label": "User", "id": "u00", "toLabel": "Film", "to": "f1", "minCell": 1}
    assert store.read(query, check_params(query, hidden)).rows == []
