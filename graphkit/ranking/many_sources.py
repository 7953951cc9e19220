"""Personalised PageRank of many sources at once: 16 columns a sweep.

One gather of an arc fetches one cache line, which holds the values of 16 sources in float32. The
columns w = z / out_weight are relaxed in place, row after row: over-relaxation where every arc has
a twin, Gauss-Seidel with the mass set right after each sweep elsewhere. Then they pass the full
operator in float64; what float32 cannot reach is polished in float64 from there. Blocks of 16
sources run side by side on threads and know nothing of each other, so any number of workers gives
the same bytes.
"""

from __future__ import annotations

import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from graphkit.check import positive_int
from graphkit.errors import InvalidParameter, NotConverged
from graphkit.ranking.fixed_point import fixed_point
from graphkit.ranking.lanes import LANES, aligned_rows, relax_row, sum_rows, sum_weighted_rows
from graphkit.ranking.operator import WalkOperator, walk_operator
from graphkit.ranking.pagerank import check_restart, check_tolerance, digest_of, node_ids
from graphkit.ranking.restart import source_rows
from graphkit.ranking.solvers import most_sweeps, solve
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["ManyRankings", "personalised_pagerank_many", "solve_block"]

_ROUNDING = 1e-7  # residuals that float32 columns cannot get below
_MOVE = 4.0  # the residual behind an over-relaxed sweep is below what the sweep moved; 16 was too early as often as not, and each check costs a sweep
_SWEEPS = 200  # of a block of a directed graph, after which extrapolation column by column is faster
_SLOW = 1e-5  # residual behind them from which float64 columns would not get far either
_PATIENCE = 5  # sweeps without progress before rounding is blamed


