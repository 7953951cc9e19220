"""Tables -> Projection: which nodes may enter, which way influence runs, how types combine.

Influence runs against FOLLOWS (the followed reaches the follower), both ways along KNOWS and
LINKED_WITH, and with the arrow everywhere else. Users without consent leave together with their ties.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit import check
from graphkit.errors import DataInvalid, InvalidParameter, UnknownName, close_matches
from graphkit.model.schema import LABELS, TYPES, USER_TIES
from graphkit.projection.arrays import from_arrays, from_rows
from graphkit.projection.consent import consent_mask
from graphkit.projection.evidence import with_evidence
from graphkit.projection.frames import from_frames
from graphkit.projection.nodes import NodeIndex
from graphkit.projection.probability import RULES
from graphkit.projection.snapshot import Snapshot, as_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from graphkit.model.tables import EdgeColumns, GraphTables
    from graphkit.projection.projection import Projection

__all__ = ["DEFAULT_TYPES", "from_arrays", "from_frames", "project"]

DEFAULT_TYPES = (*USER_TIES, "INFLUENCES")
_AGAINST = frozenset({"FOLLOWS"})
_BOTH = frozenset({"LINKED_WITH"})


def project(
    source: Snapshot | GraphTables,
    *,
    label: str | Sequence[str] = "User",
    types: str | Sequence[str] = DEFAULT_TYPES,
    probability: float | str | None = None,
    weight: str | Mapping[str, str | float] | None = None,
    consent: bool = True,
    purpose: str = "plan",
    min_evidence: str | None = None,
) -> Projection:
    """Build the propagation graph of some labels and relationship types.

    Parameters
    ----------
    source : Snapshot or GraphTables
    label : str or sequence of str
        Labels whose nodes become rows, sorted by (label, id).
    types : str or sequence of str
        Relationship types; only those between two of the labels give arcs.
    probability : float, "weighted_cascade", "trivalency", "learned" or None
        A number holds per relationship, so two types between the same users combine as
        1 - (1 - p)^2; `"learned"` takes the property `p` of INFLUENCES and no other type.
    weight : str or mapping type -> property name or number, optional
        Weight of the arcs for random walks; parallel ones add up.
    consent : bool
        Drop users whose `consent` is not true, or whose `consent_scope` lacks `purpose`.
    purpose : str
        plan, profile or experiment.
    min_evidence : str, optional
        Weakest evidence of relationships, and of nodes that are no users, that counts: real, match, inferred or
        assumed (default: any). The projection's `snapshot` then holds only these.

    Returns
    -------
    Projection
        `without_consent` holds the share of dropped users, `snapshot_id` the content's digest.

    Raises
    ------
    UnknownName
        A label or type is not in the schema.
    DataInvalid
        A wanted property is missing on some of the relationships, or "learned" finds none.
    """
    snapshot = with_evidence(as_snapshot(source), min_evidence)
    labels = _known((label,) if isinstance(label, str) else tuple(label), LABELS, "label")
    kinds = _known((types,) if isinstance(types, str) else tuple(types), TYPES, "relationship type")
    learned = probability == "learned"
    if isinstance(probability, str) and not learned:
        check.one_of("probability", probability, (*RULES, "learned"))
    nodes, row_of, share = _rows_of_labels(snapshot, labels, purpose if consent else None)
    chosen = [e for kind in (("INFLUENCES",) if learned else kinds) for e in snapshot.edges(kind)]
    tails, heads, carried = _arcs(chosen, row_of, lambda kind: "p" if learned else _weight_of(weight, kind))
    if learned:
        _one_run(snapshot)
    return from_rows(
        _joined(tails, np.int32),
        _joined(heads, np.int32),
        nodes,
        probability=_joined(carried, np.float64) if learned else probability,
        weight=None if weight is None or learned else _joined(carried, np.float64),
        without_consent=share,
        snapshot=snapshot,
    )


def _arcs(
    chosen: Sequence[EdgeColumns],
    row_of: Mapping[str, NDArray[np.int32]],
    wanted: Callable[[str], str | float | None],
) -> tuple[list[NDArray[np.int32]], list[NDArray[np.int32]], list[NDArray[np.float64]]]:
    """Return sources, targets and the wanted values of the arcs between rows, table by table and direction by direction."""
    tails, heads, carried = [], [], []
    for edges in chosen:
        if edges.source_label not in row_of or edges.target_label not in row_of:
            continue
        what = wanted(edges.type)
        kept = replace(edges, columns={k: v for k, v in edges.columns.items() if k == what})
        tail, head = row_of[edges.source_label][kept.source_rows], row_of[edges.target_label][kept.target_rows]
        outside = (tail < 0) | (head < 0)
        if outside.any():
            inside = np.flatnonzero(~outside)
            tail, head, kept = tail[inside], head[inside], kept.take(inside)
        values = _values(kept, what)
        for a, b, pick in _directions(edges.type, tail, head):
            tails.append(a)
            heads.append(b)
            carried.append(values[pick] if what is not None else values)
    return tails, heads, carried


def _known(names: tuple[str, ...], registry: Mapping[str, object], kind: str) -> tuple[str, ...]:
    for name in names:
        if name not in registry:
            message = f"{kind} {name!r} is not in the schema"
            raise UnknownName(message, kind=kind, name=name, close_matches=close_matches(name, registry))
    return tuple(dict.fromkeys(names))


def _rows_of_labels(
    snapshot: Snapshot, labels: tuple[str, ...], purpose: str | None
) -> tuple[NodeIndex, dict[str, NDArray[np.int32]], float]:
    """Return the index of rows, for each label the row of each of its nodes (-1 = dropped), and the dropped share."""
    row_of, ids, names, n, dropped, users = {}, [], [], 0, 0, 0
    for label in sorted(labels):
        table = snapshot.nodes(label)
        keep = np.ones(len(table), np.bool_) if purpose is None else consent_mask(table, purpose)
        rows = np.full(len(table), -1, np.int32)
        rows[keep] = np.arange(n, n + np.count_nonzero(keep), dtype=np.int32)
        row_of[label], n = rows, n + int(np.count_nonzero(keep))
        ids.append(table.ids[keep])
        names.append(np.full(int(np.count_nonzero(keep)), label, dtype=object))
        if label == "User":
            dropped, users = dropped + int(np.count_nonzero(~keep)), users + len(table)
    index = NodeIndex(n, _joined(ids, object), _joined(names, object))
    return index, row_of, dropped / users if users else 0.0


def _directions(
    kind: str, tail: NDArray[np.int32], head: NDArray[np.int32]
) -> list[tuple[NDArray[np.int32], NDArray[np.int32], Any]]:
    """Return (source, target, positions) of the arcs of one type along influence; a self-loop counts once."""
    every = slice(None)
    if kind in _AGAINST:
        return [(head, tail, every)]
    if kind in _BOTH or TYPES[kind].undirected:
        back = np.flatnonzero(tail != head)
        if back.size == tail.size:
            return [(tail, head, every), (head, tail, every)]
        return [(tail, head, every), (head[back], tail[back], back)]
    return [(tail, head, every)]


def _weight_of(weight: str | Mapping[str, str | float] | None, kind: str) -> str | float | None:
    if isinstance(weight, Mapping):
        if kind not in weight:
            raise InvalidParameter(
                f"weight names no property for {kind}",
                parameter="weight",
                value=dict(weight),
                allowed="one entry per type",
            )
        return weight[kind]
    return weight


def _values(edges: EdgeColumns, what: str | float | None) -> NDArray[np.float64]:
    """Return a property as floats; relationships without it are an error, never a default."""
    if what is None:
        return np.empty(0)
    if not isinstance(what, str):
        return np.full(len(edges), check.non_negative("weight", what))
    if not len(edges):
        return np.empty(0)
    cells: list[Any] = edges.column(what).tolist()
    missing = sum(cell is None for cell in cells)
    if missing:
        message = f"{edges.type}.{what}: {missing} of {len(cells)} relationships have no value"
        raise DataInvalid(
            message, source=edges.type, rule="partial_property", count=missing, hint="give every relationship a value"
        )
    return np.asarray(cells, np.float64)


def _one_run(snapshot: Snapshot) -> None:
    """Several learning runs, or several tags, would combine into chances nobody learned."""
    tables = snapshot.edges("INFLUENCES")
    runs = {
        (run, tag) for e in tables for run, tag in zip(e.column("run").tolist(), e.column("tag").tolist(), strict=True)
    }
    if not runs:
        raise DataInvalid(
            "no learned chances: the graph has no INFLUENCES relationships",
            rule="learned",
            hint="run graphkit learn first",
        )
    if len(runs) > 1:
        message = f"INFLUENCES holds {len(runs)} runs or tags; learned chances must come from one"
        raise DataInvalid(message, rule="learned", count=len(runs))


def _joined(parts: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    """Return the parts as one array and empty the list: at tens of millions of arcs both would not fit."""
    whole = np.concatenate(parts).astype(dtype, copy=False) if parts else np.empty(0, dtype)
    parts.clear()
    return whole
