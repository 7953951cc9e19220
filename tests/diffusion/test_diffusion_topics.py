"""Probabilities by topic: one topic is no topic, planted differences come back, and noise is pooled."""

import numpy as np
import pandas as pd
import pytest

from graphkit.diffusion.calibration import predict_sizes
from graphkit.diffusion.events import read_log
from graphkit.diffusion.learn import learn
from graphkit.diffusion.size_factor import simulated_sizes
from graphkit.diffusion.topic_factor import shrunk
from graphkit.diffusion.topics import STRENGTHS, _ratio
from graphkit.errors import DataInvalid, InvalidParameter, UnknownName
from graphkit.projection.build import from_arrays


def log_of(n_items, chance, rng, *, pairs=40):
    """Independent pairs u -> v: each item starts at every u, v follows with the item's own chance on that arc, and says from whom."""
    rows = []
    for item in range(n_items):
        topic = "course" if item % 2 else "film"
        hit = rng.random(pairs) < chance[topic]
        rows += [(item, u, 0.0, topic, None) for u in range(pairs)]
        rows += [(item, pairs + u, 1.0 + u / 100, topic, u) for u in np.flatnonzero(hit).tolist()]
    return pd.DataFrame(rows, columns=["item", "node", "ts", "topic", "parent"])


@pytest.fixture
def graph():
    """40 separate arcs."""
    return from_arrays(np.arange(40), np.arange(40, 80), n_nodes=80)


def test_one_topic_equals_the_plain_probabilities(graph):
    """The topic's own evidence is all there is: the same posterior to the last digit that matters."""
    log = log_of(30, {"film": 0.3, "course": 0.3}, np.random.default_rng(1)).assign(topic="only")
    found = learn(graph, log, by="topic", rng=1)
    own = found.for_topic("only")
    assert own.probability == pytest.approx(found.probability, abs=1e-12)
    assert own.interval == pytest.approx(found.interval, abs=1e-9)
    assert learn(graph, log, rng=1).probability == pytest.approx(found.probability, abs=0)


def test_the_level_of_a_topic_is_its_own(seed):
    """2,000 arcs, eight films at .08 and eight courses at .3 on all of them: both levels come out (4 standard errors)."""
    pairs, rng = 2000, np.random.default_rng(seed)
    graph = from_arrays(np.arange(pairs), np.arange(pairs, 2 * pairs), n_nodes=2 * pairs)
    found = learn(graph, log_of(16, {"film": 0.08, "course": 0.3}, rng, pairs=pairs), by="topic", rng=1)
    for topic, chance in (("film", 0.08), ("course", 0.3)):
        assert found.for_topic(topic).probability.mean() == pytest.approx(chance, rel=0.11)


def test_planted_topics_come_back(graph):
    """Arcs that carry films but not courses, and the reverse: each topic's p is nearer to its own chance than the plain p."""
    rng = np.random.default_rng(2)
    truth = {"film": np.where(np.arange(40) < 20, 0.6, 0.1), "course": np.where(np.arange(40) < 20, 0.1, 0.6)}
    found = learn(graph, log_of(80, truth, rng), by="topic", rng=1)
    assert found.topic_strength < STRENGTHS[-1]
    for topic, chance in truth.items():
        own = found.for_topic(topic)
        assert np.abs(own.probability - chance).mean() < 0.5 * np.abs(found.probability - chance).mean()
        inside = (own.interval[:, 0] <= chance) & (chance <= own.interval[:, 1])
        assert inside.mean() > 0.8
        assert own.projection.probability == pytest.approx(own.probability)


def test_topics_that_do_not_differ_are_pooled(graph):
    """The same chances for both: the strength is large, and the topic's p stays close to the plain one."""
    chance = np.random.default_rng(5).uniform(0.05, 0.6, 40)
    found = learn(graph, log_of(80, {"film": chance, "course": chance}, np.random.default_rng(3)), by="topic", rng=1)
    assert found.topic_strength >= 30
    assert np.abs(found.for_topic("film").probability - found.probability).max() < 0.12


@pytest.mark.parametrize("film", [0.2, 0.5])
def test_an_arc_no_item_of_the_topic_tried_keeps_what_others_say_at_its_level(graph, film):
    """Films only touch the first ten arcs, courses go along all with .2: the others are .2 for films as well, or as far above as on the ten."""
    log = log_of(240, {"film": np.full(40, film), "course": np.full(40, 0.2)}, np.random.default_rng(4))
    log = log[(log.topic == "course") | (log.node % 40 < 10)]
    found = learn(graph, log, by="topic", rng=1)
    own = found.for_topic("film")
    assert own.probability[10:].mean() == pytest.approx(film, rel=0.12)
    assert found.for_topic("course").probability[10:].mean() == pytest.approx(0.2, rel=0.12)
    assert own.never_tried[10:].all()
    assert not own.never_tried[:10].any()
    if film == 0.2:
        assert own.probability[10:] == pytest.approx(found.probability[10:], rel=0.08)


def spreading(graph, level, first, n_items, beside, rng):
    """Items that three users start and pass on with one chance, and that a few more take up each beside the graph."""
    out = [graph.indices[graph.indptr[u] : graph.indptr[u + 1]].tolist() for u in range(graph.n_nodes)]
    rows = []
    for item in range(first, first + n_items):
        when = dict.fromkeys(rng.choice(graph.n_nodes, 3, replace=False).tolist(), 0)
        front = list(when)
        while front:
            u = front.pop(0)
            hit = [v for v in out[u] if v not in when and rng.random() < level]
            when |= dict.fromkeys(hit, when[u] + 1)
            front += hit
        for u in rng.choice(graph.n_nodes, rng.poisson(beside)).tolist():
            when.setdefault(u, int(rng.integers(1, 5)))
        rows += [(item, u, 3600.0 * step) for u, step in when.items()]
    return pd.DataFrame(rows, columns=["item", "node", "ts"])


