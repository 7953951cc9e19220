"""The embedded database as columns: only properties that have values are asked for, and relationships come folded by one end.

The engine hands every row over as text of its own, so a million relationships cost what a million small rows cost. Folded by the end with
fewer nodes they are a few thousand rows of lists: half of the time (measured with a million ties between 100,000 users).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.model.tables import object_array
from graphkit.store.embedded_engine import settle
from graphkit.store.layout import list_names
from graphkit.store.statements import property_name, quote, read_nodes, ticks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graphkit.model.tables import Column
    from graphkit.store.layout import Pair

__all__ = ["edge_cells", "node_cells", "present"]

_PLAIN = frozenset({str, int, float, bool, type(None)})


def node_cells(db: Any, label: str, names: list[str]) -> tuple[list[str], dict[str, Any]]:
    """Return the ids of a label and the columns of those properties that have values."""
    found = list(present(db, label, names))
    answer = db.query("opencypher", read_nodes(label, found))
    if list_names(label, found):  # Arrow would turn lists into text
        rows = answer.to_list()
        return [r["id"] for r in rows], {n: [settle(r.get(f"c{i}")) for r in rows] for i, n in enumerate(found)}
    table = answer.to_arrow()  # keeps integers beside nulls exact
    return _cells(table, "id").tolist(), {n: _cells(table, f"c{i}") for i, n in enumerate(found)}


def edge_cells(db: Any, pair: Pair, names: list[str]) -> Iterator[tuple[Sequence[str], Sequence[str], dict[str, Any]]]:
    """Yield (source ids, target ids, cells of every name that has values) of the relationships of a type between two labels."""
    found, (name, source, target) = present(db, pair[0], names), pair
    ends = ("b", "a") if db.count_type(target) < db.count_type(source) else ("a", "b")
    lists = "".join(f", collect({_cell(n, whole=whole)}) AS c{i}" for i, (n, whole) in enumerate(found.items()))
    pattern = f"(a:{quote(source)})-[r:{quote(name)}]->(b:{quote(target)})"
    text = f"MATCH {pattern} RETURN {ends[0]}.id AS k, collect({ends[1]}.id) AS others{lists}"
    for row in db.query("opencypher", text).iter_dicts():
        others = row["others"]
        near, columns = [row["k"]] * len(others), {n: _filled(row[f"c{i}"]) for i, n in enumerate(found)}
        yield (near, others, columns) if ends[0] == "a" else (others, near, columns)


def present(db: Any, owner: str, names: Sequence[str]) -> dict[str, bool]:
    """Return those properties of a label or type that have a value somewhere, and whether they have one everywhere."""
    if not names:
        return {}
    counted = "".join(f", count({property_name(n)}) AS c{i}" for i, n in enumerate(names))
    row = db.query("sql", f"SELECT count(*) AS n{counted} FROM {ticks(owner)}").to_list()[0]  # noqa: S608 - schema names
    return {n: row[f"c{i}"] == row["n"] for i, n in enumerate(names) if row[f"c{i}"]}


def _cell(name: str, *, whole: bool) -> str:
    """Text of a property inside `collect`, which drops nulls: an empty map holds their place, as no property is a map."""
    cell = f"r.{property_name(name)}"
    return cell if whole else f"CASE WHEN {cell} IS NULL THEN {{}} ELSE {cell} END"


def _filled(cells: list[Any]) -> list[Any]:
    """Plain cells, the place holders back to None."""
    if set(map(type, cells)) <= _PLAIN:
        return cells
    return [None if cell == {} else settle(cell) for cell in cells]


def _cells(table: Any, name: str) -> Column:
    """Column of an Arrow table; numbers without nulls are not taken apart."""
    if name not in table.column_names:
        return object_array([None] * table.num_rows)
    column = table.column(name)
    if column.null_count == 0 and str(column.type) in ("int64", "double", "bool"):
        found: Column = column.to_numpy()
        return found
    return object_array(column.to_pylist())
