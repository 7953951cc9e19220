"""Which table of which file becomes which label or type: the plain layout by names, foreign files by a mapping.

A mapping is TOML (`--mapping FILE`, or the same tables inside `dataset.toml`)::

    [[nodes]]
    file = "nodes/pages.csv.gz"
    where = { page_type = "company" }            # equality; a list means one of
    label = "Brand"
    id = "pageId:ID(Page)"
    columns = { name = "name", cost = { column = "followers", times = 0.01 } }
    constants = { role = "consumer_brand", evidence = "real" }

    [[relationships]]
    file = "relationships/page_mutual_like_page.csv.gz"
    type = "LINKED_WITH"
    source = { column = ":START_ID(Page)", labels = ["Brand", "Channel"] }
    target = { column = ":END_ID(Page)", labels = ["Brand", "Channel"] }

    [encoding]
    "nodes/old.csv" = "gb18030"                  # files that are not UTF-8, or not as --encoding says

    [keep]
    "nodes/pages.csv.gz" = ["degree:int"]        # or a label, a type, or `all`
"""

from __future__ import annotations

import codecs
import math
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from graphkit.errors import close_matches
from graphkit.model.properties import Property, PropertyType
from graphkit.model.schema import LABELS, NAME, TYPES, NodeLabel, RelationshipType
from graphkit.model.validate import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

ADMIN_HEADER = re.compile(r"^(?P<name>[^:]*):(?P<kind>[A-Za-z_]+(?:\[\])?)(?:\((?P<space>[^)]*)\))?(?:\{.*\})?$")
TYPE_OF_SUFFIX: dict[str, PropertyType] = {
    "int": "INTEGER", "long": "INTEGER", "short": "INTEGER", "byte": "INTEGER", "float": "FLOAT", "double": "FLOAT", "boolean": "BOOLEAN",
    "string": "STRING", "string[]": "LIST",
}  # fmt: skip


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


