"""The dates of a plan as files: a calendar, or rows for a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphkit.cli.context import App

__all__ = ["write_dates"]


def write_dates(app: App, plan: str, *, ics: str | None, csv: str | None) -> list[dict[str, Any]]:
    """Write the dates of a plan (an id of the store, or a file) and return one row per file."""
    from graphkit.cli.output import write_out
    from graphkit.cli.plans import find_plan
    from graphkit.report.calendar import DATE_COLUMNS, date_rows, write_calendar
    from graphkit.report.records import write_records

    found = find_plan(app, plan)
    rows = date_rows(found)
    texts = [(ics, write_calendar(found))] if ics else []
    texts += [(csv, write_records(rows, "csv", columns=DATE_COLUMNS))] if csv else []
    for name, text in texts:
        write_out(text, name)
    return [
        {"file": name, "bytes": Path(name).stat().st_size if name != "-" else len(text.encode())}
        for name, text in texts
    ]
