"""Waves that learn: replanning against simulated truths, dates, and plans that come out again."""

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from market_fixtures import market
from truth_fixtures import P, gains, network, told

from graphkit.cli.plan_text import plan_text
from graphkit.errors import DataInvalid, Infeasible, InvalidParameter
from graphkit.planning.channels import ChannelPlan, plan
from graphkit.planning.replan import replan
from graphkit.planning.verify import verify
from graphkit.planning.whatif import whatif
from graphkit.report.calendar import date_rows, write_calendar
from graphkit.report.page import render_page


def ask(data, budget=60, **more):
    """A plan of two waves."""
    return plan(data, for_="Film:f1", budget=budget, **{"probability": "none", "waves": 2, "rng": 7, **more})


def test_adaptive_waves_are_not_worse_on_a_few_truths():
    """Six simulated truths, half of them with unknown chances: the one-sided 99.9 % interval of the mean gain does not lie below zero."""
    found = np.concatenate((gains(3, 1), gains(3, 1, unknown=True)))
    assert found.mean() + 3.1 * found.std(ddof=1) / math.sqrt(len(found)) >= 0


@pytest.mark.slow
@pytest.mark.parametrize("unknown", [False, True])
def test_adaptive_waves_are_not_worse_on_two_hundred_truths(request, unknown, capsys):
    """200 simulated truths: the one-sided 95 % lower end of the mean gain is not below zero; it is printed."""
    if "slow" not in (request.config.getoption("-m") or ""):
        pytest.skip("takes minutes: pytest -m slow")
    mean, low = told(gains(200, 20, unknown=unknown))
    with capsys.disabled():
        print(
            f"\n200 truths, {'unknown chances' if unknown else 'chances as believed'}: gain {mean:+.2f}, one-sided 95 % lower end {low:+.2f}"
        )
    assert low >= 0


def test_users_missing_in_the_events_are_nobody():
    """None, NaN and the NA of pandas' text columns show no user reached."""
    made = ask(market(np.full((3, 30), 0.5), [10, 10, 10], ["kol"] * 3), budget=30, rules={"wave_budgets": [10, 20]})
    for users in (["u00", None], ["u00", math.nan], pd.array(["u00", None], dtype="string")):
        events = pd.DataFrame({"ts": [1, 2], "user": users, "kind": "click"})
        told = replan(made, events).replanned
        assert (told["reached"], told["unknown_users"]) == (1, 0)


def test_a_replan_equals_the_closed_form():
    """Without word of mouth: who is reached counts no more, and the best rest for the money that is left is bought."""
    chance = np.zeros((3, 30))
    chance[0, :12], chance[1, 8:20], chance[2, 20:30] = 0.5, 0.5, 0.4
    made = ask(market(chance, [10, 10, 10], ["kol"] * 3), budget=30, rules={"wave_budgets": [10, 20]})
    first = [i.channel for i in made.items if i.wave == 1]
    reached = [f"u{u:02d}" for u in range(20)]
    again = replan(made, reached)
    assert [i.channel for i in made.items if i.wave == 1] == first
    assert {i.channel for i in again.items} == {"c2"}
    assert again.reach.mean == pytest.approx(4)
    told = again.replanned
    assert (told["reached"], told["waves"], told["spent"]) == (20, 1, 10)
    assert told["gain"] == pytest.approx(again.reach.mean - told["fixed"])
    assert told["gain"] >= 0
    assert again.to_dict()["replanned"]["plan"] == made.plan
    assert ChannelPlan.from_json(again.to_json()).to_json() == again.to_json()


def test_a_replan_that_buys_what_was_planned_gains_nothing():
    """Exactly nothing, whatever the order in which the same chances are summed; the page and the terminal say so."""
    chance = np.zeros((4, 30))
    chance[0, :9], chance[1, 5:16], chance[2, 12:24], chance[3, 20:30] = 0.1, 0.3, 0.7, 0.2
    made = ask(market(chance, [10, 10, 10, 10], ["kol"] * 4), budget=40, rules={"wave_budgets": [20, 20]})
    again = replan(made, []).to_dict()
    assert [i["channel"] for i in again["items"]] == [i.channel for i in made.items if i.wave == 2]
    assert (again["replanned"]["gain"], again["replanned"]["gain_interval"]) == (0.0, [0.0, 0.0])
    assert "gone; the purchases are those planned before\n" in plan_text(again)
    assert "The purchases are those planned before." in render_page(again, lang="en")


