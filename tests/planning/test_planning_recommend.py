"""Recommendations: closed forms, networkx, parts that sum to the score, unknown users, consent, context."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from graphkit.errors import DataInvalid, InvalidParameter, UnknownNode
from graphkit.matching.neighbours import DEFAULT_RIDGE
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, as_column, object_array
from graphkit.planning import recommend_ways
from graphkit.planning.recommend import WAYS, Recommendations, recommend


def graph(ties, *, users=(), tags=(), courses=(), films=(), refused=(), learnt=None):
    """Tables from ties (type, "Label:id", "Label:id") or with a fourth entry of properties."""
    names = {label: set() for label in ("User", "Film", "Course", "Tag")}
    for label, given in (("User", users), ("Tag", tags), ("Course", courses), ("Film", films)):
        names[label].update(given)
    split = [(t, *a.split(":"), *b.split(":"), dict(*more)) for t, a, b, *more in ties]
    for _, la, a, lb, b, _ in split:
        names[la].add(a)
        names[lb].add(b)
    nodes = {}
    for label, found in names.items():
        ids = sorted(found)
        columns = (
            {"consent": as_column([i not in refused for i in ids])}
            if label == "User"
            else {"name": object_array([f"name of {i}" for i in ids])}
        )
        if label == "Tag":
            columns["kind"] = object_array(["theme"] * len(ids))
        nodes[label] = NodeColumns(label, object_array(ids), columns)
    groups = {}
    for t, la, a, lb, b, more in split:
        groups.setdefault((t, la, lb), []).append((nodes[la].row_of()[a], nodes[lb].row_of()[b], more))
    edges = []
    for (t, la, lb), rows in groups.items():
        keys = sorted({k for _, _, more in rows for k in more})
        ends = [np.array([row[i] for row in rows], np.int64) for i in (0, 1)]
        edges.append(EdgeColumns(t, la, lb, *ends, {k: as_column([row[2].get(k) for row in rows]) for k in keys}))
    return GraphTables({k: v for k, v in nodes.items() if len(v)}, tuple(edges), "tiny", "CNY", "UTC")


def camps(seed=1, n=40):
    """Two camps of users, each with its films and courses, tags on both, a ring of friends."""
    rng, ties = np.random.default_rng(seed), []
    for u in range(n):
        camp = u % 2
        ties += [("WATCHED", f"User:u{u:02d}", f"Film:f{camp}{i}") for i in range(4) if rng.random() < 0.7]
        ties += [("ENROLLED", f"User:u{u:02d}", f"Course:k{camp}{i}") for i in range(4) if rng.random() < 0.6]
        ties += [
            ("RATED", f"User:u{u:02d}", f"Film:f{g}{i}", {"rating": 5.0 if g == camp else 1.0, "scale_max": 5.0})
            for g in (0, 1)
            for i in (0, 1)
            if rng.random() < 0.5
        ]
        ties.append(("KNOWS", f"User:u{u:02d}", f"User:u{(u + 1) % n:02d}"))
    for camp in (0, 1):
        for i in range(4):
            ties += [
                ("HAS_TAG", f"Film:f{camp}{i}", f"Tag:t{camp}", {"w": 1.0}),
                ("HAS_TAG", f"Course:k{camp}{i}", f"Tag:t{camp}", {"w": 0.5 + i / 10}),
            ]
            ties.append(("HAS_TAG", f"Course:k{camp}{i}", "Tag:all", {"w": 0.2}))
    return graph(ties, users=["lonely"])


@pytest.mark.parametrize("by", WAYS)
def test_parts_sum_to_the_score_and_known_items_stay_out(by):
    """Every way: ranks 1.., falling scores, ties by id, nothing taken before, reasons that add up."""
    source = camps()
    found = recommend(source, ["u00", "u01"], by=by, top=3, probability=0.3, n_worlds=300)
    frame = found.to_frame()
    for row, reasons in enumerate(found.reasons):
        assert reasons
        assert sum(reason.part for reason in reasons) == pytest.approx(
            found.score[row], abs=1e-4 if by == "fused" else 1e-9
        )
    for user in ("u00", "u01"):
        own = frame[frame.user == user]
        assert list(own["rank"]) == list(range(1, len(own) + 1))
        assert own.score.is_monotonic_decreasing
        ties = {
            t
            for e in source.edges_of("ENROLLED")
            for s, t in zip(
                source.nodes["User"].ids[e.source_rows], source.nodes["Course"].ids[e.target_rows], strict=True
            )
            if s == user
        }
        assert not ties & set(own.item)
        assert "User:" not in "".join(own.evidence)
    again = Recommendations.from_json(found.to_json())
    assert again.to_frame().equals(frame)
    assert (
        recommend(source, ["u00", "u01"], by=by, top=3, probability=0.3, n_worlds=300).manifest.digest
        == found.manifest.digest
    )


@pytest.mark.parametrize("by", ["cf", "cosine", "als", "svd", "content", "fused"])
def test_films_tell_which_course_fits(by):
    """Somebody who only watched films of one camp gets a course of that camp first: the way from film to course."""
    ties = [("WATCHED", "User:new", "Film:f11"), ("WATCHED", "User:new", "Film:f12")]
    rng = np.random.default_rng(1)
    for u in range(30):
        ties += [
            (t, f"User:u{u}", f"{label}{u % 2}{i}")
            for t, label in (("WATCHED", "Film:f"), ("ENROLLED", "Course:k"))
            for i in range(4)
            if rng.random() < 0.7
        ]
    ties += [
        ("HAS_TAG", f"{label}{c}{i}", f"Tag:t{c}", {"w": 1.0})
        for label in ("Film:f", "Course:k")
        for c in (0, 1)
        for i in range(4)
    ]
    found = recommend(graph(ties), "new", by=by, top=4)
    assert found.items[0].startswith("k1")
    score = dict(zip(found.items, found.score, strict=True))
    assert sum(score.get(f"k1{i}", 0) for i in range(4)) > 2 * sum(score.get(f"k0{i}", 0) for i in range(4))
    assert not any(found.cold)


def test_cascade_on_a_path_is_a_power():
    """Who took the course stands d ties away: share p^d, within 4.5 standard errors (false alarm 7e-6 each)."""
    p, n = 0.6, 4_000
    for d in (1, 2, 3):
        ties = [("KNOWS", f"User:u{i}", f"User:u{i + 1}") for i in range(4)] + [("ENROLLED", f"User:u{d}", "Course:k")]
        found = recommend(graph(ties), "u0", by="cascade", probability=p, n_worlds=n, min_cell=1, rng=5)
        assert found.items == ("k",)
        assert abs(found.score[0] - p**d) < 4.5 * np.sqrt(p**d * (1 - p**d) / n)
        assert "1 people who took it" in found.reasons[0][0].name


def test_cascade_on_a_star_is_one_minus_all_failures():
    """Three friends who took it: 1 - (1 - p)^3; certain and impossible ties are exact."""
    ties = [t for i in range(3) for t in (("KNOWS", "User:me", f"User:u{i}"), ("ENROLLED", f"User:u{i}", "Course:k"))]
    found = recommend(graph(ties), "me", by="cascade", probability=0.3, n_worlds=4_000, rng=2)
    true = 1 - 0.7**3
    assert abs(found.score[0] - true) < 4.5 * np.sqrt(true * (1 - true) / 4_000)
    assert recommend(graph(ties), "me", by="cascade", probability=1.0, n_worlds=50).score[0] == 1.0
    none = recommend(graph(ties), "me", by="cascade", probability=0.0, n_worlds=50)
    assert none.cold == (True,)


def test_walk_equals_networkx_on_the_typed_graph():
    """Scores of all courses = networkx.pagerank on ties both ways, each type with the same chance; parts by formula."""
    import networkx as nx

    source = camps(3, 12)
    found = recommend(source, "u00", by="ppr", top=50, exclude_known=False)
    walk = nx.DiGraph()
    ties = []
    for e in source.edges:
        a = [f"{e.source_label}:{i}" for i in source.nodes[e.source_label].ids[e.source_rows]]
        b = [f"{e.target_label}:{i}" for i in source.nodes[e.target_label].ids[e.target_rows]]
        ties += [(e.type, s, t) for s, t in [*zip(a, b, strict=True), *zip(b, a, strict=True)]]
    count = Counter((kind, s) for kind, s, _ in ties)
    for kind, s, t in ties:
        walk.add_edge(s, t, weight=walk.get_edge_data(s, t, {"weight": 0.0})["weight"] + 1 / count[kind, s])
    true = nx.pagerank(walk, alpha=0.85, personalization={"User:u00": 1.0}, tol=1e-13, max_iter=1000)
    for item, score in zip(found.items, found.score, strict=True):
        assert score == pytest.approx(true[f"Course:{item}"], abs=1e-9)


def test_walk_on_a_path_in_closed_form():
    """me - k1 - u - k2: the stationary equations of the path, solved by hand as a linear system."""
    found = recommend(
        graph(
            [
                ("ENROLLED", "User:me", "Course:k1"),
                ("ENROLLED", "User:u", "Course:k1"),
                ("ENROLLED", "User:u", "Course:k2"),
            ]
        ),
        "me",
        by="ppr",
    )
    step = np.array([[0, 1, 0, 0], [0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5], [0, 0, 1, 0]])
    x = np.linalg.solve(np.eye(4) - 0.85 * step.T, 0.15 * np.eye(4)[0])
    assert found.items == ("k2",)
    assert found.score[0] == pytest.approx(x[3], abs=1e-9)
    assert found.reasons[0][0].name == "fewer than 50 people close to this user"
    assert [(r.kind, r.part) for r in found.reasons[0]] == [("people", pytest.approx(0.85 * x[2] / 2))]


@pytest.mark.parametrize("by", [w for w in WAYS if w != "popularity"])
def test_somebody_unknown_gets_what_is_popular_and_is_flagged(by):
    """No tie at all: the popular list in its order, cold, never an error."""
    source = camps()
    found, popular = (recommend(source, "lonely", by=way, n_worlds=20) for way in (by, "popularity"))
    assert found.items == popular.items
    assert all(found.cold)
    assert found.reasons[0][0].kind == "popularity"


def test_content_score_is_the_cosine_by_hand():
    """Profile (1, 0) + (0, 1) against (0.6, 0.8): 1.4 / sqrt 2, parts .6 and .8 over sqrt 2."""
    ties = [
        ("WATCHED", "User:u", "Film:f1"),
        ("WATCHED", "User:u", "Film:f2"),
        ("HAS_TAG", "Film:f1", "Tag:a", {"w": 1.0}),
        ("HAS_TAG", "Film:f2", "Tag:b", {"w": 1.0}),
        ("HAS_TAG", "Course:k", "Tag:a", {"w": 0.3}),
        ("HAS_TAG", "Course:k", "Tag:b", {"w": 0.4}),
    ]
    found = recommend(graph(ties), "u", by="content")
    assert found.score[0] == pytest.approx(1.4 / 2**0.5)
    assert [(r.name, r.part) for r in found.reasons[0]] == [
        ("b", pytest.approx(0.8 / 2**0.5)),
        ("a", pytest.approx(0.6 / 2**0.5)),
    ]
    log = pd.DataFrame({"user": ["u", "u"], "item": ["f1", "f2"], "kind": ["view", "view"], "ts": [0, 90 * 86_400]})
    aged = recommend(graph(ties), "u", by="content", events=log)
    assert aged.score[0] == pytest.approx((0.6 * 1 + 0.8 * 2) / 5**0.5)


def test_consent_comes_first():
    """Whether a refusing user took something changes no answer, and he gets none himself."""
    base = [("ENROLLED", f"User:u{i}", f"Course:k{j}") for i, j in ((0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (0, 2))] + [
        ("KNOWS", "User:u0", "User:no")
    ]
    extra = [("ENROLLED", "User:no", "Course:k1"), ("ENROLLED", "User:no", "Course:k0")]
    for by in WAYS:
        if by == "ratings":
            continue
        without, beside = (
            recommend(
                graph(t, refused=["no"], courses=["k0", "k1", "k2"]), ["u0", "u1"], by=by, probability=1.0, n_worlds=20
            )
            for t in (base, base + extra)
        )
        assert without.to_frame().equals(beside.to_frame()), by
    with pytest.raises(InvalidParameter, match="agreed"):
        recommend(graph(base, refused=["no"]), "no")


def test_who_took_an_item_in_several_ways_took_it_once():
    """Three ties of one user with a course are one taker of three: popularity is 1/3, as by hand."""
    ways = [(tie, "User:u0", "Course:k0") for tie in ("ENROLLED", "BOUGHT", "WANTS")]
    tables = graph([*ways, ("ENROLLED", "User:u1", "Course:k1"), ("ENROLLED", "User:u2", "Course:k1")])
    found = recommend(tables, "u2", by="popularity", exclude_known=False)
    assert dict(zip(found.items, found.score.tolist(), strict=True)) == pytest.approx({"k1": 2 / 3, "k0": 1 / 3})


def test_context_reorders_only_where_it_differs():
    """The same response everywhere: the same list; a course that does well in 上海 moves up there, with its reason."""
    source = camps()
    plain = recommend(source, "u00", by="popularity", top=8)
    last = plain.items[-1]
    rows = [
        (k, kind, region, 1)
        for k in plain.items
        for region in ("上海", "北京")
        for kind, n in (("exposure", 200), ("click", 20))
        for _ in range(n)
    ]
    log = pd.DataFrame(rows, columns=["item", "kind", "region", "ts"]).assign(user="u00", item_label="Course")
    same = recommend(source, "u00", by="popularity", top=8, events=log, context={"region": "上海"})
    assert same.items == plain.items
    assert_allclose(same.score, plain.score)
    more = log[(log.item == last) & (log.kind == "click") & (log.region == "上海")]
    planted = recommend(
        source, "u00", by="popularity", top=8, events=pd.concat([log] + [more] * 8), context={"region": "上海"}
    )
    assert planted.items.index(last) < plain.items.index(last)
    row = planted.items.index(last)
    assert [r.kind for r in planted.reasons[row]] == ["popularity", "context"]
    assert sum(r.part for r in planted.reasons[row]) == pytest.approx(planted.score[row])
    elsewhere = recommend(source, "u00", by="popularity", top=8, events=log, context={"region": "广州"})
    assert elsewhere.items == plain.items


def test_fused_lists_can_be_weighted():
    """Weight 0 for all but one list gives that list's order."""
    source = camps()
    alone = recommend(source, "u03", by="cf", top=5)
    fused = recommend(source, "u03", by="fused", top=5, weights={"content": 0, "ppr": 0})
    assert fused.items[: len(alone)] == alone.items
    with pytest.raises(InvalidParameter):
        recommend(source, "u03", by="fused", weights={"als": 1})


