"""What the public methods of every store are given: a wrong kind of argument is refused by name before anything is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from graphkit.check import positive_int, refuse
from graphkit.errors import WriteRefused
from graphkit.model.tables import GraphTables
from graphkit.model.validate import DataReport
from graphkit.store.queries import Query, check_params

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["check_id", "check_load", "check_rows", "check_written", "query_values"]


def query_values(
    query: Query, params: Mapping[str, Any] | None, store: str, access: Literal["read", "write"]
) -> dict[str, Any]:
    """Return the parameters to send with a query of this access.

    Raises
    ------
    InvalidParameter
        No `Query`, or parameters that do not fit it.
    WriteRefused
        The query has another access.
    """
    if not isinstance(query, Query):
        refuse(
            "query",
            query,
            "a Query",
            hint="load_query(NAME) returns one; graphkit query --list shows all names",
        )
    if query.access != access:
        message = (
            f"{query.name} has @access {query.access}: it is not served as a read"
            if access == "read"
            else f"{query.name} has @access {query.access}: only @access write is run here"
        )
        raise WriteRefused(message, store=store)
    return check_params(query, {} if params is None else params)


def check_rows(max_rows: int) -> int:
    """Return how many rows may be read."""
    return positive_int("max_rows", max_rows, minimum=0)


def check_id(id_: str) -> None:
    """Refuse an id that is no text: 1 and "1" would be two nodes, and neither be found."""
    if not isinstance(id_, str):
        refuse("id", id_, "a text")


def check_load(tables: GraphTables, report: DataReport) -> None:
    """Refuse what `read_directory` does not return."""
    if not isinstance(tables, GraphTables):
        refuse("tables", tables, "GraphTables")
    if not isinstance(report, DataReport):
        refuse("report", report, "the DataReport of the tables")


def check_written(ids: Sequence[str], columns: Mapping[str, Any], run_id: str) -> None:
    """Refuse ids and columns that are none, or do not fit each other."""
    if not _is_list(ids) or not all(isinstance(x, str) for x in ids):
        refuse("ids", ids, "a list of ids, each a text")
    if not isinstance(columns, Mapping) or not columns:
        refuse("columns", columns, "a mapping of names to values")
    for name, cells in columns.items():
        if not _is_list(cells) or len(cells) != len(ids):
            refuse(f"columns[{name!r}]", cells, f"one value for each of {len(ids)} ids")
    if not isinstance(run_id, str):
        refuse("run_id", run_id, "a text")


def _is_list(values: object) -> bool:
    """Whether values stand one after the other, in a list, an array, or a column of pandas, which is no `Sequence`."""
    unordered = isinstance(values, str | bytes | Mapping | AbstractSet)
    return isinstance(values, Collection) and not unordered and getattr(values, "ndim", 1) == 1
