"""Weighted goals, floors, lists of plans, and plans for unknown chances, against enumeration."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from market_fixtures import market

from graphkit.errors import Infeasible, InvalidParameter
from graphkit.influence.channel_cover import Cover
from graphkit.influence.channel_front import every_plan as all_plans
from graphkit.influence.channel_front import exchanged_plans, unbeaten
from graphkit.influence.channel_menu import Menu
from graphkit.planning.campaign import prepare
from graphkit.planning.channels import ChannelPlan, plan
from graphkit.planning.draws import draws_of, quantile
from graphkit.planning.goals import goal_text, goal_weights
from graphkit.planning.request import Request


def ask(data, budget, **more):
    """A plan without word of mouth: all its numbers are exact."""
    return plan(data, for_="Film:f1", budget=budget, **{"probability": "none", "rng": 7, **more})


def random_market(seed, m=7, n=14, **more):
    """Channels over users with propensity and lifetime value; price about 10 to 40."""
    rng = np.random.default_rng(seed)
    chance = np.round(rng.random((m, n)) * (rng.random((m, n)) < 0.5), 2)
    chance[:, 0] = 0.2
    cost = rng.integers(1, 5, m) * 10
    users = {
        "propensity": np.round(rng.random(n), 2).tolist(),
        "lifetime_value": np.round(rng.exponential(50, n), 1).tolist(),
    }
    return market(chance, cost, ["kol"] * m, users=users, **more), chance, cost, users


def every_plan(chance, cost, users, budget):
    """{channels: {goal: value}} of every affordable set."""
    weight = {
        "reach": np.ones(chance.shape[1]),
        "purchases": np.array(users["propensity"]),
        "loyalty": np.array(users["lifetime_value"]),
    }
    weight["value"] = weight["purchases"] * weight["loyalty"]
    out = {}
    for r in range(1, len(cost) + 1):
        for s in itertools.combinations(range(len(cost)), r):
            if cost[list(s)].sum() <= budget:
                seen = 1 - np.prod(1 - chance[list(s)], axis=0)
                out[s] = {goal: float(w @ seen) for goal, w in weight.items()}
    return out


def chosen(made):
    """Channel numbers of a plan."""
    return tuple(sorted(int(i.channel[1:]) for i in made.items))


def test_the_weights_of_a_sum_are_kept_to_the_last_digit():
    """What a request keeps of an objective reads back as the same weights; plain ones are written as people write them."""
    for weights in ({"reach": 1.0, "value": 0.02}, {"reach": 1 / 3, "loyalty": 1234567.25, "value": 1e-7}):
        assert goal_weights(goal_text(weights)) == weights
    assert goal_text({"reach": 1.0, "value": 0.02}) == "reach=1,value=0.02"


@pytest.mark.parametrize("case", range(6))
def test_a_weighted_sum_is_maximised_and_certified(case):
    """The plan has the largest weighted sum of all, and its goals are those of the enumeration."""
    data, chance, cost, users = random_market(case)
    plans = every_plan(chance, cost, users, 70)
    made = ask(data, 70, objective={"reach": 1, "value": 0.1})
    total = {s: g["reach"] + 0.1 * g["value"] for s, g in plans.items()}
    assert made.reach.mean == pytest.approx(max(total.values()))
    assert made.certificate.ratio == pytest.approx(1.0)
    assert {row["goal"]: row["mean"] for row in made.goals} == pytest.approx(
        {g: plans[chosen(made)][g] for g in ("reach", "value")}
    )
    assert made.objective == "reach=1,value=0.1"
    assert ask(data, 70, objective="value=0.1,reach=1").manifest.digest == made.manifest.digest
    assert ask(data, 70, objective="loyalty").reach.mean == pytest.approx(max(g["loyalty"] for g in plans.values()))


@pytest.mark.parametrize("case", range(8))
def test_floors_hold_and_the_bound_stays_true(case):
    """Most reach with a floor on value: the floor holds, the bound covers the enumerated best, little is lost."""
    data, chance, cost, users = random_market(case + 100)
    plans = every_plan(chance, cost, users, 70)
    tops = {g: max(p[g] for p in plans.values()) for g in ("reach", "value")}
    plain = max(plans.values(), key=lambda p: p["reach"])["value"]
    floor = plain + 0.6 * (tops["value"] - plain)
    best = max(p["reach"] for p in plans.values() if p["value"] >= floor)
    made = ask(data, 70, rules={"floors": {"value": floor}})
    assert plans[chosen(made)]["value"] >= floor - 1e-3
    assert made.reach.mean == pytest.approx(best)
    assert made.certificate.upper == pytest.approx(best)
    sampled = ask(data, 70, rules={"floors": {"value": 0.98 * floor}}, probability=0.0)
    loose = max(p["reach"] for p in plans.values() if p["value"] >= 0.98 * floor)
    assert plans[chosen(sampled)]["value"] >= 0.98 * floor
    assert sampled.certificate.upper >= loose
    assert sampled.certificate.lower <= plans[chosen(sampled)]["reach"]
    assert plans[chosen(sampled)]["reach"] >= 0.9 * best
    with pytest.raises(Infeasible, match="no plan under these rules reaches") as caught:
        ask(data, 70, rules={"floors": {"value": tops["value"] * 1.1}})
    assert caught.value.missing == pytest.approx(tops["value"] * 0.1, rel=1e-6)
    both = {g: tops[g] * 0.999 for g in ("reach", "value")}
    if all(p["reach"] < both["reach"] or p["value"] < both["value"] for p in plans.values()):
        with pytest.raises(Infeasible, match="together") as caught:  # each can be reached, but not by one plan
            ask(data, 70, rules={"floors": both})
        assert caught.value.rule == "floors.reach + floors.value"


def test_the_price_of_a_floor_is_found():
    """Closed form: eight channels of 10 people each, eight of 5 people worth 2 each, money for eight, a floor of 40 in worth.

    The best plan buys four of each and reaches 60. At price y of worth every plan is bounded by 8 max(10, 5 + 10 y) - 40 y,
    which is 60 at y = 1/2 alone: a bound of half a percent needs a price within 0.0075 of it.
    """
    chance = np.kron(np.eye(16), np.ones(10))
    chance = chance[:, np.r_[0:80, [80 + 10 * i + j for i in range(8) for j in range(5)]]]
    users = {"propensity": [0.5] * 120, "lifetime_value": [0.0] * 80 + [2.0] * 40}
    made = ask(market(chance, [10] * 16, ["kol"] * 16, users=users), 80, rules={"floors": {"loyalty": 40.0}})
    assert made.reach.mean == pytest.approx(60)
    assert sum(item.channel in {f"c{i}" for i in range(8)} for item in made.items) == 4
    assert made.certificate.upper >= 60
    assert made.certificate.ratio > 0.995


def front_of(plans, goals):
    """Values of the plans that no other plan equals or exceeds in every goal, by comparing all pairs."""
    points = {tuple(round(p[g], 9) for g in goals) for p in plans.values()}
    return {p for p in points if not any(q != p and all(a >= b for a, b in zip(q, p, strict=True)) for q in points)}


@pytest.mark.parametrize(
    ("case", "goals"),
    [
        *((i, ("reach", "value")) for i in range(6)),
        (6, ("reach", "purchases", "loyalty")),
        (7, ("purchases", "loyalty")),
    ],
)
def test_the_list_is_the_whole_front_of_a_small_market(case, goals):
    """Exactly the plans that no other one beats in every goal, by enumeration; the ends are the single-goal plans."""
    data, chance, cost, users = random_market(case + 200)
    plans = every_plan(chance, cost, users, 70)
    made = ask(data, 70, pareto=goals)
    rows = made.pareto
    points = [tuple(row["goals"][g] for g in goals) for row in rows]
    assert {tuple(round(x, 9) for x in p) for p in points} == front_of(plans, goals)
    assert len(points) == len(set(points))
    assert all(row["complete"] for row in rows)
    for place, goal in enumerate(goals):
        assert max(p[place] for p in points) == pytest.approx(ask(data, 70, objective=goal).reach.mean)
    for row in rows:
        bought = tuple(sorted(int(c[1:]) for c in row["channels"]))
        assert row["spent"] == cost[list(bought)].sum() <= 70
        assert [plans[bought][g] for g in goals] == pytest.approx([row["goals"][g] for g in goals])
        assert all(row["intervals"][g][0] <= row["goals"][g] <= row["intervals"][g][1] for g in goals)
        share = row["weights"]
        if share is not None:  # the plan of a weighted sum is the best under it
            top = {g: max(p[g] for p in plans.values()) for g in share}
            score = {s: sum(share[g] * p[g] / top[g] for g in share) for s, p in plans.items()}
            assert score[bought] == pytest.approx(max(score.values()))
    assert any(row["weights"] is None for row in rows) or len(rows) <= 4
    assert ChannelPlan.from_json(made.to_json()).to_json() == made.to_json()


@pytest.mark.parametrize("probability", ["none", 0.3])
def test_no_plan_is_better_in_every_goal_by_more_than_said(probability):
    """The guarantee of each listed plan against all plans: exact without word of mouth, beyond doubt of sampling with it."""
    data, chance, cost, users = random_market(11, knows=[(i, i + 1) for i in range(0, 13, 3)])
    made = ask(data, 70, pareto="reach,value", probability=probability)
    passed = np.eye(chance.shape[1])
    for i in range(0, 13, 3):
        passed[i, i + 1] = passed[i + 1, i] = 0.0 if probability == "none" else probability
    alive = np.array(
        [
            [1 - np.prod(1 - passed[v] * (1 - np.prod(1 - chance[list(s)], axis=0))) for v in range(chance.shape[1])]
            for s in every_plan(chance, cost, users, 70)
        ]
    )
    worth = np.stack(
        [alive.sum(axis=1), alive @ (np.array(users["propensity"]) * np.array(users["lifetime_value"]))], axis=1
    )
    for row in made.pareto:
        mine = np.array([row["goals"]["reach"], row["goals"]["value"]])
        assert 0.5 < row["ratio"] <= 1
        assert (worth / mine).min(axis=1).max() <= 1 / row["ratio"] + 1e-9
        assert row["delta"] == (0.0 if probability == "none" else 0.05)


@pytest.mark.parametrize("floored", ["value", "loyalty"])
def test_the_list_keeps_the_floors(floored):
    """Exactly the plans that reach the floor and that no other one of these beats, by enumeration, for a goal of the list and another."""
    goals = ("reach", "value")
    for case in range(3):
        data, chance, cost, users = random_market(case + 200)
        plans = every_plan(chance, cost, users, 70)
        floor = 0.95 * max(p[floored] for p in plans.values())
        made = ask(data, 70, pareto=goals, rules={"floors": {floored: floor}})
        points = {tuple(round(row["goals"][g], 9) for g in goals) for row in made.pareto}
        assert points == front_of({s: p for s, p in plans.items() if p[floored] >= floor}, goals)


def test_exchanges_find_most_of_a_front():
    """Beyond enumeration: from the plans of weighted sums, exchanges dominate at least 95 % of what the whole front does (above its worst corner), and more than they began with."""
    rng = np.random.default_rng(4)
    shares = []
    for _ in range(12):
        options, people = 12, 40
        hazard = np.where(rng.random((people, options)) < 0.35, rng.exponential(0.8, (people, options)), 0.0)
        covers = [
            Cover(sp.csr_matrix(hazard), w, 1.0)
            for w in (rng.exponential(1.0, people) ** 2, rng.exponential(1.0, people) ** 2)
        ]
        menu = Menu.of(rng.integers(10, 40, options), 90)
        plans, values = all_plans(covers, menu)
        whole = values[unbeaten(values, np.zeros(len(values)))]
        mixes = [values @ np.array([a, 1 - a]) / values.max(axis=0).mean() for a in (0.0, 0.5, 1.0)]
        starts = [plans[int(np.argmax(m))] for m in mixes]
        found = exchanged_plans(covers, menu, starts, tries=60)
        mine = np.array([[c.value(p) for c in covers] for p in found])
        begun = np.array([[c.value(p) for c in covers] for p in starts])
        corner = whole.min(axis=0)
        if len(whole) > 2:
            shares.append((area(begun - corner) / area(whole - corner), area(mine - corner) / area(whole - corner)))
        assert all(menu.complete(p) for p in found)
        assert len(unbeaten(mine, np.zeros(len(mine)))) == len(mine)
    before, after = np.mean(shares, axis=0)
    assert len(shares) >= 8
    assert after >= 0.95
    assert after > before + 0.05


def area(points):
    """Area dominated by points of two goals, from the origin; what lies below it counts nothing."""
    points = np.maximum(points, 0.0)
    total, high = 0.0, 0.0
    for x, y in sorted(points.tolist(), reverse=True):
        total += x * max(y - high, 0.0)
        high = max(high, y)
    return total


def test_a_list_where_no_plan_is_worth_anything():
    """The one user with a propensity costs more than there is: one row of zeros, guaranteed as little as the plan for one goal."""
    chance = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    users = {"propensity": [0.0, 0.0, 1.0], "lifetime_value": [1.0] * 3}
    data = market(chance, [5, 100], ["app"] * 2, users=users)
    (row,) = ask(data, 10, pareto="purchases,value").pareto
    assert row["goals"] == {"purchases": 0.0, "value": 0.0}
    assert row["ratio"] == ask(data, 10, objective="purchases").certificate.ratio == 0.0


def test_goals_with_word_of_mouth_are_measured_apart():
    """Weighted goals on sampled worlds: each goal within 4 standard errors of a plan judged under that goal alone."""
    data, *_ = random_market(5, knows=[(i, i + 1) for i in range(13)])
    made = ask(data, 70, probability=0.3, objective="reach=1,purchases=2")
    by = {row["goal"]: row for row in made.goals}
    whole = by["reach"]["mean"] + 2 * by["purchases"]["mean"]
    low, high = made.reach.interval
    assert abs(whole - made.reach.mean) <= 4 * (high - low) / 1.96
    with pytest.raises(InvalidParameter, match="two goals"):
        ask(data, 70, pareto="reach")


def test_the_quantile_counts_draws():
    """The smallest value that a share q of the draws does not exceed."""
    values = np.arange(1.0, 11.0)
    assert [quantile(values, q) for q in (0.05, 0.1, 0.11, 0.5, 0.99)] == [1, 1, 2, 5, 10]


def drawn_values(data, budget, q, chance, cost):
    """Value of each affordable plan in each draw, by the product formula."""
    request = Request(for_="Film:f1", budget=budget, probability="none", seed=7, robust=q)
    factors = [d.channel_factor for d in draws_of(prepare(data, request))]
    out = {}
    for r in range(1, len(cost) + 1):
        for s in itertools.combinations(range(len(cost)), r):
            if cost[list(s)].sum() <= budget:
                out[s] = np.array(
                    [
                        (1 - np.prod(1 - np.minimum(1, chance[list(s)] * f[list(s), None]), axis=0)).sum()
                        for f in factors
                    ]
                )
    return out


@pytest.mark.parametrize("case", range(6))
def test_the_robust_plan_has_the_best_quantile_found_by_enumeration(case):
    """The printed quantile is that of the plan's draws, within 3 % of the enumerated best unless the plain plan stays, and never below it."""
    data, chance, cost, _ = random_market(case + 300)
    values = drawn_values(data, 70, 0.1, chance, cost)
    made = ask(data, 70, robust=0.1)
    plain = ask(data, 70)
    mine = quantile(values[chosen(made)], 0.1)
    assert made.robust["robust"]["quantile"] == pytest.approx(mine)
    assert made.robust["plain"]["quantile"] == pytest.approx(quantile(values[chosen(plain)], 0.1))
    assert made.robust["regret_of_plain"] == pytest.approx(mine - quantile(values[chosen(plain)], 0.1))
    assert made.robust["regret_of_plain"] >= -1e-9
    assert chosen(made) == chosen(plain) or mine >= 0.97 * max(quantile(v, 0.1) for v in values.values())
    assert made.certificate.ratio <= made.reach.mean / plain.reach.mean + 1e-9


