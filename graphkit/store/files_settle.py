"""Several rows of one key, and ends without a node: what happens to them when the user said what should."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from graphkit.model.schema import LABELS
from graphkit.model.tables import NodeColumns, as_column, object_array

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphkit.store.files_table import Block

__all__ = ["ON_DUPLICATE", "is_makeable", "longer", "make_missing", "settle"]

ON_DUPLICATE: Final = ("error", "keep-first", "keep-last", "max", "noisy-or")
_MAX_ID: Final = 1_000


def settle(members: Sequence[tuple[Block, int]], what: str, value: str, how: str) -> None:
    """Several rows of one key: the same values count once; different ones are put aside, or settled as asked.

    Parameters
    ----------
    members
        (block, row) in the order of files and lines.
    what, value
        For the findings, which name the columns of each file that hold the key.
    how
        One of `ON_DUPLICATE`. `max` takes the greatest of each number that differs, `noisy-or` 1 - prod(1 - p) of
        chances p; both leave rows that differ in anything else a conflict.
    """
    blocks = {id(b): b for b, _ in members}
    names = sorted({n for b in blocks.values() for n in b.columns})
    values = [[b.columns[n][row] if n in b.columns else None for n in names] for b, row in members]
    first = f"{members[0][0].part.table.file} line {members[0][0].part.line(members[0][1])}"
    if all(v == values[0] for v in values):
        text = f"{what} repeats {first} with the same values"
        for key, block in blocks.items():
            rows = [row for b, row in members[1:] if id(b) == key]
            block.duplicates[rows] = True
            block.part.note(rows, "duplicate", "warning", block.spec.key, [value] * len(rows), text, "remove the row")
        return
    differing = [n for i, n in enumerate(names) if any(v[i] != values[0][i] for v in values)]
    text = f"{what} occurs {len(members)} times with different {', '.join(differing[:3])} (first in {first})"
    kept = len(members) - 1 if how == "keep-last" else 0
    joined = _joined(members[0][0], {n: [v[names.index(n)] for v in values] for n in differing}, how)
    if joined is None:
        for b, row in members:
            b.part.note(
                [row],
                "conflict",
                "error",
                b.spec.key,
                [value],
                text,
                "keep one of the rows, or load with --on-duplicate",
            )
        return
    for name, number in joined.items():
        _set(members[0][0], name, members[0][1], number)
    for i, (b, row) in enumerate(members):
        if i != kept:
            b.duplicates[row] = True
            b.part.note(
                [row], "conflict", "warning", b.spec.key, [value], f"{text}; settled by {how}", "keep one of the rows"
            )


def _joined(block: Block, cells: Mapping[str, Sequence[Any]], how: str) -> dict[str, Any] | None:
    """Values that replace those of the first row; None when the rows stay a conflict."""
    if how in {"keep-first", "keep-last"}:
        return {}
    numeric = {"max": set(cells), "noisy-or": {"p"} & set(cells)}.get(how, set())
    if not numeric or numeric != set(cells) or not all(n in block.columns for n in cells):
        return None
    given = {n: [x for x in column if x is not None] for n, column in cells.items()}
    if any(isinstance(x, bool | np.bool_ | str | list) for column in given.values() for x in column):
        return None
    if how == "max":
        return {n: max(column) for n, column in given.items()}
    return {"p": 1.0 - math.prod(1.0 - float(x) for x in given["p"])}


def _set(block: Block, name: str, row: int, value: Any) -> None:
    """Replace one cell; columns may be views of a file, so the first cell costs a copy."""
    if name not in block.owned:
        block.columns[name] = block.columns[name].copy()
        block.owned.add(name)
    block.columns[name][row] = value


def make_missing(
    blocks: Sequence[Block], nodes: dict[str, NodeColumns], refused: Mapping[str, set[str]]
) -> dict[str, int]:
    """Make the nodes that relationships name and no row gives; return how many of each label.

    Only where nothing must be invented: a user without consent, a film, course or brand that shows its id as its name.
    All are marked `evidence = inferred`, each with a finding at the first row that names it. Ids of rows that were
    themselves put aside are not made.
    """
    wanted: dict[str, dict[str, tuple[Block, int, str]]] = {}
    for block in blocks:
        for side, end in enumerate(block.spec.ends):
            labels = block.end_labels[side]
            for row in np.flatnonzero(block.part.good).tolist():
                label = labels[row] if labels is not None else end.labels[0] if len(end.labels) == 1 else None
                id_ = block.ends[side][row]
                if label in end.labels and _can_be_made(label, id_) and id_ not in refused.get(label, ()):
                    wanted.setdefault(label, {}).setdefault(id_, (block, row, end.column))
    made = {}
    for label, found in wanted.items():
        table = nodes.get(label, NodeColumns.empty(label))
        new = sorted(found.keys() - set(table.ids.tolist()))
        if new:
            nodes[label] = longer(table, new, _fresh(label, new))
            made[label] = len(new)
        for id_ in new:
            block, row, column = found[id_]
            block.part.note(
                [row],
                "made-node",
                "warning",
                column,
                [id_],
                f"unknown {label} {{value}}: made, as asked",
                "add its row",
            )
    return made


def is_makeable(label: str) -> bool:
    """Whether a node of this label can be made from its id alone, nothing invented."""
    needed = {p.name for p in LABELS[label].properties.values() if p.required} - {"id"}
    return needed <= {"consent", "name"}


def _can_be_made(label: str, id_: str | None) -> bool:
    proper = id_ is not None and len(id_) <= _MAX_ID and not any(unicodedata.category(c) == "Cc" for c in id_)
    return proper and is_makeable(label)


def longer(table: NodeColumns, ids: Sequence[str], fresh: Mapping[str, Sequence[Any]]) -> NodeColumns:
    """Return the table with new nodes under it; `fresh` are their values, all others are missing."""
    columns = {}
    for name in sorted({*table.columns, *fresh}):
        old = table.columns[name].tolist() if name in table.columns else [None] * len(table)
        columns[name] = as_column([*old, *fresh.get(name, [None] * len(ids))])
    return NodeColumns(table.label, object_array([*table.ids.tolist(), *ids]), columns)


def _fresh(label: str, ids: list[str]) -> dict[str, list[Any]]:
    """Values of nodes that are made from their ids."""
    known = LABELS[label].properties
    fresh: dict[str, list[Any]] = {"evidence": ["inferred"] * len(ids)}
    fresh |= {"consent": [False] * len(ids)} if "consent" in known else {}
    return fresh | ({"name": ids} if "name" in known and known["name"].required else {})
