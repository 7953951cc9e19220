"""Columns of Parquet that are not text: lists, booleans, times and numbers, as strictly as text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.store.files_cells import Cells, mask, with_nulls
from graphkit.store.files_numbers import within
from graphkit.store.files_raw import cell_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.model.properties import Property
    from graphkit.model.tables import Column

__all__ = ["times_as_texts", "typed_values"]


def times_as_texts(source: Any) -> Any:
    """Return the times of a column as ISO 8601 texts, empty where there is none."""
    try:
        cells = source.to_pylist()
    except (OverflowError, ValueError):  # one of them lies beyond the calendar; its text is that of no time
        cells = [cell_value(cell) for cell in source]
    return pa.array([x.isoformat() if hasattr(x, "isoformat") else x or "" for x in cells], pa.string())


def typed_values(cells: Cells, prop: Property) -> Column:
    """Values of a column that is not text; rows that do not fit are put aside."""
    kind = cells.source.type
    given = mask(pc.is_valid(cells.source))
    if prop.required:
        text = f"{prop.name} is mandatory and empty"
        cells.note(~given, "missing-value", text, "give a value, or leave the row out")
    if pa.types.is_null(kind):
        return np.full(len(cells), None, dtype=object)
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if prop.type == "LIST" and is_list:
        return _lists(cells, prop)
    if prop.type == "BOOLEAN" and pa.types.is_boolean(kind):
        return with_nulls(pc.fill_null(cells.source, False).to_numpy(zero_copy_only=False), given)
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if prop.type in {"INTEGER", "FLOAT"} and numeric:
        return _numbers(cells, given, prop)
    as_list = is_list and pa.types.is_floating(kind.value_type)
    hint = f'keep it as a list: "{cells.name}:string[]"' if as_list else f"store it as {prop.type.lower()}"
    cells.note(given, "type", f"{cells.name} is stored as {kind}, the schema asks for {prop.type}", hint)
    return np.full(len(cells), None, dtype=object)


def _lists(cells: Cells, prop: Property) -> Column:
    """Lists of words; a kept list of numbers, such as a vector, is stored as their texts."""
    element, words = cells.source.type.value_type, prop.vocabulary
    numeric = words is None and (pa.types.is_floating(element) or pa.types.is_integer(element))
    out = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells.source.to_pylist()):
        out[i] = _as_texts(cell) if numeric and cell is not None else cell  # what is no number stays wrong
        if out[i] is not None and (
            not all(isinstance(x, str) and x and (words is None or x in words) for x in out[i])
            or (prop.required and not out[i])
        ):
            cells.note_row(i, "list", f"{cells.name} is {{value}}", "a list of known words")
    return out


def _as_texts(cell: list[Any]) -> list[Any]:
    return [str(x) if x is not None and math.isfinite(x) else x for x in cell]


def _numbers(cells: Cells, given: NDArray[np.bool_], prop: Property) -> Column:
    source, name = cells.source, cells.name
    if prop.type == "INTEGER" and pa.types.is_integer(source.type) and not pa.types.is_uint64(source.type):
        whole = pc.fill_null(source, 0).cast(pa.int64()).to_numpy(zero_copy_only=False)
        return within(whole // (prop.counts or 1), given, cells, prop)
    values = pc.fill_null(source.cast(pa.float64(), safe=False), 0.0).to_numpy(zero_copy_only=False)
    fine = given & np.isfinite(values)
    cells.note(given & ~fine, "number", f"{name} is {{value}}, not a finite number", "leave the cell empty instead")
    if prop.type == "FLOAT" and pa.types.is_integer(source.type):
        wide = fine & (np.abs(values) > 2.0**53 - 1)
        text = f"{name} is {{value}}, beyond the numbers that can be stored exactly"
        cells.note(wide, "number", text, "check the unit")
        fine &= ~wide
    if prop.type == "FLOAT":
        return within(values, fine, cells, prop)
    exact = fine & (values == np.floor(values)) & (np.abs(values) <= 2.0**53)
    cells.note(fine & ~exact, "integer", f"{name} is {{value}}, not a whole number", "store it as int64")
    return within(np.where(exact, values, 0).astype(np.int64) // (prop.counts or 1), exact, cells, prop)
