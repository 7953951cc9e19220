"""Requests and data that cannot give a plan: each ends in a named error that carries the value, or in the right answer."""

import math

import numpy as np
import pytest
from market_fixtures import market, table, tie

from graphkit.errors import DataInvalid, Infeasible, InvalidParameter, UnknownNode
from graphkit.influence.channel_menu import Menu, cheapest_plan
from graphkit.planning.channels import plan


def two(cost=(10, 20), chance=0.5, **more):
    """Two channels over four people each."""
    p = np.zeros((2, 8))
    p[0, :4], p[1, 4:] = chance, chance
    return market(p, cost, ["kol", "app"], **more)


def ask(data, budget=100, **more):
    """A plan without word of mouth."""
    return plan(data, for_="Film:f1", budget=budget, **{"probability": "none", "rng": 7, **more})


@pytest.mark.parametrize("cost", [-1.0, math.inf])
def test_a_cost_that_is_no_amount_of_money_stops_the_plan(cost):
    """Negative and infinite prices are refused by name, never bought first or overflowed."""
    with pytest.raises(DataInvalid, match="cost"):
        ask(two(cost=(cost, 20)))


def test_a_negative_receptivity_stops_the_plan():
    """It would turn exposure into its opposite."""
    with pytest.raises(DataInvalid, match="receptivity"):
        ask(two(users={"receptivity": [1.0] * 7 + [-1.0]}))


def test_an_unknown_cost_is_listed_not_zero():
    """NaN is not measured: the channel is rejected with its reason, the other one is bought."""
    made = ask(two(cost=(math.nan, 20)))
    assert [i.channel for i in made.items] == ["c1"]
    assert {"channel": "c0", "rule": "cost", "reason": "its cost is unknown", "name": "C0"} in made.rejected


@pytest.mark.parametrize("chance", [-0.1, 1.5, math.nan])
def test_a_chance_outside_its_range_stops_the_plan(chance):
    """REACHES.p below 0, above 1 or NaN is refused, never clipped."""
    with pytest.raises(DataInvalid, match="REACHES"):
        ask(two(chance=chance))


@pytest.mark.parametrize(
    ("column", "value", "objective"),
    [("propensity", -0.5, "purchases"), ("propensity", math.nan, "purchases"), ("lifetime_value", -3.0, "loyalty")],
)
def test_a_value_that_is_negative_or_missing_stops_the_plan(column, value, objective):
    """One bad value among eight is named with its column; it is never taken as 0."""
    with pytest.raises(DataInvalid, match=column):
        ask(two(users={column: [0.5] * 7 + [value]}), objective=objective)


def test_users_of_no_value_are_refused():
    """All values 0: there is nothing to plan for."""
    with pytest.raises(DataInvalid, match="positive value"):
        ask(two(users={"propensity": [0.0] * 8}), objective="purchases")


@pytest.mark.parametrize("budget", [-1, math.nan, math.inf, "10", True, None])
def test_a_budget_that_is_no_amount_is_refused(budget):
    """Negative, NaN, infinite, text, true and nothing."""
    with pytest.raises(InvalidParameter, match="budget"):
        ask(two(), budget)


@pytest.mark.parametrize(("budget", "missing"), [(0, 10), (9.5, 0.5), (9.99, 0.01)])
def test_a_budget_below_the_cheapest_misses_the_difference(budget, missing):
    """Zero and just too little name the cheapest purchase and the amount that is missing."""
    with pytest.raises(Infeasible, match="channel c0 at 10") as caught:
        ask(two(), budget)
    assert caught.value.missing == pytest.approx(missing)


def test_a_free_channel_needs_no_budget():
    """Budget 0 and a channel of cost 0: it is bought."""
    assert [i.channel for i in ask(two(cost=(0, 20)), 0).items] == ["c0"]


def test_no_candidates_at_all():
    """Every channel forbidden, and a market without channels: named, with the channels that were left out."""
    with pytest.raises(Infeasible) as caught:
        ask(two(), rules={"forbidden": ["c0", "c1"]})
    assert "forbidden" in str(caught.value) or caught.value.rule == "candidates"
    with pytest.raises(Infeasible, match="no channel may be bought"):
        ask(market(np.zeros((1, 4)), [10], ["kol"]))


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"required": ["c0"], "forbidden": ["c0"]}, "forbidden.c0 + required.c0"),
        ({"least": {"kol": 1}, "most": {"kol": 0}}, "least.kol + most.kol"),
        ({"least": {"kol": 2}}, "least.kol"),
    ],
)  # fmt: skip
def test_rules_that_contradict_are_named_together(rules, named):
    """Exactly the rules that cannot stand together, each with what it misses; more channels of a kind than there are."""
    with pytest.raises(Infeasible) as caught:
        ask(two(), rules=rules)
    assert caught.value.rule == named
    assert all(row["missing"] == 1 for row in caught.value.conflict)


