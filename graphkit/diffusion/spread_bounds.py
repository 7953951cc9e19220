"""Ends between which the expected spread lies for certain, whatever the sampled worlds show.

By Harris' inequality reaching a node by different arcs is positively associated, so with u_0 = 1 at the seeds

    P(v active within t steps) <= u_t(v) = 1 - prod over in-arcs (1 - p u_{t-1}(source))        (IC, SIR, SIS, SI)
                                  u_t(v) = min(1, sum over in-arcs p u_{t-1}(source))           (LT)

and no node is active unless the seeds activate another one at all, which bounds every u by the chance of that. From below a
node is active at least as often as the best single path to it, or its arcs from certain nodes, work. Both are exact on trees and where p is 0 or 1, and close
where p is small: where sampled worlds are all alike.

References
----------
Harris, T. E. (1960). A lower bound for the critical probability in a certain percolation process. Mathematical Proceedings of
the Cambridge Philosophical Society 56(1), 13-20. https://doi.org/10.1017/S0305004100034241
Lemonnier, Scaman, Vayatis (2014). Tight bounds for influence in diffusion networks. NIPS 27, arXiv:1407.4744.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphkit.diffusion.models import SIR
from graphkit.diffusion.worlds import arc_probability
from graphkit.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.diffusion.models import SI, SIS
    from graphkit.projection.projection import Projection

__all__ = ["SpreadBounds", "spread_bounds"]

ARCS_A_PASS, ARCS_AT_LEAST = 12, 5_000_000  # arcs looked at: so many times all of them, and no fewer than so many
SETTLED = 1e-5  # share of what seeds add by which the upper end may still move when the search for it ends
ROUNDING = 1e-12  # share of an upper end that sums of so many numbers may be off


class SpreadBounds(NamedTuple):
    """Certain ends of an expected spread.

    Attributes
    ----------
    most : float
        Weight of the nodes that can be reached at all: no single world has more.
    certain : bool
        Every world is the same: the ends agree.
    mean : ndarray, shape (2,)
        Ends of the expected spread.
    steps : ndarray, shape (n_steps, 2)
        Ends of what each step is expected to add.
    """

    most: float
    certain: bool
    mean: NDArray[np.float64]
    steps: NDArray[np.float64]


def spread_bounds(
    projection: Projection,
    seeds: NDArray[np.int64],
    weights: NDArray[np.float64],
    *,
    model: str | SI | SIS | SIR,
    max_steps: int,
    n_steps: int,
) -> SpreadBounds:
    """Return the certain ends of a spread and of its first steps.

    Parameters
    ----------
    projection : Projection
    seeds : ndarray of int64
        Distinct rows.
    weights : ndarray, shape (n_nodes,)
    model
        As in `graphkit.diffusion.spread.estimate_spread`.
    max_steps : int
        -1 for none.
    n_steps : int >= 1
        Steps to bound, the seeds' own included.
    """
    above, below = _chances(projection, model, max_steps)
    reverse = projection.reverse
    certain, most, lower, upper, steps = _bounds_kernel(
        projection.indptr,
        projection.indices,
        above,
        reverse.indptr,
        reverse.indices,
        above[reverse.arc],
        None if below is above else below[reverse.arc],
        seeds,
        weights,
        model == "lt",
        max_steps,
        n_steps,
        max(ARCS_A_PASS * projection.n_arcs, ARCS_AT_LEAST),
    )
    if not certain:
        slack = ROUNDING * most
        upper, steps[1:, 1] = min(most, upper + slack), steps[1:, 1] + slack
        lower, steps[1:, 0] = max(lower - slack, steps[0, 0]), np.maximum(steps[1:, 0] - slack, 0.0)
    return SpreadBounds(most, certain, np.array([lower, upper]), steps)


def _chances(
    projection: Projection, model: str | SI | SIS | SIR, max_steps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return per arc the chance that it works at all, and a lower one: that it works in the first step."""
    if isinstance(model, str):
        p = arc_probability(projection)
        return p, p
    once = model.transmission * arc_probability(projection, default=1.0)
    ever = np.ones_like(once) if max_steps < 0 else -np.expm1(max_steps * np.log1p(-np.minimum(once, 1 - 1e-16)))
    ever[once >= 1] = float(max_steps != 0)
    if isinstance(model, SIR):
        stays = once + model.recovery - once * model.recovery
        ever = np.minimum(ever, np.divide(once, stays, out=np.zeros_like(once), where=stays > 0))
    return np.maximum(ever, once), once


