"""The ends of relationships: the node that each id names, and the rows put aside because it names none, several or the wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.model.validate import Finding
from graphkit.store.files_settle import is_makeable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.model.schema import RelationshipType
    from graphkit.model.tables import Column, NodeColumns
    from graphkit.store.files_table import Block
    from graphkit.store.mapping import End

    Rows = NDArray[np.int64]
    Ends = list[dict[str, Rows]]

__all__ = ["resolve_ends"]


def resolve_ends(
    block: Block,
    kind: RelationshipType,
    nodes: dict[str, NodeColumns],
    known: dict[str, set[str]],
    unread: dict[str, str],
) -> Ends:
    """Return for source and target, per label, the node row of each id (-1 when not of that label); other rows are put aside.

    Parameters
    ----------
    block, kind
        Rows of a relationship type.
    nodes
        Label -> its good nodes.
    known
        Label -> ids whose own rows were put aside.
    unread
        Label -> a file of it that could not be read whole.
    """
    ends = [_resolve(block, side, nodes, known, unread) for side in (0, 1)]
    _check_pairs(block, kind, ends)
    if block.spec.one_pair:
        _check_one_pair(block, kind, ends)
    return ends


def _resolve(
    block: Block, side: int, nodes: dict[str, NodeColumns], known: dict[str, set[str]], unread: dict[str, str]
) -> dict[str, Rows]:
    end = block.spec.ends[side]
    cells, labels = block.ends[side], block.end_labels[side]
    texts = pa.array(cells, pa.large_string())
    found = {label: _rows_of(texts, nodes.get(label)) for label in end.labels}
    if labels is not None:
        found = {label: np.where(labels == label, rows, -1) for label, rows in found.items()}
        _check_labels(block, end, ("source", "target")[side], labels)
    hits = np.sum([rows >= 0 for rows in found.values()], axis=0)
    _check_known(block, end, cells, hits, known, unread)
    if len(end.labels) > 1 and labels is None:
        many = np.flatnonzero((hits > 1) & block.part.good)
        _put_aside(
            block, many, "ambiguous-node", end.column, cells, "{value} exists under several labels", "name one label"
        )
    return found


def _rows_of(texts: Any, table: NodeColumns | None) -> Rows:
    """Row of each id in a table, -1 where it has none."""
    ids = pa.array([] if table is None else table.ids, pa.large_string())
    found = pc.index_in(texts, value_set=ids, skip_nulls=True)
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)


def _check_labels(block: Block, end: End, name: str, labels: Column) -> None:
    """Put aside rows whose label column names no label of this end."""
    wrong = np.flatnonzero(~np.isin(labels.astype(str), end.labels) & block.part.good)
    allowed = f"{block.spec.kind.name} has as {name} one of {', '.join(end.labels)}"
    _put_aside(block, wrong, "label-pair", end.label_column, labels, "{value} is no label of this end", allowed)


def _check_known(
    block: Block, end: End, cells: Column, hits: Rows, known: dict[str, set[str]], unread: dict[str, str]
) -> None:
    """Put aside rows without a node, those of nodes that were rejected themselves first."""
    lost = np.flatnonzero((hits == 0) & block.part.good).tolist()
    where = " or ".join(end.labels[:4])
    refused = [i for i in lost if any(cells[i] in known.get(label, ()) for label in end.labels)]
    text = f"the {where} {{value}} was itself rejected"
    _put_aside(block, refused, "unknown-node", end.column, cells, text, "correct its row first")
    missing = sorted(set(lost) - set(refused))
    text, hint = f"unknown {where} {{value}}", _how_to_add(block, end)
    files = [unread[label] for label in end.labels if label in unread]
    if files:
        text, hint = f"{text}; {files[0]} could not be read whole", f"correct {files[0]} first"
    _put_aside(block, missing, "unknown-node", end.column, cells, text, hint)


def _put_aside(
    block: Block, rows: Sequence[int] | Rows, rule: str, column: str | None, cells: Column, text: str, hint: str
) -> None:
    at = [int(i) for i in rows]
    block.part.note(at, rule, "error", column, [cells[i] for i in at], text, hint)


def _how_to_add(block: Block, end: End) -> str:
    """What to do about an end without a node."""
    label = end.labels[0]
    if block.spec.mapped:
        how = f'map a [[nodes]] table of label = "{label}"; it may take its id from this very column'
    else:
        how = f"add it to nodes/{label.lower()}.csv"
    return (
        f"{how}, or {'load with --create-missing' if len(end.labels) == 1 and is_makeable(label) else 'remove the row'}"
    )


def _check_pairs(block: Block, kind: RelationshipType, ends: Ends) -> None:
    """Put aside rows whose two labels the type does not join."""
    for a in ends[0]:
        for b in ends[1]:
            if (a, b) not in kind.pairs:
                wrong = np.flatnonzero((ends[0][a] >= 0) & (ends[1][b] >= 0) & block.part.good)
                legal = ", ".join(f"{x}-{y}" for x, y in kind.pairs[:8])
                text = f"{kind.name} does not join {a} to {b}"
                _put_aside(block, wrong, "label-pair", None, block.ends[0], text, f"legal: {legal}")


def _check_one_pair(block: Block, kind: RelationshipType, ends: Ends) -> None:
    """Refuse a file that names no labels when its rows join different pairs of labels."""
    pairs = [
        (a, b)
        for a in ends[0]
        for b in ends[1]
        if bool(((ends[0][a] >= 0) & (ends[1][b] >= 0) & block.part.good).any())
    ]
    if len(pairs) > 1:
        text = f"the rows join {' and '.join(f'{a}-{b}' for a, b in pairs[:4])}, and the labels are not given"
        hint = f"add source_label and target_label, or one file per pair such as {kind.name.lower()}__{pairs[0][0].lower()}__{pairs[0][1].lower()}.csv"
        block.part.findings.add(
            Finding("labels-missing", "error", block.part.table.file, 1, None, None, text, hint), fatal=True
        )
        for row in np.flatnonzero(block.part.good).tolist():
            block.part.good[row] = False
            block.part.reasons[row] = ("labels-missing", None, text)
