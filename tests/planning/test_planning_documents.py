"""What comes back after a plan was made: documents that people edited, logs of every kind, amounts of any size."""

import copy
import json
import math
import pickle

import numpy as np
import pandas as pd
import pytest
from market_fixtures import market

from graphkit.errors import DataInvalid, Infeasible, InvalidParameter
from graphkit.planning.channels import ChannelPlan, plan
from graphkit.planning.evaluate import evaluate
from graphkit.planning.funnel import funnel
from graphkit.planning.replan import replan
from graphkit.planning.verify import verify
from graphkit.planning.whatif import whatif
from graphkit.projection.build import project
from graphkit.projection.snapshot import as_snapshot

DAY, START = 86_400, 1_700_000_000


def small(seed=3, cost=(10, 20, 30, 40, 15)):
    """Five channels, twelve users."""
    rng = np.random.default_rng(seed)
    chance = np.round(rng.random((5, 12)) * (rng.random((5, 12)) < 0.6), 2)
    chance[:, 0] = 0.3
    return market(chance, cost, ["kol", "app"] * 2 + ["kol"], users={"age": list(range(20, 32))})


@pytest.fixture(scope="module")
def made():
    """A plan of two waves with a known start."""
    rules = {"wave_budgets": [40, 40], "starts_ts": START, "gap_days": 7}
    return plan(small(), for_="Film:f1", budget=80, probability="none", waves=2, rules=rules, rng=1)


def edited(made, path, value, source=None):
    """The plan's document with one cell changed, read again."""
    document = json.loads(made.to_json())
    cell = document
    for step in path[:-1]:
        cell = cell[step]
    cell[path[-1]] = value
    return ChannelPlan.from_dict(document, source=source or made.source)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copied_plan_answers_as_the_plan_does(copied):
    """The data of a plan from a projection travel with it, so that a worker can ask what-if questions."""
    source = project(as_snapshot(small()), types=["KNOWS"], probability=0.1)
    made = plan(source, for_="Film:f1", budget=80, probability="none", rng=1)
    channel = made.items[0].channel
    mine, other = whatif(made, drop=[channel]), whatif(copied(made), drop=[channel])
    assert mine.reach.difference == other.reach.difference < 0


@pytest.mark.parametrize("rng", [np.random.SeedSequence(5), np.random.default_rng(3), 2**63 - 1])
def test_a_plan_with_a_drawn_seed_is_read_back(rng):
    """Seeds have 63 bits: none is too large for the document that it is written into."""
    drawn = plan(small(), for_="Film:f1", budget=40, probability="none", rng=rng)
    assert drawn.manifest.seed > 2**53
    again = ChannelPlan.from_json(drawn.to_json())
    assert again.manifest.seed == drawn.manifest.seed
    assert again.request["seed"] == drawn.manifest.seed


def test_numbers_of_numpy_make_the_same_plan():
    """A budget or a count out of an array is the number that it shows."""
    count = {"waves": 1, "max_steps": 2, "budget": 40}
    plain, counted = (
        plan(small(), for_="Film:f1", probability=kind(0.5), rng=1, **{k: whole(v) for k, v in count.items()})
        for kind, whole in ((float, int), (np.float64, np.int64))
    )
    assert counted.manifest.digest == plain.manifest.digest
    variant = whatif(counted, budget=np.int64(60), price={"c0": np.int64(5)})
    assert variant.manifest.digest == whatif(plain, budget=60, price={"c0": 5}).manifest.digest


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("items", 0, "cost"), 1), (("items", 0, "wave"), 2), (("items", 0, "uses"), 5), (("items", 0, "material"), "m"), (("spent",), 1),
        (("reach", "mean"), 5.0), (("certificate", "ratio"), 0.5), (("waves", 0, "spent"), 3), (("unspent_because",), "no"),
    ],
)  # fmt: skip
def test_verify_finds_an_edit_wherever_it_is(made, path, value):
    """Any field of the document, not only the numbers that are claims; and nothing is found where nothing was edited."""
    assert verify(ChannelPlan.from_dict(made.to_dict(), source=made.source)).same
    found = verify(edited(made, path, value))
    assert not found.same
    assert found.differs == [f"the document was edited: {path[0]}"]


