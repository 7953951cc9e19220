"""Scores and overlaps of partners: each command named as evidence gives the same number on the memory store, the embedded engine and Neo4j."""

import itertools
import shlex

import numpy as np
import pytest
from market_fixtures import table, tie

from graphkit.audience.overlap import overlap
from graphkit.cli.audiences import audiences_of
from graphkit.cli.options import LabelId
from graphkit.model.tables import GraphTables
from graphkit.model.validate import DataReport
from graphkit.planning.partner_scores import CRITERIA
from graphkit.planning.partners import partners
from graphkit.projection.snapshot import as_snapshot
from graphkit.store.queries import check_params, load_query, parse_param

COLUMN = {"audience": "score", "brand": "score"}
FILE = dict.fromkeys(("goal", "complement", "culture", "novelty"), "fit")


def campaign():
    """Sixty users of whom ten gave no consent or one for a profile only; films f and g, courses k and l, brands a to f.

    a has everything (resources stated twice), b the same goals and resources as a, c tags only, d an audience only, e goals
    only, o is our own; seven deals, with the film g and the course k in one each.
    """
    draw = np.random.default_rng(3)
    scope = [["profile"] if i >= 55 else ["plan"] if i % 7 == 0 else None for i in range(60)]
    brands = ["a", "b", "c", "d", "e", "o"]
    nodes = [
        table(
            "User",
            [f"u{i:02d}" for i in range(60)],
            consent=[i < 50 or i >= 55 for i in range(60)],
            consent_scope=scope,
        ),
        table("Film", ["f", "g"], name=["F", "G"], kind=["film", None], seconds=[5400, None]),
        table("Course", ["k", "l"], name=["K", "L"], level=[2, None], price=[9.0, None], evidence=["inferred", None]),
        table(
            "Brand",
            brands,
            name=[x.upper() for x in brands],
            sector=["food", "food", "film", None, "sport", "film"],
            ours=[None, None, None, None, False, True],
            goal_awareness=[0.6, 0.6, None, None, 0.3, None],
            goal_revenue=[0.8, 0.8, None, None, None, 1.0],
            willingness=[0.9, None, 0.2, None, None, None],
            resources=[
                ["users", "money", "users"],
                ["money", "users"],
                None,
                ["brand"],
                ["users", "venues", "content"],
                None,
            ],
        ),
        table("Channel", ["x", "y"], name=["X", "Y"], kind=["kol", "tv"], cost=[10.0, 20.0]),
        table("Tag", ["t1", "t2", "v1", "v2"], name=list("wxyz"), kind=["theme", "role", "value", "value"]),
        table(
            "Partnership",
            [f"p{i}" for i in range(7)],
            status=["ended", "running", "accepted", "declined", "asked", "proposed", "ended"],
            starts_ts=[86_400 * i for i in range(7)],
        ),
    ]
    follow = [
        (u, b) for b, size in ((0, 30), (1, 25), (3, 20), (4, 3), (5, 30)) for u in draw.choice(60, size, replace=False)
    ]
    learn = [(u, k) for k, size in ((0, 22), (1, 15)) for u in draw.choice(60, size, replace=False)]
    reach = [(c, u) for c, size in ((0, 35), (1, 20)) for u in draw.choice(60, size, replace=False)]
    joins = [(0, 0), (0, 1), (1, 0), (1, 2), (2, 0), (2, 4), (3, 0), (3, 3), (4, 1), (4, 2), (5, 4), (6, 1), (6, 2)]
    pairs = lambda rows: np.array(rows, np.int64).T
    edges = (
        tie("FOLLOWS", "User", "Brand", *pairs(follow)),
        tie("ENROLLED", "User", "Course", *pairs(learn)),
        tie("REACHES", "Channel", "User", *pairs(reach), p=draw.choice([0.25, 0.6, 1.0], len(reach)).tolist()),
        tie("WATCHED", "User", "Film", range(12), [0] * 12),
        tie("BOUGHT", "User", "Brand", [50, 59, 1], [1, 0, 3]),
        tie("HAS_TAG", "Film", "Tag", [0, 0, 0, 1], [0, 2, 3, 2], w=[1.0, 0.5, 0.25, 1.0]),
        tie("HAS_TAG", "Course", "Tag", [0, 0], [0, 2], w=[0.5, 0.75]),
        tie(
            "HAS_TAG",
            "Brand",
            "Tag",
            [0, 0, 0, 1, 1, 2, 2],
            [0, 2, 3, 1, 3, 0, 2],
            w=[0.2, 0.6, 0.8, 1.0, 1.0, 0.5, 0.3],
        ),
        tie("JOINS", "Partnership", "Brand", *pairs(joins)),
        tie("JOINS", "Partnership", "Film", [6], [1]),
        tie("JOINS", "Partnership", "Course", [1], [0]),
    )
    return GraphTables({n.label: n for n in nodes}, edges, "partners", "EUR", "UTC", {})


