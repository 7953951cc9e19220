"""Texts of times to epoch seconds; a time that could mean two moments is refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = ["epoch_seconds"]

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)
# As spreadsheets write it with the year first, which has one meaning; 1/5/2024 has two and is refused.
_SHEET = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?: (\d{1,2}):(\d{2}(?::\d{2})?))?", re.ASCII)


def epoch_seconds(text: str, zone: tzinfo | None) -> int | tuple[str, str, str]:
    """Epoch seconds of an ISO 8601 text, or one such as 2024/5/1 9:05, or (rule, what is wrong, hint)."""
    text = _iso(text)
    found = _TIME.fullmatch(text)
    if not found:
        return "time", f"{text[:60]!r} is not a time", "write epoch seconds or 2024-05-01T10:00:00+08:00"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        return "time", f"{text!r}: {error}", "write epoch seconds or 2024-05-01T10:00:00+08:00"
    if (found[3] or "").strip(".0"):  # datetime would cut what is finer than a microsecond
        return "time", f"{text!r} has a fraction of a second", "give whole seconds"
    if moment.tzinfo is None:
        if zone is None:
            return (
                "time-zone",
                f"{text!r} has no offset and dataset.toml declares no time_zone",
                'add time_zone = "Asia/Shanghai" or an offset',
            )
        early, late = moment.replace(tzinfo=zone), moment.replace(tzinfo=zone, fold=1)
        if early.utcoffset() != late.utcoffset():
            return "time", f"{text!r} does not exist or occurs twice in this time zone", "give the offset"
        moment = early
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def _iso(text: str) -> str:
    """Return a time as spreadsheets write it in the spelling of ISO 8601; any other text as it is."""
    found = _SHEET.fullmatch(text)
    if not found:
        return text
    year, month, day, hour, rest = found.groups()
    return f"{year}-{month:>02}-{day:>02}" + (f" {hour:>02}:{rest}" if hour else "")
