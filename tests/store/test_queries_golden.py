"""Every read query gives the golden rows: from its Python twin and from every store, value for value.

The rows of fixtures/golden/queries/cases.json were returned by Neo4j 5.26.30 over graph.json beside it; the embedded engine and the twins agree.
"""

import json

import numpy as np
import pandas as pd
import pytest
from golden_queries import CASES, FIXTURES, columns, golden_tables, report_of, same

from graphkit.audience.overlap import overlap
from graphkit.matching.lift import tag_lift
from graphkit.matching.path import learning_path
from graphkit.matching.profiles import build_profiles
from graphkit.model.schema import LABELS
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, object_array
from graphkit.model.validate import DataReport
from graphkit.planning.partner_scores import read_partner_data, scores_of
from graphkit.planning.partners import partners
from graphkit.planning.recommend import recommend
from graphkit.planning.tastes import read_tastes
from graphkit.projection.snapshot import as_snapshot
from graphkit.store.files import read_directory
from graphkit.store.queries import check_params, list_queries, load_query
from graphkit.store.twin_graph import TwinGraph
from graphkit.store.twins import TWINS
from graphkit.synthetic.campaign import write_campaign

READS = [q.name for q in list_queries() if q.access == "read"]


@pytest.fixture(scope="module")
def tables():
    """The graph, once."""
    return golden_tables()


def rows_of(table):
    """A store's table as dictionaries."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['query']}-{json.dumps(c['params'], ensure_ascii=False)}")
def test_the_twin_gives_the_golden_rows(case, tables):
    """Second way to each number: plain Python over columns."""
    found = TWINS[case["query"]](tables, check_params(load_query(case["query"]), case["params"]))
    assert same(found, case["rows"]), found


def test_the_twin_does_not_depend_on_the_order_of_rows(tables):
    """Shuffled columns give the same rows."""
    rng = np.random.default_rng(5)
    nodes, position = {}, {}
    for label, t in tables.nodes.items():
        order = rng.permutation(len(t))
        nodes[label], position[label] = t.take(order), np.argsort(order)
    edges = []
    for e in tables.edges:
        order = rng.permutation(len(e))
        source, target = position[e.source_label][e.source_rows][order], position[e.target_label][e.target_rows][order]
        edges.append(
            EdgeColumns(
                e.type, e.source_label, e.target_label, source, target, {k: v[order] for k, v in e.columns.items()}
            )
        )
    shuffled = GraphTables(nodes, tuple(edges))
    for case in CASES:
        found = TWINS[case["query"]](shuffled, check_params(load_query(case["query"]), case["params"]))
        assert same(found, case["rows"]), case["query"]


def test_every_store_gives_the_golden_rows(store, tables):
    """Identical rows on the memory store, the embedded engine and Neo4j."""
    store.load(tables, report_of(tables))
    wrong = {}
    for case in CASES:
        found = rows_of(store.read(load_query(case["query"]), case["params"]))
        if not same(found, case["rows"]):
            wrong[case["query"]] = (case["params"], found)
    assert not wrong


def test_every_read_query_has_a_case_and_a_twin():
    """A new file without golden rows or twin fails here."""
    assert {c["query"] for c in CASES} == set(READS) == set(TWINS)


def test_golden_rows_seldom_are_empty():
    """A query that returns nothing tests nothing: only passed rules may be empty, films that nearly everybody took, and contexts without people."""
    empty = {c["query"] for c in CASES if not c["rows"]}
    assert empty == {"rules/rights", "recommend/popular", "recommend/context"}
    for name in READS:
        assert any(c["rows"] for c in CASES if c["query"] == name), name


TINY = {
    "partners": ["Brand:b02", "Course:k01", "Brand:b01"],
    "audiences": ["Channel:c01", "Brand:b01", "Film:f01"],
    "led": False,
    "film": "f01",
    "id": "f01",
    "label": "Film",
    "to": "b01",
    "item": "k02",
    "course": "k02",
    "channel": "c01",
    "brand": "b01",
    "plan": "P-none",
    "experiment": "E-none",
    "run": "R-none",
    "user": "u01",
    "seeds": ["u01", "u02"],
    "text": "data 数据",
    "channels": ["c01", "c02", "c03"],
    "have": ["c01", "b02"],
    "purchases": [{"channel": "c01", "material": None, "uses": 3, "once": False}],
    "minCell": 1,
    "use": "promote",
    "region": "上海",
    "value": "上海",
}


def test_every_store_agrees_with_the_twins_on_the_tiny_campaign(store):
    """On fixtures/tiny, read from its files, Cypher and Python return the same rows."""
    tables, report = read_directory(FIXTURES / "tiny")
    store.load(tables, report)
    with_rows, wrong = 0, {}
    for name in READS:
        query = load_query(name)
        values = check_params(query, {p.name: TINY[p.name] for p in query.params if p.name in TINY})
        found, expected = rows_of(store.read(query, values)), TWINS[name](tables, values)
        with_rows += bool(expected)
        if not same(found, expected):
            wrong[name] = (found, expected)
    assert not wrong
    assert with_rows >= 20


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Tables and report of 300 drawn people with films, courses, brands and channels, and the twins' rows of every query."""
    folder = tmp_path_factory.mktemp("drawn")
    write_campaign(folder, n_users=300, seed=11, clips=20)
    tables, report = read_directory(folder)
    asked = {**TINY, "user": tables.nodes["User"].ids[5], "course": "k20", "minCell": 3, "top": 4}
    values = {}
    for name in READS:
        query = load_query(name)
        values[name] = check_params(query, {p.name: asked[p.name] for p in query.params if p.name in asked})
    return tables, report, values, {name: TWINS[name](tables, values[name]) for name in READS}


