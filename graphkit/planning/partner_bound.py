"""What no set of as many partners exceeds, by branch and bound.

The worth of a set, sum over users of w x the best fit among those who reach him, is coverage: let f1 >= f2 >= ... be
the fits of the k partners that reach a user, then w max = sum over j of w (f_j - f_j+1) x [one of the first j is taken].
So the channels' search (`graphkit.influence.channel_exact`) with price 1 for a partner proves the best set, or bounds it.
Beyond a plan users stand for sampled sets. Then fits, choice and judgement each have sets of their own: the bound holds
for the optimum of what is expected with chance 1 - delta / 2 (upper tail of its mean on the choosing sets), the lower
end for the chosen set likewise (on the judging ones).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.influence.channel_bound import upper_limit
from graphkit.influence.channel_cover import CERTAIN, Cover, merged
from graphkit.influence.channel_exact import close_gap
from graphkit.influence.channel_menu import Menu
from graphkit.planning.choose import sampled_certificate
from graphkit.planning.partner_reach import FitReach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphkit.planning.partner_reach import PartnerReach, Samples

    Node = tuple[str, str]

__all__ = ["DELTA", "joint_reach", "partner_certificate"]

DELTA = 0.05
WORK, ENTRIES = 1e7, 1e7  # entries that the search may read, and a cover may have


def partner_certificate(
    reach: Samples, fit: Mapping[Node, float | None], order: Sequence[Node]
) -> dict[str, float] | None:
    """Return fit-weighted reach, its lower end, what no set of as many exceeds, their ratio and the chance of an error."""
    value, upper = _worth_and_bound(reach.choosing, fit, order)
    if not upper:
        return None
    exact = reach.choosing.exact
    value = value if exact else FitReach(reach.judging, fit).total(order)
    whole = max(fit[n] or 0.0 for n in reach.judging.nodes) * reach.judging.everybody
    n_sets = reach.judging.cover.weight.size, reach.choosing.cover.weight.size
    found = sampled_certificate(whole, value, upper, n_sets, DELTA, exact=exact)
    return {"fit_weighted_reach": value, **asdict(found)}


def joint_reach(reach: Samples, order: Sequence[Node]) -> dict[str, Any] | None:
    """Reach of base and all listed partners; ``at_most`` bounds that of any set of as many. None without audiences."""
    if not any(n in reach.judging.place for n in order):
        return None
    mean, interval = reach.judging.joint(order)
    chosen, alike = reach.choosing, dict.fromkeys(reach.choosing.nodes, 1.0)
    at_most = chosen.joint([])[0] + _worth_and_bound(chosen, alike, order)[1]
    if not chosen.exact:
        at_most = chosen.everybody * upper_limit(at_most / chosen.everybody, chosen.cover.weight.size, DELTA)
    return {"mean": mean, "interval": list(interval), "at_most": max(mean, at_most)}


def _worth_and_bound(
    reach: PartnerReach, fit: Mapping[Node, float | None], order: Sequence[Node]
) -> tuple[float, float]:
    """The worth of the partners in ``order``, and the least bound found on that of any set of as many."""
    worth = FitReach(reach, fit)
    value, upper = 0.0, float("inf")
    for node in (*order, None):
        gains = worth.gains()
        upper = min(upper, value + float(np.sort(list(gains.values()))[::-1][: len(order)].sum()))
        if node in gains:
            value += gains[node]
            worth.take(node)
    upper = max(value, upper)
    cover = _levels(reach, np.array([fit[n] or 0.0 for n in reach.nodes]))
    if cover is None:
        return value, upper
    rules = Menu.of(np.ones(len(reach.nodes), dtype=np.int64), len(order))
    start = [reach.place[n] for n in order if n in reach.place]
    return value, max(value, close_gap(cover, rules, start, upper, work=WORK).bound)


def _levels(reach: PartnerReach, fit: np.ndarray[Any, np.dtype[np.float64]]) -> Cover | None:
    """The worth of partners as coverage, one row for each user and each fit among those who reach him; None if too large."""
    small = merged(Cover(reach.cover.hazard, reach.cover.weight * reach.base, reach.cover.scale))
    users = sp.csr_matrix(small.hazard)
    row = np.repeat(np.arange(users.shape[0]), np.diff(users.indptr))
    column = users.indices[np.lexsort((users.indices, -fit[users.indices], row))]
    after = np.append(fit[column[1:]], 0.0)
    after[users.indptr[1:] - 1] = 0.0  # `merged` leaves no row empty
    weight = small.weight[row] * (fit[column] - after)
    kept = np.flatnonzero(weight > 0)
    first = users.indptr[row[kept]].astype(np.int64)
    indptr = np.concatenate(([0], np.cumsum(kept + 1 - first)))
    if not kept.size or indptr[-1] > ENTRIES:
        return None
    places = np.arange(indptr[-1]) + np.repeat(first - indptr[:-1], np.diff(indptr))
    hazard = sp.csr_matrix((np.full(places.size, CERTAIN), column[places], indptr), shape=(kept.size, fit.size))
    return merged(Cover(hazard, weight[kept], small.scale))
