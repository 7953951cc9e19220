"""Likeness of tags and texts against hand examples and scikit-learn."""

import itertools
import math
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from graphkit.errors import DataInvalid, InvalidParameter, UnknownName
from graphkit.matching.history import PartnerRanking, rank_partners
from graphkit.matching.order import best_places
from graphkit.matching.similarity import Matches, contributions, inverse_frequency, match
from graphkit.matching.text import search


def test_cosine_equals_scikit_learn():
    """All pairs of sparse rows, zero rows among them, to 1e-12."""
    x, y = (sparse.random_array((n, 30), density=0.1, rng=np.random.default_rng(n)).tocsr() for n in (20, 25))
    frame = match(x, y, top=25).to_frame()
    true = cosine_similarity(x, y)
    assert_allclose(frame.score, true[frame.left.astype(int), frame.right.astype(int)], atol=1e-12)
    assert frame.score.notna().all()


def test_jaccard_by_hand():
    """2 of 4 tags shared; both empty 0; weighted with weights 0/1 equals the set form."""
    left, right = {"f": ["a", "b", "c"], "e": []}, {"k": ["b", "c", "d"], "m": []}
    frame = match(left, right, by="jaccard").to_frame().set_index(["left", "right"]).score
    assert frame["f", "k"] == 0.5
    assert frame["e", "m"] == frame["e", "k"] == 0
    assert list(match(left, right, by="weighted_jaccard").score) == list(match(left, right, by="jaccard").score)
    weighted = match({"f": {"a": 1, "b": 2}}, {"k": {"a": 2, "b": 1}}, by="weighted_jaccard")
    assert weighted.score[0] == pytest.approx(2 / 4)


def test_ties_go_by_id_and_scale_does_not_matter():
    """Equal tags at any scale score 1, orthogonal ones 0, equal scores rank by id."""
    found = match({"f": {"a": 1e-200}}, {"k2": {"a": 3.0}, "k1": {"a": 1e200}, "k0": {"b": 1.0}})
    assert list(found.right) == ["k1", "k2", "k0"]
    assert_allclose(found.score, [1, 1, 0])
    assert list(found.rank) == [1, 2, 3]


def test_idf_cosine_evidence_sums_to_the_score():
    """A tag that everybody has counts less; contributions of the shared tags sum to the score."""
    left, right = (
        {"f": ["x", "rare"]},
        {"k1": ["x", "rare"], "k2": ["x", "other"], "k3": ["rare", "odd"], "k4": ["x", "more"]},
    )
    found = match(left, right, by="idf_cosine")
    assert list(found.right)[:2] == ["k1", "k3"]
    for score, text in zip(found.score, found.evidence, strict=True):
        parts = sum(float(part.rsplit("=", 1)[1]) for part in text.split(" · ") if part)
        assert parts == pytest.approx(score, abs=2e-3)


def test_search_equals_scikit_learn_character_grams():
    """Three films and one query: the scores of TfidfVectorizer(analyzer="char", ngram_range=(1, 2))."""
    films = {"f1": "电影A是一部科幻电影", "f2": "电影B是一部爱情电影", "f3": "电影C是一部动作电影"}
    model = TfidfVectorizer(analyzer="char", ngram_range=(1, 2))  # lower-cases too
    true = (model.fit_transform(films.values()) @ model.transform(["科幻电影"]).T).toarray().ravel()
    found = search(films, "科幻电影")
    assert list(found.ids) == ["f1", "f2", "f3"]
    assert_allclose(found.scores, true, atol=1e-12)
    assert found.scores[0] > 2 * found.scores[1] > 0
    assert found.scores == pytest.approx(_by_hand(films.values(), "科幻电影"), abs=1e-12)
    assert found.scores == pytest.approx([0.727, 0.250, 0.250], abs=5e-4)


