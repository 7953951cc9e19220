"""Personalised PageRank of many sources at once: 16 columns a sweep.

One gather of an arc fetches one cache line, which holds the values of 16 sources in float32.
Symmetric graphs run Chebyshev's semi-iteration on w = z / out_weight (two buffers of n x 16,
spectrum known to lie in [-d, d]), others the fixed point with dangling mass sent back. Blocks of 16
sources run side by side on threads; a block's numbers do not depend on the others, so any
number of workers gives the same bytes. At the end every column is put through the full operator in
float64; a column whose bound misses the tolerance is solved again alone in float64.
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
from graphkit.ranking.operator import WalkOperator, source_rows, walk_operator
from graphkit.ranking.pagerank import MAX_ITERATIONS, check_restart, check_tolerance, digest_of, node_ids
from graphkit.ranking.solvers import solve
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["ManyRankings", "personalised_pagerank_many"]

_LANES = 16
_SINGLE_PRECISION = 5e-7  # below this tolerance float32 columns cannot pass the certificate


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
    ids : ndarray of str, shape (n_nodes,), or None
        Node ids of the rows; None when rows are their own names.
    """

    sources: np.ndarray = field(metadata={"dtype": np.int64})
    nodes: np.ndarray = field(metadata={"dtype": np.int64})
    scores: np.ndarray = field(metadata={"dtype": np.float64})
    error_bound: np.ndarray = field(metadata={"dtype": np.float64})
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
    operator = walk_operator(p)
    nodes, scores, residual = _run(operator, rows, allowed, min(count, allowed.size), 1 - restart, wanted)
    bound = residual / (2 * restart)
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
    result = ManyRankings(rows, nodes, scores, bound, node_ids(p), manifest)
    if bound.max() > wanted:
        message = f"the error bound of source {int(rows[bound.argmax()])} is {bound.max():.3g}, wanted {wanted:.3g}"
        raise NotConverged(message, best=result, residual=float(residual.max()), hint="ask for a larger tolerance")
    return result


