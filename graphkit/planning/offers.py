"""Offers and what one redemption of each costs, by kind and fields.

coupon, full_reduction 满减: the amount taken off (a full reduction applies from its threshold on) · discount: percent of the price · free_trial,
membership_days: days x cost of a day · ticket: tickets x cost of a ticket. What is missing is "not measured", never 0. A cost is no effect: what an
offer brings is measured by an experiment.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.planning.amounts import MOST_MONEY, minor
from graphkit.planning.inputs import checked, numbers
from graphkit.projection.consent import consent_mask
from graphkit.projection.snapshot import as_snapshot
from graphkit.results import Manifest, Result, make_manifest

if TYPE_CHECKING:
    import pandas as pd

    from graphkit.projection.snapshot import Snapshot

__all__ = ["OFFER_COLUMNS", "OfferList", "list_offers", "members", "redemption_cost"]

# The largest value of each number of an offer; all are at least 0
MOST = {
    "amount": MOST_MONEY, "percent": 100.0, "threshold": MOST_MONEY, "days": np.inf, "tickets": np.inf, "unit_cost": MOST_MONEY, "cap": np.inf,
    "uptake": 1.0, "uptake_lower": 1.0, "uptake_upper": 1.0,
}  # fmt: skip
OFFER_COLUMNS = [
    "offer",
    "name",
    "kind",
    "giver",
    "to_members_of",
    "applies_to",
    "cost",
    "missing",
    "eligible",
    "uptake",
    "uptake_lower",
    "uptake_upper",
    "cap",
    "redemptions",
    "redeemed",
    "budget",
]


@dataclass(frozen=True, eq=False, repr=False)
class OfferList(Result):
    """Offers with their costs.

    Attributes
    ----------
    rows : list of dict
        offer, name, kind, giver and to_members_of (Brand ids), applies_to (``Label:id``), cost (currency per redemption; None = not measured),
        missing (the field that is), eligible (members with consent), uptake and its interval, cap, redemptions expected = min(cap, eligible x uptake),
        redeemed (users seen), budget = cost x redemptions.
    """

    rows: list[dict[str, Any]]
    currency: str | None
    assumptions: list[str]
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per offer."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=OFFER_COLUMNS)


def redemption_cost(
    kind: str, *, amount: float | None = None, percent: float | None = None, price: float | None = None, threshold: float | None = None,
    days: float | None = None, tickets: float | None = None, unit_cost: float | None = None,
) -> tuple[float | None, str | None]:  # fmt: skip
    """Return (cost of one redemption, None), or (None, the field that is missing).

    Parameters
    ----------
    kind : str
        coupon, discount, full_reduction, free_trial, ticket or membership_days.
    amount, price, threshold, unit_cost : float, optional
        Currency; ``unit_cost`` is the cost of one day or one ticket.
    percent : float, optional
        0..100, taken off the price.
    days, tickets : float, optional

    Examples
    --------
    >>> redemption_cost("full_reduction", amount=30, threshold=200)
    (30.0, None)
    >>> redemption_cost("discount", percent=20, price=150)
    (30.0, None)
    >>> redemption_cost("membership_days", days=30)
    (None, 'unit_cost')
    """
    needed: dict[str, dict[str, float | None]] = {
        "coupon": {"amount": amount},
        "full_reduction": {"amount": amount, "threshold": threshold},
        "discount": {"percent": percent, "price": price},
        "free_trial": {"days": days, "unit_cost": unit_cost},
        "membership_days": {"days": days, "unit_cost": unit_cost},
        "ticket": {"tickets": tickets, "unit_cost": unit_cost},
    }
    parts = needed.get(kind)
    if parts is None:
        return None, "kind"
    for name, value in parts.items():
        if value is None or np.isnan(value):
            return None, name
    if kind in ("coupon", "full_reduction"):
        return float(amount or 0.0), None
    if kind == "discount":
        return float(percent or 0.0) * float(price or 0.0) / 100, None
    return float((tickets if kind == "ticket" else days) or 0.0) * float(unit_cost or 0.0), None


def list_offers(source: Any) -> OfferList:
    """Return every offer with cost per redemption, eligible members and expected redemptions.

    Parameters
    ----------
    source : GraphStore, directory, Projection's snapshot or tables

    Returns
    -------
    OfferList
        Sorted by offer id.

    Raises
    ------
    DataInvalid
        A number of an offer is negative, infinite or beyond its range.

    Examples
    --------
    >>> from graphkit.synthetic.campaign import write_campaign
    >>> _ = write_campaign("data", n_users=60, clips=1)
    >>> list_offers("data").to_frame()[["offer", "kind", "cost"]].values.tolist()[0]
    ['o01', 'coupon', 20.0]
    """
    start, snapshot = time.monotonic(), as_snapshot(source)
    giver, target, receivers = _ties(snapshot)
    redeemed, rows = _redeemed(snapshot), []
    for stated in _stated(snapshot):
        offer = stated["offer"]
        row = _row(snapshot, stated, target.get(offer), receivers.get(offer))
        row |= {"giver": giver.get(offer), "redeemed": None if redeemed is None else redeemed.get(offer, 0)}
        rows.append({name: row[name] for name in OFFER_COLUMNS})
    answer = {"rows": rows, "currency": snapshot.currency}
    notes = [
        "memberships count when they run at the offer's start; without a start all count",
        "a cost is no effect: what an offer brings is measured by an experiment",
    ]
    manifest = make_manifest(
        "list_offers", request={}, answer=answer, snapshot=snapshot.digest, seconds=time.monotonic() - start
    )
    return OfferList(rows, snapshot.currency, notes, manifest)


def _stated(snapshot: Snapshot) -> list[dict[str, Any]]:
    """What each offer says of itself, by id; None where it says nothing."""
    table = snapshot.nodes("Offer")
    fields = {name: checked(numbers(table.column(name)), f"Offer.{name}", most=most) for name, most in MOST.items()}
    fields["starts_ts"] = numbers(table.column("starts_ts"))
    return [
        {"offer": str(table.ids[row]), "name": table.column("name")[row], "kind": str(table.column("kind")[row])}
        | {name: None if np.isnan(column[row]) else float(column[row]) for name, column in fields.items()}
        for row in np.argsort(table.ids.astype(str)).tolist()
    ]


def _row(
    snapshot: Snapshot, stated: dict[str, Any], target: tuple[str, str] | None, receiver: str | None
) -> dict[str, Any]:
    """One offer with its cost, and how many will redeem it."""
    parts = {name: stated[name] for name in ("amount", "percent", "threshold", "days", "tickets", "unit_cost")}
    cost, missing = redemption_cost(stated["kind"], price=_price(snapshot, target), **parts)
    eligible = None if receiver is None else len(members(snapshot, receiver, at=stated["starts_ts"]))
    expected = _expected(eligible, stated["uptake"], stated["cap"])
    return {
        name: stated[name] for name in ("offer", "name", "kind", "uptake", "uptake_lower", "uptake_upper", "cap")
    } | {
        "to_members_of": receiver,
        "applies_to": None if target is None else ":".join(target),
        "cost": cost,
        "missing": missing,
        "eligible": eligible,
        "redemptions": expected,
        "budget": None if cost is None or expected is None else minor(cost * expected) / 100,
    }


def members(snapshot: Snapshot, brand: str, *, at: float | None = None) -> list[str]:
    """Return the ids of users with consent who subscribe to a brand, sorted; with ``at`` (epoch seconds) only memberships that run then."""
    users = snapshot.nodes("User")
    agreed = consent_mask(users, "plan")
    found: set[str] = set()
    for edges in snapshot.edges("SUBSCRIBES"):
        row = snapshot.nodes(edges.target_label).row_of().get(brand)
        here = np.asarray(edges.target_rows) == (-1 if row is None else row)
        if at is not None:
            since, until = numbers(edges.column("since_ts")), numbers(edges.column("until_ts"))
            here &= ~(since > at) & ~(until <= at)  # an open end runs on
        inside = np.asarray(edges.source_rows)[here]
        found.update(str(users.ids[i]) for i in inside.tolist() if agreed[i])
    return sorted(found)


def _ties(snapshot: Snapshot) -> tuple[dict[str, str], dict[str, tuple[str, str]], dict[str, str]]:
    """Giver of each offer, what it applies to, and whose members it is for."""
    giver: dict[str, str] = {}
    target: dict[str, tuple[str, str]] = {}
    receivers: dict[str, str] = {}
    offers = snapshot.nodes("Offer").ids
    for edges in snapshot.edges("OFFERS"):
        brands, to = snapshot.nodes("Brand").ids, edges.column("to_members_of").tolist()
        for k, (a, b) in enumerate(zip(edges.source_rows.tolist(), edges.target_rows.tolist(), strict=True)):
            giver[str(offers[b])] = str(brands[a])
            if to[k] is not None:
                receivers[str(offers[b])] = str(to[k])
    for edges in snapshot.edges("APPLIES_TO"):
        there = snapshot.nodes(edges.target_label).ids
        for a, b in zip(edges.source_rows.tolist(), edges.target_rows.tolist(), strict=True):
            target.setdefault(str(offers[a]), (edges.target_label, str(there[b])))
    return giver, target, receivers


def _price(snapshot: Snapshot, target: tuple[str, str] | None) -> float | None:
    """Price of what an offer applies to; only courses have one."""
    if target is None or target[0] != "Course":
        return None
    table = snapshot.nodes("Course")
    value = numbers(table.column("price"))[table.row_of()[target[1]]]
    return None if np.isnan(value) else float(value)


def _redeemed(snapshot: Snapshot) -> dict[str, int] | None:
    """Users with consent who redeemed each offer; None when no redemption is in the data at all."""
    parts = snapshot.edges("REDEEMED")
    if not any(len(edges) for edges in parts):
        return None
    agreed, offers = consent_mask(snapshot.nodes("User"), "plan"), snapshot.nodes("Offer").ids
    found: dict[str, set[int]] = {}
    for edges in parts:
        for user, offer in zip(edges.source_rows.tolist(), edges.target_rows.tolist(), strict=True):
            if agreed[user]:
                found.setdefault(str(offers[offer]), set()).add(user)
    return {offer: len(users) for offer, users in found.items()}


def _expected(eligible: int | None, uptake: float | None, cap: float | None) -> float | None:
    if eligible is None or uptake is None:
        return None
    return min(eligible * uptake, np.inf if cap is None else cap)
