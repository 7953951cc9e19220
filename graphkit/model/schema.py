"""The schema, declared once: labels, relationship types, keys, units and names in Chinese and English.

Constraints, validation of input rows, neo4j-admin headers, the allow-list of names that may enter Cypher and
the sentences of reports are all derived from `LABELS` and `TYPES`.
"""

from __future__ import annotations

import re

from graphkit.model.labels import LABELS, NodeLabel
from graphkit.model.properties import BOOLEAN, FLOAT, INTEGER, LIST, STRING, Property
from graphkit.model.relationship_types import TYPES, USER_TIES, RelationshipType

__all__ = [
    "BOOLEAN", "FLOAT", "INTEGER", "LABELS", "LIST", "NAME", "STRING", "TYPES", "USER_TIES", "NodeLabel", "Property", "RelationshipType",
    "constraint_statements", "display_name", "label_of_file", "type_of_file",
]  # fmt: skip

NAME = re.compile(r"^[A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff]{0,63}$")

_LABEL_OF_FILE = {name.lower(): name for name in LABELS}
_TYPE_OF_FILE = {name.lower(): name for name in TYPES}


def label_of_file(stem: str) -> str | None:
    """Label whose rows a file `nodes/<stem>.csv` holds; None when there is none."""
    return _LABEL_OF_FILE.get(stem)


def type_of_file(stem: str) -> tuple[str, str | None, str | None] | None:
    """(type, source label, target label) of `relationships/<stem>.csv`; labels None unless the name gives them.

    `follows` gives (FOLLOWS, None, None), `follows__user__brand` gives (FOLLOWS, User, Brand); None for an unknown
    type or label.
    """
    parts = stem.split("__")
    name = _TYPE_OF_FILE.get(parts[0])
    if name is None or len(parts) not in (1, 3):
        return None
    if len(parts) == 1:
        return name, None, None
    source, target = label_of_file(parts[1]), label_of_file(parts[2])
    return (name, source, target) if source and target else None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def constraint_statements() -> list[str]:
    """One uniqueness constraint on `id` per label, without the closing semicolon."""
    return [
        f"CREATE CONSTRAINT {_snake(name)}_id IF NOT EXISTS FOR (n:{name}) REQUIRE n.id IS UNIQUE" for name in LABELS
    ]


def display_name(name: str, lang: str = "en", *, owner: str | None = None) -> str:
    """Chinese or English name of a label, a type or, with `owner`, a property of it; the name itself when unknown."""
    found: NodeLabel | RelationshipType | Property | None = LABELS.get(name) or TYPES.get(name)
    if owner is not None:
        holder = LABELS.get(owner) or TYPES.get(owner)
        found = holder.properties.get(name) if holder else None
    if found is None:
        return name
    return found.zh if lang == "zh" else found.en
