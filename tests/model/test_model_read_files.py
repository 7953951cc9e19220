"""Reading directories: values verbatim, mappings, round trips, exports, events, dead letters."""

import base64
import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import DataInvalid
from graphkit.projection.load import load_directory
from graphkit.store.admin_import import write_admin_import
from graphkit.store.files import check_directory, read_directory, read_events, write_parquet
from graphkit.store.files_dead import write_dead_letters
from graphkit.store.open import open_store

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


def directory(root, **files):
    """An input directory; `nodes__user` stands for nodes/user.csv."""
    (root / "nodes").mkdir(parents=True, exist_ok=True)
    (root / "relationships").mkdir(exist_ok=True)
    (root / "dataset.toml").write_text(
        files.pop("toml", 'name = "t"\ncurrency = "CNY"\ntime_zone = "Asia/Shanghai"\n'), encoding="utf-8"
    )
    for name, text in files.items():
        folder, stem = name.split("__", 1)
        (root / folder / f"{stem}.csv").write_text(text, encoding="utf-8", newline="")
    return root


def test_tiny_has_every_input_label():
    """The tiny fixture holds what other tests rely on, without a finding."""
    tables, report = read_directory(FIXTURES / "tiny")
    assert report.ok
    assert not report.findings
    assert report.by_label["User"] == 12
    assert len(report.by_label) == 12
    assert len(report.by_type) == 30
    assert tables.settings["reach_p"] == {"cinema": 0.02, "out_of_home": 0.01}
    users = tables.nodes["User"]
    assert users.columns["registered_ts"].tolist()[-1] == 1_700_006_400  # 2023-11-15T08:00:00+08:00, by hand
    assert users.columns["consent_scope"].tolist()[0] == ["plan", "profile", "experiment"]
    assert users.columns["age"].tolist()[9] is None


WHOLE = "id,name,kind,cost,lead_days,capacity,followers\n"


def test_a_whole_number_written_with_a_point_is_a_whole_number(tmp_path):
    """As pandas writes integers of a column in which a cell is missing: the content is the one of the same cells without it."""
    cells = [("0", "1", "7"), ("14", "", "123456789012345678"), ("", "3", "1234567890123456789"), ("+2", "2", "")]
    read = []
    for folder, point in (("plain", ""), ("point", ".0"), ("longer", ".000")):
        rows = [",".join(x and x + point for x in row) for row in cells]
        text = WHOLE + "".join(f"c{i},n,kol,1,{row}\n" for i, row in enumerate(rows))
        users = f"id,consent,registered_ts\nu1,true,1700000000{point}\nu2,true,\n"
        data = directory(tmp_path / folder, nodes__channel=text, nodes__user=users)
        tables, report = read_directory(data)
        assert (report.loaded, report.findings) == (6, ())
        read.append(tables)
    assert read[0].nodes["Channel"].columns["lead_days"].tolist() == [0, 14, None, 2]
    assert read[0].nodes["Channel"].columns["followers"].tolist()[1:3] == [123456789012345678, 1234567890123456789]
    assert read[0].nodes["User"].columns["registered_ts"].tolist() == [1_700_000_000, None]
    assert read[0].digest() == read[1].digest() == read[2].digest()


def test_a_table_that_pandas_wrote_reads_as_it_was(tmp_path):
    """One missing cell makes pandas hold 0 as 0.0; CSV and Parquet of it have the same content."""
    users = pd.DataFrame(
        {"id": ["u1", "u2", "u3"], "consent": True, "age": [0, None, 31], "registered_ts": [1.7e9, 0, None]}
    )
    csv_, parquet = directory(tmp_path / "csv"), directory(tmp_path / "parquet")
    users.to_csv(csv_ / "nodes" / "user.csv", index=False)
    users.to_parquet(parquet / "nodes" / "user.parquet", index=False)
    (one, first), (two, second) = read_directory(csv_), read_directory(parquet)
    assert first.loaded == second.loaded == 3
    assert one.nodes["User"].columns["age"].tolist() == [0, None, 31]
    assert one.digest() == two.digest()


