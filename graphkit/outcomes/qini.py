"""Qini: how much of the effect is found by addressing people in the order of their predicted uplift.

Curve at the first k people: responders treated - responders untreated x treated / untreated. Coefficient: area between the curve
and the straight line to its end, divided by the same area of the best possible order (which knows every response). One definition, that of
scikit-uplift (`qini_auc_score`): equal predictions are one step, the best order puts treated responders first and untreated ones last.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from graphkit.amounts import per_person
from graphkit.outcomes.scores import yes_no

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["qini_coefficient", "qini_curve"]


def qini_curve(
    outcome: ArrayLike, uplift: ArrayLike, treatment: ArrayLike, weight: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Return (people addressed, incremental responses), from (0, 0) on, one point per distinct prediction.

    ``weight`` counts a person several times, or not at all, as a bootstrap does.

    Raises
    ------
    InvalidParameter
        Outcomes or treatments that are not 0 or 1, one arm only, predictions that are no finite numbers, weights below 0, or
        not one of each per person.
    """
    return _curve(*_people(outcome, uplift, treatment, weight))


def qini_coefficient(
    outcome: ArrayLike, uplift: ArrayLike, treatment: ArrayLike, weight: ArrayLike | None = None
) -> float:
    """Return the Qini coefficient: 0 = no better than chance, 1 = the best order; NaN where no order could gain anything.

    Raises
    ------
    InvalidParameter
        As `qini_curve`.
    """
    y, u, t, w = _people(outcome, uplift, treatment, weight)
    best = _area(*_curve(y, (y * (2 * t - 1)).astype(np.float64), t, w))
    return _area(*_curve(y, u, t, w)) / best if best > 0 else float("nan")


def _people(
    outcome: ArrayLike, uplift: ArrayLike, treatment: ArrayLike, weight: ArrayLike | None
) -> tuple[Ints, Floats, Ints, Floats]:
    """Return what is known of each person, checked."""
    y = yes_no("outcome", outcome)
    u, t = per_person("uplift", uplift, y, least=-math.inf), yes_no("treatment", treatment, like=y, both=True)
    return y, u, t, np.ones(y.size) if weight is None else per_person("weight", weight, y)


def _curve(outcome: Ints, uplift: Floats, treatment: Ints, weight: Floats) -> tuple[Floats, Floats]:
    """The curve of checked people."""
    order = np.argsort(-uplift, kind="stable")
    y, t, u, w = outcome[order], treatment[order], uplift[order], weight[order]
    ends = np.concatenate((np.flatnonzero(np.diff(u)), [u.size - 1]))
    people, treated, gained = np.cumsum(w)[ends], np.cumsum(w * t)[ends], np.cumsum(w * y * t)[ends]
    untreated, anyway = people - treated, np.cumsum(w * y * (1 - t))[ends]
    scale = np.divide(treated, untreated, out=np.zeros(ends.size), where=untreated > 0)
    return np.concatenate(([0.0], people)), np.concatenate(([0.0], gained - anyway * scale))


def _area(people: Floats, gained: Floats) -> float:
    """Area between the curve and the straight line from (0, 0) to its last point."""
    return float(np.trapezoid(gained, people) - gained[-1] * people[-1] / 2)
