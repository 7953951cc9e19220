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
    keep = min(count, scores.shape[1])
    places = np.empty((len(scores), keep), np.int64)
    for row, found in zip(scores, places, strict=True):
        found[:] = _best_of(row, keep)
    return places, np.minimum.accumulate(np.take_along_axis(scores, places, axis=1), axis=1)


def _best_of(scores: NDArray[np.float64], keep: int) -> NDArray[np.int64]:
    """Only scores down to the last tie that counts are sorted: of 10,000 places, a fifth to a third of the time of all."""
    if not keep:
        return np.empty(0, np.int64)
    close = _ROUNDING * max(scores.max(), -scores.min())
    lowest, before = -np.partition(-scores, keep - 1)[keep - 1], np.inf
    while lowest < before:  # ties of ties are ties
        before, lowest = lowest, scores[scores >= lowest - close].min()
    last = np.flatnonzero(scores == lowest)[:keep]  # of which no later one can be among the first
    near = np.sort(np.concatenate((np.flatnonzero(scores > lowest), last)))
    order = np.argsort(-scores[near], kind="stable")
    group = np.concatenate(([0], np.cumsum(-np.diff(scores[near][order]) > close)))
    return near[order[np.lexsort((order, group))][:keep]]
