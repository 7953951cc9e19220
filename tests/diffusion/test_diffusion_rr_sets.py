"""Reverse sets: unbiased, the same worlds as forward simulation, independent of blocks."""

import numpy as np
import pytest
from reference import live_edge

from graphkit.diffusion.rr_sets import ReverseWorlds, sample_rr_sets
from graphkit.diffusion.rr_tables import binomial_table
from graphkit.diffusion.spread import estimate_spread
from graphkit.engine.base import Serial, Threads
from graphkit.errors import InvalidParameter, UnknownNode
from graphkit.projection.build import from_arrays

ARCS = [(0, 1, 0.3), (0, 2, 0.7), (1, 3, 0.3), (2, 3, 0.3), (3, 4, 1.0), (4, 0, 0.05), (2, 5, 0.6), (5, 3, 0.3)]
VALUE = [0.0, 1.0, 2.0, 4.0, 0.5, 1.0]


def small(probability=None):
    """The arcs above."""
    s, t, p = zip(*ARCS, strict=True)
    return from_arrays(s, t, probability=list(p) if probability is None else probability, n_nodes=6)


@pytest.mark.parametrize("steps", [None, 1, 2])
@pytest.mark.parametrize("value", [None, VALUE], ids=["count", "value"])
def test_share_of_sets_hit_is_the_exact_spread(value, steps, seed):
    """total_value x share of sets hit lies within 4 standard errors of enumeration (false alarm 6e-5)."""
    n = 100_000
    sets = sample_rr_sets(small(), n, seed=seed, purpose="t", value=value, max_steps=steps)
    member = np.isin(sets.nodes, [0, 5])
    share = np.maximum.reduceat(member, sets.indptr[:-1]).mean()
    mean, _ = live_edge.spread(live_edge.worlds(ARCS), [0, 5], value, steps)
    assert abs(sets.total_value * share - mean) < 4 * sets.total_value * (share * (1 - share) / n) ** 0.5


@pytest.mark.parametrize("model", ["ic", "lt"])
def test_forward_equals_reverse_world_by_world(model, seed):
    """With fixed roots and the arc coins of the forward run, every membership agrees: 0 violations."""
    rng = np.random.default_rng(seed)
    s, t = rng.integers(0, 60, (2, 300))
    p = from_arrays(s[s != t], t[s != t], probability="weighted_cascade", n_nodes=60)
    worlds, n = ReverseWorlds(p, model=model, family="edge"), 200
    purpose = "arc" if model == "ic" else "threshold"
    reach = np.zeros((60, 60, 2))
    for root in range(60):
        sets = worlds.sample(n, seed=seed, purpose=purpose, roots=np.full(n, root), engine=Serial())
        assert (sets.roots == root).all()
        reach[:, root, 0] = np.bincount(sets.nodes, minlength=60)
    for u in range(60):
        reach[u, :, 1] = np.rint(estimate_spread(p, [u], model=model, n_worlds=n, rng=seed).activation * n)
    assert np.array_equal(reach[..., 0], reach[..., 1])


def test_set_i_depends_on_nothing_but_its_number():
    """Any slice, engine or number of blocks gives the same sets; another purpose others."""
    whole = sample_rr_sets(small(), 1000, seed=1, purpose="a", engine=Threads(2, 7))
    part = sample_rr_sets(small(), 300, seed=1, purpose="a", first=500, engine="serial")
    assert np.array_equal(part.nodes, whole.nodes[whole.indptr[500] : whole.indptr[800]])
    assert not np.array_equal(whole.roots, sample_rr_sets(small(), 1000, seed=1, purpose="b").roots)


def test_node_family_equals_edge_family_in_law(seed):
    """On equal in-lists the table route and one coin per arc give the same mean size within 5 errors of either."""
    rng = np.random.default_rng(seed)
    s, t = rng.integers(0, 200, (2, 4000))
    p = from_arrays(s[s != t], t[s != t], probability="weighted_cascade", n_nodes=200)
    sizes = []
    for family in ("auto", "edge"):
        sets = ReverseWorlds(p, family=family).sample(40_000, seed=seed, purpose=family, engine=Threads())
        sizes.append(np.diff(sets.indptr))
    error = np.hypot(*(x.std() / x.size**0.5 for x in sizes))
    assert abs(sizes[0].mean() - sizes[1].mean()) < 5 * error


@pytest.mark.parametrize(("d", "p"), [(1, 0.4), (2, 0.5), (50, 0.02), (30, 0.7), (3000, 1 / 3000)])
def test_binomial_table_equals_scipy(d, p):
    """Integer CDF rows against scipy.stats.binom to 1e-12; the last limit is certainty."""
    from scipy.stats import binom

    table, start = binomial_table(np.array([d]), np.array([p]))
    assert start.tolist() == [0]
    assert int(table[-1]) == 2**62
    assert np.allclose(table / 2.0**62, binom.cdf(np.arange(table.size), d, p), atol=1e-12)


def test_a_chosen_count_falls_evenly_on_positions(seed):
    """In-degree 6 with p = .5: each in-neighbour is live in half of the worlds, each pair in a quarter (4 errors)."""
    n = 60_000
    star = from_arrays(range(1, 7), [0] * 6, probability=0.5)
    sets = sample_rr_sets(star, n, seed=seed, purpose="t", roots=np.zeros(n, int))
    live = np.zeros((n, 7))
    live[np.repeat(np.arange(n), np.diff(sets.indptr)), sets.nodes] = 1
    both = live[:, 1:].T @ live[:, 1:] / n
    expected = np.where(np.eye(6, dtype=bool), 0.5, 0.25)
    assert (np.abs(both - expected) < 4.5 * np.sqrt(expected * (1 - expected) / n)).all()


def test_inverse_lists_the_sets_of_each_node():
    """Against a plain dictionary."""
    sets = sample_rr_sets(small(), 200, seed=2, purpose="t")
    indptr, inside = sets.inverse()
    for v in range(6):
        plain = [i for i in range(200) if v in sets.nodes[sets.indptr[i] : sets.indptr[i + 1]]]
        assert inside[indptr[v] : indptr[v + 1]].tolist() == plain


def test_counting_hits_equals_storing_sets():
    """The early-stopping evaluator and the stored sample agree set for set."""
    worlds = ReverseWorlds(small())
    sets = worlds.sample(5000, seed=3, purpose="t", engine=Serial())
    stored = np.maximum.reduceat(np.isin(sets.nodes, [1, 4]), sets.indptr[:-1]).sum()
    assert worlds.count_hits(np.array([1, 4]), 5000, seed=3, purpose="t", engine=Threads(2, 7)) == stored


@pytest.mark.parametrize("arguments", [{"n_sets": 0}, {"value": [0.0] * 6}, {"model": "sir"}, {"roots": [0]}])
def test_wrong_arguments_are_refused(arguments):
    """No set, no value, no such model, one root for ten sets."""
    with pytest.raises(InvalidParameter):
        sample_rr_sets(small(), **{"n_sets": 10, "seed": 1, "purpose": "t", **arguments})


def test_unknown_root_is_refused():
    """A root outside the graph names itself."""
    with pytest.raises(UnknownNode):
        sample_rr_sets(small(), 1, seed=1, purpose="t", roots=[6])
