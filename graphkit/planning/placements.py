"""Co-produced content as something to buy: a course placed in a film is met by those who watch the film.

A CoProduction that TEACHES the promoted course and is EMBEDDED_IN a film is one purchase: its cost, the film's
known viewers (WATCHED, WANTS, LIKES), and the chance `reach_p` that dataset.toml declares for its place in the film
(opening, ending, dialogue, key_scene, outside) or for `placement`, times its `response`. Without such a chance it is
listed as not possible; nothing is assumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.planning.amounts import MOST_MONEY, minor
from graphkit.planning.filters import OPEN_STATUS
from graphkit.planning.inputs import checked, numbers

if TYPE_CHECKING:
    from graphkit.planning.market import Market
    from graphkit.planning.people import People
    from graphkit.projection.snapshot import Snapshot

__all__ = ["PLACEMENT", "add_placements"]

PLACEMENT = "placement"
VIEWING = ("WATCHED", "WANTS", "LIKES")


def add_placements(snapshot: Snapshot, market: Market, who: People, target: tuple[str, str]) -> None:
    """Append the placements that promote the target to the market, or say why they are left out."""
    table = snapshot.nodes("CoProduction")
    if not len(table) or who.label != "User":
        return
    films = {row: (film, place) for row, film, place in _links(snapshot, "EMBEDDED_IN")}
    taught = {
        row
        for row, course, _ in _links(snapshot, "TEACHES")
        if target == ("Course", str(snapshot.nodes("Course").ids[course]))
    }
    if target[0] == "Film":
        mine = sum(target[1] == str(snapshot.nodes("Film").ids[film]) for film, _ in films.values())
        if mine:
            market.assumptions.append(
                f"{mine} co-productions are embedded in {target[1]}: a placement promotes the course it teaches, so they are no purchase for the film"
            )
        return
    status, cost, response = (
        table.column("status").tolist(),
        checked(numbers(table.column("cost")), "CoProduction.cost", most=MOST_MONEY),
        checked(numbers(table.column("response")), "CoProduction.response"),
    )
    own_place, names = table.column("placement").tolist(), table.column("name").tolist()
    declared = snapshot.settings.get("reach_p", {})
    for row in sorted(taught, key=lambda r: str(table.ids[r])):
        name = str(table.ids[row])
        film, place = films.get(row, (None, None))
        place = place or own_place[row]
        p = declared.get(place, declared.get(PLACEMENT))
        users = np.empty(0, np.int64) if film is None else _viewers(snapshot, who, film)
        reason = _refusal(status[row], film, float(cost[row]), p, place, users.size)
        if reason is not None:
            market.rejected.append({"channel": name, "rule": reason[0], "reason": reason[1]})
            continue
        name = f"CoProduction:{name}" if name in market.ids else name
        chance = min(1.0, float(p) * float(np.nan_to_num(response[row], nan=1.0)))
        _append(market, who, name, str(names[row] or name), minor(cost[row]), users, chance)


def _links(snapshot: Snapshot, kind: str) -> list[tuple[int, int, str | None]]:
    """(co-production row, film or course row, placement) of a relationship type."""
    found = []
    for edges in snapshot.edges(kind):
        places = edges.column("placement").tolist()
        found += list(zip(edges.source_rows.tolist(), edges.target_rows.tolist(), places, strict=True))
    return found


def _viewers(snapshot: Snapshot, who: People, film: int) -> Any:
    """Users with consent who are known to watch, want or like a film, ascending."""
    ties = [e for kind in VIEWING for e in snapshot.edges(kind) if (e.source_label, e.target_label) == ("User", "Film")]
    parts = [who.of_table[np.asarray(e.source_rows)[np.asarray(e.target_rows) == film]] for e in ties]
    users = np.unique(np.concatenate([np.empty(0, np.int64), *parts]))
    return users[users >= 0]


def _refusal(
    status: str | None, film: int | None, cost: float, p: Any, place: str | None, n: int
) -> tuple[str, str] | None:
    """Rule and reason that keep a placement out, or None."""
    if status is not None and status not in OPEN_STATUS:
        return "approved", f"its status is {status!r}, not approved or active"
    if film is None:
        return "audience", "it is embedded in no film: audience unknown"
    if np.isnan(cost):
        return "cost", "its cost is unknown"
    if p is None:
        return (
            "audience",
            f"no chance is declared for a placement ({place or 'place not stated'}): set reach_p.placement in dataset.toml",
        )
    return None if n else ("audience", "no user with consent is known to watch its film")


def _append(market: Market, who: People, name: str, title: str, cost: int, users: Any, chance: float) -> None:
    """One more channel of kind placement."""
    column = sp.csc_matrix((np.full(users.size, chance), (users, np.zeros(users.size, np.int64))), shape=(who.n, 1))
    market.ids.append(name)
    market.names.append(title)
    market.kinds.append(PLACEMENT)
    market.regions.append(None)
    market.cost = np.append(market.cost, cost)
    market.lead_days, market.capacity = np.append(market.lead_days, 0.0), np.append(market.capacity, 1.0)
    market.assumed = np.append(market.assumed, True)
    market.chance = sp.hstack([market.chance, column], format="csc")
    market.source.append("placement")
