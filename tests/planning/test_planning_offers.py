"""Offers: costs by hand, policies with their gaps, exchanges against brute force."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from market_fixtures import table

from graphkit.errors import DataInvalid, InvalidParameter, UnknownNode
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, as_column, object_array
from graphkit.planning.exchange import BenefitExchange, exchange_benefits
from graphkit.planning.offer_policy import OfferPolicy, offer_policy
from graphkit.planning.offers import OfferList, list_offers, members, redemption_cost
from graphkit.projection.snapshot import snapshot_from_directory, snapshot_from_tables

TINY = Path(__file__).parents[2] / "fixtures" / "tiny"


@pytest.mark.parametrize(
    ("kind", "fields", "cost", "missing"),
    [
        ("coupon", {"amount": 20, "unit_cost": 12}, 20, None), ("coupon", {}, None, "amount"), ("full_reduction", {"amount": 30, "threshold": 200}, 30, None),
        ("full_reduction", {"amount": 30}, None, "threshold"), ("discount", {"percent": 20, "price": 150}, 30, None), ("discount", {"percent": 20}, None, "price"),
        ("free_trial", {"days": 7, "unit_cost": 2}, 14, None), ("membership_days", {"days": 30, "unit_cost": 5}, 150, None), ("ticket", {"tickets": 2, "unit_cost": 45}, 90, None),
        ("ticket", {"tickets": 2}, None, "unit_cost"), ("free_trial", {"days": 0, "unit_cost": 2}, 0, None), ("gift", {"amount": 1}, None, "kind"), ("coupon", {"amount": float("nan")}, None, "amount"),
    ],
)  # fmt: skip
def test_cost_of_a_redemption_by_hand(kind, fields, cost, missing):
    """Each kind's formula; what is missing is named and never 0."""
    assert redemption_cost(kind, **fields) == (cost, missing)


def shop():
    """Two platforms: members of b2 with one who left, one without consent, an offer to them with a discount on a course."""
    users = NodeColumns(
        "User",
        object_array(["u1", "u2", "u3", "u4"]),
        {"consent": as_column([True, True, True, False]), "age": as_column([20, 40, None, 40])},
    )
    brands = NodeColumns("Brand", object_array(["b1", "b2"]), {"name": object_array(["甲", "乙"])})
    course = NodeColumns("Course", object_array(["k1"]), {"name": object_array(["课"]), "price": as_column([200.0])})
    columns = {
        "kind": object_array(["discount", "coupon"]),
        "percent": as_column([25.0, None]),
        "amount": as_column([None, 8.0]),
        "uptake": as_column([0.5, None]),
        "cap": as_column([10, None]),
        "starts_ts": as_column([1000, None]),
    }
    offer = NodeColumns("Offer", object_array(["o1", "o2"]), columns)
    ints = lambda *x: np.array(x, np.int64)
    edges = (
        EdgeColumns("OFFERS", "Brand", "Offer", ints(0, 0), ints(0, 1), {"to_members_of": object_array(["b2", None])}),
        EdgeColumns("APPLIES_TO", "Offer", "Course", ints(0), ints(0), {}),
        EdgeColumns(
            "SUBSCRIBES",
            "User",
            "Brand",
            ints(0, 1, 2, 3),
            ints(1, 1, 1, 1),
            {"since_ts": as_column([10, 10, 2000, 10]), "until_ts": as_column([None, 900, None, None])},
        ),
        EdgeColumns("REDEEMED", "User", "Offer", ints(0, 3), ints(0, 0), {"n": as_column([2, 1])}),
    )
    return snapshot_from_tables(
        GraphTables({t.label: t for t in (users, brands, course, offer)}, edges, "shop", "CNY", "UTC")
    )


def test_offers_of_a_shop_by_hand():
    """A quarter off 200 is 50; of four members one left, one came later, one did not agree: one is eligible."""
    found = list_offers(shop())
    first, second = found.rows
    assert (first["offer"], first["cost"], first["eligible"], first["redemptions"], first["budget"]) == (
        "o1",
        50.0,
        1,
        0.5,
        25.0,
    )
    assert (first["giver"], first["to_members_of"], first["applies_to"], first["redeemed"]) == (
        "b1",
        "b2",
        "Course:k1",
        1,
    )
    assert (second["cost"], second["eligible"], second["redemptions"], second["redeemed"]) == (8.0, None, None, 0)
    assert members(shop(), "b2") == ["u1", "u2", "u3"]
    assert members(shop(), "b9") == []
    assert OfferList.from_json(found.to_json()).to_json() == found.to_json()


