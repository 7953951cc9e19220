"""Conjugate gradients preconditioned by symmetric Gauss-Seidel, every arc once an iteration.

The system of a symmetric graph is (D - d A) w = b with A = L + U + E: arcs from earlier groups of
rows, from later ones, and inside a group (:mod:`graphkit.ranking.layout`). With K = D - d U the
preconditioner K D^-1 K^T has a product with the system that takes one substitution forward and one
backward (Eisenstat's trick): for t = K^-T D p

    K^-1 (D - d A) t = t + s,    K s = D (p - t) - d E t,

so an iteration costs one pass over the arcs, like one step of plain conjugate gradients, and at
d = .85 gains .2-.3 where those gain .56. All vectors are of the kind of w (mass over weight), which
arcs carry unscaled; products are weighted by D.

Eisenstat, S. C. (1981). Efficient implementation of a class of preconditioned conjugate gradient
methods. https://doi.org/10.1137/0902001
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.kernels import kernel
from graphkit.ranking.solver_kernels import eight_rows, one_row, pull_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.ranking.layout import Halves

__all__ = ["certified"]

_ONE, _EIGHT = np.uint64(1), np.uint64(8)


def certified(
    halves: Halves,
    degree: NDArray[np.float64],
    v: NDArray[np.float64],
    damping: float,
    goal: float,
    max_iterations: int,
) -> tuple[NDArray[np.float64], float, int]:
    """Solve until the certificate of the normalised scores holds, or rounding stops it.

    Parameters
    ----------
    halves : Halves
    degree : ndarray of float64, shape (n,)
        Total weights D; 0 for nodes without arcs.
    v : ndarray of float64, shape (n,)
        Restart distribution, sum 1.
    damping : float
    goal : float
        Wanted bound of ||F(x) - x||_1.
    max_iterations : int

    Returns
    -------
    (scores, residual, iterations)
    """
    low, up = halves.low, halves.up
    arcs: Any = (low.head, low.start, low.slots, low.weight, up.start, up.slots, up.weight)
    inner = (halves.inner_row, halves.inner_source, halves.inner_weight)
    found: tuple[NDArray[np.float64], float, int] = certified_kernel(
        arcs, inner, degree, v, damping, goal, max_iterations
    )
    return found


@kernel(fastmath={"contract"}, error_model="numpy")
def certified_kernel(arcs, inner, degree, v, damping, goal, most):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Conjugate gradients, the certificate, and on from what is left of the right side when it does not hold."""
    n = degree.size
    w, share, left, best = np.zeros(n + 1), np.zeros(n), np.zeros(n), v.copy()
    alone = 0.0  # restarts at nodes without arcs, which end there
    for i in range(n):
        if degree[i] > 0:
            share[i] = damping / degree[i]
            left[i] = (1 - damping) * v[i] / degree[i]
        else:
            alone += v[i]
    count, best_residual, aim = 0, np.inf, goal * (1 - damping * alone)  # of scores that do not sum to 1 yet
    while True:
        count += conjugate_kernel(*arcs, *inner, degree, share, left, w, aim, most - count)  # type: ignore[call-arg]
        x, residual = checked_kernel(arcs, inner, degree, v, damping, share, w, left)
        if not residual < best_residual:
            return best, best_residual, count  # rounding: no further progress possible
        best, best_residual = x, residual
        if residual <= goal or count >= most:
            return best, best_residual, count
        aim /= 4


@kernel(fastmath={"reassoc", "contract"}, error_model="numpy")
def checked_kernel(arcs, inner, degree, v, damping, share, w, left):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Cut negatives of w; return x = D w / sum and ||F(x) - x||_1, and put what is left of the right side, over D, into left."""
    n = degree.size
    head, low_start, low, low_weight, up_start, up, up_weight = arcs
    x, q, total, lost = np.empty(n), np.empty(n), 0.0, 0.0
    for i in range(n):
        w[i] = max(w[i], 0.0)
        x[i] = degree[i] * w[i] if degree[i] > 0 else (1 - damping) * v[i]
        total += x[i]
        lost += 0.0 if degree[i] > 0 else x[i]
    pull_kernel(head, low_start, low, low_weight, w, q, 0, n)
    pull_kernel(head, up_start, up, up_weight, w, left, 0, n)
    for j in range(inner[0].size):
        q[inner[0][j]] += inner[2][j] * w[inner[1][j]]
    back, rate, residual = damping * lost / total + 1 - damping, damping / total, 0.0
    for i in range(n):
        q[i] += left[i]
        x[i] /= total
        residual += abs(rate * q[i] + back * v[i] - x[i])
        left[i] = (1 - damping) * v[i] / degree[i] + share[i] * q[i] - w[i] if degree[i] > 0 else 0.0
    return x, residual


@kernel(fastmath={"contract"}, error_model="numpy")
def conjugate_kernel(
    head: Any,
    low_start: Any,
    low: Any,
    low_weight: Any,
    up_start: Any,
    up: Any,
    up_weight: Any,
    inner_row: Any,
    inner_source: Any,
    inner_weight: Any,
    degree: Any,
    share: Any,
    r: Any,
    w: Any,
    goal: Any,
    most: Any,
) -> Any:
    """Conjugate gradients from 0; r holds the right side over D, w takes the answer."""
    n = degree.size
    p, t, s = np.zeros(n), np.zeros(n + 1), np.zeros(n + 1)
    for i in range(n):  # assigning slices would compile NumPy's broadcasting, a quarter of all the time
        s[i] = r[i]
    backward_kernel(head, up_start, up, up_weight, share, degree, p, t, s)
    for i in range(n):
        r[i] = s[i]
    rho, size = step_kernel(0.0, degree, t, s, w, r)
    turn, count = 0.0, 0
    while size > goal and count < most:
        forward_kernel(head, low_start, low, low_weight, share, turn, r, p, t, s)
        for j in range(inner_row.size):
            s[inner_row[j]] -= share[inner_row[j]] * inner_weight[j] * t[inner_source[j]]
        curvature = backward_kernel(head, up_start, up, up_weight, share, degree, p, t, s)
        if not curvature > 0:
            break
        fresh, size = step_kernel(rho / curvature, degree, t, s, w, r)
        turn, rho = fresh / rho, fresh
        count += 1
    return count


@kernel(fastmath={"contract"}, error_model="numpy", inline="always")
def _forward(i, total, share, turn, r, p, t, s):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Next direction p of a row, its t and p - t."""
    p[i] = r[i] + turn * p[i]
    carried = share[i] * total
    t[i] = p[i] + carried
    s[i] = -carried


