"""Data frames and Arrow tables -> Projection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit import check
from graphkit.errors import InvalidParameter, UnknownNode, close_matches
from graphkit.projection.arrays import from_rows
from graphkit.projection.nodes import NodeIndex
from graphkit.projection.probability import RULES
from graphkit.tabular import refuse_repeated

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

    from graphkit.projection.projection import Projection

__all__ = ["from_frames"]


def from_frames(
    nodes: pd.DataFrame | pa.Table | None,
    edges: pd.DataFrame | pa.Table,
    *,
    probability: float | str | ArrayLike | None = None,
    weight: str | ArrayLike | None = None,
    directed: bool = True,
) -> Projection:
    """Build a projection from a frame of nodes and a frame of edges.

    Parameters
    ----------
    nodes : DataFrame, pyarrow.Table or None
        Column `id`, optionally `label`; one row per node, in the order of the projection's rows.
        None: the ends of the edges, sorted by id.
    edges : DataFrame or pyarrow.Table
        Columns `source`, `target` (ids), optionally `probability` or `p`, and `weight`.
    probability : float, array, column name, "weighted_cascade" or "trivalency", optional
        Default: the column `probability`, else `p`, else none.
    weight : column name or array, optional
        Default: the column `weight`, else none.
    directed : bool
        False stores each edge as two arcs.

    Returns
    -------
    Projection

    Raises
    ------
    InvalidParameter
        A column is missing, an id is missing or occurs twice, a chance or weight is missing on
        some of the rows or out of range.
    DataInvalid
        Several columns have the same name.
    UnknownNode
        An end of an edge is not among the nodes.

    Examples
    --------
    >>> import pandas as pd
    >>> edges = pd.DataFrame({"source": ["a", "b"], "target": ["b", "c"], "probability": [0.5, 0.2]})
    >>> from_frames(None, edges)
    Projection(n_nodes=3, n_arcs=2, probability=mean 0.35, self_loops=0)
    """
    nodes, edges = None if nodes is None else _frame("nodes", nodes), _frame("edges", edges)
    for column in ("source", "target"):
        if column not in edges.columns:
            check.refuse("edges", list(map(str, edges.columns)), "a frame with the columns source and target")
    tail_names, head_names = (_ids(f"edges.{name}", edges[name]) for name in ("source", "target"))
    if nodes is None:
        names = sorted(set(tail_names) | set(head_names))
        index = NodeIndex(len(names), np.array(names, dtype=object))
    else:
        index = _index(nodes)
    row = {name: i for i, name in enumerate(index.ids.tolist())} if index.ids is not None else {}
    tail, head = (_look_up(row, names, index) for names in (tail_names, head_names))
    return from_rows(
        tail,
        head,
        index,
        probability=_column(edges, probability, ("probability", "p"), "probability"),
        weight=_column(edges, weight, ("weight",), "weight"),
        directed=check.flag("directed", directed),
    )


def _frame(name: str, table: Any) -> Any:
    """Return an Arrow table (or whatever else knows ``to_pandas``) as a frame; a frame stays itself."""
    frame = table.to_pandas() if hasattr(table, "to_pandas") else table
    if not hasattr(frame, "columns"):
        check.refuse(name, type(table).__name__, "a DataFrame or a pyarrow Table")
    refuse_repeated(frame.columns, map(str, frame.columns), name)
    return frame


def _ids(name: str, column: pd.Series[Any]) -> list[str]:
    """Return ids as text; floats are refused, for 1 and 1.0 would be two nodes."""
    if column.dtype.kind == "f" and len(column):
        check.refuse(
            name, str(column.dtype), "a column of ids", hint="read ids as strings; a gap has turned them into floats"
        )
    missing = np.flatnonzero(column.isna().to_numpy())
    if missing.size:
        message = f"{name}: {missing.size} of {len(column)} ids are missing, the first at row {missing[0]}"
        raise InvalidParameter(message, parameter=name, allowed="an id in every row")
    return [str(value) for value in column.tolist()]


def _index(nodes: pd.DataFrame) -> NodeIndex:
    if "id" not in nodes.columns:
        check.refuse("nodes", list(map(str, nodes.columns)), "a frame with the column id")
    ids = np.empty(len(nodes), dtype=object)
    ids[:] = _ids("nodes.id", nodes["id"])
    double = nodes["id"].astype(str).duplicated().to_numpy()
    if double.any():
        check.refuse("nodes.id", ids[int(np.flatnonzero(double)[0])], "distinct ids")
    labels = None
    if "label" in nodes.columns:
        labels = np.empty(len(nodes), dtype=object)
        labels[:] = _ids("nodes.label", nodes["label"])
    return NodeIndex(len(nodes), ids, labels)


def _look_up(row: dict[str, int], names: list[str], index: NodeIndex) -> NDArray[np.int64]:
    rows = np.fromiter((row.get(name, -1) for name in names), np.int64, len(names))
    lost = np.flatnonzero(rows < 0)
    if lost.size:
        name = names[int(lost[0])]
        message = f"edge end {name!r} (row {int(lost[0])}) is not among the {index.n:,} nodes; {lost.size} such ends"
        raise UnknownNode(message, kind="node", name=name, close_matches=close_matches(name, list(row)[:20_000]))
    return rows


def _column(edges: pd.DataFrame, given: object, defaults: tuple[str, ...], name: str) -> Any:
    """Return the values of a column, or what was given when it is no column name."""
    if given is None:
        found = next((column for column in defaults if column in edges.columns), None)
        if found is None:
            return None
        given = found
    if not isinstance(given, str) or (given not in edges.columns and name == "probability" and given in RULES):
        return given
    if given not in edges.columns:
        allowed = "a column of edges" + (" or one of " + ", ".join(RULES) if name == "probability" else "")
        check.refuse(name, given, allowed)
    column = edges[given]
    missing = int(column.isna().sum())
    if missing:
        message = f"{name}: {missing} of {len(column)} edges have no {given!r}"
        raise InvalidParameter(
            message, parameter=name, allowed="a value in every row", hint="give every edge a value or drop the column"
        )
    return column.to_numpy()
