"""Which channel may be used in which wave: status, capacity, lead time, rights, forbidden ones, small audiences.

Every rule that stands against a (channel, wave) is kept, not only the first: a search for contradicting rules needs
them all. Rights are a closed world: once rights are stated anywhere, what is not stated is not allowed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import InvalidParameter, did_you_mean
from graphkit.model.vocabulary import CHANNEL_KIND
from graphkit.projection.unknown import unknown_node

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphkit.planning.market import Market
    from graphkit.planning.rules import Rules
    from graphkit.projection.snapshot import Snapshot

__all__ = ["Block", "blocks", "reject_blocked", "rights_of"]

OPEN_STATUS = frozenset({"active", "approved"})


@dataclass(frozen=True)
class Block:
    """One rule against one channel in one wave; ``missing`` is what the rule lacks (days, or 1 channel)."""

    rule: str
    channel: int
    wave: int
    reason: str
    missing: float = 1.0


def blocks(
    snapshot: Snapshot, market: Market, rules: Rules, target: tuple[str, str], waves: int, *, min_cell: int = 0
) -> list[Block]:
    """Return every rule against every (position of a channel in the market, wave 1..waves).

    ``min_cell``: a channel with fewer users with consent in its audience is not used; the reason does not tell how many.

    Raises
    ------
    UnknownNode
        A rule names a channel that does not exist.
    InvalidParameter
        A rule counts channels of a kind that neither the data nor the vocabulary know.
    """
    table = snapshot.nodes("Channel")
    for name in (*rules.required, *rules.forbidden, *rules.capacity):
        if name not in table.row_of():
            raise unknown_node(table, name, f"the rules name a channel {name!r} that does not exist")
    _known_kinds({str(x) for x in table.column("kind").tolist() if x is not None} | set(market.kinds), rules)
    status = table.by_id("status")
    right = rights_of(snapshot, target, rules)
    if right is None:
        market.assumptions.append("the data state no rights: rights were not checked")
    elif rules.starts_ts is None:
        market.assumptions.append("no campaign dates were given: the period of rights was not checked")
    found: list[Block] = []
    for i, channel in enumerate(market.ids):
        for wave in range(1, waves + 1):
            found += _against(market, i, wave, waves, rules, status.get(channel), right)
    audience = np.asarray((market.chance > 0).sum(axis=0)).ravel()
    small = np.flatnonzero(audience < min_cell).tolist()
    reason = f"its audience is below {min_cell:,} users"
    return found + [Block("min_cell", i, wave, reason) for i in small for wave in range(1, waves + 1)]


def _known_kinds(kinds: set[str], rules: Rules) -> None:
    """A misspelt kind would bind nothing, or make every plan impossible."""
    known = kinds | set(CHANNEL_KIND)
    for rule, counts in (("least", rules.least), ("most", rules.most)):
        for kind in counts:
            if kind not in known:
                hint = did_you_mean(kind, known, f"kinds of the data: {', '.join(sorted(kinds))}")
                raise InvalidParameter(
                    f"the rule {rule} counts channels of the kind {kind!r}, which there is not",
                    parameter=f"rules.{rule}",
                    value=kind,
                    hint=hint,
                )


def _against(
    market: Market, i: int, wave: int, waves: int, rules: Rules, status: str | None, right: Any
) -> list[Block]:
    """The rules against one channel in one wave."""
    found = []
    if market.ids[i] in rules.forbidden:
        found.append(Block("forbidden", i, wave, "forbidden by the rules"))
    if status is not None and status not in OPEN_STATUS:
        found.append(Block("approved", i, wave, f"its status is {status!r}, not approved or active"))
    if market.capacity[i] < 1:
        found.append(Block("capacity", i, wave, f"its capacity is {market.capacity[i]:g} uses per wave"))
    if market.kinds[i] == "placement" and wave > 1:
        found.append(Block("once", i, wave, "a placement is made once, in the first wave"))
    if rules.days_to_start is not None:
        days = rules.days_to_start + (wave - 1) * (rules.gap_days or 0.0)
        if market.lead_days[i] > days:
            when = "the campaign" if wave == 1 else f"wave {wave}"
            found.append(
                Block(
                    "lead_days",
                    i,
                    wave,
                    f"needs {market.lead_days[i]:g} days, {when} starts in {days:g}",
                    float(market.lead_days[i] - days),
                )
            )
    reason = right(market.regions[i], wave, waves) if right is not None else None
    if reason is not None:
        found.append(Block("rights", i, wave, reason))
    return found


def reject_blocked(market: Market, found: list[Block], waves: int) -> set[tuple[int, int]]:
    """Return the open (channel, wave) pairs; what is blocked enters ``market.rejected`` with its first rule."""
    first: dict[tuple[int, int], Block] = {}
    for block in found:
        first.setdefault((block.channel, block.wave), block)
    by_channel = defaultdict(list)
    for block in first.values():
        by_channel[block.channel].append(block)
    for channel, rows in sorted(by_channel.items()):
        where = "" if len(rows) == waves else f" (wave {', '.join(str(b.wave) for b in rows)})"
        market.rejected.append({"channel": market.ids[channel], "rule": rows[0].rule, "reason": rows[0].reason + where})
    market.rejected.sort(key=lambda row: (row["channel"], row["rule"]))
    return {(c, w) for c in range(len(market.ids)) for w in range(1, waves + 1)} - first.keys()


def rights_of(
    snapshot: Snapshot, node: tuple[str, str], rules: Rules
) -> Callable[[str | None, int, int], str | None] | None:
    """Return None when the data state no rights to this label, else (region, wave, waves) -> blocking reason or None."""
    label, name = node
    tables = snapshot.edges("HOLDS_RIGHTS")
    promoted = label not in {"Material", "CoProduction"}
    if not sum(len(e) for e in tables if promoted or e.target_label == label):
        return None
    grants = _grants(snapshot, label, snapshot.nodes(label).row_of()[name])

    def reason(region: str | None, wave: int, waves: int) -> str | None:
        if not grants:
            return f"no right to promote {label} {name} is stated for us or a running partner"
        here = [g for g in grants if _covers(g["territory"], region)]
        if not here:
            return f"no right to promote {label} {name} covers the region {region or '(none stated)'}"
        start, end = _period(rules, wave, waves)
        if start is not None and not any(int(g["from_ts"]) <= start and end <= int(g["to_ts"]) for g in here):
            last = max(int(g["to_ts"]) for g in here)
            return f"the rights do not cover the campaign's period (they end on {dt.datetime.fromtimestamp(last, tz=dt.UTC):%Y-%m-%d})"
        return None

    return reason


def _period(rules: Rules, wave: int, waves: int) -> tuple[int | None, int]:
    """[start, end) of a wave: to the start of the next one, the last one to the campaign's end if that is given."""
    start = rules.wave_start(wave)
    if start is None:
        return None, 0
    following = rules.wave_start(wave + 1)
    assert following is not None  # noqa: S101 - there are dates
    if wave == waves or following == start:
        following = start + 1 if rules.ends_ts is None else rules.ends_ts
    return start, max(following, start + 1)


