"""Projections of tables: direction of influence, consent, combination of types, rectangular views."""

from __future__ import annotations

import numpy as np
import pytest

from graphkit.errors import DataInvalid, UnknownName, UnknownNode
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, object_array
from graphkit.projection.biadjacency import biadjacency
from graphkit.projection.build import project


def _graph(edges, users=("a", "b", "c"), consent=None, **extra) -> GraphTables:
    agreed = np.array([True] * len(users) if consent is None else consent)
    nodes = {"User": NodeColumns("User", object_array(users), {"consent": agreed}), **extra}
    return GraphTables(nodes, tuple(edges))


def _rows(type_, pairs, labels=("User", "User"), **columns) -> EdgeColumns:
    a, b = np.array(pairs, np.int64).reshape(-1, 2).T
    return EdgeColumns(type_, *labels, a.copy(), b.copy(), columns)


def _arcs(p) -> set:
    return {(p.id_of(a), p.id_of(b)) for a, b in zip(p.sources, p.indices, strict=True)}


@pytest.mark.parametrize(
    ("type_", "arcs"),
    [
        ("FOLLOWS", {("b", "a")}),
        ("KNOWS", {("a", "b"), ("b", "a")}),
        ("SHARED_WITH", {("a", "b")}),
        ("INFLUENCES", {("a", "b")}),
    ],
)
def test_direction_of_influence(type_, arcs):
    """The two-node table of the model: against FOLLOWS, both ways along KNOWS, else with the arrow."""
    assert _arcs(project(_graph([_rows(type_, [(0, 1)])]))) == arcs


def test_users_without_consent_leave_with_their_ties():
    """Flipping a tie of a user without consent changes neither arcs nor rows."""
    without = [
        project(_graph([_rows("KNOWS", pairs)], consent=[True, False, True]))
        for pairs in ([(0, 1), (0, 2)], [(0, 2), (1, 2)])
    ]
    for p in without:
        assert p.nodes.ids.tolist() == ["a", "c"]
        assert _arcs(p) == {("a", "c"), ("c", "a")}
        assert p.without_consent == pytest.approx(1 / 3)
    assert np.array_equal(without[0].edge_key, without[1].edge_key)


def test_two_types_between_two_users_combine():
    """KNOWS and FOLLOWS at p = .1 give 1 - .9^2 = .19 in the shared direction."""
    p = project(_graph([_rows("KNOWS", [(0, 1)]), _rows("FOLLOWS", [(1, 0)])]), probability=0.1)
    assert dict(zip(sorted(_arcs(p)), p.probability.round(12).tolist(), strict=True)) == {
        ("a", "b"): 0.19,
        ("b", "a"): 0.1,
    }
    assert p.n_duplicates == 1


def test_learned_needs_one_run():
    """`learned` takes INFLUENCES.p, and neither nothing nor two runs at once."""
    one = _rows("INFLUENCES", [(0, 1), (1, 2)], p=np.array([0.2, 0.7]), run=object_array(["r1", "r1"]))
    p = project(_graph([one, _rows("KNOWS", [(0, 2)])]), probability="learned")
    assert p.probability.tolist() == [0.2, 0.7]
    two = _rows("INFLUENCES", [(0, 1), (0, 1)], p=np.array([0.2, 0.7]), run=object_array(["r1", "r2"]))
    with pytest.raises(DataInvalid, match="2 runs"):
        project(_graph([two]), probability="learned")
    with pytest.raises(DataInvalid, match="no INFLUENCES"):
        project(_graph([_rows("KNOWS", [(0, 1)])]), probability="learned")


def test_partial_weight_is_an_error():
    """A weight missing on one of two relationships is named with its count."""
    edges = _rows("KNOWS", [(0, 1), (1, 2)], weight=object_array([1.5, None]))
    with pytest.raises(DataInvalid, match="1 of 2"):
        project(_graph([edges]), weight="weight")
    whole = project(_graph([_rows("KNOWS", [(0, 1), (1, 1)], weight=np.array([1.5, 4.0]))]), weight="weight")
    assert whole.weight.tolist() == [1.5, 1.5]
    assert (whole.n_self_loops, whole.loop_rows.tolist(), whole.loop_weight.tolist()) == (1, [1], [4.0])


