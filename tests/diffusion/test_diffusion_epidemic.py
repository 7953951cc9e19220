"""SIR in both directions on the same worlds, closed forms of epidemics, hop limits and values for every model."""

import numpy as np
import pytest

from graphkit.diffusion.epidemic import epidemic_blocks
from graphkit.diffusion.epidemic_reverse import sample_epidemic_sets
from graphkit.diffusion.models import SI, SIR, SIS
from graphkit.diffusion.spread import estimate_spread
from graphkit.errors import InvalidParameter, UnknownNode
from graphkit.projection.build import from_arrays


def random_graph(seed, n, m):
    """Random arcs without self-loops, p between 0 and 1."""
    rng = np.random.default_rng(seed)
    s, t = rng.integers(0, n, (2, m))
    p = from_arrays(s[s != t], t[s != t], n_nodes=n)
    return p.with_probability(rng.choice([0.0, 0.3, 0.8, 1.0], p.n_arcs))


@pytest.mark.parametrize(
    ("model", "steps"), [(SIR(0.25, 0.4), None), (SIR(0.25, 0.2), 5), (SI(0.25), 3), (SIR(0.5, 0.4), 0)], ids=str
)
def test_forward_equals_reverse_in_a_hundred_thousand_pairs(model, steps, seed):
    """u is in the reverse set of v iff an epidemic from u alone reaches v in that world in time: no exception in 120,000 pairs."""
    n, worlds = 60, 400
    p = random_graph(seed, n, 150)
    ones = np.ones(n, np.int64)
    inside = np.zeros((worlds, n, n), bool)  # world, root, member
    for v in range(n):
        sets = sample_epidemic_sets(
            p, worlds, model=model, seed=seed, roots=np.full(worlds, v), max_steps=steps, engine="serial"
        )
        inside[np.repeat(np.arange(worlds), np.diff(sets.indptr)), v, sets.nodes] = True
    pairs = 0
    for u in range(0, n, 12):
        block = epidemic_blocks(p, np.array([u]), ones, model=model, seed=seed, steps=-1 if steps is None else steps)
        for w in range(worlds):
            reached = block(w, w + 1)[1].astype(bool)
            assert np.array_equal(reached, inside[w, :, u])
            pairs += n
    assert pairs == 120_000
    assert (0.02 if steps != 0 else 0.016) < inside[:, :, ::12].mean() < 0.9


def test_sir_sets_hit_at_the_closed_form(seed):
    """Star of 6 leaves from its hub: 1 + 6 t with t = b / (b + g - b g); leaves share the hub's period, as pairs show."""
    b, g, n = 0.25, 0.4, 200_000
    t = b / (b + g - b * g)
    star = from_arrays([0] * 6, range(1, 7))
    sets = sample_epidemic_sets(star, n, model=SIR(b, g), seed=seed)
    mean = 7 * (np.add.reduceat(sets.nodes == 0, sets.indptr[:-1]) > 0).mean()
    share = (1 + 6 * t) / 7
    assert abs(mean - (1 + 6 * t)) < 4 * 7 * (share * (1 - share) / n) ** 0.5
    forward = estimate_spread(star, [0], model=SIR(b, g), n_worlds=20_000, rng=seed)
    period = np.arange(1, 400)
    reach = 1 - (1 - b) ** period
    variance = (g * (1 - g) ** (period - 1) * (6 * reach * (1 - reach) + (6 * reach) ** 2)).sum() - (6 * t) ** 2
    assert forward.std_error == pytest.approx((variance / 20_000) ** 0.5, rel=0.05)


def test_sir_final_size_of_a_dense_random_graph(seed):
    """On G(n, p) with R0 = n p t = 2.5 and many seeds the final share z solves z = 1 - (1 - s) exp(-R0 z)."""
    n, b, g, start = 4_000, 0.05, 1.0, 200
    rng = np.random.default_rng(seed)
    m = round(2.5 / b * n)  # with certain recovery an arc transmits with chance b, so periods add no variance
    s, t = rng.integers(0, n, (2, m))
    p = from_arrays(s[s != t], t[s != t], n_nodes=n)
    share, z = start / n, 0.5
    for _ in range(200):
        z = 1 - (1 - share) * np.exp(-2.5 * z)
    got = estimate_spread(p, np.arange(start), model=SIR(b, g), n_worlds=40, rng=seed)
    assert got.mean / n == pytest.approx(z, abs=0.01)


def test_blocks_of_sets_are_one_sample():
    """Ranges that follow each other give what one range gives, on any engine; purposes differ."""
    p = random_graph(3, 40, 120)
    law = {"model": SIR(0.3, 0.5), "seed": 5}
    whole = sample_epidemic_sets(p, 300, **law)
    halves = [sample_epidemic_sets(p, 150, first=first, engine="serial", **law) for first in (0, 150)]
    assert whole.nodes.tolist() == np.concatenate([half.nodes for half in halves]).tolist()
    assert whole.nodes.tolist() != sample_epidemic_sets(p, 300, purpose="judge", **law).nodes.tolist()


@pytest.mark.parametrize("model", ["ic", "lt", SIR(0.4, 0.5), SI(0.4), SIS(0.4, 0.5)], ids=str)
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_every_model_takes_hops_values_steps_and_users(model, steps, seed):
    """Steps sum to the mean, per-user shares times values do too, and no hop limit is passed."""
    rng = np.random.default_rng(seed)
    s, t = rng.integers(0, 30, (2, 90))
    p = from_arrays(s[s != t], t[s != t], n_nodes=30, probability="weighted_cascade")
    value = rng.random(30)
    got = estimate_spread(p, [0, 4], model=model, max_steps=steps, value=value, n_worlds=300, rng=seed)
    assert got.by_step.size <= steps + 1
    assert got.by_step[0] == pytest.approx(value[[0, 4]].sum(), rel=1e-9)
    assert got.by_step.sum() == pytest.approx(got.mean, rel=1e-9)
    assert got.activation @ value == pytest.approx(got.mean, rel=1e-9)
    further = estimate_spread(p, [0, 4], model=model, max_steps=steps + 1, value=value, n_worlds=300, rng=seed)
    assert further.by_step[: got.by_step.size] == pytest.approx(got.by_step, rel=1e-9)


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (InvalidParameter, {"model": SIS(0.3, 0.5)}),
        (InvalidParameter, {"model": "ic"}),
        (InvalidParameter, {"model": SIR(0.3, 0.0)}),
        (InvalidParameter, {"n_sets": 0}),
        (InvalidParameter, {"roots": [0]}),
        (UnknownNode, {"roots": [0, 99]}),
    ],
)
def test_wrong_arguments_are_named(error, arguments):
    """SIS has no reverse sets, an epidemic without recovery or steps no end, roots must fit."""
    arguments = {"n_sets": 2, "model": SIR(0.3, 0.5), "seed": 1, **arguments}
    with pytest.raises(error, match=r"\w+ \w+"):
        sample_epidemic_sets(random_graph(1, 5, 9), arguments.pop("n_sets"), **arguments)
