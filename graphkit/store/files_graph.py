"""Blocks of rows to one property graph: ids resolved, one order for undirected types, duplicates and conflicts found."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from graphkit.model.tables import Column, EdgeColumns, NodeColumns, as_column
from graphkit.model.validate import Finding
from graphkit.store.files_ends import resolve_ends
from graphkit.store.files_settle import settle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from graphkit.model.schema import RelationshipType
    from graphkit.store.files_raw import Findings
    from graphkit.store.files_table import Block

Pair = tuple[str, str]


@dataclass
class Resolved:
    """Rows of a block that found both ends, as rows of their labels' node tables."""

    block: Block
    local: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]


def build_nodes(label: str, blocks: Sequence[Block], findings: Findings, on_duplicate: str = "error") -> NodeColumns:
    """All good rows of a label; identical repeats are duplicates, differing ones conflicts or settled."""
    for members in _repeated(blocks):
        key = members[0][0].ids[members[0][1]]
        settle(members, f"id {key!r}", key, on_duplicate)
    table = NodeColumns(
        label,
        _stack([b.ids[b.loaded()] for b in blocks]),
        _stack_columns(blocks, [np.flatnonzero(b.loaded()) for b in blocks]),
    )
    if blocks:
        _alike(table.ids.tolist(), blocks[0], findings)
    return table


def _repeated(blocks: Sequence[Block]) -> Iterator[list[tuple[Block, int]]]:
    """Good rows that share an id, in the order of files and lines."""
    rows = [np.flatnonzero(b.part.good) for b in blocks]
    ids = pa.chunked_array([pa.array(b.ids[r], pa.large_string()) for b, r in zip(blocks, rows, strict=True)])
    codes = ids.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    owner = np.concatenate([np.full(len(r), i, dtype=np.int64) for i, r in enumerate(rows)])
    local = np.concatenate(rows)
    at = np.flatnonzero(np.bincount(codes)[codes] > 1) if len(codes) else codes
    at = at[np.argsort(codes[at], kind="stable")]
    for group in np.split(at, np.flatnonzero(np.diff(codes[at])) + 1) if len(at) else ():
        yield [(blocks[i], row) for i, row in zip(owner[group].tolist(), local[group].tolist(), strict=True)]


def _alike(ids: list[str], block: Block, findings: Findings) -> None:
    """Ids that a careless tool would merge: equal as numbers, or equal in Unicode form."""
    file, column = block.part.table.file, block.spec.id
    numbers: dict[float, list[str]] = defaultdict(list)
    for i in ids:
        if i[:1] in "0123456789+-." and len(i) < 40 and _is_number(i):
            numbers[float(i)].append(i)
    for group in [g for g in numbers.values() if len(g) > 1][:20]:
        text = f"{len(group)} ids differ only as numbers: {', '.join(group[:5])}; they stay different nodes"
        findings.add(Finding("ids-alike", "warning", file, None, column, group[0], text, "ids are texts"))
    forms: dict[str, list[str]] = defaultdict(list)
    for i in ids:
        if not i.isascii():
            forms[unicodedata.normalize("NFC", i)].append(i)
    for group in [g for g in forms.values() if len(g) > 1][:20]:
        text = f"{len(group)} ids look the same and differ in Unicode form: {group[0]!a}, {group[1]!a}"
        findings.add(Finding("ids-alike", "warning", file, None, column, group[0], text, "write ids in one form (NFC)"))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii()


def build_edges(
    kind: RelationshipType,
    blocks: Sequence[Block],
    nodes: dict[str, NodeColumns],
    known: dict[str, set[str]],
    unread: dict[str, str],
    on_duplicate: str = "error",
) -> list[EdgeColumns]:
    """All good rows of a type, one table per pair of labels; `known` and `unread` as in `resolve_ends`."""
    by_pair: dict[Pair, list[Resolved]] = defaultdict(list)
    for block in blocks:
        ends = resolve_ends(block, kind, nodes, known, unread)
        for pair in {(a, b) for a in ends[0] for b in ends[1]}:
            source, target = ends[0][pair[0]], ends[1][pair[1]]
            local = np.flatnonzero((source >= 0) & (target >= 0) & block.part.good)
            if len(local):
                part = Resolved(block, local, source[local], target[local])
                by_pair[_orient(kind, pair, part, nodes)].append(part)
    out = []
    for pair, parts in sorted(by_pair.items()):
        _find_duplicates(kind, pair, parts, nodes, on_duplicate)
        out.append((pair, parts))
    if kind.acyclic and out:
        _find_cycles(kind, [p for _, parts in out for p in parts])
    return [_edge_table(kind, pair, parts) for pair, parts in out]