@pytest.mark.parametrize(
    "text", ["0.5", "0.01", "1.", ".0", "1.0.0", "1e0", "1.0 ", "1,0", "1.0x", "-1.0", "9223372036854775808.0"]
)
def test_other_numbers_with_a_point_are_no_whole_numbers(tmp_path, text):
    """Nothing is rounded, and a range holds for 1.0 as for 1; the finding shows the cell as it was written."""
    data = directory(tmp_path, nodes__channel=f'{WHOLE}c0,n,kol,1,"{text}",1,7\n')
    (finding,) = check_directory(data).errors
    assert (finding.line, finding.column) == (2, "lead_days")
    assert finding.value == text


def test_parquet_round_trip(tmp_path):
    """Written as Parquet and read again the content is the same, kept columns included."""
    directory(
        tmp_path / "a",
        nodes__user="id,consent,colour,age\n001,true,red,\n1,false,,3\n",
        toml='name = "t"\n[keep]\nUser = ["colour"]\n[reach_p]\ncinema = 0.5\n',
    )
    for folder in (FIXTURES / "tiny", tmp_path / "a"):
        tables, _ = read_directory(folder)
        write_parquet(tables, tmp_path / folder.name / "out")
        again, report = read_directory(tmp_path / folder.name / "out")
        assert again.digest() == tables.digest()
        assert report.ok
        assert again.settings == tables.settings


def test_texts_and_ids_stay_verbatim(tmp_path):
    """What other readers turn into nulls, numbers or formulas comes back as it is."""
    odd = [
        "NA",
        "null",
        "None",
        "001",
        "1.0",
        "9007199254740993",
        "=1+1",
        "a,b",
        'say "x"',
        "b;c",
        "  two",
        "\\N",
        "café",
        "cafe\u0301",
        "😀",
        "'; DROP",
        "\u200b",
    ]
    with (directory(tmp_path) / "nodes" / "brand.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows([["id", "name"], *[[x, x] for x in odd]])
    tables, report = read_directory(tmp_path)
    assert report.loaded == len(odd)
    assert tables.nodes["Brand"].ids.tolist() == sorted(odd)
    assert tables.nodes["Brand"].columns["name"].tolist() == sorted(odd)


def test_line_breaks_only_where_declared(tmp_path):
    """A summary may hold line breaks; the lines of later rows still count physically."""
    text = 'id,name,summary\nf1,x,"one\r\ntwo"\n\nf2,y,"a ""quoted"" one"\nf3,,z\n'
    directory(tmp_path, nodes__film=text)
    report = check_directory(tmp_path)
    assert [(f.rule, f.line) for f in report.findings] == [("missing-value", 6)]
    tables, _ = read_directory(tmp_path, max_bad=1)
    assert tables.nodes["Film"].columns["summary"].tolist() == ["one\r\ntwo", 'a "quoted" one']


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8),
        min_size=1,
        max_size=8,
        unique=True,
    )
)
def test_any_text_survives_csv_and_parquet(tmp_path_factory, names):
    """Names written by the csv module come back the same, or their row is rejected: nothing in between."""
    root = directory(tmp_path_factory.mktemp("d"))
    with (root / "nodes" / "tag.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "name", "kind"], *[[f"t{i}", x, "theme"] for i, x in enumerate(names)]])
    tables, report = read_directory(root, max_bad=len(names))
    assert report.rows_in == len(names) == report.loaded + report.rejected
    kept = dict(zip(tables.nodes_of("Tag").ids.tolist(), tables.nodes_of("Tag").column("name").tolist(), strict=True))
    assert all(kept[f"t{i}"] == x for i, x in enumerate(names) if x.strip())


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120))
def test_any_bytes_are_counted_or_refused(tmp_path_factory, data):
    """Arbitrary bytes as a file never raise anything but DataInvalid, and rows add up."""
    root = directory(tmp_path_factory.mktemp("d"))
    (root / "nodes" / "brand.csv").write_bytes(b"id,name\nb1,x\n" + data)
    report = check_directory(root)
    assert report.rows_in == report.loaded + report.rejected + report.duplicates
    parsed = [r for r in csv.reader((b"id,name\nb1,x\n" + data).decode("utf-8", "replace").splitlines()) if r]
    assert report.loaded <= len(parsed)


