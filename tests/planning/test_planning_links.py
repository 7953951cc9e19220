"""Predicted links: the score against a dense solve, the weights against planted links, the evidence against all walks."""

import itertools

import numpy as np
import pytest

from graphkit.errors import DataInvalid, InvalidParameter, UnknownNode
from graphkit.matching.factors import factorise
from graphkit.planning import link_signals, link_weights
from graphkit.planning.links import PredictedLinks, predict_links
from graphkit.projection.arrays import from_arrays
from graphkit.ranking.each_walk import each_walk
from graphkit.ranking.evidence import endings
from graphkit.ranking.operator import walk_operator
from graphkit.ranking.pagerank import personalised_pagerank

EDGES = np.array([(0, 2), (0, 3), (1, 3), (1, 4), (2, 3), (3, 4), (4, 5), (1, 5), (2, 6), (6, 5)])


def dense_walk(weight, source, restart=0.15):
    """Stationary vector of the restarting walk on a symmetric weight matrix without dangling nodes."""
    step = weight / weight.sum(1, keepdims=True)
    start = np.eye(len(weight))[source]
    return np.linalg.solve(np.eye(len(weight)) - (1 - restart) * step.T, restart * start)


def small():
    """Seven pages, ten ties."""
    return from_arrays(*EDGES.T, n_nodes=7, directed=False)


def test_score_is_the_product_of_the_walk_and_the_links_of_the_target():
    """Every exponent, cross and hub on a dense solve."""
    p, sources, targets = small(), [0, 1], [4, 5, 6]
    a = np.zeros((7, 7))
    a[tuple(EDGES.T)] = a[tuple(EDGES.T[::-1])] = 1
    degree = a.sum(1)
    inside = np.isin(np.arange(7), targets)
    weight = a * np.where(inside[:, None] != inside, 2.5, 1.0) / np.outer(degree, degree) ** 0.4
    given = {"walk": 0.9, "sources": 0.7, "outside": -0.2, "degree": 0.3, "cross": 2.5, "hub": 0.4}
    found = predict_links(p, sources, targets, weights=given, tolerance=1e-10)
    assert (len(found), found.n_hidden) == (4, 0)
    assert found.weights == dict.fromkeys(link_signals.FEATURES, 0.0) | given
    for row in found.to_frame().itertuples():
        t = row.target
        links = a[sources, t].sum() + 0.5, a[~inside, t].sum() + 0.5, degree[t] + 0.5
        assert row.score == pytest.approx(
            dense_walk(weight, row.source)[t] ** 0.9 * links[0] ** 0.7 * links[1] ** -0.2 * links[2] ** 0.3, rel=1e-6
        )


def test_the_walk_alone_is_personalised_pagerank_and_beta_divides_popularity_out():
    """walk 1; with beta the score over the general score to that power."""
    p = small()
    walk = personalised_pagerank(p, 0, tolerance=1e-12).scores
    general = personalised_pagerank(p, range(7), tolerance=1e-12).scores
    for beta in (0.0, 0.6):
        found = predict_links(p, [0], [4, 5, 6], weights={"walk": 1}, beta=beta, tolerance=1e-10)
        want = walk / general**beta
        assert found.score == pytest.approx(want[found.target], rel=1e-6)
        assert found.target.tolist() == sorted([4, 5, 6], key=lambda t: -want[t])


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": {"walks": 1}},
        {"weights": {"cross": 0}},
        {"weights": {"hub": -1}},
        {"weights": {"walk": float("nan")}},
        {"beta": 2},
        {"top": 0},
        {"rank": -1},
        {"rank": True},
        {"restart_probability": 0},
        {"tolerance": -1},
    ],
)
def test_options_out_of_range_are_refused(wrong):
    """A named error says which option."""
    with pytest.raises(InvalidParameter, match=next(iter(wrong))):
        predict_links(small(), [0], [4], **wrong)


