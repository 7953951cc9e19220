"""The graph as columns over Bolt, each in one long reading transaction; a try that was cut off leaves no rows behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.errors import StoreError
from graphkit.store import statements
from graphkit.store.bolt_connection import READ_ACCESS
from graphkit.store.causes import short_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graphkit.store.bolt_connection import Connection
    from graphkit.store.deadline import Deadline
    from graphkit.store.layout import Pair

__all__ = ["edge_cells", "node_cells"]


def node_cells(link: Connection, label: str, names: list[str], deadline: Deadline) -> tuple[list[str], dict[str, Any]]:
    """Return the ids of a label and the column of each property."""
    text = statements.read_nodes(label, names)

    def work(tx: Any, heard: Callable[[], None]) -> list[tuple[Any, ...]]:
        rows = []
        for record in tx.run(text):
            heard()
            rows.append(tuple(record.values()))
        return rows

    rows = link.attempts(work, deadline, READ_ACCESS, long=True)
    columns = list(zip(*rows, strict=True)) if rows else [()] * (1 + len(names))
    return list(columns[0]), {n: list(c) for n, c in zip(names, columns[1:], strict=True)}


def edge_cells(
    link: Connection, pair: Pair, names: list[str], deadline: Deadline
) -> tuple[Sequence[str], Sequence[str], dict[str, Any]]:
    """Return source ids, target ids and the column of each property of the relationships of a type between two labels.

    One row a source: the fastest way out over Bolt; one row a tie where the server lacks the memory to group them.
    """
    columns: list[list[Any]] = [[] for _ in range(2 + len(names))]

    def grouped(tx: Any, heard: Callable[[], None]) -> None:
        _empty(columns)
        for source, rows in (r.values() for r in tx.run(statements.read_grouped(*pair, names))):
            deadline.check()
            heard()
            columns[0] += [source] * len(rows)
            for column, cells in zip(columns[1:], zip(*rows, strict=True), strict=True):
                column.extend(cells)

    def one_by_one(tx: Any, heard: Callable[[], None]) -> None:
        _empty(columns)
        for record in tx.run(statements.read_edges(*pair, names)):
            heard()
            for column, cell in zip(columns, record.values(), strict=True):
                column.append(cell)
        deadline.check()

    try:
        link.attempts(grouped, deadline, READ_ACCESS, long=True)
    except StoreError as error:
        if not short_of_memory(error):
            raise
        link.attempts(one_by_one, deadline, READ_ACCESS, long=True)
    return columns[0], columns[1], dict(zip(names, columns[2:], strict=True))


def _empty(columns: list[list[Any]]) -> None:
    """Forget the rows of a try that was cut off."""
    for column in columns:
        column.clear()
