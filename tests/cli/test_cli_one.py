"""One of each: one user, one purchase, one event, and no sentence speaks of several."""

import json
import re

import pytest

TABLES = {
    "nodes/user.csv": ("id,consent", ["u1,true", "u2,true", "u3,false"]),
    "nodes/film.csv": ("id,name", ["f1,Paper Moon"]),
    "nodes/channel.csv": ("id,name,kind,cost", ["c1,One,kol,10", "c2,Two,kol,50"]),
    "relationships/reaches.csv": ("source,target,p", ["c1,u1,0.5", "c2,u1,0.5"]),
    "relationships/knows.csv": ("source,target", ["u1,u2"]),
    "relationships/watched.csv": ("source,target", ["u1,f1"]),
    "events/one.csv": (
        "ts,user,kind,item_label,item,channel",
        ["1704067200,u1,exposure,Film,f1,c1", "1704067200,u1,exposure,Film,f1,c1", "1704067300,u1,view,Film,f1,"],
    ),
}
PLAN = ("--for", "Film:f1", "--budget", "10", "--seed", "1")
COMMANDS = {
    "check": ("check", "DATA"),
    "plan": ("plan", *PLAN, "--waves", "2", "--no-keep"),
    "explain": ("explain", "PLAN"),
    "whatif": ("whatif", "PLAN", "--budget", "60"),
    "evaluate": ("evaluate", "PLAN", "--events", "DATA", "--min-cell", "1", "--days", "1"),
    "funnel": ("evaluate", "PLAN", "--events", "DATA", "--funnel", "--min-cell", "1", "--days", "1"),
    "replan": ("replan", "WAVES", "--events", "DATA", "--no-keep"),
    "learn": ("learn", "--events", "DATA", "--no-keep"),
    "simulate": ("simulate", "--seeds", "u1", "--worlds", "1"),
    "seeds": ("seeds", "--k", "1"),
    "overlap": ("overlap", "Channel:c1", "Channel:c2", "--spread", "--worlds", "1"),
    "communities": ("communities", "--seed", "1"),
    "rank": ("rank", "Film:f1", "--to", "User"),
    "links": ("links", "--from", "User", "--to", "Film"),
    "recommend": ("recommend", "u2", "--to", "Film"),
    "profile": ("profile", "u1"),
    "report": ("report", "PLAN", "--lang", "en", "-o", "-"),
}
SEVERAL = re.compile(r"\b1 (?!is\b|was\b|has\b|counts?\b)[a-z]+s\b[^\n]{0,60}")


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_tables, load):
    """Two users with consent and one without, two channels, one tie."""
    root = tmp_path_factory.mktemp("one")
    write_tables(root / "data", TABLES)
    return load(root)


@pytest.fixture
def made(gk, home):
    """Plans of one purchase: PLAN in one wave, WAVES in the first of two."""
    for name, more in (("PLAN", ()), ("WAVES", ("--waves", "2"))):
        if not (home / name).exists():
            code, _, err = gk("plan", *PLAN, *more, "--format", "json", "-o", home / name)
            assert code == 0, err
    return {"DATA": home / "data", "PLAN": home / "PLAN", "WAVES": home / "WAVES"}


@pytest.mark.parametrize("name", COMMANDS)
def test_one_is_not_told_as_several(gk, made, name):
    """No "1 users": whatever a command counts, one is told in the singular."""
    code, out, err = gk(
        *(made.get(word, word) for word in COMMANDS[name]), *(() if name == "report" else ("--format", "table"))
    )
    assert code == 0, err
    assert not SEVERAL.findall(out + err)


def test_a_single_purchase_shares_with_nobody(made):
    """There are no others chosen to share an audience with."""
    (item,) = json.loads(made["PLAN"].read_text())["items"]
    assert [reason.split(" | ")[1] for reason in item["reasons"]] == ["adds 1.0 at 10.00 each"]


def test_a_dash_is_told_what_it_hides(gk, made, home):
    """A channel of one user beside the whole of two: its reach is hidden, and the note says why."""
    head, rows = TABLES["events/one.csv"]
    (home / "two.csv").write_text("\n".join([head, *rows, "1704067260,u2,exposure,Film,f1,c2"]) + "\n")
    words = ("evaluate", made["PLAN"], "--events", home / "two.csv", "--min-cell", "2", "--format", "table")
    code, out, err = gk(*words)
    assert code == 0, err
    assert re.search(r"^c1 +reach +–", out, re.MULTILINE)
    assert "note: a dash among the values is a figure about fewer than 2 users (--min-cell)\n" in err
    assert "a dash among" not in gk(*(word if word != "2" else "1" for word in words))[2]


def test_a_reach_of_few_users_is_not_shown_and_not_0(gk, made, monkeypatch):
    """One user reached of 50 that a figure needs: a planner is told why no number stands there, in either language."""
    words = ("evaluate", made["PLAN"], "--events", made["DATA"], "--format", "table")
    code, out, err = gk(*words)
    assert code == 0, err
    said = (
        "measured reach: not shown, as these events tell of fewer than 50 users (--min-cell); not shown does not mean 0"
    )
    assert out.split("\n")[0].endswith(f"; {said}")
    assert "; of 100 campaigns like this one, 95 should reach 0 to 2; " in out
    monkeypatch.setenv("GRAPHKIT_LANG", "zh")
    first = gk(*words)[1].split("\n")[0]
    assert first.endswith("；实测触达：不显示，因为这些事件中不足 50 名用户（--min-cell）；不显示不等于 0")
    assert "；100 次这样的活动中，应有 95 次触达 0 至 2；" in first


def test_a_channel_bought_in_two_waves_is_explained_twice(gk, made, home):
    """Each purchase is a row with its wave, its own cost and its own reasons."""
    plan = json.loads(made["PLAN"].read_text())
    (item,) = plan["items"]
    again = {**item, "wave": 2, "cost": 7.0, "reasons": ["再次 | once more"]}
    (home / "TWICE").write_text(json.dumps({**plan, "items": [item, again], "waves": [*plan["waves"], *plan["waves"]]}))
    code, out, err = gk("explain", home / "TWICE", "--format", "table")
    assert code == 0, err
    rows = [line.split() for line in out.splitlines() if "c1" in line]
    assert [(row[0], row[4], row[-2:]) for row in rows] == [
        ("1", "10", ["10.00", "each"]),
        ("2", "7", ["once", "more"]),
    ]
