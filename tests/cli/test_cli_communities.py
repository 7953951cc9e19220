"""communities: resolution by the data, several kinds of ties, shared nodes, the stored number."""

import json
from dataclasses import replace

import pytest

from graphkit.cli.community_rows import title
from graphkit.community.leiden import communities
from graphkit.projection.arrays import from_arrays

USERS = 24


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_tables, load):
    """Four camps of six friends in a ring, follows between camps, a channel for each camp and one for all."""
    root = tmp_path_factory.mktemp("communities")
    users = [f"u{i:02d}" for i in range(USERS)]
    knows = [(a, b) for a in range(USERS) for b in range(a + 1, USERS) if a // 6 == b // 6]
    reaches = [f"c{i // 6},{u},0.5" for i, u in enumerate(users)] + [f"c4,{u},0.5" for u in users]
    tables = {
        "nodes/user.csv": ("id,consent", [f"{u},true" for u in users]),
        "nodes/channel.csv": ("id,name,kind,cost", [f"c{i},渠道{i},kol,100" for i in range(5)]),
        "relationships/knows.csv": ("source,target", [f"{users[a]},{users[b]}" for a, b in knows]),
        "relationships/follows.csv": (
            "source,target",
            [f"{users[6 * i]},{users[(6 * i + 6) % USERS]}" for i in range(4)],
        ),
        "relationships/reaches.csv": ("source,target,p", reaches),
    }
    write_tables(root / "data", tables)
    return load(root)


@pytest.mark.parametrize(
    "options",
    [
        ["--resolution", "auto"],
        ["--objective", "map_equation"],
        ["--objective", "block_model"],
        ["--types", "KNOWS=2", "--types", "FOLLOWS=0.5"],
        ["--bipartite", "Channel"],
        ["--bipartite", "Channel", "--via", "REACHES", "--effort", "fast"],
    ],
    ids=["auto", "map_equation", "block_model", "types", "bipartite", "bipartite_via"],
)
def test_the_four_camps_are_found(gk, options):
    """By the data's own resolution, by weighted types, by shared channels."""
    code, out, err = gk("communities", *options, "--members", "--format", "json")
    assert code == 0, err
    rows = {row["id"]: row["community"] for row in json.loads(out)}
    assert [rows[f"u{i:02d}"] for i in range(USERS)] == [i // 6 for i in range(USERS)]
    assert ("one graph: " in err) == (options[0] in ("--types", "--bipartite"))


def test_the_summary_says_resolution_and_evidence(gk):
    """One row per community with the resolution used and the nats saved."""
    rows = json.loads(gk("communities", "--resolution", "2", "--format", "json")[1])
    assert {row["resolution"] for row in rows} == {2.0}
    assert all(row["description_gain"] > 0 for row in rows)
    assert all(not name.startswith("u") for row in rows for name in row["largest"])


def test_json_says_how_the_graph_was_made_and_how_sure_each_community_is(gk):
    """Relation weights or kind of projection, objective, stability with its range, share of ties inside."""
    typed = json.loads(gk("communities", "--types", "KNOWS=2", "--types", "FOLLOWS=0.5", "--format", "json")[1])[0][
        "flattening"
    ]
    assert (typed["kind"], typed["types"], typed["ties"]) == ("types", ["KNOWS", "FOLLOWS"], [120, 4])
    assert 120 * typed["weights"][0] == pytest.approx(4 * 4 * typed["weights"][1])
    shared = json.loads(gk("communities", "--bipartite", "Channel", "--format", "json")[1])[0]["flattening"]
    assert (shared["kind"], shared["through"], shared["types"]) == ("bipartite", "Channel", ["REACHES"])
    for row in json.loads(gk("communities", "--objective", "map_equation", "--format", "json")[1]):
        assert row["flattening"] is None
        assert (row["objective"], row["stability"], row["stability_range"]) == ("map_equation", 1.0, [1.0, 1.0])
        assert row["code_length"] > 0
        assert row["inside"] == pytest.approx(30 / 31)  # two one-way follows of half a tie each
        assert row["run"].startswith("communities-")
    assert "found again by" in gk("communities")[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--resolution", "0"], "above 0"),
        (["--resolution", "best"], "auto"),
        (["--resolution", "2", "--objective", "map_equation"], "map equation"),
        (["--resolution", "2", "--objective", "block_model"], "block model"),
        (["--types", "KNOWS=none"], "is not a number"),
        (["--types", "KNOWS=0"], "above 0"),
        (["--types", "KNOWN"], "KNOWS"),
        (["--types", "KNOWS", "--via", "KNOWS"], "--via"),
        (["--types", "KNOWS", "--bipartite", "Channel"], "--bipartite"),
        (["--bipartite", "Chanel"], "Channel"),
        (["--nodes", "User", "--nodes", "Film", "--bipartite", "Channel"], "--nodes once"),
    ],
)
def test_wrong_options_are_usage_errors_that_name_the_way_out(gk, options, words):
    """Exit 2 and the word that helps."""
    code, _, err = gk("communities", *options)
    assert code == 2
    assert words in err


def test_types_that_join_nothing_are_a_data_error(gk):
    """No user shares anything with a film here: exit 3."""
    assert gk("communities", "--bipartite", "Film")[0] == 3
    assert gk("communities", "--types", "SHARED_WITH")[0] == 3


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--resolution", "2"],
        ["--via", "KNOWS", "--nodes", "User"],
        ["--types", "KNOWS=2", "--types", "FOLLOWS=0.5"],
        ["--objective", "map_equation"],
        ["--objective", "block_model"],
    ],
    ids=str,
)
def test_write_stores_numbers_and_members(gk, options):
    """Only with --write; twice is one run; queries see members and count the printed modularity again, on the ties of the run."""
    code, out, err = gk("communities", *options, "--write", "--format", "json")
    assert code == 0
    assert f"{USERS} nodes" in err
    assert "communities/modularity" in err
    run_id = err.partition("run=")[2].split()[0]
    assert gk("communities", *options, "--write", "--format", "json")[1] == out
    query = lambda name: json.loads(
        gk(
            "query",
            f"communities/{name}",
            "--param",
            "minCell=1",
            *(["--param", f"run={run_id}"] if name != "list" else []),
            "--format",
            "json",
        )[1]
    )
    assert (run_id, 4, USERS) in [(row["run"], row["communities"], row["users"]) for row in query("list")]
    assert [(row["size"], row["users"]) for row in query("sizes")] == [(6, 6)] * 4
    assert query("modularity")[0]["modularity"] == pytest.approx(json.loads(out)[0]["modularity"], abs=1e-8)


