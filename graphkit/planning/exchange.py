"""Member benefits that two platforms give each other's members: which to choose so that nobody can lose.

Offer o of giver g to members of r: redemptions = min(cap, eligible x uptake). g gains redemptions x (acquisition value - cost), r gains redemptions x retention
value. Choose the set with the largest sum whose every side stays at or above zero at the worst end of the uptake intervals. Money is whole minor units, so
"at or above zero" is exact.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import positive_int
from graphkit.errors import DataInvalid, NotConverged
from graphkit.matching.records import is_missing
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["EXCHANGE_COLUMNS", "BenefitExchange", "exchange_benefits"]

EXCHANGE_COLUMNS = [
    "offer",
    "giver",
    "receiver",
    "chosen",
    "redemptions",
    "value",
    "giver_gain",
    "giver_worst",
    "receiver_gain",
    "receiver_worst",
    "reason",
]
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


@dataclass(frozen=True, eq=False, repr=False)
class BenefitExchange(Result):
    """The chosen offers and what each side gets.

    Attributes
    ----------
    offers : list of dict
        offer, giver, receiver, chosen, redemptions, value, and of each side the gain expected and the gain at the worst end (currency); reason of a no.
    sides : list of dict
        side, gain, worst: sums over the chosen offers.
    value : float
        Sum of all sides' gains.
    reason : str or None
        Why nothing was chosen.
    """

    offers: list[dict[str, Any]]
    sides: list[dict[str, Any]]
    value: float
    reason: str | None
    assumptions: list[str]
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per offer."""
        import pandas as pd

        return pd.DataFrame(self.offers, columns=EXCHANGE_COLUMNS)


def exchange_benefits(offers: pd.DataFrame, *, max_offers: int | None = None, name: str = "offers") -> BenefitExchange:
    """Choose offers of a benefit exchange.

    Maximise sum of value over the chosen offers, at most ``max_offers`` of them, subject to worst-case gain >= 0 for every side.

    Parameters
    ----------
    offers : DataFrame
        offer, giver, receiver (ids), eligible (members), uptake, uptake_lower, uptake_upper (0..1), acquisition_value, cost, retention_value (currency per
        redemption), optionally cap (redemptions).
    max_offers : int, optional
    name : str
        Of the table, for messages.

    Returns
    -------
    BenefitExchange
        Without an acceptable set it is empty and says why. Equal sums: the set whose ids come first.

    Raises
    ------
    DataInvalid
        A column or number is missing, an uptake lies outside its interval, an offer occurs twice.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"offer": "o1", "giver": "a", "receiver": "b", "eligible": 100, "uptake": 0.2, "uptake_lower": 0.1, "uptake_upper": 0.3}
    >>> found = exchange_benefits(pd.DataFrame([{**row, "acquisition_value": 50, "cost": 20, "retention_value": 5}]))
    >>> found.value, [side["worst"] for side in found.sides]
    (700.0, [300.0, 50.0])
    """
    start = time.monotonic()
    if max_offers is not None:
        positive_int("max_offers", max_offers)
    rows = [_gains(row) for row in _checked(offers, name)]
    chosen = _choose(rows, max_offers)
    taken = [row for row, yes in zip(rows, chosen, strict=True) if yes]
    totals = _totals(rows, taken)
    if any(worst < 0 for _, worst in totals.values()):  # whole units, so this is exact
        raise NotConverged("the solver's set lets a side lose", best=[row["offer"] for row in taken])
    why = (
        None
        if any(chosen)
        else "no set of offers has a positive sum with every side at or above 0 at the worst end of its uptake"
    )
    answer: dict[str, Any] = {
        "offers": [_told(row, yes) for row, yes in zip(rows, chosen, strict=True)],
        "sides": [{"side": s, "gain": g / 100, "worst": w / 100} for s, (g, w) in totals.items()],
        "value": sum(row["value"] for row in taken) / 100,
        "reason": why,
    }
    notes = [
        "members redeem one offer independently of the others",
        "acquisition and retention values are the sides' own figures; an experiment measures them",
    ]
    request = {"max_offers": max_offers, "offers": [row["offer"] for row in rows]}
    return BenefitExchange(
        **answer,
        assumptions=notes,
        manifest=make_manifest("exchange_benefits", request=request, answer=answer, seconds=time.monotonic() - start),
    )