def _orient(kind: RelationshipType, pair: Pair, part: Resolved, nodes: dict[str, NodeColumns]) -> Pair:
    """Undirected types: smaller (label, id) first; self-loops are reported."""
    if pair[0] == pair[1]:
        loops = part.local[part.source == part.target]
        ids = part.block.ends[0]
        part.block.part.note(
            loops.tolist(),
            "self-loop",
            "warning",
            None,
            [ids[i] for i in loops],
            "{value} is joined to itself; kept, and left out of propagation",
        )
    if not kind.undirected:
        return pair
    if pair[0] > pair[1]:
        part.source, part.target = part.target, part.source
        return pair[1], pair[0]
    if pair[0] == pair[1]:
        ids = nodes[pair[0]].ids.tolist()
        rank = np.empty(len(ids), dtype=np.int64)
        rank[np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)] = np.arange(len(ids))
        swap = rank[part.source] > rank[part.target]
        part.source, part.target = np.where(swap, part.target, part.source), np.where(swap, part.source, part.target)
    return pair


def _find_duplicates(
    kind: RelationshipType, pair: Pair, parts: list[Resolved], nodes: dict[str, NodeColumns], on_duplicate: str
) -> None:
    """Rows of one key: the same values count once, others are conflicts or settled."""
    width = len(nodes[pair[1]])
    keys = np.concatenate([p.source * width + p.target for p in parts])
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(np.diff(keys[order]) == 0)
    if not len(same):
        return
    owner = np.concatenate([np.full(len(p.local), i, dtype=np.int64) for i, p in enumerate(parts)])
    local = np.concatenate([p.local for p in parts])
    groups: dict[tuple[Any, ...], list[tuple[Block, int]]] = defaultdict(list)
    for at in np.unique(np.concatenate((order[same], order[same + 1]))).tolist():
        block, row = parts[owner[at]].block, int(local[at])
        wider = tuple(block.columns[n][row] if n in block.columns else None for n in kind.wider_key)
        groups[int(keys[at]), *wider].append((block, row))
    for members in groups.values():
        if len(members) > 1:
            block, row = members[0]
            value = f"{block.ends[0][row]},{block.ends[1][row]}"
            settle(members, f"{kind.name} {value}", value, on_duplicate)


def _find_cycles(kind: RelationshipType, parts: list[Resolved]) -> None:
    """Rows of a type without cycles that lie on one are put aside."""
    from scipy.sparse import coo_array  # few directories hold such a type, and loading SciPy takes its time
    from scipy.sparse.csgraph import connected_components

    source, target = np.concatenate([p.source for p in parts]), np.concatenate([p.target for p in parts])
    loaded = np.concatenate([p.block.loaded()[p.local] for p in parts])
    n = int(max(source.max(initial=-1), target.max(initial=-1))) + 1
    ones = np.ones(int(loaded.sum()), dtype=np.int8)
    graph = coo_array((ones, (source[loaded], target[loaded])), shape=(n, n)).tocsr()
    _, group = connected_components(graph, directed=True, connection="strong")
    owner = np.concatenate([np.full(len(p.local), i, dtype=np.int64) for i, p in enumerate(parts)])
    local = np.concatenate([p.local for p in parts])
    for at in np.flatnonzero(loaded & (group[source] == group[target])).tolist():
        block, i = parts[owner[at]].block, int(local[at])
        first, second = block.ends[0][i], block.ends[1][i]
        text = f"{kind.name} {first} -> {second} lies on a cycle"
        block.part.note(
            [i], "cycle", "error", block.spec.key, [f"{first},{second}"], text, "remove one row of the cycle"
        )


def _edge_table(kind: RelationshipType, pair: Pair, parts: list[Resolved]) -> EdgeColumns:
    masks = [p.block.loaded()[p.local] for p in parts]
    rows = [p.local[m] for p, m in zip(parts, masks, strict=True)]
    source = np.concatenate([p.source[m] for p, m in zip(parts, masks, strict=True)])
    target = np.concatenate([p.target[m] for p, m in zip(parts, masks, strict=True)])
    return EdgeColumns(kind.name, *pair, source, target, _stack_columns([p.block for p in parts], rows))


def _stack(arrays: Sequence[Column]) -> Column:
    if not arrays:
        return np.empty(0, dtype=object)
    kinds = {a.dtype for a in arrays if len(a)}
    if len(kinds) > 1:
        arrays = [a.astype(object) for a in arrays]
    return as_column(np.concatenate(arrays)) if len(arrays) > 1 else as_column(arrays[0])


def _stack_columns(blocks: Sequence[Block], rows: Sequence[NDArray[np.int64]]) -> dict[str, Column]:
    """Columns of several blocks under each other, None where a block lacks one; empty columns are left out."""
    out: dict[str, Column] = {}
    for name in sorted({n for b in blocks for n in b.columns}):
        pieces = [
            b.columns[name][r] if name in b.columns else np.full(len(r), None, dtype=object)
            for b, r in zip(blocks, rows, strict=True)
        ]
        column = _stack(pieces)
        if column.dtype != object or any(x is not None for x in column.tolist()):
            out[name] = column
    return out
