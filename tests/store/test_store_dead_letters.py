"""Rejected rows come in later, once corrected, from the directory that a load leaves them in: exactly those, and once."""

import gzip
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit.cli import run
from graphkit.errors import DataInvalid
from graphkit.projection.load import load_directory
from graphkit.projection.read_files import read_files
from graphkit.store.files import check_directory, read_directory
from graphkit.store.open import open_store

GOOD = {
    "nodes/user.csv": "id,consent,age\nu1,true,30\nu2,true,40\nu3,false,50\n",
    "nodes/channel.csv": "id,name,kind,cost\nc1,影院,cinema,900\nc2,地铁,out_of_home,800\n",
    "relationships/knows.csv": "source,target,weight\nu1,u2,0.5\nu2,u3,0.25\n",
    "relationships/reaches.csv": "source,target,p\nc1,u1,0.1\nc2,u3,0.2\nc1,u2,0.3\n",
}
SAID = 'name = "autumn"\ncurrency = "CNY"\ntime_zone = "Asia/Shanghai"\n[reach_p]\ncinema = 0.02\n'


def written(root, files, said=SAID, encoding="utf-8"):
    """An input directory of these files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding=encoding, newline="")
    (root / "dataset.toml").write_text(said, encoding="utf-8")
    return root


def spoiled(files, *changes):
    """The files with some places replaced: (file, what stood there, what stands there now)."""
    out = dict(files)
    for name, good, bad in changes:
        assert out[name].count(good) == 1
        out[name] = out[name].replace(good, bad)
    return out


def mend(folder, *changes):
    """Put the right text back into the files of rejected rows."""
    for name, good, bad in changes:
        text = (folder / name).read_bytes()
        assert text.count(bad.encode()) == 1, text
        (folder / name).write_bytes(text.replace(bad.encode(), good.encode()))


@pytest.fixture(params=["embedded", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def kept_store(request, tmp_path, monkeypatch):
    """An empty store that keeps rejected rows; those of a server go into the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if request.param == "neo4j":
        yield request.getfixturevalue("open_neo4j")()
        return
    with open_store(tmp_path / "store") as found:
        yield found


BAD = [
    ("nodes/user.csv", "u3,false,50", "u3,perhaps,50"),
    ("nodes/channel.csv", "c2,地铁,out_of_home,800", "c2,地铁,out_of_home"),
    ("relationships/knows.csv", "u1,u2,0.5", "u1,u2,-0.5"),
]


def test_corrected_rows_complete_the_graph(kept_store, tmp_path):
    """Two nodes, a row that is too short, a number out of range and two ties that hung on those nodes: the graph is that of good files."""
    wanted = read_directory(written(tmp_path / "good", GOOD))[0].digest()
    bad = written(tmp_path / "bad", spoiled(GOOD, *BAD))
    first = load_directory(kept_store, bad, max_bad=5)
    assert (first.rejected, first.created) == (5, {"nodes": 3, "relationships": 2})
    folder = Path(first.kept)
    assert {str(p.relative_to(folder)) for p in folder.rglob("*.csv")} == set(GOOD)
    assert (folder / "relationships" / "reaches.csv").read_text(encoding="utf-8") == "source,target,p\nc2,u3,0.2\n"
    mend(folder, *BAD)
    assert check_directory(folder, ids_of=kept_store.ids).ok
    second = load_directory(kept_store, folder)
    assert (second.rows_in, second.created) == (5, {"nodes": 2, "relationships": 3})
    assert second.changed == second.unchanged == {"nodes": 0, "relationships": 0}
    assert (second.by_label, second.by_type) == ({"Channel": 1, "User": 1}, {"KNOWS": 2, "REACHES": 1})
    assert kept_store.tables().digest() == wanted
    assert kept_store.tables().name == "autumn"
    third = load_directory(kept_store, folder)
    assert third.unchanged == {"nodes": 2, "relationships": 3}
    assert kept_store.tables().digest() == wanted


