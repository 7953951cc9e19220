"""Plans under real rules against full enumeration, and contradictions named by brute force."""

import itertools

import numpy as np
import pytest
from market_fixtures import every_purchase, market, money, reach, table, tie

from graphkit.errors import DataInvalid, Infeasible, InvalidParameter
from graphkit.influence.channel_menu import Menu, cheapest_plan
from graphkit.planning.channels import ChannelPlan, plan
from graphkit.planning.whatif import whatif
from graphkit.report.spoken import chinese

KINDS = ("kol", "app")


def ask(data, budget, **more):
    """A plan without word of mouth: all its numbers are exact."""
    return plan(data, for_="Film:f1", budget=budget, **{"probability": "none", "rng": 7, **more})


def bought(made):
    """{(channel number, wave): (material, uses)}."""
    return {(int(i.channel[1:]), i.wave): (i.material, i.uses) for i in made.items}


def keeps(purchase, rules, kinds, cost, waves):
    """Whether a purchase keeps counts per kind, required channels and the money of each wave."""
    used = {c for c, _ in purchase}
    for kind in KINDS:
        count = sum(kinds[c] == kind for c in used)
        if not rules.get("least", {}).get(kind, 0) <= count <= rules.get("most", {}).get(kind, 99):
            return False
    spent = [sum(cost[c] * uses for (c, w), (_, uses) in purchase.items() if w == wave) for wave in range(1, waves + 1)]
    limits = rules.get("wave_budgets", [10**9] * waves)
    return {int(x[1:]) for x in rules.get("required", [])} <= used and all(
        s <= limit for s, limit in zip(spent, limits, strict=True)
    )


@pytest.mark.parametrize("case", range(14))
def test_the_plan_is_the_best_purchase_of_all(case):
    """Capacity, waves with money, materials paid once, counts per kind, required: the plan equals the enumerated best."""
    rng = np.random.default_rng(case)
    waves = int(rng.integers(1, 3))
    m = 3 if waves == 2 else 4
    chance = np.round(rng.random((m, 9)) * (rng.random((m, 9)) < 0.6), 2)
    chance[:, 0] = 0.3
    cost, kinds = rng.integers(1, 7, m) * 10, [KINDS[int(x)] for x in rng.integers(0, 2, m)]
    capacity = [int(x) for x in rng.integers(1, 3, m)]
    once, response = {"m0": 15, "m1": 5}, {"m0": 1.5, "m1": 0.8}
    materials = {c: ["m0", "m1"] if c == 0 else ["m0"] if c == 1 else [None] for c in range(m)}
    accepts = tie("ACCEPTS", "Channel", "Material", [0, 0, 1], [0, 1, 0])
    goods = table(
        "Material", ["m0", "m1"], kind=["poster"] * 2, status=["approved"] * 2, cost=[15.0, 5.0], response=[1.5, 0.8]
    )
    data = market(chance, cost, kinds, channel={"capacity": capacity}, nodes=[goods], edges=[accepts])
    rules = (
        {"most": {"kol": 1}}
        if case % 3 == 0
        else {"least": {"app": min(1, kinds.count("app"))}}
        if case % 3 == 1
        else {"required": ["c0"]}
    )
    if waves == 2:
        rules["wave_budgets"] = [70, 50]
    budget = int(rng.integers(8, 14)) * 10
    allowed = [
        p
        for p in every_purchase(m, waves, capacity, materials)
        if p and money(p, cost, once) <= budget and keeps(p, rules, kinds, cost, waves)
    ]
    best = max(reach(chance, p, response) for p in allowed)
    made = ask(data, budget, waves=waves, rules=rules)
    mine = bought(made)
    assert made.reach.mean == pytest.approx(reach(chance, mine, response), abs=1e-9)
    assert made.spent == money(mine, cost, once) == pytest.approx(sum(i.cost for i in made.items))
    assert made.spent <= budget
    assert keeps(mine, rules, kinds, cost, waves)
    assert made.reach.mean >= 0.97 * best
    assert made.certificate.upper >= best - 1e-9
    assert made.certificate.ratio <= made.reach.mean / best + 1e-9
    assert sum(i.adds for i in made.items) == pytest.approx(made.reach.mean)
    assert ChannelPlan.from_json(made.to_json()).to_json() == made.to_json()


