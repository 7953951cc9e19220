"""Lazy greedy as one compiled loop, for menus whose only rule is the budget, and for putting purchases in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.influence.channel_cover import gain_kernel, gains_kernel
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.influence.channel_cover import Cover

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["lazy_order"]


def lazy_order(
    cover: Cover,
    open_: NDArray[np.bool_],
    missed: Floats,
    *,
    cost: Ints | None = None,
    left: int = 0,
    after: Ints | None = None,
    per_cost: bool = False,
    least: float = -1.0,
    known: Floats | None = None,
) -> list[int]:
    """Return options in the order of greedy choice; ``missed`` is brought up to date in place.

    Parameters
    ----------
    cover : Cover
    open_ : bool ndarray, shape (n_options,)
        Options that may be chosen.
    missed : float64 ndarray, shape (n_sets,)
        Chance that each set is missed so far.
    cost, left : int64 ndarray and int
        Prices and the money left; without prices everything open is put in order.
    after : int64 ndarray, optional
        Option that must come before, -1 for none; what is not open counts as chosen already.
    per_cost : bool
        By gain per money instead of by gain. Ties go to the first option.
    least : float
        Stop at gains of this much or less.
    known : float64 ndarray, shape (n_options,), optional
        No option that the money pays for gains more; default: what each gains now.
    """
    seen, n = cover.seen_by_option, cover.n_options
    price = np.maximum(cost, 1e-9).astype(np.float64) if per_cost and cost is not None else np.ones(n)
    money = np.zeros(n, dtype=np.int64) if cost is None else cost
    needs = np.full(n, -1, dtype=np.int64) if after is None else after
    one = max(cover.scale, 1e-300)
    gain, fresh = np.zeros(n) if known is None else known / one, np.full(n, 0 if known is None else -1)
    if known is None:
        gains_kernel(
            seen.indptr, seen.indices, seen.data, cover.weight * missed, open_ & (money <= left), cover.twin, gain
        )
    found: Any = lazy_kernel(
        seen.indptr.astype(np.int64), seen.indices, seen.data, cover.weight, cover.twin, open_.copy(), missed, money, np.int64(left),
        needs, price, least / one, gain, fresh,
    )  # fmt: skip
    return [int(x) for x in found]


@kernel
def lazy_kernel(indptr, indices, seen, weight, twin, open_, missed, cost, left, after, price, least, gain, fresh):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """By submodularity an old gain bounds the new one: only options that could still win are looked at again."""
    n = open_.size
    chosen, number = np.empty(n, np.int64), 0
    while True:
        best, top = -1, -1.0
        for v in range(n):
            if open_[v] and cost[v] <= left and gain[v] / price[v] > top and (after[v] < 0 or not open_[after[v]]):
                best, top = v, gain[v] / price[v]
        if best < 0:
            break
        if fresh[best] < number:
            total = gain_kernel(indptr, indices, seen, weight, missed, best)
            for v in range(n):
                if twin[v] == twin[best]:
                    gain[v], fresh[v] = total, number
            continue
        if gain[best] <= least:
            break
        open_[best] = False
        left -= cost[best]
        chosen[number] = best
        number += 1
        for k in range(indptr[best], indptr[best + 1]):
            missed[indices[k]] *= 1.0 - seen[k]
    return chosen[:number]
