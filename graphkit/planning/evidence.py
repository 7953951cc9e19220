"""Where each printed number comes from: a query for what can be counted, a replay for what was simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.errors import UnknownName, close_matches
from graphkit.planning.reasons import both
from graphkit.results import jsonable

if TYPE_CHECKING:
    from graphkit.planning.campaign import Campaign
    from graphkit.planning.plan_result import ChannelPlan

__all__ = ["claims", "evidence", "explain", "plan_claims"]

SET_QUERY = "evaluate/audience_of_set"


def plan_claims(campaign: Campaign, answer: dict[str, Any], digest: str) -> list[dict[str, Any]]:
    """Return one claim per printed number: {claim, value, query, params, replay}."""
    items, stored = answer["items"], campaign.market.source
    replay = {"plan": f"P-{digest[:8]}", "seed": campaign.request.seed, "snapshot": campaign.snapshot.digest[:16], "sets": answer["sample"]["judge"]}
    rows = [("reach", answer["reach"].mean), ("adding_up_would_have_said", answer["adding_up_would_have_said"])]
    rows += [("certificate.lower", answer["certificate"].lower), ("certificate.upper", answer["certificate"].upper)]
    rows += [(f"baselines.{name}", value) for name, value in answer["baselines"].items()]
    rows += [(f"risk.{row['goal']}", row["p10"]) for row in answer["risk"]["goals"]]
    for item in items:
        name = item.channel if item.wave == 1 else f"{item.channel}@{item.wave}"
        rows += [(f"items.{name}.{part}", getattr(item, part)) for part in ("adds", "exclusive", "alone")]
    out = [{"claim": name, "value": jsonable(value), "query": None, "params": {}, "replay": replay} for name, value in rows]
    params = {"channels": sorted({item.channel for item in items}), "minCell": 0}
    out.append({"claim": "spent", "value": answer["spent"], "query": SET_QUERY, "params": params, "replay": None})
    where = {channel: stored[i] for i, channel in enumerate(campaign.market.ids)}
    for item in items:
        if where[item.channel] == "REACHES":
            params = {"channels": [item.channel], "minCell": 0}
            out.append({"claim": f"items.{item.channel}.audience", "value": item.audience, "query": SET_QUERY, "params": params, "replay": None})
    return out


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
        raise UnknownName(f"plan {plan.plan} makes no claim {claim!r}", kind="claim", name=claim, close_matches=near, hint=hint)
    return known[claim]


def explain(plan: ChannelPlan) -> list[dict[str, Any]]:
    """Return one row per yes and per no: channel, chosen, rule, reason."""
    rows = [
        {"channel": item.channel, "chosen": True, "rule": "adds", "adds": item.adds, "cost": item.cost, "reason": reason}
        for item in plan.items
        for reason in item.reasons
    ]
    rows += [{"channel": r["channel"], "chosen": False, "rule": r["rule"], "adds": None, "cost": None, "reason": r["reason"]} for r in plan.rejected]
    for row in (plan.risk or {}).get("goals", ()):
        low, high = row["interval"]
        reason = both(
            f"九成把握 {row['goal']} 至少 {row['p10']:,.1f}（{low:,.1f} 至 {high:,.1f}）",
            f"with chance 9 in 10 {row['goal']} is at least {row['p10']:,.1f} ({low:,.1f} to {high:,.1f}), over worlds and draws of the chances",
        )
        rows.append({"channel": None, "chosen": True, "rule": "risk", "adds": None, "cost": None, "reason": reason})
    return rows
