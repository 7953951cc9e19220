"""The bound where a purchase sees a set surely or not at all: the dual of the coverage programme.

With z_R = number of bought options that see R, min(1, z_R) <= 1 - y_R + y_R z_R for any y in [0, 1]; so each y gives

    optimum <= sum of w_R (1 - y_R) + the largest total of c_v = sum of w_R y_R over sets that v sees, under the rules.

y is driven by the slope of a smoothed min(1, z) at a fractional plan that follows the maximisers (conditional
gradients); the smoothing shrinks from round to round. Every step's bound is valid, the smallest counts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from graphkit.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_cover import Cover
    from graphkit.influence.channel_menu import Menu

    Floats = NDArray[np.float64]

__all__ = ["hard_bound", "is_hard"]

CERTAINLY = 30.0  # a hazard of this much misses with chance below 1e-13
SOFT = (0.5, 0.25, 0.12, 0.06)


def is_hard(cover: Cover) -> bool:
    """Whether every option sees a set surely or not at all."""
    return bool(cover.hazard.nnz and cover.hazard.data.min() >= CERTAINLY)


def hard_bound(
    cover: Cover,
    menu: Menu,
    start: Sequence[int],
    best_fraction: Callable[[Menu, Floats], tuple[Floats, float]],
    *,
    steps: int,
) -> tuple[float, Floats, int]:
    """Return (bound on the total weight seen, the fractional plan behind it, steps)."""
    indptr, indices = cover.hazard.indptr.astype(np.int64), cover.hazard.indices.astype(np.int32)
    weight, n = cover.weight, cover.n_options
    x = np.zeros(n)
    x[list(start)] = 1.0
    bound, kept, done = math.inf, x, 0
    for soft in SOFT:
        for step in range(max(steps // len(SOFT), 1)):
            constant, pull = slope_kernel(indptr, indices, weight, x, soft, n)
            corner, best = best_fraction(menu, pull)
            if constant + best < bound:
                bound, kept = constant + best, x
            size = 2.0 / (step + 3.0 + 4.0 * (soft != SOFT[0]))
            x = x + size * (corner - x)
            done += 1
    return bound, kept, done


@kernel
def slope_kernel(indptr, indices, weight, x, soft, n):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return sum of w (1 - y) and c = sum of w y over the sets of each option, y being the smoothed slope at x."""
    pull, constant = np.zeros(n), 0.0
    for r in range(weight.size):
        seen = 0.0
        for k in range(indptr[r], indptr[r + 1]):
            seen += x[indices[k]]
        y = 0.5 + (1.0 - seen) / (2.0 * soft)
        y = min(max(y, 0.0), 1.0)
        if indptr[r] == indptr[r + 1]:
            y = 1.0  # nobody sees it: it costs the bound nothing
        constant += weight[r] * (1.0 - y)
        if y > 0.0:
            for k in range(indptr[r], indptr[r + 1]):
                pull[indices[k]] += weight[r] * y
    return constant, pull
