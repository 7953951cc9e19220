"""Twins of cypher/channels and cypher/evaluate."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from graphkit.store.twin_graph import Node, Row, TwinGraph, hidden, rounded, shown_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = ["CHANNELS"]

Params = dict[str, Any]
_TIES_OF = {
    "Brand": ("FOLLOWS", "BOUGHT", "SUBSCRIBES"),
    "Film": ("WATCHED", "WANTS", "LIKES", "RATED", "BOUGHT"),
    "Course": ("ENROLLED", "BOUGHT", "LIKES", "RATED"),
}


def _reached(g: TwinGraph, channel: Node) -> dict[Node, float]:
    """Chance of exposure of each consenting person the channel lists."""
    return {n: tie["p"] for n, tie in g.out(channel, "REACHES") if g.agreed(n)}


def audience(g: TwinGraph, p: Params) -> list[Row]:
    """channels/audience."""
    rows = []
    for c in g.nodes("Channel"):
        if p["kind"] not in ("", g.get(c, "kind")):
            continue
        chances = _reached(g, c)
        contacts, shown, cost = math.fsum(chances.values()), len(chances) >= p["minCell"], g.get(c, "cost")
        priced = shown and contacts > 0
        rows.append({
            "channel": c[1], "name": g.get(c, "name"), "kind": g.get(c, "kind"), "cost": cost, "audience": len(chances) if shown else None,
            "contacts": rounded(contacts, 6) if shown else None, "cost_per_contact": rounded(cost / contacts, 6) if priced else None,
        })  # fmt: skip
    return rows


def by_kind(g: TwinGraph, p: Params) -> list[Row]:
    """channels/by_kind."""
    kinds: dict[str, list[Node]] = {}
    for c in g.nodes("Channel"):
        kinds.setdefault(g.get(c, "kind"), []).append(c)
    rows = []
    for kind in sorted(kinds):
        lists = [_reached(g, c) for c in kinds[kind]]
        people = len(set().union(*lists))
        shown = people >= p["minCell"]
        rows.append({
            "kind": kind, "channels": len(lists), "cost": rounded(math.fsum(g.get(c, "cost") for c in kinds[kind]), 2),
            "added_up": sum(map(len, lists)) if shown else None, "distinct_people": people if shown else None,
        })  # fmt: skip
    return rows


def overlap(g: TwinGraph, p: Params) -> list[Row]:
    """channels/overlap."""
    own = {n: chance for c in g.find("Channel", p["channel"]) for n, chance in _reached(g, c).items()}
    everyone = sum(g.agreed(u) for u in g.nodes("User"))
    found = []
    for d in g.nodes("Channel"):
        other = _reached(g, d)
        both = own.keys() & other.keys()
        if d[1] != p["channel"] and len(both) >= max(1, p["minCell"]):
            expected = math.fsum(own[n] * other[n] for n in both)
            either = math.fsum((*own.values(), *other.values())) - expected
            told = {
                "shared": len(both),
                "jaccard": rounded(len(both) / len(own.keys() | other.keys())),
                "expected_shared": rounded(expected),
                "expected_jaccard": rounded(expected / either) if either else 0.0,
            }
            row = {"channel": d[1], "name": g.get(d, "name")}
            found.append((-len(both), {**row, **shown_pair(told, len(own), len(other), everyone, p["minCell"])}))
    first = [row for _, row in sorted(found, key=lambda x: (x[0], x[1]["channel"]))[: p["top"]]]
    return sorted(first, key=lambda r: (-(r["shared"] or 0), r["channel"]))


def incremental_reach(g: TwinGraph, p: Params) -> list[Row]:
    """channels/incremental_reach."""
    covered = {n for h in p["have"] for c in g.find("Channel", h) for n, _ in g.out(c, "REACHES")}
    rows = []
    for c in g.nodes("Channel"):
        people = set(_reached(g, c))
        if c[1] in p["have"] or len(people) < max(1, p["minCell"]):
            continue
        fresh = len(people - covered)
        incremental = None if hidden(fresh, len(people), p["minCell"]) else fresh
        rows.append(
            {
                "channel": c[1],
                "name": g.get(c, "name"),
                "cost": g.get(c, "cost"),
                "audience": len(people),
                "incremental": incremental,
            }
        )
    return sorted(rows, key=lambda r: (-(r["incremental"] or 0), r["channel"]))[: p["top"]]


def kol_audience(g: TwinGraph, p: Params) -> list[Row]:
    """channels/kol_audience."""
    rows = []
    for c in g.nodes("Channel"):
        if g.get(c, "kind") != "kol":
            continue
        reached = len(_reached(g, c))
        runners = g.ends(g.into(c, "RUNS"))
        social = {n for u in runners for n in g.consenting(g.into(u, "FOLLOWS"))}
        following = max(len(g.consenting(g.into(c, "FOLLOWS"))), len(social))
        rows.append({
            "channel": c[1], "name": g.get(c, "name"), "public_followers": g.get(c, "followers"),
            "reaches_rows": reached if reached >= p["minCell"] else None, "followers": following if following >= p["minCell"] else None,
            "source": "reaches" if reached else "followers" if following else "audience unknown",
        })  # fmt: skip
    return rows


def materials(g: TwinGraph, _: Params) -> list[Row]:
    """channels/materials."""
    rows = []
    for c in g.nodes("Channel"):
        for m, tie in g.out(c, "ACCEPTS"):
            cost, response = tie.get("cost"), tie.get("response")
            if response is None:
                response = g.get(m, "response")
            rows.append({
                "channel": c[1], "name": g.get(c, "name"), "material": m[1], "kind": g.get(m, "kind"), "status": g.get(m, "status"),
                "cost": g.get(c, "cost") if cost is None else cost, "response": 1.0 if response is None else response,
            })  # fmt: skip
    return sorted(rows, key=lambda r: (r["channel"], r["material"]))


def audience_of_set(g: TwinGraph, p: Params) -> list[Row]:
    """evaluate/audience_of_set."""
    members = [c for c in g.nodes("Channel") if c[1] in p["channels"]]
    reached = [_reached(g, c) for c in members]
    times, alone = _contacts(reached)
    chances = {u: [of[u] for of in reached if u in of] for u in times}
    shown = len(times) >= p["minCell"] and not any(0 < n < p["minCell"] for n in (*map(len, reached), *alone))
    expected = math.fsum(1.0 - math.prod(1.0 - q for q in listed) for listed in chances.values())
    return [
        {
            "channels": len(members),
            "cost": rounded(math.fsum(g.get(c, "cost") for c in members), 2),
            "distinct_people": len(times) if shown else None,
            "audiences_added": times.total() if shown else None,
            "added_up": rounded(math.fsum(map(math.fsum, chances.values())), 6) if shown else None,
            "expected": rounded(expected, 6) if shown else None,
        }
    ]


def _contacts(reached: Sequence[Collection[Node]]) -> tuple[Counter[Node], list[int]]:
    """How many channels reach each person, and how many people each channel reaches that no other does."""
    times = Counter(u for of in reached for u in of)
    return times, [sum(times[u] == 1 for u in of) for of in reached]


def overlap_of_set(g: TwinGraph, p: Params) -> list[Row]:
    """evaluate/overlap."""
    known = {f"{label}:{i}": (label, i) for label, i in g.nodes("Channel", *_TIES_OF)}
    chances = {name: _chances(g, known[name]) for name in dict.fromkeys(p["audiences"]) if name in known}
    reached = {u for of in chances.values() for u in of}
    missed = {u: [1.0 - of.get(u, 0.0) for of in chances.values()] for u in reached}
    everyone = sum(g.agreed(u) for u in g.nodes("User"))
    parts = Counter(tuple(u in of for of in chances.values()) for u in reached)
    few = any(0 < n < p["minCell"] for n in (*parts.values(), everyone - len(reached)))
    joint = rounded(math.fsum(1.0 - math.prod(q) for q in missed.values()))
    shared = rounded(math.fsum(math.prod(1.0 - x for x in q) for q in missed.values()))
    rows = []
    for place, (name, of) in enumerate(chances.items()):
        if of and len(of) >= p["minCell"]:
            most = 0 < everyone - len(of) < p["minCell"]
            alone = math.fsum(c * math.prod(missed[u][:place] + missed[u][place + 1 :]) for u, c in of.items())
            added = math.fsum(c * math.prod(missed[u][:place]) for u, c in of.items())
            size = {"people": len(of), "reach": rounded(math.fsum(of.values()))}
            told = {"exclusive": rounded(alone), "incremental": rounded(added), "joint": joint, "shared": shared}
            size, told = size if not most else dict.fromkeys(size), told if not few else dict.fromkeys(told)
            rows.append({"place": place + 1, "name": name, **size, **told})
    return rows


def _chances(g: TwinGraph, n: Node) -> dict[Node, float]:
    """Users with consent for plans whom an audience reaches, with the chance."""
    return _reached(g, n) if n[0] == "Channel" else dict.fromkeys(g.consenting(g.into(n, *_TIES_OF[n[0]])), 1.0)


def spending(g: TwinGraph, p: Params) -> list[Row]:
    """channels/spending."""
    priced = [_price(g, row) for row in p["purchases"]]
    known = [x for x in priced if x is not None]
    uses, made = (math.fsum(x[i] for x in known) for i in (0, 1))
    told = {"uses_cost": rounded(uses, 2), "making_cost": rounded(made, 2), "cost": rounded(uses + made, 2)}
    return [{"purchases": len(priced), **(told if len(known) == len(priced) else dict.fromkeys(told))}]


def _price(g: TwinGraph, row: Params) -> tuple[float, float] | None:
    """What the uses and the making of a purchase cost; None where a price is not known."""
    price, making = None, 0.0
    asked: list[Any] = [row.get(k) for k in ("channel", "placement", "material")]
    channel, placement, material = asked
    found = g.find("Channel", channel)
    tie = {m[1]: more for c in found for m, more in g.out(c, "ACCEPTS")}.get(material)
    if material is not None and tie is None:
        return None
    for c in found:
        own = None if tie is None else tie.get("cost")
        price = g.get(c, "cost") if own is None else own
    for k in g.find("CoProduction", placement):
        price = g.get(k, "cost") if price is None else price
    if tie is not None and row.get("once"):
        making = g.get(("Material", material), "cost") or 0.0
    return None if price is None else (row["uses"] * price, making)


def frequency(g: TwinGraph, p: Params) -> list[Row]:
    """evaluate/frequency."""
    times, alone = _contacts([_reached(g, c) for c in g.nodes("Channel") if c[1] in p["channels"]])
    people = Counter(times.values())
    shown = not any(0 < n < p["minCell"] for n in (*people.values(), *alone))
    return [{"contacts": k, "people": people[k] if shown else None} for k in sorted(people)]


def reputation(g: TwinGraph, p: Params) -> list[Row]:
    """evaluate/reputation."""
    rows = []
    for i in g.nodes("Course", "Film"):
        ties = [tie for n, tie in g.into(i, "RATED") if g.agreed(n)]
        shares = [t["rating"] / (5.0 if t.get("scale_max") is None else t["scale_max"]) for t in ties]
        if len(shares) >= max(1, p["minCell"]):
            mean, high = rounded(math.fsum(shares) / len(shares)), rounded(sum(s > 0.6 for s in shares) / len(shares))
            rows.append(
                {
                    "label": i[0],
                    "item": i[1],
                    "name": g.get(i, "name"),
                    "ratings": len(shares),
                    "mean": mean,
                    "reputation": high,
                }
            )
    return sorted(rows, key=lambda r: (-r["reputation"], r["label"], r["item"]))


def learning(g: TwinGraph, p: Params) -> list[Row]:
    """evaluate/learning."""
    rows = []
    for k in g.nodes("Course"):
        ties = [tie for n, tie in g.into(k, "ENROLLED") if g.agreed(n)]
        done = [t["progress"] for t in ties if t.get("progress") is not None]
        shown = len(done) >= max(1, p["minCell"])
        if len(ties) >= max(1, p["minCell"]):
            rows.append(
                {
                    "course": k[1],
                    "name": g.get(k, "name"),
                    "learners": len(ties),
                    "progress": rounded(math.fsum(done) / len(done)) if shown else None,
                    "completed": rounded(sum(x >= 1.0 for x in done) / len(done)) if shown else None,
                }
            )
    return rows


def touchpoints(g: TwinGraph, _: Params) -> list[Row]:
    """evaluate/touchpoints."""
    rows = []
    for t in g.nodes("Touchpoint"):
        carriers: list[Node | None] = [*sorted(g.ends(g.into(t, "CARRIES")))] or [None]
        rows += [
            {
                "touchpoint": t[1], "kind": g.get(t, "kind"), "code": g.get(t, "code"), "placement": g.get(t, "placement"),
                "carrier": x and x[0], "carrier_id": x and x[1],
            }
            for x in carriers
        ]  # fmt: skip
    return rows


CHANNELS: dict[str, Callable[[TwinGraph, Params], list[Row]]] = {
    "channels/audience": audience,
    "channels/by_kind": by_kind,
    "channels/overlap": overlap,
    "channels/incremental_reach": incremental_reach,
    "channels/kol_audience": kol_audience,
    "channels/materials": materials,
    "channels/spending": spending,
    "evaluate/audience_of_set": audience_of_set,
    "evaluate/overlap": overlap_of_set,
    "evaluate/frequency": frequency,
    "evaluate/reputation": reputation,
    "evaluate/learning": learning,
    "evaluate/touchpoints": touchpoints,
}