@dataclass(frozen=True, eq=False, repr=False)
class ManyRankings(Result):
    """The best nodes of many sources.

    Parameters
    ----------
    sources : ndarray of int64, shape (n_sources,)
        Rows of the sources, in the order given.
    nodes : ndarray of int64, shape (n_sources, top)
        Rows of the best nodes, best first, ties by row; the source itself is among the
        candidates. ``top`` is cut to the number of candidates.
    scores : ndarray of float64, shape (n_sources, top)
        Their scores.
    error_bound : ndarray of float64, shape (n_sources,)
        Per source, the largest possible error of any single score. Both vectors sum to 1, so no
        score is off by more than half the L1 error: residual / (2 restart_probability).
    certified : ndarray of bool, shape (n_sources,)
        Per source, whether the *set* of nodes is proven to be the exact best: the gap behind the
        last place exceeds twice ``error_bound``. Else nodes around the cut may be tied within it.
    ids : ndarray of str, shape (n_nodes,), or None
        Node ids of the rows; None when rows are their own names.
    """

    sources: np.ndarray = field(metadata={"dtype": np.int64})
    nodes: np.ndarray = field(metadata={"dtype": np.int64})
    scores: np.ndarray = field(metadata={"dtype": np.float64})
    error_bound: np.ndarray = field(metadata={"dtype": np.float64})
    certified: np.ndarray = field(metadata={"dtype": np.bool_})
    ids: np.ndarray | None = field(metadata={"dtype": object})
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per source and rank: source, node, rank, score."""
        import pandas as pd

        n, top = self.nodes.shape
        source, node = np.repeat(self.sources, top), self.nodes.ravel()
        if self.ids is not None:
            source, node = self.ids[source], self.ids[node]
        rank = np.tile(np.arange(1, top + 1), n)
        return pd.DataFrame({"source": source, "node": node, "rank": rank, "score": self.scores.ravel()})


def personalised_pagerank_many(
    p: Projection,
    sources: Any,
    *,
    top: int = 50,
    restart_probability: float = 0.15,
    tolerance: float = 1e-6,
    targets: Any = None,
) -> ManyRankings:
    """Rank the ``top`` best nodes for each of many single sources.

    Parameters
    ----------
    p : Projection
    sources : sequence of nodes
        One ranking each.
    top : int, default 50
        Nodes kept per source, >= 1.
    restart_probability : float, default 0.15
        In (0, 1]; damping = 1 - restart_probability.
    tolerance : float, default 1e-6
        Largest error of any score.
    targets : sequence of nodes, optional
        Only these are ranked (scores stay those of the whole graph); default all nodes.

    Returns
    -------
    ManyRankings

    Raises
    ------
    InvalidParameter
        No source, no target, or a number out of range.
    UnknownNode
        A source or target is not in the graph.
    NotConverged
        The tolerance lies below what float64 can reach.
    """
    start = time.perf_counter()
    restart, wanted, count = check_restart(restart_probability), check_tolerance(tolerance), positive_int("top", top)
    rows = source_rows(p, sources, parameter="sources")
    allowed = np.arange(p.n_nodes) if targets is None else np.unique(source_rows(p, targets, parameter="targets"))
    for name, values in (("sources", rows), ("targets", allowed)):
        if values.size == 0:
            message = f"{name} names no node"
            raise InvalidParameter(message, parameter=name, value=[], allowed="at least one node")
    nodes, scores, residual, behind = _run(
        walk_operator(p), rows, allowed, min(count, allowed.size), 1 - restart, wanted
    )
    bound = residual / (2 * restart)
    certified = scores[:, -1] - behind > 2 * bound
    request = {
        "sources": digest_of(rows),
        "top": count,
        "restart_probability": restart,
        "tolerance": wanted,
        "targets": None if targets is None else digest_of(allowed),
    }
    manifest = make_manifest(
        "personalised_pagerank_many",
        request=request,
        answer=[digest_of(nodes), digest_of(scores)],
        snapshot=p.snapshot_id,
        seconds=time.perf_counter() - start,
    )
    result = ManyRankings(rows, nodes, scores, bound, certified, node_ids(p), manifest)
    if bound.max() > wanted:
        message = f"the error bound of source {int(rows[bound.argmax()])} is {bound.max():.3g}, wanted {wanted:.3g}"
        raise NotConverged(message, best=result, residual=float(residual.max()), hint="ask for a larger tolerance")
    return result


def _run(
    operator: WalkOperator,
    rows: NDArray[np.int64],
    allowed: NDArray[np.int64],
    top: int,
    damping: float,
    tolerance: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Solve block by block on threads; each block writes its own slice of the answer.

    The last array holds the score behind the last place, -inf where there is no candidate left.
    """
    nodes, scores = np.empty((rows.size, top + 1), np.int64), np.full((rows.size, top + 1), -np.inf)
    residual = np.empty(rows.size)
    mask = np.zeros(operator.n_nodes, np.bool_)
    mask[operator.place[allowed]] = True
    degree = np.where(operator.out_weight > 0, operator.out_weight, 1.0)
    goal = 2 * tolerance * (1 - damping)

    def work(first: int) -> None:
        last = min(first + LANES, rows.size)
        seats = np.full(LANES, -1, np.int64)
        seats[: last - first] = operator.place[rows[first:last]]
        w, found, scale = solve_block(operator, degree, seats, damping, goal)
        for lane in range(last - first):
            row = first + lane
            residual[row] = found[lane]
            best_kernel(w, degree, lane, scale[lane], mask, operator.order, nodes[row], scores[row])

    blocks = range(0, rows.size, LANES)
    workers = min(len(blocks), os.cpu_count() or 1)
    if workers == 1:
        for first in blocks:
            work(first)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, blocks))
    return nodes[:, :top].copy(), scores[:, :top].copy(), residual, scores[:, top]


