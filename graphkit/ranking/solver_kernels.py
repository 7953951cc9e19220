"""Compiled sweeps of the solvers of personalised PageRank (:mod:`graphkit.ranking.solvers`).

Kernels work on rows first..last-1, so that chunks can run side by side.
"""

import numpy as np

from graphkit.kernels import kernel

__all__ = [
    "backwards_kernel",
    "curve_kernel",
    "eight_rows",
    "first_kernel",
    "gram_kernel",
    "mix_kernel",
    "move_kernel",
    "one_row",
    "part_kernel",
    "pull_kernel",
    "scale_kernel",
    "share_kernel",
    "step_kernel",
    "turn_kernel",
]

_RIDGE = 1e-13  # differences of small graphs depend on each other
_FAST = {"reassoc", "contract"}
# Beside a signed number an unsigned index would become a float.
_1, _2, _3, _4, _5, _6, _7, _8 = (np.uint64(i) for i in range(1, 9))


@kernel(fastmath={"contract"}, error_model="numpy", inline="always")
def one_row(slots, weight, y, j, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Sum of y over the arcs j..end-1 of one row; weight None = all alike, and compiled apart: asking per group cost a third of a sweep."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    if j + _1 == end:  # the next row may wait for this one, and adding up nothing for it
        return y[slots[j]] if weight is None else weight[j] * y[slots[j]]
    if weight is not None:
        while j + _4 <= end:
            a += weight[j] * y[slots[j]]
            b += weight[j + _1] * y[slots[j + _1]]
            c += weight[j + _2] * y[slots[j + _2]]
            d += weight[j + _3] * y[slots[j + _3]]
            j += _4
        while j < end:
            a += weight[j] * y[slots[j]]
            j += _1
    else:
        while j + _4 <= end:
            a += y[slots[j]]
            b += y[slots[j + _1]]
            c += y[slots[j + _2]]
            d += y[slots[j + _3]]
            j += _4
        while j < end:
            a += y[slots[j]]
            j += _1
    return (a + b) + (c + d)


@kernel(fastmath={"contract"}, error_model="numpy", inline="always")
def eight_rows(slots, weight, y, start, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Sums of y over the arcs of the eight rows of a group."""
    a, b, c, d, e, f, g, h = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if weight is not None:
        for j in range(start, end, _8):
            a += weight[j] * y[slots[j]]
            b += weight[j + _1] * y[slots[j + _1]]
            c += weight[j + _2] * y[slots[j + _2]]
            d += weight[j + _3] * y[slots[j + _3]]
            e += weight[j + _4] * y[slots[j + _4]]
            f += weight[j + _5] * y[slots[j + _5]]
            g += weight[j + _6] * y[slots[j + _6]]
            h += weight[j + _7] * y[slots[j + _7]]
    else:
        for j in range(start, end, _8):
            a += y[slots[j]]
            b += y[slots[j + _1]]
            c += y[slots[j + _2]]
            d += y[slots[j + _3]]
            e += y[slots[j + _4]]
            f += y[slots[j + _5]]
            g += y[slots[j + _6]]
            h += y[slots[j + _7]]
    return a, b, c, d, e, f, g, h


@kernel(fastmath={"contract"}, error_model="numpy")
def pull_kernel(head, start, slots, weight, y, out, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """out[i] = sum of y over the in-arcs of rows first..last-1; y has one entry more than rows, 0, for the empty slots."""
    alone = np.int64(head)
    for i in range(first, min(alone, last)):
        out[i] = one_row(slots, weight, y, start[i], start[i + 1])
    for i in range(max(first, alone), last, 8):
        k = alone + (i - alone) // 8
        a, b, c, d, e, f, g, h = eight_rows(slots, weight, y, start[k], start[k + 1])
        out[i], out[i + 1], out[i + 2], out[i + 3], out[i + 4], out[i + 5], out[i + 6], out[i + 7] = (
            a,
            b,
            c,
            d,
            e,
            f,
            g,
            h,
        )


@kernel(fastmath=_FAST, error_model="numpy")
def curve_kernel(q, p, scale, damping, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Q = (I - d S) p from the pulled sums in q; returns p q."""
    curvature = 0.0
    for i in range(first, last):
        q[i] = p[i] - damping * scale[i] * q[i]
        curvature += q[i] * p[i]
    return curvature


@kernel(fastmath=_FAST, error_model="numpy")
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


@kernel(fastmath=_FAST, error_model="numpy")
def step_kernel(t, r, p, q, root, step, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Walk along p; returns the new r r and the L1 size for z."""
    fresh, size = 0.0, 0.0
    for i in range(first, last):
        t[i] += step * p[i]
        r[i] -= step * q[i]
        fresh += r[i] * r[i]
        size += abs(r[i]) * root[i]
    return fresh, size


@kernel(fastmath=_FAST, error_model="numpy")
def turn_kernel(p, r, y, scale, turn, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Next direction, and what the arcs will carry of it."""
    for i in range(first, last):
        p[i] = r[i] + turn * p[i]
        y[i] = scale[i] * p[i]
    return 0.0


@kernel(fastmath=_FAST, error_model="numpy")
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


@kernel(fastmath=_FAST, error_model="numpy")
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


@kernel(fastmath=_FAST, error_model="numpy")
def scale_kernel(x, total, out_weight, y, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """X / total in place, then as :func:`share_kernel`."""
    for i in range(first, last):
        x[i] /= total
    return share_kernel(x, out_weight, y, first, last)


@kernel(fastmath=_FAST, error_model="numpy")
def part_kernel(q, x, total, part, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Part = q / total - x."""
    for i in range(first, last):
        part[i] = q[i] / total - x[i]
    return 0.0


@kernel(fastmath=_FAST, error_model="numpy")
def gram_kernel(parts, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Inner products of all pairs of rows."""
    found = np.zeros((parts.shape[0], parts.shape[0]))
    for start in range(first, last, 1024):  # which stay near while all pairs pass
        end = min(start + 1024, last)
        for k in range(parts.shape[0]):
            one = parts[k, start:end]  # a plain row: indices of two dimensions are not vectorised
            for j in range(k + 1):
                other, total = parts[j, start:end], 0.0
                for i in range(one.size):
                    total += one[i] * other[i]
                found[k, j] += total
    for k in range(parts.shape[0]):
        for j in range(k):
            found[j, k] = found[k, j]
    return found


@kernel(error_model="numpy")
def backwards_kernel(products):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """How much of each difference D to take back from the newest step, from their inner products: sum_k g_k F(x_k) = F(x_m) - sum_k c_k D_k.

    The weights g, sum 1, make sum_k g_k D_k smallest: they solve products g = a constant.
    """
    count = products.shape[0]
    a, g, length = np.empty((count, count)), np.empty(count), np.empty(count)
    for k in range(count):
        length[k] = np.sqrt(products[k, k])
        if not length[k] > 0:
            return np.zeros(count)
    for k in range(count):
        g[k] = 1.0 / length[k]
        for j in range(count):
            a[k, j] = products[k, j] / (length[k] * length[j]) + (_RIDGE if j == k else 0.0)
    for k in range(count):  # elimination; positive definite, so the pivots stand on the diagonal
        for j in range(k + 1, count):
            part = a[j, k] / a[k, k]
            for i in range(k, count):
                a[j, i] -= part * a[k, i]
            g[j] -= part * g[k]
    total = 0.0
    for k in range(count - 1, -1, -1):
        for j in range(k + 1, count):
            g[k] -= a[k, j] * g[j]
        g[k] /= a[k, k]
        total += g[k] / length[k]
    taken, given = np.zeros(count), 0.0
    if np.isfinite(total) and total != 0:
        for k in range(1, count):  # the k-th F(x) lacks all later differences
            given += g[k - 1] / length[k - 1] / total
            taken[k] = given
    return taken


@kernel(fastmath=_FAST, error_model="numpy")
def mix_kernel(x, parts, taken, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Take the parts back from x in place, nothing below 0; returns the sum."""
    total = 0.0
    for i in range(first, last):
        value = x[i]
        for k in range(taken.size):
            value -= taken[k] * parts[k, i]
        x[i] = max(value, 0.0)
        total += x[i]
    return total
