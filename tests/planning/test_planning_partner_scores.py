"""Rank intervals of the fit over random weights, and names in the history of partnerships."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from graphkit.errors import InvalidParameter, UnknownName
from graphkit.matching.history import rank_partners
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, as_column
from graphkit.planning.history import _called
from graphkit.planning.partner_choice import Taste, choose_partners
from graphkit.planning.partner_scores import (
    CRITERIA,
    PartnerData,
    fit_of,
    fit_rank_intervals,
    fit_weights,
    read_partner_data,
    scores_of,
)
from graphkit.planning.partners import _lists, partners
from graphkit.projection.snapshot import as_snapshot

EVEN = fit_weights(None, 0.0)


def criteria(**measured):
    """All criteria, those not given unmeasured."""
    return {name: measured.get(name) for name in CRITERIA}


def test_rank_interval_is_a_point_where_one_partner_is_better_in_everything():
    """Dominated partners keep their places under any weights; equal ones share one; the unmeasured has none."""
    scores = {
        ("Brand", "a"): criteria(theme=0.9, will=0.8),
        ("Brand", "b"): criteria(theme=0.5, will=0.4),
        ("Brand", "b2"): criteria(theme=0.5, will=0.4),
        ("Brand", "c"): criteria(theme=0.1, will=0.1),
        ("Brand", "none"): criteria(),
    }
    found = fit_rank_intervals(scores, 1, EVEN)
    assert found == {("Brand", "a"): (1, 1), ("Brand", "b"): (2, 2), ("Brand", "b2"): (2, 2), ("Brand", "c"): (4, 4)}


def test_rank_interval_is_wide_where_the_weights_decide():
    """One best in theme, one best in will: either may lead."""
    scores = {("Brand", "a"): criteria(theme=1.0, will=0.0), ("Brand", "b"): criteria(theme=0.0, will=1.0)}
    assert fit_rank_intervals(scores, 1, EVEN) == {("Brand", "a"): (1, 2), ("Brand", "b"): (1, 2)}
    assert fit_rank_intervals(scores, 1, EVEN) == fit_rank_intervals(dict(reversed(scores.items())), 1, EVEN)
    assert fit_rank_intervals({}, 1, EVEN) == {}


def test_history_uses_the_names_that_texts_use():
    """The name where it is unique, label and id added where two nodes share it, the id where there is none."""
    nodes = [("Brand", "b1"), ("Brand", "b2"), ("Film", "f1"), ("Film", "f2")]
    properties = {nodes[0]: {"name": "喜茶"}, nodes[1]: {"name": "小王子"}, nodes[2]: {"name": "小王子"}}
    data = PartnerData({}, {}, frozenset(), Counter(), Counter(), {"p": nodes[:3]}, Counter(), properties)
    assert list(_called(data, nodes[3]).values()) == ["喜茶", "小王子 (Brand:b2)", "小王子 (Film:f1)", "f2"]


def test_partners_are_a_set_not_a_list_of_twins():
    """Of two brands with the same 30 followers one is taken; the second place goes to 20 other people."""
    nodes = [
        NodeColumns("User", as_column([f"u{i:02d}" for i in range(60)]), {"consent": as_column([True] * 60)}),
        NodeColumns("Brand", as_column(["b1", "b2", "b3"]), {"name": as_column(["A", "B", "C"])}),
        NodeColumns("Film", as_column(["f1"]), {"name": as_column(["Film"])}),
    ]
    follow = [(u, b) for b, users in enumerate((range(30), range(30), range(40, 60))) for u in users]
    rows = [np.array(side, np.int64) for side in zip(*follow, strict=True)]
    tables = GraphTables(
        {n.label: n for n in nodes}, (EdgeColumns("FOLLOWS", "User", "Brand", *rows, {}),), "twins", None, None, {}
    )
    found = partners(tables, for_="Film:f1", max_partners=2, min_cell=5, rng=1)
    assert [p.partner for p in found.partners] == ["b1", "b3"]
    assert [p.adds for p in found.partners] == pytest.approx([30, 20])
    assert found.joint_reach["mean"] == pytest.approx(50)
    everybody = partners(tables, for_="Film:f1", max_partners=3, min_cell=5, rng=1)
    assert [p.adds for p in everybody.partners] == pytest.approx([30, 20, 0])


FILM, A, B, C = ("Film", "f"), ("Brand", "a"), ("Brand", "b"), ("Brand", "c")


def hand_tables():
    """Film f and brands a, b, c with tags t1 (theme), v1, v2 (values), goals, resources, sectors and four deals; c is blank.

    Tags: f t1 1, v1 .6, v2 .8; a t1 .5, v1 1; b v2 1. Deals: p0 ended (a, b), p1 ended (a, b), p2 declined (a), p3 proposed (a, c).
    """
    nodes = [
        NodeColumns("Film", as_column(["f"]), {"name": as_column(["F"])}),
        NodeColumns(
            "Brand",
            as_column(["a", "b", "c"]),
            {
                "name": as_column(["A", "B", "C"]),
                "sector": as_column(["food", "film", None]),
                "goal_awareness": as_column([0.6, 1.0, None]),
                "goal_revenue": as_column([0.8, None, None]),
                "resources": as_column([["users", "money"], ["users"], None]),
                "willingness": as_column([0.9, 0.3, None]),
                "evidence": as_column(["real", "inferred", None]),
            },
        ),
        NodeColumns(
            "Tag",
            as_column(["t1", "v1", "v2"]),
            {"name": as_column(["1", "2", "3"]), "kind": as_column(["theme", "value", "value"])},
        ),
        NodeColumns(
            "Partnership",
            as_column(["p0", "p1", "p2", "p3"]),
            {"status": as_column(["ended", "ended", "declined", "proposed"])},
        ),
    ]
    tie = lambda kind, start, end, a, b, **more: EdgeColumns(
        kind, start, end, np.array(a, np.int64), np.array(b, np.int64), {k: as_column(v) for k, v in more.items()}
    )
    edges = (
        tie("HAS_TAG", "Film", "Tag", [0, 0, 0], [0, 1, 2], w=[1.0, 0.6, 0.8]),
        tie("HAS_TAG", "Brand", "Tag", [0, 0, 1], [0, 1, 2], w=[0.5, 1.0, 1.0]),
        tie("JOINS", "Partnership", "Brand", [0, 0, 1, 1, 2, 3, 3], [0, 1, 0, 1, 0, 0, 2]),
    )
    return GraphTables({n.label: n for n in nodes}, edges, "hand", None, None, {})


def hand_made():
    """The same, read."""
    return read_partner_data(as_snapshot(hand_tables()))


def test_theme_and_values_by_hand():
    """Three tagged nodes, every tag on two of them: idf ln(4/3) + 1 cancels, so theme = cosine of weights; values: .6 and .8."""
    data = hand_made()
    assert data.idf == pytest.approx(dict.fromkeys(("t1", "v1", "v2"), np.log(4 / 3) + 1))
    to = {n: scores_of(data, FILM, n) for n in (A, B, C)}
    assert to[A]["theme"] == pytest.approx(1.1 / (2**0.5 * 1.25**0.5))
    assert to[B]["theme"] == pytest.approx(0.8 / 2**0.5)
    assert [to[n]["brand"] for n in (A, B, C)] == [pytest.approx(0.6), pytest.approx(0.8), None]
    assert all(to[n]["culture"] == to[n]["brand"] for n in to)
    assert to[C]["theme"] is None
    assert scores_of(data, A, B)["brand"] == 0.0  # measured, nothing in common: 0, not null


def test_data_and_will_by_hand():
    """a: asked three times, accepted twice -> 3 / 5 whatever it declares; c: only proposed, nothing declared -> null."""
    data = hand_made()
    to = {n: scores_of(data, FILM, n) for n in (A, B, C)}
    assert to[A]["will"] == pytest.approx(3 / 5)
    assert to[B]["will"] == pytest.approx(3 / 4)
    assert to[C]["will"] is None
    assert to[A]["data"] == pytest.approx((5 / 11 + 2 / 5 + 1) / 3)
    assert to[B]["data"] == pytest.approx((4 / 11 + 1 / 5 + 0) / 3)
    assert to[C]["data"] == pytest.approx((0 + 0 + 1) / 3)


def test_goal_complement_and_novelty_by_hand():
    """Goals (.6, .8) and (1, 0): .6; one of one resource shared: 0; the most frequent pair of sectors: 0, a pair never seen: 2/3."""
    data = hand_made()
    found = scores_of(data, A, B)
    assert (found["goal"], found["complement"], found["novelty"]) == (pytest.approx(0.6), 0.0, 0.0)
    assert scores_of(data, A, A)["goal"] == pytest.approx(1.0)
    assert scores_of(data, A, A)["novelty"] == pytest.approx(2 / 3)
    assert [scores_of(data, A, C)[c] for c in ("goal", "complement", "novelty")] == [None] * 3


def test_novelty_is_not_measured_while_no_two_sectors_worked_together():
    """Without any past pair the formula would say 0 of everybody; it is null."""
    data = hand_made()
    data.sector_pairs.clear()
    assert scores_of(data, A, B)["novelty"] is None


def test_audience_is_the_percentile_of_the_increment():
    """Increments beyond the film's ten viewers 20, 10, 10: 3/3, 2/3, 2/3; a brand without an audience is not measured."""
    nodes = [
        NodeColumns("User", as_column([f"u{i:02d}" for i in range(60)]), {"consent": as_column([True] * 60)}),
        NodeColumns("Brand", as_column(["b1", "b2", "b3", "b4"]), {"name": as_column(["A", "B", "C", "D"])}),
        NodeColumns("Film", as_column(["f1"]), {"name": as_column(["Film"])}),
    ]
    follow = [(u, b) for b, users in enumerate((range(30), range(20, 30), range(50, 60))) for u in users]
    rows = [np.array(side, np.int64) for side in zip(*follow, strict=True)]
    ten = np.arange(10)
    edges = (
        EdgeColumns("FOLLOWS", "User", "Brand", *rows, {}),
        EdgeColumns("WATCHED", "User", "Film", ten, ten * 0, {}),
    )
    found = partners(
        GraphTables({n.label: n for n in nodes}, edges, "small", None, None, {}), for_="Film:f1", min_cell=5, rng=1
    )
    assert {p.partner: p.scores["audience"] for p in found.partners} == pytest.approx(
        {"b1": 1.0, "b2": 2 / 3, "b3": 2 / 3}
    )
    assert [p.partner for p in found.partners] == ["b1", "b3", "b2"]


