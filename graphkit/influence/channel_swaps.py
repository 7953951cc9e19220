"""Local search: exchanges of a plan's options for others, under the rules of a menu."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from graphkit.influence.channel_cover import dot
from graphkit.influence.channel_greedy import SMALL, greedy, payable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_boosts import Boosts
    from graphkit.influence.channel_cover import Cover
    from graphkit.influence.channel_menu import Menu

    Floats = NDArray[np.float64]

__all__ = ["improve", "refilled", "room", "weakest", "without", "worth"]

PUT_IN = 20  # options, best gains per money first, that local search makes room for


def improve(
    cover: Cover, menu: Menu, chosen: Sequence[int], *, tries: int = 300, boosts: Boosts | None = None
) -> list[int]:
    """Local search: take one option out and buy the best others for the money, or make room for one; keep what is worth more.

    ``tries`` bounds the number of options taken out or put in.
    """
    best, value = list(chosen), worth(cover, menu, chosen, boosts)
    left, improved = tries, True
    while improved and left > 0:
        improved = False
        for found in islice(_neighbours(cover, menu, best, boosts), left):
            left -= 1
            for candidate, about in found:
                if about <= value * (1 + 0.9e-9):  # adding up in another order tells no more digits
                    continue
                now = worth(cover, menu, candidate, boosts)
                if now > value * (1 + 1e-9) + SMALL and menu.complete(candidate):
                    best, value, improved = candidate, now, True
                    break
            if improved:
                break
    return best


def _neighbours(
    cover: Cover, menu: Menu, chosen: list[int], boosts: Boosts | None
) -> Iterator[list[tuple[list[int], float]]]:
    """Plans near this one and about what they are worth: without each of its options, then with each of the best others."""
    total = cover.total(chosen)
    for option in chosen:
        rest = without(menu, chosen, option)
        yield _exchanged(cover, menu, rest, option, boosts, cover.less(total, set(chosen).difference(rest)))
    mine = np.zeros(menu.n, dtype=bool)
    mine[chosen] = True
    can_follow = ~mine & ((menu.after < 0) | mine[menu.after])
    extra = boosts.gains(menu, chosen) if boosts is not None else 0.0
    gain = np.where(can_follow, cover.gains(np.exp(-total), can_follow) + extra, 0.0)
    order = np.argsort(-gain / np.maximum(menu.next_cost(chosen), 1e-9), kind="stable")
    weak = weakest(cover, menu, chosen)
    for option in order[: min(PUT_IN, int((gain > SMALL).sum()))].tolist():
        kept = room(menu, chosen, weak, option)
        yield [] if kept is None else [_grown(cover, menu, [*kept, option], boosts)]


def _exchanged(
    cover: Cover, menu: Menu, rest: list[int], without: int, boosts: Boosts | None, total: Floats
) -> list[tuple[list[int], float]]:
    """The rest, of hazards ``total``, plus its best exchange by gain and by gain per money, each filled up again."""
    allowed = menu.allowed(rest)
    allowed[without] = False
    if not allowed.any():
        return []
    missed, extra = np.exp(-total), boosts.gains(menu, rest) if boosts is not None else 0.0
    known = cover.gains(missed, payable(menu, rest))
    gain = np.where(allowed, known + extra, -1.0)
    firsts = {int(np.argmax(gain)), int(np.argmax(gain / np.maximum(menu.next_cost(rest), 1e-9)))}
    found = []
    for first in sorted(firsts):
        left, rows = missed.copy(), cover.seen(first)[0]
        left[rows] = np.exp(-(total[rows] + cover.hazards(first)))
        found.append(_grown(cover, menu, [*rest, first], boosts, left, known))
    return found


def _grown(
    cover: Cover,
    menu: Menu,
    start: list[int],
    boosts: Boosts | None,
    missed: Floats | None = None,
    known: Floats | None = None,
) -> tuple[list[int], float]:
    """The plan that greedy makes of a part of one, and about what it is worth; see `greedy`."""
    left = cover.missed(start) if missed is None else missed
    plan = greedy(cover, menu, per_cost=True, start=start, missed=left, known=known)
    bonus = boosts.total(menu, plan) if boosts is not None else 0.0
    return plan, cover.scale * dot(cover.weight, 1.0 - left) + bonus


def worth(cover: Cover, menu: Menu, chosen: Sequence[int], boosts: Boosts | None) -> float:
    """Expected reach of a purchase, and the bonuses it earns."""
    return cover.value(chosen) + (boosts.total(menu, chosen) if boosts is not None else 0.0)


def without(menu: Menu, chosen: Sequence[int], *options: int) -> list[int]:
    """The others that may stay: later uses fall with the use they follow."""
    gone = set(options)
    for x in sorted(chosen):
        if int(menu.after[x]) in gone:
            gone.add(x)
    return [x for x in chosen if x not in gone]


def weakest(cover: Cover, menu: Menu, chosen: Sequence[int]) -> list[int]:
    """Return the purchases in the order in which they are given up: those first whose money loses least.

    Uses of one channel are worth the same, and a first one takes the later ones along, so the last goes first.
    """
    order = sorted(chosen)
    total = cover.total(order)
    lost = np.empty(len(order))
    for i, option in enumerate(order):
        rows, alone = cover.exclusive(option, total)
        lost[i] = cover.scale * dot(cover.weight[rows], alone)
    freed = np.maximum(menu.cost[order], 1e-9)
    return [order[i] for i in np.lexsort((-np.arange(len(order)), lost / freed))]


def room(menu: Menu, chosen: Sequence[int], weak: Sequence[int], option: int) -> list[int] | None:
    """Return what stays when as few of the weakest go as make room for an option; None where nothing makes room.

    By bisection, since room only grows with each that goes.
    """
    low, high = 0, len(weak)
    while low < high:
        middle = (low + high) // 2
        fits = menu.allowed(without(menu, chosen, *weak[:middle]))[option]
        low, high = (low, middle) if fits else (middle + 1, high)
    rest = without(menu, chosen, *weak[:low])
    return rest if menu.allowed(rest)[option] else None


def refilled(cover: Cover, menu: Menu, rest: list[int], without: int, boosts: Boosts | None) -> list[list[int]]:
    """The rest plus its best exchange by gain and by gain per money, each filled up again."""
    return [plan for plan, _ in _exchanged(cover, menu, rest, without, boosts, cover.total(rest))]