def _by_hand(texts, query):
    """The formula of the definition with dictionaries only."""
    texts = [t.lower() for t in texts]
    grams = [Counter(t[i : i + n] for n in (1, 2) for i in range(len(t) - n + 1)) for t in texts]
    df = Counter(gram for own in grams for gram in own)
    known = Counter(
        {
            g: n
            for g, n in Counter(query[i : i + n] for n in (1, 2) for i in range(len(query) - n + 1)).items()
            if g in df
        }
    )
    rows = [{g: n * (math.log((1 + len(grams)) / (1 + df[g])) + 1) for g, n in own.items()} for own in (*grams, known)]
    size = [math.sqrt(sum(v * v for v in row.values())) for row in rows]
    return [
        sum(row.get(g, 0) * v for g, v in rows[-1].items()) / own / size[-1]
        for row, own in zip(rows[:-1], size[:-1], strict=True)
    ]


def test_search_folds_width_and_case_and_explains_an_empty_answer():
    """Full-width and upper-case letters match; an unknown query gives a reason, not an accident."""
    assert search({"a": "ＫＯＬ 直播"}, "kol").ids == ("a",)
    found = search({"a": "科幻"}, "xyz")
    assert len(found) == 0
    assert "xyz" in found.reason
    assert search({}, "x").reason == "there are no documents"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: match({"a": "tag"}, {"b": []}), DataInvalid),
        (lambda: match({"a": {"t": float("nan")}}, {"b": []}), DataInvalid),
        (lambda: match({"a": {"t": -1}}, {"b": {"t": 1}}, by="jaccard"), DataInvalid),
        (lambda: match({"a": []}, {"b": []}, by="cosin"), InvalidParameter),
        (lambda: match({"a": []}, np.eye(2)), InvalidParameter),
        (lambda: search({"a": 3}, "x"), DataInvalid),
        (lambda: search({"a": "x"}, 3), InvalidParameter),
    ],
)
def test_bad_input_is_refused(call, error):
    """Each mistake has a named error."""
    with pytest.raises(error):
        call()


def history():
    """Two worlds of tea and cars; the star works with everybody."""
    pairs = {
        1: ["tea a", "star"],
        2: ["tea b", "star"],
        3: ["tea a", "cup"],
        4: ["car a", "tyre"],
        5: ["car b", "star"],
        6: ["tea b", "pot"],
    }
    rows = [(str(k), name, 86_400 * k) for k, names in pairs.items() for name in names]
    return pd.DataFrame(rows, columns=["partnership", "member", "ts"])


TEXTS = pd.DataFrame(
    {
        "member": ["cup", "pot", "tyre", "star", "new tea"],
        "text": ["茶杯 奶茶", "茶壶 奶茶", "轮胎 汽车", "明星", "奶茶 新茶"],
    }
)


def test_popularity_text_and_graph_enter_the_rank():
    """A new tea brand gets the tea things before the tyre; columns say why; nobody meets himself."""
    frame = rank_partners(history(), texts=TEXTS, subjects=["new tea", "tea a"]).to_frame()
    new = frame[frame.subject == "new tea"].set_index("partner")
    assert new["rank"]["cup"] < new["rank"]["tyre"]
    assert new.mates.isna().all()
    known = frame[frame.subject == "tea a"]
    assert not {"tea a", "star", "cup"} & set(known.partner)
    assert list(known["rank"]) == list(range(1, len(known) + 1))
    assert known.score.is_monotonic_decreasing
    assert known.set_index("partner").popularity["tea b"] == 2


def test_row_order_changes_nothing_and_former_partners_come_on_request():
    """Shuffled rows give the same table; exclude_known=False ranks the star."""
    a = rank_partners(history(), texts=TEXTS).to_frame()
    b = rank_partners(history().sample(frac=1, random_state=1), texts=TEXTS.sample(frac=1, random_state=2)).to_frame()
    pd.testing.assert_frame_equal(a, b)
    all_of_them = rank_partners(history(), subjects=["tea a"], exclude_known=False, candidates=["star", "cup", "tyre"])
    assert set(all_of_them.partner) == {"star", "cup", "tyre"}
    assert dict(zip(all_of_them.partner, all_of_them.together, strict=True)) == {"star": 1, "cup": 1, "tyre": 0}


