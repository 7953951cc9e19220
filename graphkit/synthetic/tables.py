"""Rows collected per file and written as CSV in the plain layout."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["Files"]


class Files:
    """Files of an input directory in the making: name -> header and rows."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[list[str], list[Sequence[Any]]]] = {}

    def add(self, name: str, header: str, rows: Iterable[Sequence[Any]]) -> None:
        """Append rows to `name`, e.g. `nodes/film`; the header is one text with blanks between the columns."""
        columns, found = self._files.setdefault(name, (header.split(), []))
        if columns != header.split():
            message = f"{name} was begun with the columns {columns}"
            raise ValueError(message)
        found.extend(rows)

    def rows(self, name: str) -> list[Sequence[Any]]:
        """Return the rows of a file so far."""
        return self._files[name][1]

    def write(self, directory: Path) -> dict[str, int]:
        """Write every file and return its number of rows."""
        for name, (header, rows) in self._files.items():
            path = directory / f"{name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(header)
                writer.writerows([_cell(v) for v in row] for row in rows)
        return {name: len(rows) for name, (_, rows) in self._files.items()}


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ";".join(value)
    return (
        f"{value:.6g}"
        if isinstance(value, float) and value != int(value)
        else value
        if not isinstance(value, float)
        else int(value)
    )
