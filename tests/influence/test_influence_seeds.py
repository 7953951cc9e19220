"""Seed users: against the best of all sets, known optima, ties, rules, and identical answers."""

import itertools
import random

import numpy as np
import pytest
from reference import live_edge

from graphkit.engine.base import Serial, Threads
from graphkit.errors import Infeasible, InvalidParameter, TimeLimit, UnknownNode
from graphkit.influence.certificate import lower_bound, upper_bound
from graphkit.influence.greedy import SeedSelection, select_seeds
from graphkit.projection.build import from_arrays


def some_graph(seed, n=6, m=8):
    """Random simple arcs with assorted p, as triples and as a projection."""
    rng = random.Random(seed)
    pairs = rng.sample([(a, b) for a in range(n) for b in range(n) if a != b], m)
    arcs = [(a, b, rng.choice([0.1, 0.3, 0.5, 0.8, 1.0])) for a, b in pairs]
    s, t, p = zip(*arcs, strict=True)
    return arcs, from_arrays(s, t, probability=list(p), n_nodes=n)


def trap(m=100):
    """Two hubs cover 4m + 2 nodes; a third, one item larger, leads greedy to 3m + 3 (ratio .7537 for m = 100)."""
    items = 3 + np.r_[0 : 4 * m, 0:m, 2 * m : 3 * m, 4 * m]
    hubs = np.repeat([0, 1, 2], [2 * m, 2 * m, 2 * m + 1])
    return from_arrays(hubs, items, probability=1.0, n_nodes=4 * m + 4)


@pytest.mark.parametrize("case", range(8))
def test_k_seeds_reach_the_worst_case_share_of_brute_force(case):
    """At least 1 - 1/e of the best of all pairs, and a certificate that brackets both (delta 1e-4 a case)."""
    arcs, p = some_graph(case)
    every = list(live_edge.worlds(arcs))
    best = live_edge.best_set(every, itertools.combinations(range(6), 2))
    chosen = select_seeds(p, k=2, delta=1e-4, rng=case)
    mine = live_edge.spread(every, chosen.seeds.tolist())[0]
    assert mine >= 0.632 * best
    assert chosen.certificate.lower <= mine + 1e-9
    assert chosen.certificate.upper >= best - 1e-9
    assert chosen.certificate.ratio <= mine / best + 1e-9
    assert abs(chosen.spread - mine) < 5 * chosen.std_error + 1e-9


@pytest.mark.parametrize("case", range(6))
def test_budget_keeps_to_the_money_and_brackets_brute_force(case):
    """No affordable set exceeds the upper bound; the choice costs at most the budget and reaches .316 of the best."""
    arcs, p = some_graph(case + 50)
    cost = np.random.default_rng(case).integers(1, 6, 6).astype(float)
    every = list(live_edge.worlds(arcs))
    sets = [c for r in range(7) for c in itertools.combinations(range(6), r) if cost[list(c)].sum() <= 7]
    best = live_edge.best_set(every, sets)
    chosen = select_seeds(p, budget=7, cost=cost, delta=1e-4, rng=case)
    mine = live_edge.spread(every, chosen.seeds.tolist())[0]
    assert chosen.cost == cost[chosen.seeds].sum() <= 7
    assert mine >= 0.316 * best
    assert chosen.certificate.lower <= mine + 1e-9
    assert chosen.certificate.upper >= best - 1e-9


def test_known_optimum_never_certified_above_the_true_ratio():
    """Optimum 402, greedy 303: an unsound quotient prints .99 here."""
    p = trap()
    cover = [set(range(3, 203)) | {0}, set(range(203, 403)) | {1}, set(range(3, 103)) | set(range(203, 303)) | {403, 2}]
    for seed in range(3):
        chosen = select_seeds(p, k=2, delta=1e-4, rng=seed)
        true = len(set().union(*[cover[v] if v < 3 else {v} for v in chosen.seeds.tolist()])) / 402
        assert 0.5 < chosen.certificate.ratio <= true