def solve_block(
    operator: WalkOperator, degree: NDArray[np.float64], seats: NDArray[np.int64], damping: float, goal: float
) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]:
    """Columns w of one block, the residual of each as scores, and what w degree must be multiplied by."""
    arcs: Any = (operator.indptr, operator.indices)
    omega = _over_relaxation(damping) if operator.symmetric else 1.0
    lost, w = operator.out_weight <= 0, aligned_rows(operator.n_nodes, np.float32)
    most = most_sweeps(damping, goal) if operator.symmetric else _SWEEPS
    for dtype, floor in ((np.float32, _ROUNDING), (np.float64, 0.0)):
        if dtype is np.float64:
            rough, w = w, aligned_rows(operator.n_nodes, dtype)
            w[:] = rough
        weight, inverse, before, done = operator.weight.astype(dtype), (1.0 / degree).astype(dtype), np.inf, 0
        aim = max(goal, floor) * (_MOVE if operator.symmetric else 2.0)
        while True:
            options = dtype(damping), dtype(omega), not operator.symmetric, aim, most - done, _PATIENCE
            done += relax_kernel(*arcs, weight, degree, inverse, lost, seats, *options, w, np.zeros(LANES, dtype))  # type: ignore[call-arg]
            found, scale = check_kernel(*arcs, operator.weight, degree, lost, seats, damping, w, np.zeros(LANES))  # type: ignore[call-arg]
            worst = found.max()
            if worst <= goal:
                return w, found, scale
            if worst > before / 2 or done >= most:
                break  # rounding, or a slow graph
            before, aim = worst, aim / 4
        if worst > _SLOW and not operator.symmetric:
            rough, w = w, aligned_rows(operator.n_nodes, np.float64)
            w[:] = rough
            break
    if operator.symmetric:
        _one_by_one_symmetric(operator, degree, seats, damping, goal, w, found, scale)
    else:
        _one_by_one(operator, degree, seats, damping, goal, w, found, scale)
    return w, found, scale


def _one_by_one(
    operator: WalkOperator,
    degree: NDArray[np.float64],
    seats: NDArray[np.int64],
    damping: float,
    goal: float,
    w: NDArray[Any],
    found: NDArray[np.float64],
    scale: NDArray[np.float64],
) -> None:
    """Go on with the columns that miss the goal, each by itself and with extrapolation."""
    rows: Any = operator.rows
    pull = rows.head, rows.start, rows.slots, rows.weight
    for lane in np.flatnonzero(found > goal).tolist():
        v = np.zeros(operator.n_nodes)
        v[seats[lane]] = 1.0
        x, residual, _ = fixed_point(
            pull,
            operator.out_weight,
            v,
            damping,
            goal,
            most_sweeps(damping, goal),
            lambda task: np.array([task(0, operator.n_nodes)]),
            start=scale[lane] * degree * w[:, lane],
        )
        if residual < found[lane]:
            w[:, lane], found[lane], scale[lane] = x / degree, residual, 1.0


def _one_by_one_symmetric(
    operator: WalkOperator,
    degree: NDArray[np.float64],
    seats: NDArray[np.int64],
    damping: float,
    goal: float,
    w: NDArray[Any],
    found: NDArray[np.float64],
    scale: NDArray[np.float64],
) -> None:
    """Solve the columns that over-relaxation does not bring to the goal, damping near 1 for the most part, each by itself."""
    for lane in np.flatnonzero((seats >= 0) & ~(found <= goal)).tolist():
        v = np.zeros(operator.n_nodes)
        v[seats[lane]] = 1.0
        x, residual, _ = solve(operator, v, damping, goal / (1 - damping))
        if not residual >= found[lane]:  # which may be NaN
            w[:, lane], found[lane], scale[lane] = x / degree, residual, 1.0


def _over_relaxation(damping: float) -> float:
    """Young's optimum for a spectrum in [-d, d], a little higher: few graphs are bipartite."""
    return 1.03 * 2 / (1 + math.sqrt(1 - damping * damping))


