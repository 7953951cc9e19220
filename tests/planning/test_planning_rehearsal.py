"""Rehearsals: their mean is the expected reach, their events read like real ones, and one loop brings the promise closer to the truth."""

import json

import numpy as np
import pandas as pd
import pytest

from graphkit.diffusion.adoptions import adoptions
from graphkit.diffusion.learn import learn
from graphkit.errors import InvalidParameter
from graphkit.planning.channels import plan
from graphkit.planning.evaluate import evaluate
from graphkit.planning.rehearsal import EVENT_HEADER, expected_reach, rehearse
from graphkit.projection.build import project
from graphkit.projection.learned import join_learned, learned_ties
from graphkit.projection.snapshot import as_snapshot
from graphkit.store.files import read_events
from graphkit.synthetic.campaign import write_campaign
from graphkit.synthetic.people import START


class Market:
    """A made-up campaign, its ties with the planted chances, and what past events say."""

    def __init__(self, directory, *, users, seed, clips):
        made = write_campaign(directory, n_users=users, seed=seed, clips=clips)
        chance = {(s, t): p for s, t, p in json.loads((directory / "truth.json").read_text(encoding="utf-8"))["arcs"]}
        self.directory, self.film, self.budget = directory, made["film"], max(round(0.15 * made["cost"], -3), 1000)
        self.snapshot = as_snapshot(directory)
        self.graph = project(self.snapshot, types=("KNOWS",))
        ids = self.graph.nodes.ids
        self.truth = self.graph.with_probability(
            np.array(
                [
                    chance[e]
                    for e in zip(ids[self.graph.sources].tolist(), ids[self.graph.indices].tolist(), strict=True)
                ]
            )
        )
        self.events = read_events(directory)

    def plan(self, events):
        """Plan with what these events teach."""
        learned = learn(self.graph, adoptions(events), rng=1)
        return plan(
            join_learned(self.snapshot, learned_ties(learned), "learned"),
            for_=("Film", self.film),
            budget=self.budget,
            probability="learned",
            rng=1,
        )


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """400 users and a plan of theirs."""
    found = Market(tmp_path_factory.mktemp("rehearsal") / "data", users=400, seed=3, clips=40)
    return found, found.plan(found.events)


def test_many_rehearsals_average_the_expected_reach(market):
    """Event-driven cascades in continuous time against reverse reachable sets: 100 runs, 4 standard errors."""
    found, made = market
    sizes = np.array(
        [(rehearse(made, found.truth, starts_ts=START, rng=i)["kind"] == "view").sum() for i in range(100)]
    )
    mean, (low, high) = expected_reach(made, found.truth, rng=5)
    assert low < mean < high
    error = np.hypot(sizes.std(ddof=1) / 10, (high - low) / 3.92)
    assert abs(sizes.mean() - mean) < 4 * error


def test_events_have_a_cause_and_follow_the_plan(market):
    """Every view has a channel of the plan that exposed the user before, or a friend who viewed before along a tie."""
    found, made = market
    events = rehearse(made, found.truth, starts_ts=START, rng=1)
    assert tuple(events.columns) == EVENT_HEADER
    assert set(events["channel"].dropna()) <= {item.channel for item in made.items}
    views = events[events["kind"] == "view"].set_index("user")
    assert views.index.is_unique
    shown = events[events["kind"] == "exposure"].groupby("user")["ts"].min()
    ids = found.graph.nodes.ids
    ties = set(zip(ids[found.graph.sources].tolist(), ids[found.graph.indices].tolist(), strict=True))
    for user, view in views.iterrows():
        if pd.isna(view["parent_user"]):
            assert shown[user] <= view["ts"]
        else:
            assert (view["parent_user"], user) in ties
            assert views.loc[view["parent_user"], "ts"] <= view["ts"]
    assert events["ts"].is_monotonic_increasing


def test_same_seed_same_events(market):
    """A pure function of plan, chances and seed."""
    found, made = market
    first, again = (rehearse(made, found.truth, starts_ts=START, rng=9) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)


def test_evaluation_counts_the_campaign_and_not_older_clips(market):
    """Old views that friends passed on are about other things: the measured reach is the rehearsed one."""
    found, made = market
    events = rehearse(made, found.truth, starts_ts=START, rng=2)
    reached = set(events["user"])
    old = found.events[found.events["parent_user"].notna()]
    assert len(set(old["user"]) - reached) > 10
    seen = evaluate(made, pd.concat([events, found.events], ignore_index=True))
    assert seen.observed == len(reached)


def test_other_users_are_refused(market):
    """A graph of other users is no truth about this plan."""
    found, made = market
    with pytest.raises(InvalidParameter, match="not the"):
        expected_reach(made, project(found.snapshot, label=("Brand",), types=("LINKED_WITH",)))


@pytest.mark.slow
@pytest.mark.stat
def test_one_loop_brings_the_promise_closer_to_the_truth(tmp_path):
    """20 simulated truths, four past clips: the relative error of the promised reach falls, its paired 95 % interval lies above 0."""
    gains = []
    for seed in range(20):
        found = Market(tmp_path / str(seed), users=600, seed=seed, clips=4)
        first = found.plan(found.events)
        events = rehearse(first, found.truth, starts_ts=START, rng=seed)
        second = found.plan(pd.concat([found.events, events], ignore_index=True))
        errors = []
        for made in (first, second):
            true, _ = expected_reach(made, found.truth, rng=3)
            errors.append(abs(made.reach.mean - true) / true)
        gains.append(errors[0] - errors[1])
    mean, error = np.mean(gains), np.std(gains, ddof=1) / np.sqrt(len(gains))
    assert mean - 2.093 * error > 0
