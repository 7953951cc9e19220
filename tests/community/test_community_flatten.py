"""Several kinds of ties in one graph: shares of the weight, shared nodes, and the record of it."""

import networkx as nx
import numpy as np
import pytest
from numpy.testing import assert_allclose

from graphkit.community.flatten import Flattening, flatten_bipartite, flatten_types
from graphkit.community.leiden import Communities, communities
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns
from graphkit.projection.snapshot import as_snapshot


def column(values):
    """Column of Python values."""
    made = np.empty(len(values), object)
    made[:] = values
    return made


def snapshot():
    """Six users in two triangles of friends, one follow between them, channels c1 c2 shared by three, c3 by all."""
    users, channels = [f"u{i}" for i in range(6)], ["c1", "c2", "c3"]
    knows = [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5)]
    follows = [(2, 3)]
    reaches = [(0, 0), (0, 1), (0, 2), (1, 3), (1, 4), (1, 5), *((2, i) for i in range(6))]

    def edges(type_, source, target, pairs):
        ends = np.array(pairs).T
        return EdgeColumns(type_, source, target, ends[0], ends[1], {})

    return as_snapshot(
        GraphTables(
            {
                "User": NodeColumns("User", column(users), {"consent": column([True] * 6)}),
                "Channel": NodeColumns("Channel", column(channels), {}),
            },
            (
                edges("KNOWS", "User", "User", knows),
                edges("FOLLOWS", "User", "User", follows),
                edges("REACHES", "Channel", "User", reaches),
            ),
        )
    )


def test_shares_decide_the_weight_of_a_type_whatever_its_number():
    """Shares 1 : 3 over twelve friend arcs and one follow: masses 1 : 3, total weight that of thirteen arcs."""
    graph, record = flatten_types(snapshot(), ["User"], {"KNOWS": 1, "FOLLOWS": 3})
    mass = dict(zip(record.types, np.array(record.ties) * np.array(record.weights), strict=True))
    assert record.ties == (12, 1)
    assert mass["FOLLOWS"] == pytest.approx(3 * mass["KNOWS"])
    assert graph.weight.sum() == pytest.approx(13)
    assert "KNOWS 12 ties" in str(record)


def test_a_type_without_ties_is_left_out_of_the_shares():
    """SHARED_WITH has no relationship here: friends keep weight 1."""
    graph, record = flatten_types(snapshot(), ["User"], {"KNOWS": 2, "SHARED_WITH": 5})
    assert record.types == ("KNOWS",)
    assert set(graph.weight.tolist()) == {1.0}


def test_shared_nodes_tie_as_networkx_projects_them():
    """Newman's collaboration weights of networkx, computed there on the bipartite graph."""
    graph, record = flatten_bipartite(snapshot(), "User", "Channel")
    two = nx.Graph()
    two.add_nodes_from([f"u{i}" for i in range(6)], bipartite=0)
    two.add_edges_from(
        [
            ("c1", "u0"),
            ("c1", "u1"),
            ("c1", "u2"),
            ("c2", "u3"),
            ("c2", "u4"),
            ("c2", "u5"),
            *(("c3", f"u{i}") for i in range(6)),
        ]
    )
    true = nx.bipartite.collaboration_weighted_projected_graph(two, [f"u{i}" for i in range(6)])
    matrix = np.zeros((6, 6))
    matrix[graph.sources, graph.indices] = graph.weight
    assert graph.nodes.ids.tolist() == [f"u{i}" for i in range(6)]
    assert_allclose(matrix, nx.to_numpy_array(true, nodelist=[f"u{i}" for i in range(6)]))
    assert record == Flattening("bipartite", ("REACHES",), (12,), (1.0,), "Channel")
    assert communities(graph, rng=1).labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_channels_are_tied_by_the_users_they_share():
    """From the other side: c1 and c2 share nobody, each shares three users (of degree 2) with c3."""
    graph, _ = flatten_bipartite(snapshot(), "Channel", "User", ["REACHES"])
    matrix = np.zeros((3, 3))
    matrix[graph.sources, graph.indices] = graph.weight
    assert_allclose(matrix, [[0, 0, 3], [0, 0, 3], [3, 3, 0]])


def test_the_record_travels_with_the_result():
    """In the digest and through JSON."""
    graph, record = flatten_types(snapshot(), ["User"], {"KNOWS": 1, "FOLLOWS": 1})
    found, bare = communities(graph, rng=1, flattening=record), communities(graph, rng=1)
    assert Communities.from_json(found.to_json()).flattening == record
    assert found.manifest.digest != bare.manifest.digest
    assert Communities.from_json(bare.to_json()).flattening is None


def test_bad_requests_are_named(monkeypatch):
    """No type, wrong shares, nothing between the labels, too many pairs."""
    for shares in ({}, {"KNOWS": 0.0}, {"KNOWS": -1.0}, {"KNOWS": float("nan")}):
        with pytest.raises(InvalidParameter):
            flatten_types(snapshot(), ["User"], shares)
    with pytest.raises(DataInvalid, match="SHARED_WITH"):
        flatten_types(snapshot(), ["User"], {"SHARED_WITH": 1.0})
    with pytest.raises(DataInvalid, match="Film"):
        flatten_bipartite(snapshot(), "User", "Film")
    monkeypatch.setattr("graphkit.community.flatten._MOST_PAIRS", 10)
    with pytest.raises(InvalidParameter, match="21 pairs"):
        flatten_bipartite(snapshot(), "User", "Channel")
