"""The 10th percentile of reach against binomial tails, and what is believed about unknown chances."""

import itertools

import numpy as np
import pytest
from market_fixtures import market
from scipy import stats
from scipy.stats import binom

from graphkit.coins import stream
from graphkit.diffusion.cascade import cascade_blocks
from graphkit.planning.campaign import prepare
from graphkit.planning.chances import Z95, moved, scale_of
from graphkit.planning.channels import ChannelPlan, plan
from graphkit.planning.draws import draws_of, quantile, quantile_interval, tie_bounds
from graphkit.planning.evidence import explain
from graphkit.planning.realised import realised, world_kernel
from graphkit.planning.request import Request
from graphkit.projection.build import from_arrays


def ask(data, budget, **more):
    """A plan of a small market."""
    return plan(data, for_="Film:f1", budget=budget, **{"probability": "none", "rng": 7, **more})


def campaign_of(data, **more):
    """The market bound to a request."""
    return prepare(data, Request(for_="Film:f1", budget=100, seed=7, **{"probability": "none", **more}))


def disjoint(n, chance=0.4):
    """Two channels with n / 2 people each."""
    p = np.zeros((2, n))
    p[0, : n // 2], p[1, n // 2 :] = chance, chance
    return market(p, [10, 10], ["kol", "kol"])


def test_worlds_without_word_of_mouth_are_binomial():
    """40 people exposed with .4 each: frequencies of 4,000 worlds fit the binomial, false alarm 1e-3 (chi-square)."""
    campaign = campaign_of(disjoint(40))
    found = realised(campaign, [0, 1], np.ones((1, 40)), [None], 4000, "x")[0, 0]
    edges = [0, 12, 14, 15, 16, 17, 18, 20, 41]
    seen = np.histogram(found, edges)[0]
    wanted = 4000 * np.diff(binom.cdf(np.array(edges) - 1, 40, 0.4))
    assert ((seen - wanted) ** 2 / wanted).sum() < 24.3  # 7 degrees of freedom


@pytest.mark.parametrize("steps", [-1, 2])
def test_a_world_is_that_of_the_spread_bit_for_bit(steps):
    """40 worlds on a random graph: who is active equals the cascade of `estimate_spread`; moved chances equal a graph made with them."""
    rng = np.random.default_rng(3)
    graph = from_arrays(rng.integers(0, 60, 300), rng.integers(0, 60, 300), probability=0.2, n_nodes=60)
    low, high = np.full(graph.n_arcs, 0.05), np.full(graph.n_arcs, 0.4)
    none, seeds = np.empty(0), np.array([1, 5, 9])
    for z, ends in ((0.0, (none, none)), (-0.7, (none, none)), (0.7, (low, high)), (-0.7, (low, high))):
        bounds = ends if ends[0].size else None
        other = graph.with_probability(moved(np.asarray(graph.probability), bounds, z))
        for world in range(10):
            active = np.isin(np.arange(60), seeds)
            world_kernel(
                stream(5, "arc"),
                world,
                graph.indptr,
                graph.indices,
                graph.node_key,
                graph.probability,
                *ends,
                z / Z95,
                scale_of(z),
                active,
                steps,
            )
            run = cascade_blocks(
                other, seeds, np.ones(60, np.int64), model="ic", seed=5, n_worlds=64, steps=steps, by="word"
            )
            counts = [run(0, 1)[0][world]]
            assert active.sum() == counts[0]


def test_a_star_of_friends_is_binomial():
    """Its centre surely exposed, 8 leaves at p = .3: with the chances as given the 10th percentile is 1 + that of the binomial."""
    p = np.zeros((1, 9))
    p[0, 0] = 1.0
    made = ask(market(p, [10], ["kol"], knows=[(0, i) for i in range(1, 9)]), 10, probability=0.3)
    reach = next(row for row in made.risk["goals"] if row["goal"] == "reach")
    assert reach["p10_chances_as_given"] == 1 + binom.ppf(0.1, 8, 0.3)
    assert reach["p10"] <= reach["p10_chances_as_given"]


def test_the_percentile_of_many_people_is_that_of_the_factor():
    """2,000 people behind one channel: luck averages out, the factor's 10th percentile .6 is left; the interval holds it."""
    p = np.full((1, 2000), 0.5)
    row = ask(market(p, [10], ["kol"]), 10).risk["goals"][0]
    assert row["p10"] == pytest.approx(0.6 * 1000, rel=0.15)
    assert row["interval"][0] <= 600 <= row["interval"][1]
    assert row["p10_chances_as_given"] == pytest.approx(binom.ppf(0.1, 2000, 0.5), abs=6)


def test_the_risk_is_printed_claimed_and_comes_out_again():
    """Every goal has a row, a claim and a reason; engines agree; JSON goes both ways."""
    data = market(
        np.full((2, 12), 0.4),
        [10, 10],
        ["kol", "kol"],
        users={"propensity": [0.5] * 12},
        knows=[(i, i + 1) for i in range(11)],
    )
    made = ask(data, 20, probability=0.3, objective="purchases")
    goals = {row["goal"]: row["p10"] for row in made.risk["goals"]}
    assert goals.keys() == {"reach", "purchases"}
    assert goals["purchases"] == pytest.approx(goals["reach"] / 2)
    assert {c["claim"]: c["value"] for c in made.claims}["risk.purchases"] == goals["purchases"]
    assert [row["rule"] for row in explain(made)].count("risk") == 2
    assert ChannelPlan.from_json(made.to_json()).to_json() == made.to_json()
    assert (
        ask(data, 20, probability=0.3, objective="purchases", engine="serial").manifest.digest == made.manifest.digest
    )


def test_draws_of_declared_ties_lie_between_half_and_twice():
    """95 of 100 evenly placed draws keep every tie within a factor of two; channels are even in [.5, 1.5]."""
    campaign = campaign_of(
        market(np.full((2, 6), 0.4), [10, 10], ["kol", "kol"], knows=[(i, i + 1) for i in range(5)]), probability=0.1
    )
    draws = draws_of(campaign, 400)
    factor = np.array([d.ties(campaign.base.probability)[0] / 0.1 for d in draws])
    assert ((factor >= 0.5) & (factor <= 2)).sum() == pytest.approx(380, abs=2)
    assert np.median(factor) == pytest.approx(1, abs=0.01)
    channels = np.array([d.channel_factor for d in draws])
    assert channels.min() >= 0.5
    assert channels.max() <= 1.5
    assert channels.mean() == pytest.approx(1, abs=0.05)
    assert tie_bounds(campaign.snapshot, campaign.request) is None


def test_the_regret_in_fresh_draws_is_that_of_the_enumerated_plans():
    """Fresh draws, by the product formula: quantiles of both plans, their difference inside its interval."""
    chance = np.zeros((9, 180))
    chance[0, :100] = 0.5
    for c in range(1, 9):
        chance[c, 100 + 10 * (c - 1) : 110 + 10 * (c - 1)] = 0.6
    data = market(chance, [80] + [10] * 8, ["kol"] * 9)
    fresh = ask(data, 80, robust=0.1).robust["fresh"]
    draws = [d.channel_factor for d in draws_of(campaign_of(data, robust=0.1), fresh["draws"], "plan:fresh")]
    value = {
        name: np.array([(1 - np.prod(1 - np.minimum(1, chance[s] * f[s, None]), axis=0)).sum() for f in draws])
        for name, s in (("plain", [0]), ("robust", list(range(1, 9))))
    }
    assert fresh["robust"] == pytest.approx(quantile(value["robust"], 0.1))
    assert fresh["plain"] == pytest.approx(quantile(value["plain"], 0.1))
    for name, values in value.items():
        interval = stats.quantile_test(values, q=0, p=0.1).confidence_interval(0.95)
        assert fresh[f"{name}_interval"] == pytest.approx([interval.low, interval.high])
    assert fresh["regret_of_plain"] == pytest.approx(fresh["robust"] - fresh["plain"])
    assert fresh["interval"][0] <= fresh["regret_of_plain"] <= fresh["interval"][1]
    assert fresh["interval"][0] > 0


@pytest.mark.parametrize(("n", "q"), [(64, 0.1), (64, 0.5), (30, 0.2), (200, 0.9), (64, 0.01), (16, 0.1), (8, 0.95)])
def test_the_interval_of_a_quantile_is_that_of_scipy(n, q):
    """The same order statistics; where SciPy has no end, for too few draws lie beyond it, reach is at least 0 and at most everybody."""
    values = np.random.default_rng(n).gamma(2.0, 10.0, n)
    ends = stats.quantile_test(values, q=0, p=q).confidence_interval(0.95)
    want = (0.0 if np.isnan(ends.low) else ends.low, 1e3 if np.isnan(ends.high) else ends.high)
    assert quantile_interval(values, q, 1e3) == want


@pytest.mark.parametrize("q", [0.01, 0.1, 0.5, 0.99])
def test_the_interval_of_a_quantile_covers_it(q):
    """Of 4,000 samples of 64 draws at least 95 % hold the quantile of the distribution: 4 standard errors are 1.4 %."""
    draws = np.random.default_rng(5).lognormal(3.0, 1.0, (4_000, 64))
    truth = stats.lognorm(1.0, scale=np.exp(3.0)).ppf(q)
    ends = np.array([quantile_interval(row, q, 1e9) for row in draws])
    held = ((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean()
    assert held >= 0.936
    assert held <= 0.98 or q != 0.5  # no wider than single values allow


def test_reached_users_count_nothing_in_worlds():
    """After a wave, who was reached is in no world again."""
    p = np.full((1, 20), 1.0)
    data = market(p, [10], ["kol"])
    active = np.arange(20) < 15
    campaign = prepare(data, Request(for_="Film:f1", budget=100, seed=7, probability="none"), active=active)
    found = realised(campaign, [0], np.where(active, 0.0, 1.0)[None], draws_of(campaign, 2), 3, "x")
    assert list(itertools.chain(*found[0].tolist())) == pytest.approx([5] * 6, abs=5)
    assert found.max() <= 5
