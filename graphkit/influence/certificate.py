"""The certificate: how far from the best possible a choice can be, true with probability 1 - delta.

With R1 (used to choose S) and R2 (independent of S), both of values in [0, 1]:

* ``lower``: spread(S) is at least this, from the total of S on R2;
* ``upper``: the optimum is at most this, from any bound U1 on the optimum's total on R1.

Each fails with its share of delta, so spread(S) / optimum >= lower / upper. **This is true within the
model** (arcs, probabilities, rules), not of the world. A quotient of two estimates of S
itself is no certificate: it tends to 1 for every S, however bad.

References
----------
Tang, Tang, Xiao, Yuan: Online processing algorithms for influence maximization. SIGMOD 2018, lemmas 4.2, 4.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from graphkit.parts import Part

__all__ = ["Certificate", "lower_bound", "upper_bound"]


@dataclass(frozen=True, eq=False, repr=False)
class Certificate(Part):
    """An a-posteriori guarantee.

    Attributes
    ----------
    lower : float
        The chosen set's spread is at least this.
    upper : float
        The best allowed set's spread is at most this.
    ratio : float
        ``lower / upper``.
    delta : float
        Chance that one of the two bounds is wrong.
    """

    lower: float
    upper: float
    ratio: float
    delta: float

    @classmethod
    def of(cls, lower: float, upper: float, delta: float) -> Certificate:
        """Return the certificate of two bounds; an optimum is never below a set's own lower bound."""
        top = max(upper, lower)
        return cls(lower, top, lower / top if top > 0 else 0.0, delta)


def lower_bound(covered_total: float, n_sets: int, value: float, delta: float) -> float:
    """Return a lower bound of the spread of a set that hits ``covered_total`` of ``n_sets`` independent sets.

    Parameters
    ----------
    covered_total : float
        Sum over the sets of a value in [0, 1] (1 where the set is hit).
    n_sets : int
    value : float
        Total value of all nodes (their number without values).
    delta : float
        Chance of failure.
    """
    a = math.log(1.0 / delta)
    root = math.sqrt(covered_total + 2.0 * a / 9.0) - math.sqrt(a / 2.0)
    return max(0.0, value / n_sets * (root * root - a / 18.0)) if root > 0 else 0.0


def upper_bound(u1_total: float, n_sets: int, value: float, delta: float) -> float:
    """Return an upper bound of the optimum from ``u1_total``, a bound of the optimum's total on ``n_sets`` sets."""
    b = math.log(1.0 / delta)
    root = math.sqrt(u1_total + b / 2.0) + math.sqrt(b / 2.0)
    return min(value, value / n_sets * root * root)
