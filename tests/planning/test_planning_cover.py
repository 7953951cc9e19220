"""Soft coverage, selection and bounds against enumeration."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.optimize as so
import scipy.sparse as sp

import graphkit as gk
from graphkit.errors import Unfinished
from graphkit.influence.channel_bound import best_fraction, lower_limit, relax, upper_limit
from graphkit.influence.channel_cover import Cover, merged, twins_kernel
from graphkit.influence.channel_greedy import by_marginal_gain, exhaustive, fill_in_order, greedy
from graphkit.influence.channel_menu import Menu, cheapest_plan
from graphkit.influence.channel_swaps import _neighbours, improve, refilled, without
from graphkit.planning import search
from graphkit.planning.choose import baseline_plans, choose
from graphkit.planning.reasons import _Exchange
from graphkit.synthetic.campaign import write_campaign


def market(rng, n_sets=30, n_options=8, hard=False):
    """A random cover with its dense q, and a menu with the budget as only rule."""
    q = (rng.random((n_sets, n_options)) < 0.4) * (1.0 if hard else rng.uniform(0.05, 0.95, (n_sets, n_options)))
    with np.errstate(divide="ignore"):
        hazard = np.minimum(-np.log1p(-q), 40.0)
    cost = rng.integers(1, 9, n_options) * 100
    return q, Cover(sp.csr_matrix(hazard), np.ones(n_sets), 1.0), menu(cost, int(rng.integers(cost.min(), cost.sum())))


def menu(cost, budget, **given):
    """A menu with everything optional."""
    return Menu.of(cost, budget, **given)


def every_plan(q, rules):
    """Value of each allowed plan by the product formula."""
    n = q.shape[1]
    plans = itertools.chain.from_iterable(itertools.combinations(range(n), r) for r in range(n + 1))
    return {p: float((1 - np.prod(1 - q[:, list(p)], axis=1)).sum()) for p in plans if rules.complete(list(p))}


@pytest.mark.parametrize("hard", [False, True])
def test_no_bound_is_below_the_enumerated_optimum(hard):
    """The relaxation bounds every plan, and exhaustive search finds the best, on 40 random markets."""
    rng = np.random.default_rng(3)
    for _ in range(40):
        q, cover, rules = market(rng, hard=hard)
        best = max(every_plan(q, rules).values())
        start = greedy(cover, rules, per_cost=True)
        assert relax(cover, rules, start).bound >= best - 1e-9
        assert exhaustive(merged(cover), rules)[1] == pytest.approx(best, abs=1e-9)
        assert cover.value(improve(cover, rules, start)) <= best + 1e-9


def test_rules_inside_the_maximum_still_bound():
    """Groups, counts per kind and required options: the bound holds and plans keep the rules."""
    rng = np.random.default_rng(5)
    for _ in range(30):
        q, cover, free = market(rng)
        rules = menu(
            free.cost,
            int(free.cost.sum() * 0.6),
            group=[0, 0, 1, 2, 3, 4, 5, 6],
            kind=[0, 0, 0, 0, 1, 1, 1, 1],
            most=[2, 2],
            least=[0, 1],
            must=[3],
        )
        plans = every_plan(q, rules)
        if not plans:
            continue
        chosen = greedy(cover, rules, per_cost=True)
        assert relax(cover, rules, chosen).bound >= max(plans.values()) - 1e-9
        assert not rules.complete(chosen) or tuple(sorted(chosen)) in plans


def test_fraction_equals_the_linear_programme():
    """The fractional knapsack, and the multiplier form with kinds, equal SciPy's HiGHS."""
    rng = np.random.default_rng(7)
    for _ in range(20):
        cost, gain, kind = rng.integers(1, 9, 10), rng.random(10), np.arange(10) % 2
        budget = int(rng.integers(9, cost.sum()))
        plain = so.linprog(-gain, A_ub=[cost], b_ub=[budget], bounds=(0, 1))
        assert best_fraction(menu(cost, budget), gain)[1] == pytest.approx(-plain.fun, rel=1e-9)
        rows = [cost, kind == 0, kind == 1]
        capped = so.linprog(-gain, A_ub=np.array(rows, float), b_ub=[budget, 2, 3], bounds=(0, 1))
        total = best_fraction(menu(cost, budget, kind=kind, most=[2, 3]), gain)[1]
        assert -capped.fun - 1e-9 <= total <= -capped.fun * (1 + 1e-6) + 1e-9