def test_uses_are_counted_and_priced():
    """Capacity 3 and much money: 1 - .5^3 of everybody, for three times the price; the rules may lower the capacity."""
    data = market(np.full((1, 10), 0.5), [10], ["kol"], channel={"capacity": [3]})
    made = ask(data, 100)
    assert (made.items[0].uses, made.items[0].cost, made.reach.mean) == (3, 30, pytest.approx(8.75))
    assert ask(data, 100, rules={"capacity": {"c0": 2}}).reach.mean == pytest.approx(7.5)
    assert ask(data, 25).items[0].uses == 2
    assert whatif(made, drop=["c0"]).reach.variant == 0


def test_a_large_capacity_is_used_to_the_full():
    """Capacity 100 at p = .05: 60 uses of 1 reach 20 (1 - .95^60), more than the 6 of a dearer channel; nothing is cut, what-if agrees."""
    chance = np.zeros((2, 40))
    chance[0, :20], chance[1, 20:] = 0.05, 0.3
    data = market(chance, [1, 60], ["kol"] * 2, channel={"capacity": [100, 1]})
    made = ask(data, 60)
    assert [(i.channel, i.uses) for i in made.items] == [("c0", 60)]
    assert made.reach.mean == pytest.approx(20 * (1 - 0.95**60))
    assert not any("are looked at" in text for text in made.assumptions)
    assert made.certificate.ratio >= 0.9
    assert whatif(made, budget=90).reach.variant == pytest.approx(20 * (1 - 0.95**30) + 6)
    assert whatif(made, price={"c0": 2}).spent == 120


def test_a_capacity_that_is_cut_is_said():
    """Forty free channels of capacity 1,000 are more than can be looked at: 51 uses each, and the plan says so."""
    chance = np.full((40, 8), 0.001)
    made = ask(market(chance, [0] * 40, ["kol"] * 40, channel={"capacity": [1000] * 40}), 10)
    assert {i.uses for i in made.items} == {51}
    assert any("40 channels have a capacity above 51" in text for text in made.assumptions)


def test_the_first_use_of_a_material_pays_for_it():
    """Two waves with one material: its cost stands in the first row, the wave's own money is left alone."""
    goods = table("Material", ["m0"], kind=["poster"], status=["approved"], cost=[15.0], response=[1.0])
    data = market(
        np.full((1, 10), 0.5), [10], ["kol"], nodes=[goods], edges=[tie("ACCEPTS", "Channel", "Material", [0], [0])]
    )
    made = ask(data, 35, waves=2, rules={"wave_budgets": [10, 10]})
    assert [(i.wave, i.cost, i.one_off_cost) for i in made.items] == [(1, 25, 15), (2, 10, 0)]
    assert [(w["wave"], w["spent"], w["one_off"]) for w in made.waves] == [(1, 25, 15), (2, 10, 0)]


def test_offline_masks_equal_their_edges_bit_for_bit():
    """A cinema as region and reach_p, and the same as REACHES rows: every printed number is the same float."""
    rng = np.random.default_rng(3)
    region = [str(x) for x in rng.choice(["north", "south"], 40)]
    users = {"region": region}
    knows = [(i, i + 1) for i in range(39)]
    chance = np.zeros((3, 40))
    chance[0, rng.random(40) < 0.5] = 0.4
    chance[1, np.array(region) == "north"] = 0.3
    chance[2, np.array(region) == "south"] = 0.3
    edges = market(chance, [10, 12, 9], ["kol", "cinema", "cinema"], users=users, knows=knows)
    chance[1:] = 0
    masks = market(chance, [10, 12, 9], ["kol", "cinema", "cinema"], users=users, knows=knows,
                   channel={"audience_filter": [None, "region='north'", "region='south'"], "reach_p": [None, 0.3, 0.3]})  # fmt: skip
    for probability in ("none", 0.2):
        one, other = (ask(x, 22, probability=probability).to_dict() for x in (edges, masks))
        for name in ("items", "reach", "certificate", "baselines", "spent", "adding_up_would_have_said"):
            assert one[name] == other[name]


