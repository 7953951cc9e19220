"""Sections of the page about waves, materials, goals and unknown chances: plan JSON -> words for the template."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from graphkit.intervals import sign
from graphkit.report.figures import Figures
from graphkit.report.page_plan import MOST_ROWS
from graphkit.report.plan_reading import as_planned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

__all__ = ["more_parts"]

_CHANNELS = 12  # of a listed plan or a material


def more_parts(plan: Row) -> dict[str, Any]:
    """Return what the template needs for the sections a simple plan does not have."""
    return {
        **_waves(plan),
        **_materials(plan),
        "against": _against(plan),
        "adding_up_band": Figures.band(plan.get("adding_up_interval")),
        "per_head_band": _per_head(plan),
        "synergy": plan.get("synergy"),
        "goals": plan.get("goals") or [],
        **_pareto(plan),
        **_robust(plan),
        **_replanned(plan),
        "risk": _risk(plan),
    }


def _waves(plan: Row) -> dict[str, Any]:
    rows = list(plan.get("waves") or [])
    dated = any(row.get("starts_ts") is not None for row in rows)
    if len(rows) < 2 and not dated:
        rows = []
    shown = [
        {**row, "starts": _day(row.get("starts_ts")), "uses_cost": row["spent"] - (row.get("one_off") or 0.0)}
        for row in rows
    ]
    return {"waves": shown, "wave_dates": dated, "wave_money": any(row.get("budget") is not None for row in rows)}


def _day(ts: Any) -> str:
    return "" if ts is None else dt.datetime.fromtimestamp(ts, tz=dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _per_head(plan: Row) -> str:
    """Return what a person reached costs at the two ends of the reach."""
    spent, ends = plan.get("spent"), (plan.get("reach") or {}).get("interval") or [None]
    if not spent or not all(ends):
        return ""
    low, high = (Figures.money(spent / reach) for reach in reversed(ends))
    return "" if low == high else f"{low} – {high}"


def _against(plan: Row) -> list[dict[str, Any]]:
    """One row per plan made without a graph: what it reaches, and how much more the plan does on the same samples."""
    return [
        {
            **row,
            "band": Figures.band(row.get("interval")),
            "more": _signed(row.get("difference") or 0.0),
            "more_band": Figures.band(row.get("difference_interval")),
        }
        for row in plan.get("against_baselines") or []
    ]


def _materials(plan: Row) -> dict[str, Any]:
    """One row per material: who uses it, what making it costs, its tracking code."""
    found: dict[str, dict[str, Any]] = {}
    for item in plan.get("items") or []:
        if item.get("material"):
            row = found.setdefault(
                str(item["material"]),
                {"material": item["material"], "users": [], "once": 0.0, "code": item.get("code")},
            )
            row["users"].append(
                str(item.get("name") or item["channel"]) + (f" ({item['wave']})" if (item.get("wave") or 1) > 1 else "")
            )
            row["once"] += item.get("one_off_cost") or 0.0
    rows = [{**row, "used_by": _first(row["users"])} for row in found.values()]
    return {"materials": rows[:MOST_ROWS], "more_materials": max(0, len(rows) - MOST_ROWS)}


def _first(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - _CHANNELS
    return ", ".join(names[:_CHANNELS]) + (f" + {more:,}" if more > 0 else "")


def _pareto(plan: Row) -> dict[str, Any]:
    rows = plan.get("pareto") or []
    goals = list(rows[0]["goals"]) if rows else []
    bands = [
        {goal: Figures.band((row.get("intervals") or {}).get(goal) or [None, None]) for goal in goals} for row in rows
    ]
    shown = [
        {
            **row,
            "bands": band,
            "shown": _first(row["channels"]),
        }
        for row, band in zip(rows, bands, strict=True)
    ]
    return {"pareto": shown, "pareto_goals": goals}


def _risk(plan: Row) -> list[dict[str, Any]]:
    """The objective's 10th percentile, with its interval."""
    rows = (plan.get("risk") or {}).get("goals") or []
    return [{**row, "words": Figures.band(row["interval"])} for row in rows if row["goal"] == plan.get("objective")]


def _robust(plan: Row) -> dict[str, Any]:
    told = plan.get("robust")
    words = (
        {}
        if not told
        else {
            "draws": told["draws"],
            "q": Figures.percent(told["q"]),
            "regret": Figures.people(told["regret_of_plain"]),
        }
    )
    fresh = (told or {}).get("fresh")
    again = (
        {}
        if not fresh
        else {
            "draws": fresh["draws"],
            "q": words["q"],
            "more": _signed(fresh["regret_of_plain"]),
            "lower": _signed(fresh["interval"][0]),
            "upper": _signed(fresh["interval"][1]),
        }
    )
    ends = {name: (fresh or {}).get(f"{name}_interval") for name in ("robust", "plain")}
    bands = {name: Figures.band(pair) for name, pair in ends.items() if pair}
    return {"robust": told, "robust_words": words, "robust_fresh": again, "robust_bands": bands}


def _signed(value: float) -> str:
    """A difference with its sign."""
    return sign(value) + Figures.people(value)


def _replanned(plan: Row) -> dict[str, Any]:
    told = plan.get("replanned")
    if not told:
        return {"replanned": None, "replanned_gain": None}
    words = {
        "plan": told["plan"],
        "waves": told["waves"],
        "reached": Figures.people(told["reached"]),
        "spent": Figures.money(told["spent"]),
    }
    if told.get("gain") is None:
        return {"replanned": words, "replanned_gain": None}
    if as_planned(plan):
        return {"replanned": words, "replanned_gain": None, "replanned_same": True}
    low, high = told["gain_interval"]
    gain = {"gain": Figures.people(told["gain"]), "lower": Figures.people(low), "upper": Figures.people(high)}
    return {"replanned": words, "replanned_gain": gain}
