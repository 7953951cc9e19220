"""Soft coverage of reverse reachable sets by purchase options, and plans chosen on it.

An option a exposes user u with chance r_au. On a set R it is seen with q_a(R) = 1 - prod(1 - r_au, u in R);
a plan S is seen with f_R(S) = 1 - prod(1 - q_a(R), a in S) = 1 - exp(-sum of h_a(R)), where
h_a(R) = -sum of ln(1 - r_au) over u in R. So one sparse matrix h (sets x options) answers every question:
the weighted mean of f_R(S) times the total value is the expected reach of S (algorithms.md 6).

Choosing under a budget: lazy greedy by gain per money and by gain, then local swaps. Ties go to the first option, i.e. the smallest external id.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.influence.channel_lazy import lazy_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_boosts import Boosts
    from graphkit.influence.channel_menu import Menu

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["CERTAIN", "Cover", "by_marginal_gain", "dot", "exhaustive", "fill_in_order", "greedy", "improve", "merged", "next_best", "refilled", "set_matrix", "without", "worth"]

CERTAIN = 40.0  # -ln(1 - r) of a certain exposure: exp(-40) vanishes beside 1 in float64
SMALL = 1e-12


def dot(a: Floats, b: Floats) -> float:
    """Sum of products, in an order that does not depend on the number of threads (BLAS's does)."""
    return float((a * b).sum())


def set_matrix(indptr: Ints, nodes: NDArray[np.int32], n_nodes: int) -> Any:
    """Return the sets as a 0/1 CSR matrix (n_sets, n_nodes)."""
    ones = np.ones(nodes.size, dtype=np.float64)
    return sp.csr_matrix((ones, nodes, indptr), shape=(indptr.size - 1, n_nodes))


@dataclass(frozen=True)
class Cover:
    """Hazards h (CSR, sets x options), the weight of each set, and the value of all sets together.

    ``scale`` x sum(weight x f) is a number of users (or of value units): scale = total value / n_sets. With ``cycle`` =
    n > 0 the root of set i is node i % n, so that sets are compared within roots only.
    """

    hazard: Any
    weight: Floats
    scale: float
    cycle: int = 0

    @cached_property
    def by_option(self) -> Any:
        """The same matrix, column by column."""
        return self.hazard.tocsc()

    @cached_property
    def seen_by_option(self) -> Any:
        """q = 1 - exp(-h), column by column."""
        seen = self.by_option.copy()
        seen.data = -np.expm1(-seen.data)
        return seen

    def bundled(self, bundles: Sequence[Sequence[int]]) -> Cover:
        """The cover whose options are these sets of options, each bought as a whole."""
        rows = np.concatenate([np.asarray(b, dtype=np.int64) for b in bundles]) if bundles else np.empty(0, np.int64)
        column = np.repeat(np.arange(len(bundles)), [len(b) for b in bundles])
        together = sp.csr_matrix((np.ones(rows.size), (rows, column)), shape=(self.n_options, len(bundles)))
        return Cover(sp.csr_matrix(self.hazard @ together), self.weight, self.scale, self.cycle)

    @property
    def n_options(self) -> int:
        """How many options there are."""
        return int(self.hazard.shape[1])

    def missed(self, chosen: Iterable[int]) -> Floats:
        """Chance that every chosen option misses a set, shape (n_sets,)."""
        picked = np.fromiter(chosen, dtype=np.int64)
        total: Floats = np.asarray(self.by_option[:, picked].sum(axis=1)).ravel()
        return np.exp(-total)

    def value(self, chosen: Iterable[int]) -> float:
        """Expected reach of the chosen options on these sets."""
        return self.scale * dot(self.weight, 1.0 - self.missed(chosen))

    def gains(self, missed: Floats) -> Floats:
        """What each option adds when the sets are missed with ``missed``, shape (n_options,)."""
        gained: Floats = self.scale * np.asarray(self.seen_by_option.T @ (self.weight * missed)).ravel()
        return gained

    def seen(self, option: int) -> tuple[Ints, Floats]:
        """Rows that one option touches, and q there."""
        matrix = self.seen_by_option
        part = slice(matrix.indptr[option], matrix.indptr[option + 1])
        return matrix.indices[part], matrix.data[part]


def greedy(cover: Cover, menu: Menu, *, per_cost: bool, start: Sequence[int] = ()) -> list[int]:
    """Add the option with the largest gain (or gain per money) until nothing allowed gains.

    Lazy: by submodularity an old gain bounds the new one, so only options that could still win are looked at again.
    Required channels and kinds below their minimum are served first.
    """
    chosen = list(start)
    missed = cover.missed(chosen)
    if menu.plain:
        open_ = np.ones(menu.n, dtype=bool)
        open_[chosen] = False
        more = lazy_order(cover, open_, missed, cost=menu.cost, left=menu.budget - menu.money(chosen), after=menu.after, per_cost=per_cost, least=SMALL)
        return chosen + more
    gain, fresh = cover.gains(missed), np.zeros(cover.n_options, dtype=np.int64)
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


def next_best(cover: Cover, missed: Floats, gain: Floats, score: Floats, price: Floats, fresh: Ints, round_: int) -> int:
    """Option with the best score after bringing the gains of all that could win up to date."""
    while True:
        best = int(np.argmax(score))
        if fresh[best] == round_ or score[best] < 0:
            return best
        rows, seen = cover.seen(best)
        gain[best] = cover.scale * dot(cover.weight[rows] * missed[rows], seen)
        fresh[best] = round_
        score[best] = gain[best] / price[best]


def by_marginal_gain(cover: Cover, chosen: Sequence[int]) -> list[int]:
    """Return the same options, each the one that adds most after those before it."""
    open_ = np.zeros(cover.n_options, dtype=bool)
    open_[list(chosen)] = True
    return lazy_order(cover, open_, np.ones(cover.weight.size))


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


def improve(cover: Cover, menu: Menu, chosen: Sequence[int], *, tries: int = 300, boosts: Boosts | None = None) -> list[int]:
    """Local search: take one option out, buy the best others for the money; keep what is worth more.

    ``tries`` bounds the number of removals looked at.
    """
    best, value = list(chosen), worth(cover, menu, chosen, boosts)
    left, improved = tries, True
    while improved and left > 0:
        improved = False
        for option in best:
            left -= 1
            rest = without(menu, best, option)
            for candidate in refilled(cover, menu, rest, option, boosts):
                now = worth(cover, menu, candidate, boosts)
                if now > value * (1 + 1e-9) + SMALL and menu.complete(candidate):
                    best, value, improved = candidate, now, True
                    break
            if improved or left <= 0:
                break
    return best


def worth(cover: Cover, menu: Menu, chosen: Sequence[int], boosts: Boosts | None) -> float:
    """Expected reach of a purchase, and the bonuses it earns."""
    return cover.value(chosen) + (boosts.total(menu, chosen) if boosts is not None else 0.0)


def without(menu: Menu, chosen: Sequence[int], option: int) -> list[int]:
    """The others that may stay: later uses fall with the use they follow."""
    gone = {option}
    for x in sorted(chosen):
        if int(menu.after[x]) in gone:
            gone.add(x)
    return [x for x in chosen if x not in gone]


def refilled(cover: Cover, menu: Menu, rest: list[int], without: int, boosts: Boosts | None) -> list[list[int]]:
    """The rest plus its best exchange by gain and by gain per money, each filled up again."""
    allowed = menu.allowed(rest)
    allowed[without] = False
    if not allowed.any():
        return []
    extra = boosts.gains(menu, rest) if boosts is not None else 0.0
    gain = np.where(allowed, cover.gains(cover.missed(rest)) + extra, -1.0)
    firsts = {int(np.argmax(gain)), int(np.argmax(gain / np.maximum(menu.next_cost(rest), 1e-9)))}
    return [greedy(cover, menu, per_cost=True, start=[*rest, first]) for first in sorted(firsts)]


def merged(cover: Cover) -> Cover:
    """The same cover with equal rows joined and empty rows dropped: small markets have few distinct sets.

    Rows are found equal by a random linear form and then compared entry by entry; should two different rows share the
    form, nothing is joined.
    """
    hazard = sp.csr_matrix(cover.hazard)
    hazard.sort_indices()
    size = np.diff(hazard.indptr)
    form = hazard @ np.random.default_rng(0).uniform(0.5, 1.5, hazard.shape[1])
    _, first, where = np.unique(form, return_index=True, return_inverse=True)
    lead = first[where.ravel()]
    aligned = hazard[lead]
    equal = bool((size[lead] == size).all() and (aligned.indices == hazard.indices).all() and (aligned.data == hazard.data).all())
    weight: Floats = np.bincount(where.ravel(), weights=cover.weight, minlength=first.size) if equal else cover.weight  # type: ignore[assignment]
    rows = first if equal else np.arange(size.size)
    keep = size[rows] > 0
    return Cover(sp.csr_matrix(hazard[rows[keep]]), weight[keep], cover.scale)


def exhaustive(cover: Cover, menu: Menu, boosts: Boosts | None = None) -> tuple[list[int] | None, float]:
    """Best plan by looking at every allowed set of options (depth first), and its value; None when no plan keeps the rules.

    Only for small markets: the work is 2^n_options x distinct sets.
    """
    seen = cover.seen_by_option.toarray()
    best: tuple[float, list[int] | None] = (-np.inf, None)

    def visit(option: int, chosen: list[int], missed: Floats) -> None:
        nonlocal best
        if option == cover.n_options:
            if menu.complete(chosen):
                value = cover.scale * (float(cover.weight.sum()) - dot(cover.weight, missed))
                value += boosts.total(menu, chosen) if boosts is not None else 0.0
                if value > best[0] + SMALL:
                    best = (value, list(chosen))
            return
        if menu.allowed(chosen)[option]:
            visit(option + 1, [*chosen, option], missed * (1.0 - seen[:, option]))
        visit(option + 1, chosen, missed)

    visit(0, [], np.ones(cover.weight.size))
    return best[1], best[0]
