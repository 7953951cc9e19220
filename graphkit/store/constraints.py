"""The uniqueness constraints we need, in a database that may have its own under any name.

`IF NOT EXISTS` is silent in two very different cases: the same constraint is there under another name, which is as good,
or another constraint bears the name, and then nothing was made. So what counts is label and property, never the name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from graphkit.errors import StoreError
from graphkit.store.causes import has_code
from graphkit.store.statements import ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Rows = list[dict[str, Any]]
    Key = tuple[str, str]

__all__ = ["SHOW", "explained", "held", "make_all", "wanted"]

SHOW: Final = (
    "SHOW CONSTRAINTS YIELD name, type, labelsOrTypes, properties RETURN type, labelsOrTypes AS on, properties"
)
_INDEXES: Final = "SHOW INDEXES YIELD name, labelsOrTypes, properties, owningConstraint WHERE owningConstraint IS NULL RETURN name, labelsOrTypes AS on, properties"
_TEXT: Final = re.compile(r"CREATE CONSTRAINT (\w+) IF NOT EXISTS FOR \(n:`?(\w+)`?\) REQUIRE n\.(\w+) IS UNIQUE")


def wanted(texts: Iterable[str]) -> dict[Key, str]:
    """(label, property) -> name of each uniqueness constraint that the statements make."""
    return {(found[2], found[3]): found[1] for text in texts if (found := _TEXT.search(text))}


def held(rows: Rows) -> set[Key]:
    """(label, property) of what is unique for nodes, from the rows of `SHOW`; newer servers call the type by a longer name."""
    return {
        (row["on"][0], row["properties"][0])
        for row in rows
        if len(row["on"] or ()) == len(row["properties"] or ()) == 1
        and ("UNIQUENESS" in row["type"] or row["type"] == "NODE_KEY")
        and "RELATIONSHIP" not in row["type"]
    }


def make_all(say: Callable[[str], Any], ask: Callable[[str], Rows], texts: Sequence[str], address: str) -> None:
    """Run schema statements; a constraint whose name is taken by something else gets another one.

    Raises
    ------
    StoreError
        When the database does not allow a constraint; the message says which rows or which index are in the way.
    """
    for text in texts:
        try:
            say(text)
        except StoreError as error:
            if not has_code(error, "WithNameAlreadyExists"):
                raise explained(error, text, ask, address) from error
    needed = wanted(texts)
    missing = needed.keys() - held(ask(SHOW)) if needed else ()
    for label, name in sorted(missing):
        text = f"CREATE CONSTRAINT graphkit_{needed[label, name]} IF NOT EXISTS FOR (n:{ticks(label)}) REQUIRE n.{ticks(name)} IS UNIQUE"
        try:
            say(text)
        except StoreError as error:
            raise explained(error, text, ask, address) from error


def explained(error: StoreError, text: str, ask: Callable[[str], Rows], address: str) -> StoreError:
    """Return the error of a refused constraint with what to do about it."""
    found = re.search(r"\(n:`?(\w+)`?\) REQUIRE n\.`?(\w+)`?", text)
    if found is None:
        return error
    label, name = found[1], found[2]
    if has_code(error, ".IndexAlreadyExists"):
        names = [r["name"] for r in ask(_INDEXES) if (r["on"], r["properties"]) == ([label], [name])]
        hint = (
            f"DROP INDEX {ticks(names[0])}: the constraint brings an index of its own" if names else "drop that index"
        )
        return StoreError(error.message, store=address, hint=hint)
    if has_code(error, "ConstraintCreationFailed") or has_code(error, "ConstraintValidationFailed"):
        listed = f"MATCH (n:{label}) WITH n.{name} AS {name}, count(*) AS n WHERE n > 1 RETURN {name}, n"
        hint = f"each {label} needs {name} of its own: {listed} lists the others; delete or rename them"
        return StoreError(error.message, store=address, hint=hint)
    return error
