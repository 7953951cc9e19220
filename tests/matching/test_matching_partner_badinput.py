"""Odd histories, texts, names and options of rank_partners: a right answer or an error that names thing, value and next step."""

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import pytest

from graphkit.errors import DataInvalid, InvalidParameter, UnknownName
from graphkit.matching.history import rank_partners
from graphkit.matching.names import name_variants

H = pd.DataFrame({"partnership": ["1", "1", "2", "2", "3", "3"], "member": ["a", "b", "c", "d", "a", "c"]})
T = pd.DataFrame({"partnership": ["1", "2", "3"], "text": ["奶茶 游戏", "电影 奶茶", "游戏"]})
TWICE = pd.concat([H, H.member], axis=1)
LOOSE = pd.Series(["a", "\ud800", "c", "d", "a", "c"], dtype=object)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: rank_partners(None), DataInvalid, "no column 'partnership'"),
        (lambda: rank_partners(H.head(0)), DataInvalid, "history is empty"),
        (lambda: rank_partners(H.drop(columns="member")), DataInvalid, "it has partnership"),
        (lambda: rank_partners(pd.concat([H, H.member], axis=1)), DataInvalid, "2 columns of the name 'member'"),
        (
            lambda: rank_partners(H.assign(member=["a", None, "c", "d", "a", "c"])),
            DataInvalid,
            "row 1: member is missing",
        ),
        (
            lambda: rank_partners(H.assign(member=["a", "c", np.nan, "d", "a", "c"])),
            DataInvalid,
            "row 2: member is missing",
        ),
        (
            lambda: rank_partners(H.assign(member=["a", " ", "c", "d", "a", "c"])),
            DataInvalid,
            "row 1: member is no name: ' '",
        ),
        (lambda: rank_partners(H.assign(member=[["a"]] * 6)), DataInvalid, "row 0: member is no name"),
        (lambda: rank_partners(H.assign(member=LOOSE)), DataInvalid, "row 1: member holds half a character"),
        (lambda: rank_partners(H.assign(partnership=[None] * 6)), DataInvalid, "row 0: partnership is missing"),
        (
            lambda: rank_partners(H.assign(ts=[1, "2020-01-01", 2, 2, 3, 3])),
            DataInvalid,
            "row 0 holds the number 1 among dates",
        ),
        (lambda: rank_partners(H.assign(ts=["soon"] * 6)), DataInvalid, "soon"),
        (lambda: rank_partners(H.assign(ts=[True] * 6)), DataInvalid, "bool"),
        (lambda: rank_partners(H.assign(ts=[1j] * 6)), DataInvalid, "complex"),
        (lambda: rank_partners(H, texts="奶茶"), DataInvalid, "texts has no column 'text'"),
        (
            lambda: rank_partners(H, texts=T.assign(text=pd.Series(["a\ud800", "b", "c"], dtype=object))),
            DataInvalid,
            "row 0: text",
        ),
        (lambda: rank_partners(H, texts=T.assign(partnership=None)), DataInvalid, "neither member nor partnership"),
        (lambda: rank_partners(H, subjects=["zz"]), UnknownName, "'zz'"),
        (lambda: rank_partners(H, subjects=[]), InvalidParameter, "subjects is empty"),
        (lambda: rank_partners(H, subjects="a"), InvalidParameter, "list of names"),
        (lambda: rank_partners(H, subjects=5), InvalidParameter, "list of names"),
        (lambda: rank_partners(H, subjects=["a", None]), InvalidParameter, "place 1"),
        (lambda: rank_partners(H, candidates=["zz"]), UnknownName, "'zz'"),
        (lambda: rank_partners(H, candidates=[]), InvalidParameter, "candidates is empty"),
        (lambda: rank_partners(H, top=0), InvalidParameter, "top"),
        (lambda: rank_partners(H, top=-3), InvalidParameter, "top"),
        (lambda: rank_partners(H, top=2.5), InvalidParameter, "top"),
        (lambda: rank_partners(H, draws=1.5), InvalidParameter, "draws"),
        (lambda: rank_partners(H, exclude_known="no"), InvalidParameter, "exclude_known"),
        (lambda: rank_partners(H, rng="x"), InvalidParameter, "rng"),
        (lambda: rank_partners(H, aliases=5), InvalidParameter, "'name'"),
        (lambda: rank_partners(H, aliases={"a": None}), InvalidParameter, "the name of 'a' is missing"),
        (
            lambda: rank_partners(H, aliases=pd.DataFrame({"name": ["a", None], "variant": ["b", "c"]})),
            InvalidParameter,
            "row 1",
        ),
        (lambda: rank_partners(None, aliases="proposed"), DataInvalid, "partnership"),
        (lambda: rank_partners(TWICE, aliases="proposed"), DataInvalid, "2 columns of the name 'member'"),
        (lambda: rank_partners(TWICE, aliases={"a": "b"}), DataInvalid, "2 columns of the name 'member'"),
        (
            lambda: rank_partners(H, texts=pd.concat([T, T.partnership], axis=1)),
            DataInvalid,
            "2 columns of the name 'partnership'",
        ),
        (lambda: rank_partners(H, texts=T.assign(text=[["a"], "b", "c"])), DataInvalid, "row 0: text is no text"),
        (
            lambda: rank_partners(H, aliases=pd.DataFrame([["a", "b", "b"]], columns=["name", "variant", "variant"])),
            InvalidParameter,
            "'variant' 2 times",
        ),
        (lambda: rank_partners(H, aliases={"a": "\ud800"}), InvalidParameter, "the name of 'a' holds half a character"),
        (lambda: rank_partners(H, subjects=["a", None], aliases={"b": "a"}), InvalidParameter, "place 1"),
        (lambda: rank_partners(H, subjects=b"a"), InvalidParameter, "list of names"),
        (lambda: name_variants(TWICE), DataInvalid, "2 columns of the name 'member'"),
        (
            lambda: name_variants(H.assign(member=["a", None, "c", "d", "a", "c"])),
            DataInvalid,
            "row 1: member is missing",
        ),
        (lambda: name_variants(H.assign(member=LOOSE)), DataInvalid, "row 1: member holds half a character"),
    ],
)
def test_named_errors(call, error, says):
    """Each wrong value is refused by name."""
    with pytest.raises(error, match=says):
        call()


