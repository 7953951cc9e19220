"""Every metric of the dictionary on a log small enough to count by hand, and the funnel in order and in time."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.intervals import wilson
from graphkit.planning.event_log import DAY, EventLog
from graphkit.planning.funnel import Funnel, funnel
from graphkit.planning.measure import Context, measure
from graphkit.planning.metrics import BY_CHANNEL, METRICS

COLUMNS = ["day", "user", "kind", "channel", "amount", "seconds", "value", "item_label", "item", "parent_user"]


def log(*rows):
    """Events from (day, user, kind, {more})."""
    table = pd.DataFrame([{"day": d, "user": u, "kind": k, **more} for d, u, k, more in rows], columns=COLUMNS)
    table["ts"] = (table.pop("day").astype(float) * DAY).astype("int64") if len(table) else table.pop("day")
    return table


def hand():
    """Eight users over sixty days."""
    c1, c2 = {"channel": "c1"}, {"channel": "c2"}
    course = {"item_label": "Course", "item": "k1"}
    return log(
        (0, "a", "exposure", c1),
        (1, "a", "exposure", c1),
        (2, "a", "click", c1),
        (3, "a", "purchase", {"amount": 40.0, **c1}),
        (50, "a", "purchase", {"amount": 10.0}),
        (0, "b", "exposure", c1),
        (0, "b", "exposure", c2),
        (40, "b", "purchase", {"amount": 25.0}),
        (1, "c", "exposure", c2),
        (1, "c", "like", c2),
        (5, "c", "register", {}),
        (6, "c", "purchase", {"amount": 30.0}),
        (8, "c", "refund", {"amount": 30.0}),
        (2, "d", "view", {"parent_user": "a", "seconds": 100.0, **course}),
        (2, "d", "view", {"seconds": 50.0, **course}),
        (3, "d", "view", {"seconds": 60.0, **course}),
        (4, "d", "complete", course),
        (5, "e", "test_score", {"value": 50.0, **course}),
        (30, "e", "test_score", {"value": 70.0, **course}),
        (5, "f", "test_score", {"value": 60.0, **course}),
        (20, "f", "test_score", {"value": 60.0, **course}),
        (31, "f", "test_score", {"value": 90.0, **course}),
        (9, "a", "survey", {"item": "awareness", "value": 1.0}),
        (9, "b", "survey", {"item": "awareness", "value": 0.0}),
        (10, "b", "survey", {"item": "awareness", "value": 1.0}),
        (9, "g", "survey", {"item": "awareness", "value": 0.0}),
        (9, "a", "survey", {"item": "satisfaction", "value": 5.0}),
        (9, "g", "survey", {"item": "satisfaction", "value": 2.0}),
        (7, "g", "register", {}),
        (60, "h", "view", {}),
    )


def values(table, channels=(), **context):
    """(channel, metric) -> row."""
    rows = measure(EventLog(table), channels, Context(min_cell=1, **context))
    return {(r["channel"], r["metric"]): r for r in rows}


EXPECTED = {
    "exposures": 5,
    "reach": 4,
    "frequency": 5 / 3,
    "participation": 2 / 3,
    "click_through": 1 / 5,
    "conversion": 2 / 3,
    "sales": 40 + 10 + 25 + 30 - 30,
    "new_registrations": 2,
    "paid_share": 1 / 2,
    "target_share": 2 / 3,
    "cost_per_incremental_action": 200 / 8,
    "retention": 3 / 7,
    "dwell": 210 / 2,
    "awareness": 2 / 3,
    "response_rate": 2 / 3,
    "reputation": 3 / 4,
    "satisfaction": 3.5,
    "loyalty": 1 / 3,
    "learning_gain": (20 + 30) / 2 / np.std([50, 60], ddof=1),
    "completion": 1 / 3,
    "enterprise_benefit": (8 * 30 - 200) / 200,
    "risk": 17.0,
}


def test_every_metric_by_hand():
    """Each figure of the dictionary counted on paper; stickiness over the last thirty days below."""
    context = {
        "cost": 200.0,
        "incremental": (8.0, 4.0, 12.0),
        "n_experiment": 90,
        "margin": 30.0,
        "target": ["a", "d", "z"],
        "ratings": (3, 4),
        "risk": (17.0, 15.0, 18.0),
    }
    found = values(hand(), **context)
    assert {name for _, name in found} == set(METRICS)
    for name, value in EXPECTED.items():
        assert found["all", name]["value"] == pytest.approx(value), name
    assert (found["all", "risk"]["lower"], found["all", "risk"]["upper"]) == (15.0, 18.0)


def test_stickiness_by_hand():
    """In the thirty days up to day 60 a, b, f and h are active on one day each, e was last on day 30: 1/30 of the month."""
    found = values(hand())["all", "stickiness"]
    assert found["n"] == 4
    assert found["value"] == pytest.approx(1 / 30)


def test_intervals_are_wilson_for_shares_and_by_user_for_means():
    """A share's interval is Wilson's; sums and means have one that holds the value; counts have none."""
    found = values(hand(), cost=200.0, incremental=(8.0, -1.0, 12.0), n_experiment=90)
    assert (found["all", "loyalty"]["lower"], found["all", "loyalty"]["upper"]) == pytest.approx(wilson(1, 3))
    for name in ("frequency", "sales", "satisfaction"):
        row = found["all", name]
        assert row["lower"] <= row["value"] <= row["upper"], name
    assert found["all", "dwell"]["lower"] is None  # one user: nothing tells how far another might differ
    assert found["all", "reach"]["lower"] is None
    dear = found["all", "cost_per_incremental_action"]
    assert (dear["value"], dear["lower"], dear["upper"]) == pytest.approx((25.0, 200 / 12, None))
    assert found["all", "enterprise_benefit"]["value"] is None


def test_the_interval_of_a_gain_knows_that_its_unit_is_measured():
    """Of 300 logs of 200 learners with a true gain of 1.5 standard deviations, 90 % or more of the 95 % intervals hold it: 4 standard errors are 5 %."""
    rng, hits = np.random.default_rng(3), 0
    user = [f"u{i}" for i in range(200)] * 2
    for _ in range(300):
        first = rng.normal(50, 10, 200)
        last = 65 + 0.7 * (first - 50) + rng.normal(0, 7, 200)
        scores = pd.DataFrame(
            {"ts": [0] * 200 + [9] * 200, "user": user, "kind": "test_score", "value": np.concatenate((first, last))}
        )
        row = next(r for r in measure(EventLog(scores), (), Context()) if r["metric"] == "learning_gain")
        hits += row["lower"] <= 1.5 <= row["upper"]
    assert hits >= 270


def test_clicks_of_one_user_are_one_opinion():
    """Ten users shown ten times, half of whom click every time: as wide as ten independent exposures, not a hundred."""
    shown = [(0, f"u{i}", "exposure", {}) for i in range(10) for _ in range(10)]
    clicked = [(1, f"u{i}", "click", {}) for i in range(5) for _ in range(10)]
    row = values(log(*shown, *clicked))["all", "click_through"]
    assert (row["value"], row["n"]) == (0.5, 100)
    assert row["upper"] - row["lower"] > 0.9 * np.subtract(*wilson(5, 10)[::-1])


@pytest.mark.parametrize(
    ("name", "kind"), [("participation", "like"), ("click_through", "click"), ("conversion", "purchase")]
)
def test_what_the_log_never_records_is_not_measured(name, kind):
    """Exposures alone tell of no click; once another channel has one, this one had none."""
    shown = [(0, f"u{i}", "exposure", {"channel": "c1"}) for i in range(10)]
    assert values(log(*shown), ("c1",))["c1", name]["value"] is None
    elsewhere = (1, "u99", kind, {"channel": "c2", "amount": 5.0})
    assert values(log(*shown, elsewhere), ("c1",))["c1", name]["value"] == 0


def test_channels_have_their_own_rows():
    """c1 exposed a and b three times and sold 40; c2 exposed b and c."""
    found = values(hand(), channels=("c1", "c2"))
    assert [name for channel, name in found if channel == "c2"] == list(BY_CHANNEL)
    assert (found["c1", "reach"]["value"], found["c1", "exposures"]["value"], found["c1", "sales"]["value"]) == (
        2,
        3,
        40,
    )
    assert found["c1", "conversion"]["value"] == pytest.approx(1 / 2)
    assert found["c2", "conversion"]["value"] == pytest.approx(1 / 2)
    assert found["c2", "sales"]["value"] is None


def test_an_empty_log_measures_nothing():
    """All null, every metric still named in both languages."""
    rows = measure(EventLog(log()), ("c1",), Context())
    assert {r["value"] for r in rows} == {None}
    assert all(r["zh"] and r["unit"] and r["cohort"] and r["window"] for r in rows)


def test_small_cells_are_null():
    """With fifty people as the least, a log of eight tells nothing."""
    assert {r["value"] for r in measure(EventLog(hand()), ("c1",), Context())} == {None}


def test_the_order_of_rows_is_irrelevant():
    """Shuffled events, same figures."""
    shuffled = hand().sample(frac=1, random_state=3)
    assert {k: r["value"] for k, r in values(shuffled).items()} == {k: r["value"] for k, r in values(hand()).items()}


def test_windows_are_half_open():
    """A purchase at the window's last second counts, one at its end does not; activity on day d+6 counts, on d+7 not."""
    table = log((0, "a", "exposure", {}), (30, "a", "purchase", {"amount": 1.0}))
    assert values(table)["all", "conversion"]["value"] == 0
    table.loc[1, "ts"] -= 1
    assert values(table)["all", "conversion"]["value"] == 1
    late = log((0, "a", "view", {}), (14, "a", "view", {}))
    assert values(late)["all", "retention"]["value"] == 0
    late.loc[1, "ts"] -= 1
    assert values(late)["all", "retention"]["value"] == 1


