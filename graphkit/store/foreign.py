"""Seeing that somebody else wrote to a Neo4j we share.

A version of our own and counts per label do not show another tool's `SET`. The bookmark of a committed transaction does:
it holds the number of the last transaction of the database, on every edition and for every account. A new name of a
property costs a transaction too, so the *sign* of a database is that number minus the number of property names: each
commit of ours raises it by one. Names are made one by one before they are used, as several in one statement may share
their transaction; the relationship types we may write are made before the first sign is noted, since a first use costs a
transaction as well.

Every unit of ours that leaves the data as they are notes the sign it will have left, in the same transaction. A sign that
is not the noted one means that somebody else committed: the version is then another one, and the next snapshot is taken
anew. What cannot be told apart (an answer to COMMIT that was lost) counts as somebody else: a snapshot too many, never
one too old.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from graphkit.model.schema import LABELS, TYPES
from graphkit.store.record import Record, new_token
from graphkit.store.statements import STORE, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from graphkit.store.cypher_store import Run

__all__ = ["MAKE_NAMES", "MAKE_TYPES", "NAMES", "known_names", "noting", "transaction_number"]

T = TypeVar("T")
NAMES: Final = "CALL db.propertyKeys() YIELD propertyKey RETURN count(*) AS n"
MAKE_NAMES: Final = "UNWIND $names AS name CALL db.createProperty(name) RETURN count(*) AS n"
MAKE_TYPES: Final = "UNWIND $names AS name CALL db.createRelationshipType(name) RETURN count(*) AS n"
_NOTE: Final = (
    f"MATCH (s:{quote(STORE)} {{id: 'store'}}) "
    "SET s.version = CASE WHEN (s.seen = $sign) THEN s.version ELSE $version END, s.seen = $sign + 1 RETURN 1 AS n"
)
_WIDTHS: Final = {0xC8: 1, 0xC9: 2, 0xCA: 4, 0xCB: 8}
_HEAD: Final = b"\x91\xcc\x10"  # one database, named by 16 bytes


def known_names() -> list[str]:
    """Names that graphkit itself may write: those of the schema and of its bookkeeping."""
    own = {"id", "beat", "taken", "run", "done", "created", "changed", "unchanged", "checksum", "label", "names"}
    own |= {name for label in LABELS.values() for name in label.properties} | {
        name for kind in TYPES.values() for name in kind.properties
    }
    return sorted(own | set(Record().to_properties()))


def transaction_number(marks: Iterable[str]) -> int | None:
    """Return the transaction that a bookmark stands for; None when it is written in a way we do not know."""
    found = {_number(mark) for mark in marks}
    return found.pop() if len(found) == 1 else None


def _number(mark: str) -> int | None:
    plain = re.fullmatch(r"(?:[0-9a-fA-F-]{36}:|neo4j:bookmark:v1:tx)(\d+)", mark)
    if plain:
        return int(plain[1])
    if not mark.startswith("FB:"):
        return None
    try:
        raw = base64.b64decode(mark[3:] + "=" * (-len(mark[3:]) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None
    rest = raw[len(_HEAD) + 16 :]
    if not raw.startswith(_HEAD) or not rest:
        return None
    if rest[0] < 0x80:
        return rest[0]
    width = _WIDTHS.get(rest[0], 0)
    return int.from_bytes(rest[1 : 1 + width], "big", signed=True) if width and len(rest) > width else None


def noting(work: Callable[[Run], T], sign: int) -> Callable[[Run], T]:
    """Return the unit of work that also notes the sign it will have left; an unnoted sign before it makes a new version."""

    def both(run: Run) -> T:
        found = work(run)
        values: dict[str, Any] = {"sign": sign, "version": new_token()}
        run(_NOTE, values)
        return found

    return both
