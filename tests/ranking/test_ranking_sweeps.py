"""The order in which rows of a large component are swept: few sweeps where every row waits for the one before, and the same answer."""

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import coo_array, eye_array
from scipy.sparse.linalg import spsolve

from graphkit.projection.arrays import from_arrays
from graphkit.ranking import components
from graphkit.ranking.operator import walk_operator
from graphkit.ranking.pagerank import personalised_pagerank


def ring(n, seed=None):
    """Each node leads to the next one, named along the ring or at random."""
    name = np.arange(n) if seed is None else np.random.default_rng(seed).permutation(n)
    return n, name, np.roll(name, -1)


def torus(side):
    """A grid of one-way streets, down and to the right, that closes on itself."""
    i, j = np.divmod(np.arange(side * side), side)
    here = i * side + j
    return side * side, np.r_[here, here], np.r_[(i + 1) % side * side + j, i * side + (j + 1) % side]


def chords(n, count):
    """A ring with shortcuts."""
    n, s, t = ring(n)
    other = np.random.default_rng(1).integers(0, n, (2, count))
    return n, np.r_[s, other[0]], np.r_[t, other[1]]


def drawn(n, m, seed=3):
    """Random arcs, self-loops among them."""
    return n, *np.random.default_rng(seed).integers(0, n, (2, m))


def acyclic(n, m):
    """Arcs from smaller to larger numbers."""
    n, s, t = drawn(n, m)
    return n, np.minimum(s, t)[s != t], np.maximum(s, t)[s != t]


def behind_each_other(one, other):
    """Two graphs and an arc from the first node of one to the first of the other, and a dead end behind each."""
    (n, s, t), (m, u, v) = one, other
    return n + m + 2, np.r_[s, u + n, 0, 1, n + 1], np.r_[t, v + n, n, n + m, n + m + 1]


