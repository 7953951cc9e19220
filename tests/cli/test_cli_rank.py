"""rank: evidence without names of users, and types that weigh more."""

import json

import numpy as np
import pytest

from graphkit.report.spoken import chinese
from graphkit.report.text_width import width_of


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_tables, load):
    """A film with a tag and three viewers; brand b0 shares the tag, channel c0 reaches the viewers."""
    root = tmp_path_factory.mktemp("rank")
    users = ["u0", "u1", "u2"]
    tables = {
        "nodes/user.csv": ("id,consent", [f"{u},true" for u in users]),
        "nodes/film.csv": ("id,name,kind", ["f0,流浪地球,film"]),
        "nodes/tag.csv": ("id,name,kind", ["t0,宇宙,theme"]),
        "nodes/brand.csv": ("id,name,role", ["b0,天猫,consumer_brand"]),
        "nodes/channel.csv": ("id,name,kind,cost", ["c0,渠道,kol,100"]),
        "relationships/has_tag__film__tag.csv": ("source,target,w", ["f0,t0,1"]),
        "relationships/has_tag__brand__tag.csv": ("source,target,w", ["b0,t0,1"]),
        "relationships/watched.csv": ("source,target,n", [f"{u},f0,1" for u in users]),
        "relationships/reaches.csv": ("source,target,p", [f"c0,{u},0.5" for u in users]),
    }
    write_tables(root / "data", tables)
    return load(root)


def best(result):
    """First row of a command that ended well."""
    code, out, err = result
    assert code == 0, err
    return json.loads(out)[0]


def test_evidence_names_the_walks_but_no_user(gk):
    """The brand is reached through the tag, the channel through three viewers that count together."""
    brand = best(gk("rank", "Film:f0", "--to", "Brand", "--format", "json"))
    assert brand["evidence"][0].startswith("Film:f0 > Tag:t0 > Brand:b0 (")
    channel = best(gk("rank", "Film:f0", "--to", "Channel", "--format", "json"))
    assert channel["evidence"][0].startswith("Film:f0 > User > Channel:c0 (")
    assert "u0" not in json.dumps(channel)
    share = int(channel["evidence"][0].split("(")[1].rstrip("%)"))
    assert 20 <= share <= 40  # the rest goes back and forth before it arrives


def test_the_table_says_what_lies_between_one_walk_a_line(gk):
    """Names instead of paths, the first walk beside the row, no line wider than 80 cells; csv keeps the whole walk."""
    code, out, err = gk("rank", "Film:f0", "--to", "Brand")
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].split() == ["rank", "id", "name", "score", "evidence"]
    assert lines[2].split()[:3] == ["1", "b0", "天猫"]
    assert lines[2].endswith("% 宇宙")
    assert len(lines) > 3
    assert all(line.startswith(" " * lines[0].index("evidence")) for line in lines[3:])
    assert max(map(width_of, lines)) <= 80
    assert "Film:f0 > Tag:t0 > Brand:b0" in gk("rank", "Film:f0", "--to", "Brand", "--format", "csv")[1]
    assert "User > " not in gk("rank", "Film:f0", "--to", "Tag", "--top", "1")[1].splitlines()[2]
    assert "% direct" in gk("rank", "Film:f0", "--to", "Tag", "--top", "1")[1]


def test_users_are_ranked_without_a_name(gk):
    """A label that has no names: null, a dash in the table."""
    assert best(gk("rank", "Film:f0", "--to", "User", "--format", "json"))["name"] is None
    assert "–" in gk("rank", "Film:f0", "--to", "User")[1]


def test_shares_of_types_move_the_score(gk):
    """With tags counting nine times as much the brand gains and the channel loses."""
    even = [best(gk("rank", "Film:f0", "--to", label, "--format", "json"))["score"] for label in ("Brand", "Channel")]
    options = ["--via", "HAS_TAG=9", "--via", "WATCHED", "--via", "REACHES"]
    tags = [
        best(gk("rank", "Film:f0", "--to", label, *options, "--format", "json"))["score"]
        for label in ("Brand", "Channel")
    ]
    assert tags[0] > even[0]
    assert tags[1] < even[1]


@pytest.mark.parametrize("shares", [{}, {"HAS_TAG": 9.0, "WATCHED": 1.0, "REACHES": 0.25}])
def test_scores_are_those_of_a_dense_solve(gk, shares):
    """Ties both ways, types in their shares at every node, restart .15: NumPy's solve on the seven nodes of the fixture."""
    names = ["Film:f0", "Tag:t0", "Brand:b0", "Channel:c0", "User:u0", "User:u1", "User:u2"]
    ties = {
        "HAS_TAG": [(0, 1), (2, 1)],
        "WATCHED": [(4, 0), (5, 0), (6, 0)],
        "REACHES": [(3, 4), (3, 5), (3, 6)],
    }
    walk = np.zeros((7, 7))
    for kind, pairs in ties.items():
        one = np.zeros((7, 7))
        for a, b in pairs:
            one[a, b] = one[b, a] = 1
        count = one.sum(axis=1, keepdims=True)
        walk += shares.get(kind, 1.0) * np.divide(one, count, out=np.zeros_like(one), where=count > 0)
    walk /= walk.sum(axis=1, keepdims=True)
    true = np.linalg.solve(np.eye(7) - 0.85 * walk.T, 0.15 * np.eye(7)[0])
    options = [word for kind, share in shares.items() for word in ("--via", f"{kind}={share:g}")]
    for place in (1, 2, 3):
        label, id_ = names[place].split(":")
        row = best(gk("rank", "Film:f0", "--to", label, *options, "--format", "json"))
        assert row["id"] == id_
        assert row["score"] == pytest.approx(true[place], abs=1e-9)
        assert row["certified"] is True


