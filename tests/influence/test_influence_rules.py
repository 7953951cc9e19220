"""Rules: the relaxed maximum against enumeration and HiGHS, groups, budget with groups, weak duality."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, linprog, milp

from graphkit.diffusion.rr_sets import RRSets
from graphkit.engine.base import Serial, Threads
from graphkit.errors import Infeasible, InvalidParameter
from graphkit.influence.channel_exact_kernel import knapsack_kernel
from graphkit.influence.coverage import Coverage
from graphkit.influence.greedy import select_seeds
from graphkit.influence.knapsack import fractional_knapsack
from graphkit.influence.rules import Rules
from graphkit.projection.build import from_arrays


def made_up(seed, n_sets, n, share=0.25):
    """Random sets over n nodes, as arrays and as a 0/1 matrix."""
    rng = np.random.default_rng(seed)
    member = rng.random((n_sets, n)) < share
    member[np.arange(n_sets), rng.integers(0, n, n_sets)] = True
    indptr = np.concatenate(([0], np.cumsum(member.sum(axis=1))))
    nodes = np.nonzero(member)[1].astype(np.int32)
    return RRSets(indptr, nodes, nodes[indptr[:-1]], n, float(n)), member.astype(float)


def some_rules(kind, n, seed):
    """Number, groups, budget, or budget and groups."""
    rng = np.random.default_rng(seed)
    cost = rng.integers(1, 5, n).astype(float) if "budget" in kind else None
    group, most = (rng.integers(0, 3, n), np.array([1, 2, 1])) if "groups" in kind else (None, None)
    return Rules(
        np.ones(n, bool), np.arange(n), 3 if cost is None else n, cost, math.inf if cost is None else 6.0, group, most
    )


def rows_of(rules, n):
    """Return the rules as rows of A x <= b."""
    a, b = ([np.ones(n)], [3.0]) if rules.cost is None else ([rules.cost], [rules.budget])
    if rules.group is not None:
        a += [(rules.group == g).astype(float) for g in range(3)]
        b += rules.most.tolist()
    return np.array(a), np.array(b)


KINDS = ["number", "groups", "budget", "budget and groups"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", range(5))
def test_largest_lies_between_the_best_set_and_its_relaxation(kind, case):
    """Never below the best allowed set; equal to the linear relaxation solved by HiGHS (matroids: to the best set)."""
    n = 9
    rules, load = some_rules(kind, n, case), np.random.default_rng(case + 9).random(n) * 10
    a, b = rows_of(rules, n)
    value, share = rules.largest(load)
    whole = milp(-load, constraints=LinearConstraint(a, ub=b), integrality=np.ones(n), bounds=(0, 1))
    loose = linprog(-load, A_ub=a, b_ub=b, bounds=(0, 1))
    assert value >= -whole.fun - 1e-9
    assert value == pytest.approx(-whole.fun if "budget" not in kind else -loose.fun, rel=1e-9)
    assert ((share >= 0) & (share <= 1)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_dual_bound_converges_to_the_program_with_rules(kind):
    """Within 1 % of the coverage LP with the rules as rows (HiGHS), never below it."""
    n = 12
    sets, member = made_up(4, 150, n)
    rules = some_rules(kind, n, 4)
    a, b = rows_of(rules, n)
    top = np.hstack((-member, np.eye(len(member))))
    full = np.vstack((top, np.hstack((a, np.zeros((len(b), len(member)))))))
    solved = linprog(
        np.r_[np.zeros(n), -np.ones(len(member))], A_ub=full, b_ub=np.r_[np.zeros(len(member)), b], bounds=(0, 1)
    )
    cover = Coverage(sets, rules)
    seeds, gains, online = cover.greedy()
    dual = cover.dual_bound(seeds, 0, steps=3000, enough=lambda bound: False)
    assert -solved.fun - 1e-6 <= dual <= -solved.fun * 1.01
    assert gains.sum() <= dual + 1e-9
    assert online >= -solved.fun - 1e-9 or online >= gains.sum()
    if rules.group is not None:
        assert (np.bincount(rules.group[seeds], minlength=3) <= rules.most).all()


@given(st.integers(0, 10**6), st.sampled_from(KINDS))
def test_weak_duality_for_any_weights(seed, kind):
    """For every y in [0, 1]: each allowed set covers at most sum(1 - y) plus the relaxed maximum of c(y)."""
    n, rng = 7, np.random.default_rng(seed)
    _, member = made_up(seed, 15, n)
    rules, y = some_rules(kind, n, seed), rng.random(15)
    bound = (1 - y).sum() + rules.largest(y @ member)[0]
    a, b = rows_of(rules, n)
    for size in range(n + 1):
        for chosen in itertools.combinations(range(n), size):
            mask = np.isin(np.arange(n), chosen)
            if (a @ mask <= b + 1e-12).all():
                assert member[:, mask].any(axis=1).sum() <= bound + 1e-9


def test_a_small_pool_gives_the_same_seeds_and_valid_bounds(monkeypatch):
    """With 16 indexed nodes of 400 greedy chooses as with all, and both bounds stay above the LP optimum."""
    sets, member = made_up(2, 600, 400, share=0.01)
    rules = Rules(np.ones(400, bool), np.arange(400), 12)
    full = Coverage(sets, rules).greedy()
    monkeypatch.setattr("graphkit.influence.coverage.POOL", 16)
    monkeypatch.setattr("graphkit.influence.coverage.POOL_K", 1)
    cover = Coverage(sets, rules)
    assert cover.pool.size < 400
    seeds, gains, online = cover.greedy()
    assert seeds.tolist() == full[0].tolist()
    assert gains.tolist() == full[1].tolist()
    assert online == full[2]
    a = np.hstack((-member, np.eye(600)))
    solved = linprog(
        np.r_[np.zeros(400), -np.ones(600)],
        A_ub=np.vstack((a, np.r_[np.ones(400), np.zeros(600)])),
        b_ub=np.r_[np.zeros(600), 12],
        bounds=(0, 1),
    )
    assert online >= gains.sum()
    assert -solved.fun - 1e-6 <= Coverage(sets, rules).dual_bound(seeds, 0, steps=400, enough=lambda bound: False)
    assert -solved.fun - 1e-6 <= cover.dual_bound(seeds, 0, steps=400, enough=lambda bound: False) <= -solved.fun * 1.03


@pytest.mark.parametrize("engine", [Serial(1), Threads(2, 3)])
def test_bounds_have_the_same_bits_on_every_engine(engine):
    """Dual sums are integers: any engine and blocks give equal bounds."""
    sets, _ = made_up(5, 500, 60)
    rules = Rules(np.ones(60, bool), np.arange(60), 4)
    results = []
    for runner in (Serial(), engine):
        cover = Coverage(sets, rules, runner)
        seeds, gains, online = cover.greedy()
        results.append(
            (seeds.tolist(), gains.tolist(), online, cover.dual_bound(seeds, 0, steps=30, enough=lambda bound: False))
        )
    assert results[0] == results[1]


def test_groups_bind_the_choice():
    """Two stars in one region and one elsewhere: with one seed a region the third star is taken; a group of 0 is never touched."""
    p = from_arrays([0] * 6 + [1] * 5 + [2] * 3, range(3, 17), probability=1.0)
    group = np.array(["north", "north", "south"] + ["leaf"] * 14)
    assert select_seeds(p, k=2, rng=1).seeds.tolist() == [0, 1]
    assert select_seeds(p, k=2, group=group, per_group=1, rng=1).seeds.tolist() == [0, 2]
    assert set(select_seeds(p, k=3, group=group, per_group={"north": 0}, rng=1).seeds.tolist()).isdisjoint({0, 1})
    money = select_seeds(p, budget=3, cost=1.0, group=group, per_group={"north": 1, "leaf": 0}, rng=1)
    assert money.seeds.tolist() == [0, 2]
    assert money.certificate.ratio > 0.9


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (InvalidParameter, {"group": [0, 1]}),
        (InvalidParameter, {"per_group": 1}),
        (InvalidParameter, {"group": [0, 1], "per_group": 1}),
        (InvalidParameter, {"group": [0, 0, 1], "per_group": {"7": 1}}),
        (InvalidParameter, {"group": [0, 0, 1], "per_group": 0}),
        (Infeasible, {"group": [0, 0, 0], "per_group": {0: 0}}),
        (InvalidParameter, {"memory_limit": 10}),
        (InvalidParameter, {"memory_limit": 0.5}),
    ],
)
def test_wrong_rules_are_named(error, arguments):
    """Half a rule, a group that does not occur, no room for a sample."""
    with pytest.raises(error):
        select_seeds(from_arrays([0, 1], [1, 2], probability=0.5), k=1, rng=1, **arguments)


def test_what_is_free_stays_in_the_bound_when_no_money_is_there():
    """With a budget of 0 the certificate covers the free nodes: one of them reaches itself and nobody else."""
    star = from_arrays(np.zeros(6, int), np.arange(1, 7), probability=0.4)
    chosen = select_seeds(star, budget=0.0, cost=[0.5, 0.7, 0.0, 0.1, 0.8, 0.3, 0.1], delta=0.05, rng=1)
    assert chosen.seeds.tolist() == [2]
    assert chosen.certificate.lower <= 1.0 <= chosen.certificate.upper
    assert chosen.certificate.ratio < 1.0


def test_the_best_free_node_of_a_group_comes_first():
    """Of two free nodes that exclude each other the one that reaches more is taken, whatever its id."""
    hubs = from_arrays([1, 1, 1], [2, 3, 4], probability=1.0)
    chosen = select_seeds(
        hubs, budget=1.0, cost=[0.0, 0.0, 9.0, 9.0, 9.0], group=[0, 0, 1, 1, 1], per_group=1, delta=0.05, rng=1
    )
    assert chosen.seeds.tolist() == [1]


@pytest.mark.parametrize("case", range(6))
def test_prices_in_tenths_never_add_up_to_more_than_the_budget(case):
    """The sum of the prices as floats is within the budget in the order of choice and in that of the rows."""
    rng = np.random.default_rng(case)
    n = 12
    cost, budget = rng.integers(0, 10, n) * 0.1, round(float(rng.integers(5, 25)) * 0.1, 1)
    apart = from_arrays([0], [1], probability=0.0, n_nodes=n)
    chosen = select_seeds(apart, budget=budget, cost=cost, delta=0.05, rng=case)
    assert cost[chosen.seeds].sum() <= budget
    assert cost[np.sort(chosen.seeds)].sum() <= budget
    left = np.setdiff1d(np.flatnonzero(cost <= budget), chosen.seeds)
    assert all(cost[[*chosen.seeds.tolist(), v]].sum() > budget - 1e-9 for v in left)


@pytest.mark.parametrize("case", range(20))
def test_the_fractional_knapsack_lies_above_every_purchase_of_one_a_group(case):
    """Equal to SciPy's linear programme without groups; with groups no purchase of one each is above it, and the kernel agrees."""
    rng = np.random.default_rng(case)
    gain, cost, group = rng.normal(1, 1, 9), rng.integers(0, 6, 9), rng.integers(0, 4, 9)
    money = int(rng.integers(0, 15))
    fits = np.where(cost <= money, gain, 0.0)
    plain = linprog(-fits, A_ub=[cost], b_ub=[money], bounds=(0, 1))
    assert gain @ fractional_knapsack(gain, cost, money) == pytest.approx(-plain.fun, abs=1e-12)
    shares = fractional_knapsack(gain, cost, money, group=group)
    whole = [
        gain[list(rows)].sum()
        for n in range(5)
        for rows in itertools.combinations(range(9), n)
        if cost[list(rows)].sum() <= money and len(set(group[list(rows)])) == n
    ]
    assert gain @ shares >= max(whole) - 1e-12
    found = np.empty(9)
    total = knapsack_kernel(gain, np.ones(9, np.bool_), cost, group, money, found)
    assert total == pytest.approx(gain @ shares, abs=1e-12)
    assert found == pytest.approx(shares, abs=1e-12)
