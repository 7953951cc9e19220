"""How many people a plan reaches in each group of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphkit.errors import InvalidParameter
from graphkit.planning.campaign import prepare
from graphkit.planning.estimates import estimate
from graphkit.planning.plan_rows import plan_rows, uses_of
from graphkit.planning.request import Request
from graphkit.planning.search import JUDGING

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from graphkit.planning.plan_result import ChannelPlan
    from graphkit.progress import ProgressCallback

    Floats = NDArray[np.float64]

__all__ = ["GroupReach", "reach_by_group"]


class GroupReach(NamedTuple):
    """Expected reach in each group, shape (n_groups,), and its 95 % sampling interval, shape (n_groups, 2)."""

    mean: Floats
    interval: Floats


def reach_by_group(plan: ChannelPlan, labels: ArrayLike, *, progress: ProgressCallback | None = None) -> GroupReach:
    """Return the expected reach of a plan within each group.

    The sets of the judging sample are told apart by the group of their root, so the groups sum to the plan's reach.

    Parameters
    ----------
    plan : ChannelPlan
        Of objective reach over users, with its ``source``.
    labels : array_like of int, shape (n_users,)
        Group of each user with consent, in the order of their ids.
    progress : callable, optional
        See `graphkit.progress`.

    Raises
    ------
    InvalidParameter
        Another objective, pages, a replanned plan, or labels of another length.
    """
    request = Request.of(plan)
    if request.objective != "reach" or request.page_level or request.done is not None or plan.source is None:
        message = f"reach by group needs a first plan of objective reach over users, with its data; plan {plan.plan} is not one"
        raise InvalidParameter(message, parameter="plan", value=plan.plan)
    campaign = prepare(plan.source, request, progress=progress, open_menu=True, bought=uses_of(plan))
    group = np.asarray(labels, dtype=np.int64)
    if group.shape != (campaign.who.n,):
        raise InvalidParameter(
            f"there are {campaign.who.n} users with consent, {group.size} labels", parameter="labels", value=group.size
        )
    worlds = campaign.worlds
    sets = worlds.sets(plan.sample["judge"], JUDGING)
    roots = np.arange(worlds.n) if worlds.exact else sets.indices[sets.indptr[:-1]]
    cover = worlds.cover(sets, campaign.hazard)
    seen = 1.0 - cover.missed(plan_rows(campaign, plan))
    order = np.argsort(group[roots], kind="stable")
    ends = np.cumsum(np.bincount(group[roots], minlength=int(group.max(initial=-1)) + 1))
    found = [estimate(cover, rows, seen[rows], exact=worlds.exact) for rows in np.split(order, ends)[:-1]]
    return GroupReach(np.array([mean for mean, _ in found]), np.array([ends for _, ends in found]).reshape(-1, 2))
