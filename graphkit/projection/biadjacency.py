"""Rows of one label x columns of another: the rectangular view of one relationship type."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit import check
from graphkit.errors import DataInvalid, UnknownName, UnknownNode, close_matches
from graphkit.model.schema import TYPES
from graphkit.parts import Part
from graphkit.projection.consent import consent_mask
from graphkit.projection.snapshot import Snapshot, as_snapshot
from graphkit.projection.sorting import arc_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from graphkit.model.tables import EdgeColumns, GraphTables, NodeColumns

__all__ = ["Biadjacency", "biadjacency"]


@dataclass(frozen=True, eq=False)
class Biadjacency(Part):
    """Rectangular compressed rows with the ids of both sides.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_rows + 1,)
    indices : ndarray of int32
        Columns, strictly rising inside a row.
    values : ndarray of float64
        1 where no property was asked for.
    row_ids, column_ids : ndarray of str objects
    """

    indptr: NDArray[np.int64] = field(metadata={"dtype": np.int64})
    indices: NDArray[np.int32] = field(metadata={"dtype": np.int32})
    values: NDArray[np.float64] = field(metadata={"dtype": np.float64})
    row_ids: NDArray[np.object_] = field(metadata={"dtype": object})
    column_ids: NDArray[np.object_] = field(metadata={"dtype": object})

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return int(self.row_ids.size), int(self.column_ids.size)

    def to_scipy(self) -> csr_array[Any, tuple[int, int]]:
        """Return the same matrix as `scipy.sparse.csr_array`."""
        from scipy.sparse import csr_array

        return csr_array((self.values, self.indices, self.indptr), shape=self.shape)


def biadjacency(
    source: Snapshot | GraphTables,
    row_label: str,
    type_: str,
    column_label: str,
    *,
    value: str | None = None,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    consent: bool = True,
    purpose: str = "plan",
    combine: str = "sum",
) -> Biadjacency:
    """Return which rows are joined to which columns by a relationship type, in either direction.

    Parameters
    ----------
    source : Snapshot or GraphTables
    row_label, type_, column_label : str
        For example `"Channel", "REACHES", "User"`, or `"User", "REACHES", "Channel"`.
    value : str, optional
        Property that fills the cells; default: 1.
    rows, columns : sequence of str, optional
        Ids to keep, in this order; default: all, sorted by id.
    consent, purpose
        Users without consent for the purpose are left out, whatever `rows` or `columns` say.
    combine : str
        How parallel relationships share a cell: sum, max, or noisy_or (1 - prod(1 - p)). Without
        `value` a cell is 1.

    Raises
    ------
    UnknownName, UnknownNode
        The type is not in the schema; a wanted id does not exist.
    DataInvalid
        The property is missing on some of the relationships.
    """
    snapshot = as_snapshot(source)
    if type_ not in TYPES:
        raise UnknownName(
            f"relationship type {type_!r} is not in the schema",
            kind="relationship type",
            name=type_,
            close_matches=close_matches(type_, TYPES),
        )
    check.one_of("combine", combine, ("sum", "max", "noisy_or"))
    keep = purpose if consent else None
    row_place, row_ids = _places(snapshot.nodes(row_label), rows, keep)
    column_place, column_ids = _places(snapshot.nodes(column_label), columns, keep)
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for edges in snapshot.edges(type_):
        ends = (edges.source_rows, edges.target_rows)
        if (edges.source_label, edges.target_label) == (row_label, column_label):
            parts.append(_cells(edges, row_place[ends[0]], column_place[ends[1]], value))
        if (edges.target_label, edges.source_label) == (row_label, column_label) and (
            row_label != column_label or TYPES[type_].undirected
        ):
            parts.append(_cells(edges, row_place[ends[1]], column_place[ends[0]], value))
    r, c, v = (np.concatenate([part[i] for part in parts]) if parts else np.empty(0, np.int64) for i in range(3))
    return _matrix(r, c, v.astype(np.float64), row_ids, column_ids, combine if value else "max")


def _places(
    nodes: NodeColumns, wanted: Sequence[str] | None, purpose: str | None
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Return for each node its row (-1 = not wanted), and the ids of the rows."""
    allowed = np.ones(len(nodes), np.bool_) if purpose is None else consent_mask(nodes, purpose)
    place = np.full(len(nodes), -1, np.int64)
    if wanted is None:
        chosen = np.flatnonzero(allowed)
    else:
        row_of = nodes.row_of()
        for name in wanted:
            if name not in row_of:
                message = f"{nodes.label} {name!r} does not exist"
                raise UnknownNode(
                    message, kind=nodes.label, name=name, close_matches=close_matches(name, list(row_of)[:20_000])
                )
        chosen = np.array([row_of[name] for name in dict.fromkeys(wanted) if allowed[row_of[name]]], np.int64)
    place[chosen] = np.arange(chosen.size)
    return place, nodes.ids[chosen]


def _cells(
    edges: EdgeColumns, r: NDArray[np.int64], c: NDArray[np.int64], value: str | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    inside = np.flatnonzero((r >= 0) & (c >= 0))
    if value is None:
        return r[inside], c[inside], np.ones(inside.size)
    lean = replace(edges, columns={k: x for k, x in edges.columns.items() if k == value}).take(inside)
    cells = lean.column(value).tolist() if inside.size else []
    missing = sum(cell is None for cell in cells)
    if missing:
        message = f"{edges.type}.{value}: {missing} of {len(cells)} relationships have no value"
        raise DataInvalid(message, source=edges.type, rule="partial_property", count=missing)
    return r[inside], c[inside], np.asarray(cells, np.float64)


def _matrix(
    r: NDArray[np.int64],
    c: NDArray[np.int64],
    v: NDArray[np.float64],
    row_ids: NDArray[np.object_],
    column_ids: NDArray[np.object_],
    combine: str,
) -> Biadjacency:
    order = arc_order(r, c, max(int(row_ids.size), int(column_ids.size)))
    r, c, v = r[order], c[order], v[order]
    new = np.ones(r.size, np.bool_)
    new[1:] = (r[1:] != r[:-1]) | (c[1:] != c[:-1])
    first = np.flatnonzero(new)
    if first.size < r.size:
        v = v[np.lexsort((v, np.cumsum(new)))]
        r, c, v = r[first], c[first], _reduced(v, first, combine)
    indptr = np.zeros(row_ids.size + 1, np.int64)
    np.cumsum(np.bincount(r, minlength=row_ids.size), out=indptr[1:])
    return Biadjacency(indptr, c.astype(np.int32), v, row_ids, column_ids)


def _reduced(v: NDArray[np.float64], first: NDArray[np.int64], combine: str) -> NDArray[np.float64]:
    if combine == "noisy_or":
        return np.asarray(1.0 - np.multiply.reduceat(1.0 - v, first), np.float64)
    return np.asarray((np.add if combine == "sum" else np.maximum).reduceat(v, first), np.float64)