def test_lazy_greedy_equals_the_plain_one():
    """Lazy updates choose what recomputing every gain chooses."""
    rng = np.random.default_rng(11)
    for _ in range(20):
        q, cover, rules = market(rng)
        chosen, missed, left = [], np.ones(len(q)), rules.budget
        while True:
            gain = np.where((rules.cost <= left) & ~np.isin(np.arange(8), chosen), missed @ q, 0) / rules.cost
            if gain.max() <= 1e-12:
                break
            chosen.append(int(gain.argmax()))
            missed *= 1 - q[:, chosen[-1]]
            left -= rules.cost[chosen[-1]]
        assert greedy(cover, rules, per_cost=True) == chosen
        assert sorted(by_marginal_gain(cover, chosen)) == sorted(chosen)


def test_fill_in_order_buys_what_still_fits():
    """A dear option is skipped, a later cheap one is bought."""
    assert fill_in_order(menu([300, 900, 100], 450), [0, 1, 2]) == [0, 2]


def test_tails_match_the_binomial():
    """lower_limit and upper_limit fail at most as often as delta, by the exact binomial tail."""
    from scipy.stats import binom

    n, delta = 400, 0.05
    for true in (0.02, 0.3, 0.9):
        k = np.arange(n + 1)
        chance = binom.pmf(k, n, true)
        low = np.array([lower_limit(x / n, n, delta) for x in k])
        high = np.array([upper_limit(x / n, n, delta) for x in k])
        assert chance[low > true].sum() <= delta
        assert chance[high < true].sum() <= delta


def test_certain_exposures_are_bounded_by_the_cut_alone():
    """Hard covers: the dual bound covers the enumerated optimum, and comes close to HiGHS' value of the relaxation."""
    rng = np.random.default_rng(13)
    for _ in range(20):
        q, cover, rules = market(rng, n_sets=40, n_options=9, hard=True)
        best = max(every_plan(q, rules).values())
        found = relax(cover, rules, greedy(cover, rules, per_cost=True), steps=200)
        n, m = q.shape
        rows = np.vstack([np.hstack([-q, np.eye(n)]), np.concatenate([rules.cost, np.zeros(n)])])
        whole = so.linprog(
            np.concatenate([np.zeros(m), -np.ones(n)]),
            A_ub=rows,
            b_ub=np.append(np.zeros(n), rules.budget),
            bounds=(0, 1),
        )
        assert found.bound >= best - 1e-9
        assert -whole.fun - 1e-6 <= found.bound <= -whole.fun * 1.04 + 1e-6


def test_compiled_greedy_equals_the_plain_one_by_gain():
    """Order by marginal gain equals recomputing every gain; later uses wait for earlier ones."""
    rng = np.random.default_rng(17)
    for _ in range(20):
        q, cover, _ = market(rng)
        missed, order = np.ones(len(q)), []
        for _step in range(8):
            gain = np.where(np.isin(np.arange(8), order), -1, missed @ q)
            order.append(int(gain.argmax()))
            missed *= 1 - q[:, order[-1]]
        assert by_marginal_gain(cover, range(8)) == order
    twice = Cover(sp.csr_matrix(np.array([[0.5, 0.5, 0.1]])), np.ones(1), 1.0)
    assert greedy(twice, menu([10, 10, 10], 30, after=[-1, 0, -1]), per_cost=True) == [0, 1, 2]
    assert greedy(twice, menu([10, 10, 10], 10, after=[1, -1, -1]), per_cost=True) == [1]


