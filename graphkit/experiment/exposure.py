"""What a user was exposed to: the own arm, and the share of influence that comes from treated clusters.

f_u = sum of p_vu over treated influencers v / sum over all influencers v. With threshold theta a user's influencers count as treated when
f >= theta, as untreated when f <= 1 - theta, else as mixed. A user nobody influences is in both: friends change nothing for him.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from graphkit.experiment.clusters import arc_weight
from graphkit.progress import each, null_progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.experiment.assignment import Draws
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["CLASSES", "Influence", "exposure_probability"]

CLASSES = ("treated_treated", "treated_control", "control_treated", "control_control")  # own arm, then the influencers
_SLACK = 1e-9  # sums of chances carry rounding; theta = 1 must still mean "all"
_CHUNK = 64


class Influence:
    """Whose influence reaches whom, and the classes that follow from who is treated.

    Parameters
    ----------
    p : Projection
    theta : float in (0.5, 1]
    """

    def __init__(self, p: Projection, theta: float) -> None:
        self.theta, self.n = theta, p.n_nodes
        weight = arc_weight(p)
        total = np.bincount(p.indices, weights=weight, minlength=self.n)
        self.alone = total == 0
        share = weight / np.where(self.alone, 1.0, total)[p.indices]
        self.share = sp.csr_matrix((share, (p.indices, p.sources)), shape=(self.n, self.n))

    def fraction(self, treated: Bools) -> Floats:
        """Return f of each user for treated users, shape (n_nodes,) or (n_nodes, n_draws); NaN without influencers."""
        found = np.asarray(self.share @ treated.astype(np.float64))
        found[self.alone] = np.nan
        return found

    def classes(self, treated: Bools) -> Bools:
        """Return membership in `CLASSES`, shape (4, *treated.shape)."""
        f = self.fraction(treated)
        alone = self.alone if treated.ndim == 1 else self.alone[:, None]
        with np.errstate(invalid="ignore"):
            high, low = alone | (f >= self.theta - _SLACK), alone | (f <= 1 - self.theta + _SLACK)
        return np.stack([treated & high, treated & low, ~treated & high, ~treated & low])


def exposure_probability(
    influence: Influence, draws: Draws, n_draws: int, *, first: int = 1, progress: ProgressCallback = null_progress
) -> Floats:
    """Return pi, the share of redraws first, first + 1, ... that put each user into each class, shape (4, n_nodes)."""
    total = np.zeros((len(CLASSES), influence.n))
    for begin in each(range(first, first + n_draws, _CHUNK), "redraws", progress, "blocks"):
        count = min(_CHUNK, first + n_draws - begin)
        total += influence.classes(draws.users(begin, count)).sum(axis=2)
    return total / n_draws
