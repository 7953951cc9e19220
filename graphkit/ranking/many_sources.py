"""Personalised PageRank of many sources at once: 16 columns a sweep.

One gather of an arc fetches one cache line, which holds the values of 16 sources in float32. The
columns w = z / out_weight are relaxed in place, row after row: over-relaxation where every arc has
a twin, Gauss-Seidel with the mass set right after each sweep elsewhere. Then they pass the full
operator in float64; what float32 cannot reach is polished in float64 from there. Blocks of 16
sources run side by side on threads and know nothing of each other, so any number of workers gives
the same bytes.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import positive_int
from graphkit.errors import InvalidParameter, NotConverged
from graphkit.kernels import kernel
from graphkit.projection.projection import Projection, check_projection
from graphkit.ranking.block_solver import solve_block
from graphkit.ranking.lanes import LANES
from graphkit.ranking.operator import WalkOperator, walk_operator
from graphkit.ranking.pagerank import check_restart, check_tolerance, digest_of, node_ids
from graphkit.ranking.restart import source_rows
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


__all__ = ["ManyRankings", "personalised_pagerank_many"]


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

    Examples
    --------
    >>> from graphkit.projection.arrays import from_arrays
    >>> found = personalised_pagerank_many(from_arrays([0, 1, 0], [1, 2, 2]), [0, 1], top=2)
    >>> found.to_frame()[["source", "node", "rank"]].values.tolist()
    [[0, 0, 1], [0, 2, 2], [1, 1, 1], [1, 2, 2]]
    """
    check_projection(p)
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


@kernel
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
