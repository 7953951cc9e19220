"""Times until people leave: the Kaplan-Meier curve with its interval, and how well a risk orders them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphkit.check import floats, refuse, refuse_first

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["concordance", "kaplan_meier"]


def concordance(observed: Floats, left: Ints, risk: Floats) -> float:
    """Return Harrell's C: of the pairs where one is seen to leave first, the share where the model says so; equal risks count half."""
    observed, left = _watched(observed, left)
    risk = floats("risk", risk, "one number per person")
    if risk.shape != observed.shape or not np.isfinite(risk).all():
        refuse("risk", risk.shape, f"{observed.size} finite numbers, one per person")
    order = np.lexsort((left, -observed))  # latest first; at one time the censored before the leavers: they stay longer
    later: list[float] = []
    agree = ties = pairs = 0
    i = 0
    while i < order.size:
        j = i
        while j < order.size and observed[order[j]] == observed[order[i]]:
            j += 1
        for row in order[i:j]:
            if not left[row]:
                insort(later, float(risk[row]))
        for row in order[i:j]:
            if left[row]:
                low, high = bisect_left(later, float(risk[row])), bisect_right(later, float(risk[row]))
                agree, ties, pairs = agree + low, ties + high - low, pairs + len(later)
        for row in order[i:j]:
            if left[row]:
                insort(later, float(risk[row]))
        i = j
    return (agree + ties / 2) / pairs if pairs else math.nan


def kaplan_meier(observed: Floats, left: Ints) -> pd.DataFrame:
    """Return time, at_risk, events, survival (Kaplan and Meier), its 95 % interval, and lower_before_next.

    ``lower`` is the end at ``time`` itself. Until the next row survival is told as the same, but people are watched no
    longer: there, and after the last row up to the longest watch, the end is ``lower_before_next``.

    The interval is the beta product's: the upper end that of the product of Beta(at_risk - events + 1, events) over the times so far, the
    lower one that of this product times Beta(still there, 1), both as the beta of the same mean and variance. Where nobody is censored it is
    Clopper and Pearson's. It holds where few are left, and has an end above where nobody is, unlike the interval by Greenwood's variance.

    References
    ----------
    Fay, Brittain, Proschan (2013). Pointwise confidence intervals for a survival distribution with small samples or heavy censoring.
    https://doi.org/10.1093/biostatistics/kxt016
    """
    observed, left = _watched(observed, left)
    times = np.unique(observed[left == 1])
    at_risk = observed.size - np.searchsorted(np.sort(observed), times, "left")
    events = np.diff(np.searchsorted(np.sort(observed[left == 1]), times, "right"), prepend=0)
    stays = at_risk - events + 1.0
    mean = np.cumsum(np.log(stays / (at_risk + 1)))
    spread = np.cumsum(np.log1p(events / (stays * (at_risk + 2))))  # of the square's mean over the mean's square
    tail, after = (1 - 0.95) / 2, at_risk - events
    return pd.DataFrame({
        "time": times, "at_risk": at_risk, "events": events, "survival": np.cumprod(1 - events / at_risk),
        "lower": _lower(mean, spread, after, tail), "upper": _beta_quantile(mean, spread, 1 - tail),
        "lower_before_next": _lower(mean, spread, _before_next(observed, times, at_risk, after), tail),
    })  # fmt: skip


def _watched(observed: ArrayLike, left: ArrayLike) -> tuple[Floats, Ints]:
    """Return times and who left as arrays; a NaN among times equals no other and would be waited for without end."""
    times, gone = floats("observed", observed, "one time per person"), floats("left", left, "0 or 1 per person")
    if times.ndim != 1:
        refuse("observed", times.shape, "one time per person", hint="give them in one row")
    refuse_first("observed", times, ~(np.isfinite(times) & (times >= 0)), "a finite time >= 0")
    if gone.shape != times.shape:
        refuse("left", gone.shape, f"of shape {times.shape}", hint="say of each person 1 = left, 0 = still there")
    refuse_first("left", gone, (gone != 0) & (gone != 1), "0 or 1", hint="1 = left at that time, 0 = still there")
    return times, gone.astype(np.int64)


def _before_next(observed: Floats, times: Floats, at_risk: Ints, after: Ints) -> Ints:
    """How many are watched just before the next row, and after the last one to the very end."""
    if not times.size:
        return after
    end = observed.max()
    return np.append(at_risk[1:], (observed == end).sum() if end > times[-1] else after[-1])


def _lower(log_mean: Floats, log_spread: Floats, there: Ints, tail: float) -> Floats:
    """The lower end where so many are still there: the quantile of the product times Beta(there, 1), 0 where nobody is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, spread = np.log(there / (there + 1.0)), np.log1p(1 / np.maximum(there * (there + 2.0), 1e-300))
    return np.where(there > 0, _beta_quantile(log_mean + mean, log_spread + spread, tail), 0.0)


def _beta_quantile(log_mean: Floats, log_spread: Floats, q: float) -> Floats:
    """Quantile of the beta with this mean m and with mean square exp(``log_spread``) m^2."""
    from scipy.special import betaincinv

    m, rest = np.exp(log_mean), -np.expm1(log_mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = rest / (m * np.expm1(log_spread)) - 1
        return np.asarray(betaincinv(m * size, rest * size, q), np.float64)
