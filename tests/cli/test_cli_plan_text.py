"""The printed plan: digits that the intervals support, guarantees rounded down, exact values without a width."""

import numpy as np
import pytest
from market_fixtures import market

import graphkit as gk
from graphkit.cli.plan_text import plan_text, rounded_down, span
from graphkit.intervals import give_or_take
from graphkit.report.page_plan import plan_part
from graphkit.report.spoken import chinese


@pytest.mark.parametrize(
    ("mean", "pair", "told"),
    [
        (29.92, [29.52, 30.32], "29.9 ±0.4"), (1104.4, [1099.6, 1109.2], "1,104.4 ±4.8"), (5234.0, [5100.0, 5368.0], "5,234 ±134"), (0.512, [0.49, 0.534], "0.51 ±0.02"),
        (8.75, [8.75, 8.75], "8.75"), (None, None, "–"),
    ],
)  # fmt: skip
def test_a_mean_is_printed_inside_its_interval(mean, pair, told):
    """Never ``29.9 (30 to 30)``: the mean and the half width have the same digits."""
    assert give_or_take(mean, pair) == told


def test_spans_tell_their_ends_apart():
    """Narrow intervals get more digits; none is said."""
    assert (span([28.07, 28.31]), span([1100.2, 1152.9]), span(None)) == (
        "28.1 to 28.3",
        "1,100 to 1,153",
        "no interval",
    )


def test_a_guarantee_does_not_grow_by_printing():
    """0.8769 is no guarantee of 0.877."""
    assert (rounded_down(0.8769), rounded_down(0.877), rounded_down(1.0)) == ("0.876", "0.877", "1.000")


def test_columns_that_say_nothing_are_left_out():
    """One wave, one use, no material: the table fits 80 columns; the plans between goals name their channels and intervals."""
    item = {
        "channel": "c1",
        "name": "抖音·短视频信息流12",
        "wave": 1,
        "material": None,
        "uses": 1,
        "cost": 1234.5,
        "adds": 812.3,
        "adds_interval": [800.0, 824.6],
        "exclusive": 700.0,
        "exclusive_interval": [690.0, 710.0],
        "alone": 900.0,
        "alone_interval": [885.0, 915.0],
    }
    plan = {
        "plan": "P-1",
        "for": "Film:f1",
        "objective": "reach",
        "budget": 1500.5,
        "spent": 1234.5,
        "items": [item],
        "reach": {"mean": 812.3, "interval": [800.0, 824.6]},
        "pareto": [
            {
                "goals": {"reach": 812.3, "value": 9.5},
                "intervals": {"reach": [800.0, 824.6], "value": [9.1, 9.9]},
                "spent": 1234.5,
                "channels": ["c1", "c2"],
            }
        ],
    }
    text = plan_text(plan)
    assert "wave" not in text.split("\n")[1]
    assert "for Film:f1: reach, budget 1,500.50, spent 1,234.50" in text
    named = plan_text(plan | {"for_name": "Paper Moon", "currency": "CNY"})
    assert "for Film:f1 (Paper Moon): reach, budget 1,500.50 CNY, spent 1,234.50 CNY" in named
    assert "812 ±12" in text
    assert "reach 812 ±12, value 9.5 ±0.4 for 1,234.50: c1 c2" in text


def test_plans_without_a_graph_and_waves_carry_their_intervals():
    """No figure of people stands alone where the plan holds its interval; the difference has its sign; all of it in Chinese too."""
    rows = [
        {"baseline": "price_per_contact", "mean": 1454.0, "interval": [1447.0, 1461.0], "difference": 70.6, "difference_interval": [64.2, 77.0]},
        {"baseline": "sainsbury", "mean": 1530.0, "interval": [1523.0, 1537.0], "difference": -5.4, "difference_interval": [-9.0, -1.8]},
    ]  # fmt: skip
    waves = [
        {"wave": k, "starts_ts": None, "budget": None, "spent": 10, "purchases": 1, "adds": 50.0 / k, "adds_interval": [49.0 / k, 51.0 / k]}
        for k in (1, 2)
    ]  # fmt: skip
    plan = {
        "plan": "P-1", "for": "Film:f1", "objective": "reach", "budget": 10, "spent": 10, "items": [],
        "reach": {"mean": 1524.6, "interval": [1517.7, 1531.5]}, "adding_up_would_have_said": 3959.0,
        "adding_up_interval": [3930.0, 3988.0], "baselines": {"price_per_contact": 1454.0}, "against_baselines": rows, "waves": waves,
    }  # fmt: skip
    text = plan_text(plan)
    assert "adding up the channels would have said 3,959 ±29" in text
    assert "chosen by price per contact: 1,454.0 ±7.0, this plan +70.6 ±6.4" in text
    assert "chosen by Sainsbury formula: 1,530.0 ±7.0, this plan -5.4 ±3.6" in text
    assert "wave 2: 1 channel for 10, adds 25.0 ±0.5" in text
    told = chinese(text)
    assert "若按单次接触价格选择：1,454.0 ±7.0，本计划相差 +70.6 ±6.4" in told
    assert "chosen" not in told