@kernel
def _bounds_kernel(
    indptr: Any,
    indices: Any,
    works: Any,
    in_indptr: Any,
    in_source: Any,
    above: Any,
    below: Any,
    seeds: Any,
    weights: Any,
    linear: bool,  # noqa: FBT001 - kernels take no keywords
    max_steps: int,
    n_steps: int,
    budget: int,
) -> Any:
    """Sweep from the seeds outwards while steps are asked for or something changes, then from above."""
    n = indptr.size - 1
    ends, moved = np.zeros((n, 2)), np.zeros((n, 2))  # lower and upper chance of each node, now and after the step
    changed, mark, steps = np.zeros(n, np.int32), np.full(n, -1), np.zeros((n_steps, 2))
    start, cap, step, n_changed, certain = 0.0, 1.0, 0, seeds.size, True
    for i in range(seeds.size):
        v = seeds[i]
        ends[v, 0] = ends[v, 1] = 1.0
        changed[i], mark[v] = v, -2
        start += weights[v]
    steps[0, 0] = steps[0, 1] = low = high = start
    reached, most = _reached(indptr, indices, works, seeds, weights, max_steps)
    found, half = np.empty(reached.size, np.int32), budget // 2
    while n_changed > 0 and step != max_steps and budget > half:
        step, n_found = step + 1, 0
        for i in range(n_changed):
            u = changed[i]
            budget -= indptr[u + 1] - indptr[u] + 1
            for j in range(indptr[u], indptr[u + 1]):
                v = indices[j]
                if mark[v] != -2 and mark[v] != step and works[j] > 0.0:
                    mark[v] = step
                    found[n_found] = v
                    n_found += 1
        idle = 1.0
        for i in range(n_found):
            v = found[i]
            budget -= in_indptr[v + 1] - in_indptr[v]
            below_v, above_v = _ends_of(v, in_indptr, in_source, above, below, ends, linear)
            moved[v, 0], moved[v, 1] = max(ends[v, 0], below_v), max(ends[v, 1], min(cap, above_v))
            idle *= 1.0 - moved[v, 1]
        if step == 1:
            cap = 1.0 - idle
        before_low, before_high, sure, n_changed = low, high, 0.0, 0
        for i in range(n_found):
            v = found[i]
            if moved[v, 0] <= ends[v, 0] and moved[v, 1] <= ends[v, 1]:
                continue
            sure += weights[v] * max(0.0, moved[v, 0] - ends[v, 1])
            low += weights[v] * (moved[v, 0] - ends[v, 0])
            high += weights[v] * (moved[v, 1] - ends[v, 1])
            certain = certain and moved[v, 0] == 1.0
            ends[v, 0], ends[v, 1] = moved[v, 0], moved[v, 1]
            changed[n_changed] = v
            n_changed += 1
        if step < n_steps:
            steps[step, 0], steps[step, 1] = sure, max(sure, high - before_low)
        elif high - before_high <= SETTLED * (high - start):
            break
    done = n_changed == 0 or step == max_steps
    for t in range(step + 1, n_steps):
        steps[t, 1] = (high if done else most) - low
    if not done:
        high = _from_above(reached, in_indptr, in_source, above, below, ends, weights, linear, cap, start, budget)
    return done and certain, most, low, high, steps


@kernel
def _ends_of(v: int, in_indptr: Any, in_source: Any, above: Any, below: Any, ends: Any, linear: bool) -> Any:  # noqa: FBT001
    """One step at one node: the best path to it or all arcs from certain nodes, and the bound of Harris."""
    best = 0.0
    total = 0.0
    sure = 0.0
    miss = 1.0
    fail = 1.0
    for j in range(in_indptr[v], in_indptr[v + 1]):
        u = in_source[j]
        chance = above[j] * ends[u, 1]
        least = (above[j] if below is None else below[j]) * ends[u, 0]
        total += chance
        miss *= 1.0 - chance
        best = max(best, least)
        if ends[u, 0] == 1.0:
            sure += least
            fail *= 1.0 - least
    if linear:
        return max(best, min(1.0, sure)), min(1.0, total)
    return max(best, 1.0 - fail), 1.0 - miss


@kernel
def _reached(indptr: Any, indices: Any, works: Any, seeds: Any, weights: Any, max_steps: int) -> Any:
    """Nodes within reach besides the seeds, nearest first, and the weight of all with the seeds."""
    n = indptr.size - 1
    seen, queue = np.zeros(n, np.bool_), np.empty(n, np.int32)
    tail, most = 0, 0.0
    for s in seeds:
        seen[s] = True
        queue[tail] = s
        most += weights[s]
        tail += 1
    head, step, last = 0, 0, tail
    while head < tail and step != max_steps:
        while head < last:
            u = queue[head]
            head += 1
            for j in range(indptr[u], indptr[u + 1]):
                v = indices[j]
                if not seen[v] and works[j] > 0.0:
                    seen[v] = True
                    queue[tail] = v
                    most += weights[v]
                    tail += 1
        step, last = step + 1, tail
    return queue[seeds.size : tail].copy(), most


@kernel
def _from_above(
    reached: Any,
    in_indptr: Any,
    in_source: Any,
    above: Any,
    below: Any,
    ends: Any,
    weights: Any,
    linear: bool,  # noqa: FBT001
    cap: float,
    start: float,
    budget: int,
) -> float:
    """Let the chances of all nodes fall from the cap: each one is a bound at any time, so the search may end at will."""
    total = start
    for v in reached:
        ends[v, 1] = cap
        total += weights[v] * cap
    while budget > 0:
        before, total = total, start
        for v in reached:
            budget -= in_indptr[v + 1] - in_indptr[v] + 1
            ends[v, 1] = min(ends[v, 1], _ends_of(v, in_indptr, in_source, above, below, ends, linear)[1])
            total += weights[v] * ends[v, 1]
        if before - total <= SETTLED * (total - start):
            break
    return total
