"""What a plan says of money left over and of channels that are free: no rule is blamed that stands against nothing."""

import numpy as np
import pytest
from market_fixtures import market, table, tie

from graphkit.planning.channels import plan
from graphkit.report.spoken import chinese

SECONDS = [0.0] * 10 + [1.0] * 10


def told(chance, cost, **given):
    """English of why money is left, and the reason of each channel left out."""
    data = market(np.array(chance), cost, ["app"] * len(cost), users={"lifetime_value": SECONDS})
    made = plan(data, for_="Film:f1", **{"budget": 100, "probability": "none", "rng": 1, **given})
    return made.unspent_because.split(" | ")[1], {row["channel"]: row["reason"] for row in made.rejected}


FIRST, LATER = [0.5] * 10 + [0.0] * 10, [0.0] * 15 + [0.5] * 5


def test_a_free_channel_that_adds_nobody_is_no_matter_of_rules():
    """Alone, whom it reaches has no value: nothing is bought, what could be bought adds nothing."""
    why, left_out = told([FIRST], [0], objective="loyalty")
    assert why == "100 is left: what it could buy adds nothing measurable"
    assert left_out == {"c0": "would add nothing measurable: hardly anybody it reaches counts for the objective"}


def test_a_free_channel_beside_one_that_adds():
    """One of value is bought, the free one is left for the same reason; certain contacts of both leave it nothing new."""
    why, left_out = told([LATER, FIRST], [10, 0], objective="loyalty")
    assert why == "90 is left: what it could buy adds nothing measurable"
    assert left_out == {"c1": "would add nothing measurable: hardly anybody it reaches counts for the objective"}
    why, left_out = told([np.ceil(FIRST), np.ceil(FIRST)], [10, 0])
    assert list(left_out.values()) == ["would add nothing: the chosen ones reach its audience already"]


@pytest.mark.parametrize("most", [1, 2])
def test_a_rule_is_named_only_where_one_binds(most):
    """Of two channels of a kind one or both may be bought."""
    why, left_out = told([FIRST, LATER], [10, 10], rules={"most": {"app": most}})
    if most == 1:
        assert why == "90 is left: the rules on kinds, waves or materials allow no more"
        assert left_out["c1"].endswith("a rule on kinds, waves or materials stands against it")
    else:
        assert (why, left_out) == ("80 is left: everything that may be bought is in the plan", {})


def test_a_channel_is_too_dear_only_if_its_cheapest_way_is():
    """With the strong material c0 costs 65 of a budget of 60, with the weak one 45: it is not too dear, 5 is missing."""
    goods = table(
        "Material", ["m0", "m1"], kind=["poster"] * 2, status=["approved"] * 2, cost=[25.0, 5.0], response=[1.5, 0.5]
    )
    accepts = tie("ACCEPTS", "Channel", "Material", [0, 0], [0, 1])
    chance = np.array([[0.2] * 4 + [0.0] * 16, [0.0] * 10 + [0.5] * 10])
    made = plan(
        market(chance, [40, 20], ["app"] * 2, nodes=[goods], edges=[accepts]),
        for_="Film:f1", budget=60, probability="none", rng=1,
    )  # fmt: skip
    assert [row["reason"] for row in made.rejected] == [
        "would add 0.4 for 45, 40 is left; in exchange for c1 the plan would change by -4.6"
    ]


def test_a_channel_whose_material_another_one_pays_for_is_too_dear_by_itself():
    """Both need a material of 30; c1 for 40 + 30 leaves c0 its 50, but in no plan of 75 is there room for 50 + 30."""
    goods = table("Material", ["m0"], kind=["poster"], status=["approved"], cost=[30.0])
    accepts = tie("ACCEPTS", "Channel", "Material", [0, 1], [0, 0])
    chance = np.array([[0.5] * 4 + [0.0] * 16, [0.0] * 10 + [0.5] * 10])
    (row,) = plan(
        market(chance, [50, 40], ["app"] * 2, nodes=[goods], edges=[accepts]),
        for_="Film:f1", budget=75, probability="none", rng=1,
    ).rejected  # fmt: skip
    assert (row["rule"], row["reason"]) == ("budget", "costs 80 with its material, more than the budget")
    assert chinese(row["reason"]) == "连同物料费用 80，超过预算"


