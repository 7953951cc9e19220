"""Worlds that are all alike: an honest interval where another world is possible, none of width where it is not."""

import itertools
import math

import numpy as np
import pytest

import graphkit as gk
from graphkit.diffusion.spread_bounds import spread_bounds


def _exact(source, target, p, n, seeds, value, steps):
    """Mean of what each of the first steps adds, over all sets of live arcs (IC)."""
    mean = np.zeros(steps)
    for live in itertools.product([False, True], repeat=len(p)):
        chance = math.prod(q if on else 1 - q for q, on in zip(p, live, strict=True))
        depth, front = dict.fromkeys(seeds, 0), list(seeds)
        while front:
            step = depth[front[0]] + 1
            found = {t for s, t, on in zip(source, target, live, strict=True) if on and s in front} - set(depth)
            depth.update(dict.fromkeys(found, step))
            front = list(found)
        for v, step in depth.items():
            mean[min(step, steps - 1)] += chance * value[v]
    return mean


def _holds(ends, truth):
    return ends[0] - 1e-9 <= truth <= ends[1] + 1e-9


@pytest.mark.stat
@pytest.mark.parametrize(("p", "n_worlds"), [(1e-4, 20), (1e-3, 20), (1e-3, 10), (0.999, 10)])
def test_a_star_is_covered_though_worlds_are_alike(p, n_worlds):
    """Exact mean 1 + 100 p; before, 12 to 63 of 100 intervals held it."""
    star = gk.from_arrays([0] * 100, range(1, 101), probability=p)
    runs = [gk.estimate_spread(star, [0], n_worlds=n_worlds, rng=i, engine="serial") for i in range(200)]
    assert any(run.std_error == 0 for run in runs)
    assert sum(_holds(run.interval(), 1 + 100 * p) for run in runs) >= 186
    alike = [run.interval() for run in runs if run.std_error == 0]
    assert max(high - low for low, high in alike) <= 100 * min(p, 1 - p) * 1.001  # no wider than what may be missing


def test_bounds_hold_on_small_graphs():
    """The certain ends hold the exact mean and what each step adds, over all worlds of random graphs."""
    rng = np.random.default_rng(5)
    for _ in range(25):
        n = int(rng.integers(3, 7))
        pairs = np.array([(a, b) for a in range(n) for b in range(n) if a != b])
        pairs = pairs[rng.permutation(len(pairs))[: int(rng.integers(2, 9))]]
        p = rng.choice([1e-3, 0.05, 0.4, 0.9, 1.0, 0.0], len(pairs))
        graph = gk.from_arrays(*pairs.T, probability=p, n_nodes=n)
        value = rng.uniform(0.1, 3, n)
        seeds = [0, 1] if rng.random() < 0.3 else [0]
        steps = _exact(*pairs.T.tolist(), p, n, seeds, value, 8)
        for limit in (-1, 0, 1, 2):
            got = spread_bounds(graph, np.array(seeds), value, model="ic", max_steps=limit, n_steps=6)
            mean = steps.sum() if limit < 0 else steps[: limit + 1].sum()
            assert _holds(got.mean, mean)
            assert got.mean[1] <= got.most + 1e-9
            for t in range(6 if limit < 0 else limit + 1):
                assert _holds(got.steps[t], steps[t])


