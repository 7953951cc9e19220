"""How far independent starts of a search agree on a community."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["recovery"]


def recovery(labels: NDArray[np.int64], starts: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Return how well each start finds each community again, in [0, 1].

    Jaccard index of a community with the community of the start that resembles it most: 1 is found exactly, below
    .5 counts as dissolved (Hennig 2007, there for samples drawn anew; here the starts share the data, so the spread
    is that of the search, not of the data).

    Parameters
    ----------
    labels : ndarray of int64, shape (n_nodes,)
        Communities 0..C-1, none empty.
    starts : sequence of ndarray of int64, shape (n_nodes,)

    Returns
    -------
    ndarray of float64, shape (n_starts, C)

    References
    ----------
    Hennig (2007). Cluster-wise assessment of cluster stability. https://doi.org/10.1016/j.csda.2006.11.025
    """
    count = int(labels.max(initial=-1)) + 1
    size = np.bincount(labels, minlength=count)
    found = np.empty((len(starts), count))
    for i, other in enumerate(starts):
        width = int(other.max(initial=-1)) + 1
        pair, joint = np.unique(labels * width + other, return_counts=True)  # sorted: community by community
        mine, theirs = pair // max(width, 1), pair % max(width, 1)
        index = joint / (size[mine] + np.bincount(other)[theirs] - joint)
        found[i] = np.maximum.reduceat(index, np.searchsorted(mine, np.arange(count)))
    return found
