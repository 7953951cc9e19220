"""Which seed sets are allowed, and the best of a linear value over them.

A bound on the optimum asks for the largest sum of ``load`` over an allowed set. A number of seeds takes
the largest loads, a partition matroid the largest of each group, a budget the fractional knapsack, and
budget with groups one multiplier on the money: for every price of money L >= 0 the optimum is at most
L budget + sum over groups of their largest (load - L cost). Where a rule is relaxed the maximum only grows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import non_negative, positive_int, refuse
from graphkit.diffusion.worlds import node_rows
from graphkit.errors import Infeasible, InvalidParameter
from graphkit.influence.knapsack import fractional_knapsack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from graphkit.projection.projection import Projection

__all__ = ["Rules", "seed_rules"]

BISECTIONS = 40


@dataclass(frozen=True, eq=False)
class Rules:
    """At most ``k`` nodes, or total cost at most ``budget``; at most ``most[g]`` nodes of group g.

    Attributes
    ----------
    allowed : bool ndarray, shape (n_nodes,)
        Candidates that can be afforded.
    rank : int64 ndarray, shape (n_nodes,)
        Place of each node in the order of ids: ties go to the smaller.
    k : int
        Number of seeds; the number of candidates under a budget.
    cost : float64 ndarray, shape (n_nodes,), or None
    budget : float
    group : int64 ndarray, shape (n_nodes,), or None
        Group of each node, 0..n_groups-1.
    most : int64 ndarray, shape (n_groups,), or None
    """

    allowed: NDArray[np.bool_]
    rank: NDArray[np.int64]
    k: int
    cost: NDArray[np.float64] | None = None
    budget: float = math.inf
    group: NDArray[np.int64] | None = None
    most: NDArray[np.int64] | None = None

    @property
    def plain(self) -> bool:
        """Say whether only the number of seeds is bounded."""
        return self.cost is None and self.group is None

    def take(self, rows: NDArray[Any]) -> Rules:
        """Return the rules of some nodes, renumbered 0..rows.size-1."""
        cost = None if self.cost is None else self.cost[rows]
        group = None if self.group is None else self.group[rows]
        return replace(self, allowed=self.allowed[rows], rank=self.rank[rows], cost=cost, group=group)

    def largest(self, load: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the maximum of the linear ``load`` over the allowed sets (relaxed) and where it is taken."""
        if self.cost is None:
            share = self._heaviest(load)
            return float((load * share).sum()), share
        if self.group is None:
            share = fractional_knapsack(np.where(self.allowed, load, 0.0), self.cost, self.budget)
            return float((load * share).sum()), share
        return self._priced(load)

    def _heaviest(self, load: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take the largest positive loads that number and groups allow."""
        rows = np.flatnonzero(self.allowed & (load > 0))
        if self.group is not None and self.most is not None:
            rows = rows[np.lexsort((self.rank[rows], -load[rows], self.group[rows]))]
            group = self.group[rows]
            begin = np.searchsorted(group, group)  # first place of the group in the sorted rows
            rows = rows[np.arange(rows.size) - begin < self.most[group]]
        if rows.size > self.k:
            rows = rows[np.argpartition(load[rows], rows.size - self.k)[rows.size - self.k :]]
        share = np.zeros(load.size)
        share[rows] = 1.0
        return share

    def affords(self, rows: list[int]) -> bool:
        """Say whether some nodes together are within the budget, added up in this order and by row."""
        if self.cost is None:
            return True
        return bool(self.cost[rows].sum() <= self.budget and self.cost[sorted(rows)].sum() <= self.budget)

    def _priced(self, load: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Bisect the price of money; every price gives a bound."""
        cost = np.zeros(load.size) if self.cost is None else self.cost
        some = self.allowed & (load > 0) & (cost > 0)
        low, high = 0.0, float((load[some] / cost[some]).max()) if some.any() else 0.0
        best, taken = math.inf, np.zeros(load.size)
        for price in (0.0, *[math.nan] * BISECTIONS):
            trial = (low + high) / 2 if math.isnan(price) else price
            share = self._heaviest(load - trial * cost)
            bound = trial * self.budget + float(((load - trial * cost) * share).sum())
            if bound < best:
                best, taken = bound, share
            if float(cost @ share) > self.budget:
                low = trial
            else:
                high = trial
        return best, taken


def seed_rules(
    projection: Projection,
    *,
    k: int | None,
    budget: float | None,
    cost: ArrayLike | None = None,
    candidates: Any = None,
    group: ArrayLike | None = None,
    per_group: int | Mapping[Any, int] | None = None,
) -> Rules:
    """Check what `select_seeds` is asked and turn it into rules; arguments and errors are described there."""
    if not projection.n_nodes:
        refuse("projection", "no node", "a graph with at least one node")
    return _groups(_bounds(projection, k, budget, cost, candidates), group, per_group)


def _bounds(
    projection: Projection, k: int | None, budget: float | None, cost: ArrayLike | None, candidates: Any
) -> Rules:
    """Return candidates, number and money."""
    n = projection.n_nodes
    if (k is None) == (budget is None):
        message = "give either k (a number of seeds) or budget (with the cost of each node)"
        raise InvalidParameter(message, parameter="k", hint="for example k=50, or budget=1000, cost=prices")
    allowed = np.ones(n, np.bool_)
    if candidates is not None:
        rows = node_rows(projection, candidates)
        if not rows.size:
            refuse("candidates", candidates, "at least one node")
        allowed[:] = False
        allowed[rows] = True
    rank = _rank(projection)
    if k is not None:
        if cost is not None:
            refuse("cost", "an array", "None when k is given", hint="costs belong to budget=")
        return Rules(allowed, rank, min(positive_int("k", k), int(allowed.sum())))
    money = non_negative("budget", budget)
    if cost is None:
        price = np.ones(n)
    elif np.ndim(cost) == 0:
        price = np.full(n, non_negative("cost", cost))
    else:
        price = np.asarray(cost, dtype=np.float64)
        if price.shape != (n,):
            refuse("cost", f"an array of shape {price.shape}", f"an array of shape ({n},)")
        wrong = np.flatnonzero(~(np.isfinite(price) & (price >= 0)))
        if wrong.size:
            refuse(f"cost[{wrong[0]}]", float(price[wrong[0]]), "a finite number >= 0")
    cheapest = float(price[allowed].min())
    allowed &= price <= money
    if not allowed.any():
        message = f"the budget {money:g} is below the cheapest candidate, {cheapest:g}"
        raise Infeasible(
            message, rule="budget", missing=cheapest - money, hint=f"a budget of {cheapest:g} allows one seed"
        )
    return Rules(allowed, rank, int(allowed.sum()), price, money)


def _groups(rules: Rules, group: ArrayLike | None, per_group: int | Mapping[Any, int] | None) -> Rules:
    """Add at most so many seeds of each group."""
    if (group is None) != (per_group is None):
        message = "group and per_group belong together"
        raise InvalidParameter(
            message,
            parameter="per_group" if per_group is None else "group",
            hint="for example group=regions, per_group=2",
        )
    if group is None or per_group is None:
        return rules
    labels = np.asarray(group)
    if labels.shape != rules.allowed.shape:
        refuse("group", f"an array of shape {labels.shape}", f"an array of shape {rules.allowed.shape}")
    names, code = np.unique(labels, return_inverse=True)
    if isinstance(per_group, dict):
        unknown = sorted(set(map(str, per_group)) - set(map(str, names.tolist())))
        if unknown:
            refuse("per_group", unknown[0], "groups that occur in group")
        bounds = {str(key): positive_int(f"per_group[{key}]", number, minimum=0) for key, number in per_group.items()}
        most = np.array([bounds.get(str(name), labels.size) for name in names.tolist()], np.int64)
    else:
        most = np.full(names.size, positive_int("per_group", per_group), np.int64)
    allowed = rules.allowed & (most[code] > 0)
    if not allowed.any():
        message = "per_group allows no candidate at all"
        raise Infeasible(message, rule="per_group", hint="let at least one group have a seed")
    return replace(rules, allowed=allowed, group=code.astype(np.int64), most=most)


def _rank(projection: Projection) -> NDArray[np.int64]:
    """Return the place of each node in the order of (id, label); bare arrays are in order already."""
    kept: dict[str, Any] = projection.__dict__  # as a cached property: a million names are sorted once
    if "_rank" not in kept:
        nodes = projection.nodes
        rank = np.arange(nodes.n)
        if nodes.ids is not None:
            names = nodes.ids.tolist()
            labels = [""] * nodes.n if nodes.labels is None else nodes.labels.tolist()
            rank[sorted(range(nodes.n), key=lambda i: (str(names[i]), str(labels[i])))] = np.arange(nodes.n)
        rank.flags.writeable = False
        kept["_rank"] = rank
    result: NDArray[np.int64] = kept["_rank"]
    return result
