"""How good are chances of a yes: AUC, Brier score and calibration, each beside what the base rate alone would give."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit

from graphkit.intervals import quantile, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["auc", "auc_interval", "brier_gain", "calibration_table"]

BINS = 10


def auc(label: NDArray[np.int64], score: Floats) -> float:
    """Return the chance that a random yes scores above a random no, ties one half (Mann-Whitney)."""
    return float(_placements(label, score)[0].mean())


def auc_interval(
    label: NDArray[np.int64], score: Floats, *, fold: NDArray[np.int64] | None = None, confidence: float = 0.95
) -> tuple[float, tuple[float, float]]:
    """Return the AUC and its interval, the wider of two at either end.

    With ``fold``, 0, 1, .., a yes is held only against the noes of its own fold, which the same model scored: a model
    learned without a yes puts all its fold a little lower, so across folds the AUC comes out too small.

    One is DeLong's on the logit scale: variance = var(V10)/n1 + var(V01)/n0, where V10 of a yes is the share of noes
    below it and V01 of a no the share of yeses above it. It sees any form of the scores, but with few yeses near 1 it
    sees too little spread, none at all where the two are apart. The other is Newcombe's, which solves
    |AUC - a| = z sqrt V(a) with Hanley and McNeil's variance and needs no spread.

    Notes
    -----
    500 draws of 1,000 people with 16 yeses, five folds: within folds the AUC lies .005 below that of the models on
    everybody, across folds .019; 92 and 91 % of the 95 % intervals hold it, those that miss mostly lie below.

    References
    ----------
    DeLong, DeLong, Clarke-Pearson (1988). https://doi.org/10.2307/2531595 ;
    Newcombe (2006), method 5. https://doi.org/10.1002/sim.2324
    """
    folds = [slice(None)] if fold is None else [fold == k for k in range(int(fold.max()) + 1)]
    of_yes, of_no = (
        np.concatenate(parts) for parts in zip(*(_placements(label[at], score[at]) for at in folds), strict=True)
    )
    value, z = float(of_yes.mean()), quantile(confidence)
    lower, upper = _lower_end(value, of_yes.size, of_no.size, z), 1 - _lower_end(1 - value, of_yes.size, of_no.size, z)
    spread = sum(float(part.var(ddof=1)) / part.size if part.size > 1 else 0.25 for part in (of_yes, of_no))
    if 0 < value < 1:
        middle, half = math.log(value / (1 - value)), z * math.sqrt(spread) / (value * (1 - value))
        lower, upper = min(lower, float(expit(middle - half))), max(upper, float(expit(middle + half)))
    return value, (lower, upper)


def _lower_end(value: float, n_yes: int, n_no: int, z: float) -> float:
    """The smallest AUC a with value - a <= z sqrt V(a)."""
    if value <= 0:
        return 0.0
    from scipy.optimize import brentq

    n = (n_yes + n_no) / 2

    def apart(a: float) -> float:
        variance = a * (1 - a) / (n_yes * n_no) * (1 + (n - 1) * ((1 - a) / (2 - a) + a / (1 + a)))
        return (value - a) ** 2 - z * z * variance

    near = value * (1 - 1e-12)
    return float(brentq(apart, 0.0, near)) if apart(near) < 0 else near


def _placements(label: NDArray[np.int64], score: Floats) -> tuple[Floats, Floats]:
    """Share of noes below each yes, and of yeses above each no, ties one half."""
    yes, no = np.sort(score[label == 1]), np.sort(score[label == 0])
    below = (np.searchsorted(no, yes, "left") + np.searchsorted(no, yes, "right")) / (2 * no.size)
    above = 1 - (np.searchsorted(yes, no, "left") + np.searchsorted(yes, no, "right")) / (2 * yes.size)
    return below, above


def brier_gain(
    label: NDArray[np.int64], score: Floats, base: Floats, *, confidence: float = 0.95
) -> tuple[float, tuple[float, float]]:
    """Return by how much the Brier score beats the base rate's, person by person, with its interval.

    gain = mean((base - y)^2 - (p - y)^2); above 0 the model is better.

    Notes
    -----
    With few yeses it is too narrow: of 95 % intervals 76 to 81 % hold the gain for 16 yeses among 1,000, 86 % for 33
    among 2,000, 91 % for 146 among 500 (250 to 500 draws). Those that miss lie below: the yeses a model finds best are rare.
    """
    gain = (base - label) ** 2 - (score - label) ** 2
    half = quantile(confidence) * float(gain.std(ddof=1)) / math.sqrt(gain.size)
    return float(gain.mean()), (float(gain.mean()) - half, float(gain.mean()) + half)


def calibration_table(label: NDArray[np.int64], score: Floats, *, bins: int = BINS) -> pd.DataFrame:
    """Return ``bins`` groups of equal size by predicted chance: n, predicted and observed share, Wilson's interval."""
    order = np.argsort(score, kind="stable")
    rows = []
    for number, part in enumerate(np.array_split(order, min(bins, order.size)), start=1):
        yes = int(label[part].sum())
        lower, upper = wilson(yes, part.size)
        rows.append((number, part.size, float(score[part].mean()), yes / part.size, lower, upper))
    return pd.DataFrame(rows, columns=["bin", "n", "predicted", "observed", "lower", "upper"])