class MappingWrong(Exception):
    """A mapping or dataset.toml that cannot be used."""

    def __init__(
        self, message: str, *, rule: str = "mapping", line: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.rule, self.line, self.hint = message, rule, line, hint

    def finding(self, file: str) -> Finding:
        """Return it as a finding."""
        return Finding(self.rule, "error", file, self.line, None, None, self.message, self.hint)


@dataclass(frozen=True)
class Source:
    """Where a property comes from: a column, a column times a factor, or a count of rows of another file."""

    column: str | None = None
    times: float | None = None
    count: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class End:
    """One end of a relationship: the id column and the labels that may hold it (one of, or named by a column)."""

    column: str
    labels: tuple[str, ...]
    label_column: str | None = None


@dataclass(frozen=True)
class TableSpec:
    """One table of a file.

    Parameters
    ----------
    file
        Path inside the directory.
    kind
        The label or type its rows become.
    id
        Id column of nodes.
    source, target
        Ends of relationships.
    columns, constants
        Property -> where it comes from, or its value.
    where
        Column -> allowed values.
    kept
        Properties outside the schema that are kept.
    checks
        Columns that must repeat the label or type.
    one_pair
        Whether the labels of the ends are not given, so that all rows must join one and the same pair of labels.
    mapped
        Whether a mapping names the file, rather than the plain layout.
    """

    file: str
    kind: NodeLabel | RelationshipType
    id: str = ""
    source: End | None = None
    target: End | None = None
    columns: dict[str, Source] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    where: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kept: dict[str, Property] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    one_pair: bool = False
    mapped: bool = False

    def used(self) -> set[str]:
        """Columns of the file that this table reads."""
        ends = [x for e in (self.source, self.target) if e for x in (e.column, e.label_column)]
        plain = [s.column for s in self.columns.values()]
        return {c for c in (self.id or None, *ends, *plain, *self.where, *self.checks) if c is not None}


@dataclass(frozen=True)
class Dataset:
    """`dataset.toml`: name, currency, time zone, kept columns, tables of a mapping, the rest, and encodings by file."""

    name: str = ""
    currency: str | None = None
    time_zone: str | None = None
    zone: tzinfo | None = None
    keep: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tables: tuple[TableSpec, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    encodings: dict[str, str] = field(default_factory=dict)


def parse_dataset(data: bytes, default_name: str) -> Dataset:
    """Read `dataset.toml` or a mapping file.

    Raises
    ------
    MappingWrong
        Not UTF-8, not TOML, or with a value of the wrong kind.
    """
    try:
        text = data.decode("utf-8-sig")
        raw = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MappingWrong("the text is not UTF-8", rule="encoding", line=line, hint="save it as UTF-8") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        found = re.search(r"line (\d+)", str(error))
        raise MappingWrong(
            f"not TOML: {error}",
            rule="dataset",
            line=int(found[1]) if found else 1,
            hint="texts stand in double quotes",
        ) from error
    for name, wanted in (
        ("name", str),
        ("currency", str),
        ("time_zone", str),
        ("keep", dict),
        ("encoding", dict),
        ("nodes", list),
        ("relationships", list),
    ):
        if name in raw and not isinstance(raw[name], wanted):
            what = {str: "one text", dict: "a table", list: "an array of tables"}[wanted]
            form = {str: f'{name} = "..."', dict: f"[{name}]", list: f"[[{name}]]"}[wanted]
            hint = "one currency per data directory" if name == "currency" else f"write it like: {form}"
            raise MappingWrong(
                f"{name} must be {what}, not {raw[name]!r}", rule="dataset", line=_line_of(text, name), hint=hint
            )
    zone_name, zone = raw.get("time_zone"), None
    if zone_name is not None:
        try:
            zone = ZoneInfo(zone_name)
        except (ValueError, OSError, KeyError) as error:
            raise MappingWrong(
                f"unknown time zone {zone_name!r}",
                rule="dataset",
                line=_line_of(text, "time_zone"),
                hint='for example "Asia/Shanghai" or "UTC"',
            ) from error
    keep = {str(k): tuple(_texts(v, f"keep.{k}")) for k, v in raw.get("keep", {}).items()}
    tables = [_node_spec(t, keep) for t in raw.get("nodes", [])] + [
        _edge_spec(t, keep) for t in raw.get("relationships", [])
    ]
    known = {"name", "currency", "time_zone", "keep", "encoding", "nodes", "relationships"}
    rest = {k: _setting(k, v, text) for k, v in raw.items() if k not in known}
    return Dataset(
        raw.get("name", default_name),
        raw.get("currency"),
        zone_name,
        zone,
        keep,
        tuple(tables),
        rest,
        _encodings(raw.get("encoding", {})),
    )


def _encodings(given: dict[str, Any]) -> dict[str, str]:
    """Return the encoding of each file that is not in that of the others, after checking that Python knows it."""
    for file, name in given.items():
        try:
            codecs.lookup(name)
        except (LookupError, TypeError) as error:
            raise MappingWrong(
                f"encoding of {file!r} is {name!r}, no text encoding",
                rule="dataset",
                hint="utf-8, gb18030, big5, utf-16, latin-1, ...",
            ) from error
    return dict(given)


def _setting(key: str, value: Any, text: str) -> Any:
    """Return a further key as JSON knows it: a store keeps the settings, so dates become texts."""
    if isinstance(value, dict):
        return {k: _setting(key, v, text) for k, v in value.items()}
    if isinstance(value, list):
        return [_setting(key, v, text) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        line = _line_of(text, re.escape(key))
        raise MappingWrong(
            f"{key} must be finite, not {value!r}", rule="dataset", line=line, hint=f"write it like: {key} = 0.5"
        )
    return value if isinstance(value, str | bool | int | float) else value.isoformat()


def _line_of(text: str, key: str) -> int | None:
    found = re.search(rf"(?m)^\s*{key}\s*=", text)
    return text.count("\n", 0, found.end()) + 1 if found else None


def _texts(value: object, name: str) -> list[str]:
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
        near = close_matches(unknown[0], allowed)
        raise MappingWrong(
            f"unknown key {unknown[0]!r} in a table of {table.get('file')!r}",
            hint=f"did you mean {near[0]!r}?" if near else f"known: {sorted(allowed)}",
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
    columns: dict[str, Source] = {}
    for name, value in table.get("columns", {}).items():
        if name not in kind.properties or kind.properties[name].written or name == "id":
            near = close_matches(name, kind.properties)
            raise MappingWrong(
                f"{kind.name} has no property {name!r}",
                hint=f"did you mean {near[0]!r}?" if near else "keep it with [keep]",
            )
        columns[name] = _source(name, value)
    constants = dict(table.get("constants", {}))
    for name, value in constants.items():
        prop = kind.properties.get(name)
        fits: dict[str, Any] = {"STRING": str, "LIST": list, "BOOLEAN": bool, "INTEGER": int, "FLOAT": (int, float)}
        wrong = (
            prop is None
            or not isinstance(value, fits[prop.type])
            or (isinstance(value, bool) and prop.type != "BOOLEAN")
            or not all(isinstance(x, str) for x in (value if isinstance(value, list) else ()))
            or (isinstance(value, int | float) and not -_INT64 <= value < _INT64)
        )
        vocabulary = prop.vocabulary if prop is not None and prop.closed else None
        given = value if isinstance(value, list) else [value]
        if wrong or (vocabulary is not None and not set(given) <= set(vocabulary)):
            raise MappingWrong(f"constant {name} = {value!r} does not fit {kind.name}", hint=_fitting(name, kind))
        if (
            prop is not None
            and not isinstance(value, (str, list, bool))
            and not (prop.low is None or value >= prop.low) & (prop.high is None or value <= prop.high)
        ):
            hint = f"give a number in [{prop.low}, {prop.high}]"
            raise MappingWrong(f"constant {name} = {value!r} is outside its range", hint=hint)
        if prop is not None and prop.type == "FLOAT":
            constants[name] = float(value)
    where = {
        str(k): tuple(text for x in (v if isinstance(v, list) else [v]) for text in _as_written(x))
        for k, v in table.get("where", {}).items()
    }
    kept = {}
    for column in (*keep.get(table["file"], ()), *keep.get(kind.name, ()), *keep.get("all", ())):
        prop = kept_property(column)
        if prop.name not in kind.properties:
            kept[column] = prop
    return {"columns": columns, "constants": constants, "where": where, "kept": kept}


def _fitting(name: str, kind: NodeLabel | RelationshipType) -> str:
    """What a constant of that name may be."""
    prop = kind.properties.get(name)
    if prop is None:
        near = close_matches(name, kind.properties)
        return f"did you mean {near[0]!r}?" if near else f"graphkit schema describe {kind.name} lists its properties"
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


def _node_spec(table: Any, keep: Mapping[str, tuple[str, ...]]) -> TableSpec:
    _entry(table, {"file", "where", "label", "id", "columns", "constants"}, ("file", "label", "id"))
    label = LABELS.get(table["label"])
    if label is None or label.written:
        near = close_matches(table["label"], LABELS)
        raise MappingWrong(f"unknown label {table['label']!r}", hint=_known(near))
    return TableSpec(table["file"], label, id=str(table["id"]), **_common(table, label, keep))


def _known(near: Sequence[str]) -> str:
    """Where the labels and types stand, with the nearest one."""
    every = "graphkit schema describe lists labels, types and what they join"
    return f"did you mean {near[0]!r}? {every}" if near else every


def _as_written(value: object) -> tuple[str, ...]:
    """Texts that a cell may hold for a value of `where`."""
    return (str(value).lower(), str(value), str(value).upper()) if isinstance(value, bool) else (str(value),)


def _edge_spec(table: Any, keep: Mapping[str, tuple[str, ...]]) -> TableSpec:
    _entry(
        table,
        {"file", "where", "type", "source", "target", "columns", "constants"},
        ("file", "type", "source", "target"),
    )
    kind = TYPES.get(table["type"])
    if kind is None:
        near = close_matches(table["type"], TYPES)
        raise MappingWrong(f"unknown relationship type {table['type']!r}", hint=_known(near))
    ends = []
    for side, place in (("source", 0), ("target", 1)):
        legal = tuple(sorted({p[place] for p in kind.pairs}))
        given = table[side] if isinstance(table[side], dict) else {"column": table[side]}
        labels = tuple(_texts(given.get("labels", given.get("label", list(legal))), side))
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


def kept_property(column: str) -> Property:
    """Property for a column that `[keep]` names: text, unless its header declares a type (`budget:long`)."""
    found = ADMIN_HEADER.match(column)
    name, kind = (found["name"], found["kind"]) if found else (column, "string")
    if kind not in TYPE_OF_SUFFIX or not NAME.match(name) or name.lower().startswith("_gk"):
        raise MappingWrong(f"column {column!r} cannot be kept: not a name for a property", hint="rename the column")
    return Property(name, TYPE_OF_SUFFIX[kind], zh=name, en=name, multiline=True)