def test_an_exchange_that_breaks_a_floor_says_so():
    """c0 alone reaches 5, c1 alone the 2.5 who spend; with a floor on what they spend the exchange is no advice."""
    _, left_out = told([FIRST, LATER], [100, 100], rules={"floors": {"loyalty": 2}})
    assert left_out["c0"].endswith("in exchange for c1 the plan would change by +2.5 and miss the floor of loyalty")
    assert (
        chinese(left_out["c0"])
        == "用 100 可新增 5，仅余 0；若以其替换 c1，计划变化 +2.5，但达不到忠诚（客户价值）的下限"
    )


def test_an_exchange_for_some_uses_says_how_many():
    """c0 is used three times; one of them makes room for c1, worth .8 where the third use adds 8 x .25 x .5."""
    data = market(
        np.array([[0.5] * 8 + [0.0] * 10, [0.0] * 8 + [0.08] * 10]),
        [10, 10],
        ["app"] * 2,
        channel={"capacity": [3, 1]},
    )
    made = plan(data, for_="Film:f1", budget=30, probability="none", rng=1)
    assert [row["reason"] for row in made.rejected] == [
        "would add 0.8 for 10, 0 is left; in exchange for 1 of 3 uses of c0 the plan would change by -0.2"
    ]


def test_chances_next_to_nothing_still_add_up():
    """Two channels of chance 1e-12 reach 4e-11 people together: both are bought, as every baseline does."""
    made = plan(
        market(np.eye(2).repeat(20, axis=1) * 1e-12, [10, 10], ["app"] * 2),
        for_="Film:f1", budget=30, probability="none", rng=1,
    )  # fmt: skip
    assert len(made.items) == 2
    assert made.reach.mean == pytest.approx(4e-11, rel=1e-3)


def test_no_exchange_is_listed_that_the_search_would_have_made():
    """40 channels in two waves: none of the exchanges told of those left out adds more than its uncertainty; one added 1.9 ±0.2."""
    rng = np.random.default_rng(30)
    group, size, home = rng.integers(0, 8, 600), rng.choice([0.3, 0.1, 0.04], 40), rng.integers(0, 8, 40)
    chance = 0.3 * (rng.random((40, 600)) < size[:, None] * np.where(group == home[:, None], 4, 0.5))
    cost = np.maximum((chance.sum(axis=1) * rng.lognormal(0, 0.4, 40)).round(2), 0.5)
    knows = [(int(a), int(b)) for a, b in rng.integers(0, 600, (900, 2)) if a < b]
    data = market(chance, cost, ["kol"] * 40, knows=knows)
    made = plan(data, for_="Film:f1", budget=round(0.2 * cost.sum(), 2), probability=0.1, waves=2, rng=1)
    told = [row["reason"].partition("the plan would change by ")[2].split(" ±") for row in made.rejected]
    assert len(told) == 20
    assert all(float(change) <= float(error) for change, error in told)


@pytest.mark.parametrize("how", ["required", "least", "material"])
def test_an_exchange_that_the_rules_allow_is_told(how):
    """The weakest purchase has to stay, or gives back its material with its price: another exchange is told, no rule is blamed."""
    chance = np.zeros((3, 20))
    chance[0, :2], chance[1, 2:12], chance[2, 12:] = 0.1, 0.5, 0.5
    nodes, edges, kinds, cost, rules = [], [], ["kol", "app", "app"], [10.0, 10.0, 10.0], {}
    if how == "material":
        nodes = [table("Material", ["m0"], kind=["poster"], status=["approved"], cost=[8.0], response=[1.0])]
        edges, cost = [tie("ACCEPTS", "Channel", "Material", [1], [0])], [10.0, 2.0, 10.0]
        rules = {"required": ["c0"]}
    else:
        rules = {"required": ["c0"]} if how == "required" else {"least": {"kol": 1}}
    data = market(chance, cost, kinds, nodes=nodes, edges=edges)
    made = plan(data, for_="Film:f1", budget=20, probability="none", rng=1, rules=rules)
    assert sorted(i.channel for i in made.items) == ["c0", "c1"]
    (row,) = made.rejected
    assert row["reason"].endswith("in exchange for c1 the plan would change by -1")