@pytest.mark.parametrize(
    ("ts", "dated"),
    [
        ([None] * 6, False),
        ([np.nan] * 6, False),
        (pd.to_datetime([None] * 6), False),
        ([7] * 6, False),
        (pd.Series([1, None, 2, 2, 3, 3], dtype=object), True),
        (pd.array([1, None, 2, 2, 3, 3], "Int64"), True),
        ([1, 1, np.inf, 2, 3, 3], True),
        (["2020-01-01", "2020-01-01", "2021", "2021", "2022-03", None], True),
        (pd.date_range("2020-01-01", periods=6, tz="Asia/Shanghai"), True),
        ([pd.Timestamp("2020-01-01", tz="UTC"), dt.date(2020, 1, 1), *[pd.Timestamp("2021-01-01")] * 4], True),
    ],
)
def test_times_of_every_kind_are_read_or_count_as_missing(ts, dated):
    """Numbers, dates with and without a zone, missing ones, all the same: recent is measured where the order means time."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = rank_partners(H.assign(ts=ts)).to_frame()
    assert frame.recent.notna().all() == dated
    assert set(zip(frame.subject, frame.partner, strict=True)) == {
        ("a", "d"),
        ("b", "c"),
        ("b", "d"),
        ("c", "b"),
        ("d", "a"),
        ("d", "b"),
    }


def test_a_zone_moves_the_moment_not_the_order_of_the_same_moments():
    """The same moments in two zones and in seconds give the same table."""
    utc = pd.to_datetime(["2020-01-01", "2020-01-01", "2021-01-01", "2021-01-01", "2022-01-01", "2022-01-01"], utc=True)
    seconds = utc.as_unit("s").astype("int64").to_numpy()
    frames = [rank_partners(H.assign(ts=ts)).to_frame() for ts in (utc, utc.tz_convert("Asia/Shanghai"), seconds)]
    pd.testing.assert_frame_equal(frames[0], frames[1])
    pd.testing.assert_frame_equal(frames[0], frames[2])


def test_histories_of_one_member_repeated_rows_and_two_campaigns():
    """Nobody to rank is an empty table; repeated rows change nothing; numbers may be names."""
    assert len(rank_partners(H.head(1)).to_frame()) == 0
    alone = rank_partners(H.drop_duplicates("partnership")).to_frame()
    assert (alone.common == 0).all()
    assert (alone.together == 0).all()
    pd.testing.assert_frame_equal(rank_partners(H).to_frame(), rank_partners(pd.concat([H, H])).to_frame())
    assert set(rank_partners(H.head(4), subjects=["a"]).partner) == {"c", "d"}
    assert set(rank_partners(H.assign(member=[1.5, 2, 3, 4, 1.5, 3]), subjects=["1.5"]).partner) == {"4"}
    assert len(rank_partners(H, subjects=["a"], candidates=["a"]).to_frame()) == 0
    assert rank_partners(H, aliases={"b": "a", "c": "a", "d": "a"}).partner == ()


@pytest.mark.parametrize("text", ["茶", "🙂", "👩‍👩‍👧", "", "a\0b", 5, None, np.nan])
def test_one_word_emoji_and_missing_texts_still_rank_by_history(text):
    """A text that says little takes nobody off the list."""
    found = rank_partners(H, texts=T.assign(text=pd.Series([text] * 3, dtype=object))).to_frame()
    assert len(found) == len(rank_partners(H).to_frame())
    assert np.isfinite(found.score).all()


def test_rows_that_connect_names_make_them_one_and_circles_are_refused():
    """A variant of two names joins all three; a mapping or a table that leads nowhere is an error."""
    both = pd.DataFrame({"name": ["a", "c"], "variant": ["b", "b"]})
    assert rank_partners(H, aliases=both).aliases == {"b": "a", "c": "a"}
    chain = pd.DataFrame({"name": ["b", "a"], "variant": ["c", "b"]})
    assert rank_partners(H, aliases=chain).aliases == {"b": "a", "c": "a"}
    with pytest.raises(InvalidParameter, match="lead back"):
        rank_partners(H, aliases=pd.DataFrame({"name": ["a", "b"], "variant": ["b", "a"]}))


def test_numbers_that_a_missing_cell_turned_into_floats_are_the_same_names():
    """Partnership 1 of the history is 1.0 in a table of texts whose column has an empty cell; subjects may be 1 or 1.0."""
    numbered = H.assign(partnership=[1, 1, 2, 2, 3, 3])
    told = pd.DataFrame({"partnership": [1, 2, 3, None], "member": [None, None, None, "a"], "text": [*T.text, "奶茶"]})
    assert told.partnership.dtype == float
    frame = rank_partners(numbered, texts=told).to_frame()
    assert frame.text.notna().all()
    written = told.assign(partnership=["1", "2", "3", None])
    pd.testing.assert_frame_equal(frame, rank_partners(H, texts=written).to_frame())
    people = H.assign(member=[7, 8, 9, 10, 7, 9])
    assert rank_partners(people, subjects=[8]).partner == rank_partners(people, subjects=[8.0]).partner == ("9", "10")
    assert set(rank_partners(people, aliases={8.0: 7.0}, subjects=[8]).subject) == {"7"}


def test_a_table_of_spellings_is_taken_as_it_was_returned():
    """The result of name_variants and its frame join the same names."""
    tea = H.assign(member=["奈雪", "b", "奈雪的茶", "d", "奈雪", "c"])
    table = name_variants(tea)
    assert table.join.any()
    asked = [rank_partners(tea, aliases=given).aliases for given in (table, table.to_frame(), "proposed")]
    assert asked[0] == asked[1] == asked[2] == {"奈雪的茶": "奈雪"}
