"""What was simulated names the command that makes it again; what can be counted names its query."""

import json
import shlex
from itertools import pairwise

import pytest


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_tables, load):
    """Twelve users in a ring, two channels that list some of them, a channel known by its filter only, a brand and a film."""
    root = tmp_path_factory.mktemp("replay")
    users = [f"u{i:02d}" for i in range(12)]
    tables = {
        "nodes/user.csv": ("id,consent,age", [f"{u},true,30" for u in users]),
        "nodes/film.csv": ("id,name,kind", ["f,F,film"]),
        "nodes/brand.csv": ("id,name", ["b,B"]),
        "nodes/channel.csv": (
            "id,name,kind,cost,audience_filter",
            ["c,C,kol,10,", "d,D,kol,20,", "e,E,tv,30,age > 20"],
        ),
        "relationships/knows.csv": ("source,target", [*map(",".join, pairwise(users)), "u00,u11"]),
        "relationships/reaches.csv": ("source,target,p", ["c,u00,0.5", "c,u01,1", "d,u01,0.25", "d,u05,0.75"]),
        "relationships/follows__user__brand.csv": ("source,target", ["u01,b", "u07,b"]),
    }
    write_tables(root / "data", tables, "\n[reach_p]\ntv = 0.1\n")
    return load(root)


SIMULATED = [
    (("simulate", "--seeds", "u00,u05", "--worlds", "50", "--probability", "0.4"), "mean"),
    (("seeds", "--k", "2", "--probability=0.3", "--seed=9"), "spread"),
    (("overlap", "Channel:c", "Channel:d", "--spread", "--worlds", "40", "--probability", "0.3"), "joint"),
]


@pytest.mark.parametrize(("words", "number"), SIMULATED, ids=lambda x: x[0] if isinstance(x, tuple) else x)
def test_the_command_that_replays_gives_the_same_number(gk, tmp_path, words, number):
    """It leaves out where the result was printed, names seed and data, and says the same again."""
    out = tmp_path / "out.json"
    code, _, err = gk(*words, "--format", "json", "-o", out)
    assert code == 0, err
    first = json.loads(out.read_text())
    again = first["replay"]
    said = shlex.split(again["command"])
    assert said[0] == "graphkit"
    assert not {"--format", "-o", str(out)} & set(said)
    assert said[-2:] == ["--seed", str(again["seed"])] or f"--seed={again['seed']}" in said
    assert first["manifest"]["snapshot"].startswith(again["snapshot"])
    second = json.loads(gk(*said[1:], "--format", "json")[1])
    assert second[number] == first[number]
    assert second["manifest"]["digest"] == first["manifest"]["digest"]
    assert f"replay: {again['command']}" in gk(*words)[1]


def test_a_variant_of_a_plan_is_replayed(gk, tmp_path):
    """Its seed is that of the plan, so the command needs none."""
    plan = tmp_path / "plan.json"
    assert gk("plan", "--for", "Film:f", "--budget", "30", "--probability", "0.3", "-o", plan)[0] == 0
    first = json.loads(gk("whatif", plan, "--drop", "c", "--format", "json")[1])
    assert shlex.split(first["replay"]["command"]) == ["graphkit", "whatif", str(plan), "--drop", "c"]
    second = json.loads(gk(*shlex.split(first["replay"]["command"])[1:], "--format=json")[1])
    assert second["reach"] == first["reach"]
    assert first["replay"]["seed"] == json.loads(plan.read_text())["manifest"]["seed"]


def test_counted_overlap_names_its_query_and_an_assumed_audience_none(gk):
    """The printed line gives the printed numbers; a channel known by a filter has no rows to count."""
    code, out, err = gk("overlap", "Channel:c", "Brand:b", "Channel:d", "--format", "json")
    assert code == 0, err
    found = json.loads(out)
    (line,) = (x.removeprefix("look up: ") for x in err.splitlines() if x.startswith("look up: "))
    rows = json.loads(gk(*shlex.split(line)[1:], "--format", "json")[1])
    assert [{k: row[k] for k in ("name", "reach", "exclusive", "incremental")} for row in rows] == [
        {k: pytest.approx(v) if k != "name" else v for k, v in row.items()} for row in found["audiences"]
    ]
    assert {(row["joint"], row["shared"]) for row in rows} == {(found["joint"], found["shared"])}
    assert found["replay"] is None
    assumed = json.loads(gk("overlap", "Channel:c", "Channel:e", "--format", "json")[1])
    assert (assumed["query"], assumed["params"]) == (None, {})


def test_rows_of_rank_name_the_ties_they_rest_on(gk):
    """The query of the first row lists every way into it."""
    code, out, err = gk("rank", "Channel:c", "--to", "Channel", "--format", "json")
    assert code == 0, err
    row = json.loads(out)[0]
    assert row["params"] == {"label": "Channel", "id": "c", "toLabel": "Channel", "to": row["id"]}
    (line,) = (x.removeprefix("look up a row: ") for x in err.splitlines() if x.startswith("look up a row: "))
    ways = json.loads(gk(*shlex.split(line)[1:], "--format", "json")[1])
    assert [way["via_label"] for way in ways] == ["User"]
