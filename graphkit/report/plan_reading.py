"""What both the page and the terminal read out of the document of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["as_planned", "unspent"]


def as_planned(plan: Mapping[str, Any]) -> bool:
    """Say whether a plan of the waves left buys just what had been planned for them; others may be worth as much."""
    told = plan.get("replanned") or {}
    if "kept" not in told:  # documents of before it was written
        return told.get("gain_interval") == [0.0, 0.0]
    uses = [
        [item["channel"], item["wave"], item["material"], use]
        for item in plan["items"]
        for use in range(1, item["uses"] + 1)
    ]
    return sorted(map(str, uses)) == sorted(map(str, map(list, told["kept"])))


def unspent(plan: Mapping[str, Any]) -> str | None:
    """Return why money is left; None where none is, what waves before have cost counted."""
    gone = (plan.get("replanned") or {}).get("spent") or 0
    left = (plan.get("budget") or 0) - gone - (plan.get("spent") or 0)
    return plan.get("unspent_because") or None if left > 0 else None
