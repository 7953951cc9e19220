"""Fused rankings, learning paths, tags of texts, contexts: hand examples and properties."""

import itertools
import math

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from graphkit.errors import DataInvalid, InvalidParameter, UnknownName
from graphkit.matching.context import context_rates
from graphkit.matching.fuse import FusedRanking, fuse_rankings
from graphkit.matching.path import LearningPath, learning_path
from graphkit.matching.tags import TextTags, tags_from_text


def test_reciprocal_rank_fusion_by_hand():
    """b: 1/62 + 1/61, a: 1/61, c: 1/62; the parts sum to the score."""
    found = fuse_rankings({"text": ["a", "b"], "graph": ["b", "c"]})
    assert found.ids == ("b", "a", "c")
    assert found.scores.tolist() == pytest.approx([1 / 62 + 1 / 61, 1 / 61, 1 / 62])
    assert found.evidence[0] == "graph=0.01639 · text=0.01613"
    assert FusedRanking.from_json(found.to_json()).to_frame().equals(found.to_frame())


@given(
    st.dictionaries(st.sampled_from("xyz"), st.lists(st.sampled_from("abcdef"), unique=True, max_size=6), min_size=1)
)
def test_order_of_lists_and_lists_of_weight_zero_change_nothing(lists):
    """Any permutation of the lists, and one more list of weight 0: the same ids and scores bit for bit."""
    true = fuse_rankings(lists)
    for names in itertools.permutations(lists):
        found = fuse_rankings({**{name: lists[name] for name in names}, "noise": ["f", "a"]}, weights={"noise": 0})
        assert found.ids == true.ids
        assert found.scores.tobytes() == true.scores.tobytes()


def test_scores_share_ranks_and_z_blends():
    """Equal scores share the better rank; z-scores by hand; a constant list says nothing."""
    assert fuse_rankings([{"a": 2.0, "b": 2.0, "c": 1.0}]).scores.tolist() == pytest.approx([1 / 61, 1 / 61, 1 / 63])
    found = fuse_rankings(
        {"one": {"a": 1.0, "b": 3.0}, "two": {"a": 5.0, "b": 5.0, "c": 5.0}}, method="z", weights={"one": 2.0}
    )
    assert dict(zip(found.ids, found.scores, strict=True)) == {"b": 2.0, "c": 0.0, "a": -2.0}
    assert fuse_rankings([["a", "b", "c"]], top=2).ids == ("a", "b")


@pytest.mark.parametrize(
    ("arguments", "more", "error"),
    [
        ([{}], {}, InvalidParameter),
        (["ab"], {}, InvalidParameter),
        ([[["a", "a"]]], {}, DataInvalid),
        ([[{"a": math.nan}]], {}, DataInvalid),
        ([[["a"]]], {"weights": {"2": 1}}, InvalidParameter),
        ([[["a"]]], {"weights": {"1": -1}}, InvalidParameter),
        ([[["a"]]], {"method": "z"}, InvalidParameter),
    ],
)
def test_wrong_rankings_are_named(arguments, more, error):
    """No list, a bare text, a duplicate, NaN, weights of unknown lists or below 0, z without scores."""
    with pytest.raises(error):
        fuse_rankings(*arguments, **more)


DAG = [("k4", "k3"), ("k3", "k2"), ("k3", "k1"), ("k2", "k1"), ("k4", "k5"), ("k9", "k8")]


def test_planted_path():
    """Longest distance first, then id; who needs each step is the evidence; other courses stay out."""
    found = learning_path(DAG, "k4")
    assert found.steps == ("k1", "k2", "k3", "k5")
    assert found.depth.tolist() == [3, 2, 1, 1]
    assert found.needed_by == (("k2", "k3"), ("k3",), ("k4",), ("k4",))
    assert LearningPath.from_json(found.to_json()).to_frame().equals(found.to_frame())


def test_completed_courses_close_their_branch():
    """k3 done: only k5 is left; all done, or the goal done: nothing; a mapping is the same as pairs."""
    assert learning_path(DAG, "k4", completed=["k3"]).steps == ("k5",)
    assert learning_path(DAG, "k4", completed=["k3"]).skipped == ("k3",)
    assert learning_path(DAG, "k4", completed=["k3", "k5"]).steps == ()
    assert learning_path(DAG, "k4", completed=["k4"]).steps == ()
    assert learning_path({"k4": ["k3", "k5"], "k3": "k1"}, "k4").steps == ("k1", "k3", "k5")
    assert learning_path(DAG, "k1").steps == ()