def test_room_is_made_by_the_fewest_of_the_weakest():
    """For options too dear beside the plan: as many purchases go as a scan one by one finds, weakest first, and no more."""
    rng, looked = np.random.default_rng(8), 0
    for _ in range(30):
        _, cover, rules = market(rng, n_options=12)
        chosen = sorted(greedy(cover, rules, per_cost=True))
        once, no_floors = SimpleNamespace(use=np.ones(12, np.int64)), SimpleNamespace(floors={})
        campaign = SimpleNamespace(
            menu=rules, worlds=SimpleNamespace(exact=True), label=str, options=once, rules=no_floors
        )
        exchange = _Exchange(campaign, cover, chosen)
        for option in set(range(12)) - set(chosen):
            allowed = [
                rules.allowed([x for x in chosen if x not in exchange.weak[:k]])[option]
                for k in range(1, len(chosen) + 1)
            ]
            found = exchange._prefix(option)
            if True not in allowed:
                assert found is None
                continue
            gone = exchange.weak[: 1 + allowed.index(True)]
            rest = [x for x in chosen if x not in gone]
            assert sorted(map(int, found.gone)) == sorted(gone)
            assert found.change == pytest.approx(cover.value([*rest, option]) - cover.value(chosen))
            looked += 1
    assert looked > 30


def test_local_search_gives_up_two_for_one():
    """Two cheap channels that share most of their people make room for a dear one: no single one of them frees the money."""
    q = np.zeros((20, 3))
    q[:6, 0] = q[3:9, 1] = q[8:20, 2] = 0.9
    cover = Cover(sp.csr_matrix(-np.log1p(-q)), np.ones(20), 1.0)
    assert sorted(improve(cover, menu([50, 50, 100], 100), [0, 1])) == [2]


def test_local_search_comes_near_the_best_of_all_plans():
    """Kinds, waves, materials, second uses and cents: from any start 56 of 60 times the enumerated optimum; without putting in, 51 times."""
    rng, reached = np.random.default_rng(23), 0
    for _ in range(60):
        q, cover, _ = market(rng, n_sets=60, n_options=10)
        cost = rng.integers(100, 900, 10)
        rules = menu(
            cost,
            int(cost.sum() * rng.uniform(0.2, 0.6)),
            group=[0, 0, 1, 2, 3, 4, 5, 6, 7, 8],
            kind=[0, 0, 0, 0, 0, 1, 1, 1, 1, 1],
            most=[3, 4],
            wave=[0, 1, 0, 1, 0, 1, 0, 1, 0, 1],
            wave_budget=[int(cost.sum() * 0.3)] * 2,
            after=[-1, -1, -1, -1, 3, -1, -1, -1, 7, -1],
        )
        values = every_plan(q, rules)
        best = max(values.values())
        found = improve(cover, rules, fill_in_order(rules, rng.permutation(10)))
        assert rules.complete(found)
        reached += values[tuple(sorted(found))] >= best - 1e-9
    assert reached >= 55


@pytest.mark.parametrize("case", range(8))
def test_exchanges_that_start_from_what_is_known_are_those_from_the_beginning(case):
    """Plans filled up from known gains are greedy's own, and what they are said to be worth is their value."""
    rng = np.random.default_rng(case)
    _, cover, _ = market(rng, n_sets=120, n_options=16, hard=case == 7)
    given = {"kind": rng.integers(0, 2, 16), "most": [3, 4]} if case % 2 else {}
    rules = menu(rng.integers(1, 9, 16) * 10, 200, **given)
    chosen = fill_in_order(rules, rng.permutation(16))
    for option, found in zip(chosen, _neighbours(cover, rules, chosen, None), strict=False):
        rest = without(rules, chosen, option)
        for plan, about in found:
            assert plan == greedy(cover, rules, per_cost=True, start=plan[: len(rest) + 1])
            assert plan[: len(rest)] == rest
            assert about == pytest.approx(cover.value(plan), rel=1e-12)
        assert [plan for plan, _ in found] == refilled(cover, rules, rest, option, None)


