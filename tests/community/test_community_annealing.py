"""Cooling sweeps: chances by the closed form, units of temperature, and weakly planted groups that greedy moves miss."""

import networkx as nx
import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference.partitions import projection
from sklearn.metrics import normalized_mutual_info_score

from graphkit.community.annealing import anneal, draw_kernel
from graphkit.community.leiden import communities
from graphkit.community.moves import leiden
from graphkit.community.quality import modularity, undirected
from graphkit.projection.arrays import from_arrays


@pytest.mark.parametrize("temperature", [0.2, 1.0, 5.0])
def test_a_node_joins_with_boltzmann_chances(temperature):
    """Over a grid of coins the shares are the exponentials of the gains; the links are cleared for the next node."""
    near, links, held = np.array([3, 0, 2], np.int32), np.array([2.0, 0.0, 1.5, 1.0]), np.array([4.0, 9.0, 1.0, 0.5])
    cost, chance, drawn, coins = 0.3, np.empty(4), [], (np.arange(20_000) + 0.5) / 20_000
    for coin in coins:
        left = links.copy()
        drawn.append(draw_kernel(near, 3, left, held, cost, temperature, chance, coin))
        assert not left.any()
    true = np.exp((links - cost * held)[near] / temperature)
    assert_allclose([drawn.count(c) / 20_000 for c in near], true / true.sum(), atol=1e-4)


def test_temperatures_are_counted_in_mean_weights():
    """All weights times four: the same partition."""
    graph = nx.powerlaw_cluster_graph(200, 3, 0.4, seed=1)
    weight = np.random.default_rng(1).uniform(0.5, 2, graph.number_of_edges())
    one, four = (
        anneal(undirected(projection(graph, w)), np.arange(200), resolution=1.0, sweeps=10, seed=3)
        for w in (weight, 4 * weight)
    )
    assert np.array_equal(one, four)
    assert len(set(one.tolist())) < 100


def test_sweeps_raise_the_modularity_of_a_random_start():
    """Cliques in a ring from random labels, and a graph without edges."""
    flat = undirected(projection(nx.ring_of_cliques(10, 6)))
    start = np.random.default_rng(2).integers(0, 60, 60)
    assert modularity(flat, anneal(flat, start, resolution=1.0, sweeps=20, seed=1)) > modularity(flat, start) + 0.5
    none = undirected(from_arrays(np.array([], int), np.array([], int), n_nodes=3))
    assert anneal(none, np.arange(3), resolution=1.0, sweeps=5, seed=1).tolist() == [0, 1, 2]


def planted(seed, n=4_000, mixing=0.7):
    """Degrees and group sizes by power laws as in LFR graphs, a share of the ends leaves the group."""
    rng = np.random.default_rng(seed)
    stubs = np.rint(7.8 / (1 - rng.random(n) * 0.9)).astype(int)
    size = (20 * 20.0 ** rng.random(n)).astype(int)
    group = np.repeat(np.arange(n), size)[:n]
    inner = np.minimum(rng.binomial(stubs, 1 - mixing), np.bincount(group)[group] - 1)
    pairs = []
    for part, ends in [(group == g, inner) for g in np.unique(group)] + [(np.ones(n, bool), stubs - inner)]:
        loose = rng.permutation(np.repeat(np.flatnonzero(part), ends[part]))
        pairs.append(loose[: loose.size // 2 * 2].reshape(-1, 2))
    ends = np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)
    return from_arrays(*ends[ends[:, 0] != ends[:, 1]].T, n_nodes=n, directed=False), group


@pytest.mark.parametrize("number", range(3))
def test_weakly_planted_groups_are_found(number):
    """Fast passes the modularity of the truth and is much nearer to the groups than Leiden alone."""
    p, group = planted(number)
    flat = undirected(p)
    alone = leiden(flat, np.arange(p.n_nodes), resolution=1.0, iterations=20, seed=number)
    found = communities(p, effort="fast", rng=number)
    assert found.modularity > max(modularity(flat, group), modularity(flat, alone)) + 0.005
    assert normalized_mutual_info_score(group, found.labels) > normalized_mutual_info_score(group, alone) + 0.1
