"""What a reverse visit of a node needs: how its in-list is decided, its keys, limits and table of live in-arcs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.coins import ALWAYS, limits
from graphkit.diffusion.rr_kernels import ALL, ARCS, CHUNK, NONE, TABLE, WALK
from graphkit.diffusion.single import at_least_eight
from graphkit.diffusion.worlds import arc_probability, lt_limits
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["binomial_table", "places", "visits"]

_NO_KEYS = np.empty(0, np.uint64)
TABLE_MEAN, TABLE_P, TABLE_ROWS = 24.0, 0.9, 100_000  # beyond these a table would be long: coins per arc


def places(projection: Projection) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return the place of each row (most out-arcs first), the row of each place, and the in-arcs' sources as places."""
    order = np.argsort(-np.diff(projection.indptr), kind="stable").astype(np.int32)
    place = np.empty_like(order)
    place[order] = np.arange(order.size, dtype=np.int32)
    return place, order, at_least_eight(place[projection.reverse.indices])


def visits(projection: Projection, order: NDArray[np.int32], model: str, *, allow_table: bool) -> tuple[Any, ...]:
    """Return whether an in-list needs coins of its own, plan of a visit, tables, and keys and limits per in-arc where they are needed.

    The plan holds in half a cache line what a visit of the node at a place needs: key, first in-arc, in-degree and mode, table row.
    """
    reverse, row, table = projection.reverse, np.zeros(projection.n_nodes, np.int64), _NO_KEYS
    arc_key = limit = np.zeros(CHUNK, np.uint64)
    degree = np.diff(reverse.indptr)
    if model == "lt":
        limit, mode = lt_limits(projection)[1], np.where(degree > 0, WALK, NONE).astype(np.int8)
    else:
        p = arc_probability(projection)
        low, high = _extremes(reverse.indptr, reverse.arc, p)
        mode = np.where(high <= 0, NONE, np.where(low >= 1, ALL, ARCS)).astype(np.int8)
        rows = np.flatnonzero((mode == ARCS) & (low == high) & (high <= TABLE_P) & (degree * high <= TABLE_MEAN))
        if allow_table and rows.size:
            pairs, which = _pairs(degree[rows], high[rows])
            if pairs[0].size <= TABLE_ROWS:
                table, start = binomial_table(*pairs)
                row[rows], mode[rows] = start[which], TABLE
        if (mode == ARCS).any():
            arc_key, limit = at_least_eight(projection.edge_key[reverse.arc]), at_least_eight(limits(p[reverse.arc]))
    plan = np.empty((projection.n_nodes, 4), np.uint64)
    plan[:, 0], plan[:, 1], plan[:, 2], plan[:, 3] = projection.node_key, reverse.indptr[:-1], (degree << 3) | mode, row
    return bool((mode == ARCS).any()), plan[order].ravel(), table, arc_key, limit


def binomial_table(degree: NDArray[np.int64], p: NDArray[np.float64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return integer CDF limits of Binomial(degree, p), one row per pair, and each row's start.

    Only products and sums are used (binary powers for the first term), so the table does not
    depend on a math library. A row ends with the limit of certainty.
    """
    term, power, exponent = np.ones(p.size), 1.0 - p, degree.copy()
    while exponent.any():
        term = np.where(exponent & 1, term * power, term)
        power, exponent = power * power, exponent >> 1
    odds, columns, cdf, c = p / (1.0 - p), [], np.zeros(p.size), 0
    length = np.zeros(p.size, np.int64)
    while (length == 0).any():
        cdf = cdf + term
        term = term * (degree - c) / (c + 1) * odds
        c += 1
        length[(length == 0) & ((c > degree) | ((term < 2.0**-64) & (c > degree * p)))] = c
        columns.append(np.minimum(limits(np.minimum(cdf, 1.0)), ALWAYS))
    table = np.stack(columns, axis=1)
    table[np.arange(p.size), length - 1] = ALWAYS
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(length)[:-1]))
    flat: NDArray[np.uint64] = table[np.arange(c) < length[:, None]]
    return flat, start


def _pairs(
    degree: NDArray[np.int64], p: NDArray[np.float64]
) -> tuple[tuple[NDArray[np.int64], NDArray[np.float64]], NDArray[np.int64]]:
    """Return the distinct pairs (in-degree, p) and which of them each node has; without sorting where p follows from the degree."""
    of = np.full(int(degree.max()) + 1, -1.0)
    of[degree] = p
    if (of[degree] == p).all():
        known = np.flatnonzero(of >= 0)
        place = np.zeros(of.size, np.int64)
        place[known] = np.arange(known.size)
        return (known, of[known]), place[degree]
    pairs, which = np.unique(degree + 1j * p, return_inverse=True)
    return (pairs.real.astype(np.int64), pairs.imag), which.astype(np.int64)


@kernel
def _extremes(indptr: Any, arc: Any, p: Any) -> Any:
    """Least and largest p into each node; 0 without in-arcs."""
    n = indptr.size - 1
    low, high = np.zeros(n), np.zeros(n)
    for v in range(n):
        for j in range(indptr[v], indptr[v + 1]):
            value = p[arc[j]]
            if j == indptr[v] or value < low[v]:
                low[v] = value
            high[v] = max(high[v], value)
    return low, high
