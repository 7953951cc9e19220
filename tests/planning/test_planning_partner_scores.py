"""Rank intervals of the fit over random weights, and names in the history of partnerships."""

from collections import Counter

from graphkit.planning.history import _called
from graphkit.planning.partner_scores import CRITERIA, PartnerData, fit_rank_intervals


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
