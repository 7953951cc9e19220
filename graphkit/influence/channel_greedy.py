"""Plans chosen on a cover under the rules of a menu: lazy greedy, and full enumeration of small markets.

By gain per money and by gain. Ties go to the first option, i.e. the smallest external id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit.influence.channel_cover import dot
from graphkit.influence.channel_lazy import lazy_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

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
    "next_best",
    "payable",
    "visit_plans",
]

SMALL = 1e-12


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
    gain = cover.gains(missed, payable(menu, chosen)) if known is None else known.copy()
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


def payable(menu: Menu, chosen: Sequence[int]) -> NDArray[np.bool_]:
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
