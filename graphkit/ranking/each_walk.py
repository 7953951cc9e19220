"""Do something with the walk of each of many sources without keeping more than a block of them.

A page graph's sources x nodes fill gigabytes; a block of 16 columns is solved at a time
(:mod:`graphkit.ranking.block_solver`), handed over source by source, and forgotten.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from graphkit.errors import NotConverged
from graphkit.ranking.block_solver import solve_block
from graphkit.ranking.lanes import LANES
from graphkit.ranking.operator import walk_operator

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["each_walk"]

T = TypeVar("T")


def each_walk(
    p: Projection,
    sources: NDArray[np.int64],
    task: Callable[[int, NDArray[np.float64]], T],
    *,
    restart_probability: float,
    tolerance: float,
) -> list[T]:
    """Return ``task(source, scores)`` for each source row, in their order; blocks run on threads.

    Parameters
    ----------
    p : Projection
    sources : ndarray of int64
        Rows, each a restart of its own.
    task : callable
        Takes the source's row and its personalised PageRank, shape (n_nodes,); called from any thread.
    restart_probability, tolerance : float
        As in :func:`graphkit.ranking.many_sources.personalised_pagerank_many`.

    Raises
    ------
    NotConverged
        The tolerance lies below what float64 can reach.
    """
    operator, damping = walk_operator(p), 1 - restart_probability
    degree = np.where(operator.out_weight > 0, operator.out_weight, 1.0)

    def work(first: int) -> list[T]:
        rows = sources[first : first + LANES]
        seats = np.full(LANES, -1, np.int64)
        seats[: rows.size] = operator.place[rows]
        w, found, scale = solve_block(operator, degree, seats, damping, 2 * tolerance * restart_probability)
        worst = float(found.max()) / (2 * restart_probability)
        if worst > tolerance:
            message = f"the error bound of a source among {rows.tolist()} is {worst:.3g}, wanted {tolerance:.3g}"
            raise NotConverged(message, residual=float(found.max()), hint="ask for a larger tolerance")
        done = []
        for lane, row in enumerate(rows.tolist()):
            scores = np.empty(operator.n_nodes)
            scores[operator.order] = scale[lane] * degree * w[:, lane].astype(np.float64)
            done.append(task(row, scores))
        return done

    blocks = range(0, sources.size, LANES)
    with ThreadPoolExecutor(max(1, min(len(blocks), os.cpu_count() or 1))) as pool:
        return [one for block in pool.map(work, blocks) for one in block]
