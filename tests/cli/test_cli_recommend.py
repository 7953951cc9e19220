"""recommend, profile, tag and path on a small directory in an embedded store."""

import itertools
import json
import shlex

import pytest

from graphkit.report.spoken import chinese


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_tables, load):
    """Two camps of ten users, one of them in both, with their films and courses, tags, requirements, events."""
    root = tmp_path_factory.mktemp("recommend")
    users = [f"u{i:02d}" for i in range(20)]
    tags = ["f0,t0,1", "f1,t1,1"]
    rows = [f"{1_700_000_000 + i},{users[i % 18]},exposure,Course,k{k},上海" for i in range(40) for k in range(4)]
    rows += [f"{1_700_001_000 + i},{users[i % 18]},click,Course,k3,上海" for i in range(30)] + [
        "1700002000,u00,click,Course,k0,北京"
    ]
    tables = {
        "nodes/user.csv": ("id,consent", [f"{u},{'false' if u == 'u19' else 'true'}" for u in users]),
        "nodes/film.csv": ("id,name,kind,vector:string[]", ["f0,流浪地球,film,1.0;0.0", "f1,爱情故事,film,"]),
        "nodes/course.csv": (
            "id,name,summary,vector:string[]",
            [
                "k0,天文学入门,宇宙与星系,0.6;0.8",
                "k1,写作入门,怎样写爱情故事,0;1",
                "k2,天体物理,宇宙与黑洞,2;0",
                "k3,诗歌,,",
            ],
        ),
        "nodes/tag.csv": ("id,name,kind", ["t0,宇宙,theme", "t1,爱情,theme"]),
        "relationships/has_tag__film__tag.csv": ("source,target,w", tags),
        "relationships/has_tag__course__tag.csv": ("source,target,w", ["k0,t0,1", "k1,t1,1", "k2,t0,0.5", "k3,t1,0.5"]),
        "relationships/watched.csv": (
            "source,target,n",
            [f"{u},f{i % 2},1" for i, u in enumerate(users)] + ["u18,f1,1"],
        ),
        "relationships/enrolled.csv": (
            "source,target,progress",
            [
                f"{u},k{i % 2 + 2 * j},{1.0 if j == 0 else 0.5}"
                for i, u in enumerate(users[2:], 2)
                for j in (0, 1)
                if (i + j) % 3
            ],
        ),
        "relationships/requires.csv": ("source,target", ["k2,k0", "k3,k1", "k3,k0"]),
        "relationships/knows.csv": ("source,target", [f"{a},{b}" for a, b in itertools.pairwise(users)]),
        "events/e.csv": ("ts,user,kind,item_label,item,region", rows),
    }
    write_tables(root / "data", tables, '[keep]\nFilm = ["vector:string[]"]\nCourse = ["vector:string[]"]\n')
    return load(root)


def rows_of(result):
    """JSON of a command that ended well."""
    code, out, err = result
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize("by", ["cf", "content", "ppr", "cascade", "fused"])
def test_recommend_gives_reasons(gk, by):
    """u00 only watched the film on space: a course on space comes first, with evidence; nobody else is named."""
    rows = rows_of(gk("recommend", "u00", "--by", by, "--probability", "0.5", "--format", "json"))
    assert rows[0]["id"] in ({"k0", "k2"} if by != "cascade" else {"k0", "k1", "k2", "k3"})
    assert rows[0]["name"]
    assert not rows[0]["cold"]
    assert rows[0]["evidence"]
    assert not any(reason["kind"] == "User" for row in rows for reason in row["evidence"])
    assert all(
        sum(reason["part"] for reason in row["evidence"]) == pytest.approx(row["score"], abs=1e-4) for row in rows
    )
    code, out, _ = gk("recommend", "u00", "--by", by, "--probability", "0.5")
    assert code == 0
    assert rows[0]["name"] in out


