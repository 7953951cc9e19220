"""Twins of cypher/experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphkit.store.twin_graph import Node, Row, TwinGraph

__all__ = ["EXPERIMENTS"]

Params = dict[str, Any]


def experiments(g: TwinGraph, _: Params) -> list[Row]:
    """experiments/list."""
    rows = []
    for e in g.nodes("Experiment"):
        plans: list[Node | None] = [*sorted(g.ends(g.out(e, "TESTS"), "Plan"))] or [None]
        rows += [
            {"experiment": e[1], **{k: g.get(e, k) for k in ("design", "theta", "power", "mde")}, "plan": p and p[1]}
            for p in plans
        ]
    return rows


def arms(g: TwinGraph, p: Params) -> list[Row]:
    """experiments/arms."""
    rows = []
    for e in g.find("Experiment", p["experiment"]):
        for a in sorted(g.ends(g.out(e, "HAS_ARM"))):
            here = g.ends(g.into(a, "ASSIGNED_TO"))
            users = sum(g.get(c, "size") or 0 for c in here)
            rows.append(
                {
                    "arm": a[1],
                    "name": g.get(a, "name"),
                    "share": g.get(a, "share"),
                    "communities": len(here),
                    "users": users if users >= p["minCell"] else None,
                }
            )
    return rows


EXPERIMENTS: dict[str, Callable[[TwinGraph, Params], list[Row]]] = {
    "experiments/list": experiments,
    "experiments/arms": arms,
}