def test_a_robust_plan_is_not_fitted_to_its_draws():
    """In draws that chose nothing a robust plan is not below the plain one: where there is nothing to gain the plain plan stays.

    Chosen by its 16 draws alone it lost 3.8, 12.9 and 1.6 % at the quantile in these markets.
    """
    for seed in (3, 5, 8):
        rng = np.random.default_rng(seed)
        m, n = 24, 120
        size, chance = rng.integers(8, 50, m), np.zeros((m, n))
        for i in range(m):
            chance[i, rng.choice(n, size[i], replace=False)] = rng.uniform(0.2, 0.9)
        cost = (size * chance.max(axis=1) * rng.uniform(0.6, 1.4, m)).round() * 10 + 10
        made = ask(market(chance, cost, ["kol"] * m), float(cost.sum() * 0.15), robust=0.2, rng=seed)
        assert made.robust["fresh"]["regret_of_plain"] >= -0.01 * made.robust["fresh"]["plain"]


def test_one_large_uncertain_channel_gives_way_to_several_small_ones():
    """One channel alone may be half as good as thought; eight small ones err apart: the quantile prefers them."""
    chance = np.zeros((9, 180))
    chance[0, :100] = 0.5
    for c in range(1, 9):
        chance[c, 100 + 10 * (c - 1) : 110 + 10 * (c - 1)] = 0.6
    data = market(chance, [80] + [10] * 8, ["kol"] * 9)
    assert chosen(ask(data, 80)) == (0,)
    made = ask(data, 80, robust=0.1)
    assert chosen(made) == tuple(range(1, 9))
    assert made.robust["robust"]["worst"] >= made.robust["plain"]["worst"]
    assert not made.robust["same_plan"]
    assert ChannelPlan.from_json(made.to_json()).to_json() == made.to_json()


