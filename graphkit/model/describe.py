"""The schema as rows of a data dictionary: what an input directory may hold, read off the declaration itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.errors import UnknownName, close_matches
from graphkit.model.schema import LABELS, TYPES

if TYPE_CHECKING:
    from graphkit.model.properties import Property
    from graphkit.model.relationship_types import RelationshipType

__all__ = ["DICTIONARY", "data_dictionary"]

DICTIONARY = ("of", "property", "type", "required", "unit", "allowed", "en", "zh", "file", "ends")


def data_dictionary(name: str | None = None) -> list[dict[str, Any]]:
    """One row per label and type, each followed by a row per property.

    Parameters
    ----------
    name : str, optional
        One label or relationship type; default all 18 labels and 42 types, in the order of the declaration.

    Returns
    -------
    list of dict
        Keys `of` (label or type), `property` (None in the row of the label or type itself), `type`, `required`,
        `unit`, `allowed` (range or words), `en`, `zh`, `file` (where its rows stand; None for what graphkit writes
        itself) and `ends` (legal ends of a type).

    Raises
    ------
    UnknownName
        There is no such label or type.

    Examples
    --------
    >>> [(row["property"], row["unit"]) for row in data_dictionary("KNOWS")][:2]
    [(None, None), ('since_ts', 'epoch s')]
    """
    if name is not None and name not in LABELS and name not in TYPES:
        known = [*LABELS, *TYPES]
        raise UnknownName(
            f"{name!r} is neither a label nor a relationship type",
            kind="label",
            name=name,
            close_matches=close_matches(name, known),
        )
    rows: list[dict[str, Any]] = []
    for label in LABELS.values():
        if name in (None, label.name):
            file = None if label.written else f"nodes/{label.name.lower()}.csv"
            rows += [
                _row(label.name, en=label.en, zh=label.zh, file=file),
                *(_property(label.name, p) for p in label.properties.values()),
            ]
    for kind in TYPES.values():
        if name in (None, kind.name):
            file = None if kind.written else f"relationships/{kind.name.lower()}.csv"
            rows += [
                _row(kind.name, en=kind.en, zh=kind.zh, file=file, ends=_ends(kind)),
                *(_property(kind.name, p) for p in kind.properties.values()),
            ]
    return rows


def _row(of: str, **values: Any) -> dict[str, Any]:
    """Return a full row, None where nothing is to say."""
    return {column: values.get(column) for column in DICTIONARY} | {"of": of}


def _property(of: str, p: Property) -> dict[str, Any]:
    """Return the row of one property."""
    return _row(
        of, property=p.name, type=p.type, required=p.required, unit=p.unit, allowed=_allowed(p), en=p.en, zh=p.zh
    )


def _allowed(p: Property) -> str | None:
    """Return the range or the words of a property."""
    if p.vocabulary is not None:
        return ", ".join(p.vocabulary) + ("" if p.closed else ", or another word")
    if p.is_time or (p.low is None and p.high is None):
        return None
    low = "" if p.low is None else f"{'>' if p.open_low else '>='} {p.low:g}"
    high = "" if p.high is None else f"<= {p.high:g}"
    return " and ".join(part for part in (low, high) if part)


def _ends(kind: RelationshipType) -> str:
    """Return the legal ends of a type."""
    arrow = "--" if kind.undirected else "->"
    return ", ".join(f"{source} {arrow} {target}" for source, target in kind.pairs)
