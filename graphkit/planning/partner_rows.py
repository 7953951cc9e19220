"""The rows of a portfolio: what each listed partner adds, where it stands and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.planning.partner_evidence import Lookup, reasons_of
from graphkit.planning.partner_result import Partner
from graphkit.planning.partner_scores import CRITERIA, fit_rank_intervals
from graphkit.planning.reasons import both
from graphkit.progress import each

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphkit.planning.partner_candidates import Asked, Known
    from graphkit.planning.partner_reach import PartnerReach
    from graphkit.planning.partners_split import PartnerSplit
    from graphkit.progress import ProgressCallback

    Node = tuple[str, str]

__all__ = ["partner_rows"]


def partner_rows(
    asked: Asked,
    known: Known,
    fit: dict[Node, float | None],
    order: list[Node],
    reach: PartnerReach,
    made: PartnerSplit | None,
    progress: ProgressCallback,
) -> tuple[Partner, ...]:
    """Return one row for each partner in their order, and one for the lead."""
    adds, exclusive, none = reach.in_order(order), reach.exclusive(order), (None, None)
    places = fit_rank_intervals(known.scores, asked.seed, asked.weights)
    lookup = Lookup(asked, known, tuple(n for n in order if n in reach.place))
    shares, rows = made.shares if made else {}, []
    for rank, n in enumerate(each(order, "rows with evidence", progress), 1):
        past, scores = known.past.get(n), known.scores[n]
        told = {"adds": adds.get(n, none), "exclusive": exclusive.get(n, none), "share": shares.get(n, none)}
        rows.append(_row(
            known, n, told, rank=rank, fit=fit[n], fit_rank_interval=places.get(n), scores=scores,
            history=past.score if past else None, history_rank_interval=past.rank_interval if past else None,
            evidence=lookup.of(n, scores), reasons=reasons_of(n, known.past, adds, scores),
        ))  # fmt: skip
    if asked.lead:
        told = {"adds": none, "exclusive": none, "share": shares.get(asked.lead, none)}
        rows.append(_row(
            known, asked.lead, told, rank=None, fit=None, fit_rank_interval=None, scores=dict.fromkeys(CRITERIA),
            history=None, history_rank_interval=None, evidence=(f"record of {asked.lead[0]} {asked.lead[1]}",),
            reasons=(both("主导方: 没有它就没有利润", "lead: without it there is no profit"),),
        ))  # fmt: skip
    return tuple(rows)


def _row(known: Known, n: Node, told: Mapping[str, tuple[Any, Any]], **others: Any) -> Partner:
    """One row; ``told`` are numbers with their intervals."""
    pairs = {key: x for name, pair in told.items() for key, x in zip((name, f"{name}_interval"), pair, strict=True)}
    return Partner(partner=n[1], label=n[0], name=known.data.name(n), **pairs, **others)
