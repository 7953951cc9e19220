"""The rows of a snapshot whose evidence is strong enough: real > match > inferred > assumed; unstated is real.

Users stay whatever theirs is: whether a person counts is a matter of consent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from graphkit import check
from graphkit.model.vocabulary import EVIDENCE
from graphkit.projection.snapshot import snapshot_from_tables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from graphkit.model.tables import EdgeColumns, NodeColumns
    from graphkit.projection.snapshot import Snapshot

__all__ = ["LADDER", "evidence_note", "strong", "with_evidence"]

LADDER = tuple(reversed(EVIDENCE))


def strong(table: NodeColumns | EdgeColumns, weakest: str) -> NDArray[np.bool_]:
    """Return a mask of the rows whose evidence is at least ``weakest``."""
    floor = LADDER.index(check.one_of("min_evidence", weakest, LADDER))
    if "evidence" not in table.columns:
        return np.ones(len(table), np.bool_)
    stated = table.column("evidence").tolist()
    enough = {e for e in set(stated) if (LADDER.index(e) if e in LADDER else len(LADDER) - 1) >= floor}
    return np.fromiter((e in enough for e in stated), np.bool_, len(stated))


def with_evidence(
    snapshot: Snapshot,
    weakest: str | None,
    *,
    labels: Collection[str] | None = None,
    keep: Collection[tuple[str, str]] = (),
) -> Snapshot:
    """Return the snapshot without weaker relationships, and without weaker nodes and their ties.

    The digest stays that of the whole: the data are the same, what is left out is part of what was asked.

    Parameters
    ----------
    snapshot : Snapshot
    weakest : {"real", "match", "inferred", "assumed"} or None
        None leaves nothing out.
    labels : collection of str, optional
        Only weaker nodes of these leave; default: of every label but User.
    keep : collection of (label, id)
        Nodes that stay: those the question is about.

    Raises
    ------
    InvalidParameter
        ``weakest`` is no evidence.
    """
    if weakest is None:
        return snapshot
    check.one_of("min_evidence", weakest, LADDER)
    whole = snapshot.tables
    labels = _but_users(snapshot) if labels is None else labels
    kept = {
        label: strong(table, weakest) if label in labels else np.ones(len(table), np.bool_)
        for label, table in whole.nodes.items()
    }
    for label, mask in kept.items():
        mask[_rows_kept(snapshot, label, keep)] = True
    row_of = {label: np.cumsum(mask) - 1 for label, mask in kept.items()}
    edges = []
    for e in whole.edges:
        some = e.take(strong(e, weakest) & kept[e.source_label][e.source_rows] & kept[e.target_label][e.target_rows])
        source, target = row_of[e.source_label][some.source_rows], row_of[e.target_label][some.target_rows]
        edges.append(replace(some, source_rows=source, target_rows=target))
    nodes = {label: table.take(kept[label]) for label, table in whole.nodes.items()}
    tables = replace(whole, nodes=nodes, edges=tuple(edges))
    return snapshot_from_tables(tables, version=snapshot.version, digest=snapshot.digest)


def evidence_note(
    whole: Snapshot,
    weakest: str | None,
    reads: Collection[str] | None = None,
    *,
    keep: Collection[tuple[str, str]] = (),
) -> list[str]:
    """Return the sentence that counts the rows a floor leaves out, or, without one, those that are not real; none when all are strong.

    Parameters
    ----------
    whole : Snapshot
        The data before anything was left out.
    weakest, keep
        As in :func:`with_evidence`.
    reads : collection of str, optional
        Labels and types that the answer reads, in the order to name them; default: all.
    """
    count: dict[str, int] = {}
    for name, table in _tables(whole, (*_but_users(whole), *whole.types) if reads is None else reads):
        weak = ~strong(table, weakest or "real")
        if weakest is not None:
            weak[_rows_kept(whole, name, keep)] = False
        count[name] = count.get(name, 0) + int(weak.sum())
    rows = ", ".join(f"{n:,} {name}" for name, n in count.items() if n)
    if not rows:
        return []
    if weakest is None:
        return [f"not real but match, inferred or assumed: {rows}; min_evidence = real leaves them out"]
    return [f"left out because their evidence is weaker than {weakest}: {rows}"]


def _tables(whole: Snapshot, names: Collection[str]) -> Iterator[tuple[str, NodeColumns | EdgeColumns]]:
    """Yield the tables of labels and types; a type has one for each pair of labels."""
    for name in dict.fromkeys(names):
        if name in whole.types:
            yield from ((name, edges) for edges in whole.edges(name))
        elif name in whole.labels and name != "User":
            yield name, whole.nodes(name)


def _rows_kept(snapshot: Snapshot, label: str, keep: Collection[tuple[str, str]]) -> list[int]:
    """Return the rows of the nodes of a label that stay; what is no label has none, and unknown ids are not for here to refuse."""
    rows = (snapshot.nodes(label).row_of().get(id_) for own, id_ in keep if own == label)
    return [row for row in rows if row is not None]


def _but_users(snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(label for label in snapshot.labels if label != "User")
