"""Rows of one key with different values, and ends without a node: refused, or settled exactly as asked."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.errors import DataInvalid, InvalidParameter
from graphkit.store.files import read_directory
from graphkit.store.open import open_store

USERS = "id,consent,age\nu1,true,20\nu2,true,31\n"


def write(root, **files):
    """An input directory; `nodes__user` stands for nodes/user.csv."""
    files = {"nodes__user": USERS, "nodes__channel": "id,name,kind,cost\nc1,x,kol,5\n", **files}
    for name, text in files.items():
        place = root / (name.replace("__", "/", 1) + ".csv")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    (root / "dataset.toml").write_text('name = "t"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    return root


def chances(tables):
    """p of c1 -> u1."""
    (edges,) = tables.edges_of("REACHES")
    return edges.column("p").tolist()[0]


REACHES = "source,target,p\nc1,u1,0.5\nc1,u2,0.25\nc1,u1,0.2\nc1,u1,0.8\n"


@pytest.mark.parametrize(
    ("how", "p"), [("keep-first", 0.5), ("keep-last", 0.8), ("max", 0.8), ("noisy-or", 1 - 0.5 * 0.8 * 0.2)]
)
def test_conflicting_ties_are_settled_as_asked(tmp_path, how, p):
    """By hand; two of the three rows count as duplicates, each with a warning at its line."""
    root = write(tmp_path, relationships__reaches=REACHES)
    with pytest.raises(DataInvalid, match="different p"):
        read_directory(root)
    tables, report = read_directory(root, on_duplicate=how)
    assert chances(tables) == pytest.approx(p, abs=1e-15)
    assert (report.rows_in, report.loaded, report.duplicates, report.rejected) == (7, 5, 2, 0)
    lines = [f.line for f in report.findings if (f.rule, f.severity) == ("conflict", "warning")]
    assert lines == {"keep-last": [2, 4]}.get(how, [4, 5])
    assert how in report.findings[0].message


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6, unique=True))
def test_noisy_or_is_one_minus_the_product(values):
    """For any chances, in any order, within [0, 1]."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        rows = "".join(f"c1,u1,{v!r}\n" for v in values)
        tables, _ = read_directory(
            write(Path(folder), relationships__reaches="source,target,p\n" + rows), on_duplicate="noisy-or"
        )
    assert chances(tables) == pytest.approx(1 - math.prod(1 - v for v in values), abs=1e-12)


@pytest.mark.parametrize(("how", "age"), [("keep-first", 20), ("keep-last", 44), ("max", 44)])
def test_conflicting_nodes_are_settled_too(tmp_path, how, age):
    """One node stays, its ties too."""
    tables, report = read_directory(write(tmp_path, nodes__user=USERS + "u1,true,44\n"), on_duplicate=how)
    assert tables.nodes["User"].column("age").tolist() == [age, 31]
    assert report.duplicates == 1


@pytest.mark.parametrize("how", ["max", "noisy-or"])
def test_texts_that_differ_stay_a_conflict(tmp_path, how):
    """A greatest name or consent does not exist, and other numbers are no chances."""
    for more in ("u1,false,20\n", "u1,false,44\n") + (("u1,true,44\n",) if how == "noisy-or" else ()):
        with pytest.raises(DataInvalid) as error:
            read_directory(write(tmp_path, nodes__user=USERS + more), on_duplicate=how)
        assert error.value.rule == "conflict"


def test_a_friendship_given_both_ways_is_one_key(tmp_path):
    """The reverse row is settled like any other."""
    root = write(tmp_path, relationships__knows="source,target,since_ts\nu2,u1,5\nu1,u2,7\n")
    tables, _ = read_directory(root, on_duplicate="keep-last")
    assert tables.edges_of("KNOWS")[0].column("since_ts").tolist() == [7]


def test_another_word_is_refused(tmp_path):
    """With the words that are known."""
    with pytest.raises(InvalidParameter, match="keep-first"):
        read_directory(write(tmp_path), on_duplicate="first")


MISSING = {
    "relationships__reaches": "source,target,p\nc1,u1,0.5\nc1,u9,0.5\nc1,u8,0.5\n",
    "relationships__watched": "source,target,n\nu9,f7,1\n",
}


