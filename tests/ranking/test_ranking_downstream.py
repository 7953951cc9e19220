"""Directed graphs solved component by component: the order, dead ends without sweeps, components of every size."""

import ast
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import solve_triangular
from scipy.sparse import coo_array, eye_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from graphkit.projection.arrays import from_arrays
from graphkit.ranking import components, downstream, solvers
from graphkit.ranking.many_sources import personalised_pagerank_many
from graphkit.ranking.operator import walk_operator
from graphkit.ranking.pagerank import personalised_pagerank


def drawn(seed, n, m, *, dead=0.0, weighted=False, loops=True):
    """Distinct random arcs out of all but the last ``dead`` share of the nodes."""
    rng = np.random.default_rng(seed)
    s, t = rng.integers(0, max(int(n * (1 - dead)), 1), m), rng.integers(0, n, m)
    key = np.unique(s * n + t)
    s, t = key // n, key % n
    keep = np.ones(s.size, bool) if loops else s != t
    return s[keep], t[keep], rng.pareto(0.8, s.size)[keep] + 1e-3 if weighted else np.ones(keep.sum())


def exact(n, s, t, w, v, damping=0.85):
    """Stationary vector by SciPy's LU, dangling mass returned to v."""
    out = np.bincount(s, weights=w, minlength=n)
    step = coo_array((w / out[s], (t, s)), (n, n))
    z = spsolve((eye_array(n) - damping * step).tocsc(), v)
    return z / z.sum()


def within_its_bound(n, s, t, w, sources, *, tolerance=1e-9, restart=0.15):
    """Solve, compare with the LU, return the ranking."""
    v = np.zeros(n)
    v[sources] = 1 / len(sources)
    p = from_arrays(s, t, weight=w, n_nodes=n)
    found = personalised_pagerank(p, sources, tolerance=tolerance, restart_probability=restart)
    error = np.abs(found.scores - exact(n, s, t, w, v, 1 - restart)).sum()
    assert error <= found.error_bound + 1e-13 / restart
    assert found.error_bound <= tolerance
    return found


@pytest.mark.parametrize("m", [0, 30, 60, 90, 150, 400])
@pytest.mark.parametrize("dead", [0.0, 0.5])
def test_components_are_those_of_scipy_and_arcs_lead_to_later_ones(m, dead):
    """From no arcs to one large component: the partition of SciPy, numbers that never fall, arcs forward."""
    n = 80
    for seed in range(5):
        s, t, _ = drawn(seed, n, m, dead=dead)
        p = from_arrays(s, t, n_nodes=n)
        order, number, met = components.component_order(p.indptr, p.indices, t, s)
        _, true = connected_components(coo_array((np.ones(s.size), (s, t)), (n, n)), connection="strong")
        pairs = {(int(a), int(b)) for a, b in zip(number, true, strict=True)}
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
        assert np.array_equal(np.sort(order), np.arange(n))
        assert np.array_equal(np.sort(met), np.arange(1, n + 1))
        assert (np.diff(number[order]) >= 0).all()
        assert (number[s] <= number[t]).all()


@pytest.mark.parametrize("kind", ["chain", "random", "many dead ends"])
@pytest.mark.parametrize("loops", [True, False])
def test_graphs_without_cycles_take_one_pass(kind, loops):
    """A chain, a random acyclic graph, 10 nodes before 990 dead ends; some nodes keep the walker by a self-loop: rounding is all that is left."""
    n, rng = 1_000, np.random.default_rng(2)
    if kind == "chain":
        s, t = np.arange(n - 1), np.arange(1, n)
    else:
        s, t, _ = drawn(3, n, 5_000, dead=0.99 if kind == "many dead ends" else 0)
        s, t = np.minimum(s, t)[s != t], np.maximum(s, t)[s != t]
    mix = rng.permutation(n)
    some = np.arange(0, n, 7) if loops else np.arange(0)
    s, t = np.unique(np.c_[np.r_[mix[s], some], np.r_[mix[t], some]], axis=0).T
    found = within_its_bound(n, s, t, np.ones(s.size), [int(mix[0]), int(mix[2])])
    assert found.iterations == 1
    assert found.error_bound < 1e-13


