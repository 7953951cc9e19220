"""Twins of cypher/match and cypher/profiles."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any

from graphkit.store.twin_graph import Node, Row, TwinGraph, hidden, rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["MATCH"]

Params = dict[str, Any]
_TASTE = ("WATCHED", "WANTS", "LIKES")
TOOK = ("WATCHED", "WANTS", "LIKES", "RATED", "ENROLLED", "BOUGHT")


def profiled(g: TwinGraph, users: Iterable[Node]) -> list[Node]:
    """Return the users who agreed to a profile."""
    return [u for u in users if g.agreed(u, "profile")]


def taken(g: TwinGraph, user: Node) -> list[Node]:
    """Return what a user took, each once."""
    return g.ends(g.out(user, *TOOK), "Film", "Course")


def profile_of(g: TwinGraph, user: Node) -> tuple[dict[Node, float], Counter[Node]]:
    """Return the summed tag weights of what a user took, and from how many items."""
    found, items = dict[Node, list[float]](), Counter[Node]()
    for item in taken(g, user):
        for t, w in tags_of(g, item).items():
            found.setdefault(t, []).append(w)
            items[t] += 1
    return {t: math.fsum(ws) for t, ws in found.items()}, items


def length(values: dict[Node, float]) -> float:
    """Return the length of a vector."""
    return math.sqrt(math.fsum(v * v for v in values.values()))


def tags_of(g: TwinGraph, item: Node) -> dict[Node, float]:
    """Return the tags of an item with their weights."""
    return {t: tie["w"] for t, tie in g.out(item, "HAS_TAG")}


def rarity(g: TwinGraph) -> dict[Node, float]:
    """Return the smoothed inverse document frequency of each tag among courses and films."""
    items = g.nodes("Course", "Film")
    df = Counter(t for i in items for t in tags_of(g, i))
    return {t: math.log((1 + len(items)) / (1 + n)) + 1.0 for t, n in df.items()}


def themes(g: TwinGraph, film: str) -> Iterator[tuple[Node, dict[Node, float], Node, dict[Node, float]]]:
    """Yield the film and every course, each with its tags weighted by their rarity."""
    idf = rarity(g)
    for f in g.find("Film", film):
        ours = {t: w * idf[t] for t, w in tags_of(g, f).items()}
        for k in g.nodes("Course"):
            yield f, ours, k, {t: w * idf[t] for t, w in tags_of(g, k).items()}


def film_courses(g: TwinGraph, p: Params) -> list[Row]:
    """match/film_courses."""
    rows = []
    for _, ours, k, theirs in themes(g, p["film"]):
        shared = ours.keys() & theirs.keys()
        if shared:
            inner = math.fsum(ours[t] * theirs[t] for t in shared)
            size = math.sqrt(math.fsum(v * v for v in ours.values()) * math.fsum(v * v for v in theirs.values()))
            rows.append(
                {"course": k[1], "name": g.get(k, "name"), "shared": len(shared), "score": rounded(inner / size)}
            )
    return sorted(rows, key=lambda r: (-r["score"], r["course"]))[: p["top"]]


def shared_tags(g: TwinGraph, p: Params) -> list[Row]:
    """match/shared_tags."""
    rows = []
    for f in g.find("Film", p["film"]):
        for k in g.find("Course", p["course"]):
            theirs = tags_of(g, k)
            for t, w in tags_of(g, f).items():
                if t in theirs:
                    rows.append({
                        "tag": t[1], "name": g.get(t, "name"), "kind": g.get(t, "kind"), "film_weight": w, "course_weight": theirs[t],
                        "product": rounded(w * theirs[t]),
                    })  # fmt: skip
    return sorted(rows, key=lambda r: (-r["product"], r["tag"]))


def jaccard(g: TwinGraph, p: Params) -> list[Row]:
    """match/jaccard."""
    rows = []
    for f in g.find("Film", p["film"]):
        ours = set(tags_of(g, f))
        for k in g.nodes("Course"):
            theirs = set(tags_of(g, k))
            shared = len(ours & theirs)
            if shared:
                rows.append(
                    {
                        "course": k[1],
                        "name": g.get(k, "name"),
                        "shared": shared,
                        "jaccard": rounded(shared / len(ours | theirs)),
                    }
                )
    return sorted(rows, key=lambda r: (-r["jaccard"], r["course"]))[: p["top"]]


def learning_path(g: TwinGraph, p: Params) -> list[Row]:
    """match/learning_path."""
    agreed = profiled(g, g.find("User", p["user"]))
    done = {k for u in agreed for k, tie in g.out(u, "ENROLLED") if (tie.get("progress") or 0.0) >= 1.0}
    needs = {k: set(g.ends(g.out(k, "REQUIRES"))) - done for k in g.nodes("Course") if k not in done}
    longest = sum(map(bool, needs.values()))
    depth: dict[Node, int] = {}
    layer = set(g.find("Course", p["course"])) - done
    for step in range(1, 2 * longest + 2):  # a walk longer than the courses that require something has met a circle
        layer = {a for k in layer for a in needs[k]}
        depth.update(dict.fromkeys(layer, min(step, longest + 1)))
    return [
        {"course": a[1], "name": g.get(a, "name"), "level": g.get(a, "level"), "depth": n if n <= longest else None}
        for a, n in sorted(depth.items(), key=lambda pair: (-pair[1], pair[0][1]))
    ]


def consent(g: TwinGraph, p: Params) -> list[Row]:
    """profiles/consent."""
    people = Counter(g.get(u, "region") for u in g.nodes("User"))
    agreed = Counter(g.get(u, "region") for u in g.nodes("User") if g.agreed(u))
    rows = []
    for region, n in people.items():
        if n >= p["minCell"]:
            secret = hidden(agreed[region], n, p["minCell"])
            rows.append({
                "region": region or "", "people": n, "consenting": None if secret else agreed[region],
                "share": None if secret else rounded(agreed[region] / n),
            })  # fmt: skip
    return sorted(rows, key=lambda r: r["region"])


def audience_tags(g: TwinGraph, p: Params) -> list[Row]:
    """profiles/audience_tags."""
    rows = []
    for f in g.find("Film", p["film"]):
        people = profiled(g, g.ends(g.into(f, *_TASTE), "User"))
        users: dict[Node, set[Node]] = {}
        items: dict[Node, set[Node]] = {}
        for u in people:
            for i in g.ends(g.out(u, *_TASTE, "ENROLLED"), "Film", "Course"):
                for t in tags_of(g, i) if i != f else ():
                    users.setdefault(t, set()).add(u)
                    items.setdefault(t, set()).add(i)
        for t, found in users.items():
            if len(found) >= p["minCell"]:
                rows.append({
                    "tag": t[1], "name": g.get(t, "name"), "kind": g.get(t, "kind"), "users": len(found), "items": len(items[t]),
                    "share": rounded(len(found) / len(people)),
                })  # fmt: skip
    return sorted(rows, key=lambda r: (-r["users"], r["tag"]))[: p["top"]]


def audience(g: TwinGraph, p: Params) -> list[Row]:
    """profiles/audience."""
    rows = []
    for item in g.find(p["label"], p["id"]) if p["label"] in ("Film", "Course") else ():
        people = profiled(g, g.ends(g.into(item, *TOOK), "User"))
        total: dict[Node, list[float]] = {}
        for u in people if len(people) >= p["minCell"] else ():
            own = profile_of(g, u)[0]
            for t, w in own.items():
                total.setdefault(t, []).append(w / length(own))
        rows += [
            {
                "tag": t[1],
                "name": g.get(t, "name"),
                "kind": g.get(t, "kind"),
                "weight": rounded(math.fsum(ws) / len(people)),
            }
            for t, ws in total.items()
        ]
    return sorted(rows, key=lambda r: (-r["weight"], r["tag"]))[: p["top"]]


def lift(g: TwinGraph, p: Params) -> list[Row]:
    """profiles/lift."""
    found = [{t[1] for i in taken(g, u) for t in tags_of(g, i)} for u in profiled(g, g.nodes("User"))]
    baskets = [basket for basket in found if basket]
    single = Counter(t for basket in baskets for t in basket)
    pairs = Counter(pair for basket in baskets for pair in combinations(sorted(basket), 2))
    rows: list[Row] = [
        {"tag_a": a, "tag_b": b, "users": n, "lift": rounded(n * len(baskets) / (single[a] * single[b]))}
        for (a, b), n in pairs.items()
        if n >= p["minCell"]
    ]
    return sorted(rows, key=lambda r: (-r["lift"], r["tag_a"], r["tag_b"]))[: p["top"]]


MATCH: dict[str, Callable[[TwinGraph, Params], list[Row]]] = {
    "match/film_courses": film_courses,
    "match/shared_tags": shared_tags,
    "match/jaccard": jaccard,
    "match/learning_path": learning_path,
    "profiles/consent": consent,
    "profiles/audience": audience,
    "profiles/audience_tags": audience_tags,
    "profiles/lift": lift,
}
