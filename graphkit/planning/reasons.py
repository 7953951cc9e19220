"""Sentences of a plan: why this purchase, why not that one, why money is left. Chinese first, then English."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.influence.channel_swaps import room, weakest, without
from graphkit.intervals import give_or_take
from graphkit.planning.choose import NOTHING
from graphkit.planning.estimates import estimate
from graphkit.planning.floors import ROUNDING, GoalJudge
from graphkit.planning.search import JUDGING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_cover import Cover
    from graphkit.planning.campaign import Campaign

    Floats = NDArray[np.float64]

__all__ = ["both", "item_reasons", "not_bought", "unspent_because"]

SINGLES = 32  # purchases tried one by one to make room for another
LISTED = 20  # affordable channels that were not bought: the best of them get a reason each


def both(zh: str, en: str) -> str:
    """Return one sentence in both languages."""
    return f"{zh} | {en}"


def money(minor: float) -> str:
    """Return minor units as an amount."""
    return f"{minor / 100:,.2f}".removesuffix(".00")


def item_reasons(
    campaign: Campaign,
    rows: Sequence[int],
    cost: int,
    once: int,
    adds: float,
    exclusive: float,
    alone: float,
    *,
    others: bool,
) -> tuple[str, ...]:
    """Why one purchase is in the plan."""
    option, market = rows[0], campaign.market
    channel = int(campaign.options.channel[option])
    per = f"{cost / 100 / adds:,.2f}" if adds > 0 else "-"
    reasons = [both(f"新增 {adds:,.1f}，单位增量成本 {per}", f"adds {adds:,.1f} at {per} each")]
    if others:
        shared = 1 - exclusive / alone if alone > 0 else 0.0
        reasons.append(
            both(
                f"其受众触达的 {shared:.0%} 也由其他所选渠道触达",
                f"{shared:.0%} of what it reaches is also reached by the others chosen",
            )
        )
    if len(rows) > 1:
        reasons.append(both(f"本波使用 {len(rows)} 次", f"used {len(rows)} times in this wave"))
    if once:
        reasons.append(
            both(f"含一次性物料制作费 {money(once)}", f"includes {money(once)} once for making the material")
        )
    if channel in campaign.menu.must:
        reasons.append(both("规则要求购买", "required by the rules"))
    if market.assumed[channel]:
        reasons.append(both("价格或受众为假设", "its price or audience is assumed"))
    return tuple(reasons)


def not_bought(campaign: Campaign, cover: Cover, chosen: Sequence[int]) -> list[dict[str, Any]]:
    """Reasons for the best channels that may be bought but were not, and what they would add at which cost."""
    menu, missed, exact = campaign.menu, cover.missed(chosen), campaign.worlds.exact
    gain, alone = cover.gains(missed), cover.gains(np.ones(cover.weight.size))
    left, allowed, cost = menu.budget - menu.money(chosen), menu.allowed(list(chosen)), menu.next_cost(list(chosen))
    first = menu.next_cost([])  # with its material: what any plan that holds it must spend
    rows: list[dict[str, Any]] = []
    exchange = _Exchange(campaign, cover, chosen)
    for option in _told(campaign, chosen, gain, first, allowed):
        touched, seen = cover.seen(option)
        adds, ends = estimate(cover, touched, seen * missed[touched], exact=exact)
        text, rule = f"would add {give_or_take(adds, ends)} for {money(cost[option])}", "not chosen"
        if alone[option] <= NOTHING:
            reason = "would add nothing measurable: hardly anybody it reaches counts for the objective"
        elif gain[option] <= NOTHING:
            reason = "would add nothing: the chosen ones reach its audience already"
        elif first[option] > menu.budget:
            shared = " with its material" if first[option] > cost[option] else ""
            whole = "what is left of the budget" if campaign.request.done else "the budget"
            rule, reason = "budget", f"costs {money(first[option])}{shared}, more than {whole}"
        elif cost[option] > left:
            reason = f"{text}, {money(left)} is left; {exchange.told(option)}"
        elif allowed[option]:
            reason = f"{text}, too little to show where the plan was chosen"
        else:
            reason = f"{text}; a rule on kinds, waves or materials stands against it"
        told = {"cost": float(cost[option]) / 100, "adds": adds, "adds_interval": list(ends)}
        rows.append({"channel": campaign.label(option), "rule": rule, "reason": reason, **told})
    return rows


def _told(campaign: Campaign, chosen: Sequence[int], gain: Floats, cost: Any, allowed: Any) -> list[int]:
    """One option of each channel left out: one the rules admit, else one the budget pays for, else the cheapest; then by gain."""
    channel, dear = campaign.options.channel, cost > campaign.menu.budget
    order = np.lexsort((np.where(dear, cost, -gain), dear, ~allowed))
    first = order[np.unique(channel[order], return_index=True)[1]]
    first = first[~np.isin(channel[first], channel[list(chosen)])]
    return [int(x) for x in first[np.lexsort((-gain[first], dear[first]))][:LISTED]]


@dataclass(frozen=True, order=True)
class _Change:
    """What an exchange changes, with its interval, what goes for it, and the floors it would miss."""

    keeps: bool
    change: float
    interval: tuple[float, float]
    gone: list[str]
    missed: list[str]

    def told(self) -> str:
        """The exchange in words."""
        text = f"in exchange for {', '.join(self.gone)} the plan would change by {give_or_take(self.change, self.interval, signed=True)}"
        return text if self.keeps else f"{text} and miss the floor of {' and '.join(self.missed)}"


class _Exchange:
    """What the plan would come to if purchases made room for one that is not in it."""

    def __init__(self, campaign: Campaign, cover: Cover, chosen: Sequence[int]) -> None:
        self.campaign, self.cover, self.chosen = campaign, cover, sorted(chosen)
        self.weak = weakest(cover, campaign.menu, self.chosen)
        self.spare = [x for x in self.weak if campaign.menu.complete(without(campaign.menu, self.chosen, x))]
        self.missed = cover.missed(chosen)

    @cached_property
    def judge(self) -> GoalJudge:
        """The goals that have floors, on as many sets as judged the plan."""
        return GoalJudge(self.campaign, list(self.campaign.rules.floors), JUDGING, self.cover.weight.size)

    def told(self, option: int) -> str:
        """The better of two ways to make room: the weakest purchases for their money, or one that is just enough."""
        tries = [found for found in (self._prefix(option), self._single(option)) if found is not None]
        return max(tries).told() if tries else "a rule on kinds, waves or materials stands against it"

    def _prefix(self, option: int) -> _Change | None:
        """Let go of as few of the weakest as make room; what the rules ask for by itself stays."""
        rest = room(self.campaign.menu, self.chosen, self.spare, option)
        return self._change(rest, option) if rest is not None else None

    def _single(self, option: int) -> _Change | None:
        """Let go of the weakest that makes room by itself, among some of those that cost enough."""
        menu = self.campaign.menu
        needed = menu.next_cost(self.chosen)[option] - (menu.budget - menu.money(self.chosen))
        freed = menu.next_cost([])  # with its material
        for one in [x for x in self.weak if freed[x] >= needed][:SINGLES]:
            rest = without(menu, self.chosen, one)
            if menu.complete([*rest, option]):
                return self._change(rest, option)
        return None

    def _change(self, rest: list[int], option: int) -> _Change | None:
        campaign, other = self.campaign, [*rest, option]
        if not campaign.menu.complete(other):
            return None
        exact = campaign.worlds.exact
        change, ends = estimate(self.cover, None, self.missed - self.cover.missed(other), exact=exact)
        floors = campaign.rules.floors
        missed = [goal for goal in floors if self.judge.worth(goal, other)[0] < floors[goal] * (1 - ROUNDING)]
        return _Change(not missed, change, ends, self._gone(rest), missed)

    def _gone(self, rest: list[int]) -> list[str]:
        """Channels that go, and of which only some uses go."""
        before, after = (Counter(self.campaign.label(x) for x in plan) for plan in (self.chosen, rest))
        return [
            f"{n - after[name]} of {n} uses of {name}" if after[name] else name
            for name, n in before.items()
            if after[name] < n
        ]


def unspent_because(campaign: Campaign, chosen: Sequence[int]) -> str:
    """Why money is left over."""
    menu = campaign.menu
    left = menu.budget - menu.money(chosen)
    if left <= 0:
        return both("预算已用尽", "nothing is left")
    if menu.allowed(list(chosen)).any():
        return both(
            f"余 {money(left)}：可买的渠道不再新增触达",
            f"{money(left)} is left: what it could buy adds nothing measurable",
        )
    free = np.ones(menu.cost.size, dtype=bool)
    free[list(chosen)] = False
    if not free.any():
        return both(
            f"余 {money(left)}：可买的渠道已全部购买",
            f"{money(left)} is left: everything that may be bought is in the plan",
        )
    cheapest = int(menu.next_cost(list(chosen))[free].min())
    if cheapest > left:
        return both(
            f"余 {money(left)}：最便宜的未购渠道需 {money(cheapest)}",
            f"{money(left)} is left: the cheapest unused channel costs {money(cheapest)}",
        )
    return both(
        f"余 {money(left)}：类型、波次或物料规则已限制购买",
        f"{money(left)} is left: the rules on kinds, waves or materials allow no more",
    )
