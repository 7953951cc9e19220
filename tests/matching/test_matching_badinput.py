"""Odd input to profiles, matching, rankings of items and ratings: a right answer or an error that names thing, value and next step."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from graphkit.errors import DataInvalid, InvalidParameter, UnknownNode
from graphkit.matching.clusters import cluster_profiles
from graphkit.matching.context import context_rates
from graphkit.matching.factors import factorise
from graphkit.matching.fuse import fuse_rankings
from graphkit.matching.lift import tag_lift
from graphkit.matching.neighbours import item_neighbours
from graphkit.matching.path import learning_path
from graphkit.matching.profiles import build_profiles
from graphkit.matching.ratings import rating_neighbours
from graphkit.matching.similarity import match
from graphkit.matching.tags import tags_from_text
from graphkit.matching.text import search
from graphkit.matching.update import update_profile

NAN = math.nan
LOG = pd.DataFrame({"user": ["u", "v"], "item": ["f", "g"], "kind": ["view", "view"], "ts": [0, 10]})
SHOWN = pd.DataFrame({"item": ["f"], "kind": ["exposure"]})
TAGS = {"f": {"a": 1.0}, "g": {"b": 1.0}}


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: match(np.ones(3), np.ones(3)), InvalidParameter, "1 dimensions"),
        (lambda: match(np.ones((2, 2, 2)), np.ones((2, 2, 2))), InvalidParameter, "3 dimensions"),
        (lambda: match(np.array([["a"]]), np.array([["b"]])), DataInvalid, "left holds something that is no number"),
        (lambda: match({1: ["x"], "1": ["y"]}, {"b": ["x"]}), DataInvalid, "'1' twice"),
        (lambda: match({"a": {"x": "much"}}, {"b": ["x"]}), DataInvalid, "'a'"),
        (lambda: match({"a": [1.0, 1e300]}, {"b": [1, 2]}, by="vector"), DataInvalid, "finite"),
        (lambda: match({"a": [1, 2]}, {"b": [1, 2, 3]}, by="vector"), DataInvalid, "2 dimensions"),
        (lambda: match({"a": None}, {"b": [1]}, by="vector"), DataInvalid, "'a'"),
        (lambda: search({"a": NAN}, "x"), DataInvalid, "'a'"),
        (lambda: search(["a"], "x"), InvalidParameter, "mapping"),
        (lambda: search({1: "abc", "1": "abd"}, "ab"), DataInvalid, "'1' twice"),
        (lambda: search({"a": "abc"}, "\ud800"), DataInvalid, "half a character"),
        (lambda: search({"a": "ab\udfff"}, "ab"), DataInvalid, "document 'a' holds half a character"),
        (lambda: match({"a": [1.0]}, {1: [1.0], "1": [2.0]}, by="vector"), DataInvalid, "'1' twice"),
        (lambda: match({"a": [None]}, {"b": [None]}), DataInvalid, "tags of 'a': a name is missing"),
        (lambda: match({"a": {pd.NA: 1.0}}, {"b": ["x"]}), DataInvalid, "missing"),
        (lambda: match(np.array([[1j]]), np.array([[1.0]])), DataInvalid, "complex"),
        (lambda: match(pd.DataFrame([[1], [2]], ["a", "a"]), pd.DataFrame([[1]])), DataInvalid, "index of left"),
        (lambda: build_profiles(LOG, {"f": {}, 1: {}, "1": {}}), DataInvalid, "'1' twice"),
        (lambda: build_profiles(LOG, TAGS, users="uv"), InvalidParameter, "wrap a single name"),
        (lambda: build_profiles(LOG, TAGS, tags="ab"), InvalidParameter, "wrap a single name"),
        (lambda: build_profiles(LOG.assign(user=pd.array(["u", None], "string")), TAGS), DataInvalid, "row 1: user"),
        (lambda: build_profiles(LOG.assign(kind=pd.array([None, "view"], "string")), TAGS), DataInvalid, "row 0: kind"),
        (
            lambda: build_profiles(pd.concat([LOG, LOG[["user"]]], axis=1), TAGS),
            DataInvalid,
            "2 columns of the name 'user'",
        ),
        (lambda: tag_lift({"a": ["x", NAN]}), DataInvalid, "tags of 'a'"),
        (lambda: learning_path([("k2", "k1")], "k2", completed="k1"), InvalidParameter, "wrap a single name"),
        (lambda: learning_path([("k2", NAN)], "k2"), DataInvalid, "requires"),
        (lambda: fuse_rankings([{1: 0.5, "1": 0.2}]), DataInvalid, "'1' twice"),
        (lambda: tags_from_text({1: "a b", "1": "c"}), DataInvalid, "'1' twice"),
        (lambda: update_profile({1: 0.0, "1": 0.0}, {"1": 1.0}, 0.5, rate=0.1), DataInvalid, "'1' twice"),
        (lambda: item_neighbours([[1e200]]), DataInvalid, "at most 1e+50"),
        (lambda: factorise([[1e200]]), DataInvalid, "at most 1e+50"),
        (
            lambda: rating_neighbours(sparse.coo_array(([3.0, 4.0], ([0, 0], [1, 1])), shape=(1, 2))),
            DataInvalid,
            "user 0 rates item 1 2 times",
        ),
        (lambda: context_rates(SHOWN.assign(ts=0)).multiplier_of(["f"], {"hour": "25"}), InvalidParameter, "0 to 23"),
        (lambda: build_profiles(None, TAGS), DataInvalid, "'user'"),
        (lambda: build_profiles(LOG, None), InvalidParameter, "item_tags"),
        (lambda: build_profiles(LOG, {"f": ["a"]}), DataInvalid, "tag: 1.0"),
        (lambda: build_profiles(LOG, TAGS, tags=["a"]), DataInvalid, "unknown tag 'b'"),
        (lambda: build_profiles(LOG.assign(kind="vieww"), TAGS), DataInvalid, "did you mean 'view'"),
        (lambda: build_profiles(LOG.assign(ts=[NAN, 1]), TAGS), DataInvalid, "row 0"),
        (lambda: build_profiles(LOG.assign(ts=pd.to_datetime(["2020-01-01", None])), TAGS), DataInvalid, "row 1"),
        (lambda: update_profile({"a": NAN}, {"a": 1.0}, 0.5, rate=0.1), InvalidParameter, "profile"),
        (lambda: rating_neighbours([[1.0, NAN]]), DataInvalid, "finite"),
        (lambda: rating_neighbours([["good"]]), DataInvalid, "no number"),
        (lambda: rating_neighbours(np.zeros((2, 2))), DataInvalid, "no ratings"),
        (lambda: rating_neighbours([[1.0, 2.0]]).predict(np.array([5])), UnknownNode, "no user 5"),
        (lambda: item_neighbours([[1.0, -1.0]]), DataInvalid, "-1.0"),
        (lambda: factorise([["a"]]), DataInvalid, "no number"),
        (lambda: factorise([1.0, 2.0]), InvalidParameter, "1 dimensions"),
        (lambda: cluster_profiles([["a"]]), DataInvalid, "no number"),
        (lambda: cluster_profiles(np.zeros((2, 2))), DataInvalid, "weight"),
        (lambda: context_rates(None), DataInvalid, "'item'"),
        (lambda: context_rates(SHOWN.assign(ts=["soon"])), DataInvalid, "ts"),
        (lambda: context_rates(SHOWN.assign(ts=[math.inf])), DataInvalid, "row 0"),
        (lambda: context_rates(SHOWN.assign(kind="click")), DataInvalid, "no exposures"),
        (lambda: fuse_rankings({"a": {"x": NAN}}), DataInvalid, "'x'"),
        (lambda: tag_lift({"a": None}), DataInvalid, "collection"),
    ],
)
def test_each_mistake_is_named(call, error, says):
    """The error's class, and words that name what is wrong."""
    with pytest.raises(error) as caught:
        call()
    assert says in str(caught.value)


