"""The partners and their profit split, as the template of the page reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.report.figures import Figures
from graphkit.report.page_plan import refused
from graphkit.report.spoken import both_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Row = Mapping[str, Any]

__all__ = ["partner_part"]

_SCORES = ("theme", "audience", "brand", "data", "will", "goal", "complement", "culture", "novelty")
_COMMAND = "graphkit "


def partner_part(found: Row) -> dict[str, Any]:
    """Return what the template needs of the partners that were found."""
    rows, joint = found.get("partners") or [], found.get("joint_reach")
    form = Figures.share_of(row.get("share") for row in rows)
    listed = [_partner(row, form) for row in rows]
    said = dict.fromkeys(str(text) for row in rows for text in row.get("evidence") or [])
    told = joint if isinstance(joint, dict) else {"mean": joint}
    return {
        "partners": listed,
        "score_names": [name for name in _SCORES if any(row["scores"].get(name) is not None for row in listed)],
        "has_share": any(row["share"] is not None for row in listed),
        "share_form": form,
        "has_exclusive": any(row["exclusive"] is not None for row in listed),
        "joint_reach": told.get("mean"),
        "joint_band": Figures.band(told.get("interval")),
        "joint_at_most": told.get("at_most"),
        "partner_commands": [text for text in said if text.startswith(_COMMAND)],
        "partner_notes": [both_of(str(text)) for text in found.get("assumptions") or []],
        "partners_rejected": refused(found.get("rejected") or []),
    }


def _partner(row: Row, form: Callable[[Any], str]) -> dict[str, Any]:
    return {
        "id": row["partner"],
        "name": row.get("name") or row["partner"],
        "rank": row.get("rank"),
        "fit": row.get("fit"),
        "fit_rank": row.get("fit_rank_interval"),
        "scores": row.get("scores") or {},
        "adds": row.get("adds"),
        "band": Figures.band(row.get("adds_interval")),
        "exclusive": row.get("exclusive"),
        "exclusive_band": Figures.band(row.get("exclusive_interval")),
        "share": row.get("share"),
        "share_band": _shares(row.get("share_interval"), form),
        "reasons": [both_of(str(reason)) for reason in row.get("reasons") or []],
        "evidence": [both_of(str(text)) for text in row.get("evidence") or [] if not str(text).startswith(_COMMAND)],
    }


def _shares(pair: Any, form: Callable[[Any], str]) -> str:
    """Return the interval of a share in the form of the shares."""
    low, high = (form(end) for end in pair or (None, None))
    return "" if low == high else f"{low} – {high}"
