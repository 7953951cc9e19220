"""What a store remembers about itself: one node `(:_GkStore {id: 'store'})`, read and written by every Cypher store."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from graphkit.store.layout import Layout
from graphkit.store.statements import STORE, quote

if TYPE_CHECKING:
    from graphkit.model.tables import GraphTables

__all__ = ["READ_RECORD", "WRITE_RECORD", "Record", "new_token"]

READ_RECORD = f"MATCH (s:{quote(STORE)} {{id: 'store'}}) RETURN properties(s) AS p"
WRITE_RECORD = f"MERGE (s:{quote(STORE)} {{id: 'store'}}) SET s += $p RETURN count(*) AS n"


def new_token() -> str:
    """Return a fresh random word for identities and versions."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class Record:
    """Identity, version, state (`empty`, `ready`, `loading`), who loads, and the description of the data."""

    identity: str = ""
    version: str = ""
    state: str = "empty"
    holder: str = ""
    layout: Layout = field(default_factory=Layout)
    name: str = ""
    currency: str | None = None
    time_zone: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    seen: int = -1  # sign of the database that our last unit left, see `foreign`

    @classmethod
    def from_properties(cls, p: dict[str, Any] | None) -> Record:
        """Read the node's properties; an empty record for no node."""
        if not p:
            return cls()
        return cls(
            identity=p.get("identity", ""),
            version=p.get("version", ""),
            state=p.get("state", "ready"),
            holder=p.get("holder", ""),
            layout=Layout.from_json(p.get("layout")),
            name=p.get("name", ""),
            currency=p.get("currency") or None,
            time_zone=p.get("time_zone") or None,
            settings=json.loads(p.get("settings") or "{}"),
            seen=p.get("seen", -1),
        )

    def to_properties(self) -> dict[str, Any]:
        """Properties of the node, without id."""
        return {
            "identity": self.identity,
            "version": self.version,
            "state": self.state,
            "holder": self.holder,
            "layout": self.layout.to_json(),
            "name": self.name,
            "currency": self.currency,
            "time_zone": self.time_zone,
            "settings": json.dumps(self.settings, ensure_ascii=False, sort_keys=True),
            "seen": self.seen,
        }

    def loaded(self, tables: GraphTables, *, changed: bool) -> Record:
        """Return the record after a load of these tables; a new version only when something changed."""
        layout = Layout()
        layout.add(self.layout)
        layout.add(Layout.of_tables(tables))
        return replace(
            self,
            identity=self.identity or new_token(),
            version=new_token() if changed or not self.version else self.version,
            state="ready",
            holder="",
            layout=layout,
            name=tables.name or self.name,
            currency=tables.currency or self.currency,
            time_zone=tables.time_zone or self.time_zone,
            settings={**self.settings, **tables.settings},
        )
