"""The answer, the purchases and what was not possible, as the template of the page reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.report.figures import Figures
from graphkit.report.plan_reading import unspent
from graphkit.report.sentences import term
from graphkit.report.spoken import both_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

__all__ = ["MOST_ROWS", "plan_part", "refused"]

MOST_ROWS = 300
_MOST_REASONS, _MOST_ALIKE = 60, 20
_ROUNDING = 1e-9  # relative: a difference that a sum of shares may leave


def plan_part(plan: Row) -> dict[str, Any]:
    """Return what the template needs of any plan."""
    reach, items, rejected = plan.get("reach") or {}, plan.get("items") or [], plan.get("rejected") or []
    mean, interval = reach.get("mean"), reach.get("interval") or [None, None]
    certificate = plan.get("certificate") or {}
    because = unspent(plan)
    return {
        "plan": plan,
        **_heading(plan),
        "items": [_item(item) for item in items[:MOST_ROWS]],
        "more_items": max(0, len(items) - MOST_ROWS),
        "has_material": any(item.get("material") for item in items),
        "reach": {"mean": mean},
        "exact": Figures.exact(interval),
        "total_band": Figures.band(interval),
        "model_interval": reach.get("interval_with_model_uncertainty"),
        "certificate": certificate if certificate.get("ratio") else None,
        "per_head": plan["spent"] / mean if mean and plan.get("spent") else None,
        "overstated": _overstated(plan.get("adding_up_would_have_said"), mean),
        **_answer(plan, mean, interval),
        "unspent": both_of(str(because)) if because else None,
        "rejected": refused(rejected),
        "assumptions": [both_of(str(text)) for text in plan.get("assumptions") or []],
    }


def refused(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return those left out, together where rule and reason are the same; the last row counts the others."""
    alike: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        alike.setdefault((str(row.get("rule", "")), str(row.get("reason", ""))), []).append(row)
    listed = [
        {
            "candidates": [_candidate(row) for row in each[:_MOST_ALIKE]],
            "more": max(0, len(each) - _MOST_ALIKE),
            "rule": rule,
            "reason": both_of(reason),
        }
        for (rule, reason), each in list(alike.items())[:_MOST_REASONS]
    ]
    others = sum(map(len, list(alike.values())[_MOST_REASONS:]))
    return listed + ([{"candidates": [], "more": others, "rule": "others", "reason": ("", "")}] if others else [])


def _candidate(row: Row) -> dict[str, Any]:
    found = next((row[key] for key in ("channel", "partner", "candidate") if key in row), "")
    return {"id": found, "name": row.get("name") or found}


def _heading(plan: Row) -> dict[str, Any]:
    called = plan.get("for_name")
    target = called or plan.get("for", "")
    return {
        "title": f"graphkit · {target} · {plan.get('plan', '')}",
        "target": target,
        "target_id": plan.get("for") if called else None,
        "currency": plan.get("currency"),
    }


def _answer(plan: Row, mean: float | None, interval: Sequence[float | None]) -> dict[str, Any]:
    """Return the words of the sentence that answers, and the name of what is expected."""
    objective, currency = str(plan.get("objective", "reach")), plan.get("currency")
    expected = f"expected_{objective}" if "=" not in objective else "expected_sum"
    zh, en = term(expected)
    words = {
        "n": len(plan.get("items", [])),
        "spent": Figures.money(plan.get("spent"), currency),
        "budget": Figures.money(plan.get("budget"), currency),
        "mean": Figures.people(mean),
        "lower": Figures.people(interval[0]),
        "upper": Figures.people(interval[1]),
        "objective_zh": zh,
        "objective_en": en,
    }
    return {"expected": expected, "answer": words}


def _item(item: Row) -> dict[str, Any]:
    wave = item.get("wave") or 1
    return {
        **item,
        "name": item.get("name") or item["channel"],
        "key": f"items.{item['channel']}" + ("" if wave == 1 else f"@{wave}"),
        "bands": {part: Figures.band(item.get(f"{part}_interval")) for part in ("adds", "exclusive", "alone")},
        "reasons": [both_of(str(reason)) for reason in item.get("reasons") or []],
    }


def _overstated(added: float | None, mean: float | None) -> float | None:
    """Return by how much adding up says more than the plan reaches; what is left of rounding is nothing."""
    if not mean or added is None:
        return None
    share = added / mean - 1
    return share if abs(share) > _ROUNDING else 0.0
