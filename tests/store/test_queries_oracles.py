"""Numbers of named queries against the functions of graphkit that print the same ones, and against what was published."""

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from golden_queries import golden_tables, report_of

from graphkit.diffusion.spread import estimate_spread
from graphkit.matching.context import context_rates
from graphkit.matching.similarity import inverse_frequency, match
from graphkit.matching.text import search
from graphkit.matching.update import update_profile
from graphkit.model.schema import USER_TIES
from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, as_column, object_array
from graphkit.planning.recommend import recommend
from graphkit.planning.tastes import profiles_of, read_tastes
from graphkit.projection.build import project
from graphkit.projection.consent import consent_mask
from graphkit.projection.snapshot import as_snapshot
from graphkit.store.queries import check_params, load_query
from graphkit.store.twins import TWINS


@pytest.fixture(scope="module")
def tables():
    """The graph of the golden rows."""
    return golden_tables()


def twin_rows(tables, name, **params):
    """Rows of a named query from its twin, which every store agrees with."""
    return TWINS[name](tables, check_params(load_query(name), params))


def tags_of(tables, label):
    """Tags with their weights by id, for the items of a label that have any."""
    found = {}
    for edges in tables.edges_of("HAS_TAG"):
        if edges.source_label == label:
            ids, tags = tables.nodes[label].ids[edges.source_rows], tables.nodes["Tag"].ids[edges.target_rows]
            for id_, tag, w in zip(ids, tags, edges.column("w").tolist(), strict=True):
                found.setdefault(id_, {})[tag] = w
    return found


@pytest.mark.parametrize("by", ["cosine", "jaccard", "weighted_jaccard", "idf_cosine"])
@pytest.mark.parametrize(("label", "to"), [("Course", "Film"), ("Film", "Course"), ("Film", "Film"), ("Brand", "Film")])
def test_items_alike_by_tags_equal_their_file(tables, label, to, by):
    """match/by_tags in every direction: the same items in the same order, all four numbers, to the 9 digits of the file."""
    left, right = tags_of(tables, label), tags_of(tables, to)
    items = {f"{name}:{i}": own for name in {label, to} for i, own in tags_of(tables, name).items()}
    idf = inverse_frequency(items, n_items=sum(len(tables.nodes[name]) for name in {label, to}))
    compared = 0
    for id_, own in left.items():
        others = {i: tags for i, tags in right.items() if (to, i) != (label, id_)}
        rows = twin_rows(tables, "match/by_tags", label=label, id=id_, to=to, by=by)
        rare = [
            {i: {t: w * idf[t] for t, w in tags.items()} for i, tags in side.items()} for side in ({id_: own}, others)
        ]
        for measure in ("cosine", "jaccard", "weighted_jaccard", "idf_cosine"):
            left_, right_ = rare if measure == "idf_cosine" else ({id_: own}, others)
            found = match(left_, right_, by=measure.removeprefix("idf_")).to_frame()
            found = found[found.score > 0]
            assert {r["item"]: r[measure] for r in rows} == pytest.approx(
                dict(zip(found.right, found.score, strict=True)), abs=1e-8
            )
            if measure == by:
                assert [r["item"] for r in rows] == list(found.right)
        compared += len(rows)
    assert compared


def test_nearest_vectors_equal_their_file(tables):
    """match/vectors: exact top k of match by vector; the course of another dimension is named, not compared."""
    vectors = {
        label: {
            i: [float(x) for x in v]
            for i, v in zip(tables.nodes[label].ids, tables.nodes[label].column("vector").tolist(), strict=True)
            if v is not None
        }
        for label in ("Film", "Course")
    }
    odd = vectors["Course"].pop("k5")
    for film, own in vectors["Film"].items():
        first, *rows = twin_rows(tables, "match/vectors", id=film)
        found = match({film: own}, vectors["Course"], by="vector")
        assert first == {"item": "k5", "name": "课程5", "wanted": 2, "dimensions": len(odd), "score": None}
        assert [r["item"] for r in rows] == list(found.right)
        assert [r["score"] for r in rows] == pytest.approx(found.score.tolist(), abs=1e-7)  # there in 32 bits


def named(names):
    """A graph of films that have nothing but names."""
    ids = object_array([f"d{i}" for i in range(len(names))])
    return GraphTables({"Film": NodeColumns("Film", ids, {"name": as_column(names)})}, (), "films", "CNY", "UTC")