def test_a_circle_is_named_only_where_it_matters():
    """A circle below the goal raises with its way; elsewhere, or behind a completed course, it does not."""
    circle = [*DAG, ("k1", "k3")]
    with pytest.raises(DataInvalid, match="in a circle: k3 -> k1 -> k3") as caught:
        learning_path(circle, "k4")
    assert caught.value.rule == "requires-cycle"
    assert learning_path(circle, "k9").steps == ("k8",)
    assert learning_path(circle, "k4", completed=["k3"]).steps == ("k5",)
    with pytest.raises(DataInvalid, match="k1 -> k1"):
        learning_path([("k1", "k1")], "k1")


def test_goal_outside_the_catalogue():
    """With the catalogue known, a mistyped goal lists close ones."""
    with pytest.raises(UnknownName) as caught:
        learning_path(DAG, "k44", known=["k4", "k3"])
    assert "k4" in caught.value.close_matches
    with pytest.raises(InvalidParameter):
        learning_path(3, "k4")


@given(st.integers(0, 10_000))
def test_path_equals_networkx_on_random_graphs(seed):
    """Descendants of the goal, every requirement before what needs it, longest distances as networkx counts them."""
    rng = np.random.default_rng(seed)
    graph = nx.DiGraph([(f"k{a:02d}", f"k{b:02d}") for a, b in rng.integers(0, 14, (25, 2)) if a > b])
    graph.add_node("k13")
    found = learning_path(graph.edges, "k13")
    assert set(found.steps) == nx.descendants(graph, "k13")
    place = {name: i for i, name in enumerate(found.steps)}
    assert all(place[b] < place[a] for a, b in graph.subgraph(found.steps).edges)
    inside = graph.subgraph({"k13", *found.steps})
    for name, depth in zip(found.steps, found.depth, strict=True):
        assert depth == max(map(len, nx.all_simple_paths(inside, "k13", name))) - 1


def test_a_long_chain_needs_no_recursion():
    """20,000 courses one behind the other."""
    assert len(learning_path([(str(i + 1), str(i)) for i in range(20_000)], "20000")) == 20_000


def test_tags_of_three_documents_in_closed_form():
    """tf-idf over the document's maximum; equal weights go by term."""
    found = tags_from_text({"a": "robot robot love", "b": "love story", "c": "love"}).by_id()
    rare, common = math.log(4 / 2) + 1, math.log(4 / 4) + 1
    assert found["a"] == pytest.approx({"robot": 1.0, "love": common / (2 * rare)})
    assert found["b"] == pytest.approx({"story": 1.0, "love": common / rare})
    assert found["c"] == {"love": 1.0}
    assert list(tags_from_text({"a": "zebra apple"}, top=1).tags) == ["apple"]


def test_tags_equal_scikit_learn():
    """TfidfVectorizer with the same words, before its rows are scaled."""
    texts = {"a": "deep learning with python", "b": "python for film makers makers", "c": "deep sea film"}
    model = TfidfVectorizer(norm=None, stop_words=["with", "for"])
    true = model.fit_transform(texts.values()).toarray()
    words, found = model.get_feature_names_out(), tags_from_text(texts).by_id()
    for row, name in zip(true, texts, strict=True):
        assert found[name] == pytest.approx({w: v / row.max() for w, v in zip(words, row, strict=True) if v > 0})


def test_chinese_terms_grow_as_long_as_they_are_shared():
    """A run of 4 in two documents replaces its parts; what stands alone too stays."""
    found = tags_from_text({"a": "科幻电影的配乐", "b": "科幻电影和电影史", "c": "电影"}).by_id()
    assert "科幻电影" in found["a"]
    assert "科幻" not in found["a"]
    assert "电影" in found["c"]
    assert set(tags_from_text({"a": "流浪者：山海"}).tags) == {"流浪者", "山海"}
    assert not any("的" in tag or "和" in tag for own in found.values() for tag in own)


