"""The dates of a plan as a calendar (RFC 5545) or as rows for a spreadsheet."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

from graphkit.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["DATE_COLUMNS", "date_rows", "write_calendar"]

DATE_COLUMNS = ("number", "wave", "starts", "ends", "channel", "name", "material", "uses", "cost", "code")
_WIDTH = 75  # octets of a line
_LAST = 253_402_300_799  # the end of the year 9999: a calendar has no later day


def date_rows(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row per purchase with the start and end of its wave, as ISO 8601 in UTC.

    A wave ends where the next one starts; the last one at the campaign's end, else a gap later, else after a day.

    Raises
    ------
    InvalidParameter
        The plan has no dates.
    """
    ends = _ends(plan)
    rows = []
    for number, item in enumerate(plan["items"], 1):
        start = item.get("starts_ts")
        if start is None:
            message = f"plan {plan['plan']} has no dates"
            raise InvalidParameter(
                message,
                parameter="starts_ts",
                value=None,
                hint="plan with rules that hold starts_ts (and gap_days for several waves)",
            )
        cells = {name: item.get(name) for name in ("wave", "channel", "name", "material", "uses", "cost", "code")}
        rows.append(
            {
                "number": number,
                **cells,
                "starts": _iso(start),
                "ends": _iso(ends[item.get("wave") or 1]),
                "starts_ts": start,
                "ends_ts": ends[item.get("wave") or 1],
            }
        )
    return rows


def _ends(plan: Mapping[str, Any]) -> dict[int, int]:
    """End of each wave."""
    rules = (plan.get("request") or {}).get("rules") or {}
    dated = [*plan["items"], *(plan.get("waves") or ())]
    waves = sorted(
        {row.get("wave") or 1: row["starts_ts"] for row in dated if row.get("starts_ts") is not None}.items()
    )
    following = {wave: nxt for (wave, _), (_, nxt) in itertools.pairwise(waves)}
    found = {}
    for wave, start in waves:
        last = rules.get("ends_ts") or round(start + 86_400 * (rules.get("gap_days") or 1))
        found[wave] = min(max(following.get(wave, last), start + 1), _LAST)
    return found


def _iso(ts: int) -> str:
    return dt.datetime.fromtimestamp(ts, tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_calendar(plan: Mapping[str, Any]) -> str:
    """Return the plan as an iCalendar file: one event per purchase, the same text for the same plan.

    Raises
    ------
    InvalidParameter
        The plan has no dates.

    References
    ----------
    Desruisseaux: Internet Calendaring and Scheduling Core Object Specification. RFC 5545 (2009).
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//graphkit//plan//EN", "CALSCALE:GREGORIAN"]
    for row in date_rows(plan):
        title = " · ".join(str(x) for x in (row["name"] or row["channel"], row["material"]) if x)
        told = [
            f"plan {plan['plan']} for {plan['for']}",
            f"channel {row['channel']}",
            f"wave {row['wave']}",
            f"uses {row['uses'] or 1}",
            f"cost {row['cost']}",
        ]
        told += [f"code {row['code']}"] if row["code"] else []
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_escaped(str(plan['plan']))}-{row['number']}@graphkit",
            f"DTSTAMP:{_stamp(row['starts_ts'])}",
            f"DTSTART:{_stamp(row['starts_ts'])}",
            f"DTEND:{_stamp(row['ends_ts'])}",
            f"SUMMARY:{_escaped(title)}",
            f"DESCRIPTION:{_escaped(chr(10).join(told))}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return "".join(f"{line}\r\n" for text in [*lines, "END:VCALENDAR"] for line in _folded(text))


def _stamp(ts: int) -> str:
    return dt.datetime.fromtimestamp(ts, tz=dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    """Escape what has a meaning in a text value."""
    for sign in ("\\", ";", ","):
        text = text.replace(sign, "\\" + sign)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in text if sign.isprintable() or sign in "\t\n\u200d").replace("\n", "\\n")


def _folded(text: str) -> Sequence[str]:
    """Cut a line into pieces of at most 75 octets, no character cut in two; each later piece begins with a blank."""
    pieces, size = [""], 0
    for sign in text:
        width = len(sign.encode())
        if size + width > _WIDTH:
            pieces.append(" ")
            size = 1
        pieces[-1] += sign
        size += width
    return pieces