def answered(store, line):
    """Rows of the query that a line of evidence runs, by partner; None when it runs none."""
    if not line.startswith("graphkit query "):
        return None
    name, *rest = shlex.split(line)[2:]
    query = load_query(name)
    types = {p.name: p.type for p in query.params}
    given = dict(pair.split("=", 1) for pair in rest[1::2])
    assert rest[::2] == ["--param"] * len(given)
    found = store.read(query, check_params(query, {k: parse_param(v, types[k]) for k, v in given.items()}))
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    return name.removeprefix("partners/"), {(row["label"], row["partner"]): row for row in rows}


ASKED = [
    ("Film:f", {}),
    ("Course:l", {}),
    ("Brand:a", {}),
    ("Brand:c", {"conflicts": ["v1", "t2"]}),
    ("Film:f", {"lead": "Brand:b"}),
    ("Brand:e", {"min_cell": 16}),
]


def loaded(store):
    """The store with the campaign in it, and the campaign."""
    data = campaign()
    rows, counts = sum(map(len, data.nodes.values())) + sum(map(len, data.edges)), data.counts()
    store.load(data, DataReport((), rows, rows, 0, 0, counts["by_label"], counts["by_type"]))
    return data


def rows_of(store, name, **params):
    """Rows of a named query."""
    found = store.read(load_query(name), check_params(load_query(name), params))
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def check_overlaps(store, data):
    """Overlap by arrays equals the counts of the files: shared, Jaccard, lift; incremental beyond each set of the other brands."""
    users, brands = data.nodes["User"], data.nodes["Brand"].ids.tolist()
    agreed = [
        c and (s is None or "plan" in s)
        for c, s in zip(users.column("consent").tolist(), users.column("consent_scope").tolist(), strict=True)
    ]
    place = np.cumsum(agreed) - 1
    sets = {b: set() for b in brands}
    for e in (e for kind in ("FOLLOWS", "BOUGHT") for e in data.edges_of(kind)):
        for u, b in zip(e.source_rows.tolist(), e.target_rows.tolist(), strict=True):
            sets[brands[b]] |= {int(place[u])} if agreed[u] else set()
    found = overlap({b: sorted(x) for b, x in sets.items() if x}, n_nodes=sum(agreed))
    pairs = {(r.a, r.b): (r.shared, r.jaccard, r.lift) for r in found.pairs.itertuples()}
    seen = set()
    for b in brands:
        for row in rows_of(store, "partners/shared_audience", brand=b, minCell=1):
            said = pairs.get((b, row["partner"])) or pairs[row["partner"], b]
            assert said == pytest.approx((row["shared"], row["jaccard"], row["lift"]), abs=1e-8)
            seen.add(frozenset((b, row["partner"])))
    assert {frozenset(pair) for pair, (shared, *_) in pairs.items() if shared} == seen
    assert len(seen) >= 6
    times = np.bincount(
        [sum(u in x for x in sets.values()) for u in range(sum(agreed))], minlength=len(found.names) + 1
    )
    assert found.frequency == pytest.approx(times)
    assert (found.frequency * np.arange(times.size)).sum() == pytest.approx(sum(len(x) for x in sets.values()))


def test_every_measured_score_is_what_its_command_says(store):
    """Nine scores of every candidate: the named row has the number to nine digits; what is null has no row or a null there. Overlaps too."""
    data = loaded(store)
    check_overlaps(store, data)
    measured, snapshot = {}, as_snapshot(store)
    for subject, more in ASKED:
        found = [
            p for p in partners(snapshot, for_=subject, **{"min_cell": 5, **more}, rng=1).partners if p.rank is not None
        ]
        assert len(found) >= 3
        lines = {line: answered(store, line) for line in dict.fromkeys(line for p in found for line in p.evidence)}
        every = dict(answer for line, answer in lines.items() if answer and answer[0] != "history")
        for p in found:
            named = dict(answer for line in p.evidence if (answer := lines[line]))
            for criterion, score in p.scores.items():
                file = FILE.get(criterion, criterion)
                said = every.get(file, {}).get((p.label, p.partner), {}).get(COLUMN.get(criterion, criterion))
                assert said == pytest.approx(score, abs=1e-8), (subject, p.partner, criterion)
                assert score is None or file in named, (subject, p.partner, criterion)
                measured.setdefault((subject, *more), set()).update([criterion] if score is not None else [])
            assert "history" not in named or any(row["accepted"] for row in named["history"].values())
    assert measured[("Film:f",)] == {"theme", "audience", "brand", "culture", "data", "will"}
    assert measured[("Brand:a",)] == set(CRITERIA)
    twin = next(p for p in partners(snapshot, for_="Brand:a", min_cell=5, rng=1).partners if p.partner == "b")
    assert (twin.scores["goal"], twin.scores["complement"]) == (1.0, 0.0)


