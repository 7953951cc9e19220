"""Waves, rules, dates, replanning and verifying on the command line."""

import csv
import io
import json

import pytest

from graphkit.intervals import give_or_take


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_tables, load):
    """A folder with an input directory of 40 users and four channels, loaded into an embedded store."""
    root = tmp_path_factory.mktemp("waves")
    users = [f"u{i:02d}" for i in range(40)]
    tables = {
        "nodes/user.csv": ("id,consent,propensity", [f"{u},true,{(i % 5) / 10}" for i, u in enumerate(users)]),
        "nodes/channel.csv": (
            "id,name,kind,cost,lead_days,capacity",
            [f"c{i},渠道{i},{'kol' if i < 3 else 'app'},{100 * i},{i},2" for i in range(1, 5)],
        ),
        "nodes/film.csv": ("id,name", ["f1,流浪者"]),
        "relationships/reaches.csv": (
            "source,target,p",
            [f"c{c},{users[10 * (c - 1) + i]},0.5" for c in range(1, 5) for i in range(10)],
        ),
        "events/seen.csv": ("ts,user,kind,channel", [f"1700000000,{u},exposure,c1" for u in users[:10]]),
    }
    write_tables(root / "data", tables)
    (root / "rules.toml").write_text("starts_ts = 2026-12-01T09:00:00+08:00\ngap_days = 7\nwave_budgets = [200, 600]\n")
    return load(root)


def ask(gk, home, *more):
    """What the command says to a plan of two waves: (status, stdout, stderr)."""
    words = "plan --for Film:f1 --budget 800 --probability none --waves 2 --rules".split()
    return gk(*words, home / "rules.toml", *more)


def plan_of(gk, home, *more):
    """A plan of two waves as a mapping."""
    code, out, err = ask(gk, home, "--format", "json", *more)
    assert code == 0, err
    return json.loads(out)


def test_waves_keep_their_money_and_their_dates(gk, home):
    """Each wave within its money, its start seven days after the one before; the text tells it."""
    plan = plan_of(gk, home)
    assert [row["starts_ts"] for row in plan["waves"]] == [1_796_086_800, 1_796_086_800 + 604_800]
    for row, limit in zip(plan["waves"], (200, 600), strict=True):
        assert row["spent"] == sum(i["cost"] for i in plan["items"] if i["wave"] == row["wave"]) <= limit
    code, out, _ = ask(gk, home)
    assert code == 0
    assert "wave 2, starts 2026-12-08 01:00 UTC" in out


def test_dates_as_files(gk, home, tmp_path):
    """The calendar and the rows of a kept plan hold one entry per purchase; a plan without dates is refused."""
    plan = plan_of(gk, home)
    code, _, err = gk("export", plan["plan"], "--ics", tmp_path / "w.ics", "--csv", tmp_path / "w.csv")
    assert code == 0, err
    assert (tmp_path / "w.ics").read_bytes().count(b"BEGIN:VEVENT\r\n") == len(plan["items"])
    rows = list(csv.DictReader(io.StringIO((tmp_path / "w.csv").read_text())))
    assert [(r["channel"], r["starts"]) for r in rows] == [
        (i["channel"], "2026-12-01T01:00:00Z" if i["wave"] == 1 else "2026-12-08T01:00:00Z") for i in plan["items"]
    ]
    (tmp_path / "plain.json").write_text(json.dumps({**plan, "items": [{**plan["items"][0], "starts_ts": None}]}))
    assert gk("export", tmp_path / "plain.json", "--ics", tmp_path / "x.ics")[0] == 2
    assert gk("export", tmp_path / "plain.json")[0] == 2
    assert not (tmp_path / "x.ics").exists()


