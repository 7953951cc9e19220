"""What check and load say about files that need mending: every kind of mistake, causes first, what to do."""

import json

import pytest

from graphkit.cli.findings import findings_text, first_error
from graphkit.errors import DataInvalid
from graphkit.model.validate import Finding
from graphkit.store.files import check_directory, read_directory
from graphkit.store.files_raw import MAX_FINDINGS

MAPPING = """name = "ratings"
currency = "USD"
time_zone = "UTC"
[[relationships]]
file = "ratings.csv"
type = "RATED"
source = { column = "user", labels = ["User"] }
target = { column = "film", labels = ["Film"] }
columns = { rating = "rating" }
constants = { scale_max = 5 }
"""


@pytest.fixture
def home(tmp_path):
    """Return a folder of its own for each test."""
    return tmp_path


@pytest.fixture
def foreign(tmp_path):
    """Ratings of a foreign layout, their mapping beside them; no dataset.toml."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "ratings.csv").write_text("user,film,rating\nu1,f1,4\nu2,f1,3\n", encoding="utf-8")
    mapping = tmp_path / "ratings.toml"
    mapping.write_text(MAPPING, encoding="utf-8")
    return data, mapping


def test_many_mistakes_of_one_kind_hide_no_other(tmp_path, write_tables, gk):
    """Hundreds of bad ages and the rows that follow from them leave room for the one bad price."""
    users = [f"u{i},true,999" for i in range(200)]
    write_tables(tmp_path / "data", {
        "nodes/user.csv": ("id,consent,age", users), "nodes/channel.csv": ("id,name,kind,cost", ["c1,c1,kol,1.2m"]),
        "relationships/knows.csv": ("source,target", [f"u{i},u{i + 1}" for i in range(199)]),
    })  # fmt: skip
    code, out, err = gk("check", tmp_path / "data")
    assert code == 3
    assert "cost is 1.2m" in out
    assert "write the number out" in out
    assert "197 more like this" in out
    assert out.index("age is 999") < out.index("was itself rejected")
    assert "first: nodes/channel.csv" in err or "first: nodes/user.csv" in err


def test_a_refused_load_states_each_finding_once(tmp_path, write_tables, gk):
    """The examples of the error and the findings are not printed twice."""
    write_tables(tmp_path / "data", {"nodes/user.csv": ("id,consent,age", ["u1,true,old"])})
    code, _, err = gk("load", tmp_path / "data")
    assert code == 3
    assert err.count("age is old") == 1
    assert "write a plain number such as 12" in err


def test_a_mapping_that_declares_everything_needs_no_dataset_toml(foreign, gk):
    """Name, currency and time zone may stand in the mapping; what it leaves out is still asked for."""
    data, mapping = foreign
    _, out, _ = gk("check", data, "--mapping", mapping, "--create-missing")
    assert "dataset.toml" not in out
    mapping.write_text(MAPPING.replace('time_zone = "UTC"\n', ""), encoding="utf-8")
    _, out, _ = gk("check", data, "--mapping", mapping, "--create-missing")
    assert "no time zone is declared" in out


def test_unknown_ends_point_to_create_missing(foreign, gk):
    """The hint names the option that makes users and films; the load then says that such users consented to nothing."""
    data, mapping = foreign
    code, _, err = gk("load", data, "--mapping", mapping)
    assert code == 3
    assert "--create-missing" in err
    code, out, _ = gk("load", data, "--mapping", mapping, "--create-missing")
    assert code == 0
    assert "2 User" in out
    assert "have not consented" in out


def test_a_bad_vector_is_named_by_its_node(tmp_path, write_tables, gk):
    """Not 'right' or 'left' but the course, its value or its dimension."""
    keep = '[keep]\nCourse = ["vector:string[]"]\n'
    for bad, said in [("x;1;2", "'x'"), ("nan;1;0", "nan"), ("1;0", "2 dimensions")]:
        write_tables(tmp_path / "data", {"nodes/course.csv": ("id,name,vector", ["k1,A,1;0;0", f"k2,B,{bad}"])}, keep)
        assert gk("load", tmp_path / "data")[0] == 0
        code, _, err = gk("match", "Course:k1", "--to", "Course", "--by", "vector")
        assert code == 3
        assert "Course 'k2'" in err
        assert said in err


def test_what_is_wrong_with_a_parameter_names_it(tmp_path, write_tables, gk):
    """A value of the wrong type or a negative number of rows is a usage error with the parameter's name."""
    write_tables(tmp_path / "data", {"nodes/film.csv": ("id,name", ["f1,A"])})
    assert gk("load", tmp_path / "data")[0] == 0
    for value in ("abc", "-1"):
        code, _, err = gk("query", "match/cosine", "--param", "film=f1", "--param", f"top={value}")
        assert code == 2
        assert "parameter top" in err
        assert value in err
    assert gk("query", "match/cosine", "--param", "film=f1", "--param", "top=0")[0] == 0