def test_history_mistakes_are_refused():
    """Empty, without a column, with a null, with an unknown subject."""
    for frame in (history().head(0), history().drop(columns="member"), history().assign(member=None)):
        with pytest.raises(DataInvalid):
            rank_partners(frame)
    with pytest.raises(UnknownName) as caught:
        rank_partners(history(), subjects=["tea c"])
    assert "tea a" in caught.value.close_matches


def test_results_survive_json():
    """from_json(to_json(x)) holds the same table, unmeasured parts as NaN."""
    found = rank_partners(history(), texts=TEXTS, subjects=["new tea"])
    assert PartnerRanking.from_json(found.to_json()).to_frame().equals(found.to_frame())
    pairs = match({"f": ["a"]}, {"k": ["a"]})
    assert Matches.from_json(pairs.to_json()).to_frame().equals(pairs.to_frame())


@pytest.mark.parametrize("by", ["cosine", "jaccard", "weighted_jaccard"])
def test_contributions_sum_to_the_score(by):
    """Parts of the shared tags of random items sum to the score of match, to 1e-12, largest first."""
    rng = np.random.default_rng(7)
    for _ in range(20):
        left, right = ({f"t{i}": float(rng.random()) for i in rng.choice(9, 5, replace=False)} for _ in range(2))
        parts = contributions(left, right, by=by)
        assert sum(parts.values()) == pytest.approx(match({"a": left}, {"b": right}, by=by).score[0], abs=1e-12)
        assert list(parts.values()) == sorted(parts.values(), reverse=True)
        assert parts.keys() == left.keys() & right.keys()
    assert contributions([], ["a"], by=by) == {}


def test_inverse_frequency_by_hand():
    """Three items and one without tags: ln(5 / 3) + 1 for a tag of two."""
    found = inverse_frequency({"a": ["x", "y"], "b": ["x"], "c": {"z": 0.5}}, n_items=4)
    assert found == pytest.approx({"x": np.log(5 / 3) + 1, "y": np.log(5 / 2) + 1, "z": np.log(5 / 2) + 1})


def test_given_vectors_equal_brute_force():
    """600 x 300 float32 vectors: the same top 5 as all cosines at once; zero vectors score 0; ties by id."""
    rng = np.random.default_rng(3)
    left = {f"a{i:03d}": rng.standard_normal(16).astype(np.float32) for i in range(600)}
    right = {f"b{i:03d}": rng.standard_normal(16).astype(np.float32) for i in range(300)}
    left["a000"] = np.zeros(16, np.float32)
    found = match(left, right, by="vector", top=5)
    true = cosine_similarity(np.stack(list(left.values())).astype(float), np.stack(list(right.values())).astype(float))
    best = np.argsort(-true, axis=1, kind="stable")[:, :5]
    assert list(found.right) == [f"b{j:03d}" for j in best.ravel()]
    assert_allclose(found.score, np.take_along_axis(true, best, 1).ravel(), atol=1e-12)
    assert (found.score[:5] == 0).all()
    assert list(match({"q": [1, 1]}, {"b": [2.0, 2.0], "a": [5, 5], "c": [-1, 1]}, by="vector").right) == [
        "a",
        "b",
        "c",
    ]
    assert len(match({}, {"a": [1.0]}, by="vector")) == 0


