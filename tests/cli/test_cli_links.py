"""links: a planted missing tie leads, users stay unnamed, nothing is said twice, and bad questions are named."""

import csv
import io
import json

import pytest

from graphkit.report.text_width import width_of


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_tables, load):
    """Two circles of brands and films, each with a theme; b00 lacks one tie of its circle; b90 and f90 have no tie at all."""
    root = tmp_path_factory.mktemp("links")
    brands, films = [f"b{i:02}" for i in range(12)], [f"f{i:02}" for i in range(12)]
    ties = [(b, f) for i, b in enumerate(brands) for j, f in enumerate(films) if i % 2 == j % 2 and (i, j) != (0, 0)]
    tables = {
        "nodes/user.csv": ("id,consent", ["u0,true", "u1,true", "u2,false"]),
        "nodes/film.csv": (
            "id,name,kind",
            [f"{f},{'江湖' if i % 2 else '星河'}{i},film" for i, f in enumerate(films)] + ["f90,孤岛,film"],
        ),
        "nodes/brand.csv": (
            "id,name,role",
            [f"{b},{'江湖' if i % 2 else '星河'}茶{i},consumer_brand" for i, b in enumerate(brands)]
            + ["b90,孤岛,consumer_brand"],
        ),
        "nodes/tag.csv": ("id,name,kind", ["t0,宇宙,theme"]),
        "nodes/course.csv": ("id,name", ["k0,天文"]),
        "relationships/placed_in__brand__film.csv": ("source,target,placement", [f"{b},{f},screen" for b, f in ties]),
        "relationships/watched.csv": ("source,target,n", ["u0,f04,1", "u1,f04,1", "u0,f02,1", "u1,f02,1", "u2,f90,1"]),
        "relationships/has_tag__film__tag.csv": ("source,target,w", ["f00,t0,1"]),
        "relationships/has_tag__brand__tag.csv": ("source,target,w", ["b02,t0,1", "b03,t0,1"]),
        "relationships/has_tag__course__tag.csv": ("source,target,w", ["k0,t0,1"]),
    }
    write_tables(root / "data", tables)
    return load(root)


def rows_of(result):
    """Rows of a command that ended well."""
    code, out, err = result
    assert code == 0, err
    return json.loads(out)


def test_the_tie_that_lacks_leads_with_at_least_three_ways(gk):
    """b00 and f00 are the only pair of a circle without a tie; learned on 71 ties, each hidden once."""
    code, out, err = gk("links", "--from", "Brand", "--to", "Film", "--top", "1", "--format", "json")
    assert code == 0, err
    rows = {row["source"]: row for row in json.loads(out)}
    assert set(rows) == {f"b{i:02}" for i in range(12)}
    lead = rows["b00"]
    assert (lead["target"], lead["rank"], lead["name"], lead["source_name"]) == ("f00", 1, "星河0", "星河茶0")
    assert len(lead["evidence"]) >= 3
    assert sum(way["share"] for way in lead["evidence"]) == pytest.approx(lead["walk_told"])
    assert 0 < lead["walk_told"] <= 1
    assert 0 <= lead["walk_share"] <= 1
    assert "learned on 71 hidden ties" in err
    assert "1 of 13 Brand get no row" in err


def test_one_source_is_ranked_by_what_its_label_teaches(gk):
    """The same row as among all, and no other; the seed decides, and is the same by default."""
    every = [
        row
        for row in rows_of(gk("links", "--from", "Brand", "--to", "Film", "--format", "json"))
        if row["source"] == "b04"
    ]
    alone = rows_of(gk("links", "--from", "Brand:b04", "--to", "Film", "--format", "json"))
    assert [row["target"] for row in alone] == [row["target"] for row in every]
    assert [row["score"] for row in alone] == pytest.approx([row["score"] for row in every], rel=1e-4)
    assert [row["rank"] for row in every] == [1, 2, 3, 4, 5]


def test_known_ties_are_never_predicted_whatever_is_walked(gk):
    """Walking tags only, placements are known all the same: b02 is tied with f00; f90's only viewer did not consent."""
    for via in ((), ("--via", "PLACED_IN=3", "--via", "HAS_TAG")):
        found = rows_of(gk("links", "--from", "Brand", "--to", "Film", "--top", "30", *via, "--format", "json"))
        pairs = [(row["source"], row["target"]) for row in found]
        assert len(pairs) == len(set(pairs)) == 12 * 12 - 71
        assert not any(int(b[1:]) % 2 == int(f[1:]) % 2 for b, f in pairs if (b, f) != ("b00", "f00"))
    tags = rows_of(gk("links", "--from", "Brand", "--to", "Film", "--via", "HAS_TAG", "--format", "json"))
    assert [(row["source"], row["target"]) for row in tags] == [("b03", "f00")]
    films = rows_of(
        gk("links", "--from", "Film", "--to", "Film", "--via", "HAS_TAG", "--via", "WATCHED", "--format", "json")
    )
    assert [(row["source"], row["target"]) for row in films] == [("f02", "f04"), ("f04", "f02")]


