"""Solvers of the restart equation for one restart distribution.

With zero rows for dangling nodes the unnormalised answer is z = (1-d) v (I - dP)^-1 and the
scores are x = z / sum(z); that equals sending dangling mass back to v. With D the total weights
of the nodes and z = D w a symmetric graph gives the symmetric positive definite system

    (D - d A) w = (1 - d) v.

Small ones are solved by conjugate gradients preconditioned by symmetric Gauss-Seidel
(:mod:`graphkit.ranking.eisenstat`), large ones by plain conjugate gradients, whose sweeps run on
threads. Other small graphs are solved component by component (:mod:`graphkit.ranking.downstream`). Large
ones, and what those solvers could not finish, take the fixed point x <- F(x) with extrapolation
(:mod:`graphkit.ranking.fixed_point`).

Every answer passes the full operator F, applied to the normalised vector. F contracts by d in L1,
hence ||x - x*||_1 <= ||F(x) - x||_1 / (1 - d).

Above a million arcs the rows are cut into a fixed number of chunks that run on threads; sums are
taken chunk by chunk in the same order, so the bytes do not depend on the number of cores.
"""

from __future__ import annotations

import itertools
import math
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.ranking.components import Components
from graphkit.ranking.downstream import downstream
from graphkit.ranking.eisenstat import certified
from graphkit.ranking.fixed_point import fixed_point
from graphkit.ranking.layout import WIDTH, Halves, Rows, head_rows, side_by_side
from graphkit.ranking.operator import ARCS_A_CHUNK
from graphkit.ranking.solver_kernels import (
    curve_kernel,
    first_kernel,
    move_kernel,
    pull_kernel,
    step_kernel,
    turn_kernel,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from graphkit.ranking.operator import WalkOperator

__all__ = ["most_sweeps", "solve"]

_MOST = 10_000_000
_CHECK_AT = 0.5  # ask for the certificate once the running estimate is this share of the tolerance


def solve(
    operator: WalkOperator, v: NDArray[np.float64], damping: float, tolerance: float
) -> tuple[NDArray[np.float64], float, int]:
    """Solve for one restart distribution, both in the operator's order.

    Parameters
    ----------
    operator : WalkOperator
    v : ndarray of float64, shape (n,)
        Restart distribution, sum 1.
    damping : float
        1 - restart_probability.
    tolerance : float
        Wanted bound of the L1 error.

    Returns
    -------
    (scores, residual, iterations)
        ``residual`` is ||F(x) - x||_1 of the returned scores; the caller decides whether
        residual / (1 - damping) is good enough.
    """
    goal, rows = tolerance * (1 - damping), operator.rows
    most = most_sweeps(damping, goal)
    found: tuple[NDArray[np.float64], float, int] = v, np.inf, 0
    if isinstance(rows, Halves):
        found = certified(rows, operator.out_weight, v, damping, goal, most)
    elif isinstance(rows, Components):
        found = downstream(operator, rows, v, damping, goal, most)
    if found[1] <= goal:
        return found
    if not isinstance(rows, Rows):
        rows = _whole(operator)
    pull = rows.head, rows.start, rows.slots, rows.weight
    with _chunks(operator, int(rows.head)) as each:
        if operator.symmetric and not found[2]:
            found = _symmetric(pull, operator.out_weight, v, damping, goal, most, each)
        if found[1] <= goal:
            return found
        other = fixed_point(pull, operator.out_weight, v, damping, goal, most, each)
    return other if other[1] < found[1] else found  # weights may be too unlike for conjugate gradients


def most_sweeps(damping: float, goal: float) -> int:
    """Return after how many sweeps differences that only shrink by ``damping`` are below a goal, and a third more."""
    return 200 + min(int(1.34 * math.log(2 / max(goal, 1e-17)) / -math.log(max(damping, 1e-9))), _MOST)


def _whole(operator: WalkOperator) -> Rows:
    """Lay out a graph that stands in halves or components as one piece."""
    length = np.diff(operator.indptr)
    row = np.repeat(np.arange(operator.n_nodes), length)
    weight = operator.weight if operator.weight.size else None
    return side_by_side(operator.n_nodes, head_rows(length), row, operator.indices.astype(np.int64), weight)


if TYPE_CHECKING:
    Each = Callable[[Any], NDArray[np.float64]]


@contextmanager
def _chunks(operator: WalkOperator, head: int) -> Iterator[Each]:
    """Give a caller of ``task(first_row, last_row)`` on all chunks, in order; rows of a group stay together."""
    count = max(1, operator.indices.size // ARCS_A_CHUNK)
    wish = operator.indices.size * np.arange(1, count) // count
    cut = np.searchsorted(operator.indptr, wish)
    cut = np.where(cut > head, head + (cut - head) // WIDTH * WIDTH, cut)
    edges = np.concatenate(([0], cut, [operator.n_nodes])).tolist()
    spans = [(first, last) for first, last in itertools.pairwise(edges) if last > first or count == 1]
    workers = min(len(spans), os.cpu_count() or 1)
    if workers == 1:
        yield lambda task: np.array([task(*span) for span in spans])
    else:
        with ThreadPoolExecutor(workers) as pool:
            yield lambda task: np.array(list(pool.map(lambda span: task(*span), spans)))


def _symmetric(
    pull: Any,
    degree: NDArray[np.float64],
    v: NDArray[np.float64],
    damping: float,
    goal: float,
    max_iterations: int,
    each: Each,
) -> tuple[NDArray[np.float64], float, int]:
    """Conjugate gradients in chunks until the certificate holds; tighter when it does not."""
    alone = np.where(degree > 0, 0.0, (1 - damping) * v)
    w, q, iterations, best, best_residual = np.zeros(v.size + 1), np.empty(v.size), 0, v, np.inf
    aim = _CHECK_AT * goal * (1 - damping * v[degree <= 0].sum())  # of scores that do not sum to 1 yet
    while True:
        iterations += _conjugate_chunks(pull, degree, v, damping, aim, max_iterations - iterations, w, each)
        np.maximum(w, 0.0, out=w)
        x = degree * w[:-1] + alone
        total = x.sum()
        x /= total
        back = damping * alone.sum() / total + 1 - damping
        residual = float(each(partial(_moved, pull, w, q, v, x, damping / total, back)).sum())
        if residual >= best_residual:
            return best, best_residual, iterations  # rounding: no further progress possible
        best, best_residual = x, residual
        if residual <= goal or iterations >= max_iterations:
            return best, best_residual, iterations
        aim /= 4


def _moved(pull: Any, w: Any, q: Any, v: Any, x: Any, rate: float, back: float, first: int, last: int) -> float:
    """One chunk of q = A w and of ||F(x) - x||_1 for x = D w / total and rate = d / total."""
    pull_kernel(*pull, w, q, first, last)  # type: ignore[call-arg]
    return float(move_kernel(q, v, x, rate, back, False, first, last)[0])


def _conjugate_chunks(
    pull: Any,
    degree: NDArray[np.float64],
    v: NDArray[np.float64],
    damping: float,
    goal: float,
    max_iterations: int,
    w: NDArray[np.float64],
    each: Each,
) -> int:
    """Improve w in place until the residual of z has L1 norm <= goal; nodes without arcs stay 0."""
    n, root = v.size, np.sqrt(degree)
    scale = np.divide(1.0, root, out=np.zeros(n), where=degree > 0)
    r, p, q, y, t = np.empty(n), np.empty(n), np.empty(n), w.copy(), w[:n] * root
    p[:] = t

    def multiply(a: int, b: int) -> float:
        pull_kernel(*pull, y, q, a, b)  # type: ignore[call-arg]
        return float(curve_kernel(q, p, scale, damping, a, b))

    each(multiply)
    rho, size = each(lambda a, b: first_kernel(v, scale, root, damping, q, r, p, y, a, b)).sum(axis=0)
    count = 0
    while size > goal and rho > 0 and count < max_iterations:
        curvature = each(multiply).sum()
        if curvature <= 0:
            break
        step = rho / curvature
        fresh, size = each(lambda a, b, step=step: step_kernel(t, r, p, q, root, step, a, b)).sum(axis=0)
        turn, rho = fresh / rho, fresh
        each(lambda a, b, turn=turn: turn_kernel(p, r, y, scale, turn, a, b))
        count += 1
    w[:n] = t * scale
    return count