def test_nothing_gives_nothing():
    """Empty sides, zero vectors, empty texts, unknown words and emoji: empty lists or zeros, never NaN."""
    assert len(match({}, {})) == len(match({"a": ["x"]}, {})) == 0
    for by in ("cosine", "jaccard", "weighted_jaccard", "idf_cosine"):
        assert match({"a": {}}, {"b": {"x": 1}}, by=by).score.tolist() == [0.0]
    assert match({"a": [0, 0]}, {"b": [1, 2]}, by="vector").score.tolist() == [0.0]
    assert match({"a": ["🎬"]}, {"b": ["🎬"], "c": ["🎥"]}).score.tolist() == [1.0, 0.0]
    for query in ("", "🎬", "\u200b", "\x00", "zz"):
        found = search({"d": "爱情", "e": ""}, query)
        assert len(found) == 0
        assert found.reason
    assert len(tag_lift({})) == 0


def test_huge_and_tiny_weights_give_the_quotient_of_the_definition():
    """Sums above the largest number and squares below the smallest one change nothing."""
    assert match({"a": {"x": 1e308, "y": 1e308}}, {"b": {"x": 1e308}}, by="weighted_jaccard").score[0] == 0.5
    tiny = build_profiles(LOG, {"f": {"a": 3e-200, "b": 4e-200}})
    assert tiny.of("u") == pytest.approx({"b": 0.8, "a": 0.6})


