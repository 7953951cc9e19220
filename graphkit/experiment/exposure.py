"""What a user was exposed to: the own arm, and the share of influence that comes from treated clusters.

f_u = sum of p_vu over treated influencers v / sum over all influencers v. With threshold theta a user's influencers count as treated when
f >= theta, as untreated when f <= 1 - theta, else as mixed. A user nobody influences is in both: friends change nothing for him.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from graphkit.experiment.clusters import arc_weight
from graphkit.progress import each, null_progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from graphkit.experiment.assignment import Draws
    from graphkit.progress import ProgressCallback
    from graphkit.projection.projection import Projection

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["CLASSES", "Influence", "Redraws", "exposure_probability", "redraw"]

CLASSES = ("treated_treated", "treated_control", "control_treated", "control_control")  # own arm, then the influencers
_SLACK = 1e-9  # sums of chances carry rounding; theta = 1 must still mean "all"
_CHUNK = 64  # redraws at a time, whole bytes of bits


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

    def classes(self, treated: Bools, fraction: Floats | None = None) -> Bools:
        """Return membership in `CLASSES`, shape (4, *treated.shape); with the `fraction` of the same users if it is known."""
        f = self.fraction(treated) if fraction is None else fraction
        alone = self.alone if treated.ndim == 1 else self.alone[:, None]
        with np.errstate(invalid="ignore"):
            high, low = alone | (f >= self.theta - _SLACK), alone | (f <= 1 - self.theta + _SLACK)
        return np.stack([treated & high, treated & low, ~treated & high, ~treated & low])


@dataclass(frozen=True, eq=False)
class Redraws:
    """What redraws of a design expose each user to.

    Attributes
    ----------
    pi : ndarray, shape (4, n_nodes)
        Share of the redraws that put a user into each of `CLASSES`.
    packed : ndarray of uint8, shape (n_kept, n_nodes, n_draws / 8)
        Membership in the classes that were kept: a bit for each user and redraw, 25 MB a class for 200,000 users and 1,000 redraws.
    n_draws : int
    """

    pi: Floats
    packed: NDArray[np.uint8]
    n_draws: int

    def kept(self, phase: str, progress: ProgressCallback) -> Iterator[Bools]:
        """Yield membership in the kept classes of some redraws at a time, shape (n_kept, n_nodes, n_some)."""
        for begin in each(range(0, self.n_draws, _CHUNK), phase, progress, "blocks"):
            bits = self.packed[:, :, begin // 8 : (begin + _CHUNK) // 8]
            yield np.unpackbits(bits, axis=2, count=min(_CHUNK, self.n_draws - begin)).view(np.bool_)


def redraw(
    influence: Influence,
    draws: Draws,
    n_draws: int,
    *,
    keep: Sequence[str] = (),
    first: int = 1,
    progress: ProgressCallback = null_progress,
) -> Redraws:
    """Return what redraws first, first + 1, ... expose users to, each redraw for the classes named in ``keep``."""
    total, rows = np.zeros((len(CLASSES), influence.n)), [CLASSES.index(name) for name in keep]
    packed = np.empty((len(rows), influence.n, math.ceil(n_draws / 8)), np.uint8)
    for begin in each(range(0, n_draws, _CHUNK), "redraws", progress, "blocks"):
        member = influence.classes(draws.users(first + begin, min(_CHUNK, n_draws - begin)))
        total += member.sum(axis=2)
        for row, bits in zip(rows, packed, strict=True):
            bits[:, begin // 8 : (begin + _CHUNK) // 8] = np.packbits(member[row], axis=1)
    return Redraws(total / n_draws, packed, n_draws)


def exposure_probability(
    influence: Influence, draws: Draws, n_draws: int, *, first: int = 1, progress: ProgressCallback = null_progress
) -> Floats:
    """Return pi, the share of redraws first, first + 1, ... that put each user into each class, shape (4, n_nodes)."""
    return redraw(influence, draws, n_draws, first=first, progress=progress).pi
