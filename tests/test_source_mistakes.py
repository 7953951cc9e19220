"""Formulas of the source texts that are wrong: each one a test of what graphkit does instead."""

import itertools

import networkx as nx
import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import live_edge
from scipy import sparse

from graphkit.diffusion.alias import viral_propagation
from graphkit.errors import DataInvalid, GraphkitError, InvalidParameter, UnknownNode
from graphkit.matching.clusters import cluster_profiles
from graphkit.matching.factors import factorise
from graphkit.matching.neighbours import item_neighbours
from graphkit.matching.similarity import match
from graphkit.matching.text import search
from graphkit.matching.update import update_profile

EDGES = [(1, 2), (1, 3), (2, 4), (3, 4), (4, 5)]


def five_nodes(order=(1, 2, 3, 4, 5), p=0.4):
    """The text's graph of five nodes, its nodes added in any order."""
    graph = nx.Graph()
    graph.add_nodes_from(order)
    graph.add_edges_from(EDGES, p=p)
    return graph


@pytest.mark.parametrize("hops", [0, 1, 3, 10, 30, 100])
def test_viral_propagation_stays_a_probability(hops):
    """The text's score is 1, 7, 1023, 1.07e9, 1.27e30 after 1, 3, 10, 30, 100 rounds; ours lies in [0, 1]."""
    values = viral_propagation(five_nodes(), [1, 4], hops, rng=7)
    assert list(values) == [1, 2, 3, 4, 5]
    assert all(0 <= x <= 1 for x in values.values())


def test_viral_propagation_names_what_is_no_graph():
    """A list of edges is refused by name."""
    with pytest.raises(InvalidParameter, match="NetworkX"):
        viral_propagation([(0, 1)], [0], 2)


def test_viral_propagation_starts_every_seed_at_one():
    """The text sets only the first seed; here each seed is 1 from the start."""
    assert viral_propagation(five_nodes(), [1, 4], 0, rng=7) == {1: 1.0, 2: 0.0, 3: 0.0, 4: 1.0, 5: 0.0}
    assert viral_propagation(five_nodes(), [5, 3], 4, rng=7)[5] == 1.0


def test_viral_propagation_ignores_the_order_of_seeds_and_nodes():
    """The text gives 10/11/10 for 7/7/7 with swapped seeds, and node 5 is 7 or 3; here all orders agree."""
    expected = viral_propagation(five_nodes(), [1, 4], 3, rng=7)
    for order in itertools.permutations((1, 2, 3, 4, 5)):
        if order[0] > 2:
            continue
        assert viral_propagation(five_nodes(order), (4, 1), 3, rng=7) == expected


def test_viral_propagation_never_falls_with_more_hops():
    """The same worlds at every hop limit."""
    runs = [viral_propagation(five_nodes(), [1], hops, rng=7) for hops in range(6)]
    for fewer, more in itertools.pairwise(runs):
        assert all(more[v] >= fewer[v] for v in fewer)


@pytest.mark.parametrize("hops", [1, 2, 4])
def test_viral_propagation_equals_enumeration(hops):
    """Each node within 4.5 standard errors of the exact chance over all 2^10 worlds (false alarm 7e-6 a node)."""
    arcs = [(u, v, 0.4) for a, b in EDGES for u, v in ((a, b), (b, a))]
    values, exact = viral_propagation(five_nodes(), [1], hops, rng=7), dict.fromkeys(range(1, 6), 0.0)
    for chance, live in live_edge.worlds(arcs):
        for v in live_edge.reached(live, [1], hops):
            exact[v] += chance
    for v, p in exact.items():
        assert abs(values[v] - p) <= 4.5 * (max(p * (1 - p), 0) / 10_000) ** 0.5 + 1e-9


def test_viral_propagation_follows_directions_and_joins_parallel_edges():
    """A directed edge works one way; .6 and .7 in parallel work as .88."""
    graph = nx.MultiDiGraph()
    graph.add_edge("a", "b", p=0.6)
    graph.add_edge("a", "b", p=0.7)
    assert viral_propagation(graph, "b", 5, rng=1) == {"a": 0.0, "b": 1.0}
    assert viral_propagation(graph, "a", 5, rng=1)["b"] == pytest.approx(0.88, abs=4.5 * (0.88 * 0.12 / 10_000) ** 0.5)


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (UnknownNode, {"seeds": [9]}),
        (InvalidParameter, {"seeds": []}),
        (InvalidParameter, {"iterations": -1}),
        (InvalidParameter, {"iterations": 1.5}),
        (InvalidParameter, {"G": five_nodes(p=1.2)}),
        (DataInvalid, {"G": nx.path_graph(3), "seeds": [0]}),
    ],
)
def test_viral_propagation_names_wrong_arguments(error, change):
    """Unknown or no seed, broken hop numbers, p outside [0, 1], no p."""
    with pytest.raises(error) as caught:
        viral_propagation(**{"G": five_nodes(), "seeds": [1], "iterations": 2, **change})
    assert isinstance(caught.value, GraphkitError)


