"""Finding, reading and checking named queries."""

import datetime as dt
import json

import pytest

from graphkit.errors import InvalidParameter, QueryNotFound
from graphkit.store.queries import Query, check_params, list_queries, load_query, parse_param, parse_query

HEADER = """// @title 甲 | a
// @param film STRING
// @param minCell INTEGER = 50
// @access read
// First sentence.
// Second sentence.
MATCH (f:Film {id: $film}) WHERE f.n >= $minCell RETURN f.id AS id;
"""


def make(text, name="x"):
    """A query from a text."""
    return parse_query(text, name=name, path=f"cypher/{name}.cypher")


def test_a_file_says_what_it_is():
    """Header, sentence and statement are read apart."""
    query = make(HEADER)
    assert (query.title, query.access, query.doc) == ("甲 | a", "read", "First sentence. Second sentence.")
    assert [(p.name, p.type, p.default, p.required) for p in query.params] == [
        ("film", "STRING", None, True),
        ("minCell", "INTEGER", 50, False),
    ]
    assert query.statements == ("MATCH (f:Film {id: $film}) WHERE f.n >= $minCell RETURN f.id AS id",)
    assert query.param_line({"film": "f'1"}) == ':param {film: "f\'1", minCell: 50};'


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (("film STRING", "film TEXT"), "line 2: cannot read the parameter"),
        (("= 50", "= fifty"), "is no JSON value"),
        (("@access read", "@access all"), "unknown access 'all'"),
        (("@title", "@author"), "line 1: unknown header @author"),
        (("$film}", "$movie}"), "differ from those used"),
        (("minCell INTEGER", "film INTEGER"), "declared twice"),
        (("AS id;", "AS 'id;"), "line 7: a string that is never closed"),
    ],
)
def test_a_broken_file_names_the_line(change, match):
    """Every mistake of a header stops before anything is sent."""
    with pytest.raises(InvalidParameter, match=match):
        make(HEADER.replace(*change))


def test_a_name_is_its_path_and_the_object_is_kept():
    """The sample of the mission loads by name, once."""
    query = load_query("partners/incremental_reach")
    assert query is load_query("partners/incremental_reach")
    assert isinstance(query, Query)
    assert query.path == "cypher/partners/incremental_reach.cypher"
    with pytest.raises(AttributeError):
        query.access = "write"


def test_an_unknown_name_lists_close_matches():
    """A slip of the pen finds the right name."""
    with pytest.raises(QueryNotFound) as caught:
        load_query("partners/incremental_reech")
    assert caught.value.close_matches[0] == "partners/incremental_reach"
    assert "partners/incremental_reach" in str(caught.value)


def test_all_names_are_listed_once_and_ordered():
    """The list holds what load_query finds."""
    names = [q.name for q in list_queries()]
    assert names == sorted(set(names))
    assert sum(q.access == "read" for q in list_queries()) >= 16


@pytest.mark.parametrize(
    ("given", "parameter", "match"),
    [
        ({}, "film", r"needs the parameter film \(STRING\)"),
        ({"film": "f1", "mincell": 3}, "mincell", "has no parameter 'mincell'; it has film, minCell"),
        ({"film": 1}, "film", "must be STRING: got 1"),
        ({"film": "f1", "minCell": 1.5}, "minCell", "must be INTEGER: got 1.5"),
        ({"film": "f1", "minCell": True}, "minCell", "must be INTEGER: got True"),
        ({"film": "f1", "minCell": 2**63}, "minCell", "64-bit"),
        ({"film": "f1", "minCell": None}, "minCell", "must be INTEGER: got None"),
    ],
)
def test_parameters_are_checked_before_the_server_is_asked(given, parameter, match):
    """Missing, unknown and wrongly typed ones name themselves and show the line to paste."""
    with pytest.raises(InvalidParameter, match=match) as caught:
        check_params(make(HEADER), given)
    assert caught.value.parameter == parameter
    assert ":param {film:" in caught.value.hint


def test_defaults_are_filled_in():
    """What is not given takes the file's value."""
    assert check_params(make(HEADER), {"film": "f1"}) == {"film": "f1", "minCell": 50}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("007", "STRING", "007"), ("null", "STRING", "null"), ('["a"]', "STRING", '["a"]'), ("", "STRING", ""), (" -7 ", "INTEGER", -7),
        ("1e3", "FLOAT", 1000.0), ("3", "FLOAT", 3.0), ("TRUE", "BOOLEAN", True), ('["a", "b"]', "LIST<STRING>", ["a", "b"]), ("[]", "LIST<INTEGER>", []),
        ("[[1], [2, 3]]", "LIST<LIST<INTEGER>>", [[1], [2, 3]]), ('{"a": 1}', "MAP", {"a": 1}), ("2027-01-31T08:00:00", "LOCAL DATETIME", dt.datetime(2027, 1, 31, 8)),  # noqa: DTZ001 - a local time is meant
        ("12", "ANY", 12), ("b:天猫", "ANY", "b:天猫"), ("007", "ANY", "007"),
    ],
)  # fmt: skip
def test_command_line_values_get_their_type(text, kind, value):
    """A STRING stays as typed; numbers, lists and maps are spelled plainly."""
    found = parse_param(text, kind)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1.0", "INTEGER"), ("１２", "INTEGER"), ("9223372036854775808", "INTEGER"), ("nan", "FLOAT"), ("inf", "FLOAT"), ("1e999", "FLOAT"), ("1_0", "FLOAT"),
        ("yes", "BOOLEAN"), ("a,b", "LIST<STRING>"), ("[1]", "LIST<STRING>"), ('"x"', "MAP"), ("[NaN]", "LIST<FLOAT>"), ("2027-01-31T08:00:00+08:00", "LOCAL DATETIME"),
    ],
)  # fmt: skip
def test_command_line_values_of_another_type_are_refused(text, kind):
    """No silent conversion."""
    with pytest.raises(InvalidParameter):
        parse_param(text, kind)


def test_the_line_to_paste_is_json_in_braces():
    """Every packaged query prints a line that Browser takes."""
    for query in list_queries():
        line = query.param_line({p.name: p.default for p in query.params})
        assert line.startswith(":param {")
        for param in query.params:
            assert f"{param.name}: {json.dumps(param.default, ensure_ascii=False)}" in line or param.required
