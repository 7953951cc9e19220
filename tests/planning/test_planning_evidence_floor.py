"""A plan on strong evidence alone: equal to the plan on data without the weaker rows, and open about what it left out."""

import json

import numpy as np
import pytest

import graphkit as gk
from graphkit.errors import InvalidParameter
from graphkit.planning.request import Request
from tests.market_fixtures import market, table, tie

# two channels of five users each; the second one's audience is half assumed, the third channel is assumed whole
CHANCE = np.array([[0.5] * 5 + [0] * 7, [0] * 5 + [0.4] * 5 + [0, 0], [0] * 10 + [0.9] * 2])
EVIDENCE = ["real"] * 5 + ["real", "match", "inferred", "assumed", None] + ["real"] * 2


def data(*, keep=None):
    """The market, or the same without the rows that a floor drops, made by hand."""
    whole = market(CHANCE, [10, 20, 30], ["kol", "app", "kol"], channel={"evidence": ["real", "real", "assumed"]})
    c, u = np.nonzero(CHANCE)
    p = CHANCE[c, u]
    pick = np.arange(c.size) if keep is None else np.array(keep)
    reach = tie("REACHES", "Channel", "User", c[pick], u[pick], p=p[pick], evidence=[EVIDENCE[i] for i in pick])
    return type(whole)(whole.nodes, (reach,), "small", "EUR", "UTC", {})


def plan(source, **more):
    return gk.plan(source, for_="Film:f1", budget=60, probability="none", rng=1, **more)


@pytest.mark.parametrize(
    ("floor", "reach"),
    [
        ("assumed", 5 * 0.5 + 5 * 0.4 + 2 * 0.9),
        ("inferred", 5 * 0.5 + 4 * 0.4),
        ("match", 5 * 0.5 + 3 * 0.4),
        ("real", 5 * 0.5 + 2 * 0.4),
    ],
)
def test_reach_counts_only_rows_strong_enough(floor, reach):
    assert plan(data(), min_evidence=floor).reach.mean == pytest.approx(reach, rel=1e-12)


def test_equals_the_plan_on_data_without_the_weaker_rows():
    ours = plan(data(), min_evidence="real").to_dict()
    by_hand = plan(data(keep=[0, 1, 2, 3, 4, 5, 9])).to_dict()
    for name in ("spent", "reach", "baselines", "adding_up_would_have_said"):
        assert ours[name] == by_hand[name], name
    assert [x["adds"] for x in ours["items"]] == [x["adds"] for x in by_hand["items"]]


def test_says_what_was_left_out():
    found = plan(data(), min_evidence="match")
    assert {"channel": "c2", "rule": "evidence", "reason": "its evidence is weaker than match"}.items() <= next(
        row for row in found.rejected if row["channel"] == "c2"
    ).items()
    said = "left out because their evidence is weaker than match: 1 Channel, 2 REACHES"
    assert said in found.assumptions


def test_a_plan_without_a_floor_says_what_it_rests_on():
    said = "not real but match, inferred or assumed: 1 Channel, 3 REACHES; min_evidence = real leaves them out"
    assert said in plan(data()).assumptions
    assert not [x for x in plan(data(), min_evidence="real").assumptions if x.startswith("not real")]


def test_weak_ties_carry_nothing():
    whole = data()
    ties = tie("KNOWS", "User", "User", [0, 1], [10, 11], evidence=["real", "assumed"])
    source = type(whole)(whole.nodes, (*whole.edges, ties), "small", "EUR", "UTC", {})
    found = gk.plan(source, for_="Film:f1", budget=10, probability=1.0, min_evidence="real", rng=1)
    assert found.items[0].channel == "c0"
    assert found.reach.mean == pytest.approx(5 * 0.5 + 0.5, abs=0.1)  # u00 tells u10 always; u01 tells nobody


def test_weak_materials_are_not_used():
    materials = table("Material", ["m0", "m1"], kind=["poster"] * 2, status=["approved"] * 2, response=[1.0, 1.5],
                      evidence=["real", "assumed"])  # fmt: skip
    accepts = tie("ACCEPTS", "Channel", "Material", [0, 0], [0, 1])
    whole = data()
    source = type(whole)({**whole.nodes, "Material": materials}, (*whole.edges, accepts), "small", "EUR", "UTC", {})
    assert [x.material for x in plan(source).items if x.channel == "c0"] == ["m1"]
    assert [x.material for x in plan(source, min_evidence="real").items if x.channel == "c0"] == ["m0"]


def test_is_part_of_the_request_and_made_again_by_verify_and_whatif():
    source = data()
    found = plan(source, min_evidence="real")
    request = Request.of(found)
    assert request.min_evidence == "real"
    assert Request.from_dict(json.loads(json.dumps(request.to_dict()))) == request
    assert found.manifest.digest != plan(source).manifest.digest
    assert found.manifest.snapshot == plan(source).manifest.snapshot  # the data are the same
    assert gk.verify(found).same
    assert gk.whatif(found, drop=["c1"]).reach.difference == pytest.approx(-0.8)


def test_no_count_of_all_rows_stands_for_a_count_of_some():
    claims = {row["claim"]: row for row in plan(data(), min_evidence="real").claims}
    assert claims["items.c1.audience"]["value"] == 2
    assert claims["items.c1.audience"]["query"] is None
    assert claims["spent"]["query"] is None


def test_a_word_that_is_no_evidence_is_refused():
    with pytest.raises(InvalidParameter, match="min_evidence"):
        plan(data(), min_evidence="sure")