def _totals(rows: list[dict[str, Any]], taken: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Gain and worst case of every side over the offers taken, in minor units; sides without one stay at 0."""
    totals = dict.fromkeys(_sides(rows), (0, 0))
    for row in taken:
        for part in ("giver", "receiver"):
            gain, worst = totals[row[part]]
            totals[row[part]] = (gain + row[f"{part}_gain"], worst + row[f"{part}_worst"])
    return totals


def _sides(rows: list[dict[str, Any]]) -> list[str]:
    """Everyone who gives or receives."""
    return sorted({row[part] for row in rows for part in ("giver", "receiver")})


def _told(row: dict[str, Any], chosen: bool) -> dict[str, Any]:  # noqa: FBT001 - a column
    """The offer as it is reported, in currency, with the reason of a no."""
    reason = "its value is not above 0" if row["value"] <= 0 else "a side could lose, or better offers take its place"
    return {
        **{k: row[k] for k in ("offer", "giver", "receiver")},
        "chosen": chosen,
        "redemptions": row["redemptions"],
        **{k: row[k] / 100 for k in ("value", "giver_gain", "giver_worst", "receiver_gain", "receiver_worst")},
        "reason": None if chosen else reason,
    }


def _checked(offers: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    """Rows by offer id, every number there and in its range."""
    for column in _NEEDED:
        if column not in offers.columns:
            raise DataInvalid(
                f"{name} has no column {column!r}",
                source=name,
                rule="missing-column",
                hint=f"columns: {', '.join(_NEEDED)}",
            )
    import pandas as pd

    rows, seen = [], set()
    for line, row in enumerate(offers.to_dict("records"), start=2):
        clean: dict[str, Any] = {c: str(row[c]) for c in ("offer", "giver", "receiver")}
        for column, text in clean.items():
            if is_missing(row[column]) or not text.strip():
                raise DataInvalid(
                    f"{name} line {line}: {column} is missing", source=name, rule="missing-value", rows=((line, None),)
                )
        if clean["offer"] in seen:
            raise DataInvalid(
                f"{name} line {line}: offer {clean['offer']!r} occurs twice",
                source=name,
                rule="duplicate-id",
                rows=((line, clean["offer"]),),
            )
        if clean["giver"] == clean["receiver"]:
            raise DataInvalid(
                f"{name} line {line}: giver and receiver of {clean['offer']!r} are the same",
                source=name,
                rule="same-side",
                rows=((line, clean["giver"]),),
            )
        seen.add(clean["offer"])
        for column in ("eligible", "uptake", "uptake_lower", "uptake_upper", *_MONEY):
            clean[column] = _number(row[column], column, name, line)
        cap = row.get("cap")
        clean["cap"] = math.inf if pd.isna(cap) else _number(cap, "cap", name, line)
        if not 0 <= clean["uptake_lower"] <= clean["uptake"] <= clean["uptake_upper"] <= 1:
            raise DataInvalid(
                f"{name} line {line}: uptake {clean['uptake']} must lie in its interval {clean['uptake_lower']}..{clean['uptake_upper']} inside 0..1",
                source=name,
                rule="uptake",
                rows=((line, clean["uptake"]),),
            )
        rows.append(clean)
    return sorted(rows, key=lambda r: r["offer"])


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


def _choose(rows: list[dict[str, Any]], max_offers: int | None) -> list[bool]:
    """The best set by integer programming; among equal sums the one whose ids come first, with no offer of value 0 that it can do without."""
    if not rows:
        return []
    value = np.array([row["value"] for row in rows], np.float64)
    solved = _Solver(rows, value, max_offers)
    low, high = np.zeros(len(rows)), np.ones(len(rows))
    first = solved.best(low, high)
    if first.x is None:
        raise NotConverged(f"the solver found no set: {first.message}")
    best = np.round(first.x)
    top = round(float(value @ best))
    if top <= 0:
        return [False] * len(rows)
    for i, wanted in enumerate(value != 0):
        if bool(best[i]) != wanted:
            low[i] = high[i] = wanted
            other = solved.best(low, high)
            if other.x is not None and round(float(value @ np.round(other.x))) == top:
                best = np.round(other.x)
        low[i] = high[i] = best[i]
    return [bool(x) for x in best]


class _Solver:
    """The integer programme of all sets in which no side can lose."""

    def __init__(self, rows: list[dict[str, Any]], value: NDArray[np.float64], max_offers: int | None) -> None:
        from scipy.optimize import LinearConstraint

        self.value = value
        worst = [
            [sum(row[f"{part}_worst"] for part in ("giver", "receiver") if row[part] == side) for row in rows]
            for side in _sides(rows)
        ]
        self.limits = [
            LinearConstraint(np.array(worst, np.float64), lb=-0.5),
            LinearConstraint(np.ones((1, len(rows))), ub=max_offers or len(rows)),
        ]  # whole units: -0.5 is 0 for the solver

    def best(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> Any:
        """SciPy's result for the best set between two sets; left alone the solver stops within 1e-4 of the best sum."""
        from scipy.optimize import Bounds, milp

        return milp(
            -self.value, constraints=self.limits, integrality=np.ones(low.size, np.int64), bounds=Bounds(low, high),
            options={"mip_rel_gap": 0.0},
        )  # fmt: skip
