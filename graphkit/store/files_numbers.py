"""Texts to numbers and times, exactly or not at all, and the range that the schema allows."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.store.files_cells import Cells, with_nulls
from graphkit.store.files_time import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from numpy.typing import NDArray

    from graphkit.model.properties import Property
    from graphkit.model.tables import Column

__all__ = ["floats", "integers", "within"]

_FLOAT = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_DATES = (1900_01_01, 2100_12_31)  # as days written without dashes
_SHEET_DAYS = 20_000, 80_000  # 1954 to 2119 as spreadsheets count days; no log begins on the first day of 1970
_YEAR = 31_536_000
_INTEGER = r"^[+-]?\d+$"
_POINT_ZERO = r"^([+-]?\d+)\.0+$"  # as pandas writes whole numbers of a column in which a cell is missing
_EPOCH = 'give epoch seconds; for events dataset.toml may say event_time_unit = "ms"'


def floats(cells: Cells, given: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Finite numbers, and the mask of those that are."""
    fine = given & cells.match(_FLOAT)
    hint = _hint(cells, given & ~fine)
    cells.note(given & ~fine, "number", f"{cells.name} is {{value}}, not a finite number", hint)
    texts = cells.source if fine.all() else cells.source.filter(pa.array(fine))
    try:
        parsed = pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        parsed = np.array([float(x) for x in texts.to_pylist()], dtype=np.float64)
    values = np.zeros(len(cells), dtype=np.float64)
    values[fine] = parsed
    wide = fine & (np.abs(values) >= 2.0**53) & np.isfinite(values)
    if wide.any():
        wide &= cells.match(_INTEGER)
    lost = fine & (values == 0)
    if lost.any():
        lost &= cells.match(r"^[+-]?[0.]*[1-9]")
    inexact = fine & (~np.isfinite(values) | wide | lost)
    text = f"{cells.name} is {{value}}, beyond the numbers that can be stored exactly"
    cells.note(inexact, "number", text, "check the unit")
    return values, fine & ~inexact


def integers(cells: Cells, given: NDArray[np.bool_], prop: Property, zone: tzinfo | None) -> Column:
    """Whole numbers of 64 bits within the range of the property; for a time also ISO 8601 texts."""
    plain, fine = cells, given & cells.match(_INTEGER)
    if (given & ~fine).any():
        plain = replace(cells, source=pc.replace_substring_regex(cells.source, _POINT_ZERO, r"\1"))
        fine = given & plain.match(_INTEGER)
    long = fine & (pc.fill_null(pc.utf8_length(plain.source), 0).to_numpy(zero_copy_only=False) > 18)
    values = np.zeros(len(cells), dtype=np.int64)
    short = fine & ~long
    texts = plain.source if short.all() else plain.source.filter(pa.array(short))
    try:
        values[short] = pc.cast(texts, pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:  # a leading plus sign
        values[short] = [int(x) for x in texts.to_pylist()]
    rest = given & ~fine
    _long(cells, long, fine, values)
    values //= prop.counts or 1
    if prop.is_time and rest.any():
        _times(cells, rest, fine, values, zone)
    else:
        cells.note(rest, "integer", f"{cells.name} is {{value}}, not a whole number", _hint(cells, rest, "12"))
    return within(values, fine, cells, prop)


def _long(cells: Cells, long: NDArray[np.bool_], fine: NDArray[np.bool_], values: NDArray[np.int64]) -> None:
    """Numbers of more than 18 digits, one by one."""
    for i in np.flatnonzero(long).tolist():
        text = cells.source[i].as_py().partition(".")[0]
        number = int(text) if len(text) < 400 else 2**63
        if -(2**63) <= number < 2**63:
            values[i] = number
        else:
            fine[i] = False
            cells.note_row(i, "range", f"{cells.name} is {{value}}, beyond 64 bits", "check the unit")


def _times(
    cells: Cells, rest: NDArray[np.bool_], fine: NDArray[np.bool_], values: NDArray[np.int64], zone: tzinfo | None
) -> None:
    """ISO 8601 texts to epoch seconds."""
    known: dict[str, int | tuple[str, str, str]] = {}
    for i in np.flatnonzero(rest).tolist():
        text = cells.source[i].as_py()
        found = known.get(text)
        if found is None:
            found = known[text] = epoch_seconds(text, zone)
        if isinstance(found, int):
            values[i], fine[i] = found, True
        else:
            cells.note_row(i, found[0], f"{cells.name}: {found[1]}", found[2])


def within(values: Any, fine: NDArray[np.bool_], cells: Cells, prop: Property) -> Column:
    """Put aside what lies outside the range of the property; None where nothing fits."""
    if prop.low is None and prop.high is None:
        return with_nulls(values, fine)
    low = prop.low if prop.low is not None else -math.inf
    high = prop.high if prop.high is not None else math.inf
    outside = fine & ((values < low) | (values > high) | ((values == low) & prop.open_low))
    left, ms = "(" if prop.open_low else "[", " (milliseconds?)" if prop.is_time else ""
    text = f"{cells.name} is {{value}}, outside {left}{low:g}, {high:g}]{ms}"
    cells.note(outside, "range", text, _EPOCH if prop.is_time else "correct the value or its unit")
    fine = fine & ~outside
    if prop.is_time:
        early, text = fine & (values < 0), f"{cells.name} is {{value}}, before 1970"
        cells.note(early, "time-odd", text, "check the unit", "warning")
        month, day = values // 100 % 100, values % 100
        dates = fine & (values >= _DATES[0]) & (values <= _DATES[1])
        dates &= (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
        dates |= fine & (values >= _SHEET_DAYS[0]) & (values <= _SHEET_DAYS[1])
        text = f"{cells.name} is {{value}}, read as seconds of the year 1970; it looks like a date"
        cells.note(dates, "time-odd", text, "write a date as 2024-05-01", "warning")
        if prop.counts != 1:
            text = f"{cells.name} is {{value}}, in {prop.unit} a time of the year 1970"
            soon = fine & (values >= 0) & (values < _YEAR)
            cells.note(soon, "time-odd", text, "check event_time_unit in dataset.toml", "warning")
    return with_nulls(values, fine)


def _hint(cells: Cells, bad: NDArray[np.bool_], example: str = "0.25") -> str:
    """Say what to do about the first text that is no number."""
    rows = np.flatnonzero(bad)
    if not len(rows):
        return ""
    text = cells.source[int(rows[0])].as_py() or ""
    checks: tuple[tuple[Callable[[str], Any], str], ...] = (
        (lambda t: t.strip() != t, "remove the blanks around it"),
        (lambda t: re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", t), "write it without thousands separators"),
        (lambda t: re.fullmatch(r"\d+,\d+", t), "write a decimal point instead of the comma"),
        (lambda t: any("０" <= c <= "９" for c in t), "write plain digits 0-9"),
        (lambda t: t.endswith("%"), "write the share as a number in [0, 1]"),
        (lambda t: re.fullmatch(r"\d+(\.\d+)?[kKmMbB万亿]", t), "write the number out, such as 1200000 for 1.2m"),
        (lambda t: t.lower() in {"nan", "na", "null", "none"}, "leave the cell empty when it is not measured"),
    )
    return next((hint for test, hint in checks if test(text)), f"write a plain number such as {example}")