def test_what_the_store_cannot_count_again_is_not_offered(gk):
    """Communities by shared channels, and of users beside channels: written, the ties named, no query promised."""
    for options, ties in (
        (["--bipartite", "Channel"], "tied by shared Channel"),
        (["--nodes", "User", "--nodes", "Channel"], "between Channel, User"),
    ):
        code, _, err = gk("communities", *options, "--write", "--format", "json")
        assert code == 0
        assert "communities/modularity" not in err
        run_id = err.partition("run=")[2].split()[0]
        kept = {
            row["run"]: row["ties"]
            for row in json.loads(gk("query", "communities/list", "--param", "minCell=1", "--format", "json")[1])
        }
        assert ties in kept[run_id]
        assert (
            json.loads(gk("query", "communities/modularity", "--param", f"run={run_id}", "--format", "json")[1]) == []
        )


def test_the_table_names_members_only_where_they_may_be_named(gk):
    """Channels have names to show; a column of empty lists for users would say nothing."""
    assert "largest" not in gk("communities", "--format", "table")[1]
    out = gk("communities", "--nodes", "Channel", "--bipartite", "User", "--format", "table")[1]
    assert "largest" in out
    assert "c4" in out


def test_the_command_says_when_modularity_joins_groups(gk, capsys, tmp_path, write_tables, load):
    """Sixty cliques in a ring: joined at resolution 1 and said so; not with the block model, which finds them."""
    users = [f"u{i:03d}" for i in range(300)]
    knows = [(a, b) for a in range(300) for b in range(a + 1, 300) if a // 5 == b // 5] + [
        (5 * i, (5 * i + 6) % 300) for i in range(60)
    ]
    tables = {
        "nodes/user.csv": ("id,consent", [f"{u},true" for u in users]),
        "relationships/knows.csv": ("source,target", [f"{users[min(p)]},{users[max(p)]}" for p in knows]),
    }
    write_tables(tmp_path / "data", tables)
    ring = ["--store", load(tmp_path) / "store", "communities", "--format", "json"]
    capsys.readouterr()
    code, out, err = gk(*ring)
    assert code == 0
    first = json.loads(out)[0]
    assert first["finer_gain"] > 0
    assert first["finer_objective"] in {"block_model", "map_equation"}
    assert f"try --objective {first['finer_objective']}" in err
    code, out, err = gk(*ring, "--objective", "block_model")
    assert len(json.loads(out)) == 60
    assert "joins" not in err


def test_the_summary_of_one_community_says_no_minus_zero():
    """Rounding left -1.4e-15 of the modularity of one group; printed it was -0.0000."""
    found = communities(from_arrays([0, 1, 2], [1, 2, 0], directed=False), rng=1)
    assert "modularity 0.0000 at" in title(replace(found, modularity=-1.4e-15))