def test_an_option_of_the_program_after_the_command_is_explained(gk):
    """People write --store and --lang where they write all options; they are told where it belongs."""
    code, _, err = gk("search", "x", "--lang", "zh")
    assert code == 2
    assert "--lang stands before the command: graphkit --lang ... search" in err
    assert "No such option '--lnag'" in gk("search", "x", "--lnag", "zh")[2]
    said = gk("--lang", "zh", "whatif", "plan.json", "--nope")[2]
    assert "没有选项 '--nope'。是否指其中之一：'--drop', '--price'？" in said


def test_a_found_partnership_shows_its_title(tmp_path, write_tables, gk):
    """Partnerships bear a title, not a name; search shows it as their name."""
    write_tables(tmp_path / "data", {"nodes/partnership.csv": ("id,status,title", ["p1,ended,咖啡联名"])})
    assert gk("load", tmp_path / "data")[0] == 0
    assert '"name": "咖啡联名"' in gk("search", "联名", "--format", "json")[1]


def test_events_of_other_things_are_counted_not_passed_over(tmp_path, write_tables, gk):
    """An empty profile from a log of views of materials says that no event is of a film or course."""
    write_tables(tmp_path / "data", {
        "nodes/user.csv": ("id,consent", ["u1,true"]), "nodes/material.csv": ("id,kind,status", ["m1,article,approved"]),
        "events/e.csv": ("ts,user,kind,item_label,item", ["1700000000,u1,view,Material,m1", "1700000001,u1,view,Material,m1"]),
    })  # fmt: skip
    assert gk("load", tmp_path / "data")[0] == 0
    code, _, err = gk("profile", "u1", "--events", tmp_path / "data")
    assert code == 0
    assert "2 events are of no film or course of the store" in err


