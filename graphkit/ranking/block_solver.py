"""One block of sources: 16 columns of a personalised PageRank, to the goal in float32 or polished in float64."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.kernels import kernel
from graphkit.ranking.lanes import LANES, aligned_rows, relax_row, sum_rows, sum_weighted_rows
from graphkit.ranking.solvers import most_sweeps, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.ranking.operator import WalkOperator

__all__ = ["solve_block"]

_ROUNDING = 1e-7  # residuals that float32 columns cannot get below
_MOVE = 4.0  # the residual behind an over-relaxed sweep is below what the sweep moved; 16 was too early as often as not, and each check costs a sweep
_SWEEPS = 200  # of a block of a directed graph, after which extrapolation column by column is faster
_SLOW = 1e-5  # residual behind them from which float64 columns would not get far either
_PATIENCE = 5  # sweeps without progress before rounding is blamed


def solve_block(
    operator: WalkOperator, degree: NDArray[np.float64], seats: NDArray[np.int64], damping: float, goal: float
) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]:
    """Columns w of one block, the residual of each as scores, and what w degree must be multiplied by."""
    arcs: Any = (operator.indptr, operator.indices)
    omega = _over_relaxation(damping) if operator.symmetric else 1.0
    lost, w = operator.out_weight <= 0, aligned_rows(operator.n_nodes, np.float32)
    most = most_sweeps(damping, goal) if operator.symmetric else _SWEEPS
    for dtype, floor in ((np.float32, _ROUNDING), (np.float64, 0.0)):
        if dtype is np.float64:
            w = _float64(w)
        elif 1.0 / degree.min() > np.finfo(dtype).max:
            continue  # nodes too light for it
        weight, inverse, before, done = operator.weight.astype(dtype), (1.0 / degree).astype(dtype), np.inf, 0
        aim = max(goal, floor) * (_MOVE if operator.symmetric else 2.0)
        while True:
            options = dtype(damping), dtype(omega), not operator.symmetric, aim, most - done, _PATIENCE
            done += relax_kernel(*arcs, weight, degree, inverse, lost, seats, *options, w, np.zeros(LANES, dtype))  # type: ignore[call-arg]
            found, scale = check_kernel(*arcs, operator.weight, degree, lost, seats, damping, w, np.zeros(LANES))  # type: ignore[call-arg]
            worst = found.max()
            if worst <= goal:
                return w, found, scale
            if worst > before / 2 or done >= most:
                break  # rounding, or a slow graph
            before, aim = worst, aim / 4
        if worst > _SLOW and not operator.symmetric:
            w = _float64(w)
            break
    _one_by_one(operator, degree, seats, damping, goal, w, found, scale)
    return w, found, scale


def _one_by_one(
    operator: WalkOperator,
    degree: NDArray[np.float64],
    seats: NDArray[np.int64],
    damping: float,
    goal: float,
    w: NDArray[Any],
    found: NDArray[np.float64],
    scale: NDArray[np.float64],
) -> None:
    """Go on with the columns that miss the goal, damping near 1 for the most part, each by itself."""
    for lane in np.flatnonzero((seats >= 0) & ~(found <= goal)).tolist():  # a residual may be NaN
        v = np.zeros(operator.n_nodes)
        v[seats[lane]] = 1.0
        x, residual, _ = solve(operator, v, damping, goal / (1 - damping))
        if not residual >= found[lane]:
            w[:, lane], found[lane], scale[lane] = x / degree, residual, 1.0


def _float64(w: NDArray[Any]) -> NDArray[Any]:
    """The same columns in float64, each row on a cache line."""
    wide = aligned_rows(len(w), np.float64)
    wide[:] = w
    return wide


def _over_relaxation(damping: float) -> float:
    """Young's optimum for a spectrum in [-d, d], a little higher: few graphs are bipartite."""
    return 1.03 * 2 / (1 + math.sqrt(1 - damping * damping))


@kernel(error_model="numpy")
def relax_kernel(
    indptr: Any,
    indices: Any,
    weight: Any,
    degree: Any,
    inverse: Any,
    lost: Any,
    seats: Any,
    damping: Any,
    omega: Any,
    rescale: Any,
    goal: Any,
    most: Any,
    patience: Any,
    w: Any,
    total: Any,
) -> Any:
    """Relax D w = d A^T w + (1-d) v in place until no column moves by more than goal, or rounding stops it."""
    n, real, one = degree.size, w.dtype.type, w.dtype.type(1)
    seated = np.zeros(n, np.bool_)
    for k in range(LANES):
        if seats[k] >= 0:
            seated[seats[k]] = True
    nothing, extra, moved = np.zeros(LANES, w.dtype), np.zeros(LANES, w.dtype), np.zeros(LANES, w.dtype)
    best, idle, count = np.inf, 0, 0
    while count < most:
        moved[:] = 0
        for i in range(n):
            if weight.size:
                sum_weighted_rows(w, indices, weight, indptr[i], indptr[i + 1], total)
            else:
                sum_rows(w, indices, indptr[i], indptr[i + 1], total)
            if seated[i]:
                for k in range(LANES):
                    extra[k] = (one - damping) * inverse[i] if seats[k] == i else real(0)
                relax_row(w, i, total, damping * inverse[i], extra, omega, degree[i], moved)
            else:
                relax_row(w, i, total, damping * inverse[i], nothing, omega, degree[i], moved)
        count += 1
        if rescale:
            rescale_kernel(degree, lost, seats, damping, w)
        size = moved[0]  # a loop: compiling NumPy's max takes most of a second
        for k in range(1, LANES):
            size = max(size, moved[k])
        if size < best:
            best, idle = size, 0
        else:
            idle += 1
        if size <= goal or idle > patience:
            break
    return count


@kernel(error_model="numpy")
def rescale_kernel(degree, lost, seats, damping, w):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Scale every column so that its residual sums to 0: what is left then decays as fast as differences do."""
    have = np.zeros(LANES)
    for i in range(degree.size):
        share = degree[i] if lost[i] else (1.0 - damping) * degree[i]
        for k in range(LANES):
            have[k] += share * w[i, k]
    factor = np.ones(LANES, w.dtype)
    for k in range(LANES):
        if seats[k] >= 0 and have[k] > 0:
            factor[k] = (1.0 - damping) / have[k]
    for i in range(degree.size):
        for k in range(LANES):
            w[i, k] *= factor[k]


@kernel(error_model="numpy")
def check_kernel(indptr, indices, weight, degree, lost, seats, damping, w, total):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Cut negatives; ||F(x) - x||_1 of each column x = scale D w, all sums in float64, and the scales."""
    n = degree.size
    mass, back, found, scale = np.zeros(LANES), np.zeros(LANES), np.zeros(LANES), np.zeros(LANES)
    for i in range(n):
        for k in range(LANES):
            w[i, k] = max(w[i, k], w.dtype.type(0))
            x = degree[i] * w[i, k]
            mass[k] += x
            if lost[i]:
                back[k] += x
    for k in range(LANES):
        scale[k] = 1.0 / mass[k] if mass[k] > 0 else 0.0
        back[k] = damping * back[k] * scale[k] + 1.0 - damping
    for i in range(n):
        if weight.size:
            sum_weighted_rows(w, indices, weight, indptr[i], indptr[i + 1], total)
        else:
            sum_rows(w, indices, indptr[i], indptr[i + 1], total)
        for k in range(LANES):
            value = damping * total[k] * scale[k] - scale[k] * degree[i] * w[i, k]
            found[k] += abs(value + back[k] if seats[k] == i else value)
    for k in range(LANES):
        if seats[k] < 0:
            found[k] = 0.0
    return found, scale
