"""The tables of a mapping: which file, label or type, columns, constants and conditions, each checked against the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import did_you_mean
from graphkit.model.schema import LABELS, TYPES, NodeLabel, RelationshipType
from graphkit.store.mapping import End, MappingWrong, Source, TableSpec, kept_property

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphkit.model.properties import Property

__all__ = ["edge_table", "node_table", "texts"]

_KINDS: dict[str, type] = {
    "file": str,
    "label": str,
    "type": str,
    "id": str,
    "columns": dict,
    "constants": dict,
    "where": dict,
}
_INT64 = 2**63
_FITS: dict[str, Any] = {"STRING": str, "LIST": list, "BOOLEAN": bool, "INTEGER": int, "FLOAT": (int, float)}


def node_table(table: Any, keep: Mapping[str, tuple[str, ...]]) -> TableSpec:
    """Return a table of `[[nodes]]`."""
    _entry(table, {"file", "where", "label", "id", "columns", "constants"}, ("file", "label", "id"))
    label = LABELS.get(table["label"])
    if label is None or label.written:
        raise MappingWrong(f"unknown label {table['label']!r}", hint=_known(table["label"], LABELS))
    return TableSpec(table["file"], label, id=str(table["id"]), **_common(table, label, keep))


def edge_table(table: Any, keep: Mapping[str, tuple[str, ...]]) -> TableSpec:
    """Return a table of `[[relationships]]`."""
    _entry(
        table,
        {"file", "where", "type", "source", "target", "columns", "constants"},
        ("file", "type", "source", "target"),
    )
    kind = TYPES.get(table["type"])
    if kind is None:
        raise MappingWrong(f"unknown relationship type {table['type']!r}", hint=_known(table["type"], TYPES))
    ends = []
    for side, place in (("source", 0), ("target", 1)):
        legal = tuple(sorted({p[place] for p in kind.pairs}))
        given = table[side] if isinstance(table[side], dict) else {"column": table[side]}
        labels = tuple(texts(given.get("labels", given.get("label", list(legal))), side))
        if not isinstance(given.get("column"), str) or not set(given) <= {"column", "labels", "label"}:
            message = f"{side} must be {{ column = ..., labels = [...] }}, not {table[side]!r}"
            raise MappingWrong(message, hint=f'write it like: {side} = {{ column = "user_id", labels = ["User"] }}')
        if not set(labels) <= set(legal):
            raise MappingWrong(
                f"{kind.name} has no {side} {min(set(labels) - set(legal))!r}",
                hint=f"its {side} is one of {', '.join(legal)}",
            )
        ends.append(End(given["column"], labels))
    return TableSpec(table["file"], kind, source=ends[0], target=ends[1], mapped=True, **_common(table, kind, keep))


def texts(value: object, name: str) -> list[str]:
    """Return one text or a list of them as a list."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(x, str) for x in value):
        return value
    raise MappingWrong(f"{name} must be a list of column names, not {value!r}", hint='write it like: ["one", "two"]')


def _entry(table: Any, allowed: set[str], required: Iterable[str]) -> None:
    if not isinstance(table, dict):
        raise MappingWrong(f"nodes and relationships hold tables, not {table!r}", hint='[[nodes]] with file = "..."')
    unknown = sorted(set(table) - allowed)
    if unknown:
        raise MappingWrong(
            f"unknown key {unknown[0]!r} in a table of {table.get('file')!r}",
            hint=did_you_mean(unknown[0], allowed, f"known: {', '.join(sorted(allowed))}"),
        )
    for key in required:
        if key not in table:
            raise MappingWrong(f"a table of {table.get('file')!r} lacks {key!r}", hint=f'write it like: {key} = "..."')
    for key, wanted in _KINDS.items():
        if not isinstance(table.get(key, wanted()), wanted) or table.get(key) == "":
            what = "one text" if wanted is str else "a table"
            form = '"..."' if wanted is str else '{ name = "..." }'
            message = f"{key} in a table of {table['file']!r} must be {what}, not {table[key]!r}"
            raise MappingWrong(message, hint=f"write it like: {key} = {form}")
    if "\0" in table["file"] or Path(table["file"]).is_absolute() or ".." in Path(table["file"]).parts:
        message = f"file must be a path inside the directory, not {table['file']!r}"
        raise MappingWrong(message, hint='write it like: file = "nodes/user.csv"')