def test_search_gives_the_published_scores():
    """The three films of the source, asked for 科幻电影."""
    films = ["电影A是一部科幻电影", "电影B是一部爱情电影", "电影C是一部动作电影"]
    rows = twin_rows(named(films), "match/search", text="科幻电影")
    assert [(r["id"], r["score"]) for r in rows] == [
        ("d0", pytest.approx(0.727, abs=5e-4)),
        *((d, pytest.approx(0.25, abs=5e-4)) for d in ("d1", "d2")),
    ]


@pytest.mark.parametrize("text", ["科幻电影", "Data  analysis", "a\nTRAP", "流浪", "zz"])
def test_search_equals_its_file(text):
    """Names in two scripts, blanks and capitals: the order and scores of search without whole words."""
    names = ["科幻电影", "流浪地球 2", "Data Analysis", "data\tlab", "a  carrot trap", "aaa", "电影"]
    rows = twin_rows(named(names), "match/search", text=text)
    found = search({f"d{i}": name for i, name in enumerate(names)}, text)
    assert [r["id"] for r in rows] == list(found.ids)
    assert [r["score"] for r in rows] == pytest.approx(found.scores.tolist(), abs=1e-8)


def test_popularity_equals_its_file(tables):
    """recommend/popular: what recommend gives somebody of whom nothing is known, score for score."""
    for to in ("Course", "Film"):
        rows = twin_rows(tables, "recommend/popular", to=to, minCell=1)
        found = recommend(tables, "u03", by="popularity", to=to, top=20, exclude_known=False)
        scored = [(i, s) for i, s in zip(found.items, found.score.tolist(), strict=True) if s > 0]
        assert [r["item"] for r in rows] == [i for i, _ in scored]
        assert [r["share"] for r in rows] == pytest.approx([s for _, s in scored], abs=1e-8)


@pytest.mark.parametrize("to", ["Course", "Film"])
def test_factors_of_a_context_equal_their_file(tables, to):
    """recommend/context: context_rates of a log where everybody who agreed saw every item once and answered what he took."""
    tastes, users = read_tastes(as_snapshot(tables)), tables.nodes_of("User")
    region = dict(zip(users.ids.tolist(), users.column("region").tolist(), strict=True))
    shown = [(u, i) for u in tastes.users for i, (label, _) in enumerate(tastes.items) if label == to]
    took = list(zip(*(side.tolist() for side in tastes.taken.nonzero()), strict=True))
    bought = [(tastes.users[u], i) for u, i in took if tastes.items[i][0] == to]
    rows = [
        (tastes.items[i][1], kind, region[u])
        for kind, own in (("exposure", shown), ("purchase", bought))
        for u, i in own
    ]
    log, compared = pd.DataFrame(rows, columns=["item", "kind", "region"]), 0
    for value, shrink in itertools.product(("上海", "北京", "火星"), (0.5, 7.0, 50.0)):
        rates = context_rates(log, contexts=["region"], shrink=shrink)
        found = twin_rows(tables, "recommend/context", value=value, to=to, shrink=shrink, minCell=1)
        factors = rates.multiplier_of([row["item"] for row in found], {"region": value})
        assert [row["factor"] for row in found] == pytest.approx(factors.tolist(), abs=1e-8)
        compared += len(found)
    assert compared >= 12


def test_cosine_and_svd_follow_from_the_people_two_items_share(tables):
    """recommend/together: its table R'R gives the scores of svd by its eigenvectors, and those of cosine by sums."""
    tastes = read_tastes(as_snapshot(tables))
    place = {item: i for i, item in enumerate(tastes.items)}
    shared, cosine = np.zeros((2, len(place), len(place)))
    for (label, id_), i in place.items():
        for row in twin_rows(tables, "recommend/together", label=label, id=id_, minCell=1):
            shared[i, place[row["label"], row["item"]]] = row["both"]
            cosine[i, place[row["label"], row["item"]]] = row["cosine"]
    assert shared.tolist() == (tastes.taken.T @ tastes.taken).toarray().tolist()
    np.fill_diagonal(cosine, 0.0)
    rank = min(tastes.taken.shape) // 4
    vectors = np.linalg.eigh(shared)[1][:, -rank:]
    for user in ("u03", "u05", "u16"):
        own = tastes.taken[[tastes.users.index(user)]].toarray()[0]
        for by, scores in (("svd", own @ vectors @ vectors.T), ("cosine", own @ cosine)):
            found = recommend(tables, user, by=by, top=20, exclude_known=False)
            expected = [scores[place["Course", item]] for item in found.items]
            assert found.score.tolist() == pytest.approx(expected, abs=1e-7), (user, by)


