"""The commands on a small directory in an embedded store, one after the other as a user would."""

import csv
import io
import json
import shlex

import pytest

from graphkit.cli import run

USERS = 60


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_tables):
    """A folder with an input directory: a ring of friends, four channels, one film, tags, events."""
    root = tmp_path_factory.mktemp("cli")
    users = [f"u{i:02d}" for i in range(USERS)]
    events = [
        f"{1_700_000_000 + 100 * item + step},{users[(item * 7 + step) % USERS]},like,Film,i{item}"
        for item in range(40)
        for step in range(3)
    ]
    tables = {
        "nodes/user.csv": ("id,consent,age", [f"{u},true,{20 + i % 30}" for i, u in enumerate(users)]),
        "nodes/channel.csv": ("id,name,kind,cost", [f"c{i},渠道{i},kol,{100 * i}" for i in range(1, 5)]),
        "nodes/film.csv": ("id,name,kind", ["f1,流浪者,film", "f2,山海,series"]),
        "nodes/course.csv": ("id,name", ["k1,数据分析入门", "k2,写作课"]),
        "nodes/tag.csv": ("id,name,kind", ["t1,科幻,theme", "t2,成长,theme"]),
        "relationships/has_tag__film__tag.csv": ("source,target,w", ["f1,t1,1", "f1,t2,0.5", "f2,t2,1"]),
        "relationships/has_tag__course__tag.csv": ("source,target,w", ["k1,t1,1", "k2,t2,1"]),
        "relationships/knows.csv": (
            "source,target",
            [f"{min(a, b)},{max(a, b)}" for a, b in zip(users, users[1:] + users[:1], strict=True)],
        ),
        "relationships/reaches.csv": (
            "source,target,p",
            [f"c{c},{users[(15 * (c - 1) + i) % USERS]},0.5" for c in range(1, 5) for i in range(20)],
        ),
        "relationships/watched.csv": ("source,target,n", [f"{u},f1,1" for u in users[:6]]),
        "events/likes.csv": ("ts,user,kind,item_label,item", events),
    }
    write_tables(root / "data", tables)
    return root


@pytest.fixture
def loaded(gk, home):
    """The store with the data in it."""
    code, _, err = gk("load", home / "data", "--format", "json")
    assert code == 0, err
    return gk


def rows_of(result):
    """JSON of a command that ended well."""
    code, out, err = result
    assert code == 0, err
    return json.loads(out)


def test_check_and_load_twice(gk, home):
    """All rows are counted; the second load creates and changes nothing."""
    checked = rows_of(gk("check", home / "data", "--format", "json"))
    first = rows_of(gk("load", home / "data", "--format", "json"))
    second = rows_of(gk("load", home / "data", "--format", "json"))
    assert checked["ok"]
    assert first["rows_in"] == checked["rows_in"] == second["rows_in"]
    assert sum(second["created"].values()) + sum(second["changed"].values()) == 0
    assert sum(second["unchanged"].values()) == second["rows_in"]
    assert first["by_label"]["User"] == USERS


def test_refused_load_says_where(gk, home, tmp_path):
    """One bad row: exit 3, every row rejected in JSON, file and line on stderr."""
    import shutil

    bad = tmp_path / "bad"
    shutil.copytree(home / "data", bad)
    path = bad / "relationships" / "reaches.csv"
    path.write_text(path.read_text().replace("c1,u00,0.5", "c1,u00,1.7"))
    code, out, err = gk("load", bad, "--format", "json")
    report = json.loads(out)
    assert code == 3
    assert "reaches.csv line 2" in err
    assert report["rejected"] == report["rows_in"] > 0
    assert report["created"] == {"nodes": 0, "relationships": 0}
    code, out, err = gk("check", bad, "--format", "csv")
    found = list(csv.DictReader(io.StringIO(out)))
    assert code == 3
    assert ("2", "p", "1.7") in {(row["line"], row["column"], row["value"]) for row in found}


def test_own_query_with_parameters(loaded, tmp_path):
    """An analyst's own text runs with typed parameters; a writing one is refused."""
    path = tmp_path / "own.cypher"
    path.write_text(
        "// @param age INTEGER\n// @access read\nMATCH (u:User) WHERE u.age >= $age RETURN count(u) AS n;\n"
    )
    assert rows_of(loaded("query", "--file", path, "--param", "age=30", "--format", "json")) == [{"n": 40}]
    code, _, err = loaded("query", "--file", path)
    assert code == 2
    assert "age" in err
    path.write_text("MATCH (u:User) SET u.age = 1\n")
    assert loaded("query", "--file", path)[0] == 4


