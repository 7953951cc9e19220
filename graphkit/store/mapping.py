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

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphkit.model.properties import Property, PropertyType
from graphkit.model.schema import NAME
from graphkit.model.validate import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from graphkit.model.schema import NodeLabel, RelationshipType

ADMIN_HEADER = re.compile(r"^(?P<name>[^:]*):(?P<kind>[A-Za-z_]+(?:\[\])?)(?:\((?P<space>[^)]*)\))?(?:\{.*\})?$")
TYPE_OF_SUFFIX: dict[str, PropertyType] = {
    "int": "INTEGER", "long": "INTEGER", "short": "INTEGER", "byte": "INTEGER", "float": "FLOAT", "double": "FLOAT", "boolean": "BOOLEAN",
    "string": "STRING", "string[]": "LIST",
}  # fmt: skip


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

    @property
    def ends(self) -> tuple[End, ...]:
        """Source and target of relationships; none of nodes."""
        return tuple(end for end in (self.source, self.target) if end is not None)

    @property
    def key(self) -> str:
        """Columns of the file that tell a row from the others: the id, or both ends."""
        return self.id or ",".join(end.column for end in self.ends)

    def column(self, name: str) -> str:
        """Return the column of the file that a property comes from; the property itself where none is it."""
        source = self.columns.get(name)
        return name if source is None or source.column is None else source.column

    def used(self) -> set[str]:
        """Columns of the file that this table reads."""
        ends = [x for e in self.ends for x in (e.column, e.label_column)]
        plain = [s.column for s in self.columns.values()]
        return {c for c in (self.id or None, *ends, *plain, *self.where, *self.checks) if c is not None}


@dataclass(frozen=True)
class Dataset:
    """`dataset.toml`: name, currency, time zone, kept columns, tables of a mapping, the rest, encodings by file, unit of the times of events, whether ends may be nodes of the store; and its text."""

    name: str = ""
    currency: str | None = None
    time_zone: str | None = None
    zone: tzinfo | None = None
    keep: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tables: tuple[TableSpec, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    encodings: dict[str, str] = field(default_factory=dict)
    event_time_unit: str | None = None
    ends_in_store: bool = False
    text: str = ""


def kept_twice(kept: Mapping[str, Property]) -> str | None:
    """Say which columns would be kept under one name, where the later one takes the place of the other.

    Examples
    --------
    >>> kept_twice({c: kept_property(c) for c in ("rank:int", "rank", "sales:long")})
    "'rank:int' and 'rank' would both be kept as rank"
    """
    columns: dict[str, list[str]] = {}
    for column, prop in kept.items():
        columns.setdefault(prop.name, []).append(column)
    found = next(((name, alike) for name, alike in columns.items() if len(alike) > 1), None)
    return found and f"{' and '.join(map(repr, found[1]))} would both be kept as {found[0]}"


def kept_property(column: str) -> Property:
    """Property for a column that `[keep]` names: text, unless its header declares a type (`budget:long`)."""
    found = ADMIN_HEADER.match(column)
    name, kind = (found["name"], found["kind"]) if found else (column, "string")
    if kind not in TYPE_OF_SUFFIX or not NAME.match(name) or name.lower().startswith("_gk"):
        raise MappingWrong(f"column {column!r} cannot be kept: not a name for a property", hint="rename the column")
    return Property(name, TYPE_OF_SUFFIX[kind], zh=name, en=name, multiline=True)
