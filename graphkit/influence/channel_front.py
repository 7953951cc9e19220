"""Plans that no other plan beats in every goal: all of them in small markets, by local search in larger ones.

Each goal has a cover of its own over the same options. A market of few options is enumerated, so the list is complete
(on the sample); otherwise Pareto local search (Paquete, Chiarandini and Stützle 2004): from good plans on, one
purchase is exchanged at a time, and what no kept plan beats is kept and looked at in turn.

References
----------
Paquete, Chiarandini, Stützle: Pareto local optimum sets in the biobjective travelling salesman problem. Metaheuristics
for Multiobjective Optimisation (2004). https://doi.org/10.1007/978-3-642-17144-4_7
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from graphkit.influence.channel_cover import Cover, merged
from graphkit.influence.channel_greedy import visit_plans
from graphkit.influence.channel_swaps import refilled, without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_menu import Menu

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["SAME", "every_plan", "exchanged_plans", "unbeaten"]

SAME = 1e-9  # relative: values closer than this are equal


def unbeaten(points: Floats, cost: Floats, same: float = SAME) -> Ints:
    """Return the rows that no other row equals or exceeds in every column; among equal rows the cheapest, then the first.

    Parameters
    ----------
    points : float64 ndarray, shape (n, n_goals)
        What each plan is worth under each goal, >= 0.
    cost : float64 ndarray, shape (n,)
    same : float
        Share of the largest value of a goal within which two values count as equal.

    Returns
    -------
    int64 ndarray
        Rows, the largest of the first goal first.

    Examples
    --------
    >>> unbeaten(np.array([[2.0, 1.0], [1.0, 2.0], [1.0, 1.0], [2.0, 1.0]]), np.array([5.0, 5.0, 1.0, 4.0])).tolist()
    [3, 1]
    """
    size = np.maximum(points.max(axis=0, initial=0.0), 1e-300)
    share = points / size
    kept: list[int] = []
    best = np.empty((0, points.shape[1]))
    for row in np.lexsort(
        (np.arange(len(points)), cost, -np.round(share.sum(axis=1), 9))
    ):  # whoever beats a row stands before it
        if not (best >= share[row] - same).all(axis=1).any():
            kept.append(int(row))
            best = share[kept]
    return np.array(sorted(kept, key=lambda row: (-share[row, 0], row)), dtype=np.int64)


def every_plan(covers: Sequence[Cover], menu: Menu) -> tuple[list[list[int]], Floats]:
    """Return all plans that keep the rules, and their value under each goal, shape (n_plans, n_goals).

    Only for small markets: the work is 2^n_options x distinct sets.
    """
    small = [merged(cover) for cover in covers]
    whole = [float(cover.weight.sum()) for cover in small]
    plans: list[list[int]] = []
    values: list[list[float]] = []

    def take(chosen: list[int], missed: list[Floats]) -> None:
        plans.append(chosen)
        values.append(
            [c.scale * (w - float((c.weight * m).sum())) for c, w, m in zip(small, whole, missed, strict=True)]
        )

    visit_plans(small, menu, take)
    return plans, np.array(values).reshape(len(plans), len(covers))


def exchanged_plans(
    covers: Sequence[Cover], menu: Menu, starts: Sequence[Sequence[int]], *, tries: int
) -> list[list[int]]:
    """Return plans found from ``starts`` by exchanges, none of which beats another; ``tries`` bounds the purchases taken out.

    The plans in turn: the one least looked at that stands widest apart, so that gaps of the front are filled first.
    """
    points = np.array([[cover.value(plan) for cover in covers] for plan in starts])
    first = unbeaten(points, np.array([menu.money(x) for x in starts], np.float64))
    kept, points = [list(starts[i]) for i in first], points[first]
    looked: dict[tuple[int, ...], int] = {}
    together = [*covers, _together(covers, points.max(axis=0))]
    while tries > 0:
        place = _next(kept, points, looked)
        if place is None:
            break
        plan = kept[place]
        key = tuple(sorted(plan))
        option = plan[looked.get(key, 0)]
        looked[key] = looked.get(key, 0) + 1
        tries -= 1
        rest = without(menu, plan, option)
        fresh = {
            tuple(sorted(x)): x
            for cover in together
            for x in refilled(cover, menu, rest, option, None)
            if menu.complete(x)
        }
        more = [x for k, x in fresh.items() if k not in looked]
        if not more:
            continue
        plans = [*kept, *more]
        every = np.concatenate((points, [[cover.value(x) for cover in covers] for x in more]))
        rows = unbeaten(every, np.array([menu.money(x) for x in plans], np.float64))
        kept, points = [plans[i] for i in rows], every[rows]
    return kept


def _together(covers: Sequence[Cover], size: Floats) -> Cover:
    """One cover for the sum of the goals, each as a share of the largest value seen."""
    weight = np.concatenate([c.weight * c.scale / max(s, 1e-12) for c, s in zip(covers, size.tolist(), strict=True)])
    return Cover(sp.csr_matrix(sp.vstack([c.hazard for c in covers], format="csr")), weight, 1.0)


def _next(kept: list[list[int]], points: Floats, looked: dict[tuple[int, ...], int]) -> int | None:
    """The plan to look at: purchases left to take out, fewest taken out so far, then the widest gap to its neighbours."""
    share = points / np.maximum(points.max(axis=0), 1e-300)
    order = np.argsort(share[:, 0], kind="stable")
    along = share[order]
    step = np.abs(np.diff(along, axis=0)).sum(axis=1) if len(kept) > 1 else np.zeros(0)
    gap = np.zeros(len(kept))
    gap[order] = np.concatenate((step, [0.0])) + np.concatenate(([0.0], step))
    left = [
        (looked.get(tuple(sorted(plan)), 0), -gap[i], i)
        for i, plan in enumerate(kept)
        if looked.get(tuple(sorted(plan)), 0) < len(plan)
    ]
    return min(left)[2] if left else None