def test_what_is_not_corrected_is_refused_again(kept_store, tmp_path):
    """The same rows are named; a tie to a node that neither holds stays unknown, one to a node still rejected too."""
    first = load_directory(kept_store, written(tmp_path / "bad", spoiled(GOOD, *BAD)), max_bad=5)
    folder = Path(first.kept)
    mend(folder, *BAD[1:])
    with pytest.raises(DataInvalid) as caught:
        load_directory(kept_store, folder)
    assert {(f.rule, f.file, f.value) for f in caught.value.report.errors} == {
        ("boolean", "nodes/user.csv", "perhaps"),
        ("unknown-node", "relationships/knows.csv", "u3"),
        ("unknown-node", "relationships/reaches.csv", "u3"),
    }


def test_loading_again_keeps_the_corrections(tmp_path):
    """The directory of the same rejected rows is written once: a second load of the files does not undo what somebody corrected."""
    bad = written(tmp_path / "bad", spoiled(GOOD, *BAD))
    with open_store(tmp_path / "store") as store:
        folder = Path(load_directory(store, bad, max_bad=5).kept)
        mend(folder, *BAD)
        assert load_directory(store, bad, max_bad=5).kept == str(folder)
        assert load_directory(store, folder).rejected == 0
    assert not [p.name for p in folder.parent.iterdir() if "writing" in p.name]


def test_rows_of_mapped_files_need_no_mapping_again(tmp_path):
    """What a mapping says stands in the directory of the rejected rows; two labels of one file, one of them packed."""
    people = "key,art,name,ok\na,user,,yes\nb,user,,true\nx,brand,,\ny,brand,茶,\n"
    root = tmp_path / "bad"
    (root / "in").mkdir(parents=True)
    (root / "in" / "people.csv.gz").write_bytes(gzip.compress(people.encode()))
    (root / "in" / "likes.csv").write_text("who,what\na,y\nb,x\n", encoding="utf-8")
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'name = "mapped"\n'
        '[[nodes]]\nfile = "in/people.csv.gz"\nwhere = { art = "user" }\nlabel = "User"\nid = "key"\ncolumns = { consent = "ok" }\n'
        '[[nodes]]\nfile = "in/people.csv.gz"\nwhere = { art = "brand" }\nlabel = "Brand"\nid = "key"\ncolumns = { name = "name" }\n'
        '[[relationships]]\nfile = "in/likes.csv"\ntype = "FOLLOWS"\nsource = { column = "who", labels = ["User"] }\n'
        'target = { column = "what", labels = ["Brand"] }\n',
        encoding="utf-8",
    )
    with open_store(tmp_path / "store") as store:
        first = load_directory(store, root, mapping=mapping, max_bad=4)
        assert (first.rejected, first.created["nodes"]) == (4, 2)
        folder = Path(first.kept)
        text = gzip.decompress((folder / "in" / "people.csv.gz").read_bytes()).decode()
        assert text == "key,art,name,ok\na,user,,yes\nx,brand,,\n"
        fine = text.replace("yes", "true").replace("x,brand,,", "x,brand,咖啡,")
        (folder / "in" / "people.csv.gz").write_bytes(gzip.compress(fine.encode()))
        second = load_directory(store, folder)
        assert second.created == {"nodes": 2, "relationships": 2}
        assert (store.ids("User"), store.ids("Brand")) == (["a", "b"], ["x", "y"])
        assert store.tables().name == "mapped"


def test_rows_of_another_encoding_and_of_parquet_are_kept_as_they_are(tmp_path):
    """Chinese of gb18030 is written as UTF-8 with its mark, Parquet with its types; both load without --encoding."""
    root = written(tmp_path / "bad", {"nodes/brand.csv": "id,name\nb1,咖啡\nb2,\n"}, encoding="gb18030")
    pq.write_table(
        pa.table({"id": ["u1", "u2"], "consent": [True, False], "age": pa.array([300, 20], pa.int16())}),
        root / "nodes" / "user.parquet",
    )
    with open_store(tmp_path / "store") as store:
        folder = Path(load_directory(store, root, max_bad=2, encoding="gb18030").kept)
        assert (folder / "nodes" / "brand.csv").read_bytes() == b"\xef\xbb\xbfid,name\nb2,\n"
        mend(folder, ("nodes/brand.csv", "b2,课堂", "b2,"))
        table = pq.read_table(folder / "nodes" / "user.parquet")
        assert (table.to_pylist(), table.schema.field("age").type) == (
            [{"id": "u1", "consent": True, "age": 300}],
            pa.int16(),
        )
        pq.write_table(table.set_column(2, "age", pa.array([30], pa.int16())), folder / "nodes" / "user.parquet")
        assert load_directory(store, folder).created["nodes"] == 2
        assert store.node("Brand", "b2")["name"] == "课堂"


