"""Sentences of a plan: why this purchase, why not that one, why money is left. Chinese first, then English."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphkit.influence.channel_cover import Cover
    from graphkit.planning.campaign import Campaign

__all__ = ["both", "item_reasons", "not_bought", "unspent_because"]

LISTED = 20  # affordable channels that were not bought: the best of them get a reason each


def both(zh: str, en: str) -> str:
    """Return one sentence in both languages."""
    return f"{zh} | {en}"


def money(minor: float) -> str:
    """Return minor units as an amount."""
    return f"{minor / 100:,.2f}".removesuffix(".00")


def item_reasons(campaign: Campaign, rows: Sequence[int], cost: int, once: int, adds: float, exclusive: float, alone: float) -> tuple[str, ...]:
    """Why one purchase is in the plan."""
    option, market = rows[0], campaign.market
    channel = int(campaign.options.channel[option])
    per = f"{cost / 100 / adds:,.2f}" if adds > 0 else "-"
    reasons = [both(f"新增 {adds:,.1f}，单位增量成本 {per}", f"adds {adds:,.1f} at {per} each")]
    shared = 1 - exclusive / alone if alone > 0 else 0.0
    reasons.append(both(f"其受众触达的 {shared:.0%} 也由其他所选渠道触达", f"{shared:.0%} of what it reaches is also reached by the others chosen"))
    if len(rows) > 1:
        reasons.append(both(f"本波使用 {len(rows)} 次", f"used {len(rows)} times in this wave"))
    if once:
        reasons.append(both(f"含一次性物料制作费 {money(once)}", f"includes {money(once)} once for making the material"))
    if channel in campaign.menu.must:
        reasons.append(both("规则要求购买", "required by the rules"))
    if market.assumed[channel]:
        reasons.append(both("价格或受众为假设", "its price or audience is assumed"))
    return tuple(reasons)


def not_bought(campaign: Campaign, cover: Cover, chosen: Sequence[int]) -> list[dict[str, str]]:
    """Reasons for the best channels that may be bought but were not: too dear, or adding less for the money."""
    bought = {int(campaign.options.channel[x]) for x in chosen}
    gain = cover.gains(cover.missed(chosen))
    left = campaign.menu.budget - campaign.menu.money(chosen)
    cost = campaign.menu.next_cost(list(chosen))
    rows: list[dict[str, str]] = []
    seen = set(bought)
    for option in np.argsort(-gain, kind="stable"):
        channel = int(campaign.options.channel[option])
        if channel in seen:
            continue
        seen.add(channel)
        if len(rows) == LISTED:
            break
        text = f"would add {gain[option]:,.1f} for {money(cost[option])}"
        if cost[option] > campaign.menu.budget:
            rows.append({"channel": campaign.market.ids[channel], "rule": "budget", "reason": f"costs {money(cost[option])}, more than the budget"})
        elif cost[option] > left:
            rows.append({"channel": campaign.market.ids[channel], "rule": "not chosen", "reason": f"{text}, {money(left)} is left; the chosen ones add more"})
        else:
            rows.append({"channel": campaign.market.ids[channel], "rule": "not chosen", "reason": f"{text}; a rule on kinds, waves or materials stands against it"})
    return rows


def unspent_because(campaign: Campaign, chosen: Sequence[int], cover: Cover) -> str:
    """Why money is left over."""
    menu = campaign.menu
    left = menu.budget - menu.money(chosen)
    if left <= 0:
        return both("预算已用尽", "nothing is left")
    allowed = menu.allowed(list(chosen))
    gain = cover.gains(cover.missed(chosen))
    if (allowed & (gain > 0)).any():
        return both(f"余 {money(left)}：可买的渠道不再新增触达", f"{money(left)} is left: what it could buy adds nothing measurable")
    free = np.ones(menu.cost.size, dtype=bool)
    free[list(chosen)] = False
    if not free.any():
        return both(f"余 {money(left)}：可买的渠道已全部购买", f"{money(left)} is left: everything that may be bought is in the plan")
    cheapest = int(menu.next_cost(list(chosen))[free].min())
    if cheapest > left:
        return both(f"余 {money(left)}：最便宜的未购渠道需 {money(cheapest)}", f"{money(left)} is left: the cheapest unused channel costs {money(cheapest)}")
    return both(f"余 {money(left)}：类型、波次或物料规则已限制购买", f"{money(left)} is left: the rules on kinds, waves or materials allow no more")