@pytest.mark.parametrize(
    ("by", "told"), [("cascade", "人可影响该用户"), ("popularity", "选过它的人数占比"), ("fused", "第 1 名")]
)
def test_reasons_of_ours_come_in_chinese(gk, by, told):
    """What names nothing of the data is a sentence in the reader's language; JSON keeps the English one."""
    assert told in gk("--lang", "zh", "recommend", "u00", "--by", by, "--probability", "0.5")[1]
    assert told not in gk("--lang", "zh", "recommend", "u00", "--by", by, "--probability", "0.5", "--format", "json")[1]


def test_recommend_in_a_context(gk, home):
    """k3 does far better than usual in 上海 only when other regions are seen; the reason says so."""
    plain = rows_of(gk("recommend", "u00", "--by", "popularity", "--format", "json"))
    there = rows_of(
        gk(
            "recommend",
            "u00",
            "--by",
            "popularity",
            "--context",
            "region=上海",
            "--events",
            home / "data",
            "--format",
            "json",
        )
    )
    assert {row["id"] for row in plain} == {row["id"] for row in there}
    code, _, err = gk("recommend", "u00", "--context", "region")
    assert code == 2
    assert "KEY=VALUE" in err
    assert gk("recommend", "u00", "--context", "region=上海")[0] == 2


def test_one_user_is_told_by_id(gk, home):
    """Who took everything, or is unknown to the way: one user by id, several by their number."""
    films = ("--to", "Film", "--by", "popularity")
    assert "u18 already took every Film\n" in gk("recommend", "u18", *films)[2]
    assert "1 of 2 users already took every Film\n" in gk("recommend", "u00", "u18", *films)[2]
    log = ("--by", "content", "--events", home / "data")
    assert "u18 is unknown to this way and gets what is popular\n" in gk("recommend", "u18", *log)[2]
    assert "1 of 2 users are unknown to this way: they get" in gk("recommend", "u00", "u18", *log)[2]


def test_recommend_refuses_and_explains(gk):
    """Unknown users name close ones, refusing users are not looked at, several users make one table."""
    code, _, err = gk("recommend", "u0")
    assert code == 2
    assert "close: u" in err
    assert gk("recommend", "u19")[0] == 2
    rows = rows_of(gk("recommend", "u00", "User:u01", "--top", "1", "--format", "json"))
    assert [row["user"] for row in rows] == ["u00", "u01"]
    assert rows[0]["id"] != rows[1]["id"]


def test_profile_of_users_and_audiences(gk, home):
    """u00 watched a film on space; its audience cares about space; small audiences are hidden."""
    assert rows_of(gk("profile", "u00", "--format", "json")) == [
        {"user": "u00", "tag": "t0", "name": "宇宙", "weight": 1.0}
    ]
    seen = rows_of(gk("profile", "--audience", "Film:f0", "--min-cell", "5", "--format", "json"))
    assert seen[0]["tag"] == "t0"
    code, out, err = gk("profile", "--audience", "Film:f0", "--format", "json")
    assert (code, json.loads(out)) == (0, [])
    assert "50" in err
    code, out, err = gk("profile", "u00", "--events", home / "data", "--format", "json")
    assert code == 0
    assert "1 of 19 users has an empty profile" in err  # u18 took nothing in the log
    aged = json.loads(out)
    assert {row["tag"] for row in aged} == {"t0", "t1"}
    assert gk("profile")[0] == 2
    assert gk("profile", "u19")[0] == 2


def test_profile_groups_and_pairs(gk):
    """Two clusters of tastes, with their agreement with communities; no pair of tags belongs together here."""
    code, out, err = gk("profile", "--clusters", "2", "--min-cell", "5", "--format", "json")
    assert code == 0, err
    rows = json.loads(out)
    assert {row["tag"] for row in rows if row["weight"] > 0.9} == {"t0", "t1"}
    assert "adjusted Rand index" in err
    assert rows_of(gk("profile", "--lift", "--min-cell", "2", "--format", "json")) == []


