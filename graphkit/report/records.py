"""Rows as csv, json or ndjson text, or as a Parquet file. JSON keeps every value; csv is made safe for spreadsheets."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

from graphkit.check import one_of
from graphkit.parts import jsonable
from graphkit.tabular import arrow_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FORMATS", "columns_of", "escaped", "parquet_file", "write_records"]

FORMATS = ("csv", "json", "ndjson")
_STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_INTERVALS = re.compile("(^|_)(interval|range)$")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the keys of all rows in order of first appearance."""
    return list(dict.fromkeys(key for row in rows for key in row))


def escaped(text: str) -> str:
    r"""Return JSON with the characters that steer a terminal or turn its text around as ``\u`` escapes: the same values."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def write_records(
    rows: Sequence[Mapping[str, Any]],
    format: str = "csv",  # noqa: A002 - the option's name
    *,
    columns: Sequence[str] | None = None,
    raw: bool = False,
) -> str:
    """Return rows as text that ends with a line break.

    Parameters
    ----------
    rows : sequence of mappings
        Values may be numbers, texts, None, lists or mappings; NaN is written as missing.
    format : str
        csv, json (one list) or ndjson (one object a line).
    columns : sequence of str, optional
        Columns and their order; default: every key, in order of first appearance.
    raw : bool
        Leave csv cells that a spreadsheet would run as they are. Otherwise a text that begins with
        = + - @, a tab or a carriage return gets a leading apostrophe, unless it is a number.

    Returns
    -------
    str
    """
    kind = one_of("format", format, FORMATS)
    plain = [{str(key): jsonable(value) for key, value in row.items()} for row in rows]
    if columns is not None:
        plain = [{name: row.get(name) for name in columns} for row in plain]
    if kind == "json":
        return escaped(json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False)) + "\n"
    if kind == "ndjson":
        return "".join(escaped(json.dumps(row, ensure_ascii=False, allow_nan=False)) + "\n" for row in plain)
    names = columns_of(plain) if columns is None else list(columns)
    lines = [[_cell(name, raw=raw) for name in names]] + [
        [_cell(row.get(name), raw=raw) for name in names] for row in plain
    ]
    return "".join(_line(line) for line in lines)


def parquet_file(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> bytes:
    """Return rows as a Parquet file: ``columns`` first, then what else the rows hold.

    Numbers, texts and lists keep their type, and what is missing is null. An interval,
    ``adds_interval``, is two columns of numbers, ``adds_lower`` and ``adds_upper``. Objects are
    JSON text.
    """
    import pyarrow as pa
    from pyarrow import parquet

    plain = [{str(key): jsonable(value) for key, value in row.items()} for row in rows]
    made: dict[str, Any] = {}
    names = list(dict.fromkeys((*columns, *columns_of(plain))))
    for name in names:
        values = [row.get(name) for row in plain]
        ends = [_INTERVALS.sub(rf"\1{end}", name) for end in ("lower", "upper")]
        if name in ends or set(ends) & set(names) or not all(map(_is_interval, values)):
            made[name] = arrow_column(values)
            continue
        for place, end in enumerate(ends):
            numbers = [None if pair is None else pair[place] for pair in values]
            made[end] = (
                pa.array(numbers)
                if any(number is not None for number in numbers)
                else pa.nulls(len(numbers), pa.float64())
            )
    file = io.BytesIO()
    parquet.write_table(pa.table(made), file)
    return file.getvalue()


def _is_interval(value: Any) -> bool:
    """Whether a cell is missing or a pair of numbers, either of which may be."""
    return value is None or (
        isinstance(value, list)
        and len(value) == 2
        and all(end is None or isinstance(end, int | float) for end in value)
    )


def _line(cells: list[str]) -> str:
    r"""Join cells; the csv module leaves a lone \r unquoted when lines end in \n, and readers then stumble."""
    if cells == [""]:
        return '""\n'  # a blank line would be no row
    quoted = ('"' + cell.replace('"', '""') + '"' if any(sign in cell for sign in ',"\r\n') else cell for cell in cells)
    return ",".join(quoted) + "\n"


def _cell(value: Any, *, raw: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if raw or not text.startswith(_FORMULA) or _is_number(text) else "'" + text


def _is_number(text: str) -> bool:
    if text != text.strip() or "_" in text:
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True
