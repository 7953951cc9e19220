"""Walks behind a score, against every walk of a small graph."""

import numpy as np
import pytest

from graphkit.errors import UnknownNode
from graphkit.projection.arrays import from_arrays
from graphkit.ranking.evidence import explain_score
from graphkit.ranking.pagerank import personalised_pagerank


def every_walk(n, s, t, w, source, target, length, restart=0.15):
    """Shares of all walks up to a length by recursion over arcs, dangling mass back to the source."""
    a = np.zeros((n, n))
    np.add.at(a, (s, t), w)
    out = a.sum(1, keepdims=True)
    step = np.divide(a, out, out=np.zeros_like(a), where=out > 0)
    z = np.linalg.solve(np.eye(n) - (1 - restart) * step.T, np.eye(n)[source])
    shares = {}

    def go(walk, mass):
        if walk[-1] == target:
            shares[tuple(walk)] = mass / z[target]
        if len(walk) <= length:
            for v in np.flatnonzero(step[walk[-1]]):
                go([*walk, int(v)], mass * (1 - restart) * step[walk[-1], v])

    go([source], 1.0)
    return shares


@pytest.mark.parametrize("number", range(5))
def test_the_strongest_walks_come_first_with_their_exact_shares(number):
    """Random weighted arcs with a dangling node: the same walks and shares as enumeration."""
    rng = np.random.default_rng(number)
    n = 8
    key = rng.choice(n * n, 18, replace=False)
    s, t, w = key // n, key % n, rng.uniform(0.2, 3, 18)
    keep = s != 7
    s, t, w = s[keep], t[keep], w[keep]
    p = from_arrays(s, t, weight=w, n_nodes=n)
    source = int(s[0])
    ranking = personalised_pagerank(p, source, tolerance=1e-13)
    for target in range(n):
        found = explain_score(p, ranking, source, target, top=4)
        if ranking.scores[target] == 0:
            assert found == ()
            continue
        true = sorted(every_walk(n, s, t, w, source, target, 9).items(), key=lambda pair: -pair[1])[:4]
        assert [walk.share for walk in found] == pytest.approx([share for _, share in true], abs=1e-9)
        assert sum(walk.share for walk in found) <= 1 + 1e-9
        assert all(walk.nodes[0] == source and walk.nodes[-1] == target for walk in found)


def test_weights_given_to_the_ranking_explain_it():
    """Two ways from 0 to 3, nine to one by weights that are not the graph's own: shares .9 and .1."""
    p = from_arrays([0, 0, 1, 2], [1, 2, 3, 3], n_nodes=4)
    weight = np.array([9.0, 1.0, 5.0, 2.0])
    ranking = personalised_pagerank(p, 0, weight=weight, tolerance=1e-13)
    found = explain_score(p, ranking, 0, 3, weight=weight)
    assert [(walk.nodes, round(walk.share, 9)) for walk in found] == [((0, 1, 3), 0.9), ((0, 2, 3), 0.1)]


def test_walks_of_a_path_and_of_the_source_itself():
    """0 -> 1 -> 2: one walk carries all of node 2; standing still carries all of node 0."""
    p = from_arrays([0, 1], [1, 2], n_nodes=4)
    ranking = personalised_pagerank(p, 0, tolerance=1e-13)
    assert [walk.nodes for walk in explain_score(p, ranking, 0, 2)] == [(0, 1, 2)]
    assert explain_score(p, ranking, 0, 2)[0].share == pytest.approx(1)
    assert [walk.nodes for walk in explain_score(p, ranking, 0, 0)] == [(0,)]
    assert explain_score(p, ranking, 0, 3) == ()


def test_unknown_targets_are_named():
    """A row outside the graph."""
    p = from_arrays([0, 1], [1, 2])
    with pytest.raises(UnknownNode, match="9"):
        explain_score(p, personalised_pagerank(p, 0), 0, 9)


@pytest.mark.parametrize("levels", [1, 3, 600])
def test_the_strongest_of_a_hub_are_those_of_a_full_sort(levels):
    """600 ways of two steps into one node, alike or in three strengths or all different: the heaviest, ties by row."""
    middle, weight = np.arange(1, 601), np.random.default_rng(4).permutation(600) % levels + 1.0
    p = from_arrays(
        np.r_[np.zeros(600, int), middle], np.r_[middle, np.full(600, 601)], weight=np.r_[weight, np.ones(600)]
    )
    found = explain_score(p, personalised_pagerank(p, 0, tolerance=1e-12), 0, 601, top=40)
    true = sorted(zip(-weight, middle, strict=True))[:40]
    assert [walk.nodes for walk in found] == [(0, int(row), 601) for _, row in true]
    assert [walk.share for walk in found] == pytest.approx([-heavy / weight.sum() for heavy, _ in true])
