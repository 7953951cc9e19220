"""The map equation: published code lengths, every partition of small graphs, and what it sees that modularity does not."""

import math

import networkx as nx
import numpy as np
import pytest
from reference.partitions import partitions, projection

from graphkit.community.leiden import Communities, communities
from graphkit.community.map_equation import code_length, map_leiden
from graphkit.community.quality import connected_labels, undirected
from graphkit.errors import InvalidParameter
from graphkit.projection.arrays import from_arrays


def by_code_books(graph, labels):
    """L = q H(Q) + sum of p_c H(P_c), book by book as in the paper, in bits."""
    entropy = lambda rates: -sum(r / sum(rates) * math.log2(r / sum(rates)) for r in rates if r > 0)
    weight = lambda u, v: graph[u][v].get("weight", 1.0)
    total = 2 * sum(weight(u, v) for u, v in graph.edges)
    visit = {u: sum(weight(u, v) for v in graph[u]) / total for u in graph}
    books, leave = [], []
    for c in set(labels.tolist()):
        inside = [u for u in graph if labels[u] == c]
        leave.append(sum(weight(u, v) for u in inside for v in graph[u] if labels[v] != c) / total)
        books.append([visit[u] for u in inside] + [leave[-1]])
    index = sum(leave) * entropy(leave) if sum(leave) else 0.0
    return index + sum(sum(book) * entropy(book) for book in books if sum(book))


def test_code_lengths_that_infomap_publishes():
    """Two triangles joined by a chain, from its examples/python/evaluate-partition.py."""
    graph = undirected(projection(nx.Graph([(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (5, 7), (6, 7)])))
    assert code_length(graph, np.array([0, 0, 0, 1, 1, 2, 2, 2])) == pytest.approx(2.5555555555555554, abs=1e-12)
    assert code_length(graph, np.array([0, 0, 0, 0, 1, 1, 1, 1])) == pytest.approx(2.60715482741224, abs=1e-12)


@pytest.mark.parametrize("effort", ["fast", "balanced"])
def test_the_karate_club_as_igraph_publishes_it(effort):
    """Three communities, 4.31179 bits, modularity .40203, from the test of its community_infomap."""
    found = communities(projection(nx.karate_club_graph()), objective="map_equation", effort=effort, rng=1)
    assert found.n_communities == 3
    assert found.code_length == pytest.approx(4.31179, abs=1e-5)
    assert found.modularity == pytest.approx(0.40203, abs=1e-5)


def test_the_sum_equals_the_code_books():
    """On random partitions of a weighted graph."""
    graph = nx.convert_node_labels_to_integers(nx.les_miserables_graph())
    weight = np.array([w for *_, w in graph.edges(data="weight")], float)
    rng = np.random.default_rng(1)
    for groups in (1, 3, 9, 40):
        labels = rng.integers(0, groups, len(graph))
        assert code_length(undirected(projection(graph, weight)), labels) == pytest.approx(
            by_code_books(graph, labels), abs=1e-10
        )


@pytest.mark.parametrize("number", range(6))
def test_small_graphs_reach_the_shortest_of_all_descriptions(number):
    """All 4,140 partitions of 8 nodes: none is shorter, and a best one hangs together."""
    graph = nx.gnm_random_graph(8, 9 + number, seed=number)
    weight = np.random.default_rng(number).uniform(0.2, 3, graph.number_of_edges())
    flat = undirected(projection(graph, weight))
    best = min(code_length(flat, labels) for labels in partitions(8))
    found = communities(projection(graph, weight), objective="map_equation", rng=number)
    assert found.code_length == pytest.approx(best, abs=1e-12)
    assert connected_labels(flat, found.labels).max() == found.labels.max()


@pytest.mark.parametrize("number", range(3))
def test_one_run_is_a_local_optimum_of_connected_communities(number):
    """No single node can shorten the description by moving."""
    graph = nx.powerlaw_cluster_graph(100, 3, 0.6, seed=number)
    flat = undirected(projection(graph))
    labels = map_leiden(flat, np.arange(100), iterations=100, seed=number)
    length = code_length(flat, labels)
    assert connected_labels(flat, labels).max() == labels.max()
    for node in range(100):
        for other in {int(labels[v]) for v in graph[node]} | {labels.max() + 1}:
            moved = labels.copy()
            moved[node] = other
            assert code_length(flat, moved) >= length - 1e-12


def test_it_sees_groups_below_the_resolution_limit_and_none_in_noise():
    """A ring of 60 cliques of 5; a random graph is one community a component."""
    truth = np.repeat(np.arange(60), 5)
    assert np.array_equal(
        communities(projection(nx.ring_of_cliques(60, 5)), objective="map_equation", rng=1).labels, truth
    )
    noise = nx.gnm_random_graph(200, 1_200, seed=1)
    assert communities(
        projection(noise), objective="map_equation", rng=1
    ).n_communities == nx.number_connected_components(noise)


def test_odd_graphs_and_requests():
    """No edges, isolated nodes, a resolution it does not have, and JSON."""
    none = np.array([], int)
    bare = communities(from_arrays(none, none, n_nodes=3), objective="map_equation", rng=1)
    assert (bare.labels.tolist(), bare.code_length) == ([0, 1, 2], 0.0)
    found = communities(from_arrays([0, 1, 2], [1, 2, 0], n_nodes=5, directed=False), objective="map_equation", rng=1)
    assert found.labels.tolist() == [0, 0, 0, 1, 2]
    assert Communities.from_json(found.to_json()).code_length == found.code_length == pytest.approx(math.log2(3))
    for options in ({"resolution": 2.0}, {"resolution": "auto"}, {"objective": "infomap"}):
        with pytest.raises(InvalidParameter, match=next(iter(options))):
            communities(from_arrays([0], [1], n_nodes=2), **{"objective": "map_equation", **options})
