"""Parallel edges of NetworkX multigraphs: counted by walks and communities as NetworkX counts them, each a chance of its own."""

import networkx as nx
import numpy as np
import pytest

from graphkit.community.leiden import communities
from graphkit.diffusion.spread import estimate_spread
from graphkit.projection.networkx_io import from_networkx
from graphkit.ranking.pagerank import personalised_pagerank

MULTI = [nx.MultiDiGraph, nx.MultiGraph]


def drawn(kind, number, m=40, n=12):
    """Edges drawn with repetition, self-loops among them."""
    graph = kind()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(np.random.default_rng(number).integers(0, n, (m, 2)).tolist())
    return graph


@pytest.mark.parametrize("kind", MULTI)
@pytest.mark.parametrize("number", range(5))
def test_ranks_count_each_parallel_edge_as_networkx_does(kind, number):
    """Forty edges among twelve nodes, many twice or more: the scores of networkx.pagerank."""
    graph = drawn(kind, number)
    found = personalised_pagerank(from_networkx(graph), "3", tolerance=1e-10)
    true = nx.pagerank(graph, personalization={3: 1}, dangling={3: 1}, tol=1e-12, max_iter=1_000)
    assert found.scores == pytest.approx([true[i] for i in graph], abs=1e-9)


@pytest.mark.parametrize("number", range(5))
def test_modularity_counts_each_parallel_edge_as_networkx_does(number):
    """The modularity of the communities found, self-loops left out."""
    graph = drawn(nx.MultiGraph, number)
    graph.remove_edges_from(list(nx.selfloop_edges(graph, keys=True)))
    found = communities(from_networkx(graph), rng=1)
    parts = [set(np.flatnonzero(found.labels == k).tolist()) for k in range(found.n_communities)]
    assert found.modularity == pytest.approx(nx.community.modularity(graph, parts), abs=1e-12)


def test_each_parallel_edge_is_a_chance_of_its_own():
    """Three edges at .3: 1 - .7^3, and 20,000 worlds agree within four standard errors."""
    graph = nx.MultiDiGraph([(0, 1)] * 3)
    p = from_networkx(graph, probability=0.3)
    assert p.probability.tolist() == pytest.approx([1 - 0.7**3])
    share = estimate_spread(p, ["0"], n_worlds=20_000, rng=1).activation[1]
    assert abs(share - (1 - 0.7**3)) < 4 * (0.657 * 0.343 / 20_000) ** 0.5


@pytest.mark.parametrize("kind", MULTI)
def test_multigraphs_without_parallel_edges_stay_without_weights(kind):
    """Nothing to count, nothing to keep; two directions of a directed edge are not parallel."""
    graph = kind([(0, 1), (1, 2), (2, 2)])
    if graph.is_directed():
        graph.add_edge(1, 0)
    assert from_networkx(graph).weight is None


def test_an_undirected_edge_told_from_either_end_is_parallel():
    """0 - 1 and 1 - 0, and from 1 on: each direction weighs 2."""
    for nodes in ((0, 1), (1, 0)):
        graph = nx.MultiGraph()
        graph.add_nodes_from(nodes)
        graph.add_edges_from([(0, 1), (1, 0)])
        assert from_networkx(graph).weight.tolist() == [2.0, 2.0]


def test_parallel_edges_keep_the_weights_they_have():
    """Given weights add up; of edges left out by type none is counted."""
    graph = nx.MultiDiGraph()
    graph.add_edge("a", "b", weight=2.0, relationshipType="X")
    graph.add_edge("a", "b", weight=0.5, relationshipType="Y")
    assert from_networkx(graph).weight.tolist() == [2.5]
    assert from_networkx(graph, types=("Y",)).weight.tolist() == [0.5]
    for _, _, data in graph.edges(data=True):
        del data["weight"]
    assert from_networkx(graph).weight.tolist() == [2.0]
    assert from_networkx(graph, types=("Y",)).weight is None