def test_too_many_clusters_are_refused_by_their_option(gk, monkeypatch):
    """More than there are users: before any profile is made; more than there are kinds of profile: behind that."""
    code, out, err = gk("profile", "--clusters", "15")
    assert (code, out) == (2, "")
    assert "--clusters must be at most the number of different rows" in err
    monkeypatch.setattr("graphkit.cli.profile._profiles", None)
    code, out, err = gk("profile", "--clusters", "5000")
    assert (code, out) == (2, "")
    assert "--clusters must be at most the number of users who agreed to a profile, 19. Got 5000" in err


def test_tags_from_words(gk):
    """Terms of names and summaries; the strongest weighs 1; only asked labels."""
    rows = rows_of(gk("tag", "--in", "Course", "--top", "3", "--format", "json"))
    assert {row["label"] for row in rows} == {"Course"}
    assert {row["id"]: row["w"] for row in reversed(rows)} == dict.fromkeys(["k0", "k1", "k2", "k3"], 1.0)
    assert gk("tag", "--in", "Filme")[0] == 2


def test_path_to_a_course(gk):
    """Requirements in order; what the user completed closes its branch; unknown courses are named."""
    rows = rows_of(gk("path", "k3", "--format", "json"))
    assert [(row["step"], row["id"], row["needed_by"]) for row in rows] == [(1, "k0", ["k3"]), (2, "k1", ["k3"])]
    assert [row["id"] for row in rows_of(gk("path", "Course:k3", "--completed", "k1", "--format", "json"))] == ["k0"]
    code, out, err = gk("path", "k0", "--format", "json")
    assert (code, json.loads(out)) == (0, [])
    assert "nothing is missing" in err
    assert gk("path", "k9")[0] == 2
    code, _, err = gk("path", "k3", "--user", "u19")
    assert (code, "'u19' has not agreed to a profile" in err, "--completed" in err) == (2, True, True)
    assert gk("path", "Course:k3", "--completed", "Course:k1", "--format", "json")[0] == 0


def test_match_by_rarity_equals_the_query_and_shows_its_paths(gk):
    """Film -> course by idf cosine: the rows of match/film_courses; each path's parts sum to the score."""
    rows = rows_of(gk("match", "Film:f0", "--to", "Course", "--by", "idf_cosine", "--format", "json"))
    asked = rows_of(gk("query", "match/film_courses", "--param", "film=f0", "--format", "json"))
    assert [(row["id"], pytest.approx(row["score"], abs=1e-8)) for row in rows] == [
        (row["course"], row["score"]) for row in asked
    ]
    for row in rows:
        assert sum(path["part"] for path in row["paths"]) == pytest.approx(row["score"], abs=1e-12)
        assert row["paths"][0]["path"] == f"Film:f0 - Tag:t0 - Course:{row['id']}"


def test_match_by_vectors(gk):
    """Cosines of the kept vectors by hand; items without one are no candidates; a film without one is told."""
    rows = rows_of(gk("match", "Film:f0", "--to", "Course", "--by", "vector", "--format", "json"))
    assert [(row["id"], pytest.approx(row["score"], abs=1e-7)) for row in rows] == [("k2", 1.0), ("k0", 0.6)]
    code, out, err = gk("match", "Film:f1", "--to", "Course", "--by", "vector", "--format", "json")
    assert (code, json.loads(out)) == (0, [])
    assert "Film:f1 carries no vector" in err