def test_friendships_are_stored_once(tmp_path):
    """KNOWS has the smaller id first whatever the file's order."""
    directory(
        tmp_path,
        nodes__user="id,consent\nu2,true\nu1,true\nu10,true\n",
        relationships__knows="source,target\nu2,u1\nu1,u2\nu10,u2\n",
    )
    tables, report = read_directory(tmp_path)
    knows, ids = tables.edges_of("KNOWS")[0], tables.nodes["User"].ids
    assert [(ids[s], ids[t]) for s, t in zip(knows.source_rows, knows.target_rows, strict=True)] == [
        ("u1", "u2"),
        ("u10", "u2"),
    ]
    assert (report.rows_in, report.loaded, report.duplicates) == (6, 5, 1)


def test_admin_headers_and_gzip(tmp_path):
    """neo4j-admin headers and packed files are read like plain ones."""
    root = directory(
        tmp_path, relationships__reaches=":START_ID(Channel),:END_ID(User),p:double,:TYPE\nc1,u1,0.5,REACHES\n"
    )
    (root / "nodes" / "user.csv.gz").write_bytes(
        gzip.compress(b"userId:ID(User),consent:boolean,:LABEL\nu1,true,User\n")
    )
    (root / "nodes" / "channel.csv").write_text("id:ID,name,kind,cost:double\nc1,x,kol,5\n", encoding="utf-8")
    tables, report = read_directory(root)
    assert report.ok
    assert report.by_type == {"REACHES": 1}
    assert tables.edges[0].columns["p"].tolist() == [0.5]


def test_mapping_of_foreign_files(tmp_path):
    """Where, constants, factors, counts and ends of several labels, worked out by hand."""
    root = directory(
        tmp_path / "d",
        nodes__pages="pageId:ID(Page),name,page_type,fans:double,spare\np1,A,company,10,x\np2,B,tv,200,y\np3,C,other,1,z\n",
        relationships__likes=":START_ID(Page),:END_ID(Page)\np1,p2\np2,p1\n",
    )
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        """
[[nodes]]
file = "nodes/pages.csv"
where = { page_type = "company" }
label = "Brand"
id = "pageId:ID(Page)"
columns = { name = "name" }
constants = { role = "consumer_brand", evidence = "real" }

[[nodes]]
file = "nodes/pages.csv"
where = { page_type = "tv" }
label = "Channel"
id = "pageId:ID(Page)"
columns = { name = "name", followers = { column = "fans:double", times = 1 }, cost = { count = "relationships/likes.csv", by = ":START_ID(Page)", times = 2.5 } }
constants = { kind = "tv", evidence = "assumed" }

[[relationships]]
file = "relationships/likes.csv"
type = "LINKED_WITH"
source = { column = ":START_ID(Page)", labels = ["Brand", "Channel"] }
target = { column = ":END_ID(Page)", labels = ["Brand", "Channel"] }
constants = { basis = "mutual_like" }
""",
        encoding="utf-8",
    )
    tables, report = read_directory(root, mapping=mapping)
    assert (report.rows_in, report.loaded, report.duplicates, report.rejected) == (4, 3, 1, 0)
    channel = tables.nodes["Channel"]
    assert (channel.columns["followers"].tolist(), channel.columns["cost"].tolist()) == ([200], [2.5])
    assert [(e.source_label, e.target_label) for e in tables.edges] == [("Brand", "Channel")]
    rules = {(f.rule, f.column) for f in report.findings}
    assert ("unknown-column", "spare") in rules
    assert ("file-ignored", None) in rules


