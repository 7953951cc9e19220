"""Plans for chances that are not known: the q-quantile of reach over draws of them.

What a draw changes stands in `graphkit.planning.draws`. The quantile is not submodular. Candidates come from maximising the mean of the draws that are worst for the best plan
so far, then single exchanges are tried on the quantile itself. Floors hold for the chances as given. The plain plan stays unless the gain also shows in
draws that did not choose; a third lot of draws judges both.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.influence.channel_cover import Cover, merged
from graphkit.influence.channel_swaps import refilled, without
from graphkit.planning.choose import choose
from graphkit.planning.draws import believed, draws_of, quantile, quantile_interval
from graphkit.planning.estimates import estimate
from graphkit.planning.floors import keeps_floors
from graphkit.planning.risk import resampled
from graphkit.planning.search import CHECKING, CHOOSING, JUDGING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from graphkit.planning.campaign import Campaign
    from graphkit.planning.draws import Draw
    from graphkit.planning.search import Found

    Floats = NDArray[np.float64]

__all__ = ["robust_plan"]

SETS, TAILS, TRIES = 4_096, 8, 60
FRESH = 64  # draws that judge
ENTRIES = 2e7  # of all draws together


class _Sample:
    """All draws on sets of one purpose; in each the same roots and coins, as far as the chances allow."""

    def __init__(
        self, campaign: Campaign, draws: Sequence[Draw], purpose: str, n_sets: int, options: list[int] | None = None
    ) -> None:
        self.covers: list[Cover] = []
        self.exact = campaign.worlds.exact
        for draw in draws:
            hazard = campaign.with_factor(draw.channel_factor, options)
            graph = (
                None
                if campaign.base is None
                else campaign.base.with_probability(draw.ties(np.asarray(campaign.base.probability)))
            )
            drawn = campaign.with_chances(hazard, graph)
            cover = drawn.worlds.cover(drawn.worlds.sets(n_sets, purpose), drawn.hazard)
            self.covers.append(merged(cover) if purpose == CHOOSING else cover)

    def values(self, chosen: Sequence[int]) -> Floats:
        """Reach in every draw."""
        return np.array([cover.value(chosen) for cover in self.covers])

    def mixed(self, share: Floats) -> Cover:
        """One cover for the weighted mean over the draws."""
        kept = np.flatnonzero(share > 0)
        total = share[kept].sum()
        parts = [self.covers[d] for d in kept]
        weight = np.concatenate(
            [c.weight * c.scale * s / total for c, s in zip(parts, share[kept].tolist(), strict=True)]
        )
        return Cover(sp.csr_matrix(sp.vstack([c.hazard for c in parts], format="csr")), weight, 1.0)


def robust_plan(campaign: Campaign, plain: Found, q: float) -> tuple[Found, dict[str, Any]]:
    """Return the plan for the q-quantile over the draws, and how it and the plain plan fare in them."""
    draws = draws_of(campaign)
    per_set = max(plain.judged.hazard.nnz / max(plain.judged.weight.size, 1), 1e-9)
    n_sets = int(np.clip(ENTRIES / (per_set * len(draws)), 512, SETS))
    sample = _Sample(campaign, draws, CHOOSING, n_sets)
    keeps = keeps_floors(campaign)
    candidates = [plain.choice.chosen, *filter(keeps, _candidates(campaign, plain, sample, q))]
    best = max(candidates, key=lambda x: quantile(sample.values(x), q))
    best = _exchanged(campaign, sample, best, q, keeps)
    options = sorted({*best, *plain.choice.chosen})
    place = {x: i for i, x in enumerate(options)}
    mine, theirs = [place[x] for x in best], [place[x] for x in plain.choice.chosen]
    other = _in_fresh_draws(
        campaign, (best, plain.choice.chosen), "plan:checked draws", CHECKING, max(512, n_sets // 2)
    )
    if not _shows(other, q, campaign.request.seed):
        best, mine = plain.choice.chosen, theirs
    judge = _Sample(campaign, draws, JUDGING, n_sets * 2, options)
    choice = replace(plain.choice, chosen=list(best), value=plain.judged.value(best))
    return replace(plain, choice=choice), _told(campaign, judge, (mine, theirs), (best, plain.choice.chosen), q)


def _candidates(campaign: Campaign, plain: Found, sample: _Sample, q: float) -> list[list[int]]:
    """Best plans for mixtures that weigh the draws that were worst so far."""
    menu, n = campaign.menu, len(sample.covers)
    share, best, found = np.ones(n), plain.choice.chosen, []
    for step in range(TAILS):
        cover = sample.mixed(share)
        chosen = choose(cover, menu, {}, first=best, bound=False).chosen
        found.append(chosen)
        if quantile(sample.values(chosen), q) >= quantile(sample.values(best), q):
            best = chosen
        order = np.argsort(sample.values(chosen), kind="stable")
        tail = order[: max(1, math.ceil(q * n))]
        share = share * 0.7
        share[tail] += 1.0 + 0.3 * step
    return found


def _exchanged(
    campaign: Campaign, sample: _Sample, chosen: list[int], q: float, keeps: Callable[[Sequence[int]], bool]
) -> list[int]:
    """Local search on the quantile itself among the plans that keep the floors: one option out, the best others in."""
    menu, best, value, left = campaign.menu, list(chosen), quantile(sample.values(chosen), q), TRIES
    improved = True
    while improved and left > 0:
        improved = False
        values = sample.values(best)
        cover = sample.mixed((values <= quantile(values, q) * (1 + 1e-12)).astype(np.float64))
        for option in list(best):
            left -= 1
            rest = without(menu, best, option)
            for candidate in refilled(cover, menu, rest, option, None):
                now = quantile(sample.values(candidate), q) if menu.complete(candidate) else -np.inf
                if now > value * (1 + 1e-9) and keeps(candidate):
                    best, value, improved = candidate, now, True
                    break
            if improved or left <= 0:
                break
    return best


def _in_fresh_draws(
    campaign: Campaign, plans: tuple[list[int], list[int]], draws: str, purpose: str, n_sets: int
) -> Floats:
    """Reach of both plans in draws of their own purpose, shape (FRESH, 2); one draw at a time, their sets are large."""
    options = sorted({*plans[0], *plans[1]})
    place = {x: i for i, x in enumerate(options)}
    both = np.zeros((FRESH, 2))
    for i, draw in enumerate(draws_of(campaign, FRESH, draws)):
        sample = _Sample(campaign, [draw], purpose, n_sets, options)
        both[i] = [sample.values([place[x] for x in plan])[0] for plan in plans]
    return both


def _shows(both: Floats, q: float, seed: int) -> bool:
    """Whether a gain at the quantile stands out of these draws by half of its interval: few draws are easily fitted."""
    low, high = resampled(both, lambda x: quantile(x[:, 0], q) - quantile(x[:, 1], q), seed)
    return quantile(both[:, 0], q) - quantile(both[:, 1], q) >= (high - low) / 4


def _fresh(campaign: Campaign, plans: tuple[list[int], list[int]], judge: _Sample, q: float) -> dict[str, Any]:
    """Both plans in draws that chose neither: quantiles between order statistics, their difference by resampling draws."""
    both = _in_fresh_draws(campaign, plans, "plan:fresh", JUDGING, max(512, judge.covers[0].weight.size // 4))
    interval = resampled(both, lambda x: quantile(x[:, 0], q) - quantile(x[:, 1], q), campaign.request.seed)
    mine, plain = quantile(both[:, 0], q), quantile(both[:, 1], q)
    most = judge.covers[0].scale * float(judge.covers[0].weight.sum())
    return {
        "draws": FRESH,
        "robust": mine,
        "plain": plain,
        "robust_interval": list(quantile_interval(both[:, 0], q, most)),
        "plain_interval": list(quantile_interval(both[:, 1], q, most)),
        "regret_of_plain": mine - plain,
        "interval": list(interval),
    }


def _told(
    campaign: Campaign,
    judge: _Sample,
    places: tuple[list[int], list[int]],
    plans: tuple[list[int], list[int]],
    q: float,
) -> dict[str, Any]:
    """What the reader sees: both plans in the draws, and what the plain one loses at the quantile."""
    mine, plain = (judge.values(x) for x in places)
    worst = int(np.argsort(plain, kind="stable")[max(0, math.ceil(q * plain.size - 1e-9) - 1)])
    cover = judge.covers[worst]
    paired, interval = estimate(cover, None, cover.missed(places[1]) - cover.missed(places[0]), exact=judge.exact)
    rows = {}
    for name, values in (("robust", mine), ("plain", plain)):
        rows[name] = {
            "quantile": quantile(values, q),
            "mean": float(values.mean()),
            "worst": float(values.min()),
            "best": float(values.max()),
        }
    return {
        "q": q,
        "draws": int(mine.size),
        "robust": rows["robust"],
        "plain": rows["plain"],
        "regret_of_plain": rows["robust"]["quantile"] - rows["plain"]["quantile"],
        "fresh": _fresh(campaign, plans, judge, q),
        "believed": believed(campaign),
        "in_that_draw": {"difference": paired, "interval": list(interval)},
        "same_plan": sorted(plans[0]) == sorted(plans[1]),
        "plain_channels": sorted({campaign.label(x) for x in plans[1]}),
        "reach_by_draw": {"robust": mine.tolist(), "plain": plain.tolist()},
    }
