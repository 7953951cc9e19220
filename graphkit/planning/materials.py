"""Which material a channel may carry: approved, with a right to it, and with a tracking code where the rules ask for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphkit.planning.amounts import MOST_MONEY, minor
from graphkit.planning.filters import rights_of
from graphkit.planning.inputs import checked, numbers

if TYPE_CHECKING:
    from graphkit.planning.inputs import Market
    from graphkit.planning.rules import Rules
    from graphkit.projection.snapshot import Snapshot

__all__ = ["Use", "accepted_materials"]


@dataclass(frozen=True)
class Use:
    """One material on one channel: price of a use (None: the channel's), response, one-off cost, code, open waves."""

    material: str | None
    cost: int | None
    response: float
    once: int
    code: str | None
    waves: tuple[int, ...]


def accepted_materials(snapshot: Snapshot, market: Market, rules: Rules, waves: int) -> dict[str, list[Use]]:
    """Return channel id -> usable materials sorted by id; a channel that accepts none of them has an empty list."""
    table = snapshot.nodes("Material")
    names = [str(x) for x in table.ids.tolist()]
    response, price = (
        checked(numbers(table.column("response")), "Material.response"),
        checked(numbers(table.column("cost")), "Material.cost", most=MOST_MONEY),
    )
    codes = _codes(snapshot)
    why = {
        name: _unusable(kind, status, name, codes, rules)
        for name, kind, status in zip(
            names, table.column("kind").tolist(), table.column("status").tolist(), strict=True
        )
    }
    rights = {name: rights_of(snapshot, ("Material", name), rules) for name in names}
    region = dict(zip(market.ids, market.regions, strict=True))
    every = tuple(range(1, waves + 1))
    found: dict[str, list[Use]] = {}
    refused: dict[str, str] = {}
    for edges in snapshot.edges("ACCEPTS"):
        own_cost, own_response = (
            checked(numbers(edges.column("cost")), "ACCEPTS.cost", most=MOST_MONEY),
            checked(numbers(edges.column("response")), "ACCEPTS.response"),
        )
        ids = snapshot.nodes(edges.source_label).ids
        for i, (c, m) in enumerate(zip(edges.source_rows.tolist(), edges.target_rows.tolist(), strict=True)):
            channel, name, right = str(ids[c]), names[m], rights[names[m]]
            rows = found.setdefault(channel, [])
            against = (
                {w: right(region.get(channel), w, waves) for w in every} if right is not None else dict.fromkeys(every)
            )
            open_ = tuple(w for w in every if against[w] is None)
            reason = why[name] or (None if open_ else against[1])
            if reason is not None:
                refused[name] = reason
                continue
            factor = own_response[i] if not np.isnan(own_response[i]) else np.nan_to_num(response[m], nan=1.0)
            cost = None if np.isnan(own_cost[i]) else minor(own_cost[i])
            once = 0 if np.isnan(price[m]) else minor(price[m])
            rows.append(Use(name, cost, float(factor), once, codes.get(name), open_))
    market.assumptions.extend(f"material {name} is left out: {reason}" for name, reason in sorted(refused.items()))
    for channel, uses in found.items():
        if not uses and channel in market.ids:
            market.rejected.append(
                {"channel": channel, "rule": "approved", "reason": "it accepts no material that may be used"}
            )
    return {channel: sorted(rows, key=lambda use: use.material or "") for channel, rows in found.items()}


def _unusable(kind: str | None, status: str | None, name: str, codes: dict[str, str], rules: Rules) -> str | None:
    """Why no channel may carry a material, or None."""
    if status != "approved":
        return f"its status is {status!r}"
    if kind in rules.require_code and name not in codes:
        return f"the rules ask for a tracking code on every {kind}, and it carries none"
    return None


def _codes(snapshot: Snapshot) -> dict[str, str]:
    """Material id -> tracking code of a Touchpoint it carries (the first by id)."""
    touch = snapshot.nodes("Touchpoint")
    code = touch.column("code").tolist()
    found: dict[str, str] = {}
    for edges in snapshot.edges("CARRIES"):
        if edges.source_label == "Material":
            ids = snapshot.nodes("Material").ids
            pairs = sorted(
                (str(ids[a]), str(touch.ids[b]), str(code[b]))
                for a, b in zip(edges.source_rows.tolist(), edges.target_rows.tolist(), strict=True)
            )
            for material, _, value in pairs:
                found.setdefault(material, value)
    return found
