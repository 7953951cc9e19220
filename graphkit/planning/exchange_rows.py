"""Offers of a benefit exchange as rows: read, checked, and what each side gains in whole minor units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from graphkit.errors import DataInvalid
from graphkit.matching.records import is_missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["read_offers"]

_NEEDED = (
    "offer",
    "giver",
    "receiver",
    "eligible",
    "uptake",
    "uptake_lower",
    "uptake_upper",
    "acquisition_value",
    "cost",
    "retention_value",
)
_MONEY = ("acquisition_value", "cost", "retention_value")


def read_offers(offers: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    """Return offers by id with the gains of both sides; every number is there and in its range.

    Parameters
    ----------
    offers : DataFrame
        See `graphkit.planning.exchange.exchange_benefits`.
    name : str
        Of the table, for messages.

    Raises
    ------
    DataInvalid
        A column or number is missing, an uptake lies outside its interval, an offer occurs twice.
    """
    for column in _NEEDED:
        if column not in offers.columns:
            raise DataInvalid(
                f"{name} has no column {column!r}",
                source=name,
                rule="missing-column",
                hint=f"columns: {', '.join(_NEEDED)}",
            )
    seen: set[str] = set()
    rows = [
        _ids(row, seen, name, line) | _amounts(row, name, line)
        for line, row in enumerate(offers.to_dict("records"), start=2)
    ]
    return [_gains(row) for row in sorted(rows, key=lambda r: r["offer"])]


def _ids(row: Mapping[Any, Any], seen: set[str], name: str, line: int) -> dict[str, Any]:
    """The offer, not ``seen`` in a row before, and its two sides."""
    found = {c: str(row[c]) for c in ("offer", "giver", "receiver")}
    for column, text in found.items():
        if is_missing(row[column]) or not text.strip():
            raise DataInvalid(
                f"{name} line {line}: {column} is missing", source=name, rule="missing-value", rows=((line, None),)
            )
    if found["offer"] in seen:
        raise DataInvalid(
            f"{name} line {line}: offer {found['offer']!r} occurs twice",
            source=name,
            rule="duplicate-id",
            rows=((line, found["offer"]),),
        )
    if found["giver"] == found["receiver"]:
        raise DataInvalid(
            f"{name} line {line}: giver and receiver of {found['offer']!r} are the same",
            source=name,
            rule="same-side",
            rows=((line, found["giver"]),),
        )
    seen.add(found["offer"])
    return found


def _amounts(row: Mapping[Any, Any], name: str, line: int) -> dict[str, float]:
    """The numbers of an offer; without a cap every eligible member may redeem it."""
    import pandas as pd

    columns = ("eligible", "uptake", "uptake_lower", "uptake_upper", *_MONEY)
    found = {column: _number(row[column], column, name, line) for column in columns}
    cap = row.get("cap")
    found["cap"] = math.inf if pd.isna(cap) else _number(cap, "cap", name, line)
    if not 0 <= found["uptake_lower"] <= found["uptake"] <= found["uptake_upper"] <= 1:
        raise DataInvalid(
            f"{name} line {line}: uptake {found['uptake']} must lie in its interval {found['uptake_lower']}..{found['uptake_upper']} inside 0..1",
            source=name,
            rule="uptake",
            rows=((line, found["uptake"]),),
        )
    return found


def _number(value: Any, column: str, name: str, line: int) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    low = None if column in ("acquisition_value", "retention_value") else 0.0
    if not math.isfinite(number) or (low is not None and number < low):
        raise DataInvalid(
            f"{name} line {line}: {column} is {value!r}, not a number{' >= 0' if low is not None else ''}",
            source=name,
            rule="not-a-number",
            rows=((line, value),),
        )
    return number


def _gains(row: dict[str, Any]) -> dict[str, Any]:
    """Gains of both sides in minor units: expected, and at the worse end of the uptake (rounded down, so that no rounding hides a loss)."""
    unit = {"giver": row["acquisition_value"] - row["cost"], "receiver": row["retention_value"]}
    redemptions = {
        end: min(row["cap"], row["eligible"] * row[end]) for end in ("uptake", "uptake_lower", "uptake_upper")
    }
    out = {k: row[k] for k in ("offer", "giver", "receiver")} | {"redemptions": redemptions["uptake"]}
    for side, each in unit.items():
        out[f"{side}_gain"] = round(100 * redemptions["uptake"] * each)
        worst = min(redemptions["uptake_lower"] * each, redemptions["uptake_upper"] * each)
        out[f"{side}_worst"] = math.floor(100 * worst + 1e-6)
    return out | {"value": out["giver_gain"] + out["receiver_gain"]}
