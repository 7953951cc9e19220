"""Qini: how much of the effect is found by addressing people in the order of their predicted uplift.

Curve at the first k people: responders treated - responders untreated x treated / untreated. Coefficient: area between the curve
and the straight line to its end, divided by the same area of the best possible order (which knows every response). One definition, that of
scikit-uplift (`qini_auc_score`): equal predictions are one step, the best order puts treated responders first and untreated ones last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["qini_coefficient", "qini_curve"]


def qini_curve(outcome: Ints, uplift: Floats, treatment: Ints, weight: Floats | None = None) -> tuple[Floats, Floats]:
    """Return (people addressed, incremental responses), from (0, 0) on, one point per distinct prediction.

    ``weight`` counts a person several times, or not at all, as a bootstrap does.
    """
    order = np.argsort(-uplift, kind="stable")
    y, t, u = outcome[order], treatment[order], uplift[order]
    w = np.ones(u.size) if weight is None else weight[order]
    ends = np.concatenate((np.flatnonzero(np.diff(u)), [u.size - 1]))
    people, treated, gained = np.cumsum(w)[ends], np.cumsum(w * t)[ends], np.cumsum(w * y * t)[ends]
    untreated, anyway = people - treated, np.cumsum(w * y * (1 - t))[ends]
    scale = np.divide(treated, untreated, out=np.zeros(ends.size), where=untreated > 0)
    return np.concatenate(([0.0], people)), np.concatenate(([0.0], gained - anyway * scale))


def qini_coefficient(outcome: Ints, uplift: Floats, treatment: Ints, weight: Floats | None = None) -> float:
    """Return the Qini coefficient: 0 = no better than chance, 1 = the best order; NaN where no order could gain anything."""
    best = _area(*qini_curve(outcome, (outcome * (2 * treatment - 1)).astype(np.float64), treatment, weight))
    return _area(*qini_curve(outcome, uplift, treatment, weight)) / best if best > 0 else float("nan")


def _area(people: Floats, gained: Floats) -> float:
    """Area between the curve and the straight line from (0, 0) to its last point."""
    return float(np.trapezoid(gained, people) - gained[-1] * people[-1] / 2)
