"""match, search and audiences on a small directory in an embedded store: films, courses, vectors; what is told when nothing fits."""

import json

import pytest
from sklearn.metrics.pairwise import cosine_similarity

WEIGHTS = {
    "f0": {"t0": 1.0, "t1": 0.5},
    "k0": {"t0": 0.5, "t2": 1.0},
    "k1": {"t1": 1.0},
    "k2": {"t0": 1.0, "t1": 1.0},
    "k3": {"t2": 0.3},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory, write_tables, load):
    """One film with two tags, four courses, a bare film, vectors as Parquet lists, sixty people."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    root = tmp_path_factory.mktemp("match")
    users = [f"u{i:02d}" for i in range(60)]
    ties = [(i, t, w) for i, own in WEIGHTS.items() for t, w in own.items()]
    tables = {
        "nodes/user.csv": ("id,consent,consent_scope", [f"{u},true,{'plan' if u == 'u59' else ''}" for u in users]),
        "nodes/tag.csv": ("id,name,kind", ["t0,宇宙,theme", "t1,爱情,theme", "t2,数学,theme"]),
        "relationships/has_tag__film__tag.csv": (
            "source,target,w",
            [f"{i},{t},{w}" for i, t, w in ties if i[0] == "f"],
        ),
        "relationships/has_tag__course__tag.csv": (
            "source,target,w",
            [f"{i},{t},{w}" for i, t, w in ties if i[0] == "k"],
        ),
        "relationships/watched.csv": (
            "source,target,n",
            [f"{u},f0,1" for u in users] + [f"{u},bare,1" for u in users[:55]],
        ),
        "relationships/enrolled.csv": ("source,target", [f"{u},k{i % 2}" for i, u in enumerate(users)]),
        "relationships/rated.csv": (
            "source,target,rating,scale_max",
            [f"{u},f0,{i % 5 + 1},5" for i, u in enumerate(users[:30])],
        ),
        "relationships/requires.csv": ("source,target", ["k1,k0"]),
    }
    write_tables(root / "data", tables, '[keep]\nFilm = ["vector:string[]"]\nCourse = ["vector:string[]"]\n')
    numbers = pa.list_(pa.float32())
    summary = [
        "a long story of what people at a town by the sea do all day long, and of the weather there",
        "地球的故事",
    ]
    film = {
        "id": ["bare", "f0"],
        "name": ["data lab", "流浪地球"],
        "kind": ["film", "film"],
        "summary": summary,
        "vector": pa.array([None, [1.0, 0.0]], numbers),
    }
    course = {
        "id": ["k0", "k1", "k2", "k3"],
        "name": ["天文", "写作", "物理", "统计"],
        "vector": pa.array([[0.6, 0.8], [0.0, 1.0], [2.0, 0.0], None], numbers),
    }
    for name, columns in (("film", film), ("course", course)):
        pq.write_table(pa.table(columns), root / "data" / f"nodes/{name}.parquet")
    return load(root)


def rows_of(result):
    """JSON of a command that ended well."""
    code, out, err = result
    assert code == 0, err
    return json.loads(out)


def test_a_film_meets_courses_by_its_rare_tags(gk):
    """Without --by the direction of a course: the rows of match/film_courses, and scikit-learn's cosine of w x idf over all items."""
    rows = rows_of(gk("match", "Film:f0", "--to", "Course", "--format", "json"))
    asked = rows_of(gk("query", "match/film_courses", "--param", "film=f0", "--format", "json"))
    assert [(row["id"], pytest.approx(row["score"], abs=1e-8)) for row in rows] == [
        (row["course"], row["score"]) for row in asked
    ]
    import math

    df = {t: sum(t in own for own in WEIGHTS.values()) for t in ("t0", "t1", "t2")}
    idf = {t: math.log((1 + 6) / (1 + n)) + 1 for t, n in df.items()}  # five tagged items and the bare film
    vectors = {i: [own.get(t, 0.0) * idf[t] for t in idf] for i, own in WEIGHTS.items()}
    true = {k: cosine_similarity([vectors["f0"]], [vectors[k]])[0, 0] for k in ("k0", "k1", "k2")}
    assert {row["id"]: row["score"] for row in rows} == pytest.approx(true, abs=1e-12)
    for row in rows:
        assert sum(path["part"] for path in row["paths"]) == pytest.approx(row["score"], abs=1e-12)


def test_other_pairs_meet_by_cosine_and_sets_on_request(gk):
    """Course to course by plain cosine; --by jaccard equals its file."""
    rows = rows_of(gk("match", "Course:k0", "--to", "Course", "--format", "json"))
    assert {row["id"]: row["score"] for row in rows} == pytest.approx(
        {"k2": 0.5 / (1.25**0.5 * 2**0.5), "k3": 1 / 1.25**0.5}
    )
    rows = rows_of(gk("match", "Film:f0", "--to", "Course", "--by", "jaccard", "--format", "json"))
    asked = rows_of(gk("query", "match/jaccard", "--param", "film=f0", "--format", "json"))
    assert [(row["id"], row["score"]) for row in rows] == [
        (row["course"], pytest.approx(row["jaccard"], abs=1e-8)) for row in asked
    ]
    assert {row["id"]: row["score"] for row in rows} == pytest.approx({"k2": 1.0, "k1": 0.5, "k0": 1 / 3})


