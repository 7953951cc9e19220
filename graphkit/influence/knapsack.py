"""The fractional knapsack: the largest total of additive gains that money buys when the last purchase may be a part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["fractional_knapsack"]


def fractional_knapsack(gain: Floats, cost: Ints | Floats, money: float, *, group: Ints | None = None) -> Floats:
    """Return what share of each option to buy, shape (n_options,); ``gain @ shares`` is never below a whole purchase.

    By gain per money; what is free comes first, what gains nothing or costs more than all the money stays out. Of a
    group one is bought at most: its largest gain at its least price, which only adds to the total.

    Parameters
    ----------
    gain : float64 ndarray, shape (n_options,)
    cost : ndarray, shape (n_options,)
        >= 0.
    money : float
    group : int64 ndarray, shape (n_options,), optional
        Default: each option by itself.

    Examples
    --------
    >>> fractional_knapsack(np.array([6.0, 5.0, 1.0]), np.array([3, 2, 0]), 4).round(3).tolist()
    [0.667, 1.0, 1.0]
    """
    shares = np.zeros(gain.size)
    rows = np.flatnonzero((gain > 0) & (cost <= money))
    price = cost[rows]
    if group is not None and rows.size:
        order = np.lexsort((-gain[rows], group[rows]))  # the best of each group first
        first = np.flatnonzero(np.diff(group[rows][order], prepend=-1))
        rows, price = rows[order[first]], np.minimum.reduceat(price[order], first)
    with np.errstate(divide="ignore", over="ignore"):  # of a price next to nothing one gets endlessly much
        ranked = np.argsort(-gain[rows] / price, kind="stable")
        rows, price = rows[ranked], price[ranked]
        spent = np.cumsum(price)
        part = np.clip((money - (spent - price)) / np.where(price > 0, price, 1), 0.0, 1.0)
    shares[rows] = np.where(spent <= money, 1.0, part)
    return shares
