"""Solvers of the restart equation, as array kernels.

With zero rows for dangling nodes the unnormalised answer is z = (1-d) v (I - dP)^-1 and the
scores are x = z / sum(z); that equals sending dangling mass back to v. In the variable
w = z / out_weight a symmetric graph gives the symmetric positive definite system

    (D - d A) w = (1 - d) v,

solved by conjugate gradients with the diagonal D as preconditioner: the residual of w is the
residual of z, so its L1 norm is at hand in every step. Other graphs take the fixed point
x <- F(x) from x = v, whose signed differences shrink at least by d a step and usually faster.

Every answer passes :func:`sweep_kernel`: the full operator F applied to the normalised vector.
F contracts by d in L1, hence ||x - x*||_1 <= ||F(x) - x||_1 / (1 - d).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.ranking.operator import WalkOperator

__all__ = ["solve"]

_CHECK_AT = 0.5  # ask for the certificate once the running estimate is this share of the tolerance


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
    if operator.symmetric:
        return _solve_symmetric(operator, v, damping, tolerance, max_iterations)
    scores, residual, iterations = power_kernel(
        operator.indptr,
        operator.indices,
        operator.weight,
        operator.out_weight,
        v,
        damping,
        tolerance * (1 - damping),
        max_iterations,
    )
    return scores, residual, iterations


def _solve_symmetric(
    operator: WalkOperator, v: NDArray[np.float64], damping: float, tolerance: float, max_iterations: int
) -> tuple[NDArray[np.float64], float, int]:
    """Conjugate gradients until the certificate holds; restart tighter when it does not."""
    arrays = operator.indptr, operator.indices, operator.weight, operator.out_weight
    w, scratch = np.zeros(v.size), np.empty(v.size)
    goal, iterations, best, best_residual = tolerance * (1 - damping) * _CHECK_AT, 0, v, np.inf
    while True:
        used = conjugate_kernel(*arrays, v, damping, goal, max_iterations - iterations, w)
        iterations += used
        x = finish_kernel(operator.out_weight, w, v, damping)
        residual = sweep_kernel(*arrays, x, v, damping, scratch)
        if residual < best_residual:
            best, best_residual = x, residual
        elif iterations:
            return best, best_residual, iterations  # rounding: no further progress possible
        if residual <= tolerance * (1 - damping) or iterations >= max_iterations:
            return best, best_residual, iterations
        goal /= 10


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"}, error_model="numpy")
def pull_kernel(indptr, indices, weight, y, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """out[i] = sum of y over the in-arcs of row i; one call a sweep, since a call a row costs more than the row."""
    for i in range(out.size):
        total = 0.0
        if weight.size:
            for j in range(indptr[i], indptr[i + 1]):
                total += weight[j] * y[indices[j]]
        else:
            for j in range(indptr[i], indptr[i + 1]):
                total += y[indices[j]]
        out[i] = total


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"}, error_model="numpy")
def conjugate_kernel(indptr, indices, weight, degree, v, damping, goal, max_iterations, w):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Improve w in place until ||(1-d) v - (D - dA) w||_1 <= goal; nodes without arcs stay 0."""
    n = v.size
    r, p, q = np.empty(n), np.empty(n), np.empty(n)
    rho, size = 0.0, 0.0
    pull_kernel(indptr, indices, weight, w, q)
    for i in range(n):
        if degree[i] > 0:
            r[i] = (1 - damping) * v[i] - degree[i] * w[i] + damping * q[i]
            p[i] = r[i] / degree[i]
            rho += r[i] * p[i]
            size += abs(r[i])
        else:
            r[i], p[i] = 0.0, 0.0
    count = 0
    while size > goal and rho > 0 and count < max_iterations:
        curvature = 0.0
        pull_kernel(indptr, indices, weight, p, q)
        for i in range(n):
            q[i] = degree[i] * p[i] - damping * q[i]
            curvature += q[i] * p[i]
        if curvature <= 0:
            break
        step, fresh, size = rho / curvature, 0.0, 0.0
        for i in range(n):
            if degree[i] > 0:
                w[i] += step * p[i]
                r[i] -= step * q[i]
                fresh += r[i] * r[i] / degree[i]
                size += abs(r[i])
        turn = fresh / rho
        for i in range(n):
            if degree[i] > 0:
                p[i] = r[i] / degree[i] + turn * p[i]
        rho = fresh
        count += 1
    return count


@njit(nogil=True, cache=True, error_model="numpy")
def finish_kernel(degree, w, v, damping):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Scores from w: z = D w (nodes without arcs keep (1-d) v), negatives cut, sum 1."""
    x, total = np.empty(v.size), 0.0
    for i in range(v.size):
        z = degree[i] * w[i] if degree[i] > 0 else (1 - damping) * v[i]
        x[i] = max(z, 0.0)
        total += x[i]
    for i in range(v.size):
        x[i] /= total
    return x


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"}, error_model="numpy")
def sweep_kernel(indptr, indices, weight, out_weight, x, v, damping, y):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return ||F(x) - x||_1 with dangling mass sent to v; y is scratch."""
    lost, total = 0.0, 0.0
    for i in range(x.size):
        if out_weight[i] > 0:
            y[i] = x[i] / out_weight[i]
        else:
            y[i] = 0.0
            lost += x[i]
    back, moved = damping * lost + 1 - damping, np.empty(x.size)
    pull_kernel(indptr, indices, weight, y, moved)
    for i in range(x.size):
        total += abs(damping * moved[i] + back * v[i] - x[i])
    return total


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"}, error_model="numpy")
def power_kernel(indptr, indices, weight, out_weight, v, damping, goal, max_iterations):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Iterate x <- F(x) from v until ||F(x) - x||_1 <= goal or rounding stops it."""
    n = v.size
    x, fresh, y = v.copy(), np.empty(n), np.empty(n)
    best, idle, size, count = np.inf, 0, 0.0, 0
    while True:
        lost = 0.0
        for i in range(n):
            if out_weight[i] > 0:
                y[i] = x[i] / out_weight[i]
            else:
                y[i] = 0.0
                lost += x[i]
        back, size = damping * lost + 1 - damping, 0.0
        pull_kernel(indptr, indices, weight, y, fresh)
        for i in range(n):
            fresh[i] = damping * fresh[i] + back * v[i]
            size += abs(fresh[i] - x[i])
        if size < best:
            best, idle = size, 0
        else:
            idle += 1
        if size <= goal or count >= max_iterations or idle > 100:
            return x, size, count
        total = 0.0
        for i in range(n):
            total += fresh[i]
        for i in range(n):
            x[i] = fresh[i] / total
        count += 1
