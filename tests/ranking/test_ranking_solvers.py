"""The solvers' own paths: chunks on threads, hubs, groups of eight, float64 polish, proven sets."""

import os

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import coo_array, diags_array, eye_array
from scipy.sparse.linalg import spsolve

from graphkit.errors import NotConverged
from graphkit.projection.arrays import from_arrays
from graphkit.ranking import layout, operator, solvers
from graphkit.ranking.many_sources import personalised_pagerank_many
from graphkit.ranking.operator import walk_operator
from graphkit.ranking.pagerank import personalised_pagerank


def dense(n, source, target, weight, v, restart=0.15):
    """Stationary vector by a dense solve, dangling mass returned to v."""
    a = np.zeros((n, n))
    np.add.at(a, (source, target), weight)
    out = a.sum(1, keepdims=True)
    step = np.divide(a, out, out=np.zeros_like(a), where=out > 0)
    z = np.linalg.solve(np.eye(n) - (1 - restart) * step.T, v)
    return z / z.sum()


def arcs(seed, n, m, *, symmetric, weighted=True):
    """Random arcs with a hub, self-loops and nodes without out-arcs; weights equal in both directions if symmetric."""
    rng = np.random.default_rng(seed)
    source, target = rng.integers(0, n, (2, m))
    source, target = np.r_[source, np.zeros(n // 2, int)], np.r_[target, np.arange(1, n // 2 + 1)]
    keep = source < n - n // 8
    source, target = source[keep], target[keep]
    if symmetric:
        source, target = np.r_[source, target], np.r_[target, source]
    key = np.unique(source * n + target)
    source, target = key // n, key % n
    low, high = (np.minimum(source, target), np.maximum(source, target)) if symmetric else (source, target)
    weight = rng.uniform(0.1, 5, n * n)[low * n + high]
    return source, target, weight if weighted else np.ones(source.size)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("n", range(57, 65))
def test_rows_of_every_remainder_equal_a_dense_solve(symmetric, weighted, n):
    """Groups of eight rows, the rows before them and the hub: 1e-12 for any n modulo 8."""
    s, t, w = arcs(n, n, 160, symmetric=symmetric, weighted=weighted)
    p = from_arrays(s, t, weight=w if weighted else None, n_nodes=n)
    found = personalised_pagerank(p, {2: 1.0, 9: 3.0}, tolerance=1e-13 if symmetric else 1e-12)
    v = np.zeros(n)
    v[[2, 9]] = 0.25, 0.75
    assert walk_operator(p).symmetric == symmetric
    assert np.abs(found.scores - dense(n, s, t, w, v)).sum() < 2e-12


@pytest.mark.parametrize("damping", [0.01, 0.5, 0.85, 0.99])
def test_pairs_and_cliques_inside_a_group_converge(damping):
    """Neighbours that cannot be kept out of one group of eight take shorter steps: pairs, a path, a clique, a star."""
    pairs = [(2 * i, 2 * i + 1) for i in range(20)]
    path = [(40 + i, 41 + i) for i in range(30)]
    clique = [(71 + i, 71 + j) for i in range(8) for j in range(i)]
    star = [(79, 80 + i) for i in range(40)]
    s, t = np.array(pairs + path + clique + star).T
    p = from_arrays(s, t, n_nodes=121, directed=False)
    for source in (0, 45, 73, 79, 90, 120):
        found = personalised_pagerank(p, source, restart_probability=1 - damping, tolerance=1e-10)
        true = dense(121, np.r_[s, t], np.r_[t, s], np.ones(2 * s.size), np.eye(121)[source], 1 - damping)
        assert np.abs(found.scores - true).sum() <= found.error_bound + 1e-12 <= 1.01e-10


@pytest.mark.parametrize("n", [8, 9, 16, 24])
def test_crowded_groups_converge_for_every_damping(n):
    """Two nodes, a clique and a complete bipartite graph fill groups with neighbours: the closed form or the dense solve all the same."""
    half = n // 2
    graphs = {
        "clique": [(i, j) for i in range(n) for j in range(i)],
        "bipartite": [(i, half + j) for i in range(half) for j in range(n - half)],
        "pair": [(0, n - 1)],
    }
    for name, edges in graphs.items():
        s, t = np.array(edges).T
        p = from_arrays(s, t, n_nodes=n, directed=False)
        for damping in (0.5, 0.85, 0.99):
            found = personalised_pagerank(p, 0, restart_probability=1 - damping, tolerance=1e-10)
            true = dense(n, np.r_[s, t], np.r_[t, s], np.ones(2 * s.size), np.eye(n)[0], 1 - damping)
            assert np.abs(found.scores - true).sum() <= found.error_bound + 1e-12 <= 1.01e-10, name


def test_neighbours_are_kept_out_of_one_group():
    """Forty pairs, each next to its twin in the order of degrees: no arc stays inside a group of eight."""
    p = from_arrays(np.arange(0, 80, 2), np.arange(1, 80, 2), n_nodes=80, directed=False)
    operator = walk_operator(p)
    assert operator.rows.inner_row.size == 0
    assert np.array_equal(np.sort(operator.order), np.arange(80))
    assert np.array_equal(operator.order[operator.place], np.arange(80))


def grown(n, links, seed):
    """Edges of a graph in which every node links to earlier ones, old ones more often: a few hubs, long tail."""
    s = np.repeat(np.arange(links, n), links)
    t = (np.random.default_rng(seed).random(s.size) ** 2 * s).astype(int)
    return np.unique(np.c_[t, s], axis=0).T


def test_few_slots_of_groups_stay_empty():
    """Rows of a group are nearly equal in both halves: less than a twelfth of all slots has no arc."""
    p = from_arrays(*grown(4_000, 6, 3), n_nodes=4_000, directed=False)
    rows = walk_operator(p).rows
    slots = rows.low.slots.size + rows.up.slots.size
    assert p.n_arcs - rows.inner_row.size <= slots < 13 / 12 * p.n_arcs
    assert rows.inner_row.size < p.n_arcs / 50


@pytest.mark.parametrize("m", [0, 1, 5_000])
def test_arcs_are_sorted_as_numpy_sorts_them(m):
    """By target, then source, doubles in the given order: np.lexsort finds the same positions."""
    source, target = np.random.default_rng(m).integers(0, 70, (2, m))
    assert np.array_equal(operator._sorted(70, target, source), np.lexsort((source, target)))


def test_narrow_and_wide_slots_give_the_same_bytes(monkeypatch):
    """Graphs below 65,536 nodes name them in two bytes, larger ones in four."""
    ends = grown(1_000, 4, 5)
    narrow, wide = (from_arrays(*ends, n_nodes=1_000, directed=False) for _ in range(2))
    assert walk_operator(narrow).rows.low.slots.dtype == np.uint16
    monkeypatch.setattr(layout, "_NARROW", 0)
    assert walk_operator(wide).rows.low.slots.dtype == np.uint32
    found = [personalised_pagerank(p, 7).scores for p in (narrow, wide)]
    assert np.array_equal(*found)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("damping", [0.0, 0.85, 0.99])
def test_hundreds_of_groups_equal_a_sparse_direct_solve(weighted, damping):
    """1,200 nodes, hubs, self-loops, lone nodes that restart too: SciPy's LU, and the bound holds in 60 iterations."""
    rng, n = np.random.default_rng(6), 1_200
    s = np.repeat(np.arange(10, n - 20), 6)
    t = (rng.random(s.size) ** 2 * s).astype(int)
    low, high = np.unique(np.c_[np.r_[t, 5, 700], np.r_[s, 5, 700]], axis=0).T
    w = rng.exponential(1, low.size) + 0.01 if weighted else np.ones(low.size)
    twice = low != high
    a = coo_array((np.r_[w, w[twice]], (np.r_[low, high[twice]], np.r_[high, low[twice]])), (n, n)).tocsc()
    p = from_arrays(*a.nonzero(), weight=np.asarray(a[a.nonzero()]).ravel(), n_nodes=n)
    out = np.asarray(a.sum(axis=1)).ravel()
    v = np.zeros(n)
    v[[3, 800, n - 5]] = 0.5, 0.25, 0.25  # the last one has no arcs
    step = diags_array(np.divide(1.0, out, out=np.zeros(n), where=out > 0)) @ a
    z = spsolve((eye_array(n) - damping * step.T).tocsc(), v)
    found = personalised_pagerank(p, {3: 2.0, 800: 1.0, n - 5: 1.0}, restart_probability=1 - damping, tolerance=1e-10)
    assert walk_operator(p).symmetric
    assert np.abs(found.scores - z / z.sum()).sum() <= found.error_bound + 1e-13 <= 1.01e-10
    assert found.iterations <= 60


@pytest.mark.parametrize("symmetric", [True, False])
def test_chunks_on_threads_equal_one_piece_and_each_other(symmetric, monkeypatch):
    """Cut into chunks the answer is within both bounds, and the same bytes for 1, 2 and 7 cores."""
    s, t, w = arcs(4, 300, 3_000, symmetric=symmetric)
    whole = personalised_pagerank(from_arrays(s, t, weight=w, n_nodes=300), 5, tolerance=1e-10)
    for module in (operator, solvers):
        monkeypatch.setattr(module, "ARCS_A_CHUNK", 300)
    found = []
    for count in (1, 2, 7):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        found.append(personalised_pagerank(from_arrays(s, t, weight=w, n_nodes=300), 5, tolerance=1e-10))
    assert len({x.scores.tobytes() for x in found}) == 1
    assert np.abs(found[0].scores - whole.scores).sum() <= 2e-10
    assert found[0].error_bound <= 1e-10


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("tolerance", [1e-6, 1e-9, 1e-12])
def test_blocks_are_polished_in_float64_where_float32_ends(symmetric, tolerance):
    """Same scores as the dense solve for a tolerance on either side of single precision; 1, 2 and 7 cores alike."""
    n = 90
    s, t, w = arcs(8, n, 400, symmetric=symmetric)
    p = from_arrays(s, t, weight=w, n_nodes=n)
    found = personalised_pagerank_many(p, range(0, n, 3), top=n, tolerance=tolerance)
    assert found.error_bound.max() <= tolerance
    for i, source in enumerate(range(0, n, 3)):
        true = dense(n, s, t, w, np.eye(n)[source])
        assert_allclose(found.scores[i], true[found.nodes[i]], atol=found.error_bound[i] + 1e-14, rtol=0)
        assert np.array_equal(np.sort(found.nodes[i]), np.arange(n))
    assert found.certified.all()


def test_blocks_do_not_depend_on_the_number_of_cores(monkeypatch):
    """Five blocks of sources, the same bytes."""
    s, t, w = arcs(8, 90, 400, symmetric=True)
    seen = set()
    for count in (1, 2, 7):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        found = personalised_pagerank_many(from_arrays(s, t, weight=w, n_nodes=90), range(70), top=9)
        seen.add((found.nodes.tobytes(), found.scores.tobytes()))
    assert len(seen) == 1


def test_a_set_is_certified_only_where_the_gap_proves_it():
    """Six equal leaves: the best 3 are a tie, the best 7 (hub and all leaves) are certain."""
    p = from_arrays([0] * 6, [1, 2, 3, 4, 5, 6], n_nodes=9, directed=False)
    assert not personalised_pagerank_many(p, [0], top=3).certified[0]
    assert personalised_pagerank_many(p, [0], top=7).certified[0]
    assert personalised_pagerank_many(p, [0], top=50).certified[0]


def test_one_ranking_proves_a_set_by_its_gap_or_says_otherwise():
    """Six equal leaves: hub alone and hub with all leaves are proven, three of them are a tie, which is told with the best so far."""
    p = from_arrays([0] * 6, [1, 2, 3, 4, 5, 6], n_nodes=9, directed=False)
    found = personalised_pagerank(p, 0, tolerance=1e-12)
    for k, rows in ((1, [0]), (7, list(range(7))), (9, list(range(9)))):
        assert found.top(k, gap_proves=True).tolist() == rows
    assert found.certified(np.arange(9)).tolist() == [True, *[False] * 5, True, False, True]
    assert found.certified([0, 3, 8]).all()
    assert found.certified([]).tolist() == []
    with pytest.raises(NotConverged, match="gap") as caught:
        found.top(3, gap_proves=True)
    assert caught.value.best.tolist() == [0, 1, 2]


def test_graphs_without_arcs_keep_the_walker_at_home():
    """No arcs at all, one node, and an isolated source among others: all mass stays."""
    none = np.array([], int)
    for n in (1, 2, 5):
        p = from_arrays(none, none, n_nodes=n)
        assert personalised_pagerank(p, n - 1).scores.tolist() == [0.0] * (n - 1) + [1.0]
        found = personalised_pagerank_many(p, [n - 1], top=1)
        assert found.nodes.tolist() == [[n - 1]]
        assert found.scores.tolist() == [[1.0]]


@pytest.mark.parametrize("restart", [0.15, 0.01, 0.001])
def test_directed_graphs_with_closed_parts_take_few_steps(restart):
    """Forty closed rings of unequal length behind one random graph: SciPy's LU, in far fewer steps than d^k would take."""
    rng = np.random.default_rng(12)
    s, t = rng.integers(0, 400, (2, 2_400))
    ring = [(400 + 10 * k + i, 400 + 10 * k + (i + 1) % (3 + k % 5)) for k in range(40) for i in range(3 + k % 5)]
    doors = [(10 * k, 400 + 10 * k) for k in range(40)]
    s, t = np.r_[s, np.array(ring + doors)[:, 0]], np.r_[t, np.array(ring + doors)[:, 1]]
    key = np.unique(s * 800 + t)
    s, t = key // 800, key % 800
    found = personalised_pagerank(from_arrays(s, t, n_nodes=800), {3: 1.0, 17: 2.0}, restart_probability=restart)
    a = coo_array((1 / np.bincount(s, minlength=800)[s], (t, s)), (800, 800))
    v = np.zeros(800)
    v[[3, 17]] = 1 / 3, 2 / 3
    true = spsolve((eye_array(800) - (1 - restart) * a).tocsc(), v)
    assert np.abs(found.scores - true / true.sum()).sum() <= found.error_bound + 1e-13 / restart
    assert found.error_bound <= 1e-8
    assert found.iterations < 0.25 * np.log(1e-8 * restart) / np.log(1 - restart) + 60


@pytest.mark.parametrize("n", [2, 5, 60])
def test_rings_and_dead_ends_converge_at_small_restarts(n):
    """A directed ring, where extrapolation gains nothing, and a path into a dead end: closed forms at d = .999."""
    d, place = 0.999, np.arange(n)
    ring = personalised_pagerank(from_arrays(place, np.roll(place, -1)), 0, restart_probability=1 - d)
    path = personalised_pagerank(from_arrays(place[:-1], place[1:], n_nodes=n), 0, restart_probability=1 - d)
    assert_allclose(ring.scores, d**place * (1 - d) / (1 - d**n), atol=1e-8)
    assert_allclose(path.scores, d**place * (1 - d) / (1 - d**n), atol=1e-8)


@pytest.mark.parametrize("unit", [1e-300, 1e-30, 1e30, 1e306])
@pytest.mark.parametrize("directed", [True, False])
def test_the_unit_of_weights_does_not_matter(unit, directed):
    """Weights near the ends of the floating-point range, whose sums or squares would overflow, give the plain scores."""
    s, t, w = arcs(21, 80, 400, symmetric=not directed)
    plain, scaled = (from_arrays(s, t, weight=w * k, n_nodes=80) for k in (1.0, unit))
    one, other = (personalised_pagerank(p, 3, tolerance=1e-10).scores for p in (plain, scaled))
    assert np.abs(one - other).sum() <= 2e-10
    many = personalised_pagerank_many(scaled, [3], top=80, tolerance=1e-10)
    assert_allclose(many.scores[0], one[many.nodes[0]], atol=2e-10)


def test_weights_too_unlike_for_conjugate_gradients_are_stepped():
    """Weights of one symmetric graph span 1e-140 to 1e140: the dense solve all the same."""
    n, rng = 60, np.random.default_rng(3)
    s, t, _ = arcs(5, n, 200, symmetric=True)
    w = (10 ** rng.uniform(-140, 140, n * n))[np.minimum(s, t) * n + np.maximum(s, t)]
    found = personalised_pagerank(from_arrays(s, t, weight=w, n_nodes=n), 7)
    assert np.abs(found.scores - dense(n, s, t, w, np.eye(n)[7])).sum() <= 1e-8


@pytest.mark.parametrize("tolerance", [1e-6, 1e-9])
def test_slow_columns_of_a_block_go_on_one_by_one(tolerance):
    """Pairs that pass the walker to and fro and dead ends at d = .999: every source of two blocks equals SciPy's LU."""
    n, rng = 300, np.random.default_rng(8)
    s, t = rng.integers(0, 200, (2, 500))
    pairs = np.arange(200, 280).reshape(-1, 2)
    s = np.r_[s, pairs[:, 0], pairs[:, 1], np.arange(0, 40)]
    t = np.r_[t, pairs[:, 1], pairs[:, 0], np.arange(200, 240)]
    key = np.unique(s * n + t)
    s, t = key // n, key % n
    found = personalised_pagerank_many(
        from_arrays(s, t, n_nodes=n), np.arange(20), top=n, restart_probability=0.001, tolerance=tolerance
    )
    a = coo_array((1 / np.bincount(s, minlength=n)[s], (t, s)), (n, n))
    for source in range(20):
        true = spsolve((eye_array(n) - 0.999 * a).tocsc(), np.eye(n)[source])
        assert np.abs(found.scores[source] - (true / true.sum())[found.nodes[source]]).max() <= tolerance
    assert found.error_bound.max() <= tolerance


@pytest.mark.parametrize("directed", [True, False])
def test_a_batch_takes_nodes_too_light_for_single_precision(directed):
    """One node's only arc weighs 1e-50: no warning of an overflow, and the scores of single solves."""
    p = from_arrays([0, 1, 1, 2], [1, 2, 3, 3], weight=[1e-50, 1, 1, 1], n_nodes=4, directed=directed)
    found = personalised_pagerank_many(p, [0, 1, 2], top=4)
    for i in range(3):
        one = personalised_pagerank(p, i, tolerance=1e-12).scores
        assert_allclose(found.scores[i], one[found.nodes[i]], rtol=0, atol=found.error_bound[i] + 1e-12)
