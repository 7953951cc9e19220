"""Designs: clusters that keep friends together, fair lotteries, exposure chances, honest power, and no design where none can be."""

import itertools

import numpy as np
import pytest

import graphkit as gk
from graphkit.errors import Infeasible, InvalidParameter
from graphkit.experiment.assignment import Draws, strata
from graphkit.experiment.clusters import cut_share, merge_communities
from graphkit.experiment.design import ExperimentDesign, design_experiment
from graphkit.experiment.estimate import difference
from graphkit.experiment.exposure import CLASSES, Influence, exposure_probability
from graphkit.experiment.power import Lottery, Truth, design_effect, intra_cluster_correlation, power_of


def planted(n_groups=30, size=25, inside=0.3, outside=1.0, seed=1):
    """Groups of friends with a few ties across; p = .1 each way."""
    draw, label = np.random.default_rng(seed), np.repeat(np.arange(n_groups), size)
    ends = [
        (i, j)
        for g in range(n_groups)
        for i, j in itertools.combinations(np.flatnonzero(label == g), 2)
        if draw.random() < inside
    ]
    across = draw.integers(0, label.size, (int(label.size * outside / 2), 2))
    source, target = np.array(ends + [tuple(e) for e in across if e[0] != e[1]]).T
    return gk.from_arrays(source, target, probability=0.1, n_nodes=label.size, directed=False), label


def test_planted_groups_become_the_clusters():
    """Thirty groups of friends: thirty clusters of like size, few ties cut, the same for the same seed."""
    p, label = planted()
    found = design_experiment(p, mde=0.15, n_runs=50, n_redraws=100, rng=1)
    assert found.n_clusters == 30
    assert len({(a, b) for a, b in zip(found.cluster.tolist(), label.tolist(), strict=True)}) <= 36
    assert found.effective_clusters > 29
    assert found.cut_share == pytest.approx(cut_share(p, found.cluster))
    assert found.cut_share < 0.2
    again = design_experiment(p, mde=0.15, n_runs=50, n_redraws=100, rng=1)
    assert again.manifest.digest == found.manifest.digest
    assert ExperimentDesign.from_json(found.to_json()).to_json() == found.to_json()


def test_cut_share_by_hand():
    """Weights .5 inside, .1 and .4 across: a half."""
    p = gk.from_arrays([0, 1, 2], [1, 2, 3], probability=[0.5, 0.1, 0.4], n_nodes=4)
    assert cut_share(p, np.array([0, 0, 1, 2])) == pytest.approx(0.5)
    assert cut_share(gk.from_arrays([], [], probability=[], n_nodes=3), np.zeros(3, int)) == 0


def test_merging_keeps_everybody_and_joins_friends_first():
    """Two small groups tied to a third join it, not the larger stranger; nobody is lost; all are large enough."""
    sizes = [30, 30, 4, 4]
    label = np.repeat(np.arange(4), sizes)
    p = gk.from_arrays([0, 60, 64, 64], [1, 31, 32, 33], probability=0.2, n_nodes=68, directed=False)
    cluster = merge_communities(p, label, 30)
    assert cluster[label == 2].tolist() == [cluster[30]] * 4
    assert cluster[label == 3].tolist() == [cluster[30]] * 4
    assert np.bincount(cluster).tolist() == [38, 30]
    lonely = merge_communities(gk.from_arrays([], [], probability=[], n_nodes=40), np.arange(40), 10)
    assert np.bincount(lonely).min() >= 5
    assert np.bincount(lonely).sum() == 40


@pytest.mark.parametrize(("share", "n"), [(0.5, 20), (0.5, 23), (0.3, 41), (0.75, 20)])
def test_the_lottery_is_fair_inside_strata(share, n):
    """Every stratum holds at least two of each arm, every cluster's chance is the share (4.5 standard errors, 2,000 draws)."""
    stratum = strata(np.arange(n, 0, -1), None, share)
    assert np.bincount(stratum).min() * min(share, 1 - share) >= 2 - 1e-9
    draws = Draws(np.arange(n), stratum, share, 1.0, seed=3)
    treated = draws.clusters(1, 2000)
    for s in range(stratum.max() + 1):
        count = treated[stratum == s].sum(axis=0)
        assert np.abs(count - share * (stratum == s).sum()).max() < 1
    assert np.abs(treated.mean(axis=1) - share).max() < 4.5 * (share * (1 - share) / 2000) ** 0.5
    assert (draws.clusters(5, 1) == treated[:, 4:5]).all()