def test_replan_and_verify(gk, home, tmp_path):
    """After the first wave its users count no more; both plans come out again; a changed number does not."""
    plan = plan_of(gk, home)
    code, out, err = gk("replan", plan["plan"], "--events", home / "data", "--format", "json")
    assert code == 0, err
    again = json.loads(out)
    assert again["replanned"]["reached"] == 10
    assert again["replanned"]["gain"] >= 0
    assert {i["wave"] for i in again["items"]} == {2}
    assert "c1" not in {i["channel"] for i in again["items"]}
    assert gk("verify", plan["plan"])[0] == 0
    assert gk("verify", again["plan"], "--events", home / "data")[0] == 0
    assert gk("verify", again["plan"])[0] == 2
    code, out, err = gk(
        "whatif", again["plan"], "--drop", again["items"][0]["channel"], "--events", home / "data", "--format", "json"
    )
    assert code == 0, err
    assert json.loads(out)["reach"]["difference"] < 0
    assert gk("whatif", again["plan"], "--drop", again["items"][0]["channel"])[0] == 2
    code, out, _ = gk("replan", plan["plan"], "--events", home / "data")
    assert "assumed: after wave 1" in out
    code, out, _ = gk("replan", plan["plan"], "--events", home / "data", "--no-update")
    assert "assumed: after wave 1" not in out
    plan["claims"][0]["value"] += 1
    (tmp_path / "edited.json").write_text(json.dumps(plan))
    code, _, err = gk("verify", tmp_path / "edited.json")
    assert code == 3
    assert plan["claims"][0]["claim"] in err
    plan["claims"][0]["value"] -= 1
    plan["claims"][0]["replay"]["seed"] += 1
    (tmp_path / "edited.json").write_text(json.dumps(plan))
    code, _, err = gk("verify", tmp_path / "edited.json")
    assert code == 3
    assert "does not come out again: its document" in err
    assert "the document was edited: claims.reach" in err
    assert gk("replan", plan["plan"], "--events", home / "data", "--done", "2")[0] == 2


def test_contradictions_end_with_five(gk, home, tmp_path):
    """Rules that no plan keeps are named with what they miss, exit 5."""
    (tmp_path / "bad.toml").write_text('required = ["c3", "c4"]\n')
    code, _, err = gk("plan", "--for", "Film:f1", "--budget", "500", "--rules", tmp_path / "bad.toml")
    assert code == 5
    assert "budget" in err
    assert "200" in err
    assert "required.c3" in err
    code, _, err = gk("plan", "--for", "Film:f1", "--budget", "500", "--min-cell", "11")
    assert code == 5
    assert "such as channel c1: its audience is below 11 users (missing: 1 channel)" in err


def test_goals_and_unknown_chances(gk, home):
    """A weighted goal, a list of plans and a quantile are in the JSON; a wrong goal is a usage error."""
    plan = plan_of(gk, home, "--objective", "reach=1,purchases=5", "--pareto", "reach,purchases", "--robust", "0.2")
    assert {row["goal"] for row in plan["goals"]} == {"reach", "purchases"}
    assert plan["pareto"]
    assert plan["robust"]["regret_of_plain"] >= -1e-9
    assert gk("plan", "--for", "Film:f1", "--budget", "500", "--objective", "fame")[0] == 2


def test_a_claim_is_listed_with_its_interval(gk, home, tmp_path):
    """Every simulated number whose interval stands in the plan shows it, other plans, differences, waves and goals too."""
    plan = plan_of(gk, home, "--waves", "2", "--objective", "reach=1,purchases=5", "--pareto", "reach,purchases")
    (tmp_path / "p.json").write_text(json.dumps(plan))
    code, listed, err = gk("evidence", tmp_path / "p.json")
    assert code == 0, err
    told = {line.split()[0]: line for line in listed.splitlines() if line}
    known = {
        "reach": plan["reach"]["interval"],
        "adding_up_would_have_said": plan["adding_up_interval"],
        **{f"baselines.{row['baseline']}": row["interval"] for row in plan["against_baselines"]},
        **{f"against_baselines.{row['baseline']}": row["difference_interval"] for row in plan["against_baselines"]},
        **{f"waves.{row['wave']}": row["adds_interval"] for row in plan["waves"]},
        **{f"goals.{row['goal']}": row["interval"] for row in plan["goals"]},
        **{
            f"pareto.{i}.{goal}": pair
            for i, row in enumerate(plan["pareto"], 1)
            for goal, pair in row["intervals"].items()
        },
    }
    assert {name.partition(".")[0] for name in known} >= {"baselines", "against_baselines", "waves", "goals", "pareto"}
    values = {row["claim"]: row["value"] for row in plan["claims"]}
    for name in known.keys() & values.keys():
        assert give_or_take(values[name], known[name]) in told[name]
    assert len(known.keys() & values.keys()) == len(known)


def test_uneven_ends_of_a_claim_are_listed_both(gk, home, tmp_path):
    """Half of a quantile's interval tells neither end: 1,270 with 1,213 to 1,388 is no 1,270 ±88."""
    plan = plan_of(gk, home)
    goal = plan["risk"]["goals"][0]
    goal |= {"p10": 1270.0, "interval": [1212.6, 1388.2]}
    next(row for row in plan["claims"] if row["claim"] == f"risk.{goal['goal']}")["value"] = 1270.0
    (tmp_path / "p.json").write_text(json.dumps(plan))
    code, listed, err = gk("evidence", tmp_path / "p.json")
    assert code == 0, err
    assert f"risk.{goal['goal']}: 1,270 (95 %: 1,213 to 1,388)" in listed.splitlines()
    assert "±88" not in listed
