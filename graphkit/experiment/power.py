"""How likely a true effect of a given size is seen: the experiment itself, run again and again on the same graph.

Each run draws an assignment, gives every cluster a chance of its own (beta with mean ``baseline`` and intra-cluster correlation ``icc``), adds
mde x ((1 - spillover_share) T + spillover_share f), clipped to [0, 1], draws the outcomes and analyses them as the real one will be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphkit.experiment.estimate import difference
from graphkit.intervals import wilson
from graphkit.progress import each, null_progress
from graphkit.rng import as_generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.experiment.assignment import Draws
    from graphkit.experiment.exposure import Influence
    from graphkit.progress import ProgressCallback

    Floats = NDArray[np.float64]

__all__ = [
    "Lottery",
    "Truth",
    "design_effect",
    "draw_outcomes",
    "intra_cluster_correlation",
    "power_of",
    "smallest_effect",
]


class Truth(NamedTuple):
    """What a simulated world is like: shares in [0, 1]; ``mde`` = difference between all and nobody treated."""

    baseline: float
    icc: float
    mde: float
    spillover_share: float


@dataclass(frozen=True, eq=False)
class Lottery:
    """Who may be treated, and what that may expose each user to.

    Attributes
    ----------
    influence : Influence
    draws : Draws
    pi : ndarray, shape (4, n_users)
        Each user's chance of each class of exposure.
    floor : float
        Chances below it count as zero.
    """

    influence: Influence
    draws: Draws
    pi: Floats
    floor: float


def smallest_effect(
    lottery: Lottery, truth: Truth, n_runs: int, seed: int, progress: ProgressCallback = null_progress
) -> Truth:
    """Return the world with the smallest effect that has power 0.8, found by bisection with half as many runs."""
    low, high = 0.0, 1 - truth.baseline
    for _ in each(range(7), "effects tried", progress):
        middle = (low + high) / 2
        power, _ = power_of(lottery, truth._replace(mde=middle), max(50, n_runs // 2), seed)
        low, high = (low, middle) if power >= 0.8 else (middle, high)
    return truth._replace(mde=high)


def power_of(
    lottery: Lottery, truth: Truth, n_runs: int, seed: int, progress: ProgressCallback = null_progress
) -> tuple[float, tuple[float, float]]:
    """Return the share of runs whose 95 % interval of the total effect lies wholly on the true side of 0, and Wilson's interval of that share."""
    influence, draws = lottery.influence, lottery.draws
    found = 0
    lot = as_generator(seed, "power", "outcomes")
    for first in each(range(0, n_runs, 50), "tests run in simulation", progress, "blocks"):
        count = min(50, n_runs - first)
        clusters, users = draws.clusters(1 + first, count), draws.users(1 + first, count)
        fraction = influence.fraction(users)
        member = influence.classes(users, fraction)
        for run in range(count):
            outcome = draw_outcomes(truth, draws, users[:, run], fraction[:, run], lot)
            got = difference(
                "total",
                outcome,
                member[:, :, run],
                lottery.pi,
                draws.cluster,
                clusters[:, run],
                draws.stratum,
                lottery.floor,
            )
            if got.n_users:
                low, high = got.interval()
                found += bool(low > 0 if truth.mde > 0 else high < 0)
    return found / n_runs, wilson(found, n_runs)


def draw_outcomes(
    truth: Truth, draws: Draws, treated: NDArray[np.bool_], fraction: Floats, lot: np.random.Generator
) -> Floats:
    """Return 0/1 outcomes of one simulated run, shape (n_users,)."""
    n_clusters = draws.stratum.size
    if truth.icc > 0:
        size = (1 - truth.icc) / truth.icc
        chance = lot.beta(truth.baseline * size, (1 - truth.baseline) * size, n_clusters)
    else:
        chance = np.full(n_clusters, truth.baseline)
    heard = np.where(np.isnan(fraction), treated, fraction)
    p = chance[draws.cluster] + truth.mde * ((1 - truth.spillover_share) * treated + truth.spillover_share * heard)
    return (lot.random(p.size) < np.clip(p, 0, 1)).astype(np.float64)


def design_effect(size: NDArray[np.int64], icc: float) -> float:
    """Return 1 + (m (1 + CV^2) - 1) icc with m the mean and CV the coefficient of variation of the clusters' sizes.

    References
    ----------
    Eldridge, Ashby, Kerry (2006). Sample size for cluster randomized trials. https://doi.org/10.1093/ije/dyl129
    """
    m = float(size.mean())
    cv = float(size.std()) / m
    return 1 + (m * (1 + cv * cv) - 1) * icc


def intra_cluster_correlation(outcome: Floats, cluster: NDArray[np.int64]) -> float:
    """Return the ANOVA estimate of the intra-cluster correlation, at least 0; users with NaN are left out."""
    able = ~np.isnan(outcome)
    y, where = outcome[able], np.unique(cluster[able], return_inverse=True)[1]
    count = np.bincount(where).astype(np.float64)
    k, n = count.size, float(y.size)
    if k < 2 or n <= k:
        return 0.0
    mean = np.bincount(where, weights=y) / count
    between = float((count * (mean - y.mean()) ** 2).sum()) / (k - 1)
    within = float(((y - mean[where]) ** 2).sum()) / (n - k)
    m0 = (n - float((count**2).sum()) / n) / (k - 1)
    spread = between + (m0 - 1) * within
    return max(0.0, (between - within) / spread) if spread > 0 else 0.0
