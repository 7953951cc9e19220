"""One personalised PageRank of a directed graph, component by component in the direction of the walk.

With D the total weights of the nodes, 1 for those without out-arcs, z = D w solves

    D w = d A w + (1 - d) v,

and scores are z / sum(z). Nodes that are components by themselves follow from earlier ones by one
substitution. Inside a component rows are relaxed in place, one after the other (Gauss-Seidel). After
every sweep w is scaled so that what comes into the component equals what leaves or ends in it: errors
then decay as fast as differences do, not only like d^k. In large components differences of the last
sweeps are also combined to the smallest there is (reduced-rank extrapolation, see
:mod:`graphkit.ranking.fixed_point`).

Parting off the dead ends: Lee, C., Golub, G., Zenios, S. (2003). A fast two-stage algorithm for computing
PageRank and its extensions. Stanford SCCM-03-15.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.kernels import kernel
from graphkit.ranking.solver_kernels import backwards_kernel, eight_rows, gram_kernel, one_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.ranking.components import Components
    from graphkit.ranking.operator import WalkOperator

__all__ = ["downstream"]

_PLAIN = 4  # first sweeps of a large component, whose differences are too unlike to combine
_KEPT = 5  # differences combined; 9 took as many sweeps on trust, mail and citation networks
_MOVE = 2.0  # the residual behind a sweep is below half of what the sweep moved
_FEW_MOST = 200  # sweeps of a component that is not laid out for them
_ONE, _EIGHT = np.uint64(1), np.uint64(8)


def downstream(
    operator: WalkOperator,
    graph: Components,
    v: NDArray[np.float64],
    damping: float,
    goal: float,
    max_iterations: int,
) -> tuple[NDArray[np.float64], float, int]:
    """Solve until the certificate of the normalised scores holds, or rounding or slow components stop it.

    Parameters
    ----------
    operator : WalkOperator
    graph : Components
        Its components.
    v : ndarray of float64, shape (n,)
        Restart distribution, sum 1.
    damping : float
    goal : float
        Wanted bound of ||F(x) - x||_1.
    max_iterations : int
        Sweeps over one component.

    Returns
    -------
    (scores, residual, iterations)
    """
    arcs: Any = (operator.indptr.view(np.uint64), operator.indices, operator.weight if operator.weight.size else None)
    rows, inner = graph.rows, (operator.out_weight, graph.loop, graph.stay)
    parts: Any = (graph.start, graph.large, graph.head, graph.begin, graph.sweep, rows.start, rows.slots, rows.weight)
    found: tuple[NDArray[np.float64], float, int] = downstream_kernel(
        arcs, parts, inner, v, damping, goal, max_iterations
    )
    return found


@kernel(fastmath={"contract"}, error_model="numpy")
def downstream_kernel(arcs, parts, inner, v, damping, goal, most):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Pass after pass, each held against the whole operator."""
    (out_weight, loop, stay), start, n = inner, parts[0], v.size
    w, degree, first = np.zeros(n), np.empty(n), 0
    for i in range(n):
        degree[i] = out_weight[i] if out_weight[i] > 0 else 1.0
    while first < n - 1 and not v[first] > 0:
        first += 1
    begin, end = 0, start.size - 1
    while end - begin > 1:  # nobody comes to earlier components
        middle = (begin + end) // 2
        begin, end = (middle, end) if start[middle] <= first else (begin, middle)
    best, best_residual, count, aim = v, np.inf, 0, _MOVE * goal
    while True:
        count += pass_kernel(arcs, parts, (degree, loop, stay), v, begin, damping, aim, most - count, w)
        x, residual = passed_kernel(*arcs, degree, out_weight, v, start[begin], damping, w)  # type: ignore[call-arg]
        if not residual < best_residual:
            return best, best_residual, count  # no further progress possible
        best, best_residual = x, residual
        if residual <= goal or count >= most:
            return best, best_residual, count
        aim /= 4