@pytest.mark.parametrize(
    ("users", "more", "error"),
    [
        ("u99", {}, UnknownNode), ("u00", {"by": "magic"}, InvalidParameter), ("u00", {"to": "Brand"}, InvalidParameter), ("u00", {"top": 0}, InvalidParameter),
        ("u00", {"context": {"region": "x"}}, InvalidParameter), ("u00", {"context": {"weather": "x"}, "events": pd.DataFrame({"item": ["k00"], "kind": ["exposure"]})}, InvalidParameter),
        ([], {}, InvalidParameter), (None, {}, InvalidParameter), (3, {}, InvalidParameter), ("u00", {"by": "cf", "weights": {"cf": 1}}, InvalidParameter), ("u00", {"by": "fused", "blend": "sum"}, InvalidParameter),
        ("u00", {"by": "fused", "weights": {"cf": 0, "content": 0, "ppr": 0}}, InvalidParameter), ("u00", {"by": "content", "events": pd.DataFrame({"user": ["u00"]})}, DataInvalid),
        ("u00", {"by": "cascade", "probability": 1.5}, InvalidParameter), ("u00", {"by": "cascade", "n_worlds": 0}, InvalidParameter),
    ],
)  # fmt: skip
def test_wrong_requests_are_named(users, more, error):
    """Unknown users, ways, labels, contexts, numbers."""
    with pytest.raises(error):
        recommend(camps(), users, **more)