def test_ends_are_looked_for_in_the_store_only_where_the_directory_says_so(tmp_path):
    """A tie to a node of the store alone is unknown, unless `ends_in_store = true`; an id that nobody knows stays unknown."""
    more = {"relationships/knows.csv": "source,target,weight\nu1,u3,0.5\nu1,u9,0.5\n"}
    silent = written(tmp_path / "silent", more, SAID)
    saying = written(tmp_path / "saying", more, "ends_in_store = true\n" + SAID)
    wrong = written(tmp_path / "wrong", more, 'ends_in_store = "yes"\n' + SAID)
    with open_store("memory://") as store:
        load_directory(store, written(tmp_path / "good", GOOD))
        for root, lost in ((silent, ["u1", "u1"]), (saying, ["u9"])):
            report = check_directory(root, ids_of=store.ids)
            assert [f.value for f in report.errors] == lost
        done = load_directory(store, saying, max_bad=1)
        assert (done.created, done.unchanged["nodes"], done.rejected) == ({"nodes": 0, "relationships": 1}, 0, 1)
        assert done.by_label == {}
        assert len(store.tables().nodes["User"]) == 3
    with pytest.raises(DataInvalid):
        read_files(saying)
    (found,) = [f for f in check_directory(wrong).findings if f.file == "dataset.toml"]
    assert (found.line, found.hint) == (1, "write it like: ends_in_store = true")


def test_the_command_says_where_and_the_directory_is_enough(tmp_path, monkeypatch, capsys):
    """`graphkit load` names the directory and gives it in JSON; the NDJSON beside it says to load that instead."""
    monkeypatch.setattr("graphkit.cli.context.install", lambda: None)
    bad = written(tmp_path / "bad", spoiled(GOOD, *BAD))
    graphkit = ["--store", str(tmp_path / "store")]
    assert run([*graphkit, "load", str(bad), "--max-bad", "5", "--format", "json"]) == 0
    told = capsys.readouterr()
    folder = Path(json.loads(told.out)["kept"])
    assert f"correct them in {folder} and load that directory: only they come in" in told.err
    assert run([*graphkit, "load", f"{folder}.ndjson"]) == 3
    assert "correct its rows in the directory of the same name, and load that" in capsys.readouterr().err
    assert run([*graphkit, "check", str(folder), "--format", "json"]) == 3
    mend(folder, *BAD)
    assert run([*graphkit, "check", str(folder)]) == 0
    assert run([*graphkit, "load", str(folder), "--format", "json"]) == 0
    capsys.readouterr()
    shutil.rmtree(bad)
    assert run([*graphkit, "load", str(folder), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["unchanged"] == {"nodes": 2, "relationships": 3}


@pytest.mark.parametrize("blocked", ["file", "link to nowhere", "folder for the letters"])
def test_what_lies_in_the_way_stays_and_the_rows_are_kept_beside_it(tmp_path, blocked):
    """Something else under the name of the rejected rows is not taken for them, not removed and no reason to fail."""
    wrong = ("relationships/reaches.csv", "0.2\n", "2\n")
    bad = written(tmp_path / "in", spoiled(GOOD, wrong))
    with open_store(tmp_path / "first") as store:
        taken = Path(load_directory(store, bad, max_bad=1).kept)
    reports = tmp_path / "second" / "reports"
    reports.mkdir(parents=True)
    if blocked == "file":
        (reports / taken.name).write_text("mine")
    elif blocked == "link to nowhere":
        (reports / taken.name).symlink_to("nowhere")
    else:
        (reports / f"{taken.name}.ndjson").mkdir()
    with open_store(tmp_path / "second") as store:
        kept = [Path(load_directory(store, bad, max_bad=1).kept) for _ in range(2)]
        assert kept == [reports / f"{taken.name}-2"] * 2
        assert json.loads(kept[0].with_name(f"{kept[0].name}.ndjson").read_text())["run"] == kept[0].name[5:]
        mend(kept[0], wrong)
        assert load_directory(store, kept[0]).created == {"nodes": 0, "relationships": 1}
    assert len(list(reports.iterdir())) == 3