def test_overlap_is_what_its_query_says(store):
    """Channels with chances, brands, films and courses, in two orders: reach, exclusive, incremental, joint and shared."""
    loaded(store)
    snapshot = as_snapshot(store)
    names = ["Brand:a", "Channel:x", "Film:f", "Course:k", "Channel:y", "Brand:d"]
    for listed in (names, names[::-1], ["Channel:y", "Channel:x"], ["Brand:e"]):
        arrays, n = audiences_of(snapshot, [LabelId(*name.split(":")) for name in listed])
        found = overlap(arrays, n_nodes=n)
        rows = rows_of(store, "evaluate/overlap", audiences=listed, minCell=0)
        assert [row["name"] for row in rows] == listed
        for row, said in zip(rows, found.to_frame().to_dict("records"), strict=True):
            assert row["people"] == np.count_nonzero(arrays[row["name"]])
            for part in ("reach", "exclusive", "incremental"):
                assert row[part] == pytest.approx(said[part], abs=1e-8), (listed, row["name"], part)
            assert (row["joint"], row["shared"]) == pytest.approx((found.joint, found.shared), abs=1e-8)


def test_the_queries_of_an_overlap_hide_what_the_overlap_hides(store):
    """With a minimum cell, a number of evaluate/overlap is hidden where overlap hides it, and so are the numbers of a pair."""
    loaded(store)
    snapshot, told = as_snapshot(store), []
    lists = (
        ["Channel:x", "Channel:y"],
        ["Brand:a", "Brand:b", "Brand:d"],
        ["Course:k", "Film:f"],
        ["Brand:b", "Brand:e"],
    )
    for least, listed in itertools.product((2, 5, 9, 12), lists):
        arrays, n = audiences_of(snapshot, [LabelId(*name.split(":")) for name in listed])
        found = overlap(arrays, n_nodes=n, min_cell=least)
        rows = {row["name"]: row for row in rows_of(store, "evaluate/overlap", audiences=listed, minCell=least)}
        for said in found.to_frame().to_dict("records"):
            row = rows.get(said["name"], {})
            parts = {**said, "joint": found.joint, "shared": found.shared} if row else said
            for part in parts.keys() - {"name"}:
                assert (row.get(part) is None) == np.isnan(parts[part]), (least, listed, said["name"], part)
                told.append((part, row.get(part) is None))
        kind = listed[0].split(":")[0]
        if len(listed) == 2 and kind in ("Brand", "Channel"):
            name, asked = ("partners/shared_audience", "brand") if kind == "Brand" else ("channels/overlap", "channel")
            a, b = (x.split(":")[1] for x in listed)
            other = rows_of(store, name, **{asked: a}, minCell=least)
            pair = [row for row in other if b in (row.get("partner"), row.get("channel"))]
            hidden = {part: not pair or pair[0][part] is None for part in ("shared", "jaccard")}
            assert hidden == dict.fromkeys(hidden, np.isnan(found.pairs["shared"][0])), (least, listed)
            told.append((name, hidden["shared"]))
    assert len(set(told)) == 2 * 7  # each was hidden once and shown once


def test_adds_exclusive_and_shares_are_what_their_command_says(store):
    """Of every listed partner, with and without a lead; what they reach together and what the shares sum to as well."""
    loaded(store)
    snapshot, told = as_snapshot(store), 0
    for subject, lead, limit in [
        ("Film:f", None, 3),
        ("Film:f", "Brand:b", 4),
        ("Course:l", None, 20),
        ("Brand:a", "Film:f", 3),
    ]:
        found = partners(snapshot, for_=subject, lead=lead, split=True, max_partners=limit, min_cell=5, rng=1)
        (line,) = {x for p in found.partners for x in p.evidence if "partners/portfolio" in x}
        rows, shares = answered(store, line)[1], 0.0
        measured = [p for p in found.partners if p.rank is not None and p.adds is not None]
        assert len(rows) == len(measured) >= 2
        for place, p in enumerate(measured, 1):
            row = rows[p.label, p.partner]
            assert (row["place"], row["adds"], row["exclusive"]) == (place, p.adds, p.exclusive)
            assert row["share"] == pytest.approx(p.share, abs=1e-8)
            assert (row["joint"], row["reached"]) == (found.joint_reach["mean"], pytest.approx(found.split["joint"]))
            shares, told = shares + row["share"], told + (p.exclusive < p.adds)
        led = [p.share for p in found.partners if p.rank is None]
        assert led == ([] if lead is None else [pytest.approx(row["reached"] - shares, abs=1e-7)])
    assert told > 0  # some of what is added is reached by a later partner too
