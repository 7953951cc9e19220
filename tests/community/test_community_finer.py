"""Groups that were joined although the ties tell them apart: how many nats they save, and who is asked next."""

import itertools
import math

import networkx as nx
import numpy as np
import pytest
from reference.partitions import projection

from graphkit.community import leiden
from graphkit.community.finer import parts_gain
from graphkit.community.leiden import communities
from graphkit.community.quality import undirected
from graphkit.projection.arrays import from_arrays


def cliques(n, k):
    """Ring of n full cliques of k nodes, joined by single ties."""
    return nx.convert_node_labels_to_integers(nx.ring_of_cliques(n, k))


def told(graph, found, finer):
    """Nats of the shorter telling by whole numbers and plain loops over nodes, pairs and ties."""
    ln = math.log
    own, alike = {}, [0, 0, 0, 0, 0.0, 0.0, []]
    for c in set(found):
        nodes = [v for v in graph if found[v] == c and graph.degree(v)]
        parts = sorted({finer[v] for v in nodes})
        if len(parts) < 2:
            continue
        size = [sum(finer[v] == r for v in nodes) for r in parts]
        pairs, room = math.comb(len(nodes), 2), sum(math.comb(s, 2) for s in size)
        ties = [(u, v) for u, v in graph.edges if found[u] == found[v] == c]
        within = sum(finer[u] == finer[v] for u, v in ties)
        null = ln(math.comb(pairs, len(ties)))
        names = ln(math.factorial(len(nodes)) // math.prod(math.factorial(s) for s in size))
        own[c] = null - ln(math.comb(room, within)) - ln(math.comb(pairs - room, len(ties) - within))
        own[c] -= ln(len(ties) + 1) + names + ln(math.comb(len(nodes) - 1, len(parts) - 1)) + ln(len(nodes))
        alike = [a + b for a, b in zip(alike, [pairs, room, len(ties), within, null, names, size], strict=True)]
    if not own:
        return 0.0
    which = lambda s: ln(math.comb(len(set(found)), s)) + ln(len(set(found)) + 1)
    pairs, room, ties, within, null, names, size = alike
    largest = max(sum(found[v] == c and graph.degree(v) > 0 for v in graph) for c in own)
    often = [size.count(s) for s in set(size)]
    sizes = ln(math.factorial(len(size)) // math.prod(math.factorial(h) for h in often))
    sizes += (len(often) + 1) * (ln(largest) + ln(len(size)))
    both = (
        null - ln(math.comb(room, within)) - ln(math.comb(pairs - room, ties - within)) - ln(ties + 1) - names - sizes
    )
    good = [x for x in own.values() if x > 0]
    return max(sum(good) - which(len(good)), both - which(len(own))) - ln(2)


@pytest.mark.parametrize("number", range(6))
def test_the_gain_is_that_of_two_tellings_by_whole_numbers(number):
    """Random graphs and partitions, nodes without ties among them, and planted parts; a plain count."""
    rng = np.random.default_rng(number)
    graph = nx.gnm_random_graph(30, 40, seed=number) if number % 2 else cliques(10, 4)
    graph.add_nodes_from([graph.number_of_nodes(), graph.number_of_nodes() + 1])
    n = graph.number_of_nodes()
    found = rng.integers(0, 4, n) if number < 3 else np.arange(n) // 12
    finer = rng.integers(0, 3, n) if number < 2 else np.arange(n) // 4
    assert parts_gain(undirected(projection(graph)), found, finer) == pytest.approx(told(graph, found, finer), abs=1e-9)
    assert parts_gain(undirected(projection(graph)), found, found) == 0.0


def test_random_ties_seldom_save_much():
    """All 210 graphs of 5 nodes and 4 ties, the best of all 52 partitions of each: the mean of exp(gain) is at most 1."""
    every = list(itertools.combinations(range(5), 2))
    ways = [
        w for w in itertools.product(range(5), repeat=5) if all(w[i] <= max(w[:i], default=-1) + 1 for i in range(5))
    ]
    assert len(ways) == 52
    total, count = 0.0, 0
    for ties in itertools.combinations(every, 4):
        flat = undirected(from_arrays(*np.array(ties).T, n_nodes=5, directed=False))
        total += math.exp(max(parts_gain(flat, np.zeros(5, np.int64), np.array(w)) for w in ways))
        count += 1
    assert count == 210
    assert total / count <= 1.0


@pytest.mark.parametrize("k", [4, 5, 6])
def test_a_ring_of_cliques_is_joined_beyond_the_resolution_limit_and_said_so(k):
    """Joined from n > k (k - 1) + 2 cliques on (Fortunato, Barthelemy 2007); the objective named finds every clique."""
    most = k * (k - 1) + 2
    below = communities(projection(cliques(most - 1, k)), rng=1)
    assert below.n_communities == most - 1
    assert below.finer_objective is None
    for n in (most + 1, 3 * most):
        joined = communities(projection(cliques(n, k)), rng=1)
        assert joined.n_communities < n
        assert joined.finer_gain > 0
        asked = communities(projection(cliques(n, k)), objective=joined.finer_objective, rng=1)
        assert asked.n_communities == n
        assert asked.finer_objective is None


@pytest.mark.parametrize("how", [{}, {"resolution": "auto"}, {"objective": "block_model"}])
def test_groups_too_small_for_blocks_point_to_the_map_equation(how):
    """Sixty cliques of four: joined by all three, and each says who finds them."""
    p = projection(cliques(60, 4))
    joined = communities(p, effort="fast", rng=1, **how)
    assert joined.n_communities < 60
    assert joined.finer_objective == "map_equation"
    assert communities(p, effort="fast", objective="map_equation", rng=1).n_communities == 60


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("how", [{}, {"resolution": "auto"}, {"objective": "block_model"}])
def test_nothing_finer_is_named_where_there_is_nothing(how, number):
    """Random ties, hubs, a tree, a regular graph, a ladder, and six groups that are told apart already."""
    made = [
        nx.gnm_random_graph(400, 1_600, seed=number),
        nx.barabasi_albert_graph(400, 3, seed=number),
        nx.barabasi_albert_graph(400, 1, seed=number),
        nx.random_regular_graph(3, 300, seed=number),
        nx.circular_ladder_graph(200),
        nx.planted_partition_graph(6, 60, 0.3, 0.01, seed=number),
    ]
    for graph in made:
        found = communities(projection(graph), effort="fast", rng=number, **how)
        assert found.finer_objective is None
        assert found.finer_gain <= 0


def test_who_wants_labels_only_saves_the_look(monkeypatch):
    """The same labels; neither the map equation nor blocks are searched, so neither is compiled for it."""
    graph = projection(cliques(30, 4))
    both = communities(graph, effort="fast", rng=1)
    assert both.finer_gain > 0
    monkeypatch.setattr(leiden, "walk", lambda *_: pytest.fail("walked"))
    monkeypatch.setattr(leiden, "look_for_finer", lambda *_: pytest.fail("looked"))
    alone = communities(graph, effort="fast", rng=1, finer=False)
    assert alone.finer_gain is None
    assert alone.finer_objective is None
    assert alone.labels.tolist() == both.labels.tolist()
