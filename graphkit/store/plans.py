"""Plans kept in the store: as nodes for analysts' Cypher, and whole as JSON on the Plan node."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from graphkit.errors import UnknownName, close_matches
from graphkit.model.plan_document import check_plan
from graphkit.store.queries import load_query

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphkit.store.base import GraphStore

__all__ = ["list_plans", "load_plan", "remove_plan", "save_plan"]


def save_plan(store: GraphStore, plan: dict[str, Any]) -> None:
    """Keep a plan (`ChannelPlan.to_dict()`) under its id; the same plan again changes nothing.

    Parameters
    ----------
    store
        Any store.
    plan
        The plan as JSON of interface version 1; kept whole in `Plan.manifest`.
    """
    label, _, target = str(plan["for"]).partition(":")
    items = [_item(plan["plan"], number, item) for number, item in enumerate(plan["items"], 1)]
    params = {
        "plan": plan["plan"],
        "properties": _plan(plan),
        "items": items,
        "forLabel": label,
        "forId": target,
        "rejected": _rejected(plan.get("rejected") or ()),
    }
    store.write(load_query("write/plan"), params)


def load_plan(store: GraphStore, plan_id: str) -> dict[str, Any]:
    """Return a kept plan, exactly as it was saved.

    Raises
    ------
    UnknownName
        With close matches among the kept plans.
    DataInvalid
        What is kept under this id has not the shape of a plan.
    """
    found = store.node("Plan", plan_id)
    if found is None or not found.get("manifest"):
        known = list_plans(store)
        message = f"there is no plan {plan_id!r} in the store"
        close = close_matches(plan_id, known)
        hint = None if close else "graphkit plan --for LABEL:ID --budget B makes one"
        raise UnknownName(message, kind="plan", name=plan_id, close_matches=close, hint=hint)
    try:
        data = json.loads(found["manifest"])
    except (ValueError, RecursionError):
        data = None
    return check_plan(data, f"Plan {plan_id} in the store")


def list_plans(store: GraphStore) -> list[str]:
    """Ids of the kept plans, sorted."""
    return store.ids("Plan")


def remove_plan(store: GraphStore, plan_id: str) -> None:
    """Remove a kept plan and its items.

    Raises
    ------
    UnknownName
        When there is none of this id.
    """
    load_plan(store, plan_id)
    store.write(load_query("write/remove_plan"), {"plan": plan_id})


def _plan(plan: dict[str, Any]) -> dict[str, Any]:
    reach, sure = plan.get("reach") or {}, plan.get("certificate") or {}
    manifest = plan.get("manifest") or {}
    low, high = reach.get("interval") or (None, None)
    return _given(
        objective=plan.get("objective"),
        budget=_number(plan.get("budget")),
        spent=_number(plan.get("spent")),
        reach=_number(reach.get("mean")),
        reach_lower=_number(low),
        reach_upper=_number(high),
        ratio=_number(sure.get("ratio")),
        delta=_number(sure.get("delta")),
        seed=manifest.get("seed"),
        snapshot=manifest.get("snapshot"),
        manifest=json.dumps(plan, ensure_ascii=False, sort_keys=False, allow_nan=False),
    )


def _item(plan_id: str, number: int, item: dict[str, Any]) -> dict[str, Any]:
    low, high = item.get("adds_interval") or (None, None)
    properties = _given(
        number=number,
        wave=item.get("wave"),
        starts_ts=item.get("starts_ts"),
        cost=_number(item.get("cost")),
        adds=_number(item.get("adds")),
        adds_lower=_number(low),
        adds_upper=_number(high),
        exclusive=_number(item.get("exclusive")),
        alone=_number(item.get("alone")),
    )
    return {
        "id": f"{plan_id}/{number}",
        **_bought(item["channel"], placement=item.get("kind") == "placement"),
        "material": item.get("material"),
        "code": item.get("code"),
        "properties": properties,
    }


def _rejected(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row for each channel and rule: two rules may speak against a channel, and one rule for two reasons."""
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        if row.get("channel"):
            reasons.setdefault((row["channel"], row.get("rule") or ""), {})[row.get("reason") or ""] = None
    return [{**_bought(name), "rule": rule, "reason": "; ".join(said)} for (name, rule), said in reasons.items()]


def _bought(name: str, *, placement: bool | None = None) -> dict[str, Any]:
    """Return under which id a channel and under which a placement is looked for; both when a plan does not say which."""
    id_ = name.removeprefix("CoProduction:")  # so a plan writes a placement whose id is also a channel's
    return {"channel": None if placement else name, "placement": None if placement is False else id_}


def _number(value: Any) -> float | None:
    """Return a float, so that the same property is never an integer here and a float there."""
    if value is None or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)


def _given(**cells: Any) -> dict[str, Any]:
    return {k: v for k, v in cells.items() if v is not None}