def test_a_plan_of_many_purchases_is_searched_to_its_end(tmp_path, monkeypatch):
    """Two waves, uses and materials, 472 options: thousands of further exchanges gain less than a thousandth (.43 % once)."""
    write_campaign(tmp_path, n_users=600, clips=1)
    seen = []
    monkeypatch.setattr(
        search, "choose", lambda *args, **given: seen.append((args, choose(*args, **given))) or seen[-1][1]
    )
    gk.plan(tmp_path, for_=("Film", "f01"), budget=5_000, waves=2, rng=7)
    (cover, rules, _), found = seen[0]
    assert cover.value(improve(cover, rules, found.chosen, tries=3_000)) <= found.value * 1.001


def test_columns_that_are_alike_are_added_up_once():
    """Uses of one channel gain bit for bit the same, what SciPy's products say; columns that look alike and differ stay apart."""
    rng = np.random.default_rng(6)
    _, one, _ = market(rng, n_sets=200, n_options=3)
    hazard = sp.csr_matrix(one.hazard[:, [0, 1, 0, 2, 0, 1]])
    cover = Cover(hazard, rng.random(200), 2.0)
    assert cover.twin.tolist() == [0, 1, 0, 3, 0, 1]
    missed, q = rng.random(200), -np.expm1(-hazard.toarray())
    assert cover.seen_by_option.toarray() == pytest.approx(q)
    gains = cover.gains(missed, np.array([False, True, True, False, True, True]))
    assert gains == pytest.approx(2 * (q.T @ (cover.weight * missed)) * [0, 1, 1, 0, 1, 1])
    assert (gains[2], gains[1]) == (gains[4], gains[5])
    assert cover.gain(missed, 4) == pytest.approx(gains[4], rel=1e-14)
    other, twin = sp.csc_matrix([[1.0, 1.0, 2.0], [3.0, 3.0, 3.0]]), np.zeros(3, np.int64)
    twins_kernel(other.indptr, other.indices, other.data, twin)
    assert twin.tolist() == [0, 0, 2]


def test_gains_and_what_is_missed_are_those_of_sparse_products():
    """Compiled sums equal SciPy's; options that are not asked for gain nothing."""
    rng = np.random.default_rng(5)
    q, cover, _ = market(rng, n_sets=200, n_options=30)
    missed = np.exp(-np.asarray(cover.hazard[:, [3, 1, 8]].sum(axis=1)).ravel())
    assert cover.missed([3, 1, 8]) == pytest.approx(missed, abs=1e-14)
    among = rng.random(30) < 0.5
    assert cover.gains(missed, among) == pytest.approx(np.where(among, q.T @ missed, 0.0), abs=1e-9)
    assert cover.gains(missed) == pytest.approx(q.T @ missed, abs=1e-9)


def counted(budget):
    """Twenty channels, of which at least twelve are bought, for so much or for what the cheapest cost; and their cover."""
    rng = np.random.default_rng(11)
    _, cover, _ = market(rng, n_options=20)
    cost = rng.integers(100, 900, 20)
    return cover, menu(cost, budget or int(np.sort(cost)[:12].sum()), least=[12])


def test_a_solver_out_of_time_does_not_say_that_there_is_no_plan(monkeypatch):
    """Without a proof nobody says 'no plan keeps the rules'; a plan that greedy finds needs no solver; a proof still counts."""
    cover, tight = counted(None)
    _, impossible = counted(100)
    _, wide = counted(10**6)
    nothing = {name: [] for name in ("price_per_contact", "sainsbury", "top_degree")}
    assert tight.complete(cheapest_plan(tight))
    assert cheapest_plan(impossible) is None
    kept = choose(cover, wide, nothing)
    late = SimpleNamespace(x=None, status=1)
    monkeypatch.setattr(so, "milp", lambda *_, **__: late)
    with pytest.raises(Unfinished, match="could not be settled in time"):
        cheapest_plan(tight)
    with pytest.raises(Unfinished, match="could not be settled in time"):
        choose(cover, impossible, nothing, bound=False)
    assert choose(cover, wide, nothing).chosen == kept.chosen
    assert baseline_plans(cover.hazard.tocsc(), None, wide)["top_degree"]