@kernel(fastmath={"contract"}, error_model="numpy")
def pass_kernel(arcs, parts, inner, v, begin, damping, aim, most, w):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Pass all components from ``begin`` on; return the sweeps over the slowest."""
    start, large, head, row_begin, sweep, row_start, slots, weight = parts
    done, count, j = begin, 0, 0
    while j < large.size and large[j] < begin:
        j += 1
    for i in range(j, large.size + 1):
        k = large[i] if i < large.size else start.size - 1
        small_kernel(*arcs, start[done : k + 1], inner, v, damping, aim, w)  # type: ignore[call-arg]
        if i < large.size:
            a, b = start[k], start[k + 1]
            enter = enter_kernel(*arcs, a, b, v, damping, w)  # type: ignore[call-arg]
            own = sweep[a:b], inner[0][a:b], inner[1][a:b], inner[2][a:b]
            rows = head[i], row_start[row_begin[i] : row_begin[i + 1]], slots, weight
            count = max(count, large_kernel(*rows, *own, enter, damping, aim, most, w[a:b]))
        done = k + 1
    return count + 1


@kernel(fastmath={"contract"}, error_model="numpy")
def small_kernel(indptr, indices, weight, start, inner, v, damping, aim, w):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Solve components one after the other, row by row."""
    degree, loop, _ = inner
    for k in range(start.size - 1):
        i = np.uint64(start[k])
        if start[k + 1] > start[k] + 1:
            few_kernel(indptr, indices, weight, start[k], start[k + 1], inner, v, damping, aim, w)
            continue
        w[i] = 0.0  # its arc to itself is on the other side
        scale = 1.0 / (degree[i] - damping * loop[i])  # need not wait for the total as a quotient would
        base, rate = scale * (1 - damping) * v[i], scale * damping
        w[i] = base + rate * one_row(indices, weight, w, indptr[i], indptr[i + _ONE])


@kernel(fastmath={"contract"}, error_model="numpy")
def few_kernel(indptr, indices, weight, first, last, inner, v, damping, aim, w):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Sweep one component row by row until a sweep moves no more than ``aim`` of its mass."""
    degree, loop, stay = inner
    enter, come = enter_kernel(indptr, indices, weight, first, last, v, damping, w), 0.0
    for i in range(enter.size):
        come += enter[i]
    for _ in range(_FEW_MOST):
        moved, leave, mass = 0.0, 0.0, 0.0
        for i in range(first, last):
            old, w[i] = w[i], 0.0
            total = one_row(indices, weight, w, indptr[i], indptr[i + 1])
            scale = 1.0 / (degree[i] - damping * loop[i])
            w[i] = scale * ((1 - damping) * v[i] + damping * total)
            moved += degree[i] * abs(w[i] - old)
            mass += degree[i] * w[i]
            leave += (degree[i] - damping * stay[i]) * w[i]
        if leave > 0:
            for i in range(first, last):
                w[i] *= come / leave
        if moved <= aim * mass:
            break


@kernel(fastmath={"contract"}, error_model="numpy")
def enter_kernel(indptr, indices, weight, first, last, v, damping, w):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """What restarts in each of rows first..last-1 and what comes in from rows before them."""
    enter = np.empty(last - first)
    for i in range(first, last):
        end = indptr[i]
        while end < indptr[i + 1] and indices[end] < first:
            end += _ONE
        enter[i - first] = (1 - damping) * v[i] + damping * one_row(indices, weight, w, indptr[i], end)
    return enter


@kernel(fastmath={"contract"}, error_model="numpy")
def large_kernel(head, start, slots, weight, order, out, loop, stay, enter, damping, aim, most, w):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Sweep the rows of one component in their order until a sweep moves no more than ``aim`` of its mass; return how often."""
    n, come = order.size, 0.0
    degree, leave, rate, base, kept = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    y, parts = np.zeros(n + 1), np.empty((_KEPT, n))
    for i in range(n):
        k = np.uint64(order[i])
        scale = 1.0 / (out[k] - damping * loop[k])
        degree[i], leave[i], rate[i] = out[k], out[k] - damping * stay[k], damping * scale
        base[i], y[i] = scale * enter[k], w[k]
        come += enter[k]
    system = degree, leave, rate, base, come, aim
    # a number written into a call is a type of its own: the sweeps would be compiled for each
    once, ahead = np.int64(1), np.int64(_KEPT)
    count, moved = sweeps_kernel(head, start, slots, weight, system, min(_PLAIN, most), y, parts)
    while moved > aim and count < most:
        more, before = sweeps_kernel(head, start, slots, weight, system, ahead, y, parts)
        count += more
        if before <= aim:
            break
        for i in range(n):
            kept[i] = y[i]
        combine_kernel(degree, parts, y)
        _, moved = sweeps_kernel(head, start, slots, weight, system, once, y, parts)
        count += 1
        if not moved < before:  # the combination was none
            for i in range(n):
                y[i] = kept[i]
    for i in range(n):
        w[order[i]] = y[i]
    return count


