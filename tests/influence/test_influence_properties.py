"""What greedy choice rests on: expected reach grows with seeds and chances, and each seed adds less the more there are already.

Reach over all 2^m worlds keeps the inequalities exactly, and so must the estimate: every set of seeds meets the same worlds.
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import live_edge

from graphkit.diffusion.models import SIR
from graphkit.diffusion.spread import estimate_spread
from graphkit.influence.greedy import select_seeds
from graphkit.projection.build import from_arrays

CHANCES = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])
N = 5


@st.composite
def graphs(draw):
    """At most nine arcs between five nodes, each with its chance."""
    pairs = draw(st.lists(st.sampled_from([*itertools.permutations(range(N), 2)]), min_size=1, max_size=9, unique=True))
    return [(u, v, draw(CHANCES)) for u, v in pairs]


def reach(arcs):
    """Exact expected reach of every set of nodes."""
    every = list(live_edge.worlds(arcs))
    return {
        frozenset(seeds): live_edge.spread(every, seeds)[0]
        for k in range(N + 1)
        for seeds in itertools.combinations(range(N), k)
    }


def sampled(arcs):
    """Mean reach of every set of nodes in the same 40 worlds, as graphkit reckons it."""
    p = from_arrays(*np.array([a[:2] for a in arcs]).T, probability=[a[2] for a in arcs], n_nodes=N)
    return {
        frozenset(seeds): estimate_spread(p, seeds, n_worlds=40, rng=7, engine="serial").mean if seeds else 0.0
        for k in range(N + 1)
        for seeds in itertools.combinations(range(N), k)
    }


@settings(max_examples=25, deadline=None)
@given(graphs())
def test_reach_is_monotone_and_submodular(arcs):
    """f(A) <= f(A + v), and f(A + v) - f(A) >= f(B + v) - f(B) for every A inside B and v outside: Kempe, Kleinberg, Tardos (2003), theorem 2.2."""
    for f in (reach(arcs), sampled(arcs)):
        for small, large in itertools.product(f, f):
            if small <= large:
                assert f[small] <= f[large] + 1e-12
                for v in set(range(N)) - large:
                    assert f[small | {v}] - f[small] >= f[large | {v}] - f[large] - 1e-12


@settings(max_examples=15, deadline=None)
@given(graphs(), st.integers(0, 8))
def test_a_likelier_arc_reaches_no_fewer_and_one_without_chance_nobody(arcs, which):
    """One arc made certain; one of chance 0 added: no other coin moves."""
    u, v, _ = arcs[which % len(arcs)]
    certain = [(a, b, 1.0 if (a, b) == (u, v) else p) for a, b, p in arcs]
    taken = {(a, b) for a, b, _ in arcs}
    free = next(pair for pair in itertools.permutations(range(N), 2) if pair not in taken)
    for reckon in (reach, sampled):
        before, after = reckon(arcs), reckon(certain)
        assert all(before[seeds] <= after[seeds] + 1e-12 for seeds in before)
        assert reckon([*arcs, (*free, 0.0)]) == before


@settings(max_examples=6, deadline=None)
@given(graphs(), st.integers(1, 3))
def test_chosen_seeds_keep_the_promise_that_submodularity_gives(arcs, k):
    """At least 1 - (1 - 1/k)^k of the best set of all, less the 0.1 that epsilon allows; a false alarm once in 10^6."""
    f = reach(arcs)
    p = from_arrays(*np.array([a[:2] for a in arcs]).T, probability=[a[2] for a in arcs], n_nodes=N)
    found = select_seeds(p, k=k, delta=1e-6, rng=1, engine="serial")
    best = max(value for seeds, value in f.items() if len(seeds) <= k)
    assert f[frozenset(found.seeds.tolist())] >= (1 - (1 - 1 / k) ** k - 0.1) * best


@pytest.mark.parametrize("n", [2, 3, 4])
def test_sir_with_certain_recovery_is_the_cascade_on_complete_graphs(n, seed):
    """Infectious for one step, an arc carries the infection with chance b: the final size is the cascade's of 2^m worlds."""
    b = 0.3
    arcs = [(u, v, b) for u, v in itertools.permutations(range(n), 2)]
    mean, deviation = live_edge.spread(live_edge.worlds(arcs), [0])
    known = {2: 1 + b, 3: 1 + 2 * (b + b**2 - b**3), 4: 2.316556}[n]
    assert mean == pytest.approx(known, abs=1e-12)
    p = from_arrays(*np.array([a[:2] for a in arcs]).T)
    got = estimate_spread(p, [0], model=SIR(b, 1.0), n_worlds=20_000, rng=seed)
    assert abs(got.mean - mean) < 4.5 * deviation / math.sqrt(20_000)


def test_sir_final_size_on_two_nodes_and_a_triangle(seed):
    """With recovery g a period is geometric: two nodes end at 1 + t, t = b / (b + g - b g); a triangle by its chain of states."""
    b, g, worlds = 0.3, 0.4, 20_000
    t = b / (b + g - b * g)
    two = estimate_spread(from_arrays([0, 1], [1, 0]), [0], model=SIR(b, g), n_worlds=worlds, rng=seed)
    assert abs(two.mean - 1 - t) < 4.5 * math.sqrt(t * (1 - t) / worlds)
    triangle = from_arrays(*np.array([*itertools.permutations(range(3), 2)]).T)
    got = estimate_spread(triangle, [0], model=SIR(b, g), n_worlds=worlds, rng=seed)
    assert abs(got.mean - _final_size(3, b, g)) < 4.5 * got.std_error


def _final_size(n, b, g):
    """Expected number ever infected of n who all meet, one at first: the chain of (susceptible, infectious), step by step."""
    state, size = {(n - 1, 1): 1.0}, 0.0
    for _ in range(400):
        after = {}
        for (s, i), chance in state.items():
            if i == 0:
                size += chance * (n - s)
                continue
            hit = 1 - (1 - b) ** i
            for new, gone in itertools.product(range(s + 1), range(i + 1)):
                p = math.comb(s, new) * hit**new * (1 - hit) ** (s - new) * math.comb(i, gone) * g**gone * (1 - g) ** (i - gone)  # fmt: skip
                key = (s - new, i + new - gone)
                after[key] = after.get(key, 0.0) + chance * p
        state = after
    return size