def test_no_term_is_cut_out_of_a_word():
    """Texts strung together from 120 planted words of 2-4 characters without a blank: nine of ten proposals are such words or several of them."""
    rng = np.random.default_rng(11)
    letters = [chr(0x4E00 + int(i)) for i in rng.choice(3000, 150, replace=False)]
    letters = [
        letter
        for letter in letters
        if letter not in "的了是在和与及或也就都而着被把从对为以之其这那我你他她它们吗呢吧啊个一不"
    ]
    words = sorted({"".join(rng.choice(letters, n)) for n in rng.integers(2, 5, 120)})
    chance = 1 / np.arange(1, len(words) + 1)
    drawn = [rng.choice(words, 6, p=chance / chance.sum()).tolist() for _ in range(300)]
    found = tags_from_text({f"d{i:03}": "".join(own) for i, own in enumerate(drawn)}, top=5)
    whole = []
    for name, tag in zip(found.ids, found.tags, strict=True):
        own = drawn[int(name[1:])]
        whole.append(any("".join(own[i:j]) == tag for i in range(6) for j in range(i + 1, 7)))
    assert np.mean(whole) >= 0.9
    assert not found.without


def test_texts_without_a_term():
    """Emoji, punctuation, empty and missing texts have no tags and are listed; one character is one."""
    found = tags_from_text({"a": "🎬🎉!?", "b": "", "c": None, "d": "爱", "e": "ＡＩ　课"})
    assert found.without == ("a", "b", "c")
    assert found.by_id()["d"] == {"爱": 1.0}
    assert set(found.by_id()["e"]) == {"ai", "课"}
    assert TextTags.from_json(found.to_json()).to_frame().equals(found.to_frame())
    with pytest.raises(DataInvalid):
        tags_from_text({"a": 3})
    with pytest.raises(InvalidParameter):
        tags_from_text(["a"])


def contacts(rows):
    """(item, kind, region, times) as a log."""
    return pd.DataFrame(
        [(i, k, r, 0) for i, k, r, n in rows for _ in range(n)], columns=["item", "kind", "region", "ts"]
    )


def test_context_multiplier_by_hand():
    """100 contacts and 10 clicks overall; in one region 50 and 9: (9 + 50 x .1) / 100 / .1 = 1.4."""
    log = contacts(
        [
            ("f", "exposure", "上海", 50),
            ("f", "click", "上海", 9),
            ("f", "exposure", "北京", 50),
            ("f", "click", "北京", 1),
        ]
    )
    found = context_rates(log, contexts=["region", "device"])
    assert found.multiplier_of(["f", "g"], {"region": "上海"}).tolist() == pytest.approx([1.4, 1.0])
    assert found.multiplier_of(["f"], {"region": "北京"})[0] == pytest.approx((1 + 5) / 100 / 0.1)
    assert found.multiplier_of(["f"], {"region": "广州"})[0] == 1
    assert found.multiplier_of(["f"], {"region": "上海", "device": "phone"})[0] == pytest.approx(1.4)


def test_uniform_response_changes_nothing_and_hours_are_read_from_times():
    """The same rate everywhere: 1 everywhere."""
    log = contacts([("f", "exposure", r, 40) for r in "ab"] + [("f", "click", r, 4) for r in "ab"])
    assert context_rates(log).multiplier.tolist() == pytest.approx([1.0] * 3)
    assert set(context_rates(log.assign(ts=3600 * 25)).to_frame().query("context == 'hour'").value) == {"1"}


def test_contexts_need_contacts():
    """Without exposures there is no rate; unknown contexts and a shrink of 0 are refused."""
    log = contacts([("f", "click", "a", 3)])
    with pytest.raises(DataInvalid) as caught:
        context_rates(log)
    assert caught.value.rule == "no-exposure"
    with pytest.raises(InvalidParameter):
        context_rates(log, contexts=["weather"])
    with pytest.raises(InvalidParameter):
        context_rates(log, shrink=0)
    with pytest.raises(DataInvalid):
        context_rates(log.drop(columns="kind"))
    seen = context_rates(contacts([("f", "exposure", "a", 3), ("f", "click", "a", 3)]))
    with pytest.raises(InvalidParameter):
        seen.multiplier_of(["f"], {"weather": "rain"})