def test_users_on_the_way_are_not_named(gk):
    """From one film to the other through two viewers: one way, both together; a label to itself is fine."""
    code, out, err = gk("links", "--from", "Film:f04", "--to", "Film", "--via", "WATCHED", "--format", "json")
    row = rows_of((code, out, err))[0]
    assert row["target"] == "f02"
    assert row["evidence"] == [{"via": ["User"], "share": pytest.approx(1.0)}]
    assert "u0" not in out
    assert "u1" not in out


def test_every_row_carries_the_query_of_its_evidence(gk):
    """The query of a row lists every node its ways go by; the line below the table is the one of the first row."""
    code, out, err = gk("links", "--from", "Brand", "--to", "Film", "--top", "2", "--format", "json")
    rows = rows_of((code, out, err))
    assert "graphkit query links/ways --param label=Brand --param id=b00 --param toLabel=Film --param to=f00" in err
    for row in rows[::5]:
        given = [word for name, value in row["params"].items() for word in ("--param", f"{name}={value}")]
        found = rows_of(gk("query", row["query"], *given, "--format", "json"))
        listed = {"User" if near["via"] is None else f"{near['via_label']}:{near['via']}" for near in found}
        assert {way["via"][-1] for way in row["evidence"] if way["via"]} <= listed


def test_too_few_ties_to_learn_from_are_said(gk):
    """Two viewers of two films: weights are stated."""
    code, out, err = gk("links", "--from", "Course", "--to", "Brand", "--format", "json")
    assert rows_of((code, out, err))[0]["source"] == "k0"
    assert "too few known ties to learn" in err
    assert "walk 1, sources 0.4" in err


def test_the_table_fits_a_terminal_and_csv_keeps_all(gk, tmp_path):
    """A source is written once, its ways below each other; a file's suffix decides its form."""
    code, out, err = gk("links", "--from", "Brand", "--to", "Film", "--top", "2")
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].split() == ["source", "rank", "target", "name", "evidence"]
    assert lines[2].split()[:4] == ["b00", "1", "f00", "星河0"]
    assert "% Brand:" in lines[2] + lines[3]
    assert sum(line.startswith("b00") for line in lines) == 1
    assert max(map(width_of, lines)) <= 80
    assert gk("links", "--from", "Brand", "--to", "Film", "--top", "2", "-o", tmp_path / "links.csv")[0] == 0
    table = list(csv.DictReader(io.StringIO((tmp_path / "links.csv").read_text(encoding="utf-8-sig"))))
    assert len(table) == 24
    assert {row["source"] for row in table} == {f"b{i:02}" for i in range(12)}
    assert json.loads(table[0]["evidence"])[0]["share"] > 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--from", "Brnd", "--to", "Film"), "'Brand'"),
        (("--from", "Brand", "--to", "Flm"), "'Film'"),
        (("--from", "Brand:nobody", "--to", "Film"), "nobody"),
        (("--from", "Brand", "--to", "Film", "--top", "0"), "--top"),
        (("--from", "Brand", "--to", "Film", "--top", "-3"), "--top"),
        (("--from", "Brand", "--to", "Film", "--factors", "-1"), "--factors"),
        (("--from", "Brand", "--to", "Film", "--via", "PLACED_INN"), "PLACED_IN"),
        (("--from", "Brand", "--to", "Film", "--via", "PLACED_IN=0"), "above 0"),
        (("--from", "Brand"), "--to"),
    ],
)
def test_wrong_questions_are_usage_errors(gk, args, said):
    """Exit 2, and the wrong thing by name."""
    code, out, err = gk("links", *args)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--from", "Brand:b90", "--to", "Film"), "no Brand:b90 has a tie in the store"),
        (("--from", "Channel", "--to", "Film"), "no Channel has a tie in the store; load some"),
        (("--from", "Brand", "--to", "Film", "--via", "KNOWS"), "no Brand has a tie of KNOWS; leave out --via"),
        (("--from", "Brand", "--to", "Course", "--via", "PLACED_IN"), "no Course has a tie of PLACED_IN"),
    ],
)
def test_no_row_says_why(gk, args, said):
    """An empty answer is an answer, with the reason and what to do."""
    code, out, err = gk("links", *args, "--format", "json")
    assert (code, json.loads(out)) == (0, [])
    assert said in err
