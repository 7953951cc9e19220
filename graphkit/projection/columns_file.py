"""One table of columns as a memory-mapped Arrow file: numbers come back as views, texts as objects."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_columns", "write_columns"]

_PLAIN = {"i": "int64", "f": "float64"}
_ARROW: dict[str, Any] = {
    "str": pa.large_string(),
    "list": pa.large_list(pa.large_string()),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
}


def write_columns(path: Path, columns: Mapping[str, NDArray[Any]]) -> tuple[dict[str, str], str]:
    """Write columns of one length; return the kind of each column and the SHA-256 of the file."""
    kinds, arrays = {}, []
    for name, column in columns.items():
        kinds[name], array = _to_arrow(column)
        arrays.append(array)
    batch = pa.record_batch(arrays, names=list(columns))
    with path.open("wb") as file:
        with pa.ipc.new_file(file, batch.schema) as writer:
            writer.write_batch(batch)
        file.flush()
        os.fsync(file.fileno())
    with path.open("rb") as file:
        return kinds, hashlib.file_digest(file, "sha256").hexdigest()


def read_columns(path: Path, kinds: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """Read columns back exactly as they were written; numeric ones are read-only views of the file."""
    file = pa.ipc.open_file(pa.memory_map(str(path)))
    batch = file.get_batch(
        0
    )  # `write_columns` makes one; the chunks of a table would be copied out of the map when combined
    return {name: _from_arrow(batch.column(name), kind) for name, kind in kinds.items()}


def _to_arrow(column: NDArray[Any]) -> tuple[str, pa.Array[Any]]:
    if column.dtype != object:
        return (_PLAIN.get(column.dtype.kind, "bool8"), pa.array(np.ascontiguousarray(column)))
    cells = column.tolist()
    types = {type(cell) for cell in cells if cell is not None}
    kind = next(
        (k for k, t in (("str", str), ("list", list), ("int", int), ("float", float), ("bool", bool)) if types == {t}),
        "json",
    )
    if kind == "list" and not all(type(item) is str for cell in cells if cell is not None for item in cell):
        kind = "json"
    try:
        if kind != "json":
            return kind, pa.array(cells, _ARROW[kind], from_pandas=False)
    except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):  # integers beyond 64 bits, lone surrogates
        kind = "json"
    return kind, pa.array([None if cell is None else json.dumps(cell) for cell in cells], pa.large_string())


def _from_arrow(array: pa.Array[Any], kind: str) -> NDArray[Any]:
    if kind in {"int64", "float64"}:  # not by to_numpy, which imports pandas (.4 s of processor time)
        return np.frombuffer(array.buffers()[1], dtype=kind, count=len(array), offset=8 * array.offset)
    if kind == "bool8":
        bits = np.unpackbits(
            np.frombuffer(array.buffers()[1], dtype=np.uint8), count=array.offset + len(array), bitorder="little"
        )
        values: NDArray[Any] = bits[array.offset :].astype(bool)
    else:
        cells = array.to_pylist()
        values = np.empty(len(cells), dtype=object)
        for i, cell in enumerate(cells):
            values[i] = json.loads(cell) if kind == "json" and cell is not None else cell
    values.flags.writeable = False
    return values
