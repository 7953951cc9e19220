"""Tables of any kind as Arrow tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.parts import jsonable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["to_arrow"]


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as an Arrow table; a column of mixed values becomes text, lists and mappings JSON."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name in frame.columns:
        values = frame[name].array if frame[name].dtype != object else [_plain_cell(item) for item in frame[name]]
        try:
            columns[str(name)] = pa.array(values, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            columns[str(name)] = pa.array([None if item is None else str(item) for item in values], pa.string())
    return pa.table(columns)


def _plain_cell(value: Any) -> Any:
    """Return a cell of an object column as Arrow knows it."""
    if isinstance(value, list | tuple | dict | np.ndarray):
        return json.dumps(jsonable(value), ensure_ascii=False)
    return jsonable(value)
