"""Twins of cypher/partners."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any

from graphkit.store.twin_graph import Node, Row, TwinGraph, hidden, rounded, shown_pair

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
_WORK = ("seconds", "summary", "quality", "status")
_OPTIONAL = {
    "Brand": (
        "name_en",
        "sector",
        "role",
        "region",
        *(f"goal_{kind}" for kind in _GOALS),
        "resources",
        "willingness",
        "ours",
    ),
    "Course": ("name_en", "kind", "field", "level", "price", *_WORK),
    "Film": ("name_en", "kind", "release_ts", "region", "language", *_WORK),
}
_PARTIES = tuple(_OPTIONAL)
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


def _subject(g: TwinGraph, p: Params) -> list[Node]:
    """The node of ``label`` and ``id``, where it can have partners."""
    return g.find(p["label"], p["id"]) if p["label"] in _PARTIES else []


def _others(g: TwinGraph, p: Params) -> list[tuple[Node, Node]]:
    """The subject with each other party."""
    return [(b, d) for b in _subject(g, p) for d in g.nodes(*_PARTIES) if d != b]


def _named(g: TwinGraph, n: Node) -> Row:
    return {"label": n[0], "partner": n[1], "name": g.get(n, "name")}


def history(g: TwinGraph, p: Params) -> list[Row]:
    """partners/history."""
    together: dict[Node, list[Node]] = {}
    for b in _subject(g, p):
        for deal in g.ends(g.into(b, "JOINS"), "Partnership"):
            for x in g.ends(g.out(deal, "JOINS"), *_PARTIES):
                if x != b:
                    together.setdefault(x, []).append(deal)
    rows = []
    for x, deals in together.items():
        accepted = sum(g.get(d, "status") in _ACCEPTED for d in deals)
        times = [t for d in deals if (t := g.get(d, "starts_ts")) is not None]
        rows.append({**_named(g, x), "times": len(deals), "accepted": accepted, "last_ts": max(times, default=None)})
    return sorted(rows, key=lambda r: (-r["times"], r["label"], r["partner"]))


def will(g: TwinGraph, _: Params) -> list[Row]:
    """partners/will."""
    rows = []
    for b in g.nodes(*_PARTIES):
        states = [g.get(d, "status") for d in g.ends(g.into(b, "JOINS"), "Partnership")]
        asked = sum(s is not None and s != "proposed" for s in states)
        accepted = sum(s in _ACCEPTED for s in states)
        willing = rounded((accepted + 1) / (asked + 2)) if asked else g.get(b, "willingness")
        rows.append({**_named(g, b), "asked": asked, "accepted": accepted, "will": willing})
    return rows


def _values(g: TwinGraph, n: Node) -> dict[Node, float]:
    return {t: tie["w"] for t, tie in g.out(n, "HAS_TAG") if g.get(t, "kind") == "value"}


def _cosine(a: dict[Any, float], b: dict[Any, float]) -> float | None:
    """Cosine of two sparse vectors; null when one is empty or zero."""
    size = math.hypot(*a.values()) * math.hypot(*b.values())
    return rounded(math.fsum(w * a.get(k, 0.0) for k, w in b.items()) / size) if size else None


def brand(g: TwinGraph, p: Params) -> list[Row]:
    """partners/brand."""
    rows = []
    for b, d in _others(g, p):
        carried = [{i for _, i in g.ends(g.out(n, "HAS_TAG"), "Tag")} for n in (b, d)]
        conflict = [c for c in p["conflicts"] if c in carried[0] & carried[1]]
        score = 0.0 if conflict else _cosine(_values(g, b), _values(g, d))
        if score is not None:
            rows.append({**_named(g, d), "conflict": conflict, "score": score})
    return sorted(rows, key=lambda r: (-r["score"], r["label"], r["partner"]))


def fit(g: TwinGraph, p: Params) -> list[Row]:
    """partners/fit."""
    pairs: Counter[tuple[str, ...]] = Counter()
    for deal in g.nodes("Partnership"):
        if g.get(deal, "status") in _ACCEPTED:
            sectors = [s for x in g.ends(g.out(deal, "JOINS"), "Brand") if (s := g.get(x, "sector")) is not None]
            pairs.update(tuple(sorted(pair)) for pair in combinations(sectors, 2))
    rows = []
    for b, d in _others(g, p):
        goals = [{kind: g.get(n, f"goal_{kind}") or 0.0 for kind in _GOALS} for n in (b, d)]
        have, bring = (dict.fromkeys(g.get(n, "resources") or []) for n in (b, d))
        adds, smaller = [r for r in bring if r not in have], min(len(have), len(bring))
        sectors = [g.get(n, "sector") for n in (b, d)]
        met = bool(pairs) and None not in sectors
        rows.append({
            **_named(g, d), "adds": adds, "goal": _cosine(*goals),
            "complement": rounded(1.0 - (len(bring) - len(adds)) / smaller) if smaller else None,
            "culture": _cosine(_values(g, b), _values(g, d)),
            "novelty": rounded(1.0 - (pairs[tuple(sorted(sectors))] + 1) / (max(pairs.values()) + 1)) if met else None,
        })  # fmt: skip
    return rows


def audience(g: TwinGraph, p: Params) -> list[Row]:
    """partners/audience."""
    agreed = {u for u in g.nodes("User") if g.agreed(u)}
    rows = []
    for f in _subject(g, p):
        own = set(g.ends(g.into(f, *_AUDIENCE, *_TASTE), "User"))
        found = {b: agreed & set(g.ends(g.into(b, *_AUDIENCE), "User")) for b in g.nodes("Brand", "Course")}
        left_out = {f, *(b for b in found if g.get(b, "ours") is True or ":".join(b) in p["without"])}
        shown = {b: us for b, us in found.items() if us and len(us) >= p["minCell"] and b not in left_out}
        fresh = {b: len(users - own) for b, users in shown.items()}
        for b, n in fresh.items():
            whole, share = len(shown[b]), sum(x <= n for x in fresh.values()) / len(fresh)
            row = {**_named(g, b), "audience": whole}
            rows.append({**row, "incremental": None if hidden(n, whole, p["minCell"]) else n, "score": rounded(share)})
    return sorted(rows, key=lambda r: (-r["score"], r["label"], r["partner"]))


def portfolio(g: TwinGraph, p: Params) -> list[Row]:
    """partners/portfolio."""
    agreed = {u for u in g.nodes("User") if g.agreed(u)}
    found = {":".join(b): agreed & set(g.ends(g.into(b, *_AUDIENCE), "User")) for b in g.nodes("Brand", "Course")}
    listed = [name for name in dict.fromkeys(p["partners"]) if len(found.get(name, ())) >= max(1, p["minCell"])]
    rows = []
    for f in _subject(g, p):
        own = agreed & set(g.ends(g.into(f, *_AUDIENCE, *_TASTE), "User"))
        times = Counter(u for name in listed for u in found[name])
        worth = {u: 1 / (k * (k + 1)) if p["led"] else 1 / k for u, k in times.items()}
        before = set(own)
        for place, name in enumerate(listed):
            users, label = found[name], name.partition(":")[0]
            adds, exclusive = len(users - before), sum(times[u] == 1 for u in users - own)
            before |= users
            told = {
                k: None if hidden(n, len(users), p["minCell"]) else n
                for k, n in (("adds", adds), ("exclusive", exclusive))
            }
            share = rounded(math.fsum(worth[u] for u in users))
            row = {"place": place + 1, **_named(g, (label, name.partition(":")[2])), "audience": len(users)}
            rows.append({**row, **told, "share": share, "reached": len(times), "joint": len(own | times.keys())})
    return rows


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
                told = {
                    "shared": shared,
                    "jaccard": rounded(shared / len(own | other)),
                    "lift": rounded(shared * total / (len(own) * len(other))),
                }
                told = shown_pair(told, len(own), len(other), total, p["minCell"])
                rows.append({"partner": d[1], "name": g.get(d, "name"), **told})
    return sorted(rows, key=lambda r: (-(r["shared"] or 0), r["partner"]))


def data(g: TwinGraph, _: Params) -> list[Row]:
    """partners/data."""
    rows = []
    for b in g.nodes(*_PARTIES):
        fields = _OPTIONAL[b[0]]
        filled = sum(g.get(b, name) is not None for name in fields)
        tags = len(g.ends(g.out(b, "HAS_TAG"), "Tag"))
        real = 1.0 if (g.get(b, "evidence") or "real") == "real" else 0.0
        value = rounded((filled / len(fields) + min(1.0, tags / 5) + real) / 3)
        rows.append({**_named(g, b), "filled": filled, "tags": tags, "data": value})
    return rows


def theme(g: TwinGraph, p: Params) -> list[Row]:
    """partners/theme."""
    every = [n for n in g.nodes(*_TAGGED) if g.ends(g.out(n, "HAS_TAG"), "Tag")]
    df = Counter(t for n in every for t in g.ends(g.out(n, "HAS_TAG"), "Tag"))
    idf = {t: math.log((1 + len(every)) / (1 + n)) + 1.0 for t, n in df.items()}
    value = {n: {t: tie["w"] * idf[t] for t, tie in g.out(n, "HAS_TAG")} for n in every}
    rows = [
        {**_named(g, d), "theme": score}
        for f, d in _others(g, p)
        if (score := _cosine(value.get(f, {}), value.get(d, {}))) is not None
    ]
    return sorted(rows, key=lambda r: (-r["theme"], r["label"], r["partner"]))


PARTNERS: dict[str, Callable[[TwinGraph, Params], list[Row]]] = {
    "partners/incremental_reach": incremental_reach,
    "partners/history": history,
    "partners/will": will,
    "partners/theme": theme,
    "partners/brand": brand,
    "partners/audience": audience,
    "partners/data": data,
    "partners/portfolio": portfolio,
    "partners/fit": fit,
    "partners/shared_audience": shared_audience,
}