def test_updated_profiles_equal_their_file(tables):
    """profiles/update: one step of update_profile from the user's own profile, refused where that refuses."""
    tastes = read_tastes(as_snapshot(tables))
    profiles, moved = profiles_of(tastes), 0
    for user in tastes.users:
        before = profiles.of(user)
        for label, id_, rate in (("Film", "f2", 0.5), ("Course", "k2", 1.2), ("Course", "k5", 0.1)):
            item = tags_of(tables, label).get(id_, {})
            rows = twin_rows(tables, "profiles/update", user=user, label=label, id=id_, rate=rate, response=0.25)
            after = update_profile(before, item, 0.25, rate=rate)
            assert {r["tag"]: r["after"] for r in rows} == pytest.approx(after, abs=1e-8)
            assert {r["tag"]: r["before"] for r in rows if r["before"]} == pytest.approx(before, abs=1e-8)
            moved += any(abs(after[t] - before.get(t, 0.0)) > 0.01 for t in after)
    assert moved >= 20
    with pytest.raises(ValueError, match="below the bound"):
        update_profile({}, tags_of(tables, "Film")["f2"], 1.0, rate=3.3)
    rows = twin_rows(tables, "profiles/update", user="u03", id="f2", rate=3.3)
    assert {r["after"] for r in rows} == {None}
    assert {r["limit"] for r in rows} == {3.2}


def heard_by(tables, purpose):
    """Who hears from whom, by networkx, and the ids of everybody who agreed."""
    graph = project(tables, types=USER_TIES, probability=1.0, purpose=purpose)
    ids = [graph.id_of(i) for i in range(graph.n_nodes)]
    arcs = [(ids[s], ids[t]) for s, t in zip(graph.sources.tolist(), graph.indices.tolist(), strict=True)]
    found = nx.DiGraph(arcs)
    found.add_nodes_from(ids)
    return found


def test_what_friends_took_is_within_two_steps(tables):
    """recommend/friends_took: distances in the graph of the simulations, against the table of who took what."""
    graph, tastes, told = heard_by(tables, "profile"), read_tastes(as_snapshot(tables)), 0
    course = {i: c for c, (label, i) in enumerate(tastes.items) if label == "Course"}
    for row, user in enumerate(tastes.users):
        far = nx.single_source_shortest_path_length(graph.reverse(), user, cutoff=2)
        near = [[r for r, u in enumerate(tastes.users) if 0 < far.get(u, 9) <= steps] for steps in (1, 2)]
        rows = {r["course"]: r for r in twin_rows(tables, "recommend/friends_took", user=user, minCell=1)}
        for id_, column in course.items():
            friends, people = (int(tastes.taken[rows_, :][:, [column]].sum()) if rows_ else 0 for rows_ in near)
            if tastes.taken[row, column] or not people:
                assert id_ not in rows
            else:
                assert rows[id_] == {
                    "course": id_,
                    "name": rows[id_]["name"],
                    "friends": friends or None,
                    "within_two": people,
                }
                told += 1
    assert told >= 20


@pytest.mark.parametrize("chance", [None, 0.3])
def test_the_first_step_equals_its_file(tables, chance):
    """simulate/first_step: 1 - prod(1 - p) over the arcs of the projection, and the mean of 4,000 worlds within 4.5 standard errors."""
    graph = project(tables, types=USER_TIES, probability="weighted_cascade" if chance is None else chance)
    rows_of = {graph.id_of(i): i for i in range(graph.n_nodes)}
    for seeds in (["u01", "u02", "u07"], list(rows_of)[:9]):
        starts = np.array([rows_of[s] for s in seeds if s in rows_of])
        out = np.isin(graph.sources, starts) & ~np.isin(graph.indices, starts)
        missed = np.ones(graph.n_nodes)
        np.multiply.at(missed, graph.indices[out], 1.0 - graph.probability[out])
        (row,) = twin_rows(tables, "simulate/first_step", seeds=seeds, probability=chance, minCell=1)
        assert row["people"] == len(set(graph.indices[out].tolist()))
        assert row["expected"] == pytest.approx((1.0 - missed).sum(), abs=1e-8)
        drawn = estimate_spread(graph, starts, n_worlds=4_000, max_steps=1, rng=3)
        assert abs(drawn.by_step[1] - row["expected"]) < 4.5 * drawn.std_error