def spent_at(made):
    """Where the claim of the money stands, which a query counts."""
    return next(i for i, row in enumerate(made.claims) if row["claim"] == "spent")


@pytest.mark.parametrize(
    ("part", "value", "named"),
    [
        (("claims", "spent", "query"), "channels/list", "claims.spent"),
        (("claims", "spent", "query"), None, "claims.spent"),
        (("claims", "spent", "params"), {}, "claims.spent"),
        (("claims", "spent", "params", "purchases", 0, "uses"), 7, "claims.spent"),
        (("claims", "spent", "replay"), {"seed": 1}, "claims.spent"),
        (("claims", 0, "replay", "seed"), 99, "claims.reach"),
        (("claims", 0, "replay"), None, "claims.reach"),
        (("claims", 0, "claim"), "budget", "claims.budget, claims.reach"),
        (("manifest", "function"), "replan", "manifest.function"),
        (("manifest", "seed"), 2, "manifest.seed"),
        (("manifest", "request", "budget"), 81, "manifest.request"),
        (("manifest", "request", "rules", "gap_days"), 8, "manifest.request"),
    ],
)
def test_verify_finds_an_edit_of_what_stands_behind_a_number(made, part, value, named):
    """A claim whose query, parameters or replay give another number than it prints; a manifest that tells of another request."""
    path = tuple(spent_at(made) if step == "spent" else step for step in part)
    found = verify(edited(made, path, value))
    assert not found.same
    assert found.same_digest
    assert found.differs == [f"the document was edited: {named}"]


def test_verify_misses_no_claim_that_was_taken_out_or_doubled(made):
    """Every printed number keeps its one row; many at once are told together."""
    for rows, named in (
        (made.claims[1:], "claims.reach"),
        ([made.claims[0], *made.claims], "claims"),
        (made.claims[6:], "claims"),
    ):
        document = {**made.to_dict(), "claims": rows}
        found = verify(ChannelPlan.from_dict(document, source=made.source))
        assert not found.same
        assert found.differs == [f"the document was edited: {named}"]


@pytest.mark.parametrize(("name", "value"), [("engine", "serial"), ("seconds", 99.0)])
def test_engine_and_time_of_a_manifest_may_differ(made, name, value):
    """They are no part of the answer: a plan made on another machine is the same plan."""
    assert verify(edited(made, ("manifest", name), value)).same


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("items", 0, "cost"), -5, "cost must be an amount"), (("items", 0, "uses"), 0, "uses"), (("items", 0, "adds_interval"), [1], "pair"),
        (("budget",), None, "budget"), (("request", "waves"), "2", "waves"), (("request", "budget"), -1, "budget"),
        (("request", "price"), {"c0": -1}, "price"), (("request", "done"), {}, "done"), (("request", "zz"), 1, "zz"),
    ],
)  # fmt: skip
def test_a_broken_document_is_refused_by_field(made, path, value, words):
    """From Python as from the command line: no document of another shape gets as far as money."""
    with pytest.raises(DataInvalid, match=words):
        replan(edited(made, path, value), [])


def test_what_only_the_request_can_tell_is_refused_too(made):
    """Waves the plan does not have, goals that do not exist, a receptivity that is none."""
    for path, value, words in (
        (("items", 0, "wave"), 9, "wave 9"),
        (("request", "pareto"), ["zz"], "objective"),
        (("request", "receptivity"), None, "receptivity"),
    ):
        with pytest.raises(InvalidParameter, match=words):
            replan(edited(made, path, value), [])


