"""Design an experiment that respects spillover: whole clusters of friends are treated together.

Communities are merged to clusters of similar size, clusters are drawn by lot inside strata, and the power is that of the same analysis
repeated on the same graph. Fewer than twenty clusters give no honest interval: then there is no design.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import finite, floats, positive_int, probability, refuse
from graphkit.errors import InvalidParameter
from graphkit.experiment.assignment import Draws, strata
from graphkit.experiment.clusters import Clusters, cluster_users
from graphkit.experiment.exposure import CLASSES, Influence, exposure_probability
from graphkit.experiment.power import (
    Lottery,
    Truth,
    design_effect,
    intra_cluster_correlation,
    power_of,
    smallest_effect,
)
from graphkit.progress import null_progress
from graphkit.projection.projection import Projection, check_projection
from graphkit.results import Manifest, Result, make_manifest
from graphkit.rng import as_seed, child_seed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from graphkit.progress import ProgressCallback
    from graphkit.rng import RandomState

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["FLOOR", "ExperimentDesign", "design_experiment"]

FLOOR = 0.01  # a user's chance of a class below it counts as zero: 1,000 redraws cannot tell it


@dataclass(frozen=True, eq=False, repr=False)
class ExperimentDesign(Result):
    """Who is treated, and what the experiment can see.

    Attributes
    ----------
    n_users, n_clusters : int
    effective_clusters : float
        (sum m)^2 / sum m^2 of the clusters' sizes m.
    cluster, treated_clusters, stratum : ndarray
        Cluster of each row; arm and stratum of each cluster.
    treated : ndarray of bool, shape (n_users,)
    share, saturation : float
        Of clusters treated; of users treated inside a treated cluster.
    theta : float
        Share of a user's influence that must be treated (or untreated) to count as all (or none).
    cut_share : float
        Share of the influence that crosses clusters.
    baseline, icc, mde, spillover_share
        The world the power is computed for.
    power, power_interval
        Chance that the total effect ``mde`` is seen at 95 %.
    exposure : DataFrame
        exposure, users (who can be in the class), probability (their mean chance).
    """

    n_users: int
    n_clusters: int
    effective_clusters: float
    cluster: NDArray[np.int64] = field(metadata={"dtype": np.int64})
    treated_clusters: NDArray[np.bool_] = field(metadata={"dtype": np.bool_})
    stratum: NDArray[np.int64] = field(metadata={"dtype": np.int64})
    treated: NDArray[np.bool_] = field(metadata={"dtype": np.bool_})
    share: float
    saturation: float
    theta: float
    resolution: float
    cut_share: float
    baseline: float
    icc: float
    mde: float
    spillover_share: float
    design_effect: float
    power: float
    power_interval: tuple[float, float]
    exposure: pd.DataFrame
    seed: int
    assumptions: list[str]
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per cluster: cluster, size, stratum, arm."""
        import pandas as pd

        arm = np.where(self.treated_clusters, "treatment", "control")
        return pd.DataFrame(
            {
                "cluster": np.arange(self.n_clusters),
                "size": np.bincount(self.cluster),
                "stratum": self.stratum,
                "arm": arm,
            }
        )

    def draws(self) -> Draws:
        """Return the lottery; draw 0 is this design, the others are its redraws."""
        return Draws(self.cluster, self.stratum, self.share, self.saturation, self.seed)


