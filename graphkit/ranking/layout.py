"""In-arcs of every eight rows side by side, as the compiled sweeps read them.

Rows of one group are almost equally long, so the loop over them is never mispredicted and eight sums
run at once: .3-.4 ns an arc, where row by row takes 1. Rows in front that are too uneven for a group
stay alone.

A symmetric graph is also laid out in two halves: arcs that come from rows of earlier groups and from
rows of later ones. Forward and backward substitution then pass every arc once, and rows of a group
start from finished rows only. The few arcs inside a group, self-loops among them, are listed apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WIDTH", "Halves", "Rows", "evened", "head_rows", "side_by_side", "split"]

WIDTH = 8
_FAR = 64  # rows alike among which one is looked for that has no neighbour in the group
# Rows that differ by less may share a group: 6 % of the slots of a page graph stay empty.
_CLASS = np.log(1.1)
_NARROW = 2**16  # graphs below take half the memory for slots


@dataclass(frozen=True, eq=False)
class Rows:
    """Arcs into each row.

    Parameters
    ----------
    head : numpy.uint64
        The first ``head`` rows stand alone, the others in groups of eight.
    start : ndarray of uint64, shape (head + n_groups + 1,)
        Where the slots of each lone row and then of each group begin. Unsigned, and so are all
        indices: a compiled loop spends a third of its time on the question whether a signed one
        counts from the end.
    slots : ndarray of uint16 or uint32
        Sources of arcs; in a group the first arcs of its eight rows, then their second ones, and
        so on. Short rows are filled with node ``n``, whose value is always 0.
    weight : ndarray of float64, or None
        Weight of each slot; None when all arcs weigh the same.
    """

    head: np.uint64
    start: NDArray[np.uint64]
    slots: NDArray[np.uint32]
    weight: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class Halves:
    """Arcs of a symmetric graph by the side they come from.

    Parameters
    ----------
    low, up : Rows
        Arcs from earlier and from later groups (a lone row is a group of its own).
    inner_row, inner_source : ndarray of uint64
        Arcs inside a group.
    inner_weight : ndarray of float64
        Their weights.
    """

    low: Rows
    up: Rows
    inner_row: NDArray[np.uint64]
    inner_source: NDArray[np.uint64]
    inner_weight: NDArray[np.float64]


def side_by_side(
    n: int, head: int, row: NDArray[np.int64], source: NDArray[np.int64], weight: NDArray[np.float64] | None
) -> Rows:
    """Lay out arcs; those of one row follow each other."""
    length, begin = np.bincount(row, minlength=n), np.zeros(n, np.int64)
    groups = length[head:].reshape(-1, WIDTH)
    start = np.concatenate(([0], np.cumsum(np.concatenate((length[:head], WIDTH * groups.max(axis=1))))))
    arc, stride = np.arange(row.size), np.where(np.arange(n) < head, 1, WIDTH)
    begin[row[::-1]] = arc[::-1]  # the first arc of a row is written last
    origin = np.concatenate((start[:head], (start[head:-1, None] + np.arange(WIDTH)).ravel())) - stride * begin
    seat = origin[row] + stride[row] * arc
    slots = np.full(start[-1], n, np.uint16 if n < _NARROW else np.uint32)
    slots[seat] = source
    filled = None
    if weight is not None:
        filled = np.zeros(start[-1])
        filled[seat] = weight
    return Rows(np.uint64(head), start.astype(np.uint64), slots, filled)


def split(
    n: int, head: int, row: NDArray[np.int64], source: NDArray[np.int64], weight: NDArray[np.float64] | None
) -> Halves:
    """Lay out arcs sorted by row in two halves."""
    into, out_of = (np.where(end < head, end, head + (end - head) // WIDTH) for end in (row, source))
    low, up, inner = out_of < into, out_of > into, out_of == into
    before, after = (
        side_by_side(n, head, row[side], source[side], None if weight is None else weight[side]) for side in (low, up)
    )
    own = np.ones(int(inner.sum())) if weight is None else weight[inner]
    return Halves(before, after, row[inner].astype(np.uint64), source[inner].astype(np.uint64), own)


def head_rows(length: NDArray[np.int64]) -> int:
    """Rows in front that would waste more than a quarter of their group's slots, and the rest of n by eight."""
    rest = length.size % WIDTH
    groups = length[rest:].reshape(-1, WIDTH)
    wasteful = np.flatnonzero(WIDTH * groups.max(axis=1) > 1.5 * groups.sum(axis=1) + WIDTH)
    return rest + WIDTH * (int(wasteful[-1]) + 1 if wasteful.size else 0)


def evened(indptr: NDArray[np.int64], indices: NDArray[np.int32], length: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order rows so that each eight are nearly equal in both halves and have few neighbours among themselves.

    Parameters
    ----------
    indptr, indices : ndarray
        Neighbours of each row, itself not among them.
    length : ndarray of int64, shape (n,)
        Arcs into each row.
    """
    order = np.argsort(-length, kind="stable")
    head, kind = head_rows(length[order]), np.floor(np.log1p(length) / _CLASS)
    most = int(np.bincount(indices).max(initial=0))
    found: NDArray[np.int64] = evened_kernel(indptr, indices, order, kind, head, most)
    return found


@kernel
def evened_kernel(indptr, indices, order, kind, head, most):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Fill places from ``head`` on with the waiting row of the present class that has fewest earlier neighbours.

    Waiting rows with the same number of them hang in a ring, which begins at n + that number; all others hang alone.
    """
    n = order.size
    found, earlier, stamp = order.copy(), np.zeros(n, np.int64), np.full(n, -1, np.int64)
    after, before = np.arange(n + most + 1), np.arange(n + most + 1)
    for i in range(head):
        for j in range(indptr[order[i]], indptr[order[i] + 1]):
            earlier[indices[j]] += 1
    end, ring = head, n
    for i in range(head, n):
        group = (i - head) // WIDTH
        if i == end:
            ring = n
            while end < n and kind[order[end]] == kind[order[i]]:
                _hang(order[end], n + earlier[order[end]], after, before)
                end += 1
        while after[ring] == ring:
            ring += 1  # rows only ever move to later rings
        chosen = row = after[ring]
        for _ in range(_FAR):
            if row >= n or stamp[row] != group:
                chosen = row if row < n else chosen
                break
            row = after[row]  # a neighbour of this group's rows
        _hang(chosen, chosen, after, before)
        found[i] = chosen
        for j in range(indptr[chosen], indptr[chosen + 1]):
            stamp[indices[j]] = group
        if (i - head) % WIDTH == WIDTH - 1:
            for row in found[i - WIDTH + 1 : i + 1]:
                for j in range(indptr[row], indptr[row + 1]):
                    near = indices[j]
                    earlier[near] += 1
                    if after[near] != near:
                        _hang(near, n + earlier[near], after, before)
    return found


@kernel(inline="always")
def _hang(row, ring, after, before):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Take a row out of its ring and hang it at the end of another, or alone where that is the row itself."""
    after[before[row]], before[after[row]] = after[row], before[row]
    after[row] = before[row] = row
    last = before[ring]
    after[last], before[row], after[row], before[ring] = row, last, ring, row