def test_simulated_sizes_of_a_topic_are_its_own(seed):
    """Films of .1 gain three adopters each beside the graph, courses of .2 none: simulated sizes of unseen items, by a factor of 1.6 at most (3 standard deviations)."""
    rng = np.random.default_rng(seed)
    source, target = np.repeat(np.arange(150), 4), rng.integers(0, 150, 600)
    graph = from_arrays(source[source != target], target[source != target], n_nodes=150)
    kinds = {"film": (0.1, 80, 3.0), "course": (0.2, 60, 0.0)}
    parts = [
        spreading(graph, p, 100 * i, n, more, rng).assign(topic=t) for i, (t, (p, n, more)) in enumerate(kinds.items())
    ]
    found = learn(graph, pd.concat(parts), by="topic", rng=1)
    for topic, (p, _, more) in kinds.items():
        unseen = read_log(graph, spreading(graph, p, 0, 100, more, rng))
        simulated = simulated_sizes(found.for_topic(topic).projection, unseen, 3, 9, worlds=128).mean()
        assert abs(np.log(simulated / (unseen.sizes - 3).mean())) < np.log(1.6)


def test_factors_of_topics_are_pulled_together_as_far_as_luck_explains_them():
    """By hand: tau^2 = (4 + 4 + 0 - 2) / 200 = .03 for two topics .2 away with errors .1; topics as far apart as their errors are one."""
    off, error = np.array([0.2, -0.2, 0.7]), np.array([0.1, 0.1, np.inf])
    assert shrunk(off, error) == pytest.approx([0.15, -0.15, 0.0])
    assert shrunk(np.array([0.1, -0.1]), np.array([0.1, 0.1])).tolist() == [0.0, 0.0]
    assert shrunk(off, np.full(3, np.inf)).tolist() == [0.0, 0.0, 0.0]


def test_the_ratio_of_levels_equals_statsmodels():
    """Mantel and Haenszel's risk ratio and its standard error over strata, against tables made of the same counts."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    rng = np.random.default_rng(2)
    tried, n = rng.integers(1, 9, 300).astype(float), rng.integers(1, 9, 300).astype(float)
    credit, c = (rng.binomial(k.astype(int), p).astype(float) for k, p in ((tried, 0.5), (n, 0.2)))
    tables = [np.array([[x, t - x], [y, m - y]]) for x, t, y, m in zip(credit, tried, c, n, strict=True)]
    assert _ratio(credit, tried, c, n) == pytest.approx(StratifiedTable(tables).riskratio_pooled, rel=1e-12)
    assert _ratio(rng.permutation(c), n, c, n) == 1.0


def test_sizes_of_unseen_items_are_those_of_their_topic():
    """Courses go to 24 others and films to 6, and nothing but the topic tells which: a third of each is predicted within a quarter."""
    rng, rows = np.random.default_rng(3), []
    for item in range(120):
        topic, mean = ("course", 24) if item % 3 == 0 else ("film", 6)
        who = rng.choice(480, 3 + rng.poisson(mean) + 1, replace=False)
        rows += [(item, node, 60 * step, topic) for step, node in enumerate(who)]
    log, ring = pd.DataFrame(rows, columns=["item", "node", "ts", "topic"]), np.arange(480)
    found = learn(from_arrays(ring, (ring + 1) % 480), log[log.item < 80], by="topic", rng=1)
    unseen = log[log.item >= 80]
    frame = predict_sizes(found, unseen, rng=1)
    course = frame["item"] % 3 == 0
    for mine, mean in ((course, 3 + 25), (~course, 3 + 7)):
        assert frame["predicted"][mine].mean() == pytest.approx(mean, rel=0.25)
        assert ((frame["lower"] <= frame["observed"]) & (frame["observed"] <= frame["upper"]))[mine].mean() >= 0.85
    nothing_said = predict_sizes(found, unseen.drop(columns="topic"), rng=1)
    assert predict_sizes(found, unseen.assign(topic=None), rng=1).equals(nothing_said)
    assert 3 + 7 < nothing_said["predicted"].mean() < 3 + 25
    courses = unseen[unseen["topic"] == "course"]
    own = predict_sizes(found.for_topic("course"), courses.drop(columns="topic"), rng=1)
    assert own["predicted"].tolist() == frame["predicted"][course].tolist()


@pytest.mark.parametrize(
    ("change", "word"), [({}, "missing"), ({"topic": None}, "no item"), ({"topic": ["a", "b"] * 5}, "several")]
)
def test_wrong_topics_are_named(graph, change, word):
    """A column that is not there, is empty, or says two things of one item."""
    log = pd.DataFrame({"item": [1] * 10, "node": range(10), "ts": range(10)}).assign(**change)
    with pytest.raises(DataInvalid, match=word):
        learn(graph, log, by="topic", rng=1)


def test_the_item_is_no_topic_of_itself(graph):
    """Every item a topic of its own would leave nothing to learn together."""
    with pytest.raises(InvalidParameter, match="by must be"):
        learn(graph, log_of(10, {"film": 0.3, "course": 0.3}, np.random.default_rng(1)), by="item", rng=1)


def test_an_unknown_topic_is_named(graph):
    """With what it may have meant."""
    found = learn(graph, log_of(10, {"film": 0.3, "course": 0.3}, np.random.default_rng(1)), by="topic", rng=1)
    with pytest.raises(UnknownName) as caught:
        found.for_topic("filn")
    assert caught.value.close_matches == ("film",)