def test_query_list_and_refusals(gk):
    """The list names every query once; NAME, --file and --list exclude each other."""
    names = [row["name"] for row in rows_of(gk("query", "--list", "--format", "json"))]
    assert names == sorted(set(names))
    assert gk("query")[0] == 2
    assert gk("query", "--list", names[0])[0] == 2
    code, _, err = gk("query", names[0] + "x")
    assert code == 2
    assert names[0] in err


def test_parameters_are_shown_before_any_is_given(gk):
    """Whoever asks what to fill in sees every parameter; a wrong one is refused even then."""
    shown = ("query", "partners/incremental_reach", "--show-params")
    assert gk(*shown)[:2] == (0, ':param {film: "<STRING>", have: [], minCell: 50};\n')
    assert gk(*shown, "--param", "minCell=7")[1] == ':param {film: "<STRING>", have: [], minCell: 7};\n'
    assert gk(*shown, "--param", "minCell=few")[0] == 2
    assert gk(*shown, "--param", "movie=f01")[0] == 2
    assert gk(*shown[:2])[0] == 2


def test_schema_is_applied_once(loaded):
    """A second apply creates nothing."""
    assert rows_of(loaded("schema", "apply", "--format", "json"))["new"] == 0
    assert "CREATE CONSTRAINT" in loaded("schema", "show")[1]


