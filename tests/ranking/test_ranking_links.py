"""Predicted links: the score against a dense solve, and every option by hand."""

import numpy as np
import pytest

from graphkit.errors import InvalidParameter
from graphkit.projection.arrays import from_arrays
from graphkit.ranking import link_options
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


def planted(n_sources, seed=5):
    """Sources in a ring that each know six of 60 targets, the first ones most often."""
    rng = np.random.default_rng(seed)
    chance = 1 / (1 + np.arange(60.0))
    arcs = [(s, n_sources + int(t)) for s in range(n_sources) for t in rng.choice(60, 6, replace=False, p=chance / chance.sum())]
    friends = [(s, (s + 1) % n_sources) for s in range(n_sources)]
    return from_arrays(*np.array([*arcs, *friends]).T, n_nodes=n_sources + 60, directed=False), np.arange(n_sources), np.arange(n_sources, n_sources + 60)


def test_options_are_chosen_on_hidden_arcs_and_used():
    """The same for any call with one seed; the answer is that of the named options; what is given stays as given."""
    p, sources, targets = planted(50)
    found = predict_links(p, sources, targets, top=5, rng=3)
    assert found.n_hidden == 60  # a fifth of 300 arcs, all of at most 64 sources
    again = predict_links(p, sources, targets, top=5, rng=3)
    assert (again.cross, again.appeal, again.target.tolist()) == (found.cross, found.appeal, found.target.tolist())
    same = predict_links(p, sources, targets, top=5, cross=found.cross, appeal=found.appeal)
    assert same.n_hidden == 0
    assert same.target.tolist() == found.target.tolist()
    assert same.score == pytest.approx(found.score)
    assert predict_links(p, sources, targets, top=5, cross=7.0, rng=3).cross == 7.0


def test_with_too_few_arcs_the_stated_options_are_used():
    """Thirty hidden links are the least that say anything."""
    p = from_arrays(*EDGES.T, n_nodes=7, directed=False)
    found = predict_links(p, [0, 1], [4, 5, 6])
    assert (found.cross, found.appeal, found.n_hidden) == (3.0, 0.4, 0)


def test_gain_of_a_hidden_target_by_hand():
    """Gains of the reduced graph equal 1 / log2(1 + rank) with ranks counted from a dense solve."""
    p, sources, targets = planted(50)
    missing = [t for t in targets.tolist() if t not in p.indices[p.indptr[0] : p.indptr[1]]][:2]
    of = {0: np.array(missing)}
    (gain,) = link_options._gains(p, sources, targets, of, 2.0, (0.5,), 0.0, 0.15)
    weight = np.zeros((p.n_nodes, p.n_nodes))
    crossing = np.isin(p.sources, targets) != np.isin(p.indices, targets)
    weight[p.sources, p.indices] = np.where(crossing, 2.0, 1.0)
    weight[np.diag_indices(p.n_nodes)] = weight.sum(1) == 0  # out of reach, so that no row is empty
    liked = np.array([sum(p.sources[p.indices == t] < 50) for t in targets]) + 0.5
    score = dense_walk(weight, 0)[targets] * liked**0.5
    known = set(p.indices[p.indptr[0] : p.indptr[1]].tolist())
    free = [i for i, t in enumerate(targets.tolist()) if t not in known]
    wanted = [1 / np.log2(2 + sum(score[j] > score[t - 50] for j in free)) for t in missing]
    assert gain.tolist() == pytest.approx(wanted)


def test_hidden_arcs_are_gone_in_both_directions():
    """What is hidden can not be walked back either; everything else stays."""
    p = from_arrays(*EDGES.T, n_nodes=7, directed=False)
    place = int(p.indptr[0])  # 0 -> 2
    left = link_options._without(p, np.array([place]))
    pairs = set(zip(p.sources.tolist(), p.indices.tolist(), strict=True))
    assert set(zip(left.sources.tolist(), left.indices.tolist(), strict=True)) == pairs - {(0, 2), (2, 0)}


def test_choice_leaves_the_stated_options_where_they_mislead():
    """Groups of six share six favourites, ties among targets are noise: more favourites hidden from everything are found."""
    hits = {"chosen": 0, "stated": 0}
    for seed in range(3):
        rng = np.random.default_rng(seed)
        favourites = [(s, 120 + s // 6 * 6 + int(i)) for s in range(120) for i in rng.choice(6, 5, replace=False)]
        hidden, known = dict(favourites[::5]), [f for i, f in enumerate(favourites) if i % 5]
        noise = [(120 + int(a), 120 + int(b)) for a, b in rng.integers(0, 120, (1500, 2)) if a != b]
        fans = [(s, 240 + int(h)) for s in range(120) for h in rng.choice(5, 3, replace=False)]
        p = from_arrays(*np.array([*known, *noise, *fans]).T, n_nodes=245, directed=False)
        for name, given in (("chosen", {"rng": seed}), ("stated", {"cross": 3.0, "appeal": 0.4})):
            found = predict_links(p, range(120), range(120, 240), top=1, **given)
            hits[name] += sum(hidden[s] == t for s, t in zip(found.source.tolist(), found.target.tolist(), strict=True))
            assert name == "stated" or (found.cross, found.n_hidden > 30) == (5.0, True)
    assert hits["chosen"] > hits["stated"]