def test_ends_outside_the_graph_and_empty_lists_are_refused():
    """Unknown nodes are named; nobody to rank for, nothing to rank."""
    for ends in (([9], [4]), ([0], [-1])):
        with pytest.raises(UnknownNode, match=r"9|-1"):
            predict_links(small(), *ends)
    for ends, name in ((([], [4]), "pairs_from"), (([0], []), "pairs_to")):
        with pytest.raises(InvalidParameter, match=name):
            predict_links(small(), *ends)


def planted(n_sources, seed=5):
    """Sources in a ring that each know six of 60 targets, the first ones most often."""
    rng = np.random.default_rng(seed)
    chance = 1 / (1 + np.arange(60.0))
    arcs = [
        (s, n_sources + int(t))
        for s in range(n_sources)
        for t in rng.choice(60, 6, replace=False, p=chance / chance.sum())
    ]
    friends = [(s, (s + 1) % n_sources) for s in range(n_sources)]
    return (
        from_arrays(*np.array([*arcs, *friends]).T, n_nodes=n_sources + 60, directed=False),
        np.arange(n_sources),
        np.arange(n_sources, n_sources + 60),
    )


def test_weights_are_learned_on_hidden_arcs_and_used():
    """All arcs are hidden once; one seed, one answer; the answer is that of the named weights."""
    p, sources, targets = planted(50)
    found = predict_links(p, sources, targets, top=5, rng=3)
    assert found.n_hidden == 300
    assert predict_links(p, sources, targets, top=5, rng=3).manifest.digest == found.manifest.digest
    same = predict_links(p, sources, targets, top=5, weights=found.weights, rng=3)
    assert same.n_hidden == 0
    assert same.target.tolist() == found.target.tolist()
    assert same.score == pytest.approx(found.score)


def test_with_too_few_arcs_the_stated_weights_hold():
    """Thirty hidden links are the least that say anything."""
    found = predict_links(small(), [0, 1], [4, 5, 6])
    assert found.n_hidden == 0
    assert found.weights == dict.fromkeys(link_signals.FEATURES, 0.0) | {
        "walk": 1.0,
        "sources": 0.4,
        "cross": 3.0,
        "hub": 0.25,
    }


@pytest.mark.parametrize("enough", [200, 301])
def test_learned_weights_are_the_most_likely_ones(enough, monkeypatch):
    """The likelihood of the hidden links, written out, falls in every direction, with slopes over the arcs of the source and without."""
    monkeypatch.setattr(link_weights, "_SLOPED", enough)
    p, sources, targets = planted(50)
    words = link_signals.read_words(p, np.random.default_rng(2).poisson(0.3, (p.n_nodes, 30)))
    options = {"rank": 4, "words": words, "seed": 3}
    learned = link_weights.learn_link_weights(p, sources, targets, restart_probability=0.15, **options)
    assert len(learned.slopes) == (8 if enough == 200 else 0)
    known = np.flatnonzero(np.isin(p.sources, sources) & np.isin(p.indices, targets))
    order, parts = link_weights.as_generator(3, "hidden links").permutation(known), []
    for i in range(5):
        hidden = np.sort(order[i::5])
        seen = link_weights._without(p, hidden)
        parts += link_weights._choices_of(
            p, hidden, seen, link_signals.LinkSignals(seen, sources, targets, **options), 0.15, 3
        )
    middle = np.average([np.log(one.arcs + 0.5) for one in parts], weights=[len(one.choice.chosen) for one in parts])
    signals = [(one.choice.chosen, one.choice.others, np.log(one.arcs + 0.5) - middle) for one in parts]
    mean, spread = (getattr(np.vstack([others for _, others, _ in signals]), name)(0) for name in ("mean", "std"))
    sloped = np.vstack([(others - mean) * z for _, others, z in signals]).std(0)

    def loss(w, v):
        total = ((w * spread) ** 2).sum() / 2 + 5 * ((v * sloped) ** 2).sum() / 2
        for chosen, others, z in signals:
            for own in chosen:
                rows = np.vstack((own, others)) @ (w + v * z)
                total -= rows[0] - np.log(np.exp(rows).sum())
        return total

    w, v = np.array(learned.values), np.array(learned.slopes or np.zeros(8))
    at, steps = loss(w, v), np.vstack((np.eye(8), -np.eye(8))) * 0.05
    assert all(loss(w + step / spread, v) > at for step in steps)
    assert enough == 301 or all(loss(w, v + step / sloped) > at for step in steps)
    assert learned.middle == pytest.approx(middle if enough == 200 else 0)


