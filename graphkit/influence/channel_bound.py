"""Upper bounds on the best plan's coverage of the sample R1, and the tails that turn sums into bounds.

Three families of linear functions lie above f_R(S) = 1 - exp(-sum h) for every plan S:

* the tangent of the exponential, any w in (0, 1]:  1 - w + w ln w + w sum h;
* the cut of the minimum, any y in [0, 1]:          1 - y + y sum q;
* the online bound of submodularity at a plan A:    f_R(A) + (1 - f_R(A)) sum of q outside A.

Each set may use its own one, so each choice of (w, y) gives: optimum <= sum of constants + the largest total of
the coefficients that the rules allow. The budget row (and groups, and counts per kind) stands inside that maximum,
relaxed only upwards. The tangent's best w comes from maximising the concave relaxation sum of 1 - exp(-h x) over
fractional plans x by conditional gradients: its duality gap *is* the bound. Where exposures are near certain the
tangent is loose and the cut, with y driven by the same x, takes over set by set; where all exposures are certain (a
page sees itself) the cut alone does the work, see `graphkit.influence.channel_hard`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphkit.influence.channel_cover import dot
from graphkit.influence.channel_hard import hard_bound, is_hard
from graphkit.influence.knapsack import fractional_knapsack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.influence.channel_cover import Cover
    from graphkit.influence.channel_menu import Menu

    Floats = NDArray[np.float64]

PATIENCE, WORTHWHILE = 6, 3e-4  # steps without a relative gain of this much end the search

__all__ = ["Relaxation", "best_fraction", "lower_limit", "relax", "upper_limit"]


@dataclass(frozen=True)
class Relaxation:
    """``bound`` >= value of every allowed plan on the sample; ``fractional`` is the relaxed plan behind it."""

    bound: float
    fractional: Floats
    steps: int


def best_fraction(menu: Menu, coefficient: Floats) -> tuple[Floats, float]:
    """Return (x, total): the best fractional plan under the rules for additive gains, and an upper bound on it.

    Options of a plain menu: the fractional knapsack. Every other rule (waves, groups, counts per kind, required
    channels, one-off costs) stands in the rows of a linear programme; its dual prices give the bound.
    """
    gain = np.maximum(coefficient, 0.0)
    if menu.plain:
        x = fractional_knapsack(gain, menu.cost, menu.budget)
        return x, dot(x, gain)
    return menu.rows.best_total(np.where(menu.cost <= menu.budget, gain, 0.0))


def relax(cover: Cover, menu: Menu, start: Sequence[int], *, steps: int = 60) -> Relaxation:
    """Bound the best plan on these sets, starting from a good plan.

    Any step yields a valid bound; the smallest counts. It ends when the bound hardly falls any more.
    """
    if is_hard(cover):
        total_seen, shares, taken = hard_bound(cover, menu, start, best_fraction, steps=steps)
        return Relaxation(total_seen * cover.scale, shares, taken)
    x = np.zeros(cover.n_options)
    x[list(start)] = 1.0
    plan = x > 0
    hazard, weight = cover.hazard, cover.weight
    by_option, seen = cover.by_option, cover.seen_by_option
    total, bound, step, history, cuts_help = float(weight.sum()), math.inf, 0, [], True
    across: Floats = hazard @ x
    reach_sum: Floats = np.asarray(seen @ x).ravel()
    for step in range(1, steps + 1):
        missed = np.exp(-across)
        pull: Floats = np.asarray(by_option.T @ (weight * missed)).ravel()
        corner, best = best_fraction(menu, pull)
        bound = min(bound, total - dot(weight, missed) - dot(pull, x) + best)
        if step == 1:
            bound = min(bound, _online(cover, menu, plan, missed))
        if step in {1, 4} or (cuts_help and step % 4 == 0):
            cut = min(_mixed(cover, menu, across, reach_sum, soft) for soft in (0.02, 0.1, 0.3))
            cuts_help = step < 4 or cut < bound
            bound = min(bound, cut)
        history.append(bound)
        if step > PATIENCE and history[-1 - PATIENCE] - bound <= WORTHWHILE * bound:
            break
        way = corner - x
        along: Floats = hazard @ way
        size = _line_search(weight, across, along)
        x, across = x + size * way, across + size * along
        reach_sum = reach_sum + size * np.asarray(seen @ way).ravel()
        if size <= 1e-9:
            break
    return Relaxation(bound * cover.scale, x, step)


def _online(cover: Cover, menu: Menu, plan: NDArray[np.bool_], missed: Floats) -> float:
    """f(A) plus the best additive purchase of marginal gains outside A."""
    gain = cover.seen_by_option.T @ (cover.weight * missed)
    _, best = best_fraction(menu, np.where(plan, 0.0, np.asarray(gain).ravel()))
    return float(cover.weight.sum()) - dot(cover.weight, missed) + best


def _mixed(cover: Cover, menu: Menu, across: Floats, reach_sum: Floats, soft: float) -> float:
    """Set by set the lower of tangent and cut at the fractional plan; ``soft`` smooths the cut's corner."""
    y = np.clip(0.5 + (1.0 - reach_sum) / (2.0 * soft), 0.0, 1.0)
    w = np.exp(-np.minimum(across, 30.0))
    tangent = 1.0 - w + w * (across - np.minimum(across, 30.0))
    cut = 1.0 - y + y * reach_sum
    use_cut = cut < tangent
    constant = np.where(use_cut, 1.0 - y, 1.0 - w - w * np.minimum(across, 30.0))
    coefficient = cover.seen_by_option.T @ (cover.weight * np.where(use_cut, y, 0.0))
    coefficient = coefficient + cover.by_option.T @ (cover.weight * np.where(use_cut, 0.0, w))
    _, best = best_fraction(menu, np.asarray(coefficient).ravel())
    return dot(cover.weight, constant) + best


