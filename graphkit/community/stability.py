"""How far independent starts of a search agree on a community."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

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
        joint = sparse.coo_array((np.ones(labels.size), (labels, other)), shape=(count, int(other.max(initial=-1)) + 1)).tocsr()
        joint.sum_duplicates()
        row = np.repeat(np.arange(count), np.diff(joint.indptr))
        union = size[row] + np.bincount(other)[joint.indices] - joint.data
        found[i] = np.maximum.reduceat(joint.data / union, joint.indptr[:-1]) if count else 0.0
    return found