def test_the_composite_mapping_parses():
    """The mapping that ships is valid and maps every label it needs."""
    from graphkit.store.mapping_file import parse_dataset

    found = parse_dataset((FIXTURES / "mappings" / "composite.toml").read_bytes(), "x")
    assert {t.kind.name for t in found.tables} >= {
        "Film",
        "User",
        "Course",
        "Tag",
        "Partnership",
        "Brand",
        "Channel",
        "RATED",
        "JOINS",
        "LINKED_WITH",
        "KNOWS",
    }


@pytest.mark.parametrize(("column", "rule"), [(pa.array([1, 2]), "id-type"), (pa.array(["a", None]), "missing-value")])
def test_parquet_is_as_strict(tmp_path, column, rule):
    """Numbers are no ids, and NaN is no number, in Parquet either."""
    root = directory(tmp_path)
    pq.write_table(pa.table({"id": column, "consent": [True, False]}), root / "nodes" / "user.parquet")
    assert {f.rule for f in check_directory(root).errors} <= {rule, "id"}
    assert not check_directory(root).ok
    pq.write_table(
        pa.table({"id": ["a", "b"], "consent": [True, False], "propensity": [0.5, float("nan")], "age": [1.0, None]}),
        root / "nodes" / "user.parquet",
    )
    report = check_directory(root)
    assert [(f.rule, f.line) for f in report.findings] == [("number", 2)]
    pq.write_table(
        pa.table(
            {
                "id": ["a"],
                "consent": [True],
                "age": np.array([5], np.int8),
                "registered_ts": pa.array([0], pa.timestamp("s", "UTC")),
            }
        ),
        root / "nodes" / "user.parquet",
    )
    users = read_directory(root)[0].nodes["User"]
    assert (users.columns["age"].tolist(), users.columns["registered_ts"].tolist()) == ([5], [0])


