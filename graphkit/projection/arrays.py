"""Integer arrays -> Projection: sorting, merging parallel arcs, setting self-loops aside.

Rows may come in any integer type; keys of two rows are int64, so that 2**31 nodes cannot overflow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit import check
from graphkit.projection.nodes import NodeIndex
from graphkit.projection.probability import per_row
from graphkit.projection.projection import Projection
from graphkit.projection.sorting import arc_order, distinct_arcs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from graphkit.projection.snapshot import Snapshot

__all__ = ["combine", "from_arrays", "from_rows"]

_INDEX_LIMIT = 2**31 - 1


def from_arrays(
    source: ArrayLike,
    target: ArrayLike,
    *,
    probability: float | str | ArrayLike | None = None,
    weight: ArrayLike | None = None,
    n_nodes: int | None = None,
    directed: bool = True,
    ids: ArrayLike | None = None,
) -> Projection:
    """Build a projection from arrays of arcs.

    Parameters
    ----------
    source, target : array of int, shape (m,)
        Row numbers >= 0; with `ids`, ids instead.
    probability : float, array of shape (m,), "weighted_cascade" or "trivalency", optional
        Chance in [0, 1] per input row; `"weighted_cascade"` is 1 / in-degree.
    weight : array of float, shape (m,), optional
        Weight >= 0 per input row, for random walks.
    n_nodes : int, optional
        Number of nodes; default: the largest row + 1, or the number of ids.
    directed : bool
        False stores each row as two arcs.
    ids : array of str, shape (n,), optional
        Ids of the rows; ints become their text.

    Returns
    -------
    Projection
        Parallel arcs are one arc: their chances combine as 1 - prod(1 - p), their weights add up.
        Self-loops are kept out of the arcs and counted in `n_self_loops`.

    Raises
    ------
    InvalidParameter
        Lengths differ, a row is negative or >= `n_nodes`, a chance is missing, NaN or outside
        [0, 1], a weight is negative or not finite, or an id occurs twice.
    UnknownNode
        An end is not among `ids`.

    Examples
    --------
    >>> p = from_arrays([0, 0, 1], [1, 1, 2], probability=[0.6, 0.7, 0.5])
    >>> p.n_arcs, p.n_duplicates, p.probability.round(2).tolist()
    (2, 1, [0.88, 0.5])
    """
    if ids is not None:
        nodes = index_of_ids(ids, n_nodes)
        tail, head = rows_of_ids(nodes, "source", source), rows_of_ids(nodes, "target", target)
    else:
        tail, head = row_array("source", source), row_array("target", target)
        largest = max(int(tail.max(initial=-1)), int(head.max(initial=-1)))
        n = largest + 1 if n_nodes is None else check.positive_int("n_nodes", n_nodes, minimum=0)
        if largest >= n:
            check.refuse("n_nodes", n, f"above the largest row {largest}")
        nodes = NodeIndex(n)
    if tail.size != head.size:
        check.refuse("target", f"{head.size} values", f"as long as source ({tail.size} values)")
    return from_rows(
        tail, head, nodes, probability=probability, weight=weight, directed=check.flag("directed", directed)
    )


def from_rows(
    tail: NDArray[np.integer],
    head: NDArray[np.integer],
    nodes: NodeIndex,
    *,
    probability: object = None,
    weight: object = None,
    directed: bool = True,
    without_consent: float = 0.0,
    snapshot: Snapshot | None = None,
) -> Projection:
    """Build a projection from valid row numbers and an index of nodes (see `from_arrays`)."""
    if nodes.n > _INDEX_LIMIT:
        check.refuse("n_nodes", nodes.n, f"at most {_INDEX_LIMIT:,}")
    rule = probability if isinstance(probability, str) else None
    p = None if probability is None or rule else per_row(probability, tail.size)
    w = None if weight is None else weight_array(weight, tail.size)
    looped = tail == head
    n_loops = int(np.count_nonzero(looped))
    n_arcs = (1 if directed else 2) * (tail.size - n_loops)
    loop_rows: NDArray[np.int64] = np.empty(0, np.int64)
    loop_weight: NDArray[np.float64] | None = None if w is None else np.empty(0)
    if n_loops:
        loop_rows, place = np.unique(tail[looped].astype(np.int64), return_inverse=True)
        loop_weight = None if w is None else np.bincount(place, w[looped], loop_rows.size).astype(np.float64)
        keep = ~looped
        tail, head = tail[keep], head[keep]
        p, w = (None if x is None else x[keep] for x in (p, w))
    del looped
    if not directed:
        tail, head = np.concatenate([tail, head]), np.concatenate([head, tail])
        p, w = (None if x is None else np.concatenate([x, x]) for x in (p, w))
    indptr, indices, p, w = combine(tail, head, p, w, nodes.n)
    result = Projection(
        indptr,
        indices,
        p,
        w,
        nodes,
        loop_rows,
        loop_weight,
        n_loops,
        int(n_arcs - indices.size),
        without_consent,
        None if snapshot is None else snapshot.digest,
        snapshot,
    )
    return result if rule is None else result.with_probability(rule)


def combine(
    tail: NDArray[np.integer],
    head: NDArray[np.integer],
    p: NDArray[np.float64] | None,
    w: NDArray[np.float64] | None,
    n: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Sort arcs by (source, target) and merge parallel ones: 1 - prod(1 - p), sum of weights.

    Merging happens in the order of the values, so the result is the same for any order of rows.
    """
    if p is None and w is None:
        return *distinct_arcs(tail, head, n), None, None
    order = arc_order(tail, head, n)
    tail, head = tail[order], head[order]
    p, w = (None if x is None else x[order] for x in (p, w))
    first = _first_of_runs(tail, head)
    if first.size < tail.size:
        p = None if p is None else _merged(p, first, _noisy_or)
        w = None if w is None else _merged(w, first, np.add.reduceat)
        tail, head = tail[first], head[first]
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(tail, minlength=n), out=indptr[1:])
    return indptr, head.astype(np.int32), p, w


