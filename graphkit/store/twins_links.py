"""Twins of cypher/links."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from graphkit.model.schema import TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphkit.store.twin_graph import Node, Row, TwinGraph

__all__ = ["LINKS"]

_TIES = tuple(name for name, kind in TYPES.items() if not kind.written)


def _near(g: TwinGraph, node: Node) -> set[Node]:
    """Return the nodes tied with a node, users with consent only."""
    found = {*g.ends(g.out(node, *_TIES)), *g.ends(g.into(node, *_TIES))} - {node}
    return {other for other in found if _open(g, other)}


def _open(g: TwinGraph, node: Node) -> bool:
    return node[0] != "User" or g.agreed(node)


def ways(g: TwinGraph, p: dict[str, Any]) -> list[Row]:
    """links/ways."""
    ends = [g.find(p["label"], p["id"]), g.find(p["toLabel"], p["to"])]
    if not all(ends) or not all(_open(g, end[0]) for end in ends):
        return []
    source, target = ends[0][0], ends[1][0]
    near, own = _near(g, target), _near(g, source)
    labels = Counter(label for label, _ in near)
    secret = 0 < labels["User"] < p["minCell"]
    counts = {
        "sources": None if secret and p["label"] == "User" else labels[p["label"]],
        "outside": None if secret and p["toLabel"] != "User" else len(near) - labels[p["toLabel"]],
        "degree": None if secret else len(near),
    }
    rows: list[Row] = [
        {
            "via_label": v[0],
            "via": v[1],
            "name": g.get(v, "name") or g.get(v, "title"),
            "nodes": 1,
            "tied": int(v in own),
            **counts,
        }
        for v in near
        if v[0] != "User"
    ]
    if labels["User"]:
        tied = sum(v[0] == "User" for v in near & own)
        few = secret or 0 < tied < p["minCell"]
        rows.append(
            {
                "via_label": "User",
                "via": None,
                "name": None,
                "nodes": None if secret else labels["User"],
                "tied": None if few else tied,
                **counts,
            }
        )
    return sorted(rows, key=lambda row: (row["via_label"], row["via"] or ""))


LINKS: dict[str, Callable[[TwinGraph, dict[str, Any]], list[Row]]] = {"links/ways": ways}
