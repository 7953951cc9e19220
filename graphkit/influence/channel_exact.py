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

from graphkit.influence.channel_cover import dot
from graphkit.influence.channel_exact_kernel import node_kernel
from graphkit.influence.channel_hard import is_hard
from graphkit.influence.knapsack import fractional_knapsack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_cover import Cover
    from graphkit.influence.channel_menu import Menu

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]

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
    cost: Ints
    group: Ints

    def total(self, open_: Bools, left: int) -> float:
        """The bound for plans that buy from the open options only."""
        gain = np.where(open_, self.pull, 0.0)
        return self.scale * (self.constant + dot(gain, fractional_knapsack(gain, self.cost, left, group=self.group)))


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
        Relative distance of bound and plan that is near enough, as in integer programming: what cannot be better than
        the plan by more is let go, and the bound is then value x (1 + gap).
    """
    return _Search(cover, menu, list(start), bound, gap).run(work)


class _Search:
    """Nodes by their bounds, and the best plan so far."""

    def __init__(self, cover: Cover, menu: Menu, start: list[int], bound: float, gap: float) -> None:
        self.cover, self.menu, self.gap, self.bound = cover, menu, gap, bound
        self.loose = replace(menu, after=np.full(menu.n, -1, dtype=np.int64))
        self.simple = menu.plain and bool((menu.after < 0).all())
        self.best, self.value = start, cover.value(start)
        self.total = float(cover.weight.sum())
        hazard, seen = cover.by_option, cover.seen_by_option
        self.matrix = (hazard.indptr.astype(np.int64), hazard.indices.astype(np.int32), hazard.data, seen.data)
        self.size, self.hard = np.diff(hazard.indptr), is_hard(cover)
        _, self.group = np.unique(menu.group, return_inverse=True)
        self.heap: list[tuple[float, int, _Node]] = []
        self.nodes, self.read = 0, 0.0
        self.dropped = self.value  # a node let go within the gap had this bound

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
        within = self.value * (1.0 + self.gap) if self.dropped > self.value else self.value
        top = max(-self.heap[0][0] if self.heap else 0.0, within)
        return Closed(self.best, self.value, max(min(self.bound, top), self.value), self.nodes)

    def _worth(self, bound: float) -> bool:
        """Whether plans up to this bound matter; if not, they are remembered by it."""
        if bound > self.value * (1.0 + self.gap):
            return True
        self.dropped = max(self.dropped, bound)
        return False

    def _push(self, bound: float, node: _Node) -> None:
        if self._worth(bound):
            self.nodes += 1
            heapq.heappush(self.heap, (-bound, self.nodes, node))

    def _left_of(self, missed: Floats, options: Sequence[int]) -> Floats:
        """What is left of the weight of each set when these options are bought, too."""
        left = missed.copy()
        for option in options:
            rows, seen = self.cover.seen(option)
            left[rows] *= 1.0 - seen
        return left

    def _look(self, node: _Node, known: float) -> None:
        """Bound a node, and part it when it may hold a better plan."""
        menu, scale, chosen = self.menu, self.cover.scale, list(node.chosen)
        missed = self._left_of(self.cover.weight, chosen)
        sure = self.total - float(missed.sum())
        self._offer(chosen, scale * sure)
        left = menu.budget - int(menu.cost[chosen].sum()) - int(menu.extra[node.paid[: menu.extra.size]].sum())
        steps = STEPS if chosen or node.paid.any() else STEPS_AT_ROOT
        more, x, cut = self._bounded(node, missed, left, steps, self.value * (1.0 + self.gap) / scale - sure)
        bound = min(known, scale * (sure + more))
        if self._worth(bound):
            self._round(node, x, missed, left)
        if self._worth(bound):
            self._part(node, x, left, bound, replace(cut, constant=cut.constant + sure))

    def _bounded(self, node: _Node, missed: Floats, left: int, steps: int, enough: float) -> tuple[float, Floats, _Cut]:
        """The least bound on what a node's plans add, a fractional plan, and the linear function behind the bound."""
        menu, x = self.menu, np.where(node.open_, node.x, 0.0)
        entries = self.size[node.open_].sum() + 2 * missed.size
        if self.hard:
            best, constant, pull, taken = self._hard(node, missed, left, x, steps, enough)
        else:
            best, constant, pull, taken = node_kernel(
                *self.matrix, missed, node.open_, menu.cost, self.group, left, x, np.array(SOFT), steps, enough
            )
        self.read += taken * entries
        return best, x, _Cut(self.cover.scale, constant, pull, menu.cost, self.group)

    def _hard(
        self, node: _Node, missed: Floats, left: int, x: Floats, steps: int, enough: float
    ) -> tuple[float, float, Floats, int]:
        """What `node_kernel` does, where a set is seen for certain or not: the cut alone, in a few products."""
        best, kept, step = np.inf, (0.0, np.zeros(x.size)), 0
        for step in range(steps):
            within = np.asarray(self.cover.seen_by_option @ x).ravel()
            slope = missed * np.clip(0.5 + (1.0 - within) / (2.0 * SOFT[step * len(SOFT) // steps]), 0.0, 1.0)
            constant, pull = float((missed - slope).sum()), np.asarray(self.cover.seen_by_option.T @ slope).ravel()
            gain = np.where(node.open_, pull, 0.0)
            corner = fractional_knapsack(gain, self.menu.cost, left, group=self.group)
            if constant + dot(gain, corner) < best:
                best, kept = constant + dot(gain, corner), (constant, pull)
                if best <= enough:
                    break
            x += 2.0 / (step + 3.0) * (corner - x)
        return best, *kept, step + 1

    def _offer(self, chosen: list[int], value: float) -> None:
        if value > self.value and self.menu.complete(chosen):
            self.best, self.value = chosen, value

    def _round(self, node: _Node, x: Floats, missed: Floats, left: int) -> None:
        """The whole plan next to the fractional one."""
        chosen = list(node.chosen)
        fresh: list[int] = []
        for option in np.argsort(-x, kind="stable")[: int((x > 1e-3).sum())].tolist():
            if self.menu.cost[option] <= left and (self.simple or self.menu.allowed([*chosen, *fresh])[option]):
                fresh.append(option)
                left -= int(self.menu.cost[option])
        rest = self._left_of(missed, fresh)
        self._offer([*chosen, *fresh], self.cover.scale * (self.total - float(rest.sum())))

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
            open_ = node.open_ & (menu.cost <= rest)
            open_[one] = False
            if not self.simple:
                open_ = self._reachable(open_ & self.loose.allowed(chosen), chosen)
            self._push(min(bound, cut.scale * cut.pull[one] + cut.total(open_, rest)), _Node(chosen, open_, paid, x))
        open_ = node.open_.copy()
        open_[mine] = False
        open_ = self._reachable(open_, node.chosen)
        self._push(min(bound, cut.total(open_, left)), _Node(node.chosen, open_, node.paid, x))

    def _reachable(self, open_: Bools, chosen: Sequence[int]) -> Bools:
        """Open options without those whose earlier use is neither bought nor open."""
        if self.simple:
            return open_
        after, had = self.menu.after, np.zeros(self.menu.n, dtype=bool)
        had[list(chosen)] = True
        while True:
            kept = open_ & ((after < 0) | had[after] | open_[after])
            if (kept == open_).all():
                return kept
            open_ = kept
