"""Branch and bound beside enumeration of all plans and beside an integer programme."""

import itertools

import numpy as np
import pytest
import scipy.optimize as so
import scipy.sparse as sp

from graphkit.influence.channel_bound import relax
from graphkit.influence.channel_cover import Cover
from graphkit.influence.channel_exact import close_gap
from graphkit.influence.channel_greedy import greedy
from graphkit.influence.channel_menu import Menu, cheapest_plan


def random_cover(rng, kind, n_sets=25, n_options=8):
    """Exposures that are soft, certain, or some of each; also as dense chances."""
    chance = {
        "soft": rng.uniform(0.02, 0.6, (n_sets, n_options)),
        "certain": np.ones((n_sets, n_options)),
        "mixed": np.where(rng.random((n_sets, n_options)) < 0.5, 1.0, rng.uniform(0.02, 0.9, (n_sets, n_options))),
    }[kind] * (rng.random((n_sets, n_options)) < 0.35)
    with np.errstate(divide="ignore"):
        hazard = np.minimum(-np.log1p(-chance), 40.0)
    weight = rng.uniform(0.2, 2.0, n_sets)
    return chance, Cover(sp.csr_matrix(hazard), weight, 3.0)


def random_rules(rng, n=8):
    """Any mixture of the rules that a purchase knows."""
    cost = rng.integers(1, 9, n) * 100
    cost[rng.random(n) < 0.1] = 0
    given = {}
    if rng.random() < 0.6:
        given |= {"extra_key": rng.integers(-1, 3, n), "extra": rng.integers(0, 9, 3) * 100}
    if rng.random() < 0.4:
        given["group"] = rng.integers(0, 6, n)
    if rng.random() < 0.4:
        kind = rng.integers(0, 2, n)
        given |= {"kind": kind, "most": rng.integers(1, 4, 2), "least": rng.integers(0, 2, 2)}
    if rng.random() < 0.3:
        given["must"] = [int(rng.integers(n))]
    budget = int(rng.integers(1, cost.sum() // 100) * 100)
    if rng.random() < 0.3:
        given |= {"wave": np.r_[0, 1, rng.integers(0, 2, n - 2)], "wave_budget": rng.integers(2, 20, 2) * 100}
    if "group" not in given and rng.random() < 0.4:
        given["after"] = np.array([x - 1 if rng.random() < 0.4 else -1 for x in range(n)])
    return Menu.of(cost, budget, **given)


def values(chance, cover, rules):
    """Value of each plan that keeps the rules, by the product formula."""
    n = rules.n
    plans = itertools.chain.from_iterable(itertools.combinations(range(n), r) for r in range(n + 1))
    return {
        p: 3.0 * float(cover.weight @ (1 - np.prod(1 - chance[:, list(p)], axis=1)))
        for p in plans
        if rules.complete(list(p))
    }


@pytest.mark.parametrize("kind", ["soft", "certain", "mixed"])
def test_the_best_of_all_plans_is_found_and_proved(kind):
    """40 random markets under random rules: plan and bound are the enumerated optimum; with less work no bound is below it."""
    rng = np.random.default_rng({"soft": 1, "certain": 2, "mixed": 3}[kind])
    looked = parted = 0
    while looked < 40:
        chance, cover = random_cover(rng, kind)
        rules = random_rules(rng)
        every = values(chance, cover, rules)
        start = cheapest_plan(rules) if every else None
        if start is None:
            continue
        best, all_of_it = max(every.values()), float(cover.weight.sum()) * cover.scale
        looked += 1
        whole = close_gap(cover, rules, start, all_of_it, work=1e9)
        assert tuple(sorted(whole.chosen)) in every
        assert whole.value == pytest.approx(best, rel=1e-9)
        assert whole.value == pytest.approx(cover.value(whole.chosen), rel=1e-9)
        assert whole.value - 1e-9 <= whole.bound <= best * (1 + 1e-8) + 1e-9
        near = close_gap(cover, rules, start, all_of_it, work=1e9, gap=0.1)
        assert best <= near.bound + 1e-9
        assert near.bound <= near.value * 1.1 + 1e-9
        last = np.inf
        for work in (0, 500, 5_000, 50_000):
            some = close_gap(cover, rules, start, all_of_it, work=work)
            assert some.bound >= best - 1e-9
            assert some.bound <= last + 1e-9
            last = some.bound
            parted += some.bound > best * (1 + 1e-6)
    assert parted > 20  # otherwise the bounds of unfinished searches were not looked at


def test_the_bound_that_is_given_counts():
    """A start that is known to be the best is proved without a look."""
    rng = np.random.default_rng(9)
    chance, cover = random_cover(rng, "soft")
    rules = Menu.of(np.full(8, 100), 300)
    every = values(chance, cover, rules)
    best = max(every, key=every.get)
    found = close_gap(cover, rules, best, every[best], work=1e9)
    assert (found.nodes, found.bound) == (0, pytest.approx(every[best]))


@pytest.mark.parametrize("draw", range(3))
def test_largest_cover_by_sets_equals_the_integer_programme(draw):
    """25 sets of 150 points, 6 may be taken: HiGHS proves the same optimum, relaxation and greedy alone do not."""
    rng = np.random.default_rng(draw)
    member = rng.random((150, 25)) < 0.08
    cover = Cover(sp.csr_matrix(np.where(member, 40.0, 0.0)), np.ones(150), 1.0)
    rules = Menu.of(np.full(25, 1), 6)
    start = greedy(cover, rules, per_cost=False)
    found = close_gap(cover, rules, start, 150.0, work=1e9)
    covers = sp.hstack([sp.csr_matrix(-member.astype(float)), sp.identity(150)])
    taken = sp.csr_matrix((np.ones(25), (np.zeros(25, int), np.arange(25))), shape=(1, 175))
    exact = so.milp(
        np.r_[np.zeros(25), -np.ones(150)],
        integrality=np.r_[np.ones(25), np.zeros(150)],
        bounds=so.Bounds(0, 1),
        constraints=[so.LinearConstraint(covers, -np.inf, 0), so.LinearConstraint(taken, -np.inf, 6)],
    )
    assert found.value == pytest.approx(-exact.fun)
    assert found.bound == pytest.approx(-exact.fun)
    assert relax(cover, rules, start).bound > found.bound + 1e-6


def test_one_off_costs_are_paid_whole():
    """Each material costs 300 of 500 and an option 100: two options of one material, not one of each as in fractions."""
    cover = Cover(sp.csr_matrix(np.diag([1.0, 1.0, 1.0, 1.0])), np.ones(4), 1.0)
    rules = Menu.of([100] * 4, 500, extra_key=[0, 0, 1, 1], extra=[300, 300])
    found = close_gap(cover, rules, [0], 4.0, work=1e9)
    assert sorted(found.chosen) in ([0, 1], [2, 3])
    assert found.bound == pytest.approx(2 * (1 - np.exp(-1.0)))
