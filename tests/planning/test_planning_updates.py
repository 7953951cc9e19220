"""What waves teach, against closed forms and grids, and what-if of plans made after a wave."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from market_fixtures import market
from scipy.stats import beta
from truth_fixtures import Truth, network

from graphkit.errors import InvalidParameter, UnknownNode
from graphkit.planning.campaign import prepare
from graphkit.planning.channels import plan
from graphkit.planning.draws import draws_of
from graphkit.planning.replan import replan
from graphkit.planning.request import Request
from graphkit.planning.updates import channel_posterior, learn_from, tie_posterior
from graphkit.planning.verify import verify
from graphkit.planning.whatif import whatif
from graphkit.projection.build import from_arrays


def ask(data, budget=60, **more):
    """A plan of two waves."""
    return plan(data, for_="Film:f1", budget=budget, **{"probability": "none", "waves": 2, "rng": 7, **more})


def exposures(pairs, ts=1):
    """A log of exposures (user number, channel)."""
    return pd.DataFrame([(ts, f"u{u:02d}", "exposure", c) for u, c in pairs], columns=["ts", "user", "kind", "channel"])


@pytest.mark.parametrize(("mean", "tries", "exposed"), [(0.3, 40, 20), (0.02, 500, 3), (0.5, 10, 0), (0.95, 30, 30)])
def test_the_posterior_of_a_channel_equals_integration(mean, tries, exposed):
    """Mean of prior x binomial likelihood by integration on a grid; the prior has the mean and, below .9, the spread of the band."""
    a, b = channel_posterior(mean, 0, 0)
    assert a / (a + b) == pytest.approx(mean, rel=0.3 if mean > 0.9 else 1e-9)
    if mean < 0.9:
        assert beta.std(a, b) == pytest.approx(mean / 12**0.5)
    x = (np.arange(200_000) + 0.5) / 200_000
    weight = beta.pdf(x, a, b) * x**exposed * (1 - x) ** (tries - exposed)
    c, d = channel_posterior(mean, tries, exposed)
    assert c / (c + d) == pytest.approx((x * weight).sum() / weight.sum(), rel=1e-4)


def test_the_posterior_of_ties_equals_integration():
    """A hand log on 300 pairs: 90 told of 300 tries at p = .2, and users with two tellers; normal around the grid's mode, close to its mean."""
    source, target = np.arange(300), np.arange(300, 600)
    graph = from_arrays(
        np.concatenate((source, [600, 601])), np.concatenate((target, [602, 602])), probability=0.2, n_nodes=603
    )
    first = np.full(603, np.inf)
    first[:300], first[300:390], first[600:602], first[602] = 0, 1, 0, 1
    direct = np.zeros(603, bool)
    direct[:300], direct[600:602] = True, True
    found = tie_posterior(graph, None, first, direct)
    z = np.linspace(-4, 4, 100_001)
    p = np.minimum(1, 0.2 * 2 ** (z / 1.959963984540054))
    log = 90 * np.log(p) + 210 * np.log1p(-p) + np.log(1 - (1 - p) ** 2) - z * z / 2
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    mean = (z * weight).sum()
    assert found["z"] == pytest.approx(z[log.argmax()], abs=1e-3)
    assert found["z"] == pytest.approx(mean, abs=0.1 * found["z_error"])
    assert found["z_error"] == pytest.approx((((z - mean) ** 2) * weight).sum() ** 0.5, rel=0.05)
    assert (found["tried"], found["told"], found["unexplained"]) == (302, 91, 0)
    assert found["factor_interval"][0] < 1.5 < found["factor_interval"][1]
    assert tie_posterior(graph, None, np.full(603, np.inf), direct) is None


def test_what_was_watched_changes_the_rest_of_the_plan_and_is_said():
    """A channel that exposed nearly nobody gives way to a dearer one; without the update it is bought again."""
    chance = np.zeros((2, 60))
    chance[0, :30], chance[1, 30:] = 0.6, 0.5
    data = market(chance, [10, 10], ["kol"] * 2)
    made = ask(data, 20, rules={"wave_budgets": [10, 10], "forbidden": []})
    assert [i.channel for i in made.items if i.wave == 1] == ["c0"]
    log = exposures([(3, "c0")])
    kept, moved = replan(made, log, update=False), replan(made, log)
    told = moved.replanned["learned"]["channels"]["c0"]
    a, b = channel_posterior(0.6, 30, 1)
    assert (told["tries"], told["exposed"], told["posterior"]) == (30, 1, pytest.approx(a / (a + b)))
    assert any("channel c0 is" in text and "1 exposure in 30 tries" in text for text in moved.assumptions)
    assert kept.replanned.get("learned") is None
    again = prepare(data, Request.from_dict(moved.request), active=np.zeros(60, bool))
    assert again.hazard.data.min() == pytest.approx(-np.log1p(-told["posterior"]))
    assert [d.channel_factor[0] * told["posterior"] <= 1 for d in draws_of(again)]
    assert np.mean([d.channel_factor[0] for d in draws_of(again, 2000)]) == pytest.approx(1, abs=0.02)
    assert verify(moved, log).same


