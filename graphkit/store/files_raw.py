"""A file as read, before its values are judged: text or typed columns, line numbers, and rows put aside."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.model.validate import Finding, RejectedRow, Severity, closing_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MAX_FINDINGS = 5_000  # of one rule in one column of a file; further ones are counted in one closing finding


class FileRefused(Exception):
    """The whole file cannot be used; carries the finding that says why."""

    def __init__(self, finding: Finding, rows: int = 0) -> None:
        super().__init__(finding.message)
        self.finding, self.rows = finding, rows


@dataclass
class Findings:
    """Collects findings; the same rule in the same column of a file beyond a limit is only counted."""

    found: list[Finding] = field(default_factory=list)
    fatal: bool = False
    counts: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)
    severities: dict[tuple[str, str, str | None], Severity] = field(default_factory=dict)

    def add(self, finding: Finding, *, fatal: bool = False) -> None:
        """Add one finding; `fatal` ones stop a load whatever number of bad rows is allowed."""
        self.fatal = self.fatal or fatal
        key = (finding.file, finding.rule, finding.column)
        self.counts[key] += 1
        self.severities[key] = finding.severity
        if self.counts[key] <= MAX_FINDINGS:
            self.found.append(finding)

    def room(self, file: str, rule: str, column: str | None) -> int:
        """How many findings of the rule in the column are still kept."""
        return max(0, MAX_FINDINGS - self.counts[file, rule, column])

    def sorted(self) -> tuple[Finding, ...]:
        """All findings by file and line, then what was only counted."""
        out = sorted(self.found, key=lambda f: (f.file, f.line or 0, f.column or "", f.rule))
        beyond = [(key, n - MAX_FINDINGS) for key, n in self.counts.items() if n > MAX_FINDINGS]
        for key, n in sorted(beyond, key=lambda each: (*each[0][:2], each[0][2] or "")):
            file, rule, column = key
            out.append(Finding("more", self.severities[key], file, None, column, str(n), closing_text(n, rule)))
        return tuple(out)


@dataclass
class RawTable:
    """Records of one file that have the right shape.

    Parameters
    ----------
    file
        Path inside the directory.
    names
        Header as given.
    columns
        Column name -> pyarrow array: text from CSV, typed from Parquet.
    lines
        Physical line of each record (Parquet: its number).
    n_broken
        Records put aside because of their shape.
    spans
        (start, end) byte offsets of the records, None for Parquet.
    data
        The bytes that `spans` cut, None for Parquet.
    shift
        Bytes of the file before those (a byte order mark); None when they were written anew from another encoding.
    """

    file: str
    path: Path
    names: list[str]
    columns: dict[str, Any]
    lines: NDArray[np.int64]
    n_broken: int = 0
    spans: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
    data: bytes | None = None
    typed: bool = False
    shift: int | None = 0
    broken: list[RejectedRow] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of records of the right shape."""
        return len(self.lines)

    def offset(self, row: int) -> int | None:
        """Where a record begins in the (unpacked) file, in bytes; None when its bytes are not those of the file."""
        return None if self.spans is None or self.shift is None else int(self.spans[0][row]) + self.shift

    def raw(self, row: int) -> bytes:
        """Bytes of a record as they stood in the file; for Parquet its values as text."""
        if self.spans is not None and self.data is not None:
            return self.data[int(self.spans[0][row]) : int(self.spans[1][row])]
        return repr({k: cell_value(v[row]) for k, v in self.columns.items()}).encode("utf-8", "replace")


@dataclass
class Slice:
    """The rows of a file that one mapped table uses, with a mask of those still good."""

    table: RawTable
    rows: NDArray[np.int64]
    findings: Findings
    good: NDArray[np.bool_] = field(init=False)
    reasons: dict[int, tuple[str, str | None, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.good = np.ones(len(self.rows), dtype=np.bool_)

    def line(self, i: int) -> int:
        """Physical line of the i-th row."""
        return int(self.table.lines[self.rows[i]])

    def note(
        self,
        rows: Sequence[int],
        rule: str,
        severity: Severity,
        column: str | None,
        values: Sequence[Any] | NDArray[Any],
        message: str,
        hint: str | None = None,
    ) -> None:
        """Add a finding per row; with severity `error` the rows are put aside."""
        kept = len(rows) if severity == "error" else self.findings.room(self.table.file, rule, column)
        for i, value in zip(rows[:kept], values[:kept], strict=True):
            shown = None if value is None else str(value)[:200]
            text = message.replace("{value}", "" if shown is None else shown[:80])
            self.findings.add(Finding(rule, severity, self.table.file, self.line(int(i)), column, shown, text, hint))
            if severity == "error":
                self.good[i] = False
                self.reasons.setdefault(int(i), (rule, column, text))
        self.findings.counts[self.table.file, rule, column] += len(rows[kept:])

    def rejected(self, sha256: str) -> list[RejectedRow]:
        """Return the rows put aside, with their bytes."""
        out, header = [], tuple(self.table.names)
        for i in np.flatnonzero(~self.good).tolist():
            rule, column, reason = self.reasons.get(i, ("conflict", None, "put aside"))
            row = int(self.rows[i])
            place = (self.table.file, sha256, row + 1, self.line(i), self.table.offset(row))
            out.append(RejectedRow(*place, column, rule, reason, self.table.raw(row), header))
        return out


def cell_value(cell: Any) -> Any:
    """Return the value of a Parquet cell; of a time beyond the calendar, its number and type as text."""
    try:
        return cell.as_py()
    except (OverflowError, ValueError):
        return f"{cell.value} ({cell.type})"


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
