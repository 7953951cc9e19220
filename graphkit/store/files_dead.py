"""The dead-letter file: every rejected row with its place, reason and raw bytes, as NDJSON."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.store.leftovers import remove_leftovers

if TYPE_CHECKING:
    from graphkit.model.validate import DataReport, RejectedRow

__all__ = ["write_dead_letters"]


def write_dead_letters(report: DataReport, folder: str | os.PathLike[str], *, run: str) -> Path | None:
    """Write `dead-<run>.ndjson` in the folder, whole or not at all.

    Parameters
    ----------
    report
        What reading found; its `dead_letters` are written in order, `dead_events` after them.
    folder
        Made when missing.
    run
        Id of the load, part of the file name and of every line.

    Returns
    -------
    pathlib.Path or None
        The file; None when no row was rejected.
    """
    rejected = (*report.dead_letters, *report.dead_events)
    if not rejected:
        return None
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    place = root / f"dead-{run}.ndjson"
    remove_leftovers(root, f"{place.stem}.", ".tmp")
    aside = place.with_suffix(f".{os.getpid()}.tmp")
    try:
        with aside.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(json.dumps({"run": run, **_line(row)}, ensure_ascii=False) + "\n" for row in rejected)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)
    return place


def _line(row: RejectedRow) -> dict[str, Any]:
    """Return a rejected row as JSON."""
    return {
        "file": row.file,
        "sha256": row.sha256,
        "record": row.record,
        "line": row.line,
        "offset": row.offset,
        "column": row.column,
        "rule": row.rule,
        "reason": row.reason,
        "header": row.header,
        "raw": base64.b64encode(row.raw).decode("ascii"),
    }
