"""The walks that carry a personalised PageRank score.

The score of t is a sum over walks that restart at a source and end at t:

    x(t) = sum over walks s = w0, .., wk = t of  r(s) d P(w0, w1) .. d P(wk-1, wk),

r(s) = v(s) (1 - d + d x(dangling)) the restart mass. Walks are unrolled from the target backwards; a
suffix that begins in u carries x(u) d P(u, .) .. / x(t) of the score, which only falls as the suffix
grows, so taking the largest first gives the strongest walks in exact order. At each step only the 256
strongest in-neighbours are followed: through a hub the order is exact among those.

Endings of walks sort all of the score of t into few parts: by the last step u -> t, and where t has
too few in-neighbours by the step before. :func:`endings` takes the largest until they carry half.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import positive_int, refuse
from graphkit.parts import Part
from graphkit.projection.projection import Projection, check_projection
from graphkit.ranking.operator import walk_operator
from graphkit.ranking.pagerank import Ranking, check_restart
from graphkit.ranking.restart import personalisation, source_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from graphkit.ranking.operator import WalkOperator

__all__ = ["Ending", "Walk", "contributions", "endings", "explain_score"]

_LEAST, _SHARE, _MOST = 3, 0.5, 10  # endings shown: at least three, until they carry half, never more than ten
Ending = tuple[float, tuple[int, ...]]
"""Share of the score, and rows with the target last."""
_MOST_NEAR = 256
_LONGEST = 6  # nodes of an ending
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
    p: Projection,
    ranking: Ranking,
    source: Any,
    target: Any,
    *,
    top: int = 3,
    restart_probability: float = 0.15,
    weight: ArrayLike | float | None = None,
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
    weight : array_like, shape (n_arcs,), or number, optional
        As given to the ranking.

    Returns
    -------
    tuple of Walk
        Shares add up to at most 1.

    Raises
    ------
    UnknownNode
        The target is not in the graph.

    Examples
    --------
    >>> from graphkit.projection.arrays import from_arrays
    >>> from graphkit.ranking.pagerank import personalised_pagerank
    >>> p = from_arrays([0, 1, 0], [1, 2, 2])
    >>> [(way.nodes, round(way.share, 2)) for way in explain_score(p, personalised_pagerank(p, 0), 0, 2)]
    [((0, 2), 0.54), ((0, 1, 2), 0.46)]
    """
    check_projection(p)
    if not isinstance(ranking, Ranking):
        refuse("ranking", type(ranking).__name__, "a Ranking", hint="personalised_pagerank(p, source) makes one")
    count, operator, v = positive_int("top", top), walk_operator(p, weight), personalisation(p, source)
    x, damping = ranking.scores, 1 - check_restart(restart_probability)
    goal = int(source_rows(p, [target], parameter="target")[0])
    if x[goal] <= 0:
        return ()
    back = 1 - damping + damping * float(x[operator.order[operator.out_weight <= 0]].sum())
    near = cache(lambda row: _before(operator, x, row, damping))  # walks come back to the same hubs
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
        rows, part = near(first)
        for row, mass in zip(rows.tolist(), (part / x[first]).tolist(), strict=True):
            if mass > 0:
                heapq.heappush(heap, (share * mass, (row, *walk), False))
    return tuple(found)


def endings(
    operator: WalkOperator, walk: NDArray[np.float64], source: int, targets: NDArray[np.int64], damping: float
) -> list[list[Ending]]:
    """Return for each target the endings of walks that carry most of its score, the strongest first.

    A walk that ends in the target has at most one of the endings, so their shares add up to at most 1.
    No ending comes to a node twice.

    Parameters
    ----------
    operator : WalkOperator
    walk : ndarray of float64, shape (n_nodes,)
        Scores of the source, in the projection's order.
    source : int
        Its row; it may begin an ending, never stand inside one.
    targets : ndarray of int64
        Rows; one with score 0 has no endings.
    damping : float
        1 - restart_probability.

    Returns
    -------
    list of list of (share, nodes)
        At least three where the target is reached in so many ways; more until they carry half of the
        score; at most ten. Nodes of each: the ending, the target last.
    """
    starts, rows, share = _last_steps(operator, walk, targets, damping)
    count = np.diff(starts)
    running = np.cumsum(share) - share
    before = (
        running - np.repeat(running[np.minimum(starts[:-1], max(share.size - 1, 0))], count) if share.size else running
    )
    place = np.arange(share.size) - np.repeat(starts[:-1], count)
    shown = (place < _LEAST) | ((before < _SHARE) & (place < _MOST))
    ends = np.repeat(np.arange(targets.size), count)[shown]
    found: list[list[Ending]] = [[] for _ in range(targets.size)]
    for i, row, part in zip(ends.tolist(), rows[shown].tolist(), share[shown].tolist(), strict=True):
        found[i].append((part, (row, int(targets[i]))))
    near = cache(lambda row: _entered(operator, walk, row, damping))
    return [own if len(own) >= _LEAST else _split(near, source, own) for own in found]


def _last_steps(
    operator: WalkOperator, walk: NDArray[np.float64], targets: NDArray[np.int64], damping: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return in-neighbours of the targets and the share of the score each hands over, strongest first within a target."""
    seats = operator.place[targets]
    count = operator.indptr[seats + 1] - operator.indptr[seats]
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(count)))
    end = np.repeat(np.arange(targets.size), count)
    arcs = np.arange(starts[-1]) + np.repeat(operator.indptr[seats] - starts[:-1], count)
    near = operator.indices[arcs].astype(np.int64)
    rows = operator.order[near]
    score = walk[targets[end]]
    share = np.divide(damping * walk[rows] / operator.out_weight[near], score, out=np.zeros(rows.size), where=score > 0)
    if operator.weight.size:
        share *= operator.weight[arcs]
    keep = (share > 0) & (rows != targets[end])
    end, rows, share = end[keep], rows[keep], share[keep]
    order = np.lexsort((rows, -share, end))
    return np.searchsorted(end, np.arange(targets.size + 1)), rows[order], share[order]


def _entered(operator: WalkOperator, walk: NDArray[np.float64], row: int, damping: float) -> list[tuple[int, float]]:
    """Return the strongest in-neighbours of a row and the share of its score each hands over."""
    rows, part = _before(operator, walk, row, damping)
    some = slice(0, _LEAST + _LONGEST)  # of which at most _LONGEST stand in an ending already
    return [(u, m) for u, m in zip(rows[some].tolist(), (part[some] / walk[row]).tolist(), strict=True) if m > 0]


def _split(near: Callable[[int], list[tuple[int, float]]], source: int, last: list[Ending]) -> list[Ending]:
    """Make the strongest endings longer until there are three; where that gains no way more, leave them; no node comes twice."""
    given = last
    while len(last) < _LEAST:
        for one in last:
            share, nodes = one
            fresh = [(u, m) for u, m in near(nodes[0]) if u not in nodes][:_LEAST]
            if fresh and nodes[0] != source and len(nodes) < _LONGEST:
                break
        else:
            break
        longer = [(share * m, (u, *nodes)) for u, m in fresh]
        last = sorted(
            [*(other for other in last if other is not one), *longer], key=lambda ending: (-ending[0], ending[1])
        )
    return last[:_LEAST] if len(last) > len(given) else given


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
    if rows.size > _MOST_NEAR:  # a hub has 100,000 of them: only those that can be among the strongest are sorted
        strong = part >= np.partition(part, -_MOST_NEAR)[-_MOST_NEAR]
        rows, part = rows[strong], part[strong]
    best = np.lexsort((rows, -part))[:_MOST_NEAR]
    return rows[best], part[best]