def design_experiment(
    p: Projection,
    *,
    mde: float | None = None,
    baseline: float = 0.1,
    icc: float = 0.02,
    past: ArrayLike | None = None,
    share: float = 0.5,
    saturation: float = 1.0,
    theta: float | None = None,
    spillover_share: float = 0.5,
    resolution: float | None = None,
    n_clusters: int | None = None,
    max_cut: float = 0.5,
    n_redraws: int = 1000,
    n_runs: int = 400,
    rng: RandomState = None,
    progress: ProgressCallback = null_progress,
) -> ExperimentDesign:
    """Randomise clusters of friends and compute what the experiment can see.

    Parameters
    ----------
    p : Projection
        Users and who influences whom.
    mde : float, optional
        Difference in the outcome's share between all treated and nobody treated that should be seen; default the smallest
        one with power 0.8, by bisection.
    baseline, icc : float in (0, 1), float in [0, 1)
        Share of yes without treatment, and how much alike users of a cluster are; taken from ``past`` where that is given.
    past : array, shape (n_nodes,), optional
        Each user's outcome before the experiment (NaN = not measured); strata are then alike in it.
    share : float in (0, 1)
        Of the clusters to treat.
    saturation : float in (0, 1]
        Of the users to treat inside a treated cluster. Below 1 the untreated ones show the spillover directly, at the price of
        a total effect measured a little short of everybody.
    theta : float in (0.5, 1], optional
        Default 0.9, or ``saturation`` - 0.15 (at least 0.55) where not everybody is treated.
    spillover_share : float in [0, 1]
        Of the effect that comes through friends, in the simulated worlds.
    resolution : float, optional
        Of the communities; default the first of 1, 1.4, 2, .. 8 that gives twenty clusters.
    n_clusters : int, optional
        Wanted; default one per 30 users, at most 100.
    max_cut : float in [0, 1]
        Largest share of influence that may cross clusters.
    n_redraws, n_runs : int
        Redraws behind the exposure chances; simulated experiments behind the power.
    rng : int, Generator, SeedSequence or None
    progress : callable
        See `graphkit.progress`.

    Returns
    -------
    ExperimentDesign

    Raises
    ------
    Infeasible
        Fewer than twenty clusters keep enough influence inside (rule ``clusters``).
    InvalidParameter
        A parameter outside its range.

    References
    ----------
    Ugander, Karrer, Backstrom, Kleinberg (2013). Graph cluster randomization. https://doi.org/10.1145/2487575.2487695 ;
    Aronow, Samii (2017). Estimating average causal effects under general interference. https://doi.org/10.1214/16-AOAS1005

    Examples
    --------
    Forty groups of ten friends:

    >>> from itertools import combinations
    >>> import numpy as np
    >>> from graphkit.projection.arrays import from_arrays
    >>> ties = np.array([(10 * g + a, 10 * g + b) for g in range(40) for a, b in combinations(range(10), 2)])
    >>> p = from_arrays(*ties.T, probability=0.1, directed=False)
    >>> made = design_experiment(p, mde=0.2, baseline=0.2, n_clusters=40, n_redraws=100, n_runs=50, rng=1)
    >>> made.n_clusters, made.cut_share, int(made.treated.sum())
    (40, 0.0, 200)
    >>> made.power > 0.8
    True
    """
    start, seed = time.monotonic(), as_seed(rng)
    check_projection(p)
    share, saturation, theta = _shares(share, saturation, theta)
    for name, value in (("spillover_share", spillover_share), ("max_cut", max_cut)):
        probability(name, value)
    positive_int("n_redraws", n_redraws, minimum=100)
    positive_int("n_runs", n_runs, minimum=50)
    _check_difference(mde)
    before = _past(past, p.n_nodes)
    if before is None:
        _check_untreated(baseline, icc)
    units = cluster_users(p, resolution, n_clusters, max_cut, child_seed(seed, "clusters"), progress)
    baseline, icc, origin = _without_treatment(before, units.cluster, baseline, icc)
    draws = _lots(units.cluster, before, share, saturation, child_seed(seed, "experiment"))
    influence = Influence(p, theta)
    lottery = Lottery(influence, draws, exposure_probability(influence, draws, n_redraws, progress=progress), FLOOR)
    truth = Truth(baseline, icc, 0.0 if mde is None else _effect(mde, baseline), spillover_share)
    if mde is None:
        truth = smallest_effect(lottery, truth, n_runs, seed, progress)
    power, interval = power_of(lottery, truth, n_runs, seed, progress)
    answer = _answer(units, lottery, truth) | {
        "power": power,
        "power_interval": interval,
        "exposure": _exposure(lottery.pi),
        "seed": draws.seed,
    }
    request = {
        "share": share,
        "saturation": saturation,
        "theta": theta,
        "n_redraws": n_redraws,
        "n_runs": n_runs,
        "max_cut": max_cut,
        "resolution": resolution,
    }
    manifest = make_manifest(
        "design_experiment",
        request=request,
        answer=answer,
        seed=seed,
        snapshot=p.snapshot_id,
        seconds=time.monotonic() - start,
    )
    return ExperimentDesign(**answer, assumptions=_notes(units, origin, spillover_share), manifest=manifest)


def _shares(share: float, saturation: float, theta: float | None) -> tuple[float, float, float]:
    """Check the three shares; the default of theta follows from the saturation."""
    if not 0 < finite("share", share) < 1:
        refuse("share", share, "a share in (0, 1)")
    if not 0 < finite("saturation", saturation) <= 1:
        refuse("saturation", saturation, "a share in (0, 1]")
    if theta is None:
        theta = 0.9 if saturation == 1 else max(0.55, saturation - 0.15)
    if not 0.5 < finite("theta", theta) <= 1:
        refuse("theta", theta, "a share in (0.5, 1]")
    return float(share), float(saturation), float(theta)