def test_lt_seeds_equal_enumeration():
    """On a star with weights the hub is the best single seed under LT: 1 + 5 x .5."""
    star = from_arrays([0] * 5, range(1, 6), probability=0.5)
    chosen = select_seeds(star, k=1, model="lt", rng=1)
    assert chosen.seeds.tolist() == [0]
    assert abs(chosen.spread - 3.5) < 5 * chosen.std_error


def test_ties_go_to_the_smaller_id_not_the_smaller_row():
    """Two equal rings: with rows, row 0; with ids in reverse, the row whose id is smallest."""
    ring = [1, 2, 3, 4, 0, 6, 7, 8, 9, 5]
    assert select_seeds(
        from_arrays(range(10), ring, probability=1.0), k=1, rng=1, candidates=[3, 1, 4]
    ).seeds.tolist() == [1]
    names = [f"n{9 - i}" for i in range(10)]
    p = from_arrays([names[i] for i in range(10)], [names[i] for i in ring], probability=1.0, ids=names)
    chosen = select_seeds(p, k=1, rng=1, candidates=["n9", "n5", "n7"])
    assert chosen.ids == ["n5"]


def test_values_candidates_and_hops_decide():
    """Value moves the choice, candidates bind, a hop limit forgets what is far."""
    star = from_arrays([0] * 5, range(1, 6), probability=0.9)
    assert select_seeds(star, k=1, value=[0, 0, 0, 0, 0, 9.0], candidates=[1, 2, 5], rng=1).seeds.tolist() == [5]
    path = from_arrays([0, 1, 2, 4, 4], [1, 2, 3, 5, 6], probability=1.0)
    assert select_seeds(path, k=1, rng=1).seeds.tolist() == [0]
    assert select_seeds(path, k=1, max_steps=1, rng=1).seeds.tolist() == [4]


def test_k_above_n_gives_all_useful_nodes():
    """Distinct nodes, everyone reached, certificate next to 1."""
    chosen = select_seeds(from_arrays([0] * 5, range(1, 6), probability=0.9), k=50, rng=1)
    assert sorted(chosen.seeds.tolist()) == list(range(6))
    assert chosen.spread == 6
    assert chosen.certificate.ratio > 0.95


def test_every_engine_chooses_the_same_seeds():
    """Seeds, gains, spread, certificate and digest are equal for any engine and blocks."""
    rng = np.random.default_rng(5)
    s, t = rng.integers(0, 300, (2, 1500))
    p = from_arrays(s[s != t], t[s != t], probability="weighted_cascade", n_nodes=300)
    runs = [select_seeds(p, k=5, rng=3, epsilon=0.3, engine=e) for e in ("threads", "serial", Serial(5), Threads(2, 7))]
    for run in runs[1:]:
        assert run.seeds.tolist() == runs[0].seeds.tolist()
        assert run.certificate.to_dict() == runs[0].certificate.to_dict()
        assert run.manifest.digest == runs[0].manifest.digest


def test_a_promised_ratio_is_kept_or_the_best_so_far_is_handed_over():
    """.85 on a random graph is reached; on the trap, where greedy's true ratio is .7537, time runs out."""
    rng = np.random.default_rng(5)
    s, t = rng.integers(0, 300, (2, 1500))
    p = from_arrays(s[s != t], t[s != t], probability="weighted_cascade", n_nodes=300)
    assert select_seeds(p, k=5, ratio=0.85, rng=1).certificate.ratio >= 0.85
    with pytest.raises(TimeLimit) as caught:
        select_seeds(trap(), k=2, ratio=0.99, time_limit=0.3, rng=1)
    best = caught.value.best
    assert isinstance(best, SeedSelection)
    assert best.seeds.size == 2
    assert best.certificate.ratio < 0.99