def test_of_many_targets_not_chosen_five_hundred_drawn_ones_stand_for_all():
    """The weight says how many each stands for; the likelihood of all is met within its noise."""
    rng = np.random.default_rng(1)
    arcs = np.array([(s, 40 + int(t)) for s in range(40) for t in rng.choice(1500, 8, replace=False)])
    p, targets = from_arrays(*arcs.T, n_nodes=1540, directed=False), np.arange(40, 1540)
    hidden = np.flatnonzero(p.sources < 40)[::8]
    seen = link_weights._without(p, hidden)
    signals = link_signals.LinkSignals(seen, np.arange(40), targets, rank=0, words=None, seed=1)
    found = link_weights._choices_of(p, hidden, seen, signals, 0.15, 1)
    for one in found:
        assert one.choice.others.shape == (500, 8)
        assert one.choice.weight * 500 == 1500 - one.arcs - len(one.choice.chosen)
    again = link_weights._choices_of(p, hidden, seen, signals, 0.15, 1)
    assert all((one.choice.others == two.choice.others).all() for one, two in zip(found, again, strict=True))


def test_slopes_move_the_weights_with_the_arcs_of_the_source():
    """Sources of two and of three arcs: exponents by hand."""
    p, given = small(), {"walk": 0.9, "degree": 0.3, "walk_slope": 0.2, "degree_slope": -0.4, "middle": 1.0}
    found = predict_links(p, [0, 3], [4, 5, 6], weights=given, tolerance=1e-10)
    arcs = np.diff(p.indptr)
    assert (arcs[0], arcs[3]) == (2, 4)
    for row in found.to_frame().itertuples():
        z = np.log(arcs[row.source] + 0.5) - 1.0
        walk = personalised_pagerank(p, row.source, tolerance=1e-12).scores[row.target]
        assert row.score == pytest.approx(
            walk ** (0.9 + 0.2 * z) * (arcs[row.target] + 0.5) ** (0.3 - 0.4 * z), rel=1e-6
        )
    assert found.weights["walk_slope"] == 0.2


def test_signals_of_a_pair_are_their_definitions():
    """Words as tf-idf cosines from dense algebra on seven pages, one without words; factors those of `factorise`."""
    p, sources, targets = small(), np.array([0, 1]), np.array([4, 5, 6])
    counts = np.array(
        [[2, 0, 1, 0], [0, 1, 0, 0], [0, 3, 1, 0], [1, 1, 0, 0], [0, 0, 2, 1], [0, 0, 0, 0], [4, 0, 0, 1.0]]
    )
    signals = link_signals.LinkSignals(p, sources, targets, rank=3, words=link_signals.read_words(p, counts), seed=7)
    a = np.zeros((7, 7))
    a[tuple(EDGES.T)] = a[tuple(EDGES.T[::-1])] = 1
    tfidf = counts * (np.log(8 / (1 + (counts > 0).sum(0))) + 1)
    tfidf = np.divide(
        tfidf,
        np.linalg.norm(tfidf, axis=1, keepdims=True),
        out=np.zeros_like(tfidf),
        where=counts.any(1, keepdims=True),
    )

    def cosine(x, y):
        return x @ y / (np.linalg.norm(x) * np.linalg.norm(y)) if x.any() and y.any() else 0.0

    found = factorise(a, rank=3, alpha=20.0, regularisation=0.05, iterations=6, rng=7)
    walk = np.arange(7) / 21
    for s in sources:
        got = signals.of(int(s), walk)
        for i, t in enumerate(targets):
            pairs = (tfidf[s], tfidf[t]), (tfidf[s], a[t] @ tfidf), (a[s] @ tfidf, tfidf[t])
            assert got[i, 5:] == pytest.approx([np.log(cosine(*pair) + 0.02) for pair in pairs])
            assert got[i, 4] == pytest.approx(found.user_factors[s] @ found.item_factors[t])
            assert got[i, 0] == pytest.approx(np.log(walk[t] + 1e-9))


