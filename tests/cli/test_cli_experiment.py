"""graphkit experiment: from a store to a design, from events or a table to effects."""

import csv
import io
import itertools
import json

import numpy as np
import pytest

from graphkit.cli import run


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A store with 24 circles of 15 friends, ten users without consent."""
    root = tmp_path_factory.mktemp("experiment")
    data = root / "data"
    (data / "nodes").mkdir(parents=True)
    (data / "relationships").mkdir()
    (data / "dataset.toml").write_text('name = "circles"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    users = [f"u{i:03d}" for i in range(360)]
    draw = np.random.default_rng(1)
    ties = [
        (a, b)
        for g in range(24)
        for a, b in itertools.combinations(users[15 * g : 15 * g + 15], 2)
        if draw.random() < 0.5
    ]
    (data / "nodes/user.csv").write_text(
        "id,consent\n" + "".join(f"{u},{str(i >= 10).lower()}\n" for i, u in enumerate(users))
    )
    (data / "relationships/knows.csv").write_text("source,target\n" + "".join(f"{a},{b}\n" for a, b in ties))
    few = root / "few"
    (few / "nodes").mkdir(parents=True)
    (few / "dataset.toml").write_text('name = "few"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    (few / "nodes/user.csv").write_text("id,consent\nu1,true\nu2,true\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphkit.cli.context.install", lambda: None)
        for name in ("data", "few"):
            assert (
                run(
                    [
                        "--store",
                        str(root / f"store-{name}"),
                        "-q",
                        "load",
                        str(root / name),
                        "-o",
                        str(root / "load.json"),
                    ]
                )
                == 0
            )
    return root


@pytest.fixture
def gk(home, capsys, monkeypatch):
    """Run a command; return (status, stdout, stderr)."""
    monkeypatch.setattr("graphkit.cli.context.install", lambda: None)

    def call(*args, store="store-data"):
        code = run(["--store", str(home / store), *map(str, args)])
        return code, *capsys.readouterr()

    return call


def test_design_and_analyse_through_files(gk, home):
    """The lottery is written when asked, outcomes planted on it are found again; ids stand in the assignment only."""
    design, arms = home / "design.json", home / "arms.csv"
    code, out, err = gk("experiment", "design", "--mde", 0.3, "--seed", 3, "-o", design, "--assignment", arms)
    assert (code, out) == (0, ""), err
    text = design.read_text()
    assert json.loads(text)["n_users"] == 350
    assert '"u0' not in text
    rows = list(csv.DictReader(arms.open()))
    assert len(rows) == 350
    lot = np.random.default_rng(1)
    results = "".join(
        f"{r['user']},{int(lot.random() < (0.6 if r['arm'] == 'treatment' else 0.1))}\n" for r in rows[5:]
    )
    (home / "results.csv").write_text("user,bought\n" + results)
    code, out, err = gk(
        "experiment", "analyse", design, "--outcomes", home / "results.csv", "--outcome", "bought", "--format", "json"
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["n_missing"] == 5
    assert found["p_value"] < 0.01
    assert found["effects"]["effect"][:3] == ["total", "direct", "spillover"]
    assert found["effects"]["lower"][0] < 0.5 < found["effects"]["upper"][0]
    (home / "events").mkdir(exist_ok=True)
    (home / "events/log.csv").write_text(
        "ts,user,kind\n"
        + "".join(f"1700000000,{r['user']},purchase\n" for r in rows[::3])
        + "1700000000,u000,purchase\n"
    )
    code, out, err = gk("experiment", "analyse", design, "--events", home / "events", "--format", "csv")
    assert code == 0, err
    assert "1 of 118 events belong to users" in err
    assert [r["estimator"] for r in csv.DictReader(io.StringIO(out))] == ["hajek"] * 3 + ["linear"] * 3 + ["naive"]


def test_past_events_give_the_baseline(gk, home):
    """A third of the users bought before."""
    folder = home / "past"
    folder.mkdir(exist_ok=True)
    (folder / "log.csv").write_text(
        "ts,user,kind\n" + "".join(f"1700000000,u{i:03d},purchase\n" for i in range(10, 360, 3))
    )
    code, out, err = gk("experiment", "design", "--mde", 0.2, "--events", folder, "--format", "json")
    assert code == 0, err
    assert json.loads(out)["baseline"] == pytest.approx(117 / 350)


def test_percentage_points_as_a_difference_are_hinted_at_before_any_work(gk):
    """Two users are too few for a test, but the difference is told first; 500 is no percentage either."""
    code, out, err = gk("experiment", "design", "--mde", "5", store="store-few")
    assert (code, out) == (2, "")
    assert "for 5 percentage points give 0.05" in err
    code, _, err = gk("experiment", "design", "--mde", "500")
    assert (code, "percentage" in err) == (2, False)


def test_too_few_clusters_are_exit_5_with_the_reason(gk):
    """Two users, no experiment."""
    code, out, err = gk("experiment", "design", "--mde", 0.1, store="store-few")
    assert (code, out) == (5, "")
    assert "20 clusters" in err


def test_wrong_requests_have_their_exit_codes(gk, home):
    """No design file, no JSON, a doubled user, no outcome column: 3; half a request: 2."""
    design = home / "other.json"
    assert gk("experiment", "design", "--mde", 0.3, "-o", design)[0] == 0
    (home / "twice.csv").write_text("user,y\nu100,1\nu100,0\n")
    (home / "no.json").write_text("{}")
    for args in (
        (home / "lost.json", "--events", home),
        (home / "no.json", "--events", home),
        (design, "--outcomes", home / "twice.csv", "--outcome", "y"),
        (design, "--outcomes", home / "twice.csv", "--outcome", "z"),
        (design, "--events", home / "nowhere"),
    ):
        code, out, err = gk("experiment", "analyse", *args)
        assert (code, out) == (3, ""), (args, err)
    for args in (
        ("analyse", design),
        ("analyse", design, "--outcomes", home / "twice.csv"),
        ("design", "--arms", 3),
        ("design", "--share", 1),
    ):
        assert gk("experiment", *args)[0] == 2


def test_evaluate_prints_the_dictionary_and_the_funnel(gk, home):
    """A plan in the store, a log of its campaign: every metric once, the funnel as rows, the experiment's effect as cost per action."""
    data = home / "campaign"
    for part in ("nodes", "relationships", "events"):
        (data / part).mkdir(parents=True, exist_ok=True)
    (data / "dataset.toml").write_text('name = "campaign"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    (data / "nodes/user.csv").write_text("id,consent\n" + "".join(f"u{i:03d},true\n" for i in range(60)))
    (data / "nodes/channel.csv").write_text("id,name,kind,cost\nc1,一号,kol,100\n")
    (data / "nodes/film.csv").write_text("id,name\nf1,影片\n")
    (data / "relationships/reaches.csv").write_text(
        "source,target,p\n" + "".join(f"c1,u{i:03d},0.5\n" for i in range(60))
    )
    rows = [f"17000000{i:02d},u{i:03d},exposure,c1," for i in range(60)] + [
        f"17000100{i:02d},u{i:03d},click,c1," for i in range(30)
    ]
    rows += [f"17000200{i:02d},u{i:03d},purchase,,20" for i in range(6)]
    (data / "events/log.csv").write_text("ts,user,kind,channel,amount\n" + "\n".join(rows) + "\n")
    store = "store-campaign"
    assert gk("-q", "load", data, "-o", home / "l.json", store=store)[0] == 0
    assert (
        gk("plan", "--for", "Film:f1", "--budget", 100, "--probability", "none", "-o", home / "plan.json", store=store)[
            0
        ]
        == 0
    )
    effects = {"effect": ["total"], "estimator": ["hajek"], "value": [0.1], "lower": [0.05], "upper": [0.2]}
    (home / "effects.json").write_text(json.dumps({"effects": effects, "n_users": 100}))
    code, out, err = gk(
        "evaluate",
        home / "plan.json",
        "--events",
        data,
        "--experiment",
        home / "effects.json",
        "--margin",
        30,
        "--format",
        "json",
        store=store,
    )
    assert code == 0, err
    value = {(m["channel"], m["metric"]): m["value"] for m in json.loads(out)["metrics"]}
    assert len([name for channel, name in value if channel == "all"]) == 23
    assert (
        value["all", "sales"],
        value["all", "conversion"],
        value["all", "cost_per_incremental_action"],
        value["all", "enterprise_benefit"],
    ) == (120, 0.1, 10, 2)
    code, out, err = gk(
        "evaluate",
        home / "plan.json",
        "--events",
        data,
        "--funnel",
        "--step",
        "exposure",
        "--step",
        "click",
        "--step",
        "purchase",
        "--format",
        "csv",
        store=store,
    )
    assert code == 0, err
    assert [r["users"] for r in csv.DictReader(io.StringIO(out)) if r["group"] == "c1"] == ["60", "30", "6"]
    assert gk("evaluate", home / "plan.json", "--events", data, "--experiment", home / "lost.json", store=store)[0] == 3
    assert gk("evaluate", home / "plan.json", "--events", data, "--funnel", "--step", "exposure", store=store)[0] == 2


def test_a_design_can_be_written_as_nodes_twice(gk, home):
    """Arms, communities and members are there for Cypher; the same design again changes nothing."""
    for _ in range(2):
        code, out, err = gk("experiment", "design", "--mde", 0.3, "--seed", 3, "--write", "--format", "json")
        assert code == 0, err
    name = f"E-{json.loads(out)['manifest']['digest'][:8]}"
    assert f"wrote experiment {name}" in err
    code, out, err = gk("query", "experiments/arms", "--param", f"experiment={name}", "--format", "json")
    assert code == 0, err
    rows = json.loads(out)
    assert [(r["name"], r["share"]) for r in rows] == [("control", 0.5), ("treatment", 0.5)]
    assert sum(r["users"] for r in rows) == 350
    (home / "members.cypher").write_text(
        "MATCH (u:User)-[m:MEMBER_OF]->(c:Community) RETURN count(m) AS ties, count(DISTINCT c) AS communities;\n"
    )
    found = json.loads(gk("query", "--file", home / "members.cypher", "--format", "json")[1])
    assert found == [{"ties": 350, "communities": sum(r["communities"] for r in rows)}]
