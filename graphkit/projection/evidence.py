"""The rows of a snapshot whose evidence is strong enough: real > match > inferred > assumed; unstated is real."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from graphkit import check
from graphkit.model.vocabulary import EVIDENCE
from graphkit.projection.snapshot import snapshot_from_tables

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from graphkit.model.tables import EdgeColumns, NodeColumns
    from graphkit.projection.snapshot import Snapshot

__all__ = ["LADDER", "strong", "with_evidence"]

LADDER = tuple(reversed(EVIDENCE))


def strong(table: NodeColumns | EdgeColumns, weakest: str) -> NDArray[np.bool_]:
    """Return a mask of the rows whose evidence is at least ``weakest``."""
    floor = LADDER.index(check.one_of("min_evidence", weakest, LADDER))
    if "evidence" not in table.columns:
        return np.ones(len(table), np.bool_)
    rank = [LADDER.index(e) if e in LADDER else len(LADDER) - 1 for e in table.column("evidence").tolist()]
    return np.asarray(rank, np.int64) >= floor


def with_evidence(snapshot: Snapshot, weakest: str, labels: Collection[str]) -> Snapshot:
    """Return the snapshot without weaker relationships, and without weaker nodes of ``labels`` and their ties.

    The digest stays that of the whole: the data are the same, what is left out is part of what was asked.
    """
    whole = snapshot.tables
    kept = {
        label: strong(table, weakest) if label in labels else np.ones(len(table), np.bool_)
        for label, table in whole.nodes.items()
    }
    row = {label: np.cumsum(mask) - 1 for label, mask in kept.items()}
    edges = []
    for e in whole.edges:
        some = e.take(strong(e, weakest) & kept[e.source_label][e.source_rows] & kept[e.target_label][e.target_rows])
        source, target = row[e.source_label][some.source_rows], row[e.target_label][some.target_rows]
        edges.append(replace(some, source_rows=source, target_rows=target))
    nodes = {label: table.take(kept[label]) for label, table in whole.nodes.items()}
    tables = replace(whole, nodes=nodes, edges=tuple(edges))
    return snapshot_from_tables(tables, version=snapshot.version, digest=snapshot.digest)
