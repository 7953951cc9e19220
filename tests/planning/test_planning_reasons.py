"""What a plan says of money left over and of channels that are free: no rule is blamed that stands against nothing."""

import numpy as np
import pytest
from market_fixtures import market

from graphkit.planning.channels import plan

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