def test_lists_of_numbers_are_vectors(gk):
    """Columns of float32 lists kept as lists: cosines by hand; what has none is no candidate."""
    rows = rows_of(gk("match", "Film:f0", "--to", "Course", "--by", "vector", "--format", "json"))
    assert [(row["id"], pytest.approx(row["score"], abs=1e-7)) for row in rows] == [("k2", 1.0), ("k0", 0.6)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("Film:bare", "--to", "Course"), "Film:bare carries no tag"),
        (("Film:bare", "--to", "Course", "--by", "vector"), "[keep] Film"),
        (("User:u00", "--to", "Course"), "try graphkit recommend"),
        (("Film:f0", "--to", "User"), "a User carries no tags"),
        (("Film:f0", "--to", "Brand"), "no Brand has a tag"),
        (("Course:k3", "--to", "Film"), "no Film shares a tag with Course:k3"),
    ],
)
def test_an_empty_match_says_why(gk, arguments, says):
    """Exit 0, an empty list, and the reason with a next step where there is one."""
    code, out, err = gk("match", *arguments, "--format", "json")
    assert (code, json.loads(out)) == (0, [])
    assert says in err


def test_words_of_a_search_are_shown_as_they_are(gk):
    """Grams with a blank are not torn apart; a label without texts is named."""
    rows = rows_of(gk("search", "data lab", "--format", "json"))
    assert (rows[0]["id"], rows[0]["score"]) == ("bare", pytest.approx(1.0))  # its long summary does not hide its name
    assert len({row["id"] for row in rows}) == len(rows)
    assert len(rows_of(gk("search", "地球 a", "--top", "1", "--format", "json"))) == 1
    assert len(set(rows[0]["shared"])) == len(rows[0]["shared"]) == 5
    for label, says in (("User", "no User in the store has a name or text"), ("Film", "no document contains")):
        code, out, err = gk("search", "🎬", "--in", label, "--format", "json")
        assert (code, json.loads(out)) == (0, [])
        assert says in err


def test_an_audience_equals_its_file_and_needs_no_tags(gk):
    """Mean profiles of the people who agreed to one: the command's rows are the query's; a film without tags has an audience too."""
    for item in ("f0", "bare"):
        rows = rows_of(gk("profile", "--audience", f"Film:{item}", "--format", "json"))
        asked = rows_of(
            gk("query", "profiles/audience", "--param", "label=Film", "--param", f"id={item}", "--format", "json")
        )
        assert [(row["tag"], pytest.approx(row["weight"], abs=1e-6)) for row in rows] == [
            (row["tag"], row["weight"]) for row in asked
        ]
    assert gk("profile", "u59")[0] == 2
    assert rows_of(gk("query", "profiles/user", "--param", "user=u59", "--format", "json")) == []


def test_fused_lists_can_be_weighed(gk):
    """Weight 0 leaves a list out; z joins scores; parts sum to the score; mistakes are told."""
    for more in ([], ["--blend", "z"]):
        rows = rows_of(
            gk(
                "recommend",
                "u00",
                "--by",
                "fused",
                "--weight",
                "ppr=0",
                "--weight",
                "content=2",
                *more,
                "--format",
                "json",
            )
        )
        assert {part["name"].split()[0] for row in rows for part in row["evidence"]} == {"cf", "content"}
        for row in rows:
            assert sum(part["part"] for part in row["evidence"]) == pytest.approx(row["score"], abs=1e-12)
    ranks = rows_of(gk("recommend", "u00", "--by", "fused", "--weight", "content=2", "--format", "json"))
    for row in ranks:
        parts = {part["name"].split()[0]: (int(part["name"].split()[-1]), part["part"]) for part in row["evidence"]}
        assert all(
            part == pytest.approx((2 if name == "content" else 1) / (60 + rank)) for name, (rank, part) in parts.items()
        )
    for wrong, says in (
        ("pp=1", "did you mean 'ppr'"),
        ("cf=x", "no number"),
        ("cf", "KEY=VALUE"),
        ("cf=-1", ">= 0"),
        ("cf=nan", "finite"),
    ):
        code, _, err = gk("recommend", "u00", "--by", "fused", "--weight", wrong)
        assert code == 2
        assert says in err


def test_what_nobody_rated_has_no_expected_rating(gk):
    """Only the film was rated: courses come by popularity, flagged; a context without events is told where to get them."""
    rows = rows_of(gk("recommend", "u00", "--by", "ratings", "--format", "json"))
    assert all(row["cold"] for row in rows)
    rows = rows_of(gk("recommend", "u40", "--by", "ratings", "--to", "Film", "--include-known", "--format", "json"))
    assert rows[0]["id"] in ("f0", "bare")
    code, _, err = gk("recommend", "u00", "--context", "region=上海")
    assert code == 2
    assert "--events DIR" in err
