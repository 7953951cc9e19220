"""Twins of cypher/communities."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from graphkit.store.twin_graph import rounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphkit.store.twin_graph import Node, Row, TwinGraph

__all__ = ["COMMUNITIES"]

Params = dict[str, Any]


def runs(g: TwinGraph, p: Params) -> list[Row]:
    """communities/list."""
    rows = []
    for run in sorted({g.get(c, "run") for c in g.nodes("Community")} - {None}):
        here = _of_run(g, run)
        users = sum(g.get(c, "size") or 0 for c in here)
        known = [q for q in (g.get(c, "modularity") for c in here) if q is not None]
        rows.append({
            "run": run, "communities": len(here), "users": users if users >= p["minCell"] else None, "modularity": max(known, default=None),
            "ties": max((t for t in (g.get(c, "ties") for c in here) if t is not None), default=None),
        })  # fmt: skip
    return rows


def sizes(g: TwinGraph, p: Params) -> list[Row]:
    """communities/sizes."""
    rows, least = [], p["minCell"]
    for c in _of_run(g, p["run"]):
        size, now = g.get(c, "size"), len(g.consenting(g.into(c, "MEMBER_OF")))
        rows.append(
            {"community": c[1], "size": size if size >= least else None, "users": now if now >= least else None}
        )
    return sorted(rows, key=lambda row: (-(row["size"] or 0), row["community"]))


def modularity(g: TwinGraph, p: Params) -> list[Row]:
    """communities/modularity."""
    kept = [c for c in _of_run(g, p["run"]) if g.get(c, "resolution") is not None]
    home = {u: c for c in kept for u in g.consenting(g.into(c, "MEMBER_OF"))}
    arcs = {(u, v): weight for u in home for v, weight in _passed_on(g, u, kept[0]).items() if v in home and v != u}
    ends: defaultdict[Node, float] = defaultdict(float)
    twice: defaultdict[Node, float] = defaultdict(float)
    for pair, weight in arcs.items():
        own, other = home[pair[0]], home[pair[1]]
        for end in (own, other):
            ends[end] += weight
        twice[own] += 2 * weight * (own == other)
    total, least = 2 * sum(arcs.values()), p["minCell"]
    adds = {c: twice[c] / total - g.get(c, "resolution") * (n / total) ** 2 for c, n in ends.items()}
    whole = rounded(sum(adds[c] for c in sorted(adds)))
    return [
        {
            "community": c[1], "inside": rounded(twice[c] / ends[c]) if g.get(c, "size") >= least else None,
            "adds": rounded(adds[c]) if g.get(c, "size") >= least else None, "modularity": whole,
        }
        for c in sorted(adds)
    ]  # fmt: skip


def _of_run(g: TwinGraph, run: str) -> list[Node]:
    """Communities of a run, by id."""
    return [c for c in g.nodes("Community") if g.get(c, "run") == run]


def _passed_on(g: TwinGraph, u: Node, record: Node) -> dict[Node, float]:
    """Users whom a user can influence (friends, followers, those he shares with), and the weight the run gave to those ties."""
    found: dict[Node, list[float]] = {}
    for type_, ties in (
        ("KNOWS", [*g.out(u, "KNOWS"), *g.into(u, "KNOWS")]),
        ("FOLLOWS", g.into(u, "FOLLOWS")),
        ("SHARED_WITH", g.out(u, "SHARED_WITH")),
    ):
        if weight := g.get(record, type_.lower()):
            for v in g.ends(ties, "User"):
                found.setdefault(v, []).append(weight)
    join = sum if g.get(record, "parallel_add") else max
    return {v: join(weights) for v, weights in found.items()}


COMMUNITIES: dict[str, Callable[[TwinGraph, Params], list[Row]]] = {
    "communities/list": runs, "communities/sizes": sizes, "communities/modularity": modularity,
}  # fmt: skip
