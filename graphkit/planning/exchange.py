"""Member benefits that two platforms give each other's members: which to choose so that nobody can lose.

Offer o of giver g to members of r: redemptions = min(cap, eligible x uptake). g gains redemptions x (acquisition value - cost), r gains redemptions x retention
value. Choose the set with the largest sum whose every side stays at or above zero at the worst end of the uptake intervals. Money is whole minor units, so
"at or above zero" is exact.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import positive_int
from graphkit.errors import NotConverged
from graphkit.planning.exchange_rows import read_offers
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
    rows = read_offers(offers, name)
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
