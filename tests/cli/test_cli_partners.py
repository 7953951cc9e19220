"""partners: the split sums to the joint value, the lead has its row, the JSON has the promised fields and null where nothing is measured."""

import json

import pytest

from graphkit.report.text_width import width_of

CRITERIA = {"theme", "audience", "brand", "data", "will", "goal", "complement", "culture", "novelty"}
ROW = {"partner", "rank", "fit", "scores", "adds", "adds_interval", "share", "share_interval", "evidence", "reasons"}
MORE_IN_ROW = {
    "label",
    "name",
    "exclusive",
    "exclusive_interval",
    "fit_rank_interval",
    "history",
    "history_rank_interval",
}
DOCUMENT = {"for", "partners", "joint_reach", "rejected", "assumptions", "manifest"}


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_tables, load):
    """Followers: b1 users 0-79, b2 60-139, b3 120-179, b4 ten only; the film was watched by 0-9; no tags, deals or goals."""
    root = tmp_path_factory.mktemp("partners")
    spans = {"b1": (0, 80), "b2": (60, 140), "b3": (120, 180), "b4": (0, 10)}
    tables = {
        "nodes/user.csv": ("id,consent", [f"u{i:03d},true" for i in range(200)]),
        "nodes/film.csv": ("id,name,kind", ["f1,山海,film"]),
        "nodes/brand.csv": ("id,name", [f"b{i},品牌{i}" for i in range(1, 5)]),
        "relationships/follows__user__brand.csv": (
            "source,target",
            [f"u{u:03d},{b}" for b, span in spans.items() for u in range(*span)],
        ),
        "relationships/watched.csv": ("source,target,n", [f"u{u:03d},f1,1" for u in range(10)]),
    }
    write_tables(root / "data", tables)
    return load(root)


@pytest.fixture
def asked(gk):
    """Run partners for the film; return (status, stdout, stderr)."""
    return lambda *args: gk("partners", "--for", "Film:f1", "--seed", "1", *args)


def document(result):
    """JSON of a command that ended well."""
    code, out, err = result
    assert code == 0, err
    return json.loads(out)


def shares(found):
    """Party -> share."""
    return {f"{row['label']}:{row['partner']}": row["share"] for row in found["partners"]}


def test_shares_are_shapley_values_that_sum_to_the_joint_value(asked):
    """A user of k partners gives each 1 / k: 60 + 20/2, 20/2 + 40 + 20/2, 20/2 + 40 of 180 users."""
    found = document(asked("--split", "--format", "json"))
    assert shares(found) == pytest.approx({"Brand:b1": 70, "Brand:b2": 60, "Brand:b3": 50})
    assert sum(shares(found).values()) == pytest.approx(found["split"]["joint"], rel=1e-9) == pytest.approx(180)
    assert found["split"]["stable"] is False
    assert found["split"]["lead"] is None
    assert found["joint_reach"]["mean"] == pytest.approx(180)


@pytest.mark.parametrize("split", [["--split"], []])
def test_the_lead_has_the_last_row_and_its_share(asked, split):
    """With a lead a user of k partners gives each 1 / (k (k + 1)), the lead k / (k + 1); a lead alone asks for the split."""
    found = document(asked(*split, "--lead", "Film:f1", "--format", "json"))
    lead = found["partners"][-1]
    assert shares(found) == pytest.approx(
        {"Brand:b1": 30 + 20 / 6, "Brand:b2": 20 + 40 / 6, "Brand:b3": 20 + 20 / 6, "Film:f1": 140 / 2 + 40 * 2 / 3}
    )
    assert sum(shares(found).values()) == pytest.approx(found["split"]["joint"], rel=1e-9) == pytest.approx(180)
    assert (lead["partner"], lead["name"], lead["rank"], lead["fit"], lead["adds"]) == ("f1", "山海", None, None, None)
    assert found["split"]["lead"] == "Film:f1"
    assert [row["rank"] for row in found["partners"][:-1]] == [1, 2, 3]


def test_json_has_the_promised_fields_and_null_where_nothing_is_measured(asked):
    """Exactly the named fields and ours; no tag, goal, deal, resource or sector: null; not split: null."""
    found = document(asked("--format", "json"))
    assert found.keys() == DOCUMENT | {"certificate", "split", "schema_version"}
    assert found["for"] == "Film:f1"
    assert found["split"] is None
    for row in found["partners"]:
        assert row.keys() == ROW | MORE_IN_ROW
        assert row["scores"].keys() == CRITERIA
        assert {name for name, value in row["scores"].items() if value is not None} == {"audience", "data"}
        assert row["share"] is row["share_interval"] is row["history"] is None
        assert row["evidence"]
        assert row["reasons"]
    assert [(r["partner"], r["rule"]) for r in found["rejected"]] == [("b4", "min_cell")]