def test_page_graph_of_two_labels():
    """LINKED_WITH between Brand and Channel runs both ways; rows are sorted by (label, id)."""
    brand, channel = NodeColumns("Brand", object_array(["z"])), NodeColumns("Channel", object_array(["y", "x"]))
    links = (
        _rows("LINKED_WITH", [(0, 1)], ("Brand", "Channel")),
        _rows("LINKED_WITH", [(1, 0)], ("Channel", "Channel")),
    )
    p = project(_graph(links, Brand=brand, Channel=channel), label=("Channel", "Brand"), types="LINKED_WITH")
    assert list(zip(p.nodes.labels, p.nodes.ids, strict=True)) == [("Brand", "z"), ("Channel", "x"), ("Channel", "y")]
    assert _arcs(p) == {("z", "x"), ("x", "z"), ("x", "y"), ("y", "x")}
    assert p.row(("Channel", "y")) == 2


def test_min_evidence_leaves_weaker_rows_out():
    """Inferred ties go when `match` is the floor; a missing mark counts as real."""
    edges = _rows("KNOWS", [(0, 1), (1, 2), (0, 2)], evidence=object_array(["inferred", None, "match"]))
    assert _arcs(project(_graph([edges]), min_evidence="match")) == {("b", "c"), ("c", "b"), ("a", "c"), ("c", "a")}


def test_unknown_names_have_close_matches():
    """A typing mistake in a type or label is answered with what it may have meant."""
    with pytest.raises(UnknownName) as error:
        project(_graph([]), types="KNOW")
    assert "KNOWS" in error.value.close_matches
    with pytest.raises(UnknownName, match="Users"):
        project(_graph([]), label="Users")


def test_biadjacency_both_ways_and_without_consent():
    """Channel x User equals its transpose; the user without consent is in neither."""
    channel = NodeColumns("Channel", object_array(["c1", "c2"]))
    reaches = _rows("REACHES", [(0, 0), (0, 1), (1, 2)], ("Channel", "User"), p=np.array([0.4, 0.5, 0.6]))
    graph = _graph([reaches], consent=[True, False, True], Channel=channel)
    wide = biadjacency(graph, "Channel", "REACHES", "User", value="p")
    assert wide.to_scipy().toarray().tolist() == [[0.4, 0.0], [0.0, 0.6]]
    assert (wide.row_ids.tolist(), wide.column_ids.tolist()) == (["c1", "c2"], ["a", "c"])
    tall = biadjacency(graph, "User", "REACHES", "Channel", value="p")
    assert np.array_equal(tall.to_scipy().toarray(), wide.to_scipy().toarray().T)
    some = biadjacency(graph, "Channel", "REACHES", "User", rows=["c2", "c1"], consent=False)
    assert some.to_scipy().toarray().tolist() == [[0, 0, 1], [1, 1, 0]]
    with pytest.raises(UnknownNode) as error:
        biadjacency(graph, "Channel", "REACHES", "User", rows=["c3"])
    assert error.value.name == "c3"


@pytest.mark.parametrize(("combine", "cell"), [("sum", 0.9), ("max", 0.5), ("noisy_or", 0.7)])
def test_parallel_relationships_share_a_cell(combine, cell):
    """Chances .4 and .5 give .9, .5 or 1 - .6 x .5 = .7."""
    reaches = _rows("REACHES", [(0, 0), (0, 0)], ("Channel", "User"), p=np.array([0.4, 0.5]))
    graph = _graph([reaches], Channel=NodeColumns("Channel", object_array(["c1"])))
    assert biadjacency(graph, "Channel", "REACHES", "User", value="p", combine=combine).values == pytest.approx([cell])
    assert biadjacency(graph, "Channel", "REACHES", "User", combine=combine).values.tolist() == [1.0]
