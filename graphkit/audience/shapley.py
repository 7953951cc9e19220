"""Shapley values of reach: the closed form on one item, its sum over all of them, and whether the split is stable.

Game: v(S) = expected value reached by the partners S. On one item with chances q_i it is
1 - prod over S of (1 - q_i), whose Shapley value has the closed form

    share_i = q_i * integral over t in [0, 1] of prod over j != i of (1 - t q_j) dt.

With a necessary lead (owner of the film or course), v(S) = 0 unless the lead is in S:

    share_i = q_i * integral of t prod over j != i of (1 - t q_j) dt,
    lead    = 1 - integral of prod over all j of (1 - t q_j) dt.

The integrands are polynomials, so Gauss-Legendre with ceil((k+1)/2) nodes is exact. Shapley
values are linear: the sum over items is the exact split of the (sampled) game, and it sums to v(N).

Stability. With a lead, a split is in the core iff each partner gets between 0 and his exclusive
contribution and the lead the rest. Without a lead the core is empty unless audiences are
disjoint, for partners who overlap would together ask for more than they reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graphkit.audience.membership import Items

__all__ = ["Sums", "stability"]

_Z95 = 1.959963984540054
_ROUNDING = 1e-9


@dataclass(eq=False)
class Sums:
    """Totals over all items; squares are those of single items."""

    n_items: int
    share: NDArray[np.float64]
    share_square: NDArray[np.float64]
    exclusive: NDArray[np.float64]
    alone: NDArray[np.float64]
    slack: NDArray[np.float64]
    slack_square: NDArray[np.float64]
    joint: float

    @classmethod
    def over(cls, items: Iterator[Items], m: int, *, with_lead: bool) -> Sums:
        """Add up the splits of the items between m parties with an audience, and the lead if there is one."""
        parties = m + 1 if with_lead else m
        total = cls(0, np.zeros(parties), np.zeros(parties), np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m), 0.0)
        for part in items:
            most = int(np.diff(part.indptr).max(initial=0))
            t, w = np.polynomial.legendre.leggauss((most + 2) // 2 + 1)
            total.joint += split_kernel(
                part.indptr, part.party, part.chance, part.weight, (t + 1) / 2, w / 2, with_lead,
                total.share, total.share_square, total.exclusive, total.alone, total.slack, total.slack_square,
            )  # fmt: skip
            total.n_items += part.weight.size
        return total

    def shares(self, *, sampled: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Gross shares and half the width of their 95 % intervals."""
        if not sampled:
            return self.share, np.zeros(self.share.size)
        return self.share, _Z95 * self.error(self.share, self.share_square)

    def error(self, total: NDArray[np.float64], square: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the standard error of a total over independent items."""
        return np.sqrt(np.maximum(square - total * total / self.n_items, 0.0))


def stability(
    sums: Sums, net: NDArray[np.float64], common_cost: float, *, with_lead: bool, sampled: bool
) -> tuple[bool | None, str]:
    """Return whether a split is in the core of the game that includes the costs, None when that is not known, and why."""
    tiny = _ROUNDING * max(sums.joint, 1e-12)
    m = sums.alone.size
    if (net < -tiny).any():
        return False, "a party earns less than nothing"
    if not with_lead:
        if m == 1:
            return True, "a single party"
        if common_cost > 0:
            return None, "how a group that leaves would bear the common cost is not stated"
        if sums.alone.sum() > sums.joint + tiny:
            return (
                False,
                "audiences overlap: alone the parties reach more in sum than together, so no split is in the core",
            )
        return True, "audiences are disjoint"
    slack = sums.slack + common_cost / (m + 1)  # exclusive - share; own costs cancel
    unsure = _Z95 * sums.error(sums.slack, sums.slack_square) if sampled else np.zeros(m)
    if (slack < -unsure - tiny).any():
        return False, "a partner gets more than he adds to the others"
    if (slack < -tiny).any():
        return None, "a partner's share is within sampling error of what he adds to the others"
    return True, "every partner gets at most what he adds to the others"


@kernel
def split_kernel(
    indptr: Any,
    party: Any,
    chance: Any,
    weight: Any,
    t: Any,
    w: Any,
    with_lead: Any,
    share: Any,
    share_square: Any,
    exclusive: Any,
    alone: Any,
    slack: Any,
    slack_square: Any,
) -> Any:
    """Add every item's split to the totals; return the joint value."""
    joint, prods = 0.0, np.empty(t.size)
    m = alone.size
    for i in range(weight.size):
        first, last = indptr[i], indptr[i + 1]
        if first == last or weight[i] == 0:
            continue
        nobody, sure, reached = 1.0, 0, 0.0
        for k in range(first, last):
            reached += chance[k] * (1 - reached)  # 1 - nobody has no digits left where all chances are small
            if chance[k] >= 1:
                sure += 1
            else:
                nobody *= 1 - chance[k]
        for a in range(t.size):
            prods[a] = 1.0
            for k in range(first, last):
                prods[a] *= 1 - t[a] * chance[k]
        joint += weight[i] * reached
        others = 0.0
        for k in range(first, last):
            q, c, part = chance[k], party[k], 0.0
            for a in range(t.size):
                inner = w[a] * prods[a] / (1 - t[a] * q)
                part += inner * t[a] if with_lead else inner
            part *= q * weight[i]
            others += part
            if q >= 1:
                only = nobody if sure == 1 else 0.0
            elif sure == 0:
                only = q * nobody / (1 - q)
            else:
                only = 0.0
            only *= weight[i]
            share[c] += part
            share_square[c] += part * part
            alone[c] += q * weight[i]
            exclusive[c] += only
            slack[c] += only - part
            slack_square[c] += (only - part) * (only - part)
        if with_lead:
            part = weight[i] * reached - others
            share[m] += part
            share_square[m] += part * part
    return joint