PLAIN = {
    "plan": "P-1", "for": "Film:f1", "objective": "reach", "budget": 100, "spent": 100, "items": [],
    "reach": {"mean": 12.0, "interval": [11.0, 13.0]}, "unspent_because": "预算已用尽 | nothing is left",
}  # fmt: skip


@pytest.mark.parametrize(("spent", "gone", "told"), [(100, 0, False), (30, 70, False), (90, 0, True), (30, 60, True)])
def test_why_money_is_left_is_said_where_some_is(spent, gone, told):
    """Of 100, with 30 spent on the waves left and 70 gone before, nothing is left to explain; terminal and page agree."""
    before = {"plan": "P-0", "waves": 1, "reached": 5.0, "spent": gone, "gain": None} if gone else None
    plan = PLAIN | {"spent": spent, "replanned": before, "unspent_because": "剩 10 | 10 is left"}
    assert ("not spent: 10 is left" in plan_text(plan)) is told
    assert bool(plan_part(plan)["unspent"]) is told


def test_a_robust_plan_that_is_the_plain_one_is_said_so():
    """No second figure in brackets beside its own twin, and no loss of 0.0: the page says it in the same words."""
    row = {"quantile": 43.0, "mean": 55.2, "worst": 39.0, "best": 70.0}
    fresh = {"draws": 64, "regret_of_plain": 0.0, "interval": [0.0, 0.0]}
    plan = PLAIN | {"robust": {"draws": 16, "q": 0.1, "same_plan": True, "fresh": fresh, "robust": row, "plain": row}}
    text = plan_text(plan)
    assert (
        "over 16 draws of unknown chances, which chose it: 10 % quantile 43, mean 55.2, worst 39; the plan for the chances as given is the same"
        in text
    )
    assert "fresh" not in text
    assert "用于选择它的 16 次未知概率抽取：10 % 分位数 43，均值 55.2，最差 39；与按给定概率的计划相同" in chinese(text)


def test_a_quantile_over_draws_is_told_with_its_interval():
    """In draws that did not choose, the values that hold the quantile with 95 %: they come before the draws that chose."""
    row = {"quantile": 43.0, "mean": 55.2, "worst": 39.0, "best": 70.0}
    fresh = {
        "draws": 64,
        "robust": 42.0,
        "robust_interval": [36.0, 50.0],
        "regret_of_plain": 0.0,
        "interval": [0.0, 0.0],
    }
    plan = PLAIN | {"robust": {"draws": 16, "q": 0.1, "same_plan": True, "fresh": fresh, "robust": row, "plain": row}}
    text = plan_text(plan)
    assert "in 64 fresh draws of unknown chances its 10 % quantile is 42.0 (95 %: 36.0 to 50.0)" in text
    assert "在 64 次新的未知概率抽取中，其 10 % 分位数为 42.0（95 %：36.0 至 50.0）" in chinese(text)
    assert text.index("64 fresh draws") < text.index("over 16 draws")
    other = plan_text(plan | {"robust": plan["robust"] | {"same_plan": False}})
    places = [
        other.index(x)
        for x in ("its 10 % quantile is 42.0", "the plain plan loses", "10 % quantile 43 (plain plan 43)")
    ]
    assert places == sorted(places)


def test_what_no_plan_may_buy_is_counted_by_reason():
    """The commonest reasons first, three of them; a channel that was only not chosen is not blocked."""
    status, capacity = ["suspended", "suspended", "suspended", "draft", None, None, None], [1, 1, 1, 1, 1, 0, 1]
    source = market(np.full((7, 6), 0.5), [10] * 7, ["kol"] * 7, channel={"status": status, "capacity": capacity})
    asked = {"for_": "Film:f1", "budget": 10, "probability": "none", "rng": 1}
    found = gk.plan(source, rules={"forbidden": ["c6"]}, **asked).to_dict()
    said = [line for line in plan_text(found).split("\n") if line.startswith("blocked")]
    first = "its status is 'suspended', not approved or active (3)"
    assert len(said) == 1
    assert said[0].startswith(f"blocked 6: {first}, ")
    assert said[0].endswith(", others (1)")
    assert "blocked" not in plan_text(gk.plan(market(np.full((2, 6), 0.5), [10] * 2, ["kol"] * 2), **asked).to_dict())
    assert chinese("blocked 2: 规则禁止 (2)") == "不能购买 2 个：规则禁止 (2)"