@pytest.mark.parametrize(
    ("left", "right", "rule", "name"),
    [
        ({"a": [1, 2], "b": [1]}, {"c": [1, 2]}, "dimension", "b"), ({"a": [1, 2]}, {"c": [1, 2, 3]}, "dimension", "right ones 3"), ({"a": [1, float("nan")]}, {}, "vector", "a"),
        ({"a": "xy"}, {}, "vector", "a"), ({"a": [[1.0]]}, {}, "vector", "a"),
    ],
)  # fmt: skip
def test_vectors_of_another_model_are_named(left, right, rule, name):
    """Wrong dimensions, NaN, texts and tables name the id."""
    with pytest.raises(DataInvalid, match=name) as caught:
        match(left, right, by="vector")
    assert caught.value.rule == rule
    with pytest.raises(InvalidParameter):
        match(np.eye(2), {"a": [1.0]}, by="vector")


def test_match_leaves_the_callers_matrix_alone():
    """A matrix with stored zeros and duplicates is not tidied in place."""
    x = sparse.csr_array((np.array([1.0, 0.0, 2.0]), np.array([0, 1, 0]), np.array([0, 3])), shape=(1, 2))
    match(x, x)
    assert x.nnz == 3
    x.data.flags.writeable = False
    match(x, x, by="jaccard")


def test_short_and_odd_queries():
    """One character finds what holds it, emoji are grams like others, blanks say why nothing is found."""
    assert search({"a": "爱", "b": "恨"}, "爱").ids == ("a",)
    assert search({"a": "🎬 片场", "b": "片"}, "🎬").ids == ("a",)
    assert search({"a": "x"}, "   ").reason == "the query is empty"


@pytest.mark.parametrize("by", ["cosine", "idf_cosine", "weighted_jaccard", "vector"])
def test_scores_that_differ_by_rounding_only_are_ties_by_id(by):
    """Multiples of one row, and one row's weights in another order, score alike: id decides, and no score rises."""
    draw = np.random.default_rng(5)
    for _ in range(60):
        weights = draw.random(3)
        orders = [dict(zip(order, weights, strict=True)) for order in itertools.permutations("abc")]
        times = [dict(zip("abc", weights * factor, strict=True)) for factor in draw.random(6) * 10]
        query = dict.fromkeys("abc", 1.0)
        for rows in (orders, times if by.endswith("cosine") else orders):
            right = {f"r{i}": [row[tag] for tag in "abc"] if by == "vector" else row for i, row in enumerate(rows)}
            found = match({"q": list(query.values()) if by == "vector" else query}, right, by=by)
            assert list(found.right) == sorted(found.right)
            assert (np.diff(found.score) <= 0).all()


def test_best_places_order_as_exact_numbers_do():
    """Against sorting fractions by value, then place, where the floats carry rounding."""
    draw = np.random.default_rng(7)
    exact = draw.integers(0, 6, (50, 30))
    noisy = exact * 0.1 * (1 + draw.uniform(-1e-15, 1e-15, exact.shape))
    for count in (1, 7, 30):
        places, scores = best_places(noisy, count)
        for row, want in zip(places, exact, strict=True):
            assert row.tolist() == sorted(range(30), key=lambda i: (-want[i], i))[:count]
        np.testing.assert_allclose(scores, np.take_along_axis(noisy, places, axis=1), atol=1e-12)
    assert best_places(np.zeros((2, 0)), 3)[0].shape == (2, 0)


def test_two_frames_are_paired_by_the_names_of_their_columns():
    """Index = ids, columns = tags: the same answer as the mapping, whatever the order of rows and columns."""
    draw = np.random.default_rng(3)
    left = pd.DataFrame(draw.random((5, 3)), ["e", "a", "c", "b", "d"], ["x", "y", "z"])
    right = pd.DataFrame(draw.random((4, 3)), [3, 1, 2, 0], ["z", "w", "x"])
    want = match(*({id_: row.to_dict() for id_, row in side.iterrows()} for side in (left, right)))
    found = match(left, right)
    assert (found.left, found.right, found.evidence) == (want.left, want.right, want.evidence)
    np.testing.assert_array_equal(found.score, want.score)


