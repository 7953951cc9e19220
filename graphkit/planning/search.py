"""The search for a plan: choose on R1, compare with the baselines on a third sample, judge on R2.

The samples are independent. R1 also bounds every other plan (`graphkit.influence.channel_bound`). Rounds enlarge the samples until the
certificate reaches what was asked for; delta covers all rounds.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.influence.certificate import Certificate
from graphkit.planning.choose import (
    CLOSE_WORK,
    ENOUGH,
    EXACT_GAP,
    EXACT_WORK,
    baseline_plans,
    certify,
    choose,
    closed,
    sampled_certificate,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphkit.influence.channel_cover import Cover
    from graphkit.planning.campaign import Campaign
    from graphkit.planning.choose import Choice

__all__ = [
    "CHECKING",
    "CHOOSING",
    "FIRST_SETS",
    "JUDGING",
    "ROUNDS",
    "Found",
    "options_of",
    "recertified",
    "sample_sizes",
    "search",
]

FIRST_SETS, ROUNDS, GROWTH = 32_768, 3, 4
SETS_PER_OPTION = 16
MOST_TO_JUDGE = 65_536
# Where a plan reaches few, more sets judge it, as long as they hold few people
HITS_TO_JUDGE, MORE_ENTRIES = 20_000, 1e7
MORE_TO_JUDGE = 2  # R2 is cheap: only the chosen columns are needed
PROBE, FEWEST_SETS, MOST_ENTRIES, TOO_MANY_ENTRIES, MOST_VISITS = 256, 2_048, 1e7, 4e7, 1e8
CHOOSING, CHECKING, JUDGING = "plan:choose", "plan:check", "plan:judge"


@dataclass(frozen=True)
class Found:
    """A plan with what is needed to report it."""

    choice: Choice
    certificate: Certificate
    baselines: dict[str, list[int]]
    sets: Any
    judged: Cover
    n_choose: int
    late: bool


def search(
    campaign: Campaign, *, deadline: float | None = None, first: list[int] | None = None, enough: float = ENOUGH
) -> Found:
    """Choose on R1, judge on R2, and sample on until the certificate is as good as asked for; see `choose` for ``enough``."""
    request, worlds, exact = campaign.request, campaign.worlds, campaign.worlds.exact
    baselines = baseline_plans(campaign.hazard, campaign.value, campaign.menu)
    choice: Choice | None = None
    late, rounds, highest = False, 1 if exact else ROUNDS, math.inf
    first_sets, most_sets = (worlds.n, worlds.n) if exact else sample_sizes(campaign)
    for i in range(rounds):
        n_choose = worlds.rounded(first_sets * GROWTH**i)
        cover, crowded = worlds.choosing_cover(n_choose, CHOOSING, campaign.hazard)
        start = first if choice is None else choice.chosen
        found = choose(cover, campaign.menu, baselines, first=start, boosts=campaign.boosts, enough=enough)
        n_judge = min(n_choose * MORE_TO_JUDGE, most_to_judge(campaign, found.value + crowded))
        expected = sampled_certificate(
            worlds.total, found.value + crowded, found.bound + crowded, (n_judge, n_choose), request.delta / rounds, exact=exact
        )  # fmt: skip
        if exact:
            work = CLOSE_WORK if expected.ratio < request.aim else EXACT_WORK
            gap = min(EXACT_GAP, 0.999 * (1.0 / request.aim - 1.0))  # whoever asks for more gets it
            found = closed(cover, campaign.menu, found, work=work, gap=gap)
        elif expected.ratio < request.aim:
            found = closed(cover, campaign.menu, found)
        choice = replace(
            _checked(campaign, found, baselines, n_choose), value=found.value + crowded, bound=found.bound + crowded
        )
        sets = worlds.sets(n_judge, JUDGING)
        judged = worlds.cover(sets, campaign.hazard)
        certificate = certify(worlds.total, choice, judged, n_choose, request.delta / rounds, exact=exact)
        highest = min(highest, certificate.upper)  # every round has a share of delta, so all their bounds hold
        if highest < certificate.upper:
            certificate = Certificate.of(certificate.lower, highest, certificate.delta)
        late = deadline is not None and time.monotonic() > deadline
        if (
            not certificate.ratio < request.aim
            or late
            or not _helps(certificate, choice)
            or n_choose * GROWTH > most_sets
        ):
            break
    if not exact and not math.isnan(certificate.ratio):
        certificate = replace(certificate, delta=request.delta)
    assert choice is not None  # noqa: S101 - at least one round was run
    return Found(choice, certificate, baselines, sets, judged, n_choose, late)


def recertified(campaign: Campaign, found: Found) -> Found:
    """The certificate of another choice: its own lower bound, the bound on all plans as it was."""
    old = found.certificate
    if math.isnan(old.ratio):
        return found
    own = certify(
        campaign.worlds.total,
        found.choice,
        found.judged,
        found.n_choose,
        campaign.request.delta / ROUNDS,
        exact=campaign.worlds.exact,
    )
    return replace(found, certificate=Certificate.of(own.lower, old.upper, old.delta))


def options_of(campaign: Campaign, keep: Sequence[Any]) -> list[int] | None:
    """Options of named purchases, None when there are none or one is no longer open."""
    options = campaign.options
    place = {
        (campaign.market.ids[int(c)], int(w), m, int(u)): i
        for i, (c, w, m, u) in enumerate(zip(options.channel, options.wave, options.material, options.use, strict=True))
    }
    rows = [place.get(x, -1) for x in keep]
    return rows if rows and -1 not in rows else None


def sample_sizes(campaign: Campaign) -> tuple[int, int]:
    """Sets of the first round and at most: memory bounds their entries, time the nodes they visit."""
    probe, _ = campaign.worlds.choosing_cover(PROBE, CHOOSING, campaign.hazard)
    entries = probe.hazard.nnz / PROBE
    visited = campaign.worlds.sets(PROBE, CHOOSING).nnz / PROBE
    most = max(FEWEST_SETS, min(TOO_MANY_ENTRIES / max(entries, 1e-9), MOST_VISITS / max(visited, 1e-9)))
    wanted = max(FIRST_SETS, SETS_PER_OPTION * campaign.options.n)
    return int(min(wanted, most, max(FEWEST_SETS, MOST_ENTRIES / max(entries, 1e-9)))), int(most)


def most_to_judge(campaign: Campaign, value: float) -> int:
    """Return the largest R2 for a plan of this value: a small plan is hit by so few sets that its lower bound would be far off."""
    worlds = campaign.worlds
    wanted = HITS_TO_JUDGE * worlds.total / max(value, 1e-9 * worlds.total)
    if worlds.exact or wanted <= MOST_TO_JUDGE:
        return MOST_TO_JUDGE
    people = worlds.sets(PROBE, CHOOSING).nnz / PROBE
    return max(MOST_TO_JUDGE, int(min(wanted, MORE_ENTRIES / people)))


def _checked(campaign: Campaign, choice: Choice, baselines: dict[str, list[int]], n_sets: int) -> Choice:
    """The choice, or the baseline that beats it on a third sample: with many options a choice may fit R1 too well."""
    worlds = campaign.worlds
    if worlds.exact:
        return choice
    options = sorted({*choice.chosen, *(x for rows in baselines.values() for x in rows)})
    place = {x: i for i, x in enumerate(options)}
    cover = worlds.cover(worlds.sets(min(n_sets, FIRST_SETS), CHECKING), campaign.hazard[:, options])
    plans = [rows for rows in (choice.chosen, *baselines.values()) if campaign.menu.complete(rows)]
    bonus = [0.0 if campaign.boosts is None else campaign.boosts.total(campaign.menu, rows) for rows in plans]
    worths = [cover.value(place[x] for x in rows) + more for rows, more in zip(plans, bonus, strict=True)]
    best = plans[int(np.argmax(worths))]
    return choice if best is choice.chosen else replace(choice, chosen=list(best))


def _helps(certificate: Certificate, choice: Choice) -> bool:
    """More samples help only when sampling, not the relaxation, keeps the ratio down."""
    return choice.bound <= 0 or certificate.ratio < 0.98 * choice.value / choice.bound