def test_a_shared_conflict_tag_sets_brand_to_nothing():
    """f and a share t1 and v1, f and b v2: a conflict in v1 ends a alone, and leaves every other criterion of a as it was."""
    data = hand_made()
    free, bound = ({n: scores_of(data, FILM, n, tags) for n in (A, B, C)} for tags in ((), ("v1",)))
    assert [bound[n]["brand"] for n in (A, B, C)] == [0.0, pytest.approx(0.8), None]
    assert bound[A] | {"brand": free[A]["brand"]} == free[A]
    assert scores_of(data, FILM, A, ("t1",))["brand"] == 0.0


def test_novelty_weighs_in_the_fit_only_when_asked():
    """Mean of .4 and .6 without it; (.4 + .6 + 1 / 2) / 2.5 with half a weight; nothing else measured: no fit without it."""
    scores = criteria(theme=0.4, will=0.6, novelty=1.0)
    assert fit_of(scores, EVEN) == pytest.approx(0.5)
    assert fit_of(scores, fit_weights(None, 0.5)) == pytest.approx(1.5 / 2.5)
    assert fit_of(criteria(novelty=1.0), EVEN) is None
    assert fit_rank_intervals({("Brand", "a"): criteria(novelty=1.0)}, 1, EVEN) == {}
    assert fit_rank_intervals({("Brand", "a"): criteria(novelty=1.0)}, 1, fit_weights(None, 1.0)) == {
        ("Brand", "a"): (1, 1)
    }