GRAPHS = {
    "ring": ring(301),
    "ring, mixed": ring(301, 2),
    "chain": (200, np.arange(199), np.arange(1, 200)),
    "tree": (255, (np.arange(1, 255) - 1) // 2, np.arange(1, 255)),
    "acyclic": acyclic(200, 900),
    "torus": torus(17),
    "chords": chords(240, 20),
    "random": drawn(200, 700),
    "half dead": (200, drawn(100, 600)[1], drawn(200, 600, 4)[2]),
    "self-loops": (90, np.r_[np.arange(90), np.arange(90)], np.r_[np.roll(np.arange(90), -1), np.arange(90)]),
    "two rings": behind_each_other(ring(120), ring(97, 5)),
    "torus and random": behind_each_other(torus(12), drawn(80, 400)),
    "fewer than eight": ring(5),
    "nine": ring(9),
}


def exact(n, s, t, w, v, damping):
    """Stationary vector by SciPy's LU, dangling mass returned to v."""
    out = np.bincount(s, weights=w, minlength=n)
    z = spsolve((eye_array(n) - damping * coo_array((w / out[s], (t, s)), (n, n))).tocsc(), v)
    return z / z.sum()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_of_every_family_equal_a_direct_solve_and_networkx(name, weighted):
    """Each from two sources at three restarts: within the printed bound of SciPy's LU, and of networkx where it is its own."""
    n, s, t = GRAPHS[name]
    s, t = np.unique(np.c_[s, t], axis=0).T
    w = np.random.default_rng(9).pareto(1.0, s.size) + 0.01 if weighted else np.ones(s.size)
    p = from_arrays(s, t, weight=w, n_nodes=n)
    for source in (0, n // 2):
        v = np.eye(n)[source]
        for restart in (0.5, 0.15, 0.01):
            found = personalised_pagerank(p, source, restart_probability=restart, tolerance=1e-9)
            error = np.abs(found.scores - exact(n, s, t, w, v, 1 - restart)).sum()
            assert error <= found.error_bound + 1e-13 / restart <= 1e-9 + 1e-13 / restart
        g = nx.DiGraph()
        g.add_nodes_from(range(n))
        g.add_weighted_edges_from(zip(s.tolist(), t.tolist(), w.tolist(), strict=True))
        true = nx.pagerank(g, 0.5, {source: 1}, dangling={source: 1}, tol=1e-12 / n, max_iter=200)
        other = personalised_pagerank(p, source, restart_probability=0.5, tolerance=1e-9).scores
        assert np.abs(other - [true[i] for i in range(n)]).sum() <= 1.01e-9


@pytest.mark.parametrize(
    ("graph", "most"),
    [
        (ring(20_000), 5),
        (ring(20_000, 1), 5),
        (ring(1_000), 10),
        (torus(60), 30),
        (chords(2_000, 100), 40),
    ],
    ids=["ring", "ring, mixed", "short ring", "torus", "chords"],
)
def test_rows_that_wait_for_one_another_take_few_sweeps(graph, most):
    """Eight neighbours of a ring in one group took 118, 66, 118, 57 and 112 sweeps."""
    n, s, t = graph
    found = personalised_pagerank(from_arrays(s, t, n_nodes=n), 17)
    assert found.iterations <= most
    assert found.error_bound <= 1e-8


def test_a_long_ring_gets_its_closed_form_at_a_small_restart():
    """Scores along a ring fall by d: 20,000 nodes at d = .99, which took 1,970 sweeps."""
    n, d = 20_000, 0.99
    found = personalised_pagerank(from_arrays(*ring(n)[1:]), 0, restart_probability=1 - d)
    assert np.abs(found.scores - d ** np.arange(n) * (1 - d) / (1 - d**n)).sum() <= found.error_bound + 1e-12
    assert found.iterations <= 10


@pytest.mark.parametrize("n", [8, 64, 1_000])
def test_rows_of_one_length_come_from_eight_places_in_turn(n):
    """Cut into eight equal parts as they are met, and read across them."""
    met = np.random.default_rng(n).permutation(n)
    order = components._dealt(met, np.ones(n, int))
    assert order.tolist() == np.argsort(met).reshape(8, -1).T.ravel().tolist()


@pytest.mark.parametrize("n", [1, 7, 9, 17, 63, 65, 999])
def test_no_two_rows_of_a_group_are_met_one_after_the_other(n):
    """Where eight parts cannot be equal, rows of a group are still an eighth of all apart."""
    met = np.random.default_rng(n).permutation(n)
    order = components._dealt(met, np.ones(n, int))
    assert sorted(order.tolist()) == list(range(n))
    for first in range(0, n - 7, 8):
        assert np.diff(np.sort(met[order[first : first + 8]])).min() >= n // 8


def test_longer_rows_stand_before_shorter_ones():
    """The lengths that groups of eight are made of never rise."""
    length = np.random.default_rng(0).integers(0, 6, 500)
    order = components._dealt(np.arange(500), length)
    assert (np.diff(length[order]) <= 0).all()
    assert np.array_equal(np.sort(order), np.arange(500))


def test_the_layout_holds_every_arc_of_a_component_once():
    """Slots of two components, read back by the order of their sweeps, are the arcs inside them but for self-loops."""
    n, s, t = GRAPHS["torus and random"]
    s, t = np.unique(np.c_[s, t], axis=0).T
    operator = walk_operator(from_arrays(s, t, n_nodes=n))
    graph, s, t = operator.rows, operator.place[s], operator.place[t]
    assert graph.large.size == 2
    for i, k in enumerate(graph.large):
        first, last = graph.start[k : k + 2]
        start, found = graph.rows.start[graph.begin[i] : graph.begin[i + 1]].astype(int), set()
        for j in range(start.size - 1):
            slots = graph.rows.slots[start[j] : start[j + 1]].astype(int)
            head = int(graph.head[i])
            rows = np.full(slots.size, j) if j < head else head + 8 * (j - head) + np.arange(slots.size) % 8
            sweep = np.append(graph.sweep[first:last], -1)
            found |= {(a, b) for a, b in zip(sweep[slots].tolist(), sweep[rows].tolist(), strict=True) if a >= 0}
        inside = (s >= first) & (s < last) & (t >= first) & (t < last) & (s != t)
        assert found == set(zip((s[inside] - first).tolist(), (t[inside] - first).tolist(), strict=True))
