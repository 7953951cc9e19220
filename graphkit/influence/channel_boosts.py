"""Bonuses for buying two channels together. They are no coverage: greedy and every bound lose their guarantee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_cover import Cover
    from graphkit.influence.channel_menu import Menu

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Boosts", "boosted_plans"]

STARTS = 30  # pairs with the largest bonus from which a plan is begun


@dataclass(frozen=True)
class Boosts:
    """``bonus[i]`` is added to the value of a plan that uses both channels ``first[i]`` and ``second[i]``."""

    first: Ints
    second: Ints
    bonus: Floats

    def pairs(self, menu: Menu, chosen: Sequence[int]) -> NDArray[np.bool_]:
        """Which bonuses a purchase earns."""
        used = menu.used(chosen)[0]
        return np.asarray(used[self.first] & used[self.second])

    def total(self, menu: Menu, chosen: Sequence[int]) -> float:
        """Sum of the bonuses a purchase earns."""
        return float(self.bonus[self.pairs(menu, chosen)].sum())

    def gains(self, menu: Menu, chosen: Sequence[int]) -> Floats:
        """What each option would earn beside the chosen ones, shape (n_options,)."""
        used = menu.used(chosen)[0]
        gain = np.zeros(used.size)
        for mine, other in ((self.first, self.second), (self.second, self.first)):
            np.add.at(gain, mine, np.where(used[other] & ~used[mine], self.bonus, 0.0))
        return np.asarray(gain[menu.channel])


def boosted_plans(cover: Cover, menu: Menu, boosts: Boosts) -> list[list[int]]:
    """Return plans by greedy on coverage plus bonus: from nothing, and from each pair with a large bonus."""
    starts: list[list[int]] = [[]]
    for i in np.argsort(-boosts.bonus, kind="stable")[:STARTS]:
        start: list[int] = []
        for channel in (boosts.first[i], boosts.second[i]):
            rows = np.flatnonzero((menu.channel == channel) & menu.allowed(start))
            if rows.size:
                start.append(int(rows[np.argmin(menu.cost[rows])]))
        starts.append(start)
    return [_greedy(cover, menu, boosts, start, per_cost=per_cost) for start in starts for per_cost in (True, False)]


def _greedy(cover: Cover, menu: Menu, boosts: Boosts, start: list[int], *, per_cost: bool) -> list[int]:
    """Plain greedy: gains may grow, so nothing is put off."""
    chosen, missed = list(start), cover.missed(start)
    while True:
        allowed, wanted = menu.allowed(chosen), menu.wanted(chosen)
        if (allowed & wanted).any():
            allowed &= wanted
        gain = cover.gains(missed, allowed) + boosts.gains(menu, chosen)
        price = np.maximum(menu.next_cost(chosen), 1e-9) if per_cost else 1.0
        best = int(np.argmax(np.where(allowed, gain / price, -np.inf)))
        if not allowed[best] or (gain[best] <= 1e-12 and not wanted[best]):
            return chosen
        chosen.append(best)
        rows, seen = cover.seen(best)
        missed[rows] *= 1.0 - seen