def _grants(snapshot: Snapshot, label: str, row: int) -> list[dict[str, Any]]:
    """Rights to promote one node that we or a running partner hold."""
    holders = _holders(snapshot)
    grants: list[dict[str, Any]] = []
    for edges in snapshot.edges("HOLDS_RIGHTS"):
        if edges.target_label != label:
            continue
        columns = {name: edges.column(name) for name in ("uses", "territory", "from_ts", "to_ts")}
        mine = [i for i in range(len(edges)) if edges.target_rows[i] == row and int(edges.source_rows[i]) in holders]
        grants.extend({name: cells[i] for name, cells in columns.items()} for i in mine)
    return [g for g in grants if "promote" in (g["uses"] or ())]


def _holders(snapshot: Snapshot) -> set[int]:
    """Rows of our own brand and of brands in a running partnership."""
    ours = snapshot.nodes("Brand").column("ours").tolist()
    rows = {i for i, flag in enumerate(ours) if flag is True or flag == 1}
    status = snapshot.nodes("Partnership").column("status").tolist()
    for edges in snapshot.edges("JOINS"):
        if edges.target_label == "Brand":
            pairs = zip(edges.source_rows.tolist(), edges.target_rows.tolist(), strict=True)
            rows |= {brand for deal, brand in pairs if status[deal] == "running"}
    return rows


def _covers(territory: list[str] | None, region: str | None) -> bool:
    """ALL covers everything; a channel without region needs ALL."""
    places = territory or []
    return "ALL" in places or (region is not None and region in places)
