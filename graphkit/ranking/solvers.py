"""Solvers of the restart equation for one restart distribution.

With zero rows for dangling nodes the unnormalised answer is z = (1-d) v (I - dP)^-1 and the
scores are x = z / sum(z); that equals sending dangling mass back to v. With D the total weights
of the nodes and z = D w a symmetric graph gives the symmetric positive definite system

    (D - d A) w = (1 - d) v.

Small ones are solved by conjugate gradients preconditioned by symmetric Gauss-Seidel
(:mod:`graphkit.ranking.eisenstat`), large ones by plain conjugate gradients, whose sweeps run on
threads. Other graphs take the fixed point x <- F(x) from x = v, whose signed differences shrink at
least by d a step and usually faster.

Every answer passes the full operator F, applied to the normalised vector. F contracts by d in L1,
hence ||x - x*||_1 <= ||F(x) - x||_1 / (1 - d).

Above a million arcs the rows are cut into a fixed number of chunks that run on threads; sums are
taken chunk by chunk in the same order, so the bytes do not depend on the number of cores.
"""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.ranking.eisenstat import certified
from graphkit.ranking.layout import WIDTH, Halves
from graphkit.ranking.operator import ARCS_A_CHUNK
from graphkit.ranking.solver_kernels import (
    curve_kernel,
    first_kernel,
    move_kernel,
    power_kernel,
    pull_kernel,
    scale_kernel,
    share_kernel,
    step_kernel,
    turn_kernel,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from graphkit.ranking.operator import WalkOperator

__all__ = ["solve"]

_CHECK_AT = 0.5  # ask for the certificate once the running estimate is this share of the tolerance
_PATIENCE = 100  # steps without a new best before rounding is blamed


def solve(
    operator: WalkOperator, v: NDArray[np.float64], damping: float, tolerance: float, max_iterations: int
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
    max_iterations : int

    Returns
    -------
    (scores, residual, iterations)
        ``residual`` is ||F(x) - x||_1 of the returned scores; the caller decides whether
        residual / (1 - damping) is good enough.
    """
    goal, rows = tolerance * (1 - damping), operator.rows
    if isinstance(rows, Halves):
        return certified(rows, operator.out_weight, v, damping, goal, max_iterations)
    pull = rows.head, rows.start, rows.slots, rows.weight
    if not operator.symmetric and operator.indices.size < 2 * ARCS_A_CHUNK:
        found: tuple[NDArray[np.float64], float, int] = power_kernel(
            *pull, operator.out_weight, v, damping, goal, max_iterations, _PATIENCE
        )
        return found
    with _chunks(operator, int(rows.head)) as each:
        if operator.symmetric:
            return _symmetric(pull, operator.out_weight, v, damping, goal, max_iterations, each)
        return _power(pull, operator.out_weight, v, damping, goal, max_iterations, each)


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


def _power(
    pull: Any,
    degree: NDArray[np.float64],
    v: NDArray[np.float64],
    damping: float,
    goal: float,
    max_iterations: int,
    each: Each,
) -> tuple[NDArray[np.float64], float, int]:
    """Iterate x <- F(x) from v until ||F(x) - x||_1 <= goal or rounding stops it."""
    x, q, y = v.copy(), np.empty(v.size), np.zeros(v.size + 1)
    best, idle, count = np.inf, 0, 0
    lost = each(lambda a, b: share_kernel(x, degree, y, a, b)).sum()
    while True:
        size, total = each(partial(_step, pull, y, q, v, x, damping, damping * lost + 1 - damping)).sum(axis=0)
        best, idle = (size, 0) if size < best else (best, idle + 1)
        if size <= goal or count >= max_iterations or idle > _PATIENCE:
            return x, float(size), count
        x, q = q, x
        lost = each(lambda a, b, x=x, total=total: scale_kernel(x, total, degree, y, a, b)).sum()
        count += 1


def _step(pull: Any, y: Any, q: Any, v: Any, x: Any, damping: float, back: float, first: int, last: int) -> Any:
    """One chunk of q = F(x)."""
    pull_kernel(*pull, y, q, first, last)  # type: ignore[call-arg]
    return move_kernel(q, v, x, damping, back, True, first, last)
