"""The data dictionary says what the declaration says."""

import pytest

from graphkit.errors import UnknownName
from graphkit.model.describe import DICTIONARY, data_dictionary
from graphkit.model.schema import LABELS, TYPES


def test_every_label_type_and_property_has_a_row():
    """18 labels, 42 types and each of their properties, named in both languages."""
    rows = data_dictionary()
    assert len([row for row in rows if row["property"] is None]) == 18 + 42
    assert len(rows) == 60 + sum(len(kind.properties) for kind in (*LABELS.values(), *TYPES.values()))
    assert all(row["zh"] and row["en"] for row in rows)
    assert all(tuple(row) == DICTIONARY for row in rows)


def test_rows_of_reaches_by_hand():
    """REACHES runs from Channel to User and must give p, a chance."""
    kind, *properties = data_dictionary("REACHES")
    assert (kind["ends"], kind["file"]) == ("Channel -> User", "relationships/reaches.csv")
    p = next(row for row in properties if row["property"] == "p")
    assert (p["type"], p["required"], p["allowed"]) == ("FLOAT", True, ">= 0 and <= 1")


def test_what_graphkit_writes_has_no_file():
    """Plans and learned ties are no input; friendship has no direction."""
    assert data_dictionary("Plan")[0]["file"] is None
    assert data_dictionary("INFLUENCES")[0]["file"] is None
    assert data_dictionary("KNOWS")[0]["ends"] == "User -- User"


def test_an_unknown_name_lists_close_ones():
    """A mistyped label is named with what it may have been."""
    with pytest.raises(UnknownName) as caught:
        data_dictionary("Uesr")
    assert "User" in caught.value.close_matches