def test_a_brand_that_leads_is_not_proposed(asked):
    """Its row is the last, the list of refusals says why, and the other two share with it."""
    found = document(asked("--lead", "Brand:b2", "--format", "json"))
    assert [row["partner"] for row in found["partners"]] == ["b1", "b3", "b2"]
    assert shares(found) == pytest.approx({"Brand:b1": 40, "Brand:b3": 30, "Brand:b2": 70})
    assert ("b2", "lead") in {(r["partner"], r["rule"]) for r in found["rejected"]}


def test_an_unknown_lead_is_refused(asked):
    """No share for a party that does not exist; a user cannot lead."""
    code, _, err = asked("--lead", "Film:f9")
    assert code in (2, 3)
    assert "no Film with id 'f9'" in err
    code, _, err = asked("--lead", "User:u001")
    assert code == 2
    assert "'--lead': a User cannot stand here, only Film, Course, Brand" in err


def test_the_table_says_what_the_shares_sum_to(asked):
    """Text and CSV carry the lead too."""
    code, out, err = asked("--lead", "Film:f1", "--format", "table")
    assert code == 0, err
    assert "shares sum to 180 users, led by Film:f1" in out
    code, out, _ = asked("--lead", "Film:f1", "--format", "csv")
    assert code == 0
    assert len(out.strip().splitlines()) == 5


def test_exclusive_is_what_nobody_else_listed_reaches(asked):
    """b1 0-79 (0-9 are the film's), b2 60-139, b3 120-179: 50, 40 and 40 people are touched by one of them only."""
    rows = document(asked("--format", "json"))["partners"]
    assert {r["partner"]: r["exclusive"] for r in rows} == pytest.approx({"b1": 50, "b2": 40, "b3": 40})
    assert "exclusive" in asked()[1]


def test_options_of_diversity_and_conflict_are_checked(asked):
    """A weight outside [0, 1] and a tag that does not exist are refused; diversity 0 says nothing new."""
    assert asked("--diversity", "1.5")[0] == 2
    code, _, err = asked("--conflict", "nowhere")
    assert code in (2, 3)
    assert "no tag 'nowhere'" in err
    plain, same = (document(asked(*more, "--format", "json")) for more in ((), ("--diversity", "0", "--novelty", "0")))
    assert plain["partners"] == same["partners"]


def test_weights_and_cells_are_options(asked):
    """Fit by reach alone; a brand of ten followers is shown when cells of ten may be; a weight is NAME=NUMBER."""
    alone = document(asked("--weight", "data=0", "--format", "json"))["partners"]
    assert [row["fit"] for row in alone] == [row["scores"]["audience"] for row in alone]
    assert {row["partner"] for row in document(asked("--min-cell", "10", "--format", "json"))["partners"]} == {
        "b1",
        "b2",
        "b3",
        "b4",
    }
    for wrong in ("data", "data=much", "date=1", "data=-1", "novelty=1"):
        code, _, err = asked("--weight", wrong)
        assert code == 2, err
    assert asked("--max", "0")[0] == 2
    assert len(document(asked("--max", "500", "--format", "json"))["partners"]) == 3


def test_the_text_fits_eighty_columns_and_names_its_queries(asked):
    """Tables and sums within a terminal; the commands of the scores are printed once."""
    code, out, err = asked("--split", "--lead", "Film:f1", "--format", "table")
    assert code == 0, err
    assert all(
        width_of(line) <= 80 for line in out.splitlines() if not line.startswith(("assumed", "look up", "shares"))
    )
    assert (
        out.count("look up: graphkit query partners/audience --param label=Film --param id=f1 --param minCell=50") == 1
    )
    assert "joint reach 180; no 3 of the candidates reach more than 180" in out
    assert "at least 100% of the fit-weighted reach of the best 3" in out


def test_a_plan_that_is_not_kept_is_refused(asked):
    """Its id is named."""
    code, _, err = asked("--plan", "P-00000000")
    assert code in (2, 3)
    assert "P-00000000" in err


def test_one_audience_cannot_be_given_twice(gk):
    """An audience beside itself has no overlap to measure: it is named instead of counted once in silence."""
    code, _, err = gk("overlap", "Brand:b1", "Brand:b2", "Brand:b1")
    assert code == 2
    assert "Brand:b1 is given twice" in err