def brands(spans, tags=(), sectors=None, deals=()):
    """A film without viewers, brands followed by spans of 100 users, tags (brand, tag), sectors, past deals."""
    names = list(spans)
    tie = lambda kind, start, end, pairs, **more: EdgeColumns(
        kind, start, end, *np.array(pairs, np.int64).reshape(-1, 2).T, {k: as_column(v) for k, v in more.items()}
    )
    nodes = [
        NodeColumns("User", as_column([f"u{i:03d}" for i in range(100)]), {"consent": as_column([True] * 100)}),
        NodeColumns(
            "Brand",
            as_column(names),
            {"name": as_column([n.upper() for n in names]), "sector": as_column(sectors or [None] * len(names))},
        ),
        NodeColumns("Film", as_column(["f1"]), {"name": as_column(["Film"])}),
        NodeColumns(
            "Tag", as_column(["t0", "t1"]), {"name": as_column(["x", "y"]), "kind": as_column(["theme", "theme"])}
        ),
        NodeColumns(
            "Partnership",
            as_column([f"p{i}" for i in range(len(deals))]),
            {
                "status": as_column(["ended"] * len(deals)),
                "title": as_column([f"deal {i}" for i in range(len(deals))]),
                "starts_ts": as_column([86_400 * (i + 1) for i in range(len(deals))]),
            },
        ),
    ]
    edges = [tie("FOLLOWS", "User", "Brand", [(u, b) for b, span in enumerate(spans.values()) for u in range(*span)])]
    edges += (
        [tie("HAS_TAG", "Brand", "Tag", [(names.index(b), t) for b, t in tags], w=[1.0] * len(tags))] if tags else []
    )
    edges += (
        [tie("JOINS", "Partnership", "Brand", [(i, names.index(b)) for i, deal in enumerate(deals) for b in deal])]
        if deals
        else []
    )
    return GraphTables({n.label: n for n in nodes}, tuple(edges), "brands", None, None, {})


