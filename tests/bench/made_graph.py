"""A made-up campaign of any size as column tables: preferential ties, audiences of random users, prices by audience.

It says nothing about real reach; it has the shape that makes planning heavy (a few people with very many ties, overlapping audiences).
"""

import csv
from pathlib import Path

import numpy as np

from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns, object_array


def made_graph(users: int, ties: int, channels: int, seed: int = 7) -> GraphTables:
    """Return one film, channels with audiences of 100 to `users` / 20 people, and `ties` distinct KNOWS ties."""
    rng = np.random.default_rng(seed)
    names = object_array(f"u{number:07d}" for number in range(users))
    size = rng.integers(min(100, users), max(users // 20, 101), channels)
    nodes = {
        "User": NodeColumns("User", names, {"consent": np.ones(users, np.bool_)}),
        "Film": NodeColumns("Film", object_array(["f1"]), {"name": object_array(["Bench"])}),
        "Channel": NodeColumns(
            "Channel",
            object_array(f"c{i:03d}" for i in range(channels)),
            {
                "name": object_array(f"Channel {i}" for i in range(channels)),
                "kind": object_array(["kol"] * channels),
                "cost": np.round(size * rng.uniform(0.5, 2.0, channels), -1) + 10.0,
            },
        ),
    }
    audience = np.concatenate([np.unique(rng.integers(0, users, n)) + c * users for c, n in enumerate(size.tolist())])
    keys = _ties(users, ties, rng)
    edges = (
        EdgeColumns("KNOWS", "User", "User", keys // users, keys % users),
        EdgeColumns(
            "REACHES", "Channel", "User", audience // users, audience % users, {"p": np.full(len(audience), 0.3)}
        ),
    )
    return GraphTables(nodes, edges, "bench", "CNY", "UTC")


def write_csv(tables: GraphTables, directory: Path) -> None:
    """Write the tables as an input directory of the plain layout."""
    for folder in ("nodes", "relationships"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    (directory / "dataset.toml").write_text('name = "bench"\ncurrency = "CNY"\ntime_zone = "UTC"\n')
    for label, table in tables.nodes.items():
        columns = {"id": table.ids, **table.columns}
        _write(directory / f"nodes/{label.lower()}.csv", columns)
    for e in tables.edges:
        ends = {
            "source": tables.nodes[e.source_label].ids[e.source_rows],
            "target": tables.nodes[e.target_label].ids[e.target_rows],
        }
        _write(directory / f"relationships/{e.type.lower()}.csv", {**ends, **e.columns})


def _write(path: Path, columns: dict) -> None:
    cells = [np.where(c, "true", "false") if c.dtype == np.bool_ else c for c in columns.values()]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(c.tolist() for c in cells), strict=True))


def _ties(users: int, ties: int, rng: np.random.Generator) -> np.ndarray:
    """Keys low * users + high of distinct pairs; one end is drawn by a power law, the other evenly."""
    keys = np.empty(0, np.int64)
    while len(keys) < ties:
        many = int(1.4 * (ties - len(keys))) + 100
        hubs = np.minimum((rng.pareto(1.5, many) * users / 2000).astype(np.int64), users - 1)
        others = rng.integers(0, users, many)
        low, high = np.minimum(hubs, others), np.maximum(hubs, others)
        keys = np.unique(np.concatenate([keys, (low * users + high)[low != high]]))
    surplus = rng.choice(len(keys), len(keys) - ties, replace=False)
    return np.delete(keys, surplus)