def test_every_store_agrees_with_the_twins_on_a_drawn_campaign(store, drawn):
    """The same rows where groups are large enough that what a query leaves out early could be missed."""
    tables, report, values, expected = drawn
    store.load(tables, report)
    wrong = {}
    for name in READS:
        found = rows_of(store.read(load_query(name), values[name]))
        if not same(found, expected[name]):
            wrong[name] = (found, expected[name])
    assert not wrong
    assert sum(map(bool, expected.values())) >= 30
    assert len(expected["recommend/also_took"]) == 4


@pytest.mark.parametrize("full", [False, True], ids=["empty", "one of each label"])
def test_every_query_runs_on_a_store_with_next_to_nothing(store, full):
    """No error and the rows of the twin, on a store without a node and with one node of each label and no relationship."""
    nodes = {}
    for label, kind in LABELS.items() if full else ():
        if not kind.written:
            given = {"User": {"consent": True}, "Channel": {"cost": 10.0, "kind": "kol"}}.get(label, {})
            nodes[label] = NodeColumns(label, object_array(["x"]), columns([given], set()))
    tables = GraphTables(nodes, (), "little", "CNY", "UTC")
    store.load(tables, DataReport((), len(nodes), len(nodes), 0, 0, tables.counts()["by_label"], {}))
    ids = dict.fromkeys(("film", "id", "to", "item", "course", "channel", "brand", "user"), "x")
    asked = {
        **TINY,
        **ids,
        "partners": ["Brand:x"],
        "audiences": ["Channel:x", "Brand:x"],
        "channels": ["x"],
        "have": [],
    }
    wrong = {}
    for name in READS:
        query = load_query(name)
        for cell in (1, 0):
            values = {**asked, "minCell": cell}
            values = check_params(query, {p.name: values[p.name] for p in query.params if p.name in values})
            found, expected = rows_of(store.read(query, values)), TWINS[name](tables, values)
            if not same(found, expected):
                wrong[name, cell] = (found, expected)
    assert not wrong


def test_rights_are_asked_of_everything_that_can_be_owned():
    """The labels of the query are the targets that the schema gives to HOLDS_RIGHTS, each with a case that passes and one that blocks."""
    from graphkit.model.schema import TYPES

    owned = {target for _, target in TYPES["HOLDS_RIGHTS"].pairs}
    text = load_query("rules/rights").statements[0]
    assert all(f"{label}" in text.split("WHERE")[0] for label in owned)
    blocked = {row["label"] for c in CASES if c["query"] == "rules/rights" for row in c["rows"]}
    asked = {"k1": "Course", "m1": "Material", "p1": "CoProduction", "f1": "Film"}
    passed = {
        asked[c["params"]["item"]]
        for c in CASES
        if c["query"] == "rules/rights" and not c["rows"] and c["params"]["item"] in asked
    }
    assert blocked == passed == owned


USERS = ("u03", "u08", "u09", "u20")


def twin_rows(tables, name, **params):
    """Rows of a named query from its twin."""
    return TWINS[name](tables, check_params(load_query(name), params))


