"""Numbers that a mapping makes up, such as assumed prices: a column times a factor, and a count of the rows of another file."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphkit.store.files_cells import Cells
from graphkit.store.files_numbers import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from graphkit.model.properties import Property
    from graphkit.model.tables import Column
    from graphkit.store.files_intake import Intake
    from graphkit.store.files_raw import Slice
    from graphkit.store.mapping import TableSpec

    Counts = dict[tuple[str, str], Counter[str]]

__all__ = ["count_rows", "counted", "factor_of", "multiplied"]

_EXACT = 2.0**53


def factor_of(prop: Property) -> Property:
    """Return what the cells of a product must be before the factor: any numbers; the range is that of the product."""
    return replace(prop, type="FLOAT", unit=None, low=None, high=None)


def multiplied(part: Slice, name: str, values: Column, times: float, prop: Property) -> Column:
    """Return a column times a factor, null where the column is; products that do not fit put their row aside."""
    given = np.array([x is not None for x in values.tolist()], dtype=np.bool_)
    with np.errstate(over="ignore"):  # an infinite product is put aside below
        numbers = np.where(given, values, 0.0).astype(np.float64) * times
    return _judged(part, name, numbers, given, prop)


def counted(part: Slice, ids: Sequence[str | None], rows: Counter[str], times: float, prop: Property) -> Column:
    """Return how many rows of the other file name each id, times a factor; counts that do not fit put their row aside."""
    numbers = np.array([0 if i is None else rows[i] for i in ids], dtype=np.float64) * times
    return _judged(part, prop.name, numbers, np.ones(len(numbers), dtype=np.bool_), prop)


def count_rows(intake: Intake, specs: Sequence[TableSpec]) -> Counts | None:
    """Return (file, column) -> rows by id for every count of the mapping; None, and noted, when one cannot be made."""
    counts: Counts = {}
    for file, by in sorted({(s.count, s.by or "") for spec in specs for s in spec.columns.values() if s.count}):
        if file not in intake.raw:
            return None
        columns = intake.raw[file].columns
        if by not in columns:
            text = f"the mapping counts by {by!r}, which the file lacks"
            intake.fatal("missing-column", file, text, f"its columns: {', '.join(list(columns)[:20])}")
            return None
        kind = columns[by].type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            text = f"the mapping counts by {by}, which is stored as {kind}; ids are texts"
            intake.fatal("id-type", file, text, "store it as string", column=by)
            return None
        counts[file, by] = Counter(columns[by].to_pylist())
    return counts


def _judged(part: Slice, name: str, numbers: NDArray[np.float64], given: NDArray[np.bool_], prop: Property) -> Column:
    cells = Cells(part, name, pa.array([str(x) for x in numbers.tolist()], pa.string()))
    beyond = given & ~(np.abs(numbers) < (_EXACT if prop.type == "INTEGER" else np.inf))
    text = f"{name} is {{value}}, beyond the numbers that can be stored exactly"
    cells.note(beyond, "number", text, "check the unit")
    given = given & ~beyond
    whole = np.where(given, numbers, 0.0)
    return within(whole.round().astype(np.int64) if prop.type == "INTEGER" else whole, given, cells, prop)