def test_export_comes_back(loaded, home, patched, capsys, tmp_path):
    """Parquet out and into an empty store: the same counts."""
    assert loaded("export", tmp_path / "out", "--as", "parquet")[0] == 0
    assert run(["--store", str(tmp_path / "again"), "load", str(tmp_path / "out"), "--format", "json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["created"]["nodes"] == USERS + 4 + 2 + 2 + 2
    assert again["by_type"]["REACHES"] == 80


def test_simulate_path_is_exact(loaded):
    """With p = 1 on a ring everybody is reached in half the ring's steps, whatever the seed."""
    found = rows_of(
        loaded("simulate", "--seeds", "u00", "--probability", "1", "--worlds", "64", "--format", "json", "--top", "2")
    )
    assert found["mean"] == USERS
    assert found["by_step"] == [1.0, *[2.0] * 29, 1.0]
    assert [row["node"] for row in found["most_active"]] == ["u00", "u01"]
    assert all(row["interval"][0] <= row["activation"] <= row["interval"][1] for row in found["most_active"])


def test_simulate_refuses_unknown_seed(loaded):
    """A seed that is not there is a usage error that names close ids."""
    code, _, err = loaded("simulate", "--seeds", "u000")
    assert code == 2
    assert "u00" in err


def test_seeds_need_one_rule(loaded):
    """Either a number or a budget."""
    assert loaded("seeds")[0] == 2
    found = rows_of(loaded("seeds", "--k", "2", "--probability", "0.3", "--format", "json"))
    assert len(found["seeds"]) == 2
    assert 0 < found["certificate"]["ratio"] <= 1


def test_rank_by_hand(loaded):
    """From f1 the courses that share its heavier part come first; every score is positive and falls."""
    found = rows_of(loaded("rank", "Film:f1", "--to", "Course", "--format", "json"))
    assert {row["id"] for row in found} == {"k1", "k2"}
    assert [row["score"] for row in found] == sorted((row["score"] for row in found), reverse=True)


def test_match_is_the_cosine(loaded):
    """Cosine of (1, .5) with (1, 0) and (0, 1): 2/sqrt(5) and 1/sqrt(5)."""
    found = rows_of(loaded("match", "Film:f1", "--to", "Course", "--by", "cosine", "--format", "json"))
    assert [(row["id"], pytest.approx(row["score"])) for row in found] == [("k1", 2 / 5**0.5), ("k2", 1 / 5**0.5)]
    assert found[0]["shared"] == ["科幻"]


def test_search_finds_chinese(loaded):
    """Words of a Chinese name find it; unknown ones give an empty list and a reason."""
    assert rows_of(loaded("search", "数据分析", "--format", "json"))[0]["id"] == "k1"
    code, out, err = loaded("search", "xyzzy", "--format", "json")
    assert (code, json.loads(out)) == (0, [])
    assert err.strip()


def test_overlap_by_hand(loaded):
    """Channels 1 and 2 share 5 users with chance 1/2 each: 10 + 10 - 1.25 together."""
    found = rows_of(loaded("overlap", "Channel:c1", "Channel:c2", "--format", "json"))
    assert found["joint"] == pytest.approx(18.75)
    assert [row["reach"] for row in found["audiences"]] == pytest.approx([10, 10])
    assert loaded("overlap", "Channel:c1", "User:u00")[0] == 2


def test_plan_and_what_follows(loaded, tmp_path):
    """A plan within budget, kept under its id, explained, evidenced and changed."""
    plan = rows_of(loaded("plan", "--for", "Film:f1", "--budget", "300", "--probability", "none", "--format", "json"))
    assert plan["spent"] <= 300
    assert sum(item["cost"] for item in plan["items"]) == plan["spent"]
    assert {item["channel"] for item in plan["items"]} == {"c1", "c2"}
    assert plan["reach"]["mean"] == pytest.approx(18.75)
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    for name in (plan["plan"], tmp_path / "plan.json"):
        assert any(
            row["channel"] == "c1" and row["chosen"] for row in rows_of(loaded("explain", name, "--format", "json"))
        )
        claim = rows_of(loaded("evidence", name, "--claim", "reach", "--format", "json"))
        assert [row["value"] for row in claim] == [pytest.approx(18.75)]
        changed = rows_of(loaded("whatif", name, "--drop", "c1", "--format", "json"))
        assert changed["reach"]["difference"] == pytest.approx(-8.75)
    listed = loaded("evidence", plan["plan"])[1].splitlines()
    assert any(line.split() == ["spent", "300", "channels/spending"] for line in listed)
    assert listed[-2:] == [
        f"replay: graphkit verify {plan['plan']}",
        f"look up a row: graphkit evidence {plan['plan']} --claim spent",
    ]
    spent = loaded("evidence", plan["plan"], "--claim", "spent")[1].splitlines()
    looked_up = shlex.split(spent[1].removeprefix("look up: graphkit "))
    assert rows_of(loaded(*looked_up, "--format", "json"))[-1]["cost"] == 300
    reasons = loaded("explain", plan["plan"])[1].splitlines()
    assert reasons[0].startswith(f"Plan {plan['plan']} for Film:f1")
    assert reasons[1].split()[:2] == ["channel", "name"]
    code, _, err = loaded("evidence", plan["plan"], "--claim", "reech")
    assert code == 2
    assert "reach" in err
    assert loaded("whatif", plan["plan"])[0] == 2
    assert loaded("explain", "P-none")[0] == 2


def test_infeasible_and_unknown(loaded):
    """A budget below the cheapest channel is 5, an unknown film 2."""
    assert loaded("plan", "--for", "Film:f1", "--budget", "1")[0] == 5
    assert loaded("plan", "--for", "Film:f9", "--budget", "500")[0] == 2


def test_plan_is_stored_as_nodes_only_when_asked(loaded):
    """A kept plan leaves the answers of the store alone; --write makes it nodes."""
    ask = ("plan", "--for", "Film:f2", "--budget", "300", "--probability", "none", "--format", "json")
    plan = rows_of(loaded(*ask))["plan"]
    stored = lambda: rows_of(loaded("query", "plan/list", "--format", "json"))
    assert plan not in json.dumps(stored())
    assert rows_of(loaded(*ask, "--write", "--no-keep"))["plan"] == plan
    assert plan in json.dumps(stored())


def test_learn_then_plan_with_it(loaded, home):
    """Learned ties are kept beside the store and used by name; before that the hint names the command."""
    code, _, err = loaded("simulate", "--seeds", "u00", "--probability", "learned")
    assert code == 3
    assert "graphkit learn" in err
    told = rows_of(loaded("learn", "--events", home / "data", "--format", "json"))
    assert told["n_arcs"] == 2 * USERS
    assert 0.25 <= told["size_factor"] <= 4
    assert 0 < told["p_median"] < 1
    found = rows_of(
        loaded("simulate", "--seeds", "u00", "--probability", "learned", "--worlds", "640", "--format", "json")
    )
    assert 1 < found["mean"] < USERS
    assert found["n_arcs"] == told["n_arcs"]


def test_a_plan_that_cannot_be_kept_is_printed(loaded, monkeypatch, tmp_path):
    """A full or read-only disk beside the store costs the kept copy, not the plan."""
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("graphkit.cli.plans._folder", lambda app: tmp_path / "file" / "plans")
    code, out, err = loaded("plan", "--for", "Film:f1", "--budget", 300, "--format", "json")
    assert (code, "not kept" in err) == (0, True)
    assert json.loads(out)["items"]
