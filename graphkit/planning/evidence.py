"""Where each printed number comes from: a query for what can be counted, a replay for what was simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import UnknownName, close_matches
from graphkit.model.vocabulary import OBJECTIVE
from graphkit.parts import jsonable
from graphkit.planning.placements import PLACEMENT
from graphkit.planning.reasons import both
from graphkit.projection.consent import consent_mask

if TYPE_CHECKING:
    from graphkit.planning.campaign import Campaign
    from graphkit.planning.plan_result import ChannelPlan, PlanItem

__all__ = ["claims", "evidence", "explain", "plan_claims"]

SET_QUERY, MONEY_QUERY = "evaluate/audience_of_set", "channels/spending"


def plan_claims(campaign: Campaign, answer: dict[str, Any], digest: str) -> list[dict[str, Any]]:
    """Return one claim per printed number: {claim, value, query, params, replay}."""
    items, stored = answer["items"], campaign.market.source
    replay = {
        "plan": f"P-{digest[:8]}",
        "seed": campaign.request.seed,
        "snapshot": campaign.snapshot.digest[:16],
        "sets": answer["sample"]["judge"],
    }
    rows = [("reach", answer["reach"].mean), ("adding_up_would_have_said", answer["adding_up_would_have_said"])]
    rows += [("certificate.lower", answer["certificate"].lower), ("certificate.upper", answer["certificate"].upper)]
    rows += [(f"baselines.{name}", value) for name, value in answer["baselines"].items()]
    rows += [(f"risk.{row['goal']}", row["p10"]) for row in answer["risk"]["goals"]]
    rows += _told(answer)
    for item in items:
        name = item.channel if item.wave == 1 else f"{item.channel}@{item.wave}"
        rows += [(f"items.{name}.{part}", getattr(item, part)) for part in ("adds", "exclusive", "alone")]
    out = [_claim(name, jsonable(value), replay=replay) for name, value in rows]
    where = {channel: stored[i] for i, channel in enumerate(campaign.market.ids)}
    purchases = [_purchase(item, where[item.channel]) for item in items]
    counts = campaign.request.min_evidence is None  # the queries read every row, such a plan only the strong ones
    how: dict[str, Any] = {"query": MONEY_QUERY, "params": {"purchases": purchases}} if counts else {"replay": replay}
    out.append(_claim("spent", answer["spent"], **how))
    stated = _stated(campaign) if counts else {}
    for item in {item.channel: item for item in items}.values():
        name = f"items.{item.channel}.audience"
        if where[item.channel] == "REACHES" and stated.get(item.channel) == item.audience:
            params = {"channels": [item.channel], "minCell": 0}
            out.append(_claim(name, item.audience, query=SET_QUERY, params=params))
        else:  # receptivity 0, a mask or a chance of 0: no plain count of REACHES rows
            out.append(_claim(name, item.audience, replay=replay))
    return out


def _claim(
    name: str, value: Any, *, query: str | None = None, params: dict[str, Any] | None = None, replay: Any = None
) -> dict[str, Any]:
    """One printed number with the query that counts it, or the replay that simulates it."""
    return {"claim": name, "value": value, "query": query, "params": params or {}, "replay": replay}


def _told(answer: dict[str, Any]) -> list[tuple[str, float]]:
    """Numbers that only some plans print: differences, waves, goals, the list between goals, draws, bonuses, the gain of a replan."""
    rows = [(f"against_baselines.{row['baseline']}", row["difference"]) for row in answer["against_baselines"]]
    rows += [(f"waves.{row['wave']}", row["adds"]) for row in answer["waves"]]
    rows += [(f"goals.{row['goal']}", row["mean"]) for row in answer.get("goals") or ()]
    rows += [
        (f"pareto.{i}.{goal}", mean)
        for i, row in enumerate(answer.get("pareto") or (), 1)
        for goal, mean in row["goals"].items()
    ]
    robust, synergy, again = answer.get("robust"), answer.get("synergy"), answer.get("replanned")
    if robust:
        rows += [
            (f"robust.{plan}.{part}", robust[plan][part])
            for plan in ("robust", "plain")
            for part in ("quantile", "mean", "worst", "best")
        ]
        rows += [(f"robust.fresh.{plan}", robust["fresh"][plan]) for plan in ("robust", "plain")]
        rows += [("robust.regret_of_plain", robust["fresh"]["regret_of_plain"])]
    rows += [("synergy.bonus", synergy["bonus"])] if synergy else []
    rows += [("replanned.gain", again["gain"])] if again and again.get("gain") is not None else []
    return rows


def _stated(campaign: Campaign) -> dict[str, int]:
    """Users with consent for plans that REACHES rows give each channel: what the query of an audience counts."""
    consent = consent_mask(campaign.snapshot.nodes("User"))
    found: dict[str, int] = {}
    for edges in campaign.snapshot.edges("REACHES"):
        count = np.bincount(
            np.asarray(edges.source_rows)[consent[edges.target_rows]],
            minlength=len(campaign.snapshot.nodes(edges.source_label)),
        )
        found.update(zip(campaign.snapshot.nodes(edges.source_label).ids.tolist(), count.tolist(), strict=True))
    return found


def _purchase(item: PlanItem, source: str) -> dict[str, Any]:
    """One purchase as the query of the money reads it."""
    key = "placement" if source == PLACEMENT else "channel"
    return {
        key: item.channel.removeprefix("CoProduction:") if key == "placement" else item.channel,
        "material": item.material,
        "uses": item.uses,
        "once": item.one_off_cost > 0,
    }


def claims(plan: ChannelPlan) -> list[dict[str, Any]]:
    """Return the claims of a plan: name, value, query with parameters or replay."""
    return list(plan.claims)


def evidence(plan: ChannelPlan, claim: str) -> dict[str, Any]:
    """Return one claim of a plan.

    Raises
    ------
    UnknownName
        No such claim; lists close matches.
    """
    known = {row["claim"]: row for row in plan.claims}
    if claim not in known:
        near = close_matches(claim, known)
        hint = f"close: {', '.join(near)}" if near else f"for example {next(iter(known))}"
        raise UnknownName(
            f"plan {plan.plan} makes no claim {claim!r}", kind="claim", name=claim, close_matches=near, hint=hint
        )
    return known[claim]


def explain(plan: ChannelPlan) -> list[dict[str, Any]]:
    """Return one row per yes and per no: channel, chosen, rule, reason."""
    rows = [
        {
            "channel": item.channel,
            "wave": item.wave,
            "chosen": True,
            "rule": "adds",
            "adds": item.adds,
            "cost": item.cost,
            "reason": reason,
        }
        for item in plan.items
        for reason in item.reasons
    ]
    rows += [
        {"channel": r["channel"], "chosen": False, "rule": r["rule"], "adds": None, "cost": None, "reason": r["reason"]}
        for r in plan.rejected
    ]
    for row in (plan.risk or {}).get("goals", ()):
        low, high = row["interval"]
        reason = both(
            f"九成把握 {OBJECTIVE.get(row['goal'], row['goal'])} 至少 {row['p10']:,.1f}（{low:,.1f} 至 {high:,.1f}）",
            f"with chance 9 in 10 {row['goal']} is at least {row['p10']:,.1f} ({low:,.1f} to {high:,.1f}), over worlds and draws of the chances",
        )
        rows.append({"channel": None, "chosen": True, "rule": "risk", "adds": None, "cost": None, "reason": reason})
    return rows