def test_search_by_words_equals_scikit_learn_with_words_as_terms():
    """Grams, and each word of letters and digits twice, against TfidfVectorizer with that analyzer."""
    texts = {"a": "Brand new 2", "b": "Ran, bran-d", "c": "K歌 brand", "d": "品牌 联名", "e": ""}

    def terms(text):
        pairs = [text[i : i + n] for n in (1, 2) for i in range(len(text) - n + 1)]
        return [pair for pair in pairs if pair.strip()] + 2 * [f"_{word}_" for word in re.findall("[a-z0-9]+", text)]

    tfidf = TfidfVectorizer(analyzer=lambda text: terms(text.lower()))
    rows = tfidf.fit_transform(texts.values())
    for query in ("brand", "k 2", "品牌", "NEW brand 联名"):
        true = dict(zip(texts, (rows @ tfidf.transform([query]).T).toarray().ravel(), strict=True))
        found = search(texts, query, words=True)
        assert set(found.ids) == {id_ for id_, score in true.items() if score > 0}
        assert_allclose(found.scores, [true[id_] for id_ in found.ids], atol=1e-12)


def test_letters_of_a_longer_word_find_nothing():
    """By hand: z alone is no likeness to zzzzqqq; a word of one letter, a pair of letters and one ideograph are."""
    texts = {"a": "知山课堂 z", "b": "Zoo", "c": "pizza", "d": "课"}
    found = search(texts, "zzzzqqq", words=True)
    assert found.ids == ("c",)
    del texts["c"]
    assert search(texts, "zzzzqqq", words=True).ids == ()
    assert "single letters" in search(texts, "zzzzqqq", words=True).reason
    assert "any character" in search(texts, "xx", words=True).reason
    assert set(search(texts, "z", words=True).ids) == {"a", "b"}
    assert set(search(texts, "课程 zap", words=True).ids) == {"a", "d"}
    assert set(search(texts, "zzzzqqq").ids) == {"a", "b"}  # by grams alone every gram counts


def test_whole_words_come_before_letters_and_chinese_keeps_its_scores():
    """A short name of the same letters no longer hides the names that hold the word."""
    films = {
        "a": "Behind the Candelabra",
        "b": "Ran",
        "c": "The Brand New Testament",
        "d": "A Brand Apart",
        "e": "Bran",
    }
    assert set(search(films, "brand", top=2, words=True).ids) == {"c", "d"}
    assert search(films, "brand", words=True).evidence[0].split()[0] == "brand"
    assert set(search(films, "brand", top=2).ids) != {"c", "d"}
    chinese = {"a": "科幻电影：流浪", "b": "爱情电影", "c": "电影 音乐"}
    plain, worded = (search(chinese, "科幻电影", words=words) for words in (False, True))
    assert plain.ids == worded.ids
    assert_allclose(plain.scores, worded.scores, rtol=0)


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-2, 2)), min_size=1, max_size=30),
    st.integers(1, 35),
)
def test_the_best_places_are_those_of_a_plain_sort(cells, count):
    """Scores that differ by 4e-13 of the largest are ties, and ties of ties: places up within a group, no score above one before."""
    scores = np.array([a + b * 4e-13 for a, b in cells])
    close, groups = 1e-12 * np.abs(scores).max(), []
    for place in sorted(range(len(cells)), key=lambda i: (-scores[i], i)):
        if groups and groups[-1][-1][0] - scores[place] <= close:
            groups[-1].append((scores[place], place))
        else:
            groups.append([(scores[place], place)])
    expected = [place for group in groups for place in sorted(place for _, place in group)][:count]
    places, best = best_places(np.stack([scores, scores[::-1]]), count)
    assert places[0].tolist() == expected
    assert best[0].tolist() == np.minimum.accumulate(scores[expected]).tolist()
    assert places.shape == best.shape == (2, min(count, len(cells)))
