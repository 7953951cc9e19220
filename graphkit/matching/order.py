"""The best of many scores, where those that differ by rounding only are ties."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["best_places"]

_ROUNDING = 1e-12  # of the largest score of a row: sums of products in another order differ by less


def best_places(scores: NDArray[np.float64], count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return places and scores of the ``count`` largest of each row, best first, ties by place.

    A score that is at most 1e-12 of the row's largest below its neighbour is a tie with it, and never stands above
    one before it: weights 1, 2 and .1, .2 are the same direction, though their cosines end in other digits.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_rows, n_places)
    count : int
        At most n_places.
    """
    n_rows, n_places = scores.shape
    if not scores.size:
        return np.empty((n_rows, min(count, n_places)), np.int64), np.empty((n_rows, min(count, n_places)))
    order = np.argsort(-scores, axis=1, kind="stable")
    falling = np.take_along_axis(scores, order, axis=1)
    apart = -np.diff(falling, axis=1) > _ROUNDING * np.abs(scores).max(axis=1, keepdims=True)
    group = np.concatenate((np.zeros((n_rows, 1), np.int64), np.cumsum(apart, axis=1)), axis=1)
    found = np.take_along_axis(order, np.argsort(group * n_places + order, axis=1), axis=1)[:, :count]
    return found.astype(np.int64), np.minimum.accumulate(np.take_along_axis(scores, found, axis=1), axis=1)