def test_an_old_profile_is_not_lost():
    """Thousands of half-lives before the newest event somebody still has the profile of length 1 he would have alone."""
    log = pd.DataFrame({"user": ["old", "old", "new"], "item": ["f", "g", "g"], "ts": [0, 86_400, 10**9]})
    both = build_profiles(log, TAGS, half_life_days=1)
    alone = build_profiles(log[log.user == "old"], TAGS, half_life_days=1)
    assert both.of("old") == alone.of("old") == pytest.approx({"b": 2 / math.sqrt(5), "a": 1 / math.sqrt(5)})
    assert both.without_events == 0
    # T is the newest event of all, so the old user all but vanishes from the mean of g
    assert both.audience[[both.items.index("g")]].toarray()[0] == pytest.approx([0.0, 1.0])


def test_who_did_not_agree_moves_no_bit():
    """Newest event of somebody left out: the others' numbers are the same bytes."""
    log = pd.DataFrame({"user": ["u", "u", "no"], "item": ["f", "g", "f"], "ts": [0, 12_345_678, 99_999_999]})
    with_him, without = (build_profiles(part, TAGS, users=["u"]) for part in (log, log[log.user != "no"]))
    assert with_him.values.tobytes() == without.values.tobytes()
    assert with_him.audience_values.tobytes() == without.audience_values.tobytes()


def test_dates_are_read_as_times():
    """Dates, their texts and their epoch seconds give the same profile."""
    dates = pd.Series(pd.to_datetime(["2024-01-01", "2024-03-31"]))
    log = pd.DataFrame({"user": ["u", "u"], "item": ["f", "g"], "ts": dates})
    seconds = log.assign(ts=[1_704_067_200, 1_711_843_200])
    hours = [
        context_rates(pd.concat([SHOWN.assign(ts=ts), SHOWN.assign(ts=ts, kind="click")])).value
        for ts in (pd.to_datetime(["2024-01-01T05:30"]), [1_704_087_000])
    ]
    assert hours == [("5",), ("5",)]
    texts = log.assign(ts=["2024-01-01T08:00:00+08:00", "2024-03-31"])
    for written in (
        texts,
        texts.astype({"ts": "string"}),
        log.assign(ts=dates.dt.date),
        seconds.astype({"ts": "string"}),
    ):
        assert build_profiles(written, TAGS).values.tobytes() == build_profiles(seconds, TAGS).values.tobytes()
    assert (
        build_profiles(log, TAGS).of("u")
        == build_profiles(seconds, TAGS).of("u")
        == pytest.approx({"b": 2 / math.sqrt(5), "a": 1 / math.sqrt(5)})
    )


def test_an_item_without_tags_has_an_audience():
    """Its people's mean profile, from the tags of what else they took; its own events are counted as saying nothing of tags."""
    log = pd.DataFrame({"user": ["u", "v", "u", "v"], "item": ["bare", "bare", "f", "g"]})
    found = build_profiles(log, {**TAGS, "bare": {}})
    assert found.without_tags == 2
    assert found.audience[[found.items.index("bare")]].toarray()[0] == pytest.approx([0.5, 0.5])


def test_sparse_input_of_any_kind():
    """COO, CSC and integer matrices are read like dense ones and left as they were."""
    x = np.array([[1, 0, 1], [0, 2, 1]])
    for given in (sparse.coo_array(x), sparse.csc_array(x), pd.DataFrame(x)):
        assert item_neighbours(given).weights == pytest.approx(item_neighbours(x).weights)


def test_profiles_of_huge_weights_and_numbers_as_ids_are_right():
    """Weights whose sum is no number give the same directions; an id that a missing cell turned into 7.0 is 7."""
    log = pd.DataFrame({"user": [7.0, 7.0], "item": [1.0, 2.0]})
    found = build_profiles(log, {1: {"a": 1e308, "b": 1e308}, 2: {"a": 1e308, "b": 1e308}})
    np.testing.assert_allclose(list(found.of("7").values()), [0.5**0.5, 0.5**0.5], rtol=1e-15)


def test_a_context_takes_rows_without_a_kind_as_nothing_and_hours_in_both_spellings():
    """A missing kind is neither contact nor answer; hour 08 is hour 8."""
    log = pd.DataFrame({"item": "f", "kind": ["exposure"] * 4 + ["click", pd.NA], "ts": [8 * 3600] * 3 + [0, 28801, 0]})
    rates = context_rates(log, contexts=["hour"])
    assert rates.to_frame()[["value", "exposures", "responses"]].to_numpy().tolist() == [["0", 1, 0], ["8", 3, 1]]
    assert rates.multiplier_of(["f"], {"hour": "08"}) == rates.multiplier_of(["f"], {"hour": "8"}) != 1