@pytest.mark.parametrize("damping", [0.5, 0.85, 0.99])
@pytest.mark.parametrize("dead", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("weighted", [True, False])
def test_graphs_with_dead_ends_equal_a_sparse_direct_solve(dead, weighted, damping):
    """600 nodes, 3 to 6 arcs each, up to 99 % of them dead ends; live, dead and many sources."""
    n = 600
    for seed, m in enumerate((1_800, 3_600)):
        s, t, w = drawn(seed, n, m, dead=dead, weighted=weighted)
        for sources in ([0], [n - 1], [0, n - 1], list(range(0, n, 9))):
            within_its_bound(n, s, t, w, sources, restart=1 - damping)


def test_components_of_two_to_thirty_nodes_in_a_row_equal_a_sparse_direct_solve():
    """Rings, pairs and cliques that lead into each other, none large enough for a layout of its own, each beside lone nodes."""
    rng, s, t, first = np.random.default_rng(5), [], [], 0
    for k in range(60):
        size = int(rng.integers(2, 31))
        inner = {(i, (i + 1) % size) for i in range(size)} | {
            (int(a), int(b)) for a, b in rng.integers(0, size, (k, 2))
        }
        s += [first + a for a, _ in inner] + [first, first + size]
        t += [first + b for _, b in inner] + [first + size, first + size + 1]
        first += size + 1
    n, s, t = first + 1, np.array(s), np.array(t)
    assert walk_operator(from_arrays(s, t, n_nodes=n)).rows.large.size == 0
    for restart in (0.15, 0.01):
        for source in (0, 200, n - 1):
            found = within_its_bound(n, s, t, np.ones(s.size), [source], restart=restart)
            assert found.iterations <= 2


def two_worlds():
    """Two large components, one behind the other, with a dead end after each."""
    s, t, _ = drawn(11, 300, 2_000, loops=False)
    s, t = np.r_[s, s + 300, 7, 600, 305], np.r_[t, t + 300, 600, 300, 601]
    return 602, s, t, np.ones(s.size)


def test_two_large_components_are_swept_one_after_the_other():
    """Both are laid out; from the second one nobody comes back to the first, whose scores are exactly 0."""
    n, s, t, w = two_worlds()
    graph = walk_operator(from_arrays(s, t, n_nodes=n)).rows
    assert [int(graph.start[k + 1] - graph.start[k]) for k in graph.large] == [300, 300]
    within_its_bound(n, s, t, w, [4])
    assert not within_its_bound(n, s, t, w, [320]).scores[:300].any()


def plain_sweeps(step, v, damping, goal):
    """Sweeps of Gauss-Seidel in the given order, each scaled to the mass 1, until no more than goal moves."""
    forward, z, count, moved = np.eye(v.size) - damping * np.tril(step), v, 0, np.inf
    while moved > goal:
        new = solve_triangular(forward, (1 - damping) * v + damping * np.triu(step, 1) @ z, lower=True)
        new /= new.sum()
        z, count, moved = new, count + 1, np.abs(new - z).sum()
    return count


def test_slow_components_gain_by_combined_sweeps():
    """A long two-way street with one-way exits mixes slowly: less than half the sweeps that Gauss-Seidel alone takes in the same order."""
    n, restart = 400, 0.02
    road = np.arange(n - 1)
    s, t = np.r_[road, road + 1, road[::5]], np.r_[road + 1, road, (road[::5] * 7 + 3) % n]
    s, t = np.unique(np.c_[s, t][s != t], axis=0).T
    found = within_its_bound(n, s, t, np.ones(s.size), [200], restart=restart)
    place, step = walk_operator(from_arrays(s, t, n_nodes=n)).place, np.zeros((n, n))
    step[place[t], place[s]] = 1 / np.bincount(s)[s]
    alone = plain_sweeps(step, np.eye(n)[place[200]], 1 - restart, 2 * restart * 1e-9)
    assert found.iterations < alone / 2


def test_what_enters_a_component_comes_from_before_it_whatever_stands_in_it():
    """On later passes a component holds mass already: of 300 rows each the restart and the arcs from the first 300 count, no others."""
    n, s, t, _ = two_worlds()
    operator = walk_operator(from_arrays(s, t, n_nodes=n))
    k, w, v = operator.rows.large[1], np.arange(1.0, n + 1), np.linspace(0, 1, n)
    first, last = operator.rows.start[k : k + 2]
    dense = np.zeros((n, n))
    dense[operator.place[t], operator.place[s]] = 1
    found = downstream.enter_kernel(operator.indptr.view(np.uint64), operator.indices, None, first, last, v, 0.85, w)
    assert_allclose(found, 0.15 * v[first:last] + 0.85 * dense[first:last, :first] @ w[:first])


def test_what_is_left_goes_to_the_fixed_point(monkeypatch):
    """With passes that end too early nothing is claimed: the other solver takes over and the bound holds."""
    n, s, t, w = two_worlds()
    asked = []
    true = solvers.fixed_point
    monkeypatch.setattr(solvers, "fixed_point", lambda *more: asked.append(1) or true(*more))
    monkeypatch.setattr(downstream, "downstream_kernel", lambda *more: (more[3].copy(), 1.0, 1))
    within_its_bound(n, s, t, w, [4])
    assert asked


def test_many_sources_of_graphs_with_dead_ends_equal_single_ones():
    """The batch sweeps rows in the same order: 40 sources of a graph with 90 % dead ends, every score within its bound."""
    n = 500
    s, t, _ = drawn(4, n, 3_000, dead=0.9)
    p = from_arrays(s, t, n_nodes=n)
    found = personalised_pagerank_many(p, range(0, 80, 2), top=n)
    for i, source in enumerate(range(0, 80, 2)):
        one = personalised_pagerank(p, source, tolerance=1e-12).scores
        assert np.abs(found.scores[i] - one[found.nodes[i]]).max() <= found.error_bound[i] + 1e-12


def test_no_kernel_is_compiled_once_more_for_a_number_written_into_a_call():
    """To the compiler 5, and a constant that is 5, are types of their own: beside a variable each compiles the kernel anew."""
    room = Path(downstream.__file__).parent
    kernels = {
        node.name: node
        for path in room.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and any(
            ast.unparse(one).startswith("kernel") and "inline" not in ast.unparse(one) for one in node.decorator_list
        )
    }
    calls = defaultdict(list)
    for node in kernels.values():
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in kernels:
                calls[call.func.id].append([ast.unparse(argument) for argument in call.args])
    assert len(calls["sweeps_kernel"]) == 3
    for name, each in calls.items():
        for given in zip(*each, strict=False):  # some are given as *arcs
            written = {one for one in given if one.isdigit() or one.strip("_").isupper()}
            assert not written or len(set(given)) == 1, (name, given)
