"""Tables of any kind as Arrow tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from graphkit.errors import DataInvalid
from graphkit.parts import jsonable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    import pyarrow as pa

__all__ = ["arrow_column", "refuse_repeated", "to_arrow"]


def refuse_repeated(columns: Iterable[Any], wanted: Iterable[str], source: str) -> None:
    """Refuse a table in which several columns have the name of one that is read.

    Raises
    ------
    DataInvalid
        Rule ``duplicate-column``.
    """
    known = list(columns)
    for name in wanted:
        if (count := sum(isinstance(column, str) and column == name for column in known)) > 1:
            message = f"{source} has {count} columns of the name {name!r}"
            hint = "give each column a name of its own"
            raise DataInvalid(message, source=source, rule="duplicate-column", count=count, hint=hint)


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as an Arrow table; object columns as :func:`arrow_column` says."""
    import pyarrow as pa

    columns = {str(name): frame[name] for name in frame.columns}
    return pa.table(
        {
            name: arrow_column(column.array if column.dtype != object else [jsonable(cell) for cell in column])
            for name, column in columns.items()
        }
    )


def arrow_column(values: Sequence[Any]) -> pa.Array:
    """Return values as one Arrow column: numbers, texts and lists keep their type, objects and mixed cells become JSON text."""
    import pyarrow as pa

    if not isinstance(values, list) or not any(map(_holds_objects, values)):  # an array has one type for all
        try:
            return pa.array(values, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
            pass  # cells of several kinds, or ones that Arrow would have to round
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _holds_objects(value: Any) -> bool:
    """Whether a cell holds objects, whose keys may differ from row to row, or lists of lists."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict | list) for item in value))


def _text(value: Any) -> str:
    """Return a cell as text; bytes of a path that are no UTF-8 as JSON spells them."""
    text = value if isinstance(value, str) else json.dumps(jsonable(value), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()