def test_strata_are_alike_in_the_past():
    """Inside a run of like sizes, clusters of like past outcome share a stratum."""
    past = np.random.default_rng(1).random(32)
    stratum = strata(np.full(32, 50), past, 0.5)
    spread = np.mean([past[stratum == s].std() for s in range(8)])
    assert spread < 0.5 * past.std()


def test_exposure_by_hand():
    """A user with influencers .3 treated and .1 untreated has f = .75; nobody's friend is in both classes of his arm."""
    p = gk.from_arrays([0, 1, 0], [2, 2, 3], probability=[0.3, 0.1, 0.5], n_nodes=5)
    influence = Influence(p, 0.75)
    treated = np.array([True, False, False, True, True])
    assert influence.fraction(treated)[2:4].tolist() == pytest.approx([0.75, 1.0])
    assert np.isnan(influence.fraction(treated)[[0, 1, 4]]).all()
    member = influence.classes(treated)
    assert [CLASSES[k] for k in np.flatnonzero(member[:, 2])] == ["control_treated"]
    assert [CLASSES[k] for k in np.flatnonzero(member[:, 3])] == ["treated_treated"]
    assert [CLASSES[k] for k in np.flatnonzero(member[:, 4])] == ["treated_treated", "treated_control"]
    assert not Influence(p, 0.76).classes(treated)[:, 2].any()


def test_exposure_chances_equal_enumeration():
    """Four clusters, two treated: six assignments written out against 4,000 redraws (4.5 standard errors)."""
    cluster = np.repeat(np.arange(4), 3)
    draw = np.random.default_rng(2)
    source, target = draw.integers(0, 12, 40), draw.integers(0, 12, 40)
    p = gk.from_arrays(source, target, probability=0.2, n_nodes=12)
    influence, exact = Influence(p, 0.75), np.zeros((4, 12))
    for pair in itertools.combinations(range(4), 2):
        exact += influence.classes(np.isin(cluster, pair)) / 6
    pi = exposure_probability(influence, Draws(cluster, np.zeros(4, int), 0.5, 1.0, seed=1), 4000)
    assert np.abs(pi - exact).max() < 4.5 * (0.25 / 4000) ** 0.5