def test_missing_amounts_and_cells_are_errors():
    """What is not known is not 0."""
    table = hand()
    table.loc[3, "amount"] = math.nan
    with pytest.raises(DataInvalid) as caught:
        values(table)
    assert caught.value.rule == "amount-missing"
    table = hand().astype({"user": object})
    table.loc[2, "user"] = None
    with pytest.raises(DataInvalid):
        EventLog(table)


def test_funnel_by_hand():
    """a goes all the way; b clicks before being exposed; c buys without a click; d is too late; e starts twice and makes it from the second start."""
    c1, c2 = {"channel": "c1"}, {"channel": "c2"}
    table = log(
        (0, "a", "exposure", c1),
        (1, "a", "click", c1),
        (2, "a", "purchase", {}),
        (5, "b", "exposure", c1),
        (4, "b", "click", c1),
        (6, "b", "purchase", {}),
        (0, "c", "exposure", c2),
        (1, "c", "purchase", {}),
        (0, "d", "exposure", c2),
        (1, "d", "click", c2),
        (31, "d", "purchase", {}),
        (0, "e", "exposure", c1),
        (20, "e", "exposure", c1),
        (25, "e", "click", c1),
        (45, "e", "purchase", {}),
        (1, "f", "purchase", {}),
    )
    found = funnel(table, steps=("exposure", "click", "purchase"), days=30, min_cell=1)
    users = {(r["group"], r["step"]): r["users"] for r in found.rows}
    assert [users["all", s] for s in found.steps] == [5, 3, 2]
    assert [users["c1", s] for s in found.steps] == [3, 2, 2]
    assert [users["c2", s] for s in found.steps] == [2, 1, 0]
    rate = {(r["group"], r["step"]): r for r in found.rows}
    assert rate["c2", "purchase"]["rate"] == 0
    assert (rate["c2", "purchase"]["lower"], rate["c2", "purchase"]["upper"]) == pytest.approx(wilson(0, 1))
    assert [(r["group"], r["step"]) for r in found.rows if r["bottleneck"]] == [("c2", "purchase")]
    assert Funnel.from_json(found.to_json()).to_json() == found.to_json()


