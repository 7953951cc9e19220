"""How far learned chances err together: closed forms, items whose rates are drawn, and counts by a plain loop."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from graphkit.diffusion.events import count_tries, read_log
from graphkit.diffusion.learn import learn
from graphkit.diffusion.level import FEWEST, level_error
from graphkit.diffusion.size_factor import SizeFactor, _error
from graphkit.projection.build import from_arrays

UNSCALED = SizeFactor(1.0, 1.0, np.zeros(0), np.zeros(0, np.int64))


def counts(hits, tried):
    """What items say, as `count_tries` gives it."""
    return SimpleNamespace(item_hits=np.asarray(hits, float), item_tried=np.asarray(tried, float))


def test_items_alike_leave_the_error_of_a_binomial_rate():
    """2,000 logs of 40 items x 50 tries at .1: mean squared error sqrt((1 - r) / (r n k)) = .067, and no tau beyond chance."""
    rng = np.random.default_rng(1)
    found = [level_error(counts(rng.binomial(50, 0.1, 40), np.full(40, 50)), UNSCALED) for _ in range(2000)]
    assert np.median(found) == pytest.approx((0.9 / (0.1 * 50 * 40)) ** 0.5, rel=0.15)


def test_items_that_differ_add_their_spread():
    """Rates of items gamma-distributed with a relative deviation of .5: found within 10 % over 400 items of 100 to 900 tries."""
    rng = np.random.default_rng(2)
    tried = rng.integers(100, 900, 400)
    found = level_error(counts(rng.binomial(tried, np.minimum(0.1 * rng.gamma(4, 1 / 4, 400), 1)), tried), UNSCALED)
    assert found == pytest.approx(0.5, rel=0.1)


def test_too_little_is_not_a_number_and_a_fitted_factor_brings_its_own_error():
    """Few items, or none that was followed: nan; items exactly alike: the error of the factor alone."""
    assert np.isnan(level_error(counts([1] * (FEWEST - 1), [10] * (FEWEST - 1)), UNSCALED))
    assert np.isnan(level_error(counts([0] * 40, [10] * 40), UNSCALED))
    scaled = SizeFactor(1.3, 0.7, np.zeros(0), np.zeros(0, np.int64), 0.2)
    assert level_error(counts([1] * 40 + [0], [10] * 40 + [0]), scaled) == pytest.approx(0.2)


def test_tries_and_hits_of_items_are_those_of_a_plain_loop():
    """30 random items on 15 nodes: arcs to whoever came later or never, and later adopters with an earlier neighbour."""
    rng = np.random.default_rng(3)
    graph = from_arrays(rng.integers(0, 15, 60), rng.integers(0, 15, 60), n_nodes=15)
    when = [
        dict(zip(rng.permutation(15)[:7].tolist(), rng.permutation(99)[:7].tolist(), strict=True)) for _ in range(30)
    ]
    log = pd.DataFrame(
        [(i, u, t) for i, item in enumerate(when) for u, t in item.items()], columns=["item", "node", "ts"]
    )
    found = count_tries(graph, read_log(graph, log), None)
    arcs = list(zip(graph.sources.tolist(), graph.indices.tolist(), strict=True))
    later = [[(u, v) for u, v in arcs if u in item and item.get(v, 1000) > item[u]] for item in when]
    assert found.item_tried.tolist() == [len(x) for x in later]
    assert found.item_hits.tolist() == [
        len({v for _, v in x if v in item}) for x, item in zip(later, when, strict=True)
    ]


def test_the_error_of_a_factor_is_that_of_the_mean_over_the_slope():
    """Sizes that grow with the square of the factor, real ones of known spread: half the relative error of their mean."""
    grid = 1.2 ** np.arange(-4, 5)
    curves = 10 * grid[:, None] ** 2 * np.ones(400)
    real = 10 + 5 * np.tile([-1.0, 1.0], 200)
    assert _error(grid, curves, real, 1.0) == pytest.approx(5 / 20 / 10 / 2, rel=0.03)
    assert _error(grid, np.full((9, 400), 10.0), real, 1.0) == np.inf


@pytest.mark.stat
def test_the_level_scatters_from_log_to_log_as_told():
    """40 logs of 60 items: the root mean square error of the mean chance is at most 1.5 times the median of what is told, and no less than half."""
    rng = np.random.default_rng(4)
    source, target = np.divmod(rng.choice(60 * 60, 300, replace=False), 60)
    graph = from_arrays(source, target, n_nodes=60)
    p, told, off = np.full(graph.n_arcs, 0.15), [], []
    for number in range(40):
        rows = []
        for item in range(60):
            when = dict.fromkeys(rng.choice(60, 3, replace=False).tolist(), 0.0)
            front = list(when)
            while front:
                u = front.pop(0)
                for v in graph.indices[graph.indptr[u] : graph.indptr[u + 1]].tolist():
                    if v not in when and rng.random() < 0.15:
                        when[v] = when[u] + rng.exponential()
                        front.append(v)
            rows += [(item, u, t) for u, t in when.items()]
        found = learn(graph, pd.DataFrame(rows, columns=["item", "node", "ts"]), rng=number)
        told.append(found.level_error)
        off.append(np.log(found.probability.mean() / p.mean()))
    assert 0.5 < np.sqrt(np.mean(np.square(off))) / np.median(told) < 1.5