def test_offers_of_the_tiny_campaign():
    """Read from files: 20 for the coupon, thirty days at 5 for the membership."""
    assert {r["offer"]: r["cost"] for r in list_offers(snapshot_from_directory(TINY)).rows} == {
        "o01": 20.0,
        "o02": 150.0,
    }


def policy(*rows):
    """A table of (target, offer, priority)."""
    return pd.DataFrame(rows, columns=["target", "offer", "priority"])


def test_the_first_match_wins_and_gaps_are_told():
    """u1 young, u2 old, u3 of unknown age falls into the gap; the third rule is never reached."""
    found = offer_policy(shop(), policy(("age>=30", "o2", 2), ("age<100", "o1", 7), ("age>=35", "o1", 3)), min_cell=1)
    assert [(r["priority"], r["matched"], r["assigned"], r["taken_before"]) for r in found.rules] == [
        (2, 1, 1, 0),
        (3, 1, 0, 1),
        (7, 2, 1, 1),
    ]
    assert found.rules[1]["note"].startswith("never reached")
    assert found.overlaps == [
        {"first": 2, "second": 3, "users": 1},
        {"first": 2, "second": 7, "users": 1},
        {"first": 3, "second": 7, "users": 1},
    ]
    assert (found.n_users, found.n_covered, found.n_gap) == (3, 2, 1)
    assert found.assignment.tolist() == [2, 0, -1]
    assert "assignment" not in found.to_json()


def test_small_counts_are_hidden_with_their_differences():
    """With a minimum cell of 2 every count about one person is gone; zeros may stay."""
    found = offer_policy(shop(), policy(("age>=30", "o2", 1), ("age>=99", "o1", 2)), min_cell=2)
    assert [r["matched"] for r in found.rules] == [None, 0]
    assert found.rules[1]["note"] == "matches nobody"
    assert (found.n_covered, found.n_gap, found.coverage) == (None, None, None)


def test_no_shown_counts_of_a_policy_tell_a_small_one():
    """From what is shown with cells of 5, no sum or difference of two or three counts is a number of 1 to 4 users."""
    ages = [20] * 211 + [40] * 3 + [60] * 40 + [80] * 17
    data = GraphTables(
        {
            "User": table("User", [f"u{i:03d}" for i in range(271)], consent=[True] * 271, age=ages),
            "Offer": table("Offer", ["o1"], kind=["coupon"]),
        },
        (), "shop", "EUR", "UTC", {},
    )  # fmt: skip
    for rules in (
        [("age<30", "o1", 1), ("age=40", "o1", 2), ("age=60", "o1", 3)],  # covered less what is assigned: 3
        [("age<50", "o1", 1), ("age<30", "o1", 2)],  # matched by the first less both: 3
        [("age>=30 and age<70", "o1", 1), ("age=60 or age=80", "o1", 2)],
    ):
        found = offer_policy(data, policy(*rules), min_cell=5)
        shown = [row[key] for row in found.rules for key in ("matched", "assigned", "taken_before")]
        shown += [row["users"] for row in found.overlaps] + [found.n_users, found.n_covered, found.n_gap]
        counts = [x for x in shown if x]
        told = {abs(a - b - c) for a, b, c in itertools.product(counts, [*counts, 0], [*counts, 0])}
        assert not told & {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([("age>=30", "o1", 1), ("age<30", "o2", 1)], DataInvalid), ([("agge>=30", "o1", 1)], DataInvalid), ([("age>=30", "o9", 1)], UnknownNode),
        ([("age>=30", "o1", "first")], DataInvalid), ([("age>=30", "o1", 1.5)], DataInvalid), ([(None, "o1", 1)], DataInvalid), ([], DataInvalid),
    ],
)  # fmt: skip
def test_wrong_policies_are_refused_with_their_line(rows, error):
    """Equal priorities, unknown property or offer, odd priorities, missing cells."""
    with pytest.raises(error) as caught:
        offer_policy(shop(), policy(*rows), min_cell=1)
    assert not rows or "line" in str(caught.value)
    with pytest.raises(DataInvalid):
        offer_policy(shop(), policy(("age>=30", "o1", 1)).drop(columns="offer"))
    with pytest.raises(DataInvalid, match="line 2: offer is missing"):
        offer_policy(shop(), policy(("age>=30", "o1", 1)).assign(offer=pd.array([None], dtype="string")))


