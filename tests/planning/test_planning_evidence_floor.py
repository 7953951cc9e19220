"""A plan on strong evidence alone: equal to the plan on data without the weaker rows, and open about what it left out."""

import json

import numpy as np
import pytest

import graphkit as gk
from graphkit.errors import Infeasible, InvalidParameter, UnknownNode
from graphkit.model.tables import GraphTables
from graphkit.planning.request import Request
from graphkit.projection.build import project
from graphkit.report.spoken import chinese
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
    assert {
        "channel": "c2",
        "rule": "evidence",
        "reason": "its evidence is assumed, weaker than match",
    }.items() <= next(row for row in found.rejected if row["channel"] == "c2").items()
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


def tied(rows):
    """Ten users who follow brands and take courses: (type, label, id, user, evidence)."""
    nodes = {
        "User": table("User", [f"u{i}" for i in range(10)], consent=[True] * 10),
        "Film": table("Film", ["f1"], name=["Film"], evidence=["assumed"]),
        "Brand": table("Brand", ["b1", "b2"], name=["One", "Two"], evidence=["real", "inferred"]),
        "Course": table("Course", ["k1", "k2"], name=["A", "B"], evidence=[None, "assumed"]),
    }
    row_of = {(label, id_): i for label, t in nodes.items() for i, id_ in enumerate(t.ids.tolist())}
    ends = dict.fromkeys((type_, label) for type_, label, *_ in rows)
    edges = []
    for type_, label in ends:
        own = [r for r in rows if r[:2] == (type_, label)]
        where = [row_of[label, r[2]] for r in own]
        edges.append(tie(type_, "User", label, [r[3] for r in own], where, evidence=[r[4] for r in own]))
    return GraphTables(nodes, tuple(edges), "small", "EUR", "UTC", {})


ROWS = [
    *[("FOLLOWS", "Brand", "b1", u, "real" if u < 6 else "assumed") for u in range(8)],
    *[("FOLLOWS", "Brand", "b2", u, "real") for u in range(9)],
    *[("ENROLLED", "Course", "k1", u, "match" if u < 5 else "inferred") for u in range(7)],
    *[("WATCHED", "Film", "f1", u, "real") for u in range(3)],
]


def test_partners_count_strong_rows_of_strong_partners_alone():
    found = gk.partners(tied(ROWS), for_="Film:f1", min_cell=1, min_evidence="match", rng=1)
    assert {(p.label, p.partner) for p in found.partners} == {("Brand", "b1"), ("Course", "k1")}
    assert found.joint_reach["mean"] == 6  # u0 to u5
    assert found.partners[0].adds == 3  # the film's own viewers, u0 to u2, were there before
    said = "left out because their evidence is weaker than match: 1 Course, 1 Brand, 2 FOLLOWS, 2 ENROLLED"
    assert said in found.assumptions  # the film, assumed as well, is what was asked about
    again = gk.partners(tied(ROWS), for_="Film:f1", min_cell=1, rng=1)
    said = "not real but match, inferred or assumed: 1 Film, 1 Course, 1 Brand, 2 FOLLOWS, 7 ENROLLED; min_evidence = real leaves them out"
    assert said in again.assumptions
    assert again.joint_reach["mean"] == 9
    assert again.manifest.digest != found.manifest.digest


def test_recommendations_learn_from_strong_rows_alone():
    # k2, assumed, is never offered; without the inferred rows u5 took nothing, so he is cold
    found = gk.recommend(tied(ROWS), "u5", by="cosine", min_evidence="match")
    assert (found.items, found.cold) == (("k1",), (True,))
    assert found.assumptions == ("left out because their evidence is weaker than match: 1 Course, 1 Film, 2 ENROLLED",)
    assert gk.Recommendations.from_json(found.to_json()).assumptions == found.assumptions


def test_weak_nodes_leave_a_page_graph_with_their_ties():
    links = tie("LINKED_WITH", "Brand", "Brand", [0, 0], [1, 2])
    brands = table("Brand", ["b0", "b1", "b2"], name=list("abc"), evidence=[None, "real", "assumed"])
    source = GraphTables({"Brand": brands}, (links,), "small", "EUR", "UTC", {})
    made = project(source, label="Brand", types="LINKED_WITH", min_evidence="inferred")
    assert (made.nodes.ids.tolist(), made.n_arcs) == (["b0", "b1"], 2)


@pytest.mark.parametrize("call", [gk.partners, gk.recommend])
def test_a_word_that_is_no_evidence_is_refused_everywhere(call):
    what = {"for_": "Film:f1"} if call is gk.partners else {"users": "u5"}
    with pytest.raises(InvalidParameter, match="min_evidence"):
        call(tied(ROWS), min_evidence="sure", **what)


def test_a_plan_that_no_evidence_carries_names_the_channels_and_theirs():
    """The refusal once pointed to a list that nobody saw; many channels of one reason are counted."""
    stated = ["inferred"] + ["assumed"] * 10
    weak = market(np.full((11, 4), 0.5), [10] * 11, ["kol"] * 11, channel={"evidence": stated})
    with pytest.raises(Infeasible, match="no channel may be bought") as caught:
        plan(weak, min_evidence="real")
    assert caught.value.hint == (
        "left out c0: its evidence is inferred, weaker than real; "
        "left out c1, c10, c2, c3, c4, c5, c6, c7 and 2 more: its evidence is assumed, weaker than real; "
        "ask for weaker evidence (--min-evidence)"
    )
    assert chinese(caught.value.hint) == (
        "剔除 c0：其证据为 inferred，弱于 real；"
        "剔除 c1, c10, c2, c3, c4, c5, c6, c7 等另 2 个：其证据为 assumed，弱于 real；请放宽证据要求（--min-evidence）"
    )


def test_a_variant_with_a_channel_that_was_left_out_says_why():
    """Not an unknown node: the reason stands in the refusal, and dropping what was never bought changes nothing."""
    made = plan(data(), min_evidence="match")
    with pytest.raises(InvalidParameter, match="c2 cannot be added: its evidence is assumed, weaker than match") as add:
        gk.whatif(made, add=["c2"])
    assert add.value.hint == "ask for weaker evidence (--min-evidence), and make the plan again"
    with pytest.raises(InvalidParameter, match="cannot be bought") as price:
        gk.whatif(made, price={"c2": 3})
    assert price.value.hint.startswith("left out c2: its evidence is assumed")
    assert gk.whatif(made, drop=["c2"]).reach.difference == 0
    with pytest.raises(UnknownNode):
        gk.whatif(made, add=["c9"])
    forbidden = plan(data(), rules={"forbidden": ["c1"]})
    with pytest.raises(InvalidParameter, match="c1 cannot be added: forbidden by the rules") as rule:
        gk.whatif(forbidden, add=["c1"])
    assert chinese(rule.value.hint) == "请修改使其不可用的规则或数据，再重新做计划"
