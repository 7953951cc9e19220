"""Intervals of what each step adds: closed forms, all worlds of a small graph, and the same bits on every way."""

import itertools
import math

import numpy as np
import pytest

import graphkit as gk
from graphkit.diffusion.cascade import cascade_blocks
from graphkit.engine.base import Threads

ARCS = [(0, 1, 0.6), (0, 2, 0.3), (1, 3, 0.5), (2, 3, 0.7), (3, 4, 0.4), (1, 4, 0.05), (4, 5, 0.1)]


def _graph():
    source, target, p = zip(*ARCS, strict=True)
    return gk.from_arrays(source, target, probability=p, n_nodes=6)


def _exact(value):
    """Mean and variance of what each step adds, over all 2^7 sets of live arcs."""
    mean, square = np.zeros(5), np.zeros(5)
    for live in itertools.product([False, True], repeat=len(ARCS)):
        chance = math.prod(p if on else 1 - p for (_, _, p), on in zip(ARCS, live, strict=True))
        depth, front = {0: 0}, [0]
        while front:
            found = [t for (s, t, _), on in zip(ARCS, live, strict=True) if on and s in front and t not in depth]
            depth.update(dict.fromkeys(found, depth[front[0]] + 1))
            front = list(dict.fromkeys(found))
        gain = np.bincount(list(depth.values()), [value[v] for v in depth], minlength=5)
        mean, square = mean + chance * gain, square + chance * gain**2
    return mean, square - mean**2


@pytest.mark.parametrize("n_worlds", [2, 63, 64, 1000])
def test_a_path_has_the_error_of_a_share(n_worlds):
    """Step k of a path adds one node or none, so its error is that of a share: sqrt(m (1 - m) / (n - 1)), to the last bits."""
    path = gk.from_arrays(range(9), range(1, 10), probability=0.8)
    got = gk.estimate_spread(path, [0], n_worlds=n_worlds, rng=3)
    m = got.by_step
    np.testing.assert_allclose(got.step_error, np.sqrt(m * (1 - m) / (n_worlds - 1)), rtol=1e-13, atol=0)
    assert got.step_interval()[0].tolist() == [1.0, 1.0]
    frame = got.to_frame()
    assert (frame["lower"] <= frame["newly_active"]).all()
    assert (frame["newly_active"] <= frame["upper"]).all()


def test_a_star_has_the_error_of_a_binomial():
    """k leaves at p: variance k p (1 - p)."""
    star = gk.from_arrays([0] * 40, range(1, 41), probability=0.25)
    got = gk.estimate_spread(star, [0], n_worlds=40_000, rng=5)
    assert got.step_error[1] == pytest.approx(math.sqrt(40 * 0.25 * 0.75 / 40_000), rel=0.02)


@pytest.mark.parametrize("value", [np.ones(6), np.array([0.5, 1.0, 2.25, 1e6, 3.0, 1e-3])], ids=["ones", "values"])
def test_errors_and_coverage_against_all_worlds(value):
    """Errors of 40,000 worlds are the exact ones; of 600 intervals from 150 worlds 92.5 % and more hold the exact mean, rare steps too."""
    mean, variance = _exact(value)
    assert mean[-1] < 0.02  # the last step happens in one or two worlds of 150
    got = gk.estimate_spread(_graph(), [0], n_worlds=40_000, value=value, rng=1)
    n = got.by_step.size
    assert n == 5
    np.testing.assert_allclose(got.by_step, mean, rtol=1e-9, atol=5 * math.sqrt(variance.max() / 40_000))
    np.testing.assert_allclose(got.step_error[1:], np.sqrt(variance[1:] / 40_000), rtol=0.1)
    assert got.step_error[0] == 0
    inside, seen = np.zeros(5), np.zeros(5)
    for seed in range(600):
        ends = gk.estimate_spread(_graph(), [0], n_worlds=150, value=value, rng=seed, engine="serial").step_interval()
        low, high = ends.T
        inside[: low.size] += (low <= mean[: low.size] * (1 + 1e-9)) & (mean[: low.size] <= high * (1 + 1e-9))
        seen[: low.size] += 1
    assert (seen > 500).all()
    assert (inside >= 0.925 * seen).all()


@pytest.mark.parametrize("model", ["ic", "lt", gk.SIR(0.7, 0.4)], ids=["ic", "lt", "sir"])
def test_same_bits_whatever_the_blocks(model):
    """Errors do not depend on engine, workers or blocks, with values of 40 bits too."""
    rng = np.random.default_rng(2)
    source, target = rng.integers(0, 60, (2, 200))
    graph = gk.from_arrays(source, target, probability="weighted_cascade", n_nodes=60)
    for value in (None, rng.integers(1, 2**40, 60).astype(float)):
        runs = [
            gk.estimate_spread(graph, [0, 1], model=model, n_worlds=500, value=value, rng=7, engine=engine)
            for engine in ("serial", Threads(workers=2, blocks=7), Threads(workers=3, blocks=2))
        ]
        assert len({run.step_error.tobytes() for run in runs}) == 1
        assert len({run.manifest.digest for run in runs}) == 1


def test_words_and_worlds_agree_on_the_squares():
    """64 worlds at a time and one by one give the same sums of squares, for counts and for large values."""
    rng = np.random.default_rng(4)
    source, target = rng.integers(0, 30, (2, 120))
    graph = gk.from_arrays(source, target, probability=0.4, n_nodes=30)
    for units in (np.ones(30, np.int64), rng.integers(1, 2**40, 30)):
        law = {"model": "ic", "seed": 9, "n_worlds": 150, "steps": -1, "bits": 27}
        word, world = (cascade_blocks(graph, np.array([0, 5]), units, by=by, **law)(0, 3) for by in ("word", "world"))
        size = min(word[3].size, world[3].size)
        assert word[3][:size].tolist() == world[3][:size].tolist()
        assert not word[3][size:].any()
        assert not world[3][size:].any()
        each = [cascade_blocks(graph, np.array([0, 5]), units, by="world", **{**law, "n_worlds": 1, "seed": 9})(0, 1)]
        first = each[0][2].tolist()
        low, mixed, high = (each[0][3][i::3].tolist() for i in range(3))
        assert [a + (b << 28) + (c << 54) for a, b, c in zip(low, mixed, high, strict=True)] == [x * x for x in first]


def test_one_world_says_nothing_of_its_error():
    """With one world each interval is what is possible at all, to 95 %, and holds the exact mean."""
    got = gk.estimate_spread(_graph(), [0], n_worlds=1, rng=1)
    assert np.isinf(got.step_error).all()
    ends, (mean, _) = got.step_interval(), _exact(np.ones(6))
    assert ends[0].tolist() == [1.0, 1.0]
    assert (ends[1:, 0] <= mean[1 : len(ends)]).all()
    assert (mean[1 : len(ends)] <= ends[1:, 1]).all()
    with pytest.raises(gk.errors.InvalidParameter):
        got.step_interval(1.0)
