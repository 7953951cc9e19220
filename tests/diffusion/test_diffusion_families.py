"""Both families of worlds, both directions, both generators; odd graphs with right answers."""

from math import ceil

import numpy as np
import pytest
from scipy.stats import binom

from graphkit.coins import philox4x32, stream, world_keys
from graphkit.diffusion.models import SIR
from graphkit.diffusion.rr_sets import ReverseWorlds
from graphkit.diffusion.spread import estimate_spread
from graphkit.engine.base import Serial
from graphkit.errors import InvalidParameter, TimeLimit
from graphkit.influence.greedy import select_seeds
from graphkit.projection.build import from_arrays

GOLDEN, MASK = 0x9E3779B97F4A7C15, 2**64 - 1


def random_graph(seed, n, m, probability="weighted_cascade"):
    """Random arcs without self-loops."""
    s, t = np.random.default_rng(seed).integers(0, n, (2, m))
    return from_arrays(s[s != t], t[s != t], probability=probability, n_nodes=n)


def mixed(x):
    """The finaliser of splitmix64 in whole numbers."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def node_family(projection, seed, purpose, world):
    """Live in-arcs of one world, drawn by plain Python: their number by the exact binomial law, then Floyd's positions."""
    base = int(world_keys(stream(seed, purpose), world, 1)[0])
    live, reverse = [], projection.reverse
    for v in range(projection.n_nodes):
        low, d = int(reverse.indptr[v]), int(np.diff(reverse.indptr)[v])
        if not d:
            continue
        p = float(projection.probability[reverse.arc[low]])
        key = int(projection.node_key[v])
        if p == 1:
            live += [(int(u), v) for u in reverse.indices[low : low + d]]
            continue
        state, taken = base ^ key, []
        draw = (mixed(state) >> 2) / 2.0**62
        count = int(np.searchsorted(binom.cdf(np.arange(d + 1), d, p), draw, side="right"))
        for i in range(count):
            state = (state + GOLDEN) & MASK
            top = d - count + i
            place = mixed(state) * (top + 1) >> 64
            taken.append(top if place in taken else place)
        live += [(int(reverse.indices[low + place]), v) for place in taken]
    return live


def reached(live, seeds, n):
    """Nodes with a path from the seeds."""
    out = [[] for _ in range(n)]
    for u, v in live:
        out[u].append(v)
    seen, front = set(seeds), list(seeds)
    while front:
        fresh = {v for u in front for v in out[u]} - seen
        seen |= fresh
        front = list(fresh)
    return seen


@pytest.mark.parametrize("model", ["ic", "lt"])
def test_forward_equals_reverse_in_a_hundred_thousand_pairs(model, seed):
    """150,000 (world, root, source) memberships on one graph, each decided both ways: 0 violations."""
    n, worlds = 100, 15
    p = random_graph(seed, n, 500)
    reverse, purpose = ReverseWorlds(p, model=model, family="edge"), "arc" if model == "ic" else "threshold"
    back, ahead = np.zeros((worlds, n, n), bool), np.zeros((worlds, n, n), bool)
    for root in range(n):
        sets = reverse.sample(worlds, seed=seed, purpose=purpose, roots=np.full(worlds, root), engine=Serial())
        back[np.repeat(np.arange(worlds), np.diff(sets.indptr)), root, sets.nodes] = True
    for source in range(n):
        counts = [
            np.rint(estimate_spread(p, [source], model=model, n_worlds=k, rng=seed, engine="serial").activation * k)
            for k in range(1, worlds + 1)
        ]
        ahead[:, :, source] = np.diff(np.vstack((np.zeros(n), counts)), axis=0) > 0.5
    assert back.size == 150_000
    assert (back != ahead).sum() == 0
    assert back.sum() > worlds * n


def test_node_family_equals_a_plain_forward_simulation(seed):
    """Worlds redrawn in plain Python and followed forwards: every membership of every reverse set agrees."""
    n, worlds = 40, 20
    p = random_graph(seed, n, 160)
    reverse = ReverseWorlds(p)
    members = np.zeros((worlds, n, n), bool)
    for root in range(n):
        sets = reverse.sample(worlds, seed=seed, purpose="t", roots=np.full(worlds, root), engine=Serial())
        members[np.repeat(np.arange(worlds), np.diff(sets.indptr)), root, sets.nodes] = True
    for world in range(worlds):
        live = node_family(p, seed, "t", world)
        for source in range(n):
            got = set(np.flatnonzero(members[world, :, source]).tolist())
            assert got == reached(live, [source], n)


@pytest.mark.stat
@pytest.mark.parametrize("model", ["ic", "lt"])
def test_philox_and_the_fast_coin_agree(model, seed):
    """The two generators' spreads, values and hops included, differ by less than 3 standard errors (false alarm .3 %; seeds are fixed)."""
    p = random_graph(seed, 300, 1500)
    law = {"model": model, "n_worlds": 20_000, "value": np.arange(300) % 5, "max_steps": 6, "rng": seed}
    fast, slow = (estimate_spread(p, [0, 1, 2], generator=name, **law) for name in ("splitmix64", "philox4x32"))
    assert fast.mean != slow.mean
    assert abs(fast.mean - slow.mean) < 3 * np.hypot(fast.std_error, slow.std_error)
    assert fast.manifest.digest != slow.manifest.digest
    assert slow.by_step.sum() == pytest.approx(slow.mean)