def test_a_funnel_without_steps_is_the_whole_way_to_a_purchase():
    """Seen, clicked, in the cart, bought: whoever skips the click gets no further."""
    table = log(
        *((at, "a", kind, {}) for at, kind in enumerate(("exposure", "click", "add_to_cart", "purchase"))),
        *((at, "b", kind, {}) for at, kind in enumerate(("exposure", "add_to_cart", "purchase"))),
    )
    found = funnel(table, by=None, min_cell=1)
    assert [(r["step"], r["users"]) for r in found.rows] == [
        ("exposure", 2),
        ("click", 1),
        ("add_to_cart", 1),
        ("purchase", 1),
    ]


def test_funnel_against_a_reference_and_small_cells():
    """The bottleneck is the step furthest below what it should reach; a group below the cell tells nothing."""
    table = log(
        *[(0, f"u{i}", "exposure", {}) for i in range(10)],
        *[(1, f"u{i}", "click", {}) for i in range(6)],
        *[(2, f"u{i}", "purchase", {}) for i in range(3)],
    )
    found = funnel(
        table, steps=("exposure", "click", "purchase"), reference={"click": 0.65, "purchase": 0.9}, min_cell=5
    )
    assert [r["step"] for r in found.rows if r["bottleneck"]] == ["purchase"]
    assert found.rows[2]["below"] == pytest.approx(0.4)
    assert {r["users"] for r in funnel(table, min_cell=11).rows} == {None}
    assert {r["rate"] for r in funnel(log(), min_cell=1).rows} == {None}


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": ("exposure",)},
        {"steps": ("exposure", "exposure")},
        {"steps": ("exposure", "clik")},
        {"by": "user"},
        {"days": 0},
        {"reference": {"click": 1.5}},
    ],
)
def test_wrong_funnels_are_refused(wrong):
    """Too few, doubled or unknown steps, another grouping, a window of nothing."""
    with pytest.raises(InvalidParameter):
        funnel(hand(), **wrong)


def test_incremental_actions_come_from_an_experiment():
    """Total effect x users; a broken file is an error, an effect that was not measured is not measured here."""
    from graphkit.planning.evaluate import _incremental

    table = {
        "effect": ["total", "direct"],
        "estimator": ["hajek", "hajek"],
        "value": [0.1, None],
        "lower": [0.05, None],
        "upper": [0.2, None],
    }
    assert _incremental({"effects": table, "n_users": 200}) == ((20.0, 10.0, 40.0), 200)
    assert _incremental({"effects": {**table, "value": [None, None]}, "n_users": 200}) == (None, 0)
    assert _incremental(SimpleNamespace(to_dict=lambda: {"effects": table, "n_users": 10}))[1] == 10
    with pytest.raises(DataInvalid):
        _incremental({"effects": []})