@pytest.mark.parametrize("amount", [1e14, 1e18, 1e308])
def test_amounts_that_cannot_be_added_up_are_refused(made, amount):
    """Money is counted in integers of 64 bits: beyond them a named refusal, never an overflow."""
    ask = {"for_": "Film:f1", "probability": "none", "rng": 1}
    with pytest.raises(InvalidParameter, match="currency unit"):
        plan(small(), budget=amount, **ask)
    with pytest.raises(InvalidParameter, match="currency unit"):
        plan(small(), budget=80, waves=2, rules={"wave_budgets": [40, amount]}, **ask)
    with pytest.raises(InvalidParameter, match="currency unit"):
        whatif(made, price={"c0": amount})
    with pytest.raises(InvalidParameter, match="currency unit"):
        whatif(made, budget=amount)
    with pytest.raises(DataInvalid, match=r"Channel\.cost"):
        plan(small(cost=(10, 20, amount, 40, 15)), budget=80, **ask)


def test_the_largest_amounts_still_add_up():
    """A budget and prices at the limit: every channel is bought, and the sum is exact."""
    found = plan(small(cost=[1e12] * 5), for_="Film:f1", budget=1e13, probability="none", rng=1)
    assert found.spent == 5e12


def test_what_if_says_what_it_cannot_read(made):
    """Names and prices of another kind."""
    with pytest.raises(InvalidParameter, match="price must be a table"):
        whatif(made, price=[("c0", 5)])
    with pytest.raises(InvalidParameter, match="drop must hold"):
        whatif(made, drop=5)
    assert whatif(made, drop=None).reach.difference == 0


@pytest.mark.parametrize("thing", [{}, None, "P-1", 5])
def test_what_is_no_plan_is_refused(thing):
    """A document is read with from_dict first; the message says so."""
    for call in (whatif, verify, lambda p: replan(p, LOG), lambda p: evaluate(p, LOG)):
        with pytest.raises(InvalidParameter, match=r"plan must be a ChannelPlan.*ChannelPlan\.from_dict"):
            call(thing)


LOG = pd.DataFrame(
    {
        "ts": START + np.arange(400.0),
        "user": [f"u{i % 200:03d}" for i in range(400)],
        "kind": ["exposure"] * 200 + ["purchase"] * 200,
        "channel": "c0",
        "amount": [np.nan] * 200 + [5.0] * 200,
    }
)


@pytest.mark.parametrize(
    ("column", "cells", "words"),
    [
        ("ts", "2020-01-01", "epoch seconds"), ("ts", pd.Timestamp("2020-01-01"), "epoch seconds"), ("ts", math.inf, "epoch seconds"), ("ts", True, "epoch seconds"),
        ("amount", "a", "currency"), ("amount", math.inf, "currency"), ("amount", -5.0, "negative amount"), ("amount", math.nan, "no amount"),
    ],
)  # fmt: skip
def test_a_log_that_holds_no_numbers_is_refused(made, column, cells, words):
    """Dates are not read as nanoseconds, nor texts as anything; the row is named."""
    with pytest.raises(DataInvalid, match=words):
        evaluate(made, LOG.assign(**{column: cells}))
    if column == "ts":
        for call in (lambda x: replan(made, x), lambda x: funnel(x, steps=["exposure", "purchase"])):
            with pytest.raises(DataInvalid, match=words):
                call(LOG.assign(ts=cells))


@pytest.mark.parametrize("log", [None, 5, ["u00"]])
def test_what_is_no_log_is_refused(made, log):
    """For evaluate and funnel; replan also takes ids of users."""
    for call in (lambda: evaluate(made, log), lambda: funnel(log)):
        with pytest.raises(InvalidParameter, match="events must be a table"):
            call()
    if not isinstance(log, list):
        with pytest.raises(InvalidParameter, match="events must be a table"):
            replan(made, log)


@pytest.mark.parametrize("call", [evaluate, replan, lambda _made, log: funnel(log)])
def test_a_kind_that_no_figure_counts_is_refused(made, call):
    """A log of another system's words would be nobody's reach, told as a campaign that failed."""
    other = LOG.assign(kind=["Exposure"] * 300 + ["purchase"] * 100)
    with pytest.raises(DataInvalid, match="'Exposure' is no kind of event; 300 of 400 rows hold such ones") as caught:
        call(made, other)
    assert caught.value.hint == "one of exposure"
    with pytest.raises(DataInvalid, match="'七' is no kind") as caught:
        call(made, LOG.assign(kind="七"))
    assert "purchase" in caught.value.hint
    assert "survey" in caught.value.hint


