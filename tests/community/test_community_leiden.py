"""Communities against proven optima, networkx and planted groups."""

import os

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from graphkit.community.leiden import Communities, communities
from graphkit.community.moves import leiden
from graphkit.community.quality import canonical_labels, common_neighbours, connected_labels, modularity, undirected
from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.projection.arrays import from_arrays


def projection(graph, weight=None):
    """Projection of a NetworkX graph, each edge once, rows in the graph's order."""
    place = {node: i for i, node in enumerate(graph)}
    ends = np.array([(place[u], place[v]) for u, v in graph.edges]).T
    values = None if weight is None else np.array([d[weight] for *_, d in graph.edges(data=True)], float)
    return from_arrays(*ends, weight=values, n_nodes=len(graph), directed=False)


def groups(labels):
    """Sets of rows of each community."""
    return [set(np.flatnonzero(labels == c).tolist()) for c in range(labels.max() + 1)]


@pytest.mark.parametrize(
    ("graph", "best"),
    [
        (nx.karate_club_graph(), 0.419789),
        (nx.florentine_families_graph(), 0.398749),
        (nx.les_miserables_graph(), 0.560008),
    ],
    ids=["karate", "florentine", "les_miserables"],
)
@pytest.mark.parametrize("effort", ["balanced", "thorough"])
def test_known_optima(graph, best, effort):
    """Karate and Florentine: proven by integer programming; Les Miserables: best known."""
    assert communities(projection(graph), effort=effort, rng=1).modularity >= best - 1e-6


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize("resolution", [0.5, 1.0, 2.0])
def test_modularity_equals_networkx(weight, resolution):
    """Our own sum against networkx on any partition, weighted or not."""
    graph = nx.convert_node_labels_to_integers(nx.les_miserables_graph())
    labels = np.random.default_rng(1).integers(0, 5, len(graph))
    true = nx.community.modularity(graph, groups(labels), weight=weight, resolution=resolution)
    assert modularity(undirected(projection(graph, weight)), labels, resolution) == pytest.approx(true, abs=1e-12)


def test_common_neighbours_equal_networkx():
    """Counts on every stored direction."""
    graph = nx.convert_node_labels_to_integers(nx.les_miserables_graph())
    flat = undirected(projection(graph))
    true = [
        len(list(nx.common_neighbors(graph, int(u), int(v)))) for u, v in zip(flat.sources(), flat.indices, strict=True)
    ]
    assert common_neighbours(flat).tolist() == true


@pytest.mark.parametrize("effort", ["fast", "balanced"])
def test_communities_are_connected_and_ordered(effort):
    """On a random graph every community is connected, labels fall by size."""
    graph = nx.gnm_random_graph(200, 420, seed=3)
    found = communities(projection(graph), effort=effort, rng=1)
    assert all(nx.is_connected(graph.subgraph(members)) for members in groups(found.labels))
    assert (np.diff(np.bincount(found.labels)) <= 0).all()
    assert found.modularity == pytest.approx(nx.community.modularity(graph, groups(found.labels)), abs=1e-12)


def test_ring_of_cliques_is_recovered():
    """Eight cliques of six, one edge between neighbours: exactly the cliques."""
    labels = communities(projection(nx.ring_of_cliques(8, 6)), rng=1).labels
    assert labels.tolist() == np.repeat(range(8), 6).tolist()


def test_same_bytes_for_any_number_of_cores_and_order_of_rows(monkeypatch):
    """1, 2 and 7 workers, shuffled and swapped rows; NumPy's global state stays untouched."""
    s, t = np.array(nx.gnm_random_graph(150, 500, seed=1).edges).T
    state = np.random.get_state()[1].tobytes()  # noqa: NPY002 - the global state is what is checked
    found = []
    for count in (1, 2, 7):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        found.append(communities(from_arrays(s, t, n_nodes=150, directed=False), rng=4).labels.tobytes())
    order = np.random.default_rng(1).permutation(s.size)
    found.append(communities(from_arrays(t[order], s[order], n_nodes=150, directed=False), rng=4).labels.tobytes())
    assert len(set(found)) == 1
    assert np.random.get_state()[1].tobytes() == state  # noqa: NPY002