def test_a_robust_plan_keeps_the_floors():
    """The eight small channels are surer but reach 48; where a floor asks for 49 the one large channel stays, as the floor is a rule."""
    chance = np.zeros((9, 180))
    chance[0, :100] = 0.5
    for c in range(1, 9):
        chance[c, 100 + 10 * (c - 1) : 110 + 10 * (c - 1)] = 0.6
    data = market(chance, [80] + [10] * 8, ["kol"] * 9)
    for floor, bought in ((49, (0,)), (47, tuple(range(1, 9)))):
        made = ask(data, 80, robust=0.1, rules={"floors": {"reach": floor}})
        assert chosen(made) == bought
        assert made.reach.mean >= floor
        assert made.certificate.upper == pytest.approx(50)


def test_a_robust_plan_with_word_of_mouth():
    """Sampled worlds: same seed same plan, more draws change the request, the plain plan is never better at the quantile that chose."""
    data, *_ = random_market(9, knows=[(i, i + 1) for i in range(13)])
    made = ask(data, 70, probability=0.3, robust=0.2)
    assert made.manifest.digest == ask(data, 70, probability=0.3, robust=0.2, engine="serial").manifest.digest
    assert made.robust["draws"] == 16
    assert made.robust["regret_of_plain"] >= -0.05 * made.reach.mean
