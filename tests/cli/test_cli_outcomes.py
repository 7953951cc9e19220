"""graphkit outcomes: tables and events in, rows and json out, people's numbers only when asked for."""

import csv
import io
import json

import numpy as np
import pytest

from graphkit.cli import run

DAY = 86_400


@pytest.fixture(scope="module")
def home(tmp_path_factory, patched):
    """A store of 120 users, ten without consent, and a log where the young buy and come back."""
    root = tmp_path_factory.mktemp("outcomes")
    data = root / "data"
    for part in ("nodes", "relationships", "events"):
        (data / part).mkdir(parents=True)
    (data / "dataset.toml").write_text('name = "small"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    draw = np.random.default_rng(1)
    age = draw.integers(18, 60, 120)
    (data / "nodes/user.csv").write_text(
        "id,consent,age\n" + "".join(f"u{i:03d},{str(i >= 10).lower()},{a}\n" for i, a in enumerate(age))
    )
    rows = []
    for i, a in enumerate(age):
        alive = 100 if draw.random() < 0.7 else draw.integers(20, 90)
        for day in range(int(draw.integers(0, 5)), int(alive), int(draw.integers(2, 9))):
            buys = draw.random() < (0.5 if a < 35 else 0.03)
            rows.append(
                f"{1_700_000_000 + day * DAY},u{i:03d},{'purchase' if buys else 'view'},Course,k1,{30 if buys else ''}"
            )
    (data / "events/log.csv").write_text("ts,user,kind,item_label,item,amount\n" + "\n".join(rows) + "\n")
    table = ["id,age,city,bought,months,left,arm"]
    table += [
        f"p{i},{a},{'北京' if i % 3 else '上海'},{int(a < 35) if i % 4 else int(a >= 35)},{1 + i % 12},{i % 2},{'mail' if i % 2 else 'none'}"
        for i, a in enumerate(age)
    ]
    (root / "people.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
    assert run(["--store", str(root / "store"), "-q", "load", str(data), "-o", str(root / "load.json")]) == 0
    return root


def test_propensity_of_events_uses_consent_and_can_be_written(gk, home):
    """Only users with consent; age tells; chances are stored for every one of them and planned with."""
    code, out, err = gk(
        "outcomes", "propensity", "--events", home / "data", "--days", 20, "--folds", 3, "--write", "--format", "json"
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["n"] == 110
    assert found["better_than_base_rate"]
    assert "probability" not in found
    assert "u011" not in out
    assert "wrote the propensity of 110 users" in err
    (home / "p.cypher").write_text("MATCH (u:User) WHERE u.propensity > 0 RETURN count(u) AS n;\n")
    assert json.loads(gk("query", "--file", home / "p.cypher", "--format", "json")[1]) == [{"n": 110}]


def test_a_cutoff_inside_the_label_window_cannot_happen(gk, home):
    """The window beyond the end of the log is exit 3 with its rule in words."""
    code, _, err = gk("outcomes", "propensity", "--events", home / "data", "--cutoff", 1_900_000_000)
    assert code == 3
    assert "label's window" in err


def test_a_silent_end_of_the_log_needs_to_be_vouched_for(gk, home):
    """A window that outlasts the newest event is exit 3 whose hint is the way on: the same people, each no a real one."""
    with (home / "data/events/log.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["user"] >= "u010"]  # those with consent
    newest = max(int(row["ts"]) for row in rows)
    cutoff = newest - 10 * DAY
    ask = ["outcomes", "propensity", "--events", home / "data", "--days", 20, "--folds", 2, "--format", "json"]
    code, _, err = gk(*ask, "--cutoff", cutoff)
    assert code == 3
    assert "--log-end" in err
    code, out, err = gk(*ask, "--cutoff", cutoff, "--log-end", cutoff + 20 * DAY)
    assert code == 0, err
    buyers = {row["user"] for row in rows if row["kind"] == "purchase" and int(row["ts"]) >= cutoff}
    assert json.loads(out)["base_rate"] == pytest.approx(len(buyers) / 110)
    code, counted_back, err = gk(*ask, "--log-end", cutoff + 20 * DAY)  # --cutoff follows from it
    assert code == 0, err
    assert json.loads(counted_back)["base_rate"] == json.loads(out)["base_rate"]
    assert json.loads(counted_back)["auc"] == json.loads(out)["auc"]


@pytest.mark.parametrize(
    ("more", "status", "told"),
    [
        (["--log-end", "nan"], 2, "Invalid value for '--log-end': nan is not a number"),
        (["--log-end", "inf", "--cutoff", 1_705_000_000], 2, "log_end must be a finite number"),
        (["--log-end", 1_700_000_000, "--cutoff", 1_705_000_000], 3, "before the label's window opens"),
    ],
)
def test_an_end_of_the_log_that_cannot_be_is_refused(gk, home, more, status, told):
    """Not a number is exit 2; an end before the window is exit 3, not people without a purchase."""
    code, out, err = gk("outcomes", "propensity", "--events", home / "data", *more)
    assert (code, out) == (status, "")
    assert told in err


def test_scores_are_written_when_asked_for(gk, home):
    """One line per person, ids as given."""
    code, out, err = gk(
        "outcomes",
        "propensity",
        home / "people.csv",
        "--label",
        "bought",
        "--id",
        "id",
        "--exclude",
        "arm",
        "--scores",
        home / "scores.csv",
        "--format",
        "csv",
    )
    assert code == 0, err
    rows = list(csv.DictReader(io.StringIO((home / "scores.csv").read_text())))
    assert len(rows) == 120
    assert rows[0]["id"] == "p0"
    assert all(0 <= float(r["probability"]) <= 1 for r in rows)
    assert len(list(csv.DictReader(io.StringIO(out)))) == 10


def test_profile_prints_what_each_column_is_worth(gk, home):
    """Importance as rows."""
    code, out, err = gk(
        "outcomes",
        "profile",
        home / "people.csv",
        "--label",
        "bought",
        "--id",
        "id",
        "--method",
        "logistic",
        "--format",
        "ndjson",
    )
    assert code == 0, err
    assert json.loads(out.splitlines()[0])["feature"] == "age"


def test_retention_from_table_and_events(gk, home):
    """Both doors; the columns of the coefficients are the contract's words."""
    code, out, err = gk(
        "outcomes",
        "retention",
        home / "people.csv",
        "--duration",
        "months",
        "--event",
        "left",
        "--feature",
        "age",
        "--format",
        "csv",
    )
    assert code == 0, err
    assert out.splitlines()[0] == "covariate,coef,std_error,z,p_value,hazard_ratio,lower,upper"
    code, out, err = gk("outcomes", "retention", "--events", home / "data", "--inactive-days", 15, "--format", "json")
    assert code == 0, err
    found = json.loads(out)
    assert found["n_events"] > 5
    assert found["ties"] == "efron"


def test_lifetime_from_table_and_events(gk, home):
    """10 / (1 - .9 * .8) from a table; from events buyers are worth most and the value is stored."""
    (home / "chain.csv").write_text("state,reward,buyer,gone\nbuyer,10,0.8,0.2\ngone,0,0,1\n")
    code, out, err = gk("outcomes", "lifetime", home / "chain.csv", "--discount", "0.9", "--format", "json")
    assert code == 0, err
    assert json.loads(out)["value"] == pytest.approx([10 / 0.28, 0])
    code, out, err = gk(
        "outcomes",
        "lifetime",
        "--events",
        home / "data",
        "--period-days",
        10,
        "--idle-periods",
        2,
        "--write",
        "--format",
        "csv",
    )
    assert code == 0, err
    value = {r["state"]: float(r["value"]) for r in csv.DictReader(io.StringIO(out))}
    assert value["buyer"] > value["active"] > value["churned"] == 0
    assert "wrote the lifetime value of" in err


def test_uplift_prints_effect_and_qini(gk, home):
    """Effect, interval, Qini: all in json; the table names people nowhere."""
    code, out, err = gk(
        "outcomes",
        "uplift",
        home / "people.csv",
        "--treatment",
        "arm",
        "--treated",
        "mail",
        "--control",
        "none",
        "--outcome",
        "bought",
        "--id",
        "id",
        "--exclude",
        "left",
        "--format",
        "json",
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["n_treated"] == found["n_control"] == 60
    assert found["qini_interval"][0] <= found["qini"] <= found["qini_interval"][1]


def test_uplift_refuses_a_copy_of_the_outcome_until_it_is_vouched_for(gk, tmp_path):
    """Exit 3 names the column; --measured-before lets it through."""
    rows = [f"{i % 2},{i // 2 % 2},{i // 2 % 2},{i % 7}" for i in range(200)]
    (tmp_path / "test.csv").write_text("\n".join(["mailed,bought,copy,age", *rows]))
    ask = ("outcomes", "uplift", tmp_path / "test.csv", "--treatment", "mailed", "--outcome", "bought")
    code, _, err = gk(*ask)
    assert code == 3
    assert "copy (AUC 1.000 alone) gives the label away" in err
    assert gk(*ask, "--measured-before", "copy")[0] == 0


def test_data_errors_are_exit_3_and_name_the_file(gk, home):
    """A lost file, a lost column, a bad chain, a one-class label; half a request is usage, exit 2."""
    bad = home / "bad.csv"
    bad.write_text("state,reward,a,b\na,1,0.5,0.4\nb,0,0,1\n")
    one = home / "one.csv"
    one.write_text("x,y\n" + "1,1\n2,1\n" * 20)
    for args, word in (
        (("propensity", home / "lost.csv", "--label", "y"), "lost.csv"),
        (("propensity", home / "people.csv", "--label", "bougt"), "did you mean 'bought'"),
        (("lifetime", bad), "sum to 0.9"),
        (("propensity", one, "--label", "y"), "one.csv"),
        (("retention", home / "people.csv", "--duration", "city", "--event", "left"), "line 2"),
    ):
        code, out, err = gk("outcomes", *args)
        assert (code, out) == (3, ""), (args, err)
        assert word in err
    code, _, err = gk("outcomes", "propensity", "--events", home / "data", "--kind", "redeem")
    assert code == 3
    assert "no event of kind redeem" in err
    assert "kinds of this log: " in err.splitlines()[1]
    for args in (
        ("propensity",),
        ("propensity", home / "people.csv"),
        ("retention", home / "people.csv"),
        ("lifetime",),
        ("uplift", home / "people.csv"),
    ):
        assert gk("outcomes", *args)[0] == 2


def test_a_habit_that_repeats_is_no_leak_when_it_came_before(gk, home):
    """Who bought before buys again, without exception: features made from events before the cut-off are not refused for telling it."""
    folder = home / "habit"
    folder.mkdir(exist_ok=True)
    rows = [f"{1_700_000_000 + day * DAY},u{i:03d},purchase,9" for i in range(10, 60) for day in (0, 5, 35)]
    rows += [f"{1_700_000_000 + day * DAY},u{i:03d},view," for i in range(60, 120) for day in (1, 36)]
    (folder / "log.csv").write_text("ts,user,kind,amount\n" + "\n".join(rows) + "\n")
    code, out, err = gk("outcomes", "propensity", "--events", folder, "--days", 10, "--format", "json")
    assert code == 0, err
    assert json.loads(out)["auc"] > 0.99


@pytest.mark.parametrize(
    "ask", [("propensity", "--days", 20, "--folds", 2), ("retention", "--first-days", 5, "--inactive-days", 10)]
)
def test_what_nobody_did_in_a_log_may_be_left_out(gk, home, ask):
    """A nightly job leaves refunds out, also of a log without any; of a table it would be a slip of the pen."""
    absent = ("--exclude", "n_refund", "--exclude", "first_refund")
    assert gk("outcomes", *ask, "--events", home / "data", *absent)[0] == 0
    code, _, err = gk("outcomes", "propensity", home / "people.csv", "--label", "bought", "--exclude", "lefd")
    assert code == 3
    assert "no column 'lefd'" in err
    assert "'left'" in err