def test_another_purchase_of_equal_worth_is_not_called_the_same():
    """c1 and c2 reach as many each: c2 had been planned, c1 is bought; nothing is gained and the purchases are others."""
    chance = np.zeros((3, 30))
    chance[0, :10], chance[1, 10:20], chance[2, 20:] = 0.6, 0.5, 0.5
    made = ask(market(chance, [10, 10, 10], ["kol"] * 3), budget=20, rules={"wave_budgets": [10, 10]})
    first, second = made.items
    assert (first.channel, second.channel) == ("c0", "c1")
    reached = [f"u{u:02d}" for u in range(10)]
    again = replan(replace(made, items=(first, replace(second, channel="c2"))), reached).to_dict()
    assert [i["channel"] for i in again["items"]] == ["c1"]
    assert (again["replanned"]["gain"], again["replanned"]["gain_interval"]) == (0.0, [0.0, 0.0])
    for text in (plan_text(again), render_page(again, lang="en")):
        assert "the purchases are those planned before" not in text.lower()
        assert "against the purchases planned before" in text.lower()


def test_nothing_is_spent_twice():
    """Money that is gone is gone, a material that is made is free, and required channels are bought once."""
    data, *_ = network(1)
    made = ask(data, budget=40, rules={"required": ["c0"]})
    again = replan(made, [], spent=35)
    assert again.spent <= 5
    assert made.spent <= 40
    with pytest.raises(InvalidParameter, match="gone"):
        replan(made, [], spent=41)


def test_a_channel_of_an_earlier_wave_may_be_used_again():
    """At most one television channel: the one of the first wave stays open, also after two waves, another one does not."""
    chance = np.zeros((2, 20))
    chance[0, :12], chance[1, 12:] = 0.4, 0.3
    made = ask(market(chance, [10, 10], ["tv"] * 2), budget=30, waves=3, rules={"most": {"tv": 1}})
    assert [(i.channel, i.wave) for i in made.items] == [("c0", 1), ("c0", 2), ("c0", 3)]
    second = replan(made, ["u00"])
    assert [(i.channel, i.wave) for i in second.items] == [("c0", 2), ("c0", 3)]
    assert second.reach.mean == pytest.approx(11 * (1 - 0.6**2))
    third = replan(second, ["u00"], done=2)
    assert [(i.channel, i.wave) for i in third.items] == [("c0", 3)]
    assert verify(third, ["u00"]).same


@pytest.mark.parametrize("probability", ["none", 0.2])
def test_a_target_that_was_reached_leaves_nothing_to_plan(probability):
    """All of the target reached, others not: refused by name, with word of mouth and without."""
    data = market(
        np.kron(np.eye(2), np.full(6, 0.5)),
        [10] * 2,
        ["kol"] * 2,
        users={"age": [20] * 6 + [40] * 6},
        knows=[(0, 1), (5, 6)],
    )
    made = ask(data, probability=probability, target="age<30")
    with pytest.raises(Infeasible, match="everybody who counts"):
        replan(made, [f"u{u:02d}" for u in range(6)])


def test_hundredths_that_are_gone_add_up():
    """0.1 and 0.2 are the budget of 0.3 and not more; what is too dear is so for what is left of a budget."""
    chance = np.kron(np.eye(3), np.full(10, 0.9))
    made = ask(market(chance, [0.1, 0.2, 5], ["kol"] * 3), budget=0.3, rules={"wave_budgets": [0.3, 0]})
    assert replan(made, ["u00"]).replanned["spent"] == 0.3
    again = replan(ask(market(chance, [10, 20, 25], ["kol"] * 3), rules={"wave_budgets": [20, 60]}), ["u00"], spent=45)
    dear = [row["reason"] for row in again.rejected if row["rule"] == "budget"]
    assert dear == ["costs 20, more than what is left of the budget", "costs 25, more than what is left of the budget"]


def test_people_reached_count_towards_a_floor():
    """A floor of 25 people: after 10 of them the waves left owe 15, and a floor that was reached binds no more."""
    data = market(np.kron(np.eye(3), np.ones(10)), [10] * 3, ["kol"] * 3)
    made = ask(data, budget=30, rules={"wave_budgets": [10, 20], "floors": {"reach": 25}})
    first = next(int(i.channel[1:]) for i in made.items if i.wave == 1)
    reached = [f"u{u:02d}" for u in range(10 * first, 10 * first + 10)]
    again = replan(made, reached)
    assert again.reach.mean == 20
    assert [(row["goal"], row["floor"]) for row in again.goals] == [("reach", 15.0)]
    assert any("10.0 of the floor of 25.0 reach" in note for note in again.assumptions)
    assert verify(again, reached).same
    assert replan(made, [f"u{u:02d}" for u in range(29)]).goals is None
    with pytest.raises(Infeasible, match="reaches 25 reach"):
        replan(made, [], spent=20)