def market(draw):
    """Up to twelve random offers between three sides; some uptakes uncertain, some values negative."""
    rows = []
    for i in range(int(draw.integers(1, 13))):
        giver, receiver = draw.permutation(3)[:2]
        low, middle, high = np.sort(draw.random(3).round(2))
        rows.append(
            {
                "offer": f"o{i:02d}",
                "giver": f"s{giver}",
                "receiver": f"s{receiver}",
                "eligible": int(draw.integers(1, 300)),
                "uptake": middle,
                "uptake_lower": low,
                "uptake_upper": high,
                "acquisition_value": float(draw.integers(0, 40)),
                "cost": float(draw.integers(0, 60)),
                "retention_value": float(draw.integers(-8, 15)),
                "cap": None if draw.random() < 0.5 else float(draw.integers(1, 100)),
            }
        )
    return pd.DataFrame(rows)


def best(table, most):
    """The largest sum over all sets in which no side can lose, in currency, by trying every set."""
    gains = []
    for r in table.to_dict("records"):
        cap = np.inf if r["cap"] is None or np.isnan(r["cap"]) else r["cap"]
        taken = {u: min(cap, r["eligible"] * r[u]) for u in ("uptake", "uptake_lower", "uptake_upper")}
        sides = {r["giver"]: r["acquisition_value"] - r["cost"], r["receiver"]: r["retention_value"]}
        worst = {s: min(taken["uptake_lower"] * v, taken["uptake_upper"] * v) for s, v in sides.items()}
        gains.append(
            (
                sum(round(100 * taken["uptake"] * v) for v in sides.values()),
                {s: np.floor(100 * w + 1e-6) for s, w in worst.items()},
            )
        )
    found = 0
    for mask in range(1 << len(gains)):
        chosen = [g for i, g in enumerate(gains) if mask >> i & 1]
        if len(chosen) <= most and all(sum(g[1].get(s, 0) for g in chosen) >= 0 for s in ("s0", "s1", "s2")):
            found = max(found, sum(g[0] for g in chosen))
    return found / 100


def test_exchange_equals_brute_force():
    """Forty random markets of up to twelve offers: the same sum, and no side below 0 at its worst."""
    draw, empty = np.random.default_rng(1), 0
    for turn in range(40):
        table = market(draw)
        most = int(draw.integers(1, 5)) if turn % 2 else None
        found = exchange_benefits(table, max_offers=most)
        assert found.value == pytest.approx(best(table, most or 12), abs=1e-9)
        assert all(side["worst"] >= 0 for side in found.sides)
        assert sum(o["chosen"] for o in found.offers) <= (most or 12)
        empty += found.reason is not None
    assert 0 < empty < 40


def test_exchange_by_hand():
    """Alone o1 lets the giver lose; with o2, where he receives, it may stand; the cap counts redemptions."""
    row = {"eligible": 100, "uptake": 0.2, "uptake_lower": 0.1, "uptake_upper": 0.3, "cap": None}
    first = {
        **row,
        "offer": "o1",
        "giver": "a",
        "receiver": "b",
        "acquisition_value": 10,
        "cost": 12,
        "retention_value": 9,
    }
    second = {
        **row,
        "offer": "o2",
        "giver": "b",
        "receiver": "a",
        "acquisition_value": 10,
        "cost": 10,
        "retention_value": 7,
        "cap": 15,
    }
    alone = exchange_benefits(pd.DataFrame([first]))
    assert alone.reason
    assert alone.value == 0
    both = exchange_benefits(pd.DataFrame([first, second]))
    assert both.value == pytest.approx(20 * (9 - 2) + 15 * 7)
    assert {s["side"]: (s["gain"], s["worst"]) for s in both.sides} == {"a": (-40 + 105, -60 + 70), "b": (180, 90)}
    assert BenefitExchange.from_json(both.to_json()).to_json() == both.to_json()
    twins = pd.DataFrame([{**second, "offer": name, "cap": None} for name in ("z", "m", "c")])
    assert [o["offer"] for o in exchange_benefits(twins, max_offers=2).offers if o["chosen"]] == ["c", "m"]


def test_an_offer_of_value_0_may_carry_another_one():
    """o1 moves 500 from b to a and is worth 0; with it a can pay for o2, worth 1,500, with which o3 of value 0 is not needed."""
    row = {"eligible": 100, "uptake": 0.5, "uptake_lower": 0.5, "uptake_upper": 0.5}
    moved = {**row, "giver": "a", "receiver": "b", "acquisition_value": 10, "cost": 0, "retention_value": -10}
    paid = {**moved, "offer": "o2", "acquisition_value": 0, "cost": 10, "retention_value": 40}
    found = exchange_benefits(pd.DataFrame([{**moved, "offer": "o1"}, paid, {**moved, "offer": "o3"}]))
    assert found.value == 1500
    assert [o["chosen"] for o in found.offers if o["offer"] == "o2"] == [True]
    assert sum(o["chosen"] for o in found.offers) == 2
    assert all(side["worst"] >= 0 for side in found.sides)


