"""Which material a channel may carry: approved, with a right to it, and with a tracking code where the rules ask for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphkit.planning.amounts import MOST_MONEY, minor
from graphkit.planning.filters import rights_of
from graphkit.planning.inputs import checked, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphkit.planning.market import Market
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


class _Material(NamedTuple):
    """One material, whatever carries it; ``why`` no channel may, and the right that a wave in a region needs (None: none)."""

    name: str
    response: float
    once: int
    code: str | None
    why: str | None
    right: Callable[[str | None, int, int], str | None] | None


def accepted_materials(snapshot: Snapshot, market: Market, rules: Rules, waves: int) -> dict[str, list[Use]]:
    """Return channel id -> usable materials sorted by id; a channel that accepts none of them has an empty list."""
    materials, region = _materials(snapshot, rules), dict(zip(market.ids, market.regions, strict=True))
    found: dict[str, list[Use]] = {}
    refused: dict[tuple[str, str], list[str]] = {}
    for channel, row, cost, response in _accepted(snapshot):
        one, uses = materials[row], found.setdefault(channel, [])
        against = {w: one.right and one.right(region.get(channel), w, waves) for w in range(1, waves + 1)}
        open_ = tuple(w for w, reason in against.items() if reason is None)
        if one.why is None and open_:
            factor = one.response if np.isnan(response) else response
            uses.append(Use(one.name, cost, factor, one.once, one.code, open_))
        elif one.why is not None or channel in region:
            refused.setdefault((one.name, one.why or str(against[1])), []).append(channel)
    used = {use.material for uses in found.values() for use in uses}
    for (name, reason), channels in sorted(refused.items()):
        where = f" of {', '.join(sorted(channels))}" if name in used else ""
        market.assumptions.append(f"material {name} is left out{where}: {reason}")
    market.rejected.extend(
        {"channel": channel, "rule": "approved", "reason": "it accepts no material that may be used"}
        for channel, uses in found.items()
        if not uses and channel in region
    )
    return {channel: sorted(uses, key=lambda use: use.material or "") for channel, uses in found.items()}


def _materials(snapshot: Snapshot, rules: Rules) -> list[_Material]:
    """Every material, by row."""
    table, codes = snapshot.nodes("Material"), _codes(snapshot)
    response = np.nan_to_num(checked(numbers(table.column("response")), "Material.response"), nan=1.0)
    price = np.nan_to_num(checked(numbers(table.column("cost")), "Material.cost", most=MOST_MONEY))
    rows = zip(
        table.ids.tolist(), response.tolist(), price.tolist(), table.column("kind"), table.column("status"), strict=True
    )
    return [
        _Material(
            str(name), factor, minor(once), codes.get(str(name)), _unusable(kind, status, str(name), codes, rules),
            rights_of(snapshot, ("Material", str(name)), rules),
        )
        for name, factor, once, kind, status in rows
    ]  # fmt: skip


def _accepted(snapshot: Snapshot) -> Iterator[tuple[str, int, int | None, float]]:
    """Channel id, row of the material, price of a use (None: the channel's) and response (NaN: the material's) of every ACCEPTS."""
    for edges in snapshot.edges("ACCEPTS"):
        cost = checked(numbers(edges.column("cost")), "ACCEPTS.cost", most=MOST_MONEY)
        response = checked(numbers(edges.column("response")), "ACCEPTS.response")
        ids = snapshot.nodes(edges.source_label).ids
        for i, (channel, row) in enumerate(zip(edges.source_rows.tolist(), edges.target_rows.tolist(), strict=True)):
            yield str(ids[channel]), row, None if np.isnan(cost[i]) else minor(cost[i]), float(response[i])


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
                if code[b] is not None
            )
            for material, _, value in pairs:
                found.setdefault(material, value)
    return found