BEHAVIOUR = np.array([[1.0, 2, 3], [2, 4, 6], [1, 1, 1]])


def test_rank_deficient_behaviour_gives_finite_scores():
    """The text inverts a 3 x 3 behaviour matrix of rank 2 and fails; here every recommender scores it."""
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.inv(BEHAVIOUR)
    x = sparse.csr_array(BEHAVIOUR)
    models = [
        item_neighbours(x),
        item_neighbours(x, method="cosine"),
        factorise(x, method="svd", rank=3),
        factorise(x, rank=3),
    ]
    for model in models:
        assert np.isfinite(model.scores(x)).all()
    assert factorise(x, method="svd", rank=3).rank == 2
    assert np.isfinite(match(BEHAVIOUR, BEHAVIOUR).score).all()


def test_search_scores_chinese_sentences():
    """A word tokeniser makes each sentence one token and all cosines 0; character grams give .727, .250, .250."""
    films = {"1": "电影1是一部科幻电影", "2": "电影2是一部爱情电影", "3": "电影3是一部动作电影"}
    found = search(films, "科幻电影")
    assert found.ids == ("1", "2", "3")
    assert_allclose(found.scores, [0.727, 0.250, 0.250], atol=5e-4)
    assert len(search(films, "zzz")) == 0


def test_cosine_of_a_vector_with_itself_is_no_training_target():
    """The text's loss -log cos(x, x) is always 0; here likeness tells vectors apart: orthogonal 0, equal 1, at any scale."""
    found = match({"a": {"s": 3.0}}, {"equal": {"s": 1e-9}, "orthogonal": {"t": 5.0}, "half": {"s": 1.0, "t": 1.0}})
    assert dict(zip(found.right, found.score.tolist(), strict=True)) == pytest.approx(
        {"equal": 1.0, "half": 0.5**0.5, "orthogonal": 0.0}
    )


def test_factors_keep_both_halves_of_the_singular_values():
    """The text sets X = U S^1/2 and Y = V, which loses half of S; here X Y^T is the truncated product."""
    r = np.random.default_rng(1).random((12, 8))
    u, s, vt = np.linalg.svd(r, full_matrices=False)
    found = factorise(r, method="svd", rank=3)
    assert_allclose(found.user_factors @ found.item_factors.T, (u[:, :3] * s[:3]) @ vt[:3], atol=1e-8)
    lost = (u[:, :3] * np.sqrt(s[:3])) @ vt[:3]
    assert np.abs(lost - (u[:, :3] * s[:3]) @ vt[:3]).max() > 0.1


def test_profile_update_follows_its_power_law_and_refuses_to_diverge():
    """The text's u + alpha (b - u v) reaches 100.5 after 200 steps; LMS leaves (1 - alpha v.v)^k of the residual."""
    u, v, b, alpha = np.zeros(2), np.array([1.0, 2.0]), 0.5, 0.1
    text = np.array([0.0, 0.0])
    for _ in range(200):
        text = text + 1.0 * (b - text * np.array([0.0, 2.0]))
    assert np.abs(text).max() > 50
    for _ in range(7):
        u = update_profile(u, v, b, rate=alpha)
    assert b - u @ v == pytest.approx((1 - alpha * (v @ v)) ** 7 * b, abs=1e-12)
    with pytest.raises(InvalidParameter):
        update_profile(u, v, b, rate=2 / (v @ v))


def test_clusters_take_one_column_and_do_not_know_row_numbers():
    """The text's KMeans on one column is a ValueError, and it recommends by row number; here rows only permute."""
    ages = np.array([21.0, 60, 22, 58, 23, 61, 24])
    labels = cluster_profiles(ages, k=2).labels
    order = np.array([3, 0, 6, 1, 5, 2, 4])
    assert labels.tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert cluster_profiles(ages[order], k=2).labels.tolist() == labels[order].tolist()
    x = (np.random.default_rng(2).random((30, 6)) < 0.4).astype(float)
    scores = item_neighbours(x).scores(sparse.csr_array(x))
    rows = np.random.default_rng(3).permutation(30)
    assert_allclose(item_neighbours(x[rows]).scores(sparse.csr_array(x[rows])), scores[rows], atol=1e-12)
