"""Any bytes, any document, any text: an answer or a named error, never a traceback, and every row counted once."""

import copy
import gzip
import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from graphkit.errors import DataInvalid, GraphkitError, InvalidParameter
from graphkit.model.plan_document import check_plan
from graphkit.model.tables import GraphTables, NodeColumns, as_column
from graphkit.model.target import parse_target
from graphkit.model.validate import DataReport
from graphkit.store.address import check_uri
from graphkit.store.files import check_directory, read_directory, read_events
from graphkit.store.files_settle import ON_DUPLICATE
from graphkit.store.files_write import _dataset
from graphkit.store.guard import guard_text
from graphkit.store.mapping import MappingWrong
from graphkit.store.mapping_file import parse_dataset
from graphkit.store.open import open_store
from graphkit.store.queries import parse_param, parse_query

TINY = Path(__file__).resolve().parents[2] / "fixtures" / "tiny"
DEEP = 3_000
BITS = [
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b'""',
    b'"\n',
    b" ",
    b"\t",
    b"'",
    "电".encode(),
    b"\xe7\x94",
    b"1e400",
    b"9" * 5000,
    b"nan",
    b"-",
    b";",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\x1a",
    b"\x0c",
    b"id",
    b"u1",
    b"=",
    b"\\",
    b":ID",
    b"[[",
    b"{",
    b"true",
    b"\xed\xa0\x80",
    b"1970-01-01T00:00:00",
    b"9999-12-31T23:59:59+23:59",
    b"0001-01-01T00:00:00+14:00",
]
JUNK = [
    None,
    True,
    0,
    -1,
    1.5,
    2**70,
    1e308,
    "",
    "x",
    "a\0b",
    "..",
    [],
    {},
    [1],
    ["a", 1],
    {"a": 1},
    [[]],
    [{}],
    [None, None],
    {"column": 1},
    {"column": "x", "times": "y"},
    "9" * 5000,
]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def refusal(call, expected=GraphkitError):
    """Return the named error of a call, or None when it gave an answer."""
    try:
        call()
    except expected as error:
        return error
    return None


@st.composite
def broken_bytes(draw, valid):
    """Valid bytes after a few cuts, insertions and swaps."""
    data = bytearray(valid)
    for _ in range(draw(st.integers(1, 3))):
        i, width = draw(st.integers(0, len(data))), draw(st.integers(0, 12))
        data[i : i + width] = draw(st.one_of(st.sampled_from(BITS), st.binary(max_size=4), st.just(b"")))
    return bytes(data)


@st.composite
def broken_document(draw, valid):
    """A document after a few fields were replaced, removed or doubled."""
    data = copy.deepcopy(valid)
    for _ in range(draw(st.integers(1, 3))):
        place = data
        while isinstance(place, dict | list) and place:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            if draw(st.booleans()):
                place[key] = copy.deepcopy(draw(st.sampled_from(JUNK)))
            else:
                del place[key]
            break
    return data


def judged(folder, **options):
    """Check and load a folder: the report adds up, the load accepts what the check accepts."""
    report = check_directory(folder, **options)
    assert report.rows_in == report.loaded + report.rejected + report.duplicates
    assert report.events.rows_in == report.events.accepted + report.events.rejected
    try:
        _, loaded = read_directory(folder, **options)
    except DataInvalid:
        assert not report.ok
    else:
        assert report.ok
        assert loaded == report
    return report