def test_philox_worlds_equal_plain_ones(seed):
    """Each of 60 worlds with the generator called for every arc in plain Python; the generator itself has published answers."""
    p = random_graph(seed, 12, 30, 0.3)
    limit, base, counts = ceil(0.3 * 2**62), int(stream(seed, "arc:philox")), np.zeros(12)
    for world in range(60):
        live = []
        for a in range(p.n_arcs):
            key = int(p.edge_key[a])
            words = philox4x32(
                *(np.uint64(x) for x in (key & 2**32 - 1, key >> 32, world, 0, base & 2**32 - 1, base >> 32))
            )
            if (int(words[0]) << 30 | int(words[1]) >> 2) < limit:
                live.append((int(p.sources[a]), int(p.indices[a])))
        counts[sorted(reached(live, [0], 12))] += 1
    got = estimate_spread(p, [0], n_worlds=60, rng=seed, generator="philox4x32")
    assert (got.activation * 60).round().tolist() == counts.tolist()


@pytest.mark.parametrize(("model", "generator"), [("ic", "mersenne"), (SIR(0.3, 0.5), "philox4x32")])
def test_other_generators_are_refused(model, generator):
    """Unknown names, and the reference where only the default draws."""
    with pytest.raises(InvalidParameter, match="generator"):
        estimate_spread(random_graph(1, 5, 9), [0], model=model, generator=generator, n_worlds=10)


@pytest.mark.parametrize("family", ["auto", "edge"])
def test_a_hub_of_fifty_thousand_arcs_in_reverse(family):
    """p = 2e-5 from 50,000 sources: the share of sets with a live in-arc is 1 - (1-p)^m, in both families and under LT."""
    m, p, n = 50_000, 2e-5, 3_000
    hub = from_arrays(np.arange(1, m + 1), np.zeros(m, int), probability=p, n_nodes=m + 1)
    for model, exact in (("ic", -np.expm1(m * np.log1p(-p))), ("lt", m * p)):
        sets = ReverseWorlds(hub, model=model, family=family).sample(
            n, seed=1, purpose="t", roots=np.zeros(n, np.int64), engine=Serial()
        )
        share = (np.diff(sets.indptr) > 1).mean()
        assert abs(share - exact) <= 4 * (exact * (1 - exact) / n) ** 0.5 + 1e-9


@pytest.mark.parametrize("model", ["ic", "lt", SIR(1.0, 1.0)], ids=str)
def test_a_graph_without_arcs_reaches_its_seeds(model):
    """Spread = number of seeds, step 0 only; the best k of equal nodes are the smallest ids, certified near 1."""
    bare = from_arrays(np.empty(0, int), np.empty(0, int), probability=np.empty(0), n_nodes=5)
    got = estimate_spread(bare, [1, 3], model=model, n_worlds=100, rng=1)
    assert (got.mean, got.std_error, got.by_step.tolist()) == (2.0, 0.0, [2.0])
    if isinstance(model, str):
        chosen = select_seeds(bare, k=2, model=model, rng=1)
        assert chosen.seeds.size == 2
        assert chosen.certificate.ratio > 0.9


def test_self_loops_and_duplicate_arcs_change_nothing_but_p():
    """0 -> 1 twice with .5 works as .75; a self-loop is counted and kept out."""
    p = from_arrays([0, 0, 0], [1, 1, 0], probability=0.5, n_nodes=2)
    assert (p.n_arcs, p.n_self_loops) == (1, 1)
    got = estimate_spread(p, [0], n_worlds=40_000, rng=1)
    assert abs(got.mean - 1.75) < 4 * got.std_error


@pytest.mark.parametrize("wrong", [-0.1, 1.0000001, np.nan, np.inf])
def test_probabilities_out_of_range_are_refused(wrong):
    """Before any simulation, by name."""
    with pytest.raises(InvalidParameter, match="probability"):
        from_arrays([0], [1], probability=[wrong])


def test_a_deadline_of_zero_is_named():
    """Zero seconds: TimeLimit, with the first round as the best so far, its certificate as valid as any."""
    p = random_graph(1, 50, 200)
    with pytest.raises(TimeLimit) as caught:
        select_seeds(p, k=2, time_limit=0, rng=1)
    best = caught.value.best
    assert best.seeds.size == 2
    assert (
        best.certificate.lower <= estimate_spread(p, best.seeds, n_worlds=200_000, rng=2).mean <= best.certificate.upper
    )
    with pytest.raises(InvalidParameter):
        select_seeds(random_graph(1, 50, 200), k=2, time_limit=-1, rng=1)