def test_words_and_factors_each_find_links_within_topics():
    """About 67 of 80 hidden links can be among the first five of their topic's ten targets; chance finds five."""
    rng = np.random.default_rng(4)
    topic = np.r_[np.arange(80) % 8, np.arange(80) % 8]
    arcs = np.array(
        [
            (s, 80 + int(t))
            for s in range(80)
            for t in rng.choice(np.flatnonzero(topic[80:] == topic[s]), 5, replace=False)
        ]
    )
    hidden = rng.permutation(len(arcs))[:80]
    p = from_arrays(*np.delete(arcs, hidden, axis=0).T, n_nodes=160, directed=False)
    words = 4 * np.eye(8)[topic] + rng.poisson(0.2, (160, 8))
    hits = {}
    for name, given in {
        "factors": {"weights": {"factors": 1}, "rank": 8},
        "words": {"weights": {"words": 1}, "words": words},
        "learned": {"words": words, "rank": 8},
    }.items():
        found = predict_links(p, range(80), range(80, 160), top=5, **given)
        named = set(zip(found.source.tolist(), found.target.tolist(), strict=True))
        hits[name] = sum((int(s), int(t)) in named for s, t in arcs[hidden])
    assert min(hits.values()) > 50


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (np.ones((6, 2)), "shape"),
        (-np.ones((7, 2)), "count"),
        (np.full((7, 2), np.nan), "count"),
        ([["a"] * 2] * 7, "matrix"),
        (np.ones((7, 2, 2)), "matrix"),
    ],
)
def test_words_that_are_no_counts_are_refused(words, rule):
    """The rule that was broken is named, with the row where there is one."""
    with pytest.raises(DataInvalid) as caught:
        predict_links(small(), [0], [4, 5], words=words)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    "given",
    [
        {"weights": {"words": 1}},
        {"weights": {"factors": 1}, "rank": 0},
        {"weights": {"words_slope": 1}},
        {"weights": {"around_target": 1}, "rank": 4},
    ],
)
def test_a_weight_on_a_signal_that_is_not_there_is_refused(given):
    """Nothing weighs what was not given."""
    with pytest.raises(InvalidParameter, match=next(iter(given["weights"])).removesuffix("_slope")):
        predict_links(small(), [0], [4, 5], **given)


def test_hidden_arcs_are_gone_in_both_directions():
    """What is hidden can not be walked back either; everything else stays."""
    p = small()
    place = int(p.indptr[0])  # 0 -> 2
    left = link_weights._without(p, np.array([place]))
    pairs = set(zip(p.sources.tolist(), p.indices.tolist(), strict=True))
    assert set(zip(left.sources.tolist(), left.indices.tolist(), strict=True)) == pairs - {(0, 2), (2, 0)}


