"""What an account may do on a server, found out by trying it; nothing that is tried stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.errors import StoreError, WriteRefused
from graphkit.store import statements
from graphkit.store.bolt_connection import READ_ACCESS, WRITE_ACCESS
from graphkit.store.deadline import Deadline
from graphkit.store.health import Check
from graphkit.store.patience import Enough

if TYPE_CHECKING:
    from graphkit.store.bolt_connection import Connection

__all__ = ["may_write", "refuses_writes"]


def may_write(link: Connection) -> Check:
    """Whether the account may write: tried in a transaction that is rolled back."""
    text = _one_node("doctor")

    def work(tx: Any) -> None:
        list(tx.run(text))
        raise Enough

    try:
        link.attempts(work, Deadline(15, "doctor"), WRITE_ACCESS)
    except Enough:
        return Check("writes", True, "this account may load")
    except StoreError as error:
        fix = error.hint or "use an account that may write, e.g. with the role publisher"
        return Check("writes", False, error.message, fix)
    return Check("writes", True, "this account may load")


def refuses_writes(link: Connection) -> bool:
    """Whether a READ transaction of this server refuses to write; it is rolled back in any case."""
    text = _one_node("probe")
    try:
        link.attempts(lambda tx: list(tx.run(text)), Deadline(10, "probing"), READ_ACCESS)
    except WriteRefused:
        return True
    return False


def _one_node(id_: str) -> str:
    """Text that makes one node of our own."""
    return f"CREATE (n:{statements.quote(statements.RUN)} {{id: '{id_}'}}) RETURN 1 AS n"
