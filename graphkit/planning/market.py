"""A snapshot read as a market: who can be reached, by which channel, with what chance and at what price.

Audiences, the first that applies (mission 2.4): explicit REACHES rows with p; `audience_filter` with `reach_p`;
followers of the channel, or of the account that runs it, with `reach_p`. `reach_p` is the channel's own or the
data set's default for its kind. A follower count alone is no audience: such a channel is listed "audience unknown".
Users without consent are dropped with their ties. Nothing here is random and nothing decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from graphkit.intervals import counted
from graphkit.model.target import parse_target
from graphkit.planning.amounts import MOST_MONEY, minor
from graphkit.planning.inputs import checked, numbers, sources_by_target

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.model.tables import EdgeColumns, NodeColumns
    from graphkit.planning.people import People
    from graphkit.projection.snapshot import Snapshot

    Floats = NDArray[np.float64]

__all__ = ["Market", "read_market"]

NOBODY = np.empty(0, np.int64)


@dataclass
class Market:
    """Channels with known audiences, sorted by id, and the chance matrix users x channels.

    ``rejected`` rows are (channel, rule, reason).
    """

    ids: list[str]
    names: list[str]
    kinds: list[str]
    regions: list[str | None]
    cost: NDArray[np.int64]
    lead_days: Floats
    capacity: Floats
    assumed: NDArray[np.bool_]
    chance: Any
    source: list[str]
    rejected: list[dict[str, str]] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)


def read_market(snapshot: Snapshot, who: People) -> Market:
    """Return the channels of a snapshot with audiences among ``who``."""
    table = snapshot.nodes("Channel")
    rejected: list[dict[str, str]] = []
    order = sorted(range(len(table)), key=table.ids.tolist().__getitem__)
    if who.label == "Channel":
        rows = {r: (who.of_table[r : r + 1], np.ones(1), "itself") for r in order}
    else:
        rows = _audiences(snapshot, table, who)
    cost = checked(numbers(table.column("cost")), "Channel.cost", most=MOST_MONEY)
    public = numbers(table.column("followers"))
    keep = []
    for row in order:
        name = str(table.ids[row])
        if np.isnan(cost[row]):
            rejected.append(_reject(name, "cost", "its cost is unknown"))
        elif row not in rows:
            said = "" if np.isnan(public[row]) else f" ({int(public[row])} followers are a count, not an audience)"
            rejected.append(_reject(name, "audience", f"audience unknown{said}"))
        elif not rows[row][0].size:
            rejected.append(_reject(name, "audience", "none of its audience is a user with consent"))
        else:
            keep.append(row)
    market = _pack(table, keep, rows, who.n, cost)
    market.rejected.extend(rejected)
    if market.assumed.any():
        market.assumptions.append(
            counted(int(market.assumed.sum()), f"of {len(keep)} channels has", f"of {len(keep)} channels have")
            + " assumed prices or audiences"
        )
    return market


def _pack(table: NodeColumns, keep: list[int], rows: dict[int, Any], n: int, cost: Floats) -> Market:
    """Columns of the kept channels and their chance matrix."""
    users = [rows[r][0] for r in keep]
    indptr = np.concatenate(([0], np.cumsum([u.size for u in users]))).astype(np.int64)
    index = np.concatenate(users) if users else np.empty(0, np.int64)
    p = np.concatenate([rows[r][1] for r in keep]) if users else np.empty(0)
    chance = sp.csc_matrix((p, index, indptr), shape=(n, len(keep)))
    where = np.array(keep, dtype=np.int64)

    def pick(name: str) -> list[Any]:
        return list(table.column(name)[where].tolist())

    def number(name: str, default: float) -> Floats:
        return np.nan_to_num(numbers(table.column(name)), nan=default)[where]

    return Market(
        ids=[str(table.ids[r]) for r in keep], names=[str(x or "") for x in pick("name")],
        kinds=[str(x or "") for x in pick("kind")], regions=pick("region"),
        cost=np.array([minor(cost[r]) for r in keep], dtype=np.int64), lead_days=number("lead_days", 0.0),
        capacity=number("capacity", 1.0), assumed=np.array([x == "assumed" for x in pick("evidence")], dtype=bool),
        chance=chance, source=[rows[r][2] for r in keep],
    )  # fmt: skip


def _reject(channel: str, rule: str, reason: str) -> dict[str, str]:
    return {"channel": channel, "rule": rule, "reason": reason}


def _audiences(snapshot: Snapshot, table: NodeColumns, who: People) -> dict[int, tuple[NDArray[np.int64], Floats, str]]:
    """Audience of each channel row: user rows, chances, where they come from."""
    found: dict[int, tuple[NDArray[np.int64], Floats, str]] = {}
    for edges in snapshot.edges("REACHES"):
        p = checked(numbers(edges.column("p")), "REACHES.p", most=1.0, missing=False)
        for row, users, which in _by_source(edges, who):
            found[row] = (users, p[which], "REACHES")
    default = snapshot.settings.get("reach_p", {})
    own = checked(numbers(table.column("reach_p")), "Channel.reach_p", most=1.0)
    kinds = table.column("kind").tolist()
    reach_p = np.array([own[i] if not np.isnan(own[i]) else float(default.get(k, np.nan)) for i, k in enumerate(kinds)])
    followers = _followers(snapshot, who)
    filters = table.column("audience_filter").tolist()
    for row in range(len(table)):
        if row in found or np.isnan(reach_p[row]):
            continue
        if filters[row]:
            mask = np.asarray(parse_target(str(filters[row])).to_mask(snapshot.nodes("User")), dtype=bool)
            users = np.sort(who.of_table[np.flatnonzero(mask & (who.of_table >= 0))])
            found[row] = (users, np.full(users.size, reach_p[row]), "audience_filter")
        elif row in followers:
            users = followers[row]
            found[row] = (users, np.full(users.size, reach_p[row]), "followers")
    return found


def _by_source(edges: EdgeColumns, who: People) -> list[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """(source row, user rows ascending, edge positions) of each source, users without consent left out."""
    users = who.of_table[edges.target_rows]
    order = np.lexsort((users, edges.source_rows))
    sources = np.asarray(edges.source_rows)[order]
    cuts = np.flatnonzero(np.diff(sources)) + 1
    out = []
    for part in np.split(order, cuts) if order.size else []:
        inside = part[users[part] >= 0]
        out.append((int(edges.source_rows[part[0]]), users[inside], inside))
    return out


def _followers(snapshot: Snapshot, who: People) -> dict[int, NDArray[np.int64]]:
    """Users who follow a channel, or the account that runs it."""
    follow = {(e.source_label, e.target_label): e for e in snapshot.edges("FOLLOWS")}
    sets: dict[int, list[NDArray[np.int64]]] = {}
    direct = follow.get(("User", "Channel"))
    if direct is not None:
        for channel, rows in sources_by_target(direct.source_rows, direct.target_rows).items():
            sets[channel] = [rows]
    social = follow.get(("User", "User"))
    for runs in snapshot.edges("RUNS"):
        if social is None:
            break
        mine = np.isin(social.target_rows, runs.source_rows)
        fans = sources_by_target(np.asarray(social.source_rows)[mine], np.asarray(social.target_rows)[mine])
        for account, channel in zip(runs.source_rows.tolist(), runs.target_rows.tolist(), strict=True):
            sets.setdefault(channel, []).append(fans.get(account, NOBODY))
    merged = {c: np.unique(who.of_table[np.concatenate(parts)]) for c, parts in sets.items()}
    return {c: users[users >= 0] for c, users in merged.items()}