@pytest.mark.parametrize(
    ("name", "by", "more"), [("recommend/also_took", "cosine", {"minCell": 1}), ("recommend/by_tags", "content", {})]
)
def test_recommendations_equal_their_files(tables, name, by, more):
    """Item cosine and content: the same courses in the same order with the same scores."""
    for user in USERS:
        rows = twin_rows(tables, name, user=user, **more)
        found = recommend(tables, user, by=by, top=20)
        assert [row["course"] for row in rows] == list(found.items)
        assert [row["score"] for row in rows] == pytest.approx(found.score.tolist(), abs=1e-8)
        assert not any(found.cold)


def test_nothing_is_said_of_people_without_consent(tables):
    """Every file about one user is empty for somebody who did not agree."""
    users = tables.nodes["User"]
    refusing = next(
        i for i, c in zip(users.ids.tolist(), users.column("consent").tolist(), strict=True) if c is not True
    )
    for user in (refusing, "u10"):  # u10 agreed to plans, not to a profile
        for name in ("recommend/also_took", "recommend/by_tags", "recommend/friends_took", "profiles/user"):
            assert twin_rows(tables, name, user=user) == []
        assert twin_rows(tables, "profiles/update", user=user, id="f2") == []
    (row,) = twin_rows(
        tables, "simulate/first_step", seeds=[refusing, "u12"], minCell=0
    )  # u12 agreed to experiments only
    assert row == {"seeds": 0, "people": 0, "expected": 0.0}


def test_profiles_equal_their_files(tables):
    """Users, audiences and lift: the tags, order and numbers of the matrices; every tie counts once."""
    tastes = read_tastes(as_snapshot(tables))
    names = [":".join(item) for item in tastes.items]
    cells = tastes.taken.tocoo()
    log = pd.DataFrame(
        {"user": [tastes.users[i] for i in cells.coords[0]], "item": [names[i] for i in cells.coords[1]]}
    )
    tags = {
        name: {tastes.tag_ids[t]: tastes.tags[[i], [t]][0] for t in tastes.tags[[i]].indices}
        for i, name in enumerate(names)
    }
    found = build_profiles(log, tags, users=tastes.users)
    for user in tastes.users:
        rows = twin_rows(tables, "profiles/user", user=user)
        assert {row["tag"]: row["weight"] for row in rows} == pytest.approx(found.of(user), abs=1e-8)
    for item, row in zip(found.items, found.audience.toarray(), strict=True):
        label, _, id_ = item.partition(":")
        rows = {r["tag"]: r["weight"] for r in twin_rows(tables, "profiles/audience", label=label, id=id_, minCell=1)}
        assert rows == pytest.approx({found.tags[i]: row[i] for i in row.nonzero()[0]}, abs=1e-8)
    held = tastes.taken @ tastes.tags
    lift = tag_lift(
        {user: [tastes.tag_ids[i] for i in held[[u]].indices] for u, user in enumerate(tastes.users)}, min_cell=2
    )
    rows = twin_rows(tables, "profiles/lift", minCell=2)
    assert [(r["tag_a"], r["tag_b"], r["users"]) for r in rows] == list(
        zip(lift.tag_a, lift.tag_b, lift.users, strict=True)
    )
    assert [r["lift"] for r in rows] == pytest.approx(lift.lift.tolist(), abs=1e-8)


def test_paths_of_a_theme_sum_to_its_score(tables):
    """The parts of match/theme_paths sum to the score of match/film_courses."""
    for film in ("f1", "f2", "f3"):
        total = {}
        for row in twin_rows(tables, "match/theme_paths", film=film):
            total[row["course"]] = total.get(row["course"], 0) + row["part"]
        assert total == pytest.approx(
            {row["course"]: row["score"] for row in twin_rows(tables, "match/film_courses", film=film)}, abs=1e-8
        )


