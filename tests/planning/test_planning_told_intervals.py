"""Figures beside the plan hold their intervals too: plans without a graph, channels left out, waves, and the sum of all alone."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from market_fixtures import market

from graphkit.influence.channel_cover import Cover
from graphkit.planning.channels import plan
from graphkit.planning.estimates import estimate
from graphkit.planning.plan_result import ChannelPlan
from graphkit.report.spoken import chinese

KNOWS = [(0, 1), (1, 2), (2, 3), (4, 5), (5, 6)]
TIE = 0.3
CHANCE = np.zeros((4, 12))
CHANCE[0, 7:12] = 0.2  # many, little, nobody passes it on
CHANCE[1, [1, 5]] = 0.5
CHANCE[2, [1, 2, 3]] = 0.4
CHANCE[3, [4, 9, 10]] = 0.35
COST = [10, 12, 15, 25]

SEEDS = 40
FEWEST = 32  # of 40 intervals of 95 %: fewer hold with chance 4e-5


def truth(*channels, chance=CHANCE):
    """Expected reach of these channels: every graph of live ties, each user reached if one who leads to him is exposed."""
    arcs = [*KNOWS, *[(b, a) for a, b in KNOWS]]
    missed = np.prod([1 - chance[c] for c in channels], axis=0) if channels else np.ones(chance.shape[1])
    total = 0.0
    for live in itertools.product((0, 1), repeat=len(arcs)):
        leads = np.eye(chance.shape[1], dtype=bool)
        for (a, b), on in zip(arcs, live, strict=True):
            leads[a, b] |= bool(on)
        for _ in range(3):
            leads = leads @ leads
        weight = TIE ** sum(live) * (1 - TIE) ** (len(arcs) - sum(live))
        total += weight * (1 - np.where(leads, missed[:, None], 1.0).prod(axis=0)).sum()
    return total


@pytest.fixture(scope="module")
def plans():
    """The same request with other seeds: room for two purchases of three or four."""
    data = market(CHANCE, COST, ["app"] * 4, knows=KNOWS)
    return [plan(data, for_="Film:f1", budget=27, probability=TIE, rng=seed) for seed in range(SEEDS)]


def holding(rows, exact):
    """How many intervals hold the truth, up to the rounding of its sum."""
    return sum(low - 1e-9 <= exact <= high + 1e-9 for low, high in rows)


def test_plans_without_a_graph_have_intervals_that_hold(plans):
    """Their worth, and what the plan is worth more on the same samples: narrower than the two apart."""
    bought = {"price_per_contact": (0, 1), "sainsbury": (0, 1), "top_degree": (0, 2)}
    mine = {tuple(sorted(int(item.channel[1]) for item in made.items)) for made in plans}
    assert mine == {(1, 2)}
    for name, channels in bought.items():
        rows = [next(row for row in made.against_baselines if row["baseline"] == name) for made in plans]
        assert all(row["mean"] == made.baselines[name] for row, made in zip(rows, plans, strict=True))
        exact = truth(*channels)
        assert holding([row["interval"] for row in rows], exact) >= FEWEST
        assert holding([row["difference_interval"] for row in rows], truth(1, 2) - exact) >= FEWEST
        assert all(low < high for low, high in (row["difference_interval"] for row in rows))


def test_what_a_channel_left_out_would_add_has_an_interval_that_holds(plans):
    """In its row."""
    for channel in (0, 3):  # nobody passes on what c0 tells: its figure is sure, up to its rounding
        rows = [next(row for row in made.rejected if row["channel"] == f"c{channel}") for made in plans]
        assert {row["cost"] for row in rows} == {float(COST[channel])}
        assert holding([row["adds_interval"] for row in rows], truth(1, 2, channel) - truth(1, 2)) >= FEWEST


def test_the_interval_stands_in_the_reason_where_it_shows():
    """Sixty such towns: half of the interval is more than a rounding of the figure before it, but for the sure one."""
    towns = 60
    knows = [(a + 12 * i, b + 12 * i) for i in range(towns) for a, b in KNOWS]
    made = plan(
        market(np.tile(CHANCE, towns), COST, ["app"] * 4, knows=knows),
        for_="Film:f1", budget=27, probability=TIE, rng=1,
    )  # fmt: skip
    row = next(row for row in made.rejected if row["channel"] == "c3")
    low, high = row["adds_interval"]
    half = (high - low) / 2
    assert half > 0.1
    assert row["reason"].startswith(f"would add {row['adds']:.1f} ±{half:.1f} for 25, ")
    assert chinese(row["reason"]).startswith(f"用 25 可新增 {row['adds']:.1f} ±{half:.1f}，仅余 0")
    sure = next(row for row in made.rejected if row["channel"] == "c0")
    assert sure["reason"].startswith(f"would add {sure['adds']:g} for 10, ")


def test_the_sum_of_all_alone_and_waves_have_intervals_that_hold(plans):
    """Adding up counts twice whom two reach; a single wave adds what the plan reaches."""
    assert holding([made.adding_up_interval for made in plans], truth(1) + truth(2)) >= FEWEST
    for made in plans:
        assert made.waves[0]["adds_interval"] == pytest.approx(made.reach.interval)


def test_later_waves_add_what_they_add():
    """Two waves, of which each has money for one channel."""
    data = market(CHANCE, COST, ["app"] * 4, knows=KNOWS)
    made = plan(data, for_="Film:f1", budget=30, waves=2, probability="none", rules={"wave_budgets": [15, 15]}, rng=1)
    for row in made.waves:
        low, high = row["adds_interval"]
        assert low <= row["adds"] <= high <= low + 0.002


def test_old_documents_without_them_are_read(plans):
    """Fields that a plan of an earlier version does not have."""
    data = plans[0].to_dict()
    assert ChannelPlan.from_dict(data).against_baselines == data["against_baselines"]
    del data["against_baselines"], data["adding_up_interval"]
    again = ChannelPlan.from_dict(data)
    assert (again.against_baselines, again.adding_up_interval) == ([], None)


@pytest.mark.stat
@pytest.mark.parametrize(("cycle", "up", "down"), [(0, 3, 0), (1_000, 5, 0), (0, 10, 1), (0, 300, 200)])
def test_what_few_sets_see_is_covered(cycle, up, down):
    """1,000 samples of 60,000 sets of which so many gain and lose: 93 % hold the truth; the normal interval 85 to 90 % where nothing is lost.

    A false alarm below 1e-3 where exactly 95 % hold; with ``cycle`` roots are even and all is seen from ten of them.
    """
    n, held, normal, draw = 60_000, [], [], np.random.default_rng(3)
    cover = Cover(sp.csr_matrix((n, 1)), np.ones(n), 1e6 / n, cycle)
    places = np.arange(n) if not cycle else np.flatnonzero(np.arange(n) % cycle < 10)
    for _ in range(1_000):
        more, less = draw.poisson(up), draw.poisson(down)
        rows = draw.permutation(places)[: more + less]
        if rows.size:
            x = np.repeat([1.0, -1.0], [more, less])
            mean, (low, high) = estimate(cover, rows, x, exact=False)
            held.append(low <= (up - down) / n * 1e6 <= high)
            half = 1.96 * 1e6 / n * (more + less) ** 0.5
            normal.append(abs(mean - (up - down) / n * 1e6) <= half)
            assert low >= 0 or less
    assert np.mean(held) >= 0.93
    assert np.mean(normal) < 0.93 or down  # so the test can fail


@pytest.mark.stat
@pytest.mark.parametrize("expected", [0.5, 1.0, 2.0])
def test_a_channel_that_no_sample_holds_may_still_reach_a_few(expected):
    """3,000 draws of so many expected hits among 4,096 sets: nine in ten intervals hold the truth, all without a hit among them; [0, 0] held none of those, 61 % at .5."""
    n, rng = 4096, np.random.default_rng(8)
    cover = Cover(sp.csr_matrix((n, 1)), np.ones(n), 1e6 / n)
    assert estimate(cover, np.zeros(0, np.int64), np.zeros(0), exact=False) == (0.0, (0.0, pytest.approx(937, abs=1)))
    assert estimate(cover, np.zeros(0, np.int64), np.zeros(0), exact=True) == (0.0, (0.0, 0.0))
    assert estimate(cover, None, np.zeros(n), exact=False) == (0.0, (0.0, 0.0))
    held, none = 0, 0
    for hits in rng.poisson(expected, 3000).tolist():
        low, high = estimate(cover, np.arange(hits), np.ones(hits), exact=False)[1]
        held += low <= expected / n * 1e6 <= high
        none += low == 0
    assert held >= 0.9 * 3000
    assert none >= 3000 * np.exp(-expected) * 0.9


def test_what_rounds_agree_on_but_for_a_rounding_has_no_width():
    """One root reached in both rounds, another with a chance whose square is next to 0: as many sets as any float counts."""
    cover = Cover(sp.csr_matrix((4, 1)), np.ones(4), 2.5, 2)
    assert estimate(cover, None, np.array([1.0, 1e-161, 1.0, 0.0]), exact=False) == (5.0, (5.0, 5.0))