@njit(nogil=True, cache=True, error_model="numpy")
def relax_kernel(
    indptr: Any,
    indices: Any,
    weight: Any,
    degree: Any,
    inverse: Any,
    lost: Any,
    seats: Any,
    damping: Any,
    omega: Any,
    rescale: Any,
    goal: Any,
    most: Any,
    patience: Any,
    w: Any,
    total: Any,
) -> Any:
    """Relax D w = d A^T w + (1-d) v in place until no column moves by more than goal, or rounding stops it."""
    n, real, one = degree.size, w.dtype.type, w.dtype.type(1)
    seated = np.zeros(n, np.bool_)
    for k in range(LANES):
        if seats[k] >= 0:
            seated[seats[k]] = True
    nothing, extra, moved = np.zeros(LANES, w.dtype), np.zeros(LANES, w.dtype), np.zeros(LANES, w.dtype)
    best, idle, count = np.inf, 0, 0
    while count < most:
        moved[:] = 0
        for i in range(n):
            if weight.size:
                sum_weighted_rows(w, indices, weight, indptr[i], indptr[i + 1], total)
            else:
                sum_rows(w, indices, indptr[i], indptr[i + 1], total)
            if seated[i]:
                for k in range(LANES):
                    extra[k] = (one - damping) * inverse[i] if seats[k] == i else real(0)
                relax_row(w, i, total, damping * inverse[i], extra, omega, degree[i], moved)
            else:
                relax_row(w, i, total, damping * inverse[i], nothing, omega, degree[i], moved)
        count += 1
        if rescale:
            rescale_kernel(degree, lost, seats, damping, w)
        size = moved[0]  # a loop: compiling NumPy's max takes most of a second
        for k in range(1, LANES):
            size = max(size, moved[k])
        if size < best:
            best, idle = size, 0
        else:
            idle += 1
        if size <= goal or idle > patience:
            break
    return count


@njit(nogil=True, cache=True, error_model="numpy")
def rescale_kernel(degree, lost, seats, damping, w):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Scale every column so that its residual sums to 0: what is left then decays as fast as differences do."""
    have = np.zeros(LANES)
    for i in range(degree.size):
        share = degree[i] if lost[i] else (1.0 - damping) * degree[i]
        for k in range(LANES):
            have[k] += share * w[i, k]
    factor = np.ones(LANES, w.dtype)
    for k in range(LANES):
        if seats[k] >= 0 and have[k] > 0:
            factor[k] = (1.0 - damping) / have[k]
    for i in range(degree.size):
        for k in range(LANES):
            w[i, k] *= factor[k]


@njit(nogil=True, cache=True, error_model="numpy")
def check_kernel(indptr, indices, weight, degree, lost, seats, damping, w, total):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Cut negatives; ||F(x) - x||_1 of each column x = scale D w, all sums in float64, and the scales."""
    n = degree.size
    mass, back, found, scale = np.zeros(LANES), np.zeros(LANES), np.zeros(LANES), np.zeros(LANES)
    for i in range(n):
        for k in range(LANES):
            w[i, k] = max(w[i, k], w.dtype.type(0))
            x = degree[i] * w[i, k]
            mass[k] += x
            if lost[i]:
                back[k] += x
    for k in range(LANES):
        scale[k] = 1.0 / mass[k] if mass[k] > 0 else 0.0
        back[k] = damping * back[k] * scale[k] + 1.0 - damping
    for i in range(n):
        if weight.size:
            sum_weighted_rows(w, indices, weight, indptr[i], indptr[i + 1], total)
        else:
            sum_rows(w, indices, indptr[i], indptr[i + 1], total)
        for k in range(LANES):
            value = damping * total[k] * scale[k] - scale[k] * degree[i] * w[i, k]
            found[k] += abs(value + back[k] if seats[k] == i else value)
    for k in range(LANES):
        if seats[k] < 0:
            found[k] = 0.0
    return found, scale


@njit(nogil=True, cache=True)
def best_kernel(w, degree, lane, scale, mask, order, nodes, scores):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Put the best masked entries of a column, score down then row up, into nodes and scores (insertion by cut)."""
    size, top = 0, nodes.size
    for i in range(degree.size):
        if not mask[i]:
            continue
        value, row = scale * degree[i] * np.float64(w[i, lane]), order[i]
        if size == top and (value < scores[top - 1] or (value == scores[top - 1] and row > nodes[top - 1])):
            continue
        j = size if size < top else top - 1
        while j > 0 and (scores[j - 1] < value or (scores[j - 1] == value and nodes[j - 1] > row)):
            scores[j], nodes[j] = scores[j - 1], nodes[j - 1]
            j -= 1
        scores[j], nodes[j] = value, row
        size = min(size + 1, top)