@kernel(fastmath={"contract"}, error_model="numpy")
def forward_kernel(head, start, slots, weight, share, turn, r, p, t, s):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """P = r + turn p, K^T t = D p from the first row to the last, s = p - t."""
    for i in range(head):
        _forward(i, one_row(slots, weight, t, start[i], start[i + _ONE]), share, turn, r, p, t, s)
    i = head
    for k in range(head, np.uint64(start.size) - _ONE):
        a, b, c, d, e, f, g, h = eight_rows(slots, weight, t, start[k], start[k + _ONE])
        _forward(i, a, share, turn, r, p, t, s)
        _forward(i + np.uint64(1), b, share, turn, r, p, t, s)
        _forward(i + np.uint64(2), c, share, turn, r, p, t, s)
        _forward(i + np.uint64(3), d, share, turn, r, p, t, s)
        _forward(i + np.uint64(4), e, share, turn, r, p, t, s)
        _forward(i + np.uint64(5), f, share, turn, r, p, t, s)
        _forward(i + np.uint64(6), g, share, turn, r, p, t, s)
        _forward(i + np.uint64(7), h, share, turn, r, p, t, s)
        i += _EIGHT


@kernel(fastmath={"contract"}, error_model="numpy", inline="always")
def _backward(i, total, share, degree, p, t, s):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Solve for s of a row; return its part of the curvature."""
    s[i] += share[i] * total
    return degree[i] * p[i] * (t[i] + s[i])


@kernel(fastmath={"contract"}, error_model="numpy")
def backward_kernel(head, start, slots, weight, share, degree, p, t, s):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """K s = D s from the last row to the first, in place; return p D (t + s)."""
    c0, c1, c2, c3, c4, c5, c6, c7 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    k = np.uint64(start.size) - _ONE
    i = head + _EIGHT * (k - head)
    while k > head:
        k -= _ONE
        i -= _EIGHT
        a, b, c, d, e, f, g, h = eight_rows(slots, weight, s, start[k], start[k + _ONE])
        c0 += _backward(i, a, share, degree, p, t, s)
        c1 += _backward(i + np.uint64(1), b, share, degree, p, t, s)
        c2 += _backward(i + np.uint64(2), c, share, degree, p, t, s)
        c3 += _backward(i + np.uint64(3), d, share, degree, p, t, s)
        c4 += _backward(i + np.uint64(4), e, share, degree, p, t, s)
        c5 += _backward(i + np.uint64(5), f, share, degree, p, t, s)
        c6 += _backward(i + np.uint64(6), g, share, degree, p, t, s)
        c7 += _backward(i + np.uint64(7), h, share, degree, p, t, s)
    while k > np.uint64(0):
        k -= _ONE
        c0 += _backward(k, one_row(slots, weight, s, start[k], start[k + _ONE]), share, degree, p, t, s)
    return ((c0 + c1) + (c2 + c3)) + ((c4 + c5) + (c6 + c7))


@kernel(fastmath={"reassoc", "contract"}, error_model="numpy")
def step_kernel(step, degree, t, s, w, r):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Walk along t; return the new r D r and the L1 size of D r."""
    rho, size = 0.0, 0.0
    for i in range(degree.size):
        w[i] += step * t[i]
        rest = r[i] - step * (t[i] + s[i])
        r[i] = rest
        mass = degree[i] * rest
        rho += mass * rest
        size += abs(mass)
    return rho, size
