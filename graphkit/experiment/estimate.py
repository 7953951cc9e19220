"""Hajek means of exposure classes and their differences, with variances over clusters.

mu_c = sum of y/pi over the users in class c / sum of 1/pi. A difference is taken over the users who could have been in either class.
Its variance comes from the clusters' sums of linearised residuals, compared inside arm and stratum (Neyman), since whole clusters were drawn,
each as if its class had been averaged without it (the jackknife's leverage, which few or unequal clusters need). A class of few users sees too
little of a seldom outcome, so some of the variance of all the users compared is added, as four users' worth of prior knowledge, and an interval
is never narrower than that of two shares seen on so many users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphkit.experiment.exposure import CLASSES
from graphkit.intervals import newcombe, quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["EFFECTS", "Difference", "difference"]

PRIOR_USERS = 4
FEWEST_CLUSTERS = 4  # with fewer, a class is an anecdote: its spread between clusters cannot be seen
EFFECTS = {  # treated side minus untreated side
    "total": ("treated_treated", "control_control"),
    "direct": ("treated_treated", "control_treated"),
    "spillover": ("control_treated", "control_control"),
}


class Difference(NamedTuple):
    """An estimated difference: value and standard error (NaN when a class lives in too few clusters), degrees of freedom, users and clusters used.

    ``sides``: mean and effective users of either class, ``size`` that of an outcome that happens, all from the least outcome on, both empty or
    NaN where outcomes may be negative; ``events`` the fewer users of a class whose outcome is not 0.
    """

    value: float
    std_error: float
    freedom: float
    n_users: int
    n_clusters: int
    excluded: int
    sides: tuple[tuple[float, float], ...] = ()
    size: float = np.nan
    events: int = 0

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the ends, either the wider one of Student's over clusters and, for outcomes of at least 0, Newcombe's over users.

        Newcombe's takes the variance at a mean m as size m - m^2 with size = sum y^2 / sum y of both classes, m (1 - m) for
        yes or no: a class in which nobody happened to buy still might have. Users of it count as 1 / sum w^2. What nobody
        lacks is taken off first: a score of 50 for all is no outcome that happens to some.

        Notes
        -----
        Of 95 % intervals where an outcome of 1 to 5 % meets five treated clusters of 50 to 200 users, 98 % and more hold the
        effect, 96 % where the rates of clusters of 200 differ as well (standard deviation of their logarithm .5 and .7); Student's alone
        hold 89 to 96 %, and miss effects above them ten times for every one below.
        """
        if not self.n_users or np.isnan(self.std_error):
            return np.nan, np.nan
        half = quantile(confidence, self.freedom) * self.std_error
        lower, upper = self.value - half, self.value + half
        if not self.sides:
            return lower, upper
        first, second = ((min(1.0, mean / self.size), users) for mean, users in self.sides)
        low, high = newcombe(first, second, confidence=confidence)
        return min(lower, self.size * low), max(upper, self.size * high)


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
    if effect == "spillover":  # whom nobody influences is in both classes at once and would add a sure 0
        possible &= ~((member[0] & member[1]) | (member[2] & member[3]))
    able = possible & ~np.isnan(outcome)
    members = [np.flatnonzero(able & member[index]) for index in (a, b)]
    where = [cluster[inside] for inside in members]
    counts = [np.bincount(own, minlength=treated.size) for own in where]
    if min(np.count_nonzero(count) for count in counts) < FEWEST_CLUSTERS:
        return Difference(np.nan, np.nan, np.nan, 0, 0, int((~possible).sum()))
    value, few, sides = 0.0, 0.0, []
    total, count = np.zeros(treated.size), counts[0] + counts[1]
    spread = float(outcome[np.concatenate(members)].var())
    for index, inside, own, sign in zip((a, b), members, where, (1.0, -1.0), strict=True):
        weight, y = 1 / pi[index, inside], outcome[inside]
        weight /= weight.sum()
        mean = float((weight * y).sum())  # @ would wake BLAS's threads, at 200 times the price
        value += sign * mean
        held, residual = (np.bincount(own, weights=w, minlength=treated.size) for w in (weight, weight * (y - mean)))
        total += sign * residual / (1 - held)
        effective = 1 / float((weight**2).sum())
        sides.append((mean, effective))
        few += spread / effective * PRIOR_USERS / (effective + PRIOR_USERS)
    variance, freedom = _between(total, count > 0, treated, stratum)
    error = (
        float(np.sqrt(variance + few)) if spread > 0 else np.nan
    )  # all alike: nothing tells how far they might differ
    used = outcome[np.concatenate(members)]
    least, seldom = float(used.min()), bool(used.min() >= 0 and spread > 0)
    above = used - least
    return Difference(
        value,
        error,
        freedom,
        int(count.sum()),
        int((count > 0).sum()),
        int((~possible).sum()),
        tuple((max(0.0, mean - least), users) for mean, users in sides) if seldom else (),
        float((above**2).sum() / above.sum()) if seldom else np.nan,
        min(int(np.count_nonzero(outcome[inside])) for inside in members),
    )