def test_lead_times_open_later_waves():
    """A channel that needs 9 days is closed in the first wave, 5 days ahead, and open in the second, 7 days later."""
    data = market(np.full((1, 4), 0.5), [10], ["kol"], channel={"lead_days": [9]})
    made = ask(data, 100, waves=2, rules={"days_to_start": 5, "gap_days": 7})
    assert [i.wave for i in made.items] == [2]
    assert [r["reason"] for r in made.rejected] == ["needs 9 days, the campaign starts in 5 (wave 1)"]


def test_rights_are_compared_wave_by_wave():
    """Rights that end after the first wave close the second one; purchases carry their dates."""
    day = 86_400
    brand = table("Brand", ["b1"], name=["B"], ours=[True])
    rights = tie(
        "HOLDS_RIGHTS",
        "Brand",
        "Film",
        [0],
        [0],
        uses=[["promote"]],
        territory=[["ALL"]],
        from_ts=[0],
        to_ts=[10 * day],
    )
    data = market(np.full((1, 4), 0.5), [10], ["kol"], nodes=[brand], edges=[rights])
    made = ask(data, 100, waves=2, rules={"starts_ts": 0, "gap_days": 7})
    assert [(i.wave, i.starts_ts) for i in made.items] == [(1, 0), (2, 7 * day)]
    made = ask(data, 100, waves=2, rules={"starts_ts": 0, "gap_days": 7, "ends_ts": 14 * day})
    assert [i.wave for i in made.items] == [1]
    with pytest.raises(Infeasible, match="wave 2 would start"):
        ask(data, 100, waves=2, rules={"starts_ts": 0, "gap_days": 7, "ends_ts": 5 * day})


def test_materials_need_rights_and_codes():
    """Once rights to materials are stated, one without is left out; a kind that needs a code is left out without one."""
    brand = table("Brand", ["b1"], name=["B"], ours=[True])
    goods = table("Material", ["m0", "m1", "m2"], kind=["poster", "poster", "trailer"], status=["approved"] * 3)
    touch = table("Touchpoint", ["t1"], kind=["qr"], code=["7Q2M9XKA4"])
    rights = [
        tie(
            "HOLDS_RIGHTS",
            "Brand",
            label,
            [0] * len(to),
            to,
            uses=[["promote"]] * len(to),
            territory=[["ALL"]] * len(to),
            from_ts=[0] * len(to),
            to_ts=[9] * len(to),
        )
        for label, to in (("Film", [0]), ("Material", [0, 2]))
    ]
    more = [
        *rights,
        tie("ACCEPTS", "Channel", "Material", [0] * 3, [0, 1, 2]),
        tie("CARRIES", "Material", "Touchpoint", [0], [0]),
    ]
    data = market(np.full((1, 4), 0.5), [10], ["kol"], nodes=[brand, goods, touch], edges=more)
    made = ask(data, 10, rules={"require_code": ["poster", "trailer"]})
    assert [(i.material, i.code) for i in made.items] == [("m0", "7Q2M9XKA4")]
    assert sum("is left out" in x for x in made.assumptions) == 2


def test_a_material_that_is_used_somewhere_is_not_said_to_be_left_out():
    """With a right for China only it runs on the Chinese channel; the note names the other one, and a code that is missing is no code."""
    goods = table("Material", ["m0"], kind=["poster"], status=["approved"])
    brand, touch = (
        table("Brand", ["b1"], name=["B"], ours=[True]),
        table("Touchpoint", ["t1"], kind=["qr"], code=[None]),
    )
    given = {"uses": [["promote"]], "from_ts": [0], "to_ts": [9]}
    rights = [
        tie("HOLDS_RIGHTS", "Brand", label, [0], [0], territory=[[where]], **given)
        for label, where in (("Film", "ALL"), ("Material", "CN"))
    ]
    ties = [tie("ACCEPTS", "Channel", "Material", [0, 1], [0, 0]), tie("CARRIES", "Material", "Touchpoint", [0], [0])]
    where = {"region": ["CN", "US"], "followers": [None, 12.0]}
    data = market(
        np.full((2, 4), 0.5), [10, 10], ["kol"] * 2, channel=where, nodes=[goods, brand, touch], edges=[*rights, *ties]
    )
    made = ask(data, 20)
    assert [(i.channel, i.material, i.code) for i in made.items] == [("c0", "m0", None)]
    notes = [x for x in made.assumptions if "is left out" in x]
    assert notes == ["material m0 is left out of c1: no right to promote Material m0 covers the region US"]
    assert chinese(notes[0]) == "渠道 c1 不用物料 m0：推广 Material m0 的权利不覆盖地区 US"
    with pytest.raises(Infeasible, match="no channel may be bought"):
        ask(data, 20, rules={"require_code": ["poster"]})