def test_events_say_who_was_reached():
    """Frames count every event but refunds and surveys; unknown users are counted, missing columns refused."""
    data, *_ = network(2)
    made = ask(data)
    events = pd.DataFrame(
        {"ts": [1, 2, 3, 4], "user": ["u01", "u02", "u03", "nobody"], "kind": ["exposure", "share", "survey", "view"]}
    )
    told = replan(made, events).replanned
    assert (told["reached"], told["unknown_users"]) == (2, 1)
    with pytest.raises(DataInvalid, match="kind"):
        replan(made, events.drop(columns="kind"))
    with pytest.raises(InvalidParameter, match="done can be"):
        replan(made, [], done=2)
    with pytest.raises(InvalidParameter, match="last wave has begun"):
        replan(ask(data, waves=1), [])


def test_a_plan_comes_out_again():
    """Every claim is the same float on another engine; an edited number, or other data, is found."""
    data, *_ = network(3)
    made = ask(data, probability=P)
    found = verify(made, engine="serial")
    assert found.same
    assert all(row["same"] for row in found.claims)
    assert len(found.claims) == len(made.claims) + 1
    document = made.to_dict()
    next(row for row in document["claims"] if row["claim"] == "reach")["value"] += 1e-9
    wrong = verify(ChannelPlan.from_dict(document, source=data))
    assert [row["claim"] for row in wrong.claims if not row["same"]] == ["reach"]
    other = verify(ChannelPlan.from_dict(made.to_dict(), source=network(4)[0]))
    assert not other.same
    assert other.differs == ["the data changed"]


def test_a_replanned_plan_needs_its_events_to_come_out_again():
    """A plan names no users: verify asks for the events, and agrees with them."""
    data, *_ = network(5)
    made = replan(ask(data, probability=P), ["u01", "u02"])
    with pytest.raises(InvalidParameter, match="users are not in it"):
        verify(made)
    assert verify(made, ["u02", "u01"]).same
    assert "u01" not in made.to_json()
    with pytest.raises(InvalidParameter, match="its users are not in it"):
        whatif(made, drop=["c0"])
    with pytest.raises(InvalidParameter, match="or others"):
        verify(made, ["u02", "u03"])


def test_a_plan_of_pages_is_planned_anew_with_what_is_left():
    """Who was reached among users says nothing of pages; what the hint asks for works: the rest of the money, other pages."""
    pages = market(np.full((4, 4), 0.5), [20] * 4, ["social"] * 4)
    asked = {"nodes": "Channel", "via": "LINKED_WITH"}
    made = ask(pages, budget=40, rules={"wave_budgets": [20, 20]}, **asked)
    with pytest.raises(InvalidParameter, match="about pages, not users") as caught:
        replan(made, events=["u01"])
    assert (
        caught.value.hint == "plan the pages anew with the money that is left, and forbid the channels that were bought"
    )
    bought = [i.channel for i in made.items if i.wave == 1]
    rest = ask(pages, budget=20, waves=1, rules={"forbidden": bought}, **asked)
    assert rest.reach.mean == pytest.approx(1.0)
    assert rest.items[0].channel not in bought


def test_dates_of_the_calendar_equal_the_rows():
    """Every event of the calendar has the start and end of its row; long lines are folded at 75 octets."""
    day = 86_400
    channel = {"name": ["抖音，科学;小飞" * 9, "B\n站"]}
    chance = np.full((2, 5), 0.5)
    data = market(chance, [10, 10], ["kol"] * 2)
    data.nodes["Channel"].columns["name"][:] = channel["name"]
    made = ask(
        data, rules={"starts_ts": 10 * day, "gap_days": 7, "ends_ts": 30 * day, "wave_budgets": [20, 20]}
    ).to_dict()
    rows = date_rows(made)
    assert {(r["wave"], r["starts"], r["ends"]) for r in rows} == {
        (1, "1970-01-11T00:00:00Z", "1970-01-18T00:00:00Z"),
        (2, "1970-01-18T00:00:00Z", "1970-01-31T00:00:00Z"),
    }
    text = write_calendar(made)
    lines = text.split("\r\n")
    assert lines[-1] == ""
    assert max(len(line.encode()) for line in lines) <= 75
    whole = text.replace("\r\n ", "").split("\r\n")
    stamps = [
        (a, b)
        for a, b in zip(
            [x for x in whole if x.startswith("DTSTART")], [x for x in whole if x.startswith("DTEND")], strict=True
        )
    ]
    assert stamps == [
        tuple(
            f"{name}:{dt.datetime.fromtimestamp(r[key], tz=dt.UTC):%Y%m%dT%H%M%SZ}"
            for name, key in (("DTSTART", "starts_ts"), ("DTEND", "ends_ts"))
        )
        for r in rows
    ]
    assert (
        len({x for x in whole if x.startswith("UID")})
        == len(rows)
        == whole.count("BEGIN:VEVENT")
        == whole.count("END:VEVENT")
    )
    assert any("抖音，科学\\;小飞" in x for x in whole if x.startswith("SUMMARY"))
    assert write_calendar(made) == text
    with pytest.raises(InvalidParameter, match="no dates"):
        date_rows(ask(data).to_dict())
