"""Twins of cypher/communities."""

from __future__ import annotations

from collections import Counter
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
    for run in sorted({g.get(c, "run") for c in g.nodes("Community")}):
        here = _of_run(g, run)
        users = sum(g.get(c, "size") or 0 for c in here)
        known = [q for q in (g.get(c, "modularity") for c in here) if q is not None]
        rows.append({
            "run": run, "communities": len(here), "users": users if users >= p["minCell"] else None, "modularity": max(known, default=None),
        })  # fmt: skip
    return rows


def sizes(g: TwinGraph, p: Params) -> list[Row]:
    """communities/sizes."""
    rows, least = [], p["minCell"]
    for c in _of_run(g, p["run"]):
        size, now = g.get(c, "size"), len(g.consenting(g.into(c, "MEMBER_OF")))
        rows.append({"community": c[1], "size": size if size >= least else None, "users": now if now >= least else None})
    return sorted(rows, key=lambda row: (-(row["size"] or 0), row["community"]))


def modularity(g: TwinGraph, p: Params) -> list[Row]:
    """communities/modularity."""
    home = {u: c for c in _of_run(g, p["run"]) for u in g.consenting(g.into(c, "MEMBER_OF"))}
    arcs = {(u, v) for u in home for v in _followed_up(g, u) if v in home and v != u}
    ends: Counter[Node] = Counter()
    twice: Counter[Node] = Counter()
    for pair in arcs:
        own, other = home[pair[0]], home[pair[1]]
        ends.update((own, other))
        twice[own] += 2 * (own == other)
    adds = {c: twice[c] / (2 * len(arcs)) - p["resolution"] * (n / (2 * len(arcs))) ** 2 for c, n in ends.items()}
    total, least = rounded(sum(adds[c] for c in sorted(adds))), p["minCell"]
    return [
        {
            "community": c[1], "inside": rounded(twice[c] / ends[c]) if g.get(c, "size") >= least else None,
            "adds": rounded(adds[c]) if g.get(c, "size") >= least else None, "modularity": total,
        }
        for c in sorted(adds)
    ]  # fmt: skip


def _of_run(g: TwinGraph, run: str) -> list[Node]:
    """Communities of a run, by id."""
    return [c for c in g.nodes("Community") if g.get(c, "run") == run]


def _followed_up(g: TwinGraph, u: Node) -> list[Node]:
    """Users whom a user can influence: friends, followers, those he shares with."""
    return g.ends([*g.out(u, "KNOWS", "SHARED_WITH"), *g.into(u, "KNOWS", "FOLLOWS")], "User")


COMMUNITIES: dict[str, Callable[[TwinGraph, Params], list[Row]]] = {
    "communities/list": runs, "communities/sizes": sizes, "communities/modularity": modularity,
}  # fmt: skip
