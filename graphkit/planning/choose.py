"""From a cover and a menu to a plan: candidates, local search, bound, certificate.

The baselines that planners use today are candidates too, so the plan is never worse than any of them on R1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from graphkit.errors import Infeasible
from graphkit.influence.certificate import Certificate
from graphkit.influence.channel_bound import lower_limit, relax, upper_limit
from graphkit.influence.channel_cover import Cover, by_marginal_gain, exhaustive, fill_in_order, greedy, improve, merged

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from graphkit.influence.channel_cover import Menu

    Floats = NDArray[np.float64]

__all__ = ["BASELINES", "Choice", "baseline_plans", "certify", "choose", "measure"]

BASELINES = ("price_per_contact", "sainsbury", "top_degree")
SMALL_MARKET = 15  # options; all 2^15 plans are then looked at
SMALL_WORK = 3e8
THIN = 8_192  # sets on which local search tries its exchanges
SEARCH_WORK, RELAX_WORK = 1e8, 3e8
SEARCHED = 300  # purchases; in longer plans one exchange no longer shows
STEPS = 60
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Choice:
    """Options in the order of listing, their value on R1, and a bound on every plan's value on R1."""

    chosen: list[int]
    value: float
    bound: float


def baseline_plans(hazard: Any, value: Floats | None, menu: Menu) -> dict[str, list[int]]:
    """Return the plans that come without a graph, bought in order while the rules admit.

    price_per_contact: expected contacts per money; sainsbury: -ln(1 - share reached) per money, the gain of the
    media formula 1 - prod(1 - r); top_degree: the largest audiences whatever they cost.
    """
    chance = hazard.copy()
    chance.data = -np.expm1(-chance.data)
    weight = np.ones(hazard.shape[0]) if value is None else value
    contacts = np.asarray(chance.T @ weight).ravel()
    audience = np.diff(hazard.indptr)
    cost = np.maximum(menu.cost, 1e-9)
    share = np.minimum(contacts / weight.sum(), 1 - 1e-12)
    score = {"price_per_contact": contacts / cost, "sainsbury": -np.log1p(-share) / cost, "top_degree": audience.astype(np.float64)}
    start = menu.required.tolist()
    return {name: fill_in_order(menu, np.argsort(-score[name], kind="stable"), start) for name in BASELINES}


def choose(cover: Cover, menu: Menu, baselines: dict[str, list[int]], *, first: Sequence[int] | None = None) -> Choice:
    """Return the best plan found on R1 and the bound on all plans.

    Raises
    ------
    Infeasible
        No plan meets minima, required channels and budget together.
    """
    if cover.n_options <= SMALL_MARKET:
        small = merged(cover)
        if 2.0**cover.n_options * max(small.weight.size, 1) <= SMALL_WORK:
            chosen, value = exhaustive(small, menu)
            return Choice(by_marginal_gain(cover, _feasible(chosen, menu)), value, value)
    required = menu.required.tolist()
    candidates = [greedy(cover, menu, per_cost=True, start=required), greedy(cover, menu, per_cost=False, start=required)]
    candidates += [*baselines.values(), greedy(cover, menu, per_cost=True, start=_cheap_minima(menu))]
    if first is not None:
        candidates.append(list(first))
    start = _best(cover, menu, candidates)
    found = relax(cover, menu, start, steps=int(np.clip(RELAX_WORK / max(cover.hazard.nnz, 1), 15, STEPS)))
    order = [int(x) for x in np.argsort(-found.fractional, kind="stable") if found.fractional[x] > 1e-3]
    rounded = greedy(cover, menu, per_cost=True, start=fill_in_order(menu, order, required))
    best = _best(cover, menu, [start, rounded])
    thin = _thinned(cover)
    tries = int(np.clip(SEARCH_WORK / max(thin.hazard.nnz, 1), 10, 200))
    if len(best) <= SEARCHED:
        starts = {tuple(best): best, tuple(rounded): rounded}
        best = _best(cover, menu, [best, *(improve(thin, menu, x, tries=tries) for x in starts.values())])
    return Choice(by_marginal_gain(cover, best), cover.value(best), max(found.bound, cover.value(best)))


