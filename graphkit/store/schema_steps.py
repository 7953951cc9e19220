"""Applying the schema: constraints first, each step remembered with its checksum on a node `(:_GkSchema)`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Protocol

from graphkit.errors import SchemaMissing
from graphkit.model.schema import constraint_statements
from graphkit.store import statements
from graphkit.store.deadline import Deadline
from graphkit.store.queries import list_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["apply_schema", "checksum", "schema_steps"]

_NODE = statements.quote(statements.SCHEMA)


class _Addressed(Protocol):
    @property
    def address(self) -> str: ...


def schema_steps() -> dict[str, tuple[str, ...]]:
    """Name -> statements: our bookkeeping, then the numbered files of cypher/schema, or the registry's own text without them."""
    files = {q.name: q.statements for q in list_queries() if q.access == "schema"}
    return {"internal": tuple(statements.internal_constraints())} | (
        files or {"registry": tuple(constraint_statements())}
    )


def checksum(texts: Sequence[str]) -> str:
    """SHA-256 of the statements."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def apply_schema(
    store: _Addressed,
    ddl: Callable[[Sequence[str], Deadline], None],
    unit: Callable[..., Any],
    *,
    clock: Deadline | None = None,
    repair: bool = False,
) -> int:
    """Apply the steps that are not yet remembered; return how many were new.

    With `repair`, the statements of remembered steps run again: each creates only what is missing.

    Raises
    ------
    SchemaMissing
        When a remembered step has another checksum: the store was made with other files.
    """
    clock = clock or Deadline(120.0, "schema")
    text = f"MATCH (v:{_NODE}) RETURN v.id AS id, v.checksum AS checksum"
    known = {r["id"]: r["checksum"] for r in unit(lambda run: run(text), clock, write=False)}
    fresh = {}
    for name, texts in schema_steps().items():
        if known.get(name) not in (None, checksum(texts)):
            message = f"{store.address}: the schema step {name} was applied with another text"
            raise SchemaMissing(message, store=store.address, hint="export the data, load it into a new store")
        if name not in known:
            fresh[name] = texts
    if repair:
        for name in known.keys() & schema_steps().keys():
            ddl(schema_steps()[name], clock)
    for name, texts in fresh.items():
        ddl(texts, clock)
        values = {"id": name, "checksum": checksum(texts)}
        remember = f"MERGE (v:{_NODE} {{id: $id}}) SET v.checksum = $checksum RETURN count(*) AS n"
        unit(lambda run, values=values, remember=remember: run(remember, values), clock, write=True)
    return len(fresh)
