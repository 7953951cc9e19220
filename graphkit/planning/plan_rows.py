"""The purchases of a plan found again: how often each was bought, and which options of a campaign they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.errors import InvalidParameter

if TYPE_CHECKING:
    from graphkit.planning.campaign import Campaign
    from graphkit.planning.plan_result import ChannelPlan

__all__ = ["plan_rows", "uses_of"]


def uses_of(*plans: ChannelPlan) -> dict[tuple[str, int, str | None], int]:
    """Return the most uses of each (channel, wave, material) in some plans."""
    most: dict[tuple[str, int, str | None], int] = {}
    for item in (item for plan in plans for item in plan.items):
        key = (item.channel, item.wave, item.material)
        most[key] = max(most.get(key, 0), item.uses)
    return most


def plan_rows(campaign: Campaign, plan: ChannelPlan) -> list[int]:
    """Options of a plan's items, one for each use."""
    options = campaign.options
    keys = zip(options.channel.tolist(), options.wave.tolist(), options.material, options.use.tolist(), strict=True)
    place = {(campaign.market.ids[c], w, m, u): i for i, (c, w, m, u) in enumerate(keys)}
    bought = [(item.channel, item.wave, item.material, use) for item in plan.items for use in range(1, item.uses + 1)]
    for key in bought:
        if key not in place:
            message = f"plan {plan.plan} buys {key[0]} in wave {key[1]}, which is not for sale in these data under its request"
            raise InvalidParameter(
                message, parameter="plan", value=plan.plan, hint="was the file edited? make the plan again"
            )
    return [place[key] for key in bought]
