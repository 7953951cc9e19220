"""Strongly connected components of a directed graph, in the order in which a walker passes them.

He never comes back from a component he has left, so scores can be found component by component: nodes
by themselves, dead ends among them, by one substitution each, which leaves nothing to iterate; only
inside larger components is there anything to sweep (:mod:`graphkit.ranking.downstream`). Components
that hold a good part of the arcs are laid out for that, in an order of their own.

Tarjan, R. (1972). Depth-first search and linear graph algorithms. https://doi.org/10.1137/0201010
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphkit.kernels import kernel
from graphkit.ranking.layout import WIDTH, Rows, head_rows, side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Components", "component_order", "components"]

_LARGE = 1 / 16  # share of all arcs inside one component from which it is laid out for sweeps


@dataclass(frozen=True, eq=False)
class Components:
    """Components of nodes that stand in the order of the walk.

    Parameters
    ----------
    start : ndarray of int64, shape (n_components + 1,)
        First row of each; arcs lead to the same or a later component.
    loop, stay : ndarray of float64, shape (n_nodes,)
        Weight of each node's arc to itself, and of its arcs into its own component, that one included.
    large : ndarray of int64, shape (n_large,)
        Numbers of the components with many arcs.
    head : ndarray of uint64, shape (n_large,)
        How many rows of each stand alone, as in :class:`graphkit.ranking.layout.Rows`.
    begin : ndarray of int64, shape (n_large + 1,)
        Where its part of ``rows.start`` begins.
    sweep : ndarray of int64, shape (n_nodes,)
        Rows of each large component in the order in which they are swept, counted from its first; else 0.
    rows : Rows
        Arcs inside large components but for self-loops, one component after the other; slots count
        rows as ``sweep`` orders them. One array of each kind, so that one compiled call passes all.
    """

    start: NDArray[np.int64]
    loop: NDArray[np.float64]
    stay: NDArray[np.float64]
    large: NDArray[np.int64]
    head: NDArray[np.uint64]
    begin: NDArray[np.int64]
    sweep: NDArray[np.int64]
    rows: Rows


def component_order(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], row: NDArray[np.int64], source: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return nodes by component in the order of the walk, the number of each one's component and its place in a depth-first search.

    Components of one node that do not depend on each other stand by number of in-arcs, and so do the
    nodes inside a component by in-arcs from there: a loop over rows of one length is never mispredicted.

    Parameters
    ----------
    indptr, indices : ndarray
        Out-arcs of all nodes; some may have no weight.
    row, source : ndarray of int64
        In-arcs that have one.
    """
    found, met = components_kernel(indptr, indices)
    step = steps_kernel(indptr, indices, found, np.argsort(-found, kind="stable"))
    single = np.bincount(found)[found] == 1
    inside = single[row] | (found[row] == found[source])
    length = np.bincount(row[inside], minlength=found.size)
    order = np.lexsort((-length, np.where(single, -1, found), step)).astype(np.int64)
    number = np.empty_like(found)
    number[order] = np.cumsum(np.diff(found[order], prepend=found[order[:1]]) != 0)
    return order, number, met[order]


