"""The fixed point x <- F(x) of a directed graph, with extrapolation.

Differences D_k = F(x_k) - x_k of plain steps from the restart distribution shrink by at least d a
step. On graphs with several closed sets of nodes, or with cycles, they hardly shrink faster; then the
combination sum_k g_k F(x_k), sum g = 1, that makes sum_k g_k D_k smallest is nearer than the last
step: reduced-rank extrapolation, for a linear F what restarted GMRES does. It is taken after every
``_KEPT`` steps and taken back if the next step does not confirm it, so never much is lost.

Eddy, R. P. (1979). Extrapolating to the limit of a vector sequence. In: Information Linkage Between
Applied Mathematics and Industry, 387-396. https://doi.org/10.1016/B978-0-12-734250-4.50028-X
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.ranking.solver_kernels import (
    backwards_kernel,
    gram_kernel,
    mix_kernel,
    move_kernel,
    part_kernel,
    pull_kernel,
    scale_kernel,
    share_kernel,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Each = Callable[[Any], NDArray[np.float64]]

__all__ = ["fixed_point"]

_PLAIN = 8  # first steps, which end on many graphs before there is anything to extrapolate
_NEAR = 12  # further steps at the latest pace that are not worth keeping differences for
_KEPT = 9  # differences combined; on trust, mail, word and co-author networks 7 and 11 took as many steps
_PATIENCE = 100  # steps without a new best before rounding is blamed


def fixed_point(
    pull: Any,
    degree: NDArray[np.float64],
    v: NDArray[np.float64],
    damping: float,
    goal: float,
    max_iterations: int,
    each: Each,
) -> tuple[NDArray[np.float64], float, int]:
    """Iterate from v until ||F(x) - x||_1 <= goal or rounding stops it.

    Parameters
    ----------
    pull : tuple
        Rows as :func:`graphkit.ranking.solver_kernels.pull_kernel` takes them.
    degree : ndarray of float64, shape (n,)
        Total weight that leaves a node.
    v : ndarray of float64, shape (n,)
    damping, goal : float
    max_iterations : int
    each : callable
        Runs ``task(first_row, last_row)`` on all chunks and returns what they return, in order.

    Returns
    -------
    (scores, residual, iterations)
    """
    x, q, y = v.copy(), np.empty(v.size), np.zeros(v.size + 1)
    kept, parts, before, last = 0, np.empty((0, 0)), np.inf, np.empty(0)
    best, idle, count, previous = np.inf, 0, 0, np.inf
    lost = each(partial(share_kernel, x, degree, y)).sum()
    while True:
        size, total = each(partial(_step, pull, y, q, v, x, damping, damping * lost + 1 - damping)).sum(axis=0)
        if size >= before:  # the extrapolation was none: back to where it began
            x, before = last.copy(), np.inf
            lost = each(partial(share_kernel, x, degree, y)).sum()
            count += 1
            continue
        pace, previous = min(size / previous, 1.0) if before == np.inf else 1.0, size
        best, idle = (size, 0) if size < best else (best, idle + 1)
        if size <= goal or count >= max_iterations or idle > _PATIENCE:
            return x, float(size), count
        if kept or (count >= _PLAIN and size * pace**_NEAR > goal):
            parts = parts if parts.size else np.empty((_KEPT, v.size))
            each(partial(part_kernel, q, x, float(total), parts[kept]))
            kept += 1
        before = np.inf
        x, q = q, x
        lost = each(partial(scale_kernel, x, float(total), degree, y)).sum()
        count += 1
        if kept == _KEPT:
            kept, before, last = 0, float(size), x.copy()
            taken = backwards_kernel(each(partial(gram_kernel, parts)).sum(axis=0))
            total = each(partial(mix_kernel, x, parts, taken)).sum()
            lost = each(partial(scale_kernel, x, float(total), degree, y)).sum()


def _step(pull: Any, y: Any, q: Any, v: Any, x: Any, damping: float, back: float, first: int, last: int) -> Any:
    """One chunk of q = F(x)."""
    pull_kernel(*pull, y, q, first, last)  # type: ignore[call-arg]
    return move_kernel(q, v, x, damping, back, True, first, last)
