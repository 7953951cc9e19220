"""Loads night after night: rows in any order, new, changed, left out and cut off half-way, against a dictionary that merges them."""

import contextlib
import csv
import random

from graphkit.projection.load import load_directory

TOML = 'name = "nights"\ncurrency = "CNY"\ntime_zone = "UTC"\n'
SCOPES = (None, "plan", "plan;profile", "experiment")
NAMES = ("甲", "B", 'say "hi"', "a,b", "=1+1", "x ", "😀", "0", "null")
NODES = {"user": "User", "film": "Film", "course": "Course", "tag": "Tag", "brand": "Brand"}
TIES = {
    "knows": ("user", "user"),
    "watched": ("user", "film"),
    "has_tag__film__tag": ("film", "tag"),
    "has_tag__course__tag": ("course", "tag"),
    "subscribes": ("user", "brand"),
}


def key_of(kind, row):
    """What makes a row the same row every night: the smaller id of KNOWS comes first, SUBSCRIBES has its start."""
    if kind in NODES:
        return NODES[kind], row["id"]
    ends = (row["source"], row["target"])
    return kind.split("__")[0].upper(), *(sorted(ends) if kind == "knows" else ends), row.get("since_ts"), kind


class Nights:
    """What the directory holds each night, and what a store must hold after it.

    ``kept`` is the oracle: (label or type, key) -> values, merged as a load promises to: a value not given stays.
    """

    def __init__(self, seed):
        self.random, self.kept, self.report = random.Random(seed), {}, {}

    def maybe(self, *values):
        """One of the values, or none."""
        return self.random.choice((None, *values))

    def some(self, keys, share=0.7):
        """A part of the keys, in any order."""
        found = [key for key in keys if self.random.random() < share]
        self.random.shuffle(found)
        return found

    def node(self, file):
        """The values of a node."""
        pick, maybe = self.random.choice, self.maybe
        if file == "user":
            told = {"consent": pick((True, False)), "consent_scope": pick(SCOPES)}
            return {**told, "age": maybe(18, 40, 99), "region": maybe(*NAMES)}
        more = {"tag": {"kind": pick(("theme", "value"))}, "brand": {"ours": maybe(True, False)}}
        return {"name": pick(NAMES), **more.get(file, {"quality": maybe(0.25, 0.5, 1.0)})}

    def tie(self, file):
        """The values of a relationship."""
        pick, maybe = self.random.choice, self.maybe
        if file == "watched":
            return {"n": maybe(1, 2, 2**53 + 1), "last_ts": maybe(0, 1_700_000_000)}
        if file == "knows":
            return {"weight": maybe(0.5, 2.0)}
        return {"tier": maybe("gold", "basic")} if file == "subscribes" else {"w": pick((0.25, 0.5, 1.0))}

    def rows(self):
        """File -> rows of one night: everything a relationship names is in the directory."""
        ids = {file: [f"{file[0]}{i}" for i in range(self.random.randint(3, 9))] for file in NODES}
        night = {f"nodes/{f}.csv": [{"id": i, **self.node(f)} for i in self.some(ids[f], 1.0)] for f in NODES}
        for file, (a, b) in TIES.items():
            starts = (None, 100, 200) if file == "subscribes" else (None,)
            pairs = [(s, t) for s in ids[a] for t in ids[b] if s != t and (a != b or s < t)]
            rows = []
            for s, t, since in self.some([(*pair, since) for pair in pairs for since in starts], 0.4):
                ends = (t, s) if file == "knows" and self.random.random() < 0.5 else (s, t)
                row = {"source": ends[0], "target": ends[1], **self.tie(file)}
                rows.append({**row, "since_ts": since} if len(starts) > 1 else row)
            night[f"relationships/{file}.csv"] = rows
        return night

    def merge(self, night):
        """Add a night to what is kept; return how many rows are new, changed and unchanged."""
        told = {"created": 0, "changed": 0, "unchanged": 0}
        for file, rows in night.items():
            kind = file.split("/")[1].removesuffix(".csv")
            for row in rows:
                key = key_of(kind, row)
                given = {k: v for k, v in row.items() if v is not None and k not in {"id", "source", "target"}}
                if key not in self.kept:
                    told["created"] += 1
                    self.kept[key] = given
                elif self.kept[key] == self.kept[key] | given:
                    told["unchanged"] += 1
                else:
                    told["changed"] += 1
                    self.kept[key] |= given
        return told


def write(folder, night):
    """The files of one night; a file without rows is not there."""
    for place in ("nodes", "relationships"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    (folder / "dataset.toml").write_text(TOML, encoding="utf-8")
    for file, rows in night.items():
        (folder / file).unlink(missing_ok=True)
        if rows:
            with (folder / file).open("w", encoding="utf-8", newline="") as out:
                table = csv.DictWriter(out, list(rows[0]))
                table.writeheader()
                table.writerows(
                    {k: str(v).lower() if isinstance(v, bool) else v for k, v in row.items()} for row in rows
                )


def held(store):
    """What a store holds, as the oracle writes it."""
    tables, found = store.tables(), {}

    def values(columns, row):
        cells = {name: column.tolist()[row] for name, column in columns.items()}
        return {k: ";".join(v) if isinstance(v, (list, tuple)) else v for k, v in cells.items() if v is not None}

    for label, nodes in tables.nodes.items():
        for row, id_ in enumerate(nodes.ids.tolist()):
            found[label, id_] = values(nodes.columns, row)
    for edges in tables.edges:
        kind = edges.type.lower()
        if edges.type == "HAS_TAG":
            kind = f"{kind}__{edges.source_label}__{edges.target_label}".lower()
        for row, (s, t) in enumerate(zip(edges.source_rows.tolist(), edges.target_rows.tolist(), strict=True)):
            own = values(edges.columns, row)
            ends = tables.nodes[edges.source_label].ids[s], tables.nodes[edges.target_label].ids[t]
            found[edges.type, *map(str, ends), own.get("since_ts"), kind] = own
    return found


def test_nights_merge_as_a_dictionary_does(store, tmp_path, seed):
    """Every night twice: the counts and the whole content are those of the oracle, and the second time changes nothing."""
    nights = Nights(seed)
    for _ in range(4):
        night = nights.rows()
        write(tmp_path, night)
        report = load_directory(store, tmp_path)
        told = nights.merge(night)
        assert {name: sum(getattr(report, name).values()) for name in told} == told
        assert held(store) == nights.kept
        again = load_directory(store, tmp_path)
        assert sum(again.created.values()) == sum(again.changed.values()) == 0
        assert held(store) == nights.kept


class Cut(Exception):
    """The night ends here."""


def test_a_night_cut_off_half_way_is_made_good_by_the_next_run(store, tmp_path, seed):
    """Wherever the load stops, the run after it ends with the content of the oracle and the one after that is idle."""
    nights, chance = Nights(seed), random.Random(seed)
    for _ in range(4):
        night = nights.rows()
        write(tmp_path, night)
        left = chance.randint(1, 9)

        def stop(progress):
            nonlocal left
            left -= progress.phase == "load"  # told after each file's rows are in
            if left == 0:
                raise Cut

        with contextlib.suppress(Cut):
            load_directory(store, tmp_path, progress=stop)
        assert left == 0 or not store.capabilities.cypher  # in memory a load is one step
        load_directory(store, tmp_path)
        nights.merge(night)
        assert held(store) == nights.kept
        again = load_directory(store, tmp_path)
        assert sum(again.created.values()) == sum(again.changed.values()) == 0
