"""BOOSTS relationships read as bonuses between channels that may be bought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit.errors import DataInvalid
from graphkit.influence.channel_boosts import Boosts
from graphkit.planning.inputs import numbers

if TYPE_CHECKING:
    from graphkit.influence.channel_menu import Menu
    from graphkit.planning.market import Market
    from graphkit.projection.snapshot import Snapshot

__all__ = ["read_boosts"]


def read_boosts(snapshot: Snapshot, market: Market, menu: Menu) -> Boosts | None:
    """Return the bonuses between channels that have an option, None when there is none.

    Raises
    ------
    DataInvalid
        A bonus is missing or not finite.
    """
    place = {name: i for i, name in enumerate(market.ids)}
    open_ = set(np.unique(menu.channel).tolist())
    rows: list[tuple[int, int, float]] = []
    for edges in snapshot.edges("BOOSTS"):
        ids, bonus = snapshot.nodes("Channel").ids, numbers(edges.column("bonus"))
        if not np.isfinite(bonus).all():
            raise DataInvalid(
                "BOOSTS.bonus must be a finite number in units of the objective",
                rule="bonus",
                count=int((~np.isfinite(bonus)).sum()),
            )
        for i, (a, b) in enumerate(zip(edges.source_rows.tolist(), edges.target_rows.tolist(), strict=True)):
            first, second = place.get(str(ids[a])), place.get(str(ids[b]))
            if first in open_ and second in open_ and first is not None and second is not None and first != second:
                rows.append((first, second, float(bonus[i])))
    if not rows:
        return None
    first_, second_, bonus_ = zip(*sorted(rows), strict=True)
    market.assumptions.append(
        f"no guarantee: {len(rows)} BOOSTS bonuses count for pairs of channels, and a sum with bonuses is not submodular"
    )
    return Boosts(
        np.array(first_, dtype=np.int64), np.array(second_, dtype=np.int64), np.array(bonus_, dtype=np.float64)
    )
