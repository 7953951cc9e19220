"""The block model: its likelihood pair by pair, local optimality, unequal groups, graphs without groups, the limit of modularity."""

import math

import networkx as nx
import numpy as np
import pytest
from reference.partitions import partitions, projection
from scipy.optimize import minimize
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from graphkit.community import search
from graphkit.community.block_model import block_gain, block_leiden, newman_resolution
from graphkit.community.leiden import Communities, communities
from graphkit.community.moves import leiden
from graphkit.community.quality import connected_labels, description_gain, modularity, undirected
from graphkit.community.steps import contract
from graphkit.projection.arrays import from_arrays


def unequal(seed):
    """Groups of 12 to 400 nodes, eight ties inside a node and four anywhere: 33 groups."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(33), [12] * 20 + [40] * 8 + [150] * 4 + [400])
    inside = [rng.choice(np.flatnonzero(group == c), (4 * int((group == c).sum()), 2)) for c in range(33)]
    ends = np.unique(
        np.sort(np.concatenate([*inside, rng.integers(0, group.size, (2 * group.size, 2))]), axis=1), axis=0
    )
    return from_arrays(*ends.T, n_nodes=group.size, directed=False), group


def names(sizes):
    """Nats for who is where: how many groups, their sizes, their members."""
    n, b = sum(sizes), len(sizes)
    return (
        math.log(n)
        + math.log(math.comb(n - 1, b - 1))
        + math.log(math.factorial(n))
        - sum(math.log(math.factorial(k)) for k in sizes)
    )


@pytest.mark.parametrize("groups", [2, 3])
def test_the_gain_is_a_ratio_of_poisson_likelihoods_less_the_description(groups):
    """The likelihood of every pair of nodes, its densities found by a numerical search."""
    graph = nx.karate_club_graph()
    labels = (
        np.random.default_rng(groups).integers(0, groups, 34)
        if groups == 3
        else np.array([int(graph.nodes[v]["club"] == "Officer") for v in graph])
    )
    flat, m, n = undirected(projection(graph)), graph.number_of_edges(), 34
    degree, tied = np.array([graph.degree[v] for v in graph]), nx.to_numpy_array(graph, weight=None)
    kind = np.where(labels[:, None] == labels[None, :], labels[:, None], groups)

    def nats(density):  # every ordered pair, a node with itself too, as Karrer and Newman count
        mean = density[kind] * np.outer(degree, degree) / (2 * m)
        return -float((tied * np.log(mean) - mean).sum()) / 2

    best = minimize(lambda x: nats(np.exp(x)), np.zeros(groups + 1), tol=1e-12)
    likelihood = nats(np.ones(groups + 1)) - best.fun
    counts = math.log(math.comb(m + groups, groups)) - math.log(m + 1)
    truth = likelihood - names(np.bincount(labels).tolist()) - counts
    assert block_gain(flat, labels) == pytest.approx(truth, abs=1e-5)
    assert block_gain(flat, np.zeros(n, int)) == 0


@pytest.mark.parametrize("number", range(4))
def test_no_single_move_shortens_the_description(number):
    """A run until nothing moves, then every node to every other community and alone."""
    graph = nx.relaxed_caveman_graph(12, 8, 0.25, seed=number)
    flat = undirected(projection(graph))
    labels = block_leiden(
        flat, leiden(flat, np.arange(96), resolution=2.0, iterations=2, seed=1), iterations=100, seed=number
    )
    gain = block_gain(flat, labels)
    assert labels.max() > 3
    for node in range(96):
        for other in {int(labels[v]) for v in graph[node]} | {labels.max() + 1}:
            moved = labels.copy()
            moved[node] = other
            assert block_gain(flat, moved) <= gain + 1e-8


@pytest.mark.parametrize("number", range(5))
def test_all_partitions_of_eight_nodes(number):
    """None of the 4,140 describes the ties in fewer nats, with densities alike or not; two cliques among the graphs."""
    graph = nx.barbell_graph(4, 0) if number == 0 else nx.gnm_random_graph(8, 9 + 2 * number, seed=number)
    flat = undirected(projection(graph))
    best = max(
        max(block_gain(flat, labels), description_gain(flat, labels))
        for labels in partitions(8)
        if connected_labels(flat, labels).max() == labels.max()
    )
    found = communities(projection(graph), objective="block_model", rng=number)
    assert found.description_gain == pytest.approx(best, abs=1e-9)


def test_a_contracted_graph_keeps_its_nodes_and_edges():
    """Blocks grown from joined nodes on the small graph are better on the whole one too."""
    p, group = unequal(3)
    flat = undirected(p)
    fine = leiden(flat, np.arange(group.size), resolution=6.0, iterations=1, seed=1)
    small, node = contract(flat, fine)
    again, of = contract(small, np.arange(small.n_nodes) // 2)
    assert small.n_edges == again.n_edges == flat.indices.size / 2
    assert again.members().sum() == small.members().sum() == group.size
    assert np.array_equal(small.members(), np.bincount(node))
    found = block_leiden(again, np.arange(again.n_nodes), iterations=3, seed=2)
    assert block_gain(flat, found[of][node]) > block_gain(flat, of[node])


@pytest.mark.parametrize("number", range(3))
def test_small_dense_groups_beside_large_loose_ones(number):
    """33 groups: modularity joins them, equal densities part the large ones, the block model finds them."""
    p, group = unequal(number)
    score = {
        name: adjusted_rand_score(group, communities(p, rng=number, **asked).labels)
        for name, asked in (("alike", {"resolution": "auto"}), ("own", {"objective": "block_model"}))
    }
    found = communities(p, objective="block_model", effort="fast", rng=number)
    assert score["own"] > 0.97
    assert score["alike"] < 0.85
    assert found.n_communities in (33, 34)
    assert adjusted_rand_score(group, found.labels) > 0.97
    assert communities(p, rng=number).n_communities < 25


def test_groups_that_are_all_alike_are_found_too():
    """A ring of 60 cliques: the model in which blocks have one density is the shorter one, and used."""
    p, truth = projection(nx.ring_of_cliques(60, 5)), np.repeat(np.arange(60), 5)
    found = communities(p, objective="block_model", rng=1)
    assert np.array_equal(found.labels, truth)
    flat = undirected(p)
    assert found.description_gain == description_gain(flat, truth) > block_gain(flat, truth)
    assert found.modularity == pytest.approx(modularity(flat, truth))


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("kind", ["random", "degrees", "hubs"])
def test_no_groups_are_found_where_there_are_none(kind, number):
    """Random ties, also with unequal degrees: one community a component, though modularity reports many."""
    if kind == "random":
        graph = nx.gnm_random_graph(400, 2_400, seed=number)
    elif kind == "hubs":
        graph = nx.barabasi_albert_graph(600, 4, seed=number)
    else:
        degree = np.minimum(4 * (1 - np.random.default_rng(number).random(600)) ** -0.8, 80).astype(int)
        degree[0] += degree.sum() % 2
        graph = nx.Graph(nx.configuration_model(degree.tolist(), seed=number))
        graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    found = communities(projection(graph), objective="block_model", rng=number)
    assert found.n_communities == nx.number_connected_components(graph)
    assert found.description_gain <= 0
    plain = communities(projection(graph), rng=number)
    assert plain.n_communities > 5
    assert plain.description_gain < 0
    assert plain.finer_gain <= 0


def test_newmans_resolution_is_a_fixed_point_of_the_densities():
    """Two groups of equal degree: (w - w') / ln(w / w') with the densities by hand."""
    flat = undirected(projection(nx.barbell_graph(5, 0)))
    labels = np.repeat([0, 1], 5)
    a = 20 / 21  # one tie of 21 between them
    inside, between = a / 0.5, (1 - a) / 0.5
    assert newman_resolution(flat, labels) == pytest.approx((inside - between) / math.log(inside / between))
    assert newman_resolution(flat, np.zeros(10, int)) is None
    assert newman_resolution(flat, np.arange(10)) is None


@pytest.mark.parametrize("effort", ["fast", "balanced"])
def test_modularity_says_where_it_has_joined_groups(effort):
    """Above 0 for groups below the resolution limit, at most 0 for six clear ones; none for the map equation."""
    asked = lambda p, **more: communities(p, effort=effort, rng=2, **more).finer_gain
    joined = [
        projection(nx.ring_of_cliques(60, 5)),
        projection(nx.relaxed_caveman_graph(40, 8, 0.15, seed=1)),
        unequal(1)[0],
    ]
    assert min(asked(p) for p in joined) > 1
    clear = projection(nx.planted_partition_graph(6, 60, 0.3, 0.01, seed=1))
    assert asked(clear) <= 0
    assert asked(joined[0], resolution=6.0) <= 0
    assert asked(clear, resolution="auto") == asked(clear, objective="block_model") == 0
    assert asked(clear, objective="map_equation") is None


def test_a_large_graph_begins_with_small_groups(monkeypatch):
    """With the limit lowered: groups of Louvain at a high resolution, joined to blocks; unequal ones are found, and none in a random graph."""
    monkeypatch.setattr(search, "LARGE", 100)
    monkeypatch.setattr(search, "_SMALL", 0)
    p, group = unequal(0)
    found = communities(p, objective="block_model", effort="fast", rng=1)
    assert adjusted_rand_score(group, found.labels) > 0.95
    none = communities(
        projection(nx.gnm_random_graph(400, 2_400, seed=1)), objective="block_model", effort="fast", rng=1
    )
    assert none.n_communities == 1


DRAWN = {
    "uniform": lambda rng, m: rng.random(m),
    "exponential": lambda rng, m: rng.exponential(size=m),
    "times": lambda rng, m: rng.geometric(0.4, m),
    "log-normal": lambda rng, m: rng.lognormal(0, 1, m),
}


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize("number", range(3))
def test_weights_drawn_at_random_make_no_groups(drawn, number):
    """A random graph of 500 nodes shows none, nor does it with weights that have nothing to do with its nodes."""
    rng = np.random.default_rng(number)
    source, target = rng.integers(0, 500, (2, 2500))
    graph = from_arrays(source, target, weight=DRAWN[drawn](rng, 2500), n_nodes=500, directed=False)
    assert communities(graph, objective="block_model", rng=1).n_communities == 1
    assert communities(graph, resolution="auto", effort="fast", rng=1).n_communities == 1
    plain = communities(graph, effort="fast", rng=1)
    assert plain.description_gain < 0
    assert plain.finer_objective is None


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
def test_weights_that_say_nothing_hide_no_groups(spread):
    """Twelve planted groups of 50 are found as well as without weights, whose power 0 tells most."""
    rng, group = np.random.default_rng(5), np.repeat(np.arange(12), 50)
    source = rng.integers(0, 600, 3_000)
    target = np.where(
        rng.random(3_000) < 0.6, 50 * group[source] + rng.integers(0, 50, 3_000), rng.integers(0, 600, 3_000)
    )
    source, target = np.unique(np.sort(np.c_[source, target], axis=1), axis=0).T
    weight = rng.lognormal(0, spread, source.size)
    graph = from_arrays(source, target, weight=weight, n_nodes=600, directed=False)
    bare = from_arrays(source, target, n_nodes=600, directed=False)
    found, plain = (communities(p, objective="block_model", effort="fast", rng=1) for p in (graph, bare))
    assert found.weight_power == 0
    assert found.labels.tolist() == plain.labels.tolist()
    assert normalized_mutual_info_score(group, found.labels) > 0.9


def test_heavy_tails_hide_no_groups_that_weights_alone_show():
    """All pairs of 120 nodes, log-normal weights of sigma 1, e^1.5 times as heavy within six groups of 20."""
    rng, group = np.random.default_rng(4), np.repeat(np.arange(6), 20)
    source, target = np.triu_indices(120, 1)
    weight = rng.lognormal(1.5 * (group[source] == group[target]), 1.0)
    found = communities(
        from_arrays(source, target, weight=weight, n_nodes=120, directed=False), objective="block_model", rng=1
    )
    assert found.labels.tolist() == group.tolist()


def test_weights_and_edges_show_groups_together():
    """Groups weakly planted, their ties e times as heavy: the roots of log-normal weights find what neither the weights nor the edges do."""
    rng, group = np.random.default_rng(6), np.repeat(np.arange(12), 50)
    source = rng.integers(0, 600, 3_000)
    target = np.where(
        rng.random(3_000) < 0.4, 50 * group[source] + rng.integers(0, 50, 3_000), rng.integers(0, 600, 3_000)
    )
    source, target = np.unique(np.sort(np.c_[source, target], axis=1), axis=0).T
    weight = rng.lognormal(group[source] == group[target], 1.0)
    graph = from_arrays(source, target, weight=weight, n_nodes=600, directed=False)
    found = communities(graph, objective="block_model", effort="fast", rng=1)
    assert found.weight_power == 0.5
    assert normalized_mutual_info_score(group, found.labels) > 0.6
    assert Communities.from_json(found.to_json()).weight_power == 0.5


def test_groups_that_only_weights_show_are_found():
    """All 780 pairs of 40 nodes tied, within four groups of ten 20 times as strongly as between them."""
    group = np.arange(40) // 10
    source, target = np.triu_indices(40, 1)
    weight = np.where(group[source] == group[target], 1.0, 0.05)
    graph = from_arrays(source, target, weight=weight, n_nodes=40, directed=False)
    assert communities(graph, objective="block_model", rng=1).labels.tolist() == group.tolist()


def test_edges_count_for_as_many_equal_ones_as_vary_alike():
    """Edges put on either side by coins of .3: the share of the weight has the variance .3 x .7 / n_edges."""
    rng = np.random.default_rng(3)
    source, target = np.triu_indices(30, 1)
    weight = rng.exponential(size=source.size)
    flat = undirected(from_arrays(source, target, weight=weight, n_nodes=30, directed=False))
    share = (rng.random((20_000, weight.size)) < 0.3) @ weight / weight.sum()
    assert 0.3 * 0.7 / share.var() == pytest.approx(flat.n_edges, rel=0.04)
    even = undirected(from_arrays(source, target, weight=np.full(weight.size, 0.3), n_nodes=30, directed=False))
    assert even.n_edges == 435


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("both_ways", [0.0, 0.3, 0.7, 1.0])
def test_an_edge_counts_the_same_given_one_way_or_both(weighted, both_ways):
    """Of 300 edges this share comes as two arcs; the graph without directions is the oracle, bit for bit where all weigh the same."""
    rng = np.random.default_rng(7)
    ends = rng.permutation(np.array(np.triu_indices(60, 1)), axis=1)[:, :300]
    source, target = np.where(rng.random(300) < 0.5, ends, ends[::-1])
    weight, back = rng.exponential(size=300) if weighted else np.ones(300), rng.random(300) < both_ways
    arcs = np.r_[source, target[back]], np.r_[target, source[back]]
    given = from_arrays(*arcs, weight=np.r_[weight, weight[back]] if weighted else None, n_nodes=60)
    plain = undirected(from_arrays(source, target, weight=weight, n_nodes=60, directed=False))
    turned = undirected(given, rng.permutation(60))
    assert undirected(given).n_edges == pytest.approx(plain.n_edges, rel=1e-12 if weighted else 0)
    assert turned.n_edges == contract(turned, np.arange(60) // 2)[0].n_edges == pytest.approx(plain.n_edges, rel=1e-12)


def test_arcs_of_different_weight_count_as_one_edge_of_their_mean():
    """Three edges: arcs of 1 and 3, of 2 and nothing, of 5; loops and arcs without weight say nothing."""
    p = from_arrays([0, 1, 1, 2, 3, 3, 0], [1, 0, 2, 1, 2, 3, 3], weight=[1, 3, 2, 0, 5, 9, 0], n_nodes=4)
    assert undirected(p).n_edges == pytest.approx((2 + 2 + 5) ** 2 / (2**2 + 2**2 + 5**2))


@pytest.mark.parametrize("number", range(3))
def test_ways_drawn_at_random_make_no_groups(number):
    """A random graph of 500 nodes shows none, nor does it when a third of its edges goes both ways; counted as two, they would."""
    rng = np.random.default_rng(number)
    source, target = rng.integers(0, 500, (2, 2500))
    back = rng.random(2500) < 1 / 3
    graph = from_arrays(np.r_[source, target[back]], np.r_[target, source[back]], n_nodes=500)
    assert communities(graph, objective="block_model", rng=1).n_communities == 1
    assert communities(graph, resolution="auto", effort="fast", rng=1).n_communities == 1