def _past(past: ArrayLike | None, n: int) -> Floats | None:
    """Return the past outcomes as floats, one per row."""
    if past is None:
        return None
    values = floats("past", past, f"{n} numbers, NaN where not measured")
    if values.shape != (n,) or np.isnan(values).all() or np.isinf(values).any():
        raise InvalidParameter(
            f"past must hold one finite outcome per user ({n}) or NaN, not all missing. Got shape {values.shape}.",
            parameter="past",
            value=values.shape,
        )
    return values


def _check_difference(mde: float | None) -> None:
    """Refuse what is no difference of shares before any work; percentage points are the likely slip."""
    if mde is not None and abs(finite("mde", mde)) > 1:
        hint = f"mde is a share: for {mde:g} percentage points give {mde / 100:g}"
        refuse("mde", mde, "a difference of two shares", hint=hint if abs(mde) <= 100 else None)


def _without_treatment(past: Floats | None, cluster: Ints, baseline: float, icc: float) -> tuple[float, float, str]:
    """Return the share of yes, how alike users of a cluster are, and where both come from."""
    if past is None:
        origin = f"baseline {baseline:.4g} and intra-cluster correlation {icc:.3g} are assumed"
    else:
        baseline, icc = float(np.nanmean(past)), intra_cluster_correlation(past, cluster)
        origin = f"baseline {baseline:.4g} and intra-cluster correlation {icc:.3g} are those of the past outcome"
        _check_untreated(baseline, icc)
    return baseline, icc, origin


def _check_untreated(baseline: float, icc: float) -> None:
    if not 0 < finite("baseline", baseline) < 1:
        refuse("baseline", baseline, "a share in (0, 1)")
    if not 0 <= finite("icc", icc) < 1:
        refuse("icc", icc, "a correlation in [0, 1)")


def _effect(mde: float, baseline: float) -> float:
    """Return the difference, checked against the share it is added to."""
    if mde == 0 or not 0 <= baseline + mde <= 1:
        refuse("mde", mde, f"a difference other than 0 with baseline + mde in [0, 1], baseline {baseline:.4g}")
    return float(mde)


def _lots(cluster: Ints, past: Floats | None, share: float, saturation: float, seed: int) -> Draws:
    """The draws of who is treated, inside strata of like clusters."""
    stratum = strata(np.bincount(cluster), None if past is None else _means(past, cluster), share)
    return Draws(cluster, stratum, share, saturation, seed)


def _means(past: Floats, cluster: Ints) -> Floats:
    """Mean past outcome of each cluster, the overall mean where none is measured."""
    able = ~np.isnan(past)
    n = int(cluster.max()) + 1
    count = np.bincount(cluster[able], minlength=n)
    total = np.bincount(cluster[able], weights=past[able], minlength=n)
    return np.where(count > 0, total / np.maximum(count, 1), past[able].mean())


def _answer(units: Clusters, lottery: Lottery, truth: Truth) -> dict[str, Any]:
    """Who is treated, and the world the power is computed for."""
    draws, size = lottery.draws, np.bincount(units.cluster)
    return {
        "n_users": units.cluster.size,
        "n_clusters": size.size,
        "effective_clusters": float(size.sum() ** 2 / (size**2).sum()),
        "cluster": units.cluster,
        "treated_clusters": draws.clusters(0, 1)[:, 0],
        "stratum": draws.stratum,
        "treated": draws.users(0, 1)[:, 0],
        "share": draws.share,
        "saturation": draws.saturation,
        "theta": lottery.influence.theta,
        "resolution": units.resolution,
        "cut_share": units.cut_share,
        **truth._asdict(),
        "design_effect": design_effect(size, truth.icc),
    }


def _notes(units: Clusters, origin: str, spillover_share: float) -> list[str]:
    return [
        f"clusters come from communities at resolution {units.resolution:g}; {units.cut_share:.1%} of the influence crosses them",
        origin,
        f"power is for outcomes of yes and no of which {spillover_share:.0%} of the effect comes through friends, in proportion to their treated share",
    ]


def _exposure(pi: Floats) -> pd.DataFrame:
    """Users who can be in each class, and their mean chance."""
    import pandas as pd

    rows = [
        (name, int((row > FLOOR).sum()), float(row[row > FLOOR].mean()) if (row > FLOOR).any() else 0.0)
        for name, row in zip(CLASSES, pi, strict=True)
    ]
    return pd.DataFrame(rows, columns=["exposure", "users", "probability"])
