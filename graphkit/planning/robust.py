"""Plans for chances that are not known: the q-quantile of reach over draws of them (mission C62).

A draw changes two things. Every channel's chance of exposure is multiplied by its own factor, even in [0.5, 1.5].
The chances on ties move together: learned ones to a common quantile of their intervals, declared ones by a common
factor, log-even in [1/2, 2]. Ties that all err in the same direction are the worst case; errors of single ties average
out. The draws are fixed by the seed; the same draws judge every plan.

The quantile is not submodular. Candidates come from maximising the mean of the draws that are worst for the best plan
so far, then single exchanges are tried on the quantile itself; the plain plan is a candidate, so the result is never
worse than it on the sample that chooses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.influence.channel_cover import Cover, merged, refilled, without
from graphkit.planning.choose import choose, estimate
from graphkit.planning.search import CHECKING, CHOOSING, JUDGING
from graphkit.projection.build import project
from graphkit.rng import as_generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.planning.campaign import Campaign
    from graphkit.planning.search import Found
    from graphkit.projection.projection import Projection

    Floats = NDArray[np.float64]

__all__ = ["Draw", "draws_of", "quantile", "robust_plan"]

BAND, TIE_FACTOR = (0.5, 1.5), 2.0
SETS, TAILS, TRIES = 4_096, 8, 60
ENTRIES = 2e7  # of all draws together


@dataclass(frozen=True)
class Draw:
    """One draw of the unknown chances: a factor per channel, and the graph with its ties."""

    channel_factor: Floats
    projection: Projection | None


def draws_of(campaign: Campaign) -> list[Draw]:
    """Return the draws of a request: pure functions of its seed."""
    request, n = campaign.request, len(campaign.market.ids)
    rng = as_generator(request.seed, "plan:draws")
    factors = rng.uniform(*BAND, size=(request.draws, n))
    places = (rng.permutation(request.draws) + rng.random(request.draws)) / request.draws  # evenly spread, one in each part
    ties = _tie_bounds(campaign)
    return [Draw(factor, _drawn(campaign.projection, ties, float(place))) for factor, place in zip(factors, places, strict=True)]


def _tie_bounds(campaign: Campaign) -> tuple[Floats, Floats] | None:
    """Lower and upper end of every learned chance, None when chances are declared."""
    request, graph = campaign.request, campaign.projection
    if graph is None or request.probability != "learned":
        return None
    ends = [project(campaign.snapshot, label=request.nodes, types=("INFLUENCES",), weight=name).weight for name in ("p_lower", "p_upper")]
    return np.asarray(ends[0], dtype=np.float64), np.asarray(ends[1], dtype=np.float64)


def _drawn(graph: Projection | None, bounds: tuple[Floats, Floats] | None, place: float) -> Projection | None:
    """The graph with all ties at the same quantile ``place`` of what is believed about them."""
    if graph is None:
        return None
    p = np.asarray(graph.probability, dtype=np.float64)
    if bounds is None:
        return graph.with_probability(np.minimum(1.0, p * TIE_FACTOR ** (2 * place - 1)))
    low, high = bounds
    drawn = np.where(place < 0.5, low + (p - low) * 2 * place, p + (high - p) * (2 * place - 1))
    return graph.with_probability(np.where(p > 0, np.clip(drawn, 0.0, 1.0), 0.0))


def quantile(values: Floats, q: float) -> float:
    """Return the smallest value that at least a share q of the draws does not exceed."""
    return float(np.sort(values)[max(0, math.ceil(q * values.size - 1e-9) - 1)])


class _Sample:
    """All draws on sets of one purpose; in each the same roots and coins, as far as the chances allow."""

    def __init__(self, campaign: Campaign, draws: Sequence[Draw], purpose: str, n_sets: int, options: list[int] | None = None) -> None:
        self.covers: list[Cover] = []
        self.exact = campaign.worlds.exact
        for draw in draws:
            hazard = campaign.with_factor(draw.channel_factor)
            drawn = campaign.with_chances(hazard if options is None else hazard[:, options], draw.projection)
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
        weight = np.concatenate([c.weight * c.scale * s / total for c, s in zip(parts, share[kept].tolist(), strict=True)])
        return Cover(sp.csr_matrix(sp.vstack([c.hazard for c in parts], format="csr")), weight, 1.0)


def robust_plan(campaign: Campaign, plain: Found, q: float) -> tuple[Found, dict[str, Any]]:
    """Return the plan for the q-quantile over the draws, and how it and the plain plan fare in them."""
    draws = draws_of(campaign)
    per_set = max(plain.judged.hazard.nnz / max(plain.judged.weight.size, 1), 1e-9)
    n_sets = int(np.clip(ENTRIES / (per_set * len(draws)), 512, SETS))
    sample = _Sample(campaign, draws, CHOOSING, n_sets)
    candidates = [plain.choice.chosen, *_candidates(campaign, plain, sample, q)]
    best = max(candidates, key=lambda x: quantile(sample.values(x), q))
    best = _exchanged(campaign, sample, best, q)
    options = sorted({*best, *plain.choice.chosen})
    place = {x: i for i, x in enumerate(options)}
    mine, theirs = [place[x] for x in best], [place[x] for x in plain.choice.chosen]
    check = _Sample(campaign, draws, CHECKING, n_sets, options)
    if quantile(check.values(mine), q) < quantile(check.values(theirs), q):
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


def _exchanged(campaign: Campaign, sample: _Sample, chosen: list[int], q: float) -> list[int]:
    """Local search on the quantile itself: one option out, the best others in."""
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
                if now > value * (1 + 1e-9):
                    best, value, improved = candidate, now, True
                    break
            if improved or left <= 0:
                break
    return best


def _told(campaign: Campaign, judge: _Sample, places: tuple[list[int], list[int]], plans: tuple[list[int], list[int]], q: float) -> dict[str, Any]:
    """What the reader sees: both plans in the draws, and what the plain one loses at the quantile."""
    mine, plain = (judge.values(x) for x in places)
    worst = int(np.argsort(plain, kind="stable")[max(0, math.ceil(q * plain.size - 1e-9) - 1)])
    cover = judge.covers[worst]
    paired, interval = estimate(cover, None, cover.missed(places[1]) - cover.missed(places[0]), exact=judge.exact)
    rows = {}
    for name, values in (("robust", mine), ("plain", plain)):
        rows[name] = {"quantile": quantile(values, q), "mean": float(values.mean()), "worst": float(values.min()), "best": float(values.max())}
    return {
        "q": q, "draws": int(mine.size), "robust": rows["robust"], "plain": rows["plain"],
        "regret_of_plain": rows["robust"]["quantile"] - rows["plain"]["quantile"],
        "in_that_draw": {"difference": paired, "interval": list(interval)},
        "same_plan": sorted(plans[0]) == sorted(plans[1]), "plain_channels": sorted({campaign.label(x) for x in plans[1]}),
        "reach_by_draw": {"robust": mine.tolist(), "plain": plain.tolist()},
    }  # fmt: skip
