"""Amounts of money: minor units as integers, within what integers of 64 bits can add up."""

from __future__ import annotations

import math
from typing import Any

from graphkit.check import non_negative, refuse

__all__ = ["MINOR", "MOST_MONEY", "minor", "money", "spendable"]

MINOR = 100  # minor units of a currency unit
MOST_MONEY = 1e13  # currency units: thousands of such amounts still add up exactly


def minor(amount: float) -> int:
    """Money as integer minor units."""
    return round(float(amount) * MINOR)


def spendable(amount: float) -> int:
    """Money that may be spent, in whole minor units: never more than there is."""
    return math.floor(float(amount) * MINOR + 1e-6)


def money(name: str, value: Any) -> float:
    """Return an amount of money in [0, MOST_MONEY].

    Raises
    ------
    InvalidParameter
        Not a finite number, below 0, or beyond what the sums of a plan can hold.
    """
    amount = non_negative(name, value)
    if amount > MOST_MONEY:
        refuse(name, value, f"an amount of money of at most {MOST_MONEY:g}", hint="is the currency unit right?")
    return amount