def components(
    number: NDArray[np.int64],
    met: NDArray[np.int64],
    row: NDArray[np.int64],
    source: NDArray[np.int64],
    weight: NDArray[np.float64] | None,
) -> Components:
    """Lay out arcs sorted by row; ``number`` is the component of each row and never falls, ``met`` as :func:`component_order` returns it."""
    n, start = number.size, np.searchsorted(number, np.arange(number.max(initial=-1) + 2))
    inside, own = number[row] == number[source], row == source
    loop, stay = (
        np.bincount(source[some], weights=None if weight is None else weight[some], minlength=n).astype(np.float64)
        for some in (own, inside)
    )
    arcs = np.bincount(number[row[inside & ~own]], minlength=start.size - 1)
    large = np.flatnonzero((arcs >= _LARGE * row.size) & (np.diff(start) > 1))
    sweep, place = np.zeros((2, n), np.int64)
    each = [side_by_side(0, 0, row[:0], source[:0], None if weight is None else weight[:0])]
    for k in large.tolist():
        mine, first, last = inside & ~own & (number[row] == k), int(start[k]), int(start[k + 1])
        length = np.bincount(row[mine] - first, minlength=last - first)
        sweep[first:last] = order = _dealt(met[first:last], length)
        place[order + first] = np.arange(order.size)
        into, out_of = place[row[mine]], place[source[mine]]
        heavy = None if weight is None else weight[mine]
        each.append(side_by_side(order.size, head_rows(length[order]), into, out_of, heavy))
    heads, begin = np.array([rows.head for rows in each[1:]], np.uint64), np.cumsum([rows.start.size for rows in each])
    return Components(start, loop, stay, large, heads, begin, sweep, _joined(each))


def _dealt(met: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order rows by length, and those of one length from eight places, an eighth of them apart, in turn.

    A group is read before it is written: eight neighbours on a ring wait for one another, a sweep for each step.
    From each of eight places rows go on as a walker meets them who goes as deep as he can, so that one sweep
    carries what it finds along eight long ways, and only what enters these is a sweep old.
    """
    order = np.lexsort((met, -length))
    first = np.flatnonzero(np.diff(length[order], prepend=-1))
    count = np.diff(first, append=order.size)
    alike, count = np.repeat(first, count), np.repeat(count, count)
    place, rest = np.divmod(WIDTH * (np.arange(order.size) - alike), count)
    return order[np.lexsort((rest // WIDTH * WIDTH + place, alike))]


def _joined(each: list[Rows]) -> Rows:
    """Put rows behind each other."""
    before = itertools.accumulate((rows.slots.size for rows in each[:-1]), initial=0)
    return Rows(
        np.uint64(0),
        np.concatenate([rows.start + np.uint64(k) for rows, k in zip(each, before, strict=True)]),
        np.concatenate([rows.slots for rows in each]),
        None if each[0].weight is None else np.concatenate([rows.weight for rows in each if rows.weight is not None]),
    )


@kernel
def steps_kernel(indptr, indices, found, order):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """How many components a walker may have passed before that of each node; ``order`` goes from component to later component."""
    n, step = found.size, np.zeros(found.size, np.int64)  # of components
    for u in order:
        for j in range(indptr[u], indptr[u + 1]):
            v = indices[j]
            if found[v] != found[u]:
                step[found[v]] = max(step[found[v]], step[found[u]] + 1)
    passed = np.empty(n, np.int64)
    for u in range(n):
        passed[u] = step[found[u]]
    return passed


@kernel
def components_kernel(indptr, indices):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Component of each node, from 0 (arcs lead to the same or a lower one), and its place in the depth-first search, from 1."""
    n = indptr.size - 1
    found, low, number = np.zeros(n, np.int64), np.zeros(n, np.int64), np.full(n, -1, np.int64)
    path, waiting, following = np.empty(n, np.int64), np.empty(n, np.int64), indptr[:-1].copy()
    met, open_nodes, count = 0, 0, 0
    for root in range(n):
        if found[root] > 0:
            continue
        path[0], depth = root, 1
        while depth > 0:
            u = path[depth - 1]
            if found[u] == 0:
                met += 1
                found[u], low[u], waiting[open_nodes] = met, met, u
                open_nodes += 1
            if following[u] < indptr[u + 1]:
                v = indices[following[u]]
                if found[v] == 0:
                    path[depth] = v  # and once more at the same arc when it is left
                    depth += 1
                    continue
                if number[v] < 0:
                    low[u] = min(low[u], low[v])
                following[u] += 1
                continue
            depth -= 1
            while low[u] == found[u] and number[u] < 0:
                open_nodes -= 1
                number[waiting[open_nodes]] = count
            count += low[u] == found[u]
    return number, found
