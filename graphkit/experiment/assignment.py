"""Which clusters are treated: drawn by lot inside strata of like size and like past, every draw a function of (seed, number)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphkit.rng import child_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["Draws", "strata"]


def strata(size: Ints, past: Floats | None, share: float) -> Ints:
    """Return the stratum of each cluster.

    Clusters are ordered by size; runs of them are ordered by their past outcome where it is known and cut into strata that
    hold at least two treated and two untreated clusters, so that the spread inside each arm of a stratum can be seen.

    Parameters
    ----------
    size : ndarray of int, shape (n_clusters,)
    past : ndarray of float, shape (n_clusters,), optional
        Mean outcome before the experiment.
    share : float in (0, 1)
        Of clusters to treat.
    """
    width = math.ceil(2 / min(share, 1 - share))
    order = np.lexsort((np.arange(size.size), -size))
    if past is not None:
        run = 4 * width
        parts = [order[i : i + run] for i in range(0, order.size, run)]
        order = np.concatenate([part[np.lexsort((part, -past[part]))] for part in parts])
    number = np.minimum(np.arange(size.size) // width, max(0, size.size // width - 1))
    out = np.empty(size.size, np.int64)
    out[order] = number
    return out


@dataclass(frozen=True)
class Draws:
    """Draws of who is treated; number 0 is the experiment itself.

    In each stratum ``share`` of the clusters is treated; where that is no whole number the count is rounded by lot, so each cluster's chance
    is exactly ``share``. Inside a treated cluster each user is treated with chance ``saturation``, so that untreated users among
    treated ones show what spills over.
    """

    cluster: Ints
    stratum: Ints
    share: float
    saturation: float
    seed: int

    def clusters(self, first: int, count: int) -> Bools:
        """Return treated clusters of draws first, first + 1, ..., shape (n_clusters, count)."""
        out = np.zeros((self.stratum.size, count), np.bool_)
        members = [np.flatnonzero(self.stratum == s) for s in range(int(self.stratum.max()) + 1)]
        for column in range(count):
            lot = np.random.default_rng(child_seed(self.seed, "arm", first + column))
            for inside in members:
                wanted = self.share * inside.size
                n = math.floor(wanted) + int(lot.random() < wanted - math.floor(wanted))
                out[lot.permutation(inside)[:n], column] = True
        return out

    def users(self, first: int, count: int) -> Bools:
        """Return treated users of draws first, first + 1, ..., shape (n_users, count)."""
        out = np.asarray(self.clusters(first, count)[self.cluster])
        if self.saturation < 1:
            for column in range(count):
                lot = np.random.default_rng(child_seed(self.seed, "saturation", first + column))
                out[:, column] &= lot.random(self.cluster.size) < self.saturation
        return out
