"""The search itself: exhaustive optima, what the data says about the resolution, order of the rows."""

import math

import networkx as nx
import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference.partitions import partitions, projection

from graphkit.community.leiden import communities
from graphkit.community.moves import leiden
from graphkit.community.objectives import BlockModel, MapEquation, Modularity
from graphkit.community.quality import connected_labels, description_gain, modularity, undirected
from graphkit.community.search import EFFORTS, Search
from graphkit.community.stability import recovery
from graphkit.community.steps import contract
from graphkit.errors import InvalidParameter
from graphkit.projection.arrays import from_arrays


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("resolution", [0.5, 1.0, 2.0])
def test_small_graphs_reach_the_exhaustive_optimum(number, resolution):
    """All 877 partitions of 7 nodes, random weights: no other partition is better."""
    graph = nx.gnm_random_graph(7, 11, seed=number)
    weight = np.random.default_rng(number).uniform(0.2, 3, 11)
    flat = undirected(projection(graph, weight))
    best = max(modularity(flat, labels, resolution) for labels in partitions(7))
    found = communities(projection(graph, weight), resolution=resolution, rng=number)
    assert found.modularity == pytest.approx(best, abs=1e-12)


def weighted_bipartite(number):
    """120 nodes on two sides, 240 ties of unequal weight."""
    graph = nx.bipartite.gnmk_random_graph(60, 60, 240, seed=number)
    return projection(graph, np.random.default_rng(number).uniform(0.2, 3, 240))


@pytest.mark.parametrize("objective", [Modularity(), MapEquation(), BlockModel()], ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("number", range(4))
def test_more_effort_is_never_worse(monkeypatch, objective, large, number):
    """By what the search raises, on graphs without groups, where starts differ most; also as on a graph above the limit."""
    if large:
        monkeypatch.setattr("graphkit.community.search._SMALL", 0)
        monkeypatch.setattr("graphkit.community.search.LARGE", 100)
    qualities = []
    for effort in EFFORTS:
        search = Search(undirected(weighted_bipartite(number)), objective, seed=number)
        labels = search.run(effort)
        qualities.append(search.quality)
        assert objective.quality(search.graph, labels) == search.quality
    assert qualities == sorted(qualities)


@pytest.mark.parametrize("number", range(6))
def test_more_effort_never_lowers_the_printed_modularity(number):
    """On the same graphs, asked for by name."""
    found = [communities(weighted_bipartite(number), effort=effort, rng=1).modularity for effort in EFFORTS]
    assert np.diff(found).min() >= -1e-12


def test_stability_is_the_jaccard_index_with_each_start():
    """Counted with Python sets; a community no start finds again is low, one that all find is 1."""
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])
    starts = [np.array([5, 5, 5, 5, 1, 1, 0, 0, 0]), np.array([0, 0, 1, 1, 2, 2, 2, 3, 3]), np.zeros(9, int)]
    sets = lambda part: [set(np.flatnonzero(part == c).tolist()) for c in np.unique(part)]
    true = [[max(len(a & b) / len(a | b) for b in sets(start)) for a in sets(labels)] for start in starts]
    assert_allclose(recovery(labels, starts), true)
    graph = nx.disjoint_union(nx.complete_graph(9), nx.gnm_random_graph(60, 150, seed=4))
    found = communities(projection(graph), rng=2)
    clique = found.labels[0]
    assert found.n_starts >= 20
    assert found.stability[clique] == 1.0
    assert found.stability.min() < 0.95
    assert (found.stability_range[:, 0] <= found.stability).all()
    assert (found.stability <= found.stability_range[:, 1]).all()


def test_inside_is_the_share_of_ties_that_stay():
    """Counted edge by edge."""
    graph = nx.gnm_random_graph(60, 180, seed=5)
    found = communities(projection(graph), rng=1)
    ends = np.zeros(found.n_communities)
    kept = np.zeros(found.n_communities)
    for u, v in graph.edges:
        for node, other in ((u, v), (v, u)):
            ends[found.labels[node]] += 1
            kept[found.labels[node]] += found.labels[node] == found.labels[other]
    assert_allclose(found.inside, np.divide(kept, ends, out=np.zeros_like(kept), where=ends > 0))


@pytest.mark.parametrize("number", range(4))
def test_one_run_is_a_local_optimum_of_connected_communities(number):
    """No single node can gain by moving, and every community is connected."""
    graph = nx.powerlaw_cluster_graph(120, 3, 0.4, seed=number)
    flat = undirected(projection(graph))
    labels = leiden(flat, np.arange(120), resolution=1.0, iterations=100, seed=number)
    quality = modularity(flat, labels)
    assert connected_labels(flat, labels).max() == labels.max()
    for node in range(120):
        for other in {int(labels[v]) for v in graph[node]} | {labels.max() + 1}:
            moved = labels.copy()
            moved[node] = other
            assert modularity(flat, moved) <= quality + 1e-12


