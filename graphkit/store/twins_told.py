"""Twins of the files that follow word of mouth for a step or two: cypher/simulate and what friends took."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from graphkit.store.twin_graph import Node, Row, TwinGraph, hidden
from graphkit.store.twins_match import TOOK, profiled, taken

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TOLD"]

Params = dict[str, Any]


def friends_took(g: TwinGraph, p: Params) -> list[Row]:
    """recommend/friends_took."""
    rows = []
    for user in profiled(g, g.find("User", p["user"])):
        near = set(profiled(g, _heard(g, user))) - {user}
        all_ = near.union(*(profiled(g, _heard(g, v)) for v in near)) - {user}
        own = set(taken(g, user))
        for k in g.nodes("Course"):
            takers = set(g.ends(g.into(k, *TOOK), "User"))
            people, friends = len(all_ & takers), len(near & takers)
            if people >= max(1, p["minCell"]) and k not in own:
                shown = None if hidden(friends, people, p["minCell"]) else friends
                rows.append({"course": k[1], "name": g.get(k, "name"), "friends": shown, "within_two": people})
    return sorted(rows, key=lambda r: (-(r["friends"] or 0), -r["within_two"], r["course"]))[: p["top"]]


def first_step(g: TwinGraph, p: Params) -> list[Row]:
    """simulate/first_step."""
    starters = {s for i in set(p["seeds"]) for s in g.find("User", i) if g.agreed(s)}
    named = {("User", i) for i in p["seeds"]}
    ties: dict[Node, Counter[Node]] = {}  # of each who hears, by who tells
    for s in starters:
        for u in _told(g, s):
            if g.agreed(u) and u not in named:
                ties.setdefault(u, Counter())[s] += 1
    chances = list[float]()
    for u, own in ties.items():
        heard = len({v for v in _heard(g, u) if g.agreed(v)})
        chance = 1.0 / heard if p["probability"] is None else p["probability"]
        chances.append(1.0 - (1.0 - chance) ** (len(own) if p["probability"] is None else own.total()))
    few = len(ties) < p["minCell"]
    return [
        {
            "seeds": len(starters),
            "people": None if few else len(ties),
            "expected": None if few else round(math.fsum(chances), 9),
        }
    ]


def _heard(g: TwinGraph, user: Node) -> list[Node]:
    """Return whom a user hears from, one entry a tie."""
    known = [*g.out(user, "FOLLOWS", "KNOWS"), *g.into(user, "KNOWS", "SHARED_WITH")]
    return [v for v, _ in known if v[0] == "User"]


def _told(g: TwinGraph, user: Node) -> list[Node]:
    """Return who hears from a user, one entry a tie."""
    known = [*g.into(user, "FOLLOWS", "KNOWS"), *g.out(user, "KNOWS", "SHARED_WITH")]
    return [v for v, _ in known if v[0] == "User"]


TOLD: dict[str, Callable[[TwinGraph, Params], list[Row]]] = {
    "recommend/friends_took": friends_took,
    "simulate/first_step": first_step,
}
