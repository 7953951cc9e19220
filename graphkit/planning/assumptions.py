"""What the numbers of a plan rest on, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit.intervals import counted
from graphkit.planning.inputs import numbers
from graphkit.planning.placements import PLACEMENT
from graphkit.planning.rules import read_rules
from graphkit.projection.evidence import evidence_note, strong

if TYPE_CHECKING:
    from graphkit.planning.market import Market
    from graphkit.planning.people import People
    from graphkit.planning.request import Request
    from graphkit.projection.projection import Projection
    from graphkit.projection.snapshot import Snapshot

__all__ = ["BOUGHT", "note_assumptions", "note_evidence"]

BOUGHT = ("Channel", "CoProduction", "Material")


def note_assumptions(
    market: Market, who: People, projection: Projection | None, request: Request, snapshot: Snapshot
) -> None:
    """Add to the market's assumptions who is left out, and where chances, uses and dates come from."""
    notes = market.assumptions
    if who.n_dropped:
        share = who.n_dropped / (who.n_dropped + who.n)
        notes.append(
            counted(
                who.n_dropped,
                f"user ({share:.1%}) without consent for planning is",
                f"users ({share:.1%}) without consent for planning are",
            )
            + " left out with their ties: reach is underestimated"
        )
    if projection is None:
        notes.append(
            "no word of mouth is counted (probability none): numbers are exact for the given chances of exposure"
        )
    elif request.probability == "learned":
        tag = next((e.column("tag")[0] for e in snapshot.edges("INFLUENCES") if len(e.source_rows)), None)
        notes.append(
            "chances on ties are learned (INFLUENCES.p)"
            if tag is None
            else f"chances on ties are learned from items of tag {tag} (INFLUENCES.p)"
        )
    else:
        notes.append(f"chances on ties are declared, not measured: {request.probability}")
    notes.append("a channel is used at most capacity times per wave; every use exposes anew with the same chance")
    if request.waves > 1 and not read_rules(request.rules).gap_days:
        notes.append("no gap between the waves was given: lead times are compared with the start of the campaign")
    if not request.page_level and np.isnan(numbers(snapshot.nodes("User").column("receptivity"))).all():
        notes.append("receptivity is not measured: 1 for every user")
    placed = market.source.count(PLACEMENT)
    if placed:
        notes.append(
            f"{counted(placed, 'placement in films counts', 'placements in films count')}: viewers of the film are exposed with the declared reach_p times response"
        )
    kinds = sorted(set(market.source) - {"REACHES", "itself", PLACEMENT})
    if kinds:
        count = sum(x in kinds for x in market.source)
        notes.append(
            f"{counted(count, 'channel reaches', 'channels reach')} by a declared reach_p over {' and '.join(kinds)}"
        )


def note_evidence(market: Market, whole: Snapshot, request: Request) -> None:
    """Say which rows a floor of evidence leaves out, or, without one, how many of those the plan reads are not real."""
    weakest, channels = request.min_evidence, whole.nodes("Channel")
    reads = (*BOUGHT, "REACHES", "ACCEPTS", "FOLLOWS", "RUNS", *request.via)
    market.assumptions.extend(evidence_note(whole, weakest, reads))
    if weakest is None:
        return
    weak = ~strong(channels, weakest)
    if not weak.any():
        return
    market.rejected.extend(
        {"channel": str(name), "rule": "evidence", "reason": f"its evidence is {stated}, weaker than {weakest}"}
        for name, stated in zip(channels.ids[weak].tolist(), channels.column("evidence")[weak].tolist(), strict=True)
    )