def test_a_load_says_what_it_left_out(gk, tmp_path):
    """A column nobody mapped is no error; a load that succeeds names it, for people and as JSON, and not with -q."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "r.csv").write_text("who,odd\nu1,x\nu2,y\n")
    nodes = '[[nodes]]\nfile = "r.csv"\nlabel = "User"\nid = "who"\nconstants = { consent = true }\n'
    (tmp_path / "m.toml").write_text('name = "m"\ncurrency = "EUR"\ntime_zone = "UTC"\n' + nodes)
    load = ("load", tmp_path / "in", "--mapping", tmp_path / "m.toml", "--format", "json")
    code, out, err = gk(*load)
    assert code == 0
    assert "column 'odd' is neither mapped nor kept" in err
    (said,) = json.loads(out)["findings"]
    assert (said["rule"], said["severity"], said["column"], said["line"]) == ("unknown-column", "warning", "odd", 1)
    code, out, err = gk("-q", *load)
    assert (code, err) == (0, "")


def test_a_directory_nobody_could_read_is_not_counted(gk, tmp_path):
    """Where the mapping itself is wrong there are no rows to speak of."""
    (tmp_path / "in").mkdir()
    (tmp_path / "m.toml").write_text('[[nodes]]\nfile = "r.csv"\nlabel = "Movie"\nid = "who"\n')
    code, _, err = gk("load", tmp_path / "in", "--mapping", tmp_path / "m.toml")
    assert code == 3
    assert "no row could be read, nothing loaded" in err
    assert "unknown label 'Movie'" in err


def test_a_file_that_was_not_read_comes_before_the_ids_it_would_have_held():
    """The cause first, and named as the first error: thousands of unknown ids follow from one encoding."""
    unread = Finding("encoding", "error", "学员.csv", 1, None, None, "the text is not UTF-8").to_dict()
    ids = [
        Finding("unknown-node", "error", "好友.csv", k, "source", f"u{k}", f"unknown User u{k}") for k in range(2, 9)
    ]
    text = "1000 more findings of the rule unknown-node in this file"
    more = Finding("more", "error", "好友.csv", None, "source", "1000", text).to_dict()
    found = [more, *(each.to_dict() for each in ids), unread]
    assert findings_text(found).startswith("error: 学员.csv line 1: the text is not UTF-8")
    assert first_error(found) == unread


def test_every_cause_is_shown_before_a_second_example_of_one(tmp_path, write_tables, gk):
    """A load refused for eight reasons names all eight, each with its count; the many unknown ids hide none."""
    users = [f"u{i},true,999" for i in range(50)]
    write_tables(tmp_path / "data", {
        "nodes/user.csv": ("id,consent,age", users),
        "nodes/channel.csv": ("id,name,kind,cost,capacity", ["c1,c1,kol,1.2m,1", "c2,c2,kol,1.3m,1", "c3,c3,kol,1,x", "c4,c4,kul,1,1"]),
        "nodes/film.csv": ("id,name,quality", ["f1,x,0.5", "f2,y,7", "f3,,1"]),
        "relationships/knows.csv": ("source,target", [f"u{i},u{i + 1}" for i in range(49)] + ["u1"]),
    })  # fmt: skip
    code, _, err = gk("load", tmp_path / "data")
    assert code == 3
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    causes = ["user.csv line 2 column age", "channel.csv line 2 column cost", "channel.csv line 4 column capacity"]
    causes += ["channel.csv line 5 column kind", "film.csv line 3 column quality", "film.csv line 4 column name"]
    causes += ["knows.csv line 51", "knows.csv line 2 column source"]
    assert [sum(cause in line for line in lines) for cause in causes] == [1] * len(causes)
    assert len(lines) == len(causes)
    assert "49 more like this" in err
    assert "1 more like this" in err
    assert "knows.csv line 2 column" in lines[-1]


def test_the_refusal_of_a_call_names_every_cause_once(tmp_path, write_tables):
    """From Python too, the first bad file does not hide the second."""
    write_tables(tmp_path / "data", {
        "nodes/channel.csv": ("id,name,kind,cost", [f"c{i},x,kol,1.2m" for i in range(9)]),
        "nodes/user.csv": ("id,consent,age", ["u1,true,old"]),
    })  # fmt: skip
    with pytest.raises(DataInvalid) as caught:
        read_directory(tmp_path / "data")
    assert "channel.csv line 2: cost is 1.2m" in str(caught.value)
    assert "8 more like this" in str(caught.value)
    assert "user.csv line 2: age is old" in str(caught.value)


def test_a_column_of_many_mistakes_does_not_use_up_the_findings_of_another(tmp_path, write_tables):
    """The limit of findings is one of a column: thousands of bad prices leave the one bad capacity its own."""
    rows = [f"c{i},x,kol,1.2m,1" for i in range(MAX_FINDINGS + 7)] + ["d,x,kol,1,x"]
    write_tables(tmp_path / "data", {"nodes/channel.csv": ("id,name,kind,cost,reach_p", rows)})
    found = [f for f in check_directory(tmp_path / "data").findings if f.severity == "error"]
    assert [(f.line, f.value) for f in found if f.column == "reach_p"] == [(len(rows) + 1, "x")]
    assert [(f.column, f.value) for f in found if f.rule == "more"] == [("cost", "7")]


def test_findings_beyond_those_listed_are_counted(tmp_path, write_tables, gk):
    """5,009 prices that are no numbers and one missing name: 5,010 errors, all but the first like it; a load says the same."""
    rows = [f"c{i},x,kol,1.2m" for i in range(MAX_FINDINGS + 9)] + ["d,,kol,1"]
    write_tables(tmp_path / "data", {"nodes/channel.csv": ("id,name,kind,cost", rows)})
    code, out, err = gk("check", tmp_path / "data")
    assert code == 3
    shown = out.count("cost is 1.2m")
    assert f"... and {MAX_FINDINGS + 9 - shown:,} more like this" in out
    assert "5,010 findings in all" in out
    assert "5,010 errors" in err
    with pytest.raises(DataInvalid) as caught:
        read_directory(tmp_path / "data")
    assert "... and 5,008 more like this" in str(caught.value)