def _run(
    operator: WalkOperator, rows: NDArray[np.int64], allowed: NDArray[np.int64], top: int, damping: float, tolerance: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Solve block by block on threads; each block writes its own slice of the answer."""
    nodes = np.empty((rows.size, top), np.int64)
    scores, residual = np.empty((rows.size, top)), np.empty(rows.size)
    mask = np.zeros(operator.n_nodes, np.bool_)
    mask[operator.place[allowed]] = True
    goal = 2 * tolerance * (1 - damping)
    dtype = np.float32 if tolerance >= _SINGLE_PRECISION and operator.n_nodes > _LANES else np.float64

    def work(first: int) -> None:
        last = min(first + _LANES, rows.size)
        seats = np.full(_LANES, -1, np.int64)
        seats[: last - first] = operator.place[rows[first:last]]
        x, found = _solve_block(operator, seats, damping, goal, dtype)
        for lane in range(last - first):
            column, residual[first + lane] = x[:, lane], found[lane]
            if found[lane] > goal:
                column, residual[first + lane] = _alone(operator, int(seats[lane]), damping, 2 * tolerance)
            best_kernel(np.ascontiguousarray(column), mask, operator.order, nodes[first + lane], scores[first + lane])

    blocks = range(0, rows.size, _LANES)
    workers = min(len(blocks), os.cpu_count() or 1)
    if workers == 1:
        for first in blocks:
            work(first)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, blocks))
    return nodes, scores, residual


def _solve_block(
    operator: WalkOperator, seats: NDArray[np.int64], damping: float, goal: float, dtype: type[np.floating[Any]]
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Normalised columns of one block and the float64 residual of each."""
    shape = operator.n_nodes, _LANES
    a, b, x = np.zeros(shape, dtype), np.zeros(shape, dtype), np.zeros(shape, dtype)
    arrays = operator.indptr, operator.indices, operator.weight.astype(dtype), operator.out_weight.astype(dtype)
    exact = operator.indptr, operator.indices, operator.weight, operator.out_weight
    if not operator.symmetric:
        steps = 1 + math.ceil(math.log(goal / 2) / math.log(damping)) if damping > 0 else 1
        power_kernel(*arrays, seats, dtype(damping), min(steps, MAX_ITERATIONS), goal / 2, x, a)
        return x, check_kernel(*exact, seats, damping, x)
    # after k steps the residual is about k q^k with q the Chebyshev rate: guess, look, add what lacks
    rate = damping / (1 + math.sqrt(1 - damping * damping))
    done, steps, found = 0, 3 + math.ceil(math.log(goal / 4) / math.log(rate)) if damping > 0 else 1, np.full(_LANES, np.inf)
    for _ in range(3):
        chebyshev_kernel(*arrays, seats, dtype(damping), done, steps, a, b)
        done, before = steps, found.max()
        finish_kernel(operator.out_weight, seats, b if steps % 2 else a, x)
        found = check_kernel(*exact, seats, damping, x)
        if found.max() <= goal or found.max() > before / 2 or damping == 0:
            break
        steps += 1 + math.ceil(math.log(goal / found.max()) / math.log(rate))
    return x, found


def _alone(operator: WalkOperator, seat: int, damping: float, tolerance: float) -> tuple[NDArray[np.float64], float]:
    """Solve one source in float64."""
    v = np.zeros(operator.n_nodes)
    v[seat] = 1.0
    x, residual, _ = solve(operator, v, damping, tolerance, MAX_ITERATIONS)
    return x, residual


# The kernels add up one row of 16 values with a plain inner loop, which the compiler turns into
# one vector instruction an arc; an array made per row, or a call per row, costs 2 to 10 times more.
_FAST = {"reassoc", "contract"}


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def chebyshev_kernel(indptr, indices, weight, degree, seats, damping, first, last, a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Run steps first..last-1 of Chebyshev on w = d D^-1 A w + (1-d) D^-1 v; the newest w is in a if last is even, else b."""
    real = a.dtype.type
    one, two, four = real(1), real(2), real(4)
    total, omega = np.zeros(16, a.dtype), one
    for step in range(last):
        if step == 1:
            omega = two / (two - damping * damping)
        elif step > 1:
            omega = one / (one - damping * damping * omega / four)
        if step < first:
            continue
        old, new = (a, b) if step % 2 == 0 else (b, a)
        for i in range(degree.size):
            if degree[i] <= 0:
                continue
            total[:] = 0
            for j in range(indptr[i], indptr[i + 1]):
                row = old[indices[j]]
                if weight.size:
                    for k in range(16):
                        total[k] += weight[j] * row[k]
                else:
                    for k in range(16):
                        total[k] += row[k]
            part = omega * damping / degree[i]
            for k in range(16):
                new[i, k] = part * total[k] + (one - omega) * new[i, k]
        for k in range(16):
            s = seats[k]
            if s >= 0 and degree[s] > 0:
                new[s, k] += omega * (one - damping) / degree[s]


@njit(nogil=True, cache=True, error_model="numpy")
def finish_kernel(degree, seats, w, x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """X = D w with negatives cut and every column summing to 1; a seat without arcs keeps all."""
    total = np.zeros(16)
    for i in range(x.shape[0]):
        for k in range(16):
            x[i, k] = max(w[i, k] * degree[i], 0.0)
            total[k] += x[i, k]
    for k in range(16):
        if seats[k] >= 0 and degree[seats[k]] <= 0:
            x[seats[k], k], total[k] = 1.0, 1.0
        total[k] = 1.0 / total[k] if total[k] > 0 else 0.0
    for i in range(x.shape[0]):
        for k in range(16):
            x[i, k] *= total[k]


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def power_kernel(indptr, indices, weight, out_weight, seats, damping, steps, goal, x, y):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Iterate the fixed point x <- F(x) for 16 columns until all move by at most goal; y is scratch."""
    n, real = out_weight.size, x.dtype.type
    total, back, moved = np.zeros(16, x.dtype), np.zeros(16, x.dtype), np.zeros(16)
    seated = np.zeros(n, np.bool_)
    for k in range(16):
        if seats[k] >= 0:
            x[seats[k], k] = real(1)
            seated[seats[k]] = True
    for _ in range(steps):
        back[:] = 0
        moved[:] = 0
        for i in range(n):
            part = real(1) / out_weight[i] if out_weight[i] > 0 else real(0)
            for k in range(16):
                y[i, k] = x[i, k] * part
            if out_weight[i] <= 0:
                for k in range(16):
                    back[k] += x[i, k]
        for k in range(16):
            back[k] = damping * back[k] + real(1) - damping
        for i in range(n):
            total[:] = 0
            for j in range(indptr[i], indptr[i + 1]):
                row = y[indices[j]]
                if weight.size:
                    for k in range(16):
                        total[k] += weight[j] * row[k]
                else:
                    for k in range(16):
                        total[k] += row[k]
            for k in range(16):
                total[k] *= damping
            if seated[i]:
                for k in range(16):
                    if seats[k] == i:
                        total[k] += back[k]
            for k in range(16):
                moved[k] += abs(total[k] - x[i, k])
                x[i, k] = total[k]
        if moved.max() <= goal:
            break
    sums = np.zeros(16)
    for i in range(n):
        for k in range(16):
            sums[k] += x[i, k]
    for i in range(n):
        for k in range(16):
            x[i, k] = x[i, k] / sums[k] if sums[k] > 0 else 0.0


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def check_kernel(indptr, indices, weight, out_weight, seats, damping, x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """||F(x) - x||_1 per column, summed in float64 from the columns as they stand."""
    found, back, total = np.zeros(16), np.zeros(16), np.zeros(16)
    scale = np.zeros(out_weight.size)
    for i in range(x.shape[0]):
        if out_weight[i] > 0:
            scale[i] = 1.0 / out_weight[i]
        else:
            for k in range(16):
                back[k] += x[i, k]
    for k in range(16):
        back[k] = damping * back[k] + 1 - damping
    for i in range(x.shape[0]):
        total[:] = 0
        for j in range(indptr[i], indptr[i + 1]):
            u = indices[j]
            row, w = x[u], scale[u] * (weight[j] if weight.size else 1.0)
            for k in range(16):
                total[k] += w * row[k]
        for k in range(16):
            value = damping * total[k]
            if seats[k] == i:
                value += back[k]
            found[k] += abs(value - x[i, k])
    return found


@njit(nogil=True, cache=True)
def best_kernel(column, mask, order, nodes, scores):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Put the best masked entries, score down then row up, into nodes and scores (insertion by cut)."""
    size, top = 0, nodes.size
    for i in range(column.size):
        if not mask[i]:
            continue
        value, row = np.float64(column[i]), order[i]
        if size == top and (value < scores[top - 1] or (value == scores[top - 1] and row > nodes[top - 1])):
            continue
        j = size if size < top else top - 1
        while j > 0 and (scores[j - 1] < value or (scores[j - 1] == value and nodes[j - 1] > row)):
            scores[j], nodes[j] = scores[j - 1], nodes[j - 1]
            j -= 1
        scores[j], nodes[j] = value, row
        size = min(size + 1, top)
