"""Twins of cypher/rules, cypher/plan and cypher/browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphkit.store.twin_graph import Node, Row, TwinGraph

__all__ = ["RULES"]

Params = dict[str, Any]


def _verdict(label: str, id_: str, reason: str, severity: str = "block") -> Row:
    return {"label": label, "id": id_, "reason": reason, "severity": severity}


_OWNED = ("CoProduction", "Course", "Film", "Material")


def rights(g: TwinGraph, p: Params) -> list[Row]:
    """rules/rights."""
    found = [n for label in _OWNED if p["label"] in ("", label) for n in g.find(label, p["item"])]
    if not found:
        return [_verdict(p["label"], p["item"], "there is no such item")]
    reason = f"no right to {p['use']} is held for this region and time"
    return [
        _verdict(label, id_, reason)
        for label, id_ in found
        if not any(_grants(g, p, *tie) for tie in g.into((label, id_), "HOLDS_RIGHTS"))
    ]


def _grants(g: TwinGraph, p: Params, brand: Node, h: dict[str, Any]) -> bool:
    """Whether a brand's right lets us use the item: it is ours or a running partner's, and covers use, place and time."""
    partner = g.get(brand, "ours") is True or any(
        g.get(d, "status") == "running" for d in g.ends(g.into(brand, "JOINS"), "Partnership")
    )
    place = p["region"] == "" or "ALL" in h["territory"] or p["region"] in h["territory"]
    timeless = p["startsTs"] == 0 and p["endsTs"] == 0
    time = timeless or (h["from_ts"] <= p["startsTs"] and p["endsTs"] <= h["to_ts"])
    return partner and place and time and p["use"] in h["uses"]


def approved(g: TwinGraph, _: Params) -> list[Row]:
    """rules/approved."""
    found = [(m, g.get(m, "status")) for m in g.nodes("CoProduction", "Material")]
    return [_verdict(m[0], m[1], f"status {status or 'not stated'}") for m, status in found if status != "approved"]


def consent(g: TwinGraph, _: Params) -> list[Row]:
    """rules/consent."""
    rows = []
    for c in g.nodes("Channel"):
        people = [u for u in g.ends(g.out(c, "REACHES")) if not g.agreed(u)]
        if g.get(c, "kind") == "direct" and people:
            rows.append(_verdict("Channel", c[1], f"lists {len(people)} people without consent", "warn"))
    return rows


def audience_known(g: TwinGraph, _: Params) -> list[Row]:
    """rules/audience_known."""
    return [
        _verdict("Channel", c[1], "audience unknown")
        for c in g.nodes("Channel")
        if g.get(c, "audience_filter") is None
        and not g.out(c, "REACHES")
        and not g.into(c, "FOLLOWS")
        and not g.into(c, "RUNS")
    ]


def small_audience(g: TwinGraph, p: Params) -> list[Row]:
    """rules/small_audience."""
    return [
        _verdict("Channel", c[1], f"audience below {p['minCell']} people")
        for c in g.nodes("Channel")
        if g.out(c, "REACHES") and len(g.consenting(g.out(c, "REACHES"))) < p["minCell"]
    ]


_PLAN = ("objective", "budget", "spent", "reach", "reach_lower", "reach_upper", "ratio", "delta", "seed")
_ITEM = ("cost", "adds", "adds_lower", "adds_upper", "exclusive", "alone")


def plans(g: TwinGraph, _: Params) -> list[Row]:
    """plan/list."""
    return [{"plan": n[1], **{k: g.get(n, k) for k in _PLAN}} for n in g.nodes("Plan")]


def items(g: TwinGraph, p: Params) -> list[Row]:
    """plan/items."""
    rows = []
    for n in g.find("Plan", p["plan"]):
        for i in sorted(g.ends(g.out(n, "HAS_ITEM")), key=lambda i: (g.get(i, "number"), i[1])):
            used = g.out(i, "USES")
            channels: list[Node | None] = [*sorted(g.ends(used, "Channel", "CoProduction"), key=lambda c: c[1])] or [
                None
            ]
            materials: list[Node | None] = [*sorted(g.ends(used, "Material"))] or [None]
            codes: list[str | None] = [*sorted(str(g.get(t, "code")) for t in g.ends(g.out(i, "CARRIES")))] or [None]
            rows += [
                {
                    "number": g.get(i, "number"), "wave": g.get(i, "wave"), "channel": c and c[1],
                    "name": g.get(c, "name") if c else None, "kind": _kind(g, c) if c else None,
                    "material": m and m[1], "code": code, **{k: g.get(i, k) for k in _ITEM},
                }
                for c in channels for m in materials for code in codes
            ]  # fmt: skip
    return rows


def _kind(g: TwinGraph, node: Node) -> Any:
    return "placement" if node[0] == "CoProduction" else g.get(node, "kind")


def rejected(g: TwinGraph, p: Params) -> list[Row]:
    """plan/rejected."""
    ties = [tie for n in g.find("Plan", p["plan"]) for tie in g.out(n, "REJECTS")]
    rows = [{"label": x[0], "id": x[1], "rule": r.get("rule"), "reason": r["reason"]} for x, r in ties]
    return sorted(rows, key=lambda row: (row["label"], row["id"], row["rule"] is None, row["rule"]))


def labels(g: TwinGraph, _: Params) -> list[Row]:
    """browser/labels."""
    return [{"label": label, "nodes": n} for label, n in g.labels()]


def types(g: TwinGraph, _: Params) -> list[Row]:
    """browser/types."""
    return [{"type": t, "source": s, "target": d, "relationships": n} for t, s, d, n in g.types()]


def nodes(g: TwinGraph, p: Params) -> list[Row]:
    """browser/nodes."""
    rows = [{"id": n[1], "name": g.get(n, "name")} for n in g.nodes(p["label"])]
    return [row for row in rows if p["part"] in row["id"] or p["part"] in (row["name"] or "")][: p["top"]]


RULES: dict[str, Callable[[TwinGraph, Params], list[Row]]] = {
    "rules/rights": rights,
    "rules/approved": approved,
    "rules/consent": consent,
    "rules/audience_known": audience_known,
    "rules/small_audience": small_audience,
    "plan/list": plans,
    "plan/items": items,
    "plan/rejected": rejected,
    "browser/labels": labels,
    "browser/types": types,
    "browser/nodes": nodes,
}