def test_bounds_are_exact_on_trees_and_certain_graphs():
    """A path has the mean (1 - p^n) / (1 - p); with p of 0 and 1 the ends agree to the last bit."""
    path = gk.from_arrays(range(49), range(1, 50), probability=0.3)
    got = spread_bounds(path, np.array([0]), np.ones(50), model="ic", max_steps=-1, n_steps=5)
    np.testing.assert_allclose(got.mean, (1 - 0.3**50) / 0.7, rtol=1e-4)
    np.testing.assert_allclose(got.steps, np.repeat(0.3 ** np.arange(5.0), 2).reshape(5, 2), atol=1e-9)
    rng = np.random.default_rng(1)
    source, target = rng.integers(0, 60, (2, 150))
    graph = gk.from_arrays(source, target, probability=rng.integers(0, 2, 150).astype(float), n_nodes=60)
    for model, steps in (("ic", None), ("ic", 2), (gk.SIR(1.0, 0.4), None), (gk.SI(1.0), 3), (gk.SIS(1.0, 0.5), 4)):
        for n_worlds in (1, 2, 30):
            value = rng.uniform(0, 1e6, 60)
            run = gk.estimate_spread(
                graph, [0, 1], model=model, max_steps=steps, n_worlds=n_worlds, value=value, rng=1, engine="serial"
            )
            assert run.interval() == (run.mean, run.mean)
            assert (run.step_interval() == run.by_step[:, None]).all()


@pytest.mark.parametrize("model", ["ic", "lt", gk.SIR(0.6, 0.5), gk.SIS(0.3, 0.5), gk.SI(0.2)], ids=str)
def test_bounds_hold_the_mean_of_many_worlds(model):
    """For every model the mean of 40,000 worlds lies within the ends, allowing four errors, with a limit of steps too."""
    rng = np.random.default_rng(7)
    for scale in (0.02, 0.3, 1.0):
        source, target = rng.integers(0, 40, (2, 100))
        graph = gk.from_arrays(source, target, probability="weighted_cascade", n_nodes=40)
        graph = graph.with_probability(scale * graph.probability)
        limits = (3, None) if isinstance(model, str | gk.SIR) else (3,)
        for limit in limits:
            run = gk.estimate_spread(graph, [0, 1], model=model, n_worlds=40_000, max_steps=limit, rng=3)
            got = spread_bounds(
                graph,
                np.array([0, 1]),
                np.ones(40),
                model=model,
                max_steps=-1 if limit is None else limit,
                n_steps=run.by_step.size,
            )
            assert got.mean[0] - 4 * run.std_error - 1e-9 <= run.mean <= got.mean[1] + 4 * run.std_error + 1e-9
            assert (got.steps[:, 0] - 4 * run.step_error - 1e-9 <= run.by_step).all()
            assert (run.by_step <= got.steps[:, 1] + 4 * run.step_error + 1e-9).all()


def test_a_bridge_that_was_not_seen_is_allowed_for():
    """Thirty alike worlds say little of a cluster behind an arc of .01: the interval holds its mean, and not all of the cluster."""
    rng = np.random.default_rng(4)
    source, target = rng.integers(0, 300, (2, 1800))
    graph = gk.from_arrays([*source, 300], [*target, 0], probability=[0.3] * 1800 + [0.01], n_nodes=301)
    inside = gk.estimate_spread(graph, [0], n_worlds=4000, rng=1).mean
    runs = (gk.estimate_spread(graph, [300], n_worlds=30, rng=i, engine="serial") for i in range(20))
    run = next(run for run in runs if run.std_error == 0)
    lower, upper = run.interval()
    assert lower == 1.0
    assert 1 + 0.01 * inside < upper < 5
    assert run.interval(0.5)[1] <= upper
    again = gk.SpreadEstimate.from_json(run.to_json())
    assert again.interval() == (lower, upper)
    np.testing.assert_array_equal(again.step_interval(), run.step_interval())


def test_dense_worlds_that_reach_all_have_an_end_below():
    """Where every world reaches all, the lower end is the rule of three: at most 1 - .05^(1/n) of worlds lose all but the seed."""
    n = 40
    source, target = np.nonzero(~np.eye(n, dtype=bool))
    run = gk.estimate_spread(gk.from_arrays(source, target, probability=0.8), [0], n_worlds=50, rng=2)
    assert run.std_error == 0
    lower, upper = run.interval()
    assert upper == 40.0
    assert lower == pytest.approx(40 - (1 - 0.05 ** (1 / 50)) * 39)
