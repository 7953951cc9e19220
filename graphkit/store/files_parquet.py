"""Parquet to typed columns; the same strictness as CSV, with row numbers for lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graphkit.model.validate import Finding
from graphkit.store.files_raw import FileRefused, RawTable

if TYPE_CHECKING:
    from pathlib import Path


def read_parquet(path: Path, name: str) -> RawTable:
    """Read a `.parquet` file.

    Raises
    ------
    FileRefused
        Not a Parquet file, damaged, or with a column name that is empty or doubled.
    """
    try:
        with path.open("rb") as raw, pq.ParquetFile(raw) as file:  # given the path, Arrow may take it for a URI
            table = file.read()
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0][:200]
        raise FileRefused(
            Finding(
                "file-unreadable", "error", name, None, None, None, f"cannot be read: {reason}", "write the file again"
            )
        ) from error
    names = table.column_names
    doubled = sorted({n for n in names if names.count(n) > 1 or not n.strip()})
    if doubled:
        text = f"header name {doubled[0]!r} is empty or occurs twice"
        raise FileRefused(
            Finding("header", "error", name, 1, None, doubled[0], text, "names must be unique"), table.num_rows
        )
    _check_text(table, name)
    columns = {n: _plain(table.column(n)) for n in names}
    return RawTable(name, path, names, columns, np.arange(1, table.num_rows + 1, dtype=np.int64), typed=True)


def _check_text(table: Any, name: str) -> None:
    """Refuse text that is not UTF-8: Parquet promises it, and reading does not look."""
    for column in table.column_names:
        row = 0
        for chunk in table.column(column).chunks:
            try:
                chunk.validate(full=True)
            except pa.ArrowInvalid as error:
                found = re.search(r"string index (\d+)", str(error))
                line = row + int(found[1]) + 1 if found else None
                text = "the text is not UTF-8" if found else f"cannot be read: {str(error).splitlines()[0][:200]}"
                rule, hint = ("encoding", "save it as UTF-8") if found else ("file-unreadable", "write the file again")
                finding = Finding(rule, "error", name, line, column, None, text, hint)
                raise FileRefused(finding, table.num_rows) from error
            row += len(chunk)


def _plain(column: Any) -> Any:
    """Without dictionary encoding; every kind of text as string."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    return column
