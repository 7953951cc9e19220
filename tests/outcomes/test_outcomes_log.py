"""Event logs as people hand them over: each wrong cell is named with its place, and nothing unknown counts as a no."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.outcomes.activity import features_before, label_after, staying_table
from graphkit.outcomes.log import DAY
from graphkit.outcomes.states import state_counts

USERS = ["a", "b"]
READERS = {
    "features": lambda log, users: features_before(log, 10 * DAY, users),
    "label": lambda log, users: label_after(log, users, "purchase", 0, 8 * DAY),
    "staying": lambda log, users: staying_table(log, users, first_days=1, inactive_days=4),
    "states": lambda log, users: state_counts(log, users, period_days=2),
}


def log():
    """Ten days of two people."""
    rows = [("a", 1, "watch", None), ("b", 2, "watch", None), ("b", 4, "purchase", 7.0), ("a", 5, "purchase", 3.0), ("a", 8, "watch", None)]  # fmt: skip
    return pd.DataFrame([{"user": u, "ts": d * DAY, "kind": k, "amount": m, "seconds": 60.0} for u, d, k, m in rows])


def with_cell(column, value):
    """The log with one cell changed, in its fourth row: a purchase."""
    cells = log()[column].astype(object).tolist()
    cells[3] = value
    return log().assign(**{column: pd.Series(cells, dtype=object)})


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        *((("ts", v), "line 5: ts is") for v in (None, np.nan, "soon", np.inf, pd.Period("2020-01"), pd.Timedelta(days=1), [1])),
        *((("ts", v), "line 5: ts is") for v in (pd.Timestamp("2020-01-01"), 10**400)),
        (("ts", 1j), "ts holds complex numbers"),
        *((("user", v), "line 5: user is") for v in (None, np.nan, 5, "", [1], {})),
        *((("kind", v), "line 5: kind is") for v in (None, np.nan, 5, "", [1], Decimal(2))),
        *((("amount", v), "line 5: amount is") for v in ("three", np.inf, -3, pd.Timestamp("2020-01-01"))),
        (("amount", 1j), "amount holds complex numbers"),
        *((("seconds", v), "line 5: seconds is") for v in ("long", np.inf, -1)),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named_with_its_place(reader, wrong, told):
    """Most ended in a TypeError of pandas; missing users and NaN times were passed over, complex amounts lost a part."""
    with pytest.raises(DataInvalid, match=told):
        READERS[reader](with_cell(*wrong), USERS)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("events", "told"),
    [
        (None, "events must be a DataFrame with ts, user and kind. Got 'NoneType'"),
        (log().to_dict("list"), "events must be a DataFrame"),
        *((log().drop(columns=c), f"events has no column '{c}'") for c in ("ts", "user", "kind")),
        (pd.concat([log(), log()[["ts"]]], axis=1), "2 columns of the name 'ts'"),
        (pd.concat([log(), log()[["amount"]]], axis=1), "2 columns of the name 'amount'"),
        (log().iloc[:0], "the log has no event"),
        (log().assign(ts=pd.to_datetime(log().ts, unit="s")), "ts is Timestamp"),
        (log().assign(ts=pd.PeriodIndex(pd.to_datetime(log().ts, unit="s"), freq="D")), "ts is Period"),
        (log().assign(ts=pd.to_timedelta(log().ts, unit="s")), "ts is Timedelta"),
        (log().assign(user=[1, 2, 2, 1, 1]), "line 2: user is 1, not a text"),
    ],
)
def test_what_is_no_log_is_refused(reader, events, told):
    """A date or a period would be taken for microseconds or months since 1970, and ids that are numbers matched nobody."""
    with pytest.raises((DataInvalid, InvalidParameter)) as caught:
        READERS[reader](events, USERS)
    assert told in str(caught.value)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("users", [None, float("nan"), -1, "ab", [], [1, 2], pd.Timestamp("2020-01-01"), 1j, True])
def test_users_are_a_list_of_texts(reader, users):
    """A text was taken for the list of its characters."""
    with pytest.raises(InvalidParameter, match="users must be a list of ids"):
        READERS[reader](log(), users)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "same",
    [
        log().set_axis([0] * 5),
        log().set_axis([9, 3, 3, 1, 0]),
        log().astype({"user": "category", "kind": "category"}),
        log().astype({"user": "string", "kind": "string", "ts": "Int64", "amount": "Float64"}),
        log().assign(ts=[Decimal(int(t)) for t in log().ts], amount=[None, None, Decimal(7), Decimal(3), None]),
    ],
)
def test_the_form_of_a_right_log_does_not_matter(reader, same):
    """Any index, categories, nullable columns and decimals give the same table."""

    def plain(found):
        found = found[0] if isinstance(found, tuple) else found
        return repr(found.to_dict() if isinstance(found, pd.DataFrame) else found)

    assert plain(READERS[reader](same, USERS)) == plain(READERS[reader](log(), USERS))


@pytest.mark.parametrize("wrong", [None, float("nan"), "soon", float("inf"), pd.Timestamp("2020-01-01"), 1j, True, [1]])
def test_moments_are_finite_numbers(wrong):
    """NaN as a cut-off knew of nobody, and as the end of a window of no purchase."""
    with pytest.raises(InvalidParameter, match="cutoff must be a finite number"):
        features_before(log(), wrong, USERS)
    with pytest.raises(InvalidParameter, match="begin must be a finite number"):
        label_after(log(), USERS, "purchase", wrong, 8 * DAY)
    with pytest.raises(InvalidParameter, match="end must be a finite number"):
        label_after(log(), USERS, "purchase", 0, wrong)


@pytest.mark.parametrize("item", [float("nan"), "Film:f1", -1, [1], ("Film",), ("Film", 1)])
def test_an_item_is_a_label_and_an_id(item):
    """A number among them matched nothing: everybody was a no."""
    with pytest.raises(InvalidParameter, match="item must be a label and an id"):
        label_after(log().assign(item_label="Film", item="f1"), USERS, "purchase", 0, 8 * DAY, item=item)


@pytest.mark.parametrize("kind", [None, float("nan"), 5, ["purchase"]])
def test_a_kind_is_a_text(kind):
    """As an item is."""
    with pytest.raises(InvalidParameter, match="kind must be a kind of event"):
        label_after(log(), USERS, kind, 0, 8 * DAY)


def test_who_did_nothing_yet_is_no_no():
    """The log ends on day 8: a window up to day 9 is open still, unless the log is known to be complete."""
    assert label_after(log(), USERS, "purchase", 5 * DAY, 8 * DAY + 1).tolist() == [1, 0]
    with pytest.raises(DataInvalid, match="before the label's window closes") as caught:
        label_after(log(), USERS, "purchase", 5 * DAY, 9 * DAY)
    assert caught.value.rule == "label-window"
    assert "shorter window" in caught.value.hint
    assert label_after(log(), USERS, "purchase", 5 * DAY, 9 * DAY, log_end=9 * DAY).tolist() == [1, 0]
    with pytest.raises(DataInvalid, match="closes"):
        label_after(log(), USERS, "purchase", 5 * DAY, 9 * DAY, log_end=8.5 * DAY)


@pytest.mark.parametrize("end", [5 * DAY, 2 * DAY])
def test_an_empty_window_is_refused(end):
    """It made everybody a no."""
    with pytest.raises(InvalidParameter, match="end must be after begin"):
        label_after(log(), USERS, "purchase", 5 * DAY, end)


def test_why_nobody_can_be_followed_is_told_in_words():
    """It printed a dict of Python."""
    with pytest.raises(DataInvalid, match="2 left before the clock started, 0 came too late to be followed"):
        staying_table(log(), USERS, first_days=1, inactive_days=2)


def test_a_kind_named_items_is_counted_beside_the_distinct_items():
    """Three events of the kind about two items; before and after the kind first occurs the columns mean the same."""
    events = pd.DataFrame(
        {
            "ts": [1, 2, 3, 4 * DAY],
            "user": "a",
            "kind": ["view", "view", "view", "items"],
            "item": ["f1", "f2", "f2", "f3"],
        }
    )
    assert features_before(events, DAY, ["a"]).distinct_items.tolist() == [2]
    assert "n_items" not in features_before(events, DAY, ["a"])
    later = features_before(events, 9 * DAY, ["a"])
    assert (later.n_items.tolist(), later.distinct_items.tolist(), later.n_view.tolist()) == ([1], [3], [3])
    assert features_before(events.head(3), DAY, ["a"]).n_items.tolist() == [2]