@kernel(fastmath={"contract"}, error_model="numpy")
def combine_kernel(degree, parts, y):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Put the best combination of the sweeps whose differences of mass are the parts into y, nothing below 0."""
    taken = backwards_kernel(gram_kernel(parts, 0, degree.size))
    for i in range(degree.size):
        mass = degree[i] * y[i]
        for k in range(taken.size):
            mass -= taken[k] * parts[k, i]
        y[i] = max(mass, 0.0) / degree[i]


@kernel(fastmath={"contract"}, error_model="numpy", inline="always")
def _relax(i, total, leave, rate, base, y, before):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Renew a row and keep what it was; return what leaves it."""
    before[i] = y[i]
    y[i] = base[i] + rate[i] * total
    return leave[i] * y[i]


@kernel(fastmath={"contract"}, error_model="numpy")
def sweeps_kernel(head, start, slots, weight, system, most, y, parts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Sweep until no more than ``aim`` of the mass moves; how often, and the share that moved last. Its differences go into parts, in turn."""
    degree, leave, rate, base, come, aim = system
    count, moved = 0, np.inf
    while count < most and moved > aim:
        before, gone = parts[count % parts.shape[0]], 0.0
        for i in range(head):
            gone += _relax(i, one_row(slots, weight, y, start[i], start[i + _ONE]), leave, rate, base, y, before)
        i = head
        for k in range(head, np.uint64(start.size) - _ONE):
            a, b, c, d, e, f, g, h = eight_rows(slots, weight, y, start[k], start[k + _ONE])
            gone += _relax(i, a, leave, rate, base, y, before)
            gone += _relax(i + np.uint64(1), b, leave, rate, base, y, before)
            gone += _relax(i + np.uint64(2), c, leave, rate, base, y, before)
            gone += _relax(i + np.uint64(3), d, leave, rate, base, y, before)
            gone += _relax(i + np.uint64(4), e, leave, rate, base, y, before)
            gone += _relax(i + np.uint64(5), f, leave, rate, base, y, before)
            gone += _relax(i + np.uint64(6), g, leave, rate, base, y, before)
            gone += _relax(i + np.uint64(7), h, leave, rate, base, y, before)
            i += _EIGHT
        moved = scaled_kernel(come / gone if gone > 0 else 1.0, degree, y, before)
        count += 1
    return count, moved


@kernel(fastmath={"reassoc", "contract"}, error_model="numpy")
def scaled_kernel(factor, degree, y, before):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Scale y; put the mass it has gained into ``before``, which held the old y; return the share of the mass that moved."""
    moved, mass = 0.0, 0.0
    for i in range(degree.size):
        y[i] *= factor
        x = degree[i] * y[i]
        before[i] = x - degree[i] * before[i]
        moved += abs(before[i])
        mass += x
    return moved / mass if mass > 0 else 0.0


@kernel(fastmath={"contract"}, error_model="numpy")
def passed_kernel(indptr, indices, weight, degree, out_weight, v, first, damping, w):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Scores x = D w / sum and ||F(x) - x||_1, over all arcs into rows from ``first`` on; there is no mass before."""
    n, x = degree.size, np.empty(degree.size)
    total, back, residual = mass_kernel(degree, w, x), 0.0, 0.0
    for i in range(n):
        back += 0.0 if out_weight[i] > 0 else x[i]
    back, rate = damping * back + 1 - damping, damping / total
    for i in range(first, n):
        fresh = rate * one_row(indices, weight, w, indptr[i], indptr[i + 1]) + back * v[i]
        residual += abs(fresh - x[i])
    return x, residual


@kernel(fastmath={"reassoc", "contract"}, error_model="numpy")
def mass_kernel(degree, w, x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """X = D w / sum; return the sum."""
    total = 0.0
    # a loop of its own, that stores nothing: else arrays that lie near each other are summed in another order
    for i in range(degree.size):
        total += degree[i] * w[i]
    for i in range(degree.size):
        x[i] = degree[i] * w[i] / total
    return total