def test_a_tie_at_the_last_place_is_told_and_so_is_the_error(gk):
    """Three viewers score alike: the first two are no proven set, all three are; the bound of the error stands below."""
    code, out, err = gk("rank", "Film:f0", "--to", "User", "--top", "2", "--format", "json")
    assert code == 0
    assert [row["certified"] for row in json.loads(out)] == [False, False]
    assert "place 2 is not certain" in err
    code, out, err = gk("rank", "Film:f0", "--to", "User", "--format", "json")
    assert [row["certified"] for row in json.loads(out)] == [False, False, True]
    assert "not certain" not in err
    assert float(err.split("at most ")[1].split()[0]) <= 1e-10


def test_wrong_shares_are_usage_errors(gk):
    """Zero, words, unknown types."""
    for value in ("HAS_TAG=0", "HAS_TAG=x", "HAS_TAGS"):
        assert gk("rank", "Film:f0", "--to", "Brand", "--via", value)[0] == 2


def test_a_type_given_twice_counts_once_and_two_shares_of_it_are_refused(gk):
    """The same flag again changes no row; HAS_TAG=2 beside HAS_TAG=3 is a contradiction, for every command with shares."""
    once = ["--via", "HAS_TAG", "--via", "WATCHED", "--via", "REACHES"]
    rows = [gk("rank", "Film:f0", "--to", "Channel", *via, "--format", "json")[1] for via in (once, [*once, *once[:2]])]
    assert rows[0] == rows[1]
    for words in (
        ("rank", "Film:f0", "--to", "Brand", "--via"),
        ("links", "--from", "Brand", "--to", "Film", "--via"),
        ("communities", "--types"),
    ):
        code, out, err = gk(*words, "HAS_TAG=2", words[-1], "HAS_TAG=3")
        assert (code, out) == (2, "")
        message = f"Invalid value for '{words[-1]}': HAS_TAG has two shares: 2 and 3"
        assert err.splitlines()[-1] == f"Error: {message}"
        assert chinese(message) == f"'{words[-1]}' 的值无效：HAS_TAG 有两个份额：2 和 3"


def test_nothing_found_names_the_ties_that_were_walked(gk):
    """Over friendships alone a film meets no brand: the brand is there all the same, and no error of scores is told."""
    code, out, err = gk("rank", "Film:f0", "--to", "Brand", "--via", "KNOWS", "--via", "WATCHED", "--format", "json")
    assert (code, json.loads(out)) == (0, [])
    assert err == "no Brand is connected to Film:f0 if only KNOWS, WATCHED is walked\n"
    assert chinese(err.strip()) == "若只沿 KNOWS, WATCHED 游走，没有 Brand 与 Film:f0 相连"


UNKNOWN = [
    (("rank", "Film:f0", "--to", "Bran"), "--to", "'Bran' is no label. Did you mean 'Brand'?"),
    (("rank", "Flm:f0", "--to", "Brand"), "LABEL:ID", "'Flm' is no label. Did you mean 'Film'?"),
    (("rank", "Film:f0", "--to", "xyz"), "--to", "'xyz' is no label. graphkit schema describe lists them all."),
    (("match", "Film:f0", "--to", "film"), "--to", "'film' is no label. Did you mean 'Film'?"),
    (("links", "--from", "Brnd", "--to", "Film"), "--from", "'Brnd' is no label. Did you mean 'Brand'?"),
    (("links", "--from", "Brand", "--to", "Flm"), "--to", "'Flm' is no label. Did you mean 'Film'?"),
    (("search", "x", "--in", "Flm"), "--in", "'Flm' is no label. Did you mean 'Film'?"),
    (("simulate", "--seeds", "u0", "--nodes", "Usr"), "--nodes", "'Usr' is no label. Did you mean 'User'?"),
    (
        ("simulate", "--seeds", "u0", "--via", "knows"),
        "--via",
        "'knows' is no relationship type. Did you mean 'KNOWS' or 'OWNS'?",
    ),
    (("communities", "--types", "KNOW"), "--types", "'KNOW' is no relationship type. Did you mean 'KNOWS'?"),
    (("communities", "--bipartite", "Chanel"), "--bipartite", "'Chanel' is no label. Did you mean 'Channel'?"),
]


@pytest.mark.parametrize(("words", "place", "message"), UNKNOWN)
def test_an_unknown_label_or_type_is_told_with_its_place_and_what_looks_like_it(gk, words, place, message):
    """Whatever the command and the case of the letters; without a likeness, where all of them are listed."""
    code, out, err = gk(*words)
    assert (code, out, err.splitlines()[-1]) == (2, "", f"Error: Invalid value for '{place}': {message}")
    assert "graphkit schema describe 列出全部。" in chinese(message) or "是否指" in chinese(message)
