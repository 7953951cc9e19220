"""The best plan on a sample, or a bound close to it: branch and bound over purchases.

The relaxation of `channel_bound` pays one-off costs and the last purchase in part; with a small budget that is most of
the bound. Here a node has bought some options for good, closed others and paid some one-off costs. What its plans can
still gain is bounded by linear functions of the open options above the coverage that the bought ones leave,

* the cut, sum of w m min(1, sum q x), smoothed at its corner, or
* the tangent of w m (1 - exp(-sum h x)), set by set whichever is lower at a fractional plan x,

m being what the bought ones miss, and the largest total of their coefficients under the budget (fractional knapsack,
the best of each group, one-off costs not yet decided for nothing). Other rules close options once they are broken and
are looked at again in whole plans. x follows the maximisers (conditional gradients). The node with the largest bound
is parted next: a one-off cost that x uses is paid or not, else a group is decided. Whatever stops the search, no plan
is worth more than the largest bound of what was not looked at, so the bound holds.

References
----------
Nemhauser, Wolsey: Maximizing submodular set functions: formulations and analysis of algorithms. 1981.
https://doi.org/10.1016/S0304-0208(08)73478-9
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_cover import Cover
    from graphkit.influence.channel_menu import Menu

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Closed", "close_gap"]

CLOSE = 1e-9  # relative: bounds this near to the best plan are reached by it
STEPS_AT_ROOT, STEPS = 24, 4
SOFT = (0.3, 0.1, 0.03)


@dataclass(frozen=True)
class Closed:
    """The best plan found, its value, and what no plan exceeds; they are equal when the search was completed."""

    chosen: list[int]
    value: float
    bound: float
    nodes: int


@dataclass(frozen=True)
class _Node:
    """Options bought, options that may still be bought, one-off costs paid, the fractional plan to start from."""

    chosen: tuple[int, ...]
    open_: Bools
    paid: Bools
    x: Floats


@dataclass(frozen=True)
class _Cut:
    """No plan of a node is worth more than ``scale`` (``constant`` + the ``pull`` of what it buys yet)."""

    scale: float
    constant: float
    pull: Floats
    cost: NDArray[np.int64]
    group: NDArray[np.int64]

    def total(self, open_: Bools, left: int) -> float:
        """The bound for plans that buy from the open options only."""
        x = np.empty(open_.size)
        return self.scale * (self.constant + float(knapsack_kernel(self.pull, open_, self.cost, self.group, left, x)))


def close_gap(
    cover: Cover, menu: Menu, start: Sequence[int], bound: float, *, work: float, gap: float = CLOSE
) -> Closed:
    """Return the best plan and the least bound that so much work finds.

    Parameters
    ----------
    cover : Cover
    menu : Menu
    start : sequence of int
        A plan that keeps the rules.
    bound : float
        What no plan is worth more than.
    work : float
        Entries of the cover that may be read.
    gap : float
        Relative distance of bound and plan at which the search ends.
    """
    return _Search(cover, menu, list(start), bound, gap).run(work)


class _Search:
    """Nodes by their bounds, and the best plan so far."""

    def __init__(self, cover: Cover, menu: Menu, start: list[int], bound: float, gap: float) -> None:
        self.cover, self.menu, self.gap, self.bound = cover, menu, gap, bound
        self.loose = replace(menu, after=np.full(menu.n, -1, dtype=np.int64))
        self.best, self.value = start, cover.value(start)
        self.total = float(cover.weight.sum())
        hazard, seen = cover.by_option, cover.seen_by_option
        self.matrix = (hazard.indptr.astype(np.int64), hazard.indices.astype(np.int32), hazard.data, seen.data)
        self.size = np.diff(hazard.indptr)
        _, self.group = np.unique(menu.group, return_inverse=True)
        self.heap: list[tuple[float, int, _Node]] = []
        self.nodes, self.read = 0, 0.0

    def run(self, work: float) -> Closed:
        """Look at nodes until none can be better, or the work is done."""
        menu = self.menu
        nothing = np.zeros(max(menu.extra.size, 1), dtype=bool)
        first = np.zeros(menu.n)
        first[self.best] = 1.0
        self._push(self.bound, _Node((), self.loose.allowed([]), nothing, first))
        while self.heap and self._worth(-self.heap[0][0]) and self.read < work:
            top, _, node = heapq.heappop(self.heap)
            self._look(node, -top)
        top = -self.heap[0][0] if self.heap else self.value
        return Closed(
            self.best, self.value, min(self.bound, max(top, self.value)) if self.heap else self.value, self.nodes
        )

    def _worth(self, bound: float) -> bool:
        return bound > self.value * (1.0 + self.gap)

    def _push(self, bound: float, node: _Node) -> None:
        if self._worth(bound):
            self.nodes += 1
            heapq.heappush(self.heap, (-bound, self.nodes, node))

    def _look(self, node: _Node, known: float) -> None:
        """Bound a node, and part it when it may hold a better plan."""
        menu, cover = self.menu, self.cover
        missed = cover.weight * cover.missed(node.chosen)
        sure = self.total - float(missed.sum())
        if node.chosen and menu.complete(node.chosen):
            self._offer(list(node.chosen), cover.scale * sure)
        left = (
            menu.budget - int(menu.cost[list(node.chosen)].sum()) - int(menu.extra[node.paid[: menu.extra.size]].sum())
        )
        steps = STEPS if node.chosen or node.paid.any() else STEPS_AT_ROOT
        x = np.where(node.open_, node.x, 0.0)
        more, x, constant, pull, taken = node_kernel(
            *self.matrix, missed, node.open_, menu.cost, self.group, left, x, np.array(SOFT), steps,
            (self.value * (1.0 + self.gap)) / cover.scale - sure,
        )  # fmt: skip
        self.read += taken * (self.size[node.open_].sum() + 2 * cover.weight.size)
        bound = min(known, cover.scale * (sure + more))
        if not self._worth(bound):
            return
        self._round(node, x)
        if self._worth(bound):
            self._part(node, x, left, bound, _Cut(cover.scale, sure + constant, pull, menu.cost, self.group))

    def _offer(self, chosen: list[int], value: float) -> None:
        if value > self.value:
            self.best, self.value = chosen, value

    def _round(self, node: _Node, x: Floats) -> None:
        """The whole plan next to the fractional one."""
        menu, chosen = self.menu, list(node.chosen)
        for option in np.argsort(-x, kind="stable")[: int((x > 1e-3).sum())].tolist():
            if menu.allowed(chosen)[option]:
                chosen.append(option)
        if menu.complete(chosen):
            self._offer(chosen, self.cover.value(chosen))

    def _part(self, node: _Node, x: Floats, left: int, bound: float, cut: _Cut) -> None:
        """Children of a node: they share its plans out."""
        key, part = self.menu.extra_key, x * cut.pull
        undecided = (key >= 0) & ~node.paid[key] & node.open_
        if (part[undecided] > 0).any():
            use = np.bincount(key[undecided], weights=part[undecided], minlength=self.menu.extra.size)
            self._decide_cost(node, x, left, bound, cut, int(np.argmax(use)))
        elif node.open_.any():
            self._decide_group(node, x, left, bound, cut, undecided)

    def _decide_cost(self, node: _Node, x: Floats, left: int, bound: float, cut: _Cut, which: int) -> None:
        """A one-off cost is paid, or nothing that needs it is bought."""
        paid, rest = node.paid.copy(), left - int(self.menu.extra[which])
        paid[which] = True
        if rest >= 0:
            open_ = node.open_ & (self.menu.cost <= rest)
            self._push(min(bound, cut.total(open_, rest)), _Node(node.chosen, open_, paid, x))
        open_ = self._reachable(node.open_ & (self.menu.extra_key != which), node.chosen)
        self._push(min(bound, cut.total(open_, left)), _Node(node.chosen, open_, node.paid, x))

    def _decide_group(self, node: _Node, x: Floats, left: int, bound: float, cut: _Cut, undecided: Bools) -> None:
        """One option of a group is bought, or none."""
        menu, option = self.menu, int(np.argmax(np.where(node.open_, cut.pull * (x + 1e-6), -1.0)))
        while menu.after[option] >= 0 and node.open_[menu.after[option]]:  # a first use before a second
            option = int(menu.after[option])
        mine = np.flatnonzero(node.open_ & (menu.group == menu.group[option]))
        for one in mine.tolist():
            paid, rest = node.paid, left - int(menu.cost[one])
            if undecided[one]:
                paid = paid.copy()
                paid[menu.extra_key[one]] = True
                rest -= int(menu.extra[menu.extra_key[one]])
            if rest < 0:
                continue
            chosen = (*node.chosen, one)
            open_ = self._reachable(node.open_ & self.loose.allowed(chosen) & (menu.cost <= rest), chosen)
            self._push(min(bound, cut.scale * cut.pull[one] + cut.total(open_, rest)), _Node(chosen, open_, paid, x))
        open_ = node.open_.copy()
        open_[mine] = False
        open_ = self._reachable(open_, node.chosen)
        self._push(min(bound, cut.total(open_, left)), _Node(node.chosen, open_, node.paid, x))

    def _reachable(self, open_: Bools, chosen: Sequence[int]) -> Bools:
        """Open options without those whose earlier use is neither bought nor open."""
        after, had = self.menu.after, np.zeros(self.menu.n, dtype=bool)
        had[list(chosen)] = True
        while True:
            kept = open_ & ((after < 0) | had[after] | open_[after])
            if (kept == open_).all():
                return kept
            open_ = kept


@njit(nogil=True, cache=True)
def knapsack_kernel(pull, open_, cost, group, left, x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the largest total of fractions of open options, one of a group at its least price; ``x`` holds them."""
    n = pull.size
    best, price = np.full(n, -1), np.empty(n)
    for v in range(n):
        x[v] = 0.0
        if open_[v] and cost[v] <= left and pull[v] > 0.0:
            g = group[v]
            if best[g] < 0:
                best[g], price[g] = v, cost[v]
            else:
                price[g] = min(price[g], cost[v])
                if pull[v] > pull[best[g]]:
                    best[g] = v
    total, money = 0.0, float(left)
    while True:
        first, most = -1, 0.0
        for g in range(n):
            if best[g] >= 0 and pull[best[g]] > most * max(price[g], 1e-9):
                first, most = g, pull[best[g]] / max(price[g], 1e-9)
        if first < 0 or (money <= 0.0 and price[first] > 0.0):
            break
        v = best[first]
        x[v] = 1.0 if price[first] <= money else money / price[first]
        money -= x[v] * price[first]
        total += x[v] * pull[v]
        best[first] = -1
    return total


