"""Twins of cypher/partners."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any

from graphkit.store.twin_graph import Node, Row, TwinGraph, hidden, rounded

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PARTNERS"]

Params = dict[str, Any]
_TASTE = ("WATCHED", "WANTS", "LIKES")
_BOND = ("FOLLOWS", "ENROLLED", "SUBSCRIBES")
_AUDIENCE = (*_BOND, "BOUGHT")
_CUSTOMER = ("FOLLOWS", "SUBSCRIBES", "BOUGHT")
_ACCEPTED = ("accepted", "running", "ended")
_GOALS = ("awareness", "conversion", "loyalty", "revenue")
_OPTIONAL = ("name_en", "sector", "role", "region", *(f"goal_{kind}" for kind in _GOALS), "resources", "willingness", "ours")
_TAGGED = ("Film", "Course", "Brand", "Channel", "Material", "CoProduction")


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


def brand(g: TwinGraph, p: Params) -> list[Row]:
    """partners/brand."""
    rows = []
    for b, d in _other_brands(g, p["brand"]):
        ours, theirs = _values(g, b), _values(g, d)
        carried = [{i for _, i in g.ends(g.out(n, "HAS_TAG"), "Tag")} for n in (b, d)]
        conflict = [c for c in p["conflicts"] if c in carried[0] & carried[1]]
        if conflict or (ours and theirs):
            inner = math.fsum(w * ours.get(t, 0.0) for t, w in theirs.items())
            size = math.sqrt(math.fsum(w * w for w in ours.values()) * math.fsum(w * w for w in theirs.values()))
            score = 0.0 if conflict else rounded(inner / size)
            rows.append({"partner": d[1], "name": g.get(d, "name"), "conflict": conflict, "score": score})
    return sorted(rows, key=lambda r: (-r["score"], r["partner"]))


def audience(g: TwinGraph, p: Params) -> list[Row]:
    """partners/audience."""
    agreed = {u for u in g.nodes("User") if g.agreed(u)}
    rows = []
    for f in g.find(p["label"], p["id"]) if p["label"] in ("Film", "Course", "Brand") else []:
        own = set(g.ends(g.into(f, *_AUDIENCE, *_TASTE), "User"))
        found = {b: agreed & set(g.ends(g.into(b, *_AUDIENCE), "User")) for b in g.nodes("Brand", "Course")}
        shown = {b: us for b, us in found.items() if us and len(us) >= p["minCell"] and b != f and g.get(b, "ours") is not True}
        fresh = {b: len(users - own) for b, users in shown.items()}
        for b, n in fresh.items():
            whole, share = len(shown[b]), sum(x <= n for x in fresh.values()) / len(fresh)
            row = {"label": b[0], "partner": b[1], "name": g.get(b, "name"), "audience": whole}
            rows.append({**row, "incremental": None if hidden(n, whole, p["minCell"]) else n, "score": rounded(share)})
    return sorted(rows, key=lambda r: (-r["score"], r["label"], r["partner"]))


def shared_audience(g: TwinGraph, p: Params) -> list[Row]:
    """partners/shared_audience."""
    total = sum(g.agreed(u) for u in g.nodes("User"))
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


def _other_brands(g: TwinGraph, brand: str) -> list[tuple[Node, Node]]:
    """Pairs of this brand and each other one."""
    return [(b, d) for b in g.find("Brand", brand) for d in g.nodes("Brand") if d != b]


def goal(g: TwinGraph, p: Params) -> list[Row]:
    """partners/goal."""
    rows = []
    for b, d in _other_brands(g, p["brand"]):
        ours, theirs = ([g.get(n, f"goal_{kind}") or 0.0 for kind in _GOALS] for n in (b, d))
        size = math.hypot(*ours) * math.hypot(*theirs)
        value = rounded(math.fsum(x * y for x, y in zip(ours, theirs, strict=True)) / size) if size else None
        rows.append({"partner": d[1], "name": g.get(d, "name"), "goal": value})
    return sorted(rows, key=lambda r: (1.0 if r["goal"] is None else -r["goal"], r["partner"]))


def novelty(g: TwinGraph, p: Params) -> list[Row]:
    """partners/novelty."""
    pairs: Counter[tuple[str, ...]] = Counter()
    for deal in g.nodes("Partnership"):
        if g.get(deal, "status") in _ACCEPTED:
            sectors = [s for x in g.ends(g.out(deal, "JOINS"), "Brand") if (s := g.get(x, "sector")) is not None]
            pairs.update(tuple(sorted(pair)) for pair in combinations(sectors, 2))
    rows = []
    for b, d in _other_brands(g, p["brand"]):
        both = [g.get(n, "sector") for n in (b, d)]
        known = None not in both
        times = pairs[tuple(sorted(both))] if known else 0
        value = rounded(1.0 - (times + 1) / (max(pairs.values()) + 1)) if known and pairs else None
        rows.append({"partner": d[1], "name": g.get(d, "name"), "sector": both[1], "times": times, "novelty": value})
    return sorted(rows, key=lambda r: (1.0 if r["novelty"] is None else -r["novelty"], r["partner"]))


def data(g: TwinGraph, _: Params) -> list[Row]:
    """partners/data."""
    rows = []
    for b in g.nodes("Brand"):
        filled = sum(g.get(b, name) is not None for name in _OPTIONAL)
        tags = len(g.ends(g.out(b, "HAS_TAG"), "Tag"))
        real = 1.0 if (g.get(b, "evidence") or "real") == "real" else 0.0
        value = rounded((filled / len(_OPTIONAL) + min(1.0, tags / 5) + real) / 3)
        rows.append({"brand": b[1], "name": g.get(b, "name"), "filled": filled, "tags": tags, "data": value})
    return rows


def theme(g: TwinGraph, p: Params) -> list[Row]:
    """partners/theme."""
    every = [n for n in g.nodes(*_TAGGED) if g.ends(g.out(n, "HAS_TAG"), "Tag")]
    df = Counter(t for n in every for t in g.ends(g.out(n, "HAS_TAG"), "Tag"))
    idf = {t: math.log((1 + len(every)) / (1 + n)) + 1.0 for t, n in df.items()}
    value = {n: {t: tie["w"] * idf[t] for t, tie in g.out(n, "HAS_TAG")} for n in every}
    length = {n: math.sqrt(math.fsum(w * w for w in tags.values())) for n, tags in value.items()}
    rows = []
    for f in g.find(p["label"], p["id"]) if p["label"] in ("Film", "Course", "Brand") else []:
        for d in every if f in value else []:
            if d != f and d[0] in ("Brand", "Course"):
                inner = math.fsum(w * value[f].get(t, 0.0) for t, w in value[d].items())
                score = rounded(inner / (length[f] * length[d]))
                rows.append({"label": d[0], "partner": d[1], "name": g.get(d, "name"), "theme": score})
    return sorted(rows, key=lambda r: (-r["theme"], r["label"], r["partner"]))


PARTNERS: dict[str, Callable[[TwinGraph, Params], list[Row]]] = {
    "partners/incremental_reach": incremental_reach,
    "partners/history": history,
    "partners/will": will,
    "partners/complement": complement,
    "partners/culture": culture,
    "partners/theme": theme,
    "partners/brand": brand,
    "partners/audience": audience,
    "partners/data": data,
    "partners/goal": goal,
    "partners/novelty": novelty,
    "partners/shared_audience": shared_audience,
}
