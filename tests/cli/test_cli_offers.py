"""graphkit offers: on the tiny campaign's store."""

import csv
import io
import json
from pathlib import Path

import pytest

from graphkit.cli import run

TINY = Path(__file__).parents[2] / "fixtures" / "tiny"
EXCHANGE = "offer,giver,receiver,eligible,uptake,uptake_lower,uptake_upper,acquisition_value,cost,retention_value,cap\n001,b1,b2,100,0.2,0.1,0.3,50,20,5,\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory, patched):
    """A store with the tiny campaign."""
    root = tmp_path_factory.mktemp("offers")
    assert run(["--store", str(root / "store"), "-q", "load", str(TINY), "-o", str(root / "load.json")]) == 0
    return root


def test_list(gk):
    """Costs as rows."""
    code, out, err = gk("offers", "list", "--format", "csv")
    assert code == 0, err
    assert {r["offer"]: r["cost"] for r in csv.DictReader(io.StringIO(out))} == {"o01": "20.0", "o02": "150.0"}


def test_policy_and_assignment(gk, home):
    """Counts on stdout, people only in the file asked for."""
    (home / "policy.csv").write_text("target,offer,priority\nage>=30,o01,1\nage>=20,o02,2\n")
    code, out, err = gk(
        "offers", "policy", home / "policy.csv", "--min-cell", 1, "--assignment", home / "who.csv", "--format", "json"
    )
    assert code == 0, err
    assert json.loads(out)["n_gap"] == 2
    assert '"u0' not in out
    rows = {r["user"]: r["offer"] for r in csv.DictReader((home / "who.csv").open())}
    assert (rows["u01"], rows["u02"], rows["u05"]) == ("o02", "o01", "")
    assert "u11" not in rows


def test_exchange_from_a_table_keeps_ids(gk, home):
    """001 stays 001; the example's numbers by hand."""
    (home / "offers.csv").write_text(EXCHANGE)
    code, out, err = gk("offers", "exchange", home / "offers.csv", "--format", "json")
    assert code == 0, err
    found = json.loads(out)
    assert found["offers"][0]["offer"] == "001"
    assert found["value"] == 700.0


def test_exchange_of_the_store_says_what_is_left_out(gk):
    """o01 is for nobody's members; with o02 nobody redeems: an empty choice with its reason."""
    code, out, err = gk("offers", "exchange", "--acquisition-value", 40, "--retention-value", 6, "--format", "json")
    assert code == 0, err
    assert json.loads(out)["reason"].startswith("no set of offers")
    assert "o01 is left out: to_members_of not given" in err


def test_wrong_tables_are_exit_3(gk, home):
    """File and line are told; half a request is 2."""
    (home / "bad.csv").write_text("target,offer,priority\nagge>=30,o01,1\n")
    (home / "worse.csv").write_text(EXCHANGE.replace("0.3,50", "0.1,50"))
    for args in (
        ("policy", home / "bad.csv"),
        ("policy", home / "lost.csv"),
        ("exchange", home / "worse.csv"),
        ("exchange", home / "bad.csv"),
    ):
        code, out, err = gk("offers", *args)
        assert (code, out) == (3, ""), (args, err)
        assert str(args[1]) in err
    assert gk("offers", "exchange")[0] == 2
