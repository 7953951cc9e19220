"""Bounds: valid with their probability, dual values against a linear program, the unsound quotient fails."""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.stats import binom

from graphkit.diffusion.rr_sets import RRSets
from graphkit.influence.certificate import Certificate, lower_bound, upper_bound
from graphkit.influence.coverage import Coverage, Rules, merge_sets


def made_up(seed, n_sets=40, n=8):
    """Random sets over n nodes."""
    rng = np.random.default_rng(seed)
    lists = [np.flatnonzero(rng.random(n) < 0.25) for _ in range(n_sets)]
    lists = [x if x.size else np.array([int(rng.integers(n))]) for x in lists]
    indptr = np.concatenate(([0], np.cumsum([x.size for x in lists])))
    nodes = np.concatenate(lists).astype(np.int32)
    return RRSets(indptr, nodes, nodes[indptr[:-1]], n, float(n)), [set(x.tolist()) for x in lists]


def hits(lists, seeds):
    """Sets that contain a seed, counted plainly."""
    return sum(bool(s & set(seeds)) for s in lists)


@pytest.mark.stat
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_bounds_fail_in_at_most_a_share_delta(share):
    """20,000 binomial samples: failures stay below what delta = .05 allows (false alarm 1e-6)."""
    counts = np.random.default_rng(1).binomial(400, share, 20_000)
    low = sum(lower_bound(float(c), 400, 1.0, 0.05) > share for c in counts)
    high = sum(upper_bound(float(c), 400, 1.0, 0.05) < share for c in counts)
    assert max(low, high) <= binom.isf(1e-6, 20_000, 0.05)


@pytest.mark.stat
def test_the_unsound_quotient_fails_this_very_test():
    """Own coverage widened by Hoeffding on both sides prints above .99 where greedy's true ratio is .7537."""
    n, margin = 1_000_000, math.sqrt(math.log(2 / 0.01) / 2e6)
    share = 303 / 404
    quotient = share * n * (1 - margin) / (share * n * (1 + margin))
    assert quotient > 0.99
    sound = lower_bound(share * n, n, 404, 0.005) / upper_bound(402 / 404 * n, n, 404, 0.005)
    assert sound < 303 / 402


def test_bounds_close_in_on_the_truth():
    """With 10^8 sets both are within 1e-3 of the mean; no hit gives lower 0; upper never exceeds the total."""
    assert lower_bound(3e7, 10**8, 100.0, 1e-6) == pytest.approx(30.0, rel=1e-3)
    assert upper_bound(3e7, 10**8, 100.0, 1e-6) == pytest.approx(30.0, rel=1e-3)
    assert lower_bound(0.0, 1000, 100.0, 0.05) == 0.0
    assert upper_bound(1000.0, 1000, 100.0, 0.05) == 100.0
    assert Certificate.of(2.0, 4.0, 0.1).ratio == 0.5


@pytest.mark.parametrize("case", range(6))
def test_greedy_equals_plain_greedy_and_bounds_hold(case):
    """Gains as counted by a plain loop; both bounds are at least the best of all pairs."""
    sets, lists = made_up(case)
    rules = Rules(np.ones(8, bool), np.arange(8), 3)
    cover = Coverage(sets, rules)
    seeds, gains, online = cover.greedy()
    plain = []
    for _ in range(3):
        plain.append(max(range(8), key=lambda v: (hits(lists, [*plain, v]), -v)))
    assert seeds.tolist() == plain
    assert gains.sum() == hits(lists, plain)
    best = max(hits(lists, c) for c in itertools.combinations(range(8), 3))
    dual = cover.dual_bound(seeds, int(gains.sum()), steps=60, enough=lambda bound: False)
    assert online >= best
    assert dual >= best - 1e-9


@pytest.mark.parametrize("budget", [None, 5.0])
def test_dual_bound_converges_to_the_linear_program(budget):
    """2,000 steps come within 1 % of the coverage LP solved by HiGHS, and never below it."""
    sets, lists = made_up(3, n_sets=120, n=12)
    cost = np.random.default_rng(0).integers(1, 4, 12).astype(float)
    rules = Rules(
        np.ones(12, bool),
        np.arange(12),
        3 if budget is None else 12,
        None if budget is None else cost,
        math.inf if budget is None else budget,
    )
    cover = Coverage(sets, rules)
    seeds, gains, _ = cover.greedy()
    dual = cover.dual_bound(seeds, 0, steps=2000, enough=lambda bound: False)
    rows = np.zeros((len(lists) + 1, 12 + len(lists)))
    for i, s in enumerate(lists):
        rows[i, 12 + i] = 1
        rows[i, list(s)] = -1
    rows[-1, :12] = 1 if budget is None else cost
    solved = linprog(
        np.r_[np.zeros(12), -np.ones(len(lists))],
        A_ub=rows,
        b_ub=np.r_[np.zeros(len(lists)), 3 if budget is None else budget],
        bounds=(0, 1),
    )
    assert -solved.fun - 1e-6 <= dual <= -solved.fun * 1.01
    assert gains.sum() <= dual


def test_merging_keeps_every_set_with_its_number():
    """Equal sets in any order of members become one with their count."""
    indptr = np.array([0, 2, 4, 5, 7, 8])
    nodes = np.array([1, 2, 2, 1, 3, 1, 3, 3], np.int32)
    start, flat, times = merge_sets(indptr, nodes)
    got = [(sorted(flat[start[i] : start[i + 1]].tolist()), int(times[i])) for i in range(times.size)]
    assert got == [([1, 2], 2), ([3], 2), ([1, 3], 1)]