def test_small_numbers_are_hidden(tables):
    """Counts of people below the minimum, and those a difference would tell."""
    everyone = int(consent_mask(tables.nodes_of("User"), "profile").sum())
    for cell in range(1, 12):
        for row in twin_rows(tables, "recommend/popular", minCell=cell):
            assert row["people"] >= cell
            assert everyone - row["people"] in (0, *range(cell, everyone))
        for row in twin_rows(tables, "recommend/friends_took", user="u01", minCell=cell):
            assert row["within_two"] >= cell
            assert row["friends"] is None or row["friends"] >= cell
            assert row["friends"] is None or row["within_two"] - row["friends"] in (0, *range(cell, everyone))
        for row in twin_rows(tables, "recommend/context", value="北京", minCell=cell):
            n = [row[name] for name in ("took_there", "there", "took", "people")]
            assert not any(0 < x < cell for x in (n[0], n[1] - n[0], n[2] - n[0], n[3] - n[1] - n[2] + n[0]))
        pairs = twin_rows(tables, "recommend/together", id="f1", label="Film", minCell=cell)
        own = next((row["people"] for row in pairs if row["item"] == "f1"), None)
        for row in pairs if own else ():
            n = [row["both"], own - row["both"], row["people"] - row["both"]]
            assert not any(0 < x < cell for x in (*n, everyone - sum(n)))
        (row,) = twin_rows(tables, "simulate/first_step", seeds=["u01", "u02"], minCell=cell)
        assert (row["people"] is None) == (row["expected"] is None)
        assert row["people"] is None or row["people"] >= cell


def test_sets_that_differ_by_one_channel_tell_no_small_number(tables):
    """Every pair of such sets: the differences of what is shown are 0 or at least the minimum, and so are counts found by subtraction."""
    channels = [f"c{i}" for i in range(1, 7)]
    sets = [s for n in range(1, 7) for s in itertools.combinations(channels, n)]
    for cell, least in ((2, 60), (3, 10), (5, 4)):
        told = {s: twin_rows(tables, "evaluate/audience_of_set", channels=list(s), minCell=cell)[0] for s in sets}
        times = {s: twin_rows(tables, "evaluate/frequency", channels=list(s), minCell=cell) for s in sets}
        compared = 0
        for large in sets:
            assert told[large]["distinct_people"] is None or sum(r["people"] or 0 for r in times[large]) in (
                0,
                told[large]["distinct_people"],
            )
            for small in itertools.combinations(large, len(large) - 1):
                for column in ("distinct_people", "audiences_added") if small else ():
                    values = told[large][column], told[small][column]
                    if None not in values:
                        compared += 1
                        assert values[0] - values[1] in (0, *range(cell, 99)), (small, large)
        assert compared >= least, compared


def test_a_channel_with_few_people_hides_its_set(store):
    """Two of the eight people of one channel hear from another, too: adding it would tell the two, on every store."""
    users = NodeColumns("User", object_array([f"u{i}" for i in range(8)]), {"consent": as_column([True] * 8)})
    channels = NodeColumns(
        "Channel", object_array(["a", "b"]), {"cost": as_column([1.0, 2.0]), "kind": as_column(["kol"] * 2)}
    )
    ends = np.array([0] * 8 + [1] * 2), np.array([*range(8), 0, 1])
    reaches = EdgeColumns("REACHES", "Channel", "User", *ends, {"p": as_column([0.5] * 10)})
    found = GraphTables({"User": users, "Channel": channels}, (reaches,), "small", "CNY", "UTC")
    store.load(found, report_of(found))
    told = {
        (cell, names): store.read(
            load_query("evaluate/audience_of_set"), {"channels": list(names), "minCell": cell}
        ).rows
        for cell in (2, 3)
        for names in ("a", "ab")
    }
    shown = {key: tuple(row[2:5]) for key, (row,) in told.items()}
    assert shown[2, "ab"] == (8, 10, 5.0)
    assert shown[2, "a"] == shown[3, "a"] == (8, 8, 4.0)
    assert shown[3, "ab"] == (None, None, None)