def test_contracting_keeps_the_modularity_of_what_is_not_parted():
    """Modularity differences on the small graph are those of the whole one."""
    graph = nx.gnm_random_graph(60, 180, seed=2)
    flat = undirected(projection(graph))
    fine = np.random.default_rng(1).integers(0, 20, 60)
    small, node = contract(flat, fine)
    assert small.strength.sum() == flat.strength.sum()
    assert_allclose(small.strength, np.bincount(node, weights=flat.strength))
    total = flat.weight.sum()
    for seed in range(3):
        groups = np.random.default_rng(seed).integers(0, 4, small.n_nodes)
        source = small.sources()
        inner = small.weight[groups[source] == groups[small.indices]].sum() / total
        alone = flat.weight[node[flat.sources()] == node[flat.indices]].sum() / total
        share = np.bincount(groups, weights=small.strength) / total
        assert inner + alone - (share**2).sum() == pytest.approx(modularity(flat, groups[node]), abs=1e-12)


def test_description_gain_equals_its_formula_term_by_term():
    """Karate's two clubs, every logarithm written out."""
    graph = nx.karate_club_graph()
    clubs = np.array([int(graph.nodes[v]["club"] == "Officer") for v in graph])
    m, n = graph.number_of_edges(), len(graph)
    a = sum(clubs[u] == clubs[v] for u, v in graph.edges) / m
    volume = [sum(d for v, d in graph.degree if clubs[v] == c) / (2 * m) for c in (0, 1)]
    s = volume[0] ** 2 + volume[1] ** 2
    fit = m * (a * math.log(a / s) + (1 - a) * math.log((1 - a) / (1 - s)))
    size = [int((clubs == c).sum()) for c in (0, 1)]
    names = (
        math.log(math.factorial(n) / math.factorial(size[0]) / math.factorial(size[1])) + math.log(n - 1) + math.log(n)
    )
    flat = undirected(projection(graph))
    assert description_gain(flat, clubs) == pytest.approx(fit - names, abs=1e-9)
    assert description_gain(flat, np.zeros(n, int)) == 0


def test_auto_sees_groups_below_the_resolution_limit():
    """A ring of 60 cliques of 5: modularity joins neighbours, the shortest description finds all 60."""
    p = projection(nx.ring_of_cliques(60, 5))
    truth = np.repeat(np.arange(60), 5)
    assert communities(p, rng=1).n_communities < 60
    found = communities(p, resolution="auto", rng=1)
    assert np.array_equal(found.labels, truth)
    assert found.resolution > 1
    assert found.description_gain > description_gain(undirected(p), communities(p, rng=1).labels)


def test_auto_recovers_planted_groups():
    """20 groups of 15 with chances .6 inside and .03 between them."""
    graph = nx.planted_partition_graph(20, 15, 0.6, 0.03, seed=4)
    found = communities(projection(graph), resolution="auto", rng=1).labels
    same = found[:, None] == found[None, :]
    planted = np.arange(300)[:, None] // 15 == np.arange(300)[None, :] // 15
    assert (same == planted).mean() > 0.995


@pytest.mark.parametrize("number", range(3))
def test_auto_finds_nothing_where_there_is_nothing(number):
    """A random graph has no groups, though modularity reports some; components stay apart."""
    graph = nx.gnm_random_graph(200, 1_200, seed=number)
    found = communities(projection(graph), resolution="auto", rng=1)
    assert communities(projection(graph), rng=1).n_communities > 3
    assert found.n_communities == nx.number_connected_components(graph)
    assert found.description_gain <= 0


def test_ids_make_the_answer_free_of_the_order_of_nodes():
    """The same named edges from nodes listed in another order: the same groups and numbers per id."""
    graph = nx.gnm_random_graph(150, 420, seed=8)
    names = [f"n{i:03d}" for i in range(150)]
    s, t = np.array(names)[np.array(graph.edges).T]
    other = np.random.default_rng(3).permutation(150)
    first = communities(from_arrays(s, t, ids=names, directed=False), rng=5)
    again = communities(from_arrays(t, s, ids=[names[i] for i in other], directed=False), rng=5)
    assert np.array_equal(again.labels, first.labels[other])
    assert again.modularity == first.modularity


def test_disconnected_graphs_never_share_a_community():
    """Two components of different density and isolated nodes, any resolution."""
    graph = nx.disjoint_union(nx.gnm_random_graph(40, 200, seed=1), nx.path_graph(30))
    graph.add_nodes_from(range(70, 75))
    for resolution in (0.01, 1.0, "auto"):
        labels = communities(projection(graph), resolution=resolution, rng=1).labels
        for component in nx.connected_components(graph):
            rest = set(range(75)) - component
            assert not {labels[v] for v in component} & {labels[v] for v in rest}


def test_wrong_resolutions_are_named():
    """Words other than auto, zero and negative numbers."""
    for value in ("best", 0, -1.0, float("inf")):
        with pytest.raises(InvalidParameter, match="resolution"):
            communities(from_arrays([0], [1], n_nodes=2), resolution=value)
