"""Where the walker restarts: nodes and their weights, checked at the border."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.check import list_of
from graphkit.errors import InvalidParameter, UnknownNode
from graphkit.projection.nodes import sorted_if_set

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from graphkit.projection.projection import Projection

__all__ = ["personalisation", "restart_shares", "source_rows"]


def source_rows(projection: Projection, nodes: Any, *, parameter: str = "source") -> NDArray[np.int64]:
    """Return the rows of nodes given by id or by row; refuse what the graph does not hold.

    Raises
    ------
    UnknownNode
        A node is not in the graph.
    """
    values = _listed(nodes, parameter)
    for value in values:
        if isinstance(value, (bool | np.bool_, float)):
            message = f"{parameter}: {value!r} is no node"
            raise UnknownNode(message, kind="node", name=str(value))
        if isinstance(value, int | np.integer) and not 0 <= int(value) < projection.n_nodes:
            message = f"{parameter}: node {value} is not among the rows 0..{projection.n_nodes - 1}"
            raise UnknownNode(message, kind="node", name=str(value))
    return np.asarray(projection.rows(values), dtype=np.int64).reshape(len(values))


def personalisation(projection: Projection, source: Any) -> NDArray[np.float64]:
    """Return the restart distribution, shape (n_nodes,), summing to 1, of a source as :func:`restart_shares` takes it."""
    rows, shares = restart_shares(projection, source)
    result = np.zeros(projection.n_nodes)
    result[rows] = shares
    return result


def restart_shares(projection: Projection, source: Any) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the rows where the walker restarts, ascending, and their shares, which sum to 1.

    Parameters
    ----------
    projection : Projection
    source : node, sequence of nodes, or mapping node -> weight
        Nodes of a sequence count alike; one named twice counts twice.

    Raises
    ------
    InvalidParameter
        Nothing given, or a weight is negative, not a number, or all are 0.
    UnknownNode
        A node is not in the graph.
    """
    if isinstance(
        source, str | int | np.integer
    ):  # most calls; the steps below cost a small graph as much as its solver
        return np.array([projection.row(source)]), np.array([1.0])
    nodes, weights = _split(source)
    if len(nodes) == 0:
        message = "source names no node: there is nowhere to restart"
        raise InvalidParameter(
            message, parameter="source", value=source, hint="give a node, a list or a mapping node -> weight"
        )
    wrong = np.flatnonzero(~np.isfinite(weights) | (weights < 0))
    if wrong.size:
        i = int(wrong[0])
        message = f"source: the weight of node {nodes[i]!r} is {float(weights[i])!r}: weights must be finite and >= 0"
        raise InvalidParameter(message, parameter="source", value=float(weights[i]), allowed=">= 0")
    rows = source_rows(projection, nodes)
    total = float(weights.sum())
    if not (total > 0 and np.isfinite(total)):
        message = f"source: the weights sum to {total!r}, there is nowhere to restart"
        raise InvalidParameter(message, parameter="source", value=total, allowed="> 0")
    rows, seat = np.unique(rows, return_inverse=True)
    shares = np.zeros(rows.size)
    np.add.at(shares, seat, weights / total)
    return rows[shares > 0], shares[shares > 0]


def _split(source: Mapping[Any, float] | Any) -> tuple[list[Any], NDArray[np.float64]]:
    """Nodes and weights of any accepted form; None names nobody."""
    if source is None:
        return [], np.empty(0)
    if hasattr(source, "items"):
        pairs = list(source.items())
        try:
            return [node for node, _ in pairs], np.array([float(w) for _, w in pairs], dtype=np.float64)
        except (TypeError, ValueError) as error:
            message = f"source: a weight is no number: {error}"
            raise InvalidParameter(
                message, parameter="source", value=source, allowed="a mapping node -> weight"
            ) from error
    nodes = _listed(source, "source")
    return nodes, np.ones(len(nodes))


def _listed(nodes: Any, parameter: str) -> list[Any]:
    """Return one node or several as a list, a set in an order of its own."""
    if isinstance(nodes, np.ndarray):
        return list(np.atleast_1d(nodes).tolist())
    if isinstance(nodes, str | bytes | int | float | np.generic):
        return [nodes.item() if isinstance(nodes, np.generic) else nodes]
    return list_of(
        parameter, sorted_if_set(nodes) if isinstance(nodes, set | frozenset) else nodes, "a node or a list of nodes"
    )