def test_nothing_before_the_start_counts(made):
    """Exposures and purchases before the first wave are nobody's reach, and that is said; strangers and copies too."""
    older = LOG.assign(ts=LOG["ts"] - DAY, user=[f"v{i % 200}" for i in range(400)])
    both = evaluate(made, pd.concat([older, LOG]))
    alone = evaluate(made, LOG)
    assert both.observed == alone.observed == 200
    assert both.metrics == alone.metrics
    assert "400 events before the campaign's start are left out" in both.assumptions
    assert any(x.startswith("200 of 200 users in the events are not among") for x in alone.assumptions)
    twice = evaluate(made, pd.concat([LOG, LOG]))
    assert any(x.startswith("400 events repeat another") for x in twice.assumptions)
    early = pd.DataFrame({"ts": [START - 5.0, START + 5.0], "user": ["u01", "u02"], "kind": "exposure"})
    again = replan(made, early)
    assert again.replanned["reached"] == 2
    assert any(x.startswith("1 of 2 events lies before the first wave") for x in again.assumptions)


@pytest.mark.parametrize(
    "junk",
    [5, [], {}, {"value": ["x"]}, {"lower": ["x"]}, {"n_users": -5}, {"n_users": 2.5}],
)  # fmt: skip
def test_an_experiment_that_is_none_is_refused(made, junk):
    """A broken analysis never becomes an effect."""
    good = {"effect": ["total"], "estimator": ["hajek"], "value": [0.1], "lower": [0.05], "upper": [0.2]}
    if isinstance(junk, dict) and junk:
        n = junk.pop("n_users", 100)
        junk = {"effects": {**good, **junk}, "n_users": n}
    with pytest.raises(DataInvalid, match="no total effect"):
        evaluate(made, LOG, experiment=junk)
    rows = {m["metric"]: m for m in evaluate(made, LOG, experiment={"effects": good, "n_users": 100}).metrics}
    assert rows["cost_per_incremental_action"]["value"] == pytest.approx(made.spent / 10)


def test_when_everybody_is_reached_there_is_nothing_to_plan(made):
    """A named refusal instead of a plan for nobody."""
    with pytest.raises(Infeasible, match="all 12 users"):
        replan(made, [f"u{i:02d}" for i in range(12)])


def test_no_gain_is_told_over_purchases_that_cannot_be_paid(made):
    """With all money spent the plan is empty, and the old purchases are no comparison."""
    again = replan(made, [], spent=80)
    assert (again.items, again.spent) == ((), 0)
    assert again.replanned["gain"] is None
    assert replan(made, []).replanned["gain"] == pytest.approx(0, abs=1e-9) or replan(made, []).replanned["gain"] > 0


def test_other_data_are_said_in_a_replan(made):
    """Prices may change between waves; whoever reads the new plan is told."""
    again = replan(edited(made, ("plan",), made.plan, source=small(seed=4)), ["u01"])
    assert any("the data changed since plan" in x for x in again.assumptions)
    assert not any("the data changed" in x for x in replan(made, ["u01"]).assumptions)


def test_a_reference_for_no_step_is_refused():
    """A misspelt step would otherwise be ignored."""
    with pytest.raises(InvalidParameter, match="no step of this funnel"):
        funnel(LOG, steps=["exposure", "purchase"], reference={"purchases": 0.5})


@pytest.mark.parametrize("end", ["value", "lower", "upper"])
def test_an_effect_without_an_interval_is_not_measured(made, end):
    """An analysis of outcomes that are all alike has an effect and no error, null in its document: no cost per extra action."""
    row = {"effect": ["total"], "estimator": ["hajek"], "value": [0.1], "lower": [0.05], "upper": [0.2]}
    costs = lambda effects: [
        m["value"]
        for m in evaluate(made, LOG, experiment={"effects": effects, "n_users": 100}).metrics
        if m["metric"] == "cost_per_incremental_action"
    ]
    assert None not in costs(row)
    assert costs({**row, end: [None]}) == [None]