def test_graphs_with_nothing_to_learn_from():
    """No course, or no rating for ratings: a named error, not an empty list."""
    with pytest.raises(DataInvalid):
        recommend(graph([("WATCHED", "User:u", "Film:f")]), "u")
    with pytest.raises(DataInvalid):
        recommend(graph([("ENROLLED", "User:u", "Course:k")]), "u", by="ratings")
    assert recommend(graph([("WATCHED", "User:u", "Film:f")], films=["g"]), "u", to="Film").items == ("g",)


@pytest.mark.parametrize(
    ("users", "able", "items", "chosen"),
    [
        (260, 200, 6, True),
        (260, 199, 6, False),
        (1_501, 300, 6, True),
        (300, 300, 1_501, True),
        (1_501, 300, 1_501, False),
        (1_500, 300, 1_500, True),
    ],
)
def test_the_ridge_is_chosen_where_enough_people_allow_it(monkeypatch, users, able, items, chosen):
    """From 200 users with two items on, and up to 1,500 items or users; else the usual one stands."""
    monkeypatch.setattr(recommend_ways, "choose_ridge", lambda *_, **__: {3.0: 0.1, 7.0: 0.2})
    rows = np.r_[np.repeat(np.arange(able), 2), np.arange(able, users)]
    columns = np.r_[np.tile([0, 1], able), np.zeros(users - able, int)]
    taken = sparse.csr_array((np.ones(rows.size), (rows, columns)), shape=(users, items))
    assert recommend_ways._ridge_for(taken, 1) == (7.0 if chosen else DEFAULT_RIDGE)