def test_rejected_rows_are_kept(tmp_path):
    """The dead-letter file has place, rule and the raw bytes of each rejected row."""
    directory(tmp_path / "d", nodes__user="id,consent\nu1,true\nu2,maybe\nu3\n")
    _, report = read_directory(tmp_path / "d", max_bad=2)
    place = write_dead_letters(report, tmp_path / "reports", run="r1")
    rows = [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
    assert {(r["file"], r["line"], r["rule"], base64.b64decode(r["raw"])) for r in rows} == {
        ("nodes/user.csv", 3, "boolean", b"u2,maybe"),
        ("nodes/user.csv", 4, "row-width", b"u3"),
    }
    assert write_dead_letters(check_directory(FIXTURES / "tiny"), tmp_path, run="r2") is None


def test_events(tmp_path):
    """Events are sorted by time, typed, and refused with file and line."""
    frame = read_events(FIXTURES / "tiny")
    assert frame["ts"].tolist() == sorted(frame["ts"])
    assert len(frame) == 10
    assert frame["ts"].iloc[-1] == 1_695_175_200  # 2023-09-20T10:00:00+08:00, by hand
    (tmp_path / "e.csv").write_text("ts,user,kind\n1,u1,view\n2,,view\n3,u1,viewed\n", encoding="utf-8")
    with pytest.raises(DataInvalid, match=r"e\.csv line 3"):
        read_events(tmp_path / "e.csv")


@pytest.mark.parametrize(("unit", "counts"), [("s", 1), ("ms", 1_000), ("us", 1_000_000), ("ns", 1_000_000_000)])
@pytest.mark.parametrize("suffix", ["csv", "parquet", "double"])
def test_events_counted_in_another_unit_are_seconds(tmp_path, unit, counts, suffix):
    """The part below a second is cut; texts with a date mean what they say whatever the unit; reading and checking agree."""
    root = directory(tmp_path, nodes__user="id,consent\nu1,true\nu2,true\n")
    (root / "events").mkdir()
    (root / "dataset.toml").write_text(f'time_zone = "UTC"\nevent_time_unit = "{unit}"\n', encoding="utf-8")
    numbers = [1_695_175_200 * counts + counts // 2, 1_695_175_201 * counts]
    if suffix == "csv":
        rows = f"{numbers[0]},u1,view\n{numbers[1]},u2,view\n2023-09-20T02:00:02Z,u1,click\n"
        (root / "events" / "a.csv").write_text("ts,user,kind\n" + rows, encoding="utf-8")
    else:
        kind = pa.int64() if suffix == "parquet" or counts > 1_000 else pa.float64()
        table = pa.table({"ts": pa.array(numbers, kind), "user": ["u1", "u2"], "kind": ["view", "view"]})
        pq.write_table(table, root / "events" / "a.parquet")
    wanted = [1_695_175_200, 1_695_175_201, 1_695_175_202][: 3 if suffix == "csv" else 2]
    assert read_events(root)["ts"].tolist() == wanted
    report = check_directory(root)
    assert report.events.to_dict()["accepted"] == len(wanted)
    assert not [f for f in report.findings if f.rule in ("range", "time-odd")]


def test_a_wrong_unit_of_events_is_told(tmp_path):
    """Seconds declared as milliseconds lie in 1970; milliseconds taken for seconds in no year; another word is no unit."""
    root = directory(tmp_path, nodes__user="id,consent\nu1,true\n")
    (root / "events").mkdir()
    event, said = root / "events" / "a.csv", root / "dataset.toml"
    event.write_text("ts,user,kind\n1695175200,u1,view\n", encoding="utf-8")
    said.write_text('event_time_unit = "ms"\n', encoding="utf-8")
    (found,) = [f for f in check_directory(root).findings if f.file.startswith("events")]
    assert (found.rule, found.severity, found.hint) == ("time-odd", "warning", "check event_time_unit in dataset.toml")
    assert "in epoch ms a time of the year 1970" in found.message
    event.write_text("ts,user,kind\n1695175200000,u1,view\n", encoding="utf-8")
    said.write_text('time_zone = "UTC"\n', encoding="utf-8")
    (found,) = [f for f in check_directory(root).findings if f.file.startswith("events")]
    assert found.severity == "error"
    assert 'event_time_unit = "ms"' in found.hint
    said.write_text('event_time_unit = "minutes"\n', encoding="utf-8")
    event.unlink()
    (found,) = [f for f in check_directory(root).findings if f.severity == "error"]
    assert (found.file, found.line, found.hint) == ("dataset.toml", 1, "known: s, ms, us, ns")


def test_events_are_judged_beside_the_rows_and_counted_apart(tmp_path):
    """Conservation over both: wrong events are kept aside with their bytes; names the graph lacks are reported once each."""
    root = directory(tmp_path, nodes__user="id,consent\nu1,true\nu2,true\n", nodes__film="id,name,kind\nf1,x,film\n")
    (root / "events").mkdir()
    text = "ts,user,kind,item_label,item\n1,u1,view,Film,f1\n2,u9,view,Film,f8\n3,u9,click,Film,f8\n4,u9,viewed,Film,f8\n5,u2,like,Film,f9\n"
    (root / "events" / "a.csv").write_text(text, encoding="utf-8")
    pq.write_table(
        pa.table({"ts": [7, 8], "user": ["u1", "u2"], "kind": ["view", "share"]}), root / "events" / "b.parquet"
    )
    report = check_directory(root)
    assert report.events.to_dict() == {
        "files": 2,
        "rows_in": 7,
        "accepted": 6,
        "rejected": 1,
        "by_kind": {"click": 1, "like": 1, "share": 1, "view": 3},
    }
    assert (report.rows_in, report.loaded, report.rejected) == (3, 3, 0)
    assert not report.ok
    named = {(f.column, f.value, f.line, f.severity, "(2 events)" in f.message) for f in report.findings}
    assert named == {
        ("kind", "viewed", 5, "error", False),
        ("user", "u9", 3, "warning", True),
        ("item", "f8", 3, "warning", True),
        ("item", "f9", 6, "warning", False),
    }
    assert [(r.file, r.line, r.raw) for r in report.dead_events] == [("events/a.csv", 5, b"4,u9,viewed,Film,f8")]
    assert report.dead_letters == ()
    with pytest.raises(DataInvalid, match="1 of 7 events rejected, nothing loaded"):
        read_directory(root)


def test_an_event_folder_that_leads_elsewhere_is_refused(tmp_path):
    """A link out of the directory is never followed."""
    (tmp_path / "elsewhere").mkdir()
    root = directory(tmp_path / "in", nodes__user="id,consent\nu1,true\n")
    (root / "events").symlink_to(tmp_path / "elsewhere")
    assert [(f.rule, f.severity) for f in check_directory(root).findings] == [("file-outside", "error")]


def test_admin_import_files(tmp_path):
    """Headers, quoting, list separators and the import line of the neo4j-admin export."""
    tables, report = read_directory(FIXTURES / "tiny")
    write_admin_import(tables, tmp_path)
    head = (tmp_path / "nodes" / "user.header.csv").read_text(encoding="utf-8")
    assert head.startswith("id:ID(User),age:long,consent:boolean,consent_scope:string[],")
    rows = list(csv.reader((tmp_path / "nodes" / "user.csv").open(encoding="utf-8", newline="")))
    assert len(rows) == 12
    assert rows[0][:4] == ["u01", "24", "true", "plan;profile;experiment"]
    script = (tmp_path / "import.sh").read_text(encoding="utf-8")
    assert script.count("neo4j-admin database import full") == 1
    assert script.count("--relationships=") == len(tables.edges)
    verify = (tmp_path / "verify.cypher").read_text(encoding="utf-8")
    assert verify.count("MATCH") == len(report.by_label) + len(report.by_type)


def test_a_directory_that_is_none(tmp_path):
    """A missing directory is one sentence, an empty one a finding."""
    with pytest.raises(DataInvalid, match="does not exist"):
        read_directory(tmp_path / "no")
    assert not check_directory(tmp_path).ok


@pytest.mark.parametrize("place", ["memory", "embedded"])
def test_keys_of_the_users_own_survive_an_export(tmp_path, place):
    """Keys that nothing of ours reads, nested tables, odd names and kept columns: the export loads as the same graph."""
    root = tmp_path / "in"
    (root / "nodes").mkdir(parents=True)
    (root / "nodes" / "user.csv").write_text(
        "id,consent,colour,vip:boolean\nu1,true,red,true\nu2,false,,\n", encoding="utf-8"
    )
    (root / "dataset.toml").write_text(
        'name = "own"\ncurrency = "CNY"\ntime_zone = "UTC"\nseason = "秋"\nyear = 2026\nstarted = 2026-05-01\n"odd key" = 1.5\n'
        'empty_list = []\nparts = [{ a = 1 }, { b = "x" }]\n[notes]\nwho = "me"\n[notes.more]\ndeep = [1, 2]\n'
        '[origin.inner]\nx = { "y z" = true }\n[keep]\nUser = ["colour", "vip:boolean"]\n',
        encoding="utf-8",
    )
    found = []
    for number, folder in enumerate((root, tmp_path / "out")):
        with open_store("memory://" if place == "memory" else tmp_path / f"store{number}") as store:
            load_directory(store, folder)
            found.append(store.tables())
            if number == 0:
                store.export(tmp_path / "out")
    first, again = found
    assert first.digest() == again.digest()
    assert (again.name, again.currency, again.time_zone) == ("own", "CNY", "UTC")
    assert (
        again.settings
        == first.settings
        == {
            "season": "秋",
            "year": 2026,
            "started": "2026-05-01",
            "odd key": 1.5,
            "empty_list": [],
            "parts": [{"a": 1}, {"b": "x"}],
            "notes": {"who": "me", "more": {"deep": [1, 2]}},
            "origin": {"inner": {"x": {"y z": True}}},
        }
    )
