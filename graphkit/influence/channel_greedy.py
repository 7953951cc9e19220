"""Plans chosen on a cover under the rules of a menu: lazy greedy, local swaps, and full enumeration of small markets.

By gain per money and by gain. Ties go to the first option, i.e. the smallest external id.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from graphkit.influence.channel_cover import dot
from graphkit.influence.channel_lazy import lazy_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_boosts import Boosts
    from graphkit.influence.channel_cover import Cover
    from graphkit.influence.channel_menu import Menu

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = [
    "by_marginal_gain",
    "exhaustive",
    "fill_in_order",
    "greedy",
    "improve",
    "next_best",
    "refilled",
    "room",
    "visit_plans",
    "weakest",
    "without",
    "worth",
]

SMALL = 1e-12
PUT_IN = 20  # options, best gains per money first, that local search makes room for


def greedy(
    cover: Cover,
    menu: Menu,
    *,
    per_cost: bool,
    start: Sequence[int] = (),
    missed: Floats | None = None,
    known: Floats | None = None,
) -> list[int]:
    """Add the option with the largest gain (or gain per money) until nothing allowed gains.

    Lazy: by submodularity an old gain bounds the new one, so only options that could still win are looked at again.
    Required channels and kinds below their minimum are served first. ``missed`` is what ``start`` misses, if that is
    known, and is brought up to date in place; ``known`` are gains beside a part of ``start``, which bound all others.
    """
    chosen = list(start)
    missed = cover.missed(chosen) if missed is None else missed
    if menu.plain:
        open_ = np.ones(menu.n, dtype=bool)
        open_[chosen] = False
        more = lazy_order(
            cover,
            open_,
            missed,
            cost=menu.cost,
            left=menu.budget - menu.money(chosen),
            after=menu.after,
            per_cost=per_cost,
            least=SMALL,
            known=known,
        )
        return chosen + more
    gain = cover.gains(missed, _payable(menu, chosen)) if known is None else known.copy()
    fresh = np.full(cover.n_options, len(chosen) if known is None else -1)
    while True:
        allowed, wanted = menu.allowed(chosen), menu.wanted(chosen)
        if (allowed & wanted).any():
            allowed &= wanted
        price = np.maximum(menu.next_cost(chosen), 1e-9) if per_cost else np.ones(gain.size)
        score = np.where(allowed, gain / price, -1.0)
        best = next_best(cover, missed, gain, score, price, fresh, len(chosen))
        if not allowed[best] or (gain[best] <= SMALL and not wanted[best]):
            return chosen
        chosen.append(best)
        rows, seen = cover.seen(best)
        missed[rows] *= 1.0 - seen


def _payable(menu: Menu, chosen: Sequence[int]) -> NDArray[np.bool_]:
    """Options that the money left pays for: it only goes, so the others stay closed."""
    payable: NDArray[np.bool_] = menu.cost <= menu.budget - menu.money(chosen)
    return payable


def next_best(
    cover: Cover, missed: Floats, gain: Floats, score: Floats, price: Floats, fresh: Ints, round_: int
) -> int:
    """Option with the best score after bringing the gains of all that could win up to date."""
    while True:
        best = int(np.argmax(score))
        if fresh[best] == round_ or score[best] < 0:
            return best
        alike = np.flatnonzero(cover.twin == cover.twin[best])
        gain[alike], fresh[alike] = cover.gain(missed, best), round_
        score[alike] = np.where(score[alike] < 0, -1.0, gain[alike] / price[alike])


def by_marginal_gain(cover: Cover, chosen: Sequence[int], after: Ints | None = None) -> list[int]:
    """Return the same options, each the one that adds most after those before it, later uses after earlier ones."""
    open_ = np.zeros(cover.n_options, dtype=bool)
    open_[list(chosen)] = True
    return lazy_order(cover, open_, np.ones(cover.weight.size), after=after)


def fill_in_order(menu: Menu, order: Iterable[int], start: Sequence[int] = ()) -> list[int]:
    """Buy in this order whatever the rules still admit: how a list of prices is read by hand."""
    chosen = list(start)
    left, mine = menu.budget - menu.money(chosen), set(chosen)
    for option in map(int, order):
        if option in mine:
            continue
        if menu.plain:
            fits = menu.cost[option] <= left and (menu.after[option] < 0 or int(menu.after[option]) in mine)
        else:
            fits = bool(menu.allowed(chosen)[option])
        if fits:
            chosen.append(option)
            mine.add(option)
            left -= int(menu.cost[option])
    return chosen


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
    known = cover.gains(missed, _payable(menu, rest))
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


def exhaustive(cover: Cover, menu: Menu, boosts: Boosts | None = None) -> tuple[list[int] | None, float]:
    """Best plan by looking at every allowed set of options (depth first), and its value; None when no plan keeps the rules.

    Only for small markets: the work is 2^n_options x distinct sets.
    """
    best: tuple[float, list[int] | None] = (-np.inf, None)

    def take(chosen: list[int], missed: list[Floats]) -> None:
        nonlocal best
        value = cover.scale * (float(cover.weight.sum()) - dot(cover.weight, missed[0]))
        value += boosts.total(menu, chosen) if boosts is not None else 0.0
        if value > best[0] + SMALL:
            best = (value, chosen)

    visit_plans([cover], menu, take)
    return best[1], best[0]


def visit_plans(covers: Sequence[Cover], menu: Menu, take: Callable[[list[int], list[Floats]], None]) -> None:
    """Hand over every plan that keeps the rules, depth first, with what it leaves of each set of each cover."""
    seen = [cover.seen_by_option.toarray() for cover in covers]

    def visit(option: int, chosen: list[int], missed: list[Floats]) -> None:
        if option == menu.n:
            if menu.complete(chosen):
                take(chosen, missed)
            return
        if menu.allowed(chosen)[option]:
            visit(option + 1, [*chosen, option], [m * (1.0 - s[:, option]) for m, s in zip(missed, seen, strict=True)])
        visit(option + 1, chosen, missed)

    visit(0, [], [np.ones(cover.weight.size) for cover in covers])