@pytest.mark.stat
def test_power_equals_an_independent_simulation():
    """Outcomes and lotteries drawn here by other means: the same share of detections within 3 points (1,200 runs each)."""
    p, label = planted(24, 20, seed=4)
    size = np.bincount(label)
    draws = Draws(label, strata(size, None, 0.5), 0.5, 1.0, seed=5)
    influence = Influence(p, 0.9)
    pi = exposure_probability(influence, draws, 1000)
    power, interval = power_of(Lottery(influence, draws, pi, 0.01), Truth(0.2, 0.03, 0.16, 0.4), 1200, 6)
    from scipy.stats import t

    lot, found = np.random.default_rng(77), 0
    for _ in range(1200):
        treated = np.zeros(24, bool)
        for s in range(draws.stratum.max() + 1):
            inside = np.flatnonzero(draws.stratum == s)
            treated[lot.choice(inside, inside.size // 2, replace=False)] = True
        own = treated[label]
        f = np.array(influence.share @ own)
        chance = lot.beta(0.2 * 0.97 / 0.03, 0.8 * 0.97 / 0.03, 24)[label] + 0.16 * (
            0.6 * own + 0.4 * np.where(influence.alone, own, f)
        )
        y = (lot.random(label.size) < chance).astype(float)
        got = difference("total", y, influence.classes(own), pi, label, treated, draws.stratum, 0.01)
        found += got.value - t.ppf(0.975, got.freedom) * got.std_error > 0
    assert 0.4 < power < 0.95
    assert abs(power - found / 1200) <= 0.03
    assert interval[0] < power < interval[1]


def test_power_rises_with_the_effect_and_the_search_stops_at_eighty_percent():
    """Twice the effect, more power; without an effect given, the smallest with power .8."""
    p, _ = planted()
    small, large = (design_experiment(p, mde=m, n_runs=100, n_redraws=100, rng=1).power for m in (0.03, 0.2))
    assert small < 0.5
    assert large > 0.9
    found = design_experiment(p, n_runs=200, n_redraws=100, rng=1)
    assert 0.03 < found.mde < 0.2
    assert 0.7 < found.power < 0.9


def test_design_effect_and_likeness_by_hand():
    """1 + (m (1 + CV^2) - 1) rho; ANOVA on two groups of two."""
    assert design_effect(np.array([10, 10]), 0.05) == pytest.approx(1 + 9 * 0.05)
    assert design_effect(np.array([5, 15]), 0.05) == pytest.approx(1 + (10 * 1.25 - 1) * 0.05)
    y, cluster = np.array([1.0, 2, 5, 6]), np.array([0, 0, 1, 1])
    between, within = 16.0, 0.5
    assert intra_cluster_correlation(y, cluster) == pytest.approx((between - within) / (between + within))
    assert intra_cluster_correlation(np.array([0.0, 1, 0, 1]), cluster) == 0
    lot = np.random.default_rng(1)
    chance = lot.beta(0.2 * 9, 0.8 * 9, 400)  # icc 1 / (1 + 9) = .1
    drawn = (lot.random((400, 25)) < chance[:, None]).astype(float).ravel()
    assert intra_cluster_correlation(drawn, np.repeat(np.arange(400), 25)) == pytest.approx(0.1, abs=0.025)


def test_the_past_gives_baseline_and_likeness():
    """What was measured before replaces what is assumed, and the note says so."""
    p, label = planted()
    past = (np.random.default_rng(1).random(label.size) < 0.1 + 0.01 * label).astype(float)
    past[:5] = np.nan
    found = design_experiment(p, mde=0.1, past=past, n_runs=50, n_redraws=100, rng=1)
    assert found.baseline == pytest.approx(np.nanmean(past))
    assert found.icc > 0.005
    assert any("those of the past" in note for note in found.assumptions)


@pytest.mark.parametrize(
    "graph",
    [planted(6, 30, 1.0, 0.0)[0], planted(12, 40, 0.4, 0.1)[0], gk.from_arrays([0], [1], probability=0.5, n_nodes=10)],
)
def test_too_few_clusters_are_no_design(graph):
    """Six cliques, twelve groups, ten users: twenty clusters would cut through friends; the reason is told."""
    with pytest.raises(Infeasible) as caught:
        design_experiment(graph, mde=0.1, n_runs=50, n_redraws=100, rng=1)
    assert caught.value.rule == "clusters"
    assert caught.value.missing >= 1


@pytest.mark.parametrize(
    "wrong",
    [{"share": 0.0}, {"share": 1.0}, {"saturation": 0.0}, {"theta": 0.5}, {"theta": 1.1}, {"mde": 0.0}, {"mde": 0.95}, {"baseline": 0.0}, {"icc": 1.0},
     {"spillover_share": 2.0}, {"max_cut": -1.0}, {"n_runs": 1}, {"n_redraws": 1}, {"n_clusters": 19}, {"past": [1.0]},
     {"baseline": "x"}, {"baseline": None}, {"baseline": float("nan")}, {"icc": "x"}, {"icc": True}, {"resolution": "fine"}, {"resolution": True},
     {"past": ["a"] * 600}, {"past": np.r_[np.inf, np.zeros(599)]}, {"past": np.array(["2020"] * 600, "datetime64[D]")}],
)  # fmt: skip
def test_parameters_out_of_range_are_refused(wrong):
    """Each by its name, and what is no graph too."""
    good = {"mde": 0.1, "n_runs": 50, "n_redraws": 100, "rng": 1}
    with pytest.raises(InvalidParameter, match=next(iter(wrong))):
        design_experiment(planted()[0], **good | wrong)
    with pytest.raises(InvalidParameter, match="a Projection"):
        design_experiment("users", **good)
