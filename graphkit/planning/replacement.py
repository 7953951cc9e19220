"""One more purchase for the variant of a plan: that of a channel asked for, or the best one for the money left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import InvalidParameter
from graphkit.planning.estimates import estimate
from graphkit.planning.options import build_menu
from graphkit.planning.purchases import WEAKER
from graphkit.planning.search import CHOOSING, FIRST_SETS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphkit.influence.channel_cover import Cover
    from graphkit.planning.campaign import Campaign
    from graphkit.planning.plan_result import ChannelPlan

__all__ = ["added_purchase", "best_replacement"]


def added_purchase(campaign: Campaign, name: str) -> int:
    """Cheapest option of a channel in the first wave that is left."""
    first = (campaign.request.done or {"waves": 0})["waves"] + 1
    rows = [
        i
        for i in range(campaign.options.n)
        if campaign.label(i) == name and campaign.options.wave[i] == first and campaign.options.use[i] == 1
    ]
    if not rows:
        rule, why = next(
            ((r["rule"], r["reason"]) for r in campaign.market.rejected if r["channel"] == name),
            (None, "it may not be bought"),
        )
        change = WEAKER if rule == "evidence" else "change the rules or the data that keep it out"
        message, hint = f"channel {name} cannot be added: {why}", f"{change}, and make the plan again"
        raise InvalidParameter(message, parameter="add", value=name, hint=hint)
    return min(rows, key=lambda i: (int(campaign.options.cost[i]), i))


def best_replacement(
    campaign: Campaign, plan: ChannelPlan, variant: list[int], judged: Cover, limit: int, without: Iterable[str]
) -> dict[str, Any] | None:
    """The purchase with the largest gain that money and rules admit: found on R1, measured on R2."""
    worlds, request = campaign.worlds, campaign.request
    menu = build_menu(campaign.market, campaign.options, campaign.rules, limit, request.waves, request.used)
    first, _ = worlds.choosing_cover(min(plan.sample["choose"], FIRST_SETS), CHOOSING, campaign.hazard)
    gone = [i for i, name in enumerate(campaign.market.ids) if name in set(without)]
    free = menu.allowed(variant) & ~np.isin(campaign.options.channel, gone)
    gain = first.gains(first.missed(variant), free)
    best = int(np.argmax(gain))
    if gain[best] <= 0:
        return None
    rows, seen = judged.seen(best)
    adds, interval = estimate(judged, rows, seen * judged.missed(variant)[rows], exact=worlds.exact)
    options = campaign.options
    return {
        "channel": campaign.label(best),
        "name": campaign.market.names[int(options.channel[best])],
        "wave": int(options.wave[best]),
        "material": options.material[best],
        "cost": int(menu.next_cost(variant)[best]) / 100,
        "adds": adds,
        "adds_interval": interval,
    }
