"""--min-evidence: every command answers as on a store that never held the weaker rows, and says how many those are."""

import json

import numpy as np
import pytest

from graphkit.cli import run

WORDS = ["real", "match", "inferred", "assumed", ""]  # a row in five, chosen by a fixed seed, is of each
STRONG = {"real", "match", ""}
USERS = [f"u{i:02d}" for i in range(40)]
NODES = {
    "film": ("name,kind", [("f0", "甲,film", "real"), ("f1", "乙,film", "real"), ("f2", "丙,film", "inferred")]),
    "course": (
        "name",
        [("k0", "天文", "real"), ("k1", "写作", ""), ("k2", "诗歌", "assumed"), ("k3", "绘画", "match")],
    ),
    "brand": ("name", [("b0", "天猫", "real"), ("b1", "山海", "match"), ("b2", "云上", "assumed")]),
    "channel": (
        "name,kind,cost",
        [("c0", "C0,kol,10", ""), ("c1", "C1,kol,20", "match"), ("c2", "C2,app,5", "inferred")],
    ),
    "tag": ("name,kind", [("t0", "宇宙,theme", "real"), ("t1", "爱情,theme", "match"), ("t2", "星,theme", "assumed")]),
}
FILES = {"knows": "", "follows__user__brand": "", "watched": ",n", "enrolled": ",progress", "reaches": ",p"}
TAGGED = {"film": ["f0", "f1", "f2"], "course": ["k0", "k1", "k2", "k3"], "brand": ["b0", "b1", "b2"]}


def tables(*, keep):
    """The input directory; without ``keep`` all that is weaker than match was never there."""
    rng = np.random.default_rng(7)
    out = {"nodes/user.csv": ("id,consent", [f"{u},true" for u in USERS])}
    weak = {x for _, rows in NODES.values() for x, _, e in rows if e not in STRONG}
    gone = set() if keep else weak
    for label, (head, rows) in NODES.items():
        out[f"nodes/{label}.csv"] = (f"id,{head},evidence", [f"{x},{y},{e}" for x, y, e in rows if x not in gone])
    ends = {
        "knows": [(a, b) for i, a in enumerate(USERS) for b in USERS[i + 1 : i + 6]],
        "follows__user__brand": [(u, b) for u in USERS for b in TAGGED["brand"]],
        "watched": [(u, f) for u in USERS for f in TAGGED["film"]],
        "enrolled": [(u, k) for u in USERS for k in TAGGED["course"]],
        "reaches": [(c, u) for c in ("c0", "c1", "c2") for u in USERS],
    } | {f"has_tag__{label}__tag": [(x, t) for x in ids for t in ("t0", "t1", "t2")] for label, ids in TAGGED.items()}
    for name, pairs in ends.items():
        more = FILES.get(name, ",w")
        rows = []
        for a, b in pairs:
            there, word, value = rng.random() < 0.6, WORDS[rng.integers(5)], round(float(rng.uniform(0.1, 0.9)), 2)
            if there and (keep or word in STRONG) and not {a, b} & gone:
                number = {"": "", ",n": ",1"}.get(more, f",{value}")
                rows.append(f"{a},{b}{number},{word}")
        out[f"relationships/{name}.csv"] = (f"source,target{more},evidence", rows)
    return out


@pytest.fixture(scope="module")
def homes(tmp_path_factory, write_tables, load):
    """The store with all rows, and its twin without those weaker than match."""
    made = []
    for name in ("whole", "strong"):
        root = tmp_path_factory.mktemp(name)
        write_tables(root / "data", tables(keep=name == "whole"))
        made.append(load(root))
    return made


@pytest.fixture
def ask(homes, patched, capsys):
    """Run a command on one of the stores; return its JSON and what it says."""
    capsys.readouterr()

    def call(store, *args):
        code = run(["--store", str(homes[store] / "store"), *args, "--format", "json"])
        out, err = capsys.readouterr()
        assert code == 0, err
        return json.loads(out), err

    return call


# what tells how to look a number up, or on what data it rests; --min-cell 1 shows the few people there are
NOT_ANSWER = {"manifest", "replay", "query", "params", "assumptions", "run", "evidence_lines", "seconds"}
COMMANDS = {
    "rank": ["rank", "Film:f0", "--to", "Brand"],
    "rank via": ["rank", "Film:f0", "--to", "Course", "--via", "WATCHED", "--via", "ENROLLED"],
    "links": ["links", "--from", "Brand", "--to", "Film", "--factors", "0"],
    "match": ["match", "Film:f0", "--to", "Course"],
    "overlap": ["overlap", "Channel:c0", "Channel:c1", "Brand:b0"],
    "overlap --spread": ["overlap", "Channel:c0", "Channel:c1", "--spread", "--worlds", "200"],
    "communities": ["communities"],
    "communities --types": ["communities", "--types", "KNOWS"],
    "communities --bipartite": ["communities", "--bipartite", "Film", "--via", "WATCHED"],
    "simulate": ["simulate", "--seeds", "u00", "--worlds", "200"],
    "seeds": ["seeds", "--k", "2"],
    "recommend": ["recommend", "u01", "--include-known"],
    "recommend --by content": ["recommend", "u01", "--by", "content", "--include-known"],
    "recommend --by ppr": ["recommend", "u01", "--by", "ppr", "--include-known", "--min-cell", "1"],
    "partners": ["partners", "--for", "Film:f0", "--min-cell", "1", "--split"],
}


def answer(found):
    """A document without what names the data, the command or the query."""
    if isinstance(found, list):
        return [answer(x) for x in found]
    if not isinstance(found, dict):
        return found
    kept = {k: answer(v) for k, v in found.items() if k not in NOT_ANSWER}
    if isinstance(kept.get("evidence"), list):  # lines of partners that are commands
        kept["evidence"] = [x for x in kept["evidence"] if not str(x).startswith("graphkit ")]
    return kept


@pytest.mark.parametrize("name", COMMANDS)
def test_a_floor_answers_as_if_the_weaker_rows_had_never_been_loaded(ask, name):
    """The floor changes the answer on this store, to that of the twin."""
    ours, said = ask(0, *COMMANDS[name], "--min-evidence", "match")
    twin, _ = ask(1, *COMMANDS[name])
    assert answer(ours) == answer(twin)
    every, heard = ask(0, *COMMANDS[name])
    assert answer(ours) != answer(every)
    assert "not real but match, inferred or assumed: " in heard + json.dumps(every)
    told = said + json.dumps(ours)
    assert "left out because their evidence is weaker than match: " in told
    assert "graphkit query" not in told  # a query reads every row


def test_only_what_is_read_is_counted_and_what_is_asked_about_stays(ask):
    """Counted by hand from the files: the ties of tags, one course, one tag; the film asked about, inferred, is not left out."""
    made = tables(keep=True)
    ties = [row for name, (_, rows) in made.items() if name.startswith("relationships/has_tag") for row in rows]
    weak = sum(row.rsplit(",", 1)[1] not in STRONG for row in ties)
    found, said = ask(0, "match", "Film:f2", "--to", "Course", "--min-evidence", "match")
    assert found
    assert f"weaker than match: 1 Course, 1 Tag, {weak} HAS_TAG\n" in said


def test_nothing_is_said_where_nothing_is_weaker(ask):
    """The twin holds no row weaker than the floor."""
    assert "evidence" not in ask(1, "match", "Film:f0", "--to", "Course", "--min-evidence", "match")[1]
