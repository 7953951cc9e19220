"""Input directories: read, check, and hand over as column tables with a report that adds up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.errors import DataInvalid
from graphkit.store.files_events import read_events
from graphkit.store.files_reader import DirectoryReader
from graphkit.store.files_write import write_parquet

if TYPE_CHECKING:
    from graphkit.model.tables import GraphTables
    from graphkit.model.validate import DataReport
    from graphkit.progress import ProgressCallback

__all__ = ["check_directory", "read_directory", "read_events", "write_parquet"]


def read_directory(
    path: str | Path,
    *,
    mapping: str | Path | None = None,
    encoding: str = "utf-8",
    max_bad: int = 0,
    progress: ProgressCallback | None = None,
) -> tuple[GraphTables, DataReport]:
    """Read an input directory (mission 2.5) as column tables.

    Parameters
    ----------
    path
        Directory with `dataset.toml`, `nodes/`, `relationships/`.
    mapping
        TOML file that maps foreign files; without it `dataset.toml` may hold the same tables.
    encoding
        Encoding of the CSV files.
    max_bad
        How many rows, events included, may be rejected before nothing is loaded.
    progress
        Called per file.

    Returns
    -------
    tables, report
        The good rows, and what was found; rows_in = loaded + rejected + duplicates. Events are judged and counted apart
        (`report.events`): they stay files.

    Raises
    ------
    DataInvalid
        More than `max_bad` rows rejected, or a file or the directory unusable; `.report` has every row rejected.
    """
    tables, report = DirectoryReader(Path(path), mapping, encoding, progress).read()
    if report.fatal or report.rejected + report.events.rejected > max_bad:
        raise _refusal(report, str(path))
    return tables, report


def check_directory(
    path: str | Path,
    *,
    mapping: str | Path | None = None,
    encoding: str = "utf-8",
    progress: ProgressCallback | None = None,
) -> DataReport:
    """Check an input directory; the report lists everything found and never raises for bad data."""
    return DirectoryReader(Path(path), mapping, encoding, progress).read()[1]


def _refusal(report: DataReport, path: str) -> DataInvalid:
    errors = report.errors
    first = [f"{f.file}{f' line {f.line}' if f.line else ''}: {f.message}" for f in errors[:5]]
    bad = [f"{report.rejected} of {report.rows_in} rows"] if report.rejected or not report.events.rejected else []
    bad += [f"{report.events.rejected} of {report.events.rows_in} events"] if report.events.rejected else []
    message = f"{path}: {' and '.join(bad)} rejected, nothing loaded\n  " + "\n  ".join(first)
    if len(errors) > 5:
        message += f"\n  ... and {len(errors) - 5} more"
    rows = tuple((f.file, f.line, f.value) for f in errors[:5])
    hint = f"graphkit check {path} lists all" + (
        "" if report.fatal else f"; --max-bad {report.rejected + report.events.rejected} loads the rest"
    )
    return DataInvalid(
        message,
        source=path,
        rule=errors[0].rule if errors else None,
        count=report.rejected + report.events.rejected,
        rows=rows,
        report=report.refused(),
        hint=hint,
    )