def _first_of_runs(tail: NDArray[np.integer], head: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return where each run of equal arcs begins."""
    new = np.ones(tail.size, np.bool_)
    new[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    return np.flatnonzero(new)


def _noisy_or(p: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    return 1.0 - np.multiply.reduceat(1.0 - p, starts)


def _merged(
    values: NDArray[np.float64],
    first: NDArray[np.int64],
    reduce: Callable[[NDArray[np.float64], NDArray[np.int64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Merge each run, its values sorted first; a run of one keeps its value to the last bit."""
    length = np.diff(first, append=values.size)
    result = values[first].copy()
    many = np.repeat(length > 1, length)
    run = np.repeat(np.arange(first.size), length)[many]
    part = values[many]
    part = part[np.lexsort((part, run))]
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(length[length > 1])[:-1]])
    result[length > 1] = reduce(part, starts)
    return result


def row_array(name: str, values: ArrayLike) -> NDArray[np.int64]:
    """Return row numbers as int64; anything but integers >= 0 is refused."""
    array = check.array_of(name, values, "a one-dimensional array of row numbers")
    if array.ndim != 1:
        check.refuse(name, f"shape {array.shape}", "a one-dimensional array of row numbers")
    if not array.size:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu":
        hint = "give ids= when source and target hold ids" if array.dtype.kind in "UO" else None
        check.refuse(name, array.dtype.name, "an array of integers", hint=hint)
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= _INDEX_LIMIT:
        check.refuse(name, low if low < 0 else high, f"row numbers in 0..{_INDEX_LIMIT - 1:,}")
    return array.astype(np.int64, copy=False)


def weight_array(values: object, size: int) -> NDArray[np.float64]:
    """Return finite weights >= 0, one per row."""
    array = check.array_of("weight", values, "an array of numbers")  # type: ignore[arg-type]
    if array.shape != (size,):
        check.refuse("weight", f"shape {array.shape}", f"an array of shape ({size},), one value per row")
    weights = check.floats("weight", array, "an array of numbers")
    check.refuse_first("weight", weights, ~(np.isfinite(weights) & (weights >= 0)), "a finite number >= 0")
    return weights


def index_of_ids(ids: ArrayLike, n_nodes: int | None = None) -> NodeIndex:
    """Return the index of rows named by ids; a repeated or empty id is refused."""
    texts = _id_texts("ids", ids)
    if n_nodes is not None and check.positive_int("n_nodes", n_nodes, minimum=0) != len(texts):
        check.refuse("n_nodes", n_nodes, f"the number of ids ({len(texts)})")
    if len(set(texts)) < len(texts):
        seen: set[str] = set()
        double = next(name for name in texts if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        check.refuse("ids", double, "distinct ids")
    if "" in texts:
        check.refuse(f"ids[{texts.index('')}]", "", "a text with at least one character, or an integer")
    names = np.empty(len(texts), dtype=object)
    names[:] = texts
    return NodeIndex(len(texts), names)


def rows_of_ids(nodes: NodeIndex, name: str, values: ArrayLike) -> NDArray[np.int64]:
    """Return the rows of ids; ints are read as their text, as `index_of_ids` did."""
    return nodes.rows(_id_texts(name, values))


def _id_texts(name: str, values: ArrayLike) -> list[str]:
    """Return ids as texts; a gap is refused, and so are floats: a gap makes them of integers, and 1 and 1.0 would be two nodes."""
    given = np.asarray(values, dtype=object)
    if given.ndim != 1:
        check.refuse(name, f"shape {given.shape}", "a one-dimensional array of ids")
    for place, value in enumerate(given.tolist()):
        if not isinstance(value, str | int | np.integer) or isinstance(value, bool):
            hint = "read ids as strings; a gap has turned them into floats" if isinstance(value, float) else None
            check.refuse(f"{name}[{place}]", value, "a text with at least one character, or an integer", hint=hint)
    return [str(value) for value in given.tolist()]
