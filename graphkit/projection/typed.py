"""The whole property graph as one walk: every label, every tie both ways, the kinds of ties on equal terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit.model.schema import LABELS, TYPES
from graphkit.projection.arrays import from_arrays
from graphkit.projection.consent import consent_mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphkit.projection.projection import Projection
    from graphkit.projection.snapshot import Snapshot

__all__ = ["typed_graph"]


def typed_graph(
    snapshot: Snapshot, types: Sequence[str] = (), *, shares: Mapping[str, float] | None = None, purpose: str = "plan"
) -> tuple[Projection, list[tuple[str, str]]]:
    """Return the whole graph for walks across labels, and the (label, id) of each row.

    Each tie is walked both ways. From every node the types share the chance equally, whatever
    their number of ties: one studio of a film counts as much as its thousand viewers together.

    Parameters
    ----------
    snapshot : Snapshot
        Columns of the store.
    types : sequence of str
        Relationship types to walk; default all that are no results of ours. One named twice counts once.
    shares : mapping type -> number, optional
        How much of a node's chance each type gets beside the others, > 0; default 1.
    purpose : {"plan", "profile", "experiment"}
        Users without consent for it keep a row and lose all ties.
    """
    names: list[tuple[str, str]] = []
    offset, allowed = dict[str, int](), list[np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]()
    for label in (name for name, kind in LABELS.items() if not kind.written and len(snapshot.nodes(name))):
        table = snapshot.nodes(label)
        offset[label] = len(names)
        names += [(label, id_) for id_ in table.ids.tolist()]
        allowed.append(consent_mask(table, purpose))
    open_ = np.concatenate(allowed) if allowed else np.empty(0, np.bool_)
    source, target, weight = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
    for name in dict.fromkeys(types) or [name for name, kind in TYPES.items() if not kind.written]:
        ends = [
            (e.source_rows + offset[e.source_label], e.target_rows + offset[e.target_label])
            for e in snapshot.edges(name)
        ]
        if not ends:
            continue
        a, b = (np.concatenate(side) for side in zip(*ends, strict=True))
        keep = open_[a] & open_[b]
        start, end = np.concatenate((a[keep], b[keep])), np.concatenate((b[keep], a[keep]))
        source.append(start)
        target.append(end)
        # one count for both directions and every pair of labels: a node on both ends of KNOWS still gives KNOWS one share
        weight.append((shares or {}).get(name, 1.0) / np.bincount(start, minlength=len(names))[start])
    arcs = np.concatenate(source), np.concatenate(target)
    return from_arrays(*arcs, weight=np.concatenate(weight), n_nodes=len(names)), names