def test_what_cannot_be_learned_is_said():
    """Ids alone name no channel; a bought channel without exposures is not measured, not 0."""
    data, *_ = network(1)
    made = ask(data, probability=0.15, rules={"wave_budgets": [30, 30]})
    assert any("name no channels" in text for text in replan(made, ["u01"]).assumptions)
    first = [i.channel for i in made.items if i.wave == 1]
    log = exposures([(0, first[0])])
    text = " ".join(replan(made, log).assumptions)
    assert "not measured, not as 0" in text
    assert "nobody who was told" in text
    views = log.assign(kind="view")
    assert "no exposure" in " ".join(replan(made, views).assumptions)


def test_the_planted_factors_are_covered():
    """60 truths with channels x.5 to x1.5: 95 % intervals of the posterior hold the planted chance in at least 85 % (false alarm 1e-3)."""
    data, chance, knows = network(3)
    campaign = prepare(data, Request(for_="Film:f1", budget=60, probability=0.15, waves=2, seed=7))
    inside = []
    for k in range(60):
        factor = np.random.default_rng((3, k)).uniform(0.5, 1.5, (6, 1))
        truth = Truth((3, k), chance * factor, knows, 0.15)
        truth.run(set(), [SimpleNamespace(channel=c, wave=1) for c in ("c0", "c3")])
        for name, told in learn_from(campaign, [("c0", None, 1), ("c3", None, 1)], truth.events())["channels"].items():
            inside.append(told["interval"][0] <= 0.5 * factor[int(name[1:]), 0] <= told["interval"][1])
    assert np.mean(inside) >= 0.85


def test_what_if_of_a_plan_made_after_a_wave():
    """Drop, add, price, budget and receptivity by the product formula on the people who are left."""
    chance = np.zeros((3, 30))
    chance[0, :12], chance[1, 8:20], chance[2, 18:30] = 0.5, 0.5, 0.4
    data = market(chance, [10, 10, 10], ["kol"] * 3)
    made = ask(data, 40, rules={"wave_budgets": [10, 20]})
    reached = [f"u{u:02d}" for u in range(10)]
    again = replan(made, reached)
    left = np.arange(30) >= 10
    worth = {
        s: float((1 - np.prod(1 - chance[list(s)], axis=0))[left].sum())
        for s in [(1, 2), (1,), (2,), (0, 1, 2), (0, 2)]
    }
    assert {i.channel for i in again.items} == {"c1", "c2"}
    less = whatif(again, drop=["c1"], events=reached)
    assert less.reach.difference == pytest.approx(worth[2,] - worth[1, 2])
    assert less.reach.plan == pytest.approx(worth[1, 2])
    assert less.best_replacement["channel"] == "c0"
    assert less.best_replacement["wave"] == 2
    assert less.best_replacement["adds"] == pytest.approx(worth[0, 2] - worth[2,])
    more = whatif(again, add=["c0"], events=reached)
    assert more.reach.difference == pytest.approx(worth[0, 1, 2] - worth[1, 2])
    assert (more.spent, more.within_budget) == (30, True)
    assert whatif(again, price={"c1": 25}, events=reached).within_budget is False
    assert whatif(again, drop=["c0"], events=reached).reach.difference == 0
    cheap = whatif(again, budget=20, events=reached)
    assert cheap.reach.variant == pytest.approx(max(worth[1,], worth[2,]))
    half = float((1 - np.prod(1 - 0.5 * chance[[1, 2]], axis=0))[left].sum())
    assert whatif(again, receptivity=0.5, events=reached).reach.variant == pytest.approx(half)
    with pytest.raises(UnknownNode):
        whatif(again, drop=["c9"], events=reached)
    with pytest.raises(InvalidParameter, match="users are not in it"):
        whatif(again, drop=["c1"])