def _common(
    table: Mapping[str, Any], kind: NodeLabel | RelationshipType, keep: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    """Return what tables of nodes and of relationships share: columns, constants, conditions and kept columns."""
    wanted = (*keep.get(table["file"], ()), *keep.get(kind.name, ()), *keep.get("all", ()))
    kept = {column: kept_property(column) for column in wanted}
    return {
        "columns": {name: _column(name, value, kind) for name, value in table.get("columns", {}).items()},
        "constants": {name: _constant(name, value, kind) for name, value in table.get("constants", {}).items()},
        "where": {str(k): _allowed(str(k), v) for k, v in table.get("where", {}).items()},
        "kept": {column: prop for column, prop in kept.items() if prop.name not in kind.properties},
    }


def _column(name: str, value: object, kind: NodeLabel | RelationshipType) -> Source:
    """Return where a property of the model comes from."""
    if name not in kind.properties or kind.properties[name].written or name == "id":
        hint = did_you_mean(name, kind.properties, "keep it with [keep]")
        raise MappingWrong(f"{kind.name} has no property {name!r}", hint=hint)
    source, wanted = _source(name, value), kind.properties[name].type
    if (source.count or source.times is not None) and wanted not in {"INTEGER", "FLOAT"}:
        message = f"{name} of {kind.name} is of type {wanted}; only a number can be a product or a count"
        raise MappingWrong(message, hint=f'write it like: {name} = "column"')
    if source.count and isinstance(kind, RelationshipType):
        message = f"{name} of {kind.name} is a count; rows are counted by the id of a node"
        raise MappingWrong(message, hint=f'write it like: {name} = "column"')
    return source


def _constant(name: str, value: Any, kind: NodeLabel | RelationshipType) -> Any:
    """Return the value that every row gets, after checking that the property can hold it."""
    prop = kind.properties.get(name)
    if name == "id" or (prop is not None and prop.written):
        message = f"constant {name} cannot be given to {kind.name}"
        raise MappingWrong(message, hint="each row has its own id; graphkit writes its results itself")
    if prop is None or not _fits(value, prop):
        raise MappingWrong(f"constant {name} = {value!r} does not fit {kind.name}", hint=_fitting(name, kind))
    if not isinstance(value, (str, list, bool)) and not (
        (prop.low is None or value >= prop.low) and (prop.high is None or value <= prop.high)
    ):
        hint = "correct the value or its unit"
        raise MappingWrong(f"constant {name} = {value!r} is outside its range", hint=hint)
    return float(value) if prop.type == "FLOAT" else value


def _fits(value: Any, prop: Property) -> bool:
    """Whether a value is of the property's type and, where that is closed, of its vocabulary."""
    given = value if isinstance(value, list) else [value]
    if not isinstance(value, _FITS[prop.type]) or (isinstance(value, bool) and prop.type != "BOOLEAN"):
        return False
    if isinstance(value, list) and not all(isinstance(x, str) for x in value):
        return False
    if isinstance(value, str | list) and not (value and all(_is_text(x, prop) for x in given)):
        return False
    if isinstance(value, int | float) and not -_INT64 <= value < _INT64:
        return False
    return prop.vocabulary is None or not prop.closed or set(given) <= set(prop.vocabulary)


def _is_text(value: str, prop: Property) -> bool:
    """Whether a cell of a file may hold this text."""
    return value.strip() != "" and "\0" not in value and (prop.multiline or not {"\n", "\r"} & set(value))


def _fitting(name: str, kind: NodeLabel | RelationshipType) -> str:
    """What a constant of that name may be."""
    prop = kind.properties.get(name)
    if prop is None:
        return did_you_mean(name, kind.properties) or f"graphkit schema describe {kind.name} lists its properties"
    words = f", of the words {', '.join(sorted(prop.vocabulary))}" if prop.vocabulary and prop.closed else ""
    return f"{name} is of type {prop.type}{words}"


def _source(name: str, value: object) -> Source:
    if isinstance(value, str):
        return Source(column=value)
    if isinstance(value, dict):
        times = value.get("times", 1.0)
        if isinstance(times, bool) or not isinstance(times, int | float) or not abs(times) < _INT64:
            raise MappingWrong(
                f"times of {name} must be a finite number, not {times!r}", hint="write it like: times = 0.01"
            )
        if set(value) <= {"column", "times"} and isinstance(value.get("column"), str):
            return Source(column=value["column"], times=float(times) if "times" in value else None)
        if (
            set(value) <= {"count", "by", "times"}
            and isinstance(value.get("count"), str)
            and isinstance(value.get("by"), str)
        ):
            return Source(count=value["count"], by=value["by"], times=float(times))
    message = f"column of {name} must be a name, {{column, times}} or {{count, by}}, not {value!r}"
    raise MappingWrong(message, hint=f'write it like: {name} = {{ column = "price", times = 0.01 }}')


def _known(name: object, known: Iterable[str]) -> str:
    """Where the labels and types stand, with the nearest one."""
    near = did_you_mean(name, known)
    every = "graphkit schema describe lists labels, types and what they join"
    return f"{near} {every}" if near else every


def _allowed(column: str, value: object) -> tuple[str, ...]:
    """Texts that `where` lets a column hold: of one value, or of a list of them."""
    values = value if isinstance(value, list) else [value]
    if not values or any(isinstance(x, dict | list) for x in values):
        message = f"where compares {column} with a value or a list of them, not {value!r}"
        raise MappingWrong(message, hint=f'write it like: where = {{ {column} = ["one", "two"] }}')
    return tuple(text for x in values for text in _as_written(x))


def _as_written(value: object) -> tuple[str, ...]:
    """Texts that a cell may hold for a value of `where`."""
    return (str(value).lower(), str(value), str(value).upper()) if isinstance(value, bool) else (str(value),)