@pytest.mark.parametrize(
    ("command", "told", "asked"),
    [
        (("match", "Course:k0", "--to", "Film", "--by", "jaccard"), ("id", "score"), ("item", "jaccard")),
        (("match", "Film:f1", "--to", "Course", "--top", "1"), ("id", "score"), ("item", "idf_cosine")),
        (("match", "Film:f0", "--to", "Course", "--by", "vector"), ("id", "score"), ("item", "score")),
        (("recommend", "u00", "u05", "--by", "content", "--top", "3"), ("id", "score"), ("course", "score")),
        (("recommend", "u05", "--by", "cosine"), ("id", "score"), ("course", "score")),
        (("profile", "User:u03", "u05"), ("tag", "weight"), ("tag", "weight")),
        (("profile", "--audience", "Film:f0", "--min-cell", "5"), ("tag", "weight"), ("tag", "weight")),
        (("profile", "--lift", "--min-cell", "1"), ("tag_a", "lift"), ("tag_a", "lift")),
    ],
    ids=lambda value: value[0] + value[-1] if value[0] in {"match", "recommend", "profile"} else "",
)
def test_the_query_that_is_named_gives_the_numbers_of_the_graph(gk, command, told, asked):
    """The printed line runs and returns the rows of the first node asked about."""
    code, out, err = gk(*command, "--format", "json")
    rows = json.loads(out)
    rows = [row for row in rows if row.get("user") == rows[0].get("user") and row.get("score", 1) > 0]
    (line,) = (x.removeprefix("look up: ") for x in err.splitlines() if x.startswith("look up: "))
    found = rows_of(gk(*shlex.split(line)[1:], "--format", "json"))[: len(rows)]
    assert code == 0
    assert rows
    assert [[row[name] for name in asked] for row in found] == [
        [row[told[0]], pytest.approx(row[told[1]], abs=1e-6)] for row in rows
    ]


def test_no_query_is_named_where_none_gives_the_numbers(gk, home):
    """Events are files, vectors of another name and learned scores no columns of a query: nothing to look up."""
    for command in (
        ("recommend", "u05", "--by", "cf"),
        ("recommend", "u05", "--by", "content", "--events", home / "data"),
        ("recommend", "u05", "--by", "content", "--include-known"),
        ("profile", "u05", "--events", home / "data"),
        ("match", "Film:f0", "--to", "Course", "--by", "vector", "--vectors", "other"),
        ("simulate", "--seeds", "u05", "--model", "lt", "--worlds", "50"),
        ("simulate", "--seeds", "u05", "--probability", "trivalency", "--worlds", "50"),
    ):
        code, _, err = gk(*command, "--format", "json")
        assert code == 0, err
        assert "look up" not in err


@pytest.mark.parametrize("chance", [(), ("--probability", "0.4")])
def test_the_first_step_of_a_simulation_can_be_looked_up(gk, chance):
    """Friends in a row: the exact number is within the interval of the drawn one (99.9 %: 1.7 times that of 95 %)."""
    code, out, err = gk("simulate", "--seeds", "User:u03,u04,u09", *chance, "--format", "json")
    assert code == 0, err
    (line,) = (x.removeprefix("look up a row: ") for x in err.splitlines() if x.startswith("look up a row: "))
    (row,) = rows_of(gk(*shlex.split(line)[1:], "--format", "json"))
    step, (low, high) = json.loads(out)["by_step"][1], json.loads(out)["by_step_interval"][1]
    assert row["people"] == 4
    assert row["expected"] == pytest.approx(4 * 0.4 if chance else 4 * 0.5)
    assert abs(row["expected"] - step) <= 0.85 * (high - low)


def test_what_cannot_be_answered_is_refused_at_once_and_by_its_option(gk, monkeypatch):
    """A brand has no takers, a channel is not promoted, lists are weighed by fused only; nobody waits for a misspelt name."""
    monkeypatch.setattr("graphkit.planning.tastes.profiles_of", lambda *_, **__: pytest.fail("worked before it looked"))
    for words, said in (
        (("profile", "--audience", "Brand:b0"), "--audience': a Brand cannot stand here, only Film, Course"),
        (("profile", "--audience", "Film:f9"), "there is no Film with id 'f9'"),
        (("profile", "u00", "u99"), "there is no User with id 'u99'"),
        (("partners", "--for", "Channel:c0"), "--for': a Channel cannot stand here, only Film, Course, Brand"),
        (("recommend", "u00", "--weight", "ppr=2"), "--weight needs --by fused: only that joins several lists"),
    ):
        code, out, err = gk(*words)
        assert (code, out) == (2, "")
        assert said in err, err
        assert any("\u4e00" <= c <= "\u9fff" for c in chinese(said.partition("': ")[2] or said)), said
