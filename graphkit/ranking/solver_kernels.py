"""Compiled sweeps of the solvers of personalised PageRank (:mod:`graphkit.ranking.solvers`).

Kernels work on rows first..last-1, so that chunks can run side by side.
"""

import numpy as np
from numba import njit

__all__ = [
    "curve_kernel",
    "first_kernel",
    "move_kernel",
    "power_kernel",
    "pull_kernel",
    "relax_kernel",
    "scale_kernel",
    "share_kernel",
    "step_kernel",
    "turn_kernel",
]

_FAST = {"reassoc", "contract"}


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy", inline="always")
def _row(indptr, indices, weight, y, i):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Sum of y over the in-arcs of row i; no weights = all alike."""
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
    return (a + b) + (c + d)


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy", inline="always")
def _eight_rows(slots, slot_weight, y, start, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Sums of y over the in-arcs of the eight rows of a group."""
    a, b, c, d, e, f, g, h = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if slot_weight.size:
        for j in range(start, end, 8):
            a += slot_weight[j] * y[slots[j]]
            b += slot_weight[j + 1] * y[slots[j + 1]]
            c += slot_weight[j + 2] * y[slots[j + 2]]
            d += slot_weight[j + 3] * y[slots[j + 3]]
            e += slot_weight[j + 4] * y[slots[j + 4]]
            f += slot_weight[j + 5] * y[slots[j + 5]]
            g += slot_weight[j + 6] * y[slots[j + 6]]
            h += slot_weight[j + 7] * y[slots[j + 7]]
    else:
        for j in range(start, end, 8):
            a += y[slots[j]]
            b += y[slots[j + 1]]
            c += y[slots[j + 2]]
            d += y[slots[j + 3]]
            e += y[slots[j + 4]]
            f += y[slots[j + 5]]
            g += y[slots[j + 6]]
            h += y[slots[j + 7]]
    return a, b, c, d, e, f, g, h


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def pull_kernel(indptr, indices, weight, head, slot_start, slots, slot_weight, y, out, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """out[i] = sum of y over the in-arcs of row i; y has one entry more than rows, 0, for the empty slots."""
    for i in range(first, min(head, last)):
        out[i] = _row(indptr, indices, weight, y, i)
    for i in range(max(first, head), last, 8):
        group = (i - head) // 8
        a, b, c, d, e, f, g, h = _eight_rows(slots, slot_weight, y, slot_start[group], slot_start[group + 1])
        out[i], out[i + 1], out[i + 2], out[i + 3], out[i + 4], out[i + 5], out[i + 6], out[i + 7] = a, b, c, d, e, f, g, h


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def curve_kernel(q, p, scale, damping, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Q = (I - d S) p from the pulled sums in q; returns p q."""
    curvature = 0.0
    for i in range(first, last):
        q[i] = p[i] - damping * scale[i] * q[i]
        curvature += q[i] * p[i]
    return curvature


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def first_kernel(v, scale, root, damping, q, r, p, y, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
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
def step_kernel(t, r, p, q, root, step, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Walk along p; returns the new r r and the L1 size for z."""
    fresh, size = 0.0, 0.0
    for i in range(first, last):
        t[i] += step * p[i]
        r[i] -= step * q[i]
        fresh += r[i] * r[i]
        size += abs(r[i]) * root[i]
    return fresh, size


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def turn_kernel(p, r, y, scale, turn, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Next direction, and what the arcs will carry of it."""
    for i in range(first, last):
        p[i] = r[i] + turn * p[i]
        y[i] = scale[i] * p[i]
    return 0.0


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def relax_kernel(indptr, indices, weight, head, slot_start, slots, slot_weight, degree, share, restart, omega, goal, most, w):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Over-relax (D - d A) w = (1-d) v in place, group after group, until a sweep moves z by at most goal.

    ``degree`` is D, ``share`` d / D and ``restart`` (1-d) v / D, both 0 without arcs; w has one entry more than rows, 0. All eight
    rows of a group start from the same w.
    """
    count, moved, sums = 0, np.inf, np.empty(8)
    while moved > goal and count < most:
        far = np.zeros(8)
        for i in range(head):
            step = omega * (share[i] * _row(indptr, indices, weight, w, i) + restart[i] - w[i])
            w[i] += step
            far[0] += abs(step) * degree[i]
        for group in range(slot_start.size - 1):
            a, b, c, d, e, f, g, h = _eight_rows(slots, slot_weight, w, slot_start[group], slot_start[group + 1])
            sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7] = a, b, c, d, e, f, g, h
            i = head + 8 * group
            for k in range(8):
                step = omega * (share[i + k] * sums[k] + restart[i + k] - w[i + k])
                w[i + k] += step
                far[k] += abs(step) * degree[i + k]
        moved = far.sum()
        count += 1
    return count


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def share_kernel(x, out_weight, y, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
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
def move_kernel(q, v, x, damping, back, keep, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
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
def scale_kernel(x, total, out_weight, y, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """X / total in place, then as :func:`share_kernel`."""
    for i in range(first, last):
        x[i] /= total
    return share_kernel(x, out_weight, y, first, last)


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def power_kernel(indptr, indices, weight, head, slot_start, slots, slot_weight, out_weight, v, damping, goal, max_iterations, patience):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
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