@settings(suppress_health_check=SLOW, max_examples=25)
@given(st.data())
def test_any_bytes_in_a_file(tmp_path_factory, data):
    """CSV, gzip and TOML with any damage: counted and named."""
    folder = tmp_path_factory.mktemp("bytes", numbered=True) / "data"
    shutil.copytree(TINY, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    content = data.draw(broken_bytes(path.read_bytes()))
    if path.suffix == ".csv" and data.draw(st.booleans()):
        path.unlink()
        path = path.with_name(path.name + ".gz")
        content = gzip.compress(content, mtime=0)
        content = data.draw(st.one_of(st.just(content), broken_bytes(content)))
    path.write_bytes(content)
    judged(folder, on_duplicate=data.draw(st.sampled_from(ON_DUPLICATE)), create_missing=data.draw(st.booleans()))
    refusal(lambda: read_events(folder))
    shutil.rmtree(folder.parent)


@settings(suppress_health_check=SLOW, max_examples=40)
@given(st.data())
def test_any_bytes_in_a_parquet_file(tmp_path_factory, data):
    """A damaged Parquet file is refused by name, or its rows are judged."""
    folder = tmp_path_factory.mktemp("parquet", numbered=True) / "data"
    (folder / "nodes").mkdir(parents=True)
    place = folder / "nodes" / "user.parquet"
    pq.write_table(pa.table({"id": ["a", "b"], "consent": [True, False], "age": [1, None]}), place)
    place.write_bytes(data.draw(broken_bytes(place.read_bytes())))
    report = check_directory(folder)
    assert report.rows_in == report.loaded + report.rejected + report.duplicates
    shutil.rmtree(folder.parent)


COLUMNS = [
    pa.array([1, 2]),
    pa.array([1.5, float("nan")]),
    pa.array(["x", None]),
    pa.array([b"a", b"\xff"]),
    pa.array([[1], None]),
    pa.array([{"a": 1}, None]),
    pa.array([date(2024, 1, 1), None]),
    pa.array([0, 1], pa.timestamp("ns", tz="Asia/Shanghai")),
    pa.array([1, 2], pa.duration("s")),
    pa.nulls(2),
    pa.array(["a", "b"]).dictionary_encode(),
    pa.array([1, 2], pa.decimal128(38, 2)),
    pa.array([True, None]),
    pa.array([2**64 - 1, 0], pa.uint64()),
    pa.array([["a"], ["b", None]]),
    pa.array([1.0, 2.0], pa.float16()),
    pa.array(["a\0", "\u202e"], pa.large_string()),
    pa.array([0, 1], pa.time64("us")),
]


@pytest.mark.parametrize("column", ["id", "consent", "age", "gender", "consent_scope", "registered_ts", "receptivity"])
def test_any_type_in_a_parquet_column(tmp_path, column):
    """Every Arrow type in every kind of property: taken exactly, or refused with its name."""
    (tmp_path / "nodes").mkdir()
    for values in COLUMNS:
        columns = {"id": pa.array(["a", "b"]), "consent": pa.array([True, True]), column: values}
        pq.write_table(pa.table(columns), tmp_path / "nodes" / "user.parquet")
        report = judged(tmp_path)
        assert report.rows_in == 2
        assert report.ok or report.errors[0].message


MAPPING = {
    "name": "p",
    "currency": "USD",
    "time_zone": "UTC",
    "keep": {"all": ["x"]},
    "nodes": [
        {
            "file": "nodes/a.csv",
            "label": "Brand",
            "id": "id",
            "columns": {"name": "name", "willingness": {"column": "w", "times": 0.5}},
            "constants": {"role": "studio", "resources": ["users"]},
            "where": {"t": ["c"]},
        }
    ],
    "relationships": [
        {
            "file": "r.csv",
            "type": "LINKED_WITH",
            "source": {"column": "a", "labels": ["Brand"]},
            "target": "b",
            "constants": {"basis": "x"},
        }
    ],
    "reach_p": {"cinema": 0.1},
    "event_weights": {"view": 1.0},
}


@settings(suppress_health_check=SLOW, max_examples=150)
@given(broken_document(MAPPING))
@example({**MAPPING, "notes": {"made": "2024-01-01"}, "nodes": [7]})
def test_any_mapping(tmp_path_factory, data):
    """A mapping with wrong kinds of values, missing and unknown keys."""
    folder = tmp_path_factory.mktemp("mapping", numbered=True)
    (folder / "nodes").mkdir()
    (folder / "nodes" / "a.csv").write_text("id,name,t,w\n1,x,c,0.5\n")
    (folder / "r.csv").write_text("a,b\n1,1\n")
    rest = {key: value for key, value in data.items() if value is not None}
    text = _dataset(GraphTables({}, (), settings=without_null(rest)), {})
    (folder / "dataset.toml").write_text(text, encoding="utf-8")
    judged(folder)
    shutil.rmtree(folder)


def without_null(value):
    """TOML knows no null."""
    if isinstance(value, dict):
        return {key: without_null(inner) for key, inner in value.items() if inner is not None}
    return [without_null(inner) for inner in value if inner is not None] if isinstance(value, list) else value


def test_dates_and_infinities_in_settings():
    """A date becomes a text, for a store keeps settings as JSON; an infinity is refused at its line."""
    found = parse_dataset(b"[notes]\nmade = 2024-05-01\nat = 2024-05-01T08:00:00Z\nlist = [07:30:00]\n", "d")
    assert json.loads(json.dumps(found.settings)) == {
        "notes": {"made": "2024-05-01", "at": "2024-05-01T08:00:00+00:00", "list": ["07:30:00"]},
    }
    with pytest.raises(MappingWrong) as caught:
        parse_dataset(b"[notes]\na = 1\nb = inf\n", "d")
    assert caught.value.line == 3


HEADER = "// @title 题 | t\n// @param film STRING\n// @param n INTEGER = 50\n// @access read\n// What.\nMATCH (n:Film {id: $film}) RETURN n.id AS id LIMIT $n;"


@given(st.data())
def test_any_query_text(data):
    """A file of cypher/ or an analyst's text after any damage: a query or a named error; what passes the guard has one statement."""
    text = data.draw(broken_bytes(HEADER.encode())).decode("utf-8", "replace")
    refusal(lambda: parse_query(text, name="q", path="q.cypher"))
    found = []
    if refusal(lambda: found.append(guard_text(text, name="q"))) is None:
        assert len(found[0].statements) == 1


@given(
    st.sampled_from(
        ["STRING", "INTEGER", "FLOAT", "BOOLEAN", "MAP", "LIST<STRING>", "LIST<LIST<INTEGER>>", "LOCAL DATETIME", "ANY"]
    ),
    st.one_of(
        st.text(max_size=30),
        st.sampled_from(
            [
                "[" * 100_000,
                '{"a":' * 50_000,
                "9" * 5000,
                "1e999",
                "NaN",
                "Infinity",
                '{"a": NaN}',
                "[1, null]",
                "\ud800",
            ]
        ),
    ),
)
def test_any_parameter(kind, text):
    """--param with any text, nested as deeply as one likes."""
    refusal(lambda: parse_param(text, kind), InvalidParameter)


@given(st.one_of(st.text(max_size=30), st.text(alphabet="neo4jbolt+s:/@[]:.%?#0127 ", max_size=30)))
@example("neo4j://[::1")
@example("bolt://h:99999")
@example("http://eve:gk-canary@h")
@example("bolt://eve:gk-canary@[h")
def test_any_address(text):
    """An address is used or refused by name, and no login in it is repeated."""
    for use in (lambda: check_uri(text, insecure=False), lambda: open_store(f"{text}://eve:gk-canary@h")):
        error = refusal(use)
        assert error is None or "gk-canary" not in f"{error} {error.fields}"


PLAN = {
    "schema_version": 1,
    "plan": "P-1",
    "for": "Film:f1",
    "objective": "reach",
    "budget": 10,
    "spent": 5.0,
    "unspent_because": None,
    "assumptions": ["a"],
    "items": [
        {
            "channel": "c1",
            "wave": 1,
            "material": None,
            "cost": 5,
            "adds": 2.0,
            "adds_interval": [1.0, 3.0],
            "reasons": ["r"],
            "uses": 1,
        }
    ],
    "reach": {"mean": 2.0, "interval": [1.0, 3.0]},
    "certificate": {"lower": 1.0, "upper": 3.0, "ratio": 0.9, "delta": 0.05},
    "baselines": {"sainsbury": 1.0},
    "rejected": [{"channel": "c2", "rule": "rights", "reason": "none"}],
    "claims": [{"claim": "reach", "value": 2.0, "query": None, "params": {}, "replay": {}}],
    "request": {"for_": "Film:f1", "budget": 10, "rules": {"starts_ts": 1}, "nodes": ["User"], "price": {"c1": 2}},
    "sample": {"choose": 4, "judge": 4, "exact": False},
}


@settings(max_examples=80)
@given(broken_document(PLAN))
def test_any_plan_document(data):
    """A plan that passed the check can be drawn as a page and as a calendar; any other is refused by field."""
    from graphkit.report.calendar import write_calendar
    from graphkit.report.page import render_page

    refused = refusal(lambda: check_plan(data, "plan.json"), DataInvalid)
    if refused:
        assert "plan.json" in refused.message
        return
    assert "</html>" in render_page(data)
    undated = refusal(lambda: write_calendar(data), InvalidParameter)
    assert undated is None or "no dates" in undated.message


def test_the_plan_of_the_test_is_one():
    """The document the damage starts from is whole."""
    assert check_plan(PLAN, "plan.json") is PLAN


# -- target expressions: the mask and the engine's Cypher
TEXTS = ["", "上海", "a", "A", "'", '"', "\\", "é", "e\u0301", "a b", "\ufb01", "😀", "true", "1"]
NUMBERS = [0, 1, 18, 40, -1]
USERS = 60


def users(seed):
    """A table of users with holes."""
    rng = np.random.default_rng(seed)
    pick = lambda values: as_column(
        [None if rng.random() < 0.3 else values[i] for i in rng.integers(len(values), size=USERS)]
    )
    columns = {
        "consent": as_column([bool(x) for x in rng.integers(2, size=USERS)]),
        "age": pick([0, 1, 18, 40]),
        "active_days_30": pick([0, 1, 18]),
        "receptivity": pick([0.0, 0.5, 1.0]),
        "region": pick(TEXTS),
        "gender": pick(["f", "m", "上海"]),
    }
    return NodeColumns("User", as_column([f"u{i:02d}" for i in range(USERS)]), columns)


def quoted(text):
    """A text as the grammar writes it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def comparisons(name, values):
    """Comparisons of one property."""
    value = st.sampled_from(values)
    return st.one_of(
        st.builds(lambda op, v: f"{name} {op} {v}", st.sampled_from(["=", "!=", "<>", "<", "<=", ">", ">="]), value),
        st.builds(
            lambda no, vs: f"{name} {no}in ({', '.join(vs)})",
            st.sampled_from(["", "not "]),
            st.lists(value, min_size=1, max_size=3),
        ),
        st.builds(lambda no, a, b: f"{name} {no}between {a} and {b}", st.sampled_from(["", "NOT "]), value, value),
    )


EXPRESSIONS = st.recursive(
    st.one_of(
        comparisons("age", [str(x) for x in NUMBERS] + ["0.5", "1.0", "1e1"]),
        comparisons("receptivity", ["0", "0.5", "1", "-1", "1e-3"]),
        comparisons("region", [quoted(x) for x in TEXTS]),
        comparisons("consent", ["true", "FALSE"]),
        comparisons("id", ["'u01'", "'u30'", "'U30'"]),
    ),
    lambda inner: st.one_of(
        st.builds("not {}".format, inner.map("({})".format)),
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module", params=["embedded", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def served(request, tmp_path_factory):
    """The users in a store that runs Cypher."""
    if request.param == "neo4j":
        server = request.getfixturevalue("neo4j_server")
        server.wipe()
        opened = open_store(server.uri, username=server.username, password=server.password, database=server.database)
    else:
        opened = open_store(tmp_path_factory.mktemp("target") / "store")
    table = users(1)
    with opened as store:
        store.load(GraphTables({"User": table}, ()), DataReport((), USERS, USERS, 0, 0, {"User": USERS}, {}))
        yield store, table


@settings(max_examples=50)
@given(EXPRESSIONS)
def test_a_target_takes_the_same_users_as_its_cypher(served, text):
    """The mask over columns and the WHERE over the store agree, holes included."""
    store, table = served
    found = parse_target(text)
    where, params = found.to_cypher("u")
    rows = store.read(guard_text(f"MATCH (u:User) WHERE {where} RETURN u.id AS id ORDER BY id"), params).rows
    assert [row[0] for row in rows] == table.ids[found.to_mask(table)].tolist()
