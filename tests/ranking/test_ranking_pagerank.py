"""Personalised PageRank against a dense solve, networkx and closed forms."""

import networkx as nx
import numpy as np
import pytest
from numpy.testing import assert_allclose

from graphkit.errors import InvalidParameter, NotConverged, UnknownNode
from graphkit.projection.arrays import from_arrays
from graphkit.ranking.evidence import contributions
from graphkit.ranking.many_sources import ManyRankings, personalised_pagerank_many
from graphkit.ranking.operator import walk_operator
from graphkit.ranking.pagerank import Ranking, personalised_pagerank

D = 0.85


def dense(n, source, target, weight, v, restart):
    """Stationary vector by a dense solve, dangling mass returned to v."""
    a = np.zeros((n, n))
    np.add.at(a, (source, target), weight)
    out = a.sum(1, keepdims=True)
    step = np.divide(a, out, out=np.zeros_like(a), where=out > 0)
    z = np.linalg.solve(np.eye(n) - (1 - restart) * step.T, v / v.sum())
    return z / z.sum()


def random_graph(seed, *, symmetric=False, n=40, m=130):
    """Distinct random arcs, loops and dangling nodes among them, random weights."""
    rng = np.random.default_rng(seed)
    source, target = rng.integers(0, n, (2, m))
    source = np.where(source < n // 6, n - 1, source)
    if symmetric:
        source, target = np.r_[source, target], np.r_[target, source]
    key = np.unique(source * n + target)
    source, target = key // n, key % n
    weight = rng.uniform(0.1, 5, n * n)[key]
    if symmetric:
        low, high = np.minimum(source, target), np.maximum(source, target)
        weight = rng.uniform(0.1, 5, n * n)[low * n + high]
    return n, source, target, weight


@pytest.mark.parametrize("number", range(12))
def test_scores_equal_a_dense_solve_and_keep_their_bound(number):
    """Directed and symmetric graphs, several restarts: true L1 error <= printed bound <= tolerance."""
    n, s, t, w = random_graph(number, symmetric=number % 2 == 0)
    p, restart = from_arrays(s, t, weight=w, n_nodes=n), [0.15, 0.05, 0.5][number % 3]
    source = {3: 1.0, 17: 2.5}
    v = np.zeros(n)
    v[[3, 17]] = 1.0, 2.5
    found = personalised_pagerank(p, source, restart_probability=restart, tolerance=1e-9)
    error = np.abs(found.scores - dense(n, s, t, w, v, restart)).sum()
    assert error <= found.error_bound + 1e-12 <= 1e-9 + 1e-12
    assert walk_operator(p).symmetric == (number % 2 == 0)


def test_scores_equal_networkx_with_dangling_nodes():
    """Networkx multiplies tol by n, so it is asked for 1e-13 / n."""
    n, s, t, w = random_graph(99)
    g = nx.DiGraph()
    g.add_nodes_from(range(n))
    g.add_weighted_edges_from(zip(s.tolist(), t.tolist(), w.tolist(), strict=True))
    v = {5: 1.0, 9: 3.0}
    true = nx.pagerank(g, alpha=D, personalization=v, dangling=v, tol=1e-13 / n, max_iter=5000)
    found = personalised_pagerank(from_arrays(s, t, weight=w, n_nodes=n), v, tolerance=1e-12)
    assert_allclose(found.scores, [true[i] for i in range(n)], atol=1e-10)


@pytest.mark.parametrize(
    ("arcs", "source", "n", "true"),
    [
        ([(0, 1)], 0, 2, np.array([1, D]) / (1 + D)),
        ([(0, 1)], 2, 3, [0, 0, 1]),
        ([(0, 0), (0, 1)], 0, 2, np.array([1, D / 2]) / (1 + D / 2)),
        ([(0, 1), (1, 0), (2, 3), (3, 2)], 0, 4, np.array([1, D, 0, 0]) / (1 + D)),
    ],
)
def test_closed_forms(arcs, source, n, true):
    """One dangling seed, a lone node, a self-loop, a second component."""
    s, t = np.array(arcs).T
    found = personalised_pagerank(from_arrays(s, t, n_nodes=n), source, tolerance=1e-12)
    assert_allclose(found.scores, true, atol=1e-11)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("tolerance", [1e-6, 1e-9])
def test_many_sources_equal_dense_solves(symmetric, weighted, tolerance):
    """20 sources fill one block and part of a second; every score is within its bound."""
    n, s, t, w = random_graph(5, symmetric=symmetric)
    w = w if weighted else np.ones(s.size)
    p = from_arrays(s, t, weight=w if weighted else None, n_nodes=n)
    found = personalised_pagerank_many(p, list(range(20)), top=7, tolerance=tolerance)
    assert found.nodes.shape == found.scores.shape == (20, 7)
    assert found.error_bound.max() <= tolerance
    for i in range(20):
        true = dense(n, s, t, w, np.eye(n)[i], 0.15)
        assert_allclose(found.scores[i], true[found.nodes[i]], atol=tolerance)
        assert_allclose(true[found.nodes[i]], np.sort(true)[::-1][:7], atol=2 * tolerance)


def test_targets_limit_the_candidates_not_the_walk():
    """Only targets are ranked, with the scores of the whole graph."""
    n, s, t, w = random_graph(7)
    p = from_arrays(s, t, weight=w, n_nodes=n)
    found = personalised_pagerank_many(p, [20], top=50, targets=[1, 2, 30])
    full = personalised_pagerank(p, 20).scores
    assert set(found.nodes[0]) == {1, 2, 30}
    assert_allclose(found.scores[0], np.sort(full[[1, 2, 30]])[::-1], atol=1e-6)


@pytest.mark.parametrize(
    "source",
    [[], {}, None, {0: -1.0, 1: 2.0}, {0: 0.0}, {0: float("nan")}, {0: "much"}],
    ids=["list", "mapping", "none", "negative", "zero", "nan", "word"],
)
def test_bad_sources_are_refused(source):
    """Nowhere to restart, or a weight that is none."""
    with pytest.raises(InvalidParameter):
        personalised_pagerank(from_arrays([0, 1], [1, 2], n_nodes=3), source)


@pytest.mark.parametrize("value", ["a", None, [0.1, 0.2], float("nan")])
def test_words_are_no_restart_and_no_tolerance(value):
    """What is no number is named, not left to float."""
    p = from_arrays([0, 1], [1, 2], n_nodes=3)
    for name in ("restart_probability", "tolerance"):
        with pytest.raises(InvalidParameter, match=name):
            personalised_pagerank(p, 0, **{name: value})


@pytest.mark.parametrize("weight", ["foo", 0, float("nan"), "1"])
def test_a_weight_that_is_no_positive_number_is_named(weight):
    """One weight for all arcs: a word is refused like nought."""
    with pytest.raises(InvalidParameter, match="weight must be"):
        personalised_pagerank(from_arrays([0, 1], [1, 2], n_nodes=3), 0, weight=weight)


def test_one_source_needs_no_list():
    """A row, a NumPy row or an id of several letters is one source, as for a single ranking."""
    p = from_arrays(["ab", "b"], ["b", "a"], ids=["a", "b", "ab"])
    for source in (2, np.int64(2), "ab"):
        assert personalised_pagerank_many(p, source, top=2, targets="b").sources.tolist() == [2]
    for source in (None, 2.0, True):
        with pytest.raises((InvalidParameter, UnknownNode)):
            personalised_pagerank_many(p, source)


def test_unknown_nodes_are_named():
    """Rows outside the graph raise UnknownNode, negative ones too."""
    p = from_arrays([0, 1], [1, 2], n_nodes=3)
    for call in (lambda: personalised_pagerank(p, 7), lambda: personalised_pagerank(p, -1)):
        with pytest.raises(UnknownNode):
            call()
    with pytest.raises(UnknownNode):
        personalised_pagerank_many(p, [0, 9])


def test_a_tolerance_below_float64_raises_with_the_best_so_far():
    """1e-30 cannot be reached; the ranking comes along in the error."""
    n, s, t, w = random_graph(3)
    with pytest.raises(NotConverged) as caught:
        personalised_pagerank(from_arrays(s, t, weight=w, n_nodes=n), 20, tolerance=1e-30)
    assert caught.value.best.error_bound < 1e-12


def test_results_survive_json():
    """from_json(to_json(x)) holds the same numbers."""
    p = from_arrays(["a", "b"], ["b", "c"], ids=["a", "b", "c"])
    one = personalised_pagerank(p, "a")
    assert_allclose(Ranking.from_json(one.to_json()).scores, one.scores)
    many = personalised_pagerank_many(p, ["a", "b"], top=2)
    assert np.array_equal(ManyRankings.from_json(many.to_json()).nodes, many.nodes)
    assert one.to_frame().node.iloc[0] == "a"


def test_contributions_of_neighbours_sum_to_the_score():
    """D ppr(u) P(u, t) over the in-neighbours of t is ppr(t) when t is not the source."""
    n, s, t, w = random_graph(11)
    p = from_arrays(s, t, weight=w, n_nodes=n)
    walk, operator = personalised_pagerank(p, 20, tolerance=1e-12).scores, walk_operator(p)
    for target in (1, 8, 30):
        assert_allclose(contributions(operator, walk, target, D)[1].sum(), walk[target], atol=1e-11)


@pytest.mark.parametrize("restart", [0.001, 0.01, 0.15])
def test_many_sources_reach_the_tolerance_at_any_damping(restart):
    """Undirected pairs, paths, rings and trees: over-relaxation stalls near damping 1, the columns go on by themselves."""
    rng, n = np.random.default_rng(6), 30
    cases = {
        "pairs and single nodes": np.array([(v, v + 1) for v in range(n - 1) if v % 3]),
        "path": np.array([(v, v + 1) for v in range(n - 1)]),
        "ring": np.array([(v, (v + 1) % n) for v in range(n)]),
        "tree": np.array([(int(rng.integers(0, v)), v) for v in range(1, n)]),
    }
    for arcs in cases.values():
        both = np.concatenate((arcs, arcs[:, ::-1])).T
        got = personalised_pagerank_many(from_arrays(*both, n_nodes=n), range(n), top=4, restart_probability=restart)
        assert got.error_bound.max() <= 1e-6
        for v in range(n):
            true = dense(n, *both, 1.0, np.eye(n)[v], restart)
            assert_allclose(got.scores[v], true[got.nodes[v]], rtol=0, atol=1.001e-6)


@pytest.mark.parametrize("directed", [True, False])
def test_weights_of_one_graph_may_span_six_hundred_powers_of_ten(directed):
    """Shares of each node's own weights count: a node of light arcs alone is no dead end beside one of heavy ones."""
    rng = np.random.default_rng(8)
    for _ in range(20):
        n = int(rng.integers(3, 25))
        source, target = np.nonzero(rng.random((n, n)) < 0.2)
        keep = source != target if directed else source < target
        source, target = source[keep], target[keep]
        if not source.size:
            continue
        weight = 10.0 ** rng.uniform(-300, 300, source.size)
        graph = from_arrays(source, target, n_nodes=n, weight=weight, directed=directed)
        if not directed:
            source, target, weight = np.r_[source, target], np.r_[target, source], np.r_[weight, weight]
        most = np.zeros(n)
        np.maximum.at(most, source, weight)
        for restart in (0.15, 0.01):
            got = personalised_pagerank(graph, 0, restart_probability=restart)
            true = dense(n, source, target, weight / most[source], np.eye(n)[0], restart)
            assert np.abs(got.scores - true).sum() <= got.error_bound + 1e-11
            assert got.error_bound <= 1e-8
