"""Learned ties in a Cypher store: relationships INFLUENCES of one run, and a node that names the run which is complete.

Batches are written under the name of the run, the node last, older runs removed after it: a reader finds the ties of
the run before or of this one, whole, wherever the writing was cut off; writing the same run again changes nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from graphkit.store.batches import Batches
from graphkit.store.deadline import Deadline
from graphkit.store.statements import RUN, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graphkit.store.cypher_store import CypherStore, Rows, Run

__all__ = ["load_ties", "save_ties", "ties_run"]

PAIR: Final = ("INFLUENCES", "User", "User")
CHANCES: Final = ("p", "p_lower", "p_upper")
_MARK: Final = f"MERGE (m:{quote(RUN)} {{id: 'influences'}}) SET m.run = $run, m.snapshot = $snapshot, m.level_error = $level RETURN count(*) AS n"
_MARKED: Final = (
    f"MATCH (m:{quote(RUN)} {{id: 'influences'}}) RETURN m.run AS run, m.snapshot AS snapshot, m.level_error AS level"
)
_TIE: Final = (  # the key joins run and tag: a null tag cannot be merged on
    "UNWIND $rows AS row MATCH (a:User {id: row.s}) MATCH (b:User {id: row.t}) "
    "MERGE (a)-[r:INFLUENCES {_gk: $key}]->(b) SET r += row.p RETURN count(*) AS n"
)
_OLD: Final = (
    "MATCH (:User)-[r:INFLUENCES]->(:User) WHERE (r.run <> $run) WITH r LIMIT $most DELETE r RETURN count(*) AS n"
)


def save_ties(store: CypherStore, ties: Mapping[str, Any], *, timeout: float = 600.0) -> int:
    """Write learned ties as relationships and return how many; users the store does not have are left out.

    Parameters
    ----------
    store
        A store with Cypher.
    ties
        As `learned_ties` gives them: source, target, p, p_lower, p_upper, one run and snapshot, and what differs by topic.
    timeout
        Seconds for all of it.
    """
    clock, run_id, written = Deadline(timeout, "keeping learned ties"), str(ties["run"][0]), 0
    batches = Batches()
    ends = [np.asarray(ties[name]).tolist() for name in ("source", "target")]
    for tag, at, prefix in _parts(ties):
        cells = [np.asarray(ties[f"{prefix}{name}"]).tolist() for name in CHANCES]
        more = {"run": run_id} if tag is None else {"run": run_id, "tag": tag}
        rows = [
            {"s": ends[0][i], "t": ends[1][i], "p": {**dict(zip(CHANCES, chances, strict=True)), **more}}
            for i, *chances in zip(at, *cells, strict=True)
        ]
        key = run_id if tag is None else f"{run_id}/{tag}"

        def tied(first: int, last: int, rows: Rows = rows, key: str = key) -> int:
            return store.unit_of(partial(_count, _TIE, {"rows": rows[first:last], "key": key}), clock)

        written += sum(batches.over(len(rows), tied))
    level = float(ties["level_error"][0]) if "level_error" in ties else None
    mark = {"run": run_id, "snapshot": str(ties["snapshot"][0]), "level": level}
    store.unit_of(partial(_count, _MARK, mark), clock)
    batches.until_none(lambda most: store.unit_of(partial(_count, _OLD, {"run": run_id, "most": most}), clock))
    return written


def _count(text: str, params: dict[str, Any], run: Run) -> int:
    """Run a statement and return the number it gives."""
    return int(run(text, params)[0]["n"])


def _parts(ties: Mapping[str, Any]) -> Iterator[tuple[str | None, list[int], str]]:
    """Topic, positions of its ties and prefix of its columns; the plain chances first, without a topic."""
    yield None, list(range(len(ties["source"]))), ""
    for i, topic in enumerate(np.asarray(ties.get("topics", [])).tolist()):
        yield str(topic), np.asarray(ties[f"topic{i}_row"]).tolist(), f"topic{i}_"


def ties_run(store: CypherStore) -> tuple[str, str, float | None] | None:
    """Return the run whose ties are complete, the snapshot it learned on and the error of its level; None when nothing was written."""
    rows = store.rows_of(_MARKED)
    return (rows[0]["run"], rows[0]["snapshot"], rows[0]["level"]) if rows else None


def load_ties(store: CypherStore, *, timeout: float = 600.0) -> dict[str, Any] | None:
    """Return the ties of the complete run as `learned_ties` gives them, sorted by ids; None when nothing was written."""
    marked = ties_run(store)
    if marked is None:
        return None
    names = [*CHANCES, "run", "tag"]
    rows = []
    for sources, targets, columns in store.edge_cells(PAIR, names, Deadline(timeout, "reading learned ties")):
        cells = [columns.get(n, [None] * len(sources)) for n in names]  # the engine leaves out what no relationship has
        plain_cells = (c.tolist() if isinstance(c, np.ndarray) else c for c in cells)
        rows += [row for row in zip(sources, targets, *plain_cells, strict=True) if row[-2] == marked[0]]
    rows.sort(key=lambda row: row[:2])
    plain = [row for row in rows if row[-1] is None]
    place = {row[:2]: i for i, row in enumerate(plain)}
    topics = sorted({row[-1] for row in rows} - {None})
    found: dict[str, Any] = {
        name: np.array([row[i] for row in plain], dtype=str) for i, name in enumerate(("source", "target"))
    }
    found |= _chances(plain, "")
    if marked[2] is not None:
        found["level_error"] = np.array([float(marked[2])])
    for i, topic in enumerate(topics):
        mine = [row for row in rows if row[-1] == topic]
        found[f"topic{i}_row"] = np.array([place[row[:2]] for row in mine], dtype=np.int64)
        found |= _chances(mine, f"topic{i}_")
    return {
        **found,
        "topics": np.array(topics, dtype=str),
        "run": np.array([marked[0]]),
        "snapshot": np.array([marked[1]]),
    }


def _chances(rows: list[tuple[Any, ...]], prefix: str) -> dict[str, Any]:
    """Columns of chances of some rows."""
    return {f"{prefix}{name}": np.array([row[2 + i] for row in rows], dtype=float) for i, name in enumerate(CHANCES)}
