"""Grambsch and Therneau's test of whether a hazard ratio stays the same over time.

Schoenfeld's residual of a leaver is his covariate minus its mean among those still there, weighted by exp(b.x). Scaled by
the covariance they scatter around b(t) - b; a trend against transformed time g (one minus Kaplan-Meier, as in R) is a breach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["proportional_hazards_test", "schoenfeld_residuals"]


def proportional_hazards_test(
    design: pd.DataFrame, observed: Floats, left: Ints, coef: Floats, cov: Floats, *, ties: str
) -> pd.DataFrame:
    """Return covariate, chi2 and p_value, then a row GLOBAL with as many degrees of freedom as covariates.

    chi2_j = (sum_i (g_i - mean g) s_ij)^2 / (d V_jj sum_i (g_i - mean g)^2) with s = d r V, d leavers, V the covariance.
    """
    from scipy.stats import chi2

    times, residuals = schoenfeld_residuals(design.to_numpy(), observed, left, coef, ties=ties)
    d = times.size
    centred = _kaplan_meier_time(times, observed, left)
    centred = centred - centred.mean()
    spread = float((centred**2).sum())
    k = coef.size
    if spread == 0:  # everybody left at the same moment: no time to change over
        return pd.DataFrame(
            {
                "covariate": [*design.columns, "GLOBAL"],
                "chi2": np.full(k + 1, np.nan),
                "p_value": np.full(k + 1, np.nan),
            }
        )
    slope = centred @ residuals
    single = (slope @ cov * d) ** 2 / (d * np.diag(cov) * spread)
    whole = float(slope @ cov @ slope) * d / spread
    return pd.DataFrame({
        "covariate": [*design.columns, "GLOBAL"], "chi2": [*single, whole], "p_value": [*chi2.sf(single, 1), chi2.sf(whole, k)],
    })  # fmt: skip


def schoenfeld_residuals(
    matrix: Floats, observed: Floats, left: Ints, coef: Floats, *, ties: str
) -> tuple[Floats, Floats]:
    """Return the times of the leavers, ascending, and their residuals, shape (leavers, covariates).

    With Efron's ties the mean of a moment with m leavers is the average over its m steps, each with a share less of the tied ones at risk.
    """
    order = np.argsort(observed, kind="stable")
    t, gone, x = observed[order], left[order] == 1, matrix[order] - matrix.mean(axis=0)
    weight = np.exp(x @ coef - (x @ coef).max())
    w_tail = np.cumsum(weight[::-1])[::-1]
    x_tail = np.cumsum((weight[:, None] * x)[::-1], axis=0)[::-1]
    times, rows = [], []
    for moment in np.unique(t[gone]):
        first = int(np.searchsorted(t, moment, "left"))
        tied = first + np.flatnonzero(gone[first : int(np.searchsorted(t, moment, "right"))])
        share = np.arange(tied.size) / tied.size if ties == "efron" else np.zeros(tied.size)
        w_own, x_own = weight[tied].sum(), weight[tied] @ x[tied]
        means = (x_tail[first] - share[:, None] * x_own) / (w_tail[first] - share * w_own)[:, None]
        times += [moment] * tied.size
        rows.append(x[tied] - means.mean(axis=0))
    return np.array(times, np.float64), np.concatenate(rows)


def _kaplan_meier_time(times: Floats, observed: Floats, left: Ints) -> Floats:
    """One minus the Kaplan-Meier curve just before each time (R's transform "km")."""
    moments = np.unique(observed[left == 1])
    at_risk = observed.size - np.searchsorted(np.sort(observed), moments, "left")
    events = np.array([((observed == m) & (left == 1)).sum() for m in moments])
    before = np.concatenate(([1.0], np.cumprod(1 - events / at_risk)[:-1]))
    return np.asarray(1 - before[np.searchsorted(moments, times)], np.float64)