def listed(source, **options):
    """Ids of the proposed partners, best first."""
    return [p.partner for p in partners(source, min_cell=5, rng=1, **options).partners]


def test_diversity_passes_over_the_twin():
    """a and b share half their people, c nobody's: by reach a, b, c; the more diversity, the sooner c; 1 = by likeness alone."""
    source = brands({"a": (0, 50), "b": (20, 70), "c": (85, 100)}, tags=[("a", 0), ("b", 0), ("c", 1)])
    assert listed(source, for_="Film:f1") == ["a", "b", "c"]
    assert listed(source, for_="Film:f1", diversity=0.0) == ["a", "b", "c"]
    assert listed(source, for_="Film:f1", diversity=0.5) == ["a", "c", "b"]
    for wrong in ({"diversity": -0.1}, {"novelty": 1.1}, {"diversity": "much"}):
        with pytest.raises(InvalidParameter):
            partners(source, for_="Film:f1", **wrong)
    with pytest.raises(UnknownName, match="t9"):
        partners(source, for_="Film:f1", conflicts=["t9"])


def test_novelty_moves_the_rare_sector_up_only_when_asked():
    """Food and film met twice, food and sport never: with novelty 1 the sport brand leads, whatever its reach."""
    source = brands(
        {"s": (0, 10), "a": (0, 60), "b": (70, 80)}, sectors=["food", "film", "sport"], deals=[("s", "a"), ("s", "a")]
    )
    assert listed(source, for_="Brand:s")[0] == "a"
    assert listed(source, for_="Brand:s", novelty=1.0) == ["b", "a"]