RULES = {
    "budget": {}, "required.c0": {"required": ["c0"]}, "required.c1": {"required": ["c1"]}, "forbidden.c0": {"forbidden": ["c0"]},
    "least.kol": {"least": {"kol": 2}}, "most.kol": {"most": {"kol": 1}}, "least.app": {"least": {"app": 2}},
    "lead_days": {"days_to_start": 3}, "wave_budget.1": {"wave_budgets": [40]}, "capacity": {"capacity": {"c1": 0}},
}  # fmt: skip


def merged(names):
    """One mapping of rules from several named ones."""
    out = {}
    for name in names:
        for key, value in RULES[name].items():
            out[key] = (
                {**out.get(key, {}), **value}
                if isinstance(value, dict)
                else sorted({*out.get(key, []), *value})
                if key in {"required", "forbidden"}
                else value
            )
    return out


def possible(names, budget, cost, kinds, lead, slack=None):
    """Whether any non-empty set of channels keeps the named rules, by enumeration; ``slack`` loosens rules that count something."""
    more = slack or {}
    for r in range(1, 5):
        for chosen in itertools.combinations(range(4), r):
            kept = {
                "budget": sum(cost[c] for c in chosen) <= budget + more.get("budget", 0),
                "required.c0": 0 in chosen,
                "required.c1": 1 in chosen,
                "forbidden.c0": 0 not in chosen,
                "least.kol": sum(kinds[c] == "kol" for c in chosen) >= 2 - more.get("least.kol", 0),
                "most.kol": sum(kinds[c] == "kol" for c in chosen) <= 1 + more.get("most.kol", 0),
                "least.app": sum(kinds[c] == "app" for c in chosen) >= 2 - more.get("least.app", 0),
                "lead_days": all(lead[c] <= 3 + more.get("lead_days", 0) for c in chosen),
                "wave_budget.1": sum(cost[c] for c in chosen) <= 40 + more.get("wave_budget.1", 0),
                "capacity": 1 not in chosen,
            }
            if all(kept[name] for name in names):
                return True
    return False


