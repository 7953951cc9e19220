"""Twins of the files of cypher/match that compare items of any label: by tags, by given vectors, by letters."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from graphkit.store.twin_graph import Node, Row, TwinGraph, rounded
from graphkit.store.twins_match import length, tags_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["ALIKE"]

Params = dict[str, Any]
_TAGGED = ("Brand", "Channel", "CoProduction", "Course", "Film", "Material")
_DRAWN = (*_TAGGED, "Tag")
_TEXTS = ("name", "name_en", "title", "summary")


def by_tags(g: TwinGraph, p: Params) -> list[Row]:
    """match/by_tags."""
    labels = {p["label"], p["to"]} & set(_TAGGED)
    items = g.nodes(*labels) if labels else []
    tagged = Counter(t for i in items for t in tags_of(g, i))
    idf = {t: math.log((1 + len(items)) / (1 + n)) + 1.0 for t, n in tagged.items()}
    rows: list[Row] = []
    for f, d in _pairs(g, p, _TAGGED):
        ours, theirs = tags_of(g, f), tags_of(g, d)
        shared = ours.keys() & theirs.keys()
        if shared:
            least = math.fsum(min(ours[t], theirs[t]) for t in shared)
            largest = math.fsum((*ours.values(), *theirs.values())) - least
            rows.append(
                {
                    "item": d[1],
                    "name": g.get(d, "name"),
                    "shared": len(shared),
                    "cosine": _cosine(ours, theirs),
                    "jaccard": rounded(len(shared) / len(ours.keys() | theirs.keys())),
                    "weighted_jaccard": rounded(least / largest),
                    "idf_cosine": _cosine(*({t: w * idf[t] for t, w in side.items()} for side in (ours, theirs))),
                }
            )
    by = p["by"] if p["by"] in ("jaccard", "weighted_jaccard", "idf_cosine") else "cosine"
    return sorted(rows, key=lambda r: (-r[by], r["item"]))[: p["top"]]


def vectors(g: TwinGraph, p: Params) -> list[Row]:
    """match/vectors."""
    rows: list[Row] = []
    for f, d in _pairs(g, p, _DRAWN):
        own, other = g.get(f, "vector"), g.get(d, "vector")
        if own is None or other is None:
            continue
        own, other = ([float(x) for x in side] for side in (own, other))
        score = None
        if len(own) == len(other):
            lengths = math.hypot(*own) * math.hypot(*other)
            score = rounded(math.fsum(map(math.prod, zip(own, other, strict=True))) / lengths) if lengths else 0.0
        found = {"item": d[1], "name": g.get(d, "name"), "wanted": len(own), "dimensions": len(other), "score": score}
        rows.append(found)
    return sorted(rows, key=lambda r: (-2.0 if r["score"] is None else -r["score"], r["item"]))[: p["top"]]


def search(g: TwinGraph, p: Params) -> list[Row]:
    """match/search."""
    labels = {"Brand", "Channel", "Course", "Film", "Material", "Partnership", "Tag"} & set(p["labels"])
    texts = [
        (n, part, _grams(told))
        for n in (g.nodes(*labels) if labels else [])
        for part, told in enumerate(g.get(n, name) for name in _TEXTS)
        if told
    ]
    documents = Counter(gram for _, _, grams in texts for gram in grams)
    idf = {gram: math.log((1 + len(texts)) / (1 + n)) + 1.0 for gram, n in documents.items()}
    asked = {gram: n for gram, n in _grams(p["text"]).items() if gram in idf}
    best: dict[Node, tuple[float, int, int]] = {}
    for n, part, grams in texts:
        shared = asked.keys() & grams.keys()
        if shared:
            score = _cosine(*({t: c * idf[t] for t, c in side.items()} for side in (asked, grams)))
            best[n] = min(best.get(n, (0.0, 0, 0)), (-score, part, len(shared)))
    rows: list[Row] = [
        {"label": n[0], "id": n[1], "name": g.get(n, "name") or g.get(n, "title"), "shared": shared, "score": -score}
        for n, (score, _, shared) in best.items()
    ]
    return sorted(rows, key=lambda r: (-r["score"], r["label"], r["id"]))[: p["top"]]


def _pairs(g: TwinGraph, p: Params, labels: tuple[str, ...]) -> Iterator[tuple[Node, Node]]:
    """Yield the item with every other one of the wanted label."""
    if p["label"] in labels and p["to"] in labels:
        for f in g.find(p["label"], p["id"]):
            yield from ((f, d) for d in g.nodes(p["to"]) if d != f)


def _cosine(ours: dict[Any, float], theirs: dict[Any, float]) -> float:
    inner = math.fsum(ours[t] * theirs[t] for t in ours.keys() & theirs.keys())
    return round(inner / (length(ours) * length(theirs)), 9)


def _grams(text: str) -> Counter[str]:
    """Count single characters and pairs of a text in lower case, runs of blanks as one."""
    lower = text.lower()
    for blank in "\n\r\t":
        lower = lower.replace(blank, " ")
    told = " ".join(word for word in lower.split(" ") if word)
    found = Counter(told[i : i + n] for n in (1, 2) for i in range(len(told) - n + 1))
    return Counter({gram: n for gram, n in found.items() if gram != " "})


ALIKE: dict[str, Callable[[TwinGraph, Params], list[Row]]] = {
    "match/by_tags": by_tags,
    "match/vectors": vectors,
    "match/search": search,
}
