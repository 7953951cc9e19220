"""What is foreseen of one campaign, against campaigns drawn apart from it."""

import numpy as np
import pandas as pd
import pytest
from market_fixtures import market

from graphkit.diffusion.learn import learn
from graphkit.model.schema import USER_TIES
from graphkit.planning.campaign import prepare
from graphkit.planning.channels import ChannelPlan, plan
from graphkit.planning.evaluate import NO_PROOF, Evaluation, evaluate
from graphkit.planning.request import Request
from graphkit.planning.risk import plan_risk
from graphkit.projection.build import project
from graphkit.projection.snapshot import as_snapshot


def ask(data, **more):
    """A plan that buys everything."""
    return plan(data, for_="Film:f1", budget=20, probability=0.2, rng=7, **more)


def foreseen(made):
    """Where 95 of 100 campaigns should end."""
    return next(row["prediction_interval"] for row in made.risk["goals"] if row["goal"] == "reach")


def campaign(p, knows, draw, *, unknown):
    """People reached in one campaign, in plain Python; with ``unknown`` chances as the plan believes them."""
    factor = draw.uniform(0.5, 1.5, p.shape[0]) if unknown else np.ones(p.shape[0])
    tie = min(1.0, 0.2 * (2 ** (draw.standard_normal() / 1.959964) if unknown else 1.0))
    missed = (1 - p * factor[:, None]).prod(axis=0)
    reached = set(np.flatnonzero(draw.random(p.shape[1]) > missed).tolist())
    front = list(reached)
    while front:
        u = front.pop()
        for v in knows[u]:
            if v not in reached and draw.random() < tie:
                reached.add(v)
                front.append(v)
    return reached


@pytest.mark.stat
@pytest.mark.parametrize("n", [12, 150])
def test_one_campaign_ends_where_it_was_foreseen(n):
    """600 campaigns under chances drawn as believed: 95 % end inside, four standard errors; with chances as given no fewer.

    The interval of the mean, which was asked before, held 9 % and less of them in large markets, that of the mean with
    unknown chances of exposure 42 to 84 %.
    """
    draw = np.random.default_rng(5)
    p = draw.uniform(0, 0.5, (2, n))
    pairs = [(int(a), int(b)) for a, b in np.sort(draw.integers(0, n, (n, 2))) if a != b]
    made = ask(market(p, [10, 10], ["kol", "kol"], knows=pairs))
    assert len(made.items) == 2
    friends = [[] for _ in range(n)]
    for a, b in set(pairs):
        friends[a].append(b)
        friends[b].append(a)
    low, high = foreseen(made)
    inside = [low <= len(campaign(p, friends, draw, unknown=True)) <= high for _ in range(600)]
    assert np.mean(inside) >= 0.95 - 4 * (0.95 * 0.05 / 600) ** 0.5
    assert np.mean(inside) <= 0.99 or n < 50  # a small market has few outcomes, so more than 95 % may be inside
    given = [low <= len(campaign(p, friends, draw, unknown=False)) <= high for _ in range(200)]
    assert np.mean(given) >= 0.95
    mean_only = [
        made.reach.interval[0] <= len(campaign(p, friends, draw, unknown=True)) <= made.reach.interval[1]
        for _ in range(200)
    ]
    assert np.mean(mean_only) < 0.5


@pytest.mark.stat
def test_one_campaign_under_learned_chances_ends_where_it_was_foreseen():
    """16 markets learned from 60 cascades, 25 campaigns each: nine in ten inside at least (four standard errors), few where ties are truly twice as strong.

    Moving all ties by their whole intervals held every campaign, doubled chances or not.
    """
    draw, inside, doubled = np.random.default_rng(6), [], []
    for number in range(16):
        pairs = sorted({(int(a), int(b)) for a, b in np.sort(draw.integers(0, 120, (480, 2))) if a != b})
        chance = {tie: draw.beta(1, 9) for a, b in pairs for tie in ((a, b), (b, a))}
        friends = [[] for _ in range(120)]
        for a, b in chance:
            friends[a].append(b)
        p = np.zeros((2, 120))
        p[0, :60], p[1, 40:] = 0.2, 0.15
        rows = [row for item in range(60) for row in told(item, friends, chance, draw)]
        data = market(p, [10, 10], ["kol", "kol"], knows=pairs)
        log = pd.DataFrame(rows, columns=["item", "node", "ts"])
        found = learn(project(as_snapshot(data), types=USER_TIES), log, rng=number)
        bound = prepare(found, Request(for_="Film:f1", budget=20, seed=7, probability="learned"), engine="serial")
        low, high = plan_risk(bound, [0, 1], 40.0)["goals"][0]["prediction_interval"]
        for scale, ends in ((1, inside), (2, doubled)):
            for _ in range(25):
                factor = draw.uniform(0.5, 1.5, 2)
                seeds = np.flatnonzero(draw.random(120) > (1 - p * factor[:, None]).prod(axis=0)).tolist()
                ends.append(low <= len(passed_on(seeds, friends, chance, draw, scale)) <= high)
    assert np.mean(inside) >= 0.90
    assert np.mean(inside) <= 0.985
    assert np.mean(doubled) < 0.3


def passed_on(seeds, friends, chance, draw, scale=1.0):
    """Step of everybody whom a cascade reaches, in plain Python."""
    step, front = dict.fromkeys(seeds, 0), list(seeds)
    while front:
        u = front.pop(0)
        for v in friends[u]:
            if v not in step and draw.random() < scale * chance[u, v]:
                step[v] = step[u] + 1
                front.append(v)
    return step


def told(item, friends, chance, draw):
    """One cascade of a log from three people."""
    step = passed_on(draw.choice(120, 3, replace=False).tolist(), friends, chance, draw)
    return [(f"i{item}", f"u{u:02d}", 1e4 * item + 100 * at + draw.integers(0, 90)) for u, at in step.items()]


def test_a_campaign_is_judged_by_what_was_foreseen_of_one():
    """A reach outside the interval of the mean, but inside that of one campaign, is as foreseen; a plan without it falls back."""
    made = ask(market(np.full((2, 200), 0.3), [10, 10], ["kol", "kol"], knows=[(0, 1)]))
    low, high = foreseen(made)
    assert low < made.reach.interval[0] - 5 < made.reach.interval[1] + 5 < high

    def after(reach, asked=made):
        rows = [(i, f"u{i}", "exposure", "c0") for i in range(round(reach))]
        return evaluate(asked, pd.DataFrame(rows, columns=["ts", "user", "kind", "channel"]))

    assert after(low).within_promise
    assert after(high).within_promise
    assert not after(low - 1).within_promise
    found = after(made.reach.interval[1] + 5)
    assert found.within_promise
    assert found.prediction_interval == (low, high)
    assert Evaluation.from_json(found.to_json()).prediction_interval == (low, high)
    document = made.to_dict()
    del document["risk"]
    old = after(200, ChannelPlan.from_dict(document))
    assert old.prediction_interval is None
    assert NO_PROOF in found.assumptions
    assert NO_PROOF not in old.assumptions
    assert old.within_promise is False
