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

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["CERTAIN", "Cover", "Menu", "by_marginal_gain", "exhaustive", "fill_in_order", "greedy", "improve", "merged", "set_matrix"]

CERTAIN = 40.0  # -ln(1 - r) of a certain exposure: exp(-40) vanishes beside 1 in float64
SMALL = 1e-12


def set_matrix(indptr: Ints, nodes: NDArray[np.int32], n_nodes: int) -> Any:
    """Return the sets as a 0/1 CSR matrix (n_sets, n_nodes)."""
    ones = np.ones(nodes.size, dtype=np.float64)
    return sp.csr_matrix((ones, nodes, indptr), shape=(indptr.size - 1, n_nodes))


@dataclass(frozen=True)
class Cover:
    """Hazards h (CSR, sets x options), the weight of each set, and the value of all sets together.

    ``scale`` x sum(weight x f) is a number of users (or of value units): scale = total value / n_sets.
    """

    hazard: Any
    weight: Floats
    scale: float

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
        return float(self.scale * (self.weight @ (1.0 - self.missed(chosen))))

    def gains(self, missed: Floats) -> Floats:
        """What each option adds when the sets are missed with ``missed``, shape (n_options,)."""
        gained: Floats = self.scale * np.asarray(self.seen_by_option.T @ (self.weight * missed)).ravel()
        return gained

    def seen(self, option: int) -> tuple[Ints, Floats]:
        """Rows that one option touches, and q there."""
        matrix = self.seen_by_option
        part = slice(matrix.indptr[option], matrix.indptr[option + 1])
        return matrix.indices[part], matrix.data[part]


@dataclass(frozen=True)
class Menu:
    """What may be bought: money in minor units, at most one option of a group, counts per kind.

    ``extra`` is a cost paid once per ``extra_key`` (a material's production), -1 = none. ``most`` and ``least``
    bound the number of options of each kind. ``required`` options are in every plan.
    """

    cost: Ints
    group: Ints
    kind: Ints
    most: Ints
    least: Ints
    extra_key: Ints
    extra: Ints
    required: Ints
    budget: int

    @cached_property
    def plain(self) -> bool:
        """True when the budget is the only rule."""
        return (
            not (self.extra_key >= 0).any()
            and np.unique(self.group).size == self.group.size
            and bool((self.most >= self.cost.size).all())
            and not self.least.any()
            and not self.required.size
        )

    def money(self, chosen: Sequence[int]) -> int:
        """Cost of the chosen options, one-off costs once."""
        rows = np.asarray(list(chosen), dtype=np.int64)
        keys = np.unique(self.extra_key[rows])
        return int(self.cost[rows].sum() + self.extra[keys[keys >= 0]].sum())

    def next_cost(self, chosen: Sequence[int]) -> Ints:
        """What each option would cost now, given that paid one-off costs are not paid again."""
        if not (self.extra_key >= 0).any():
            return self.cost
        paid = np.zeros(self.extra.size + 1, dtype=bool)
        paid[self.extra_key[list(chosen)]] = True
        open_extra = np.where((self.extra_key >= 0) & ~paid[self.extra_key], self.extra[self.extra_key], 0)
        return np.asarray(self.cost + open_extra)

    def allowed(self, chosen: Sequence[int]) -> NDArray[np.bool_]:
        """Options that every rule still admits beside ``chosen`` (minima reserve places, not money)."""
        rows = list(chosen)
        fits: NDArray[np.bool_] = self.next_cost(rows) <= self.budget - self.money(rows)
        if self.plain:
            fits[rows] = False
            return fits
        taken = np.zeros(int(self.group.max(initial=0)) + 1, dtype=bool)
        taken[self.group[rows]] = True
        counts = np.bincount(self.kind[rows], minlength=self.most.size) if rows else np.zeros(self.most.size)
        return fits & ~taken[self.group] & (counts < self.most)[self.kind]

    def complete(self, chosen: Sequence[int]) -> bool:
        """True when required options and minima are met within the budget."""
        rows = list(chosen)
        counts = np.bincount(self.kind[rows], minlength=self.most.size) if rows else np.zeros(self.most.size)
        return (
            bool(np.isin(self.required, rows).all())
            and bool((counts >= self.least).all())
            and bool((counts <= self.most).all())
            and np.unique(self.group[rows]).size == len(rows)
            and self.money(rows) <= self.budget
        )


def greedy(cover: Cover, menu: Menu, *, per_cost: bool, start: Sequence[int] = ()) -> list[int]:
    """Add the option with the largest gain (or gain per money) until nothing allowed gains.

    Lazy: by submodularity an old gain bounds the new one, so only options that could still win are looked at again.
    Kinds below their minimum are served first.
    """
    chosen = list(start)
    missed = cover.missed(chosen)
    gain, fresh = cover.gains(missed), np.zeros(cover.n_options, dtype=np.int64)
    while True:
        allowed, short = menu.allowed(chosen), _short(menu, chosen)
        if (allowed & short[menu.kind]).any():
            allowed &= short[menu.kind]
        price = np.maximum(menu.next_cost(chosen), 1e-9) if per_cost else np.ones(gain.size)
        score = np.where(allowed, gain / price, -1.0)
        best = _next(cover, missed, gain, score, price, fresh, len(chosen))
        must = bool(short[menu.kind[best]])
        if not allowed[best] or (gain[best] <= SMALL and not must):
            return chosen
        chosen.append(best)
        rows, seen = cover.seen(best)
        missed[rows] *= 1.0 - seen