def test_learning_finds_more_of_what_was_hidden_than_the_stated_weights():
    """Groups of six share six favourites, popular targets mislead: three draws, favourites hidden from everything."""
    hits = {"learned": 0, "stated": 0}
    for seed in range(3):
        rng = np.random.default_rng(seed)
        favourites = [(s, 120 + s // 6 * 6 + int(i)) for s in range(120) for i in rng.choice(6, 5, replace=False)]
        hidden, known = dict(favourites[::5]), [f for i, f in enumerate(favourites) if i % 5]
        noise = [(120 + int(a), 120 + int(b)) for a, b in rng.integers(0, 120, (1500, 2)) if a != b]
        fans = [(s, 240 + int(h)) for s in range(120) for h in rng.choice(5, 3, replace=False)]
        p = from_arrays(*np.array([*known, *noise, *fans]).T, n_nodes=245, directed=False)
        stated = {"walk": 1, "sources": 0.4, "cross": 3, "hub": 0.25}
        for name, given in (("learned", {"rng": seed}), ("stated", {"weights": stated})):
            found = predict_links(p, range(120), range(120, 245), top=1, **given)
            hits[name] += sum(hidden[s] == t for s, t in zip(found.source.tolist(), found.target.tolist(), strict=True))
    assert hits["learned"] > 1.2 * hits["stated"]


def test_a_signal_that_never_differs_has_no_say():
    """Among friends nobody stands outside the targets; ties hidden within planted groups are found as by the stated weights."""
    rng = np.random.default_rng(0)
    friends = {(g + int(a), g + int(b)) for g in range(0, 400, 20) for a, b in rng.integers(0, 20, (120, 2)) if a < b}
    ties = np.array(sorted(friends))
    hidden = rng.random(len(ties)) < 0.2
    p = from_arrays(*ties[~hidden].T, n_nodes=400, directed=False)
    gone = {pair for a, b in ties[hidden].tolist() for pair in ((a, b), (b, a))}
    learned, stated = (
        predict_links(p, range(400), range(400), top=10, rank=0, weights=weights, rng=1)
        for weights in (None, {"walk": 1, "sources": 0.4, "hub": 0.25})
    )
    assert learned.n_hidden >= 200
    assert learned.weights["outside"] == learned.weights["outside_slope"] == 0
    hits = [
        len(gone & set(zip(found.source.tolist(), found.target.tolist(), strict=True))) for found in (learned, stated)
    ]
    assert hits[0] >= 0.95 * hits[1] > 0.5 * len(gone)


def test_out_of_reach_ranks_last_and_says_so():
    """A source without arcs gets the most linked targets; targets without arcs are never named."""
    p = from_arrays([1, 1, 2, 3], [4, 5, 5, 5], n_nodes=8, directed=False)
    found = predict_links(p, [0, 1], [4, 5, 6], weights={"walk": 1, "degree": 1})
    assert found.source.tolist() == [0, 0]
    assert found.target.tolist() == [5, 4]
    assert set(found.evidence) == {"out of the walk's reach"}


def test_each_walk_equals_single_solves():
    """Blocks of 16 and a rest, in the order of the sources."""
    p, sources, _ = planted(50)
    order = sources[::-1][:37]
    for row, scores in each_walk(p, order, lambda row, walk: (row, walk), restart_probability=0.15, tolerance=1e-9):
        assert np.abs(scores - personalised_pagerank(p, row, tolerance=1e-11).scores).max() < 1e-9
    assert [
        row for row, _ in each_walk(p, order, lambda row, walk: (row, walk), restart_probability=0.15, tolerance=1e-6)
    ] == order.tolist()


def ending_share(step, walk, nodes, damping=0.85):
    """Share of the score carried by all walks that end in these nodes."""
    return walk[nodes[0]] * np.prod([damping * step[a, b] for a, b in itertools.pairwise(nodes)]) / walk[nodes[-1]]


@pytest.mark.parametrize("number", range(4))
def test_endings_have_their_exact_shares(number):
    """At least three disjoint ways where there are three, until half is carried; shares by definition."""
    rng = np.random.default_rng(number)
    key = rng.choice(144, 40, replace=False)
    key = key[key // 12 != key % 12]
    w = rng.uniform(0.2, 3, key.size)
    p = from_arrays(key // 12, key % 12, weight=w, n_nodes=12)
    a = np.zeros((12, 12))
    a[key // 12, key % 12] = w
    out = a.sum(1, keepdims=True)
    step = np.divide(a, out, out=np.zeros_like(a), where=out > 0)
    source = int(key[0] // 12)
    walk = personalised_pagerank(p, source, tolerance=1e-12).scores
    targets = np.array([t for t in range(12) if t != source])
    for t, ways in zip(targets, endings(walk_operator(p), walk, source, targets, 0.85), strict=True):
        shares = [share for share, _ in ways]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1 + 1e-9
        for share, nodes in ways:
            assert share == pytest.approx(ending_share(step, walk, nodes))
            assert nodes[-1] == t
            assert len(set(nodes)) == len(nodes)
            assert source not in nodes[1:]
        entries = np.count_nonzero(step[:, t] * walk)
        assert len(ways) >= min(3, entries)
        if entries >= 3:
            assert sum(shares) >= 0.5 or len(ways) == min(10, entries)
        assert not any(set(one[1][-len(other[1]) :]) == set(other[1]) for one, other in itertools.permutations(ways, 2))


def test_parts_say_how_much_of_the_score_each_signal_carries():
    """Their sum is ln score above the source's mean over all candidates; the walk's share is of what lifts."""
    p, sources, targets = planted(50)
    found = predict_links(p, sources, targets, top=60, rng=3)
    frame = found.to_frame()
    lift = np.log(frame.score) - np.log(frame.score).groupby(frame.source).transform("mean")
    assert found.parts.sum(1) == pytest.approx(lift.to_numpy())
    assert list(frame.walk_share[:20]) == pytest.approx(
        [max(row[0], 0) / row[row > 0].sum() for row in found.parts[:20]]
    )
    row = int(np.argmax(np.isfinite(found.walk_share) & np.array([len(ways) > 0 for ways in found.ways])))
    told = sum(way.share for way in found.ways[row])
    assert found.evidence[row].endswith(
        f"; {told:.0%} of the walk, which is {found.walk_share[row]:.0%} of what speaks for it"
    )
    alone = predict_links(small(), [0], [4, 5, 6], weights={"walk": 1})
    assert alone.walk_share[0] == 1.0
    assert np.isnan(alone.walk_share[-1])


def test_one_source_is_ranked_by_what_all_teach():
    """Weights and the links of the targets come from ``learn_from``; the rows are those among all."""
    p, sources, targets = planted(50)
    every = predict_links(p, sources, targets, top=5, rng=3).to_frame()
    one = predict_links(p, [7], targets, top=5, rng=3, learn_from=sources)
    mine = every[every.source == 7].reset_index(drop=True)
    assert one.n_hidden == 300
    assert one.target.tolist() == mine.target.tolist()
    assert one.score == pytest.approx(mine.score.to_numpy())


def test_progress_counts_every_source_once():
    """Phases factors, learn and rank; the last event of each says all."""
    p, sources, targets = planted(50)
    events = []
    predict_links(p, sources, targets, top=2, progress=events.append)
    ranked = [event.done for event in events if event.phase == "rank"]
    assert sorted(ranked) == list(range(1, 51))
    assert {event.phase for event in events} == {"factors", "learn", "rank"}
    assert all(1 <= event.done <= event.total for event in events)


def test_results_survive_json():
    """The same table with ids and without; weights kept."""
    p = from_arrays(["a", "b", "c"], ["b", "c", "d"], ids=["a", "b", "c", "d"], directed=False)
    found = predict_links(p, ["a"], ["c", "d"])
    again = PredictedLinks.from_json(found.to_json())
    assert again.to_frame().equals(found.to_frame())
    assert again.weights == found.weights
    assert found.to_frame().target.tolist() == ["c", "d"]
    assert found.evidence[1].startswith("via c (100%)")
    assert again.ways == found.ways
    assert again.parts.tolist() == found.parts.tolist()


def test_links_on_a_path_are_ranked_by_distance():
    """From the end of a path the nearest unlinked node leads, with the middle node as evidence."""
    p = from_arrays([0, 1, 2, 3], [1, 2, 3, 4], n_nodes=6, directed=False)
    frame = predict_links(p, [0], range(6)).to_frame()
    assert list(frame.target) == [2, 3, 4]
    assert frame.evidence[0].startswith("via 1")
