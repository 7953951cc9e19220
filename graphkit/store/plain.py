"""Plain values from a driver's rows: nobody outside the store meets a driver's object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.store.base import Table

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["capped", "plain"]


def capped(result: Any, max_rows: int, heard: Callable[[], None]) -> Table:
    """Return the rows of a result up to a cap; `heard` is told of each."""
    columns = list(result.keys())
    rows: list[tuple[Any, ...]] = []
    for record in result:
        heard()
        if len(rows) == max_rows:
            return Table(columns, rows, truncated=True)
        rows.append(tuple(map(plain, record.values())))
    return Table(columns, rows)


def plain(cell: Any) -> Any:
    """Plain value of a driver's cell: nodes and relationships become maps, moments text."""
    if cell is None or isinstance(cell, (str, bool, int, float)):
        return cell
    if isinstance(cell, (list, tuple)):
        return [plain(x) for x in cell]
    if isinstance(cell, dict):
        return {k: plain(v) for k, v in cell.items()}
    if hasattr(cell, "relationships"):  # a path
        return [plain(x) for x in cell.nodes]
    if hasattr(cell, "items"):  # a node or a relationship
        return {k: plain(v) for k, v in cell.items()}
    return cell.iso_format() if hasattr(cell, "iso_format") else str(cell)