def test_result_travels_through_json():
    """Seeds, certificate and frame come back."""
    chosen = select_seeds(some_graph(1)[1], k=2, rng=1)
    back = SeedSelection.from_json(chosen.to_json())
    assert back.seeds.tolist() == chosen.seeds.tolist()
    assert back.certificate.ratio == chosen.certificate.ratio
    assert chosen.to_frame()["node"].tolist() == chosen.ids


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (InvalidParameter, {}),
        (InvalidParameter, {"k": 1, "budget": 2}),
        (InvalidParameter, {"k": -1}),
        (InvalidParameter, {"k": 1.5}),
        (InvalidParameter, {"budget": -1}),
        (InvalidParameter, {"budget": np.nan}),
        (InvalidParameter, {"budget": 3, "cost": -np.ones(6)}),
        (InvalidParameter, {"budget": 3, "cost": [1, 2]}),
        (Infeasible, {"budget": 0.5, "cost": np.ones(6)}),
        (UnknownNode, {"k": 1, "candidates": [77]}),
        (InvalidParameter, {"k": 1, "candidates": []}),
        (InvalidParameter, {"k": 1, "delta": 0}),
        (InvalidParameter, {"k": 1, "ratio": 1.0}),
        (InvalidParameter, {"k": 1, "epsilon": 0}),
        (InvalidParameter, {"k": 1, "model": "magic"}),
        (InvalidParameter, {"k": 1, "value": [-1] * 6}),
    ],
)
def test_wrong_arguments_are_named(error, arguments):
    """Each mistake raises its own class."""
    with pytest.raises(error):
        select_seeds(some_graph(1)[1], rng=1, **arguments)


@pytest.mark.parametrize("asked", [{"k": 1}, {"budget": 1}, {"budget": 1, "cost": []}])
def test_a_graph_without_nodes_is_named(asked):
    """No node, no seed: with a number and with a budget alike."""
    with pytest.raises(InvalidParameter, match="at least one node"):
        select_seeds(from_arrays([], [], n_nodes=0), rng=1, **asked)


@pytest.mark.parametrize("epsilon", [0.1, 0.2])
def test_the_default_rule_is_good_and_economical(epsilon):
    """One hub among pairs: .6 of epsilon is all the certificate may lack, and two rounds above the closed-form sample size is all it may cost."""
    n, leaves, p = 2000, 20, 0.25
    source, target = (
        np.r_[np.zeros(leaves, int), np.arange(100, n, 2)],
        np.r_[np.arange(1, leaves + 1), np.arange(101, n, 2)],
    )
    graph = from_arrays(source, target, probability=p, n_nodes=n)
    share, each, need = (1 + p * leaves) / n, 1 / n / 28, 8192
    while lower_bound(2 * need * share, 2 * need, n, each) < (1 - 0.6 * epsilon) * upper_bound(
        need * share, need, n, each
    ):
        need *= 2
    chosen = select_seeds(graph, k=1, epsilon=epsilon, rng=1)
    assert chosen.seeds.tolist() == [0]
    assert chosen.certificate.ratio >= (1 - 0.6 * epsilon) / (1 + 0.1 * epsilon)
    assert chosen.n_rr_sets <= 2 * 4 * need
    assert chosen.certificate.lower <= share * n <= chosen.certificate.upper


def test_seeds_that_every_sampled_set_holds_have_an_interval_of_some_width():
    """A star whose arcs are nearly sure is reached as a whole in all sets; its mean, 1 + 60 x .99999, is below that."""
    graph = from_arrays(np.zeros(60, int), np.arange(1, 61), probability=0.99999)
    chosen = select_seeds(graph, k=1, rng=3)
    lower, upper = chosen.interval()
    assert chosen.hits == chosen.n_judged
    assert lower < 1 + 60 * 0.99999 < chosen.spread == upper
    assert 61 * 0.99 < lower < chosen.interval(0.5)[0]