def test_expected_overlaps_equal_their_file(tables):
    """channels/overlap gives what overlap works out from the chances of the two channels."""
    users = {u: i for i, u in enumerate(tables.nodes_of("User").ids.tolist())}
    agreed = {r for r, x in enumerate(tables.nodes_of("User").column("consent").tolist()) if x is True}
    scopes = tables.nodes_of("User").column("consent_scope").tolist()
    chances = {}
    for edges in tables.edges_of("REACHES"):
        for c, u, p in zip(
            edges.source_rows.tolist(), edges.target_rows.tolist(), edges.column("p").tolist(), strict=True
        ):
            if u in agreed and (scopes[u] is None or "plan" in scopes[u]):
                channel = tables.nodes_of("Channel").ids[c]
                chances.setdefault(channel, np.zeros(len(users)))[u] = p
    found = overlap(chances, n_nodes=len(users)).pairs
    query, compared = load_query("channels/overlap"), 0
    for a in chances:
        rows = TWINS[query.name](tables, check_params(query, {"channel": a, "minCell": 1, "top": 100}))
        for row in rows:
            pair = found[(found["a"] + found["b"]).isin([a + row["channel"], row["channel"] + a])].iloc[0]
            assert row["expected_shared"] == pytest.approx(pair["shared"], abs=1e-9)
            assert row["expected_jaccard"] == pytest.approx(pair["jaccard"], abs=1e-9)
            compared += 1
    assert compared >= 6


def test_learning_path_equals_its_file(tables):
    """With and without a user who completed courses."""
    course = tables.nodes["Course"].ids
    (edges,) = tables.edges_of("REQUIRES")
    requires = [(course[s], course[t]) for s, t in zip(edges.source_rows, edges.target_rows, strict=True)]
    for user, done in (("", ()), ("u05", ("k3",)), ("u03", ("k2",))):
        rows = twin_rows(tables, "match/learning_path", course="k4", user=user)
        found = learning_path(requires, "k4", completed=done)
        assert [(row["course"], row["depth"]) for row in rows] == list(
            zip(found.steps, found.depth.tolist(), strict=True)
        )


def test_scores_of_partners_equal_their_files(tables):
    """Every criterion with a file: the planner's number for each brand, to the 9 digits of the file, null where null."""
    data = read_partner_data(as_snapshot(tables))
    brands = [str(i) for i in tables.nodes["Brand"].ids]
    for brand in brands:
        subject = ("Brand", brand)
        scores = {d: scores_of(data, subject, ("Brand", d)) for d in brands if d != brand}
        bound = {d: scores_of(data, subject, ("Brand", d), ["t4"]) for d in scores}
        asked = {"id": brand, "label": "Brand"}
        for want, criterion, column, file, params in [
            *((scores, c, c, "fit", asked) for c in ("goal", "complement", "culture", "novelty")),
            *((scores, c, c, c, {}) for c in ("data", "will")),
            (scores, "brand", "score", "brand", asked),
            (bound, "brand", "score", "brand", asked | {"conflicts": ["t4"]}),
        ]:
            found = {
                row["partner"]: row[column]
                for row in twin_rows(tables, f"partners/{file}", **params)
                if row["label"] == "Brand"
            }
            assert {d: found.get(d) for d in scores} == pytest.approx(
                {d: s[criterion] for d, s in want.items()}, abs=1e-8
            ), (criterion, file)
    for subject in [("Film", "f1"), ("Film", "f2"), ("Course", "k1"), ("Brand", "b3")]:
        rows = {
            (r["label"], r["partner"]): r["theme"]
            for r in twin_rows(tables, "partners/theme", label=subject[0], id=subject[1])
        }
        counted = {
            (r["label"], r["partner"]): r["score"]
            for r in twin_rows(tables, "partners/audience", label=subject[0], id=subject[1], minCell=2)
        }
        found = partners(tables, for_=subject, min_cell=2, rng=1).partners
        assert {(p.label, p.partner): s for p in found if (s := p.scores["audience"]) is not None} == pytest.approx(
            counted, abs=1e-8
        )
        others = [
            (label, str(i))
            for label in ("Brand", "Course", "Film")
            for i in tables.nodes[label].ids
            if (label, str(i)) != subject
        ]
        assert {n: rows.get(n) for n in others} == pytest.approx(
            {n: scores_of(data, subject, n)["theme"] for n in others}, abs=1e-8
        )


def test_the_columns_of_a_label_are_read_once():
    """A property of every node costs one list of a column, not one a node."""
    lists = []

    class Counted(np.ndarray):
        def tolist(self):
            lists.append(len(self))
            return super().tolist()

    users = NodeColumns("User", object_array([f"u{i}" for i in range(40)]), {"age": np.arange(40).view(Counted)})
    graph = TwinGraph(GraphTables({"User": users}, (), "small", "CNY", "UTC"))
    assert [graph.get(("User", f"u{i}"), "age") for i in range(40)] == list(range(40))
    assert lists == [40]