def test_a_deadline_of_no_hops_counts_direct_exposure_only():
    """max_steps 0 with certain ties: 4 x .5 + 4 x .5, as without word of mouth; negative or fractional steps are refused."""
    data = two(knows=[(i, i + 1) for i in range(7)])
    made = ask(data, probability=1.0, max_steps=0)
    assert made.reach.interval[0] - 1e-6 <= 4 <= made.reach.interval[1] + 1e-6
    for steps in (-1, 1.5, True):
        with pytest.raises(InvalidParameter, match="max_steps"):
            ask(data, probability=0.5, max_steps=steps)


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, "often", True])
def test_a_chance_on_ties_outside_its_range_is_refused(p):
    """Numbers outside [0, 1], NaN and unknown words."""
    with pytest.raises(InvalidParameter, match="probability"):
        ask(two(knows=[(0, 1)]), probability=p)


def test_a_graph_without_ties_equals_no_word_of_mouth():
    """Nobody knows anybody: sampled reach holds the exact one."""
    low, high = ask(two(), probability=0.5).reach.interval
    assert low - 1e-6 <= 4 <= high + 1e-6


def test_a_film_that_does_not_exist_is_named():
    """With close matches."""
    with pytest.raises(UnknownNode, match="f2"):
        plan(two(), for_="Film:f2", budget=10)


@pytest.mark.parametrize(
    ("rules", "word"),
    [({"most": {"kool": 1}}, "kol"), ({"least": {"ap": 1}}, "app"), ({"floors": {"reech": 5}}, "reach")],
)
def test_a_misspelt_kind_or_goal_is_named_with_a_close_match(rules, word):
    """A kind that no channel has would bind nothing; a goal that is none would be a floor of nothing."""
    with pytest.raises(InvalidParameter) as caught:
        ask(two(), rules=rules)
    assert word in (caught.value.hint or "")
    assert ask(two(), rules={"most": {"cinema": 1}}).items, "a kind of the vocabulary may be missing from the data"


def test_waves_that_outlast_the_campaign_are_dated():
    """A gap longer than the campaign: the dates and the seconds that are missing, in words of the calendar."""
    day = 86_400
    with pytest.raises(Infeasible, match=r"1970-01-31 00:00 UTC.*1970-01-11 00:00 UTC.*20\.0 days too late") as caught:
        ask(two(), waves=2, rules={"starts_ts": 0, "ends_ts": 10 * day, "gap_days": 30})
    assert caught.value.missing == 20 * day + 1


@pytest.mark.parametrize("row", [0, 1, 2])
@pytest.mark.parametrize("forbidden", [(), ("c0", "c1", "c2")])
def test_a_required_channel_without_a_usable_material_is_named_with_the_reason(row, forbidden):
    """Whatever its place in the table; the last row once wrote beyond the rows of the rules and ended the process."""
    goods = table("Material", ["m0"], kind=["poster"], status=["draft"])
    accepts = tie("ACCEPTS", "Channel", "Material", [row], [0])
    data = market(np.full((3, 4), 0.5), [10] * 3, ["kol"] * 3, nodes=[goods], edges=[accepts])
    rules = {"required": [f"c{row}"], "forbidden": list(forbidden)}
    said = f"channel c{row} is required, but it accepts no material that may be used"
    with pytest.raises(Infeasible, match=said) as caught:
        ask(data, rules=rules)
    assert caught.value.rule == f"required.c{row} + approved"


def test_a_requirement_beyond_the_options_keeps_the_rows_whole():
    """Channel 4 has no option: its column stands in the matrix of the rules, and no purchase is complete."""
    menu = Menu.of([10, 10], 100, must=[4])
    menu.rows.matrix.check_format(full_check=True)
    assert menu.rows.matrix.shape[1] == 2 + 5
    assert not menu.complete([0, 1])
    assert cheapest_plan(menu) is None
