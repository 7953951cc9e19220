"""Hajek means of exposure classes and their differences, with variances over clusters.

mu_c = sum of y/pi over the users in class c / sum of 1/pi. A difference is taken over the users who could have been in either class.
Its variance comes from the clusters' sums of linearised residuals, compared inside arm and stratum (Neyman), since whole clusters were drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphkit.experiment.exposure import CLASSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["EFFECTS", "Difference", "difference"]

FEWEST_CLUSTERS = 4  # with fewer, a class is an anecdote: its spread between clusters cannot be seen
EFFECTS = {  # treated side minus untreated side
    "total": ("treated_treated", "control_control"),
    "direct": ("treated_treated", "control_treated"),
    "spillover": ("control_treated", "control_control"),
}


class Difference(NamedTuple):
    """An estimated difference: value and standard error (NaN when a class lives in too few clusters), degrees of freedom, users and clusters used."""

    value: float
    std_error: float
    freedom: float
    n_users: int
    n_clusters: int
    excluded: int


def difference(
    effect: str, outcome: Floats, member: Bools, pi: Floats, cluster: Ints, treated: Bools, stratum: Ints, floor: float
) -> Difference:
    """Estimate one effect.

    Parameters
    ----------
    effect : a key of `EFFECTS`
    outcome : ndarray of float, shape (n,)
        NaN = not measured; such users are left out.
    member : ndarray of bool, shape (4, n)
        Classes of the draw that was carried out.
    pi : ndarray, shape (4, n)
    cluster, treated, stratum
        Cluster of each user; arm and stratum of each cluster.
    floor : float
        Chances below it count as zero: such users can tell nothing about this effect.
    """
    a, b = (CLASSES.index(name) for name in EFFECTS[effect])
    possible = (pi[a] > floor) & (pi[b] > floor)
    able = possible & ~np.isnan(outcome)
    residual: Floats = np.zeros(outcome.size)
    value, used = 0.0, np.zeros(outcome.size, np.bool_)
    for index, sign in ((a, 1.0), (b, -1.0)):
        inside = np.flatnonzero(able & member[index])
        if np.unique(cluster[inside]).size < FEWEST_CLUSTERS:
            return Difference(np.nan, np.nan, np.nan, 0, 0, int((~possible).sum()))
        weight = 1 / pi[index, inside]
        mean = float(weight @ outcome[inside] / weight.sum())
        value += sign * mean
        residual[inside] += sign * weight * (outcome[inside] - mean) / weight.sum()
        used[inside] = True
    total = np.asarray(np.bincount(cluster[used], weights=residual[used], minlength=treated.size), np.float64)
    present = np.bincount(cluster[used], minlength=treated.size) > 0
    variance, freedom = _between(total, present, treated, stratum)
    return Difference(
        value, float(np.sqrt(variance)), freedom, int(used.sum()), int(present.sum()), int((~possible).sum())
    )


def _between(total: Floats, present: Bools, treated: Bools, stratum: Ints) -> tuple[float, float]:
    """Variance of the sum of the clusters' totals, each compared with its fellows of the same arm and stratum, and its degrees of freedom.

    A cluster without fellows is compared with all others of its arm that have none either.
    """
    variance, freedom = 0.0, 0
    for arm in (True, False):
        groups = [
            np.flatnonzero(present & (treated == arm) & (stratum == s))
            for s in np.unique(stratum[present & (treated == arm)])
        ]
        lonely = np.array([g[0] for g in groups if g.size == 1], np.int64)
        for inside in [g for g in groups if g.size > 1] + ([lonely] if lonely.size > 1 else []):
            variance += float(((total[inside] - total[inside].mean()) ** 2).sum()) * inside.size / (inside.size - 1)
            freedom += inside.size - 1
        if lonely.size == 1:
            variance += float(total[lonely[0]] ** 2)
    return variance, float(max(freedom, 1))


def linear_effects(
    outcome: Floats, own: Bools, fraction: Floats, share: float, cluster: Ints, n_clusters: int
) -> dict[str, Difference]:
    """Estimate the effects by least squares of the outcome on the own arm and the treated share of the influencers.

    y = a + direct (T - E T) + spillover (f - E f), f - E f = 0 without influencers: every user counts, mixed ones too. True when friends work in
    proportion; standard errors from the clusters' sums of scores, times G / (G - 3).
    """
    able = ~np.isnan(outcome)
    centred = np.where(np.isnan(fraction), 0.0, fraction - share)
    design = np.column_stack([np.ones(able.sum()), own[able] - share, centred[able]])
    y, where = outcome[able], cluster[able]
    present = int((np.bincount(where, minlength=n_clusters) > 0).sum())
    if np.linalg.matrix_rank(design) < 3 or present <= 3:
        return dict.fromkeys(EFFECTS, Difference(np.nan, np.nan, np.nan, 0, 0, int((~able).sum())))
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ (design.T @ y)
    scores = (design * (y - design @ beta)[:, None]) @ inverse
    sums = np.column_stack([np.bincount(where, weights=scores[:, j], minlength=n_clusters) for j in range(3)])
    cov = sums.T @ sums * present / (present - 3)
    found = {}
    for effect, contrast in (("total", (0, 1, 1)), ("direct", (0, 1, 0)), ("spillover", (0, 0, 1))):
        c = np.array(contrast, np.float64)
        found[effect] = Difference(
            float(c @ beta), float(np.sqrt(c @ cov @ c)), float(present - 3), int(able.sum()), present, 0
        )
    return found