@njit(nogil=True, cache=True)
def node_kernel(indptr, indices, hazard, seen, weight, open_, cost, group, left, x, softness, steps, enough):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the least bound, its fractional plan, constant and coefficients, and the steps taken."""
    n, rows = open_.size, weight.size
    bound, kept, constant, kept_pull = np.inf, x.copy(), 0.0, np.zeros(n)
    across, within = np.empty(rows), np.empty(rows)
    corner = np.empty(n)
    taken = 0
    for step in range(steps):
        soft = softness[min(step * softness.size // steps, softness.size - 1)]
        across[:] = 0.0
        within[:] = 0.0
        for v in range(n):
            if x[v] > 0.0:
                for k in range(indptr[v], indptr[v + 1]):
                    across[indices[k]] += hazard[k] * x[v]
                    within[indices[k]] += seen[k] * x[v]
        base = 0.0
        for r in range(rows):
            if across[r] == 0.0:
                within[r] = weight[r]
                continue
            a = min(across[r], 40.0)
            w = np.exp(-a)
            y = min(max(0.5 + (1.0 - within[r]) / (2.0 * soft), 0.0), 1.0)
            if 1.0 - y + y * within[r] <= 1.0 - w + w * (across[r] - a):
                base += weight[r] * (1.0 - y)
                across[r], within[r] = 0.0, weight[r] * y
            else:
                base += weight[r] * (1.0 - w - w * a)
                across[r], within[r] = weight[r] * w, 0.0
        pull = np.zeros(n)
        for v in range(n):
            if open_[v]:
                total = 0.0
                for k in range(indptr[v], indptr[v + 1]):
                    total += hazard[k] * across[indices[k]] + seen[k] * within[indices[k]]
                pull[v] = total
        best = knapsack_kernel(pull, open_, cost, group, left, corner)
        taken += 1
        if base + best < bound:
            bound, constant, kept_pull = base + best, base, pull
            kept[:] = x
            if bound <= enough:
                break
        size = 2.0 / (step + 3.0)
        for v in range(n):
            x[v] += size * (corner[v] - x[v])
    return bound, x, constant, kept_pull, taken
