"""The walks that carry a personalised PageRank score.

The score of t is a sum over walks that restart at a source and end at t:

    x(t) = sum over walks s = w0, .., wk = t of  r(s) d P(w0, w1) .. d P(wk-1, wk),

r(s) = v(s) (1 - d + d x(dangling)) the restart mass. Walks are unrolled from the target backwards; a
suffix that begins in u carries x(u) d P(u, .) .. / x(t) of the score, which only falls as the suffix
grows, so taking the largest first gives the strongest walks in exact order. At each step only the 256
strongest in-neighbours are followed: through a hub the order is exact among those.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import positive_int
from graphkit.ranking.operator import personalisation, source_rows, walk_operator
from graphkit.results import Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection
    from graphkit.ranking.operator import WalkOperator
    from graphkit.ranking.pagerank import Ranking

__all__ = ["Walk", "explain_score"]

_MOST_NEAR = 256
_MOST_STEPS = 4_000  # suffixes looked at before the walks found so far must do


@dataclass(frozen=True)
class Walk(Part):
    """One walk from a source to the node asked about.

    Parameters
    ----------
    nodes : tuple of int
        Rows, the source first.
    share : float
        Part of the score that this walk carries, in (0, 1].
    """

    nodes: tuple[int, ...]
    share: float


def explain_score(
    p: Projection, ranking: Ranking, source: Any, target: Any, *, top: int = 3, restart_probability: float = 0.15
) -> tuple[Walk, ...]:
    """Return the walks that carry most of a score, the strongest first.

    Parameters
    ----------
    p : Projection
    ranking : Ranking
        Of :func:`graphkit.ranking.pagerank.personalised_pagerank` for the same source and restart.
    source, target : node
        As given to the ranking; the node whose score is asked about.
    top : int, default 3
        Walks to return; fewer when the score is 0 or a hub has too many tiny walks.
    restart_probability : float, default 0.15
        Of the ranking.

    Returns
    -------
    tuple of Walk
        Shares add up to at most 1.

    Raises
    ------
    UnknownNode
        The target is not in the graph.
    """
    count, operator, v = positive_int("top", top), walk_operator(p), personalisation(p, source)
    goal, x, damping = int(source_rows(p, [target], parameter="target")[0]), ranking.scores, 1 - restart_probability
    if x[goal] <= 0:
        return ()
    back = 1 - damping + damping * float(x[operator.order[operator.out_weight <= 0]].sum())
    found: list[Walk] = []
    heap: list[tuple[float, tuple[int, ...], bool]] = [(-1.0, (goal,), False)]
    for _ in range(_MOST_STEPS):
        if not heap or len(found) == count:
            break
        share, walk, whole = heapq.heappop(heap)
        if whole:
            found.append(Walk(walk, -share))
            continue
        first = walk[0]
        if v[first] > 0:
            heapq.heappush(heap, (share * back * float(v[first]) / float(x[first]), walk, True))
        rows, part = _before(operator, x, first, damping)
        for row, mass in zip(rows.tolist(), (part / x[first]).tolist(), strict=True):
            if mass > 0:
                heapq.heappush(heap, (share * mass, (row, *walk), False))
    return tuple(found)


def contributions(
    operator: WalkOperator, walk: NDArray[np.float64], target: int, damping: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return in-neighbours (projection rows) of a target and their parts d ppr(u) P(u, t) of its score."""
    seat = operator.place[target]
    inside = slice(operator.indptr[seat], operator.indptr[seat + 1])
    near = operator.indices[inside].astype(np.int64)
    weight = operator.weight[inside] if operator.weight.size else np.ones(near.size)
    rows = operator.order[near]
    return rows, damping * walk[rows] * weight / operator.out_weight[near]


def _before(
    operator: WalkOperator, x: NDArray[np.float64], target: int, damping: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Strongest in-neighbours of a row and d x(u) P(u, target) of each."""
    rows, part = contributions(operator, x, target, damping)
    best = np.lexsort((rows, -part))[:_MOST_NEAR]
    return rows[best], part[best]