def test_missing_ends_are_made_only_when_asked(tmp_path):
    """Users without consent, films named by their id, all inferred; every made node is a row and a warning at its first use."""
    root = write(tmp_path, **MISSING)
    with pytest.raises(DataInvalid, match="unknown User u9"):
        read_directory(root)
    tables, report = read_directory(root, create_missing=True)
    users, films = tables.nodes["User"], tables.nodes["Film"]
    assert users.ids.tolist() == ["u1", "u2", "u8", "u9"]
    assert users.column("consent").tolist() == [True, True, False, False]
    assert users.column("age").tolist() == [20, 31, None, None]
    assert users.column("evidence").tolist() == [None, None, "inferred", "inferred"]
    assert (films.ids.tolist(), films.column("name").tolist()) == (["f7"], ["f7"])
    assert report.made == {"User": 2, "Film": 1}
    assert (report.rows_in, report.loaded) == (3 + 4 + 3, 10)
    assert {(f.value, f.file, f.line) for f in report.findings if f.rule == "made-node"} == {
        ("u9", "relationships/reaches.csv", 3), ("u8", "relationships/reaches.csv", 4), ("f7", "relationships/watched.csv", 2),
    }  # fmt: skip


def test_what_would_have_to_be_invented_is_not_made(tmp_path):
    """A channel has a price, a tag a kind; a user whose own row was refused stays out; so does a name with a control character."""
    root = write(tmp_path, relationships__reaches="source,target,p\nc9,u1,0.5\n")
    with pytest.raises(DataInvalid, match="unknown Channel c9"):
        read_directory(root, create_missing=True)
    root = write(
        tmp_path,
        nodes__user=USERS + "u3,perhaps,1\n",
        relationships__reaches="source,target,p\nc1,u3,0.5\nc1,u\t4,0.5\n",
    )
    tables, report = read_directory(root, create_missing=True, max_bad=3)
    assert (report.made, report.rejected) == ({}, 3)
    assert tables.nodes["User"].ids.tolist() == ["u1", "u2"]


def test_every_store_counts_them(store, tmp_path):
    """The books balance on every store, twice."""
    from graphkit.projection.load import load_directory

    root = write(tmp_path / "in", **MISSING)
    first = load_directory(store, root, create_missing=True)
    assert (first.rows_in, sum(first.created.values()), first.made) == (10, 10, {"User": 2, "Film": 1})
    again = load_directory(store, root, create_missing=True)
    assert (sum(again.created.values()), sum(again.unchanged.values()), again.adds_up()) == (0, 10, True)


def test_the_options_of_the_command(tmp_path, capsys):
    """graphkit check and load take both and agree; load says what it made."""
    from graphkit.cli import run

    root = write(tmp_path / "in", **{**MISSING, "relationships__knows": "source,target,since_ts\nu1,u2,5\nu1,u2,7\n"})
    where = ["--store", str(tmp_path / "store"), "load", str(root), "--format", "json"]
    check, options = ["check", str(root), "--format", "json"], ["--create-missing", "--on-duplicate", "keep-first"]
    assert run(where) == run(check) == 3
    assert run([*check, *options[:1]]) == run([*check, *options[1:]]) == 3
    capsys.readouterr()
    assert run([*check, *options]) == 0
    judged = json.loads(capsys.readouterr().out)
    assert run([*where, *options]) == 0
    out = json.loads(capsys.readouterr().out)
    assert (judged["made"], judged["rows_in"], judged["ok"]) == (out["made"], out["rows_in"], True)
    assert (out["made"], out["duplicates"], out["rows_in"]) == ({"User": 2, "Film": 1}, 1, 12)
    with open_store(tmp_path / "store") as store:
        assert store.ids("Film") == ["f7"]


def test_the_encoding_that_the_hint_names_is_an_option(tmp_path, capsys):
    """A directory in GBK is refused with a hint; with what the hint says, check and load take it, events included, values right."""
    import re

    from graphkit.cli import run

    root = write(
        tmp_path / "in",
        nodes__brand="id,name\nb1,山海咖啡\nb2,知山课堂\n",
        events__e="ts,user,kind,region\n1,u1,view,上海\n",
    )
    for name in ("nodes/brand.csv", "events/e.csv"):
        (root / name).write_bytes((root / name).read_text(encoding="utf-8").encode("gbk"))
    assert run(["check", str(root)]) == 3
    said = capsys.readouterr().out
    option = re.search(r"(--encoding) (\S+)", said).groups()
    where = ["--store", str(tmp_path / "store")]
    assert run(["check", str(root), *option]) == 0
    capsys.readouterr()
    assert run([*where, "load", str(root), *option, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["events"]["accepted"] == 1
    with open_store(tmp_path / "store") as store:
        assert store.node("Brand", "b1")["name"] == "山海咖啡"
    assert run(["check", str(root), "--encoding", "klingon"]) == 2
    assert "'klingon'" in capsys.readouterr().err