def test_evidence_names_campaigns_paths_tags_overlap_and_queries():
    """s met a, a met b: b is reached over a; 20 of b's 40 people are s's own."""
    source = brands({"s": (0, 40), "a": (50, 90), "b": (20, 60)}, tags=[("s", 0), ("b", 0)], sectors=["food", "film", "sport"],
                    deals=[("s", "a"), ("a", "b")])  # fmt: skip
    found = {p.partner: p.evidence for p in partners(source, for_="Brand:s", min_cell=5, rng=1).partners}["b"]
    assert "past campaigns (1): deal 1" in found
    assert "paths (1): S - A - B" in found
    assert "shared tags (1): t0" in found
    assert "overlap with its own audience: 20 users, Jaccard 0.333" in found
    told = "--param label=Brand --param id=s"
    assert {
        f"graphkit query partners/theme {told}",
        f"graphkit query partners/audience {told} --param minCell=5",
        f"graphkit query partners/fit {told}",
    } <= set(found)
    hidden = {p.partner: p.evidence for p in partners(source, for_="Brand:s", min_cell=21, rng=1).partners}["b"]
    assert not any(line.startswith("overlap") for line in hidden)


def test_exclusive_equals_the_reach_lost_without_each():
    """Joint reach minus the joint reach of the others, by counting sets."""
    spans = {"a": (0, 50), "b": (20, 70), "c": (60, 100)}
    found = partners(brands(spans), for_="Film:f1", min_cell=5, rng=1)
    sets = {b: set(range(*span)) for b, span in spans.items()}
    for p in found.partners:
        others = set().union(*(s for b, s in sets.items() if b != p.partner))
        assert p.exclusive == pytest.approx(len(sets[p.partner] - others))


class NoAudiences:
    """Reach where nobody's audience is known."""

    def gains(self):
        """Nothing is measured."""
        return {}

    def take(self, node):
        """Nobody is reached."""


def test_beside_a_history_fit_weighs_a_quarter():
    """1/61 + 1/256 > 1/62 + 1/252 > 1/63 + 1/244 > 1/248; without a history fit alone gives the order."""
    a, b, c, d = nodes = [("Brand", name) for name in "abcd"]
    past = {n: SimpleNamespace(rank=i) for i, n in enumerate(nodes[:3], 1)}
    scores = {n: dict.fromkeys(("theme", "brand", "goal", "complement", "culture"), 0.5) for n in nodes}
    fit = dict(zip(nodes, (0.1, 0.2, 0.9, 0.8), strict=True))
    for known, want in ((past, [a, b, c, d]), ({}, [c, d, b, a])):
        lists = _lists(SimpleNamespace(past=known, scores=scores, audiences={}), fit)
        assert choose_partners(nodes, lists, NoAudiences(), 4, Taste()) == (want, {})


def test_a_chance_says_how_such_chances_came_true():
    """The evidence of history tells the chance, its horizon, and how many first co-operations were expected and came, as `rank_partners` does."""
    rng, names = np.random.default_rng(4), [f"b{i:02d}" for i in range(40)]
    rate = rng.gamma(0.7, size=len(names))
    deals = [tuple(rng.choice(names, 2, replace=False, p=rate / rate.sum())) for _ in range(220)]
    source = brands(dict.fromkeys(names, (0, 50)), deals=deals)
    found = partners(source, for_="Brand:b00", max_partners=5, min_cell=5, rng=1)
    told = [text for p in found.partners for text in p.evidence if text.startswith("history")]
    rows = [(f"p{i}", name.upper(), 86_400 * (i + 1)) for i, deal in enumerate(deals) for name in deal]
    history = pd.DataFrame(rows, columns=["partnership", "member", "ts"])
    texts = pd.DataFrame([(f"p{i}", f"deal {i}") for i in range(len(deals))], columns=["partnership", "text"])
    ranking = rank_partners(history, texts=texts, subjects=["B00"], top=40, rng=1)
    ends = zip(ranking.chance, ranking.chance_lower, ranking.chance_upper, strict=True)
    chance = dict(zip(ranking.partner, (f"{p:.2g} ({low:.2g} to {high:.2g})" for p, low, high in ends), strict=True))
    came = ranking.validation
    kept = f"{came['new_partners_expected']:.0f} first ones were expected, {came['new_partners']:.0f} came"
    for partner, text in zip(found.partners, told, strict=True):
        head = f"history: chance {chance[partner.partner.upper()]} of a first one within the next 22 partnerships"
        assert text.startswith(f"{head} (on the last two tenths {kept}), ")
