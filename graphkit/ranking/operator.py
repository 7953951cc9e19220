"""The random-walk operator of a projection, kept ready for repeated solves.

Rows are relabelled by descending degree: neighbouring rows of the pull sweep then have equal
lengths, which alone makes one sweep 1.4-1.8 times faster, and the hubs that everybody gathers
from share a few cache lines. The relabelling is made once per projection and weight choice.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from graphkit.errors import InvalidParameter, UnknownNode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from graphkit.projection.projection import Projection

__all__ = ["WalkOperator", "personalisation", "source_rows", "walk_operator"]


@dataclass(frozen=True, eq=False)
class WalkOperator:
    """In-arcs of every node, in the relabelled order.

    Parameters
    ----------
    order : ndarray of int64, shape (n,)
        ``order[i]`` is the projection's row of relabelled node i.
    place : ndarray of int64, shape (n,)
        Inverse of ``order``.
    indptr, indices : ndarray of int64 and uint32
        In-arcs of each node (CSR by target), relabelled. Unsigned: a compiled kernel spends a
        third of a sweep on the question whether a signed index counts from the end.
    weight : ndarray of float64, shape (n_arcs,) or (0,)
        Weight of each in-arc; empty when all weigh the same.
    out_weight : ndarray of float64, shape (n,)
        Total weight that leaves a node; 0 marks a dangling node.
    symmetric : bool
        Every arc has a twin of equal weight: conjugate gradients and Chebyshev apply.
    head : int
        The first ``head`` rows are pulled one by one, the others eight at a time.
    slots, slot_weight : ndarray of uint32 and float64
        In-arcs of every eight rows side by side, short rows filled with node ``n``, whose value is
        always 0. Rows of one group are almost equally long, so the loop over them is never
        mispredicted and eight sums run at once: .4 ns an arc, where row by row takes 1.
    slot_start : ndarray of int64, shape (n_groups + 1,)
        Where the slots of each group begin.
    inside : float
        Largest share of a row's weight that leads into the row's own group.
    """

    order: NDArray[np.int64]
    place: NDArray[np.int64]
    indptr: NDArray[np.int64]
    indices: NDArray[np.uint32]
    weight: NDArray[np.float64]
    out_weight: NDArray[np.float64]
    symmetric: bool
    head: int
    slots: NDArray[np.uint32]
    slot_weight: NDArray[np.float64]
    slot_start: NDArray[np.int64]
    inside: float

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.order.size


_WIDTH = 8
_FAR = 64  # rows of nearly the same length among which neighbours are kept apart
_CACHE: dict[int, tuple[Any, dict[str, WalkOperator]]] = {}
_LOCK = Lock()


def walk_operator(projection: Projection, weight: ArrayLike | float | None = None) -> WalkOperator:
    """Return the operator of a projection; that of its own weights is made once.

    Parameters
    ----------
    projection : Projection
    weight : array_like, shape (n_arcs,), or number, optional
        None takes the projection's weights when it has some, else 1 for every arc. An array
        is in CSR order (self-loops keep their own weight). Any number means "all arcs alike".

    Raises
    ------
    InvalidParameter
        A weight is negative or not a number, or the array has another length.
    """
    if weight is None:
        return _cached(projection, "own", projection.weight)
    if np.ndim(weight) == 0:
        number = float(weight)  # type: ignore[arg-type]
        if not (np.isfinite(number) and number > 0):
            message = f"weight must be a positive number or an array, got {number!r}"
            raise InvalidParameter(message, parameter="weight", value=number, allowed="> 0")
        return _cached(projection, "equal", None)
    return _build(projection, np.asarray(weight))


def _cached(projection: Projection, kind: str, weight: NDArray[Any] | None) -> WalkOperator:
    """Look the operator up by the identity of the projection, and forget it with the projection."""
    if kind == "own" and weight is None:
        kind = "equal"
    key = id(projection)
    with _LOCK:
        known = _CACHE.get(key)
        if known is not None and known[0]() is projection and kind in known[1]:
            return known[1][kind]
    made = _build(projection, weight)
    with _LOCK:
        known = _CACHE.get(key)
        if known is None or known[0]() is not projection:
            known = (weakref.ref(projection, lambda _: _CACHE.pop(key, None)), {})
            _CACHE[key] = known
        known[1][kind] = made
    return made


def _checked(weight: NDArray[Any], n_arcs: int) -> NDArray[np.float64]:
    values = np.asarray(weight, dtype=np.float64)
    if values.shape != (n_arcs,):
        message = f"weight has shape {values.shape}, the projection has {n_arcs} arcs"
        raise InvalidParameter(message, parameter="weight", value=values.shape, allowed=(n_arcs,))
    wrong = np.flatnonzero(~np.isfinite(values) | (values < 0))
    if wrong.size:
        message = f"weight of arc {wrong[0]} is {values[wrong[0]]!r}: weights must be finite and >= 0"
        raise InvalidParameter(message, parameter="weight", value=float(values[wrong[0]]), allowed=">= 0")
    return values


def _build(projection: Projection, weight: NDArray[Any] | None) -> WalkOperator:
    """Relabel by descending number of in-arcs and sort the arcs by target."""
    n, source = projection.n_nodes, projection.sources.astype(np.int64)
    target, values = projection.indices.astype(np.int64), None if weight is None else _checked(weight, projection.n_arcs)
    loops = projection.loop_rows
    if loops.size:  # a walker does stay at a self-loop, though diffusion does not care
        source, target = np.concatenate((source, loops)), np.concatenate((target, loops))
        if values is not None:
            own = np.ones(loops.size) if projection.loop_weight is None else projection.loop_weight
            values = np.concatenate((values, own))
    if values is not None and values.size and values.min() == values.max() and values[0] > 0:
        values = None
    if values is not None and values.size and values.min() == 0:  # an arc of weight 0 is no arc
        keep = values > 0
        source, target, values = source[keep], target[keep], values[keep]
    in_degree = np.bincount(target, minlength=n)
    out_degree = np.bincount(source, minlength=n)
    order = np.argsort(-in_degree, kind="stable").astype(np.int64)
    head = _head(in_degree[order])
    if np.array_equal(in_degree, out_degree):  # may be symmetric, then groups of rows are relaxed in place
        order = apart_kernel(projection.indptr, projection.indices, order, head)
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    source, target = place[source], place[target]
    by_target = np.lexsort((source, target))
    flat = np.zeros(0) if values is None else values[by_target]
    out = np.bincount(source, weights=values, minlength=n).astype(np.float64)
    indptr = np.concatenate(([0], np.cumsum(in_degree[order]))).astype(np.int64)
    indices = source[by_target].astype(np.uint32)
    slots, slot_weight, slot_start = _side_by_side(indptr, indices, flat, head)
    return WalkOperator(
        order=order,
        place=place,
        indptr=indptr,
        indices=indices,
        weight=flat,
        out_weight=out,
        symmetric=_is_symmetric(n, source, target, values, by_target),
        head=head,
        slots=slots,
        slot_weight=slot_weight,
        slot_start=slot_start,
        inside=_inside(indptr, indices, flat, head),
    )


def _head(length: NDArray[np.int64]) -> int:
    """Rows in front that would waste more than a quarter of their group's slots, and the rest of n by four."""
    rest = length.size % _WIDTH
    groups = length[rest:].reshape(-1, _WIDTH)
    wasteful = np.flatnonzero(_WIDTH * groups[:, 0] > 1.25 * groups.sum(axis=1) + _WIDTH)
    return rest + _WIDTH * (int(wasteful[-1]) + 1 if wasteful.size else 0)