@pytest.mark.parametrize("draw", [12, 13])
def test_exchange_equals_the_knapsack_of_thirty_offers(draw):
    """One side's money pays for 30 offers worth twice what they cost: dynamic programming over every cent gives the same sum."""
    rng = np.random.default_rng(draw)
    cost = rng.integers(20_000, 100_000, 30) // 100  # in hundredths, of one redemption in 100
    worth = cost * 2 + 50 + rng.integers(-3, 4, 30)
    money = int(cost.sum()) // 2
    row = {"giver": "a", "receiver": "b", "eligible": 1000, "uptake": 0.1, "uptake_lower": 0.1, "uptake_upper": 0.1}
    table = [{**row, "offer": "o00", "acquisition_value": money / 100, "cost": 0.0, "retention_value": 0.0}]
    for i in range(30):
        offer = {"acquisition_value": 0.0, "cost": cost[i] / 100, "retention_value": worth[i] / 100}
        table.append({**row, "offer": f"o{i + 1:02d}", **offer})
    most = np.zeros(money + 1, np.int64)
    for price, gain in zip(cost.tolist(), (worth - cost).tolist(), strict=True):
        most[price:] = np.maximum(most[price:], most[: money + 1 - price] + gain)
    assert exchange_benefits(pd.DataFrame(table)).value == pytest.approx(money + int(most[-1]))


def test_a_loss_of_less_than_the_smallest_coin_is_a_loss():
    """.4 of a minor unit at the worst end: rounding must not hide it."""
    row = {
        "offer": "o1",
        "giver": "a",
        "receiver": "b",
        "eligible": 1,
        "uptake": 1,
        "uptake_lower": 1,
        "uptake_upper": 1,
    }
    thin = {**row, "acquisition_value": 0, "cost": 0.004, "retention_value": 5}
    assert not exchange_benefits(pd.DataFrame([thin])).offers[0]["chosen"]
    assert exchange_benefits(pd.DataFrame([{**thin, "cost": 0}])).offers[0]["chosen"]


@pytest.mark.parametrize(
    ("rule", "change"),
    [("uptake", {"uptake": 0.5}), ("uptake", {"uptake_upper": 1.5}), ("not-a-number", {"cost": -1}), ("not-a-number", {"eligible": None}), ("not-a-number", {"cap": "many"}),
     ("same-side", {"receiver": "a"}), ("not-a-number", {"retention_value": "x"}), ("missing-value", {"giver": None}), ("missing-value", {"offer": " "})],
)  # fmt: skip
def test_wrong_exchanges_are_refused_with_their_line(rule, change):
    """A number out of range, a missing one, one side twice."""
    row = {
        "offer": "o1",
        "giver": "a",
        "receiver": "b",
        "eligible": 100,
        "uptake": 0.2,
        "uptake_lower": 0.1,
        "uptake_upper": 0.3,
        "acquisition_value": 1,
        "cost": 1,
        "retention_value": 1,
        "cap": 5,
    }
    with pytest.raises(DataInvalid, match="line 2") as caught:
        exchange_benefits(pd.DataFrame([{**row, **change}]))
    assert caught.value.rule == rule
    with pytest.raises(DataInvalid):
        exchange_benefits(pd.DataFrame([row, row]))
    with pytest.raises(InvalidParameter):
        exchange_benefits(pd.DataFrame([row]), max_offers=0)


def test_policy_table_reports_what_hard_coded_ifs_hide():
    """The source text's chain of ifs on counts: two rules that overlap and people in none are counted here."""
    found = offer_policy(
        snapshot_from_directory(TINY), policy(("age>=30", "o01", 1), ("age>=20", "o02", 2)), min_cell=1
    )
    assert found.overlaps[0]["users"] == 5
    assert found.n_gap == 2
    assert isinstance(found, OfferPolicy)


@pytest.mark.parametrize(
    ("name", "value"),
    [("amount", -5.0), ("amount", float("inf")), ("amount", 1e16), ("percent", 150.0), ("percent", -1.0), ("uptake", 1.5), ("uptake", -0.1), ("cap", -1.0), ("unit_cost", -2.0)],
)  # fmt: skip
def test_an_offer_outside_its_range_is_refused(name, value):
    """Stores that were filled past check hold anything: a negative cost would lower a budget silently."""
    offer = NodeColumns(
        "Offer",
        object_array(["o1"]),
        {"kind": object_array(["coupon"]), "amount": as_column([5.0]), name: as_column([value])},
    )
    tables = GraphTables({"Offer": offer}, (), "odd", "EUR", "UTC", {})
    with pytest.raises(DataInvalid, match=rf"Offer\.{name}"):
        list_offers(tables)
