"""Predicted links: the score against a dense solve, and every option by hand."""

import numpy as np
import pytest

from graphkit.errors import InvalidParameter
from graphkit.projection.arrays import from_arrays
from graphkit.ranking.links import predict_links

EDGES = np.array([(0, 2), (0, 3), (1, 3), (1, 4), (2, 3), (3, 4), (4, 5), (1, 5), (2, 6), (6, 5)])


def dense_walk(weight, source, restart=0.15):
    """Stationary vector of the restarting walk on a symmetric weight matrix without dangling nodes."""
    step = weight / weight.sum(1, keepdims=True)
    start = np.eye(len(weight))[source]
    return np.linalg.solve(np.eye(len(weight)) - (1 - restart) * step.T, restart * start)


def test_score_is_the_walk_times_the_appeal_of_the_target():
    """ppr (n_t + 1/2)^appeal on the graph with crossing arcs x 3, n_t = in-neighbours among the sources."""
    p = from_arrays(*EDGES.T, n_nodes=7, directed=False)
    sources, targets = [0, 1], [4, 5, 6]
    weight = np.zeros((7, 7))
    for a, b in EDGES:
        weight[a, b] = weight[b, a] = 3.0 if (a in targets) != (b in targets) else 1.0
    frame = predict_links(p, sources, targets, appeal=0.7).to_frame()
    assert len(frame) == 4
    for row in frame.itertuples():
        liked = sum({row.target, s} in [set(e) for e in EDGES.tolist()] for s in sources)
        assert row.score == pytest.approx(dense_walk(weight, row.source)[row.target] * (liked + 0.5) ** 0.7, rel=1e-6)


def test_without_options_the_score_is_the_walk():
    """cross = 1 and appeal = 0 give personalised PageRank."""
    p = from_arrays(*EDGES.T, n_nodes=7, directed=False)
    weight = np.zeros((7, 7))
    weight[tuple(EDGES.T)] = weight[tuple(EDGES.T[::-1])] = 1.0
    frame = predict_links(p, [0], [4, 5, 6], cross=1, appeal=0).to_frame()
    assert frame.score.tolist() == pytest.approx(sorted(dense_walk(weight, 0)[[4, 5, 6]], reverse=True), rel=1e-6)


@pytest.mark.parametrize("wrong", [{"cross": 0}, {"cross": -1}, {"appeal": -0.1}, {"appeal": float("nan")}, {"cross": float("inf")}])
def test_options_out_of_range_are_refused(wrong):
    """A named error says which option."""
    p = from_arrays([0, 1], [1, 2], directed=False)
    with pytest.raises(InvalidParameter, match=next(iter(wrong))):
        predict_links(p, [0], [2], **wrong)
