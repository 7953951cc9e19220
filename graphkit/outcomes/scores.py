"""How good are chances of a yes: AUC, Brier score and calibration, each beside what the base rate alone would give."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import rankdata

from graphkit.amounts import per_person, weighted_events
from graphkit.check import floats, non_negative, positive_int, refuse, refuse_first
from graphkit.intervals import quantile, wilson

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["auc", "auc_interval", "brier_gain", "calibration_table", "luck_of_folds", "yes_no"]

BINS = 10
_PER_FOLD = "one row per fold, of two folds at least"


def auc(label: ArrayLike, score: ArrayLike) -> float:
    """Return the chance that a random yes scores above a random no, ties one half (Mann-Whitney).

    Raises
    ------
    InvalidParameter
        Labels that are not 0 or 1, or all alike; scores that are no finite numbers, or not one per label.
    """
    label = yes_no("label", label, both=True)
    return float(_placements(label, _scores("score", score, label))[0].mean())


def auc_interval(
    label: ArrayLike,
    score: ArrayLike,
    *,
    fold: ArrayLike | None = None,
    luck: float = 0.0,
    confidence: float = 0.95,
) -> tuple[float, tuple[float, float]]:
    """Return the AUC and its interval, the wider of two at either end.

    With ``fold``, 0, 1, .., a yes is held only against the noes of its own fold, which the same model scored: a model
    learned without a yes puts all its fold a little lower, so across folds the AUC comes out too small.

    One is DeLong's on the logit scale, with Student's quantile for the yeses: variance = var(V10)/n1 + var(V01)/n0, where
    V10 of a yes is the share of noes below it and V01 of a no the share of yeses above it. It sees any form of the
    scores, but with few yeses near 1 it sees too little spread, none at all where the two are apart. The other is
    Newcombe's, which solves |AUC - a| = z sqrt V(a) with Hanley and McNeil's variance and needs no spread. Either
    variance is 1 + ``luck`` times as large, see `luck_of_folds`.

    Raises
    ------
    InvalidParameter
        What `auc` refuses; a fold without a yes or without a no; a luck below 0, a confidence outside (0, 1).

    Notes
    -----
    1,000 draws of 1,000 people with 16 yeses, five folds: 95 % of the 95 % intervals hold an AUC of .5, 97 to 99 % one of .6
    to .92. Without ``luck`` 86 % hold .5.

    References
    ----------
    DeLong, DeLong, Clarke-Pearson (1988). https://doi.org/10.2307/2531595 ;
    Newcombe (2006), method 5. https://doi.org/10.1002/sim.2324
    """
    label = yes_no("label", label, both=True)
    score = _scores("score", score, label)
    of_yes, of_no = (
        np.concatenate(parts)
        for parts in zip(*(_placements(label[at], score[at]) for at in _folds(fold, label)), strict=True)
    )
    value, wider = float(of_yes.mean()), math.sqrt(1 + non_negative("luck", luck))
    z = quantile(confidence) * wider
    lower, upper = _lower_end(value, of_yes.size, of_no.size, z), 1 - _lower_end(1 - value, of_yes.size, of_no.size, z)
    spread = sum(float(part.var(ddof=1)) / part.size if part.size > 1 else 0.25 for part in (of_yes, of_no))
    if 0 < value < 1:
        student = quantile(confidence, max(of_yes.size - 1, 1)) * wider
        middle, half = math.log(value / (1 - value)), student * math.sqrt(spread) / (value * (1 - value))
        lower, upper = min(lower, float(expit(middle - half))), max(upper, float(expit(middle + half)))
    return value, (lower, upper)


def luck_of_folds(scores: ArrayLike) -> float:
    """Return how much of the order in which fold models put people is luck of the rows they learned from, in [0, 1].

    Where yeses tell little, the model of a fold follows those of the other folds: two yeses that happen to be alike raise
    each other, in both folds. So placements are not independent, and without any effect the variance of the AUC is twice
    that of independent ones. Models of two of K folds share (K - 2) / (K - 1) of their rows; if an order is what all rows
    would give plus luck of the model's own, their correlation is 1 - luck / (K - 1).

    Parameters
    ----------
    scores : ndarray, shape (K, n)
        What the model of each fold makes of the same people, K >= 2.

    Raises
    ------
    InvalidParameter
        Scores of another shape, or that are no finite numbers.

    References
    ----------
    Bates, Hastie, Tibshirani (2024), on why intervals of cross-validation are too narrow.
    https://doi.org/10.1080/01621459.2023.2197686

    Examples
    --------
    >>> agree, disagree = np.array([[0.1, 0.2, 0.3], [0.2, 0.3, 0.9]]), np.array([[0.1, 0.2], [0.2, 0.1]])
    >>> round(luck_of_folds(agree), 9), luck_of_folds(disagree)
    (0.0, 1.0)
    """
    of_fold = floats("scores", scores, _PER_FOLD)
    if of_fold.ndim != 2 or len(of_fold) < 2 or not of_fold.size:
        refuse("scores", of_fold.shape, _PER_FOLD, hint="score the same people by the model of each fold")
    refuse_first("scores", of_fold, ~np.isfinite(of_fold), "a finite number")
    rank = rankdata(of_fold, axis=1)
    rank -= rank.mean(axis=1, keepdims=True)
    length = np.sqrt((rank**2).sum(axis=1, keepdims=True))
    rank = np.divide(rank, length, out=np.zeros_like(rank), where=length > 0)  # all alike: an order by nothing but luck
    alike = (rank @ rank.T)[np.triu_indices(len(rank), 1)].mean()
    return float(np.clip((len(rank) - 1) * (1 - alike), 0.0, 1.0))


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
    label: ArrayLike, score: ArrayLike, base: ArrayLike, *, confidence: float = 0.95
) -> tuple[float, tuple[float, float]]:
    """Return by how much the Brier score beats the base rate's, person by person, with its interval.

    gain = mean((base - y)^2 - (p - y)^2) = (sum over yeses of 2 (p - base) - sum of (p^2 - base^2)) / n; above 0 the
    model is better. Yeses are seldom, those whom a model finds best the most seldom, so the yeses a model raises and those it
    lowers are weighted events each, narrowed by sqrt(1 - p) as yeses of chance p vary less than rare ones. These ends
    and the spread of (p - base)^2 between people, the gain a person is worth, are added as squares (Newcombe's way).

    Raises
    ------
    InvalidParameter
        Labels that are not 0 or 1; chances outside [0, 1], or not one per label; a confidence outside (0, 1).

    Notes
    -----
    Of 95 % intervals 94 to 98 % hold the gain of logistic models learned from 16 yeses among 1,000, from noise to a strong
    rule, 96 % with 146 yeses among 500 (1,000 draws); a normal interval 82 to 89 and 94 %. With a rule that a logistic model
    cannot find, 30 yeses among 600, 93 %.
    """
    label = yes_no("label", label)
    score, base, n = _chances("score", score, label), _chances("base", base, label), label.size
    gain = float(((score - base) * (2 * label - score - base)).mean())
    weight, people = 2 * (score - base) / n, quantile(confidence) * float(((score - base) ** 2).std()) / math.sqrt(n)
    (raised_less, raised_more), (lowered_less, lowered_more) = (
        _reach_of_yeses(label[side], np.abs(weight[side]), score[side], confidence) for side in (weight > 0, weight < 0)
    )
    return gain, (
        gain - math.hypot(raised_less, lowered_more, people),
        gain + math.hypot(raised_more, lowered_less, people),
    )


def _reach_of_yeses(label: NDArray[np.int64], weight: Floats, score: Floats, confidence: float) -> tuple[float, float]:
    """How far below and above the sum of the yeses' weights its expectation may lie."""
    if not weight.size:
        return 0.0, 0.0
    of_yes = weight[label == 1]
    lower, upper = weighted_events(of_yes, float(weight.max()), confidence=confidence)
    expected, chance = float(weight**2 @ score), 0.0
    if expected > 0:  # fewer yeses than expected: p is too bold; never as if a yes were sure
        bold = min(1.0, float(of_yes @ of_yes) / expected) * of_yes.size / (of_yes.size + 1)
        chance = bold * float((weight * score) @ (weight * score)) / expected
    return math.sqrt(1 - chance) * (float(of_yes.sum()) - lower), math.sqrt(1 - chance) * (upper - float(of_yes.sum()))


def calibration_table(label: ArrayLike, score: ArrayLike, *, bins: int = BINS) -> pd.DataFrame:
    """Return ``bins`` groups of equal size by predicted chance: n, predicted and observed share, Wilson's interval.

    Raises
    ------
    InvalidParameter
        Labels that are not 0 or 1; chances outside [0, 1], or not one per label; less than one bin.
    """
    positive_int("bins", bins)
    label = yes_no("label", label)
    score = _chances("score", score, label)
    order = np.argsort(score, kind="stable")
    rows = []
    for number, part in enumerate(np.array_split(order, min(bins, order.size)), start=1):
        yes = int(label[part].sum())
        lower, upper = wilson(yes, part.size)
        rows.append((number, part.size, float(score[part].mean()), yes / part.size, lower, upper))
    return pd.DataFrame(rows, columns=["bin", "n", "predicted", "observed", "lower", "upper"])


def yes_no(name: str, values: ArrayLike, *, like: Ints | None = None, both: bool = False) -> Ints:
    """Return one 0 or 1 per person; ``both`` must occur where there is something to tell apart.

    Raises
    ------
    InvalidParameter
        Nobody, another number, one per person of somebody else, or only one of the two.
    """
    array = per_person(name, values, like, least=-math.inf)
    if not array.size:
        refuse(name, values, "of at least one person", hint="give one number per person")
    refuse_first(name, array, (array != 0) & (array != 1), "0 or 1", hint="1 = yes, 0 = no")
    if both and array.min() == array.max():
        refuse(
            name,
            f"only {array[0]:g}",
            "1 for some and 0 for others",
            hint="with one of them there is nothing to tell apart",
        )
    return array.astype(np.int64)


def _scores(name: str, values: ArrayLike, label: Ints) -> Floats:
    return per_person(name, values, label, least=-math.inf)


def _chances(name: str, values: ArrayLike, label: Ints) -> Floats:
    array = _scores(name, values, label)
    refuse_first(
        name,
        array,
        (array < 0) | (array > 1),
        "a chance in [0, 1]",
        hint="the AUC takes any scores, this takes chances",
    )
    return array


def _folds(fold: ArrayLike | None, label: Ints) -> list[Any]:
    """Return the rows of each fold, each with a yes and a no to hold it against."""
    if fold is None:
        return [slice(None)]
    number = _scores("fold", fold, label)
    wrong = (number < 0) | (number != np.floor(number)) | (number >= number.size)
    refuse_first("fold", number, wrong, "the number of a fold", hint="count folds 0, 1, ..")
    folds = [number == k for k in range(int(number.max()) + 1)]
    for k, rows in enumerate(folds):
        if np.unique(label[rows]).size < 2:
            refuse("fold", f"fold {k}", "one with a 1 and a 0 in it, for each", hint="use fewer folds")
    return folds