def _line_search(weight: Floats, across: Floats, along: Floats) -> float:
    """Step in [0, 1] that maximises sum of weight x (1 - exp(-(across + t along))), by bisection on its slope."""
    low, high, slope = 0.0, 1.0, weight * along
    for _ in range(14):
        middle = (low + high) / 2
        if dot(slope, np.exp(-(across + middle * along))) > 0:
            low = middle
        else:
            high = middle
    return low


def _divergence(a: float, b: float) -> float:
    """Relative entropy of a coin a against a coin b, in nats."""
    first = 0.0 if a <= 0 else a * math.log(a / b)
    second = 0.0 if a >= 1 else (1 - a) * math.log((1 - a) / (1 - b))
    return first + second


def lower_limit(mean: float, n: int, delta: float) -> float:
    """Return the largest m with chance <= delta that n values in [0, 1] of mean below m average ``mean`` or more.

    Chernoff's bound with the binomial tail: n KL(mean, m) = ln(1/delta). It holds for any independent values in
    [0, 1] and is never looser than the form for Poisson tails.
    """
    return _solve(mean, n, delta, 0.0, mean)


def upper_limit(mean: float, n: int, delta: float) -> float:
    """Return the smallest m with chance <= delta that n values in [0, 1] of mean above m average ``mean`` or less."""
    return _solve(mean, n, delta, 1.0, mean)


def _solve(mean: float, n: int, delta: float, far: float, near: float) -> float:
    """Bisect for the edge between ``near`` (inside) and ``far`` (outside); returns the outer, safe end."""
    mean = min(max(mean, 0.0), 1.0)
    near = min(max(near, 0.0), 1.0)
    room = math.log(1.0 / delta) / n
    outer, inner = far, near
    for _ in range(100):
        middle = (outer + inner) / 2
        if middle <= 0.0 or middle >= 1.0 or _divergence(mean, middle) >= room:
            outer = middle
        else:
            inner = middle
    return outer
