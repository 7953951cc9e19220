"""Minimum cells: a count of few users is not shown, nor anything that would reveal it.

A pair's numbers are shown only if its four cells (both, only one, only the other, neither) are empty
or large enough, and if it closes no circle of shown pairs among audiences whose common Venn diagram
holds a small cell: three pairs can tell what none of them does (90 of a and 90 of b in c, a and b
apart: 7 of c's 187 are in neither), while pairs that form a tree leave every such cell open. Numbers about the whole set of audiences (joint, shared, frequency, exclusive,
incremental) are shown only if *every* non-empty cell of the Venn diagram is large enough: whatever
a reader subtracts from them is then a union of large cells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.audience.membership import Audiences

__all__ = ["Cells", "suppressed"]


@dataclass(frozen=True, eq=False)
class Cells:
    """The numbers of an overlap before they are shown."""

    reach: NDArray[np.float64]
    exclusive: NDArray[np.float64]
    incremental: NDArray[np.float64]
    joint: float
    shared: float
    frequency: NDArray[np.float64]
    pairs: pd.DataFrame


def suppressed(cells: Cells, audiences: Audiences, min_cell: int) -> Cells:
    """Return the numbers with NaN for what must not be shown; users count, whatever their value."""
    if min_cell <= 1:
        return cells
    m, n = len(audiences.names), audiences.n_nodes
    user = np.repeat(np.arange(n), np.diff(audiences.indptr))
    member = np.zeros((n, m), np.bool_)
    member[user, audiences.party] = True
    size = member.sum(axis=0)
    hidden = (_small(size, min_cell)) | _small(n - size, min_cell)
    reach = np.where(hidden, np.nan, cells.reach)
    pairs = cells.pairs.copy()
    wrong = [
        bool(hidden[a] or hidden[b] or _any_small(member[:, [a, b]], min_cell))
        for a, b in zip(*np.triu_indices(m, 1), strict=True)
    ]
    small = _any_small(member, min_cell)
    if small:
        wrong = _without_circles(wrong, member, min_cell)
    pairs.loc[wrong, [name for name in pairs.columns if name not in {"a", "b"}]] = np.nan
    if not small:
        return replace(cells, reach=reach, pairs=pairs)
    none = np.full(m, np.nan)
    return Cells(reach, none, none.copy(), np.nan, np.nan, np.full(m + 1, np.nan), pairs)


def _without_circles(wrong: list[bool], member: NDArray[np.bool_], min_cell: int) -> list[bool]:
    """Hide also the pairs that close a circle around a small cell, in the order given."""
    group = np.arange(member.shape[1])  # audiences joined by shown pairs
    found = []
    for hidden, a, b in zip(wrong, *np.triu_indices(member.shape[1], 1), strict=True):
        circle = bool(group[a] == group[b])
        found.append(hidden or (circle and _any_small(member[:, group == group[a]], min_cell)))
        if not found[-1]:
            group[group == group[b]] = group[a]
    return found


def _small(count: NDArray[np.int64], min_cell: int) -> NDArray[np.bool_]:
    return (count > 0) & (count < min_cell)


def _any_small(member: NDArray[np.bool_], min_cell: int) -> bool:
    """Whether a non-empty cell of the Venn diagram holds too few users."""
    packed = np.packbits(member, axis=1)
    _, count = np.unique(packed, axis=0, return_counts=True)
    return bool((count < min_cell).any())