def _between(total: Floats, present: Bools, treated: Bools, stratum: Ints) -> tuple[float, float]:
    """Variance of the sum of the clusters' totals, each compared with its fellows of the same arm and stratum, and its degrees of freedom.

    A cluster without fellows is compared with all others of its arm that have none either. Degrees of freedom are Welch's over the two arms:
    where a quarter is treated, nearly all of the variance rests on that quarter.
    """
    parts = []
    for arm in (True, False):
        variance, freedom = 0.0, 0
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
        parts.append((variance, max(freedom, 1)))
    whole = sum(variance for variance, _ in parts)
    if whole == 0:
        return 0.0, float(sum(freedom for _, freedom in parts))
    return whole, whole**2 / sum(variance**2 / freedom for variance, freedom in parts)


def linear_effects(
    outcome: Floats, own: Bools, fraction: Floats, share: float, cluster: Ints, n_clusters: int
) -> dict[str, Difference]:
    """Estimate the effects by least squares of the outcome on the own arm and the treated share of the influencers.

    y = a + direct (T - E T) + spillover (f - E f), f - E f = 0 without influencers: every user counts, mixed ones too. True when friends work in
    proportion. Standard errors by leaving out each cluster in turn (the jackknife, CR3): few or unequal clusters make the sandwich too narrow.
    """
    able = ~np.isnan(outcome)
    centred = np.where(np.isnan(fraction), 0.0, fraction - share)
    design = np.column_stack([np.ones(able.sum()), own[able] - share, centred[able]])
    y, where = outcome[able], cluster[able]
    present = int((np.bincount(where, minlength=n_clusters) > 0).sum())
    if np.linalg.matrix_rank(design) < 3 or present <= 3:
        return dict.fromkeys(EFFECTS, Difference(np.nan, np.nan, np.nan, 0, 0, int((~able).sum())))
    beta = np.linalg.solve(design.T @ design, design.T @ y)
    without = _without_each_cluster(design, y, np.unique(where, return_inverse=True)[1])
    if without is None:
        return dict.fromkeys(EFFECTS, Difference(np.nan, np.nan, np.nan, 0, 0, int((~able).sum())))
    moved = without - beta
    cov = moved.T @ moved * (present - 1) / present
    found = {}
    for effect, contrast in (("total", (0, 1, 1)), ("direct", (0, 1, 0)), ("spillover", (0, 0, 1))):
        c = np.array(contrast, np.float64)
        found[effect] = Difference(
            float(c @ beta), float(np.sqrt(c @ cov @ c)), float(present - 3), int(able.sum()), present, 0
        )
    return found


def _without_each_cluster(design: Floats, y: Floats, cluster: Ints) -> Floats | None:
    """Coefficients of least squares without each cluster in turn, shape (clusters, columns); None where one of them holds all the contrast."""
    k, n = design.shape[1], int(cluster.max()) + 1
    gram, right = np.empty((n, k, k)), np.empty((n, k))
    for i in range(k):
        right[:, i] = np.bincount(cluster, weights=design[:, i] * y, minlength=n)
        for j in range(k):
            gram[:, i, j] = np.bincount(cluster, weights=design[:, i] * design[:, j], minlength=n)
    rest = gram.sum(axis=0) - gram
    if (np.linalg.matrix_rank(rest) < k).any():
        return None
    found: Floats = np.linalg.solve(rest, (right.sum(axis=0) - right)[:, :, None])[:, :, 0]
    return found