def test_odd_graphs():
    """Isolated nodes alone, no arcs, no nodes, self-loops without effect."""
    triangle = communities(from_arrays([0, 1, 2], [1, 2, 0], n_nodes=6, directed=False), rng=1)
    assert triangle.labels.tolist() == [0, 0, 0, 1, 2, 3]
    looped = from_arrays([0, 1, 2, 3, 4, 5, 2, 0], [1, 2, 0, 4, 5, 3, 3, 0], n_nodes=6, directed=False)
    assert communities(looped, rng=1).labels.tolist() == [0, 0, 0, 1, 1, 1]
    none = np.array([], int)
    assert communities(from_arrays(none, none, n_nodes=3), rng=1).labels.tolist() == [0, 1, 2]
    assert communities(from_arrays(none, none, n_nodes=0), rng=1).n_communities == 0


def test_a_disconnected_group_is_split():
    """Two far nodes under one label get two; canonical numbers go by size, then by row."""
    flat = undirected(from_arrays([0, 2], [1, 3], n_nodes=5, directed=False))
    labels = canonical_labels(connected_labels(flat, np.zeros(5, np.int64)))
    assert labels.tolist() == [0, 0, 1, 1, 2]


def test_bad_requests_are_refused():
    """Resolution, effort and weights out of range."""
    p = from_arrays([0], [1], n_nodes=2)
    for options in ({"resolution": 0.0}, {"resolution": float("nan")}, {"effort": "best"}):
        with pytest.raises(InvalidParameter):
            communities(p, **options)
    assert issubclass(DataInvalid, ValueError)


def test_result_survives_json():
    """from_json(to_json(x)) holds the same labels."""
    found = communities(projection(nx.karate_club_graph()), rng=1)
    assert np.array_equal(Communities.from_json(found.to_json()).labels, found.labels)


@pytest.mark.parametrize("number", range(4))
def test_both_ways_equals_half_the_sum_with_the_transpose(number):
    """Against SciPy on directed weighted arcs with loops and zeros, in any order of rows; strengths are row sums."""
    rng = np.random.default_rng(number)
    source, target, weight = rng.integers(0, 40, 200), rng.integers(0, 40, 200), rng.choice([0.0, 0.25, 1.0, 3.5], 200)
    p = from_arrays(source, target, weight=weight, n_nodes=40, directed=bool(number % 2))
    a = sparse.csr_array((p.weight, p.indices, p.indptr), shape=(40, 40)).toarray()
    order = rng.permutation(40) if number > 1 else np.arange(40)
    true = ((a + a.T) / 2)[np.ix_(order, order)]
    np.fill_diagonal(true, 0)
    found = undirected(p, order)
    assert np.array_equal(sparse.csr_array((found.weight, found.indices, found.indptr), shape=(40, 40)).toarray(), true)
    assert found.indices.size == np.count_nonzero(true)
    assert found.strength == pytest.approx(true.sum(axis=1), abs=1e-12)


def test_a_large_graph_takes_two_starts_and_joins_them(monkeypatch):
    """Above the limit the search changes, not what holds: connected, at least as good as its starts, stability measured."""
    monkeypatch.setattr("graphkit.community.search._SMALL", 0)
    monkeypatch.setattr("graphkit.community.search.LARGE", 100)
    graph = nx.powerlaw_cluster_graph(300, 4, 0.5, seed=3)
    found = communities(projection(graph), effort="fast", rng=1)
    flat = undirected(projection(graph))
    alone = leiden(flat, np.arange(300), resolution=1.0, iterations=1, seed=1)
    rough = leiden(flat, np.arange(300), resolution=1.0, iterations=1, seed=1, refine=False)
    assert modularity(flat, rough) > 0.9 * modularity(flat, alone)
    assert found.n_starts == 2
    assert found.stability.shape == (found.n_communities,)
    assert found.modularity >= modularity(flat, alone) - 0.02
    assert all(nx.is_connected(graph.subgraph(members)) for members in groups(found.labels))
