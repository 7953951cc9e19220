"""A minimum cell for audiences: what is too small is blocked, said, and otherwise as if it were not there."""

from dataclasses import replace

import numpy as np
import pytest
from market_fixtures import market

import graphkit as gk
from graphkit.cli.plan_text import plan_text
from graphkit.errors import Infeasible, InvalidParameter
from graphkit.planning.request import Request
from graphkit.report.page import render_page
from graphkit.report.spoken import chinese

# audiences of 5, 3 and 2 users; the last one would be bought first: dear users for nothing
CHANCE = np.array([[0.5] * 5 + [0] * 5, [0] * 5 + [0.4] * 3 + [0] * 2, [0] * 8 + [0.9] * 2])
REASON = "its audience is below 3 users"


def data(chance=CHANCE, **users):
    """The market of these chances."""
    return market(chance, [10, 20, 1][: len(chance)], ["kol", "app", "kol"][: len(chance)], users=users)


def plan(source, **more):
    return gk.plan(source, for_="Film:f1", budget=60, probability="none", rng=1, **more)


def test_small_audiences_are_blocked_with_rule_and_reason():
    found = plan(data(), min_cell=3)
    assert {item.channel for item in found.items} == {"c0", "c1"}
    assert [(r["channel"], r["rule"], r["reason"]) for r in found.rejected] == [("c2", "min_cell", REASON)]
    assert found.reach.mean == pytest.approx(5 * 0.5 + 3 * 0.4)
    assert {item.channel for item in plan(data()).items} == {"c0", "c1", "c2"}  # nothing is blocked unasked


def test_equals_the_plan_without_the_channel():
    ours, by_hand = plan(data(), min_cell=3).to_dict(), plan(data(CHANCE[:2])).to_dict()
    for name in ("items", "spent", "reach", "certificate", "baselines", "adding_up_would_have_said"):
        assert ours[name] == by_hand[name], name


def test_only_users_with_consent_and_a_chance_count():
    whole = data(consent=[i != 1 for i in range(10)])
    reach = whole.edges[0]
    p = np.array(reach.column("p"))
    p[0] = 0.0  # c0: of five rows one exposes nobody, of one the user did not agree
    source = replace(whole, edges=(replace(reach, columns={"p": p}),))
    assert {r["channel"] for r in plan(source, min_cell=3).rejected} == {"c2"}
    with pytest.raises(Infeasible, match="min_cell"):
        plan(source, min_cell=4)


def test_a_required_channel_that_is_too_small_is_a_contradiction():
    with pytest.raises(Infeasible, match=r"min_cell.*audience is below 3 users"):
        plan(data(), min_cell=3, rules={"required": ["c2"]})


def test_is_part_of_the_request_and_leaves_others_as_they_were():
    found = plan(data(), min_cell=3)
    assert Request.of(found).min_cell == 3
    assert gk.verify(found).same
    assert "min_cell" not in plan(data()).to_dict()["request"]
    assert plan(data(), min_cell=0).manifest.digest == plan(data()).manifest.digest != found.manifest.digest


def test_it_counts_users_and_no_pages():
    pages = {"nodes": "Channel", "via": "LINKED_WITH"}
    with pytest.raises(InvalidParameter, match="min_cell"):
        plan(data(), min_cell=3, **pages)
    with pytest.raises(InvalidParameter, match="min_cell"):
        plan(data(), min_cell=-1)


def test_table_and_page_say_it_in_both_languages(monkeypatch):
    found = plan(data(), min_cell=3).to_dict()
    assert f"\nblocked 1: {REASON} (1)\n" in plan_text(found)
    assert "blocked" not in plan_text(plan(data()).to_dict())
    page = render_page(found)
    assert REASON in page
    assert chinese(REASON) == "其受众不足 3 人"
    assert chinese(REASON) in page
    monkeypatch.setenv("GRAPHKIT_LANG", "zh")
    assert chinese(f"blocked 1: {chinese(REASON)} (1)") == "不能购买 1 个：其受众不足 3 人 (1)"
