"""From a cover and a menu to a plan: candidates, local search, bound, certificate.

The baselines that planners use today are candidates too, so the plan is never worse than any of them on R1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from graphkit.errors import Infeasible, Unfinished
from graphkit.influence.certificate import Certificate
from graphkit.influence.channel_boosts import boosted_plans
from graphkit.influence.channel_bound import lower_limit, relax, upper_limit
from graphkit.influence.channel_cover import Cover, dot, merged
from graphkit.influence.channel_exact import close_gap
from graphkit.influence.channel_greedy import (
    by_marginal_gain,
    exhaustive,
    fill_in_order,
    greedy,
)
from graphkit.influence.channel_lazy import lazy_order
from graphkit.influence.channel_swaps import improve, without, worth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from graphkit.influence.channel_boosts import Boosts
    from graphkit.influence.channel_menu import Menu
    from graphkit.planning.options import Options

    Floats = NDArray[np.float64]

__all__ = [
    "BASELINES",
    "NOTHING",
    "Choice",
    "baseline_plans",
    "certify",
    "choose",
    "closed",
    "is_small",
    "listed",
    "sampled_certificate",
    "thinned",
]

BASELINES = ("price_per_contact", "sainsbury", "top_degree")
SMALL_MARKET = 15  # options; all 2^15 plans are then looked at
SMALL_WORK = 3e8
THIN = 8_192  # sets on which local search tries its exchanges
# Entries that may be read, and exchanges that may be tried: plans of many waves and uses need more than a thousand
SEARCH_WORK, POLISH_WORK, QUICK_WORK, RELAX_WORK = 2e9, 5e8, 1e8, 3e8
FEWEST_TRIES, QUICK_TRIES, FEW_TRIES, MOST_TRIES = 10, 50, 200, 2_000
SEARCHED = 300  # purchases; in longer plans one exchange no longer shows
FEWEST_STEPS, STEPS = 15, 60
CLOSE_WORK, CLOSE = 1.2e9, 1e-3  # entries that branch and bound may read; plan and bound this near are close enough
ENOUGH = 1.0 - CLOSE
# Where nothing is sampled a bound is sure, so a little work is spent whatever the certificate, up to a gap that is told:
# 2 %, wide enough that who checks the bound on 40,000 samples (their own error: .8 %) does not find a plan above it
EXACT_WORK, EXACT_GAP = 1e8, 2e-2
NOTHING = 1e-9  # people or units of value


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
    score = {
        "price_per_contact": contacts / cost,
        "sainsbury": -np.log1p(-share) / cost,
        "top_degree": audience.astype(np.float64),
    }
    start = _start(menu)
    return {name: fill_in_order(menu, np.argsort(-score[name], kind="stable"), start) for name in BASELINES}


def choose(
    cover: Cover,
    menu: Menu,
    baselines: dict[str, list[int]],
    *,
    first: Sequence[int] | None = None,
    boosts: Boosts | None = None,
    bound: bool = True,
    enough: float = ENOUGH,
) -> Choice:
    """Return the best plan found on R1 and the bound on all plans; with boosts, or if not asked for, there is none (NaN).

    Local search goes on until a plan is worth ``enough`` of the bound.

    Raises
    ------
    Infeasible
        No plan keeps the rules.
    Unfinished
        None was found in time, nor a proof that there is none.
    """
    if cover.n_options <= SMALL_MARKET and is_small(cover.n_options, [small := merged(cover)]):
        every, value = exhaustive(small, menu, boosts)
        chosen = _useful(cover, menu, _found(every), boosts)
        return Choice(
            by_marginal_gain(cover, chosen, menu.after), cover.value(chosen), value if boosts is None else np.nan
        )
    candidates = [greedy(cover, menu, per_cost=True), greedy(cover, menu, per_cost=False), *baselines.values()]
    if cheap := _start(menu):
        candidates += [cheap, greedy(cover, menu, per_cost=True, start=cheap)]
    if boosts is not None:
        candidates += boosted_plans(cover, menu, boosts)
    if first is not None:
        candidates.append(list(first))
    start = _best(cover, menu, candidates, boosts)
    if not bound:
        thin = thinned(cover)
        better = improve(thin, menu, start, tries=_tries(thin, QUICK_WORK, QUICK_TRIES), boosts=boosts)
        best = _best(cover, menu, [start, better], boosts)
        return Choice(best, cover.value(best), np.nan)
    found = relax(cover, menu, start, steps=_tries(cover, RELAX_WORK, STEPS, FEWEST_STEPS))
    order = [int(x) for x in np.argsort(-found.fractional, kind="stable") if found.fractional[x] > 1e-3]
    rounded = greedy(cover, menu, per_cost=True, start=fill_in_order(menu, order))
    best = _best(cover, menu, [start, rounded], boosts)
    if len(best) <= SEARCHED:
        best = _searched(cover, menu, best, rounded, enough * found.bound, boosts)
    best = _useful(cover, menu, best, boosts)
    value = cover.value(best)
    return Choice(
        by_marginal_gain(cover, best, menu.after), value, max(found.bound, value) if boosts is None else np.nan
    )


def _searched(
    cover: Cover, menu: Menu, best: list[int], rounded: list[int], enough: float, boosts: Boosts | None
) -> list[int]:
    """The best plan after local search: on few sets, far on them unless it is enough, and a little on all, which the few fit too well."""
    thin, starts = thinned(cover), [best, rounded]
    for work, most in ((QUICK_WORK, FEW_TRIES), (SEARCH_WORK, MOST_TRIES)):
        tries, different = _tries(thin, work, most), {tuple(x): x for x in starts}
        starts = [improve(thin, menu, x, tries=tries, boosts=boosts) for x in different.values()]
        best = _best(cover, menu, [best, *starts], boosts)
        if boosts is None and cover.value(best) >= enough:
            return best
    return improve(cover, menu, best, tries=_tries(cover, POLISH_WORK, MOST_TRIES), boosts=boosts)


def _tries(cover: Cover, work: float, most: int, fewest: int = FEWEST_TRIES) -> int:
    """Exchanges of local search, or steps of the relaxation, that so much work allows when each reads the cover about once."""
    return int(np.clip(work / max(cover.hazard.nnz, 1), fewest, most))


def closed(cover: Cover, menu: Menu, choice: Choice, *, work: float = CLOSE_WORK, gap: float = CLOSE) -> Choice:
    """The choice after branch and bound on R1 by so much work: often a better plan, and a bound within the gap of it."""
    if np.isnan(choice.bound) or choice.value * (1.0 + gap) >= choice.bound:
        return choice
    found = close_gap(merged(cover), menu, choice.chosen, choice.bound, work=work, gap=gap)
    chosen = by_marginal_gain(cover, _useful(cover, menu, found.chosen, None), menu.after)
    value = cover.value(chosen)
    return Choice(chosen, value, max(found.bound, value))


def _start(menu: Menu) -> list[int]:
    """What a plan begins with: a cheapest one where channels are counted, nothing where none was found in time."""
    if not menu.counts_bind:
        return []
    try:
        return _found(menu.cheapest)
    except Unfinished:  # greedy may still find one; `_best` asks again when it does not
        return []


def _found(chosen: list[int] | None) -> list[int]:
    """The plan itself, or the refusal when there is none."""
    if chosen is None:
        raise Infeasible(
            "no plan keeps the rules within the budget", rule="rules and budget", hint="raise the budget or drop a rule"
        )
    return chosen


def _useful(cover: Cover, menu: Menu, chosen: list[int], boosts: Boosts | None) -> list[int]:
    """The plan without purchases that add nothing, as far as the rules can spare them."""
    total = cover.total(chosen)
    kept, value = list(chosen), worth(cover, menu, chosen, boosts)
    nothing = NOTHING * min(value, 1.0)  # a plan may be worth next to nothing itself: tiny chances, tiny values
    for option in chosen:
        rows, alone = cover.exclusive(option, total)
        if dot(cover.weight[rows], alone) * cover.scale > nothing:
            continue
        rest = without(menu, kept, option)
        if menu.complete(rest) and worth(cover, menu, rest, boosts) >= value - nothing:
            kept, total = rest, cover.total(rest)
    return kept


def is_small(n_options: int, covers: Sequence[Cover]) -> bool:
    """Say whether all plans can be looked at."""
    return (
        n_options <= SMALL_MARKET and 2.0**n_options * max(sum(cover.weight.size for cover in covers), 1) <= SMALL_WORK
    )


def thinned(cover: Cover) -> Cover:
    """The first THIN sets, for local search only; what it proposes is judged on all sets."""
    n = cover.hazard.shape[0]
    if n <= THIN:
        return cover
    return Cover(sp.csr_matrix(cover.hazard[:THIN]), cover.weight[:THIN], cover.scale * n / THIN)


def _best(cover: Cover, menu: Menu, candidates: Sequence[Sequence[int]], boosts: Boosts | None = None) -> list[int]:
    """The candidate that keeps the rules and is worth most; ties to the earlier one."""
    good = [list(x) for x in candidates if menu.complete(list(x))]
    if not good:
        good = [_found(menu.cheapest)]
    return good[int(np.argmax([worth(cover, menu, x, boosts) for x in good]))]


def certify(
    worlds_total: float, choice: Choice, judged: Cover, n_choice: int, delta: float, *, exact: bool
) -> Certificate:
    """Return the certificate: lower from R2, upper from R1, each with half of ``delta``; exact without sampling."""
    value, n_judged = judged.value(choice.chosen), judged.weight.size
    return sampled_certificate(worlds_total, value, choice.bound, (n_judged, n_choice), delta, exact=exact)


def sampled_certificate(
    worlds_total: float, value: float, bound: float, n_sets: tuple[int, int], delta: float, *, exact: bool
) -> Certificate:
    """The certificate of a plan's value on the first, and of a bound on the second of two samples of so many sets."""
    if np.isnan(bound):
        return Certificate(np.nan, np.nan, np.nan, np.nan)
    if exact:
        return Certificate.of(value, bound, 0.0)
    lower = worlds_total * lower_limit(value / worlds_total, n_sets[0], delta / 2)
    upper = worlds_total * upper_limit(bound / worlds_total, n_sets[1], delta / 2)
    return Certificate.of(lower, upper, delta)


def listed(cover: Cover, options: Options, chosen: Sequence[int]) -> list[list[int]]:
    """Purchases put together by (channel, wave, material): wave by wave, in each the one that adds most first."""
    rest, missed = options.bundles(sorted(chosen)), np.ones(cover.weight.size)
    whole, wave = cover.bundled(rest), np.array([int(options.wave[rows[0]]) for rows in rest], dtype=np.int64)
    return [rest[x] for w in np.unique(wave) for x in lazy_order(whole, wave == w, missed)]
