"""Solvers of the restart equation for one restart distribution.

With zero rows for dangling nodes the unnormalised answer is z = (1-d) v (I - dP)^-1 and the
scores are x = z / sum(z); that equals sending dangling mass back to v. With D the total weights
of the nodes and z = D w a symmetric graph gives the symmetric positive definite system

    (D - d A) w = (1 - d) v.

Small ones are solved by successive over-relaxation: in place, one array, about .45 a sweep at
d = .85 where conjugate gradients reach .56; large ones by conjugate gradients, whose sweeps run on
threads. Other graphs take the fixed point x <- F(x) from x = v, whose signed differences shrink at
least by d a step and usually faster.

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
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from graphkit.ranking.operator import WalkOperator

__all__ = ["MOVE", "over_relaxation", "residual_of", "solve"]

_CHECK_AT = 0.5  # ask for the certificate once the running estimate is this share of the tolerance
MOVE = 16.0  # the residual behind an over-relaxed sweep is far below what the sweep moved
_PATIENCE = 100  # steps without a new best before rounding is blamed
_ARCS_A_CHUNK = 500_000


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
    with _chunks(operator) as each:
        if operator.symmetric:
            return _symmetric(operator, v, damping, tolerance * (1 - damping), max_iterations, each)
        return _power(operator, v, damping, tolerance * (1 - damping), max_iterations, each)


def residual_of(operator: WalkOperator, x: NDArray[np.float64], v: NDArray[np.float64], damping: float) -> float:
    """Return ||F(x) - x||_1 with dangling mass sent to v, both in the operator's order."""
    with _chunks(operator) as each:
        return _residual(operator, x, v, damping, each)


if TYPE_CHECKING:
    Each = Callable[[Any], NDArray[np.float64]]


