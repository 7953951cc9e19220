"""Every printed number has a query that gives it again, or a replay; queries are run, not believed."""

import numpy as np
import pytest
from market_fixtures import market, table, tie

from graphkit.planning.channels import plan
from graphkit.planning.verify import verify
from graphkit.store.queries import check_params, load_query
from graphkit.store.twins import TWINS


def awkward():
    """Two waves, two uses, paid materials with an own price, half of the users not receptive, one asked for other purposes, one mask."""
    rng = np.random.default_rng(8)
    chance = np.where(rng.random((4, 12)) < 0.6, 0.4, 0.0)
    chance[3] = 0
    goods = table(
        "Material", ["m0", "m1"], kind=["poster"] * 2, status=["approved"] * 2, cost=[15.5, None], response=[1.5, 1.2]
    )
    accepts = tie("ACCEPTS", "Channel", "Material", [0, 1, 1], [0, 0, 1], cost=[None, 33.25, None])
    users = {
        "consent": [True] * 11 + [False], "consent_scope": [["plan"]] * 10 + [["profile"], None], "receptivity": [1.0, 0.0] * 6,
        "region": ["north"] * 6 + ["south"] * 6,
    }  # fmt: skip
    channel = {
        "capacity": [2, 1, 2, 1],
        "audience_filter": [None, None, None, "region='north'"],
        "reach_p": [None, None, None, 0.2],
    }
    return market(
        chance,
        [10, 12, 20, 9],
        ["kol", "kol", "app", "cinema"],
        channel=channel,
        users=users,
        nodes=[goods],
        edges=[accepts],
        knows=[(i, i + 1) for i in range(9)],
    )


@pytest.mark.parametrize("receptive", [True, False])
def test_the_queries_of_a_plan_give_its_numbers(receptive):
    """Spent holds every use and each material once; an audience is counted by a query only where the query counts the same people."""
    data = awkward()
    if receptive:
        data.nodes["User"].columns["receptivity"][:] = 1.0
    made = plan(data, for_="Film:f1", budget=150, waves=2, probability=0.3, rng=3)
    asked = [row for row in made.claims if row["query"]]
    assert {"spent"} <= {row["claim"] for row in asked}
    assert receptive == any("audience" in row["claim"] for row in asked)
    for row in asked:
        found = TWINS[row["query"]](data, check_params(load_query(row["query"]), row["params"]))[0]
        assert found["cost" if row["claim"] == "spent" else "distinct_people"] == pytest.approx(row["value"]), row[
            "claim"
        ]
    assert any(item.uses > 1 for item in made.items)
    assert any(item.one_off_cost for item in made.items)


def test_every_printed_number_is_a_claim_and_comes_out_again():
    """Goals, the list between goals, quantiles of a robust plan and bonuses are claims beside reach; all are equal when made again."""
    users = {
        "propensity": [0.1 * (i % 4) for i in range(12)],
        "lifetime_value": [10.0 + i for i in range(12)],
        "consent": [True] * 12,
    }
    rng = np.random.default_rng(2)
    chance = np.where(rng.random((5, 12)) < 0.5, 0.5, 0.0)
    boosts = tie("BOOSTS", "Channel", "Channel", [0], [1], bonus=[2.0])
    data = market(chance, [10, 12, 14, 9, 11], ["kol"] * 5, users=users, edges=[boosts])
    made = plan(data, for_="Film:f1", budget=40, probability="none", pareto="reach,value", robust=0.2, rng=3)
    told = {row["claim"] for row in made.claims}
    assert {
        "against_baselines.price_per_contact",
        "waves.1",
        "goals.reach",
        "goals.value",
        "pareto.1.reach",
        "pareto.1.value",
        "robust.robust.quantile",
        "robust.plain.worst",
        "robust.fresh.robust",
        "robust.regret_of_plain",
        "synergy.bonus",
    } <= told
    assert len(told) == len(made.claims)
    assert verify(made).same
