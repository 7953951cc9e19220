"""A query on the embedded engine, run in a thread of its own under two clocks.

The engine's own time limit ends most queries; what does not heed it is given up by ours, and goes on beside the caller.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphkit.store.base import Table
from graphkit.store.embedded_engine import kept_attached, settle, time_limit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Answer", "answer_of"]

_LEAST_LIMIT = (
    30.0  # seconds: the engine's limit is one for all, so statements of other processes get this much at least
)
_GRACE = 1.0  # seconds for the engine to end a query by itself


@dataclass
class Answer:
    """What the thread of a query handed back: the rows, or what went wrong, or nothing yet as it is still running."""

    table: Table = field(default_factory=lambda: Table([], []))
    error: BaseException | None = None
    running: bool = False


def answer_of(db: Any, texts: Sequence[str], values: Mapping[str, Any], allowed: float, max_rows: int) -> Answer:
    """Run the statements of a query, of which the last one answers, for ``allowed`` seconds."""
    found = Answer()

    def work() -> None:
        try:
            with kept_attached(), time_limit(db, max(allowed, _LEAST_LIMIT)):
                for text in texts:
                    used = {k: v for k, v in values.items() if f"${k}" in text}
                    found.table = _table(db.query("opencypher", text, *([used] if used else [])), max_rows)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            found.error = error

    thread = threading.Thread(target=work, daemon=True, name="graphkit-query")
    thread.start()
    thread.join(min(allowed + (_GRACE if allowed >= _LEAST_LIMIT else 0.0), threading.TIMEOUT_MAX))
    found.running = thread.is_alive()
    return found


def _table(answer: Any, max_rows: int) -> Table:
    """Rows of an answer up to the cap."""
    columns: list[str] = []
    rows: list[tuple[Any, ...]] = []
    for row in answer.iter_dicts():
        if len(rows) == max_rows:
            answer.close()
            return Table(columns, rows, truncated=True)
        if not columns:
            columns = [k for k in row if not k.startswith("@")]
        rows.append(tuple(settle(row.get(c)) for c in columns))
    return Table(columns, rows)