@contextmanager
def _chunks(operator: WalkOperator) -> Iterator[Each]:
    """Give a caller of ``task(first_row, last_row)`` on all chunks, in order; rows of a group stay together."""
    count = max(1, operator.indices.size // _ARCS_A_CHUNK)
    wish = operator.indices.size * np.arange(1, count) // count
    cut = np.searchsorted(operator.indptr, wish)
    cut = np.where(cut > operator.head, operator.head + (cut - operator.head) // 4 * 4, cut)
    edges = np.concatenate(([0], cut, [operator.n_nodes])).tolist()
    spans = [(first, last) for first, last in itertools.pairwise(edges) if last > first or count == 1]
    workers = min(len(spans), os.cpu_count() or 1)
    if workers == 1:
        yield lambda task: np.array([task(*span) for span in spans])
    else:
        with ThreadPoolExecutor(workers) as pool:
            yield lambda task: np.array(list(pool.map(lambda span: task(*span), spans)))


def _pull_arrays(operator: WalkOperator) -> Any:
    """Arrays of the pull sweep, in the order of its arguments."""
    return (
        operator.indptr,
        operator.indices,
        operator.weight,
        operator.head,
        operator.slot_start,
        operator.slots,
        operator.slot_weight,
    )


def _residual(operator: WalkOperator, x: NDArray[np.float64], v: NDArray[np.float64], damping: float, each: Each) -> float:
    y, q, pull = np.zeros(x.size + 1), np.empty(x.size), _pull_arrays(operator)
    lost = each(lambda a, b: share_kernel(x, operator.out_weight, y, a, b)).sum()
    back = damping * lost + 1 - damping

    def part(a: int, b: int) -> float:
        pull_kernel(*pull, y, q, a, b)  # type: ignore[call-arg]
        return float(move_kernel(q, v, x, damping, back, False, a, b)[0])

    return float(each(part).sum())


def _symmetric(
    operator: WalkOperator, v: NDArray[np.float64], damping: float, goal: float, max_iterations: int, each: Each
) -> tuple[NDArray[np.float64], float, int]:
    """Over-relaxation, or conjugate gradients in chunks, until the certificate holds; tighter when it does not."""
    degree, large = operator.out_weight, operator.indices.size >= 2 * _ARCS_A_CHUNK
    inverse = np.divide(1.0, degree, out=np.zeros(v.size), where=degree > 0)
    w, aim, iterations, best, best_residual = np.zeros(v.size + 1), goal * (_CHECK_AT if large else MOVE), 0, v, np.inf
    while True:
        left = max_iterations - iterations
        if large:
            iterations += _conjugate_chunks(_pull_arrays(operator), degree, v, damping, aim, left, w, each)
        else:
            restart, omega = (1 - damping) * v * inverse, over_relaxation(damping)
            iterations += relax_kernel(*_pull_arrays(operator), *operator.inner, degree, inverse, restart, damping, omega, aim, left, w)  # type: ignore[call-arg]
        x = np.where(degree > 0, np.maximum(degree * w[:-1], 0.0), (1 - damping) * v)
        x /= x.sum()
        residual = _residual(operator, x, v, damping, each)
        if residual >= best_residual:
            return best, best_residual, iterations  # rounding: no further progress possible
        best, best_residual = x, residual
        if residual <= goal or iterations >= max_iterations:
            return best, best_residual, iterations
        aim /= 4


def over_relaxation(damping: float) -> float:
    """Young's optimum for a spectrum in [-d, d], a little higher: few graphs are bipartite."""
    return 1.03 * 2 / (1 + math.sqrt(1 - damping * damping))


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
    operator: WalkOperator, v: NDArray[np.float64], damping: float, goal: float, max_iterations: int, each: Each
) -> tuple[NDArray[np.float64], float, int]:
    """Iterate x <- F(x) from v until ||F(x) - x||_1 <= goal or rounding stops it."""
    pull = _pull_arrays(operator)
    if operator.indices.size < 2 * _ARCS_A_CHUNK:
        found: tuple[NDArray[np.float64], float, int] = power_kernel(*pull, operator.out_weight, v, damping, goal, max_iterations, _PATIENCE)  # type: ignore[call-arg]
        return found
    x, q, y = v.copy(), np.empty(v.size), np.zeros(v.size + 1)
    best, idle, count = np.inf, 0, 0
    lost = each(lambda a, b: share_kernel(x, operator.out_weight, y, a, b)).sum()
    while True:
        size, total = each(partial(_step, pull, y, q, v, x, damping, damping * lost + 1 - damping)).sum(axis=0)
        best, idle = (size, 0) if size < best else (best, idle + 1)
        if size <= goal or count >= max_iterations or idle > _PATIENCE:
            return x, float(size), count
        x, q = q, x
        lost = each(lambda a, b, x=x, total=total: scale_kernel(x, total, operator.out_weight, y, a, b)).sum()
        count += 1


def _step(pull: Any, y: Any, q: Any, v: Any, x: Any, damping: float, back: float, first: int, last: int) -> Any:
    """One chunk of q = F(x)."""
    pull_kernel(*pull, y, q, first, last)  # type: ignore[call-arg]
    return move_kernel(q, v, x, damping, back, True, first, last)


# Kernels work on rows first..last-1, so that chunks can run side by side.
_FAST = {"reassoc", "contract"}


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def pull_kernel(indptr, indices, weight, head, slot_start, slots, slot_weight, y, out, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """out[i] = sum of y over the in-arcs of row i; y has one entry more than rows, 0, for the empty slots."""
    for i in range(first, min(head, last)):
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        j, end = indptr[i], indptr[i + 1]
        if weight.size:
            while j + 4 <= end:
                a += weight[j] * y[indices[j]]
                b += weight[j + 1] * y[indices[j + 1]]
                c += weight[j + 2] * y[indices[j + 2]]
                d += weight[j + 3] * y[indices[j + 3]]
                j += 4
        else:
            while j + 4 <= end:
                a += y[indices[j]]
                b += y[indices[j + 1]]
                c += y[indices[j + 2]]
                d += y[indices[j + 3]]
                j += 4
        while j < end:
            a += (weight[j] if weight.size else 1.0) * y[indices[j]]
            j += 1
        out[i] = (a + b) + (c + d)
    for i in range(max(first, head), last, 4):
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        group = (i - head) // 4
        if weight.size:
            for j in range(slot_start[group], slot_start[group + 1], 4):
                a += slot_weight[j] * y[slots[j]]
                b += slot_weight[j + 1] * y[slots[j + 1]]
                c += slot_weight[j + 2] * y[slots[j + 2]]
                d += slot_weight[j + 3] * y[slots[j + 3]]
        else:
            for j in range(slot_start[group], slot_start[group + 1], 4):
                a += y[slots[j]]
                b += y[slots[j + 1]]
                c += y[slots[j + 2]]
                d += y[slots[j + 3]]
        out[i], out[i + 1], out[i + 2], out[i + 3] = a, b, c, d


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def curve_kernel(q, p, scale, damping, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Q = (I - d S) p from the pulled sums in q; returns p q."""
    curvature = 0.0
    for i in range(first, last):
        q[i] = p[i] - damping * scale[i] * q[i]
        curvature += q[i] * p[i]
    return curvature


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def first_kernel(v, scale, root, damping, q, r, p, y, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Residual r of the start whose product is in q, first direction p; returns r r and the L1 size for z."""
    rho, size = 0.0, 0.0
    for i in range(first, last):
        r[i] = (1 - damping) * v[i] * scale[i] - q[i] if scale[i] > 0 else 0.0
        p[i] = r[i]
        y[i] = scale[i] * r[i]
        rho += r[i] * r[i]
        size += abs(r[i]) * root[i]
    return rho, size


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def step_kernel(t, r, p, q, root, step, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Walk along p; returns the new r r and the L1 size for z."""
    fresh, size = 0.0, 0.0
    for i in range(first, last):
        t[i] += step * p[i]
        r[i] -= step * q[i]
        fresh += r[i] * r[i]
        size += abs(r[i]) * root[i]
    return fresh, size


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def turn_kernel(p, r, y, scale, turn, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Next direction, and what the arcs will carry of it."""
    for i in range(first, last):
        p[i] = r[i] + turn * p[i]
        y[i] = scale[i] * p[i]
    return 0.0


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def relax_kernel(indptr, indices, weight, head, slot_start, slots, slot_weight, inner_row, inner, degree, inverse, restart, damping, omega, goal, most, w):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Over-relax (D - d A) w = (1-d) v in place, row after row, until a sweep moves z by at most goal.

    ``degree`` is D, ``inverse`` 1 / D (0 without arcs), ``restart`` (1-d) v / D; w has one entry more than rows, 0.
    """
    count, moved = 0, np.inf
    while moved > goal and count < most:
        moved = 0.0
        for i in range(head):
            if inverse[i] > 0:
                a = 0.0
                for j in range(indptr[i], indptr[i + 1]):
                    a += (weight[j] if weight.size else 1.0) * w[indices[j]]
                step = omega * (damping * inverse[i] * a + restart[i] - w[i])
                w[i] += step
                moved += abs(step) * degree[i]
        for group in range(slot_start.size - 1):
            a, b, c, d = 0.0, 0.0, 0.0, 0.0
            if weight.size:
                for j in range(slot_start[group], slot_start[group + 1], 4):
                    a += slot_weight[j] * w[slots[j]]
                    b += slot_weight[j + 1] * w[slots[j + 1]]
                    c += slot_weight[j + 2] * w[slots[j + 2]]
                    d += slot_weight[j + 3] * w[slots[j + 3]]
            else:
                for j in range(slot_start[group], slot_start[group + 1], 4):
                    a += w[slots[j]]
                    b += w[slots[j + 1]]
                    c += w[slots[j + 2]]
                    d += w[slots[j + 3]]
            # the four sums were taken before any of the four rows moved: hand each step on to the later ones
            i, k = head + 4 * group, inner_row[group]
            a = omega * (damping * inverse[i] * a + restart[i] - w[i])
            b = omega * (damping * inverse[i + 1] * (b + inner[k, 0] * a) + restart[i + 1] - w[i + 1])
            c = omega * (damping * inverse[i + 2] * (c + inner[k, 1] * a + inner[k, 2] * b) + restart[i + 2] - w[i + 2])
            d = omega * (damping * inverse[i + 3] * (d + inner[k, 3] * a + inner[k, 4] * b + inner[k, 5] * c) + restart[i + 3] - w[i + 3])
            w[i] += a
            w[i + 1] += b
            w[i + 2] += c
            w[i + 3] += d
            moved += (abs(a) * degree[i] + abs(b) * degree[i + 1]) + (abs(c) * degree[i + 2] + abs(d) * degree[i + 3])
        count += 1
    return count


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def share_kernel(x, out_weight, y, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Y = x / out_weight; returns the mass on dangling nodes."""
    lost = 0.0
    for i in range(first, last):
        if out_weight[i] > 0:
            y[i] = x[i] / out_weight[i]
        else:
            y[i] = 0.0
            lost += x[i]
    return lost


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def move_kernel(q, v, x, damping, back, keep, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """F(x) from the pulled sums in q, stored there if ``keep``; returns ||F(x) - x||_1 and the mass of F(x)."""
    size, total = 0.0, 0.0
    for i in range(first, last):
        fresh = damping * q[i] + back * v[i]
        size += abs(fresh - x[i])
        total += fresh
        if keep:
            q[i] = fresh
    return size, total


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def scale_kernel(x, total, out_weight, y, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """X / total in place, then as :func:`share_kernel`."""
    for i in range(first, last):
        x[i] /= total
    return share_kernel(x, out_weight, y, first, last)


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def power_kernel(indptr, indices, weight, head, slot_start, slots, slot_weight, out_weight, v, damping, goal, max_iterations, patience):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Iterate x <- F(x) from v until ||F(x) - x||_1 <= goal or rounding stops it."""
    n = v.size
    x, q, y = v.copy(), np.empty(n), np.zeros(n + 1)
    best, idle, count = np.inf, 0, 0
    lost = share_kernel(x, out_weight, y, 0, n)
    while True:
        pull_kernel(indptr, indices, weight, head, slot_start, slots, slot_weight, y, q, 0, n)
        size, total = move_kernel(q, v, x, damping, damping * lost + 1 - damping, True, 0, n)
        if size < best:
            best, idle = size, 0
        else:
            idle += 1
        if size <= goal or count >= max_iterations or idle > patience:
            return x, size, count
        x, q = q, x
        lost = scale_kernel(x, total, out_weight, y, 0, n)
        count += 1