def _thinned(cover: Cover) -> Cover:
    """The first THIN sets, for local search only; what it proposes is judged on all sets."""
    n = cover.hazard.shape[0]
    if n <= THIN:
        return cover
    return Cover(sp.csr_matrix(cover.hazard[:THIN]), cover.weight[:THIN], cover.scale * n / THIN)


def _cheap_minima(menu: Menu) -> list[int]:
    """Required options and the cheapest ones that fill the minima."""
    chosen: list[int] = menu.required.tolist()
    for option in np.argsort(menu.cost, kind="stable"):
        counts = np.bincount(menu.kind[chosen], minlength=menu.most.size) if chosen else np.zeros(menu.most.size)
        if counts[menu.kind[option]] < menu.least[menu.kind[option]] and menu.allowed(chosen)[option]:
            chosen.append(int(option))
    return chosen


def _feasible(chosen: list[int], menu: Menu) -> list[int]:
    """The plan itself, or the reason why there is none."""
    if not chosen and not menu.complete(chosen):
        raise Infeasible("no plan meets the rules within the budget", rule="least, required and budget", hint="raise the budget or drop a rule")
    return chosen


def _best(cover: Cover, menu: Menu, candidates: Sequence[Sequence[int]]) -> list[int]:
    """The candidate that meets the rules and reaches most; ties to the earlier one."""
    good = [list(x) for x in candidates if menu.complete(list(x))]
    if not good:
        _feasible([], menu)
        good = [[]]
    values = [cover.value(x) for x in good]
    return good[int(np.argmax(values))]


def certify(worlds_total: float, choice: Choice, judged: Cover, n_choice: int, delta: float, *, exact: bool) -> Certificate:
    """Return the certificate: lower from R2, upper from R1, each with half of ``delta``; exact without sampling."""
    value = judged.value(choice.chosen)
    if exact:
        return Certificate.of(value, choice.bound, 0.0)
    lower = worlds_total * lower_limit(value / worlds_total, judged.weight.size, delta / 2)
    upper = worlds_total * upper_limit(choice.bound / worlds_total, n_choice, delta / 2)
    return Certificate.of(lower, upper, delta)


def measure(cover: Cover, chosen: Sequence[int], *, exact: bool) -> dict[str, list[tuple[float, tuple[float, float]]]]:
    """Return adds, exclusive and alone of each chosen option on R2: (mean, 95 % interval) in listed order."""
    out: dict[str, list[tuple[float, tuple[float, float]]]] = {"adds": [], "exclusive": [], "alone": []}
    total = np.asarray(cover.by_option[:, list(chosen)].sum(axis=1)).ravel()
    before = np.zeros(cover.weight.size)
    for option in chosen:
        rows, seen = cover.seen(option)
        hazard = cover.by_option.data[cover.by_option.indptr[option] : cover.by_option.indptr[option + 1]]
        others = np.exp(-np.maximum(total[rows] - hazard, 0.0))
        for name, x in (("adds", seen * np.exp(-before[rows])), ("exclusive", seen * others), ("alone", seen)):
            out[name].append(estimate(cover, rows, x, exact=exact))
        before[rows] += hazard
    return out


def estimate(cover: Cover, rows: NDArray[Any] | None, x: Floats, *, exact: bool) -> tuple[float, tuple[float, float]]:
    """Mean and 95 % interval of values x that stand on some of the sets (all when ``rows`` is None).

    Exact values get the interval of their own rounding to thousandths.
    """
    weight = cover.weight if rows is None else cover.weight[rows]
    mean = float(cover.scale * (weight @ x))
    if exact:
        return mean, (float(np.floor(mean * 1e3) / 1e3), float(np.ceil(mean * 1e3) / 1e3))
    n = cover.weight.size
    share = float(weight @ x) / n
    spread = max(float(weight @ (x * x)) / n - share * share, 0.0)
    half = Z95 * cover.scale * float(np.sqrt(n * spread * n / max(n - 1, 1)))
    return mean, (mean - half, mean + half)