def _next(cover: Cover, missed: Floats, gain: Floats, score: Floats, price: Floats, fresh: Ints, round_: int) -> int:
    """Option with the best score after bringing the gains of all that could win up to date."""
    while True:
        best = int(np.argmax(score))
        if fresh[best] == round_ or score[best] < 0:
            return best
        rows, seen = cover.seen(best)
        gain[best] = cover.scale * float((cover.weight[rows] * missed[rows]) @ seen)
        fresh[best] = round_
        score[best] = gain[best] / price[best]


def by_marginal_gain(cover: Cover, chosen: Sequence[int]) -> list[int]:
    """Return the same options, each the one that adds most after those before it."""
    options = np.array(sorted(chosen), dtype=np.int64)
    missed, gain = np.ones(cover.weight.size), np.full(cover.n_options, -1.0)
    gain[options] = [cover.scale * float(cover.weight[rows] @ seen) for rows, seen in map(cover.seen, options.tolist())]
    score, fresh = gain.copy(), np.zeros(cover.n_options, dtype=np.int64)
    order: list[int] = []
    price = np.ones(cover.n_options)
    for _ in options:
        best = _next(cover, missed, gain, score, price, fresh, len(order))
        order.append(best)
        score[best] = -2.0
        rows, seen = cover.seen(best)
        missed[rows] *= 1.0 - seen
    return order


def _short(menu: Menu, chosen: Sequence[int]) -> NDArray[np.bool_]:
    """Kinds that still lack options."""
    counts = np.bincount(menu.kind[list(chosen)], minlength=menu.most.size) if chosen else 0
    return np.asarray(counts < menu.least)


def fill_in_order(menu: Menu, order: Iterable[int], start: Sequence[int] = ()) -> list[int]:
    """Buy in this order whatever the rules still admit: how a list of prices is read by hand."""
    chosen = list(start)
    left = menu.budget - menu.money(chosen)
    for option in order:
        if menu.plain:
            if menu.cost[option] <= left and option not in start:
                chosen.append(int(option))
                left -= int(menu.cost[option])
        elif menu.allowed(chosen)[option]:
            chosen.append(int(option))
    return chosen


def improve(cover: Cover, menu: Menu, chosen: Sequence[int], *, tries: int = 300) -> list[int]:
    """Local search: take one option out, buy the best others for the money; keep what reaches more.

    ``tries`` bounds the number of removals looked at.
    """
    best, value = list(chosen), cover.value(chosen)
    fixed = set(menu.required.tolist())
    left, improved = tries, True
    while improved and left > 0:
        improved = False
        for option in [x for x in best if x not in fixed]:
            left -= 1
            rest = [x for x in best if x != option]
            for candidate in _refilled(cover, menu, rest, option):
                now = cover.value(candidate)
                if now > value * (1 + 1e-9) + SMALL and menu.complete(candidate):
                    best, value, improved = candidate, now, True
                    break
            if improved or left <= 0:
                break
    return best


def _refilled(cover: Cover, menu: Menu, rest: list[int], without: int) -> list[list[int]]:
    """The rest plus its best exchange by gain and by gain per money, each filled up again."""
    allowed = menu.allowed(rest)
    allowed[without] = False
    if not allowed.any():
        return []
    gain = np.where(allowed, cover.gains(cover.missed(rest)), -1.0)
    firsts = {int(np.argmax(gain)), int(np.argmax(gain / np.maximum(menu.next_cost(rest), 1e-9)))}
    return [greedy(cover, menu, per_cost=True, start=[*rest, first]) for first in sorted(firsts)]


def merged(cover: Cover) -> Cover:
    """The same cover with equal rows joined and empty rows dropped: small markets have few distinct sets."""
    dense = cover.hazard.toarray()
    rows, where = np.unique(dense, axis=0, return_inverse=True)
    weight = np.bincount(where.ravel(), weights=cover.weight, minlength=len(rows)).astype(np.float64)
    keep = rows.any(axis=1)
    return Cover(sp.csr_matrix(rows[keep]), weight[keep], cover.scale)


def exhaustive(cover: Cover, menu: Menu) -> tuple[list[int], float]:
    """Best plan by looking at every allowed set of options (depth first), and its value.

    Only for small markets: the work is 2^n_options x distinct sets.
    """
    seen = cover.seen_by_option.toarray()
    best: tuple[float, list[int]] = (-1.0, [])

    def visit(option: int, chosen: list[int], missed: Floats) -> None:
        nonlocal best
        if option == cover.n_options:
            if menu.complete(chosen):
                value = float(cover.weight.sum() - cover.weight @ missed)
                if value > best[0] + SMALL:
                    best = (value, list(chosen))
            return
        if menu.allowed(chosen)[option]:
            visit(option + 1, [*chosen, option], missed * (1.0 - seen[:, option]))
        visit(option + 1, chosen, missed)

    visit(0, [], np.ones(cover.weight.size))
    return best[1], cover.scale * best[0]
