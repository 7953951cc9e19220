"""Rank intervals of the fit over random weights, and names in the history of partnerships."""

from collections import Counter

import numpy as np
import pytest

from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, as_column
from graphkit.planning.history import _called
from graphkit.planning.partner_scores import CRITERIA, PartnerData, fit_rank_intervals
from graphkit.planning.partners import partners


def criteria(**measured):
    """All criteria, those not given unmeasured."""
    return {name: measured.get(name) for name in CRITERIA}


def test_rank_interval_is_a_point_where_one_partner_is_better_in_everything():
    """Dominated partners keep their places under any weights; equal ones share one; the unmeasured has none."""
    scores = {("Brand", "a"): criteria(theme=0.9, will=0.8), ("Brand", "b"): criteria(theme=0.5, will=0.4), ("Brand", "b2"): criteria(theme=0.5, will=0.4),
              ("Brand", "c"): criteria(theme=0.1, will=0.1), ("Brand", "none"): criteria()}  # fmt: skip
    found = fit_rank_intervals(scores, seed=1)
    assert found == {("Brand", "a"): (1, 1), ("Brand", "b"): (2, 2), ("Brand", "b2"): (2, 2), ("Brand", "c"): (4, 4)}


def test_rank_interval_is_wide_where_the_weights_decide():
    """One best in theme, one best in will: either may lead."""
    scores = {("Brand", "a"): criteria(theme=1.0, will=0.0), ("Brand", "b"): criteria(theme=0.0, will=1.0)}
    assert fit_rank_intervals(scores, seed=1) == {("Brand", "a"): (1, 2), ("Brand", "b"): (1, 2)}
    assert fit_rank_intervals(scores, seed=1) == fit_rank_intervals(dict(reversed(scores.items())), seed=1)
    assert fit_rank_intervals({}, seed=1) == {}


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
    tables = GraphTables({n.label: n for n in nodes}, (EdgeColumns("FOLLOWS", "User", "Brand", *rows, {}),), "twins", None, None, {})
    found = partners(tables, for_="Film:f1", max_partners=2, min_cell=5, rng=1)
    assert [p.partner for p in found.partners] == ["b1", "b3"]
    assert [p.adds for p in found.partners] == pytest.approx([30, 20])
    assert found.joint_reach["mean"] == pytest.approx(50)
    everybody = partners(tables, for_="Film:f1", max_partners=3, min_cell=5, rng=1)
    assert [p.adds for p in everybody.partners] == pytest.approx([30, 20, 0])
