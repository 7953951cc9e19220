"""Target expressions: Cypher's three-valued logic, typed values, no way out of the grammar."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import InvalidParameter
from graphkit.model.tables import NodeColumns, as_column, object_array
from graphkit.model.target import parse_target

USERS = NodeColumns(
    "User",
    object_array(["a", "b", "c", "d"]),
    {
        "age": as_column([10, None, 30, 40]),
        "region": as_column(["上海", "北京", None, "上海"]),
        "consent": as_column([True, True, False, True]),
    },
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("age>=18", [2, 3]),
        ("age <> 10", [2, 3]),
        ("not age >= 18", [0]),
        ("age between 10 and 30", [0, 2]),
        ("age not between 10 and 30", [3]),
        ("region = '上海' and age > 18", [3]),
        ("region = '上海' or age >= 30", [0, 2, 3]),
        ("not (region = '上海' or age >= 30)", []),
        ("region in ('北京', '上海')", [0, 1, 3]),
        ("region not in ('北京')", [0, 3]),
        ("consent = false", [2]),
        ('AGE_not = 1 or region = "x"', None),
        ("id = 'b'", [1]),
    ],
)
def test_rows_by_hand(text, rows):
    """Rows of a four-user table worked out by hand; a missing value is neither true nor false."""
    if rows is None:
        with pytest.raises(InvalidParameter):
            parse_target(text)
        return
    assert np.flatnonzero(parse_target(text).to_mask(USERS)).tolist() == rows


def test_values_travel_as_parameters():
    """No value enters the Cypher text."""
    text, params = parse_target('region = "a\' OR 1=1 //" and age in (1, 2)').to_cypher("u")
    assert text == "((u.region = $target0) AND (u.age IN $target1))"
    assert params == {"target0": "a' OR 1=1 //", "target1": [1, 2]}


@pytest.mark.parametrize(
    "text",
    ["", " ", "age", "age >", "age = 'x'", "age = true", "region = 5", "foo = 1", "age = 1) or (1=1", "region = 'a' //", "age = 1; CREATE (n)", "(" * 200,
     "not " * 200 + "age = 1", "age = 1e999", "age = 99999999999999999999", "age in ()", "consent_scope = 'plan'", "u.age = 1", "`age` = 1", "age = $x", "region = 'open",
     "region = '\\u0041'", "age = 1 or", "x" * 20_000],
)  # fmt: skip
def test_what_is_no_target_is_refused(text):
    """Each of these is refused with a sentence."""
    with pytest.raises(InvalidParameter):
        parse_target(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    """Whatever comes in: an answer or InvalidParameter, and the Cypher holds only names, signs and parameters."""
    try:
        cypher, _ = parse_target(text).to_cypher("u")
    except InvalidParameter:
        return
    assert not set(cypher) - set("abcdefghijklmnopqrstuvwxyz_0123456789.$()<>= ANDORNTI")
