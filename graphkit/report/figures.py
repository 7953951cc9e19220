"""Numbers as the reader of a page sees them; None and NaN are a dash, never 0."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from graphkit.intervals import EXACT
from graphkit.report.text_width import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["DASH", "Figures"]

DASH = "–"


def _known(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


class Figures:
    """Formats by kind of quantity; what rounds to 0 has no sign (z)."""

    @staticmethod
    def people(value: Any) -> str:
        """Return a count of people or of value units: whole from 100 up, one digit below."""
        if not _known(value):
            return DASH
        return f"{value:z,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:z,.1f}"

    @staticmethod
    def money(value: Any, currency: str | None = None) -> str:
        """Return an amount with two digits, or none when it is whole, and its currency where it is given."""
        return (
            f"{value:z,.2f}".removesuffix(".00") + (f" {visible(currency)}" if currency else "")
            if _known(value)
            else DASH
        )

    @staticmethod
    def percent(value: Any) -> str:
        """Return a share as percent; a very small one keeps a digit that is not 0."""
        if not _known(value):
            return DASH
        share = 100 * value
        return f"{share:.1f} %".replace(".0 %", " %") if abs(share) >= 0.1 or not share else f"{share:.2g} %"

    @classmethod
    def at_least(cls, value: Any) -> str:
        """Return a guaranteed share, rounded down: a guarantee must not grow by printing it."""
        return cls.percent(math.floor(value * 1000 + 1e-9) / 1000) if _known(value) else DASH

    @classmethod
    def share_of(cls, values: Iterable[Any]) -> Callable[[Any], str]:
        """Return the format of shares: percent when they are parts of one, else a count."""
        known = [value for value in values if _known(value)]
        return cls.percent if sum(known) <= 1 + 1e-9 else cls.people

    @staticmethod
    def score(value: Any) -> str:
        """Return a score with two digits."""
        return f"{value:z.2f}" if _known(value) else DASH

    @staticmethod
    def seconds(value: Any) -> str | None:
        """Return a time with three digits that count, or nothing."""
        return f"{value:.3g}" if _known(value) and value < 100 else f"{value:,.0f}" if _known(value) else None

    @staticmethod
    def text(value: Any) -> str:
        """Return a text, or a dash."""
        return DASH if value is None or value == "" else str(value)

    @classmethod
    def band(cls, pair: Any) -> str:
        """Return an interval as "low – high"; nothing for an unknown one and for that of an exact number."""
        if not pair or not all(_known(end) for end in pair) or cls.exact(pair):
            return ""
        low, high = map(cls.people, pair)
        return "" if low == high else f"{low} – {high}"

    @staticmethod
    def exact(pair: Any) -> bool:
        """Whether an interval is the rounding of an exact number and no more."""
        return bool(pair) and all(_known(end) for end in pair) and pair[1] - pair[0] <= EXACT
