"""Twins of cypher/partners."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from graphkit.store.twin_graph import Node, Row, TwinGraph, hidden, rounded

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PARTNERS"]

Params = dict[str, Any]
_TASTE = ("WATCHED", "WANTS", "LIKES")
_BOND = ("FOLLOWS", "ENROLLED", "SUBSCRIBES")
_CUSTOMER = ("FOLLOWS", "SUBSCRIBES", "BOUGHT")
_ACCEPTED = ("accepted", "running", "ended")


def incremental_reach(g: TwinGraph, p: Params) -> list[Row]:
    """partners/incremental_reach."""
    shared: Counter[Node] = Counter()
    fresh: Counter[Node] = Counter()
    for f in g.find("Film", p["film"]):
        for u in g.consenting(g.into(f, *_TASTE)):
            partners = g.ends(g.out(u, *_BOND), "Brand", "Course")
            covered = any(i in p["have"] for _, i in partners)
            for b in partners:
                if b[1] not in p["have"]:
                    shared[b] += 1
                    fresh[b] += not covered
    rows = []
    for b, n in shared.items():
        if n >= p["minCell"]:
            incremental = None if hidden(fresh[b], n, p["minCell"]) else fresh[b]
            rows.append(
                {
                    "label": b[0],
                    "partner_id": b[1],
                    "partner": g.get(b, "name"),
                    "shared": n,
                    "incremental": incremental,
                }
            )
    return sorted(rows, key=lambda r: (-(r["incremental"] or 0), r["partner_id"], r["label"]))


def history(g: TwinGraph, p: Params) -> list[Row]:
    """partners/history."""
    together: dict[Node, list[Node]] = {}
    for b in g.find("Brand", p["brand"]):
        for deal in g.ends(g.into(b, "JOINS"), "Partnership"):
            for x in g.ends(g.out(deal, "JOINS"), "Brand", "Film", "Course"):
                if x != b:
                    together.setdefault(x, []).append(deal)
    rows = []
    for x, deals in together.items():
        accepted = sum(g.get(d, "status") in _ACCEPTED for d in deals)
        times = [t for d in deals if (t := g.get(d, "starts_ts")) is not None]
        rows.append(
            {
                "label": x[0],
                "partner": x[1],
                "name": g.get(x, "name"),
                "times": len(deals),
                "accepted": accepted,
                "last_ts": max(times, default=None),
            }
        )
    return sorted(rows, key=lambda r: (-r["times"], r["label"], r["partner"]))


def will(g: TwinGraph, _: Params) -> list[Row]:
    """partners/will."""
    rows = []
    for b in g.nodes("Brand"):
        states = [g.get(d, "status") for d in g.ends(g.into(b, "JOINS"), "Partnership")]
        asked = sum(s is not None and s != "proposed" for s in states)
        accepted = sum(s in _ACCEPTED for s in states)
        willing = rounded((accepted + 1) / (asked + 2)) if asked else g.get(b, "willingness")
        rows.append({"brand": b[1], "name": g.get(b, "name"), "asked": asked, "accepted": accepted, "will": willing})
    return rows


def complement(g: TwinGraph, p: Params) -> list[Row]:
    """partners/complement."""
    rows = []
    for b in g.find("Brand", p["brand"]):
        ours = g.get(b, "resources") or []
        for d in g.nodes("Brand"):
            if d == b:
                continue
            theirs = g.get(d, "resources") or []
            shared, smaller = sum(r in ours for r in theirs), min(len(ours), len(theirs))
            value = rounded(1.0 - shared / smaller) if smaller else None
            adds = [r for r in theirs if r not in ours]
            rows.append(
                {"partner": d[1], "name": g.get(d, "name"), "adds": adds, "shared": shared, "complement": value}
            )
    return sorted(rows, key=lambda r: (1.0 if r["complement"] is None else -r["complement"], r["partner"]))


def _values(g: TwinGraph, brand: Node) -> dict[Node, float]:
    return {t: tie["w"] for t, tie in g.out(brand, "HAS_TAG") if g.get(t, "kind") == "value"}


def culture(g: TwinGraph, p: Params) -> list[Row]:
    """partners/culture."""
    rows = []
    for b in g.find("Brand", p["brand"]):
        ours = _values(g, b)
        for d in g.nodes("Brand"):
            theirs = _values(g, d)
            if d == b or not ours or not theirs:
                continue
            inner = math.fsum(w * ours.get(t, 0.0) for t, w in theirs.items())
            size = math.sqrt(math.fsum(w * w for w in ours.values()) * math.fsum(w * w for w in theirs.values()))
            rows.append(
                {
                    "partner": d[1],
                    "name": g.get(d, "name"),
                    "shared": len(ours.keys() & theirs.keys()),
                    "cosine": rounded(inner / size),
                }
            )
    return sorted(rows, key=lambda r: (-r["cosine"], r["partner"]))


def shared_audience(g: TwinGraph, p: Params) -> list[Row]:
    """partners/shared_audience."""
    total = sum(g.get(u, "consent") is True for u in g.nodes("User"))
    rows = []
    for b in g.find("Brand", p["brand"]):
        own = set(g.consenting(g.into(b, *_CUSTOMER)))
        for d in g.nodes("Brand"):
            other = set(g.consenting(g.into(d, *_CUSTOMER)))
            shared = len(own & other)
            if d != b and shared >= max(1, p["minCell"]):
                rows.append({
                    "partner": d[1], "name": g.get(d, "name"), "shared": shared, "audience": len(other),
                    "jaccard": rounded(shared / len(own | other)), "lift": rounded(shared * total / (len(own) * len(other))),
                })  # fmt: skip
    return sorted(rows, key=lambda r: (-r["shared"], r["partner"]))


PARTNERS: dict[str, Callable[[TwinGraph, Params], list[Row]]] = {
    "partners/incremental_reach": incremental_reach,
    "partners/history": history,
    "partners/will": will,
    "partners/complement": complement,
    "partners/culture": culture,
    "partners/shared_audience": shared_audience,
}
