"""A plan found becomes a plan printed: every number from the judging sample, every choice with its reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.planning.choose import listed
from graphkit.planning.estimates import estimate, measure
from graphkit.planning.evidence import plan_claims
from graphkit.planning.plan_result import ChannelPlan, PlanItem, Reach
from graphkit.planning.reasons import item_reasons, not_bought, unspent_because
from graphkit.planning.risk import plan_risk
from graphkit.planning.subject import name_of
from graphkit.results import make_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphkit.influence.channel_cover import Cover
    from graphkit.planning.campaign import Campaign
    from graphkit.planning.search import Found

__all__ = ["against_fixed", "report_plan"]

BAND = (0.5, 1.5)


def report_plan(
    source: Any, campaign: Campaign, found: Found, seconds: float, named: Sequence[str] = (), **more: Any
) -> ChannelPlan:
    """Every printed number, from R2 only."""
    request, chosen, cover = campaign.request, found.choice.chosen, found.judged
    exact = campaign.worlds.exact
    mean, interval = estimate(cover, None, 1.0 - cover.missed(chosen), exact=exact)
    bundles = listed(cover, campaign.options, chosen)
    together = cover.bundled(bundles)
    parts = measure(together, range(len(bundles)), exact=exact)
    items = _items(campaign, bundles, parts)
    spent = campaign.menu.money(chosen)
    name = campaign.snapshot.nodes("Channel").by_id("name")
    rejected = [
        row | ({"name": str(name[row["channel"]])} if name.get(row["channel"]) else {})
        for row in (*campaign.market.rejected, *not_bought(campaign, cover, chosen))
    ]
    answer: dict[str, Any] = {
        "for_": request.for_, "objective": request.objective, "budget": request.budget, "spent": spent / 100, "items": items,
        "reach": Reach(mean, interval, _band(campaign, found.sets, chosen, interval, exact=exact)), "certificate": found.certificate,
        "adding_up_would_have_said": math.fsum(item.alone for item in items),
        "adding_up_interval": estimate(together, None, np.asarray(together.seen_by_option.sum(axis=1)).ravel(), exact=exact)[1],
        "baselines": {name: cover.value(rows) for name, rows in found.baselines.items()},
        "against_baselines": _against_baselines(cover, chosen, found.baselines, exact=exact),
        "unspent_because": unspent_because(campaign, chosen), "rejected": rejected,
        "assumptions": [*campaign.market.assumptions, *_notes(campaign, chosen)],
        "request": request.to_dict(), "sample": {"choose": found.n_choose, "judge": int(cover.weight.size), "exact": exact},
        "waves": _waves(campaign, items, cover, chosen), "synergy": _synergy(campaign, chosen), "risk": plan_risk(campaign, chosen, mean, named), **more,
    }  # fmt: skip
    engine = campaign.worlds.engine.name
    manifest = make_manifest(
        "plan",
        request=request.to_dict(),
        answer=answer,
        seed=request.seed,
        snapshot=campaign.snapshot.digest,
        engine=engine,
        seconds=seconds,
    )
    claims = plan_claims(campaign, answer, manifest.digest)
    return ChannelPlan(
        plan=f"P-{manifest.digest[:8]}", **answer, claims=claims, manifest=manifest, source=source,
        for_name=name_of(campaign.snapshot, campaign.target), currency=campaign.snapshot.currency,
    )  # fmt: skip


def against_fixed(campaign: Campaign, found: Found, fixed: list[int] | None) -> dict[str, Any]:
    """What the new plan reaches more than the purchases that had been planned for the rest, on the same sets."""
    if fixed is None or not campaign.menu.complete(fixed):  # with less money left they can no longer be bought
        return {"fixed": None, "gain": None, "gain_interval": None}
    cover = found.judged
    if set(fixed) == set(found.choice.chosen):  # the difference of two equal sums is not always 0.0
        return {"fixed": cover.value(fixed), "gain": 0.0, "gain_interval": [0.0, 0.0]}
    more = cover.missed(fixed) - cover.missed(found.choice.chosen)
    gain, interval = estimate(cover, None, more, exact=campaign.worlds.exact)
    return {"fixed": cover.value(fixed), "gain": gain, "gain_interval": list(interval)}


def _against_baselines(
    cover: Cover, chosen: Sequence[int], baselines: Mapping[str, Sequence[int]], *, exact: bool
) -> list[dict[str, Any]]:
    """Each plan made without a graph with its interval, and what the plan is worth more on the same sets."""
    missed, rows = cover.missed(chosen), []
    for name, other in baselines.items():
        without = cover.missed(other)
        mean, interval = estimate(cover, None, 1.0 - without, exact=exact)
        difference, at = estimate(cover, None, without - missed, exact=exact)
        rows.append({
            "baseline": name, "mean": mean, "interval": list(interval),
            "difference": difference, "difference_interval": list(at),
        })  # fmt: skip
    return rows


def _items(campaign: Campaign, bundles: list[list[int]], parts: dict[str, Any]) -> tuple[PlanItem, ...]:
    """One row per (channel, wave, material), in listed order; the first row with a material pays for making it."""
    market, options, people_of = campaign.market, campaign.options, np.diff(campaign.hazard.indptr)
    charged: set[int] = set()
    items = []
    for place, rows in enumerate(bundles):
        option = rows[0]
        channel, key, wave = int(options.channel[option]), int(options.material_key[option]), int(options.wave[option])
        once = int(options.material_cost[key]) if key >= 0 and key not in charged else 0
        charged.add(key)
        cost = int(options.cost[rows].sum()) + once
        (adds, adds_at), (exclusive, exclusive_at), (alone, alone_at) = (
            parts[n][place] for n in ("adds", "exclusive", "alone")
        )
        items.append(
            PlanItem(
                channel=market.ids[channel],
                name=market.names[channel],
                kind=market.kinds[channel],
                wave=wave,
                material=options.material[option],
                cost=cost / 100,
                adds=adds,
                adds_interval=adds_at,
                exclusive=exclusive,
                exclusive_interval=exclusive_at,
                alone=alone,
                alone_interval=alone_at,
                audience=int(people_of[option]),
                evidence="assumed" if market.assumed[channel] else "real",
                uses=len(rows),
                one_off_cost=once / 100,
                starts_ts=campaign.rules.wave_start(wave),
                code=options.code[option],
                reasons=item_reasons(campaign, rows, cost, once, adds, exclusive, alone, others=len(bundles) > 1),
            )
        )
    return tuple(items)


def _waves(
    campaign: Campaign, items: tuple[PlanItem, ...], cover: Cover, chosen: Sequence[int]
) -> list[dict[str, Any]]:
    """One row per wave: when it starts, its money, what it costs and adds."""
    limits, done = campaign.rules.wave_budgets, (campaign.request.done or {}).get("waves", 0)
    rows, before = [], np.ones(cover.weight.size)
    for wave in range(done + 1, campaign.request.waves + 1):
        mine = [item for item in items if item.wave == wave]
        after = before * cover.missed(x for x in chosen if campaign.options.wave[x] == wave)
        _, interval = estimate(cover, None, before - after, exact=campaign.worlds.exact)
        before = after
        rows.append({
            "wave": wave, "starts_ts": campaign.rules.wave_start(wave), "budget": limits[wave - 1] if limits else None,
            "spent": math.fsum(i.cost for i in mine), "one_off": math.fsum(i.one_off_cost for i in mine),
            "purchases": len(mine), "adds": math.fsum(i.adds for i in mine), "adds_interval": list(interval),
        })  # fmt: skip
    return rows


def _synergy(campaign: Campaign, chosen: list[int]) -> dict[str, Any] | None:
    """The bonuses of BOOSTS that the plan earns; they are beside the reach, never in it."""
    boosts = campaign.boosts
    if boosts is None:
        return None
    ids, earned = campaign.market.ids, boosts.pairs(campaign.menu, chosen)
    rows = zip(
        boosts.first[earned].tolist(), boosts.second[earned].tolist(), boosts.bonus[earned].tolist(), strict=True
    )
    return {
        "bonus": float(boosts.bonus[earned].sum()),
        "pairs": [{"channel": ids[a], "boosts": ids[b], "bonus": x} for a, b, x in rows],
    }


def _band(
    campaign: Campaign, sets: Any, chosen: list[int], interval: tuple[float, float], *, exact: bool
) -> tuple[float, float]:
    """Reach when every chance of exposure is x0.5 and x1.5 (the receptivity band of C51), joined with the interval."""
    ends = list(interval)
    for factor in BAND:
        cover = campaign.worlds.cover(sets, campaign.with_factor(factor, chosen))
        ends.extend(estimate(cover, None, 1.0 - cover.missed(range(len(chosen))), exact=exact)[1])
    return min(ends), max(ends)


def _notes(campaign: Campaign, chosen: list[int]) -> list[str]:
    """What the reader must know beside the numbers."""
    used = sum(bool(campaign.market.assumed[int(campaign.options.channel[x])]) for x in chosen)
    notes = (
        [f"{used} of {len(chosen)} purchases {'rests' if used == 1 else 'rest'} on assumed prices or audiences"]
        if used
        else []
    )
    if campaign.request.robust is not None:
        notes.append(
            "robust: each channel's chance of exposure x0.5 to x1.5 by itself, all chances on ties together; the certificate is about the chances as given"
        )
    notes.append(
        "interval_with_model_uncertainty: reach if every chance of exposure were x0.5 to x1.5; chances on ties as given"
    )
    notes.append("the certificate holds within the model (chances, ties, rules), not of the world")
    return notes
