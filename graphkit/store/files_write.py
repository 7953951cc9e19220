"""Column tables to an input directory of Parquet files that reads back value by value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from graphkit.model.schema import LABELS, TYPES

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from graphkit.model.properties import Property
    from graphkit.model.tables import Column, GraphTables

_ARROW = {
    "STRING": pa.string(),
    "INTEGER": pa.int64(),
    "FLOAT": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "LIST": pa.list_(pa.string()),
}
_ARROW_OF_PYTHON = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    list: pa.list_(pa.string()),
}
_SUFFIX = {int: "long", float: "double", bool: "boolean", list: "string[]", str: "string"}


def write_parquet(tables: GraphTables, directory: str | os.PathLike[str]) -> None:
    """Write `dataset.toml`, `nodes/<label>.parquet` and `relationships/<type>[__source__target].parquet`.

    Columns outside the schema are named under `[keep]`, so that the directory loads again as it is.
    """
    root, whole = Path(directory), tables.canonical()
    (root / "nodes").mkdir(parents=True, exist_ok=True)
    (root / "relationships").mkdir(parents=True, exist_ok=True)
    keep: dict[str, list[str]] = {}
    for label, nodes in whole.nodes.items():
        name = f"nodes/{label.lower()}.parquet"
        columns = _columns(nodes.columns, LABELS[label].properties, keep, name)
        _write(pa.table({"id": pa.array(nodes.ids, pa.string()), **columns}), root / name)
    for e in whole.edges:
        one = len(TYPES[e.type].pairs) == 1
        stem = e.type.lower() if one else f"{e.type.lower()}__{e.source_label.lower()}__{e.target_label.lower()}"
        name = f"relationships/{stem}.parquet"
        ends = {
            "source": pa.array(whole.nodes[e.source_label].ids[e.source_rows], pa.string()),
            "target": pa.array(whole.nodes[e.target_label].ids[e.target_rows], pa.string()),
        }
        _write(pa.table({**ends, **_columns(e.columns, TYPES[e.type].properties, keep, name)}), root / name)
    (root / "dataset.toml").write_text(_dataset(whole, keep), encoding="utf-8")


def toml_line(key: str, value: Any) -> str:
    """Return one key of a TOML file with its value on one line.

    Examples
    --------
    >>> print(toml_line("keep", {"nodes/user.csv": ["age:long"]}))
    keep = { "nodes/user.csv" = ["age:long"] }
    """
    return f"{_key(key)} = {_value(value)}"


def _write(table: Any, path: Path) -> None:
    """Write a table through Python, whose errors name the reason and whose paths may hold any bytes."""
    with path.open("wb") as file:
        pq.write_table(table, file)


def _columns(
    columns: Mapping[str, Column], known: Mapping[str, Property], keep: dict[str, list[str]], file: str
) -> dict[str, Any]:
    """Arrow arrays by column name; names outside the schema carry their type and go to `keep`."""
    out = {}
    for name, column in columns.items():
        prop = known.get(name)
        if prop is not None:
            out[name] = pa.array(column.tolist() if column.dtype == object else column, _ARROW[prop.type])
            continue
        kind = next((type(x) for x in column.tolist() if x is not None), str)
        head = name if kind is str else f"{name}:{_SUFFIX[kind]}"
        keep.setdefault(file, []).append(head)
        out[head] = pa.array(column.tolist(), _ARROW_OF_PYTHON[kind])
    return out


def _dataset(tables: GraphTables, keep: Mapping[str, list[str]]) -> str:
    """Text of dataset.toml."""
    head = {"name": tables.name, "currency": tables.currency, "time_zone": tables.time_zone}
    plain = {k: v for k, v in {**head, **tables.settings}.items() if v is not None and not isinstance(v, dict)}
    lines = [toml_line(k, v) for k, v in plain.items()]
    groups = {k: v for k, v in tables.settings.items() if isinstance(v, dict)}
    if keep:
        groups["keep"] = dict(keep)
    for name, group in groups.items():
        lines += ["", f"[{_key(name)}]", *(toml_line(k, v) for k, v in group.items())]
    return "\n".join(lines) + "\n"


def _key(text: str) -> str:
    return text if text.isascii() and text.replace("_", "").replace("-", "").isalnum() else _text(text)


def _text(text: str) -> str:
    """Return a TOML basic string; JSON escapes are legal there, except for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(toml_line(str(k), v) for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)