def _side_by_side(
    indptr: NDArray[np.int64], indices: NDArray[np.uint32], weight: NDArray[np.float64], head: int
) -> tuple[NDArray[np.uint32], NDArray[np.float64], NDArray[np.int64]]:
    """Lay the in-arcs of every eight rows from ``head`` on side by side."""
    n = indptr.size - 1
    length = np.diff(indptr)[head:]
    start = np.concatenate(([0], np.cumsum(_WIDTH * length.reshape(-1, _WIDTH).max(axis=1)))).astype(np.int64)
    row = np.repeat(np.arange(n - head), length)
    seat = start[row // _WIDTH] + row % _WIDTH + _WIDTH * (np.arange(indptr[head], indptr[n]) - indptr[head + row])
    slots = np.full(start[-1], n, np.uint32)
    slots[seat] = indices[indptr[head] :]
    filled = np.zeros(start[-1] if weight.size else 0)
    if weight.size:
        filled[seat] = weight[indptr[head] :]
    return slots, filled, start


def _inside(indptr: NDArray[np.int64], indices: NDArray[np.uint32], weight: NDArray[np.float64], head: int) -> float:
    """Largest share of a row's weight on arcs from other rows of its own group."""
    n = indptr.size - 1
    row = np.repeat(np.arange(n), np.diff(indptr))
    values = weight if weight.size else np.ones(row.size)
    near = (row >= head) & (indices >= head) & (indices != row) & ((indices.astype(np.int64) - head) // _WIDTH == (row - head) // _WIDTH)
    if not near.any():
        return 0.0
    own, total = np.bincount(row[near], values[near], n), np.bincount(row, values, n)
    return float((own[own > 0] / total[own > 0]).max())


def _is_symmetric(
    n: int,
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    values: NDArray[np.float64] | None,
    by_target: NDArray[np.int64],
) -> bool:
    """Whether the arcs sorted by target are the arcs sorted by source, weights included."""
    key = np.sort(source * n + target)
    if not np.array_equal(key, target[by_target] * n + source[by_target]):
        return False
    if values is None:
        return True
    return np.array_equal(values[np.lexsort((target, source))], values[by_target])


def source_rows(projection: Projection, nodes: Any, *, parameter: str = "source") -> NDArray[np.int64]:
    """Return the rows of nodes given by id or by row; refuse what the graph does not hold.

    Raises
    ------
    UnknownNode
        A node is not in the graph.
    """
    values = nodes.tolist() if isinstance(nodes, np.ndarray) else list(nodes)
    for value in values:
        if isinstance(value, (bool | np.bool_, float)):
            message = f"{parameter}: {value!r} is no node"
            raise UnknownNode(message, kind="node", name=str(value))
        if isinstance(value, int | np.integer) and not 0 <= int(value) < projection.n_nodes:
            message = f"{parameter}: node {value} is not among the rows 0..{projection.n_nodes - 1}"
            raise UnknownNode(message, kind="node", name=str(value))
    return np.asarray(projection.rows(values), dtype=np.int64).reshape(len(values))


def personalisation(projection: Projection, source: Any) -> NDArray[np.float64]:
    """Return the restart distribution, shape (n_nodes,), summing to 1.

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
    nodes, weights = _split(source)
    if len(nodes) == 0:
        message = "source names no node: there is nowhere to restart"
        raise InvalidParameter(message, parameter="source", value=source, hint="give a node, a list or a mapping node -> weight")
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
    result = np.zeros(projection.n_nodes)
    np.add.at(result, rows, weights / total)
    return result


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
            raise InvalidParameter(message, parameter="source", value=source, allowed="a mapping node -> weight") from error
    if isinstance(source, str | bytes | int | float | np.generic) or (isinstance(source, np.ndarray) and source.ndim == 0):
        return [source.item() if isinstance(source, np.generic | np.ndarray) else source], np.ones(1)
    nodes = source.tolist() if isinstance(source, np.ndarray) else list(source)
    return nodes, np.ones(len(nodes))


@njit(nogil=True, cache=True)
def apart_kernel(indptr, indices, order, head):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Order rows from ``head`` on so that few neighbours share a group: a place goes to the first of the next free rows that fits."""
    n = order.size
    found, taken, stamp = order.copy(), np.zeros(n, np.bool_), np.full(n, -1, np.int64)
    first = head
    for i in range(head, n):
        group = (i - head) // _WIDTH
        while taken[first]:
            first += 1
        chosen = first
        for j in range(first, min(first + _FAR, n)):
            if not taken[j] and stamp[order[j]] != group:
                chosen = j
                break
        taken[chosen] = True
        row = order[chosen]
        found[i] = row
        for j in range(indptr[row], indptr[row + 1]):
            stamp[indices[j]] = group
    return found