@pytest.mark.parametrize("case", range(40))
def test_a_contradiction_is_named_by_a_smallest_set_of_rules(case):
    """Without any one rule of the named set a plan exists, with all of them none does; checked by enumeration."""
    rng = np.random.default_rng(case)
    cost, lead = (rng.integers(1, 5, 4) * 10).tolist(), rng.integers(0, 6, 4).tolist()
    kinds = ["kol", "kol", "app", "app"] if case % 2 else ["kol", "app", "kol", "kol"]
    names = ["budget", *rng.choice([x for x in RULES if x != "budget"], 4, replace=False).tolist()]
    budget = int(rng.integers(max(min(cost) // 10, 1), 8)) * 10
    data = market(np.full((4, 3), 0.5), cost, kinds, channel={"lead_days": lead})
    if possible(names, budget, cost, kinds, lead):
        assert ask(data, budget, rules=merged(names)).items
        return
    with pytest.raises(Infeasible) as caught:
        ask(data, budget, rules=merged(names))
    rule = caught.value.rule
    if rule == "budget":
        assert not possible(
            ["budget", *[x for x in names if x in {"forbidden.c0", "lead_days", "capacity"}]], budget, cost, kinds, lead
        )
        return
    found = rule.split(" + ")
    assert set(found) <= set(names)
    assert not possible(found, budget, cost, kinds, lead)
    for one in found:
        assert possible([x for x in found if x != one], budget, cost, kinds, lead)
    for row in (
        caught.value.conflict
    ):  # what a rule misses lets a plan through, and less does not: beside all rules, or beside the named ones
        if row["missing"] is not None and row["rule"].split(".")[0] in {
            "budget",
            "least",
            "most",
            "lead_days",
            "wave_budget",
        }:
            rest = names if possible([x for x in names if x != row["rule"]], budget, cost, kinds, lead) else found
            assert possible(rest, budget, cost, kinds, lead, {row["rule"]: row["missing"]})
            assert not possible(rest, budget, cost, kinds, lead, {row["rule"]: row["missing"] - 1})


def test_the_amount_that_is_missing():
    """Required c0 and c1 cost 70 with 50 to spend: the budget misses 20; lead times miss days; a minimum misses channels."""
    data = market(
        np.full((4, 3), 0.5), [30, 40, 10, 10], ["kol", "kol", "app", "app"], channel={"lead_days": [9, 0, 0, 0]}
    )
    with pytest.raises(Infeasible) as caught:
        ask(data, 50, rules={"required": ["c0", "c1"]})
    assert {x["rule"]: x["missing"] for x in caught.value.conflict} == {
        "budget": 20,
        "required.c0": 1,
        "required.c1": 1,
    }
    with pytest.raises(Infeasible) as caught:
        ask(data, 100, rules={"required": ["c0"], "days_to_start": 5})
    assert {x["rule"]: (x["missing"], x["unit"]) for x in caught.value.conflict} == {
        "lead_days": (4, "days"),
        "required.c0": (1, "channels"),
    }
    with pytest.raises(Infeasible) as caught:
        ask(data, 100, rules={"least": {"app": 2}, "forbidden": ["c2"]})
    assert {x["rule"]: x["missing"] for x in caught.value.conflict} == {"least.app": 1, "forbidden.c2": 1}
    with pytest.raises(Infeasible) as caught:
        ask(data, 100, rules={"least": {"app": 3}})
    assert (caught.value.rule, caught.value.missing) == ("least.app", 1)


@pytest.mark.parametrize("case", [1, 4, 8])
def test_the_money_that_is_missing_is_told_to_the_cent(case):
    """40 channels at 100,000 and a little, 7 materials paid once: the cheapest four kinds cost what all choices of materials give."""
    rng = np.random.default_rng(case)
    kinds = rng.integers(0, 4, 40)
    base, once = np.round(rng.random(40) * 20 + 100_000, 2), np.round(rng.random(7) * 60 + 20, 2)
    accepted = [(c, int(i)) for c in range(40) for i in sorted(rng.choice(7, 2, replace=False))]
    price = np.array([round(float(base[c] + 20 * rng.random()), 2) for c, _ in accepted])
    needed = [int(min((kinds == kind).sum(), rng.integers(2, 5))) for kind in range(4)]
    at, unit = np.full((40, 7), 10**12), np.round(price * 100).astype(np.int64)
    at[tuple(np.transpose(accepted))] = unit

    def least_money(made):
        cheapest = at[:, made].min(axis=1)
        uses = sum(int(np.sort(cheapest[kinds == kind])[:count].sum()) for kind, count in enumerate(needed))
        return uses + round(100 * once[made].sum())

    choices = [list(x) for k in range(1, 8) for x in itertools.combinations(range(7), k)]
    best = min(map(least_money, choices))
    channel, material = (np.array(x) for x in zip(*accepted, strict=True))
    menu = Menu.of(
        unit, 2 * best, channel=channel, group=channel, kind=kinds[channel], least=needed, most=[40] * 4,
        extra_key=material, extra=np.round(once * 100),
    )  # fmt: skip
    assert menu.money(cheapest_plan(menu)) == best
    names = [f"m{i}" for i in range(7)]
    goods = table("Material", names, kind=["poster"] * 7, status=["approved"] * 7, cost=once, response=[1.0] * 7)
    accepts = tie("ACCEPTS", "Channel", "Material", channel, material, cost=price)
    words = ["kol", "app", "offline", "social"]
    data = market(np.full((40, 3), 0.2), base, [words[x] for x in kinds], nodes=[goods], edges=[accepts])
    with pytest.raises(Infeasible) as caught:
        ask(data, best // 2 / 100, rules={"least": dict(zip(words, needed, strict=True))})
    assert caught.value.missing["budget"] == pytest.approx((best - best // 2) / 100, abs=0.001)


def test_a_replacement_keeps_the_rules():
    """Two creators at most, 20 of money in a wave: for the dropped app another app is named, not the better creator, nor a dearer wave."""
    reach_of = np.kron(np.eye(5), np.ones(10))
    reach_of[4, -4:] = 0
    data = market(reach_of, [10] * 5, ["kol", "kol", "app", "kol", "app"])
    made = ask(data, 30, rules={"most": {"kol": 2}, "required": ["c0", "c1", "c2"]})
    assert whatif(made, drop=["c2"]).best_replacement["channel"] == "c4"
    two = ask(data, 40, waves=2, rules={"required": ["c0"], "wave_budgets": [20, 20]})
    dropped = next(i.channel for i in two.items if i.wave == 2)
    assert whatif(two, drop=[dropped]).best_replacement["wave"] == 2


def test_adding_a_channel_that_is_bought_changes_nothing():
    """One channel carries one material in a wave: to add it where it carries the better one buys no cheaper one beside it."""
    goods = table("Material", ["m0", "m1"], kind=["poster"] * 2, status=["approved"] * 2, response=[0.5, 1.0])
    accepts = tie("ACCEPTS", "Channel", "Material", [0, 0], [0, 1], cost=[5.0, 10.0])
    made = ask(market(np.full((1, 4), 0.5), [10], ["kol"], nodes=[goods], edges=[accepts]), 10)
    assert bought(made) == {(0, 1): ("m1", 1)}
    same = whatif(made, add=["c0"])
    assert (same.reach.difference, same.spent, same.channels) == (0.0, 10.0, ("c0",))


def test_a_hundredth_above_the_budget_is_above_it():
    """Twenty required channels cost 100,000.01: refused at 100,000, since a solver's tolerance pays for nothing; bought at one more hundredth."""
    chance = np.kron(np.eye(20), np.full(3, 0.5))
    data = market(chance, [5_000.0] * 19 + [5_000.01], ["kol"] * 20)
    required = {"required": [f"c{i}" for i in range(20)]}
    with pytest.raises(Infeasible, match="the budget") as caught:
        ask(data, 100_000, rules=required)
    assert caught.value.missing["budget"] == pytest.approx(0.01)
    assert ask(data, 100_000.01, rules=required).spent == 100_000.01


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"rules": {"wave_budgets": [1, 2]}}, InvalidParameter), ({"rules": {"wave_budgets": [-1]}}, InvalidParameter), ({"rules": {"gap_days": float("nan")}}, InvalidParameter),
        ({"rules": {"starts_ts": "2026-12-01"}}, InvalidParameter), ({"rules": {"starts_ts": 5, "ends_ts": 5}}, InvalidParameter), ({"rules": {"capacity": {"c0": -1}}}, InvalidParameter),
        ({"rules": {"least": {"kol": 1.5}}}, InvalidParameter), ({"rules": {"boosts": "no"}}, InvalidParameter), ({"waves": 0}, InvalidParameter),
        ({"objective": {"reach": -1}}, InvalidParameter), ({"objective": {"fame": 1}}, InvalidParameter), ({"objective": "reach=x"}, InvalidParameter),
        ({"objective": {"reach": 0}}, InvalidParameter), ({"budget": 0}, Infeasible), ({"budget": True}, InvalidParameter), ({"rules": {"wave_budgets": [5]}}, Infeasible),
        ({"rules": {"forbidden": ["c0"]}}, Infeasible), ({"robust": 1.5}, InvalidParameter), ({"robust": float("nan")}, InvalidParameter),
    ],
)  # fmt: skip
def test_wrong_rules_are_named(change, error):
    """Each wrong request is a named error, never a plan."""
    with pytest.raises(error):
        ask(market(np.full((1, 4), 0.5), [10], ["kol"]), change.pop("budget", 100), **change)


def test_dates_in_a_rules_file(tmp_path):
    """A TOML date with offset is epoch seconds; without offset it is refused."""
    file = tmp_path / "rules.toml"
    file.write_text("starts_ts = 1970-01-02T08:00:00+08:00\ngap_days = 1\n")
    made = ask(market(np.full((1, 4), 0.5), [10], ["kol"]), 100, waves=2, rules=file)
    assert [i.starts_ts for i in made.items] == [86_400, 172_800]
    file.write_text("starts_ts = 1970-01-02T08:00:00\n")
    with pytest.raises(InvalidParameter, match="starts_ts"):
        ask(market(np.full((1, 4), 0.5), [10], ["kol"]), 100, rules=file)


def test_a_bonus_counts_and_takes_the_certificate_away():
    """BOOSTS: the plan with the largest reach + bonus, by enumeration; no certificate, and the reach holds no bonus."""
    rng = np.random.default_rng(5)
    for _ in range(5):
        chance = rng.random((5, 8)) * (rng.random((5, 8)) < 0.5)
        chance[:, 0] = 0.2
        cost, bonus = rng.integers(1, 5, 5) * 10, np.round(rng.random(3) * 4, 2)
        pairs = [(0, 1), (1, 2), (3, 4)]
        boosts = tie("BOOSTS", "Channel", "Channel", [a for a, _ in pairs], [b for _, b in pairs], bonus=bonus.tolist())
        data = market(chance, cost, ["kol"] * 5, edges=[boosts])

        def worth(chosen, chance=chance, bonus=bonus, pairs=pairs):
            extra = sum(b for (x, y), b in zip(pairs, bonus, strict=True) if {x, y} <= set(chosen))
            return reach(chance, {(c, 1): (None, 1) for c in chosen}, {}) + extra

        plans = [s for r in range(1, 6) for s in itertools.combinations(range(5), r) if cost[list(s)].sum() <= 60]
        made = ask(data, 60)
        mine = sorted(int(i.channel[1:]) for i in made.items)
        assert worth(mine) == pytest.approx(max(map(worth, plans)))
        assert made.reach.mean + made.synergy["bonus"] == pytest.approx(worth(mine))
        assert made.to_dict()["certificate"] == {"lower": None, "upper": None, "ratio": None, "delta": None}
        assert any("no guarantee" in x for x in made.assumptions)
        plain = ask(data, 60, rules={"boosts": False})
        assert plain.certificate.ratio == pytest.approx(1.0)
        assert plain.synergy is None


def test_a_bonus_in_a_larger_market():
    """Beyond full enumeration a planted pair with a large bonus is bought."""
    rng = np.random.default_rng(6)
    chance = np.full((20, 30), 0.0)
    chance[np.arange(20), rng.integers(0, 30, 20)] = 0.9
    boosts = tie("BOOSTS", "Channel", "Channel", [18], [19], bonus=[50.0])
    cost = [10] * 18 + [40, 40]
    made = ask(market(chance, cost, ["kol"] * 20, edges=[boosts]), 80)
    assert {i.channel for i in made.items} == {"c18", "c19"}
    with pytest.raises(DataInvalid, match="bonus"):
        ask(
            market(
                chance, cost, ["kol"] * 20, edges=[tie("BOOSTS", "Channel", "Channel", [0], [1], bonus=[float("nan")])]
            ),
            80,
        )


def test_a_placement_reaches_the_viewers_of_its_film():
    """A course placed in a film: viewers x declared chance x response, once; without a declared chance it is listed."""
    course = table("Course", ["k1"], name=["K"])
    content = table(
        "CoProduction",
        ["p1"],
        form=["episode"],
        status=["approved"],
        placement=["opening"],
        cost=[20.0],
        response=[1.5],
    )
    more = [tie("EMBEDDED_IN", "CoProduction", "Film", [0], [0]), tie("TEACHES", "CoProduction", "Course", [0], [0]),
            tie("WATCHED", "User", "Film", [0, 1, 2, 3], [0] * 4)]  # fmt: skip
    build = {"nodes": [course, content], "edges": more}
    chance = np.zeros((1, 10))
    chance[0, 9] = 1.0
    data = market(chance, [10], ["kol"], settings={"reach_p": {"opening": 0.2}}, **build)
    made = plan(data, for_="Course:k1", budget=100, probability="none", waves=2, rng=1)
    assert {(i.channel, i.wave, i.cost) for i in made.items} >= {("p1", 1, 20)}
    assert made.reach.mean == pytest.approx(1 + 4 * 0.3)
    silent = plan(market(chance, [10], ["kol"], **build), for_="Course:k1", budget=100, probability="none", rng=1)
    assert {"channel": "p1", "rule": "audience"}.items() <= silent.rejected[0].items()
    film = plan(data, for_="Film:f1", budget=100, probability="none", rng=1)
    assert any("co-productions are embedded" in x for x in film.assumptions)
