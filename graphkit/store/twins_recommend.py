"""Twins of cypher/recommend and of the files of match and profiles that follow single people or paths."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from graphkit.store.twin_graph import Node, Row, TwinGraph, hidden, rounded, tells_few
from graphkit.store.twins_match import TOOK, length, profile_of, profiled, tags_of, taken, themes

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RECOMMEND"]

Params = dict[str, Any]
_BOUND = 2.0  # of rate x v.v: at it a step overshoots by as much as it was off


def also_took(g: TwinGraph, p: Params) -> list[Row]:
    """recommend/also_took."""
    people = {i: set(profiled(g, g.ends(g.into(i, *TOOK), "User"))) for i in g.nodes("Course", "Film")}
    rows = []
    for user in profiled(g, g.find("User", p["user"])):
        own = taken(g, user)
        for k in g.nodes("Course"):
            both = {i: len(people[i] & people[k]) for i in own if i != k}
            parts = [
                n / math.sqrt(len(people[i]) * len(people[k])) for i, n in both.items() if n >= max(1, p["minCell"])
            ]
            if k not in own and parts:
                rows.append(
                    {"course": k[1], "name": g.get(k, "name"), "items": len(parts), "score": rounded(math.fsum(parts))}
                )
    return sorted(rows, key=lambda r: (-r["score"], r["course"]))[: p["top"]]


def by_tags(g: TwinGraph, p: Params) -> list[Row]:
    """recommend/by_tags."""
    rows = []
    for user in profiled(g, g.find("User", p["user"])):
        mine, own = profile_of(g, user)[0], set(taken(g, user))
        rows += [row for row in _cosines(g, mine) if ("Course", row["course"]) not in own]
    return sorted(rows, key=lambda r: (-r["score"], r["course"]))[: p["top"]]


def popular(g: TwinGraph, p: Params) -> list[Row]:
    """recommend/popular."""
    everyone, rows = len(profiled(g, g.nodes("User"))), []
    for k in g.nodes(p["to"]) if p["to"] in ("Film", "Course") else ():
        people = len(profiled(g, g.ends(g.into(k, *TOOK), "User")))
        if people and not hidden(people, everyone, p["minCell"]):
            rows.append({"item": k[1], "name": g.get(k, "name"), "people": people, "share": rounded(people / everyone)})
    return sorted(rows, key=lambda r: (-r["people"], r["item"]))[: p["top"]]


def context(g: TwinGraph, p: Params) -> list[Row]:
    """recommend/context."""
    if p["context"] not in ("region", "device") or p["shrink"] <= 0:
        return []
    users, rows = profiled(g, g.nodes("User")), []
    there = {u for u in users if g.get(u, p["context"]) == p["value"]}
    for k in g.nodes(p["to"]) if there and p["to"] in ("Film", "Course") else ():
        took = set(profiled(g, g.ends(g.into(k, *TOOK), "User")))
        both, usual = len(took & there), len(took) / len(users)
        if took and not tells_few(both, len(there), len(took), len(users), p["minCell"]):
            factor = (both + p["shrink"] * usual) / (len(there) + p["shrink"]) / usual
            counts = {"took_there": both, "there": len(there), "took": len(took), "people": len(users)}
            rows.append({"item": k[1], "name": g.get(k, "name"), **counts, "factor": rounded(factor)})
    return sorted(rows, key=lambda r: (-r["factor"], r["item"]))[: p["top"]]


def together(g: TwinGraph, p: Params) -> list[Row]:
    """recommend/together."""
    everyone, rows = len(profiled(g, g.nodes("User"))), []
    for i in g.find(p["label"], p["id"]) if p["label"] in ("Film", "Course") else ():
        own = set(profiled(g, g.ends(g.into(i, *TOOK), "User")))
        for k in g.nodes("Course", "Film"):
            other = set(profiled(g, g.ends(g.into(k, *TOOK), "User")))
            both = len(own & other)
            if both >= max(1, p["minCell"]) and not tells_few(both, len(own), len(other), everyone, p["minCell"]):
                score = rounded(both / math.sqrt(len(own) * len(other)))
                row = {"label": k[0], "item": k[1], "name": g.get(k, "name"), "both": both, "people": len(other)}
                rows.append({**row, "cosine": score})
    return sorted(rows, key=lambda r: (-r["both"], r["label"], r["item"]))[: p["top"]]


def cosine(g: TwinGraph, p: Params) -> list[Row]:
    """match/cosine."""
    rows = [row for f in g.find("Film", p["film"]) for row in _cosines(g, tags_of(g, f))]
    return sorted(rows, key=lambda r: (-r["score"], r["course"]))[: p["top"]]


def _cosines(g: TwinGraph, ours: dict[Node, float]) -> list[Row]:
    rows = []
    for k in g.nodes("Course"):
        theirs = tags_of(g, k)
        shared = ours.keys() & theirs.keys()
        if shared:
            score = math.fsum(ours[t] * theirs[t] for t in shared) / (length(ours) * length(theirs))
            rows.append({"course": k[1], "name": g.get(k, "name"), "shared": len(shared), "score": rounded(score)})
    return rows


def user(g: TwinGraph, p: Params) -> list[Row]:
    """profiles/user."""
    rows = []
    for u in profiled(g, g.find("User", p["user"])):
        sums, items = profile_of(g, u)
        size = length(sums)
        rows += [
            {
                "tag": t[1],
                "name": g.get(t, "name"),
                "kind": g.get(t, "kind"),
                "items": items[t],
                "weight": rounded(w / size),
            }
            for t, w in sums.items()
        ]
    return sorted(rows, key=lambda r: (-r["weight"], r["tag"]))[: p["top"]]


def update(g: TwinGraph, p: Params) -> list[Row]:
    """profiles/update."""
    rows = []
    for u in profiled(g, g.find("User", p["user"])):
        for f in g.find(p["label"], p["id"]) if p["label"] in ("Film", "Course") else ():
            sums, v = profile_of(g, u)[0], tags_of(g, f)
            own = {t: w / length(sums) for t, w in sums.items()}
            inner, square = math.fsum(own.get(t, 0.0) * w for t, w in v.items()), math.fsum(w * w for w in v.values())
            for t in own.keys() | v.keys():
                before, item = own.get(t, 0.0), v.get(t, 0.0)
                after = before + p["rate"] * (p["response"] - inner) * item
                rows.append(
                    {
                        "tag": t[1],
                        "name": g.get(t, "name"),
                        "before": rounded(before),
                        "item": item,
                        "after": rounded(after) if p["rate"] > 0 and p["rate"] * square < _BOUND else None,
                        "limit": rounded(_BOUND / square) if square else None,
                    }
                )
    return sorted(rows, key=lambda r: (-r["before"], r["tag"]))


def theme_paths(g: TwinGraph, p: Params) -> list[Row]:
    """match/theme_paths."""
    rows = []
    for f, ours, k, theirs in themes(g, p["film"]):
        for t in ours.keys() & theirs.keys():
            part = rounded(ours[t] * theirs[t] / (length(ours) * length(theirs)))
            rows.append(
                {
                    "film": f[1],
                    "tag": t[1],
                    "tag_name": g.get(t, "name"),
                    "course": k[1],
                    "name": g.get(k, "name"),
                    "field": g.get(k, "field"),
                    "part": part,
                }
            )
    return sorted(rows, key=lambda r: (-r["part"], r["course"], r["tag"]))[: p["top"]]


RECOMMEND: dict[str, Callable[[TwinGraph, Params], list[Row]]] = {
    "recommend/also_took": also_took,
    "recommend/by_tags": by_tags,
    "recommend/context": context,
    "recommend/popular": popular,
    "recommend/together": together,
    "profiles/user": user,
    "profiles/update": update,
    "match/cosine": cosine,
    "match/theme_paths": theme_paths,
}
